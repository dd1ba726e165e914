//! Service tiers over real sockets (contract §5.7): which endpoint, what goes up, what is billed.

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, TestGateway, simulator};

/// A dollar for a million tokens read, two for a million written; twice for sooner, half for later.
const BOTH: &str = "{ input = \"1\", output = \"2\" }\nservice_tiers = { priority = \"2\", flex = { times = \"0.5\", source = \"the flex list\" } }";
const SOONER: &str = "{ input = \"1\", output = \"2\" }\nservice_tiers = { priority = \"2\" }";
const PLAIN: &str = r#"{ input = "3", output = "6" }"#;

/// `acme/m` with tiers at `first`, under this name there, and without at `second`, which is dearer.
async fn two(simulator: &Simulator, at: (Protocol, &str, &str)) -> TestGateway {
    let (protocol, upstream_model, price) = at;
    TestGateway::builder()
        .provider("first", protocol, simulator)
        .provider("second", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "first", upstream_model, price)
        .endpoint("acme/m", "second", "echo", PLAIN)
        .start()
        .await
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    endpoint: String,
    /// What the provider was asked for.
    asked: Option<String>,
    /// What the client was told.
    told: Option<String>,
    /// What is in the record.
    recorded: Option<String>,
    /// Tenths of the ordinary price of `first` that each token was billed at.
    tenths: u64,
    price_source: String,
}

fn outcome(
    endpoint: &str,
    (asked, told, recorded): (&str, &str, &str),
    tenths: u64,
    price_source: &str,
) -> Outcome {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Outcome {
        endpoint: endpoint.to_owned(),
        asked: some(asked),
        told: some(told),
        recorded: some(recorded),
        tenths,
        price_source: price_source.to_owned(),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// An amount of dollars in whole nano-dollars.
fn nanos(dollars: &Value) -> u64 {
    let text = format!("{:.9}", dollars.as_f64().unwrap());
    text.replace('.', "").parse().unwrap()
}

/// Who answered.
fn last_endpoint(record: &Value) -> String {
    let attempts = record["provider_responses"].as_array().unwrap();
    attempts.last().unwrap()["endpoint_id"].as_str().unwrap().to_owned()
}

/// Asks, and reads the bill to the nano-dollar.
async fn ask(gateway: &TestGateway, simulator: &Simulator, members: Value) -> Outcome {
    let mut body =
        json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "one two three" }] });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let answer = gateway.chat(body).await.json();
    let record = gateway.generation(answer["id"].as_str().unwrap()).await;
    let sent = simulator.requests().last().unwrap().json();
    let asked = ["/service_tier", "/serviceTier"].iter().find_map(|at| sent.pointer(at));
    let usage = &answer["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap();
    let units = count("prompt_tokens") * 1_000 + count("completion_tokens") * 2_000;
    let nanos = nanos(&usage["cost"]);
    assert_eq!(record["total_cost"], usage["cost"], "{record}");
    let tenths = nanos * 10 / units;
    assert_eq!(nanos * 10, units * tenths, "{usage}");
    Outcome {
        endpoint: last_endpoint(&record),
        asked: asked.and_then(text),
        told: text(&answer["service_tier"]),
        recorded: text(&record["service_tier"]),
        tenths,
        price_source: record["price_source"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn section_5_7_a_tier_is_asked_for_and_billed_where_it_has_endpoints() {
    let simulator = simulator().await;
    let gateway = two(&simulator, (Protocol::OpenAi, "echo", BOTH)).await;
    let (first, sooner, later) = ("first/acme/m", "first/acme/m@priority", "first/acme/m@flex");
    let priority = ("priority", "priority", "priority");
    let flex = ("flex", "flex", "flex");
    for (members, expected) in [
        (json!({}), outcome(first, ("", "default", "default"), 10, "config")),
        (json!({ "service_tier": "priority" }), outcome(sooner, priority, 20, "config")),
        // The other word for it.
        (json!({ "service_tier": "fast" }), outcome(sooner, priority, 20, "config")),
        (json!({ "service_tier": "flex" }), outcome(later, flex, 5, "the flex list")),
        (
            json!({ "service_tier": "default" }),
            outcome(first, ("default", "default", "default"), 10, "config"),
        ),
        // The cheapest may be a slower one, but not for who asks for the ordinary service.
        (json!({ "model": "acme/m:floor" }), outcome(later, flex, 5, "the flex list")),
        (
            json!({ "model": "acme/m:floor", "service_tier": "default" }),
            outcome(first, ("default", "default", "default"), 10, "config"),
        ),
        // Named itself.
        (
            json!({ "provider": { "only": ["first/priority"] } }),
            outcome(sooner, priority, 20, "config"),
        ),
        // The ordinary endpoint of a provider with tiers is not asked for one.
        (
            json!({ "service_tier": "priority", "provider": { "order": ["first"] } }),
            outcome(first, ("", "default", "default"), 10, "config"),
        ),
        // Where nothing is known of tiers, what is asked for goes up, at the one price there is.
        (
            json!({ "service_tier": "priority", "provider": { "only": ["second"] } }),
            outcome("second/acme/m", priority, 30, "config"),
        ),
    ] {
        assert_eq!(ask(&gateway, &simulator, members.clone()).await, expected, "{members}");
    }
}

#[tokio::test]
async fn section_5_7_nitro_lets_a_priority_endpoint_in() {
    let simulator = simulator().await;
    // Only what was measured stands first.
    let gateway = two(&simulator, (Protocol::OpenAi, "echo+tps:2000", SOONER)).await;
    let words = json!([{ "role": "user", "content": "one two three four five six seven" }]);
    let body = json!({ "model": "acme/m", "messages": words, "service_tier": "priority" });
    gateway.chat_stream(body).await.said();
    gateway.get("/models/acme/m/endpoints").await.json();
    let sooner = "first/acme/m@priority";
    let served = ("priority", "priority", "priority");
    let nitro = json!({ "model": "acme/m:nitro" });
    assert_eq!(ask(&gateway, &simulator, nitro).await, outcome(sooner, served, 20, "config"));
    let ordinary = json!({ "model": "acme/m:nitro", "service_tier": "default" });
    assert_eq!(ask(&gateway, &simulator, ordinary).await.endpoint, "first/acme/m");
}

#[tokio::test]
async fn section_5_7_the_bill_follows_the_tier_that_served() {
    let simulator = simulator().await;
    let (sooner, first) = ("first/acme/m@priority", "first/acme/m");
    for (protocol, upstream_model, wanted, expected) in [
        // Priority was short, so the ordinary service answered, at its price.
        (
            Protocol::OpenAi,
            "echo+served:default",
            "priority",
            outcome(sooner, ("priority", "default", "default"), 10, "config"),
        ),
        (
            Protocol::Responses,
            "echo+served:default",
            "priority",
            outcome(sooner, ("priority", "default", "default"), 10, "config"),
        ),
        (
            Protocol::Gemini,
            "echo+served:default",
            "priority",
            outcome(sooner, ("priority", "default", "default"), 10, "config"),
        ),
        // The account has a tier of its own by default.
        (
            Protocol::OpenAi,
            "echo+served:priority",
            "auto",
            outcome(first, ("auto", "priority", "priority"), 20, "config"),
        ),
        (
            Protocol::OpenAi,
            "echo+served:flex",
            "priority",
            outcome(sooner, ("priority", "flex", "flex"), 5, "the flex list"),
        ),
    ] {
        let gateway = two(&simulator, (protocol, upstream_model, BOTH)).await;
        let members = json!({ "service_tier": wanted });
        let got = ask(&gateway, &simulator, members).await;
        assert_eq!(got, expected, "{protocol:?} {upstream_model}");
    }
}

#[tokio::test]
async fn section_5_7_a_stream_is_billed_by_the_tier_that_served() {
    let simulator = simulator().await;
    let gateway = two(&simulator, (Protocol::OpenAi, "echo+served:default", BOTH)).await;
    let words = json!([{ "role": "user", "content": "one two three" }]);
    let body = json!({ "model": "acme/m", "messages": words, "service_tier": "priority" });
    let said = gateway.chat_stream(body).await.said();
    let record = gateway.generation(&said.id).await;
    let count = |name: &str| record[name].as_u64().unwrap();
    let ordinary =
        1_000 * count("native_tokens_prompt") + 2_000 * count("native_tokens_completion");
    assert_eq!(nanos(&record["total_cost"]), ordinary, "{record}");
    assert_eq!(record["service_tier"], "default", "{record}");
}

/// What clients of other dialects say, and what their own protocol is told.
#[tokio::test]
async fn section_5_7_every_dialect_reaches_a_tier() {
    let simulator = simulator().await;
    let gateway = two(&simulator, (Protocol::Responses, "echo", BOTH)).await;
    let responses = json!({ "model": "acme/m", "input": "Hello", "service_tier": "flex" });
    let answer = gateway.post("/responses", &responses).await.json();
    assert_eq!(simulator.requests().last().unwrap().json()["service_tier"], "flex");
    assert_eq!(answer["service_tier"], "flex", "{answer}");
    let floor = json!({ "model": "acme/m:floor", "input": "Hello" });
    gateway.post("/responses", &floor).await.json();
    assert_eq!(simulator.requests().last().unwrap().json()["service_tier"], "flex");
    // `speed` is Anthropic's word; the answer names it again.
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    let messages =
        json!({ "model": "acme/m", "max_tokens": 9, "messages": hello, "speed": "fast" });
    let answer = gateway.post("/messages", &messages).await.json();
    assert_eq!(simulator.requests().last().unwrap().json()["service_tier"], "priority");
    assert_eq!(answer["usage"]["service_tier"], "priority", "{answer}");
    assert_eq!(answer["usage"]["speed"], "fast", "{answer}");
    // Gemini's clients at Gemini: the word is theirs, the endpoint's tier goes up.
    let gateway = two(&simulator, (Protocol::Gemini, "echo", BOTH)).await;
    let contents = json!([{ "role": "user", "parts": [{ "text": "Hello" }] }]);
    for (model, tier, expected) in [
        ("acme/m", Some("SERVICE_TIER_PRIORITY"), json!("priority")),
        ("acme/m:floor", None, json!("flex")),
        ("acme/m", None, Value::Null),
    ] {
        let mut body = json!({ "contents": contents });
        if let Some(tier) = tier {
            body["serviceTier"] = json!(tier);
        }
        let path = format!("/api/v1beta/models/{model}:generateContent");
        let answer = gateway.at("POST", &path).key(gateway.key()).json(&body).send().await.json();
        assert!(answer["candidates"].is_array(), "{answer}");
        assert_eq!(simulator.requests().last().unwrap().json()["serviceTier"], expected, "{model}");
    }
}

#[tokio::test]
async fn section_5_7_what_an_ordinary_endpoint_is_not_told_has_a_name() {
    let simulator = simulator().await;
    let gateway = two(&simulator, (Protocol::OpenAi, "echo", BOTH)).await;
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    let mut body = json!({ "model": "acme/m", "messages": hello, "service_tier": "priority" });
    body["provider"] = json!({ "order": ["first"] });
    let said = gateway.chat(body).await.said();
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["provider_responses"][0]["dropped"], json!(["service_tier"]), "{record}");
}

#[tokio::test]
async fn section_5_7_tiers_are_listed_beside_the_ordinary_endpoint() {
    let simulator = simulator().await;
    let gateway = two(&simulator, (Protocol::OpenAi, "echo", BOTH)).await;
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    let endpoints = listed["data"]["endpoints"].as_array().unwrap().iter();
    let told: Vec<Value> = endpoints
        .map(|it| json!([it["tag"], it["pricing"]["prompt"], it["pricing"]["completion"]]))
        .collect();
    assert_eq!(
        Value::from(told),
        json!([
            ["first", "0.000001", "0.000002"],
            ["second", "0.000003", "0.000006"],
            ["first/priority", "0.000002", "0.000004"],
            ["first/flex", "0.0000005", "0.000001"],
        ])
    );
    // A model's price is that of its ordinary endpoints.
    let models = gateway.get("/models").await.json();
    let model = models["data"].as_array().unwrap().iter().find(|it| it["id"] == "acme/m").unwrap();
    assert_eq!(model["pricing"]["prompt"], "0.000001", "{model}");
}
