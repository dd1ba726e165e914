//! Writes completions and their chunks. Reasoning is a kind of content, calls come whole, and usage
//! comes unasked with the last chunk.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error;
use crate::answer::{self, Answer, Call, CallIds, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, json as to_bytes, set, sse};
use crate::protocol::Label;
use crate::tokens;

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    label: Label,
}

impl Encoder {
    pub(super) fn new(mut label: Label) -> Self {
        let id = label.ids.hex(32);
        Self { id, label }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let content = if answer.reasoning.is_empty() {
            json!(answer.text)
        } else {
            json!([thinking(&answer.reasoning), { "type": "text", "text": answer.text }])
        };
        let calls = answer.calls.iter().enumerate().map(|(index, call)| tool_call(index, call));
        let calls: Vec<Value> = calls.collect();
        let calls = if calls.is_empty() { Value::Null } else { json!(calls) };
        let message = json!({ "role": "assistant", "content": content, "tool_calls": calls });
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish(answer) });
        to_bytes(&self.object("chat.completion", &choice, Some(answer)))
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => {
                let delta = json!({ "role": "assistant", "content": "" });
                events.push_back(Event::framing(self.delta(&delta)));
            }
            Beat::Reasoning(piece) => {
                let delta = json!({ "content": [thinking(piece)] });
                events.push_back(Event::content(self.delta(&delta), tokens::count_piece(piece)));
            }
            Beat::Text(piece) => {
                let delta = json!({ "content": piece });
                events.push_back(Event::content(self.delta(&delta), tokens::count_piece(piece)));
            }
            Beat::CallOpen(index, call) => {
                let delta = json!({ "content": "", "tool_calls": [tool_call(index, call)] });
                let tokens = tokens::count(&call.arguments_text);
                events.push_back(Event::content(self.delta(&delta), tokens));
            }
            // A call came whole, when it was opened.
            Beat::CallArguments(..) => {}
            Beat::Close => {
                let delta = json!({ "content": "" });
                let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish(answer) });
                let last = self.object("chat.completion.chunk", &choice, Some(answer));
                events.push_back(Event::framing(sse(&last)));
                if self.label.done_sent {
                    events.push_back(Event::framing(Bytes::from_static(b"data: [DONE]\n\n")));
                }
            }
        }
    }

    fn error(&self) -> Event {
        error::error_event()
    }

    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "", letters: 9 }
    }
}

impl Encoder {
    fn delta(&self, delta: &Value) -> Bytes {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": null });
        sse(&self.object("chat.completion.chunk", &choice, None))
    }

    /// A completion or a chunk; `finished` brings the usage.
    fn object(&self, object: &str, choice: &Value, finished: Option<&Answer>) -> Value {
        let mut value = json!({
            "id": self.id,
            "object": object,
            "created": self.label.created,
            "model": self.label.model,
            "choices": [choice],
        });
        if let Some(answer) = finished.filter(|_| self.label.usage_reported) {
            set(&mut value, "usage", usage(answer.usage));
        }
        value
    }
}

fn thinking(text: &str) -> Value {
    json!({ "type": "thinking", "thinking": [{ "type": "text", "text": text }] })
}

fn tool_call(index: usize, call: &Call) -> Value {
    let function = json!({ "name": call.name, "arguments": call.arguments_text });
    json!({ "id": call.id, "function": function, "index": index })
}

fn usage(usage: answer::Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": { "cached_tokens": usage.cache_read },
    })
}

const fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop | Finish::Sequence(_) | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}
