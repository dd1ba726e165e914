//! A call becomes a request.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::{ChatCall, ChatRequest};
use tollgate_wire::json::ObjectWriter;

use super::block::Markers;
use super::conversation::{Manner, items};
use super::{format, reasoning, tools};
use crate::adapter::post;
use crate::azure_openai::joined;
use crate::encoding::{authorize, takes};
use crate::openai_model::Model;
use crate::tier::Tier;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that mean the same here under the same name.
const SHARED: &[&str] = &[
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "stream_options",
    "truncation",
];

/// The other members of a chat request that have a place here.
const TRANSLATED: &[&str] = &[
    "model",
    "messages",
    "prompt",
    "stream",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "structured_outputs",
    "verbosity",
    "reasoning",
    "reasoning_effort",
    "include_reasoning",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "logprobs",
    "top_logprobs",
    "modalities",
    "web_search_options",
    "service_tier",
    "user",
    "n",
];

/// The least bound the provider takes. A caller who wants less gets a few tokens more, rather than
/// a refusal that chat would not have given.
pub(super) const OUTPUT_TOKENS_MIN: u64 = 16;

/// Whether a member of a chat request has a place here.
pub(super) fn knows(member: &str) -> bool {
    SHARED.contains(&member) || TRANSLATED.contains(&member)
}

/// Members that the model takes only where it does not reason, if at all.
pub(super) fn ruled_out(call: &ChatCall, target: &Target<'_>) -> Vec<&'static str> {
    let thinks = call.params().reasoning.wanted() == Some(true);
    let is_taken = Model::read(target.upstream_model).takes_sampling(thinks);
    if is_taken { Vec::new() } else { vec!["temperature", "top_p"] }
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let body = body(outbound)?;
    address(&outbound.target, body).map_err(EncodeError::from)
}

/// A request with this body.
pub(super) fn address(target: &Target<'_>, body: Vec<u8>) -> Result<Request<Bytes>, Unsupported> {
    let mut request = post(&joined(target.base_url, "responses"), body)?;
    authorize(request.headers_mut(), target)?;
    Ok(request)
}

fn body(outbound: &Outbound<'_>) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let model = Model::read(target.upstream_model);
    let request = outbound.call.typed()?;
    if request.params.modalities.iter().any(|it| it == "audio") {
        return Err(Unsupported("answers in sound".to_owned()).into());
    }
    let manner = Manner {
        markers: Markers(model.takes_markers()),
        developer_role: target.quirks.developer_role,
        replays_reasoning: model.reasons() != Some(false),
    };
    let mut body = Vec::with_capacity(outbound.call.body_bytes().saturating_add(512));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", target.upstream_model);
    object.field("input", &items(&request.messages, manner)?);
    object.field("store", &false);
    if request.params.stream {
        object.field("stream", &true);
    }
    write_tools(&mut object, outbound, &request);
    if let Some(text) = format::text(outbound.call, target)? {
        object.field("text", &text);
    }
    if let Some(asked) = reasoning::asked(request.params, target, model) {
        object.field("reasoning", &asked);
    }
    write_sampling(&mut object, outbound, model);
    write_include(&mut object, outbound, model);
    write_rest(&mut object, outbound);
    object.end();
    Ok(body)
}

fn write_tools(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>, request: &ChatRequest<'_>) {
    let target = &outbound.target;
    let offered = tools::offered(request, outbound);
    if offered.is_empty() {
        return;
    }
    object.field("tools", &offered);
    let choice = tools::choice(request, &offered).filter(|_| takes(target, "tool_choice"));
    if let Some(choice) = choice {
        object.field("tool_choice", &choice);
    }
    let parallel = request.params.parallel_tool_calls;
    if let Some(parallel) = parallel.filter(|_| takes(target, "parallel_tool_calls")) {
        object.field("parallel_tool_calls", &parallel);
    }
}

fn write_sampling(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>, model: Model) {
    let target = &outbound.target;
    let params = outbound.call.params();
    if let Some(tokens) = params.max_tokens {
        let tokens = target.max_output.map_or(tokens, |most| most.min(tokens));
        object.field("max_output_tokens", &tokens.max(OUTPUT_TOKENS_MIN));
    }
    if !model.takes_sampling(params.reasoning.wanted() == Some(true)) {
        return;
    }
    for (key, value) in [("temperature", params.temperature), ("top_p", params.top_p)] {
        // The caller's own spelling of the number.
        let raw = value.and_then(|_| outbound.call.member(key)).filter(|_| takes(target, key));
        if let Some(raw) = raw {
            object.member(key, raw);
        }
    }
}

/// Asks for what is not part of an answer unless asked for.
fn write_include(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>, model: Model) {
    let target = &outbound.target;
    let params = outbound.call.params();
    let mut include = Vec::new();
    if reasoning::is_known(target, model) && takes_include(target) {
        include.push("reasoning.encrypted_content");
    }
    let logprobs = params.logprobs == Some(true) || params.top_logprobs.is_some_and(|it| it > 0);
    if logprobs && takes(target, "logprobs") {
        include.push("message.output_text.logprobs");
        object.field("top_logprobs", &params.top_logprobs.unwrap_or(0));
    }
    if !include.is_empty() {
        object.field("include", &include);
    }
}

fn takes_include(target: &Target<'_>) -> bool {
    !target.quirks.drop_params.iter().any(|it| it == "include")
}

fn write_rest(object: &mut ObjectWriter<'_>, outbound: &Outbound<'_>) {
    let refused = &outbound.target.quirks.drop_params;
    let params = outbound.call.params();
    let shared = outbound.call.members().filter(|(key, raw)| {
        SHARED.contains(key) && *raw != "null" && !refused.iter().any(|it| it == key)
    });
    for (key, raw) in shared {
        match key {
            "stream_options" => write_stream_options(object, raw),
            _ => object.member(key, raw),
        }
    }
    if let Some(user) = outbound.end_user
        && outbound.call.member("safety_identifier").is_none()
    {
        object.field("safety_identifier", user);
    }
    if let Some(tier) = Tier::asked(params, &outbound.target) {
        object.field("service_tier", tier.as_str());
    }
}

/// Of the stream's options only one exists here; usage comes anyway.
fn write_stream_options(object: &mut ObjectWriter<'_>, raw: &str) {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Options {
        include_obfuscation: bool,
    }
    if let Ok(options) = serde_json::from_str::<Options>(raw) {
        object.field("stream_options", &options);
    }
}
