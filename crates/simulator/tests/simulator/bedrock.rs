//! Bedrock's Converse: signatures, framing, and what it refuses.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tollgate_simulator::{AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, Protocol, SimulatorConfig};

use crate::support::{Call, Reply, World};

/// `call` with a signature instead of a key.
async fn signed(world: &World, call: &Call, key: [&str; 2], service: &str) -> Request<Full<Bytes>> {
    let call = Call { key: None, ..call.clone() };
    let (head, body) = call.request(&world.simulator.origin()).into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let identity = Credentials::new(key[0], key[1], None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_hours(490_896))
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let uri = head.uri.to_string();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let request = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(&body)).unwrap();
    let (instructions, _) = sign(request, &params.into()).unwrap().into_parts();
    let mut request = Request::from_parts(head, Full::from(body));
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn error(reply: &Reply) -> (u16, String, String) {
    let message = reply.json()["message"].as_str().unwrap_or_default().to_owned();
    (reply.status.as_u16(), reply.header("x-amzn-errortype").to_owned(), message)
}

#[tokio::test]
async fn signatures_are_verified() {
    let world = World::new().await;
    let good = [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY];
    for call in [
        Call::new(Protocol::Bedrock, "echo", "hi"),
        Call::new(Protocol::Bedrock, "us.echo-v1%3A0", "hi").streamed(),
        Call::new(Protocol::Bedrock, "echo:0+drip:9", "Grüße"),
    ] {
        let reply = world.request(signed(&world, &call, good, "bedrock").await).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let recorded = world.simulator.requests().pop().unwrap();
    assert_eq!(recorded.model.as_deref(), Some("echo:0+drip:9"));
    let authorization = recorded.header("authorization").unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 …"), "{authorization}");

    let call = Call::new(Protocol::Bedrock, "echo", "hi");
    for (key, service, code) in [
        (["AKIAOTHER", AWS_SECRET_ACCESS_KEY], "bedrock", "UnrecognizedClientException"),
        ([AWS_ACCESS_KEY_ID, "other"], "bedrock", "InvalidSignatureException"),
        (good, "s3", "InvalidSignatureException"),
    ] {
        let reply = world.request(signed(&world, &call, key, service).await).await;
        let (status, got, message) = error(&reply);
        assert_eq!((status, got.as_str()), (403, code));
        assert!(!message.is_empty());
    }
    let request = signed(&world, &call, good, "bedrock").await;
    let changed = request.map(|_| Full::from("{}"));
    assert_eq!(error(&world.request(changed).await).1, "InvalidSignatureException");
}

#[tokio::test]
async fn keys_are_checked() {
    let world = World::new().await;
    for (key, code) in
        [(None, "MissingAuthenticationTokenException"), (Some("wrong"), "AccessDeniedException")]
    {
        let call = Call { key, ..Call::new(Protocol::Bedrock, "echo", "hi") };
        let (status, got, _) = error(&world.call(&call).await);
        assert_eq!((status, got.as_str()), (403, code));
    }
    let mut request = Call::new(Protocol::Bedrock, "echo", "hi").request(&world.simulator.origin());
    request.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 Credential=x".parse().unwrap());
    assert_eq!(error(&world.request(request).await).1, "IncompleteSignatureException");
    let config = SimulatorConfig { require_key: false, ..SimulatorConfig::default() };
    let open = World::with(config).await;
    let call = Call { key: None, ..Call::new(Protocol::Bedrock, "echo", "hi") };
    assert_eq!(open.said(&call).await.text, "hi");
}

#[tokio::test]
async fn streams_are_framed_messages() {
    let world = World::new().await;
    let call = Call::new(Protocol::Bedrock, "think", "hi").thinking().streamed();
    let reply = world.call(&call).await;
    assert_eq!(reply.header("content-type"), "application/vnd.amazon.eventstream");
    let mut names: Vec<String> =
        reply.messages().into_iter().map(|(headers, _)| headers.join(" ")).collect();
    names.dedup();
    let event = |name: &str| {
        format!(":event-type={name} :content-type=application/json :message-type=event")
    };
    let expected = [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ];
    assert_eq!(names, expected.map(event));
    let data = reply.data();
    assert_eq!(data[0], json!({ "role": "assistant" }));
    let signed = data.iter().find_map(|event| event["delta"]["reasoningContent"].get("signature"));
    assert!(signed.is_some_and(Value::is_string));
    let whole = world.call(&Call { streamed: false, ..call }).await.json();
    let reasoning = &whole["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"];
    assert!(reasoning["signature"].is_string() && reasoning["text"].is_string());
    assert!(whole["metrics"]["latencyMs"].is_u64());
}

#[tokio::test]
async fn calls_are_announced_and_come_in_fragments() {
    let world = World::new().await;
    let call = Call::new(Protocol::Bedrock, "tools", "a or b").tools(&["a", "b"]).streamed();
    let data = world.call(&call).await.data();
    let start = &data[1]["start"]["toolUse"];
    assert_eq!((&data[1]["contentBlockIndex"], &start["name"]), (&json!(0), &json!("a")));
    assert!(start["toolUseId"].as_str().unwrap().starts_with("tooluse_"));
    let inputs = data.iter().filter(|event| event["contentBlockIndex"] == 1);
    let inputs: String =
        inputs.filter_map(|event| event["delta"]["toolUse"]["input"].as_str()).collect();
    assert_eq!(inputs, r#"{"city":"example","days":1}"#);
}

#[tokio::test]
async fn a_stream_fails_with_an_exception() {
    let world = World::new().await;
    let call = Call::new(Protocol::Bedrock, "echo+error-after:1", "one two").streamed();
    let reply = world.call(&call).await;
    let (headers, payload) = reply.messages().pop().unwrap();
    assert_eq!(
        headers,
        [
            ":exception-type=throttlingException",
            ":content-type=application/json",
            ":message-type=exception",
        ]
    );
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload["message"], "Too many requests, please wait before trying again.");
}

#[tokio::test]
async fn cache_points_are_accounted_for() {
    let world = World::new().await;
    let text = json!({ "text": "one two three four five six" });
    let content = json!([text, { "cachePoint": { "type": "default" } }]);
    let messages = json!([{ "role": "user", "content": content }]);
    let call = Call::new(Protocol::Bedrock, "cached", "").with("messages", messages);
    let usage = world.call(&call).await.json()["usage"].clone();
    let expected = json!({
        "inputTokens": 2, "outputTokens": 6, "totalTokens": 12,
        "cacheReadInputTokens": 3, "cacheWriteInputTokens": 1,
    });
    assert_eq!(usage, expected);
}

#[tokio::test]
async fn results_and_reasoning_come_back_in_any_form() {
    let world = World::new().await;
    let reasoning = json!({ "reasoningText": { "text": "hm", "signature": "EqQB" } });
    let call = json!({ "toolUseId": "t1", "name": "a", "input": { "x": 1 } });
    let result = json!({
        "toolUseId": "t1",
        "content": [{ "json": { "degrees": 18 } }, { "text": "fine" }],
        "status": "error",
    });
    let messages = json!([
        { "role": "user", "content": [{ "text": "hi" }] },
        { "role": "assistant", "content": [{ "reasoningContent": reasoning }, { "toolUse": call }] },
        { "role": "user", "content": [{ "toolResult": result }] },
    ]);
    let call = Call::new(Protocol::Bedrock, "tools", "").tools(&["a"]).with("messages", messages);
    let said = world.said(&call).await;
    assert_eq!(said.text, "Tool results: a: {\"degrees\":18}\nfine");
}

#[tokio::test]
async fn scripted_statuses_have_the_names_of_exceptions() {
    let world = World::new().await;
    for (status, code) in [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (408, "ModelTimeoutException"),
        (424, "ModelErrorException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ] {
        let call = Call::new(Protocol::Bedrock, &format!("echo+status:{status}"), "hi");
        let (got_status, got_code, message) = error(&world.call(&call.streamed()).await);
        assert_eq!((got_status, got_code.as_str()), (status, code));
        assert!(!message.is_empty());
    }
    let missing = world.call(&Call::new(Protocol::Bedrock, "missing-model", "hi")).await;
    assert_eq!(error(&missing).1, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_bedrock_refuses_is_refused() {
    let world = World::new().await;
    let text = |role: &str, text: &str| json!({ "role": role, "content": [{ "text": text }] });
    let block = |role: &str, block: Value| json!({ "role": role, "content": [block] });
    let user = text("user", "hi");
    let call =
        block("assistant", json!({ "toolUse": { "toolUseId": "t1", "name": "a", "input": {} } }));
    let result = block("user", json!({ "toolResult": { "toolUseId": "t1", "content": [] } }));
    let tools =
        json!({ "tools": [{ "toolSpec": { "name": "a", "inputSchema": { "json": {} } } }] });
    let spaced =
        json!({ "tools": [{ "toolSpec": { "name": "a b", "inputSchema": { "json": {} } } }] });
    let cases = [
        ("messages", json!([]), "must start with a user message"),
        ("messages", json!([text("assistant", "x"), user]), "must start with a user message"),
        ("messages", json!([user, user]), "must alternate between user and assistant"),
        ("messages", json!([text("system", "x")]), "enum value set: [user, assistant]"),
        ("messages", json!([{ "role": "user", "content": [] }]), "messages.0 is empty"),
        ("messages", json!([text("user", " ")]), "messages.0.content.0 is blank"),
        (
            "messages",
            json!([block("user", json!({ "type": "text", "text": "x" }))]),
            "exactly one member",
        ),
        ("messages", json!([user, call, result]), "toolConfig field must be defined"),
        ("inferenceConfig", json!({ "maxTokens": 0 }), "greater than or equal to 1"),
        ("inferenceConfig", json!({ "temperature": 1.5 }), "less than or equal to 1"),
        ("toolConfig", json!({ "tools": [] }), "length greater than or equal to 1"),
        ("toolConfig", spaced, "[a-zA-Z0-9_-]+"),
    ];
    for (key, value, message) in cases {
        let asked = Call::new(Protocol::Bedrock, "echo", "hi").with(key, value);
        let (status, code, got) = error(&world.call(&asked).await);
        assert_eq!((status, code.as_str()), (400, "ValidationException"), "{message}");
        assert!(got.contains(message), "{got}");
    }
    let offer = Call::new(Protocol::Bedrock, "echo", "hi").with("toolConfig", tools);
    for (turns, message) in [
        (json!([user, call, user]), "Expected toolResult blocks at messages.2.content"),
        (json!([user, text("assistant", "x"), result]), "exceeds the number of toolUse blocks"),
    ] {
        let (_, _, got) = error(&world.call(&offer.clone().with("messages", turns)).await);
        assert!(got.contains(message), "{got}");
    }
}

#[tokio::test]
async fn pictures_and_sources_come_as_blocks() {
    let world = World::new().await;
    let draw = Call::new(Protocol::Bedrock, "draw", "hi");
    let content = world.call(&draw).await.json()["output"]["message"]["content"].clone();
    assert!(content[0]["text"].is_string(), "{content}");
    assert_eq!(content[1]["image"]["format"], "png");
    let data = world.call(&draw.streamed()).await.data();
    let at = data.iter().position(|it| it["start"]["image"]["format"] == "png").unwrap();
    assert_eq!(data[at]["contentBlockIndex"], 1);
    let streamed = &data[at + 1]["delta"]["image"]["source"]["bytes"];
    assert_eq!(*streamed, content[1]["image"]["source"]["bytes"]);
    assert_eq!(data[at + 2], json!({ "contentBlockIndex": 1 }));
    assert_eq!(data[at + 3]["stopReason"], "end_turn");

    let cite = Call::new(Protocol::Bedrock, "cite", "hi");
    let content = world.call(&cite).await.json()["output"]["message"]["content"].clone();
    let cited = &content[0]["citationsContent"];
    assert!(cited["content"][0]["text"].is_string(), "{content}");
    let web = json!({ "url": "https://example.org/sky", "domain": "example.org" });
    assert_eq!(cited["citations"][0]["location"]["web"], web);
    let data = world.call(&cite.streamed()).await.data();
    let at = data.iter().position(|it| it["delta"]["citation"].is_object()).unwrap();
    assert_eq!(data[at]["delta"]["citation"], cited["citations"][0]);
    assert_eq!(data[at + 1], json!({ "contentBlockIndex": 0 }), "the text ends behind it");
}

#[tokio::test]
async fn the_tier_asked_for_is_the_one_that_serves() {
    let world = World::new().await;
    let tier = json!({ "type": "flex" });
    let call = Call::new(Protocol::Bedrock, "echo", "hi").with("serviceTier", tier.clone());
    assert_eq!(world.call(&call).await.json()["serviceTier"], tier);
    let data = world.call(&call.streamed()).await.data();
    assert_eq!(data.last().unwrap()["serviceTier"], tier);
}
