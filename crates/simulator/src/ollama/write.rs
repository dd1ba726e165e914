//! Writes chat answers, whole and as lines of JSON.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{error, moment};
use crate::answer::{self, Answer, Call, CallIds, Finish};
use crate::encode::{Encode, broken_off};
use crate::event::{Beat, Event, Events, json, wrapped};
use crate::protocol::Label;
use crate::tokens;

const TOKEN_NS: u64 = 12_000_000;
const LOAD_NS: u64 = 24_000_000;

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    created_at: String,
    label: Label,
}

#[derive(Serialize)]
struct Line<'a> {
    model: &'a str,
    created_at: &'a str,
    message: Message<'a>,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_reason: Option<&'static str>,
    #[serde(flatten)]
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Accounts>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thinking: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a Value,
}

/// Times in nanoseconds.
#[derive(Serialize)]
struct Accounts {
    total_duration: u64,
    load_duration: u64,
    prompt_eval_count: u64,
    prompt_eval_duration: u64,
    eval_count: u64,
    eval_duration: u64,
}

impl Encoder {
    pub(super) fn new(label: Label) -> Self {
        Self { created_at: moment(label.created), label }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let message = Message {
            content: &answer.text,
            thinking: &answer.reasoning,
            tool_calls: answer.calls.iter().map(ToolCall::of).collect(),
            ..Message::empty()
        };
        json(&self.last(message, answer))
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            // A call comes whole, when it is opened.
            Beat::Open | Beat::CallArguments(..) => {}
            Beat::Reasoning(thinking) => {
                let message = Message { thinking, ..Message::empty() };
                let tokens = tokens::count_piece(thinking);
                events.push_back(Event::content(line(&self.line(message)), tokens));
            }
            Beat::Text(content) => {
                let message = Message { content, ..Message::empty() };
                let tokens = tokens::count_piece(content);
                events.push_back(Event::content(line(&self.line(message)), tokens));
            }
            Beat::CallOpen(_, call) => {
                let tool_calls = vec![ToolCall::of(call)];
                let message = Message { tool_calls, ..Message::empty() };
                let tokens = tokens::count(&call.arguments_text);
                events.push_back(Event::content(line(&self.line(message)), tokens));
            }
            Beat::Close => {
                let last = self.last(Message::empty(), answer);
                events.push_back(Event::framing(line(&last)));
            }
        }
    }

    fn error(&self) -> Event {
        error::error_event()
    }

    fn stream_content_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "", letters: 0 }
    }

    fn truncated(&self, event: &Bytes) -> Bytes {
        broken_off(event, b"\n")
    }
}

impl Encoder {
    fn line<'a>(&'a self, message: Message<'a>) -> Line<'a> {
        Line {
            model: &self.label.model,
            created_at: &self.created_at,
            message,
            done: false,
            done_reason: None,
            accounts: None,
        }
    }

    fn last<'a>(&'a self, message: Message<'a>, answer: &Answer) -> Line<'a> {
        let done_reason = match answer.finish {
            Finish::Stop | Finish::Sequence(_) | Finish::Calls | Finish::Refused => "stop",
            Finish::Length => "length",
        };
        Line {
            done: true,
            done_reason: Some(done_reason),
            accounts: self.label.usage_reported.then(|| Accounts::of(answer.usage)),
            ..self.line(message)
        }
    }
}

impl Message<'_> {
    const fn empty() -> Self {
        Self { role: "assistant", content: "", thinking: "", tool_calls: Vec::new() }
    }
}

impl<'a> ToolCall<'a> {
    fn of(call: &'a Call) -> Self {
        Self { function: Function { name: &call.name, arguments: &call.arguments } }
    }
}

impl Accounts {
    const fn of(usage: answer::Usage) -> Self {
        // What is in the cache is counted, and takes no time.
        let prompt = (usage.prompt - usage.cache_read) * TOKEN_NS / 10;
        let completion = usage.completion * TOKEN_NS;
        Self {
            total_duration: LOAD_NS + prompt + completion,
            load_duration: LOAD_NS,
            prompt_eval_count: usage.prompt,
            prompt_eval_duration: prompt,
            eval_count: usage.completion,
            eval_duration: completion,
        }
    }
}

fn line(line: &Line<'_>) -> Bytes {
    wrapped(b"", line, b"\n")
}
