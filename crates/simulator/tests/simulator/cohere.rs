//! Cohere's chat: its events, its citations, and what it refuses.

use http::Method;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::asking::Turn;
use crate::support::{Call, World};

fn types(data: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = data.iter().filter_map(|event| event["type"].as_str()).collect();
    types.dedup();
    types
}

#[tokio::test]
async fn every_block_is_opened_filled_and_closed() {
    let world = World::new().await;
    let call = Call::new(Protocol::Cohere, "think", "hi").streamed();
    let reply = world.call(&call).await;
    let data = reply.data();
    assert_eq!(
        types(&data),
        [
            "message-start",
            "content-start",
            "content-delta",
            "content-end",
            "content-start",
            "content-delta",
            "content-end",
            "message-end",
        ]
    );
    assert!(reply.text().starts_with("event: message-start\n"));
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(
        data[1]["delta"]["message"]["content"],
        json!({ "type": "thinking", "thinking": "" })
    );
    let second = data.iter().find(|event| event["index"] == 1).unwrap();
    assert_eq!(second["delta"]["message"]["content"], json!({ "type": "text", "text": "" }));
    let whole = world.call(&Call { streamed: false, ..call }).await.json();
    assert_eq!(whole["message"]["content"][0]["type"], "thinking");
    assert_eq!(whole["usage"]["billed_units"], whole["usage"]["tokens"]);
}

#[tokio::test]
async fn calls_follow_a_plan() {
    let world = World::new().await;
    let call = Call::new(Protocol::Cohere, "tools", "hi").tools(&["a"]);
    let whole = world.call(&call).await.json();
    let message = &whole["message"];
    assert_eq!(message["tool_plan"], "I will use the tools to answer.");
    assert!(message.get("content").is_none());
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"city":"example","days":1}"#);
    let data = world.call(&call.streamed()).await.data();
    assert_eq!(
        types(&data),
        [
            "message-start",
            "tool-plan-delta",
            "tool-call-start",
            "tool-call-delta",
            "tool-call-end",
            "message-end",
        ]
    );
    let plan: String =
        data.iter().filter_map(|event| event["delta"]["message"]["tool_plan"].as_str()).collect();
    assert_eq!(plan, "I will use the tools to answer.");
}

#[tokio::test]
async fn what_tools_and_documents_say_is_cited() {
    let world = World::new().await;
    let turns =
        [Turn::User("hi"), Turn::Calls(&[("c1", "a")]), Turn::Results(&[("c1", "a", "18 C")])];
    let call = Call::new(Protocol::Cohere, "tools", "")
        .tools(&["a"])
        .turns(&turns)
        .with("documents", json!([{ "id": "d", "data": { "text": "x" } }]));
    let text = "Tool results: a: 18 C";
    let citation = world.call(&call).await.json()["message"]["citations"][0].clone();
    assert_eq!((&citation["text"], &citation["end"]), (&json!(text), &json!(text.len())));
    let sources = json!([
        { "type": "tool", "id": "c1:0", "tool_output": { "content": "18 C" } },
        { "type": "document", "id": "d", "document": { "text": "x" } },
    ]);
    assert_eq!(citation["sources"], sources);
    let data = world.call(&call.streamed()).await.data();
    assert_eq!(types(&data)[3..6], ["citation-start", "citation-end", "content-end"]);
    let start = data.iter().find(|event| event["type"] == "citation-start").unwrap();
    assert_eq!(start["delta"]["message"]["citations"], citation);
}

#[tokio::test]
async fn a_stream_fails_at_its_end() {
    let world = World::new().await;
    let call = Call::new(Protocol::Cohere, "echo+error-after:1", "one two").streamed();
    let data = world.call(&call).await.data();
    let last = data.last().unwrap();
    assert_eq!(
        (&last["type"], &last["delta"]["finish_reason"]),
        (&json!("message-end"), &json!("ERROR"))
    );
}

#[tokio::test]
async fn what_cohere_refuses_is_refused() {
    let world = World::new().await;
    let tool = json!([{ "type": "function", "function": { "name": "a", "strict": true } }]);
    let result = json!([
        { "role": "user", "content": "hi" },
        { "role": "tool", "tool_call_id": "c9", "content": "x" },
    ]);
    let cases = [
        ("top_p", json!(1), 422, "unknown field: parameter 'top_p' is not a valid field"),
        ("tools", tool, 422, "parameter 'strict'"),
        (
            "messages",
            json!([{ "role": "user", "content": "x", "name": "y" }]),
            422,
            "parameter 'name'",
        ),
        ("messages", json!([]), 400, "messages must not be empty"),
        ("messages", json!([{ "role": "robot", "content": "x" }]), 400, "invalid role 'robot'"),
        ("messages", result, 400, "tool call id 'c9' not found"),
        ("stop_sequences", json!(["a", "b", "c", "d", "e", "f"]), 400, "at most 5 stop sequences"),
        ("tool_choice", json!("required"), 400, "'REQUIRED' or 'NONE'"),
        ("tool_choice", json!("NONE"), 400, "tool_choice requires tools"),
        ("model", json!(""), 400, "model is required"),
        ("model", json!("missing-model"), 404, "model 'missing-model' not found"),
        ("model", json!("echo+status:429"), 429, "Trial key"),
    ];
    for (key, value, status, message) in cases {
        let call = Call::new(Protocol::Cohere, "echo", "hi").with(key, value);
        let reply = world.call(&call).await;
        assert_eq!(reply.status, status, "{message}");
        assert!(reply.json()["message"].as_str().unwrap().contains(message), "{}", reply.text());
    }
    for (key, message) in [(None, "no api key supplied"), (Some("wrong"), "invalid api token")] {
        let reply = world.call(&Call { key, ..Call::new(Protocol::Cohere, "echo", "hi") }).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["message"]), (401, &json!(message)));
    }
}

#[tokio::test]
async fn models_are_listed() {
    let world = World::new().await;
    let models = world.http(Method::GET, "/cohere/v1/models").await.json();
    assert_eq!(
        (&models["models"][0]["name"], &models["models"][0]["endpoints"]),
        (&json!("echo"), &json!(["chat"]))
    );
    let one = world.http(Method::GET, "/cohere/v1/models/think").await.json();
    assert_eq!(one["name"], "think");
}
