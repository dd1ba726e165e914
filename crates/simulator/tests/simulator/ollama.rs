//! Ollama: lines of JSON, the types that it insists on, and what it tells of its models.

use http::Method;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, World};

#[tokio::test]
async fn it_streams_lines_unless_told_not_to() {
    let world = World::new().await;
    let call = Call::new(Protocol::Ollama, "echo", "hi you").streamed();
    let silent = world.call(&call.clone().with("stream", Value::Null)).await;
    assert_eq!(silent.header("content-type"), "application/x-ndjson");
    let line = |content: &str| {
        json!({
            "model": "echo", "created_at": "2026-01-01T00:00:00Z",
            "message": { "role": "assistant", "content": content }, "done": false,
        })
    };
    let mut last = line("");
    last["done"] = json!(true);
    last["done_reason"] = json!("stop");
    let accounts = [
        ("total_duration", 50_400_000),
        ("load_duration", 24_000_000),
        ("prompt_eval_count", 2),
        ("prompt_eval_duration", 2_400_000),
        ("eval_count", 2),
        ("eval_duration", 24_000_000),
    ];
    for (key, value) in accounts {
        last[key] = json!(value);
    }
    assert_eq!(silent.data(), [line("hi"), line(" you"), last.clone()]);
    let whole = world.call(&Call { streamed: false, ..call }).await;
    last["message"]["content"] = json!("hi you");
    assert_eq!((whole.header("content-type"), whole.json()), ("application/json", last));
}

#[tokio::test]
async fn calls_are_objects_without_ids() {
    let world = World::new().await;
    let call = Call::new(Protocol::Ollama, "tools", "hi").tools(&["a"]);
    let function = json!({ "name": "a", "arguments": { "city": "example", "days": 1 } });
    let message =
        json!({ "role": "assistant", "content": "", "tool_calls": [{ "function": function }] });
    let whole = world.call(&call).await.json();
    assert_eq!((&whole["message"], &whole["done_reason"]), (&message, &json!("stop")));
    let data = world.call(&call.streamed()).await.data();
    assert_eq!((&data[0]["message"], &data[0]["done"]), (&message, &json!(false)));
}

#[tokio::test]
async fn a_sound_is_told_from_a_picture_by_its_first_bytes() {
    let world = World::new().await;
    for (data, line) in [
        ("UklGRiQAAABXQVZF", "[image: audio/wav, 12 bytes]"),
        ("UklGRiQAAABXRUJQ", "[image: image/webp, 12 bytes]"),
        ("SUQzBAAA", "[image: audio/mpeg, 6 bytes]"),
        ("//uQxAAA", "[image: audio/mpeg, 6 bytes]"),
        ("/9j/4AAQ", "[image: image/jpeg, 6 bytes]"),
    ] {
        let message = json!({ "role": "user", "content": "", "images": [data] });
        let call = Call::new(Protocol::Ollama, "echo", "").with("messages", json!([message]));
        let said = world.call(&call).await.json()["message"]["content"].clone();
        assert!(said.as_str().unwrap().contains(line), "{said}");
    }
}

#[tokio::test]
async fn thinking_has_a_field_of_its_own() {
    let world = World::new().await;
    let call = Call::new(Protocol::Ollama, "think:latest", "hi").thinking();
    let message = world.call(&call).await.json()["message"].clone();
    assert!(message["thinking"].is_string() && message["content"].is_string());
    let first = world.call(&call.streamed()).await.data()[0]["message"].clone();
    assert_eq!((&first["content"], first["thinking"].is_string()), (&json!(""), true));
}

#[tokio::test]
async fn errors_are_one_text() {
    let world = World::new().await;
    let message = |message: Value| json!([message]);
    let call = json!([{ "function": { "name": "a", "arguments": "{}" } }]);
    let cases = [
        ("messages", message(json!({ "role": "user", "content": [] })), "cannot unmarshal array"),
        ("messages", message(json!({ "role": "robot", "content": "x" })), "invalid role"),
        (
            "messages",
            message(json!({ "role": "assistant", "tool_calls": call })),
            "cannot unmarshal string into Go struct field \
             ChatRequest.messages.tool_calls.function.arguments",
        ),
        (
            "messages",
            message(
                json!({ "role": "user", "content": "x", "images": ["data:image/png;base64,aGk="] }),
            ),
            "illegal base64 data at input byte 4",
        ),
        ("format", json!("xml"), "invalid format"),
        ("model", json!(""), "model is required"),
    ];
    for (key, value, expected) in cases {
        let call = Call::new(Protocol::Ollama, "echo", "hi").with(key, value);
        let reply = world.call(&call).await;
        assert_eq!(reply.status, 400, "{expected}");
        assert!(reply.json()["error"].as_str().unwrap().contains(expected), "{}", reply.text());
    }
    let missing = world.call(&Call::new(Protocol::Ollama, "missing-model", "hi")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json(), json!({ "error": "model 'missing-model' not found" }));
    let busy = world.call(&Call::new(Protocol::Ollama, "echo+status:503", "hi")).await;
    assert!(busy.json()["error"].as_str().unwrap().contains("server busy"));
}

#[tokio::test]
async fn keys_are_not_asked_for() {
    let world = World::new().await;
    for (key, status) in [(None, 200), (Some("any"), 200), (Some("wrong"), 401)] {
        let call = Call { key, ..Call::new(Protocol::Ollama, "echo", "hi") };
        assert_eq!(world.call(&call).await.status, status);
    }
}

#[tokio::test]
async fn a_stream_fails_with_a_line() {
    let world = World::new().await;
    let call = Call::new(Protocol::Ollama, "echo+error-after:1", "one two").streamed();
    let data = world.call(&call).await.data();
    assert_eq!(data.len(), 2);
    assert!(data[1]["error"].is_string());
}

#[tokio::test]
async fn models_are_told_of() {
    let world = World::new().await;
    let tags = world.http(Method::GET, "/api/tags").await.json();
    assert_eq!(tags["models"][0]["name"], "echo:latest");
    assert_eq!(tags["models"][0]["details"]["format"], "gguf");
    let version = world.http(Method::GET, "/api/version").await.json();
    assert!(version["version"].is_string());
    let show = async |name: &str| world.post("/api/show", &json!({ "model": name })).await;
    let think = show("think:latest").await.json();
    assert_eq!(think["capabilities"], json!(["completion", "tools", "vision", "thinking"]));
    assert_eq!(think["model_info"]["llama.context_length"], 131_072);
    assert_eq!(show("none").await.status, 404);
    assert_eq!(show("").await.status, 400);
}
