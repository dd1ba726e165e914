//! The first endpoint fails, the second answers: the caller sees one clean answer, the record
//! shows both (contract §3.3, §4.2, §4.6, §5.1–5.2).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, simulator};

/// Limits that make a silent provider fail soon.
const IMPATIENT: &str = "[limits]\nfirst_byte_timeout_ms = 400\n\
    reasoning_first_byte_timeout_ms = 400\nwhole_timeout_ms = 80\nkeep_alive_ms = 5000\n";
const CHEAP: &str = r#"{ input = "1", output = "2" }"#;
const DEAR: &str = r#"{ input = "10", output = "20" }"#;

fn asking(text: &str) -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": text }] })
}

/// `acme/m` at `first`, which does `upstream_model`, and dearer at `second`, which echoes.
fn two(first: Protocol, upstream_model: &str, simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .config(IMPATIENT)
        .provider("first", first, simulator)
        .provider("second", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "second", "echo", DEAR)
        .endpoint("acme/m", "first", upstream_model, CHEAP)
}

/// The faults that a caller must not see, with the words that the record has for each. What is
/// not an answer at all is told by each protocol as it looks to it.
const FAULTS: [(&str, &str); 12] = [
    ("status:429", "rate_limited"),
    ("status:500", "broken"),
    ("status:502", "broken"),
    ("status:503", "overloaded"),
    ("status:401", "credential_refused"),
    ("status:402", "payment_required"),
    ("status:404", "model_missing"),
    ("hang", "timeout"),
    ("stall", "timeout"),
    ("garbage", "broken truncated empty"),
    ("cut-after:0", "truncated unreachable"),
    ("error-in-200", "broken overloaded"),
];

async fn moves_on(first: Protocol, fault: &str, words: &str) {
    let simulator = simulator().await;
    for streamed in [false, true] {
        // Another gateway each time: this one remembers who failed.
        let gateway = two(first, &format!("echo+{fault}"), &simulator).start().await;
        let context = format!("{first:?} {fault} streamed: {streamed}");
        let said = if streamed {
            gateway.chat_stream(asking("Hello there")).await.said()
        } else {
            gateway.chat(asking("Hello there")).await.said()
        };
        assert_eq!(said.text, "Hello there", "{context}");
        assert_eq!(said.provider, "Second", "{context}");
        let record = gateway.generation(&said.id).await;
        let attempts = record["provider_responses"].as_array().unwrap();
        let tried: Vec<&str> =
            attempts.iter().map(|it| it["provider_name"].as_str().unwrap()).collect();
        assert_eq!(tried, ["First", "Second"], "{context}: {record}");
        let told = attempts.first().unwrap()["fault"].as_str().unwrap();
        assert!(words.split(' ').any(|word| word == told), "{context}: {record}");
        assert_eq!(attempts.last().unwrap()["status"], 200, "{context}: {record}");
        assert_eq!(record["error"], Value::Null, "{context}: {record}");
        // 2 tokens each way at the second's price, nothing for the first.
        assert_eq!(said.cost().nanos(), 2 * 10_000 + 2 * 20_000, "{context}");
    }
    // What hangs at the first endpoint was given up.
    tokio::time::timeout(tollgate_testkit::PATIENCE, simulator.wait_for_open_streams(0))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_failing_openai_endpoint_is_replaced() {
    for (fault, words) in FAULTS {
        moves_on(Protocol::OpenAi, fault, words).await;
    }
}

#[tokio::test]
async fn a_failing_anthropic_endpoint_is_replaced() {
    for (fault, words) in FAULTS {
        moves_on(Protocol::Anthropic, fault, words).await;
    }
}

#[tokio::test]
async fn a_failing_gemini_endpoint_is_replaced() {
    for (fault, words) in FAULTS {
        moves_on(Protocol::Gemini, fault, words).await;
    }
}

#[tokio::test]
async fn breaks_before_the_first_word_are_not_seen() {
    for protocol in Protocol::ALL {
        for fault in ["reset-after:0", "end-after:0", "error-after:0", "garbage-after:0"] {
            for streamed in [false, true] {
                break_is_not_seen(protocol, fault, streamed).await;
            }
        }
    }
}

async fn break_is_not_seen(protocol: Protocol, fault: &str, streamed: bool) {
    let simulator = simulator().await;
    let gateway = two(protocol, &format!("echo+{fault}"), &simulator).start().await;
    let said = if streamed {
        gateway.chat_stream(asking("Hello there")).await.said()
    } else {
        gateway.chat(asking("Hello there")).await.said()
    };
    let context = format!("{protocol:?} {fault}: {said:?}");
    assert_eq!(said.provider, "Second", "{context}");
    assert_eq!(said.text, "Hello there", "{context}");
    let record = gateway.generation(&said.id).await;
    assert!(record["provider_responses"][0]["fault"].is_string(), "{context}: {record}");
}

/// An answer that ends by itself and says nothing is an answer: models do that, and another
/// endpoint would be paid for saying nothing again. Only what has no end either is a fault.
#[tokio::test]
async fn an_answer_without_words_is_an_answer() {
    for protocol in Protocol::ALL {
        let simulator = simulator().await;
        let gateway = two(protocol, "echo+empty", &simulator).start().await;
        let whole = gateway.chat(asking("Hello there")).await.said();
        let streamed = gateway.chat_stream(asking("Hello there")).await.said();
        for said in [whole, streamed] {
            let seen = (said.provider.as_str(), said.text.as_str(), said.finish.as_str());
            assert_eq!(seen, ("First", "", "stop"), "{protocol:?}");
            assert_eq!(said.count("/completion_tokens"), 0, "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn a_killed_endpoint_is_replaced() {
    for protocol in Protocol::ALL {
        let (first, second) = (simulator().await, simulator().await);
        let gateway = TestGateway::builder()
            .provider("first", protocol, &first)
            .provider("second", Protocol::OpenAi, &second)
            .endpoint("acme/m", "first", "echo", CHEAP)
            .endpoint("acme/m", "second", "echo", DEAR)
            .start()
            .await;
        assert_eq!(gateway.chat(asking("Hello")).await.said().provider, "First", "{protocol:?}");
        first.kill();
        first.closed().await;
        // The first of these finds a pooled connection that has just died.
        for call in 0..3 {
            let said = gateway.chat(asking("Hello")).await.said();
            assert_eq!(
                (said.provider.as_str(), said.text.as_str()),
                ("Second", "Hello"),
                "{protocol:?}"
            );
            let streamed = gateway.chat_stream(asking("Hello")).await.said();
            assert_eq!(streamed.provider, "Second", "{protocol:?}");
            // Having failed twice it is not asked first any more.
            let record = gateway.generation(&streamed.id).await;
            let tried = record["provider_responses"].as_array().unwrap();
            assert_eq!(tried.len(), if call == 0 { 2 } else { 1 }, "{record}");
            assert!(call > 0 || tried.first().unwrap()["fault"] == "unreachable", "{record}");
        }
    }
}

#[tokio::test]
async fn price_decides_who_is_first_unless_the_caller_does() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("alpha", Protocol::OpenAi, &simulator)
        .provider("bravo", Protocol::Anthropic, &simulator)
        .provider("delta", Protocol::Gemini, &simulator)
        .endpoint("acme/m", "alpha", "echo", DEAR)
        .endpoint("acme/m", "bravo", "echo", CHEAP)
        .endpoint("acme/m", "delta", "echo+status:500", r#"{ input = "5", output = "5" }"#)
        .start()
        .await;
    let cases = [
        (json!({}), "Bravo"),
        (json!({ "order": ["alpha"] }), "Alpha"),
        (json!({ "order": ["delta", "alpha"] }), "Alpha"),
        (json!({ "order": ["delta"] }), "Bravo"),
        (json!({ "only": ["alpha", "delta"] }), "Alpha"),
        (json!({ "ignore": ["bravo"] }), "Alpha"),
        (json!({ "ignore": ["bravo", "delta"] }), "Alpha"),
        (json!({ "only": ["Alpha"] }), "Alpha"),
        (json!({ "allow_fallbacks": false }), "Bravo"),
        (json!({ "order": ["delta", "alpha"], "allow_fallbacks": false }), "Alpha"),
    ];
    for (preferences, provider) in cases {
        let mut body = asking("Hello");
        body["provider"] = preferences.clone();
        let said = gateway.chat(body).await.said();
        assert_eq!(said.provider, provider, "{preferences}");
    }
    let refusals = [
        (json!({ "only": ["delta"] }), 502, "provider_unavailable"),
        (json!({ "order": ["delta"], "allow_fallbacks": false }), 502, "provider_unavailable"),
        (json!({ "only": ["nobody"] }), 404, "not_found"),
        (json!({ "ignore": ["alpha", "bravo", "delta"] }), 404, "not_found"),
        (json!({ "order": "alpha" }), 400, "invalid_request"),
    ];
    for (preferences, status, kind) in refusals {
        let mut body = asking("Hello");
        body["provider"] = preferences.clone();
        gateway.chat(body).await.error(status, kind);
    }
}

#[tokio::test]
async fn further_models_are_fallbacks() {
    let simulator = simulator().await;
    let gateway = two(Protocol::OpenAi, "echo+status:500", &simulator)
        .endpoint("acme/other", "second", "echo", DEAR)
        .endpoint("acme/broken", "first", "echo+status:503", CHEAP)
        .start()
        .await;
    for (model, models, answering) in [
        ("acme/broken", json!(["acme/other"]), "acme/other"),
        ("acme/broken", json!(["acme/broken", "acme/m"]), "acme/m"),
        ("acme/other", json!(["acme/m"]), "acme/other"),
    ] {
        let mut body = asking("Hello");
        (body["model"], body["models"]) = (model.into(), models);
        for reply in
            [gateway.chat(body.clone()).await.said(), gateway.chat_stream(body).await.said()]
        {
            assert_eq!(reply.model, answering);
            let record = gateway.generation(&reply.id).await;
            assert_eq!(record["model"], answering, "{record}");
            assert_eq!(record["requested_model"], model, "{record}");
        }
    }
    let only_models = json!({ "models": ["acme/broken", "acme/other"], "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(gateway.chat(only_models).await.said().model, "acme/other");
}

/// Both endpoints fail with these directives.
async fn both_fail(first: &str, second: &str) -> (TestGateway, Reply) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config(IMPATIENT)
        .provider("first", Protocol::Anthropic, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", &format!("echo+{first}"), CHEAP)
        .endpoint("acme/m", "second", &format!("echo+{second}"), DEAR)
        .start()
        .await;
    let whole = gateway.chat(asking("Hello")).await;
    let streamed = gateway.chat_stream(asking("Hello")).await;
    assert_eq!(
        whole.status,
        streamed.status,
        "{first} {second}: {} {}",
        whole.text(),
        streamed.text
    );
    (gateway, whole)
}

#[tokio::test]
async fn when_all_fail_the_caller_learns_what_helps() {
    let cases = [
        ("status:429", "status:429", 429, "rate_limit_exceeded"),
        ("status:429", "status:503", 503, "provider_overloaded"),
        ("status:503", "status:429", 503, "provider_overloaded"),
        ("status:500", "status:500", 502, "provider_unavailable"),
        ("status:401", "status:401", 502, "provider_unavailable"),
        ("status:400", "status:500", 400, "invalid_request"),
        ("hang", "hang", 504, "timeout"),
        ("garbage", "error-in-200", 502, "provider_unavailable"),
    ];
    for (first, second, status, kind) in cases {
        let (gateway, reply) = both_fail(first, second).await;
        let error = reply.error(status, kind);
        let metadata = &error["metadata"];
        assert_eq!(metadata["is_byok"], false, "{first} {second}: {error}");
        let previous = metadata["previous_errors"].as_array().unwrap();
        assert_eq!(previous.len(), 1, "{first} {second}: {error}");
        assert_ne!(previous.first().unwrap()["provider"], metadata["provider_name"], "{error}");
        assert!(reply.header("retry-after").is_none(), "{first} {second}");
        let id = reply.header("x-generation-id").unwrap();
        let record = gateway.generation(id).await;
        assert_eq!(record["error"]["status"], status, "{record}");
        assert_eq!(record["provider_responses"].as_array().unwrap().len(), 2, "{record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{record}");
        assert!(!reply.text().contains("sk-of-"), "{}", reply.text());
    }
}

#[tokio::test]
async fn retry_after_is_the_shortest_and_only_when_all_gave_one() {
    let cases = [
        ("status:429+retry-after:9", "status:429+retry-after:4", Some("4")),
        ("status:429+retry-after:3", "status:429+retry-after:8", Some("3")),
        ("status:429+retry-after:3", "status:429", None),
        ("status:429+retry-after:3", "hang", None),
    ];
    for (first, second, expected) in cases {
        let (_gateway, reply) = both_fail(first, second).await;
        assert_eq!(reply.header("retry-after"), expected, "{first} {second}: {}", reply.text());
    }
}
