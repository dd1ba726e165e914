//! A request: surveyed, or translated into chat.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, kind_of, raw_value, whole, wrong_type};
use crate::translation::outgoing::ChatMessage;
use crate::translation::{Translation, note, parse, take_as, take_passed_on};

/// Members of this dialect, or of chat without a meaning here. All others are passed on.
const OWN: &[&str] = &[
    "prompt",
    "echo",
    "suffix",
    "best_of",
    "n",
    "logprobs",
    "top_logprobs",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
];

/// Members that chat can't express, or whose answer would have no place.
const LOST: &[&str] = &[
    "suffix",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
];

/// `logprobs` in chat's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Logprobs {
    wanted: bool,
    top: Option<u64>,
}

/// Most alternatives per token (contract §1.1).
const TOP_MAX: u64 = 5;

fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// Checks and surveys a request.
pub(super) fn read(object: &RawObject) -> Result<Reading, BadRequest> {
    let mut reading = Reading::default();
    let prompt = prompt(object)?;
    reading.survey.messages = 1;
    reading.survey.text_bytes = u64::try_from(prompt.get().len()).unwrap_or(u64::MAX);
    for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
        match name {
            "model" | "stream" => reading.params.take(name, raw_value(raw)?)?,
            "n" | "best_of" => take_as(&mut reading.params, "n", name, raw_value(raw)?)?,
            name if is_own(name) => {}
            name => take_passed_on(&mut reading, name, raw)?,
        }
    }
    object.get::<bool>("echo", "boolean")?;
    object.get::<String>("suffix", "string")?;
    let logprobs = logprobs(object)?;
    if logprobs.wanted {
        reading.params.logprobs = Some(true);
        note(&mut reading, "logprobs");
    }
    if logprobs.top.is_some() {
        reading.params.top_logprobs = logprobs.top;
        note(&mut reading, "top_logprobs");
    }
    Ok(reading)
}

/// Translates a request.
pub(super) fn to_chat(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
) -> Result<Vec<String>, BadRequest> {
    let mut chat = Translation::new(chat);
    let prompt: Cow<'_, str> = parse("prompt", prompt(object)?)?;
    chat.field("messages", &[ChatMessage::text("user", prompt)]);
    let logprobs = logprobs(object)?;
    if logprobs.wanted {
        chat.field("logprobs", &true);
    }
    if let Some(top) = logprobs.top {
        chat.field("top_logprobs", &top);
    }
    for name in LOST {
        let sent = object.member(name).filter(|raw| !matches!(*raw, "\"\"" | "[]"));
        if sent.is_some() {
            chat.lose(*name);
        }
    }
    chat.pass_on(object, is_own);
    Ok(chat.finish())
}

/// What stands before the answer's text: the prompt, where the client wants it repeated.
pub(super) fn echo(object: &RawObject) -> String {
    if object.member("echo") != Some("true") {
        return String::new();
    }
    prompt(object).and_then(|raw| parse("prompt", raw)).unwrap_or_default()
}

/// The prompt, a string in JSON.
fn prompt(object: &RawObject) -> Result<&RawValue, BadRequest> {
    let raw = object.member("prompt").ok_or_else(|| BadRequest::new("prompt: Required"))?;
    let wrong = |raw: &str| {
        Err(BadRequest::new(format!(
            "prompt: Expected string or array of one string, received {}",
            kind_of(raw)
        )))
    };
    match raw.as_bytes().first() {
        Some(b'"') => return raw_value(raw),
        Some(b'[') => {}
        _ => return wrong(raw),
    }
    let prompts: Vec<&RawValue> = parse("prompt", raw_value(raw)?)?;
    let kind = prompts.first().and_then(|it| it.get().as_bytes().first());
    match (kind, prompts.as_slice()) {
        (None, _) => Err(BadRequest::new("prompt: Array must contain at least 1 element")),
        (Some(b'"'), [only]) => Ok(*only),
        (Some(b'"'), _) => Err(BadRequest::new("prompt: Send one prompt per request")),
        (Some(b'[' | b'-' | b'0'..=b'9'), _) => Err(BadRequest::new(
            "prompt: Tokens can't be read, because every model has its own; send the text",
        )),
        (Some(_), _) => wrong(prompts.first().map_or("null", |it| it.get())),
    }
}

/// `logprobs` is the number of alternatives here; chat's form is taken as well.
fn logprobs(object: &RawObject) -> Result<Logprobs, BadRequest> {
    let top = object
        .member("top_logprobs")
        .map(|raw| whole(raw).ok_or_else(|| wrong_type("top_logprobs", "integer", raw)));
    let top: Option<u64> = top.transpose()?;
    match object.member("logprobs") {
        None => Ok(Logprobs { wanted: top.is_some(), top }),
        Some("false") => Ok(Logprobs::default()),
        Some("true") => Ok(Logprobs { wanted: true, top }),
        Some(raw) => match whole(raw) {
            Some(count) if count <= TOP_MAX => {
                Ok(Logprobs { wanted: true, top: Some(count).filter(|it| *it > 0) })
            }
            _ => Err(BadRequest::new(format!(
                "logprobs: Expected integer from 0 to {TOP_MAX}, received {}",
                kind_of(raw)
            ))),
        },
    }
}
