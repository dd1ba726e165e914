//! Google Vertex AI: what differs from the adapters whose bodies and answers it shares.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, StatusCode};
use reading::{Place, completion, kept_message, streamed, whole};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Failure, FaultKind, Vertex, VertexAnthropic, VertexOpenAi};

const GEMINI: &str = "gemini-2.5-flash";
const CLAUDE: &str = "claude-sonnet-4-5@20250929";
const LLAMA: &str = "meta/llama-3.3-70b-instruct-maas";

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        model,
        credential: "ya29.x",
        max_output: Some(65_536),
        supported: Vec::new(),
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

/// A call with one message and these members.
fn call(members: &Value) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    call
}

#[test]
fn a_call_goes_to_a_publishers_model() {
    let (whole, streamed) = (json!({}), json!({"stream": true}));
    let cases: [(&dyn Adapter, &'static str, &Value, &str); 6] = [
        (&Vertex, GEMINI, &whole, "publishers/google/models/gemini-2.5-flash:generateContent"),
        (
            &Vertex,
            "google/gemini-2.5-flash",
            &streamed,
            "publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        ),
        (&Vertex, "endpoints/123", &whole, "endpoints/123:generateContent"),
        (
            &VertexAnthropic,
            CLAUDE,
            &whole,
            "publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
        ),
        (
            &VertexAnthropic,
            CLAUDE,
            &streamed,
            "publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
        ),
        (&VertexOpenAi, LLAMA, &streamed, "endpoints/openapi/chat/completions"),
    ];
    for (adapter, model, members, expected) in cases {
        let request = place(model).request(adapter, &call(members)).unwrap();
        let base = place(model).base_url;
        assert_eq!(request.uri().to_string(), format!("{base}/{expected}"));
    }
    assert_eq!(
        place(LLAMA).refusal(&Vertex, &call(&whole)),
        "a model of meta by the protocol of google"
    );
    assert_eq!(place(CLAUDE).refusal(&Vertex, &call(&whole)), "Claude by the protocol of Gemini");
}

#[test]
fn a_token_and_a_key_go_to_their_places() {
    let token = place(GEMINI).request(&Vertex, &call(&json!({}))).unwrap();
    assert_eq!(token.headers()[AUTHORIZATION], "Bearer ya29.x");
    assert!(token.headers()[AUTHORIZATION].is_sensitive());
    for key in ["AIza-x", "AQ.x"] {
        let express = Place {
            base_url: "https://aiplatform.googleapis.com/v1",
            credential: key,
            ..place(GEMINI)
        };
        let request = express.request(&Vertex, &call(&json!({}))).unwrap();
        assert_eq!(
            request.uri(),
            "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-flash:generateContent"
        );
        assert_eq!(request.headers()["x-goog-api-key"], key);
        assert!(request.headers()["x-goog-api-key"].is_sensitive());
        assert_eq!(request.headers().get(AUTHORIZATION), None::<&HeaderValue>);
    }
    let adapters: [&dyn Adapter; 2] = [&Vertex, &VertexAnthropic];
    for adapter in adapters {
        let probe = adapter.probe(&place("").target()).unwrap();
        assert_eq!(
            (probe.method().as_str(), probe.uri().path()),
            (
                "POST",
                "/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash:countTokens"
            )
        );
        assert_eq!(probe.headers()[AUTHORIZATION], "Bearer ya29.x");
    }
}

#[test]
fn a_tier_is_a_header() {
    let asked = |tier| call(&json!({ "service_tier": tier }));
    for tier in ["flex", "priority"] {
        let request = place(GEMINI).request(&Vertex, &asked(tier)).unwrap();
        assert_eq!(request.headers()["x-vertex-ai-llm-shared-request-type"], tier);
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(sent, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    }
    let request = place(GEMINI).request(&Vertex, &asked("default")).unwrap();
    assert!(!request.headers().contains_key("x-vertex-ai-llm-shared-request-type"));
}

#[test]
fn results_go_by_the_order_of_their_calls() {
    let function = |id: &str, city: &str| {
        json!({"id": id, "type": "function", "function": {
            "name": "weather", "arguments": json!({"city": city}).to_string()
        }})
    };
    let sent = place("gemini-3-pro-preview").body(
        &Vertex,
        &json!({"messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "tool_calls": [function("a", "Rome"), function("b", "Oslo")],
                "reasoning_details": [
                    {"type": "reasoning.encrypted", "data": "c2ln", "id": "a", "format": "google-gemini-v1", "index": 0}
                ]
            },
            {"role": "tool", "tool_call_id": "b", "content": "snow"},
            {"role": "tool", "tool_call_id": "a", "content": "sun"},
            {"role": "user", "content": "Well?"}
        ]}),
    );
    let result =
        |text: &str| json!({"functionResponse": {"name": "weather", "response": {"result": text}}});
    assert_eq!(
        sent["contents"],
        json!([
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "weather", "args": {"city": "Rome"}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}
            ]},
            {"role": "user", "parts": [result("sun"), result("snow"), {"text": "Well?"}]}
        ])
    );
}

#[test]
fn media_by_address_have_a_type() {
    let sent = place(GEMINI).body(
        &Vertex,
        &json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
            {"type": "image_url", "image_url": {"url": "https://x.test/random"}},
            {"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}},
            {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=1"}},
            {"type": "file", "file": {"file_data": "gs://mine/a"}}
        ]}]}),
    );
    assert_eq!(
        sent["contents"][0]["parts"],
        json!([
            {"fileData": {"mimeType": "image/png", "fileUri": "https://x.test/a.png"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.test/random"}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x.test/a.mp4"}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=1"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://mine/a"}}
        ])
    );
}

#[test]
fn claudes_body_has_the_version_and_no_model() {
    let given = json!({
        "max_tokens": 100, "stream": true, "service_tier": "priority",
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"
    });
    assert_eq!(
        place(CLAUDE).body(&VertexAnthropic, &call(&given)),
        json!({
            "anthropic_version": "vertex-2023-10-16",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            "stream": true,
            "tools": [{
                "name": "f",
                "input_schema": {"type": "object", "properties": {}},
                "eager_input_streaming": true
            }],
            "tool_choice": {"type": "any"},
            "metadata": {"user_id": "u-1"}
        })
    );
    let image = json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}});
    for messages in [
        json!([{"role": "user", "content": [image]}]),
        json!([{"role": "tool", "tool_call_id": "c", "content": [image]}]),
    ] {
        assert_eq!(
            place(CLAUDE).refusal(&VertexAnthropic, &json!({ "messages": messages })),
            "an image or a document by its address"
        );
    }
}

#[test]
fn failures_come_in_googles_form_and_in_anthropics() {
    for (status, body, kind) in [
        (
            403,
            r#"[{"error":{"code":403,"message":"Permission 'aiplatform.endpoints.predict' denied","status":"PERMISSION_DENIED"}}]"#,
            FaultKind::Credential,
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#,
            FaultKind::Credential,
        ),
        (
            404,
            r#"{"error":{"code":404,"message":"Publisher Model `x` was not found or your project does not have access to it.","status":"NOT_FOUND"}}"#,
            FaultKind::ModelMissing,
        ),
        (
            429,
            r#"{"error":{"code":429,"message":"Quota exceeded for aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model","status":"RESOURCE_EXHAUSTED"}}"#,
            FaultKind::RateLimited,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"},"request_id":"req_vrtx_1"}"#,
            FaultKind::ContextLength,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
            FaultKind::ContentPolicy,
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            FaultKind::Overloaded,
        ),
    ] {
        let failure = Failure {
            status: StatusCode::from_u16(status).unwrap(),
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
        };
        assert_eq!(VertexAnthropic.classify(&failure).kind, kind, "{body}");
        if body.contains("\"status\"") {
            assert_eq!(Vertex.classify(&failure).kind, kind, "{body}");
            assert_eq!(VertexOpenAi.classify(&failure).kind, kind, "{body}");
        }
    }
}

#[test]
fn an_answer_can_be_sent_back_as_it_came() {
    let bytes = reading::recording("vertex", "tools-parallel.sse");
    let kept = kept_message(&stream(&Vertex, [bytes.as_slice()]).out);
    let ids: Vec<_> = [0, 1].map(|at| kept["tool_calls"][at]["id"].clone()).into();
    assert_ne!(ids[0], ids[1]);
    let sent = place("gemini-3-pro-preview")
        .body(&Vertex, &json!({"messages": [{"role": "user", "content": "hi"}, kept]}));
    assert_eq!(
        sent["contents"][1]["parts"],
        json!([
            {"text": "Looking."},
            {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "get_weather", "args": {"city": "Rome"}}}
        ])
    );
    let bytes = reading::recording("vertex-anthropic", "text.json");
    let answer = whole_answer(&VertexAnthropic, bytes.into()).unwrap();
    let message = &completion(answer.as_ref())["choices"][0]["message"];
    assert_eq!(message["content"], "Hello from the upstream.");
}

#[test]
fn recorded_answers_are_read() {
    for (adapter, name, expected) in ANSWERS {
        let whole_body = name.rsplit('.').next() == Some("json");
        let read = if whole_body { whole(*adapter, name) } else { streamed(*adapter, name) };
        assert_eq!(read, *expected, "{} {name}", adapter.protocol());
    }
}

/// What a client sees of each recording, and what is known of it in the end.
const ANSWERS: &[(&dyn Adapter, &str, &str)] = &[
    (
        &Vertex,
        "cut.sse",
        r#"content "It was a dark and"
id vX1
tier default
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        &Vertex,
        "error-event.sse",
        r#"content "Half an"
id vX1
tier default
fault rate_limited code=RESOURCE_EXHAUSTED "Resource exhausted. Please try again later."
"#,
    ),
    (
        &Vertex,
        "error.json",
        r#"fault overloaded code=UNAVAILABLE "The service is currently unavailable."
"#,
    ),
    (
        &Vertex,
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not JSON"
"#,
    ),
    (
        &Vertex,
        "malformed.sse",
        r#"content "Fine so far"
id vX1
tier default
fault broken "The provider's answer is malformed: a part of it is not a response"
"#,
    ),
    (
        &Vertex,
        "max-tokens.sse",
        r#"content "Once upon"
finish length (MAX_TOKENS)
id vX1
tier default
usage Reported prompt=5 completion=2
"#,
    ),
    (
        &Vertex,
        "safety.sse",
        r#"content "I"
finish content_filter (SAFETY)
id vX1
tier default
usage Reported prompt=5 completion=1
"#,
    ),
    (
        &Vertex,
        "text.json",
        r#"content "Hello from the upstream."
finish stop (STOP)
id vX1
tier default
usage Reported prompt=11 completion=7
"#,
    ),
    (
        &Vertex,
        "text.sse",
        r#"content "Grüß"
content " dich."
finish stop (STOP)
id vX1
tier default
usage Reported prompt=11 completion=7 cached=4
"#,
    ),
    (
        &Vertex,
        "tools-parallel.sse",
        r#"content "Looking."
encrypted[0] google-gemini-v1 id="call_vX1_0" data="c2ln"
call[0] id="call_vX1_0" name="get_weather"
call[0] arguments={"city":"Paris"}
call[1] id="call_vX1_1" name="get_weather"
call[1] arguments={"city":"Rome"}
finish tool_calls (STOP)
id vX1
tier default
usage Reported prompt=21 completion=48 reasoning=30
"#,
    ),
    (
        &VertexAnthropic,
        "cut.sse",
        r#"content "It was a dark and"
id msg_vrtx_01C
usage Estimated prompt=16 completion=1 cached=5
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        &VertexAnthropic,
        "error-event.sse",
        r#"content "Half an"
id msg_vrtx_01E
usage Estimated prompt=16 completion=1 cached=5
fault overloaded code=overloaded_error "Overloaded"
"#,
    ),
    (
        &VertexAnthropic,
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not a message"
"#,
    ),
    (
        &VertexAnthropic,
        "text.json",
        r#"content "Hello from the upstream."
finish stop (end_turn)
id msg_vrtx_01J
usage Reported prompt=11 completion=7
"#,
    ),
    (
        &VertexAnthropic,
        "text.sse",
        r#"content "Grüß"
content " dich."
finish stop (end_turn)
id msg_vrtx_01T
usage Reported prompt=16 completion=7 cached=5
"#,
    ),
    (
        &VertexAnthropic,
        "thinking-tools.sse",
        r#"text[0] anthropic-claude-v1 text="Hm."
text[0] anthropic-claude-v1 signature="EqoB+sig=="
call[0] id="toolu_vrtx_01" name="get_weather"
call[0] arguments={"city":
call[0] arguments="Rome"}
finish tool_calls (tool_use)
id msg_vrtx_01W
usage Reported prompt=16 completion=40 cached=5
"#,
    ),
];
