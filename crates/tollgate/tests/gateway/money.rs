//! Every call costs exactly what its counts and its endpoint's price say: worked out by hand here,
//! read back from the answer, from `/generation`, from `/key` and from `/credits` (contract §6.2).

use serde_json::{Value, json};
use tollgate_testkit::{Protocol, Said, TestGateway, amount, simulator, usd};
use tollgate_types::Usd;

/// One price, one call, what it costs.
struct Case {
    name: &'static str,
    protocol: Protocol,
    upstream_model: &'static str,
    /// Dollars per million tokens, or per piece.
    price: &'static str,
    body: Value,
    /// Prompt, cached, written to the cache, completion, reasoning; `None` is not checked.
    counts: [Option<u64>; 5],
    cost: Cost,
}

enum Cost {
    /// Worked out by hand.
    Is(&'static str),
    /// Nano-dollars per token of prompt, reasoning and the rest of the completion.
    Per(i64, i64, i64),
}

/// Eight words are eight tokens, and `echo` says them again.
const EIGHT: &str = "a b c d e f g h";

fn user(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": text }] })
}

/// A prompt whose part is marked to be cached.
fn marked(ttl: &str) -> Value {
    let mark = json!({ "type": "ephemeral", "ttl": ttl });
    let part = json!({ "type": "text", "text": EIGHT, "cache_control": mark });
    json!({ "messages": [{ "role": "user", "content": [part] }] })
}

fn images() -> Value {
    let image =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } });
    json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Look" }, image, image] }] })
}

/// Eight tokens each way, unless said otherwise.
fn case(
    name: &'static str,
    protocol: Protocol,
    upstream_model: &'static str,
    price: &'static str,
    cost: Cost,
) -> Case {
    let counts = [8, 0, 0, 8, 0].map(Some);
    Case { name, protocol, upstream_model, price, body: user(EIGHT), counts, cost }
}

impl Case {
    fn asks(self, body: Value) -> Self {
        Self { body, ..self }
    }

    fn counts(self, counts: [u64; 5]) -> Self {
        Self { counts: counts.map(Some), ..self }
    }
}

const FLAT: &str = r#"{ input = "2", output = "10" }"#;
const CACHED: &str = r#"{ input = "4", output = "8", cache_read = "1" }"#;
const WRITTEN: &str = r#"{ input = "4", output = "20", cache_read = "0.4", cache_write = "5", cache_write_1h = "8" }"#;
const TIERED: &str =
    r#"{ input = "1", output = "2", tiers = [{ above = 8, input = "10", output = "20" }] }"#;

fn by_tokens() -> Vec<Case> {
    use Protocol::{Anthropic, Gemini, OpenAi};
    let why = json!({ "messages": [{ "role": "user", "content": "Why?" }], "reasoning": { "effort": "low" } });
    vec![
        // 8 × $2/M + 8 × $10/M
        case("flat", OpenAi, "echo", FLAT, Cost::Is("0.000096")),
        case("flat", Gemini, "echo", FLAT, Cost::Is("0.000096")),
        // 4 × $4/M + 4 cached × $1/M + 8 × $8/M
        case("cached", OpenAi, "cached", CACHED, Cost::Is("0.000084")).counts([8, 4, 0, 8, 0]),
        // Without a price of its own, what is cached costs what the rest does.
        case("cached at no price", Gemini, "cached", FLAT, Cost::Is("0.000096"))
            .counts([8, 4, 0, 8, 0]),
        // 2 × $4/M + 4 cached × $0.40/M + 2 written × $5/M + 8 × $20/M
        case("written for five minutes", Anthropic, "cached", WRITTEN, Cost::Is("0.0001796"))
            .asks(marked("5m"))
            .counts([8, 4, 2, 8, 0]),
        // The same with 2 written × $8/M
        case("written for an hour", Anthropic, "cached", WRITTEN, Cost::Is("0.0001856"))
            .asks(marked("1h"))
            .counts([8, 4, 2, 8, 0]),
        // Reasoning at $7/M, the rest of the answer at $3/M.
        Case {
            counts: [Some(1), Some(0), Some(0), None, None],
            ..case(
                "reasoning",
                OpenAi,
                "think",
                r#"{ input = "1", output = "3", reasoning = "7" }"#,
                Cost::Per(1_000, 7_000, 3_000),
            )
        }
        .asks(why),
    ]
}

fn by_pieces_and_tiers() -> Vec<Case> {
    use Protocol::{Anthropic, Gemini, OpenAi};
    let request = r#"{ input = "1", output = "1", request = "0.01" }"#;
    let image = r#"{ input = "0", output = "0", image = "0.002" }"#;
    let free = r#"{ input = "0", output = "0", free = true }"#;
    let tiny = r#"{ input = "0.0001", output = "0.0002" }"#;
    vec![
        // 8 × $1/M + 8 × $1/M + 1 cent
        case("per request", Gemini, "echo", request, Cost::Is("0.010016")),
        // Two images at 0.2 cents; tokens cost nothing.
        Case {
            counts: [None; 5],
            ..case("images by the piece", Anthropic, "vision", image, Cost::Is("0.004"))
        }
        .asks(images()),
        // At 8 tokens, "above 8" does not hold yet: 8 × $1/M + 8 × $2/M.
        case("at a tier's edge", OpenAi, "echo", TIERED, Cost::Is("0.000024")),
        // At 9 it does, for every token: 9 × $10/M + 9 × $20/M.
        case("above a tier's edge", OpenAi, "echo", TIERED, Cost::Is("0.00027"))
            .asks(user("a b c d e f g h i"))
            .counts([9, 0, 0, 9, 0]),
        case("free", OpenAi, "echo", free, Cost::Is("0")),
        // 8 × 0.1 + 8 × 0.2 nano-dollars are 2.4, rounded up once.
        case("less than a nano-dollar", OpenAi, "echo", tiny, Cost::Is("0.000000003")),
        // 1 × 0.1 + 1 × 0.2 are 0.3.
        case("the least there is", Anthropic, "echo", tiny, Cost::Is("0.000000001"))
            .asks(user("a"))
            .counts([1, 0, 0, 1, 0]),
    ]
}

const COUNTS: [&str; 5] = [
    "/prompt_tokens",
    "/prompt_tokens_details/cached_tokens",
    "/prompt_tokens_details/cache_write_tokens",
    "/completion_tokens",
    "/completion_tokens_details/reasoning_tokens",
];

impl Cost {
    fn of(&self, said: &Said) -> Usd {
        match self {
            Self::Is(text) => usd(text),
            Self::Per(prompt, reasoning, rest) => {
                let count = |pointer| i64::try_from(said.count(pointer)).unwrap();
                let thought = count(COUNTS[4]);
                assert!(thought > 0, "{}", said.usage);
                let answer = count(COUNTS[3]) - thought;
                let nanos = count(COUNTS[0]) * prompt + thought * reasoning + answer * rest;
                Usd::from_nanos(nanos)
            }
        }
    }
}

async fn costs(case: &Case) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", case.protocol, &simulator)
        .endpoint("acme/m", "acme", case.upstream_model, case.price)
        .start()
        .await;
    let mut body = case.body.clone();
    body["model"] = "acme/m".into();
    let whole = gateway.chat(body.clone()).await.said();
    let streamed = gateway.chat_stream(body).await.said();
    let mut sum = Usd::ZERO;
    for said in [whole, streamed] {
        let context = format!("{} ({:?}): {}", case.name, case.protocol, said.usage);
        for (pointer, expected) in COUNTS.iter().zip(case.counts) {
            assert!(expected.is_none_or(|it| it == said.count(pointer)), "{pointer} {context}");
        }
        let expected = case.cost.of(&said);
        assert_eq!(said.cost(), expected, "{context}");
        assert_eq!(
            amount(&said.usage["cost_details"]["upstream_inference_cost"]),
            expected,
            "{context}"
        );
        assert!(said.usage.get("is_unpriced").is_none(), "{context}");
        let record = gateway.generation(&said.id).await;
        assert_eq!(amount(&record["total_cost"]), expected, "{context}: {record}");
        assert_eq!(amount(&record["usage"]), expected, "{context}: {record}");
        assert_eq!(record["is_unpriced"], false, "{context}: {record}");
        assert_eq!(record["native_tokens_prompt"], said.usage["prompt_tokens"], "{context}");
        assert_eq!(
            record["native_tokens_completion"], said.usage["completion_tokens"],
            "{context}"
        );
        sum = sum.checked_add(expected).unwrap();
    }
    assert_eq!(amount(&gateway.spent().await), sum, "{}", case.name);
    let credits = gateway.get("/credits").await.json();
    assert_eq!(amount(&credits["data"]["total_usage"]), sum, "{}: {credits}", case.name);
}

#[tokio::test]
async fn every_price_shape_costs_what_it_says() {
    for case in by_tokens().into_iter().chain(by_pieces_and_tiers()) {
        costs(&case).await;
    }
}

#[tokio::test]
async fn what_the_cache_saved_is_told() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "cached", r#"{ input = "4", output = "8", cache_read = "1" }"#)
        .start()
        .await;
    let mut body = user(EIGHT);
    body["model"] = "acme/m".into();
    let said = gateway.chat(body).await.said();
    let record = gateway.generation(&said.id).await;
    // 4 tokens at $1 instead of $4 a million.
    assert_eq!(amount(&record["cache_discount"]), usd("0.000012"), "{record}");
}

#[tokio::test]
async fn unpriced_is_not_free() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", "")
        .start()
        .await;
    let mut body = user(EIGHT);
    body["model"] = "acme/m".into();
    for said in
        [gateway.chat(body.clone()).await.said(), gateway.chat_stream(body.clone()).await.said()]
    {
        assert_eq!(said.cost(), Usd::ZERO);
        assert_eq!(said.usage["is_unpriced"], true, "{}", said.usage);
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["is_unpriced"], true, "{record}");
    }
    // A key with a limit can't spend what nobody can count.
    let limited = gateway.key_with(|key| key.limit = Some(usd("1"))).await;
    let refused = gateway.chat_call(&body).key(&limited).send().await;
    let message = refused.error_message(404, "not_found");
    assert!(message.contains("price"), "{message}");
    let listed = gateway.get("/model/acme/m").await.json();
    assert_eq!(listed["data"]["pricing"]["prompt"], Value::Null, "{listed}");
}

#[tokio::test]
async fn a_key_stops_at_its_limit() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "1000", output = "1000" }"#)
        .start()
        .await;
    // 8 + 8 tokens at a tenth of a cent.
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.03"))).await;
    let mut body = user(EIGHT);
    body["model"] = "acme/m".into();
    let call = || gateway.chat_call(&body).key(&limited).send();
    assert_eq!(call().await.said().cost(), usd("0.016"));
    let key =
        || async { gateway.call("GET", "/key").key(&limited).send().await.json()["data"].clone() };
    assert_eq!(amount(&key().await["limit_remaining"]), usd("0.014"));
    assert_eq!(call().await.said().cost(), usd("0.016"));
    for _ in 0..2 {
        let error = call().await.error(402, "payment_required");
        let metadata = &error["metadata"];
        assert_eq!(metadata["limit_source"], "openrouter_key_limit", "{error}");
        assert_eq!(
            [&metadata["scope"], &metadata["limit_usd"], &metadata["spend_usd"]],
            [&json!("key"), &json!(0.03), &json!(0.032)]
        );
        assert!(metadata["resets_at"].is_null() && metadata.get("resets_at").is_some(), "{error}");
    }
    let mut streamed = body.clone();
    streamed["stream"] = true.into();
    gateway.chat_call(&streamed).key(&limited).send().await.error(402, "payment_required");
    let view = key().await;
    assert_eq!(amount(&view["usage"]), usd("0.032"), "{view}");
    for window in ["usage_daily", "usage_weekly", "usage_monthly"] {
        assert_eq!(view[window], view["usage"], "{view}");
    }
    assert_eq!(amount(&view["limit_remaining"]), Usd::ZERO, "{view}");
    assert_eq!(simulator.calls("echo"), 2);
    // Other keys go on.
    assert_eq!(gateway.chat(body.clone()).await.status, 200);
}

#[tokio::test]
async fn spend_adds_up_over_many_calls_at_once() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::Anthropic, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "3", output = "15" }"#)
        .start()
        .await;
    let mut body = user(EIGHT);
    body["model"] = "acme/m".into();
    let one = || async {
        // 8 × $3/M + 8 × $15/M
        assert_eq!(gateway.chat(body.clone()).await.said().cost(), usd("0.000144"));
    };
    for _ in 0..5 {
        tokio::join!(one(), one(), one(), one());
    }
    assert_eq!(amount(&gateway.spent().await), usd("0.00288"));
    assert_eq!(gateway.generations().await, 20);
    let stopped = gateway.stop().await;
    // What was counted in memory is what was written.
    let again = TestGateway::builder().on(stopped).start().await;
    let keys = again.get("/keys").await.json();
    let spent = keys["data"].as_array().unwrap().iter().map(|key| amount(&key["usage"]));
    assert_eq!(spent.max(), Some(usd("0.00288")), "{keys}");
}
