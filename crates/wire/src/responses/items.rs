//! Input items become chat messages (contract §3.5).
//!
//! What one turn of the assistant left behind, reasoning, messages and calls, is one message in
//! chat; see [`Turn`]. Items that chat has no word for, the work of tools the provider ran itself
//! above all, are left out and named.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::{ObjectWriter, raw_value};
use crate::responses::parts::{self, Part};
use crate::responses::read;
use crate::responses::turn::{ReasoningItem, Turn};
use crate::translation::custom::CustomArguments;
use crate::translation::outgoing::{ChatContent, ChatPart};
use crate::translation::{Translation, parse};

/// The messages of a chat request, being written.
#[derive(Debug)]
struct Conversation<'a, 't, 'w, 'o> {
    /// The array as far as it is written.
    messages: Vec<u8>,
    turn: Turn<'a>,
    chat: &'t mut Translation<'w, 'o>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct MessageItem<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    phase: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    call_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Cow<'a, str>,
}

#[derive(Deserialize)]
struct CustomCall<'a> {
    #[serde(borrow)]
    call_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    input: Cow<'a, str>,
}

#[derive(Deserialize)]
struct CallOutput<'a> {
    #[serde(borrow)]
    call_id: Cow<'a, str>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ImageCall<'a> {
    #[serde(borrow, default)]
    result: Option<Cow<'a, str>>,
}

/// Writes `input`, and `instructions` before it, as the messages of a chat request.
pub(super) fn write(
    instructions: Option<&str>,
    input: Option<&str>,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let mut conversation = Conversation { messages: vec![b'['], turn: Turn::default(), chat };
    if let Some(raw) = instructions {
        conversation.message("system", |message| message.raw(b"content", raw.as_bytes()));
    }
    match input {
        Some(raw) if raw.starts_with('"') => {
            conversation.message("user", |message| message.raw(b"content", raw.as_bytes()));
        }
        Some(raw) => {
            let items: Vec<&RawValue> = parse("input", raw_value(raw)?)?;
            for (index, item) in items.into_iter().enumerate() {
                conversation.item(&format!("input.{index}"), item)?;
            }
        }
        None => {}
    }
    conversation.end_turn();
    if conversation.is_empty() {
        return Err(BadRequest::new("input: Must contain at least 1 message"));
    }
    conversation.messages.push(b']');
    conversation.chat.raw("messages", conversation.messages);
    Ok(())
}

impl<'a> Conversation<'a, '_, '_, '_> {
    fn item(&mut self, path: &str, raw: &'a RawValue) -> Result<(), BadRequest> {
        let Kind { kind, role, id } = parse(path, raw)?;
        match (kind.as_deref(), role, id) {
            (Some("message") | None, Some(role), _) => self.said(path, &role, raw)?,
            (Some("message"), None, _) => return Err(unknown_role(path, None)),
            (Some("item_reference"), ..) | (None, None, Some(_)) => {
                return Err(read::refers(path));
            }
            (None, None, None) => {
                return Err(BadRequest::new(format!("{path}.type: Required")));
            }
            (Some("reasoning"), ..) => self.turn.think(parse::<ReasoningItem<'a>>(path, raw)?),
            (Some("function_call"), ..) => {
                let call: FunctionCall<'a> = parse(path, raw)?;
                self.acting().call(call.call_id, call.name, call.arguments);
            }
            (Some("custom_tool_call"), ..) => {
                let call: CustomCall<'a> = parse(path, raw)?;
                let arguments = Cow::Owned(CustomArguments { input: call.input }.to_json());
                self.acting().call(call.call_id, call.name, arguments);
            }
            (Some("function_call_output" | "custom_tool_call_output"), ..) => {
                self.result(path, &parse::<CallOutput<'a>>(path, raw)?)?;
            }
            (Some("image_generation_call"), ..) => {
                let call: ImageCall<'a> = parse(path, raw)?;
                if let Some(result) = call.result {
                    self.acting().draw(image_uri(&result));
                }
            }
            (Some(kind), ..) => self.chat.lose(format!("input.{kind}")),
        }
        Ok(())
    }

    fn said(&mut self, path: &str, role: &str, raw: &'a RawValue) -> Result<(), BadRequest> {
        let item: MessageItem<'a> = parse(path, raw)?;
        if !matches!(role, "user" | "assistant" | "system" | "developer") {
            return Err(unknown_role(path, Some(role)));
        }
        let content = parts::read(&format!("{path}.content"), item.content)?;
        if item.phase.is_some() {
            self.chat.lose("input.phase");
        }
        if role == "assistant" {
            self.acting().say(content);
            return Ok(());
        }
        self.end_turn();
        let content = plain(content);
        self.message(role, |message| message.field("content", &content));
        Ok(())
    }

    fn result(&mut self, path: &str, item: &CallOutput<'a>) -> Result<(), BadRequest> {
        self.end_turn();
        let content = plain(parts::read(&format!("{path}.output"), item.output)?);
        self.message("tool", |message| {
            message.field("tool_call_id", &item.call_id);
            message.field("content", &content);
        });
        Ok(())
    }

    /// The turn that words, a call or an image belong to.
    fn acting(&mut self) -> &mut Turn<'a> {
        if self.turn.must_be_closed() {
            let next = self.turn.next();
            let closed = std::mem::replace(&mut self.turn, next);
            self.write_turn(closed);
        }
        &mut self.turn
    }

    fn end_turn(&mut self) {
        let turn = std::mem::take(&mut self.turn);
        self.write_turn(turn);
    }

    fn write_turn(&mut self, turn: Turn<'a>) {
        if !turn.is_empty() {
            self.separate();
            turn.write(&mut self.messages);
        }
    }

    fn message(&mut self, role: &str, members: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.separate();
        let mut message = ObjectWriter::new(&mut self.messages);
        message.field("role", role);
        members(&mut message);
        message.end();
    }

    fn is_empty(&self) -> bool {
        self.messages.len() <= 1
    }

    fn separate(&mut self) {
        if !self.is_empty() {
            self.messages.push(b',');
        }
    }
}

/// What a speaker other than the assistant says; a refusal of theirs is just text.
fn plain(parts: Vec<Part<'_>>) -> ChatContent<'_> {
    let part = |part| match part {
        Part::Content(part, _) => part,
        Part::Refusal(text) => ChatPart::text(text),
    };
    parts::content(parts.into_iter().map(part).collect())
}

/// A generated image as a data URI. Its type is not said, but shows in how the base64 begins.
fn image_uri(result: &str) -> String {
    const BEGINNINGS: [(&str, &str); 4] =
        [("/9j/", "jpeg"), ("UklGR", "webp"), ("R0lGO", "gif"), ("iVBOR", "png")];
    if result.starts_with("data:") || result.starts_with("http") {
        return result.to_owned();
    }
    let known = BEGINNINGS.iter().find(|(beginning, _)| result.starts_with(beginning));
    let format = known.map_or("png", |(_, format)| *format);
    format!("data:image/{format};base64,{result}")
}

fn unknown_role(path: &str, role: Option<&str>) -> BadRequest {
    BadRequest::new(format!(
        "{path}.role: Expected one of user, assistant, system, developer, received {}",
        role.map_or_else(|| "nothing".to_owned(), |role| format!("\"{role}\""))
    ))
}
