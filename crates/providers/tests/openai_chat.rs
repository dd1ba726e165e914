//! OpenAI chat: what goes up of a request, and what comes down of an answer, to the byte.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

mod support;

use bytes::Bytes;
use serde_json::Value;
use tollgate_catalog::{Auth, MaxTokensField, Prefill, Quirks, ReasoningStyle};
use tollgate_providers::{Adapter, FaultKind, Native, OpenAiChat, Outbound, Progress, Target};
use tollgate_types::{Timestamp, Usage, UsageSource, Usd};
use tollgate_wire::chat::{ChatCall, ChatEvent, FinishReason, UsageView};

use support::{head, recordings, stream, whole_answer};

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(recordings("openai-chat").join(name)).unwrap()
}

/// The body that goes up for a request, at an endpoint with these quirks and parameters.
fn encoded(request: &str, quirks: &Quirks, parameters: &[&str]) -> String {
    let call = ChatCall::read(Bytes::copy_from_slice(request.as_bytes())).unwrap();
    let parameters: Vec<String> = parameters.iter().map(|it| (*it).to_owned()).collect();
    let target = Target {
        base_url: "https://host/v1",
        upstream_model: "small-1",
        credential: Some("sk-secret"),
        max_output: Some(100),
        supported_parameters: &parameters,
        auth: Auth::Bearer,
        quirks,
        service: tollgate_catalog::Service::default(),
    };
    let now = Timestamp::from_unix_millis(1_000);
    let outbound = Outbound {
        call: &call,
        target,
        end_user: Some("u-hash"),
        betas: None,
        claude_tools: None,
        now,
    };
    let request = OpenAiChat.encode(&outbound).unwrap();
    assert_eq!(request.uri(), "https://host/v1/chat/completions");
    assert_eq!(request.headers()["authorization"], "Bearer sk-secret");
    assert!(request.headers()["authorization"].is_sensitive());
    String::from_utf8(request.into_body().to_vec()).unwrap()
}

#[test]
fn what_is_not_ours_goes_up_byte_for_byte() {
    let request = r#"{ "messages" : [ {"role":"user", "content":"h\u00e9 "} ],
        "model":"acme/small", "temperature":0.50, "future": {"a" : [1, 2.0]},
        "models":["x/y"], "route":"fallback", "provider":{"order":["a"]}, "session_id":"s", "trace":{}, "usage":{"include":true} }"#;
    assert_eq!(
        encoded(request, &Quirks::default(), &[]),
        r#"{"model":"small-1","messages":[ {"role":"user", "content":"h\u00e9 "} ],"temperature":0.50,"future":{"a" : [1, 2.0]},"user":"u-hash"}"#
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn parameters_are_adapted_to_the_endpoint() {
    let ask = |rest: &str| format!(r#"{{"messages":[{{"role":"user","content":"x"}}],{rest}}}"#);
    let messages = r#"{"model":"small-1","messages":[{"role":"user","content":"x"}]"#;
    let user = r#""user":"u-hash""#;
    let plain = Quirks::default();
    let openai =
        Quirks { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..Quirks::default() };
    let nameless = Quirks { drop_params: vec!["user".to_owned()], ..Quirks::default() };
    let thinking = Quirks { reasoning_style: ReasoningStyle::ThinkingType, ..Quirks::default() };
    let ours = Quirks { reasoning_style: ReasoningStyle::OpenRouter, ..Quirks::default() };
    for (rest, quirks, parameters, expected) in [
        // A bound beyond what the endpoint can write is lowered to it.
        (
            r#""max_tokens":500"#,
            &plain,
            &[][..],
            format!(r#"{messages},"max_tokens":100,{user}}}"#),
        ),
        (
            r#""max_tokens":50"#,
            &openai,
            &[],
            format!(r#"{messages},"max_completion_tokens":50,{user}}}"#),
        ),
        // A prediction is refused beside the newer name.
        (
            r#""max_tokens":50,"prediction":{"type":"content","content":"x"}"#,
            &openai,
            &[],
            format!(
                r#"{messages},"prediction":{{"type":"content","content":"x"}},"max_tokens":50,{user}}}"#
            ),
        ),
        (
            r#""max_tokens":50,"prediction":{"type":"content","content":"x"}"#,
            &openai,
            &["seed"],
            format!(r#"{messages},"max_completion_tokens":50,{user}}}"#),
        ),
        // What the endpoint is known not to take is left out; unknown parameters are not.
        (
            r#""top_k":5,"seed":1,"other":2"#,
            &plain,
            &["seed"],
            format!(r#"{messages},"seed":1,"other":2,{user}}}"#),
        ),
        (r#""user":"me""#, &nameless, &[], format!("{messages}}}")),
        (
            r#""stream":true"#,
            &plain,
            &[],
            format!(
                r#"{messages},"stream":true,{user},"stream_options":{{"include_usage":true}}}}"#
            ),
        ),
        (
            r#""reasoning":{"effort":"high"}"#,
            &plain,
            &["reasoning"],
            format!(r#"{messages},{user},"reasoning_effort":"high"}}"#),
        ),
        (
            r#""reasoning":{"max_tokens":40},"max_tokens":100"#,
            &plain,
            &["reasoning"],
            format!(r#"{messages},"max_tokens":100,{user},"reasoning_effort":"medium"}}"#),
        ),
        (r#""reasoning":{"effort":"high"}"#, &plain, &["seed"], format!("{messages},{user}}}")),
        (
            r#""reasoning":{"enabled":false}"#,
            &thinking,
            &["reasoning"],
            format!(r#"{messages},{user},"thinking":{{"type":"disabled"}}}}"#),
        ),
        (
            r#""reasoning":{"enabled":true,"exclude":true}"#,
            &ours,
            &["reasoning"],
            format!(r#"{messages},{user},"reasoning":{{"effort":"medium","exclude":true}}}}"#),
        ),
    ] {
        assert_eq!(encoded(&ask(rest), quirks, parameters), expected, "{rest}");
    }
}

/// Where an answer was begun, each provider is told in its way to go on with it.
#[test]
fn who_is_to_go_on_is_told_so() {
    let question = r#"{"role":"user","content":"x"}"#;
    let begun = format!(r#"[{question},{{"role":"assistant","content":"y"}}]"#);
    let marked =
        |mark: &str| format!(r#"[{question},{{"role":"assistant","content":"y","{mark}":true}}]"#);
    let all = r#","continue_final_message":true,"add_generation_prompt":false"#;
    for (prefill, messages, members) in [
        (None, begun.clone(), ""),
        (Some(Prefill::Plain), begun.clone(), ""),
        (Some(Prefill::Prefix), marked("prefix"), ""),
        (Some(Prefill::Partial), marked("partial"), ""),
        (Some(Prefill::ContinueFinalMessage), begun.clone(), all),
    ] {
        let quirks = Quirks { prefill, ..Quirks::default() };
        let encoded =
            |messages: &str| encoded(&format!(r#"{{"messages":{messages}}}"#), &quirks, &[]);
        let expected =
            format!(r#"{{"model":"small-1","messages":{messages},"user":"u-hash"{members}}}"#);
        let (sent, expected): (Value, Value) = (
            serde_json::from_str(&encoded(&begun)).unwrap(),
            serde_json::from_str(&expected).unwrap(),
        );
        assert_eq!(sent, expected, "{prefill:?}");
        let asked = format!("[{question}]");
        let expected = format!(r#"{{"model":"small-1","messages":{asked},"user":"u-hash"}}"#);
        assert_eq!(encoded(&asked), expected, "{prefill:?}");
    }
    let called = format!(
        r#"[{question},{{"role":"assistant","tool_calls":[{{"id":"1","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}}]"#
    );
    let quirks = Quirks { prefill: Some(Prefill::Prefix), ..Quirks::default() };
    let sent = encoded(&format!(r#"{{"messages":{called}}}"#), &quirks, &[]);
    assert!(!sent.contains("prefix"), "{sent}");
}

#[test]
fn messages_lose_only_what_no_provider_knows() {
    let request = r#"{"messages":[{"role":"developer","content":"d"},
        {"role":"assistant","content":"a","reasoning":"r","reasoning_details":[{"type":"reasoning.text"}]},
        {"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral"}}]}]}"#;
    assert_eq!(
        encoded(request, &Quirks::default(), &["reasoning"]),
        r#"{"model":"small-1","messages":[{"role":"system","content":"d"},{"role":"assistant","content":"a","reasoning_content":"r"},{"role":"user","content":[{"type":"text","text":"t"}]}],"user":"u-hash"}"#
    );
    let openai = Quirks { developer_role: true, ..Quirks::default() };
    let untouched = r#"{"messages":[{"role":"developer","content":"d"}]}"#;
    assert!(encoded(untouched, &openai, &[]).contains(r#"[{"role":"developer","content":"d"}]"#));
}

const CHUNK: &str = r#"data: {"id":"gen-1-x","provider":"Acme","model":"a/b","object":"chat.completion.chunk","created":1,"#;

#[test]
fn chunks_come_down_with_our_fields_in_place_of_theirs() {
    let streamed = stream(&OpenAiChat, [&recording("text.sse")[..]]);
    let tail =
        r#""service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":"#;
    let open = r#","logprobs":null,"finish_reason":null,"native_finish_reason":null}]}"#;
    let expected = [
        format!(r#"{CHUNK}{tail}{{"role":"assistant","content":"","refusal":null}}{open}"#),
        format!(r#"{CHUNK}{tail}{{"content":"Grüße, "}}{open}"#),
        format!(r#"{CHUNK}{tail}{{"content":"Welt 🌍\n"}}{open}"#),
        format!(
            r#"{CHUNK}{tail}{{}},"logprobs":null,"finish_reason":"stop","native_finish_reason":"stop"}}]}}"#
        ),
        String::new(),
    ];
    assert_eq!(String::from_utf8(streamed.out).unwrap(), expected.join("\n\n"));
    assert_eq!(streamed.result, Ok(()));
    let progress = streamed.progress;
    assert_eq!(progress.upstream_id.as_deref(), Some("chatcmpl-R1"));
    assert_eq!(progress.finish, Some((FinishReason::Stop, "stop".to_owned())));
    assert_eq!(progress.service_tier.as_deref(), Some("default"));
    let usage = progress.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens), (12, 5, 4));
}

/// What is left of each chunk beside what all of them share.
fn deltas(name: &str) -> (String, Result<(), FaultKind>) {
    let streamed = stream(&OpenAiChat, [&recording(name)[..]]);
    let text = String::from_utf8(streamed.out).unwrap();
    let choices = text.lines().filter_map(|line| line.split_once(r#""choices":["#));
    let choices = choices.map(|(_, rest)| rest.trim_end_matches("]}").to_owned());
    (choices.collect::<Vec<_>>().join("\n"), streamed.result.map_err(|fault| fault.kind))
}

#[test]
fn every_kind_of_stream_has_its_defined_result() {
    let open = r#""logprobs":null,"finish_reason":null,"native_finish_reason":null}"#;
    let delta = |it: &str| format!(r#"{{"index":0,"delta":{{{it}}},{open}"#);
    let ended = |reason: &str| {
        format!(
            r#"{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"{reason}","native_finish_reason":"{reason}"}}"#
        )
    };
    let role = delta(r#""role":"assistant","content":"","refusal":null"#);
    let thought = |text: &str, before: &str| {
        delta(&format!(
            r#"{before}"reasoning":"{text}","reasoning_details":[{{"type":"reasoning.text","text":"{text}","format":"unknown","index":0}}]"#
        ))
    };
    for (name, expected, result) in [
        (
            "reasoning-content.sse",
            vec![
                thought("Let me", r#""role":"assistant","content":null,"#),
                thought(" see.", r#""content":null,"#),
                delta(r#""content":"42""#),
                r#"{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","native_finish_reason":"stop"}"#.to_owned(),
            ],
            Ok(()),
        ),
        ("crlf.sse", vec![role.clone(), delta(r#""content":"x""#), ended("stop")], Ok(())),
        ("cut.sse", vec![role.clone(), delta(r#""content":"The answer""#)], Err(FaultKind::Truncated)),
        ("stalled.sse", vec![role.clone()], Err(FaultKind::Empty)),
        ("malformed.sse", vec![role.clone(), delta(r#""content":"a""#)], Err(FaultKind::Broken)),
        ("error-event.sse", vec![role, delta(r#""content":"a""#)], Err(FaultKind::Overloaded)),
        ("error-at-once.sse", vec![String::new()], Err(FaultKind::Overloaded)),
    ] {
        assert_eq!(deltas(name), (expected.join("\n"), result), "{name}");
    }
}

#[test]
fn a_provider_of_our_own_dialect_keeps_its_reasoning_and_native_reason() {
    let (choices, result) = deltas("own-dialect.sse");
    assert_eq!(result, Ok(()));
    assert!(choices.contains(r#""format":"anthropic-claude-v1""#), "{choices}");
    assert_eq!(choices.matches(r#""reasoning":"hm""#).count(), 1);
    assert!(
        choices.contains(r#""finish_reason":"stop","native_finish_reason":"end_turn""#),
        "{choices}"
    );
}

#[test]
fn usage_is_found_wherever_a_provider_puts_it() {
    for (name, prompt, completion) in
        [("groq.sse", 4, 1), ("usage-everywhere.sse", 4, 2), ("own-dialect.sse", 3, 2)]
    {
        let streamed = stream(&OpenAiChat, [&recording(name)[..]]);
        let usage = streamed.progress.usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (prompt, completion), "{name}");
        assert_eq!(streamed.result, Ok(()), "{name}");
        assert!(!String::from_utf8_lossy(&streamed.out).contains("\"usage\""), "{name}");
    }
}

fn usage() -> UsageView {
    let usage = Usage { source: UsageSource::Reported, prompt_tokens: 12, ..Usage::default() };
    UsageView {
        usage,
        cost: Usd::from_nanos(5),
        prompt_cost: Usd::from_nanos(5),
        completion_cost: Usd::ZERO,
        upstream_cost: Usd::from_nanos(5),
        unpriced: false,
        is_byok: false,
    }
}

#[test]
fn a_whole_answer_keeps_what_is_not_ours() {
    let answer = Native::whole(&OpenAiChat, &head(), recording("text.json").into()).unwrap();
    let json = String::from_utf8(answer.render(&head(), &usage())).unwrap();
    let (before, rest) = json.split_once(r#","usage":"#).unwrap();
    assert!(before.starts_with(
        r#"{"id":"gen-1-x","provider":"Acme","model":"a/b","object":"chat.completion","created":1,"choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null,"annotations":[],"reasoning":null},"logprobs":null,"finish_reason":"stop","native_finish_reason":"stop"}],"service_tier":"default","system_fingerprint":"fp_2","x_vendor":"#
    ), "{before}");
    assert!(rest.starts_with(r#"{"prompt_tokens":12,"completion_tokens":0,"#), "{rest}");
    assert!(serde_json::from_str::<Value>(&json).is_ok());
}

#[test]
fn whole_answers_that_are_none_are_faults() {
    for (name, kind) in [
        ("error.json", FaultKind::Broken),
        ("empty.json", FaultKind::Empty),
        ("garbage.json", FaultKind::Broken),
    ] {
        let fault = whole_answer(&OpenAiChat, recording(name).into()).unwrap_err();
        assert_eq!(fault.kind, kind, "{name}");
    }
}

#[test]
fn the_terminator_is_the_end_and_text_must_be_utf8() {
    let mut stream = Native::stream(&OpenAiChat, &head());
    let mut out = Vec::new();
    let recorded = recording("text.sse");
    let (before, done) = recorded.split_at(recorded.len() - "data: [DONE]\n\n".len());
    stream.push(before, &mut out).unwrap();
    assert!(!stream.is_done());
    stream.push(done, &mut out).unwrap();
    assert!(stream.is_done());
    let mut stream = Native::stream(&OpenAiChat, &head());
    let event = b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n";
    let fault = stream.push(event, &mut out).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Broken);
}

#[test]
fn hidden_reasoning_is_not_shown() {
    let mut hiding = head();
    hiding.hides_reasoning = true;
    let mut stream = Native::stream(&OpenAiChat, &hiding);
    let mut out = Vec::new();
    stream.push(&recording("reasoning-content.sse"), &mut out).unwrap();
    stream.finish(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("reasoning") && text.contains("42"), "{text}");
    let whole = Native::whole(&OpenAiChat, &hiding, recording("reasoning.json").into()).unwrap();
    let json = String::from_utf8(whole.render(&hiding, &usage())).unwrap();
    assert!(!json.contains("Let me see"), "{json}");
}

/// The events of a recording, as clients of other dialects get them.
fn events(name: &str) -> Vec<ChatEvent> {
    let bytes = recording(name);
    if name.rsplit('.').next() == Some("json") {
        return OpenAiChat.events(&bytes).unwrap_or_default();
    }
    let (mut decoder, mut events) = (OpenAiChat.decoder(), Vec::new());
    let pushed = decoder.push(&bytes, &mut events);
    drop(pushed.and_then(|()| decoder.finish(&mut events)));
    events
}

#[test]
fn what_is_passed_on_counts_as_what_is_translated() {
    let folder = std::fs::read_dir(recordings("openai-chat")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    for name in names {
        let mut translated = Progress::default();
        for event in events(&name) {
            translated.note(&event);
        }
        let relayed = if name.rsplit('.').next() == Some("json") {
            let whole = whole_answer(&OpenAiChat, recording(&name).into());
            whole.map(|it| it.progress().clone()).unwrap_or_default()
        } else {
            stream(&OpenAiChat, [&recording(&name)[..]]).progress
        };
        assert_eq!(relayed.output_bytes, translated.output_bytes, "{name}");
        assert_eq!(relayed.tool_calls, translated.tool_calls, "{name}");
    }
}

#[test]
fn a_picture_is_shown_and_is_no_text() {
    let streamed = stream(&OpenAiChat, [&recording("picture.sse")[..]]);
    assert_eq!(streamed.progress.output_bytes, 5);
    assert!(String::from_utf8(streamed.out).unwrap().contains("data:image/png"));
    let behind_the_end = br#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}

data: {"choices":[{"delta":{"images":[{"image_url":{"url":"data:image/png;base64,AA"}}]},"finish_reason":"stop"}]}

"#;
    let late = stream(&OpenAiChat, [&behind_the_end[..]]);
    assert!(String::from_utf8(late.out).unwrap().contains("data:image/png"));
    let sound = stream(&OpenAiChat, [&recording("sound.sse")[..]]);
    assert_eq!((sound.progress.output_bytes, sound.progress.content), (8, true));
}

#[test]
fn calls_that_share_an_index_or_an_id_are_several() {
    let calls = |name| {
        let mut calls: Vec<(String, String, String)> = Vec::new();
        for event in events(name) {
            match event {
                ChatEvent::ToolCallStart { index, id, name } => {
                    assert_eq!(usize::try_from(index), Ok(calls.len()));
                    calls.push((id, name, String::new()));
                }
                ChatEvent::ToolCallArguments { index, fragment } => {
                    calls[usize::try_from(index).unwrap()].2.push_str(&fragment);
                }
                _ => {}
            }
        }
        calls
    };
    let call = |id: &str, name: &str, arguments: &str| {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    };
    assert_eq!(
        calls("tools-one-index.sse"),
        [
            call("a", "weather", r#"{"city":"Oslo"}"#),
            call("b", "time", r#"{"zone":"CET"}"#),
            call("0", "date", "{}"),
            call("1", "date", r#"{"n":1}"#),
        ]
    );
    assert_eq!(
        calls("tools-one-id.json"),
        [call("0", "weather", r#"{"a":1}"#), call("0_1", "time", r#"{"b":2}"#)]
    );
}
