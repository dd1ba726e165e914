//! Answers that no provider should give: what the caller gets, and what it costs.

use serde_json::{Value, json};
use tollgate_testkit::{Canned, Protocol, TestGateway, amount, usd};

const PRICE: &str = r#"{ input = "1", output = "2" }"#;

/// A gateway whose only endpoint gives this answer.
async fn answering(
    protocol: Protocol,
    media_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> (TestGateway, Canned) {
    let canned = Canned::start(media_type, body).await;
    let builder = TestGateway::builder()
        .in_memory()
        .provider_at("acme", protocol, &canned.base_url())
        .endpoint("acme/m", "acme", "m", PRICE);
    (builder.start().await, canned)
}

fn hello() -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "Hello there" }] })
}

/// A completion of 24 letters with this usage.
fn completion(usage: &Value) -> String {
    let message = json!({ "role": "assistant", "content": "four and twenty letters!" });
    json!({
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": usage,
    })
    .to_string()
}

#[tokio::test]
async fn counts_that_cannot_be_true_are_replaced_by_our_own() {
    for usage in [
        json!({ "prompt_tokens": 1_000_000_000_000_000_000_u64, "completion_tokens": 7 }),
        json!({ "prompt_tokens": 5, "completion_tokens": u64::MAX }),
        json!({ "prompt_tokens": 5, "completion_tokens": 5.5 }),
        json!({ "prompt_tokens": 5, "completion_tokens": 0 }),
        json!({ "prompt_tokens": -5, "completion_tokens": -5 }),
        json!({ "prompt_tokens": "many" }),
        json!({ "prompt_tokens": 5, "total_tokens": 5 }),
        json!({ "prompt_tokens": 0, "completion_tokens": 6 }),
        json!({ "prompt_tokens": 0, "completion_tokens": 0 }),
        json!({ "prompt_tokens": 3, "completion_tokens": 0, "completion_tokens_details": { "reasoning_tokens": 6 } }),
        json!(null),
    ] {
        let body = completion(&usage);
        let (gateway, _canned) = answering(Protocol::OpenAi, "application/json", body).await;
        let reply = gateway.chat(hello()).await;
        assert_eq!(reply.status, 200, "{usage}: {}", reply.text());
        let answer = reply.json();
        assert_eq!(answer["usage"]["is_estimated"], true, "{usage}: {answer}");
        let record = gateway.generation(answer["id"].as_str().unwrap()).await;
        // A letter is a quarter of a token: six at $2 per million, and the prompt.
        let cost = amount(&record["total_cost"]);
        assert_eq!(record["native_tokens_completion"], 6, "{usage}: {record}");
        assert!(cost >= usd("0.000012") && cost < usd("0.0001"), "{usage}: {record}");
        assert_eq!(amount(&answer["usage"]["cost"]), cost, "{usage}: {answer}");
    }
}

/// A gateway whose only endpoint speaks, and answers so.
async fn speaking(media_type: &'static str, body: &'static str) -> (TestGateway, Canned) {
    let canned = Canned::start(media_type, body).await;
    let rows = "[[model]]\nid = \"acme/voice\"\ninput = [\"text\"]\noutput = [\"speech\"]\n\
                [[endpoint]]\nmodel = \"acme/voice\"\nprovider = \"acme\"\nupstream_model = \"tts-1\"\n\
                price = { character = \"15\" }\n";
    let builder = TestGateway::builder().in_memory();
    let builder = builder.provider_at("acme", Protocol::OpenAi, &canned.base_url()).config(rows);
    (builder.start().await, canned)
}

#[tokio::test]
async fn a_sound_has_a_type_whatever_its_provider_says() {
    for (media_type, format, expected) in [
        ("application/octet-stream", json!("mp3"), "audio/mpeg"),
        ("application/octet-stream", json!(null), "audio/pcm"),
        ("audio/wav", json!("mp3"), "audio/wav"),
    ] {
        let (gateway, _canned) = speaking(media_type, "RIFF").await;
        let ask = json!({ "model": "acme/voice", "input": "Hi", "voice": "alloy", "response_format": format });
        let reply = gateway.post("/audio/speech", &ask).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "RIFF"), "{media_type}");
        assert_eq!(reply.headers["content-type"], expected, "{media_type} {format}");
    }
}

#[tokio::test]
async fn a_page_is_no_speech() {
    let page = "<html><body>Log in to the proxy</body></html>";
    let (gateway, _canned) = speaking("text/html", page).await;
    let ask = json!({ "model": "acme/voice", "input": "Good morning", "voice": "alloy" });
    let reply = gateway.post("/audio/speech", &ask).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    assert!(!reply.text().contains("Log in"), "{}", reply.text());
    let record = gateway.generation(reply.headers["x-generation-id"].to_str().unwrap()).await;
    assert_eq!(amount(&record["total_cost"]), usd("0"), "{record}");
}

/// What some gateways before Gemini make of its streams.
#[tokio::test]
async fn a_stream_of_gemini_may_be_a_json_array() {
    let chunk = |text: &str, rest: &Value| {
        let mut chunk = json!({
            "candidates": [{ "index": 0, "content": { "role": "model", "parts": [{ "text": text }] } }],
            "responseId": "r",
        });
        for (name, value) in rest.as_object().into_iter().flatten() {
            chunk["candidates"][0][name] = value.clone();
        }
        chunk
    };
    let mut last = chunk("there", &json!({ "finishReason": "STOP" }));
    last["usageMetadata"] =
        json!({ "promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5 });
    let body = json!([chunk("Hello ", &json!({})), last]).to_string();
    let (gateway, _canned) = answering(Protocol::Gemini, "application/json", body).await;
    let streamed = gateway.chat_stream(hello()).await;
    assert_eq!(streamed.said().text, "Hello there");
}

/// Servers that count letters as JavaScript does cut them in two.
#[tokio::test]
async fn a_character_that_a_stream_cuts_is_whole_again() {
    let chunk = |text: &str, more: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}{more}}}]}}\n\n"
        )
    };
    let body = chunk("so \\ud83d", "")
        + &chunk("\\ude00 it is", ",\"finish_reason\":\"stop\"")
        + "data: [DONE]\n\n";
    let (gateway, _canned) = answering(Protocol::OpenAi, "text/event-stream", body).await;
    let mut ask = hello();
    ask["max_tokens"] = json!(100);
    ask["stream"] = json!(true);
    let call = gateway.at("POST", "/api/v1/messages").header("x-api-key", gateway.key());
    let text = call.json(&ask).send().await.text();
    assert!(text.contains("😀 it is"), "{text}");
    assert!(text.contains("message_stop"), "{text}");
}

/// `raw` is for the provider's words (contract §4.3); where it had none, ours are the message.
#[tokio::test]
async fn what_we_say_of_an_answer_is_not_told_as_the_providers_words() {
    for (body, expected) in [
        ("<html>", "The provider's answer is malformed"),
        ("{}", "The provider's answer has no choices"),
    ] {
        let (gateway, _canned) = answering(Protocol::OpenAi, "application/json", body).await;
        let reply = gateway.chat(hello()).await;
        let error = reply.json();
        assert_eq!(reply.status, 502, "{error}");
        assert!(error["error"]["message"].as_str().unwrap().starts_with(expected), "{error}");
        assert_eq!(error["error"]["metadata"].get("raw"), None, "{error}");
    }
    let said = r#"{"error":{"message":"out of cheese","code":500}}"#;
    let (gateway, _canned) = answering(Protocol::OpenAi, "application/json", said).await;
    let error = gateway.chat(hello()).await.json();
    assert_eq!(error["error"]["metadata"]["raw"], "out of cheese", "{error}");
}

/// What a provider itself calls failed, whole and streamed.
const FAILED: [(Protocol, &str, &str); 4] = [
    (
        Protocol::OpenAi,
        "application/json",
        r#"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"four and"},"finish_reason":"insufficient_system_resource"}]}"#,
    ),
    (
        Protocol::OpenAi,
        "text/event-stream",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\ndata: [DONE]\n\n",
    ),
    (
        Protocol::Gemini,
        "application/json",
        r#"{"candidates":[{"content":{"parts":[{"text":"four and"}]},"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#,
    ),
    (
        Protocol::Gemini,
        "text/event-stream",
        "data: {\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}\r\n\r\n",
    ),
];

#[tokio::test]
async fn an_answer_that_its_provider_calls_failed_is_replaced() {
    let simulator = tollgate_testkit::simulator().await;
    for (protocol, media_type, body) in FAILED {
        let canned = Canned::start(media_type, body).await;
        let builder = TestGateway::builder()
            .in_memory()
            .provider_at("acme", protocol, &canned.base_url())
            .provider("second", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "acme", "m", PRICE)
            .endpoint("acme/m", "second", "echo", r#"{ input = "10", output = "20" }"#);
        let gateway = builder.start().await;
        let said = if media_type == "application/json" {
            gateway.chat(hello()).await.said()
        } else {
            gateway.chat_stream(hello()).await.said()
        };
        assert_eq!(
            (said.text.as_str(), said.provider.as_str()),
            ("Hello there", "Second"),
            "{body}"
        );
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["provider_responses"][0]["fault"], "broken", "{body}: {record}");
    }
}

#[tokio::test]
async fn the_last_failed_answer_is_an_error_in_every_dialect() {
    for (protocol, media_type, body) in FAILED {
        let (gateway, _canned) = answering(protocol, media_type, body).await;
        let streamed = media_type == "text/event-stream";
        let gemini = if streamed { "streamGenerateContent" } else { "generateContent" };
        let turns = json!([{ "role": "user", "content": "Hello there" }]);
        let asks = [
            ("/api/v1/chat/completions".to_owned(), json!({ "messages": turns })),
            ("/api/v1/messages".to_owned(), json!({ "messages": turns, "max_tokens": 9 })),
            ("/api/v1/responses".to_owned(), json!({ "input": "Hello there" })),
            ("/api/chat".to_owned(), json!({ "messages": turns })),
            (
                format!("/api/v1beta/models/acme/m:{gemini}"),
                json!({ "contents": [{ "parts": [{ "text": "Hello there" }] }] }),
            ),
        ];
        for (path, mut ask) in asks {
            if !path.contains("beta") {
                ask["model"] = json!("acme/m");
                ask["stream"] = json!(streamed);
            }
            let reply = gateway.at("POST", &path).key(gateway.key()).json(&ask).send().await;
            assert_eq!(reply.status, 502, "{path}: {}", reply.text());
            assert!(
                reply.json()["error"].is_object() || reply.json()["error"].is_string(),
                "{path}"
            );
        }
    }
}
