//! Mistral: where it differs from OpenAI, and what it refuses.

use http::Method;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, World};

#[tokio::test]
async fn usage_comes_with_the_last_chunk() {
    let world = World::new().await;
    let reply = world.call(&Call::new(Protocol::Mistral, "echo", "hi you").streamed()).await;
    let data = reply.data();
    assert_eq!(data.len(), 5);
    assert_eq!(data[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(data[1]["choices"][0]["delta"], json!({ "content": "hi" }));
    assert_eq!(data[3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(data[3]["usage"]["total_tokens"], 4);
    assert!(data[2].get("usage").is_none());
    assert_eq!(data[4], "[DONE]");
}

#[tokio::test]
async fn the_tier_that_served_comes_with_the_usage() {
    let world = World::new().await;
    for (asked, served) in [("auto", "priority"), ("standard_only", "standard")] {
        let call = Call::new(Protocol::Mistral, "echo", "hi").with("service_tier", json!(asked));
        assert_eq!(world.call(&call).await.json()["usage"]["service_tier"], served);
        let data = world.call(&call.streamed()).await.data();
        let told: Vec<_> = data.iter().filter_map(|it| it["usage"].get("service_tier")).collect();
        assert_eq!(told, [served]);
    }
}

#[tokio::test]
async fn reasoning_is_a_kind_of_content() {
    let world = World::new().await;
    let call = Call::new(Protocol::Mistral, "think", "hi");
    let content = world.call(&call).await.json()["choices"][0]["message"]["content"].clone();
    assert_eq!((&content[0]["type"], &content[1]["type"]), (&json!("thinking"), &json!("text")));
    assert_eq!(content[0]["thinking"][0]["type"], "text");
    let data = world.call(&call.streamed()).await.data();
    let first = &data[1]["choices"][0]["delta"]["content"];
    assert_eq!(
        *first,
        json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "The" }] }])
    );
}

#[tokio::test]
async fn calls_come_whole_with_short_ids() {
    let world = World::new().await;
    let call = Call::new(Protocol::Mistral, "tools", "hi").tools(&["a"]).streamed();
    let data = world.call(&call).await.data();
    let tool_call = &data[1]["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!(tool_call["function"]["arguments"], r#"{"city":"example","days":1}"#);
    let id = tool_call["id"].as_str().unwrap();
    assert!(id.len() == 9 && id.chars().all(|letter| letter.is_ascii_alphanumeric()), "{id}");
    let seeded = Call::new(Protocol::Mistral, "prose", "a");
    let other = seeded.clone().with("random_seed", json!(7));
    assert_ne!(world.said(&seeded).await.text, world.said(&other).await.text);
}

#[tokio::test]
async fn unknown_fields_are_unprocessable() {
    let world = World::new().await;
    let named = json!([{ "role": "user", "content": "x", "name": "y" }]);
    let reasoned = json!([
        { "role": "user", "content": "x" },
        { "role": "assistant", "content": "x", "reasoning_content": "z", "prefix": true },
    ]);
    let cases = [
        ("stream_options", json!({}), json!(["body", "stream_options"]), "extra_forbidden"),
        ("seed", json!(1), json!(["body", "seed"]), "extra_forbidden"),
        ("messages", named, json!(["body", "messages", 0, "user", "name"]), "extra_forbidden"),
        (
            "messages",
            reasoned,
            json!(["body", "messages", 1, "assistant", "reasoning_content"]),
            "extra_forbidden",
        ),
        ("service_tier", json!("priority"), json!(["body", "service_tier"]), "enum"),
        (
            "messages",
            json!([{ "role": "developer", "content": "x" }]),
            json!(["body", "messages", 0]),
            "union_tag_invalid",
        ),
    ];
    for (key, value, place, kind) in cases {
        let call = Call::new(Protocol::Mistral, "echo", "hi").with(key, value);
        let reply = world.call(&call).await;
        let body = reply.json();
        assert_eq!((reply.status.as_u16(), &body["object"]), (422, &json!("error")));
        let detail = &body["message"]["detail"][0];
        assert_eq!((&detail["loc"], &detail["type"]), (&place, &json!(kind)), "{body}");
        assert!(detail["msg"].is_string() && detail.get("input").is_some());
    }
    let nameless = Call::new(Protocol::Mistral, "echo", "hi").with("model", Value::Null);
    let body = world.call(&nameless).await.json();
    assert_eq!(body["message"]["detail"][0]["loc"], json!(["body", "model"]));
}

#[tokio::test]
async fn orders_and_ids_are_checked() {
    let world = World::new().await;
    let user = json!({ "role": "user", "content": "hi" });
    let call = |id: &str| {
        let function = json!({ "name": "a", "arguments": "{}" });
        json!({ "role": "assistant", "content": "", "tool_calls": [{ "id": id, "function": function }] })
    };
    let result = json!({ "role": "tool", "tool_call_id": "callid001", "content": "x" });
    let cases = [
        (json!([user, { "role": "assistant", "content": "x" }]), "3230", "but got assistant"),
        (json!([user, call("call_1"), result]), "3280", "Tool call id was call_1 but must be"),
        (json!([user, call("callid001"), user]), "3230", "Not the same number of function calls"),
        (
            json!([user, call("callid001"), result, user]),
            "3230",
            "Unexpected role 'user' after role 'tool'",
        ),
        (json!([user, call("callid002"), result]), "3230", "Unexpected tool call id"),
    ];
    for (messages, code, message) in cases {
        let call = Call::new(Protocol::Mistral, "echo", "").with("messages", messages);
        let reply = world.call(&call).await;
        let body = reply.json();
        assert_eq!((reply.status.as_u16(), &body["code"]), (400, &json!(code)), "{body}");
        assert!(body["message"].as_str().unwrap().contains(message), "{body}");
        assert!(body["type"].as_str().unwrap().starts_with("invalid_"), "{body}");
    }
}

#[tokio::test]
async fn errors_come_in_several_forms() {
    let world = World::new().await;
    let unauthorized = json!({ "detail": "Unauthorized" });
    for key in [None, Some("wrong")] {
        let reply = world.call(&Call { key, ..Call::new(Protocol::Mistral, "echo", "hi") }).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (401, unauthorized.clone()));
    }
    for (model, status, kind, code) in [
        ("missing-model", 400, "invalid_model", "1500"),
        ("echo+status:429", 429, "rate_limited", "1300"),
        ("echo+status:503", 503, "unreachable_backend", "1100"),
    ] {
        let reply = world.call(&Call::new(Protocol::Mistral, model, "hi")).await;
        let body = reply.json();
        assert_eq!(reply.status, status);
        assert_eq!((&body["type"], &body["code"]), (&json!(kind), &json!(code)), "{body}");
    }
    let call = Call::new(Protocol::Mistral, "echo+error-after:1", "one two").streamed();
    let data = world.call(&call).await.data();
    assert_eq!(data.last().unwrap()["object"], "error");
    let models = world.http(Method::GET, "/mistral/v1/models").await.json();
    assert_eq!(models["data"][0]["capabilities"]["completion_chat"], true);
    assert_eq!(world.http(Method::GET, "/mistral/v1/nothing").await.status, 404);
}
