//! OpenAI's embeddings.
//!
//! Source: <https://platform.openai.com/docs/api-reference/embeddings>.

use serde::Serialize;
use serde_json::Value;

use super::check;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoded, Encoding, Subject, Vector, subjects};

const INPUTS_MAX: usize = 2_048;
const INPUT_TOKENS_MAX: u64 = 8_192;
const REQUEST_TOKENS_MAX: u64 = 300_000;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry>,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Entry {
    object: &'static str,
    index: usize,
    embedding: Encoded,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Embeds the input.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let mut inputs = inputs(task.body)?;
    let formats = ["float", "base64"];
    let base64 = check::choice(task.body, "encoding_format", &formats)? == Some("base64");
    let dimensions = dimensions(task)?;
    if task.empty {
        inputs.clear();
    }
    let entry = |(index, input): (usize, &Subject)| {
        let floats = Vector::of(*input, dimensions).encoded(Encoding::Float);
        let embedding = if base64 { floats.base64() } else { floats };
        Entry { object: "embedding", index, embedding }
    };
    let tokens = inputs.iter().map(|input| input.tokens).sum();
    let usage = Usage { prompt_tokens: tokens, total_tokens: tokens };
    Ok(Output::json(&List {
        object: "list",
        data: inputs.iter().enumerate().map(entry).collect(),
        model: &task.label.model,
        usage: task.label.usage_reported.then_some(usage),
    }))
}

fn inputs(body: &Value) -> Result<Vec<Subject>, Failure> {
    let input = body.get("input");
    if input.is_none_or(Value::is_null) {
        return Err(check::missing("input"));
    }
    let inputs = subjects(input).ok_or_else(|| {
        Failure::invalid(
            "'$.input' is invalid. Please check the API reference: \
             https://platform.openai.com/docs/api-reference.",
        )
    })?;
    if inputs.len() > INPUTS_MAX {
        let message = format!(
            "Invalid 'input': array too long. Expected an array with maximum length {INPUTS_MAX}, \
             but got an array with length {} instead.",
            inputs.len()
        );
        return Err(Failure::invalid_param(message, "input", Some("array_above_max_length")));
    }
    if let Some(input) = inputs.iter().find(|input| input.tokens > INPUT_TOKENS_MAX) {
        let tokens = input.tokens;
        return Err(Failure::invalid(format!(
            "This model's maximum context length is {INPUT_TOKENS_MAX} tokens, however you \
             requested {tokens} tokens ({tokens} in your prompt; 0 for the completion). Please \
             reduce your prompt; or completion length."
        )));
    }
    if inputs.iter().map(|input| input.tokens).sum::<u64>() > REQUEST_TOKENS_MAX {
        let message =
            format!("Requested over the limit of {REQUEST_TOKENS_MAX} tokens per request.");
        return Err(Failure::invalid_param(message, "input", Some("max_tokens_per_request")));
    }
    Ok(inputs)
}

fn dimensions(task: &Task<'_>) -> Result<usize, Failure> {
    let usual = match task.base_model() {
        "embed" => 8,
        "text-embedding-3-large" => 3_072,
        _ => 1_536,
    };
    let asked = check::integer(task.body, "dimensions", 1, u64::MAX)?;
    let most = if usual == 8 { 3_072 } else { usual };
    match asked {
        Some(_) if task.base_model() == "text-embedding-ada-002" => Err(Failure::invalid_param(
            "This model does not support specifying dimensions.",
            "dimensions",
            None,
        )),
        Some(asked) if asked > most => Err(Failure::invalid_param(
            format!(
                "Invalid value for 'dimensions' = {asked}. Must be less than or equal to {most}."
            ),
            "dimensions",
            None,
        )),
        asked => Ok(usize::try_from(asked.unwrap_or(usual)).unwrap_or(1)),
    }
}
