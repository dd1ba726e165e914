//! Ranking documents, which OpenAI does not do, but many that speak its protocol do, the way Jina
//! does it.
//!
//! Source: <https://jina.ai/reranker/>, <https://api.jina.ai/redoc>.

use serde_json::{Value, json};

use super::check;
use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::relevance;
use crate::tokens::{self, IMAGE_TOKENS};

const DOCUMENTS_MAX: usize = 2_048;

/// Ranks the documents.
pub(crate) fn rerank(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    let query = check::text(body, "query", usize::MAX)?;
    let documents = documents(body)?;
    let top = check::integer(body, "top_n", 1, u64::MAX)?;
    let top = top.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    let top = if task.empty { Some(0) } else { top };
    let returned = body.get("return_documents") != Some(&Value::Bool(false));
    let texts = documents.iter().map(|(text, _)| *text);
    let ranked = relevance::ranked(query, texts, top);
    let result = |(index, score): &(usize, f64)| {
        let mut result = json!({ "index": index, "relevance_score": score });
        if let Some((_, document)) = documents.get(*index).filter(|_| returned) {
            set(&mut result, "document", document.clone());
        }
        result
    };
    let results: Vec<Value> = ranked.iter().map(result).collect();
    let mut answer = json!({ "model": task.label.model, "object": "list", "results": results });
    if task.label.usage_reported {
        let said = documents.iter().map(|(text, document)| {
            if document.get("image").is_some() { IMAGE_TOKENS } else { tokens::count(text) }
        });
        // The query is read anew with each document.
        let asked = tokens::count(query) * u64::try_from(documents.len()).unwrap_or(0);
        let total = if task.empty { 0 } else { asked + said.sum::<u64>() };
        set(&mut answer, "usage", json!({ "total_tokens": total }));
    }
    Ok(Output::json(&answer))
}

/// What each document says, and the form in which it is given back. An image says its address.
fn documents<'a>(body: &'a Value) -> Result<Vec<(&'a str, Value)>, Failure> {
    let list = body.get("documents").and_then(Value::as_array);
    let list = list.ok_or_else(|| check::missing("documents"))?;
    if list.is_empty() || list.len() > DOCUMENTS_MAX {
        let message = format!(
            "Invalid 'documents': expected between 1 and {DOCUMENTS_MAX} documents, but got {}.",
            list.len()
        );
        return Err(Failure::invalid_param(message, "documents", None));
    }
    let read = |(index, document): (usize, &'a Value)| {
        let (said, given) = if let Value::String(text) = document {
            (Some(text.as_str()), json!({ "text": text }))
        } else {
            let said = document.get("text").or_else(|| document.get("image"));
            (said.and_then(Value::as_str), document.clone())
        };
        said.map(|said| (said, given)).ok_or_else(|| {
            let place = format!("documents[{index}]");
            let message =
                format!("Invalid type for '{place}': expected a string, or an object with a text.");
            Failure::invalid_param(message, place, Some("invalid_type"))
        })
    };
    list.iter().enumerate().map(read).collect()
}
