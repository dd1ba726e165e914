//! The client's request with our fields taken out.

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use tollgate_catalog::{MaxTokensField, ReasoningStyle};
use tollgate_wire::GATEWAY_MEMBERS;
use tollgate_wire::chat::ChatParams;
use tollgate_wire::json::ObjectWriter;

use super::messages;
use crate::adapter::post;
use crate::encoding::{authorize, lacks};
use crate::openai_model::Model;
use crate::tier::Tier;
use crate::{Outbound, Target, Unsupported};

/// Whether a member means something to the gateway and nothing to a provider (contract §2.1).
pub(super) fn is_ours(member: &str) -> bool {
    const OWN_HERE: [&str; 4] =
        ["structured_outputs", "max_tool_calls", "x_search_filter", "cache_control"];
    GATEWAY_MEMBERS.contains(&member) || OWN_HERE.contains(&member)
}

/// Parameters of the contract's vocabulary (§7.1) that an endpoint may not know: then they are
/// left out rather than refused by the provider.
const OPTIONAL: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "prediction",
    "verbosity",
    "web_search_options",
];

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, Unsupported> {
    let target = &outbound.target;
    let url = format!("{}/chat/completions", target.base_url);
    let mut request = post(&url, body(outbound))?;
    authorize(request.headers_mut(), target)?;
    Ok(request)
}

/// The body of the call, for whoever takes chat at an address of its own.
pub(crate) fn body(outbound: &Outbound<'_>) -> Vec<u8> {
    let mut body = Vec::with_capacity(outbound.call.body_bytes().saturating_add(128));
    write_body(outbound, &mut body);
    body
}

fn write_body(outbound: &Outbound<'_>, body: &mut Vec<u8>) {
    let target = &outbound.target;
    let params = outbound.call.params();
    let mut object = ObjectWriter::new(body);
    object.field("model", target.upstream_model);
    for (key, raw) in outbound.call.members_received() {
        match key {
            "messages" => messages::write(&mut object, outbound, raw),
            "prompt" if raw == "null" => {}
            "prompt" => object
                .raw(b"messages", format!(r#"[{{"role":"user","content":{raw}}}]"#).as_bytes()),
            "tools" if outbound.call.survey().cache_markers => {
                messages::write_tools(&mut object, outbound, raw);
            }
            "model"
            | "max_tokens"
            | "max_completion_tokens"
            | "stream_options"
            | "reasoning"
            | "reasoning_effort"
            | "include_reasoning"
            | "user" => {}
            key if is_ours(key) => {}
            key if is_left_out(target, key, raw) => {}
            // OpenAI's own scale ends there; only the client's dialect goes further (contract §2.1).
            "verbosity"
                if target.quirks.reasoning_style != ReasoningStyle::OpenRouter
                    && matches!(params.verbosity.as_deref(), Some("xhigh" | "max")) =>
            {
                object.field("verbosity", "high");
            }
            "service_tier" => match Tier::asked(params, target) {
                Some(tier) => object.field("service_tier", tier.as_str()),
                None if raw == "null" => object.raw(b"service_tier", raw.as_bytes()),
                None => {}
            },
            key => object.member(key, raw),
        }
    }
    if let Some(tier) = Tier::unasked(params, target) {
        object.field("service_tier", tier.as_str());
    }
    if let Some(tokens) = params.max_tokens {
        let key = match target.quirks.max_tokens_field {
            MaxTokensField::MaxCompletionTokens if !predicts(outbound) => "max_completion_tokens",
            MaxTokensField::MaxCompletionTokens | MaxTokensField::MaxTokens => "max_tokens",
        };
        object.field(key, &target.max_output.map_or(tokens, |most| most.min(tokens)));
    }
    let refuses_user = target.quirks.drop_params.iter().any(|refused| refused == "user");
    if let Some(user) = outbound.end_user.filter(|_| !refuses_user) {
        object.field("user", user);
    }
    if params.stream && target.quirks.stream_options {
        object.field("stream_options", &StreamOptions { include_usage: true });
    }
    write_reasoning(&mut object, target, params);
    messages::write_prefill(&mut object, outbound);
    object.end();
}

/// Whether a predicted answer goes up. OpenAI takes none beside `max_completion_tokens`, and its
/// models that take one know the older name too
/// (<https://platform.openai.com/docs/guides/predicted-outputs>).
fn predicts(outbound: &Outbound<'_>) -> bool {
    let prediction = outbound.call.member("prediction");
    prediction.is_some_and(|raw| !is_left_out(&outbound.target, "prediction", raw))
}

/// Whether to leave a parameter out because the endpoint is known not to take it.
pub(crate) fn is_left_out(target: &Target<'_>, key: &str, raw: &str) -> bool {
    if target.quirks.drop_params.iter().any(|refused| refused == key) {
        return true;
    }
    match key {
        "max_tool_calls" | "cache_control" | "x_search_filter" => true,
        "reasoning" | "reasoning_effort" => lacks(target, key),
        "temperature" | "top_p" if Model::read(target.upstream_model).refuses_sampling() => true,
        "response_format" => {
            let is_schema = raw.contains("json_schema") && target.supports("structured_outputs");
            !is_schema && !target.supports("response_format")
        }
        "n" => raw == "null",
        key => OPTIONAL.contains(&key) && !target.supports(key),
    }
}

/// Asks for reasoning in the provider's way (contract §2.4).
fn write_reasoning(object: &mut ObjectWriter<'_>, target: &Target<'_>, params: &ChatParams) {
    let known = !lacks(target, "reasoning");
    let Some(wanted) = params.reasoning.wanted().filter(|_| known) else { return };
    match target.quirks.reasoning_style {
        ReasoningStyle::None => {}
        ReasoningStyle::Effort => {
            let model = Model::read(target.upstream_model);
            if let Some(effort) = model.asked(params, target) {
                object.field("reasoning_effort", effort);
            }
        }
        ReasoningStyle::OpenRouter => {
            object.raw(b"reasoning", &openrouter_object(params, wanted));
        }
        ReasoningStyle::ThinkingType => {
            object
                .field("thinking", &Thinking { kind: if wanted { "enabled" } else { "disabled" } });
        }
        ReasoningStyle::EnableThinking => object.field("enable_thinking", &wanted),
    }
}

/// The `reasoning` object for an upstream that speaks the client's own dialect.
fn openrouter_object(params: &ChatParams, wanted: bool) -> Vec<u8> {
    let reasoning = &params.reasoning;
    let mut out = Vec::new();
    let mut object = ObjectWriter::new(&mut out);
    match (wanted, reasoning.max_tokens) {
        (false, _) => object.field("enabled", &false),
        (true, Some(budget)) => object.field("max_tokens", &budget),
        (true, None) => object.field("effort", reasoning.effort_or_default().as_str()),
    }
    if reasoning.exclude {
        object.field("exclude", &true);
    }
    object.end();
    out
}
