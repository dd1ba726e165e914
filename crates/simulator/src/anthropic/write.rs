//! Writes messages and their events.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::{self, Answer, CallIds, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, json, sse_named};
use crate::prompt::CacheMark;
use crate::protocol::Label;
use crate::random::Random;
use crate::tokens;

const SIGNATURE_LETTERS: usize = 88;

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    signature: String,
    label: Label,
    cache_mark: CacheMark,
    open: Option<Kind>,
    index: u32,
    pinged: bool,
}

/// What the open block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thinking,
    Text,
    ToolUse(usize),
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block<'a>>,
    stop_reason: Option<&'static str>,
    stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Thinking { thinking: &'a str, signature: &'a str },
    Text { text: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Value },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame<'a> {
    MessageStart {
        message: Message<'a>,
    },
    ContentBlockStart {
        index: u32,
        content_block: Block<'a>,
    },
    Ping,
    ContentBlockDelta {
        index: u32,
        delta: Delta<'a>,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: Ending<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        usage: Option<FinalUsage>,
    },
    MessageStop,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the names are those of the protocol")]
enum Delta<'a> {
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    TextDelta { text: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Serialize)]
struct Ending<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    service_tier: &'static str,
}

#[derive(Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

/// The counts at the end of a stream are cumulative, not additional.
#[derive(Serialize)]
struct FinalUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

impl Encoder {
    pub(super) fn new(mut label: Label, cache_mark: CacheMark) -> Self {
        let id = label.ids.id("msg_01", 22);
        let signature = signature(&mut label.ids);
        Self { id, signature, label, cache_mark, open: None, index: 0, pinged: false }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content
                .push(Block::Thinking { thinking: &answer.reasoning, signature: &self.signature });
        }
        if !answer.text.is_empty() {
            content.push(Block::Text { text: &answer.text });
        }
        content.extend(answer.calls.iter().map(|call| Block::ToolUse {
            id: &call.id,
            name: &call.name,
            input: call.arguments.clone(),
        }));
        let ending = ending(answer);
        json(&Message {
            content,
            stop_reason: Some(ending.stop_reason),
            stop_sequence: ending.stop_sequence,
            ..self.message(self.usage(answer.usage, answer.usage.completion))
        })
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => {
                let message = self.message(self.usage(answer.usage, 1));
                events.push_back(framing(&Frame::MessageStart { message }));
            }
            Beat::Reasoning(thinking) => {
                let block = Block::Thinking { thinking: "", signature: "" };
                self.block(Kind::Thinking, block, events);
                let tokens = tokens::count_piece(thinking);
                events.push_back(self.content(Delta::ThinkingDelta { thinking }, tokens));
            }
            Beat::Text(text) => {
                self.block(Kind::Text, Block::Text { text: "" }, events);
                let tokens = tokens::count_piece(text);
                events.push_back(self.content(Delta::TextDelta { text }, tokens));
            }
            Beat::CallOpen(index, call) => {
                let input = Value::Object(Map::new());
                let block = Block::ToolUse { id: &call.id, name: &call.name, input };
                self.block(Kind::ToolUse(index), block, events);
            }
            Beat::CallArguments(_, partial_json) => {
                let tokens = tokens::count(partial_json);
                events.push_back(self.content(Delta::InputJsonDelta { partial_json }, tokens));
            }
            Beat::Close => {
                self.close_block(events);
                let usage = self.label.usage_reported.then(|| self.final_usage(answer.usage));
                events.push_back(framing(&Frame::MessageDelta { delta: ending(answer), usage }));
                events.push_back(framing(&Frame::MessageStop));
            }
        }
    }

    fn error(&self) -> Event {
        super::error_event()
    }

    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "toolu_01", letters: 22 }
    }
}

impl Encoder {
    /// Opens a block of `kind`, unless it is open already.
    fn block(&mut self, kind: Kind, content_block: Block<'_>, events: &mut Events) {
        if self.open == Some(kind) {
            return;
        }
        self.close_block(events);
        self.open = Some(kind);
        events.push_back(framing(&Frame::ContentBlockStart { index: self.index, content_block }));
        if !self.pinged {
            self.pinged = true;
            events.push_back(framing(&Frame::Ping));
        }
    }

    fn close_block(&mut self, events: &mut Events) {
        let Some(kind) = self.open.take() else { return };
        let index = self.index;
        if kind == Kind::Thinking {
            let delta = Delta::SignatureDelta { signature: &self.signature };
            events.push_back(framing(&Frame::ContentBlockDelta { index, delta }));
        }
        events.push_back(framing(&Frame::ContentBlockStop { index }));
        self.index += 1;
    }

    fn content(&self, delta: Delta<'_>, tokens: u64) -> Event {
        let frame = Frame::ContentBlockDelta { index: self.index, delta };
        Event::content(sse_named(frame.name(), &frame), tokens)
    }

    fn message(&self, usage: Usage) -> Message<'_> {
        Message {
            id: &self.id,
            r#type: "message",
            role: "assistant",
            model: &self.label.model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: self.label.usage_reported.then_some(usage),
        }
    }

    fn usage(&self, usage: answer::Usage, output_tokens: u64) -> Usage {
        let FinalUsage {
            input_tokens, cache_creation_input_tokens, cache_read_input_tokens, ..
        } = self.final_usage(usage);
        let (five_minutes, hour) = match self.cache_mark {
            CacheMark::None | CacheMark::FiveMinutes => (cache_creation_input_tokens, 0),
            CacheMark::Hour => (0, cache_creation_input_tokens),
        };
        Usage {
            input_tokens,
            cache_creation_input_tokens,
            cache_read_input_tokens,
            cache_creation: CacheCreation {
                ephemeral_5m_input_tokens: five_minutes,
                ephemeral_1h_input_tokens: hour,
            },
            output_tokens,
            service_tier: "standard",
        }
    }

    /// Here the cached tokens are counted beside the input tokens, not within them.
    fn final_usage(&self, usage: answer::Usage) -> FinalUsage {
        let written = match self.cache_mark {
            CacheMark::None => 0,
            CacheMark::FiveMinutes | CacheMark::Hour => usage.cache_written,
        };
        FinalUsage {
            input_tokens: usage.prompt.saturating_sub(usage.cache_read + written),
            cache_creation_input_tokens: written,
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.completion,
        }
    }
}

impl Frame<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::Ping => "ping",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
        }
    }
}

fn framing(frame: &Frame<'_>) -> Event {
    Event::framing(sse_named(frame.name(), frame))
}

fn ending(answer: &Answer) -> Ending<'_> {
    let (stop_reason, stop_sequence) = match &answer.finish {
        Finish::Stop => ("end_turn", None),
        Finish::Sequence(stop) => ("stop_sequence", Some(stop.as_str())),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
        Finish::Refused => ("refusal", None),
    };
    Ending { stop_reason, stop_sequence }
}

fn signature(ids: &mut Random) -> String {
    ids.id("EqQBCkYI", SIGNATURE_LETTERS)
}
