//! One turn of the assistant: what this dialect has as items, chat has as one message.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::ObjectWriter;
use crate::responses::annotation;
use crate::responses::parts::{self, Part};
use crate::translation::outgoing::{ChatContent, ChatPart, ChatToolCall, MediaUrl};

/// The format of a reasoning item that names none: it is OpenAI's own.
const OPENAI_FORMAT: &str = "openai-responses-v1";

/// Anthropic checks that thoughts come back in the place where they were.
const ANTHROPIC_FORMAT: &str = "anthropic-claude-v1";

/// How ids begin that we gave ourselves, because the provider gave none: no provider knows them.
const OWN_REASONING_ID: &str = "rs_gen-";

/// A reasoning item as received.
#[derive(Deserialize)]
pub(super) struct ReasoningItem<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    summary: Option<Vec<TextObject<'a>>>,
    #[serde(borrow, default)]
    content: Option<Vec<TextObject<'a>>>,
    #[serde(borrow, default)]
    encrypted_content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    format: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    signature: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct TextObject<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// An element of `reasoning_details` (contract §3.1), its format kept whatever it is.
#[derive(Debug, Clone, Serialize)]
struct Detail<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    format: Cow<'a, str>,
    index: usize,
}

/// What the assistant did between two other speakers.
#[derive(Debug, Default)]
pub(super) struct Turn<'a> {
    thoughts: Vec<Detail<'a>>,
    /// Thoughts that came after words: whether they belong to this message or begin the next is
    /// decided by what follows.
    later_thoughts: Vec<Detail<'a>>,
    /// Reasoning items so far.
    blocks: usize,
    parts: Vec<ChatPart<'a>>,
    /// Characters of text in `parts`.
    characters: u64,
    annotations: Vec<Box<RawValue>>,
    refusal: Option<String>,
    calls: Vec<ChatToolCall<'a>>,
    images: Vec<ChatPart<'a>>,
}

impl<'a> Turn<'a> {
    /// Whether nothing was done.
    pub(super) fn is_empty(&self) -> bool {
        self.thoughts.is_empty() && self.later_thoughts.is_empty() && !self.has_answer()
    }

    /// Whether words, calls or images must begin a message of their own: thoughts that came after
    /// words and lead to what follows would otherwise move in front of those words.
    pub(super) fn must_be_closed(&self) -> bool {
        !self.later_thoughts.is_empty()
    }

    /// Takes the thoughts that begin the next message.
    pub(super) fn next(&mut self) -> Self {
        let thoughts = std::mem::take(&mut self.later_thoughts);
        Self { thoughts, blocks: self.blocks, ..Self::default() }
    }

    fn has_answer(&self) -> bool {
        !self.parts.is_empty()
            || self.refusal.is_some()
            || !self.calls.is_empty()
            || !self.images.is_empty()
    }

    /// The assistant thinks.
    pub(super) fn think(&mut self, item: ReasoningItem<'a>) {
        let format = item.format.unwrap_or(Cow::Borrowed(OPENAI_FORMAT));
        // Results must follow a message with calls at once, so nothing is split off from it.
        let after_words = self.has_answer() && self.calls.is_empty();
        let apart = after_words && (format == ANTHROPIC_FORMAT || !self.later_thoughts.is_empty());
        let blank = Detail {
            kind: "reasoning.text",
            text: None,
            summary: None,
            data: None,
            signature: None,
            id: item.id.filter(|id| !id.is_empty() && !id.starts_with(OWN_REASONING_ID)),
            format,
            index: self.blocks,
        };
        let thoughts = if apart { &mut self.later_thoughts } else { &mut self.thoughts };
        for TextObject { text } in item.summary.into_iter().flatten() {
            let kind = "reasoning.summary";
            thoughts.push(Detail { kind, summary: Some(text), ..blank.clone() });
        }
        let texts = item.content.unwrap_or_default();
        let last = texts.len().saturating_sub(1);
        let mut signature = item.signature;
        for (index, TextObject { text }) in texts.into_iter().enumerate() {
            // The signature closes the block.
            let signature = if index == last { signature.take() } else { None };
            thoughts.push(Detail { text: Some(text), signature, ..blank.clone() });
        }
        if let Some(data) = item.encrypted_content {
            let (kind, signature) = ("reasoning.encrypted", signature.take());
            thoughts.push(Detail { kind, data: Some(data), signature, ..blank.clone() });
        }
        if signature.is_some() {
            thoughts.push(Detail { signature, ..blank });
        }
        self.blocks += 1;
    }

    /// The assistant speaks.
    pub(super) fn say(&mut self, parts: Vec<Part<'a>>) {
        for part in parts {
            match part {
                Part::Content(part, annotations) => {
                    let before = self.characters;
                    let nested = |it: &RawValue| annotation::nested(it, before);
                    self.annotations.extend(annotations.into_iter().filter_map(nested));
                    if let ChatPart::Text { text, .. } = &part {
                        let count = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
                        self.characters = self.characters.saturating_add(count);
                    }
                    self.parts.push(part);
                }
                Part::Refusal(text) => self.refusal.get_or_insert_default().push_str(&text),
            }
        }
    }

    /// The assistant calls a tool.
    pub(super) fn call(&mut self, id: Cow<'a, str>, name: Cow<'a, str>, arguments: Cow<'a, str>) {
        self.calls.push(ChatToolCall::new(id, name, arguments));
    }

    /// The assistant draws.
    pub(super) fn draw(&mut self, url: String) {
        let image_url = MediaUrl { url: Cow::Owned(url), detail: None };
        let index = Some(self.images.len());
        self.images.push(ChatPart::ImageUrl { image_url, index, cache_control: None });
    }

    /// Writes the turn as one message.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        self.thoughts.append(&mut self.later_thoughts);
        let mut message = ObjectWriter::new(out);
        message.field("role", "assistant");
        let calls_only = self.parts.is_empty() && !self.calls.is_empty();
        let parts = std::mem::take(&mut self.parts);
        let content = if calls_only { ChatContent::Nothing } else { parts::content(parts) };
        message.field("content", &content);
        if let Some(refusal) = &self.refusal {
            message.field("refusal", refusal);
        }
        if !self.thoughts.is_empty() {
            // Providers of the chat protocol know thoughts as plain text at best.
            let readable: String = self.thoughts.iter().filter_map(Detail::readable).collect();
            if !readable.is_empty() {
                message.field("reasoning", &readable);
            }
            message.field("reasoning_details", &self.thoughts);
        }
        if !self.calls.is_empty() {
            message.field("tool_calls", &self.calls);
        }
        if !self.images.is_empty() {
            message.field("images", &self.images);
        }
        if !self.annotations.is_empty() {
            message.field("annotations", &self.annotations);
        }
        message.end();
    }
}

impl Detail<'_> {
    fn readable(&self) -> Option<&str> {
        self.text.as_deref().or(self.summary.as_deref())
    }
}
