//! How endpoints did is kept: over a restart, over changes of the configuration, and of several
//! gateways together.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_simulator::Simulator;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, TestGateway, eventually, simulator};
use tollgate_types::Timestamp;

use crate::postgres::SECRET_KEY;
use crate::routing::{P1, P2, asking, asking_of, two};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Stands still but for being moved.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(Timestamp::parse_rfc3339(text).unwrap().unix_millis())))
    }

    fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

/// The first endpoint of `acme/m` fails, the second answers.
fn failing(simulator: &Simulator, clock: &Arc<Hand>) -> Builder {
    let clock: Arc<dyn Clock> = clock.clone();
    two(simulator, ("echo+status:500", P1), ("echo", P2)).clock(clock)
}

/// So many calls that are answered by the second endpoint; the first is tried before, unless it is
/// left alone.
async fn call(gateway: &TestGateway, times: usize) {
    let mut asking = asking("Hello");
    asking["provider"] = json!({ "order": ["first"] });
    for _ in 0..times {
        assert_eq!(gateway.chat(asking.clone()).await.said().provider, "Second");
    }
}

/// What is told when everything is written.
async fn told(gateway: &TestGateway, query: &str) -> Value {
    gateway.engine().write_history().await.unwrap();
    gateway.get(&format!("/routing/history{query}")).await.json()["data"].clone()
}

async fn health(gateway: &TestGateway, id: &str) -> Value {
    let told = gateway.get("/routing/health").await.json();
    let found = told["data"].as_array().unwrap().iter().find(|it| it["endpoint_id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {told}")).clone()
}

fn ids(told: &Value) -> Vec<&str> {
    let endpoints = told["endpoints"].as_array().unwrap().iter();
    endpoints.map(|it| it["endpoint_id"].as_str().unwrap()).collect()
}

fn first_and_second() -> Value {
    let counts = |uptime: f64, succeeded: u64, failed: u64| {
        json!({ "uptime": uptime, "succeeded": succeeded, "failed": failed, "rate_limited": 0,
            "callers": 0 })
    };
    let endpoint = |slug: &str, name: &str, counts: Value| {
        let mut step = counts.clone();
        step["starts_at"] = "2026-11-21T12:00:00.000Z".into();
        let mut all = counts;
        all["endpoint_id"] = format!("{slug}/acme/m").into();
        all["model_id"] = "acme/m".into();
        all["provider_name"] = name.into();
        all["steps"] = json!([step]);
        all
    };
    json!([
        endpoint("first", "First", counts(0.0, 0, 5)),
        endpoint("second", "Second", counts(100.0, 6, 0)),
    ])
}

fn incident() -> Value {
    json!([{
        "endpoint_id": "first/acme/m", "model_id": "acme/m", "provider_name": "First",
        "began_at": "2026-11-21T12:00:00.000Z", "ended_at": null, "failed": 5, "of": 5,
        "failures": { "broken": 5 },
    }])
}

#[tokio::test]
async fn how_endpoints_did_outlives_a_restart() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-11-21T12:03:04Z");
    let gateway = failing(&simulator, &clock).start().await;
    let nothing = told(&gateway, "").await;
    assert_eq!((&nothing["endpoints"], &nothing["incidents"]), (&json!([]), &json!([])));
    // After five failures it is left alone.
    call(&gateway, 6).await;
    let before = told(&gateway, "?range=24h").await;
    assert_eq!(before["endpoints"], first_and_second());
    assert_eq!(before["incidents"], incident());
    assert_eq!((&before["range"], &before["step_seconds"]), (&json!("24h"), &json!(900)));
    assert_eq!(before["from"], "2026-11-20T12:15:00.000Z");
    assert_eq!(before["until"], "2026-11-21T12:15:00.000Z");
    let well = health(&gateway, "second/acme/m").await;
    assert_eq!(well["uptime_last_1d"], 100.0, "{well}");

    let gateway = failing(&simulator, &clock).on(gateway.stop().await).start().await;
    assert_eq!(told(&gateway, "?range=24h").await, before);
    for (id, uptime) in [("first/acme/m", 0.0), ("second/acme/m", 100.0)] {
        let now = health(&gateway, id).await;
        assert_eq!(now["uptime_last_1d"], uptime, "{now}");
        // The other windows begin anew, and so does the circuit.
        assert_eq!((&now["uptime_last_30m"], &now["circuit"]), (&Value::Null, &json!("closed")));
    }
    // What is counted goes on, and the stop writes what no round has.
    call(&gateway, 1).await;
    clock.forward(HOUR);
    let gateway = failing(&simulator, &clock).on(gateway.stop().await).start().await;
    let after = told(&gateway, "").await;
    assert_eq!(after["endpoints"][0]["failed"], 6, "{after}");
    assert_eq!(after["endpoints"][1]["succeeded"], 7, "{after}");
    assert_eq!(after["incidents"][0]["ended_at"], "2026-11-21T12:15:00.000Z", "{after}");
    for (range, steps, starts_at) in
        [("7d", 21_600, "2026-11-21T12:00:00.000Z"), ("30d", 86_400, "2026-11-21T00:00:00.000Z")]
    {
        let longer = told(&gateway, &format!("?range={range}")).await;
        assert_eq!(longer["step_seconds"], steps, "{longer}");
        assert_eq!(longer["incidents"], after["incidents"], "{longer}");
        assert_eq!(longer["endpoints"][0]["steps"][0]["starts_at"], starts_at, "{longer}");
        assert_eq!(longer["endpoints"][0]["steps"][0]["failed"], 6, "{longer}");
    }

    // A day later it is history, and says nothing of the endpoint any more.
    clock.forward(DAY);
    let gateway = failing(&simulator, &clock).on(gateway.stop().await).start().await;
    assert_eq!(told(&gateway, "?range=24h").await["endpoints"], json!([]));
    assert_eq!(ids(&told(&gateway, "?range=7d").await), ["first/acme/m", "second/acme/m"]);
    assert_eq!(gateway.get("/routing/health").await.json(), json!({ "data": [] }));
}

#[tokio::test]
async fn the_tier_of_the_day_outlives_a_restart() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-11-21T12:03:04Z");
    let gateway = failing(&simulator, &clock).start().await;
    // The circuit lets somebody try again after a while.
    for _ in 0..100 {
        call(&gateway, 1).await;
        clock.forward(400_000);
    }
    let fails = health(&gateway, "first/acme/m").await;
    assert_eq!(fails["status"], -5, "{fails}");
    let gateway = failing(&simulator, &clock).on(gateway.stop().await).start().await;
    let fails = health(&gateway, "first/acme/m").await;
    assert_eq!(fails["status_text"], "uptime below 80 %", "{fails}");
    // It is cheaper, and behind the other from the first call on.
    let said = gateway.chat(asking("Hello")).await.said();
    assert_eq!(crate::routing::tried(&gateway, &said.id).await.len(), 1);
}

#[tokio::test]
async fn it_can_be_asked_of_a_model_an_endpoint_or_a_provider() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-11-21T12:03:04Z");
    let limited = "echo+status:429+retry-after:40";
    let gateway = failing(&simulator, &clock)
        .endpoint("acme/n", "first", limited, P1)
        .endpoint("acme/n", "second", "echo", P2)
        .endpoint("acme/bad", "second", "echo+status:400", P2)
        .start()
        .await;
    call(&gateway, 1).await;
    gateway.chat(asking_of("acme/n")).await.said();
    gateway.chat(asking_of("acme/bad")).await.error(400, "invalid_request");
    let all = told(&gateway, "").await;
    assert_eq!(
        ids(&all),
        ["first/acme/m", "first/acme/n", "second/acme/bad", "second/acme/m", "second/acme/n"]
    );
    let counts = |place: usize| {
        ["uptime", "succeeded", "failed", "rate_limited", "callers"]
            .map(|name| all["endpoints"][place][name].clone())
    };
    // Too few to say what their uptime is.
    assert_eq!(counts(0), [Value::Null, json!(0), json!(1), json!(0), json!(0)], "{all}");
    assert_eq!(counts(1), [Value::Null, json!(0), json!(0), json!(1), json!(0)], "{all}");
    assert_eq!(counts(2), [Value::Null, json!(0), json!(0), json!(0), json!(1)], "{all}");
    assert_eq!(all["incidents"], json!([]));
    for (query, expected) in [
        ("?model=acme/n", &["first/acme/n", "second/acme/n"][..]),
        ("?provider=first", &["first/acme/m", "first/acme/n"]),
        ("?endpoint=second%2Facme%2Fm&range=30d", &["second/acme/m"]),
        ("?model=acme/n&provider=second", &["second/acme/n"]),
        ("?model=acme/n&endpoint=second/acme/m", &[]),
        ("?endpoint=nobody", &[]),
    ] {
        assert_eq!(ids(&told(&gateway, query).await), expected, "{query}");
    }
    let asked = async |query: &str| gateway.get(&format!("/routing/history?{query}")).await;
    asked("model=acme/mm").await.error_message(404, "not_found");
    let message = asked("provider=frist").await.error_message(404, "not_found");
    assert!(message.contains("frist"), "{message}");
    asked("range=1y").await.error(400, "invalid_request");
}

#[tokio::test]
async fn whoever_has_a_key_may_ask_how_endpoints_did() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo", P1), ("echo", P2)).start().await;
    for key in [gateway.key(), gateway.management_key()] {
        assert_eq!(gateway.call("GET", "/routing/history").key(key).send().await.status, 200);
    }
    for key in [None, Some("sk-or-v1-unknown")] {
        let call = gateway.at("GET", "/api/v1/routing/history");
        let call = match key {
            Some(key) => call.key(key),
            None => call,
        };
        assert_eq!(call.send().await.status, 401);
    }
}

/// What was counted of an endpoint that is taken out of the configuration is written all the same.
#[tokio::test]
async fn an_endpoint_that_is_gone_keeps_its_history() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-11-21T12:03:04Z");
    let gateway = failing(&simulator, &clock).start().await;
    call(&gateway, 6).await;
    let without = TestGateway::builder()
        .provider("second", tollgate_testkit::Protocol::Anthropic, &simulator)
        .endpoint("acme/m", "second", "echo", P2);
    std::fs::write(gateway.config_file(), without.text()).unwrap();
    eventually("the endpoint is gone", async || {
        let told = gateway.get("/routing/health?model=acme/m").await.json();
        (told["data"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    let told = told(&gateway, "?endpoint=first/acme/m").await;
    let first = &told["endpoints"][0];
    assert_eq!((&first["model_id"], &first["provider_name"]), (&Value::Null, &Value::Null));
    assert_eq!(first["failed"], 5, "{told}");
    assert_eq!(told["incidents"][0]["endpoint_id"], "first/acme/m", "{told}");
    assert_eq!(told["incidents"][0]["model_id"], Value::Null, "{told}");
}

#[tokio::test]
async fn gateways_on_one_database_add_up_how_endpoints_did() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-11-21T12:03:04Z");
    let database = TestServer::shared().database().await;
    let config = format!("[database]\nurl = \"{database}\"\n");
    let built =
        || failing(&simulator, &clock).config(&config).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]);
    let (one, other) = (built().start().await, built().start().await);
    call(&one, 3).await;
    call(&other, 4).await;
    told(&one, "").await;
    let both = told(&other, "").await;
    assert_eq!(both["endpoints"][0]["failed"], 7, "{both}");
    assert_eq!(both["endpoints"][1]["succeeded"], 7, "{both}");
    assert_eq!(both["incidents"][0]["failures"], json!({ "broken": 7 }), "{both}");
    assert_eq!(told(&one, "").await, both);
    // Each knows of itself only what it has seen: neither has enough.
    for gateway in [&one, &other] {
        let own = health(gateway, "first/acme/m").await;
        assert_eq!(own["uptime_last_1d"], Value::Null, "{own}");
    }
    // A third begins with what both have.
    let third = built().start().await;
    let begins = health(&third, "first/acme/m").await;
    assert_eq!(begins["uptime_last_1d"], 0.0, "{begins}");
    let month = told(&third, "?range=30d").await;
    assert_eq!(month["endpoints"][0]["steps"][0]["failed"], 7, "{month}");
    assert_eq!(month["incidents"], both["incidents"]);
}
