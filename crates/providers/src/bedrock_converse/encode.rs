//! A call becomes a request.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use tollgate_wire::chat::{ChatCall, ChatParams, ToolChoice};

use super::block::Block;
use super::conversation::{Conversation, Turn};
use super::fields::{Inference, Own};
use super::model::{Family, Model};
use super::output::{Form, OutputConfig};
use super::tools::{Asked, Told, ToolConfig};
use super::{cache, claude_tools, fields, output, sign, tools};
use crate::adapter::post;
use crate::anthropic_messages::{betas, rules};
use crate::anthropic_messages::reasoning::Circumstances;
use crate::tier::Tier;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] =
    &["top_k", "parallel_tool_calls", "cache_control", "verbosity", "service_tier"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    messages: &'a [Turn<'a>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    system: &'a [Block<'a>],
    #[serde(skip_serializing_if = "is_default")]
    inference_config: Inference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    additional_model_request_fields: Own<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_response_field_paths: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<ServiceTier>,
}

#[derive(Serialize)]
struct ServiceTier {
    #[serde(rename = "type")]
    kind: &'static str,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let target = &outbound.target;
    let operation = if outbound.call.params().stream { "converse-stream" } else { "converse" };
    let model = path_segment(target.upstream_model);
    let url = format!("{}/model/{model}/{operation}", target.base_url);
    let mut request = post(&url, body(outbound)?)?;
    sign::authorize(&mut request, target, outbound.now)?;
    Ok(request)
}

/// The body of the call.
pub(super) fn body(outbound: &Outbound<'_>) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let model = Model::read(target.upstream_model);
    let request = outbound.call.typed()?;
    let params = request.params;
    let mut conversation = Conversation::read(&request.messages, model)?;
    let (output_config, form_told) =
        match output::form(params.response_format.as_ref(), target, model)? {
            Form::Free => (None, None),
            Form::Schema(config) => (Some(config), None),
            Form::Instruction(text) => (None, Some(Cow::Owned(text))),
        };
    let takes_strict = output::enforces(target, model);
    let claude_tools = claude_tools::read(outbound.claude_tools);
    if model.family != Family::Claude && !claude_tools.is_empty() {
        return Err(Unsupported("Claude's own tools for a model of another maker".into()).into());
    }
    let asked = Asked { request: &request, model, claude_tools: &claude_tools };
    let mut offered = tools::offered(asked, &conversation, takes_strict);
    let mut told = tools::told(asked, &offered);
    let instructions = [form_told, told.instruction.map(Cow::Borrowed)].into_iter().flatten();
    conversation.system.extend(instructions.filter_map(Block::text));
    conversation.mark_end(request.cache_control.as_ref());
    cache::bound(&mut offered, &mut conversation);
    let circumstances = circumstances(&told, &conversation);
    let (inference_config, mut own) = fields::read(params, target, model, circumstances);
    own.tool_choice = told.claude.take();
    if request.tool_choice != Some(ToolChoice::None) {
        own.tools.clone_from(&claude_tools);
    }
    if model.family == Family::Claude {
        own.ask_for(outbound.betas.into_iter().flat_map(betas::named));
    }
    let body = Body {
        messages: &conversation.turns,
        system: &conversation.system,
        additional_model_response_field_paths: stop_path(params, &inference_config, model),
        inference_config,
        tool_config: tools::config(&offered, &mut told),
        output_config,
        additional_model_request_fields: own,
        service_tier: service_tier(params, target),
    };
    Ok(serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?)
}

/// The members of a call that Claude is not sent because of what else it says.
pub(super) fn ruled_out(call: &ChatCall, target: &Target<'_>) -> Vec<&'static str> {
    let model = Model::read(target.upstream_model);
    let Ok(request) = call.typed() else { return Vec::new() };
    let Ok(conversation) = Conversation::read(&request.messages, model) else { return Vec::new() };
    if model.family != Family::Claude {
        return fields::ruled_out(request.params, target, model);
    }
    let asked = Asked { request: &request, model, claude_tools: &[] };
    let offered = tools::offered(asked, &conversation, false);
    let told = tools::told(asked, &offered);
    rules::of(request.params, target, model.claude, circumstances(&told, &conversation))
}

fn circumstances(told: &Told<'_>, conversation: &Conversation<'_>) -> Circumstances {
    Circumstances {
        precluded: told.is_forced() || conversation.is_prefilled(),
        without_thoughts: conversation.continues_without_thoughts(),
    }
}

/// Where Claude's own answer says which stop sequence it met: the common fields don't.
fn stop_path(
    params: &ChatParams,
    inference: &Inference<'_>,
    model: Model,
) -> Option<[&'static str; 1]> {
    let path = if params.stream { "/delta/stop_sequence" } else { "/stop_sequence" };
    let stops = model.family == Family::Claude && !inference.stop_sequences.is_empty();
    stops.then_some([path])
}

/// The word for a tier, if this provider has it. To leave it to the account is to ask for the
/// ordinary one.
pub(super) const fn tier_word(tier: Tier) -> Option<&'static str> {
    match tier {
        Tier::Flex | Tier::Priority => Some(tier.as_str()),
        Tier::Default | Tier::Auto => Some("default"),
        Tier::Scale => None,
    }
}

/// The tiers this provider has; the others are left to its default.
fn service_tier(params: &ChatParams, target: &Target<'_>) -> Option<ServiceTier> {
    match Tier::asked(params, target)? {
        Tier::Auto => None,
        tier => tier_word(tier).map(|kind| ServiceTier { kind }),
    }
}

/// A name as one segment of a path (RFC 3986 §2.3): names have colons, ARNs have slashes.
pub(super) fn path_segment(name: &str) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16).unwrap_or('0').to_ascii_uppercase();
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte));
            }
            _ => segment.extend(['%', digit(byte >> 4), digit(byte & 0xf)]),
        }
    }
    segment
}
