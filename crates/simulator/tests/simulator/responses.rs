//! The Responses API: its events, its items, and what it refuses.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, World};

fn types(data: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = data.iter().map(|event| event["type"].as_str().unwrap()).collect();
    types.dedup();
    types
}

#[tokio::test]
async fn every_item_is_opened_filled_and_closed() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "think", "hi")
        .thinking()
        .with("include", json!(["reasoning.encrypted_content"]))
        .streamed();
    let reply = world.call(&call).await;
    assert_eq!(reply.header("content-type"), "text/event-stream; charset=utf-8");
    let data = reply.data();
    assert_eq!(
        types(&data),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let text = reply.text();
    let names = text.lines().filter_map(|line| line.strip_prefix("event: "));
    assert!(names.eq(data.iter().map(|event| event["type"].as_str().unwrap())));
    let done: Vec<&Value> =
        data.iter().filter(|event| event["type"] == "response.output_item.done").collect();
    let output = &data.last().unwrap()["response"]["output"];
    assert_eq!(*output, json!([done[0]["item"], done[1]["item"]]));
    assert_eq!((&done[0]["output_index"], &done[1]["output_index"]), (&json!(0), &json!(1)));
    let reasoning = &done[0]["item"];
    assert!(reasoning["id"].as_str().unwrap().starts_with("rs_"));
    assert!(reasoning["encrypted_content"].as_str().unwrap().starts_with("gAAAAAB"));
    assert!(done[1]["item"]["id"].as_str().unwrap().starts_with("msg_"));
}

#[tokio::test]
async fn calls_are_items_with_two_ids() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "tools", "a or b").tools(&["a", "b"]);
    let data = world.call(&call.clone().streamed()).await.data();
    let arguments = r#"{"city":"example","days":1}"#;
    assert_eq!(
        types(&data)[2..6],
        [
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
        ]
    );
    let item = data[2]["item"].clone();
    assert!(item["id"].as_str().unwrap().starts_with("fc_"));
    assert!(item["call_id"].as_str().unwrap().starts_with("call_"));
    assert_eq!((&item["arguments"], &item["status"]), (&json!(""), &json!("in_progress")));
    let done: Vec<&Value> = data.iter().filter(|event| event["arguments"].is_string()).collect();
    assert_eq!((done.len(), &done[0]["arguments"]), (2, &json!(arguments)));
    assert_eq!(done[0]["item_id"], item["id"]);
    let whole = world.call(&call).await.json();
    assert_eq!(whole["output"].as_array().unwrap().len(), 2);
    assert_eq!(whole["output"][1]["arguments"], arguments);
}

#[tokio::test]
async fn a_response_repeats_what_was_asked() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "echo", "hi you")
        .with("instructions", json!("be brief"))
        .with("metadata", json!({ "a": "b" }))
        .with("reasoning", json!({ "effort": "low" }));
    let mut body = world.call(&call).await.json();
    let id = body["id"].take();
    assert!(id.as_str().unwrap().starts_with("resp_"));
    assert_eq!(
        (&body["object"], &body["created_at"], &body["status"], &body["model"]),
        (&json!("response"), &json!(1_767_225_600), &json!("completed"), &json!("echo"))
    );
    assert_eq!(body["instructions"], "be brief");
    assert_eq!(body["metadata"], json!({ "a": "b" }));
    assert_eq!(body["reasoning"], json!({ "effort": "low", "summary": null }));
    assert_eq!(body["text"], json!({ "format": { "type": "text" }, "verbosity": "medium" }));
    let usage = json!({
        "input_tokens": 4, "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": 2, "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": 6,
    });
    assert_eq!(body["usage"], usage);
    let created = world.call(&call.streamed()).await.data()[0]["response"].clone();
    assert_eq!(
        (&created["status"], &created["usage"], &created["output"]),
        (&json!("in_progress"), &Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn a_limit_leaves_a_response_incomplete() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "prose", "hi").limited(16);
    let body = world.call(&call).await.json();
    assert_eq!(body["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert_eq!(body["output"][0]["status"], "incomplete");
    let data = world.call(&call.streamed()).await.data();
    assert_eq!(data.last().unwrap()["type"], "response.incomplete");
}

#[tokio::test]
async fn refusals_have_events_of_their_own() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "refuse", "hi").streamed();
    let data = world.call(&call).await.data();
    let types = types(&data);
    assert_eq!(types[4..6], ["response.refusal.delta", "response.refusal.done"]);
    let part = json!({ "type": "refusal", "refusal": "I'm sorry, but I can't help with that." });
    assert_eq!(data.last().unwrap()["response"]["output"][0]["content"], json!([part]));
}

#[tokio::test]
async fn a_failing_stream_says_so_twice() {
    let world = World::new().await;
    let call = Call::new(Protocol::Responses, "echo+error-after:1", "one two").streamed();
    let data = world.call(&call).await.data();
    let [.., error, failed] = data.as_slice() else { panic!("{data:?}") };
    assert_eq!(
        (&error["type"], &error["error"]["code"]),
        (&json!("error"), &json!("server_error"))
    );
    assert_eq!(failed["type"], "response.failed");
    assert_eq!(failed["response"]["status"], "failed");
    let numbers = error["sequence_number"].as_u64().zip(failed["sequence_number"].as_u64());
    assert!(numbers.is_some_and(|(first, second)| second == first + 1));
}

#[tokio::test]
async fn reasoning_comes_back_as_it_was_given() {
    let world = World::new().await;
    let item = |content: &str| json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": content });
    let input = |items: Value| Call::new(Protocol::Responses, "echo", "").with("input", items);
    let user = json!({ "role": "user", "content": "hi" });
    let said = world.said(&input(json!([item("gAAAAABxyz"), user]))).await;
    assert_eq!(said.text, "hi");
    for (items, message, code) in [
        (json!([item("EqQB"), user]), "could not be verified", json!("invalid_encrypted_content")),
        (json!([user, item("gAAAAABx")]), "without its required following item", Value::Null),
    ] {
        let reply = world.call(&input(items)).await;
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status.as_u16(), &error["code"]), (400, &code));
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[tokio::test]
async fn what_chat_completions_take_is_refused() {
    let world = World::new().await;
    let part = |role: &str, kind: &str| json!([{ "role": role, "content": [{ "type": kind, "text": "x" }] }]);
    let output = json!([{ "type": "function_call_output", "call_id": "c", "output": "x" }]);
    let function = json!([{ "type": "function", "function": { "name": "a" } }]);
    let call = json!([{ "type": "function_call", "call_id": "c", "name": "a", "arguments": "{}" }]);
    let cases = [
        ("messages", json!([]), "unknown_parameter", "messages"),
        ("max_tokens", json!(9), "unsupported_parameter", "max_tokens"),
        ("response_format", json!({}), "unsupported_parameter", "response_format"),
        ("max_output_tokens", json!(15), "integer_below_min_value", "max_output_tokens"),
        ("tools", function, "missing_required_parameter", "tools[0].name"),
        (
            "text",
            json!({ "format": { "type": "json_schema", "schema": {} } }),
            "missing_required_parameter",
            "text.format.name",
        ),
        ("input", Value::Null, "missing_required_parameter", "input"),
        ("input", part("user", "text"), "invalid_value", "input[0].content[0].type"),
        ("input", part("assistant", "input_text"), "invalid_value", "input[0].content[0].type"),
        ("input", json!([{ "role": "tool", "content": "x" }]), "invalid_value", "input[0]"),
        ("input", output, "", "input"),
        ("input", call, "", "input"),
        (
            "previous_response_id",
            json!("resp_1"),
            "previous_response_not_found",
            "previous_response_id",
        ),
        ("model", json!(""), "missing_required_parameter", "model"),
    ];
    for (key, value, code, param) in cases {
        let call = Call::new(Protocol::Responses, "echo", "hi").with(key, value);
        let reply = world.call(&call).await;
        let error = reply.json()["error"].clone();
        assert_eq!(reply.status, 400, "{key}");
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(error["code"].as_str().unwrap_or_default(), code, "{error}");
        assert_eq!(error["param"], param, "{error}");
    }
    let missing = world.call(&Call::new(Protocol::Responses, "missing-model", "hi")).await;
    assert_eq!(
        (missing.status.as_u16(), &missing.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}
