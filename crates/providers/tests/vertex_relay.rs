//! Google Vertex AI for clients that speak Gemini's or Anthropic's API themselves: what goes up, to
//! the byte, and that what comes down is what the two relays make of it.

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
use tollgate_providers::{
    Adapter, AnthropicMessages, Gemini, Inbound, Target, Vertex, VertexAnthropic, dropped, encode,
};
use tollgate_types::Timestamp;
use tollgate_wire::{Address, Call, Dialect};

const BASE: &str = "https://us.test/v1/projects/p/locations/us";

fn target<'a>(model: &'a str, quirks: &'a Quirks) -> Target<'a> {
    Target {
        base_url: BASE,
        upstream_model: model,
        credential: Some("ya29.x"),
        max_output: Some(64_000),
        supported_parameters: &[],
        auth: Auth::Bearer,
        quirks,
        service: tollgate_catalog::Service::default(),
    }
}

fn google(body: &str, stream: bool) -> Call {
    let address = Address {
        model: Some("acme/flash".to_owned()),
        stream: Some(stream),
        ..Address::default()
    };
    Call::read(Dialect::Gemini, Bytes::copy_from_slice(body.as_bytes()), address).unwrap()
}

fn anthropic(body: &str) -> Call {
    let beta = Some("context-1m-2025-08-07".to_owned());
    let address = Address { anthropic_beta: beta, ..Address::default() };
    Call::read(Dialect::Messages, Bytes::copy_from_slice(body.as_bytes()), address).unwrap()
}

fn forwarded(adapter: &dyn Adapter, model: &str, call: &Call) -> Request<Bytes> {
    let quirks = Quirks::default();
    let (target, now) = (target(model, &quirks), Timestamp::from_unix_millis(1_000));
    encode(adapter, &Inbound { call, target, end_user: Some("u-1"), now }).unwrap()
}

fn body(adapter: &dyn Adapter, model: &str, call: &Call) -> String {
    String::from_utf8(forwarded(adapter, model, call).into_body().to_vec()).unwrap()
}

#[test]
fn a_gemini_client_is_forwarded_byte_for_byte() {
    let asked = r#"{ "contents":[ {"role":"user", "parts":[{"text":"h\u00e9 "},{"moon":{"cheese":1.50}}]},
        {"role":"model","parts":[{"text":"t","thoughtSignature":"U0lH"},{"inlineData":{"mimeType":"image/png","data":"AA=="},"thoughtSignature":"cGlj"}]} ],
        "tools":[{"googleSearch":{}},{"codeExecution":{}}], "safetySettings":[{"category":"X","threshold":"OFF"}],
        "generationConfig":{ "temperature":0.50, "audioTimestamp":true }, "cachedContent":"c/1", "labels":{"a":"b"},
        "serviceTier":"priority", "session_id":"s", "provider":{"order":["a"]}, "user":"me", "model":"m" }"#;
    let sent = forwarded(&Vertex, "gemini-2.5-flash", &google(asked, true));
    let place = "publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    assert_eq!(sent.uri().to_string(), format!("{BASE}/{place}"));
    assert_eq!(sent.headers()["authorization"], "Bearer ya29.x");
    assert_eq!(sent.headers()["x-vertex-ai-llm-shared-request-type"], "priority");
    assert_eq!(
        String::from_utf8(sent.into_body().to_vec()).unwrap(),
        r#"{"contents":[ {"role":"user", "parts":[{"text":"h\u00e9 "},{"moon":{"cheese":1.50}}]},
        {"role":"model","parts":[{"text":"t","thoughtSignature":"U0lH"},{"inlineData":{"mimeType":"image/png","data":"AA=="},"thoughtSignature":"cGlj"}]} ],"tools":[{"googleSearch":{}},{"codeExecution":{}}],"safetySettings":[{"category":"X","threshold":"OFF"}],"generationConfig":{ "temperature":0.50, "audioTimestamp":true },"cachedContent":"c/1","labels":{"a":"b"}}"#
    );
    let bare = google(r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#, false);
    assert_eq!(
        body(&Vertex, "gemini-2.5-flash", &bare),
        r#"{"contents":[{"parts":[{"text":"hi"}],"role":"user"}]}"#
    );
}

#[test]
fn results_go_by_their_order_where_they_can() {
    let asked = |first: &str, second: &str| {
        json!({"contents": [
            {"role": "user", "parts": [{"text": "?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "1", "name": "f", "args": {}}, "thoughtSignature": "U0lH"},
                {"functionCall": {"id": "2", "name": "g", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": first, "name": "f", "response": {"of": first}}},
                {"functionResponse": {"id": second, "name": "g", "response": {"of": second}}}]},
        ], "safetySettings": []})
    };
    let sent = |asked: &Value| -> Value {
        let sent = body(&Vertex, "gemini-3-pro-preview", &google(&asked.to_string(), false));
        serde_json::from_str(&sent).unwrap()
    };
    let straight = sent(&asked("1", "2"));
    assert_eq!(straight["safetySettings"], json!([]));
    assert!(!straight["contents"].to_string().contains("\"id\""), "{straight}");
    assert_eq!(straight["contents"][1]["parts"][0]["thoughtSignature"], "U0lH");
    let crossed = sent(&asked("2", "1"));
    assert_eq!(crossed.get("safetySettings"), None);
    assert_eq!(crossed["contents"][2]["parts"][0]["functionResponse"]["response"]["of"], "1");
}

#[test]
fn a_messages_client_is_forwarded_byte_for_byte() {
    let asked = r#"{ "model":"acme/large", "max_tokens": 64 ,"stream":true, "anthropic_version":"bedrock-2023-05-31",
        "messages":[ {"role":"user", "content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"citations":{"enabled":true}}]} ],
        "tools":[{"type":"bash_20250124","name":"bash"}], "context_management":{"edits":[ ]}, "service_tier":"auto", "seed":7, "user":"me" }"#;
    let call = anthropic(asked);
    let sent = forwarded(&VertexAnthropic, "claude-sonnet-4-5@20250929", &call);
    let place = "publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict";
    assert_eq!(sent.uri().to_string(), format!("{BASE}/{place}"));
    assert_eq!(sent.headers()["anthropic-beta"], "context-1m-2025-08-07");
    assert_eq!(
        String::from_utf8(sent.into_body().to_vec()).unwrap(),
        r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":64,"stream":true,"messages":[ {"role":"user", "content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"citations":{"enabled":true}}]} ],"tools":[{"type":"bash_20250124","name":"bash"}],"context_management":{"edits":[ ]},"metadata":{"user_id":"u-1"}}"#
    );
    let quirks = Quirks::default();
    let there = target("claude-sonnet-4-5@20250929", &quirks);
    assert_eq!(dropped(&VertexAnthropic, &call, &there), ["service_tier", "seed"]);
}

#[test]
fn what_only_the_translation_knows_is_translated() {
    let asked = r#"{"max_tokens":9000,"messages":[{"role":"user","content":"hi"}],"reasoning":{"max_tokens":2000}}"#;
    let sent = body(&VertexAnthropic, "claude-sonnet-4-5@20250929", &anthropic(asked));
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["thinking"]["budget_tokens"], 2000);
    assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
    assert_eq!(sent.get("model"), None);
}

#[test]
fn tokens_are_counted_of_what_is_forwarded() {
    let call = google(
        r#"{"system_instruction":{"parts":[{"text":"s"}]},"contents":[{"parts":[{"text":"hi"}]}],"safetySettings":[]}"#,
        false,
    );
    let quirks = Quirks::default();
    let (target, now) = (target("gemini-2.5-flash", &quirks), Timestamp::from_unix_millis(1_000));
    let inbound = Inbound { call: &call, target, end_user: None, now };
    let request = Vertex.counter().unwrap().encode(&inbound).unwrap();
    assert_eq!(
        String::from_utf8(request.into_body().to_vec()).unwrap(),
        r#"{"system_instruction":{"parts":[{"text":"s"}]},"contents":[{"parts":[{"text":"hi"}],"role":"user"}]}"#
    );
}

#[test]
fn answers_come_down_with_our_identity() {
    let path = recordings("vertex").join("text.sse");
    let out = relayed_to_the_end(&Vertex, &std::fs::read(path).unwrap(), &usage());
    assert!(out.contains(r#""responseId""#) && out.contains("gen-1-x"), "{out}");
    let path = recordings("vertex-anthropic").join("text.json");
    let answer = relayed_whole(&VertexAnthropic, &std::fs::read(path).unwrap()).unwrap();
    let answer: Value = serde_json::from_slice(&answer.render(&head(), &usage())).unwrap();
    assert_eq!(answer["model"], "a/b");
    assert_eq!(answer["provider"], "Acme");
}

#[test]
fn answers_come_down_as_from_the_relays_next_door() {
    let pairs: [(&dyn Adapter, &dyn Adapter); 2] =
        [(&Vertex, &Gemini), (&VertexAnthropic, &AnthropicMessages)];
    for (adapter, next_door) in pairs {
        for (name, bytes) in recorded(adapter) {
            let ours = relayed(adapter, [bytes.as_slice()]);
            let theirs = relayed(next_door, [bytes.as_slice()]);
            assert_eq!(ours.out, theirs.out, "{name}");
            assert_eq!(ours.result, theirs.result, "{name}");
        }
    }
}

#[test]
fn the_laws_are_kept() {
    relay::keeps_the_laws(&Vertex);
    relay::keeps_the_laws(&VertexAnthropic);
}

#[test]
fn whole_answers_come_to_the_same_as_translated() {
    relay::whole_answers_agree(&Vertex, &[]);
    relay::whole_answers_agree(&VertexAnthropic, &[]);
}

#[test]
fn damage_does_no_harm() {
    relay::damage_is_no_panic_and_splits_alike(&Vertex);
    relay::damage_is_no_panic_and_splits_alike(&VertexAnthropic);
}
