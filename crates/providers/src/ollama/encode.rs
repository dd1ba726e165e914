//! A call becomes a request.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{ChatParams, ChatRequest, Effort, ResponseFormat, ToolChoice};
use tollgate_wire::error::BadRequest;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::{Call, GATEWAY_MEMBERS};

use super::{conversation, options, root};
use crate::adapter::post;
use crate::chat_words::ChatWords;
use crate::encoding::{authorize, takes};
use crate::function_tool::FunctionTool;
use crate::splice::member_names;
use crate::{EncodeError, Inbound, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] = &[
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "options",
    "keep_alive",
];

/// Clients of this dialect may use chat's words too, which the provider ignores. Its own stand in
/// `options`, but for two.
const CHAT: ChatWords = ChatWords {
    own: &["logprobs", "top_logprobs"],
    synonyms: &[
        ("temperature", &["temperature"]),
        ("top_p", &["top_p"]),
        ("top_k", &["top_k"]),
        ("min_p", &["min_p"]),
        ("seed", &["seed"]),
        ("stop", &["stop"]),
        ("max_tokens", &["num_predict"]),
        ("max_completion_tokens", &["num_predict"]),
        ("repetition_penalty", &["repeat_penalty"]),
        ("presence_penalty", &["presence_penalty"]),
        ("frequency_penalty", &["frequency_penalty"]),
        ("reasoning", &["think"]),
        ("reasoning_effort", &["think"]),
        ("response_format", &["format"]),
        ("tool_choice", &[]),
    ],
};

/// Members that a relay leaves out besides the gateway's, or writes itself. Whom the caller names
/// as end user is never passed on, and the protocol has no place for one; whether thoughts are
/// shown the gateway sees to.
const OURS: [&str; 4] = ["model", "stream", "user", "include_reasoning"];

/// Encodes a call that is translated.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    Ok(send(&outbound.target, body(outbound)?)?)
}

/// Encodes a call of a client that speaks the protocol itself: its members as they came, without
/// those that are the gateway's or chat's.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    if translates(inbound.call) {
        return request(&inbound.outbound()?);
    }
    let object = inbound.call.object();
    let mut body = Vec::with_capacity(object.text().len().saturating_add(64));
    let mut writer = ObjectWriter::new(&mut body);
    writer.field("model", inbound.target.upstream_model);
    // Streaming is this protocol's default: it is said either way.
    writer.field("stream", &inbound.call.params().stream);
    for (name, raw) in object.members_received() {
        let is_ours = OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name);
        if !is_ours && !leaves_out(name) {
            writer.member(name, raw);
        }
    }
    writer.end();
    Ok(send(&inbound.target, body)?)
}

/// Whether something is asked for in a word of chat that only the translation knows in the
/// provider's own.
pub(super) fn translates(call: &Call) -> bool {
    let options = member_names(call.member("options").unwrap_or_default());
    let own = |name: &str| match name {
        "think" | "format" => call.member(name).is_some(),
        _ => options.iter().any(|option| option == name),
    };
    CHAT.ask(|name| call.member(name).is_some(), own)
}

/// Whether a member of the client's request is left out of what goes up, though it means something.
pub(super) fn leaves_out(name: &str) -> bool {
    CHAT.are_foreign(name)
}

fn send(target: &Target<'_>, body: Vec<u8>) -> Result<Request<Bytes>, Unsupported> {
    let mut request = post(&format!("{}/api/chat", root(target.base_url)), body)?;
    authorize(request.headers_mut(), target)?;
    Ok(request)
}

fn body(outbound: &Outbound<'_>) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let request = outbound.call.typed()?;
    let params = request.params;
    let turns = conversation::read(&request.messages)?;
    let tools = tools(&request)?;
    let mut body = Vec::with_capacity(outbound.call.body_bytes().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", target.upstream_model);
    object.field("messages", &turns);
    object.field("stream", &params.stream);
    if !tools.is_empty() {
        object.field("tools", &tools);
    }
    write_format(&mut object, params.response_format.as_ref())?;
    write_thinking(&mut object, params, target);
    options::write(&mut object, outbound.call.member("options"), params, target);
    if params.logprobs == Some(true) && takes(target, "logprobs") {
        object.field("logprobs", &true);
        if let Some(count) = params.top_logprobs {
            object.field("top_logprobs", &count);
        }
    }
    if let Some(raw) = outbound.call.member("keep_alive") {
        object.raw(b"keep_alive", raw.as_bytes());
    }
    object.end();
    Ok(body)
}

/// The tools on offer: none where none may be called, one where that one must be.
fn tools<'a>(request: &'a ChatRequest<'a>) -> Result<Vec<FunctionTool<'a>>, BadRequest> {
    let offered = request.tools.iter();
    let offered: Vec<_> = match &request.tool_choice {
        Some(ToolChoice::None) => Vec::new(),
        Some(ToolChoice::Function(name)) => {
            let only: Vec<_> = offered.filter(|tool| tool.name == *name).collect();
            if only.is_empty() && !request.tools.is_empty() {
                let message = format!("tool_choice: No tool is named \"{name}\"");
                return Err(BadRequest::new(message));
            }
            only
        }
        Some(ToolChoice::Auto | ToolChoice::Required) | None => offered.collect(),
    };
    Ok(offered.into_iter().map(FunctionTool::new).collect())
}

fn write_format(
    object: &mut ObjectWriter<'_>,
    asked: Option<&ResponseFormat>,
) -> Result<(), Unsupported> {
    match asked {
        None | Some(ResponseFormat::Text) => {}
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. }) => {
            object.field("format", "json");
        }
        Some(ResponseFormat::JsonSchema { schema: Some(schema), .. }) => {
            object.field("format", schema);
        }
        Some(ResponseFormat::Grammar { .. }) => {
            return Err(Unsupported("answers by a grammar".to_owned()));
        }
        Some(ResponseFormat::Python) => {
            return Err(Unsupported("answers in Python".to_owned()));
        }
    }
    Ok(())
}

/// On or off; `gpt-oss` has levels instead and can't be told not to think.
fn write_thinking(object: &mut ObjectWriter<'_>, params: &ChatParams, target: &Target<'_>) {
    let wanted = params.reasoning.wanted().filter(|_| takes(target, "reasoning"));
    let Some(wanted) = wanted else { return };
    if !target.upstream_model.to_ascii_lowercase().contains("gpt-oss") {
        object.field("think", &wanted);
        return;
    }
    let effort = if wanted { params.reasoning.effort_or_default() } else { Effort::None };
    let level = match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::Xhigh | Effort::Max => "high",
    };
    object.field("think", level);
}
