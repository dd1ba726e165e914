//! Mistral's embeddings.
//!
//! Source: <https://docs.mistral.ai/api/endpoint/embeddings>.

use serde::Serialize;
use serde_json::{Value, json};

use super::check::{extra, inputs, problem, unprocessable};
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoded, Encoding, Subject, Vector};

const DIMENSIONS_MAX: u64 = 3_072;
const FIELDS: [&str; 6] =
    ["encoding_format", "input", "metadata", "model", "output_dimension", "output_dtype"];

#[derive(Serialize)]
struct List<'a> {
    id: String,
    object: &'static str,
    data: Vec<Entry>,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

#[derive(Serialize)]
struct Entry {
    object: &'static str,
    embedding: Encoded,
    index: usize,
}

/// Embeds the input.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    let mut problems = extra(body, &FIELDS);
    let mut inputs = inputs(body, &mut problems);
    let word = |key: &str, usual| body.get(key).map_or(Some(usual), Value::as_str);
    let encoding = word("output_dtype", "float").and_then(Encoding::named);
    if encoding.is_none() {
        let said = "Input should be 'float', 'int8', 'uint8', 'binary' or 'ubinary'";
        problems.push(problem("enum", json!(["body", "output_dtype"]), said, body));
    }
    let base64 = word("encoding_format", "float").filter(|it| ["float", "base64"].contains(it));
    if base64.is_none() {
        let said = "Input should be 'float' or 'base64'";
        problems.push(problem("enum", json!(["body", "encoding_format"]), said, body));
    }
    let dimensions = dimensions(task);
    if dimensions.is_none() {
        let said = format!("Input should be between 1 and {DIMENSIONS_MAX}");
        problems.push(problem("less_than_equal", json!(["body", "output_dimension"]), &said, body));
    }
    let (Some(encoding), Some(dimensions), true) = (encoding, dimensions, problems.is_empty())
    else {
        return Err(unprocessable(problems));
    };
    if task.empty {
        inputs.clear();
    }
    let subjects: Vec<Subject> = inputs.into_iter().map(Subject::text).collect();
    let entry = |(index, subject): (usize, &Subject)| {
        let embedding = Vector::of(*subject, dimensions).encoded(encoding);
        let embedding = if base64 == Some("base64") { embedding.base64() } else { embedding };
        Entry { object: "embedding", embedding, index }
    };
    let tokens: u64 = subjects.iter().map(|subject| subject.tokens).sum();
    let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0 });
    Ok(Output::json(&List {
        id: task.label.ids.hex(32),
        object: "list",
        data: subjects.iter().enumerate().map(entry).collect(),
        model: &task.label.model,
        usage: task.label.usage_reported.then_some(usage),
    }))
}

fn dimensions(task: &Task<'_>) -> Option<usize> {
    let usual = match task.base_model() {
        "embed" => 8,
        "codestral-embed" => 1_536,
        _ => 1_024,
    };
    let asked = task.body.get("output_dimension").filter(|asked| !asked.is_null());
    let asked = asked.map_or(Some(usual), Value::as_u64);
    usize::try_from(asked.filter(|asked| (1..=DIMENSIONS_MAX).contains(asked))?).ok()
}
