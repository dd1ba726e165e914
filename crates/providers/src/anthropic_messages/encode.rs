//! A call becomes a request.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use serde::Serialize;
use tollgate_catalog::Auth;
use tollgate_wire::chat::ChatParams;

use super::block::Block;
use super::conversation::{Conversation, Turn};
use super::model::Model;
use super::output::{Form, Format};
use super::reasoning::{Circumstances, Plan, Thinking};
use super::tools::{Choice, ToolObject};
use super::{betas, cache, output, reasoning, tools};
use crate::adapter::{post, versioned};
use crate::encoding::{authorize, bearer, extra_headers, takes};
use crate::tier::Tier;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] =
    &["top_k", "parallel_tool_calls", "cache_control", "verbosity", "service_tier"];

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// Features beyond the version.
pub(super) const BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// How tokens of a person's subscription begin, as opposed to an organisation's keys.
const OAUTH_PREFIX: &str = "sk-ant-oat";

/// Who serves a model: the protocol is the same, its frame is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Anthropic, and those who imitate it.
    Anthropic,
    /// Google Vertex AI. The model is in the address, the version in the body, and media are not
    /// fetched: <https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai>.
    Vertex,
}

impl Host {
    /// The version of the protocol that the body must name.
    pub(super) const fn version(self) -> Option<&'static str> {
        match self {
            Self::Anthropic => None,
            Self::Vertex => Some("vertex-2023-10-16"),
        }
    }

    /// Whether the body names the model.
    pub(super) fn names_models(self) -> bool {
        self == Self::Anthropic
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anthropic_version: Option<&'static str>,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System<'a>>,
    messages: &'a [Turn<'a>],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(flatten)]
    sampling: Sampling,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'a [ToolObject<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum System<'a> {
    Text(Cow<'a, str>),
    Blocks(&'a [Block<'a>]),
}

/// How to choose among likely tokens.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Sampling {
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    /// Above 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    /// At least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
}

#[derive(Serialize)]
struct OutputConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let target = &outbound.target;
    let body = body(outbound, Host::Anthropic)?;
    let mut request = post(&versioned(target.base_url, "v1", "messages"), body)?;
    headers(request.headers_mut(), target)?;
    betas::add(request.headers_mut(), outbound.betas)?;
    Ok(request)
}

/// Adds the version, the credential and whatever headers the provider wants.
pub(super) fn headers(headers: &mut HeaderMap, target: &Target<'_>) -> Result<(), Unsupported> {
    headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
    match target.credential {
        Some(token) if target.auth == Auth::XApiKey && token.starts_with(OAUTH_PREFIX) => {
            headers.insert(BETA, HeaderValue::from_static("oauth-2025-04-20"));
            bearer(headers, token)?;
            extra_headers(headers, target)
        }
        _ => authorize(headers, target),
    }
}

/// The body, as its host takes it.
pub(crate) fn body(outbound: &Outbound<'_>, host: Host) -> Result<Vec<u8>, EncodeError> {
    let at_vertex = host == Host::Vertex;
    let target = &outbound.target;
    let model = Model::read(target.upstream_model);
    let request = outbound.call.typed()?;
    let params = request.params;
    let mut conversation = Conversation::read(&request.messages)?;
    if at_vertex && conversation.points_elsewhere() {
        return Err(Unsupported("an image or a document by its address".to_owned()).into());
    }
    let form = output::form(params.response_format.as_ref(), target, model)?;
    let (format, instruction) = match form {
        Form::Free => (None, None),
        Form::Schema(format) => (Some(format), None),
        Form::Instruction(text) => (None, Some(text)),
    };
    conversation.system.extend(instruction.and_then(|text| Block::text(Cow::Owned(text), None)));
    let strict = betas::allow_strict_tools(outbound.betas);
    let mut offered = tools::offered(&request, &conversation, model, strict);
    let tool_choice = tools::choice(&request, &offered);
    cache::mark_end(&mut conversation.turns, request.cache_control.as_ref());
    cache::bound(&mut offered, &mut conversation);
    let forced = tool_choice.as_ref().is_some_and(Choice::is_forced);
    let circumstances = Circumstances {
        precluded: forced || conversation.is_prefilled(),
        without_thoughts: conversation.continues_without_thoughts(),
    };
    let plan = reasoning::plan(params, target, model, circumstances);
    let body = Body {
        model: host.names_models().then_some(target.upstream_model),
        anthropic_version: host.version(),
        max_tokens: plan.max_tokens,
        system: system(&mut conversation.system),
        messages: &conversation.turns,
        stream: params.stream,
        sampling: sampling(params, target, model, &plan),
        stop_sequences: stop_sequences(params, target),
        tools: &offered,
        tool_choice,
        thinking: plan.thinking,
        output_config: (plan.effort.is_some() || format.is_some())
            .then_some(OutputConfig { effort: plan.effort, format }),
        metadata: outbound.end_user.map(|user_id| Metadata { user_id }),
        service_tier: Tier::asked(params, target).and_then(Tier::reserved).filter(|_| !at_vertex),
    };
    Ok(serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?)
}

/// One text, unless a prompt-cache marker divides it.
fn system<'a>(blocks: &'a mut [Block<'a>]) -> Option<System<'a>> {
    if blocks.iter_mut().filter_map(Block::marker).any(|marker| marker.is_some()) {
        return Some(System::Blocks(blocks));
    }
    let mut texts = blocks.iter().filter_map(|block| match block {
        Block::Text { text, .. } => Some(text.as_ref()),
        _ => None,
    });
    let first = texts.next()?;
    let rest: Vec<&str> = texts.collect();
    if rest.is_empty() {
        return Some(System::Text(Cow::Borrowed(first)));
    }
    Some(System::Text(Cow::Owned(format!("{first}\n\n{}", rest.join("\n\n")))))
}

/// Sampling as far as the model takes it. The contract's temperature goes to 2, the protocol's to
/// 1. While thinking, temperature and top_k are refused and top_p has a lower bound.
pub(crate) fn sampling(
    params: &ChatParams,
    target: &Target<'_>,
    model: Model,
    plan: &Plan,
) -> Sampling {
    if !model.takes_sampling() {
        return Sampling::default();
    }
    let temperature = params.temperature.filter(|_| takes(target, "temperature"));
    let top_p = params.top_p.filter(|_| takes(target, "top_p"));
    let top_k = params.top_k.filter(|top_k| *top_k > 0 && takes(target, "top_k"));
    if plan.thinks() {
        return Sampling { top_p: top_p.map(|it| it.max(0.95)), ..Sampling::default() };
    }
    let both = temperature.is_some() && !model.takes_temperature_with_top_p();
    Sampling {
        temperature: temperature.map(|it| it.min(1.0)),
        top_p: top_p.filter(|_| !both),
        top_k,
    }
}

/// Blank ones are refused.
pub(crate) fn stop_sequences<'a>(params: &'a ChatParams, target: &Target<'_>) -> Vec<&'a str> {
    if !takes(target, "stop") {
        return Vec::new();
    }
    params.stop.iter().map(String::as_str).filter(|stop| !stop.trim().is_empty()).collect()
}
