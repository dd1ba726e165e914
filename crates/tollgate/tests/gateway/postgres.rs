//! Two gateways on one Postgres database, each with a data folder of its own: what one is told
//! the other knows, and together they spend no more than there is.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tollgate_engine::{Clock, SystemClock};
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_limits::KeyLimits;
use tollgate_simulator::Simulator;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Protocol, TestGateway, eventually, simulator, usd};
use tollgate_types::{Timestamp, Usd};

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

pub(crate) const SECRET_KEY: &str =
    "0707070707070707070707070707070707070707070707070707070707070707";

/// Eight tokens each way: 1.6 cents.
fn eight() -> Value {
    json!({
        "model": "acme/m",
        "messages": [{ "role": "user", "content": "a b c d e f g h" }],
        "max_tokens": 8,
    })
}

fn built(database: &str, simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .config(&format!("[database]\nurl = \"{database}\"\n[billing]\nenabled = true\n"))
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        // Gateways on one database need the same.
        .env([("TOLLGATE_SECRET_KEY", SECRET_KEY)])
}

async fn gateway(database: &str, simulator: &Simulator) -> TestGateway {
    built(database, simulator).start().await
}

async fn two() -> ([TestGateway; 2], Simulator) {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let first = gateway(&database, &simulator).await;
    ([first, gateway(&database, &simulator).await], simulator)
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new("purchase", account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().stores().ledger.balance(&AccountId::default()).await.unwrap()
}

/// Everything is written and given back, and the books of all balance.
async fn assert_sound(gateways: &[TestGateway]) {
    for gateway in gateways {
        gateway.engine().recorder().flush().await;
        gateway.engine().purses().give_back_all().await.unwrap();
    }
    for gateway in gateways {
        let balance = balance(gateway).await;
        assert!(balance.proves() && balance.held == Usd::ZERO, "{balance:?}");
        assert_eq!(audit(&gateway.engine().stores().ledger.books().await.unwrap()), []);
    }
}

#[tokio::test]
async fn what_one_gateway_is_told_the_other_knows() {
    let (gateways, simulator) = two().await;
    let [first, second] = &gateways;
    for gateway in &gateways {
        gateway.chat(eight()).await.error(402, "payment_required");
    }
    assert_eq!(simulator.calls("echo"), 0);
    add(first, "1").await;
    // A key of the first, at the second.
    let called = second.chat_call(&eight()).key(first.key()).send().await.said();
    assert_eq!(called.cost(), usd("0.016"));
    assert_eq!(first.chat(eight()).await.said().cost(), usd("0.016"));
    assert_sound(&gateways).await;
    // A record of the second, at the first.
    assert_eq!(first.generation(&called.id).await["id"], called.id);
    assert_eq!(balance(second).await.available, usd("0.968"));
    // A preset of the first is one of the second, once it has looked.
    let preset = json!({ "temperature": 0.5, "messages": eight()["messages"] });
    let saved = first.call("POST", "/presets/quick/chat/completions").json(&preset).send().await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    let mut named = eight();
    named["preset"] = "quick".into();
    eventually("the preset is known", || async {
        (second.chat(named.clone()).await.status == 200).then_some(())
    })
    .await;
}

/// Also of a key that nothing limits, and at the gateway that has not been called with it.
#[tokio::test]
async fn each_gateway_tells_what_a_key_has_spent_at_all_of_them() {
    let (gateways, _simulator) = two().await;
    let [first, second] = &gateways;
    add(first, "1").await;
    for (gateway, calls) in [(first, 3), (second, 2), (first, 1)] {
        for _ in 0..calls {
            gateway.chat_call(&eight()).key(first.key()).send().await.said();
        }
        gateway.engine().recorder().flush().await;
    }
    for gateway in &gateways {
        eventually("the sum is told", || async {
            let told = gateway.call("GET", "/key").key(first.key()).send().await.json();
            (told["data"]["usage"] == 0.096).then_some(())
        })
        .await;
    }
}

/// One dollar, two gateways, two hundred calls at once: no cent too much, and all of it but what
/// the last call needs can be spent.
#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_never_overspend() {
    let (gateways, simulator) = two().await;
    add(&gateways[0], "1").await;
    let gateways = Arc::new(gateways);
    let mut calls = JoinSet::new();
    for n in 0..200 {
        let gateways = Arc::clone(&gateways);
        calls.spawn(async move { gateways[n % 2].chat(eight()).await.status });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| [200, 402].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
    assert_sound(gateways.as_slice()).await;
    // What one had set aside and not used is there for the other.
    for gateway in gateways.iter() {
        while gateway.chat(eight()).await.status == 200 {}
        assert_sound(gateways.as_slice()).await;
    }
    let balance = balance(&gateways[1]).await;
    assert_eq!([balance.spent, balance.available], ["0.992", "0.008"].map(usd));
    assert_eq!(simulator.calls("echo"), 62);
}

/// What a key used at one gateway is gone at the other, once each has told and heard: rates, what
/// the key may spend, and what its workspace may.
#[tokio::test]
async fn limits_are_not_multiplied_by_the_nodes() {
    let (gateways, _simulator) = two().await;
    let [first, second] = &gateways;
    add(first, "10").await;
    let rated = first.key_with(|key| key.rate_limits = parsed(r#"{"requests_per_day": 3}"#)).await;
    let limited = first.key_with(|key| key.limit = Some(usd("0.05"))).await;
    let budgeted = parsed(r#"{"daily_budget": "0.05"}"#);
    let budgeted = first.key_with(|key| key.rate_limits = budgeted).await;
    for key in [&rated, &limited, &budgeted] {
        for _ in 0..2 {
            assert_eq!(first.chat_call(&eight()).key(key).send().await.status, 200);
        }
        // One more passes: three calls are $0.048.
        passes_at(second, key).await;
    }
    for gateway in &gateways {
        gateway.engine().recorder().flush().await;
    }
    // A round of each. A call that passed meanwhile would be one too many: wait, don't call.
    sleep(Duration::from_secs(6)).await;
    for (key, status) in [(&rated, 429), (&limited, 402), (&budgeted, 402)] {
        for gateway in &gateways {
            let refused = gateway.chat_call(&eight()).key(key).send().await;
            assert_eq!(refused.status, status, "{}", refused.text());
        }
    }
    assert_sound(&gateways).await;
}

/// A dollar that a key or its workspace may spend, three gateways, two hundred callers at once who
/// try again: no cent too much, and all of it but what the last call needs.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the bound is printed")]
async fn three_gateways_spend_no_more_than_a_limit() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let rule = "[[limit]]\nscope = \"workspace\"\nof = \"default\"\nlifetime_budget = \"2.5\"\n";
    let start = async || built(&database, &simulator).config(rule).start().await;
    let first = start().await;
    add(&first, "100").await;
    let limited = first.key_with(|key| key.limit = Some(usd("1"))).await;
    let budgeted = parsed(r#"{"monthly_budget": "1"}"#);
    let budgeted = first.key_with(|key| key.rate_limits = budgeted).await;
    let of_workspace = first.key_with(|_| {}).await;
    let gateways = Arc::new([first, start().await, start().await]);
    // What the two keys before have spent counts for the workspace of the third.
    for (what, key, bound) in [
        ("a key's limit", limited, "1"),
        ("a key's budget", budgeted, "1"),
        ("a workspace's budget", of_workspace, "0.516"),
    ] {
        let spent = burst(&gateways, &key).await;
        println!("{what}: 200 callers at three gateways have spent {spent} of ${bound}, the bound");
        let left = usd(bound).checked_sub(spent).unwrap();
        assert!((Usd::ZERO..usd("0.016")).contains(&left), "{what}: {spent}");
    }
    assert_sound(gateways.as_slice()).await;
}

/// Two hundred callers of a key at once, until nobody is told to try again: what they spent.
async fn burst(gateways: &Arc<[TestGateway; 3]>, key: &str) -> Usd {
    let mut callers = JoinSet::new();
    for n in 0..200 {
        let (gateways, key) = (Arc::clone(gateways), key.to_owned());
        callers.spawn(async move {
            let call = gateways[n % 3].chat_call(&eight()).key(&key).send().await;
            assert!([200, 402, 403].contains(&call.status), "{}", call.text());
            if call.status == 200 { usd("0.016") } else { Usd::ZERO }
        });
    }
    let mut spent = callers.join_all().await.into_iter().fold(Usd::ZERO, Usd::saturating_add);
    for gateway in gateways.iter() {
        // What others were allotted and did not use comes back.
        let called = async || {
            eventually("there is some left, or none", async || {
                let reply = gateway.chat_call(&eight()).key(key).send().await;
                let is_final = reply.header("retry-after").is_none();
                is_final.then_some(reply.status == 200)
            })
            .await
        };
        while called().await {
            spent = spent.saturating_add(usd("0.016"));
        }
    }
    spent
}

/// One more call passes, once what the other gateway has spent is on record.
async fn passes_at(gateway: &TestGateway, key: &str) {
    eventually("it may be spent", || async {
        let reply = gateway.chat_call(&eight()).key(key).send().await;
        assert!(
            reply.status == 200 || reply.header("retry-after") == Some("1"),
            "{}",
            reply.text()
        );
        (reply.status == 200).then_some(())
    })
    .await;
}

/// A clock that is behind by more than a minute.
#[derive(Debug)]
struct Behind;

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(-90_000)
    }
}

/// Whoever's clock is behind is heard all the same: what is used of a day, what is in flight, and
/// what the operator lets each key spend.
#[tokio::test]
async fn a_clock_that_is_behind_multiplies_no_limit() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let rule = "[[limit]]\nscope = \"key\"\ndaily_budget = \"0.05\"\n";
    let behind = built(&database, &simulator).config(rule).clock(Arc::new(Behind)).start().await;
    let right = built(&database, &simulator).config(rule).start().await;
    add(&behind, "10").await;
    let rated = behind.key_with(|key| key.rate_limits = parsed(r#"{"requests_per_day": 2}"#)).await;
    let budgeted = behind.key_with(|_| {}).await;
    for key in [&rated, &budgeted] {
        for _ in 0..2 {
            assert_eq!(behind.chat_call(&eight()).key(key).send().await.status, 200);
        }
    }
    passes_at(&right, &budgeted).await;
    for gateway in [&behind, &right] {
        gateway.engine().recorder().flush().await;
    }
    sleep(Duration::from_secs(6)).await;
    for (key, status) in [(&rated, 429), (&budgeted, 402)] {
        for gateway in [&right, &behind] {
            let refused = gateway.chat_call(&eight()).key(key).send().await;
            assert_eq!(refused.status, status, "{}", refused.text());
        }
    }
}

fn parsed(limits: &str) -> KeyLimits {
    serde_json::from_str(limits).unwrap()
}

/// A gateway that stops gives back what it has set aside; the other goes on.
#[tokio::test]
async fn one_may_stop_while_the_other_goes_on() {
    let ([first, second], _simulator) = two().await;
    add(&first, "1").await;
    assert_eq!(first.chat(eight()).await.status, 200);
    first.stop().await;
    let places = balance(&second).await;
    assert_eq!([places.available, places.held, places.spent], ["0.984", "0", "0.016"].map(usd));
    assert_eq!(second.chat(eight()).await.status, 200);
    assert_sound(&[second]).await;
}

/// Runs the program on a database.
fn run(database: &str, arguments: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("TOLLGATE_DATABASE_URL", database)
        .env("TOLLGATE_SECRET_KEY", SECRET_KEY)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn the_password_of_a_database_is_not_shown() {
    let server = TestServer::shared();
    let database = server.database().await;
    for arguments in [
        &["config", "show", "--origin"][..],
        &["config", "show", "--json"],
        &["doctor", "--offline"],
        &["keys", "list"],
    ] {
        let (is_well, said) = run(&database, arguments);
        assert!(is_well, "{arguments:?}: {said}");
        assert!(!said.contains("not-needed"), "{arguments:?}: {said}");
    }
    let (_, shown) = run(&database, &["config", "show"]);
    assert!(shown.contains("postgres://postgres:***@"), "{shown}");
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_with_a_database() {
    let server = TestServer::shared();
    let occupied = server.database().await;
    let name = occupied.rsplit('/').next().unwrap();
    let elsewhere = server.url(&format!("no_{name}"));
    let refusals = [
        (elsewhere.as_str(), "make it with CREATE DATABASE"),
        (
            "postgres://me:not-needed@127.0.0.1:1/db",
            "no Postgres server answers at db at 127.0.0.1:1",
        ),
        ("postgres://me:not-needed@127.0.0.1:1", "it names no database"),
        ("mysql://me:not-needed@127.0.0.1/db", "`mysql:` is not supported"),
    ];
    for (database, expected) in refusals {
        let (is_well, said) = run(database, &["doctor", "--offline"]);
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.replace(" │ │ ┆ ┆ ", " ");
        assert!(!is_well && !said.contains("not-needed"), "{said}");
        assert!(words.contains(expected), "{expected}: {said}");
    }
    let (is_well, said) = run(&occupied, &["doctor", "--offline"]);
    assert!(is_well && said.contains("0 keys"), "{said}");
}

/// A dollar that was paid back is spent by neither, whatever it had set aside; what one gateway
/// has idle, the other is not told to be missing.
#[tokio::test]
async fn two_gateways_share_what_is_little_and_spend_nothing_that_was_taken_back() {
    let (gateways, _simulator) = two().await;
    add(&gateways[0], "1").await;
    let mut open = eight();
    open.as_object_mut().unwrap().remove("max_tokens");
    let closing = [eight(), eight()];
    for (n, body) in std::iter::repeat_n(open, 12).chain(closing).enumerate() {
        eventually("the credit comes back", || async {
            let reply = gateways[n % 2].chat(body.clone()).await;
            if reply.status == 200 {
                return Some(());
            }
            let refused = reply.error(402, "payment_required");
            let source = &refused["metadata"]["limit_source"];
            assert_eq!(source, "openrouter_in_flight_budget", "{refused}");
            assert_eq!(reply.header("retry-after"), Some("1"));
            None
        })
        .await;
    }
    let engine = gateways[0].engine();
    let taken = Movement::new("back", AccountId::default(), Kind::Reversal, usd("1"), engine.now());
    assert!(engine.stores().ledger.post(vec![taken]).await.unwrap());
    sleep(Duration::from_secs(2)).await;
    for gateway in &gateways {
        let refused = gateway.chat(eight()).await.error(402, "payment_required");
        assert_eq!(refused["metadata"]["limit_source"], "openrouter_credits", "{refused}");
    }
    assert_sound(&gateways).await;
    assert_eq!(balance(&gateways[0]).await.available, usd("-0.224"));
}
