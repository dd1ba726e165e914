//! Writes Gemini responses: whole, as server-sent events, or as the items of a JSON array.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{self, Answer, Call, CallIds, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, json, sse, wrapped};
use crate::failure::Failure;
use crate::prompt::Thinking;
use crate::protocol::Label;
use crate::tokens;

const SIGNATURE_LETTERS: usize = 88;

/// How a stream is cut into items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `alt=sse`.
    Sse,
    /// One JSON array, item by item: what is sent without `alt=sse`.
    Array,
}

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    signature: String,
    label: Label,
    framing: Framing,
    thinking: Thinking,
    items_begun: bool,
    signed: bool,
    vertex: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    candidates: [Candidate<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<UsageMetadata>,
    model_version: &'a str,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    index: u32,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: Vec<Part<'a>>,
    role: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    args: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageMetadata {
    prompt_token_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates_token_count: Option<u64>,
    total_token_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_content_token_count: Option<u64>,
    prompt_tokens_details: [ModalityCount; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    thoughts_token_count: Option<u64>,
    /// Vertex only.
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityCount {
    modality: &'static str,
    token_count: u64,
}

impl Encoder {
    pub(super) fn new(
        mut label: Label,
        framing: Framing,
        thinking: Thinking,
        vertex: bool,
    ) -> Self {
        let id = label.ids.id("", 22);
        let signature = label.ids.id("CiQB", SIGNATURE_LETTERS);
        Self { id, signature, label, framing, thinking, items_begun: false, signed: false, vertex }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut parts = Vec::new();
        if !answer.reasoning.is_empty() {
            parts.push(thought(&answer.reasoning));
        }
        if !answer.text.is_empty() {
            let thought_signature = (answer.usage.reasoning > 0).then_some(self.signature.as_str());
            parts.push(Part { text: Some(&answer.text), thought_signature, ..Part::default() });
        }
        let calls = answer.calls.iter().enumerate();
        parts.extend(calls.map(|(index, call)| self.call(index, call)));
        let content = (!parts.is_empty()).then_some(Content { parts, role: "model" });
        let usage = Some(UsageMetadata::last(answer.usage));
        json(&self.response(content, Some(finish(answer)), usage))
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            // A call comes whole, when it is opened.
            Beat::Open | Beat::CallArguments(..) => {}
            Beat::Reasoning(piece) => {
                let bytes = self.item(thought(piece), answer);
                events.push_back(Event::content(bytes, tokens::count_piece(piece)));
            }
            Beat::Text(piece) => {
                // The first part after the reasoning carries the signature of the reasoning.
                let sign = !self.signed && answer.usage.reasoning > 0;
                self.signed = true;
                let signature = sign.then(|| self.signature.clone());
                let thought_signature = signature.as_deref();
                let part = Part { text: Some(piece), thought_signature, ..Part::default() };
                let bytes = self.item(part, answer);
                events.push_back(Event::content(bytes, tokens::count_piece(piece)));
            }
            Beat::CallOpen(index, call) => {
                let content = Content { parts: vec![self.call(index, call)], role: "model" };
                let usage = UsageMetadata::running(answer.usage);
                let item = json(&self.response(Some(content), None, Some(usage)));
                let tokens = tokens::count(&call.arguments_text);
                events.push_back(Event::content(self.framed(&item), tokens));
            }
            Beat::Close => self.close(answer, events),
        }
    }

    fn error(&self) -> Event {
        let (_, body) = super::error::status(&Failure::usual(503, None));
        Event::framing(match self.framing {
            Framing::Sse => sse(&body),
            Framing::Array => wrapped(if self.items_begun { b",\r\n" } else { b"[" }, &body, b"]"),
        })
    }

    fn stream_content_type(&self) -> &'static str {
        match self.framing {
            Framing::Sse => "text/event-stream",
            Framing::Array => "application/json; charset=UTF-8",
        }
    }

    fn call_ids(&self) -> CallIds {
        // Vertex tells calls apart by their order alone.
        CallIds { prefix: "", letters: if self.vertex { 0 } else { 24 } }
    }
}

impl Encoder {
    fn close(&mut self, answer: &Answer, events: &mut Events) {
        let said_something = answer.usage.completion > 0;
        let last = Part { text: Some(""), ..Part::default() };
        let content = said_something.then(|| Content { parts: vec![last], role: "model" });
        let usage = Some(UsageMetadata::last(answer.usage));
        let item = json(&self.response(content, Some(finish(answer)), usage));
        let framed = self.framed(&item);
        events.push_back(Event::framing(framed));
        if self.framing == Framing::Array {
            events.push_back(Event::framing(Bytes::from_static(b"]")));
        }
    }

    fn item(&mut self, part: Part<'_>, answer: &Answer) -> Bytes {
        let content = Content { parts: vec![part], role: "model" };
        let usage = UsageMetadata::running(answer.usage);
        let item = json(&self.response(Some(content), None, Some(usage)));
        self.framed(&item)
    }

    fn framed(&mut self, item: &[u8]) -> Bytes {
        let (before, after): (&[u8], &[u8]) = match self.framing {
            Framing::Sse => (b"data: ", b"\r\n\r\n"),
            Framing::Array if self.items_begun => (b",\r\n", b""),
            Framing::Array => (b"[", b""),
        };
        self.items_begun = true;
        [before, item, after].concat().into()
    }

    /// Models that think sign the first of their calls.
    fn call<'a>(&'a self, index: usize, call: &'a Call) -> Part<'a> {
        let signs = index == 0 && self.thinking == Thinking::Shown;
        let function_call = FunctionCall { id: &call.id, name: &call.name, args: &call.arguments };
        Part {
            function_call: Some(function_call),
            thought_signature: signs.then_some(self.signature.as_str()),
            ..Part::default()
        }
    }

    fn response<'a>(
        &'a self,
        content: Option<Content<'a>>,
        finish_reason: Option<&'static str>,
        usage: Option<UsageMetadata>,
    ) -> Response<'a> {
        Response {
            candidates: [Candidate { content, finish_reason, index: 0 }],
            usage_metadata: usage.filter(|_| self.label.usage_reported).map(|usage| {
                let traffic_type = self.vertex.then_some("ON_DEMAND");
                UsageMetadata { traffic_type, ..usage }
            }),
            model_version: &self.label.model,
            response_id: &self.id,
        }
    }
}

impl UsageMetadata {
    /// Thoughts are counted beside the candidate's tokens, not within them.
    fn last(usage: answer::Usage) -> Self {
        Self {
            candidates_token_count: Some(usage.completion.saturating_sub(usage.reasoning)),
            total_token_count: usage.prompt + usage.completion,
            thoughts_token_count: (usage.reasoning > 0).then_some(usage.reasoning),
            ..Self::running(usage)
        }
    }

    /// What is known before the end.
    fn running(usage: answer::Usage) -> Self {
        Self {
            prompt_token_count: usage.prompt,
            candidates_token_count: None,
            total_token_count: usage.prompt,
            cached_content_token_count: (usage.cache_read > 0).then_some(usage.cache_read),
            prompt_tokens_details: [ModalityCount { modality: "TEXT", token_count: usage.prompt }],
            thoughts_token_count: None,
            traffic_type: None,
        }
    }
}

fn thought(text: &str) -> Part<'_> {
    Part { text: Some(text), thought: Some(true), ..Part::default() }
}

const fn finish(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::Stop | Finish::Sequence(_) | Finish::Calls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refused => "SAFETY",
    }
}
