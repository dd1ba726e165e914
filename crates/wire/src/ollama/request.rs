//! A request: surveyed, or translated into chat.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::messages;
use super::options::{Options, reasoning, response_format, take_reasoning};
use super::survey;
use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, raw_value};
use crate::translation::{Translation, note, parse, take_passed_on};

/// Members of this dialect. All others are passed on.
const OWN: &[&str] = &[
    "model",
    "messages",
    "stream",
    "tools",
    "format",
    "options",
    "think",
    "keep_alive",
    "truncate",
    "shift",
    "template",
    "_debug_render_only",
];

/// Members that chat can't express. `keep_alive` is not among them: the gateway unloads nothing.
const LOST: &[&str] = &["truncate", "shift", "template", "_debug_render_only"];

#[derive(Deserialize)]
struct ToolObject<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: &'a RawValue,
}

/// A tool as it came, or with the type it went without.
#[derive(Serialize)]
#[serde(untagged)]
enum ChatTool<'a> {
    AsGiven(&'a RawValue),
    Typed {
        #[serde(rename = "type")]
        kind: &'static str,
        function: &'a RawValue,
    },
}

fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// Checks and surveys a request.
pub(super) fn read(object: &RawObject) -> Result<Reading, BadRequest> {
    let mut reading = Reading::default();
    // The API streams unless it is told not to.
    reading.params.stream = true;
    survey::request(object, &mut reading.survey)?;
    for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
        match name {
            "model" | "stream" => reading.params.take(name, raw_value(raw)?)?,
            name if is_own(name) => {}
            name => take_passed_on(&mut reading, name, raw)?,
        }
    }
    Options::read(object)?.survey(&mut reading)?;
    if response_format(object)?.is_some() {
        note(&mut reading, "response_format");
    }
    if let Some(reasoning) = reasoning(object)? {
        take_reasoning(&mut reading.params, &reasoning)?;
        note(&mut reading, "reasoning");
    }
    if reading.survey.tools > 0 {
        note(&mut reading, "tools");
    }
    Ok(reading)
}

/// Translates a request.
pub(super) fn to_chat(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
) -> Result<Vec<String>, BadRequest> {
    let mut chat = Translation::new(chat);
    let messages =
        object.member("messages").ok_or_else(|| BadRequest::new("messages: Required"))?;
    chat.field("messages", &messages::read(raw_value(messages)?)?);
    let tools = object.member("tools").map_or_else(|| Ok(Vec::new()), read_tools)?;
    if !tools.is_empty() {
        chat.field("tools", &tools);
    }
    Options::read(object)?.write(&mut chat)?;
    if let Some(format) = response_format(object)? {
        chat.field("response_format", &format);
    }
    if let Some(reasoning) = reasoning(object)? {
        chat.field("reasoning", &reasoning);
    }
    for name in LOST {
        if object.member(name).is_some() {
            chat.lose(*name);
        }
    }
    chat.pass_on(object, is_own);
    Ok(chat.finish())
}

fn read_tools(raw: &str) -> Result<Vec<ChatTool<'_>>, BadRequest> {
    let raw: Vec<&RawValue> = parse("tools", raw_value(raw)?)?;
    let mut tools = Vec::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        let tool: ToolObject<'_> = parse(&format!("tools.{index}"), raw)?;
        tools.push(match tool.kind {
            Some(kind) if !kind.is_empty() => ChatTool::AsGiven(raw),
            _ => ChatTool::Typed { kind: "function", function: tool.function },
        });
    }
    Ok(tools)
}
