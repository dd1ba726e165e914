//! Where calls go, and why: balancing, stickiness, retries and hedging over real sockets
//! (contract §5), and what the record says of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Canned, Protocol, TestGateway, simulator};

pub(crate) const P1: &str = r#"{ input = "1", output = "2" }"#;
pub(crate) const P2: &str = r#"{ input = "2", output = "4" }"#;
const CACHED: &str = r#"{ input = "1", output = "2", cache_read = "0.1" }"#;

pub(crate) fn asking(text: &str) -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": text }] })
}

/// `acme/m` at `first` and at `second`.
pub(crate) fn two(simulator: &Simulator, first: (&str, &str), second: (&str, &str)) -> Builder {
    TestGateway::builder()
        .provider("first", Protocol::OpenAi, simulator)
        .provider("second", Protocol::Anthropic, simulator)
        .endpoint("acme/m", "first", first.0, first.1)
        .endpoint("acme/m", "second", second.0, second.1)
}

/// The plan of a call, as its record has it.
pub(crate) async fn plan(gateway: &TestGateway, id: &str) -> Vec<Value> {
    let record = gateway.generation(id).await;
    record["routing"]["candidates"].as_array().unwrap().clone()
}

/// Who was tried, and with what fault.
pub(crate) async fn tried(gateway: &TestGateway, id: &str) -> Vec<(String, Value)> {
    let record = gateway.generation(id).await;
    let attempts = record["provider_responses"].as_array().unwrap().iter();
    let told = |it: &Value| (it["provider_name"].as_str().unwrap().to_owned(), it["fault"].clone());
    attempts.map(told).collect()
}

#[tokio::test]
async fn section_5_3_calls_are_spread_over_equal_endpoints() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo", P1), ("echo", P1)).balanced().start().await;
    let mut answered = BTreeMap::new();
    for _ in 0..40 {
        let said = gateway.chat(asking("Hello")).await.said();
        *answered.entry(said.provider.clone()).or_insert(0) += 1;
        let plan = plan(&gateway, &said.id).await;
        assert_eq!(plan[0]["place"], "drawn", "{plan:?}");
        assert_eq!(plan[0]["chance"], 0.5, "{plan:?}");
        assert_eq!(plan[1]["place"], "price", "{plan:?}");
    }
    // Each has a chance of one in a million million of never being drawn.
    assert_eq!(answered.len(), 2, "{answered:?}");
}

#[tokio::test]
async fn section_5_8_a_session_stays_where_it_is_and_says_so() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo", CACHED), ("echo", CACHED)).balanced().start().await;
    let mut homes = BTreeMap::new();
    for session in 0..12 {
        for turn in 0..4 {
            let mut asking = asking(&format!("Turn {turn}"));
            asking["session_id"] = json!(format!("session-{session}"));
            let said = gateway.chat(asking).await.said();
            let home = homes.entry(session).or_insert_with(|| said.provider.clone());
            assert_eq!(*home, said.provider, "session {session}, turn {turn}");
            let plan = plan(&gateway, &said.id).await;
            let place = if turn == 0 { "drawn" } else { "sticky" };
            assert_eq!(plan[0]["place"], place, "session {session}, turn {turn}: {plan:?}");
        }
    }
    let mut seen: Vec<&String> = homes.values().collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 2, "{homes:?}");
}

#[tokio::test]
async fn section_5_8_stickiness_holds_against_the_callers_order() {
    let simulator = simulator().await;
    // The first fails once, so the conversation moves to the second, and stays there.
    let failing = ("echo+fail-first:1:503", CACHED);
    let gateway = two(&simulator, failing, ("echo", CACHED)).start().await;
    for turn in 0..3 {
        let mut asking = asking(&format!("Turn {turn}"));
        asking["session_id"] = json!("one");
        asking["provider"] = json!({ "order": ["first", "second"] });
        assert_eq!(gateway.chat(asking).await.said().provider, "Second", "turn {turn}");
    }
}

#[tokio::test]
async fn what_nobody_would_serve_is_tried_once_more_where_that_may_help() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .balanced()
        .config("[routing]\nretry_pause_ms = 10\nretry_pause_max_ms = 100\n")
        .provider("first", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", "echo+fail-first:1:503", P1)
        .endpoint("acme/refused", "first", "echo+fail-first:1:401", P1)
        .start()
        .await;
    let said = gateway.chat(asking("Hello")).await.said();
    let overloaded = ("First".to_owned(), json!("overloaded"));
    assert_eq!(tried(&gateway, &said.id).await, [overloaded, ("First".to_owned(), Value::Null)]);
    // 2 tokens each way, once.
    assert_eq!(said.cost().nanos(), 1_000 + 2_000);
    // A refused key stays refused.
    let mut refused = asking("Hello");
    refused["model"] = json!("acme/refused");
    gateway.chat(refused).await.error(502, "provider_unavailable");
}

#[tokio::test]
async fn a_late_endpoint_is_overtaken_by_the_next_and_only_one_is_billed() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+hang", P1), ("echo", P2)).start().await;
    for streamed in [false, true] {
        let mut asking = asking("Hello there");
        asking["provider"] = json!({ "order": ["first"], "hedge": true });
        let said = if streamed {
            gateway.chat_stream(asking).await.said()
        } else {
            gateway.chat(asking).await.said()
        };
        assert_eq!((said.provider.as_str(), said.text.as_str()), ("Second", "Hello there"));
        let overtaken = ("First".to_owned(), json!("overtaken"));
        let answered = ("Second".to_owned(), Value::Null);
        assert_eq!(tried(&gateway, &said.id).await, [overtaken, answered]);
        assert_eq!(said.cost().nanos(), 2 * 2_000 + 2 * 4_000);
    }
    // Having been overtaken twice, it is known to stall.
    let mut again = asking("Hello there");
    again["provider"] = json!({ "order": ["first"], "hedge": true });
    gateway.chat_stream(again).await.said();
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    assert_eq!(listed["data"]["endpoints"][0]["status"], -3, "{listed}");
    // What was overtaken was given up.
    tokio::time::timeout(tollgate_testkit::PATIENCE, simulator.wait_for_open_streams(0))
        .await
        .unwrap();
}

#[tokio::test]
async fn section_5_5_nitro_finds_the_faster_one() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+tps:20", P1), ("echo+tps:2000", P2)).start().await;
    let words = "one two three four five six seven eight nine ten";
    // Both are measured.
    for provider in ["first", "second"] {
        let mut asking = asking(words);
        asking["provider"] = json!({ "only": [provider] });
        gateway.chat_stream(asking).await.said();
    }
    // Asking for the report works the percentiles out.
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    let endpoints = listed["data"]["endpoints"].as_array().unwrap();
    assert!(endpoints.iter().all(|it| it["throughput_last_30m"]["p50"].is_f64()), "{listed}");
    let mut nitro = asking(words);
    nitro["model"] = json!("acme/m:nitro");
    let said = gateway.chat_stream(nitro).await.said();
    assert_eq!(said.provider, "Second");
    let plan = plan(&gateway, &said.id).await;
    assert_eq!(plan[0]["place"], "sorted", "{plan:?}");
    let speed = |at: usize| plan[at]["tokens_per_second"].as_u64().unwrap();
    assert!(speed(0) > speed(1), "{plan:?}");
    let mut floor = asking(words);
    for variants in ["acme/m:nitro:floor", "acme/m:NITRO:Floor"] {
        floor["model"] = json!(variants);
        assert_eq!(gateway.chat(floor.clone()).await.said().provider, "First", "{variants}");
    }
}

#[tokio::test]
async fn a_plan_can_be_asked_for_without_a_call() {
    let simulator = simulator().await;
    let text_only = r#"{ input = "1", output = "2" }"#;
    let gateway = two(&simulator, ("echo", text_only), ("echo", P2)).start().await;
    let mut body = asking("Hello");
    body["provider"] = json!({ "ignore": ["first"] });
    let explained = gateway.post("/routing/explain", &body).await.json();
    let candidates = explained["data"]["candidates"].as_array().unwrap();
    assert_eq!(candidates[0]["endpoint_id"], "second/acme/m", "{explained}");
    assert_eq!(candidates[0]["position"], 1, "{explained}");
    assert_eq!(candidates[1]["place"], "dropped", "{explained}");
    let reason = "is ignored by the request's provider.ignore";
    assert_eq!(candidates[1]["reason"], reason, "{explained}");
    assert_eq!(simulator.requests().len(), 0);
    body["provider"] = json!({ "only": ["nobody"] });
    gateway.post("/routing/explain", &body).await.error(404, "not_found");
}

/// Three models of one provider: two of them free.
async fn three(simulator: &Simulator) -> TestGateway {
    const FREE: &str = r#"{ input = "0", output = "0", free = true }"#;
    TestGateway::builder()
        .config("[simulator]\nenabled = false\n")
        .provider("first", Protocol::OpenAi, simulator)
        .endpoint("acme/paid", "first", "echo", P1)
        .endpoint("acme/free", "first", "echo", FREE)
        .endpoint("bravo/free", "first", "echo", FREE)
        .start()
        .await
}

pub(crate) fn asking_of(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] })
}

#[tokio::test]
async fn section_5_6_the_free_router_chooses_a_free_model_and_says_so() {
    let simulator = simulator().await;
    let gateway = three(&simulator).await;
    let mut chosen = BTreeMap::new();
    for _ in 0..40 {
        let said = gateway.chat(asking_of("openrouter/free")).await.said();
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["router"], "openrouter/free", "{record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{record}");
        *chosen.entry(record["model"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(chosen.keys().collect::<Vec<_>>(), ["acme/free", "bravo/free"], "{chosen:?}");
}

#[tokio::test]
async fn any_model_within_a_price_is_a_wildcard() {
    let simulator = simulator().await;
    let gateway = three(&simulator).await;
    let answering = async |body: Value| {
        let said = gateway.chat(body).await.said();
        gateway.generation(&said.id).await["model"].as_str().unwrap().to_owned()
    };
    assert_eq!(answering(asking_of("/*")).await, "acme/free");
    assert_eq!(answering(asking_of("bravo/*")).await, "bravo/free");
    let mut within = asking_of("/*");
    within["max_price_per_million_tokens"] = json!(1.5);
    assert_eq!(answering(within).await, "acme/free");
    let mut wrong = asking_of("/*");
    wrong["max_price_per_million_tokens"] = json!("cheap");
    gateway.chat(wrong).await.error(400, "invalid_request");
    // None of it reaches a provider.
    let sent = simulator.requests();
    assert!(sent.iter().all(|it| !String::from_utf8_lossy(&it.body).contains("max_price")));
}

#[tokio::test]
async fn a_list_of_models_under_transforms_is_one_of_fallbacks() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .endpoint("acme/broken", "first", "echo+status:500", P1)
        .endpoint("acme/m", "first", "echo", P1)
        .start()
        .await;
    let mut body = asking_of("acme/broken");
    body["transforms"] = json!(["acme/m", "middle-out"]);
    assert_eq!(gateway.chat(body).await.said().model, "acme/m");
}

/// What is told of a call that failed at the first endpoint and was answered by the second.
fn check_told(told: &Value) {
    let expected = json!({
        "requested": "acme/m",
        "strategy": "direct",
        "region": null,
        "summary": "available=2, selected=Second",
        "attempt": 2,
        "is_byok": false,
        "endpoints": { "total": 2, "available": [
            { "provider": "First", "model": "acme/m", "selected": false },
            { "provider": "Second", "model": "acme/m", "selected": true },
        ] },
        "attempts": [
            { "provider": "First", "model": "acme/m", "status": 500 },
            { "provider": "Second", "model": "acme/m", "status": 200 },
        ],
    });
    assert_eq!(*told, expected);
}

#[tokio::test]
async fn section_3_4_callers_who_ask_are_told_of_routing() {
    let turn = json!([{ "role": "user", "content": "Hello" }]);
    for (path, body) in [
        ("/chat/completions", json!({ "model": "acme/m", "messages": turn })),
        ("/messages", json!({ "model": "acme/m", "max_tokens": 9, "messages": turn })),
        ("/responses", json!({ "model": "acme/m", "input": turn })),
    ] {
        for second in [Protocol::OpenAi, Protocol::Anthropic] {
            for streamed in [false, true] {
                let simulator = simulator().await;
                let gateway = TestGateway::builder()
                    .provider("first", Protocol::OpenAi, &simulator)
                    .provider("second", second, &simulator)
                    .endpoint("acme/m", "first", "echo+status:500", P1)
                    .endpoint("acme/m", "second", "echo", P2)
                    .start()
                    .await;
                let mut body = body.clone();
                body["stream"] = json!(streamed);
                let ask = || gateway.call("POST", path).json(&body);
                let reply = ask().header("X-OpenRouter-Metadata", "enabled").send().await;
                assert_eq!(reply.status, 200, "{}", reply.text());
                check_told(&metadata(&reply.text(), streamed));
                let unasked = ask().send().await.text();
                assert!(!unasked.contains("openrouter_metadata"), "{unasked}");
            }
        }
    }
}

/// What is told in a whole answer, or in the last event of a stream that has it.
fn metadata(text: &str, streamed: bool) -> Value {
    if !streamed {
        let answer: Value = serde_json::from_str(text).unwrap();
        return answer["openrouter_metadata"].clone();
    }
    let mut data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let event = data.rfind(|it| it.contains("openrouter_metadata"));
    let event: Value = serde_json::from_str(event.unwrap_or_else(|| panic!("{text}"))).unwrap();
    let within = [&event, &event["response"]].map(|it| it["openrouter_metadata"].clone());
    within.into_iter().find(Value::is_object).unwrap()
}

#[tokio::test]
async fn section_3_4_a_failure_tells_of_routing_beside_the_error() {
    let simulator = simulator().await;
    let failing = ("echo+status:500", P1);
    let gateway = two(&simulator, failing, ("echo+status:503", P2)).start().await;
    let ask = gateway.chat_call(&asking("Hello")).header("X-OpenRouter-Metadata", "enabled");
    let told = ask.send().await.json()["openrouter_metadata"].clone();
    assert_eq!(told["attempt"], 0, "{told}");
    assert_eq!(
        told["attempts"][1],
        json!({ "provider": "Second", "model": "acme/m", "status": 503 })
    );
    assert_eq!(told["endpoints"]["available"][0]["selected"], false, "{told}");
}

/// Before the first word, behind comments, and in the middle of an answer; whole and streamed.
#[tokio::test]
async fn section_3_4_failures_tell_of_routing_in_every_dialect_that_has_a_place() {
    let simulator = simulator().await;
    let turns = json!([{ "role": "user", "content": "one two three four" }]);
    for (path, ask, has_place) in [
        ("/api/v1/chat/completions", json!({ "messages": turns }), true),
        ("/api/v1/completions", json!({ "prompt": "one two three four" }), true),
        ("/api/v1/messages", json!({ "messages": turns, "max_tokens": 9 }), true),
        ("/api/v1/responses", json!({ "input": "one two three four" }), true),
        ("/api/chat", json!({ "messages": turns }), false),
    ] {
        for protocol in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Responses] {
            failures_tell_of_routing(&simulator, protocol, (path, &ask), has_place).await;
        }
    }
}

async fn failures_tell_of_routing(
    simulator: &Simulator,
    protocol: Protocol,
    (path, ask): (&str, &Value),
    has_place: bool,
) {
    for (fault, streamed) in [
        ("status:500", false),
        ("status:500", true),
        ("delay:150+status:500", true),
        ("cut-after:2", true),
    ] {
        let gateway = TestGateway::builder()
            .in_memory()
            .config("[limits]\nkeep_alive_ms = 50\n")
            .provider("first", protocol, simulator)
            .endpoint("acme/m", "first", &format!("echo+{fault}"), P1)
            .start()
            .await;
        let mut ask = ask.clone();
        (ask["model"], ask["stream"]) = ("acme/m".into(), streamed.into());
        let call = gateway.at("POST", path).key(gateway.key()).json(&ask);
        let text = call.header("X-OpenRouter-Metadata", "enabled").send().await.text();
        let context = format!("{path} {protocol:?} {fault} {streamed}: {text}");
        assert_eq!(text.contains("openrouter_metadata"), has_place, "{context}");
        if has_place {
            let object = failure_of(&text);
            assert!(object["error"].is_object(), "{context}");
            let told = &object["openrouter_metadata"];
            assert_eq!(told["attempt"], 0, "{context}");
            assert_eq!(told["attempts"].as_array().map(Vec::len), Some(1), "{context}");
            assert_eq!(told["endpoints"]["available"][0]["selected"], false, "{context}");
        }
    }
}

/// The object that has the error of an answer: the body, the last event, or the response in it.
fn failure_of(text: &str) -> Value {
    let mut data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let last = data.rfind(|line| *line != "[DONE]").unwrap_or(text);
    let object: Value = serde_json::from_str(last).unwrap();
    if object["response"].is_object() { object["response"].clone() } else { object }
}

#[tokio::test]
async fn where_the_hedge_fails_too_the_next_one_is_started() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .provider("third", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", "echo+hang", P1)
        .endpoint("acme/m", "second", "echo+status:500", P1)
        .endpoint("acme/m", "third", "echo", P1)
        .start()
        .await;
    let mut asking = asking("Hello");
    asking["provider"] = json!({ "order": ["first", "second", "third"], "hedge": true });
    let said = gateway.chat_stream(asking).await.said();
    assert_eq!(said.provider, "Third");
    let told = tried(&gateway, &said.id).await;
    let faults: Vec<&Value> = told.iter().map(|(_, fault)| fault).collect();
    assert_eq!(faults, [&json!("broken"), &json!("overtaken"), &Value::Null], "{told:?}");
}

#[tokio::test]
async fn what_a_retry_leaves_out_is_told_all_the_same() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .balanced()
        .config("[routing]\nsort = \"price\"\nretry_pause_ms = 10\nretry_pause_max_ms = 100\n")
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", "echo+status:503", P1)
        .endpoint("acme/m", "second", "echo+too-long", P2)
        .start()
        .await;
    let reply = gateway.chat(asking("Hello")).await;
    let error = reply.error(400, "context_length_exceeded");
    assert_eq!(error["metadata"]["previous_errors"][0]["provider"], "First", "{error}");
    let id = reply.header("x-generation-id").unwrap();
    assert_eq!(tried(&gateway, id).await.len(), 3);
}

#[tokio::test]
async fn a_connection_that_dies_behind_the_last_word_loses_nothing() {
    // It says why it stopped, and dies in the middle of what would have been its usage.
    const BODY: &str = concat!(
        r#"data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"one two"}}]}"#,
        "\n\n",
        r#"data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        "\n\n",
        r#"data: {"id":"1","choices":[],"usa"#,
    );
    let canned = Canned::start("text/event-stream", BODY).await;
    let rows = format!(
        "[[provider]]\nslug = \"canned\"\nname = \"Canned\"\nprotocol = \"openai-chat\"\n\
         base_url = \"{}\"\napi_key = \"sk-canned\"\n[[model]]\nid = \"acme/m\"\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"canned\"\nprice = {P1}\n",
        canned.base_url()
    );
    let gateway = TestGateway::builder().config(&rows).start().await;
    let mut body = asking("Hello");
    body["stream"] = json!(true);
    let text = gateway.chat_call(&body).send().await.text();
    assert!(text.contains("one two") && text.contains(r#""finish_reason":"stop""#), "{text}");
    assert!(!text.contains(r#""error""#), "{text}");
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
}

#[tokio::test]
async fn a_plan_that_is_asked_for_knows_where_the_conversation_is() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo", CACHED), ("echo", CACHED)).balanced().start().await;
    let mut body = asking("Hello");
    body["session_id"] = json!("one");
    let home = gateway.chat(body.clone()).await.said().provider.to_lowercase();
    for _ in 0..8 {
        let explained = gateway.post("/routing/explain", &body).await.json();
        let first = &explained["data"]["candidates"][0];
        assert_eq!(first["place"], "sticky", "{explained}");
        assert_eq!(first["endpoint_id"], format!("{home}/acme/m"), "{explained}");
    }
}
