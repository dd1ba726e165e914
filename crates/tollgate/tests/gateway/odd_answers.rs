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

#[tokio::test]
async fn a_page_is_no_speech() {
    let page = "<html><body>Log in to the proxy</body></html>";
    let canned = Canned::start("text/html", page).await;
    let rows = "[[model]]\nid = \"acme/voice\"\ninput = [\"text\"]\noutput = [\"speech\"]\n\
                [[endpoint]]\nmodel = \"acme/voice\"\nprovider = \"acme\"\nupstream_model = \"tts-1\"\n\
                price = { character = \"15\" }\n";
    let builder = TestGateway::builder().in_memory();
    let builder = builder.provider_at("acme", Protocol::OpenAi, &canned.base_url()).config(rows);
    let gateway = builder.start().await;
    let ask = json!({ "model": "acme/voice", "input": "Good morning", "voice": "alloy" });
    let reply = gateway.post("/audio/speech", &ask).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    assert!(!reply.text().contains("Log in"), "{}", reply.text());
    let record = gateway.generation(reply.headers["x-generation-id"].to_str().unwrap()).await;
    assert_eq!(amount(&record["total_cost"]), usd("0"), "{record}");
}
