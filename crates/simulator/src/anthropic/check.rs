//! The rules of the Messages API that a gateway translating from another protocol breaks most
//! easily. Breaking one is a 400 at Anthropic, so it is one here.

use http::HeaderMap;
use serde_json::Value;

use crate::failure::Failure;

const BUDGET_TOKENS_MIN: u64 = 1_024;

/// Top-level fields of a request; anything else is refused.
const FIELDS: [&str; 21] = [
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
];

/// Headers that must be there besides the key.
pub(super) fn headers(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key("anthropic-version") {
        return Ok(());
    }
    Err(Failure::invalid("anthropic-version: header is required"))
}

/// Everything but the messages.
pub(super) fn request(body: &Value) -> Result<(), Failure> {
    let fields = body.as_object().into_iter().flatten().map(|(field, _)| field.as_str());
    for field in fields {
        if !FIELDS.contains(&field) && field != "top_p" {
            return Err(Failure::invalid(format!("{field}: Extra inputs are not permitted")));
        }
    }
    let max_tokens = match body.get("max_tokens") {
        None => return Err(Failure::invalid("max_tokens: Field required")),
        Some(tokens) => tokens.as_u64().filter(|tokens| *tokens > 0).ok_or_else(|| {
            Failure::invalid("max_tokens: Input should be greater than or equal to 1")
        })?,
    };
    if body.get("messages").is_none() {
        return Err(Failure::invalid("messages: Field required"));
    }
    thinking(body, max_tokens)
}

fn thinking(body: &Value, max_tokens: u64) -> Result<(), Failure> {
    if body.pointer("/thinking/type").and_then(Value::as_str) != Some("enabled") {
        return Ok(());
    }
    let budget = body.pointer("/thinking/budget_tokens").and_then(Value::as_u64);
    let problem = match budget {
        None => "thinking.enabled.budget_tokens: Field required",
        Some(budget) if budget < BUDGET_TOKENS_MIN => {
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        }
        Some(budget) if budget >= max_tokens => {
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our \
             documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking\
             #max-tokens-and-context-window-size"
        }
        Some(_) if temperature_set(body) => {
            "`temperature` may only be set to 1 when thinking is enabled. Please consult our \
             documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking\
             #important-considerations-when-using-extended-thinking"
        }
        Some(_) if forces_tools(body) => {
            "Thinking may not be enabled when tool_choice forces tool use."
        }
        Some(_) => return Ok(()),
    };
    Err(Failure::invalid(problem))
}

fn temperature_set(body: &Value) -> bool {
    let temperature = body.get("temperature").and_then(Value::as_f64);
    temperature.is_some_and(|temperature| (temperature - 1.0).abs() > f64::EPSILON)
}

fn forces_tools(body: &Value) -> bool {
    let kind = body.pointer("/tool_choice/type").and_then(Value::as_str);
    matches!(kind, Some("any" | "tool"))
}

/// The order and the roles of the messages.
pub(super) fn messages(messages: &[Value]) -> Result<(), Failure> {
    let Some(first) = messages.first() else {
        return Err(Failure::invalid("messages: at least one message is required"));
    };
    for message in messages {
        role(message)?;
    }
    if first.get("role").and_then(Value::as_str) != Some("user") {
        return Err(Failure::invalid("messages: first message must use the \"user\" role"));
    }
    let mut called: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let results = ids(message, "tool_result", "tool_use_id");
        if let Some(id) = called.iter().find(|id| !results.contains(id)) {
            return Err(Failure::invalid(format!(
                "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately \
                 after: {id}. Each `tool_use` block must have a corresponding `tool_result` block \
                 in the next message.",
                index.saturating_sub(1)
            )));
        }
        if let Some(id) = results.iter().find(|id| !called.contains(id)) {
            return Err(Failure::invalid(format!(
                "messages.{index}.content.0: unexpected `tool_use_id` found in `tool_result` \
                 blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` \
                 block in the previous message."
            )));
        }
        called = ids(message, "tool_use", "id");
    }
    last(messages.last())
}

fn role(message: &Value) -> Result<(), Failure> {
    match message.get("role").and_then(Value::as_str) {
        Some("user" | "assistant") => Ok(()),
        Some("system") => Err(Failure::invalid(
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` \
             parameter, not \"system\" as an input message role.",
        )),
        Some(role) => Err(Failure::invalid(format!(
            "messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\"."
        ))),
        None => Err(Failure::invalid("messages.0.role: Field required")),
    }
}

/// The ids in the blocks of one type.
fn ids<'a>(message: &'a Value, kind: &str, key: &str) -> Vec<&'a str> {
    let blocks = message.get("content").and_then(Value::as_array).into_iter().flatten();
    blocks
        .filter(|block| block.get("type").and_then(Value::as_str) == Some(kind))
        .filter_map(|block| block.get(key).and_then(Value::as_str))
        .collect()
}

/// A prefill must not end in white space.
fn last(message: Option<&Value>) -> Result<(), Failure> {
    let assistant = message
        .filter(|message| message.get("role").and_then(Value::as_str) == Some("assistant"))
        .and_then(|message| message.get("content"));
    let text = match assistant {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Array(blocks)) => {
            blocks.last().and_then(|block| block.get("text")).and_then(Value::as_str)
        }
        _ => None,
    };
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Failure::invalid(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    Ok(())
}
