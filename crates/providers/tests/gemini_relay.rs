//! Gemini for clients that speak it themselves: what goes up and what comes down, to the byte.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

mod support;

#[path = "support/relay.rs"]
mod relay;

use bytes::Bytes;
use http::Request;
use relay::{recorded, relayed, relayed_to_the_end, relayed_whole, usage};
use serde_json::{Value, json};
use support::{head, recordings};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{FaultKind, Gemini, Inbound, Native, Target, dropped, encode};
use tollgate_types::Timestamp;
use tollgate_wire::chat::{AnswerHead, FinishReason};
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Address, Call, Dialect};

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(recordings("gemini").join(name)).unwrap()
}

/// Every request needs one; these tests write `[]` for it.
const CONTENTS: &str = r#""contents":[{"parts":[{"text":"hi"}]}]"#;
const NONE: &str = r#""contents":[]"#;

fn target<'a>(model: &'a str, quirks: &'a Quirks) -> Target<'a> {
    Target {
        base_url: "https://google.test/v1beta",
        upstream_model: model,
        credential: Some("AIza-x"),
        max_output: Some(1_000),
        supported_parameters: &[],
        auth: Auth::XGoogApiKey,
        quirks,
        service: tollgate_catalog::Service::default(),
    }
}

fn forwarded(body: &str, model: &str, stream: bool, quirks: &Quirks) -> Request<Bytes> {
    let model_asked = Some("acme/flash".to_owned());
    let address = Address { model: model_asked, stream: Some(stream), ..Address::default() };
    let body = Bytes::from(body.replace(NONE, CONTENTS));
    let call = Call::read(Dialect::Gemini, body, address).unwrap();
    let target = target(model, quirks);
    let now = Timestamp::from_unix_millis(1_000);
    encode(&Gemini, &Inbound { call: &call, target, end_user: Some("u-1"), now }).unwrap()
}

fn body(body: &str, quirks: &Quirks) -> String {
    let request = forwarded(body, "gemini-2.5-flash", false, quirks);
    String::from_utf8(request.into_body().to_vec()).unwrap().replace(CONTENTS, NONE)
}

#[test]
fn what_is_not_ours_goes_up_byte_for_byte() {
    let request = r#"{ "model":"models/x", "contents":[ {"role":"user", "parts":[{"text":"h\u00e9 "},{"moon":{"cheese":1.50}}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{ }},"thoughtSignature":"CpoBAXLI"}]} ],
        "tools":[{"googleSearch":{}},{"codeExecution":{}}], "safetySettings":[{"category":"X","threshold":"OFF"}],
        "generationConfig":{ "maxOutputTokens" : 1000, "temperature":0.50, "future":[1.0] }, "cachedContent":"c/1",
        "session_id":"s", "trace":{}, "provider":{"order":["a"]}, "user":"me" }"#;
    let quirks = Quirks::default();
    let sent = forwarded(request, "gemini-2.5-flash", false, &quirks);
    assert_eq!(sent.uri(), "https://google.test/v1beta/models/gemini-2.5-flash:generateContent");
    assert_eq!(sent.headers()["x-goog-api-key"], "AIza-x");
    assert_eq!(
        String::from_utf8(sent.into_body().to_vec()).unwrap(),
        r#"{"contents":[ {"role":"user", "parts":[{"text":"h\u00e9 "},{"moon":{"cheese":1.50}}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{ }},"thoughtSignature":"CpoBAXLI"}]} ],"tools":[{"googleSearch":{}},{"codeExecution":{}}],"safetySettings":[{"category":"X","threshold":"OFF"}],"generationConfig":{ "maxOutputTokens" : 1000, "temperature":0.50, "future":[1.0] },"cachedContent":"c/1"}"#
    );
    let streamed = forwarded(r#"{"contents":[]}"#, "tunedModels/mine", true, &quirks);
    assert_eq!(
        streamed.uri(),
        "https://google.test/v1beta/tunedModels/mine:streamGenerateContent?alt=sse"
    );
}

#[test]
fn the_configuration_is_what_the_endpoint_takes() {
    let plain = Quirks::default();
    let drop_params = ["temperature", "stop", "top_k", "reasoning"].map(str::to_owned).to_vec();
    let refusing = Quirks { drop_params, ..Quirks::default() };
    for (quirks, config, expected) in [
        (&plain, r#"{"maxOutputTokens":1001,"topK": 4}"#, r#"{"maxOutputTokens":1000,"topK":4}"#),
        (&plain, r#"{"max_output_tokens":5000}"#, r#"{"max_output_tokens":1000}"#),
        (
            &refusing,
            r#"{"temperature":1,"stopSequences":["x"],"top_k":1,"topP":0.5,"thinkingConfig":{"thinkingBudget":1}}"#,
            r#"{"topP":0.5}"#,
        ),
    ] {
        let request = format!(r#"{{"contents":[],"generationConfig":{config}}}"#);
        let sent = format!(r#"{{"contents":[],"generationConfig":{expected}}}"#);
        assert_eq!(body(&request, quirks), sent, "{config}");
    }
}

#[test]
fn what_chat_alone_knows_is_translated_or_left_out_and_named() {
    let quirks = Quirks::default();
    for (members, sent, names) in [
        (
            r#""verbosity":"low","web_search_options":{},"max_tool_calls":2,"prompt_cache_key":"k","stream":true"#,
            r#"{"contents":[]}"#,
            &["verbosity", "web_search_options", "max_tool_calls", "prompt_cache_key"][..],
        ),
        (
            r#""reasoning":{"max_tokens":9},"generation_config":{"thinking_config":{"thinking_budget":5}}"#,
            r#"{"contents":[],"generation_config":{"thinking_config":{"thinking_budget":5}}}"#,
            &["reasoning"],
        ),
        (
            r#""seed":7,"safetySettings":[]"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"seed":7,"thinkingConfig":{"includeThoughts":false}}}"#,
            &["safetySettings"],
        ),
        (
            r#""reasoning":{"max_tokens":900}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":900}}}"#,
            &[],
        ),
    ] {
        let request = format!(r#"{{"contents":[],{members}}}"#);
        assert_eq!(body(&request, &quirks), sent, "{members}");
        let address = Address { model: Some("acme/flash".to_owned()), ..Address::default() };
        let given = Bytes::from(request.replace(NONE, CONTENTS));
        let call = Call::read(Dialect::Gemini, given, address).unwrap();
        let target = target("gemini-2.5-flash", &quirks);
        // What was lost in the translation is known once it was done.
        drop(call.chat());
        assert_eq!(dropped(&Gemini, &call, &target), names, "{members}");
    }
}

#[test]
fn thoughts_that_nobody_wants_to_see_are_hidden() {
    let asked = r#"{"contents":[],"generationConfig":{"thinkingConfig":{"includeThoughts":true}},"reasoning":{"exclude":true}}"#;
    let address = Address { model: Some("acme/flash".to_owned()), ..Address::default() };
    let given = Bytes::from(asked.replace(NONE, CONTENTS));
    let call = Call::read(Dialect::Gemini, given, address).unwrap();
    let head = AnswerHead { hides_reasoning: true, ..head() };
    let recorded = Bytes::from(recording("thinking-tools.json"));
    assert!(String::from_utf8_lossy(&recorded).contains(r#""thought""#));
    let answer = tollgate_providers::whole(&Gemini, &call, &head, recorded).unwrap();
    let answer = String::from_utf8(answer.render(&head, &usage())).unwrap();
    assert!(!answer.contains(r#""thought":"#) && answer.contains("functionCall"), "{answer}");
}

#[test]
fn other_providers_thoughts_do_not_reach_this_one() {
    // `tollgate:{"type":"reasoning.encrypted","data":"x","format":"openai-responses-v1","index":0}`
    let sealed = "dG9sbGdhdGU6eyJ0eXBlIjoicmVhc29uaW5nLmVuY3J5cHRlZCIsImRhdGEiOiJ4IiwiZm9ybWF0Ijoib3BlbmFpLXJlc3BvbnNlcy12MSIsImluZGV4IjowfQ==";
    let request = json!({"contents": [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"text": "Hello.", "thoughtSignature": sealed}]},
        {"role": "user", "parts": [{"text": "and?"}]}
    ]});
    let sent: Value =
        serde_json::from_str(&body(&request.to_string(), &Quirks::default())).unwrap();
    assert_eq!(sent["contents"][1], json!({"role": "model", "parts": [{"text": "Hello."}]}));
}

#[test]
fn a_report_without_counts_is_none_of_zeros() {
    let progress = relayed(&Gemini, [&recording("tier-only.sse")[..]]).progress;
    assert_eq!(progress.usage, None);
    assert_eq!(progress.service_tier.as_deref(), Some("priority"));
}

#[test]
fn a_stream_comes_down_with_our_identity() {
    let out = relayed_to_the_end(&Gemini, &recording("text.sse"), &usage());
    let recorded = String::from_utf8(recording("text.sse")).unwrap().replace('\r', "");
    assert_eq!(out, recorded.replace("gemini-2.5-flash", "a/b").replace("mQk9aZ", "gen-1-x"));
    let progress = relayed(&Gemini, [&recording("text.sse")[..]]).progress;
    assert_eq!(progress.upstream_id.as_deref(), Some("mQk9aZ"));
    assert_eq!(progress.service_tier.as_deref(), Some("default"));
    assert_eq!(progress.finish, Some((FinishReason::Stop, "STOP".to_owned())));
    assert_eq!(progress.output_bytes, 25);
}

#[test]
fn every_part_comes_down_as_it_went_out() {
    let value = |line: &str| -> Value {
        let mut value: Value = serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
        for (name, ours) in [("modelVersion", "a/b"), ("responseId", "gen-1-x")] {
            if value.get(name).is_some() {
                value[name] = json!(ours);
            }
        }
        value
    };
    for (name, bytes) in recorded(&Gemini) {
        let streamed = relayed(&Gemini, [bytes.as_slice()]);
        if name.rsplit('.').next() != Some("sse") || streamed.result.is_err() {
            continue;
        }
        let lines = |bytes: &[u8]| -> Vec<String> {
            let text = std::str::from_utf8(bytes).unwrap();
            let parts = text.lines().filter(|line| line.starts_with("data: {"));
            parts.map(str::to_owned).collect()
        };
        let (sent, came) = (lines(&streamed.out), lines(&bytes));
        assert_eq!(sent.len(), came.len(), "{name}");
        for (sent, came) in sent.iter().zip(&came) {
            let ours = value(came);
            assert_eq!(value(sent), ours, "{name}");
        }
    }
}

#[test]
fn an_array_becomes_events_of_one_line() {
    let out = relayed_to_the_end(&Gemini, &recording("array.json"), &usage());
    let events: Vec<Value> = out
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    assert_eq!(events.len(), 3, "{out}");
    assert_eq!(out.lines().count(), 6, "{out}");
    assert_eq!(events[2]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(events[2]["modelVersion"], "a/b");
}

#[test]
fn an_answer_that_breaks_off_ends_with_an_error() {
    let mut stream = Native::stream(&Gemini, &head());
    let mut out = Vec::new();
    let fault = stream.push(&recording("error-event.sse"), &mut out).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Overloaded);
    assert_eq!(out.windows(6).filter(|it| it == b"data: ").count(), 1);
    out.clear();
    stream.fail(&mut out, &ErrorBody::new(ErrorType::ProviderOverloaded, "Busy"), Some(&usage()));
    let text = String::from_utf8(out).unwrap();
    let data = text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
    let body: Value = serde_json::from_str(data).unwrap();
    assert_eq!(body["error"]["code"], 503);
    assert_eq!(body["error"]["message"], "Busy");
}

#[test]
fn a_whole_response_comes_down_with_our_identity() {
    for name in ["text.json", "thinking-tools.json", "signed-text.json"] {
        let answer = relayed_whole(&Gemini, &recording(name)).unwrap();
        let recorded: Value = serde_json::from_slice(&recording(name)).unwrap();
        let replaced = |key: &str| recorded[key].as_str().unwrap().to_owned();
        let expected = String::from_utf8(recording(name))
            .unwrap()
            .replace(&replaced("modelVersion"), "a/b")
            .replace(&replaced("responseId"), "gen-1-x");
        let rendered = String::from_utf8(answer.render(&head(), &usage())).unwrap();
        assert_eq!(rendered, expected, "{name}");
    }
    let bare = br#" [ {"candidates":[{"content":{"parts":[{"fileData":{"fileUri":"x"}}]}}]} ] "#;
    let answer = relayed_whole(&Gemini, bare).unwrap();
    let rendered = String::from_utf8(answer.render(&head(), &usage())).unwrap();
    assert_eq!(
        rendered,
        r#"{"candidates":[{"content":{"parts":[{"fileData":{"fileUri":"x"}}]}}]}"#
    );
}

#[test]
fn a_whole_response_in_pieces_is_none() {
    let fault = relayed_whole(&Gemini, &recording("array.json")).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Broken);
}

#[test]
fn only_the_first_of_several_answers_is_followed() {
    let stream = r#"data: {"candidates":[{"index":1,"content":{"parts":[{"text":"other"}]},"finishReason":"SAFETY"},{"content":{"parts":[{"text":"one"}]},"index":0,"finishReason":"STOP"}]}

"#;
    let streamed = relayed(&Gemini, [stream.as_bytes()]);
    assert_eq!(String::from_utf8(streamed.out).unwrap(), stream);
    assert_eq!(streamed.progress.output_bytes, 3);
    assert_eq!(streamed.progress.finish, Some((FinishReason::Stop, "STOP".to_owned())));
}

#[test]
fn the_laws_are_kept() {
    relay::keeps_the_laws(&Gemini);
}

#[test]
fn whole_responses_come_to_the_same_as_translated() {
    relay::whole_answers_agree(&Gemini, &["array.json"]);
}

#[test]
fn damage_does_no_harm() {
    relay::damage_is_no_panic_and_splits_alike(&Gemini);
}
