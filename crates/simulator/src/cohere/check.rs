//! What Cohere refuses: fields that it does not know, and tools' results that nobody asked for.

use serde_json::Value;

use crate::failure::{Cause, Failure};

const STOPS_MAX: usize = 5;

/// Top-level fields of a request; anything else is refused.
const FIELDS: [&str; 23] = [
    "citation_options",
    "documents",
    "frequency_penalty",
    "k",
    "logprobs",
    "max_tokens",
    "messages",
    "model",
    "p",
    "presence_penalty",
    "priority",
    "raw_prompting",
    "response_format",
    "return_prompt",
    "safety_mode",
    "seed",
    "stop_sequences",
    "stream",
    "strict_tools",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
];
const MESSAGE_FIELDS: [&str; 6] =
    ["citations", "content", "role", "tool_call_id", "tool_calls", "tool_plan"];
const FUNCTION_FIELDS: [&str; 3] = ["description", "name", "parameters"];

/// Everything but the order of the messages.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    known(body, &FIELDS, "chat")?;
    for tool in list(body, "tools") {
        let function = tool.get("function").unwrap_or(&Value::Null);
        known(function, &FUNCTION_FIELDS, "chat")?;
        if function.get("name").is_none() {
            return Err(Failure::invalid("invalid request: all tools must have a name"));
        }
    }
    if list(body, "messages").next().is_none() {
        return Err(Failure::invalid("invalid request: messages must not be empty"));
    }
    for message in list(body, "messages") {
        known(message, &MESSAGE_FIELDS, "chat")?;
    }
    if list(body, "stop_sequences").count() > STOPS_MAX {
        return Err(Failure::invalid(format!(
            "invalid request: at most {STOPS_MAX} stop sequences are allowed"
        )));
    }
    if body.get("max_tokens").is_some_and(|limit| limit.as_i64().is_some_and(|limit| limit < 0)) {
        return Err(Failure::invalid(
            "invalid request: max_tokens must be greater than or equal to 0",
        ));
    }
    match body.get("tool_choice").and_then(Value::as_str) {
        Some("REQUIRED" | "NONE") => {}
        None if body.get("tool_choice").is_none_or(Value::is_null) => {}
        _ => {
            return Err(Failure::invalid(
                "invalid request: tool_choice must be one of 'REQUIRED' or 'NONE'",
            ));
        }
    }
    if body.get("tool_choice").is_some() && list(body, "tools").next().is_none() {
        return Err(Failure::invalid("invalid request: tool_choice requires tools"));
    }
    Ok(())
}

/// The role of a message.
pub(super) fn role(message: &Value) -> Result<&str, Failure> {
    match message.get("role").and_then(Value::as_str) {
        Some(role @ ("system" | "developer" | "user" | "assistant" | "tool")) => Ok(role),
        other => Err(Failure::invalid(format!(
            "invalid request: invalid role '{}' in messages, must be one of 'user', 'assistant', \
             'system' or 'tool'",
            other.unwrap_or_default()
        ))),
    }
}

/// A result answers a call that was made.
pub(super) fn unknown_call(id: &str) -> Failure {
    Failure::invalid(format!(
        "invalid request: tool call id '{id}' not found in the tool calls of the last assistant \
         message"
    ))
}

/// Refuses fields that are not among `fields`, which are told of on the page called `page`.
pub(super) fn known(value: &Value, fields: &[&str], page: &str) -> Result<(), Failure> {
    let mut names = value.as_object().into_iter().flatten().map(|(field, _)| field.as_str());
    let Some(field) = names.find(|field| !fields.contains(field)) else { return Ok(()) };
    let message = format!(
        "unknown field: parameter '{field}' is not a valid field. For proper usage, please refer \
         to https://docs.cohere.com/reference/{page}"
    );
    let cause = Cause::Invalid { message, param: None, code: None };
    Err(Failure { status: 422, cause, retry_after_s: None })
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
