//! Writes Converse answers and the events of their streams. A block of text or reasoning is not
//! announced: only tools have a `contentBlockStart`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{error, frame};
use crate::answer::{self, Answer, CallIds, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, json as to_bytes, set};
use crate::prompt::CacheMark;
use crate::protocol::Label;
use crate::tokens;

const SIGNATURE_LETTERS: usize = 88;
const TOKEN_MS: u64 = 12;

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    signature: String,
    label: Label,
    cache_mark: CacheMark,
    open: Option<Kind>,
    index: u32,
}

/// What the open block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reasoning,
    Text,
    ToolUse(usize),
}

impl Encoder {
    pub(super) fn new(mut label: Label, cache_mark: CacheMark) -> Self {
        let signature = label.ids.id("EqQBCkYI", SIGNATURE_LETTERS);
        Self { signature, label, cache_mark, open: None, index: 0 }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            let text = json!({ "text": answer.reasoning, "signature": self.signature });
            content.push(json!({ "reasoningContent": { "reasoningText": text } }));
        }
        if !answer.text.is_empty() {
            content.push(json!({ "text": answer.text }));
        }
        content.extend(answer.calls.iter().map(|call| {
            let input = &call.arguments;
            json!({ "toolUse": { "toolUseId": call.id, "name": call.name, "input": input } })
        }));
        let mut body = self.accounts(answer);
        set(&mut body, "output", json!({ "message": { "role": "assistant", "content": content } }));
        set(&mut body, "stopReason", json!(stop_reason(answer)));
        to_bytes(&body)
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => framing("messageStart", &json!({ "role": "assistant" }), events),
            Beat::Reasoning(piece) => {
                self.block(Kind::Reasoning, events);
                let delta = json!({ "reasoningContent": { "text": piece } });
                events.push_back(Event::content(self.delta(&delta), tokens::count_piece(piece)));
            }
            Beat::Text(piece) => {
                self.block(Kind::Text, events);
                let delta = json!({ "text": piece });
                events.push_back(Event::content(self.delta(&delta), tokens::count_piece(piece)));
            }
            Beat::CallOpen(index, call) => {
                self.block(Kind::ToolUse(index), events);
                let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
                let start = json!({ "contentBlockIndex": self.index, "start": start });
                framing("contentBlockStart", &start, events);
            }
            Beat::CallArguments(_, piece) => {
                let delta = json!({ "toolUse": { "input": piece } });
                events.push_back(Event::content(self.delta(&delta), tokens::count(piece)));
            }
            Beat::Close => {
                self.close_block(events);
                framing("messageStop", &json!({ "stopReason": stop_reason(answer) }), events);
                framing("metadata", &self.accounts(answer), events);
            }
        }
    }

    fn error(&self) -> Event {
        error::error_event()
    }

    fn stream_content_type(&self) -> &'static str {
        frame::CONTENT_TYPE
    }

    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "tooluse_", letters: 22 }
    }

    fn truncated(&self, event: &Bytes) -> Bytes {
        frame::truncated(event)
    }
}

impl Encoder {
    /// Goes on with a block of `kind`, or begins one.
    fn block(&mut self, kind: Kind, events: &mut Events) {
        if self.open != Some(kind) {
            self.close_block(events);
            self.open = Some(kind);
        }
    }

    fn close_block(&mut self, events: &mut Events) {
        let Some(kind) = self.open.take() else { return };
        if kind == Kind::Reasoning {
            let delta = json!({ "reasoningContent": { "signature": self.signature } });
            events.push_back(Event::framing(self.delta(&delta)));
        }
        framing("contentBlockStop", &json!({ "contentBlockIndex": self.index }), events);
        self.index += 1;
    }

    fn delta(&self, delta: &Value) -> Bytes {
        let delta = json!({ "contentBlockIndex": self.index, "delta": delta });
        frame::event("contentBlockDelta", &delta)
    }

    fn accounts(&self, answer: &Answer) -> Value {
        let mut accounts =
            json!({ "metrics": { "latencyMs": answer.usage.completion * TOKEN_MS } });
        if self.label.usage_reported {
            set(&mut accounts, "usage", self.usage(answer.usage));
        }
        accounts
    }

    /// Here the cached tokens are counted beside the input tokens, not within them.
    fn usage(&self, usage: answer::Usage) -> Value {
        let written = match self.cache_mark {
            CacheMark::None => 0,
            CacheMark::FiveMinutes | CacheMark::Hour => usage.cache_written,
        };
        json!({
            "inputTokens": usage.prompt.saturating_sub(usage.cache_read + written),
            "outputTokens": usage.completion,
            "totalTokens": usage.prompt + usage.completion,
            "cacheReadInputTokens": usage.cache_read,
            "cacheWriteInputTokens": written,
        })
    }
}

fn framing(name: &'static str, payload: &Value, events: &mut Events) {
    events.push_back(Event::framing(frame::event(name, payload)));
}

const fn stop_reason(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop => "end_turn",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Refused => "content_filtered",
    }
}
