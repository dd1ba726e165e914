//! A request: surveyed, or translated into chat.

use super::config::Config;
use super::contents;
use super::names::camel;
use super::survey;
use super::tools;
use crate::dialect::{Reading, Received};
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, raw_value};
use crate::translation::{Translation, note, take_passed_on};

/// Members of this dialect, in camelCase. All others are passed on.
const OWN: &[&str] = &[
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "safetySettings",
    "cachedContent",
    "labels",
    "store",
    "serviceTier",
    "modelArmorConfig",
];

/// Members that chat can't express.
const LOST: &[&str] = &["safetySettings", "cachedContent", "labels", "store", "modelArmorConfig"];

/// The members of a body that this dialect knows.
#[derive(Debug, Default)]
struct Body<'a> {
    contents: Option<&'a str>,
    system: Option<&'a str>,
    tools: Option<&'a str>,
    tool_config: Option<&'a str>,
    config: Config<'a>,
    service_tier: Option<&'static str>,
    lost: Vec<String>,
}

impl<'a> Body<'a> {
    fn read(object: &'a RawObject) -> Result<Self, BadRequest> {
        let mut body = Self::default();
        for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
            let name = camel(name);
            let name = name.as_ref();
            match name {
                "contents" => once(&mut body.contents, name, raw)?,
                "systemInstruction" => once(&mut body.system, name, raw)?,
                "tools" => once(&mut body.tools, name, raw)?,
                "toolConfig" => once(&mut body.tool_config, name, raw)?,
                "generationConfig" => body.config = Config::read(Some(raw_value(raw)?))?,
                "serviceTier" => body.service_tier = service_tier(raw),
                lost if LOST.contains(&lost) => body.lost.push(lost.to_owned()),
                _ => {}
            }
        }
        Ok(body)
    }
}

/// A member in both of its spellings is ambiguous.
fn once<'a>(slot: &mut Option<&'a str>, name: &str, raw: &'a str) -> Result<(), BadRequest> {
    match slot.replace(raw) {
        Some(_) => Err(BadRequest::new(format!("{name}: Given more than once"))),
        None => Ok(()),
    }
}

/// The contract's word for a tier (§5.7).
fn service_tier(raw: &str) -> Option<&'static str> {
    let word = raw.trim_matches('"').to_ascii_lowercase();
    match word.trim_start_matches("service_tier_") {
        "standard" => Some("default"),
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => None,
    }
}

fn is_own(name: &str) -> bool {
    OWN.contains(&camel(name).as_ref())
}

/// Whether reasoning is spoken of in chat's words, which a client of the gateway may do.
fn reasons(object: &RawObject) -> bool {
    ["reasoning", "reasoning_effort", "include_reasoning"]
        .into_iter()
        .any(|name| object.member(name).is_some())
}

/// Checks and surveys a request.
pub(super) fn read(received: &Received<'_>) -> Result<Reading, BadRequest> {
    let object = received.object;
    let mut reading = Reading::default();
    survey::request(object, &mut reading.survey)?;
    for (name, raw) in object.members() {
        match name {
            "model" => {
                let model: Option<String> = object.get("model", "string")?;
                reading.params.model = model.map(|it| match it.strip_prefix("models/") {
                    Some(rest) => rest.to_owned(),
                    None => it,
                });
            }
            name if is_own(name) => {}
            name => take_passed_on(&mut reading, name, raw)?,
        }
    }
    let body = Body::read(object)?;
    body.config.survey(&mut reading)?;
    if let Some(tier) = body.service_tier {
        reading.params.service_tier = Some(tier.to_owned());
    }
    if reading.survey.tools > 0 {
        note(&mut reading, "tools");
        if body.tool_config.is_some_and(tools::has_choice) {
            note(&mut reading, "tool_choice");
        }
    }
    Ok(reading)
}

/// Translates a request.
pub(super) fn to_chat<'r>(
    received: &Received<'r>,
    chat: &mut ObjectWriter<'_>,
) -> Result<Vec<String>, BadRequest> {
    let object = received.object;
    let body = Body::read(object)?;
    let mut chat = Translation::new(chat);
    let value = |raw: Option<&'r str>| raw.map(raw_value).transpose();
    let contents = value(body.contents)?.ok_or_else(|| BadRequest::new("contents: Required"))?;
    let system = value(body.system)?;
    let messages = contents::messages(system, contents, body.config.detail(), &mut chat)?;
    chat.field("messages", &messages);
    tools::write(value(body.tools)?, value(body.tool_config)?, &mut chat)?;
    body.config.write(&mut chat, reasons(object))?;
    if let Some(tier) = body.service_tier {
        chat.field("service_tier", tier);
    }
    for name in body.lost {
        chat.lose(name);
    }
    chat.pass_on(object, is_own);
    Ok(chat.finish())
}

/// Whether the client wants to see thoughts. The API shows none unless it is asked to.
pub(super) fn shows_thoughts(object: &RawObject) -> bool {
    let config = object.members().find(|(name, _)| camel(name) == "generationConfig");
    let config = config.and_then(|(_, raw)| Config::read(raw_value(raw).ok()).ok());
    config.and_then(|it| it.shows_thoughts()).unwrap_or_else(|| reasons(object))
}
