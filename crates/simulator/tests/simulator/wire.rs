//! The exact form of answers, against what the providers document.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, World};

/// Replaces what differs from answer to answer.
fn masked(mut value: Value) -> Value {
    for path in ["/id", "/message/id", "/responseId", "/content_block/id", "/delta/signature"] {
        if let Some(id) = value.pointer_mut(path).filter(|id| id.is_string()) {
            *id = json!("ID");
        }
    }
    value
}

fn openai_chunk(choices: &Value, usage: Option<Value>) -> Value {
    let mut chunk = json!({
        "id": "ID",
        "object": "chat.completion.chunk",
        "created": 1_767_225_600,
        "model": "echo",
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
        "choices": choices,
    });
    if let Some(usage) = usage {
        chunk["usage"] = usage;
    }
    chunk
}

fn openai_choice(delta: &Value, finish: &Value) -> Value {
    json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }])
}

#[tokio::test]
async fn openai_streams_report_usage_only_when_asked() {
    let world = World::new().await;
    for asked in [true, false] {
        let mut call = Call::new(Protocol::OpenAi, "echo", "hi you").streamed();
        if !asked {
            call = call.with("stream_options", json!({ "include_usage": false }));
        }
        let reply = world.call(&call).await;
        assert_eq!(reply.header("content-type"), "text/event-stream; charset=utf-8");
        assert!(reply.header("x-request-id").starts_with("req_"));
        let none = asked.then_some(Value::Null);
        let first = json!({ "role": "assistant", "content": "", "refusal": null });
        let mut expected = vec![
            openai_chunk(&openai_choice(&first, &Value::Null), none.clone()),
            openai_chunk(&openai_choice(&json!({ "content": "hi" }), &Value::Null), none.clone()),
            openai_chunk(&openai_choice(&json!({ "content": " you" }), &Value::Null), none.clone()),
            openai_chunk(&openai_choice(&json!({}), &json!("stop")), none),
        ];
        if asked {
            let usage = json!({
                "prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4,
                "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
                "completion_tokens_details": {
                    "reasoning_tokens": 0, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
                },
            });
            expected.push(openai_chunk(&json!([]), Some(usage)));
        }
        expected.push(json!("[DONE]"));
        assert_eq!(reply.data().into_iter().map(masked).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn openai_tool_calls_come_in_fragments() {
    let world = World::new().await;
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let tool =
        |name| json!({ "type": "function", "function": { "name": name, "parameters": schema } });
    let call = Call::new(Protocol::OpenAi, "tools", "a or b in Paris")
        .with("tools", json!([tool("a"), tool("b")]))
        .streamed();
    let data = world.call(&call).await.data();
    let deltas: Vec<&Value> = data.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    let first = json!({ "role": "assistant", "content": null, "refusal": null });
    assert_eq!(*deltas[0], first);
    let id = deltas[1]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("call_") && id != deltas[4]["tool_calls"][0]["id"]);
    let opened = json!({
        "index": 0, "id": id, "type": "function", "function": { "name": "a", "arguments": "" },
    });
    assert_eq!(*deltas[1], json!({ "tool_calls": [opened] }));
    for (at, index, arguments) in [(2, 0, "{\"city\":\"Par"), (3, 0, "is\"}"), (6, 1, "is\"}")] {
        let fragment = json!({ "index": index, "function": { "arguments": arguments } });
        assert_eq!(*deltas[at], json!({ "tool_calls": [fragment] }));
    }
    assert_eq!(data[7]["choices"][0]["finish_reason"], "tool_calls");
    let whole = Call { streamed: false, ..call.with("stream_options", Value::Null) };
    let message = world.call(&whole).await.json()["choices"][0]["message"].clone();
    assert_eq!((&message["content"], &message["refusal"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn openai_logprobs_have_an_entry_for_each_piece() {
    let world = World::new().await;
    let call = Call::new(Protocol::OpenAi, "echo", "hi you")
        .with("logprobs", json!(true))
        .with("top_logprobs", json!(2));
    let whole = world.call(&call).await.json()["choices"][0]["logprobs"]["content"].clone();
    assert_eq!(whole.as_array().unwrap().len(), 2);
    assert_eq!((&whole[1]["token"], &whole[1]["bytes"]), (&json!(" you"), &json!(b" you")));
    let top = whole[1]["top_logprobs"].as_array().unwrap();
    assert_eq!((top.len(), &top[0]["token"]), (2, &json!(" you")));
    assert!(top[0]["logprob"].as_f64().unwrap() > top[1]["logprob"].as_f64().unwrap());
    let streamed = world.call(&call.streamed()).await.data();
    let entries = streamed.iter().flat_map(|chunk| {
        chunk["choices"][0]["logprobs"]["content"].as_array().cloned().unwrap_or_default()
    });
    assert_eq!(Value::Array(entries.collect()), whole);
}

#[tokio::test]
async fn anthropic_streams_have_named_events_and_closed_blocks() {
    let world = World::new().await;
    let call = Call::new(Protocol::Anthropic, "think", "hi")
        .streamed()
        .with("thinking", json!({ "type": "enabled", "budget_tokens": 1024 }));
    let reply = world.call(&call).await;
    let text = reply.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let data = reply.data();
    for (name, data) in names.iter().zip(&data) {
        assert_eq!(data["type"], *name);
    }
    let mut shape = names.clone();
    shape.dedup();
    assert_eq!(
        shape,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    let signature = data.iter().position(|data| data["delta"]["type"] == "signature_delta");
    assert_eq!(data[signature.unwrap() + 1]["type"], "content_block_stop");
    assert_eq!(data[signature.unwrap() + 2]["index"], 1);
    let usage = json!({
        "input_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0 },
        "output_tokens": 1, "service_tier": "standard",
    });
    let message = json!({
        "id": "ID", "type": "message", "role": "assistant", "model": "think", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    assert_eq!(masked(data[0].clone()), json!({ "type": "message_start", "message": message }));
    assert!(reply.header("request-id").starts_with("req_"));
}

#[tokio::test]
async fn anthropic_tool_calls_come_in_fragments() {
    let world = World::new().await;
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let call = Call::new(Protocol::Anthropic, "tools", "Weather in Paris")
        .with("tools", json!([{ "name": "w", "input_schema": schema }]))
        .streamed();
    let data = world.call(&call).await.data();
    let block = json!({ "type": "tool_use", "id": "ID", "name": "w", "input": {} });
    let start = json!({ "type": "content_block_start", "index": 0, "content_block": block });
    assert!(data[1]["content_block"]["id"].as_str().unwrap().starts_with("toolu_01"));
    assert_eq!(masked(data[1].clone()), start);
    let fragments: Vec<&str> =
        data.iter().filter_map(|data| data["delta"]["partial_json"].as_str()).collect();
    assert_eq!(fragments, ["{\"city\":\"Par", "is\"}"]);
}

#[tokio::test]
async fn gemini_streams_events_or_one_array() {
    let world = World::new().await;
    let call = Call::new(Protocol::Gemini, "echo", "hi you").streamed();
    let sse = world.call(&call).await;
    assert_eq!(sse.header("content-type"), "text/event-stream");
    assert!(sse.text().contains("\r\n\r\n"));
    let item = |text: &str, finish: Option<&str>, usage: Value| {
        let content = json!({ "parts": [{ "text": text }], "role": "model" });
        let mut candidate = json!({ "content": content, "index": 0 });
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        json!({
            "candidates": [candidate], "usageMetadata": usage,
            "modelVersion": "echo", "responseId": "ID",
        })
    };
    let details = json!([{ "modality": "TEXT", "tokenCount": 2 }]);
    let running =
        json!({ "promptTokenCount": 2, "totalTokenCount": 2, "promptTokensDetails": details });
    let last = json!({
        "promptTokenCount": 2, "candidatesTokenCount": 2, "totalTokenCount": 4,
        "promptTokensDetails": details,
    });
    let expected = [
        item("hi", None, running.clone()),
        item(" you", None, running),
        item("", Some("STOP"), last),
    ];
    assert_eq!(sse.data().into_iter().map(masked).collect::<Vec<_>>(), expected);

    let request = call.request(&world.simulator.origin());
    let path = request.uri().path().to_owned();
    let array = world.post(&path, &call.body).await;
    assert_eq!(array.header("content-type"), "application/json; charset=UTF-8");
    let items: Vec<Value> = serde_json::from_str(&array.text()).unwrap();
    assert_eq!(items.into_iter().map(masked).collect::<Vec<_>>(), expected);
    let broken = world.post(&path.replace("echo", "echo+error-after:1"), &call.body).await;
    let items: Vec<Value> = serde_json::from_str(&broken.text()).unwrap();
    assert_eq!(items[1]["error"]["status"], "UNAVAILABLE");
    assert_eq!(items[0]["candidates"][0]["content"]["parts"][0]["text"], "hi");
}

#[tokio::test]
async fn gemini_signs_thoughts_and_the_calls_that_follow_them() {
    let world = World::new().await;
    let thinking = json!({ "thinkingConfig": { "includeThoughts": true } });
    let call =
        |model| Call::new(Protocol::Gemini, model, "hi").with("generationConfig", thinking.clone());
    let whole = world.call(&call("think")).await.json();
    let parts = whole["candidates"][0]["content"]["parts"].clone();
    assert_eq!(parts[0]["thought"], true);
    assert!(parts[1]["thoughtSignature"].is_string() && parts[1].get("thought").is_none());
    let tools = json!([{ "functionDeclarations": [{ "name": "a" }, { "name": "b" }] }]);
    let tools = call("tools").with("tools", tools);
    let whole = world.call(&tools).await.json();
    assert!(whole["candidates"][0]["content"]["parts"][0]["thoughtSignature"].is_string());
}
