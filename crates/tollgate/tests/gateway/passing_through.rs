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

/// Custom tools are OpenAI's: whoever speaks chat gets them as they are, others a function.
#[tokio::test]
async fn custom_tools_go_through_where_chat_is_spoken_and_are_functions_elsewhere() {
    let simulator = simulator().await;
    let price = r#"{ input = "1", output = "2" }"#;
    let gateway = TestGateway::builder()
        .provider("chatty", Protocol::OpenAi, &simulator)
        .provider("claude", Protocol::Anthropic, &simulator)
        .endpoint("chatty/m", "chatty", "tools", price)
        .endpoint("claude/m", "claude", "tools", price)
        .start()
        .await;
    let tools = json!([
        { "type": "custom", "custom": { "name": "run", "description": "Runs code." } },
        { "type": "function", "function": { "name": "other" } },
    ]);
    let allowed = json!({
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "required", "tools": [{ "type": "custom", "custom": { "name": "run" } }],
        },
    });
    let ask = |model: &str| {
        json!({
            "model": model, "messages": [{ "role": "user", "content": "Run it" }],
            "tools": tools, "tool_choice": allowed,
        })
    };
    // What this provider makes of them is its own affair.
    gateway.chat(ask("chatty/m")).await;
    let arrived = simulator.requests().pop().unwrap().json();
    assert_eq!((&arrived["tools"], &arrived["tool_choice"]), (&tools, &allowed));

    let reply = gateway.chat(ask("claude/m")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let arrived = simulator.requests().pop().unwrap().json();
    let offered = arrived["tools"].as_array().unwrap();
    assert_eq!((offered.len(), &offered[0]["name"]), (1, &json!("run")), "{arrived}");
    assert_eq!(offered[0]["input_schema"]["properties"]["input"]["type"], "string", "{arrived}");
    assert_eq!(arrived["tool_choice"]["type"], "any", "{arrived}");
    let message = reply.json()["choices"][0]["message"].take();
    let call = &message["tool_calls"][0];
    assert_eq!((&call["type"], &call["custom"]["name"]), (&json!("custom"), &json!("run")));
    assert!(call["custom"]["input"].is_string() && call.get("function").is_none(), "{call}");

    let streamed = gateway.chat_stream(ask("claude/m")).await;
    let calls = streamed.chunks().into_iter();
    let calls: Vec<&Value> =
        calls.filter_map(|it| it.pointer("/choices/0/delta/tool_calls/0")).collect();
    let [streamed] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(streamed["custom"], call["custom"], "{streamed}");

    // The call and its result go back as they came.
    let mut body = ask("claude/m");
    let result = json!({ "role": "tool", "tool_call_id": call["id"], "content": "done" });
    body["tool_choice"] = json!("auto");
    body["messages"].as_array_mut().unwrap().extend([message.clone(), result]);
    assert_eq!(gateway.chat(body).await.status, 200);
    let arrived = simulator.requests().pop().unwrap().json();
    let sent = &arrived["messages"][1]["content"][0];
    assert_eq!(sent["input"], json!({ "input": call["custom"]["input"] }), "{arrived}");
}

/// A relay keeps nothing for its caller either.
#[tokio::test]
async fn items_are_not_referred_to_where_responses_are_spoken() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::Responses, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "1", output = "2" }"#)
        .start()
        .await;
    let input =
        json!([{ "role": "user", "content": "x" }, { "type": "item_reference", "id": "msg_1" }]);
    let reply = gateway.post("/responses", &json!({ "model": "acme/m", "input": input })).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    let error = reply.json()["error"].clone();
    assert!(error["message"].as_str().unwrap().starts_with("input.1: Items can't"), "{error}");
    assert_eq!(simulator.requests().len(), 0);
}
