//! Ollama's embeddings.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings>. Left out:
//! `/api/embeddings`, which it has replaced.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoded, Encoding, Subject, Vector, texts};

const DIMENSIONS: u64 = 768;
const NANOSECONDS: u64 = 14_143_917;
const LOAD_NANOSECONDS: u64 = 1_019_500;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    embeddings: Vec<Encoded>,
    total_duration: u64,
    load_duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<u64>,
}

/// Embeds the input. None at all is an answer without embeddings.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let inputs = match task.body.get("input") {
        None | Some(Value::Null) => Vec::new(),
        input => texts(input).ok_or_else(|| Failure::invalid("invalid input type"))?,
    };
    let usual = if task.base_model() == "embed" { 8 } else { DIMENSIONS };
    // More numbers than the model has are not asked of it.
    let asked = task.body.get("dimensions").and_then(Value::as_u64).filter(|asked| *asked > 0);
    let dimensions = usize::try_from(asked.unwrap_or(usual).min(DIMENSIONS)).unwrap_or(1);
    let wanted = inputs.into_iter().filter(|_| !task.empty);
    let subjects: Vec<Subject> = wanted.map(Subject::text).collect();
    let vector = |subject: &Subject| Vector::of(*subject, dimensions).encoded(Encoding::Float);
    let tokens = subjects.iter().map(|subject| subject.tokens).sum();
    Ok(Output::json(&Answer {
        model: &task.label.model,
        embeddings: subjects.iter().map(vector).collect(),
        total_duration: NANOSECONDS,
        load_duration: LOAD_NANOSECONDS,
        prompt_eval_count: task.label.usage_reported.then_some(tokens),
    }))
}
