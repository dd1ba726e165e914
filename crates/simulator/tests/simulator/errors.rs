//! Errors have each provider's own shape, and come for each provider's own reasons.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, World};

/// The protocols whose errors are told apart here; the others have files of their own.
const PROTOCOLS: [Protocol; 3] = [Protocol::OpenAi, Protocol::Anthropic, Protocol::Gemini];

/// The kind and the message of an error, after checking the shape around them.
fn error(protocol: Protocol, status: u16, body: &Value) -> (String, String) {
    let error = &body["error"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = match protocol {
        Protocol::OpenAi => {
            assert!(error.get("param").is_some() && error.get("code").is_some(), "{body}");
            format!("{}/{}", text(&error["type"]), text(&error["code"]))
        }
        Protocol::Anthropic => {
            assert_eq!(body["type"], "error", "{body}");
            assert!(text(&body["request_id"]).starts_with("req_"), "{body}");
            text(&error["type"])
        }
        Protocol::Gemini => {
            assert_eq!(error["code"], status, "{body}");
            text(&error["status"])
        }
        _ => panic!("{protocol} has a file of its own"),
    };
    (kind, text(&error["message"]))
}

async fn check(world: &World, call: Call, status: u16, kind: &str, message: &str) {
    for call in [call.clone(), call.streamed()] {
        let reply = world.call(&call).await;
        let context = format!("{:?} {} {}", call.protocol, call.model, reply.text());
        assert_eq!(reply.status, status, "{context}");
        assert_eq!(reply.header("content-type"), "application/json", "{context}");
        let (got_kind, got_message) = error(call.protocol, status, &reply.json());
        assert_eq!(got_kind, kind, "{context}");
        assert!(got_message.contains(message), "{context}");
    }
}

#[tokio::test]
async fn keys_are_checked() {
    let world = World::new().await;
    let cases = [
        (Protocol::OpenAi, None, 401, "invalid_request_error/", "You didn't provide an API key"),
        (
            Protocol::OpenAi,
            Some("sk-wrong"),
            401,
            "invalid_request_error/invalid_api_key",
            "Incorrect API key provided: ****rong",
        ),
        (Protocol::Anthropic, None, 401, "authentication_error", "x-api-key header is required"),
        (Protocol::Anthropic, Some("sk-invalid"), 401, "authentication_error", "invalid x-api-key"),
        (Protocol::Gemini, None, 403, "PERMISSION_DENIED", "unregistered callers"),
        (Protocol::Gemini, Some("invalid"), 400, "INVALID_ARGUMENT", "API key not valid"),
    ];
    for (protocol, key, status, kind, message) in cases {
        let call = Call { key, ..Call::new(protocol, "echo", "hi") };
        check(&world, call, status, kind, message).await;
    }
    let call = Call { key: Some("wrong"), ..Call::new(Protocol::Gemini, "echo", "") };
    let reply = world.call(&call).await;
    assert_eq!(reply.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
}

#[tokio::test]
async fn a_missing_model_is_not_found() {
    let world = World::new().await;
    let kinds = ["invalid_request_error/model_not_found", "not_found_error", "NOT_FOUND"];
    for (protocol, kind) in PROTOCOLS.into_iter().zip(kinds) {
        check(&world, Call::new(protocol, "missing-model", "hi"), 404, kind, "missing-model").await;
    }
}

#[tokio::test]
async fn scripted_statuses_have_the_words_of_the_provider() {
    let world = World::new().await;
    let cases = [
        (400, ["invalid_request_error/", "invalid_request_error", "INVALID_ARGUMENT"]),
        (
            403,
            [
                "invalid_request_error/unsupported_country_region_territory",
                "permission_error",
                "PERMISSION_DENIED",
            ],
        ),
        (429, ["requests/rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"]),
        (500, ["server_error/", "api_error", "INTERNAL"]),
        (503, ["server_error/", "api_error", "UNAVAILABLE"]),
        (504, ["server_error/", "timeout_error", "DEADLINE_EXCEEDED"]),
        (529, ["server_error/", "overloaded_error", "INTERNAL"]),
    ];
    for (status, kinds) in cases {
        for (protocol, kind) in PROTOCOLS.into_iter().zip(kinds) {
            let call = Call::new(protocol, &format!("prose+status:{status}"), "hi");
            check(&world, call, status, kind, "").await;
        }
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "hi").simulate("status:429;retry-after:7");
        let reply = world.call(&call).await;
        assert_eq!(reply.header("retry-after"), "7");
        if protocol == Protocol::Gemini {
            let details = reply.json()["error"]["details"].clone();
            assert_eq!(details[2]["@type"], "type.googleapis.com/google.rpc.RetryInfo");
            assert_eq!(details[2]["retryDelay"], "7s");
        }
    }
}

#[tokio::test]
async fn openai_refuses_what_openai_refuses() {
    let world = World::new().await;
    let user = json!({ "role": "user", "content": "hi" });
    let cases = [
        ("messages", Value::Null, "/missing_required_parameter", "'messages'"),
        ("messages", json!([]), "/empty_array", "Invalid 'messages'"),
        ("messages", json!([{ "role": "robot" }]), "/invalid_value", "'robot'"),
        (
            "messages",
            json!([user, { "role": "tool", "tool_call_id": "c", "content": "" }]),
            "/",
            "must be a response to a preceeding message with 'tool_calls'",
        ),
        ("max_tokens", json!(0), "/integer_below_min_value", "max_tokens"),
        ("top_logprobs", json!(2), "/", "only allowed when 'logprobs' is enabled"),
        ("stop", json!(["a", "b", "c", "d", "e"]), "/array_above_max_length", "'stop'"),
        ("model", json!(""), "/", "you must provide a model parameter"),
    ];
    for (key, value, code, message) in cases {
        let call = Call::new(Protocol::OpenAi, "echo", "hi").with(key, value);
        let kind = format!("invalid_request_error{code}");
        check(&world, call, 400, &kind, message).await;
    }
    let call = Call::new(Protocol::OpenAi, "echo", "").with("stream_options", json!({}));
    assert_eq!(world.call(&call).await.json()["error"]["param"], "stream_options");
}

#[tokio::test]
async fn anthropic_refuses_what_anthropic_refuses() {
    let world = World::new().await;
    let user = json!({ "role": "user", "content": "hi" });
    let tool_use = json!({ "role": "assistant", "content": [
        { "type": "tool_use", "id": "t1", "name": "a", "input": {} },
    ] });
    let result = json!({ "role": "user", "content": [
        { "type": "tool_result", "tool_use_id": "t2", "content": "" },
    ] });
    let thinking = |budget: u64| json!({ "type": "enabled", "budget_tokens": budget });
    let cases = [
        ("max_tokens", json!(0), "max_tokens: Input should be"),
        ("messages", json!([]), "at least one message"),
        (
            "messages",
            json!([{ "role": "system", "content": "x" }, user]),
            "Unexpected role \"system\"",
        ),
        ("messages", json!([{ "role": "tool", "content": "x" }]), "Unexpected role \"tool\""),
        ("messages", json!([{ "role": "assistant", "content": "x" }]), "first message must use"),
        ("messages", json!([user, tool_use]), ""),
        (
            "messages",
            json!([user, tool_use, user]),
            "messages.1: `tool_use` ids were found without",
        ),
        ("messages", json!([user, result]), "unexpected `tool_use_id`"),
        (
            "messages",
            json!([user, { "role": "assistant", "content": "x " }]),
            "trailing whitespace",
        ),
        ("thinking", thinking(1_023), "greater than or equal to 1024"),
        ("thinking", thinking(4_096), "`max_tokens` must be greater than"),
        ("stream_options", json!({}), "stream_options: Extra inputs are not permitted"),
        ("model", json!(""), "model: Field required"),
    ];
    for (key, value, message) in cases {
        let call = Call::new(Protocol::Anthropic, "echo", "hi").with(key, value);
        if message.is_empty() {
            // An open call at the very end is the assistant's own turn, to be continued.
            assert_eq!(world.call(&call).await.status, 200);
            continue;
        }
        check(&world, call, 400, "invalid_request_error", message).await;
    }
    let mut call = Call::new(Protocol::Anthropic, "echo", "hi").with("thinking", thinking(1_024));
    assert_eq!(world.call(&call).await.status, 200);
    call.body.as_object_mut().unwrap().remove("max_tokens");
    check(&world, call, 400, "invalid_request_error", "max_tokens: Field required").await;
}

#[tokio::test]
async fn gemini_refuses_what_gemini_refuses() {
    let world = World::new().await;
    let cases = [
        ("contents", json!([]), "contents is not specified"),
        ("contents", json!([{ "role": "assistant", "parts": [] }]), "valid role: user, model"),
        ("messages", json!([]), "Unknown name \"messages\": Cannot find field"),
    ];
    for (key, value, message) in cases {
        let call = Call::new(Protocol::Gemini, "echo", "hi").with(key, value);
        check(&world, call, 400, "INVALID_ARGUMENT", message).await;
    }
}

#[tokio::test]
async fn what_is_no_json_and_what_is_no_script_is_refused() {
    let world = World::new().await;
    let kinds = ["invalid_request_error/", "invalid_request_error", "INVALID_ARGUMENT"];
    for (protocol, kind) in PROTOCOLS.into_iter().zip(kinds) {
        let call = Call { body: json!("{\"model\":"), ..Call::new(protocol, "echo", "") };
        let reply = world.call(&call).await;
        let (got_kind, message) = error(protocol, 400, &reply.json());
        assert_eq!((reply.status.as_u16(), got_kind.as_str()), (400, kind));
        assert!(message.contains("JSON"), "{message}");
        let call = Call::new(protocol, "echo+stal", "hi");
        check(&world, call, 400, kind, "unknown directive `stal`").await;
        let call = Call::new(protocol, "echo", "hi").simulate("tps:0");
        check(&world, call, 400, kind, "directive `tps` can't take the value `0`").await;
    }
}
