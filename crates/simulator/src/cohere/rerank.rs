//! Cohere's ranking of documents.
//!
//! Source: <https://docs.cohere.com/v2/reference/rerank>.

use serde_json::{Value, json};

use super::check;
use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::relevance;

const DOCUMENTS_MAX: usize = 10_000;
/// One search unit is a query with up to this many documents.
const DOCUMENTS_PER_UNIT: usize = 100;
const FIELDS: [&str; 6] =
    ["documents", "max_tokens_per_doc", "model", "priority", "query", "top_n"];

/// Ranks the documents.
pub(crate) fn rerank(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    check::known(body, &FIELDS, "rerank")?;
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
    if query.is_empty() {
        return Err(Failure::invalid("invalid request: query must not be empty"));
    }
    let documents = documents(body)?;
    let top = match body.get("top_n").filter(|top| !top.is_null()) {
        None => usize::MAX,
        Some(top) => match top.as_u64() {
            Some(top) if top > 0 => usize::try_from(top).unwrap_or(usize::MAX),
            _ => return Err(Failure::invalid("invalid request: top_n must be at least 1")),
        },
    };
    let top = if task.empty { 0 } else { top };
    let ranked = relevance::ranked(query, documents.iter().copied(), Some(top));
    let result =
        |(index, score): &(usize, f64)| json!({ "index": index, "relevance_score": score });
    let results: Vec<Value> = ranked.iter().map(result).collect();
    let mut meta = json!({ "api_version": { "version": "2" } });
    if task.label.usage_reported {
        let units = if task.empty { 0 } else { documents.len().div_ceil(DOCUMENTS_PER_UNIT) };
        set(&mut meta, "billed_units", json!({ "search_units": units }));
    }
    Ok(Output::json(&json!({ "id": task.label.ids.uuid(), "results": results, "meta": meta })))
}

fn documents(body: &Value) -> Result<Vec<&str>, Failure> {
    let list = body.get("documents").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list.is_empty() {
        return Err(Failure::invalid("invalid request: list of documents must not be empty"));
    }
    if list.len() > DOCUMENTS_MAX {
        return Err(Failure::invalid(format!(
            "invalid request: the number of documents must be at most {DOCUMENTS_MAX}"
        )));
    }
    let wrong = || Failure::invalid("invalid request: all documents must be strings");
    list.iter().map(|document| document.as_str().ok_or_else(wrong)).collect()
}
