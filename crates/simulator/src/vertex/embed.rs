//! Vertex AI's embeddings of texts, by `predict`.
//!
//! Source: <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>.

use serde_json::{Value, json};

use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoding, Subject, Vector};

const INSTANCES_MAX: usize = 250;
const DIMENSIONS: u64 = 768;
const GEMINI_DIMENSIONS: u64 = 3_072;
const FIELDS: [&str; 3] = ["content", "task_type", "title"];
const TASK_TYPES: [&str; 8] = [
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

/// Whether a request to `predict` is for vectors.
pub(crate) fn is_for_vectors(body: &Value) -> bool {
    body.pointer("/instances/0/content").is_some()
}

/// Embeds the contents.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let instances =
        task.body.get("instances").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_gemini = task.base_model().contains("gemini-embedding");
    let most = if is_gemini { 1 } else { INSTANCES_MAX };
    if instances.len() > most {
        return Err(Failure::invalid(format!(
            "{} instance(s) is larger than the maximum allowed number of instances: {most}.",
            instances.len()
        )));
    }
    let dimensions = dimensions(task, is_gemini)?;
    let mut predictions = Vec::with_capacity(instances.len());
    let mut characters = 0;
    for instance in instances {
        let text = content(instance)?;
        let subject = Subject::text(text);
        characters += text.chars().filter(|it| !it.is_whitespace()).count();
        let mut embeddings = json!({
            "values": Vector::of(subject, dimensions).encoded(Encoding::Float),
        });
        if task.label.usage_reported {
            let statistics = json!({ "token_count": subject.tokens, "truncated": false });
            set(&mut embeddings, "statistics", statistics);
        }
        predictions.push(json!({ "embeddings": embeddings }));
    }
    if task.empty {
        predictions.clear();
    }
    let mut answer = json!({ "predictions": predictions });
    if task.label.usage_reported {
        set(&mut answer, "metadata", json!({ "billableCharacterCount": characters }));
    }
    Ok(Output::json(&answer))
}

fn content(instance: &Value) -> Result<&str, Failure> {
    let mut names = instance.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    if let Some(name) = names.find(|name| !FIELDS.contains(name)) {
        return Err(Failure::invalid(format!("Unknown field in instance: {name}.")));
    }
    if let Some(kind) = instance.get("task_type")
        && !kind.as_str().is_some_and(|kind| TASK_TYPES.contains(&kind))
    {
        return Err(Failure::invalid(format!("Unsupported task type: {kind}.")));
    }
    let text = instance.get("content").and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Failure::invalid("The text content is empty."))
}

fn dimensions(task: &Task<'_>, is_gemini: bool) -> Result<usize, Failure> {
    let most = if is_gemini { GEMINI_DIMENSIONS } else { DIMENSIONS };
    let usual = if task.base_model() == "embed" { 8 } else { most };
    let asked = match task.body.pointer("/parameters/outputDimensionality").map(Value::as_u64) {
        None => Some(usual),
        Some(asked) => asked.filter(|asked| (1..=most).contains(asked)),
    };
    asked.and_then(|asked| usize::try_from(asked).ok()).ok_or_else(|| {
        Failure::invalid(format!("outputDimensionality must be between 1 and {most}."))
    })
}
