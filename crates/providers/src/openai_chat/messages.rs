//! Messages on their way up: as they are, unless one of them carries what a provider would refuse.

use serde_json::{Map, Value, json};
use tollgate_catalog::{Prefill, ReasoningField, ReasoningStyle};
use tollgate_wire::json::ObjectWriter;

use crate::translate::{ANSWERED_AUDIO, ANSWERED_CONTENT, ANSWERED_IMAGES};
use crate::{Outbound, Target};

/// Fields of a message that only the client's dialect knows (contract §2.2).
const EXTENSIONS: [&str; 5] =
    ["reasoning_details", "annotations", "images", "provider", "cache_control"];
/// What a failed tool's result begins with, where there is no field to say that it failed.
const ERROR: &str = "Error: ";
/// What a tool's result says whose images come after it.
const SHOWN_BELOW: &str = "The result is in the next message.";

/// Whether what an earlier answer has besides text goes up: pictures it drew only to who speaks the
/// contract's dialect.
pub(crate) fn carries(target: &Target<'_>, lost: &str) -> bool {
    match lost {
        ANSWERED_IMAGES => target.quirks.reasoning_style == ReasoningStyle::OpenRouter,
        _ => lost == ANSWERED_AUDIO || lost == ANSWERED_CONTENT,
    }
}

/// Writes the `messages` member.
///
/// In the common case the raw bytes go through. Messages are built only when the survey found
/// something that must change: reasoning to replay, cache markers, a `developer` where the
/// provider knows none.
pub(super) fn write(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>, raw: &str) {
    let survey = outbound.call.survey();
    let quirks = outbound.target.quirks;
    let speaks_our_dialect = quirks.reasoning_style == ReasoningStyle::OpenRouter;
    let must_change = !speaks_our_dialect
        && (survey.extensions
            || survey.cache_markers
            || survey.tool_media
            || prefill_mark(outbound).is_some()
            || (survey.developer_role && !quirks.developer_role));
    if !must_change {
        object.raw(b"messages", raw.as_bytes());
        return;
    }
    let readable = outbound.call.member("messages").unwrap_or(raw);
    let Ok(Value::Array(mut messages)) = serde_json::from_str::<Value>(readable) else {
        object.raw(b"messages", raw.as_bytes());
        return;
    };
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        adapt(message, &outbound.target);
    }
    if survey.tool_media {
        messages = show_tool_media(messages);
    }
    let last = messages.last_mut().and_then(Value::as_object_mut);
    if let (Some(mark), Some(last)) = (prefill_mark(outbound), last)
        && !last.contains_key("tool_calls")
    {
        last.entry(mark).or_insert(Value::Bool(true));
    }
    object.field("messages", &messages);
}

/// What is said in the assistant's last message where the answer is to go on from it.
fn prefill_mark(outbound: &Outbound<'_>) -> Option<&'static str> {
    match outbound.target.quirks.prefill.filter(|_| outbound.call.survey().prefill)? {
        Prefill::Prefix => Some("prefix"),
        Prefill::Partial => Some("partial"),
        Prefill::Plain | Prefill::ContinueFinalMessage => None,
    }
}

/// Says in the request that the answer is to go on from the last message.
pub(super) fn write_prefill(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>) {
    let asked = outbound.call.survey().prefill
        && outbound.target.quirks.prefill == Some(Prefill::ContinueFinalMessage);
    for (name, value) in [("continue_final_message", true), ("add_generation_prompt", false)] {
        if asked && outbound.call.member(name).is_none() {
            object.field(name, &value);
        }
    }
}

/// Writes the `tools` member without cache markers.
pub(super) fn write_tools(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>, raw: &str) {
    let speaks_our_dialect = outbound.target.quirks.reasoning_style == ReasoningStyle::OpenRouter;
    let readable = outbound.call.member("tools").unwrap_or(raw);
    let tools = serde_json::from_str::<Value>(readable).ok().filter(|_| !speaks_our_dialect);
    let Some(Value::Array(mut tools)) = tools else {
        object.raw(b"tools", raw.as_bytes());
        return;
    };
    for tool in tools.iter_mut().filter_map(Value::as_object_mut) {
        tool.remove("cache_control");
    }
    object.field("tools", &tools);
}

fn adapt(message: &mut Map<String, Value>, target: &Target<'_>) {
    for extension in EXTENSIONS {
        message.remove(extension);
    }
    if message.remove("is_error") == Some(Value::Bool(true)) {
        mark_failed(message);
    }
    let thoughts = message.remove("reasoning_content");
    let thoughts = message.remove("reasoning").filter(Value::is_string).or(thoughts);
    if let Some(thoughts) = thoughts.filter(|_| replays_reasoning(target)) {
        let field = match target.quirks.reasoning_field {
            ReasoningField::ReasoningContent => "reasoning_content",
            ReasoningField::Reasoning => "reasoning",
        };
        message.insert(field.to_owned(), thoughts);
    }
    if !target.quirks.developer_role
        && message.get("role").and_then(Value::as_str) == Some("developer")
    {
        message.insert("role".to_owned(), "system".into());
    }
    if let Some(Value::Array(parts)) = message.get_mut("content") {
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            part.remove("cache_control");
            part.remove("prompt_cache_breakpoint");
        }
    }
}

/// A tool's result has text only in this protocol: what else it has is shown by a user's message
/// behind the results of the same turn.
fn show_tool_media(messages: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::with_capacity(messages.len().saturating_add(1));
    let mut shown: Vec<Value> = Vec::new();
    for mut message in messages {
        let is_result = message.get("role").and_then(Value::as_str) == Some("tool");
        if !is_result && !shown.is_empty() {
            out.push(json!({"role": "user", "content": std::mem::take(&mut shown)}));
        }
        if let Some(Value::Array(parts)) = message.get_mut("content").filter(|_| is_result) {
            let is_text = |part: &Value| part.get("type").and_then(Value::as_str) == Some("text");
            let (texts, media) = std::mem::take(parts).into_iter().partition(is_text);
            *parts = texts;
            shown.extend(media);
            if parts.is_empty() {
                parts.push(json!({"type": "text", "text": SHOWN_BELOW}));
            }
        }
        out.push(message);
    }
    if !shown.is_empty() {
        out.push(json!({"role": "user", "content": shown}));
    }
    out
}

/// Says in a failed tool's result that it failed.
fn mark_failed(message: &mut Map<String, Value>) {
    match message.get_mut("content") {
        Some(Value::String(text)) if !text.starts_with(ERROR) => text.insert_str(0, ERROR),
        Some(Value::Array(parts)) => parts.insert(0, json!({"type": "text", "text": ERROR})),
        _ => {}
    }
}

/// Plain thoughts are worth repeating only to a model that reasons (§2.4); OpenAI's own refuse
/// unknown message fields.
fn replays_reasoning(target: &Target<'_>) -> bool {
    !target.quirks.developer_role && target.supports("reasoning")
}
