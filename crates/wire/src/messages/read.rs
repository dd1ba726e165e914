//! What the gateway itself must know of a request.

use crate::chat::{ChatParams, PARAMETERS};
use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{RawObject, raw_value};
use crate::messages::fields::{Fields, Path, elements};
use crate::messages::thinking::Thinking;
use crate::messages::{output, survey, tools};

/// Most models in `fallbacks` (contract §3.6).
const FALLBACKS_MAX: usize = 3;

/// Members of this dialect that chat has no word for, or another meaning.
pub(super) const UNTRANSLATABLE: &[&str] = &[
    "context_management",
    "container",
    "mcp_servers",
    "betas",
    "anthropic_beta",
    "anthropic_version",
    "inference_geo",
    "prompt",
];

/// Reads a request.
pub(super) fn read(object: &RawObject) -> Result<Reading, BadRequest> {
    let bytes = object.text().as_bytes();
    let mut reading = Reading::default();
    let Reading { params, survey, parameters } = &mut reading;
    for (name, raw, offset) in object.members_at().filter(|(_, raw, _)| *raw != "null") {
        match name {
            "messages" => survey::messages(bytes, offset, survey)?,
            "system" => survey::system(bytes, offset, survey)?,
            "tools" => survey::tools(bytes, offset, survey)?,
            "thinking" | "output_config" | "output_format" | "tool_choice" | "fallbacks"
            | "stop_sequences" | "metadata" | "speed" => {}
            name if UNTRANSLATABLE.contains(&name) => {}
            name => params.take(name, raw_value(raw)?)?,
        }
        if let Some(known) = PARAMETERS.iter().find(|known| **known == name) {
            parameters.push(known);
        }
    }
    if object.member("messages").is_none() {
        return Err(BadRequest::new("messages: Required"));
    }
    own_members(object, params, parameters)?;
    Ok(reading)
}

/// The members that chat has by another name.
fn own_members(
    object: &RawObject,
    params: &mut ChatParams,
    parameters: &mut Vec<&'static str>,
) -> Result<(), BadRequest> {
    let mut uses = |name: &'static str, used: bool| {
        if used && !parameters.contains(&name) {
            parameters.push(name);
        }
    };
    if let Some(stops) = stop_sequences(object)? {
        params.stop = stops;
        uses("stop", true);
    }
    let thinking = Thinking::read(object)?;
    uses("reasoning", thinking.is_wanted());
    if let Some(reasoning) = thinking.reasoning() {
        let exclude = params.reasoning.exclude;
        params.reasoning = reasoning;
        params.reasoning.exclude = exclude;
    }
    if let Some(verbosity) = thinking.verbosity() {
        params.verbosity = Some(verbosity.as_str().to_owned());
        uses("verbosity", true);
    }
    let one_at_a_time = tools::choice(object)?.is_some_and(|choice| choice.one_at_a_time);
    if one_at_a_time {
        params.parallel_tool_calls = Some(false);
        uses("parallel_tool_calls", true);
    }
    if let Some(schema) = output::schema(object)? {
        params.response_format = Some(output::format(schema));
        uses("response_format", true);
    }
    if is_hurried(object) {
        params.service_tier = Some("priority".to_owned());
    }
    if params.user.is_none() {
        params.user = user(object)?;
    }
    if let Some(models) = fallbacks(object)? {
        params.models = models;
    }
    Ok(())
}

/// `stop_sequences`: as many as the client likes.
pub(super) fn stop_sequences(object: &RawObject) -> Result<Option<Vec<String>>, BadRequest> {
    object.get("stop_sequences", "array of strings")
}

/// Whether `speed` asks for what chat calls `priority` (contract §5.7). A tier that is named goes
/// before it; `auto` names none, clients send it by default.
pub(super) fn is_hurried(object: &RawObject) -> bool {
    object.member("speed") == Some(r#""fast""#)
        && matches!(object.member("service_tier"), None | Some(r#""auto""#))
}

/// `metadata.user_id`.
pub(super) fn user(object: &RawObject) -> Result<Option<String>, BadRequest> {
    let Some(raw) = object.member("metadata") else { return Ok(None) };
    let metadata = Fields::read(raw, Path::top("metadata"))?;
    Ok(metadata.text("user_id")?.map(|user| user.unescaped().into_owned()))
}

/// `fallbacks`, another form of `models` (contract §3.6).
pub(super) fn fallbacks(object: &RawObject) -> Result<Option<Vec<String>>, BadRequest> {
    let Some(raw) = object.member("fallbacks") else { return Ok(None) };
    if object.member("models").is_some() {
        return Err(BadRequest::new("fallbacks: Send either models or fallbacks, not both"));
    }
    let path = Path::top("fallbacks");
    let entries = elements(raw, &path)?;
    if entries.len() > FALLBACKS_MAX {
        return Err(BadRequest::new(format!(
            "fallbacks: Array must contain at most {FALLBACKS_MAX} elements, received {}",
            entries.len()
        )));
    }
    let model = |(index, raw)| {
        let entry = Fields::read(raw, path.element(index))?;
        if let Some(other) = entry.names().find(|name| *name != "model") {
            return Err(BadRequest::new(format!(
                "{}: Expected nothing but model, received {other}",
                entry.path()
            )));
        }
        Ok(entry.required_text("model")?.unescaped().into_owned())
    };
    entries.into_iter().enumerate().map(model).collect::<Result<_, _>>().map(Some)
}
