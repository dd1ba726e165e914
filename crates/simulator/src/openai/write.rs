//! Writes chat completions and their chunks. Fields stand in the order in which OpenAI has them.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::filter;
use super::logprobs::{self, Logprobs};
use crate::answer::{self, Answer, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, Nullable, json, sse};
use crate::model::ReasoningField;
use crate::protocol::Label;
use crate::tokens;

const FINGERPRINT: &str = "fp_simulator";

/// What a request asked of the form of its answer.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) include_usage: bool,
    pub(super) logprobs: Option<usize>,
    pub(super) field: ReasoningField,
    pub(super) seed: u64,
    /// Whether the verdicts of Azure's content filters come with the answer.
    pub(super) filtered: bool,
}

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    label: Label,
    options: Options,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_filter_results: Option<Value>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<Logprobs<'a>>,
    finish_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Value>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    refusal: Option<&'a str>,
    annotations: [&'a str; 0],
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    choices: &'a [ChunkChoice<'a>],
    /// Left out; or null; or there, on the last chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Nullable<Usage>>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<Logprobs<'a>>,
    finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Value>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Left out; or null; or there.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Nullable<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
    /// Null in the first chunk, left out afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Nullable<&'a str>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl Encoder {
    pub(super) fn new(mut label: Label, options: Options) -> Self {
        let id = label.ids.id("chatcmpl-", 29);
        Self { id, label, options }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let (reasoning_content, reasoning) = self.reasoning(&answer.reasoning);
        let calls = answer.calls.iter().map(|call| ToolCall {
            index: None,
            id: Some(&call.id),
            r#type: Some("function"),
            function: Function { name: Some(&call.name), arguments: &call.arguments_text },
        });
        let refused = answer.finish == Finish::Refused;
        let said = answer.calls.is_empty() && !refused;
        let message = Message {
            role: "assistant",
            content: said.then_some(answer.text.as_str()),
            reasoning_content: reasoning_content.filter(|text| !text.is_empty()),
            reasoning: reasoning.filter(|text| !text.is_empty()),
            tool_calls: calls.collect(),
            refusal: refused.then_some(answer.text.as_str()),
            annotations: [],
        };
        let logprobs = self.logprobs(&answer.text);
        json(&Completion {
            id: &self.id,
            object: "chat.completion",
            created: self.label.created,
            model: &self.label.model,
            choices: [Choice {
                index: 0,
                message,
                logprobs,
                finish_reason: finish(answer),
                content_filter_results: self.options.filtered.then(filter::results),
            }],
            usage: self.label.usage_reported.then(|| Usage::of(answer.usage)),
            service_tier: "default",
            system_fingerprint: FINGERPRINT,
            prompt_filter_results: self.options.filtered.then(filter::prompt_results),
        })
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => {
                if self.options.filtered {
                    events.push_back(Event::framing(sse(&filter::first_chunk())));
                }
                let said = answer.calls.is_empty();
                let content = Some(if said { Nullable::Is("") } else { Nullable::Null });
                let role = Some("assistant");
                let refusal = Some(Nullable::Null);
                let delta = Delta { role, content, refusal, ..Delta::default() };
                events.push_back(Event::framing(self.delta(delta, None)));
            }
            Beat::Reasoning(piece) => {
                let (reasoning_content, reasoning) = self.reasoning(piece);
                let delta = Delta { reasoning_content, reasoning, ..Delta::default() };
                let tokens = tokens::count_piece(piece);
                events.push_back(Event::content(self.delta(delta, None), tokens));
            }
            Beat::Text(piece) => {
                let delta = if answer.finish == Finish::Refused {
                    Delta { refusal: Some(Nullable::Is(piece)), ..Delta::default() }
                } else {
                    Delta { content: Some(Nullable::Is(piece)), ..Delta::default() }
                };
                let bytes = self.delta(delta, self.logprobs(piece));
                events.push_back(Event::content(bytes, tokens::count_piece(piece)));
            }
            Beat::CallOpen(index, call) => {
                let tool_call = ToolCall {
                    index: Some(index),
                    id: Some(&call.id),
                    r#type: Some("function"),
                    function: Function { name: Some(&call.name), arguments: "" },
                };
                events.push_back(Event::framing(self.tool_delta(tool_call)));
            }
            Beat::CallArguments(index, arguments) => {
                let function = Function { name: None, arguments };
                let tool_call = ToolCall { index: Some(index), id: None, r#type: None, function };
                let tokens = tokens::count(arguments);
                events.push_back(Event::content(self.tool_delta(tool_call), tokens));
            }
            Beat::Close => self.close(answer, events),
        }
    }

    fn error(&self) -> Event {
        super::error_event()
    }
}

impl Encoder {
    fn close(&self, answer: &Answer, events: &mut Events) {
        let delta = Delta::default();
        let finish_reason = Some(finish(answer));
        let content_filter_results = self.options.filtered.then(filter::none);
        let choice =
            ChunkChoice { index: 0, delta, logprobs: None, finish_reason, content_filter_results };
        let usage = self.asked_for_usage().then_some(Nullable::Null);
        events.push_back(Event::framing(self.chunk(&[choice], usage)));
        if self.asked_for_usage() {
            let usage = Some(Nullable::Is(Usage::of(answer.usage)));
            events.push_back(Event::framing(self.chunk(&[], usage)));
        }
        if self.label.done_sent {
            events.push_back(Event::framing(Bytes::from_static(b"data: [DONE]\n\n")));
        }
    }

    fn tool_delta(&self, tool_call: ToolCall<'_>) -> Bytes {
        self.delta(Delta { tool_calls: Some([tool_call]), ..Delta::default() }, None)
    }

    fn delta(&self, delta: Delta<'_>, logprobs: Option<Logprobs<'_>>) -> Bytes {
        let filtered = self.options.filtered;
        // Only what says something is judged.
        let says = matches!(delta.content, Some(Nullable::Is(text)) if !text.is_empty());
        let results = || if says { filter::results() } else { filter::none() };
        let content_filter_results = filtered.then(results);
        let finish_reason = None;
        let choice =
            ChunkChoice { index: 0, delta, logprobs, finish_reason, content_filter_results };
        self.chunk(&[choice], self.asked_for_usage().then_some(Nullable::Null))
    }

    fn chunk(&self, choices: &[ChunkChoice<'_>], usage: Option<Nullable<Usage>>) -> Bytes {
        sse(&Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.label.created,
            model: &self.label.model,
            service_tier: "default",
            system_fingerprint: FINGERPRINT,
            choices,
            usage,
        })
    }

    const fn asked_for_usage(&self) -> bool {
        self.options.include_usage && self.label.usage_reported
    }

    /// `text` in the field that this model uses for it.
    const fn reasoning<'a>(&self, text: &'a str) -> (Option<&'a str>, Option<&'a str>) {
        match self.options.field {
            ReasoningField::ReasoningContent => (Some(text), None),
            ReasoningField::Reasoning => (None, Some(text)),
        }
    }

    fn logprobs<'a>(&self, text: &'a str) -> Option<Logprobs<'a>> {
        self.options.logprobs.map(|top| logprobs::of(text, top, self.options.seed))
    }
}

impl Usage {
    const fn of(usage: answer::Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt,
            completion_tokens: usage.completion,
            total_tokens: usage.prompt + usage.completion,
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cache_read,
                audio_tokens: 0,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

const fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop | Finish::Sequence(_) | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}
