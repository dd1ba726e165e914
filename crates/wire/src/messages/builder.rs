//! Events collected into one message (contract §3.6).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::answer::AnswerBuilder;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;
use crate::messages::Wishes;
use crate::messages::blocks::{Blocks, Sink, empty_object};
use crate::messages::error::ErrorObject;
use crate::messages::object::{BlockObject, Citation, Delta, Source};
use crate::messages::stop::{Ending, Stop, failure};
use crate::messages::usage::UsageObject;

/// Collects the events of an answer and writes them as one message.
#[derive(Debug, Default)]
pub(super) struct MessageBuilder {
    blocks: Blocks,
    content: Content,
    ending: Ending,
    finish: Option<(FinishReason, String)>,
}

/// The blocks so far, in the order of their numbers.
#[derive(Debug, Default, Clone)]
struct Content(Vec<Block>);

#[derive(Debug, Clone)]
enum Block {
    Text { text: String, citations: Vec<Citation> },
    Thinking { thinking: String, signature: String },
    RedactedThinking { data: String },
    ToolUse { id: String, name: String, arguments: String },
    Image { url: String },
}

#[derive(Serialize)]
struct MessageObject<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    provider: &'a str,
    content: Vec<BlockObject<'a>>,
    #[serde(flatten)]
    stop: Ended<'a>,
    usage: UsageObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject<'a>>,
}

/// Why the message ended, or that it did not.
#[derive(Serialize)]
#[serde(untagged)]
enum Ended<'a> {
    Stopped(Stop<'a>),
    BrokenOff { stop_reason: (), stop_sequence: (), stop_details: () },
}

impl MessageBuilder {
    /// Begins.
    pub(super) fn new(wishes: Wishes) -> Self {
        let ending = Ending::new(wishes.names_speed);
        Self { blocks: Blocks::new(wishes.omits_thoughts), ending, ..Self::default() }
    }
}

impl AnswerBuilder for MessageBuilder {
    fn event(&mut self, event: ChatEvent) {
        self.ending.note(&event);
        self.blocks.event(&event, &mut self.content);
        if let ChatEvent::Finish { reason, native } = event {
            self.finish = Some((reason, native));
        }
    }

    /// A message that broke off has no reason to have stopped, and says so in `error`.
    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        // What is still open is closed in a copy: events may yet come.
        let (mut blocks, mut content) = (self.blocks.clone(), self.content.clone());
        let finish = self.finish.as_ref();
        let finish =
            finish.map_or((FinishReason::Stop, "stop"), |(reason, native)| (*reason, native));
        let failure = failure(finish);
        let error = error.or(failure.as_ref());
        let stop = if let Some(stop) = self.ending.stop(finish).filter(|_| error.is_none()) {
            blocks.finish(&mut content);
            Ended::Stopped(stop)
        } else {
            blocks.abort(&mut content);
            Ended::BrokenOff { stop_reason: (), stop_sequence: (), stop_details: () }
        };
        let message = MessageObject {
            id: head.id.as_str(),
            kind: "message",
            role: "assistant",
            model: &head.model,
            provider: &head.provider,
            content: content.0.iter().map(Block::object).collect(),
            stop,
            usage: UsageObject::of(usage, self.ending.served()),
            error: error.map(ErrorObject::of),
        };
        serde_json::to_vec(&message).unwrap_or_default()
    }
}

impl Sink for Content {
    fn open(&mut self, _: u32, block: &BlockObject<'_>) {
        self.0.push(Block::begin(block));
    }

    fn grow(&mut self, index: u32, delta: Delta<'_>) {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(block) = self.0.get_mut(at) {
            block.grow(delta);
        }
    }

    fn close(&mut self, _: u32) {}
}

impl Block {
    fn begin(block: &BlockObject<'_>) -> Self {
        match block {
            BlockObject::Text { text, citations } => {
                Self::Text { text: (*text).to_owned(), citations: citations.to_vec() }
            }
            BlockObject::Thinking { thinking, signature } => Self::Thinking {
                thinking: (*thinking).to_owned(),
                signature: (*signature).to_owned(),
            },
            BlockObject::RedactedThinking { data } => {
                Self::RedactedThinking { data: (*data).to_owned() }
            }
            BlockObject::ToolUse { id, name, .. } => Self::ToolUse {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                arguments: String::new(),
            },
            BlockObject::Image { source } => Self::Image { url: source.to_url() },
        }
    }

    fn grow(&mut self, delta: Delta<'_>) {
        match (self, delta) {
            (Self::Text { text, .. }, Delta::Text { text: more }) => text.push_str(more),
            (Self::Text { citations, .. }, Delta::Citation { citation }) => {
                citations.push(citation.clone());
            }
            (Self::Thinking { thinking, .. }, Delta::Thinking { thinking: more }) => {
                thinking.push_str(more);
            }
            (Self::Thinking { signature, .. }, Delta::Signature { signature: whole }) => {
                whole.clone_into(signature);
            }
            (Self::ToolUse { arguments, .. }, Delta::Arguments { partial_json }) => {
                arguments.push_str(partial_json);
            }
            _ => {}
        }
    }

    fn object(&self) -> BlockObject<'_> {
        match self {
            Self::Text { text, citations } => BlockObject::Text { text, citations },
            Self::Thinking { thinking, signature } => BlockObject::Thinking { thinking, signature },
            Self::RedactedThinking { data } => BlockObject::RedactedThinking { data },
            Self::ToolUse { id, name, arguments } => {
                BlockObject::ToolUse { id, name, input: input(arguments) }
            }
            Self::Image { url } => BlockObject::Image { source: Source::of(url) },
        }
    }
}

/// A call's arguments as the object that clients expect. What a model wrote wrongly, or could not
/// write to the end, is passed on as text rather than as a call without arguments:
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming>.
fn input(arguments: &str) -> Cow<'_, RawValue> {
    let empty = || Cow::Borrowed(empty_object());
    let under = |name: &str, value: &RawValue| {
        RawValue::from_string(format!(r#"{{"{name}":{}}}"#, value.get()))
            .map_or_else(|_| empty(), Cow::Owned)
    };
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) if raw.get().starts_with('{') => Cow::Borrowed(raw),
        Ok(raw) if raw.get() == "null" => empty(),
        Ok(raw) => under("value", raw),
        Err(_) if arguments.trim().is_empty() => empty(),
        Err(_) => {
            to_raw_value(arguments).map_or_else(|_| empty(), |text| under("INVALID_JSON", &text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_always_an_object() {
        for (arguments, object) in [
            ("", "{}"),
            (" ", "{}"),
            ("null", "{}"),
            (r#"{"a": [1]}"#, r#"{"a": [1]}"#),
            ("[1]", r#"{"value":[1]}"#),
            (r#"{"a":"b"#, r#"{"INVALID_JSON":"{\"a\":\"b"}"#),
        ] {
            assert_eq!(input(arguments).get(), object, "{arguments}");
        }
    }
}
