//! What the tests of dialects share: a request on its way to chat, and answers to compare.

use bytes::Bytes;
use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};

use crate::chat::{
    AnswerHead, AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat,
    ReasoningKind, UsageView,
};
use crate::error::{ErrorBody, ErrorType};
use crate::{Address, Call, Dialect};

pub(crate) fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_790_000_000_123),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

pub(crate) fn usage() -> UsageView {
    UsageView {
        usage: Usage {
            source: UsageSource::Reported,
            prompt_tokens: 9,
            completion_tokens: 5,
            cached_tokens: 4,
            reasoning_tokens: 2,
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

/// Usage as it stands in bodies of OpenAI's forms.
pub(crate) const USAGE: &str = r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"cost":0.0000012,"is_byok":false,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":0,"audio_tokens":0,"video_tokens":0},"cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_prompt_cost":0.0000009,"upstream_inference_completions_cost":0.0000003},"completion_tokens_details":{"reasoning_tokens":2,"image_tokens":0,"audio_tokens":0}}"#;

pub(crate) fn failure() -> ErrorBody {
    ErrorBody::new(ErrorType::ProviderUnavailable, "The provider broke off")
}

pub(crate) fn call(dialect: Dialect, body: &str) -> Result<Call, String> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Call::read(dialect, body, Address::default()).map_err(|error| error.message().to_owned())
}

/// The members of the chat request behind `model` and `stream`, and what was lost. The request
/// must also be one that adapters can read.
pub(crate) fn chat(dialect: Dialect, body: &str) -> Result<(String, Vec<String>), String> {
    let call = call(dialect, body)?;
    let chat = call.chat().map_err(|error| error.message().to_owned())?;
    chat.typed().map_err(|error| error.message().to_owned())?;
    let text = chat.object().text();
    let (_, rest) = text.split_once(r#""stream":"#).unwrap();
    let (_, rest) = rest.split_once(',').unwrap();
    Ok((format!("{{{rest}"), call.lost().to_vec()))
}

pub(crate) fn stream(call: &Call, events: &[ChatEvent], fails: bool) -> String {
    let mut writer = call.writer(&head());
    let mut out = Vec::new();
    let mut finish = (FinishReason::Stop, "stop");
    for event in events {
        writer.event(&mut out, event);
        if let ChatEvent::Finish { reason, native } = event {
            finish = (*reason, native);
        }
    }
    if fails {
        writer.fail(&mut out, &failure(), Some(&usage()));
    } else {
        writer.end(&mut out, finish, &usage());
    }
    String::from_utf8(out).unwrap()
}

pub(crate) fn whole(call: &Call, events: &[ChatEvent], fails: bool) -> String {
    let mut builder = call.builder();
    for event in events {
        builder.event(event.clone());
    }
    let error = fails.then(failure);
    String::from_utf8(builder.build(&head(), &usage(), error.as_ref())).unwrap()
}

pub(crate) fn text(text: &str) -> ChatEvent {
    ChatEvent::Text(text.to_owned())
}

pub(crate) fn start(index: u32, id: &str, name: &str) -> ChatEvent {
    ChatEvent::ToolCallStart { index, id: id.to_owned(), name: name.to_owned() }
}

pub(crate) fn arguments(index: u32, fragment: &str) -> ChatEvent {
    ChatEvent::ToolCallArguments { index, fragment: fragment.to_owned() }
}

pub(crate) fn thought(text: &str, format: ReasoningFormat, index: u32) -> ChatEvent {
    ChatEvent::Reasoning(ReasoningDetail::thought(text.to_owned(), format, index))
}

pub(crate) fn signed(signature: &str, format: ReasoningFormat, index: u32) -> ChatEvent {
    ChatEvent::Reasoning(ReasoningDetail::signed(signature.to_owned(), format, index))
}

pub(crate) fn sealed(
    data: &str,
    id: Option<&str>,
    format: ReasoningFormat,
    index: u32,
) -> ChatEvent {
    let detail = ReasoningDetail::sealed(data.to_owned(), format, index);
    ChatEvent::Reasoning(ReasoningDetail { id: id.map(str::to_owned), ..detail })
}

pub(crate) fn finish(reason: FinishReason, native: &str) -> ChatEvent {
    ChatEvent::Finish { reason, native: native.to_owned() }
}

pub(crate) fn raw(json: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(json.to_owned()).unwrap()
}

/// An answer: what it is, its events, and whether it broke off.
type Answer = (&'static str, Vec<ChatEvent>, bool);

/// Answers of every kind.
pub(crate) fn answers() -> Vec<Answer> {
    [plain_answers(), thoughtful_answers(), calling_answers(), other_answers()].concat()
}

fn stop() -> ChatEvent {
    finish(FinishReason::Stop, "end_turn")
}

fn tools() -> ChatEvent {
    finish(FinishReason::ToolCalls, "tool_use")
}

fn plain_answers() -> Vec<Answer> {
    let refusal = ChatEvent::Refusal("I can't".to_owned());
    vec![
        ("text", vec![text("He"), text("llo \"you\"\n"), stop()], false),
        ("nothing", vec![stop()], false),
        ("no end", vec![text("Hi")], false),
        ("refusal", vec![refusal, stop()], false),
        ("length", vec![text("Hel"), finish(FinishReason::Length, "max_tokens")], false),
        ("filtered", vec![finish(FinishReason::ContentFilter, "SAFETY")], false),
        ("broken off", vec![text("Hel"), start(0, "c", "f"), arguments(0, "{\"a")], true),
        ("broken off at once", vec![], true),
    ]
}

fn thoughtful_answers() -> Vec<Answer> {
    use ReasoningFormat::{Anthropic, Gemini, OpenAi, Unknown};
    let summary = |text: &str| {
        let detail = ReasoningDetail::thought(String::new(), OpenAi, 0);
        let (kind, summary) = (ReasoningKind::Summary, Some(text.to_owned()));
        let id = Some("rs_1".to_owned());
        ChatEvent::Reasoning(ReasoningDetail { kind, text: None, summary, id, ..detail })
    };
    let of_anthropic = vec![
        thought("h", Anthropic, 0),
        thought("m", Anthropic, 0),
        signed("c2ln", Anthropic, 0),
        sealed("ZGF0YQ==", None, Anthropic, 1),
        text("So."),
        stop(),
    ];
    let of_openai = vec![
        summary("Think"),
        summary("ing"),
        sealed("ZW5j", Some("rs_1"), OpenAi, 0),
        text("So."),
        stop(),
    ];
    let of_gemini = vec![
        thought("hm", Gemini, 0),
        text("So."),
        sealed("c2lnMA==", None, Gemini, 1),
        sealed("c2lnMQ==", Some("c1"), Gemini, 2),
        start(0, "c1", "f"),
        arguments(0, "{\"a\":1}"),
        start(1, "c2", "g"),
        arguments(1, "{}"),
        tools(),
    ];
    let between_calls = vec![
        thought("one", Anthropic, 0),
        signed("czE=", Anthropic, 0),
        start(0, "c1", "f"),
        arguments(0, "{}"),
        thought("two", Anthropic, 1),
        signed("czI=", Anthropic, 1),
        start(1, "c2", "f"),
        arguments(1, "{\"a\":1}"),
        tools(),
    ];
    vec![
        ("thoughts of Anthropic", of_anthropic, false),
        ("thoughts of OpenAI", of_openai, false),
        ("thoughts of nobody", vec![thought("hm", Unknown, 0), text("So."), stop()], false),
        ("thoughts of Gemini", of_gemini, false),
        ("thoughts between calls", between_calls, false),
    ]
}

fn calling_answers() -> Vec<Answer> {
    let in_fragments = vec![
        start(0, "c1", "f"),
        start(1, "c2", "g"),
        arguments(1, "{\"b\":"),
        arguments(0, "{\"a\":\n\"x"),
        arguments(0, "}\"}"),
        arguments(1, "[2]}"),
        start(2, "c3", "h"),
        tools(),
    ];
    let half = vec![
        start(0, "c1", "f"),
        arguments(0, "{}"),
        start(1, "c2", "f"),
        arguments(1, "{\"a\":"),
        finish(FinishReason::Length, "length"),
    ];
    let broken = vec![start(0, "c1", "f"), arguments(0, "{a:1"), tools()];
    vec![
        ("parallel calls in fragments", in_fragments, false),
        ("half a call", half, false),
        ("a call that is not JSON", broken, false),
    ]
}

fn other_answers() -> Vec<Answer> {
    let image = |url: &str| ChatEvent::Image { url: url.to_owned() };
    let images = vec![
        text("Here: "),
        image("data:image/png;base64,iVBORw0KGgo="),
        image("data:image/webp;base64,UklGRg=="),
        sealed("aW1n", Some("image_1"), ReasoningFormat::Gemini, 0),
        image("https://x/y.png"),
        stop(),
    ];
    let citation = ChatEvent::Annotation(raw(
        r#"{"type":"url_citation","url_citation":{"url":"https://x","title":"X","content":"so","start_index":0,"end_index":2}}"#,
    ));
    let logprobs = ChatEvent::Logprobs(raw(
        r#"{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]},{"token":"b","logprob":-1.5,"bytes":[98]}]}]}"#,
    ));
    let probabilities = vec![text("a"), logprobs.clone(), text("a"), logprobs, stop()];
    let sound = ChatEvent::Audio(AudioDelta {
        data: Some("AAAA".to_owned()),
        transcript: Some("Hi".to_owned()),
        ..AudioDelta::default()
    });
    vec![
        ("images", images, false),
        ("a citation", vec![text("so"), citation, stop()], false),
        ("probabilities", probabilities, false),
        ("sound", vec![sound, stop()], false),
    ]
}
