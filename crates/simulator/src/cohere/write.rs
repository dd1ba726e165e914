//! Writes chat answers and their events. Before it calls tools, a model says what it plans.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error;
use crate::answer::{self, Answer, CallIds, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, json as to_bytes, set, sse_named};
use crate::protocol::Label;
use crate::tokens;

const PLAN: &str = "I will use the tools to answer.";

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    label: Label,
    /// What the answer cites.
    sources: Vec<Value>,
    open: Option<Kind>,
    /// Of the next block of content.
    index: u32,
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thinking,
    Text,
    Call(usize),
}

impl Encoder {
    pub(super) fn new(mut label: Label, sources: Vec<Value>) -> Self {
        let id = label.ids.uuid();
        Self { id, label, sources, open: None, index: 0 }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content.push(json!({ "type": "thinking", "thinking": answer.reasoning }));
        }
        if !answer.text.is_empty() {
            content.push(json!({ "type": "text", "text": answer.text }));
        }
        let mut message = json!({ "role": "assistant" });
        if !content.is_empty() {
            set(&mut message, "content", json!(content));
        }
        if !answer.calls.is_empty() {
            set(&mut message, "tool_plan", json!(PLAN));
            let calls = answer.calls.iter().map(|call| {
                let function = json!({ "name": call.name, "arguments": call.arguments_text });
                json!({ "id": call.id, "type": "function", "function": function })
            });
            set(&mut message, "tool_calls", calls.collect());
        }
        if let Some(citation) = self.citation(answer) {
            set(&mut message, "citations", json!([citation]));
        }
        let mut body =
            json!({ "id": self.id, "message": message, "finish_reason": finish(answer) });
        if self.label.usage_reported {
            set(&mut body, "usage", usage(answer.usage));
        }
        to_bytes(&body)
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => self.begin(answer, events),
            Beat::Reasoning(piece) => {
                self.block(Kind::Thinking, answer, events);
                let content = json!({ "thinking": piece });
                events.push_back(Event::content(self.delta(&content), tokens::count_piece(piece)));
            }
            Beat::Text(piece) => {
                self.block(Kind::Text, answer, events);
                let content = json!({ "text": piece });
                events.push_back(Event::content(self.delta(&content), tokens::count_piece(piece)));
            }
            Beat::CallOpen(index, call) => {
                self.close(answer, events);
                self.open = Some(Kind::Call(index));
                let function = json!({ "name": call.name, "arguments": "" });
                let call = json!({ "id": call.id, "type": "function", "function": function });
                let delta = json!({ "message": { "tool_calls": call } });
                let start = json!({ "type": "tool-call-start", "index": index, "delta": delta });
                events.push_back(framing(&start));
            }
            Beat::CallArguments(index, piece) => {
                let call = json!({ "function": { "arguments": piece } });
                let delta = json!({ "message": { "tool_calls": call } });
                let delta = json!({ "type": "tool-call-delta", "index": index, "delta": delta });
                events.push_back(Event::content(named(&delta), tokens::count(piece)));
            }
            Beat::Close => self.end(answer, events),
        }
    }

    fn error(&self) -> Event {
        error::error_event(&self.id)
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "tool_", letters: 12 }
    }
}

impl Encoder {
    fn begin(&self, answer: &Answer, events: &mut Events) {
        let message = json!({
            "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [],
        });
        let delta = json!({ "message": message });
        let start = json!({ "type": "message-start", "id": self.id, "delta": delta });
        events.push_back(framing(&start));
        if !answer.calls.is_empty() {
            for piece in tokens::pieces(PLAN) {
                let delta = json!({ "message": { "tool_plan": piece } });
                events.push_back(framing(&json!({ "type": "tool-plan-delta", "delta": delta })));
            }
        }
    }

    fn end(&mut self, answer: &Answer, events: &mut Events) {
        self.close(answer, events);
        let mut delta = json!({ "finish_reason": finish(answer) });
        if self.label.usage_reported {
            set(&mut delta, "usage", usage(answer.usage));
        }
        let end = json!({ "type": "message-end", "id": self.id, "delta": delta });
        events.push_back(framing(&end));
        if self.label.done_sent {
            events.push_back(Event::framing(Bytes::from_static(b"data: [DONE]\n\n")));
        }
    }

    /// Goes on with a block of `kind`, or begins one.
    fn block(&mut self, kind: Kind, answer: &Answer, events: &mut Events) {
        if self.open == Some(kind) {
            return;
        }
        self.close(answer, events);
        self.open = Some(kind);
        let content = match kind {
            Kind::Thinking => json!({ "type": "thinking", "thinking": "" }),
            Kind::Text | Kind::Call(_) => json!({ "type": "text", "text": "" }),
        };
        let delta = json!({ "message": { "content": content } });
        let start = json!({ "type": "content-start", "index": self.index, "delta": delta });
        events.push_back(framing(&start));
    }

    fn close(&mut self, answer: &Answer, events: &mut Events) {
        let Some(kind) = self.open.take() else { return };
        if let Kind::Call(index) = kind {
            events.push_back(framing(&json!({ "type": "tool-call-end", "index": index })));
            return;
        }
        if let Some(citation) = self.citation(answer).filter(|_| kind == Kind::Text) {
            let delta = json!({ "message": { "citations": citation } });
            let start = json!({ "type": "citation-start", "index": 0, "delta": delta });
            events.push_back(framing(&start));
            events.push_back(framing(&json!({ "type": "citation-end", "index": 0 })));
        }
        events.push_back(framing(&json!({ "type": "content-end", "index": self.index })));
        self.index += 1;
    }

    fn delta(&self, content: &Value) -> Bytes {
        let delta = json!({ "message": { "content": content } });
        named(&json!({ "type": "content-delta", "index": self.index, "delta": delta }))
    }

    /// The whole of the text, put down to all sources at once.
    fn citation(&self, answer: &Answer) -> Option<Value> {
        let cites = !self.sources.is_empty() && !answer.text.is_empty();
        let index = u32::from(!answer.reasoning.is_empty());
        cites.then(|| {
            json!({
                "start": 0,
                "end": answer.text.chars().count(),
                "text": answer.text,
                "sources": self.sources,
                "content_index": index,
                "type": "TEXT_CONTENT",
            })
        })
    }
}

fn framing(event: &Value) -> Event {
    Event::framing(named(event))
}

/// An event is named like its type.
fn named(event: &Value) -> Bytes {
    sse_named(event.get("type").and_then(Value::as_str).unwrap_or_default(), event)
}

fn usage(usage: answer::Usage) -> Value {
    json!({
        "billed_units": { "input_tokens": usage.prompt, "output_tokens": usage.completion },
        "tokens": { "input_tokens": usage.prompt, "output_tokens": usage.completion },
        "cached_tokens": usage.cache_read,
    })
}

const fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop | Finish::Refused => "COMPLETE",
        Finish::Sequence(_) => "STOP_SEQUENCE",
        Finish::Length => "MAX_TOKENS",
        Finish::Calls => "TOOL_CALL",
    }
}
