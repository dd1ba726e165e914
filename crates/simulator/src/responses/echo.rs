//! The part of a request that every response object repeats.

use serde_json::{Map, Value, json};

/// What is repeated, with what is taken when the request does not say.
const REPEATED: [&str; 17] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// What `body` says, and else what is the default.
pub(super) fn of(body: &Value) -> Map<String, Value> {
    let value = |key: &str| match (key, body.get(key).filter(|value| !value.is_null())) {
        ("reasoning", said) => reasoning(said),
        ("text", said) => text(said),
        (_, Some(said)) => said.clone(),
        (_, None) => default(key),
    };
    let repeated = REPEATED.iter().map(|key| ((*key).to_owned(), value(key)));
    let fixed = [("service_tier", json!("default")), ("user", Value::Null)];
    repeated.chain(fixed.map(|(key, value)| (key.to_owned(), value))).collect()
}

fn reasoning(said: Option<&Value>) -> Value {
    let field = |key: &str| said.and_then(|said| said.get(key)).cloned().unwrap_or(Value::Null);
    json!({ "effort": field("effort"), "summary": field("summary") })
}

fn text(said: Option<&Value>) -> Value {
    let field = |key: &str| said.and_then(|said| said.get(key)).cloned();
    json!({
        "format": field("format").unwrap_or_else(|| json!({ "type": "text" })),
        "verbosity": field("verbosity").unwrap_or_else(|| json!("medium")),
    })
}

fn default(key: &str) -> Value {
    match key {
        "metadata" => json!({}),
        "parallel_tool_calls" | "store" => json!(true),
        "temperature" | "top_p" => json!(1.0),
        "tool_choice" => json!("auto"),
        "tools" => json!([]),
        "top_logprobs" => json!(0),
        "truncation" => json!("disabled"),
        _ => Value::Null,
    }
}
