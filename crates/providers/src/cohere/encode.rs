//! A call becomes a request.

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_wire::chat::{ChatParams, ChatRequest, ResponseFormat, ToolChoice};
use tollgate_wire::error::BadRequest;

use super::conversation::{self, Turn};
use super::root;
use crate::adapter::post;
use crate::encoding::{authorize, takes, told_json};
use crate::function_tool::FunctionTool;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] = &[
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "documents",
    "citation_options",
    "safety_mode",
    "priority",
];

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Turn<'a>],
    stream: bool,
    #[serde(flatten)]
    sampling: Sampling<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<FunctionTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<JsonFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citation_options: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_mode: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'a RawValue>,
}

/// Bounds and sampling, under the provider's names.
#[derive(Serialize)]
struct Sampling<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
}

#[derive(Serialize)]
struct JsonFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<&'a Value>,
}

#[derive(Serialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_budget: Option<u64>,
}

/// What is asked of the answer's form.
enum Form<'a> {
    Free,
    Json(Option<&'a Value>),
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let target = &outbound.target;
    let mut request = post(&format!("{}/v2/chat", root(target.base_url)), body(outbound)?)?;
    authorize(request.headers_mut(), target)?;
    Ok(request)
}

fn body(outbound: &Outbound<'_>) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let request = outbound.call.typed()?;
    let params = request.params;
    let mut turns = conversation::read(&request.messages, reasons(target))?;
    let tools = tools(&request)?;
    let response_format = match form(params.response_format.as_ref())? {
        Form::Json(schema) if tools.is_empty() => {
            Some(JsonFormat { kind: "json_object", json_schema: schema })
        }
        Form::Json(schema) => {
            conversation::instruct(&mut turns, told_json(schema, true));
            None
        }
        Form::Free => None,
    };
    let member = |name| outbound.call.member(name).and_then(|raw| serde_json::from_str(raw).ok());
    let body = Body {
        model: target.upstream_model,
        messages: &turns,
        stream: params.stream,
        sampling: sampling(params, target),
        tool_choice: tool_choice(&request),
        strict_tools: request.tools.iter().any(|tool| tool.strict == Some(true)).then_some(true),
        tools,
        response_format,
        thinking: thinking(params, target),
        documents: member("documents"),
        citation_options: member("citation_options"),
        safety_mode: member("safety_mode"),
        priority: member("priority"),
    };
    Ok(serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?)
}

/// Whether the model thinks, as far as is known: then it gets its thoughts back.
fn reasons(target: &Target<'_>) -> bool {
    target.upstream_model.contains("reasoning")
        || target.supported_parameters.iter().any(|known| known == "reasoning")
}

/// Sampling within the provider's bounds, which are narrower than the contract's (§2.1).
fn sampling<'a>(params: &'a ChatParams, target: &Target<'_>) -> Sampling<'a> {
    let number = |name: &str, value: Option<f64>| value.filter(|_| takes(target, name));
    let penalty = |name: &str, value| number(name, value).map(|it| it.clamp(0.0, 1.0));
    let stops = params.stop.iter().map(String::as_str);
    Sampling {
        max_tokens: params.max_tokens.map(|it| it.min(target.max_output.unwrap_or(u64::MAX))),
        temperature: number("temperature", params.temperature).map(|it| it.min(1.0)),
        p: number("top_p", params.top_p).map(|it| it.clamp(0.01, 0.99)),
        k: params.top_k.filter(|_| takes(target, "top_k")).map(|it| it.min(500)),
        stop_sequences: stops.filter(|it| !it.is_empty() && takes(target, "stop")).collect(),
        // Seeds have no sign here.
        seed: params.seed.filter(|_| takes(target, "seed")).map(i64::unsigned_abs),
        frequency_penalty: penalty("frequency_penalty", params.frequency_penalty),
        presence_penalty: penalty("presence_penalty", params.presence_penalty),
        logprobs: params.logprobs.filter(|wanted| *wanted && takes(target, "logprobs")),
    }
}

/// The tools on offer: where one is demanded, only that one.
fn tools<'a>(request: &'a ChatRequest<'a>) -> Result<Vec<FunctionTool<'a>>, BadRequest> {
    let demanded = match &request.tool_choice {
        Some(ToolChoice::Function(name)) => Some(name.as_str()),
        Some(ToolChoice::None | ToolChoice::Auto | ToolChoice::Required) | None => None,
    };
    let offered = request.tools.iter().filter(|tool| demanded.is_none_or(|it| it == tool.name));
    let offered: Vec<_> = offered.map(FunctionTool::new).collect();
    match demanded {
        Some(name) if offered.is_empty() => {
            Err(BadRequest::new(format!("tool_choice: No tool is named \"{name}\"")))
        }
        _ => Ok(offered),
    }
}

fn tool_choice(request: &ChatRequest<'_>) -> Option<&'static str> {
    if request.tools.is_empty() {
        return None;
    }
    match request.tool_choice.as_ref()? {
        ToolChoice::Auto => None,
        ToolChoice::None => Some("NONE"),
        ToolChoice::Required | ToolChoice::Function(_) => Some("REQUIRED"),
    }
}

fn form(asked: Option<&ResponseFormat>) -> Result<Form<'_>, Unsupported> {
    match asked {
        None | Some(ResponseFormat::Text) => Ok(Form::Free),
        Some(ResponseFormat::JsonObject) => Ok(Form::Json(None)),
        Some(ResponseFormat::JsonSchema { schema, .. }) => Ok(Form::Json(schema.as_ref())),
        Some(ResponseFormat::Grammar { .. }) => Err(Unsupported("answers by a grammar".to_owned())),
        Some(ResponseFormat::Python) => Err(Unsupported("answers in Python".to_owned())),
    }
}

/// An effort is a share of what may be written (§2.4); where that is unknown, thinking has no
/// bound of its own.
fn thinking(params: &ChatParams, target: &Target<'_>) -> Option<Thinking> {
    let reasoning = &params.reasoning;
    if !reasoning.wanted().filter(|_| takes(target, "reasoning"))? {
        return Some(Thinking { kind: "disabled", token_budget: None });
    }
    let most = [params.max_tokens, target.max_output].into_iter().flatten().min();
    let percent = reasoning.effort_or_default().percent_of_max_tokens();
    let share = || Some(most?.saturating_mul(percent) / 100);
    let token_budget = reasoning.max_tokens.or_else(share).map(|tokens| tokens.max(1));
    Some(Thinking { kind: "enabled", token_budget })
}
