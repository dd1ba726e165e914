//! Messages in the order and with the fields that the provider takes.
//!
//! # Invariants
//!
//! Instructions follow instructions or the user; the user never follows a tool; an assistant that
//! says nothing and calls nothing is left out.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use tollgate_wire::chat::{self, Message, ReasoningFormat, Role};

use super::call_id::call_id;
use crate::Unsupported;
use crate::encoding::{Media, is_http, prefixed};
use crate::replay::{failed, thoughts};

/// What the assistant says between a tool and the user, where the caller left it out.
const PAUSE: &str = "OK.";

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
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
        /// The answer goes on from this message.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        prefix: bool,
    },
    /// A tool's result.
    Tool {
        content: Content<'a>,
        tool_call_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
    },
}

/// What is said: one text, or pieces.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Pieces(Vec<Piece<'a>>),
}

/// A piece of what is said.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Piece<'a> {
    Text {
        text: Cow<'a, str>,
    },
    ImageUrl {
        image_url: ImageUrl<'a>,
    },
    DocumentUrl {
        document_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        document_name: Option<&'a str>,
    },
    File {
        file_id: &'a str,
    },
    InputAudio {
        /// Base64, or an address.
        input_audio: &'a str,
    },
    Thinking {
        thinking: [Thought<'a>; 1],
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'a str>,
    },
}

/// Where an image is, and how closely to look.
#[derive(Debug, Serialize)]
pub(super) struct ImageUrl<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// A piece of thought.
#[derive(Debug, Serialize)]
pub(super) struct Thought<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Cow<'a, str>,
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// The messages being read.
#[derive(Debug)]
struct Conversation<'a> {
    turns: Vec<Turn<'a>>,
    /// Instructions from where they may not stand.
    instructions: Vec<Turn<'a>>,
    /// Functions by the id of the call.
    names: HashMap<&'a str, &'a str>,
    /// The model gets its thoughts back.
    reasons: bool,
}

/// Reads the messages. A model that `reasons` gets its thoughts back.
pub(super) fn read<'a>(
    messages: &'a [Message<'a>],
    reasons: bool,
) -> Result<Vec<Turn<'a>>, Unsupported> {
    let mut conversation = Conversation {
        turns: Vec::with_capacity(messages.len()),
        instructions: Vec::new(),
        names: HashMap::new(),
        reasons,
    };
    for message in messages {
        match message.role {
            Role::System | Role::Developer => conversation.system(message),
            Role::User => conversation.user(message)?,
            Role::Assistant => conversation.assistant(message),
            Role::Tool => conversation.tool(message)?,
        }
    }
    let Conversation { mut turns, instructions, .. } = conversation;
    if let Some(Turn::Assistant { prefix, tool_calls, .. }) = turns.last_mut() {
        *prefix = tool_calls.is_empty();
    }
    let leading = turns.iter().take_while(|it| matches!(it, Turn::System { .. })).count();
    turns.splice(leading..leading, instructions);
    Ok(turns)
}

impl<'a> Conversation<'a> {
    fn system(&mut self, message: &'a Message<'a>) {
        let turn = Turn::System { content: content(texts(message)) };
        match self.turns.last() {
            None | Some(Turn::System { .. } | Turn::User { .. }) => self.turns.push(turn),
            Some(Turn::Assistant { .. } | Turn::Tool { .. }) => self.instructions.push(turn),
        }
    }

    fn user(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut pieces = pieces(message)?;
        let text = pieces.iter_mut().find_map(|piece| match piece {
            Piece::Text { text } => Some(text),
            _ => None,
        });
        if let (Some(text), Some(name)) = (text, message.name.as_deref()) {
            *text = Cow::Owned(prefixed(Some(name), text).into_owned());
        }
        if let Some(Turn::Tool { .. }) = self.turns.last() {
            let content = Some(Content::Text(Cow::Borrowed(PAUSE)));
            self.turns.push(Turn::Assistant { content, tool_calls: Vec::new(), prefix: false });
        }
        self.turns.push(Turn::User { content: content(pieces) });
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message<'a>) {
        let mut pieces = Vec::new();
        if self.reasons {
            pieces.extend(thoughts(message).map(|text| Piece::Thinking {
                thinking: [Thought { kind: "text", text }],
                signature: signature(message),
            }));
        }
        pieces.extend(texts(message));
        pieces.extend(message.refusal.as_deref().and_then(|it| text(Cow::Borrowed(it))));
        let mut tool_calls = Vec::with_capacity(message.tool_calls.len());
        for call in &message.tool_calls {
            self.names.insert(&call.id, &call.name);
            let arguments = call.arguments.as_ref();
            let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
            let function = Function { name: &call.name, arguments };
            tool_calls.push(ToolCall { id: call_id(&call.id), kind: "function", function });
        }
        if pieces.is_empty() && tool_calls.is_empty() {
            return;
        }
        let content = (!pieces.is_empty()).then(|| content(pieces));
        self.turns.push(Turn::Assistant { content, tool_calls, prefix: false });
    }

    fn tool(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let name = self.names.get(id).copied().or(message.name.as_deref());
        let mut pieces = pieces(message)?;
        if message.is_error {
            mark_failed(&mut pieces);
        }
        let content = content(pieces);
        self.turns.push(Turn::Tool { content, tool_call_id: call_id(id), name });
        Ok(())
    }
}

fn mark_failed(pieces: &mut Vec<Piece<'_>>) {
    let mut texts = pieces.iter_mut().filter_map(|piece| match piece {
        Piece::Text { text } => Some(text),
        _ => None,
    });
    match texts.next() {
        Some(text) => *text = failed(std::mem::take(text)),
        None => pieces.insert(0, Piece::Text { text: failed(Cow::Borrowed("")) }),
    }
}

/// The provider's proof of its thoughts: another's says nothing to it.
fn signature<'a>(message: &'a Message<'a>) -> Option<&'a str> {
    let own = message.reasoning_details.iter().rev();
    own.filter(|it| it.format == ReasoningFormat::Unknown).find_map(|it| it.signature.as_deref())
}

fn pieces<'a>(message: &'a Message<'a>) -> Result<Vec<Piece<'a>>, Unsupported> {
    message.content.iter().filter_map(|part| piece(part).transpose()).collect()
}

fn piece<'a>(part: &'a chat::Part<'a>) -> Result<Option<Piece<'a>>, Unsupported> {
    match part {
        chat::Part::Text { text: said, .. } => Ok(text(Cow::Borrowed(said))),
        chat::Part::Image { url, detail, .. } => image(url, detail.as_deref()).map(Some),
        chat::Part::Audio { data, .. } => Ok(Some(audio(data))),
        chat::Part::Video { .. } => Err(Unsupported("video".to_owned())),
        chat::Part::File { filename, data: Some(data), .. } => file(data, filename.as_deref()),
        chat::Part::File { file_id: Some(id), filename, .. } if is_http(id) => {
            Ok(Some(document(id, filename.as_deref())))
        }
        chat::Part::File { file_id: Some(file_id), .. } => Ok(Some(Piece::File { file_id })),
        chat::Part::File { .. } => Ok(None),
    }
}

fn image<'a>(url: &'a str, detail: Option<&'a str>) -> Result<Piece<'a>, Unsupported> {
    known_address(url)?;
    let detail = detail.filter(|it| matches!(*it, "auto" | "low" | "high"));
    Ok(Piece::ImageUrl { image_url: ImageUrl { url, detail } })
}

/// The provider finds the format out by itself.
fn audio(data: &str) -> Piece<'_> {
    let input_audio = match Media::read(data) {
        Ok(Media::Inline(it)) => it.data,
        _ => data,
    };
    Piece::InputAudio { input_audio }
}

fn file<'a>(data: &'a str, name: Option<&'a str>) -> Result<Option<Piece<'a>>, Unsupported> {
    known_address(data)?;
    match Media::read(data)? {
        Media::Inline(it) if it.media_type.starts_with("text/") => Ok(text(Cow::Owned(it.text()?))),
        Media::Inline(it) if it.media_type.starts_with("image/") => image(data, None).map(Some),
        Media::Inline(_) | Media::Remote(_) => Ok(Some(document(data, name))),
    }
}

fn document<'a>(document_url: &'a str, document_name: Option<&'a str>) -> Piece<'a> {
    Piece::DocumentUrl { document_url, document_name }
}

fn known_address(url: &str) -> Result<(), Unsupported> {
    match Media::read(url)? {
        Media::Remote(url) if !is_http(url) => {
            Err(Unsupported("an address that is neither http(s) nor a data URI".to_owned()))
        }
        Media::Remote(_) | Media::Inline(_) => Ok(()),
    }
}

fn texts<'a>(message: &'a Message<'a>) -> Vec<Piece<'a>> {
    let texts = message.content.iter().filter_map(|part| match part {
        chat::Part::Text { text: said, .. } => text(Cow::Borrowed(said)),
        _ => None,
    });
    texts.collect()
}

fn text(text: Cow<'_, str>) -> Option<Piece<'_>> {
    (!text.is_empty()).then_some(Piece::Text { text })
}

/// Plain where it is one text; nothing is an empty text.
fn content(mut pieces: Vec<Piece<'_>>) -> Content<'_> {
    match (pieces.pop(), pieces.is_empty()) {
        (None, _) => Content::Text(Cow::Borrowed("")),
        (Some(Piece::Text { text }), true) => Content::Text(text),
        (Some(last), _) => {
            pieces.push(last);
            Content::Pieces(pieces)
        }
    }
}
