//! Answers: the same events, streamed and whole.

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};

use crate::chat::{
    AnswerHead, AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat,
    ReasoningKind, UrlCitation, UsageView,
};
use crate::dialect::AnswerForm;
use crate::error::{ErrorBody, ErrorType};
use crate::messages::Messages;
use crate::{Address, Call, Dialect};

fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

fn usage() -> UsageView {
    UsageView {
        usage: Usage {
            source: UsageSource::Reported,
            prompt_tokens: 100,
            completion_tokens: 7,
            cached_tokens: 60,
            cache_write_tokens: 30,
            cache_write_1h_tokens: 10,
            reasoning_tokens: 3,
            web_searches: 1,
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

const USAGE: &str = r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":60,"output_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens_details":{"thinking_tokens":3},"server_tool_use":{"web_search_requests":1,"web_fetch_requests":0},"service_tier":"standard","cost":0.0000012,"is_byok":false,"cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_prompt_cost":0.0000009,"upstream_inference_completions_cost":0.0000003}}"#;

fn text(text: &str) -> ChatEvent {
    ChatEvent::Text(text.to_owned())
}

fn thought(text: &str, format: ReasoningFormat) -> ChatEvent {
    ChatEvent::Reasoning(ReasoningDetail::thought(text.to_owned(), format, 0))
}

fn start(index: u32, id: &str) -> ChatEvent {
    ChatEvent::ToolCallStart { index, id: id.to_owned(), name: "f".to_owned() }
}

fn arguments(index: u32, fragment: &str) -> ChatEvent {
    ChatEvent::ToolCallArguments { index, fragment: fragment.to_owned() }
}

fn finish(reason: FinishReason, native: &str) -> ChatEvent {
    ChatEvent::Finish { reason, native: native.to_owned() }
}

fn cited(url: &str) -> ChatEvent {
    let citation =
        UrlCitation { url, title: "T", content: Some("c"), start_index: 0, end_index: 1 };
    citation.event().unwrap()
}

/// The stream of the events, ended or broken off.
fn streamed(events: &[ChatEvent], error: Option<&ErrorBody>) -> String {
    let mut writer = Messages.writer(None, &head());
    let mut out = Vec::new();
    let mut last = (FinishReason::Stop, "stop");
    for event in events {
        writer.event(&mut out, event);
        if let ChatEvent::Finish { reason, native } = event {
            last = (*reason, native);
        }
    }
    match error {
        Some(error) => writer.fail(&mut out, error, Some(&usage())),
        None => writer.end(&mut out, last, &usage()),
    }
    String::from_utf8(out).unwrap()
}

fn whole(events: &[ChatEvent], error: Option<&ErrorBody>) -> Value {
    let mut builder = Messages.builder(None);
    for event in events {
        builder.event(event.clone());
    }
    serde_json::from_slice(&builder.build(&head(), &usage(), error)).unwrap()
}

/// Thoughts that are not to be shown leave empty blocks with what must come back.
#[test]
fn omitted_thoughts_stay_signed() {
    let body = br#"{"model":"a/b","max_tokens":9,"messages":[{"role":"user","content":"u"}],
        "thinking":{"type":"adaptive","display":"omitted"}}"#;
    let call = Call::read(Dialect::Messages, body.as_slice().into(), Address::default()).unwrap();
    let signed = ReasoningDetail::signed("sig".to_owned(), ReasoningFormat::Anthropic, 0);
    let plain = ReasoningDetail::thought("hm".to_owned(), ReasoningFormat::Unknown, 1);
    let events = [
        thought("secret", ReasoningFormat::Anthropic),
        ChatEvent::Reasoning(signed),
        ChatEvent::Reasoning(plain),
        text("a"),
        finish(FinishReason::Stop, "end_turn"),
    ];
    let (mut builder, mut writer, mut out) = (call.builder(), call.writer(&head()), Vec::new());
    for event in &events {
        builder.event(event.clone());
        writer.event(&mut out, event);
    }
    let whole: Value = serde_json::from_slice(&builder.build(&head(), &usage(), None)).unwrap();
    let content = json!([
        {"type": "thinking", "thinking": "", "signature": "sig"},
        {"type": "text", "text": "a"},
    ]);
    assert_eq!(whole["content"], content);
    let stream = String::from_utf8(out).unwrap();
    assert!(!stream.contains("secret") && !stream.contains("hm"), "{stream}");
    assert!(stream.contains(r#"{"type":"signature_delta","signature":"sig"}"#), "{stream}");
}

fn grow(block: &mut Value, delta: &Value, input: &mut String) {
    let append = |value: &mut Value, more: &Value| {
        *value = format!("{}{}", value.as_str().unwrap(), more.as_str().unwrap()).into();
    };
    match delta["type"].as_str().unwrap() {
        "text_delta" => append(&mut block["text"], &delta["text"]),
        "thinking_delta" => append(&mut block["thinking"], &delta["thinking"]),
        "signature_delta" => block["signature"] = delta["signature"].clone(),
        "input_json_delta" => input.push_str(delta["partial_json"].as_str().unwrap()),
        "citations_delta" => {
            if block["citations"].is_null() {
                block["citations"] = json!([]);
            }
            block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
        }
        other => panic!("{other}"),
    }
}

/// Collects a stream as Anthropic's clients do, and holds it to the protocol on the way.
fn collected(stream: &str) -> Value {
    let (mut message, mut input, mut open) = (Value::Null, Vec::new(), Vec::new());
    for event in stream.strip_suffix("\n\n").unwrap().split("\n\n") {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        assert!(message["done"].is_null(), "nothing follows the end");
        let index = data["index"].as_u64().map_or(0, |it| usize::try_from(it).unwrap());
        match data["type"].as_str().unwrap() {
            "message_start" => message = data["message"].clone(),
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!(content.len(), index);
                content.push(data["content_block"].clone());
                input.push(String::new());
                open.push(index);
            }
            "content_block_stop" => {
                open.retain(|it| *it != index);
                let block = &mut message["content"][index];
                if block["type"] == "tool_use" {
                    let input = &input[index];
                    let json = if input.trim().is_empty() { "{}" } else { input };
                    block["input"] = serde_json::from_str(json)
                        .unwrap_or_else(|_| json!({ "INVALID_JSON": input }));
                }
            }
            "content_block_delta" => {
                assert!(open.contains(&index));
                grow(&mut message["content"][index], &data["delta"], &mut input[index]);
            }
            "message_delta" => {
                for name in ["stop_reason", "stop_sequence", "stop_details"] {
                    message[name] = data["delta"][name].clone();
                }
                message["usage"] = data["usage"].clone();
            }
            "message_stop" => message["done"] = true.into(),
            "error" => {
                message["error"] = data["error"].clone();
                message["usage"] = data["usage"].clone();
                message["done"] = true.into();
            }
            other => panic!("{other}"),
        }
    }
    assert!(open.is_empty(), "every block is closed");
    assert_eq!(message.as_object_mut().unwrap().remove("done"), Some(true.into()));
    message
}

type Sequence = (&'static str, Vec<ChatEvent>);

fn signed(signature: &str) -> ChatEvent {
    ChatEvent::Reasoning(ReasoningDetail::signed(
        signature.to_owned(),
        ReasoningFormat::Anthropic,
        0,
    ))
}

fn sealed(id: &str, format: ReasoningFormat) -> ChatEvent {
    let detail = ReasoningDetail::sealed("c2Vh".to_owned(), format, 1);
    ChatEvent::Reasoning(ReasoningDetail { id: Some(id.to_owned()), ..detail })
}

fn stop() -> ChatEvent {
    finish(FinishReason::Stop, "stop")
}

fn texts() -> Vec<Sequence> {
    let refusal = |text: &str| ChatEvent::Refusal(text.to_owned());
    let image = |url: &str| ChatEvent::Image { url: url.to_owned() };
    let (x, y) = (cited("https://x.test"), cited("https://y.test"));
    let transcript = Some("hello".to_owned());
    vec![
        ("empty", vec![stop()]),
        ("nothing at all", vec![]),
        ("text", vec![text("He said \"hi\"\n"), text(""), text("é🙂"), stop()]),
        ("refusal", vec![refusal("I "), refusal("won't"), stop()]),
        (
            "images",
            vec![
                text("a"),
                image("data:image/png;base64,AA"),
                image("https://x.test/a.png"),
                text("b"),
                stop(),
            ],
        ),
        ("citations", vec![text("It is so."), x.clone(), y, text(" And so on."), stop()]),
        ("citations before the text", vec![x.clone(), text("So."), text("!"), stop()]),
        ("citations without a text", vec![x, stop()]),
        (
            "sound",
            vec![ChatEvent::Audio(AudioDelta { transcript, ..AudioDelta::default() }), stop()],
        ),
        ("a stop sequence", vec![text("a"), ChatEvent::StopSequence("###".to_owned()), stop()]),
    ]
}

fn thoughts() -> Vec<Sequence> {
    let (anthropic, unknown) = (ReasoningFormat::Anthropic, ReasoningFormat::Unknown);
    vec![
        (
            "signed thoughts",
            vec![
                thought("h", anthropic),
                thought("m", anthropic),
                signed("c2ln"),
                text("ok"),
                stop(),
            ],
        ),
        (
            "two blocks of thought and a sealed one",
            vec![
                thought("a", anthropic),
                signed("s1"),
                thought("b", anthropic),
                signed("s2"),
                sealed("x", anthropic),
                text("ok"),
                stop(),
            ],
        ),
        (
            "another provider's thoughts",
            vec![
                thought("a", unknown),
                thought("b", unknown),
                text("ok"),
                sealed("call_1", ReasoningFormat::Gemini),
                start(0, "call_1"),
                arguments(0, "{}"),
                finish(FinishReason::ToolCalls, "STOP"),
            ],
        ),
    ]
}

fn calls() -> Vec<Sequence> {
    let anthropic = ReasoningFormat::Anthropic;
    let done = || finish(FinishReason::ToolCalls, "tool_calls");
    vec![
        (
            "parallel calls",
            vec![
                start(0, "c0"),
                arguments(0, "{\"a\":"),
                arguments(0, "\"}\\\"\"}"),
                start(1, "c1"),
                arguments(1, "{\"b\":[{}]}"),
                done(),
            ],
        ),
        (
            "calls that are written in turns",
            vec![
                start(0, "c0"),
                start(1, "c1"),
                arguments(0, "{\"a\""),
                arguments(1, "{\"b\""),
                arguments(0, ":1}"),
                text("meanwhile"),
                arguments(1, ":2}"),
                done(),
            ],
        ),
        (
            "calls without arguments",
            vec![start(0, "c0"), start(1, "c1"), arguments(1, ""), arguments(7, "x"), done()],
        ),
        (
            "interleaved",
            vec![
                thought("a", anthropic),
                signed("s"),
                start(0, "c0"),
                arguments(0, "{}"),
                thought("b", anthropic),
                start(1, "c1"),
                arguments(1, "{\"x\":1}"),
                text("t"),
                done(),
            ],
        ),
        (
            "length",
            vec![
                start(0, "c0"),
                arguments(0, "{\"a\":\"b"),
                finish(FinishReason::Length, "MAX_TOKENS"),
            ],
        ),
    ]
}

#[test]
fn a_stream_says_what_the_whole_message_says() {
    let error = ErrorBody::new(ErrorType::ProviderUnavailable, "gone");
    for (name, events) in texts().into_iter().chain(thoughts()).chain(calls()) {
        assert_eq!(collected(&streamed(&events, None)), whole(&events, None), "{name}");
        // Broken off after every event.
        for cut in 0..=events.len() {
            let events = &events[..cut];
            let stream = collected(&streamed(events, Some(&error)));
            assert_eq!(stream, whole(events, Some(&error)), "{name} broken off after {cut}");
        }
    }
}

#[test]
fn events_become_a_stream_in_anthropics_form() {
    let early = Usage { prompt_tokens: 12, cached_tokens: 2, ..Usage::default() };
    let anthropic = ReasoningFormat::Anthropic;
    let stream = streamed(
        &[
            ChatEvent::Usage(early),
            thought("hm", anthropic),
            ChatEvent::Reasoning(ReasoningDetail::signed("c2ln".to_owned(), anthropic, 0)),
            text("o\"k"),
            cited("https://x.test"),
            start(0, "toolu_1"),
            arguments(0, "{\"a\":1}"),
            ChatEvent::ServiceTier("default".to_owned()),
            finish(FinishReason::ToolCalls, "tool_use"),
        ],
        None,
    );
    let delta = format!(
        r#"message_delta {{"type":"message_delta","delta":{{"stop_reason":"tool_use","stop_sequence":null,"stop_details":null}},"usage":{USAGE}}}"#
    );
    let expected = [
        r#"message_start {"type":"message_start","message":{"id":"gen-1-x","type":"message","role":"assistant","model":"a/b","provider":"Acme","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":2,"output_tokens":0}}}"#,
        r#"content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#,
        r#"content_block_stop {"type":"content_block_stop","index":0}"#,
        r#"content_block_start {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"content_block_delta {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"o\"k"}}"#,
        r#"content_block_delta {"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"c","url":"https://x.test","title":"T","encrypted_index":""}}}"#,
        r#"content_block_stop {"type":"content_block_stop","index":1}"#,
        r#"content_block_start {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#,
        r#"content_block_delta {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        r#"content_block_stop {"type":"content_block_stop","index":2}"#,
        &delta,
        r#"message_stop {"type":"message_stop"}"#,
    ];
    let expected = expected.map(|event| {
        let (name, data) = event.split_once(' ').unwrap();
        format!("event: {name}\ndata: {data}\n\n")
    });
    assert_eq!(stream, expected.concat());
}

#[test]
fn a_broken_stream_ends_with_an_error() {
    let error = ErrorBody::new(ErrorType::ProviderOverloaded, "busy");
    let stream = streamed(
        &[start(0, "c"), arguments(0, "{\"a\""), ChatEvent::ServiceTier("default".into())],
        Some(&error),
    );
    let (_, tail) = stream.split_once("\n\nevent: content_block_stop").unwrap();
    assert_eq!(
        tail,
        format!(
            "\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\nevent: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"overloaded_error\",\"message\":\"busy\",\"error_type\":\"provider_overloaded\"}},\"request_id\":\"gen-1-x\",\"metadata\":{{\"error_type\":\"provider_overloaded\"}},\"usage\":{USAGE}}}\n\n"
        )
    );
}

/// Who asks for a speed is told which one it was, as far as the provider says.
#[test]
fn speed_is_told_to_who_names_it() {
    for (members, tier, expected) in [
        (r#","speed":"fast""#, Some("priority"), json!(["priority", "fast"])),
        (r#","speed":"fast""#, Some("default"), json!(["standard", "standard"])),
        (r#","speed":"fast""#, None, json!([null, null])),
        ("", Some("priority"), json!(["priority", null])),
    ] {
        let body = format!(
            r#"{{"model":"a/b","max_tokens":9,"messages":[{{"role":"user","content":"u"}}]{members}}}"#
        );
        let call = Call::read(Dialect::Messages, body.into(), Address::default()).unwrap();
        let tier = tier.map(|tier| ChatEvent::ServiceTier(tier.to_owned()));
        let (mut builder, mut writer, mut out) = (call.builder(), call.writer(&head()), Vec::new());
        for event in [Some(text("a")), tier].into_iter().flatten() {
            writer.event(&mut out, &event);
            builder.event(event);
        }
        writer.end(&mut out, (FinishReason::Stop, "stop"), &usage());
        let whole: Value = serde_json::from_slice(&builder.build(&head(), &usage(), None)).unwrap();
        let told = |usage: &Value| json!([usage["service_tier"], usage["speed"]]);
        assert_eq!(told(&whole["usage"]), expected, "{members}");
        let stream = String::from_utf8(out).unwrap();
        let (_, end) = stream.split_once("event: message_delta\ndata: ").unwrap();
        let end: Value = serde_json::from_str(end.lines().next().unwrap()).unwrap();
        assert_eq!(told(&end["usage"]), expected, "{members}");
    }
}

/// The dialect has no reason to stop that means failure, so the answer must not look like one that
/// came to an end.
#[test]
fn an_answer_that_failed_does_not_look_complete() {
    let events = [text("a"), finish(FinishReason::Error, "MALFORMED_FUNCTION_CALL")];
    let message = "The provider ended the answer with \"MALFORMED_FUNCTION_CALL\"";
    let stream = streamed(&events, None);
    let (_, end) = stream.split_once("event: error\ndata: ").unwrap();
    let end: Value = serde_json::from_str(end).unwrap();
    assert_eq!(end["type"], "error");
    assert_eq!(
        end["error"],
        json!({"type": "api_error", "message": message, "error_type": "provider_unavailable"})
    );
    assert_eq!(end["usage"]["output_tokens"], 7);
    for word in ["message_delta", "message_stop", "end_turn"] {
        assert!(!stream.contains(word), "{stream}");
    }
    let whole = whole(&events, None);
    assert_eq!(whole["content"], json!([{"type": "text", "text": "a"}]));
    assert_eq!(whole["stop_reason"], Value::Null);
    assert_eq!(whole["error"], end["error"]);
}

#[test]
fn a_whole_message_has_the_contracts_form() {
    let mut builder = Messages.builder(None);
    for event in [
        thought("hm", ReasoningFormat::Unknown),
        ChatEvent::Refusal("No.".to_owned()),
        start(0, "c0"),
        ChatEvent::ServiceTier("default".to_owned()),
        finish(FinishReason::Stop, "stop"),
    ] {
        builder.event(event);
    }
    let message = String::from_utf8(builder.build(&head(), &usage(), None)).unwrap();
    assert_eq!(
        message,
        format!(
            r#"{{"id":"gen-1-x","type":"message","role":"assistant","model":"a/b","provider":"Acme","content":[{{"type":"thinking","thinking":"hm","signature":"tollgate:{{\"type\":\"reasoning.text\",\"format\":\"unknown\",\"index\":0}}"}},{{"type":"text","text":"No."}},{{"type":"tool_use","id":"c0","name":"f","input":{{}}}}],"stop_reason":"refusal","stop_sequence":null,"stop_details":{{"type":"refusal","category":null,"explanation":null}},"usage":{USAGE}}}"#
        )
    );
    let error = ErrorBody::new(ErrorType::ProviderUnavailable, "gone");
    let broken: Value =
        serde_json::from_slice(&builder.build(&head(), &usage(), Some(&error))).unwrap();
    assert_eq!(broken["stop_reason"], Value::Null);
    assert_eq!(
        broken["error"],
        json!({ "type": "api_error", "message": "gone", "error_type": "provider_unavailable" })
    );
}

/// Answers' thoughts as four providers give them.
fn details() -> [Vec<ReasoningDetail>; 4] {
    use ReasoningFormat::{Anthropic, Gemini, OpenAi, Unknown};
    let thought =
        |text: &str, format, index| ReasoningDetail::thought(text.to_owned(), format, index);
    let sealed =
        |data: &str, format, index| ReasoningDetail::sealed(data.to_owned(), format, index);
    let some = |text: &str| Some(text.to_owned());
    let summary = ReasoningDetail {
        kind: ReasoningKind::Summary,
        text: None,
        summary: some("**Plan**"),
        id: some("rs_1"),
        ..thought("", OpenAi, 0)
    };
    [
        vec![
            ReasoningDetail { signature: some("c2ln=="), ..thought("a \"b\"\n", Anthropic, 0) },
            sealed("Em+/", Anthropic, 1),
        ],
        vec![summary, ReasoningDetail { id: some("rs_1"), ..sealed("gAAA", OpenAi, 0) }],
        vec![
            thought("t", Gemini, 0),
            ReasoningDetail { id: some("call_1"), ..sealed("sig/+", Gemini, 1) },
        ],
        vec![
            ReasoningDetail { signature: some("s\\"), ..thought("t", Gemini, 4) },
            thought("plain", Unknown, 5),
        ],
    ]
}

/// What the model thought comes back to its provider as it was, whichever provider that is.
#[test]
fn thoughts_survive_the_way_to_the_client_and_back() {
    for details in details() {
        let events: Vec<ChatEvent> = details.iter().cloned().map(ChatEvent::Reasoning).collect();
        let content = whole(&events, None)["content"].clone();
        let body = json!({ "messages": [{ "role": "assistant", "content": content }] }).to_string();
        let call = Call::read(Dialect::Messages, body.into(), Address::default()).unwrap();
        let request = call.chat().unwrap().typed().unwrap();
        assert_eq!(request.messages[0].reasoning_details, details);
        let foreign = details[0].format != ReasoningFormat::Anthropic;
        assert_eq!(call.survey().extensions, foreign);
    }
}

/// Any event, well placed or not.
fn any_event() -> impl Strategy<Value = ChatEvent> {
    let formats = [ReasoningFormat::Anthropic, ReasoningFormat::OpenAi];
    let fragments = prop::sample::select(vec!["{\"a\":", "1}", "{}", "", " ", "[\"]\"", "\\"]);
    prop_oneof![
        "[a-z\"]{0,2}".prop_map(ChatEvent::Text),
        "[a-z]{1,2}".prop_map(ChatEvent::Refusal),
        (prop::sample::select(formats.to_vec()), 0..2_u32, prop::option::of("[a-z]{0,2}"))
            .prop_map(|(format, index, signature)| {
                let thought = ReasoningDetail::thought("t".to_owned(), format, index);
                ChatEvent::Reasoning(ReasoningDetail { signature, ..thought })
            }),
        Just(sealed("x", ReasoningFormat::Gemini)),
        (0..3_u32).prop_map(|index| start(index, "c")),
        (0..3_u32, fragments).prop_map(|(index, fragment)| arguments(index, fragment)),
        Just(ChatEvent::Image { url: "data:image/png;base64,AA".to_owned() }),
        Just(cited("https://x.test")),
    ]
}

proptest! {
    /// Whatever a provider sends, in whatever order: the protocol holds and nothing is lost on
    /// one way that is there on the other.
    #[test]
    fn any_events_make_the_same_stream_and_message(
        events in prop::collection::vec(any_event(), 0..24),
        breaks in any::<bool>(),
    ) {
        let error = ErrorBody::new(ErrorType::Server, "x");
        let error = breaks.then_some(&error);
        let message = collected(&streamed(&events, error));
        prop_assert_eq!(&message, &whole(&events, error));
        let (mut said, mut called) = (String::new(), 0);
        for event in &events {
            match event {
                ChatEvent::Text(text) | ChatEvent::Refusal(text) => said.push_str(text),
                ChatEvent::ToolCallStart { .. } => called += 1,
                _ => {}
            }
        }
        let content = message["content"].as_array().unwrap();
        let texts: String = content.iter().filter_map(|it| it["text"].as_str()).collect();
        prop_assert_eq!(texts, said);
        prop_assert_eq!(content.iter().filter(|it| it["type"] == "tool_use").count(), called);
    }
}

#[test]
fn a_quiet_stream_is_kept_open_by_pings() {
    assert_eq!(Messages.keep_alive(None), b"event: ping\ndata: {\"type\": \"ping\"}\n\n");
}
