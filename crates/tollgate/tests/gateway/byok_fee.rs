//! The fee on calls that are met with keys of the caller's own, beyond what a month allows (contract
//! §6.2): what is told, charged and held, by account and plan, after a restart and at two gateways.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_simulator::Simulator;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Canned, Protocol, TestGateway, eventually, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::byok::run;
use crate::postgres::SECRET_KEY;

/// Four calls of `eight` are free, and half of the fifth but for a nano-dollar.
const FEES: &str = r#"
[billing]
enabled = true
byok_fee = { percent = "5", free_usd_per_month = "0.072000001" }

[[plan]]
slug = "at-once"
byok_fee = { percent = "10" }

[[plan]]
slug = "never"
byok_fee = false

[[plan]]
slug = "tiers"
tiers = [{ from = "0.001", percent = "50" }]
rates = [{ model = "*", percent = "20" }]
byok_fee = { percent = "10" }
"#;
/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const SECRET: &str = "sk-own-0123456789-abcdef";

#[derive(Debug)]
struct Dial(AtomicI64);

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Dial {
    fn october() -> Arc<Self> {
        let dial = Arc::new(Self(AtomicI64::new(0)));
        dial.set("2026-10-12T08:00:00Z");
        dial
    }

    fn set(&self, text: &str) {
        let instant = Timestamp::parse_rfc3339(text).unwrap();
        self.0.store(instant.unix_millis(), Ordering::SeqCst);
    }
}

fn built(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .config(FEES)
        .provider("acme", Protocol::OpenAi, simulator)
        .provider("other", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/broken", "acme", "echo+error-after:2", PRICE)
        .endpoint("acme/unpriced", "acme", "echo", "")
        .endpoint("other/m", "other", "prose", PRICE)
}

async fn started(builder: Builder, dial: &Arc<Dial>) -> TestGateway {
    builder.clock(Arc::<Dial>::clone(dial)).start().await
}

/// A gateway where all that goes to `acme` goes there with a key of the caller's own.
async fn world() -> (TestGateway, Simulator, Arc<Dial>) {
    let (simulator, dial) = (simulator().await, Dial::october());
    let gateway = started(built(&simulator), &dial).await;
    bring(&gateway, "acme").await;
    (gateway, simulator, dial)
}

async fn bring(gateway: &TestGateway, provider: &str) {
    let body =
        json!({ "provider": provider, "key": SECRET, "always_use": true, "skip_test": true });
    let call = gateway.at("POST", "/api/v1/byok").key(gateway.management_key());
    let reply = call.json(&body).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text());
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new("bought", account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

async fn agree(gateway: &TestGateway, plan: &str) {
    let body = json!({ "plan": plan });
    let reply = gateway.call("PUT", "/credits/plan").json(&body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn asking(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": model, "messages": messages, "max_tokens": 8 })
}

/// Eight tokens each way: $0.016 by the list.
fn eight() -> Value {
    asking("acme/m")
}

/// What a call with a key of the caller's own costs.
async fn costs_with(gateway: &TestGateway, key: &str) -> Usd {
    let reply = gateway.chat_call(&eight()).key(key).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let said = reply.said();
    assert_eq!(said.usage["is_byok"], true, "{}", said.usage);
    assert_eq!(said.usage["cost_details"]["upstream_inference_cost"], json!(0.016));
    said.cost()
}

async fn costs(gateway: &TestGateway) -> Usd {
    costs_with(gateway, gateway.key()).await
}

/// Everything is written and given back, and the books balance.
async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().recorder().flush().await;
    gateway.engine().purses().give_back_all().await.unwrap();
    let ledger = &gateway.engine().stores().ledger;
    let balance = ledger.balance(&AccountId::default()).await.unwrap();
    assert!(balance.proves() && balance.held == Usd::ZERO, "{balance:?}");
    assert_eq!(audit(&ledger.books().await.unwrap()), []);
    balance
}

async fn manage(gateway: &TestGateway, method: &str, path: &str, body: &Value) -> Value {
    let call = gateway.at(method, &format!("/api/v1{path}")).key(gateway.management_key());
    let reply = call.json(body).send().await;
    assert!(reply.status < 300, "{method} {path}: {}", reply.text());
    reply.json()
}

async fn usage_of(gateway: &TestGateway, key: &str) -> (Value, Value) {
    let told = gateway.call("GET", "/key").key(key).send().await.json();
    (told["data"]["usage"].clone(), told["data"]["byok_usage"].clone())
}

#[tokio::test]
async fn section_6_2_calls_with_own_keys_cost_a_fee_beyond_the_months_allowance() {
    let (gateway, simulator, dial) = world().await;
    let other = gateway.key_with(|_| {}).await;
    // Who has no credit calls while the allowance lasts, as far as a call may come to at most.
    assert_eq!(costs(&gateway).await, Usd::ZERO);
    assert_eq!(costs_with(&gateway, &other).await, Usd::ZERO);
    let refused = loop {
        let reply = gateway.chat(eight()).await;
        if reply.status != 200 {
            break reply;
        }
        assert_eq!(reply.said().cost(), Usd::ZERO);
    };
    let error = refused.error(402, "payment_required");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("a fee of 5 % of the list price beyond $0.072000001"), "{message}");
    assert!(message.contains("Insufficient credits"), "{message}");
    assert_eq!(error["metadata"]["limit_source"], "openrouter_credits", "{error}");
    let without_credit = simulator.calls("echo");
    assert!((2..=4).contains(&without_credit), "{without_credit}");
    add(&gateway, "1").await;
    for _ in without_credit..4 {
        assert_eq!(costs(&gateway).await, Usd::ZERO);
    }
    // $0.007999999 of it is beyond: rounded up once.
    assert_eq!(costs(&gateway).await, usd("0.0004"));
    let mut streamed = eight();
    streamed["stream"] = true.into();
    let said = gateway.chat_stream(streamed).await.said();
    assert_eq!((said.cost(), &said.usage["is_byok"]), (usd("0.0008"), &json!(true)));
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["total_cost"], json!(0.0008), "{record}");
    assert_eq!(record["upstream_inference_cost"], json!(0.016), "{record}");
    assert_eq!(costs_with(&gateway, &other).await, usd("0.0008"));
    assert_eq!(usage_of(&gateway, gateway.key()).await, (json!(0.0012), json!(0.08)));
    assert_eq!(usage_of(&gateway, &other).await, (json!(0.0008), json!(0.032)));
    let found = balance(&gateway).await;
    assert_eq!((found.charged(), found.available), (usd("0.002"), usd("0.998")));
    // Another month begins at its beginning.
    dial.set("2026-11-01T00:00:00Z");
    assert_eq!(costs(&gateway).await, Usd::ZERO);
    let activity = gateway.call("GET", "/activity").key(gateway.management_key());
    let activity = activity.send().await.json();
    let rows = activity["data"].as_array().unwrap_or_else(|| panic!("{activity}"));
    // What was refused is a row of its own.
    let called = rows.iter().find(|row| row["provider_name"] == "Acme").unwrap();
    let sums = (&called["usage"], &called["byok_usage_inference"]);
    assert_eq!(sums, (&json!(0.002), &json!(0.112)), "{activity}");
    let statement = gateway.get("/credits/statements/2026-10").await;
    assert!(statement.text().contains("0.002"), "{}", statement.text());
    let stopped = gateway.stop().await;
    let (is_well, told) =
        run(&stopped.database_url(), &"07".repeat(32), &["ledger", "trace", &said.id]);
    assert!(is_well && told.contains("$0.0008"), "{told}");
    assert!(told.contains("What was paid is what it cost."), "{told}");
}

#[tokio::test]
async fn what_fails_or_has_no_price_costs_no_fee() {
    let (gateway, _simulator, _dial) = world().await;
    add(&gateway, "1").await;
    agree(&gateway, "at-once").await;
    let (broken, error) = {
        let streamed = gateway.chat_stream(asking("acme/broken")).await;
        streamed.broken_off()
    };
    assert_eq!(broken.cost(), Usd::ZERO, "{error}");
    let unpriced = gateway.chat(asking("acme/unpriced")).await.said();
    assert_eq!((unpriced.cost(), &unpriced.usage["is_byok"]), (Usd::ZERO, &json!(true)));
    assert_eq!(balance(&gateway).await.charged(), Usd::ZERO);
    assert_eq!(costs(&gateway).await, usd("0.0016"));
    // An answer that is told again.
    let again = || gateway.chat_call(&eight()).header("X-OpenRouter-Cache", "true").send();
    assert_eq!(again().await.said().cost(), usd("0.0016"));
    assert_eq!(again().await.said().cost(), Usd::ZERO);
    assert_eq!(balance(&gateway).await.charged(), usd("0.0032"));
}

/// Nobody wrote anything: no fee is due, whatever was read.
#[tokio::test]
async fn an_answer_without_a_word_costs_no_fee() {
    let answer = json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": null,
            "message": { "role": "assistant", "content": "" } }],
        "usage": { "prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 50 },
    });
    let provider = Canned::start("application/json", answer.to_string()).await;
    let gateway = TestGateway::builder()
        .config(FEES)
        .config("[upstream]\nfetch_private_addresses = true\n")
        .provider_at("acme", Protocol::OpenAi, &provider.base_url())
        .endpoint("acme/m", "acme", "m", PRICE)
        .start()
        .await;
    bring(&gateway, "acme").await;
    add(&gateway, "1").await;
    agree(&gateway, "at-once").await;
    gateway.chat(eight()).await;
    assert_eq!(balance(&gateway).await.charged(), Usd::ZERO);
}

#[tokio::test]
async fn a_plan_has_a_fee_of_its_own() {
    let (gateway, _simulator, _dial) = world().await;
    add(&gateway, "1").await;
    for _ in 0..4 {
        assert_eq!(costs(&gateway).await, Usd::ZERO);
    }
    agree(&gateway, "never").await;
    assert_eq!(costs(&gateway).await, Usd::ZERO);
    agree(&gateway, "at-once").await;
    assert_eq!(costs(&gateway).await, usd("0.0016"));
    // What was called under other plans counts.
    let left = gateway.call("PUT", "/credits/plan").json(&json!({ "plan": null })).send().await;
    assert_eq!(left.status, 200, "{}", left.text());
    assert_eq!(costs(&gateway).await, usd("0.0008"));
    // Rates are off list prices, a fee is of them; tiers are off what is spent: $0.0024 until here.
    agree(&gateway, "tiers").await;
    assert_eq!(costs(&gateway).await, usd("0.0008"));
    assert_eq!(balance(&gateway).await.charged(), usd("0.0032"));
}

#[tokio::test]
async fn the_fee_is_spend_of_keys_and_budgets() {
    let (gateway, simulator, _dial) = world().await;
    add(&gateway, "1").await;
    agree(&gateway, "at-once").await;
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.002"))).await;
    let budget = r#"{"daily_budget": "0.002"}"#;
    let budgeted =
        gateway.key_with(|key| key.rate_limits = serde_json::from_str(budget).unwrap()).await;
    for key in [&limited, &budgeted] {
        assert_eq!(costs_with(&gateway, key).await, usd("0.0016"));
        let calls = simulator.calls("echo");
        let refused = gateway.chat_call(&eight()).key(key).send().await;
        let message = refused.error_message(402, "payment_required");
        assert!(message.contains("a fee of 10 % of the list price"), "{message}");
        assert_eq!(simulator.calls("echo"), calls);
    }
    assert_eq!(balance(&gateway).await.charged(), usd("0.0032"));
}

/// What the installation's account pays for is charged, and no fee beside it.
#[tokio::test]
async fn a_call_that_shared_and_own_keys_answered_costs_no_fee() {
    let rules = r#"
        [[rule]]
        name = "both"
        [rule.then.cascade]
        models = ["acme/m", "other/m"]
        escalate = { shorter_than = 20 }
    "#;
    let (simulator, dial) = (simulator().await, Dial::october());
    let gateway = started(built(&simulator).config(rules), &dial).await;
    bring(&gateway, "acme").await;
    add(&gateway, "1").await;
    agree(&gateway, "at-once").await;
    let said = gateway.chat(eight()).await.said();
    assert_eq!((said.model.as_str(), &said.usage["is_byok"]), ("other/m", &json!(false)));
    let record = gateway.generation(&said.id).await;
    let stages = record["routing"]["policy"]["stages"].as_array().unwrap();
    let cost: f64 = stages.iter().map(|it| it["cost"].as_f64().unwrap()).sum();
    assert!(cost > 0.0, "{record}");
    assert_eq!(record["total_cost"].as_f64(), Some(cost), "{record}");
    // With keys of the caller's own for both, the fee is of both.
    bring(&gateway, "other").await;
    let said = gateway.chat(eight()).await.said();
    let listed = said.usage["cost_details"]["upstream_inference_cost"].as_f64().unwrap();
    assert!(listed > 0.016, "{}", said.usage);
    let tenth = usd(&format!("{:.9}", listed / 10.0));
    assert_eq!((said.cost(), &said.usage["is_byok"]), (tenth, &json!(true)));
    balance(&gateway).await;
}

#[tokio::test]
async fn a_restart_goes_on_where_the_month_was() {
    let (gateway, simulator, dial) = world().await;
    add(&gateway, "1").await;
    for _ in 0..4 {
        assert_eq!(costs(&gateway).await, Usd::ZERO);
    }
    let stopped = gateway.stop().await;
    let gateway = started(built(&simulator).on(stopped), &dial).await;
    assert_eq!(costs(&gateway).await, usd("0.0004"));
    let stopped = gateway.stop().await;
    let gateway = started(built(&simulator).on(stopped), &dial).await;
    assert_eq!(costs(&gateway).await, usd("0.0008"));
    assert_eq!(balance(&gateway).await.charged(), usd("0.0012"));
}

/// The month is the account's: a workspace that pays from another one begins there with what that one
/// has come to, leaves behind what it has, and takes nothing of it away when it is deleted.
#[tokio::test]
async fn the_month_stays_with_the_account_that_paid() {
    let (gateway, simulator, dial) = world().await;
    add(&gateway, "1").await;
    let team = json!({ "name": "Team", "slug": "team" });
    let made = manage(&gateway, "POST", "/workspaces", &team).await;
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&id)).await;
    for _ in 0..4 {
        assert_eq!(costs_with(&gateway, &key).await, Usd::ZERO);
    }
    let account = json!({ "account": "other" });
    let path = format!("/workspaces/{id}");
    manage(&gateway, "PATCH", &path, &account).await;
    let stopped = gateway.stop().await;
    let gateway = started(built(&simulator).on(stopped), &dial).await;
    // Four calls are on the account of everybody else, none on that of the team.
    assert_eq!(costs_with(&gateway, &key).await, Usd::ZERO);
    assert_eq!(costs(&gateway).await, usd("0.0004"));
    let keys = manage(&gateway, "GET", &format!("/keys?workspace_id={id}"), &json!({})).await;
    let hash = keys["data"][0]["hash"].as_str().unwrap();
    for gone in [format!("/keys/{hash}"), path] {
        manage(&gateway, "DELETE", &gone, &json!({})).await;
    }
    let stopped = gateway.stop().await;
    let gateway = started(built(&simulator).on(stopped), &dial).await;
    assert_eq!(costs(&gateway).await, usd("0.0008"));
    assert_eq!(balance(&gateway).await.charged(), usd("0.0012"));
}

/// However many end at once, together they cost what the month does.
#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_cost_together_what_the_month_does() {
    let (gateway, _simulator, _dial) = world().await;
    add(&gateway, "1").await;
    let gateway = Arc::new(gateway);
    let mut calls = JoinSet::new();
    for _ in 0..42 {
        let gateway = Arc::clone(&gateway);
        calls.spawn(async move { costs(&gateway).await });
    }
    let told = calls.join_all().await;
    let told = told.into_iter().fold(Usd::ZERO, Usd::saturating_add);
    // $0.672, less $0.072000001.
    assert_eq!(told, usd("0.03"));
    let found = balance(&gateway).await;
    assert_eq!((found.charged(), found.available), (usd("0.03"), usd("0.97")));
}

/// Who begins before the line holds nothing: what calls at once cost beyond it is owed, and the next
/// is refused.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cross_the_line_together_are_charged_without_credit() {
    let (gateway, _simulator, _dial) = world().await;
    let gateway = Arc::new(gateway);
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let gateway = Arc::clone(&gateway);
        calls.spawn(async move { gateway.chat(eight()).await.status });
    }
    let statuses = calls.join_all().await;
    let answered = statuses.iter().filter(|it| **it == 200).count();
    assert!(statuses.iter().all(|it| [200, 402].contains(it)), "{statuses:?}");
    assert!(answered >= 2, "{statuses:?}");
    gateway.chat(eight()).await.error(402, "payment_required");
    let listed = usd("0.016").nanos() * i64::try_from(answered).unwrap();
    let beyond = (listed - usd("0.072000001").nanos()).max(0);
    let fee = Usd::from_nanos((beyond * 5 + 99) / 100);
    assert_eq!(balance(&gateway).await.charged(), fee, "{answered}");
    // Once it is paid, calls go on.
    add(&gateway, "1").await;
    eventually("the payment is known", || async {
        (gateway.chat(eight()).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_gateways_share_an_allowance() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let gateway = || {
        let store = format!("[database]\nurl = \"{database}\"\n");
        built(&simulator).config(&store).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start()
    };
    let first = gateway().await;
    bring(&first, "acme").await;
    let second = gateway().await;
    add(&first, "1").await;
    for _ in 0..4 {
        assert_eq!(costs(&first).await, Usd::ZERO);
    }
    first.engine().recorder().flush().await;
    let engine = second.engine();
    engine.plans().follow(engine.organisation(), engine.stores(), engine.now()).await.unwrap();
    assert_eq!(costs_with(&second, first.key()).await, usd("0.0004"));
    second.engine().recorder().flush().await;
    second.engine().purses().give_back_all().await.unwrap();
    assert_eq!(balance(&first).await.charged(), usd("0.0004"));
}
