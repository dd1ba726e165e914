//! Limits that depend on the model hold wherever that model answers: behind one that failed, before
//! one that has room, beside others (contract §6.3).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_limits::KeyLimits;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, eventually, simulator, usd};

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const FREE: &str = r#"{ input = "0", output = "0" }"#;

/// Rows of the operator's for models.
fn rows(limits: &[(&str, &str)]) -> String {
    let row = |(model, limit): &(&str, &str)| {
        format!("[[limit]]\nscope = \"model\"\nof = \"acme/{model}\"\n{limit}\n")
    };
    limits.iter().map(row).collect()
}

fn world(simulator: &Simulator, config: &str) -> Builder {
    let embeds = |model: &str, does: &str| {
        format!(
            "[[model]]\nid = \"acme/{model}\"\noutput = [\"embeddings\"]\n[[model.endpoint]]\n\
             provider = \"acme\"\nupstream_model = \"{does}\"\nprice = {{ input = \"1000\" }}\n"
        )
    };
    let mut builder = TestGateway::builder()
        .config(config)
        .config(&embeds("lost", "embeddings+status:503"))
        .config(&embeds("vectors", "embeddings"))
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/free", "acme", "echo", FREE);
    for (model, does) in [
        ("m", "echo"),
        ("n", "echo"),
        ("fails", "echo+status:503"),
        ("down", "echo+status:502"),
        ("m-down", "echo+status:500"),
        ("cut", "echo+cut-after:2"),
        ("stalls", "echo+stall-after:3"),
    ] {
        builder = builder.endpoint(&format!("acme/{model}"), "acme", does, PRICE);
    }
    builder
}

async fn limited(simulator: &Simulator, limits: &[(&str, &str)]) -> TestGateway {
    world(simulator, &rows(limits)).start().await
}

/// A prompt of eight tokens, of which ten are held, and an answer of eight, by the first of these
/// models that can.
fn eight(models: &[&str]) -> Value {
    let models: Vec<String> = models.iter().map(|model| format!("acme/{model}")).collect();
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": models[0], "models": models[1..], "messages": messages, "max_tokens": 8 })
}

async fn chat(gateway: &TestGateway, models: &[&str]) -> Reply {
    gateway.chat(eight(models)).await
}

/// Who answered.
fn by(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["model"].as_str().unwrap().to_owned()
}

/// What was said against a call that failed.
fn told(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    reply.json()["error"]["message"].as_str().unwrap().to_owned()
}

/// How often the simulator was asked to do something.
fn asked(simulator: &Simulator, does: &str) -> usize {
    simulator.requests().iter().filter(|it| it.json()["model"] == *does).count()
}

const ROWS: [(&str, u16, &str); 5] = [
    ("requests_per_minute = 1", 429, "1 requests per minute for the model acme/n"),
    ("requests_per_day = 1", 429, "1 requests per day for the model acme/n"),
    ("tokens_per_day = 18", 429, "18 tokens per day for the model acme/n"),
    ("output_tokens_per_minute = 8", 429, "8 output tokens per minute for the model acme/n"),
    ("daily_budget = \"0.018\"", 403, "Model daily budget of $0.018"),
];

#[tokio::test]
async fn a_fallback_is_counted_and_refused_on_its_own_limits() {
    let simulator = simulator().await;
    for (limit, status, words) in ROWS {
        let gateway = limited(&simulator, &[("n", limit)]).await;
        assert_eq!(by(&chat(&gateway, &["fails", "n"]).await), "acme/n", "{limit}");
        let refused = chat(&gateway, &["fails", "n"]).await;
        if status == 403 {
            // Who was busy may answer in a moment: that is more to the caller than a spent budget.
            assert!(!told(&refused, 503).contains(words), "{limit}");
        } else {
            let message = told(&refused, status);
            assert!(message.contains(words), "{limit}: {message}");
            assert!(refused.header("retry-after").is_some(), "{limit}");
            let metadata = &refused.json()["error"]["metadata"];
            assert_eq!(metadata["scope"], "model", "{metadata}");
            let before = json!([{ "provider": "Acme", "code": "overloaded", "status": 503 }]);
            assert_eq!(metadata["previous_errors"], before, "{metadata}");
        }
        // By its own name it is no different.
        let message = told(&chat(&gateway, &["n"]).await, status);
        assert!(message.contains(words), "{limit}: {message}");
        // Others have nothing to do with it.
        assert_eq!(by(&chat(&gateway, &["fails", "n", "m"]).await), "acme/m", "{limit}");
    }
}

/// Whoever speaks which dialect, streamed, hedged: a model is one model.
#[tokio::test]
async fn it_is_the_same_however_it_is_asked_for() {
    let simulator = simulator().await;
    let text = "a b c d";
    let input = json!([{ "role": "user", "content": text }]);
    for (path, more) in [
        ("/chat/completions", json!({ "messages": input, "stream": true })),
        ("/chat/completions", json!({ "messages": input, "provider": { "hedge": true } })),
        ("/completions", json!({ "prompt": text })),
        ("/responses", json!({ "input": text, "stream": true })),
        ("/messages", json!({ "messages": input, "max_tokens": 8 })),
    ] {
        let gateway = limited(&simulator, &[("n", "requests_per_day = 1")]).await;
        let mut body = json!({ "model": "acme/fails", "models": ["acme/n"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let before = asked(&simulator, "echo");
        for status in [200, 429] {
            let reply = gateway.post(path, &body).await;
            assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
        }
        assert_eq!(asked(&simulator, "echo"), before + 1, "{path} {body}");
    }
}

#[tokio::test]
async fn a_fallback_has_as_many_at_once_as_it_may() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("stalls", "max_concurrent = 1")]).await;
    let mut stream = gateway.open_stream(eight(&["fails", "stalls"])).await;
    stream.next_text().await;
    let refused = chat(&gateway, &["fails", "stalls"]).await;
    let message = told(&refused, 429);
    assert!(message.contains("1 requests at once for the model acme/stalls"), "{message}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(stream);
    let opens = || async {
        let mut body = eight(&["fails", "stalls"]);
        body["stream"] = true.into();
        let stream = gateway.chat_call(&body).key(gateway.key()).open().await;
        (stream.status() == 200).then_some(())
    };
    eventually("there is room again", opens).await;
}

/// What a model has at once is what it is asked, not what others answer in its place.
#[tokio::test]
async fn who_failed_has_room_while_another_answers() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("fails", "max_concurrent = 1")]).await;
    let mut stream = gateway.open_stream(eight(&["fails", "stalls"])).await;
    stream.next_text().await;
    let before = asked(&simulator, "echo+status:503");
    assert_eq!(by(&chat(&gateway, &["fails", "m"]).await), "acme/m");
    assert_eq!(asked(&simulator, "echo+status:503"), before + 1);
}

#[tokio::test]
async fn a_first_model_at_its_limit_leaves_the_call_to_the_next() {
    let simulator = simulator().await;
    for (limit, _, words) in ROWS {
        let gateway = limited(&simulator, &[("n", limit)]).await;
        assert_eq!(by(&chat(&gateway, &["n", "m"]).await), "acme/n", "{limit}");
        let passed = chat(&gateway, &["n", "m"]).await;
        assert_eq!(by(&passed), "acme/m", "{limit}");
        let record = gateway.generation(passed.header("x-generation-id").unwrap()).await;
        let candidates = record["routing"]["candidates"].as_array().unwrap();
        let dropped = candidates.iter().find(|it| it["place"] == "dropped").unwrap();
        let reason = dropped["reason"].as_str().unwrap();
        assert!(reason.starts_with("is at a limit: ") && reason.contains(words), "{record}");
        assert_eq!(record["provider_responses"].as_array().unwrap().len(), 1, "{record}");
    }
}

/// A cheap model is not refused because of what a dear one behind it might cost.
#[tokio::test]
async fn a_model_takes_what_itself_may_need() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("free", "daily_budget = \"0.001\"")]).await;
    for _ in 0..2 {
        assert_eq!(by(&chat(&gateway, &["free", "m"]).await), "acme/free");
    }
}

/// Of several the one is told that has room first, and who is refused was no request.
#[tokio::test]
async fn when_all_are_at_their_limits_one_is_named() {
    let simulator = simulator().await;
    let limits = [("n", "requests_per_day = 1"), ("m", "requests_per_minute = 1")];
    let gateway = limited(&simulator, &limits).await;
    let three = KeyLimits::default().with("requests_per_day", 3);
    let key = gateway.key_with(|key| key.rate_limits = three).await;
    let call = async |models: &[&str]| gateway.chat_call(&eight(models)).key(&key).send().await;
    assert_eq!(by(&call(&["n", "m"]).await), "acme/n");
    assert_eq!(by(&call(&["n", "m"]).await), "acme/m");
    for _ in 0..3 {
        let refused = call(&["n", "m"]).await;
        let message = told(&refused, 429);
        assert!(message.contains("1 requests per minute for the model acme/m"), "{message}");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(refused.header("x-ratelimit-limit"), Some("1"));
    }
    assert_eq!(by(&call(&["free"]).await), "acme/free");
    assert!(told(&call(&["free"]).await, 429).contains("3 requests per day for this key"));
}

#[tokio::test]
async fn nothing_is_booked_on_a_model_that_failed_but_its_request() {
    let simulator = simulator().await;
    // Each is enough for one call.
    for limit in ["tokens_per_day = 18", "daily_budget = \"0.018\"", "max_concurrent = 1"] {
        let gateway = limited(&simulator, &[("fails", limit)]).await;
        for _ in 0..2 {
            assert_eq!(by(&chat(&gateway, &["fails", "m"]).await), "acme/m", "{limit}");
        }
        assert_eq!(chat(&gateway, &["fails"]).await.status, 503, "{limit}");
    }
    let gateway = limited(&simulator, &[("fails", "requests_per_day = 2")]).await;
    let before = asked(&simulator, "echo+status:503");
    for _ in 0..3 {
        assert_eq!(by(&chat(&gateway, &["fails", "m"]).await), "acme/m");
    }
    assert_eq!(asked(&simulator, "echo+status:503"), before + 2, "the third passes it over");
    let message = told(&chat(&gateway, &["fails"]).await, 429);
    assert!(message.contains("2 requests per day for the model acme/fails"), "{message}");
}

/// When the plan is gone through again who was given back takes again, and is the same request.
#[tokio::test]
async fn a_second_round_is_no_second_request() {
    let simulator = simulator().await;
    let limits = [("down", "requests_per_day = 2\ntokens_per_day = 18\nmax_concurrent = 1")];
    let gateway = world(&simulator, &rows(&limits)).balanced().start().await;
    for _ in 0..2 {
        assert!(chat(&gateway, &["down", "m-down"]).await.status >= 500);
    }
    assert!(asked(&simulator, "echo+status:502") > 2, "there was a second round");
    let message = told(&chat(&gateway, &["down", "m-down"]).await, 429);
    assert!(message.contains("2 requests per day for the model acme/down"), "{message}");
}

/// A model's budget that is spent leaves a caller their own keys for it.
#[tokio::test]
async fn a_spent_budget_of_a_model_leaves_own_keys() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("n", "daily_budget = \"0.018\"")]).await;
    let own = json!({ "provider": "acme", "key": "sk-own-0123456789-abcdef", "is_fallback": true });
    let made = gateway.at("POST", "/api/v1/byok").key(gateway.management_key());
    assert_eq!(made.json(&own).send().await.status, 201);
    for models in [&["n", "m"][..], &["fails", "n"]] {
        let mut whose = Vec::new();
        for _ in 0..2 {
            let reply = chat(&gateway, models).await;
            assert_eq!(by(&reply), "acme/n", "{models:?}");
            whose.push(reply.json()["usage"]["is_byok"].as_bool().unwrap());
        }
        assert!(whose[1], "{models:?} {whose:?}");
    }
}

/// Each model is taken once, in whatever order its endpoints stand, and what it used is its own.
#[tokio::test]
async fn endpoints_of_several_models_take_for_each_once() {
    let simulator = simulator().await;
    let limits = [("two", "requests_per_day = 1"), ("other", "tokens_per_day = 18")];
    let gateway = world(&simulator, &rows(&limits))
        .provider("slow", Protocol::OpenAi, &simulator)
        .endpoint("acme/two", "acme", "echo+status:503", r#"{ input = "1", output = "1" }"#)
        .endpoint("acme/other", "acme", "echo+status:500", r#"{ input = "2", output = "2" }"#)
        .endpoint("acme/two", "slow", "echo", r#"{ input = "3", output = "3" }"#)
        .start()
        .await;
    let mut body = eight(&["two", "other"]);
    body["provider"] = json!({ "sort": { "by": "price", "partition": "none" } });
    assert_eq!(by(&gateway.chat(body.clone()).await), "acme/two");
    let tried: Vec<Value> =
        simulator.requests().iter().map(|it| it.json()["model"].clone()).collect();
    assert_eq!(tried, ["echo+status:503", "echo+status:500", "echo"]);
    assert_eq!(told(&chat(&gateway, &["two"]).await, 429).matches("acme/two").count(), 1);
    // What it held was given back.
    assert_ne!(chat(&gateway, &["other"]).await.status, 429);
}

/// Calls until the free model gives no more, told by who answered.
async fn answers(gateway: &TestGateway, body: &Value) -> (HashMap<String, u32>, Option<String>) {
    let (mut answered, mut refused) = (HashMap::new(), None);
    for _ in 0..23 {
        let reply = gateway.chat(body.clone()).await;
        if reply.status == 200 {
            *answered.entry(by(&reply)).or_default() += 1;
        } else {
            refused = Some(told(&reply, 429));
        }
    }
    (answered, refused)
}

#[tokio::test]
async fn section_6_3_free_models_are_limited_whatever_stands_beside_them() {
    let simulator = simulator().await;
    let mut mixed = eight(&["m", "free"]);
    mixed["provider"] = json!({ "sort": { "by": "price", "partition": "none" } });
    for (body, others) in [(eight(&["fails", "free"]), 0), (eight(&["free", "m"]), 3), (mixed, 3)] {
        let gateway = world(&simulator, "[billing]\nenabled = true\n").start().await;
        let engine = gateway.engine();
        let (account, amount) = (AccountId::default(), usd("5"));
        let bought = Movement::new("p", account, Kind::Purchase, amount, engine.now());
        assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
        let (answered, refused) = answers(&gateway, &body).await;
        assert_eq!(answered.get("acme/free"), Some(&20), "{body}: {answered:?}");
        assert_eq!(answered.get("acme/m").copied().unwrap_or(0), others, "{body}");
        let expected = (others == 0).then_some("Rate limit exceeded: free-models-per-min. ");
        assert_eq!(refused.as_deref(), expected, "{body}");
        // What is paid for takes nothing of it.
        assert_eq!(by(&chat(&gateway, &["m"]).await), "acme/m");
    }
}

/// Whoever goes on with an answer takes for it before, and each is settled to what it wrote itself.
#[tokio::test]
async fn a_model_that_goes_on_with_an_answer_is_counted() {
    let simulator = simulator().await;
    let both = ["cut", "goes-on"];
    let told_whole = "a b c d e f g h";
    let world = async |limits: &[(&str, &str)]| {
        let builder = world(&simulator, &rows(limits));
        let builder = builder.provider("other", Protocol::Mistral, &simulator);
        builder.endpoint("acme/goes-on", "other", "echo", PRICE).start().await
    };
    let gateway = world(&[("goes-on", "requests_per_day = 1")]).await;
    assert_eq!(gateway.chat_stream(eight(&both)).await.said().text, told_whole);
    gateway.chat_stream(eight(&both)).await.broken_off();
    let refused = told(&chat(&gateway, &["goes-on"]).await, 429);
    assert!(refused.contains("for the model acme/goes-on"), "{refused}");
    // There is room for one whole call, and for none behind what each did of this one.
    for (model, limit) in [
        ("cut", "tokens_per_day = 20"),
        ("goes-on", "tokens_per_day = 20"),
        ("cut", "daily_budget = \"0.02\""),
        ("goes-on", "daily_budget = \"0.02\""),
    ] {
        let gateway = world(&[(model, limit)]).await;
        assert_eq!(gateway.chat_stream(eight(&both)).await.said().text, told_whole);
        let status = chat(&gateway, &[model]).await.status;
        assert!([403, 429].contains(&status), "{model} {limit}: {status}");
    }
    // Nor is it booked on one what the other wrote.
    let gateway = world(&[("cut", "tokens_per_day = 26")]).await;
    assert_eq!(gateway.chat_stream(eight(&both)).await.said().text, told_whole);
    assert_eq!(chat(&gateway, &["cut"]).await.status, 502);
}

#[tokio::test]
async fn embeddings_are_counted_where_they_are_made() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("vectors", "requests_per_day = 1")]).await;
    let ask = json!({ "model": "acme/lost", "models": ["acme/vectors"], "input": "a b" });
    let reply = gateway.post("/embeddings", &ask).await;
    assert_eq!(by(&reply), "acme/vectors");
    let refused = told(&gateway.post("/embeddings", &ask).await, 429);
    assert!(refused.contains("1 requests per day for the model acme/vectors"), "{refused}");
}

/// A member of a consensus that is at its limit is not asked; the others are.
#[tokio::test]
async fn a_strategy_passes_over_who_is_at_its_limit() {
    let simulator = simulator().await;
    for strategy in [
        r#"consensus = { models = ["acme/m", "acme/n"] }"#,
        r#"cascade = { models = ["acme/n", "acme/m"], escalate = { refusal = true } }"#,
    ] {
        let rule = format!("[[rule]]\nname = \"several\"\nthen = {{ {strategy} }}\n");
        let config = rows(&[("n", "requests_per_day = 1")]) + &rule;
        let gateway = world(&simulator, &config).start().await;
        for _ in 0..2 {
            by(&chat(&gateway, &["m"]).await);
        }
        let config = rows(&[("n", "requests_per_day = 0"), ("m", "requests_per_day = 0")]) + &rule;
        let gateway = world(&simulator, &config).start().await;
        assert!(told(&chat(&gateway, &["m"]).await, 429).contains("for the model acme/"));
    }
}

/// What each member of a consensus used is its own, not what all of them did.
#[tokio::test]
async fn members_of_a_consensus_are_settled_to_what_each_used() {
    let simulator = simulator().await;
    let rule = "[[rule]]\nname = \"both\"\nwhen = { model = \"acme/m\" }\n\
                then = { consensus = { models = [\"acme/m\", \"acme/n\"] } }\n";
    // Two calls, with what the second holds.
    let config = rows(&[("n", "tokens_per_day = 34"), ("m", "daily_budget = \"0.034\"")]) + rule;
    let gateway = world(&simulator, &config).start().await;
    for told in [2, 2, 0] {
        let before = asked(&simulator, "echo");
        let status = chat(&gateway, &["m"]).await.status;
        assert_eq!(status == 200, told > 0, "{status}");
        assert_eq!(asked(&simulator, "echo"), before + told);
    }
}

/// Nobody is paid for an analysis where nobody could write the answer; an analyst that is at its limit
/// is left out.
#[tokio::test]
async fn a_fusion_goes_on_without_an_analyst_and_not_without_a_writer() {
    let simulator = simulator().await;
    let gateway = limited(&simulator, &[("n", "requests_per_day = 0")]).await;
    let fused = |analysts: Value, writer: &str| {
        json!({
            "model": "openrouter/fusion",
            "messages": [{ "role": "user", "content": "a b c d" }],
            "max_tokens": 8,
            "plugins": [{ "id": "fusion", "analysis_models": analysts, "model": writer }],
        })
    };
    let reply = gateway.chat(fused(json!(["acme/n", "acme/m"]), "acme/free")).await;
    assert_eq!(by(&reply), "acme/free");
    let before = asked(&simulator, "echo");
    let refused = gateway.chat(fused(json!(["acme/m", "acme/free"]), "acme/n")).await;
    assert!(told(&refused, 429).contains("for the model acme/n"));
    assert_eq!(asked(&simulator, "echo"), before, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_callers_never_exceed_the_limit_of_a_fallback() {
    let simulator = simulator().await;
    let gateway = Arc::new(limited(&simulator, &[("n", "requests_per_day = 5")]).await);
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let gateway = Arc::clone(&gateway);
        calls.spawn(async move { chat(&gateway, &["fails", "n"]).await.status });
    }
    let statuses = calls.join_all().await;
    let count = |status: u16| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(200), count(429)), (5, 25), "{statuses:?}");
}
