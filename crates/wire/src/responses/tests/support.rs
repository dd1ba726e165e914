//! Answers to write, and what was written.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};

use crate::chat::{
    AnswerHead, AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat,
    ReasoningKind, UsageView,
};
use crate::error::ErrorBody;
use crate::{Address, Call, Dialect};

pub(super) const REQUEST: &str = r#"{"model":"a/b","input":"q","instructions":"i","temperature":0.5,"max_output_tokens":9,"service_tier":"auto","metadata":{"k":"v"},
  "tools":[{"type":"function","name":"f"},{"type":"custom","name":"g"}],"tool_choice":"auto","user":"u"}"#;

pub(super) const ECHO: &str = r#""instructions":"i","max_output_tokens":9,"max_tool_calls":null,"metadata":{"k":"v"},"parallel_tool_calls":true,"temperature":0.5,"top_p":null,"presence_penalty":null,"frequency_penalty":null,"top_logprobs":0,"tool_choice":"auto","tools":[{"type":"function","name":"f"},{"type":"custom","name":"g"}],"text":{"format":{"type":"text"}},"reasoning":{"effort":null,"summary":null},"truncation":"disabled","user":"u","prompt_cache_key":null,"safety_identifier":null,"store":false,"background":false,"previous_response_id":null"#;

pub(super) const USAGE: &str = r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":12,"cost":0.0000012,"is_byok":false,"cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_input_cost":0.0000009,"upstream_inference_output_cost":0.0000003}}"#;

pub(super) fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

pub(super) fn usage() -> UsageView {
    UsageView {
        usage: Usage {
            source: UsageSource::Reported,
            prompt_tokens: 9,
            completion_tokens: 3,
            cached_tokens: 4,
            reasoning_tokens: 1,
            ..Usage::default()
        },
        cost: Usd::from_nanos(1_200),
        prompt_cost: Usd::from_nanos(900),
        completion_cost: Usd::from_nanos(300),
        upstream_cost: Usd::from_nanos(1_200),
        unpriced: false,
        is_byok: false,
    }
}

pub(super) fn call() -> Call {
    Call::read(Dialect::Responses, Bytes::from_static(REQUEST.as_bytes()), Address::default())
        .unwrap()
}

pub(super) fn stream(events: &[ChatEvent], error: Option<&ErrorBody>) -> String {
    let mut writer = call().writer(&head());
    let mut out = Vec::new();
    let mut finish = (FinishReason::Stop, "stop");
    for event in events {
        writer.event(&mut out, event);
        if let ChatEvent::Finish { reason, native } = event {
            finish = (*reason, native);
        }
    }
    match error {
        Some(error) => writer.fail(&mut out, error, Some(&usage())),
        None => writer.end(&mut out, finish, &usage()),
    }
    String::from_utf8(out).unwrap()
}

pub(super) fn whole(events: Vec<ChatEvent>, error: Option<&ErrorBody>) -> String {
    let mut builder = call().builder();
    for event in events {
        builder.event(event);
    }
    String::from_utf8(builder.build(&head(), &usage(), error)).unwrap()
}

pub(super) fn text(text: &str) -> ChatEvent {
    ChatEvent::Text(text.to_owned())
}

pub(super) fn thought(text: &str, format: ReasoningFormat, index: u32) -> ChatEvent {
    ChatEvent::Reasoning(ReasoningDetail::thought(text.to_owned(), format, index))
}

pub(super) fn signed(signature: &str, index: u32) -> ChatEvent {
    let format = ReasoningFormat::Anthropic;
    ChatEvent::Reasoning(ReasoningDetail::signed(signature.to_owned(), format, index))
}

pub(super) fn sealed(
    data: &str,
    id: Option<&str>,
    format: ReasoningFormat,
    index: u32,
) -> ChatEvent {
    let detail = ReasoningDetail::sealed(data.to_owned(), format, index);
    ChatEvent::Reasoning(ReasoningDetail { id: id.map(str::to_owned), ..detail })
}

pub(super) fn summary(text: &str, id: Option<&str>, index: u32) -> ChatEvent {
    let detail = ReasoningDetail::thought(String::new(), ReasoningFormat::OpenAi, index);
    ChatEvent::Reasoning(ReasoningDetail {
        kind: ReasoningKind::Summary,
        text: None,
        summary: Some(text.to_owned()),
        id: id.map(str::to_owned),
        ..detail
    })
}

pub(super) fn tool(index: u32, id: &str, name: &str) -> ChatEvent {
    ChatEvent::ToolCallStart { index, id: id.to_owned(), name: name.to_owned() }
}

pub(super) fn arguments(index: u32, fragment: &str) -> ChatEvent {
    ChatEvent::ToolCallArguments { index, fragment: fragment.to_owned() }
}

pub(super) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

pub(super) fn citation(start: u64) -> ChatEvent {
    ChatEvent::Annotation(raw(&format!(
        r#"{{"type":"url_citation","url_citation":{{"url":"https://x","title":"t","start_index":{start},"end_index":{}}}}}"#,
        start + 1
    )))
}

pub(super) fn logprobs(token: &str) -> ChatEvent {
    ChatEvent::Logprobs(raw(&format!(
        r#"{{"content":[{{"token":"{token}","logprob":-0.5,"bytes":null,"top_logprobs":[]}}],"refusal":null}}"#
    )))
}

pub(super) fn finish(reason: FinishReason) -> ChatEvent {
    ChatEvent::Finish { reason, native: reason.as_str().to_owned() }
}

pub(super) fn audio(data: Option<&str>, transcript: Option<&str>) -> ChatEvent {
    ChatEvent::Audio(AudioDelta {
        id: Some("audio_1".to_owned()),
        data: data.map(str::to_owned),
        transcript: transcript.map(str::to_owned),
        expires_at: None,
    })
}

/// The events of a stream as `(type, data)`.
pub(super) fn parsed(stream: &str) -> Vec<(String, Value)> {
    let body = stream.strip_suffix("data: [DONE]\n\n").expect("a terminator");
    let blocks = body.split_terminator("\n\n").map(|block| {
        let (event, data) = block.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let kind = event.strip_prefix("event: ").unwrap().to_owned();
        assert_eq!(data["type"], kind);
        (kind, data)
    });
    blocks.collect()
}

/// The output of an answer.
pub(super) fn output(events: Vec<ChatEvent>, error: Option<&ErrorBody>) -> Value {
    serde_json::from_str::<Value>(&whole(events, error)).unwrap()["output"].take()
}
