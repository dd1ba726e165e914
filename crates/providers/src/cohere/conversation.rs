//! Messages become the provider's: the same roles in the same order.
//!
//! # Invariants
//!
//! Nothing stands between a tool's result and the next: what has no place in a result follows
//! behind the last of them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{self, Message, Role};

use crate::Unsupported;
use crate::encoding::{Media, is_object};
use crate::pieces::{self, ImageUrl, arguments, content, name_speaker, text, texts};
use crate::replay::{failed, thoughts};

/// A message.
#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(super) enum Turn<'a> {
    /// Instructions.
    System { content: Content<'a> },
    /// The person.
    User { content: Content<'a> },
    /// The model.
    Assistant {
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_plan: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
    },
    /// A tool's result.
    Tool { tool_call_id: &'a str, content: Content<'a> },
}

type Content<'a> = pieces::Content<'a, Piece<'a>>;

/// A piece of what is said.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Piece<'a> {
    /// Text.
    Text { text: Cow<'a, str> },
    /// What the model thought.
    Thinking { thinking: Cow<'a, str> },
    /// An image.
    ImageUrl { image_url: ImageUrl<'a> },
    /// A result that can be cited.
    Document { document: Document<'a> },
}

/// An object of a tool's result.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    data: &'a RawValue,
}

impl<'a> pieces::Piece<'a> for Piece<'a> {
    fn of_text(text: Cow<'a, str>) -> Self {
        Self::Text { text }
    }

    fn text(&mut self) -> Option<&mut Cow<'a, str>> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Reads the messages. A model that `reasons` gets its thoughts back as such.
pub(super) fn read<'a>(
    messages: &'a [Message<'a>],
    reasons: bool,
) -> Result<Vec<Turn<'a>>, Unsupported> {
    let mut turns = Vec::with_capacity(messages.len());
    let mut beside = Vec::new();
    for message in messages {
        if message.role != Role::Tool {
            flush(&mut turns, &mut beside);
        }
        match message.role {
            Role::System | Role::Developer => {
                turns.push(Turn::System { content: content(texts::<Piece<'_>>(message)) });
            }
            Role::User => turns.push(Turn::User { content: content(said(message)?) }),
            Role::Assistant => turns.extend(assistant(message, reasons)),
            Role::Tool => turns.push(result(message, &mut beside)?),
        }
    }
    flush(&mut turns, &mut beside);
    Ok(turns)
}

/// Adds an instruction behind those that the conversation begins with.
pub(super) fn instruct(turns: &mut Vec<Turn<'_>>, instruction: String) {
    let leading = turns.iter().take_while(|it| matches!(it, Turn::System { .. })).count();
    let content = Content::Text(Cow::Owned(instruction));
    turns.insert(leading, Turn::System { content });
}

/// The user shows what a tool's result had no place for.
fn flush<'a>(turns: &mut Vec<Turn<'a>>, beside: &mut Vec<Piece<'a>>) {
    if !beside.is_empty() {
        turns.push(Turn::User { content: Content::Pieces(std::mem::take(beside)) });
    }
}

fn assistant<'a>(message: &'a Message<'a>, reasons: bool) -> Option<Turn<'a>> {
    let thoughts = thoughts(message);
    let calls = !message.tool_calls.is_empty();
    let (thinking, tool_plan) = match (reasons, calls) {
        (true, _) => (thoughts, None),
        (false, true) => (None, thoughts),
        (false, false) => (None, None),
    };
    let mut pieces: Vec<_> =
        thinking.map(|thinking| Piece::Thinking { thinking }).into_iter().collect();
    pieces.extend(texts::<Piece<'_>>(message));
    pieces.extend(message.refusal.as_deref().and_then(|it| text(Cow::Borrowed(it))));
    if pieces.is_empty() && !calls {
        return None;
    }
    let tool_calls = message.tool_calls.iter().map(|call| ToolCall {
        id: &call.id,
        kind: "function",
        function: Function { name: &call.name, arguments: arguments(&call.arguments) },
    });
    Some(Turn::Assistant {
        content: (!pieces.is_empty()).then(|| content(pieces)),
        tool_plan,
        tool_calls: tool_calls.collect(),
    })
}

fn said<'a>(message: &'a Message<'a>) -> Result<Vec<Piece<'a>>, Unsupported> {
    let pieces = message.content.iter().filter_map(|part| piece(part).transpose());
    let mut pieces = pieces.collect::<Result<Vec<_>, _>>()?;
    name_speaker(&mut pieces, message.name.as_deref());
    Ok(pieces)
}

fn result<'a>(
    message: &'a Message<'a>,
    beside: &mut Vec<Piece<'a>>,
) -> Result<Turn<'a>, Unsupported> {
    let mut pieces = Vec::new();
    for part in &message.content {
        match piece(part)? {
            Some(Piece::Text { text }) if message.is_error && pieces.is_empty() => {
                pieces.push(Piece::Text { text: failed(text) });
            }
            Some(Piece::Text { text: Cow::Borrowed(text) }) => match documents(text) {
                Some(documents) => pieces.extend(documents),
                None => pieces.push(Piece::Text { text: Cow::Borrowed(text) }),
            },
            Some(text @ Piece::Text { .. }) => pieces.push(text),
            Some(other) => beside.push(other),
            None => {}
        }
    }
    if message.is_error && pieces.is_empty() {
        pieces.push(Piece::Text { text: failed(Cow::Borrowed("")) });
    }
    let tool_call_id = message.tool_call_id.as_deref().unwrap_or_default();
    Ok(Turn::Tool { tool_call_id, content: content(pieces) })
}

/// A result in JSON: an object is a document, a list of objects is a document each.
fn documents(text: &str) -> Option<Vec<Piece<'_>>> {
    let document = |data| Piece::Document { document: Document { data } };
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        let all = !list.is_empty() && list.iter().all(|it| is_object(it));
        return all.then(|| list.into_iter().map(document).collect());
    }
    let object = serde_json::from_str::<&RawValue>(text).ok().filter(|raw| is_object(raw))?;
    Some(vec![document(object)])
}

fn piece<'a>(part: &'a chat::Part<'a>) -> Result<Option<Piece<'a>>, Unsupported> {
    match part {
        chat::Part::Text { text: said, .. } => Ok(text(Cow::Borrowed(said))),
        chat::Part::Image { url, detail, .. } => image(url, detail.as_deref()).map(Some),
        chat::Part::File { data: Some(data), .. } => file(data),
        chat::Part::File { file_id: Some(_), .. } => {
            Err(Unsupported("an uploaded file".to_owned()))
        }
        chat::Part::File { .. } => Ok(None),
        chat::Part::Audio { .. } => Err(Unsupported("audio".to_owned())),
        chat::Part::Video { .. } => Err(Unsupported("video".to_owned())),
    }
}

fn image<'a>(url: &'a str, detail: Option<&'a str>) -> Result<Piece<'a>, Unsupported> {
    Ok(Piece::ImageUrl { image_url: ImageUrl::read(url, detail)? })
}

/// Only files that are text or an image can be told.
fn file(data: &str) -> Result<Option<Piece<'_>>, Unsupported> {
    match Media::read(data)? {
        Media::Inline(it) if it.media_type.starts_with("text/") => Ok(text(Cow::Owned(it.text()?))),
        Media::Inline(it) if it.media_type.starts_with("image/") => image(data, None).map(Some),
        Media::Inline(it) => Err(Unsupported(format!("a file of the type {}", it.media_type))),
        Media::Remote(_) => Err(Unsupported("a file by its address".to_owned())),
    }
}
