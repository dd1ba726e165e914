//! A provider of our own dialect gets the caller's bytes with only our fields changed, and what it
//! says beyond the contract survives.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, TestGateway, simulator};

async fn world() -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "1", output = "2" }"#)
        .start()
        .await;
    (gateway, simulator)
}

/// Members of an object, each as the bytes it was written with.
fn members(body: &[u8]) -> BTreeMap<String, String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

/// Everything a caller may send, oddly written on purpose.
const SENT: &str = r#"{
  "model" : "acme/m",
  "messages": [ {"role":"user", "content":"Hello", "x_unknown":{"b":1,"a":[1.0,1e2,"\u00e9\/"]}} ],
  "temperature":0.70, "seed" : 7, "logit_bias": {"50256":-100},
  "safe_prompt":   true,
  "vendor": { "deep" : [ {} , [ ] , null ], "number": 12345678901234567890.123456789 },
  "empty": "", "escaped": "\ud83c\udf0d \" \\ "
}"#;

#[tokio::test]
async fn what_is_not_ours_reaches_the_provider_byte_for_byte() {
    let (gateway, simulator) = world().await;
    let send = |text: String| {
        let call = gateway.call("POST", "/chat/completions");
        call.header("content-type", "application/json").body(text).send()
    };
    assert_eq!(send(SENT.to_owned()).await.status, 200);
    let before = members(SENT.as_bytes());
    let mut arrived = members(&simulator.requests().pop().unwrap().body);
    assert_eq!(arrived.remove("model").as_deref(), Some("\"echo\""));
    for (name, value) in before.iter().filter(|(name, _)| *name != "model") {
        assert_eq!(arrived.remove(name).as_ref(), Some(value), "{name}");
    }
    assert_eq!(arrived, BTreeMap::new(), "something was added");
}

#[tokio::test]
async fn our_own_fields_stay_here() {
    let (gateway, simulator) = world().await;
    let body = json!({
        "model": "acme/m",
        "models": ["acme/m"],
        "messages": [{ "role": "user", "content": "Hello" }],
        "provider": { "order": ["acme"] },
        "route": "fallback",
        "transforms": [],
        "usage": { "include": true },
        "session_id": "s1",
        "trace": { "trace_id": "t" },
        "user": "somebody@example.com",
    });
    let streamed = gateway.chat_stream(body.clone()).await;
    assert_eq!(streamed.said().text, "Hello");
    let request = simulator.requests().pop().unwrap();
    let arrived = request.json();
    assert_eq!(arrived["stream"], true, "{arrived}");
    assert_eq!(arrived["stream_options"]["include_usage"], true, "{arrived}");
    for ours in ["models", "provider", "route", "transforms", "usage", "session_id", "trace"] {
        assert!(arrived.get(ours).is_none(), "{ours}: {arrived}");
    }
    // Whose user it is stays here too: the provider sees the same stranger each time.
    let stranger = arrived["user"].as_str().unwrap().to_owned();
    assert!(!stranger.contains("somebody"), "{arrived}");
    gateway.chat(body).await.said();
    assert_eq!(simulator.requests().pop().unwrap().json()["user"], stranger.as_str());
    assert_eq!(request.header("authorization"), Some("Bearer …acme"));
    for header in ["x-generation-id", "cookie", "http-referer", "x-title"] {
        assert!(request.header(header).is_none(), "{header}");
    }
}

#[tokio::test]
async fn what_the_provider_adds_survives() {
    let (gateway, _simulator) = world().await;
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "Hello" }] });
    let whole = gateway.chat(body.clone()).await;
    whole.said();
    assert_eq!(whole.json()["system_fingerprint"], "fp_simulator", "{}", whole.text());
    assert_eq!(whole.json()["service_tier"], "default", "{}", whole.text());
    assert_eq!(whole.json()["choices"][0]["message"]["annotations"], json!([]), "{}", whole.text());
    let streamed = gateway.chat_stream(body).await;
    streamed.said();
    let fingerprinted = |chunk: &&&Value| chunk["system_fingerprint"] == "fp_simulator";
    assert!(streamed.chunks().iter().filter(fingerprinted).count() >= 2, "{}", streamed.text);
    // What is ours replaces what is the provider's.
    let raw = whole.text();
    assert!(!raw.contains("chatcmpl-"), "{raw}");
    assert!(!raw.contains("\"echo\""), "{raw}");
}

#[tokio::test]
async fn a_disagreeing_wish_for_usage_changes_nothing() {
    let (gateway, _simulator) = world().await;
    for wish in [json!({ "include_usage": false }), json!({}), Value::Null] {
        let body = json!({
            "model": "acme/m",
            "messages": [{ "role": "user", "content": "Hello" }],
            "stream_options": wish,
        });
        let said = gateway.chat_stream(body).await.said();
        assert_eq!(said.count("/total_tokens"), 2, "{wish}");
    }
}
