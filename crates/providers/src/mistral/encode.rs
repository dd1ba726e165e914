//! A call becomes a request: only what the provider documents.

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_wire::chat::{ChatParams, Effort, ResponseFormat};

use super::conversation::{self, Turn};
use super::model::ReasoningStyle;
use super::tools::{self, Choice};
use crate::adapter::{post, versioned};
use crate::encoding::{authorize, takes};
use crate::function_tool::FunctionTool;
use crate::tier::Tier;
use crate::{EncodeError, Outbound, Target, Unsupported};

/// Members of a chat request that have a place here besides the common ones.
pub(super) const OWN_MEMBERS: &[&str] = &[
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_mode",
    "safe_prompt",
    "guardrails",
    "metadata",
    "service_tier",
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
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Form<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(flatten)]
    passed: Passed<'a>,
}

/// Bounds and sampling, under the provider's names.
#[derive(Serialize)]
struct Sampling<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    /// `auto` or `standard_only`: <https://docs.mistral.ai/inference/priority-tier>.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

/// Members in which both dialects agree, or that only the provider knows: passed on as they came.
#[derive(Serialize)]
struct Passed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_mode: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safe_prompt: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrails: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

/// What form the answer must have.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Form<'a> {
    JsonObject,
    JsonSchema { json_schema: Schema<'a> },
}

#[derive(Serialize)]
struct Schema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Encodes the call.
pub(super) fn request(outbound: &Outbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let target = &outbound.target;
    let url = versioned(target.base_url, "v1", "chat/completions");
    let mut request = post(&url, body(outbound)?)?;
    authorize(request.headers_mut(), target)?;
    Ok(request)
}

fn body(outbound: &Outbound<'_>) -> Result<Vec<u8>, EncodeError> {
    let target = &outbound.target;
    let request = outbound.call.typed()?;
    let params = request.params;
    let style = ReasoningStyle::of(target.upstream_model);
    let turns = conversation::read(&request.messages, reasons(target, style))?;
    let tools = tools::offered(&request);
    let parallel = params.parallel_tool_calls.filter(|_| takes(target, "parallel_tool_calls"));
    let body = Body {
        model: target.upstream_model,
        messages: &turns,
        stream: params.stream,
        sampling: sampling(params, target),
        tool_choice: tools::choice(&request),
        parallel_tool_calls: parallel.filter(|_| !tools.is_empty()),
        tools,
        response_format: form(params.response_format.as_ref())?,
        reasoning_effort: effort(params, target).and_then(|effort| style.word(effort)),
        passed: passed(outbound, style),
    };
    Ok(serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))?)
}

/// Whether the model thinks, as far as is known: then it gets its thoughts back.
fn reasons(target: &Target<'_>, style: ReasoningStyle) -> bool {
    let known = target.supported_parameters.iter();
    style == ReasoningStyle::Native
        || known.into_iter().any(|it| it == "reasoning" || it == "reasoning_effort")
}

/// Sampling within the provider's bounds, which are narrower than the contract's (§2.1).
fn sampling<'a>(params: &'a ChatParams, target: &Target<'_>) -> Sampling<'a> {
    let number = |name: &str, value: Option<f64>| value.filter(|_| takes(target, name));
    let stops = params.stop.iter().map(String::as_str);
    Sampling {
        max_tokens: params.max_tokens.map(|it| it.min(target.max_output.unwrap_or(u64::MAX))),
        temperature: number("temperature", params.temperature).map(|it| it.min(1.5)),
        top_p: number("top_p", params.top_p),
        stop: stops.filter(|it| !it.is_empty() && takes(target, "stop")).collect(),
        // Seeds have no sign here.
        random_seed: params.seed.filter(|_| takes(target, "seed")).map(i64::unsigned_abs),
        frequency_penalty: number("frequency_penalty", params.frequency_penalty),
        presence_penalty: number("presence_penalty", params.presence_penalty),
        service_tier: Tier::asked(params, target).and_then(Tier::reserved),
    }
}

fn form(asked: Option<&ResponseFormat>) -> Result<Option<Form<'_>>, Unsupported> {
    match asked {
        None | Some(ResponseFormat::Text) => Ok(None),
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. }) => {
            Ok(Some(Form::JsonObject))
        }
        Some(ResponseFormat::JsonSchema { name, description, schema: Some(schema), strict }) => {
            let name = if name.is_empty() { "answer" } else { name };
            let json_schema =
                Schema { name, description: description.as_deref(), schema, strict: *strict };
            Ok(Some(Form::JsonSchema { json_schema }))
        }
        Some(ResponseFormat::Grammar { .. }) => Err(Unsupported("answers by a grammar".to_owned())),
        Some(ResponseFormat::Python) => Err(Unsupported("answers in Python".to_owned())),
    }
}

/// The effort asked for.
fn effort(params: &ChatParams, target: &Target<'_>) -> Option<Effort> {
    let known = takes(target, "reasoning") || takes(target, "reasoning_effort");
    let wanted = params.reasoning.wanted().filter(|_| known)?;
    let most = params.max_tokens.or(target.max_output);
    Some(if wanted { params.reasoning.effort_within(most) } else { Effort::None })
}

fn passed<'a>(outbound: &Outbound<'a>, style: ReasoningStyle) -> Passed<'a> {
    let raw = |text: &'a str| serde_json::from_str::<&'a RawValue>(text).ok();
    let member = |name| outbound.call.member(name).and_then(raw);
    let prediction = outbound.call.member("prediction").filter(|text| is_plain_prediction(text));
    let wanted = outbound.call.params().reasoning.wanted() == Some(true);
    let mode = (style == ReasoningStyle::Native && wanted).then_some(r#""reasoning""#);
    Passed {
        prediction: prediction.and_then(raw),
        prompt_cache_key: member("prompt_cache_key"),
        prompt_mode: member("prompt_mode").or_else(|| mode.and_then(raw)),
        safe_prompt: member("safe_prompt"),
        guardrails: member("guardrails"),
        metadata: member("metadata"),
    }
}

/// The provider takes a predicted text, not predicted parts.
fn is_plain_prediction(text: &str) -> bool {
    serde_json::from_str::<Value>(text)
        .is_ok_and(|it| it.get("content").is_some_and(Value::is_string))
}
