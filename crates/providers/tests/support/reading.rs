//! Calling an adapter, and rendering what it does for reading.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a part of tests, which should panic where something is not as expected"
)]

use std::fmt::Write as _;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{
    Adapter, EncodeError, Fault, Inbound, Progress, Target, WholeAnswer, encode,
};
use tollgate_types::{Timestamp, Usage, Usd};
use tollgate_wire::chat::UsageView;

use crate::support::{Streamed, chat, head, recordings, stream, whole_answer};

/// One recording.
pub(crate) fn recording(protocol: &str, name: &str) -> Vec<u8> {
    std::fs::read(recordings(protocol).join(name)).unwrap()
}

/// Where a call of these tests goes.
pub(crate) struct Place {
    pub(crate) base_url: &'static str,
    pub(crate) model: &'static str,
    pub(crate) credential: &'static str,
    pub(crate) max_output: Option<u64>,
    pub(crate) supported: Vec<String>,
    pub(crate) auth: Auth,
    pub(crate) quirks: Quirks,
}

impl Place {
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            base_url: self.base_url,
            upstream_model: self.model,
            credential: Some(self.credential),
            max_output: self.max_output,
            supported_parameters: &self.supported,
            auth: self.auth,
            quirks: &self.quirks,
            service: tollgate_catalog::Service::default(),
        }
    }

    /// Encodes a call.
    pub(crate) fn request(
        &self,
        adapter: &dyn Adapter,
        body: &Value,
    ) -> Result<Request<Bytes>, EncodeError> {
        let now = Timestamp::from_unix_millis(1_000);
        let call = chat(&body.to_string());
        let (target, end_user) = (self.target(), Some("u-1"));
        encode(adapter, &Inbound { call: &call, target, end_user, now })
    }

    /// Encodes a call; only the body.
    pub(crate) fn body(&self, adapter: &dyn Adapter, body: &Value) -> Value {
        let request = self.request(adapter, body).unwrap();
        serde_json::from_slice(request.body()).unwrap()
    }

    /// Why a call can't be encoded.
    pub(crate) fn refusal(&self, adapter: &dyn Adapter, body: &Value) -> String {
        self.request(adapter, body).unwrap_err().to_string()
    }
}

/// Renders a recorded stream.
pub(crate) fn streamed(adapter: &dyn Adapter, name: &str) -> String {
    let bytes = recording(adapter.protocol(), name);
    let Streamed { out, result, progress } = stream(adapter, [bytes.as_slice()]);
    let mut text = String::new();
    for delta in deltas(&out) {
        render_choice(&mut text, &delta, "delta");
    }
    render_progress(&mut text, &progress);
    if let Err(fault) = result {
        render_fault(&mut text, &fault);
    }
    text
}

/// Renders a recorded whole answer.
pub(crate) fn whole(adapter: &dyn Adapter, name: &str) -> String {
    let mut text = String::new();
    match whole_answer(adapter, Bytes::from(recording(adapter.protocol(), name))) {
        Ok(answer) => {
            let completion = completion(answer.as_ref());
            render_choice(&mut text, &completion["choices"][0], "message");
            render_progress(&mut text, answer.progress());
        }
        Err(fault) => render_fault(&mut text, &fault),
    }
    text
}

/// A whole answer as the client gets it.
pub(crate) fn completion(answer: &dyn WholeAnswer) -> Value {
    let usage = UsageView {
        usage: Usage::default(),
        cost: Usd::from_nanos(0),
        prompt_cost: Usd::from_nanos(0),
        completion_cost: Usd::from_nanos(0),
        upstream_cost: Usd::from_nanos(0),
        unpriced: false,
        is_byok: false,
    };
    serde_json::from_slice(&answer.render(&head(), &usage)).unwrap()
}

/// The choices of a stream's chunks.
pub(crate) fn deltas(out: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(out).unwrap();
    text.split("\n\n")
        .filter_map(|frame| frame.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Value>(data).unwrap()["choices"][0].clone())
        .collect()
}

/// The message a client makes of a stream that keeps every element of `reasoning_details` as it
/// came.
pub(crate) fn kept_message(out: &[u8]) -> Value {
    let mut content = String::new();
    let (mut details, mut calls) = (Vec::new(), Vec::<Value>::new());
    for choice in deltas(out) {
        let delta = &choice["delta"];
        content.push_str(delta["content"].as_str().unwrap_or_default());
        details.extend(delta["reasoning_details"].as_array().cloned().unwrap_or_default());
        for call in delta["tool_calls"].as_array().cloned().unwrap_or_default() {
            let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if call["id"].is_string() {
                assert_eq!(at, calls.len());
                calls.push(call);
            } else {
                let known = calls[at]["function"]["arguments"].as_str().unwrap().to_owned();
                let more = call["function"]["arguments"].as_str().unwrap();
                calls[at]["function"]["arguments"] = json!(known + more);
            }
        }
    }
    json!({"role": "assistant", "content": content, "reasoning_details": details, "tool_calls": calls})
}

fn render_choice(text: &mut String, choice: &Value, member: &str) {
    let message = &choice[member];
    for detail in message["reasoning_details"].as_array().into_iter().flatten() {
        let kind = detail["type"].as_str().unwrap().trim_start_matches("reasoning.");
        write!(text, "{kind}[{}] {}", detail["index"], detail["format"].as_str().unwrap()).unwrap();
        for key in ["id", "text", "summary", "data", "signature"] {
            if !detail[key].is_null() {
                write!(text, " {key}={}", detail[key]).unwrap();
            }
        }
        text.push('\n');
    }
    if let Some(content) = message["content"].as_str().filter(|content| !content.is_empty()) {
        writeln!(text, "content {content:?}").unwrap();
    }
    if let Some(refusal) = message["refusal"].as_str() {
        writeln!(text, "refusal {refusal:?}").unwrap();
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        write!(text, "call[{}]", call["index"]).unwrap();
        if call["id"].is_string() {
            write!(text, " id={} name={}", call["id"], call["function"]["name"]).unwrap();
        }
        let arguments = call["function"]["arguments"].as_str().unwrap();
        if !arguments.is_empty() {
            write!(text, " arguments={arguments}").unwrap();
        }
        text.push('\n');
    }
    for image in message["images"].as_array().into_iter().flatten() {
        writeln!(text, "image {}", image["image_url"]["url"]).unwrap();
    }
    for annotation in message["annotations"].as_array().into_iter().flatten() {
        writeln!(text, "annotation {}", sorted(annotation)).unwrap();
    }
    if !choice["logprobs"].is_null() {
        writeln!(text, "logprobs {}", sorted(&choice["logprobs"])).unwrap();
    }
    if let Some(reason) = choice["finish_reason"].as_str() {
        writeln!(text, "finish {reason} ({})", choice["native_finish_reason"].as_str().unwrap())
            .unwrap();
    }
}

fn render_progress(text: &mut String, progress: &Progress) {
    if let Some(id) = &progress.upstream_id {
        writeln!(text, "id {id}").unwrap();
    }
    if let Some(tier) = &progress.service_tier {
        writeln!(text, "tier {tier}").unwrap();
    }
    let Some(usage) = progress.usage else { return };
    write!(text, "usage {:?}", usage.source).unwrap();
    for (name, count) in [
        ("prompt", usage.prompt_tokens),
        ("completion", usage.completion_tokens),
        ("cached", usage.cached_tokens),
        ("cache_write", usage.cache_write_tokens),
        ("cache_write_1h", usage.cache_write_1h_tokens),
        ("audio_prompt", usage.audio_prompt_tokens),
        ("image_prompt", usage.image_prompt_tokens),
        ("video_prompt", usage.video_prompt_tokens),
        ("reasoning", usage.reasoning_tokens),
        ("audio_completion", usage.audio_completion_tokens),
        ("image_completion", usage.image_completion_tokens),
        ("web_searches", usage.web_searches),
    ] {
        if count > 0 {
            write!(text, " {name}={count}").unwrap();
        }
    }
    text.push('\n');
}

fn render_fault(text: &mut String, fault: &Fault) {
    write!(text, "fault {fault}").unwrap();
    if let Some(code) = &fault.code {
        write!(text, " code={code}").unwrap();
    }
    if let Some(message) = &fault.message {
        write!(text, " {message:?}").unwrap();
    }
    if let Some(wait) = fault.retry_after {
        write!(text, " retry_after={wait:?}").unwrap();
    }
    text.push('\n');
}

/// The value with the members of its objects in order, whoever wrote them.
fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    value
}
