//! Plans: what accounts have agreed to is what their calls cost, how they are limited, and what a
//! month costs at least.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::{Clock, charge_commitments};
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_simulator::Simulator;
use tollgate_store::MovementQuery;
use tollgate_testkit::{Builder, Protocol, TestGateway, simulator, usd};
use tollgate_types::{Timestamp, Usd};

const PLANS: &str = r#"
[billing]
enabled = true

[[plan]]
slug = "team"
name = "Team"
monthly_commitment = "1"
tiers = [{ from = "0.02", percent = "50" }]
rates = [{ model = "acme/*", percent = "20" }]

[[plan]]
slug = "small"
name = "Small"
requests_per_minute = 2
"#;
/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

#[derive(Debug)]
struct Dial(AtomicI64);

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Dial {
    fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(instant(text).unix_millis())))
    }

    fn set(&self, text: &str) {
        self.0.store(instant(text).unix_millis(), Ordering::SeqCst);
    }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn built(dial: &Arc<Dial>, simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .config(PLANS)
        .clock(Arc::<Dial>::clone(dial))
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
}

async fn world(dial: &Arc<Dial>) -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let gateway = built(dial, &simulator).start().await;
    let engine = gateway.engine();
    let bought =
        Movement::new("bought", AccountId::default(), Kind::Purchase, usd("5"), engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
    (gateway, simulator)
}

/// Eight tokens each way: $0.016 by the list.
fn eight() -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a b c d e f g h" }] })
}

async fn costs(gateway: &TestGateway) -> Usd {
    let reply = gateway.chat(eight()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.said().cost()
}

async fn agree(gateway: &TestGateway, plan: Value) -> Value {
    let body = json!({ "plan": plan });
    let reply = gateway.call("PUT", "/credits/plan").json(&body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].clone()
}

async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().recorder().flush().await;
    gateway.engine().stores().ledger.balance(&AccountId::default()).await.unwrap()
}

async fn commitments(gateway: &TestGateway) -> Vec<(String, Usd)> {
    let engine = gateway.engine();
    charge_commitments(engine.stores(), engine.now()).await.unwrap();
    let query = MovementQuery { entered_only: true, limit: 100, ..MovementQuery::default() };
    let rows = engine.stores().ledger.movements(&query).await.unwrap();
    let mut found: Vec<_> = (rows.into_iter().map(|row| row.movement))
        .filter(|it| it.kind == Kind::Commitment)
        .map(|it| (it.id, it.amount))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn calls_cost_what_was_agreed_and_the_ledger_says_the_same() {
    let dial = Dial::at("2026-10-12T08:00:00Z");
    let (gateway, _simulator) = world(&dial).await;
    assert_eq!(costs(&gateway).await, usd("0.016"));
    let plans = gateway.get("/credits/plans").await.json();
    assert_eq!(plans["data"][0]["rates"], json!([{ "model": "acme/*", "percent": 20.0 }]));
    let agreed = agree(&gateway, "team".into()).await;
    assert_eq!((&agreed["plan"], &agreed["in_force"]), (&json!("team"), &json!("team")));
    assert_eq!(agreed["monthly_commitment"], json!(1));
    // $0.016 was charged this month. Less 20 % it is $0.0128: $0.004 of it before the tier.
    assert_eq!(costs(&gateway).await, usd("0.0084"));
    assert_eq!(costs(&gateway).await, usd("0.0064"));
    let mut streamed = eight();
    streamed["stream"] = true.into();
    assert_eq!(gateway.chat_stream(streamed).await.said().cost(), usd("0.0064"));
    let balance_now = balance(&gateway).await;
    assert_eq!(balance_now.charged(), usd("0.0372"));
    let key = gateway.get("/key").await.json();
    assert_eq!(key["data"]["usage"], json!(0.0372));
    // Another month begins at its beginning.
    dial.set("2026-11-01T00:00:00Z");
    assert_eq!(costs(&gateway).await, usd("0.0128"));
    agree(&gateway, Value::Null).await;
    assert_eq!(costs(&gateway).await, usd("0.016"));
    gateway.engine().recorder().flush().await;
    let books = gateway.engine().stores().ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
}

#[tokio::test]
async fn a_restart_goes_on_where_the_month_was() {
    let dial = Dial::at("2026-10-12T08:00:00Z");
    let (gateway, simulator) = world(&dial).await;
    agree(&gateway, "team".into()).await;
    assert_eq!(costs(&gateway).await, usd("0.0128"));
    // $0.0072 before the tier, half of the other $0.0056.
    assert_eq!(costs(&gateway).await, usd("0.01"));
    let stopped = gateway.stop().await;
    let gateway = built(&dial, &simulator).on(stopped).start().await;
    assert_eq!(costs(&gateway).await, usd("0.0064"));
}

/// A gateway may be started before its clock is right, and a clock may leap.
#[tokio::test]
async fn a_clock_that_was_wrong_makes_no_month_begin_anew() {
    let dial = Dial::at("2026-11-12T08:00:00Z");
    let (gateway, simulator) = world(&dial).await;
    agree(&gateway, "team".into()).await;
    assert_eq!(costs(&gateway).await, usd("0.0128"));
    assert_eq!(costs(&gateway).await, usd("0.01"));
    let stopped = gateway.stop().await;
    dial.set("2026-10-31T23:59:50Z");
    let gateway = built(&dial, &simulator).on(stopped).start().await;
    dial.set("2026-11-20T08:00:00Z");
    assert_eq!(costs(&gateway).await, usd("0.0064"));
    gateway.engine().recorder().flush().await;
    for (instant, cost) in [("2027-02-20T08:00:00Z", "0.0128"), ("2026-11-20T08:00:00Z", "0.0064")]
    {
        dial.set(instant);
        let engine = gateway.engine();
        let (organisation, stores) = (engine.organisation(), engine.stores());
        engine.plans().follow_calendar(organisation, stores, engine.now()).await.unwrap();
        assert_eq!(costs(&gateway).await, usd(cost), "{instant}");
    }
}

/// What a workspace spent stays with the account that it paid from.
#[tokio::test]
async fn a_workspace_that_changes_its_account_leaves_its_month_behind() {
    let dial = Dial::at("2026-10-12T08:00:00Z");
    let (gateway, simulator) = world(&dial).await;
    agree(&gateway, "team".into()).await;
    assert_eq!(costs(&gateway).await, usd("0.0128"));
    assert_eq!(costs(&gateway).await, usd("0.01"));
    let account = json!({ "account": "other" });
    let path = "/api/v1/workspaces/default";
    let moving = gateway.at("PATCH", path).key(gateway.management_key()).json(&account);
    let moved = moving.send().await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    let other = AccountId::new("other").unwrap();
    let bought = Movement::new("other", other, Kind::Purchase, usd("1"), gateway.engine().now());
    assert!(gateway.engine().stores().ledger.post(vec![bought]).await.unwrap());
    let plan = json!({ "plan": "team" });
    let reply = gateway.call("PUT", "/credits/plan?account=other").json(&plan).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let stopped = gateway.stop().await;
    let gateway = built(&dial, &simulator).on(stopped).start().await;
    // The other account has spent nothing: it begins before the tier.
    assert_eq!(costs(&gateway).await, usd("0.0128"));
}

#[tokio::test]
async fn what_a_month_costs_less_than_agreed_is_charged_once() {
    let dial = Dial::at("2026-09-12T08:00:00Z");
    let (gateway, _simulator) = world(&dial).await;
    agree(&gateway, "team".into()).await;
    dial.set("2026-10-05T08:00:00Z");
    // 18 days and 16 hours of September's 30 days.
    let september = ("commitment/2026-09/default".to_owned(), usd("0.622222222"));
    assert_eq!(commitments(&gateway).await, std::slice::from_ref(&september));
    assert_eq!(costs(&gateway).await, usd("0.0128"));
    dial.set("2026-11-01T01:59:00Z");
    gateway.engine().recorder().flush().await;
    assert_eq!(commitments(&gateway).await, std::slice::from_ref(&september));
    dial.set("2026-11-01T02:00:00Z");
    let october = ("commitment/2026-10/default".to_owned(), usd("0.9872"));
    for _ in 0..2 {
        assert_eq!(commitments(&gateway).await, [september.clone(), october.clone()]);
    }
    // Who leaves for an instant saves an instant. Who leaves for good in a month pays what of it
    // has passed, and none after it; what was charged for October in November is nothing that
    // November's calls cost.
    agree(&gateway, Value::Null).await;
    dial.set("2026-11-01T02:00:01Z");
    agree(&gateway, "team".into()).await;
    dial.set("2026-11-16T00:00:01Z");
    agree(&gateway, Value::Null).await;
    dial.set("2027-01-20T00:00:00Z");
    let november = ("commitment/2026-11/default".to_owned(), usd("0.5"));
    assert_eq!(commitments(&gateway).await, [september, october, november]);
    assert_eq!(balance(&gateway).await.charged(), usd("2.122222222"));
    let books = gateway.engine().stores().ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
}

#[tokio::test]
async fn what_is_no_plan_is_told_without_our_own_names() {
    let (gateway, _simulator) = world(&Dial::at("2026-10-12T08:00:00Z")).await;
    let refused = gateway.call("PUT", "/credits/plan").json(&Value::Null).send().await;
    let message = refused.error_message(400, "invalid_request");
    assert!(message.contains("invalid type: null, expected an object"), "{message}");
}

#[tokio::test]
async fn a_plan_limits_all_calls_of_its_account() {
    let dial = Dial::at("2026-10-12T08:00:00Z");
    let (gateway, _simulator) = world(&dial).await;
    agree(&gateway, "small".into()).await;
    let other = gateway.key_with(|record| record.name = "other".to_owned()).await;
    assert_eq!(costs(&gateway).await, usd("0.016"));
    let reply = gateway.chat_call(&eight()).key(&other).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let refused = gateway.chat(eight()).await;
    let error = refused.error(429, "rate_limit_exceeded");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("2 requests per minute"), "{message}");
    let unknown =
        gateway.call("PUT", "/credits/plan").json(&json!({ "plan": "large" })).send().await;
    assert_eq!(unknown.status, 400, "{}", unknown.text());
    assert!(unknown.text().contains("There is no plan large"), "{}", unknown.text());
}
