//! A call becomes a request.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use http::header::HeaderMap;
use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_catalog::Auth;
use tollgate_wire::chat::{ChatParams, ChatRequest, Tool, ToolChoice};

use super::conversation::{Content, Conversation};
use super::generation::Generation;
use super::model::{Host, Model};
use super::part::Part;
use crate::adapter::{post, versioned};
use crate::encoding::{authorize, bearer, extra_headers, is_object};
use crate::tier::Tier;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] = &[
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "image_config",
    "modalities",
    "service_tier",
];

/// How access tokens begin, as opposed to API keys.
const TOKEN_PREFIX: &str = "ya29.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: &'a [Content<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tools<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    generation_config: Generation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: &'a [Part<'a>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: FunctionCalling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCalling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

fn is_default(generation: &Generation<'_>) -> bool {
    *generation == Generation::default()
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let target = &outbound.target;
    let mut request = post(&url(target, outbound.call.params()), body(outbound, Host::Studio)?)?;
    credential(request.headers_mut(), target)?;
    Ok(request)
}

/// Where the call goes: the model and whether to stream are part of the address.
pub(super) fn url(target: &Target<'_>, params: &ChatParams) -> String {
    let method = if params.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    versioned(target.base_url, "v1beta", &format!("{}:{method}", name(target)))
}

/// The model's name with what kind of thing it names.
pub(super) fn name(target: &Target<'_>) -> String {
    let name = target.upstream_model;
    if name.contains('/') { name.to_owned() } else { format!("models/{name}") }
}

/// An access token goes where access tokens go, even where a key is expected.
pub(super) fn credential(headers: &mut HeaderMap, target: &Target<'_>) -> Result<(), Unsupported> {
    match target.credential {
        Some(token) if target.auth == Auth::XGoogApiKey && token.starts_with(TOKEN_PREFIX) => {
            bearer(headers, token)?;
            extra_headers(headers, target)
        }
        _ => authorize(headers, target),
    }
}

/// The body, as its host takes it.
pub(crate) fn body(outbound: &Outbound<'_>, host: Host) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let model = Model::read(target.upstream_model, host);
    let request = outbound.call.typed()?;
    let params = request.params;
    let mut conversation = Conversation::read(&request.messages, model)?;
    let mut generation_config = Generation::read(params, target, model);
    generation_config.draw(outbound.call.member("image_config"));
    let with_tools = !request.tools.is_empty();
    let told = generation_config.form(params.response_format.as_ref(), with_tools, model)?;
    conversation.system.extend(told.and_then(|text| Part::text(Cow::Owned(text))));
    let system = conversation.system.as_slice();
    let body = Body {
        contents: &conversation.contents,
        system_instruction: (!system.is_empty()).then_some(Instruction { parts: system }),
        tools: tools(&request),
        tool_config: tool_config(&request),
        generation_config,
        // Vertex AI wants it in a header.
        service_tier: service_tier(params, target).filter(|_| host == Host::Studio),
    };
    Ok(serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?)
}

fn tools<'a>(request: &'a ChatRequest<'a>) -> Vec<Tools<'a>> {
    if request.tools.is_empty() {
        return Vec::new();
    }
    vec![Tools { function_declarations: request.tools.iter().map(declaration).collect() }]
}

fn declaration<'a>(tool: &'a Tool<'a>) -> Declaration<'a> {
    Declaration {
        name: &tool.name,
        description: tool.description.as_deref().filter(|text| !text.is_empty()),
        parameters_json_schema: tool.parameters.filter(|schema| is_object(schema)),
    }
}

/// Calls one at a time can't be asked for, so `parallel_tool_calls` is dropped. A call that must be
/// made follows its schema anyway; `VALIDATED` says so of one that may be made
/// (<https://ai.google.dev/gemini-api/docs/function-calling>).
fn tool_config<'a>(request: &'a ChatRequest<'a>) -> Option<ToolConfig<'a>> {
    if request.tools.is_empty() {
        return None;
    }
    // One mode for all tools: they are strict together or not at all.
    let are_strict = request.tools.iter().all(|tool| tool.strict == Some(true));
    let (mode, allowed) = match request.tool_choice.as_ref() {
        None | Some(ToolChoice::Auto) if are_strict => ("VALIDATED", None),
        None => return None,
        Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::Function(name)) => ("ANY", Some([name.as_str()])),
    };
    let function_calling_config = FunctionCalling { mode, allowed_function_names: allowed };
    Some(ToolConfig { function_calling_config })
}

/// The word for a tier, if this provider has it. To leave it to the account is to ask for the
/// ordinary one.
pub(crate) const fn tier_word(tier: Tier) -> Option<&'static str> {
    match tier {
        Tier::Flex => Some("flex"),
        Tier::Priority => Some("priority"),
        Tier::Default | Tier::Auto => Some("standard"),
        Tier::Scale => None,
    }
}

/// The tiers this provider has; the others are left to its default.
pub(crate) fn service_tier(params: &ChatParams, target: &Target<'_>) -> Option<&'static str> {
    Tier::asked(params, target).filter(|tier| *tier != Tier::Auto).and_then(tier_word)
}
