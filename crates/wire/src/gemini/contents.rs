//! Contents of parts become messages.
//!
//! # Thoughts and signatures
//!
//! Signatures hang on parts and must come back on the same parts. In chat they are sealed
//! `reasoning_details` of format `google-gemini-v1`: one with the `id` of a tool call belongs to
//! that call, one without to the text. What another provider signed comes in an envelope (see
//! `seal`), which is opened.
//!
//! # Invariants
//!
//! - All that the model said before it was answered is one assistant message, and texts that follow
//!   each other are one text: clients that stream keep every chunk as a content of its own.
//! - Tool messages come directly behind the message that called.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::part::{Call, Part, Said, Signed, ToolResult};
use super::seal;
use crate::chat::{ReasoningDetail, ReasoningFormat, ReasoningKind};
use crate::error::BadRequest;
use crate::json::kind_of;
use crate::translation::call_ids::CallIds;
use crate::translation::outgoing::{ChatContent, ChatMessage, ChatPart, ChatToolCall};
use crate::translation::{Translation, many, parse};

#[derive(Deserialize)]
struct ContentObject<'a> {
    #[serde(borrow, default)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    parts: Option<&'a RawValue>,
}

/// One element of `contents`, its parts read.
struct Content<'a> {
    path: String,
    by_model: bool,
    parts: Vec<Part<'a>>,
}

/// A conversation being translated.
#[derive(Debug)]
struct Conversation<'a> {
    messages: Vec<ChatMessage<'a>>,
    ids: CallIds<'a>,
    /// What the model is saying.
    turn: Option<Turn<'a>>,
    /// What the user said since, held back until all tool results were seen.
    user: Vec<ChatMessage<'a>>,
    has_calls: bool,
}

/// All that the model says before it is answered.
#[derive(Debug, Default)]
struct Turn<'a> {
    content: Vec<ChatPart<'a>>,
    images: Vec<ChatPart<'a>>,
    calls: Vec<ChatToolCall<'a>>,
    reasoning: String,
    details: Vec<ReasoningDetail>,
    /// A thought that may go on.
    thought: String,
    /// The next free index of `details`.
    next: u32,
}

/// Translates instructions and contents.
pub(super) fn messages<'a>(
    system: Option<&'a RawValue>,
    contents: &'a RawValue,
    resolution: Option<&'static str>,
    chat: &mut Translation<'_, '_>,
) -> Result<Vec<ChatMessage<'a>>, BadRequest> {
    let mut read = Vec::new();
    for (index, raw) in many("contents", contents)?.into_iter().enumerate() {
        read.push(Content::read(format!("contents.{index}"), raw)?);
    }
    let ids = read.iter().flat_map(|it| &it.parts).filter_map(Part::call_id);
    let ids = CallIds::new(ids);
    let (messages, user) = (Vec::new(), Vec::new());
    let mut conversation = Conversation { messages, ids, turn: None, user, has_calls: false };
    conversation.messages.extend(system.map(instructions).transpose()?.flatten());
    for content in read {
        let (path, by_model) = (content.path, content.by_model);
        let mut user = Vec::new();
        for (index, part) in content.parts.into_iter().enumerate() {
            let path = format!("{path}.parts.{index}");
            let signed = part.read(&path, resolution)?;
            if signed.cuts_film {
                chat.lose("contents.parts.videoMetadata");
            }
            match signed.said {
                Said::Unknown(name) => chat.lose(format!("contents.parts.{name}")),
                Said::Result(result) => conversation.answer(result),
                _ if by_model => conversation.model(signed),
                Said::Text(text) | Said::Thought(text) if text.is_empty() => {}
                Said::Text(text) | Said::Thought(text) => user.push(ChatPart::text(text)),
                Said::Media(part) => user.push(part),
                // A call is the model's, whoever is said to have made it.
                Said::Call(_) => conversation.model(signed),
            }
        }
        if !by_model && !user.is_empty() {
            let content = ChatContent::of(user);
            conversation.user.push(ChatMessage { role: "user", content, ..ChatMessage::default() });
        }
    }
    Ok(conversation.end())
}

fn instructions(raw: &RawValue) -> Result<Option<ChatMessage<'_>>, BadRequest> {
    let path = "systemInstruction";
    if raw.get().starts_with('"') {
        return parse(path, raw).map(|text: Cow<'_, str>| Some(ChatMessage::text("system", text)));
    }
    let mut texts = Vec::new();
    for (index, part) in Content::read(path.to_owned(), raw)?.parts.into_iter().enumerate() {
        let path = format!("{path}.parts.{index}");
        match part.read(&path, None)?.said {
            Said::Text(text) | Said::Thought(text) if text.is_empty() => {}
            Said::Text(text) | Said::Thought(text) => texts.push(ChatPart::text(text)),
            _ => return Err(BadRequest::new(format!("{path}: Expected text"))),
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let content = ChatContent::of(texts);
    Ok(Some(ChatMessage { role: "system", content, ..ChatMessage::default() }))
}

impl<'a> Content<'a> {
    fn read(path: String, raw: &'a RawValue) -> Result<Self, BadRequest> {
        if !raw.get().starts_with('{') {
            let shown = kind_of(raw.get());
            return Err(BadRequest::new(format!("{path}: Expected object, received {shown}")));
        }
        let content: ContentObject<'a> = parse(&path, raw)?;
        let by_model = content.role.as_deref() == Some("model");
        let mut parts = Vec::new();
        let list = content.parts.map_or_else(|| Ok(Vec::new()), |raw| many(&path, raw))?;
        for (index, part) in list.into_iter().enumerate() {
            parts.push(parse(&format!("{path}.parts.{index}"), part)?);
        }
        Ok(Self { path, by_model, parts })
    }
}

impl<'a> Conversation<'a> {
    /// Takes a part of what the model said.
    fn model(&mut self, part: Signed<'a>) {
        self.tell_user();
        let turn = self.turn.get_or_insert_default();
        let signature = part.signature;
        match part.said {
            Said::Thought(text) => {
                turn.thought.push_str(&text);
                turn.sign(signature, None);
            }
            Said::Text(text) => {
                if !text.is_empty() {
                    turn.close_thought();
                    turn.text(text);
                }
                turn.sign(signature, None);
            }
            Said::Call(call) => turn.call(call, signature, &mut self.ids),
            Said::Media(media) => turn.media(media, signature),
            Said::Result(_) | Said::Unknown(_) => {}
        }
    }

    /// Takes what a tool answered.
    fn answer(&mut self, result: ToolResult<'a>) {
        self.tell_model();
        let id = self.ids.of_result(result.id.as_ref(), result.name.as_ref());
        let mut parts = vec![ChatPart::text(result.text)];
        parts.extend(result.media);
        self.messages.push(ChatMessage {
            role: "tool",
            content: ChatContent::of(parts),
            // Whoever reads the conversation finds the tool by the call; where there is none, here.
            name: result.name.filter(|_| !self.has_calls),
            tool_call_id: Some(id),
            is_error: result.is_error,
            ..ChatMessage::default()
        });
    }

    fn tell_model(&mut self) {
        if let Some(message) = self.turn.take().and_then(Turn::end) {
            self.has_calls |= !message.tool_calls.is_empty();
            self.messages.push(message);
        }
    }

    fn tell_user(&mut self) {
        if self.user.is_empty() {
            return;
        }
        self.tell_model();
        self.messages.append(&mut self.user);
    }

    fn end(mut self) -> Vec<ChatMessage<'a>> {
        self.tell_user();
        self.tell_model();
        self.messages
    }
}

impl<'a> Turn<'a> {
    fn text(&mut self, more: Cow<'a, str>) {
        if let Some(ChatPart::Text { text, .. }) = self.content.last_mut() {
            text.to_mut().push_str(&more);
        } else {
            self.content.push(ChatPart::text(more));
        }
    }

    fn call(&mut self, call: Call<'a>, signature: Option<Cow<'a, str>>, ids: &mut CallIds<'a>) {
        self.close_thought();
        let id = ids.of_call(call.id.as_ref(), &call.name);
        self.sign(signature, Some(&id));
        self.calls.push(ChatToolCall::new(id, call.name, Cow::Borrowed(call.arguments)));
    }

    /// An image is signed under an id that no call has, as the answer it came in told it.
    fn media(&mut self, media: ChatPart<'a>, signature: Option<Cow<'a, str>>) {
        self.close_thought();
        if let ChatPart::ImageUrl { .. } = media {
            let id = format!("image_{}", self.images.len());
            self.images.push(media);
            self.sign(signature, Some(&id));
        } else {
            self.content.push(media);
            self.sign(signature, None);
        }
    }

    /// Takes a signature: Gemini's own, or an envelope with what another provider signed.
    fn sign(&mut self, signature: Option<Cow<'a, str>>, id: Option<&str>) {
        let Some(signature) = signature else { return };
        if let Some(detail) = seal::open(&signature) {
            self.unseal(detail);
            return;
        }
        if seal::is_sealed(&signature) {
            return;
        }
        self.close_thought();
        let index = self.take_index();
        let sealed =
            ReasoningDetail::sealed(signature.into_owned(), ReasoningFormat::Gemini, index);
        self.details.push(ReasoningDetail { id: id.map(str::to_owned), ..sealed });
    }

    /// An envelope either holds all of a detail, or everything but the text before it.
    fn unseal(&mut self, mut detail: ReasoningDetail) {
        let is_text = matches!(detail.kind, ReasoningKind::Text | ReasoningKind::Summary);
        if is_text && detail.text().is_empty() {
            let thought = std::mem::take(&mut self.thought);
            self.reasoning.push_str(&thought);
            let text = Some(thought).filter(|it| !it.is_empty());
            if detail.kind == ReasoningKind::Text {
                detail.text = text;
            } else {
                detail.summary = text;
            }
        } else {
            self.close_thought();
            self.reasoning.push_str(detail.text());
        }
        self.next = self.next.max(detail.index.saturating_add(1));
        self.details.push(detail);
    }

    fn close_thought(&mut self) {
        if self.thought.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.thought);
        self.reasoning.push_str(&text);
        let index = self.take_index();
        self.details.push(ReasoningDetail::thought(text, ReasoningFormat::Gemini, index));
    }

    fn take_index(&mut self) -> u32 {
        let index = self.next;
        self.next = index.saturating_add(1);
        index
    }

    fn end(mut self) -> Option<ChatMessage<'a>> {
        self.close_thought();
        let nothing = self.content.is_empty()
            && self.images.is_empty()
            && self.calls.is_empty()
            && self.details.is_empty();
        if nothing {
            return None;
        }
        let content = match ChatContent::of(self.content) {
            ChatContent::Nothing if self.calls.is_empty() => ChatContent::Text("".into()),
            content => content,
        };
        let reasoning = (!self.reasoning.is_empty()).then_some(Cow::Owned(self.reasoning));
        Some(ChatMessage {
            role: "assistant",
            content,
            reasoning,
            reasoning_details: self.details,
            tool_calls: self.calls,
            images: self.images,
            ..ChatMessage::default()
        })
    }
}
