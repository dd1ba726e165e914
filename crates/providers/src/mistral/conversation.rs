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

use crate::Unsupported;
use crate::call_id::of_nine;
use crate::encoding::{Media, is_http};
use crate::pieces::{
    self, ImageUrl, arguments, content, known_address, mark_failed, name_speaker, text, texts,
};
use crate::replay::thoughts;

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

type Content<'a> = pieces::Content<'a, Piece<'a>>;

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

/// A piece of thought.
#[derive(Debug, Serialize)]
pub(super) struct Thought<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Cow<'a, str>,
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
        let turn = Turn::System { content: content(texts::<Piece<'_>>(message)) };
        match self.turns.last() {
            None | Some(Turn::System { .. } | Turn::User { .. }) => self.turns.push(turn),
            Some(Turn::Assistant { .. } | Turn::Tool { .. }) => self.instructions.push(turn),
        }
    }

    fn user(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut pieces = said(message)?;
        name_speaker(&mut pieces, message.name.as_deref());
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
        pieces.extend(texts::<Piece<'_>>(message));
        pieces.extend(message.refusal.as_deref().and_then(|it| text(Cow::Borrowed(it))));
        let mut tool_calls = Vec::with_capacity(message.tool_calls.len());
        for call in &message.tool_calls {
            self.names.insert(&call.id, &call.name);
            let function = Function { name: &call.name, arguments: arguments(&call.arguments) };
            tool_calls.push(ToolCall { id: of_nine(&call.id), kind: "function", function });
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
        let mut pieces = said(message)?;
        if message.is_error {
            mark_failed(&mut pieces);
        }
        let content = content(pieces);
        self.turns.push(Turn::Tool { content, tool_call_id: of_nine(id), name });
        Ok(())
    }
}

/// The provider's proof of its thoughts: another's says nothing to it.
fn signature<'a>(message: &'a Message<'a>) -> Option<&'a str> {
    let own = message.reasoning_details.iter().rev();
    own.filter(|it| it.format == ReasoningFormat::Unknown).find_map(|it| it.signature.as_deref())
}

fn said<'a>(message: &'a Message<'a>) -> Result<Vec<Piece<'a>>, Unsupported> {
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
    Ok(Piece::ImageUrl { image_url: ImageUrl::read(url, detail)? })
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
