//! The rules of the Responses API that a gateway translating from chat completions breaks most
//! easily: the other names of parameters, the flat form of tools, the types of content, and calls
//! and their outputs coming in pairs.

use serde_json::Value;

use super::ENCRYPTED;
use crate::failure::{Cause, Failure};

const OUTPUT_TOKENS_MIN: u64 = 16;

/// Top-level fields of a request; anything else is refused.
const FIELDS: [&str; 28] = [
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// What has another name here than in chat completions.
const MOVED: [(&str, &str); 4] = [
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
];

const ANY_PART: &str = "'input_text', 'input_image', 'output_text', 'refusal', 'input_file', \
                        'computer_screenshot', and 'summary_text'";

/// A required parameter is not there.
pub(crate) fn missing(param: &str) -> Failure {
    let message = format!("Missing required parameter: '{param}'.");
    Failure::invalid_param(message, param, Some("missing_required_parameter"))
}

pub(super) fn invalid_value(value: &str, supported: &str, param: String) -> Failure {
    let message = format!("Invalid value: '{value}'. Supported values are: {supported}.");
    Failure::invalid_param(message, param, Some("invalid_value"))
}

/// Everything but the input.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    for (field, _) in body.as_object().into_iter().flatten() {
        self::field(field)?;
    }
    if let Some(tokens) = body.get("max_output_tokens").filter(|tokens| !tokens.is_null())
        && tokens.as_u64().is_none_or(|tokens| tokens < OUTPUT_TOKENS_MIN)
    {
        let message = format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= \
             {OUTPUT_TOKENS_MIN}, but got {tokens} instead."
        );
        let code = Some("integer_below_min_value");
        return Err(Failure::invalid_param(message, "max_output_tokens", code));
    }
    if let Some(id) = body.get("previous_response_id").and_then(Value::as_str) {
        let message = format!("Previous response with id '{id}' not found.");
        let code = Some("previous_response_not_found");
        return Err(Failure::invalid_param(message, "previous_response_id", code));
    }
    tools(body)?;
    format(body)
}

fn field(field: &str) -> Result<(), Failure> {
    if FIELDS.contains(&field) || field == "user" {
        return Ok(());
    }
    let (message, code) = match MOVED.iter().find(|(old, _)| *old == field) {
        Some((_, new)) => (
            format!(
                "Unsupported parameter: '{field}'. In the Responses API, this parameter has moved \
                 to '{new}'. Try again with the new parameter. See the API documentation for more \
                 information: https://platform.openai.com/docs/api-reference/responses/create."
            ),
            "unsupported_parameter",
        ),
        None => (format!("Unknown parameter: '{field}'."), "unknown_parameter"),
    };
    Err(Failure::invalid_param(message, field, Some(code)))
}

fn tools(body: &Value) -> Result<(), Failure> {
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    for (index, tool) in tools.enumerate() {
        let text = |key: &str| tool.get(key).and_then(Value::as_str);
        let Some(kind) = text("type") else {
            return Err(missing(&format!("tools[{index}].type")));
        };
        if kind == "function" && text("name").is_none() {
            return Err(missing(&format!("tools[{index}].name")));
        }
    }
    Ok(())
}

fn format(body: &Value) -> Result<(), Failure> {
    let Some(format) = body.pointer("/text/format") else { return Ok(()) };
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(()),
        Some("json_schema") => ["name", "schema"]
            .iter()
            .find(|key| format.get(**key).is_none())
            .map_or(Ok(()), |key| Err(missing(&format!("text.format.{key}")))),
        Some(kind) => {
            let supported = "'json_object', 'json_schema', and 'text'";
            Err(invalid_value(kind, supported, "text.format.type".to_owned()))
        }
        None => Err(missing("text.format.type")),
    }
}

/// Every call has its output, and every output its call.
pub(super) fn pairs(items: &[Value]) -> Result<(), Failure> {
    let ids = |kind: &str| {
        let of_kind = move |item: &&Value| item.get("type").and_then(Value::as_str) == Some(kind);
        let ids = items.iter().filter(of_kind).filter_map(|item| item.get("call_id"));
        ids.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let (calls, outputs) = (ids("function_call"), ids("function_call_output"));
    if let Some(id) = outputs.iter().find(|id| !calls.contains(id)) {
        let message = format!("No tool call found for function call output with call_id {id}.");
        return Err(Failure::invalid_param(message, "input", None));
    }
    match calls.iter().find(|id| !outputs.contains(id)) {
        Some(id) => {
            let message = format!("No tool output found for function call {id}.");
            Err(Failure::invalid_param(message, "input", None))
        }
        None => Ok(()),
    }
}

/// Reasoning must come back as it was given, and with what it led to.
pub(super) fn reasoning(item: &Value, next: Option<&Value>) -> Result<(), Failure> {
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let encrypted = item.get("encrypted_content").and_then(Value::as_str);
    if encrypted.is_some_and(|content| !content.starts_with(ENCRYPTED)) {
        return Err(Failure::invalid_param(
            format!("The encrypted content for item {id} could not be verified."),
            "input",
            Some("invalid_encrypted_content"),
        ));
    }
    if next.is_none() {
        let message = format!(
            "Item '{id}' of type 'reasoning' was provided without its required following item."
        );
        return Err(Failure::invalid_param(message, "input", None));
    }
    Ok(())
}

/// An item that only the storage could resolve.
pub(super) fn reference(item: &Value) -> Failure {
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let message = format!("Item with id '{id}' not found.");
    let cause = Cause::Invalid { message, param: Some("input".to_owned()), code: None };
    Failure { status: 404, cause, retry_after_s: None }
}

/// The types of content that a role may have.
pub(super) fn part(part: &Value, role: &str, place: &str) -> Result<(), Failure> {
    let param = || format!("{place}.type");
    let kind = part.get("type").and_then(Value::as_str).ok_or_else(|| missing(&param()))?;
    match (role, kind) {
        ("assistant", "output_text" | "refusal") => Ok(()),
        ("assistant", _) => Err(invalid_value(kind, "'output_text' and 'refusal'", param())),
        (_, "input_text" | "input_image" | "input_file") => Ok(()),
        _ => Err(invalid_value(kind, ANY_PART, param())),
    }
}
