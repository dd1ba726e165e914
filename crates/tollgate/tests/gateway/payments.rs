//! Credit is bought: what the payment provider tells is in the ledger once, whatever way it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_store::MovementQuery;
use tollgate_testkit::{Protocol, Reply, StripePeer, TestGateway, eventually, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::home::Home;

pub(crate) const FEE: &str = "[billing]\nenabled = true\n\
    platform_fee = { percent = \"5.5\", minimum_usd = \"0.80\" }\n";

pub(crate) async fn world() -> (TestGateway, StripePeer) {
    let peer = StripePeer::start().await;
    let config = format!("{FEE}{}", peer.config());
    (TestGateway::builder().config(&config).start().await, peer)
}

pub(crate) async fn checkout(gateway: &TestGateway, body: &Value) -> Reply {
    gateway.call("POST", "/credits/checkout").json(body).send().await
}

/// Opens a page and pays on it: the events that tell of it.
pub(crate) async fn pay(gateway: &TestGateway, peer: &StripePeer, dollars: &str) -> [Value; 2] {
    let page = checkout(gateway, &json!({ "amount": dollars })).await;
    assert_eq!(page.status, 201, "{}", page.text());
    peer.pay(page.json()["data"]["id"].as_str().unwrap())
}

pub(crate) async fn deliver(gateway: &TestGateway, body: &str, signature: &str) -> Reply {
    let call = gateway.at("POST", "/webhooks/stripe").header("content-type", "application/json");
    call.header("stripe-signature", signature).body(body.to_owned()).send().await
}

pub(crate) async fn tell(gateway: &TestGateway, peer: &StripePeer, event: &Value) -> Reply {
    let body = event.to_string();
    deliver(gateway, &body, &peer.sign(&body, gateway.engine().now())).await
}

pub(crate) async fn told(gateway: &TestGateway, peer: &StripePeer, event: &Value) {
    let reply = tell(gateway, peer, event).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), json!({ "received": true }));
}

pub(crate) async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().stores().ledger.balance(&AccountId::default()).await.unwrap()
}

/// What was entered, oldest first: ids, kinds and amounts.
pub(crate) async fn entered(gateway: &TestGateway) -> Vec<(String, Kind, Usd)> {
    let query = MovementQuery { entered_only: true, limit: 1_000, ..MovementQuery::default() };
    let rows = gateway.engine().stores().ledger.movements(&query).await.unwrap();
    let told =
        |it: tollgate_store::LedgerRow| (it.movement.id, it.movement.kind, it.movement.amount);
    rows.into_iter().rev().map(told).collect()
}

pub(crate) async fn assert_sound(gateway: &TestGateway) {
    let books = gateway.engine().stores().ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
}

pub(crate) fn bought(id: &str, credit: &str, fee: &str) -> [(String, Kind, Usd); 2] {
    [
        (format!("stripe/{id}"), Kind::Purchase, usd(credit)),
        (format!("stripe/{id}/fee"), Kind::Fee, usd(fee)),
    ]
}

/// Contract §1.3.
#[tokio::test]
async fn section_1_3_coinbase_is_gone() {
    let gateway = TestGateway::builder().start().await;
    for call in [
        gateway.call("POST", "/credits/coinbase").json(&json!({ "amount": 5 })),
        gateway.call("POST", "/credits/coinbase").no_key(),
    ] {
        let message = call.send().await.error_message(410, "invalid_request");
        assert!(message.contains("POST /api/v1/credits/checkout"), "{message}");
    }
    gateway.call("GET", "/credits/coinbase").send().await.error(405, "invalid_request");
}

#[tokio::test]
async fn what_is_paid_is_there_once_though_it_is_told_three_times_at_once() {
    let (gateway, peer) = world().await;
    let [completed, succeeded] = pay(&gateway, &peer, "20").await;
    let gateway = Arc::new(gateway);
    let mut telling = JoinSet::new();
    for event in [completed.clone(), succeeded.clone(), completed.clone(), succeeded, completed] {
        let gateway = Arc::clone(&gateway);
        let body = event.to_string();
        let signature = peer.sign(&body, gateway.engine().now());
        telling.spawn(async move { deliver(&gateway, &body, &signature).await.status });
    }
    assert!(telling.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(balance(&gateway).await.available, usd("20"));
    assert_eq!(entered(&gateway).await, bought("pi_of_cs_0", "20", "1.1"));
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn the_same_page_is_opened_once_for_each_key() {
    let (gateway, _peer) = world().await;
    let open = |key: &'static str| {
        let call = gateway.call("POST", "/credits/checkout").header("idempotency-key", key);
        call.json(&json!({ "amount": 10, "payment_method": "crypto" })).send()
    };
    let first = open("a").await.json();
    assert_eq!(first["data"]["url"], "https://checkout.example/cs_0");
    assert_eq!(open("a").await.json(), first);
    assert_eq!(open("b").await.json()["data"]["id"], "cs_1");
}

#[tokio::test]
async fn a_page_is_the_same_after_it_was_paid_on() {
    let (gateway, peer) = world().await;
    let open = |amount: u32| {
        let call = gateway.call("POST", "/credits/checkout").header("idempotency-key", "a");
        call.json(&json!({ "amount": amount })).send()
    };
    let first = open(10).await.json();
    for event in peer.pay(first["data"]["id"].as_str().unwrap()) {
        told(&gateway, &peer, &event).await;
    }
    // Somebody who is known by now: it was opened by somebody unknown.
    assert_eq!(open(10).await.json(), first);
    let refused = open(11).await;
    let message = refused.error(409, "invalid_request")["message"].to_string();
    assert!(message.contains("Choose another"), "{message}");
}

#[tokio::test]
async fn names_and_keys_may_be_as_long_as_they_may_be() {
    let peer = StripePeer::start().await;
    let name = "n".repeat(128);
    let config = format!("{FEE}[payments]\ninstallation = \"{name}\"\n{}", peer.config());
    let gateway = TestGateway::builder().config(&config).start().await;
    let key = "k".repeat(128);
    let open = || {
        let call = gateway.call("POST", "/credits/checkout").header("idempotency-key", &key);
        call.json(&json!({ "amount": 10 })).send()
    };
    let first = open().await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(open().await.json(), first.json());
}

#[tokio::test]
async fn what_nobody_can_buy_is_refused() {
    let (gateway, _peer) = world().await;
    for (body, told) in [
        (json!({ "amount": 10.001 }), "whole cents"),
        (json!({ "amount": -1 }), "at least 0 dollars"),
        (json!({ "amount": "1.0000000001" }), "at most 9 digits behind the point"),
        (json!({ "amount": 1e300 }), "Expected at most $9223372036"),
        (json!({ "amount": [1] }), "amount: Expected a number of dollars"),
        (json!({ "amount": "1000000" }), "the most that can be charged"),
        (json!({ "amount": 0 }), "the least that can be charged"),
        (json!({ "amount": 5, "to": "me" }), "unknown field"),
        (json!({}), "missing field `amount`"),
    ] {
        let refused = checkout(&gateway, &body).await;
        let message = refused.error(400, "invalid_request")["message"].to_string();
        assert!(message.contains(told), "{body}: {message}");
    }
    let with_inference_key = gateway.call("POST", "/credits/checkout").key(gateway.key());
    assert_eq!(with_inference_key.json(&json!({ "amount": 5 })).send().await.status, 403);
    let elsewhere = TestGateway::builder().start().await;
    let refused = checkout(&elsewhere, &json!({ "amount": 5 })).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert_eq!(elsewhere.at("POST", "/webhooks/stripe").send().await.status, 404);
}

#[tokio::test]
async fn nobody_else_can_tell_of_a_payment() {
    let (gateway, peer) = world().await;
    let [completed, _] = pay(&gateway, &peer, "20").await;
    let (body, now) = (completed.to_string(), gateway.engine().now());
    let right = peer.sign(&body, now);
    let other = body.replace("2000", "9000");
    for (body, signature) in [
        (&body, String::new()),
        (&body, peer.forge(&body, now)),
        (&body, peer.sign(&body, now.plus_millis(-301_000))),
        (&body, peer.sign(&body, now.plus_millis(302_000))),
        (&other, right.clone()),
    ] {
        let refused = deliver(&gateway, body, &signature).await;
        assert_eq!(refused.status, 400, "{signature}: {}", refused.text());
    }
    let unsigned = gateway.at("POST", "/webhooks/stripe").body(body.clone()).send().await;
    assert_eq!(unsigned.status, 400);
    let large = "x".repeat(300_000);
    let refused = deliver(&gateway, &large, &peer.sign(&large, now)).await;
    assert_eq!(refused.status, 413);
    assert_eq!(entered(&gateway).await, []);
    // Replayed while it is young it is taken, and moves nothing again.
    for _ in 0..2 {
        assert_eq!(deliver(&gateway, &body, &right).await.status, 200);
    }
    assert_eq!(entered(&gateway).await.len(), 2);
}

#[tokio::test]
async fn what_goes_back_is_taken_back_in_whatever_order_it_is_told() {
    let (gateway, peer) = world().await;
    let [completed, succeeded] = pay(&gateway, &peer, "10").await;
    // Before anybody has told that it was paid, the last refund first.
    let (first, second) = (peer.refund("pi_of_cs_0", 300), peer.refund("pi_of_cs_0", 780));
    for event in [&second, &first, &second, &completed, &succeeded, &first] {
        told(&gateway, &peer, event).await;
    }
    // Whoever hears of a refund first looks up what was paid, and all that has gone back of it.
    let mut expected = bought("pi_of_cs_0", "10", "0.8").to_vec();
    expected.extend([
        ("stripe/re_1".to_owned(), Kind::Reversal, usd("3")),
        ("stripe/re_2".to_owned(), Kind::Reversal, usd("7")),
        ("stripe/re_2/fee".to_owned(), Kind::FeeReversal, usd("0.8")),
    ]);
    assert_eq!(entered(&gateway).await, expected);
    assert_eq!(balance(&gateway).await, Balance::default());
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn whoever_hears_no_answer_tells_again_and_it_is_there_once() {
    let (gateway, peer) = world().await;
    let [completed, succeeded] = pay(&gateway, &peer, "20").await;
    let body = completed.to_string();
    let signature = peer.sign(&body, gateway.engine().now());
    let request = format!(
        "POST /webhooks/stripe HTTP/1.1\r\nhost: gateway\r\nstripe-signature: {signature}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    // It is told, and nobody is there any more for the answer.
    let mut connection = TcpStream::connect(gateway.address()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    eventually("the payment is in the ledger", async || {
        (balance(&gateway).await.available > Usd::ZERO).then_some(())
    })
    .await;
    drop(connection);
    let stopped = gateway.stop().await;
    let config = format!("{FEE}{}", peer.config());
    let gateway = TestGateway::builder().config(&config).on(stopped).start().await;
    for event in [&completed, &succeeded] {
        told(&gateway, &peer, event).await;
    }
    assert_eq!(entered(&gateway).await, bought("pi_of_cs_0", "20", "1.1"));
    assert_sound(&gateway).await;
}

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_month_is_told_as_json_csv_and_pdf() {
    let (peer, acme) = (StripePeer::start().await, simulator().await);
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap().unix_millis();
    let clock = Arc::new(Hand(AtomicI64::new(at("2026-10-30T12:00:00Z"))));
    let config = format!(
        "{FEE}[attribution]\nheaders = [\"X-Department\"]\n[payments]\ninstallation = \"Acme\"\n{}",
        peer.config()
    );
    let gateway = TestGateway::builder()
        .clock(clock.clone())
        .config(&config)
        .provider("acme", Protocol::OpenAi, &acme)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "1000", output = "1000" }"#)
        .start()
        .await;
    for event in pay(&gateway, &peer, "20").await {
        told(&gateway, &peer, &event).await;
    }
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a b c d e f g h" }] });
    for department in ["research", "sales", "sales"] {
        gateway.chat_call(&body).header("x-department", department).send().await.said();
    }
    let path = "/credits/statements/2026-10";
    for now in ["2026-10-30T12:00:00Z", "2026-11-01T01:00:00Z"] {
        clock.0.store(at(now), Ordering::Relaxed);
        let preliminary = gateway.get(path).await.json();
        assert_eq!(preliminary["data"]["number"], Value::Null, "{now}");
    }
    clock.0.store(at("2026-11-02T12:00:00Z"), Ordering::Relaxed);
    let told = gateway.get(path).await.json()["data"].clone();
    assert_eq!(told["number"], "default-2026-10-001");
    assert_eq!(told["installation"], "Acme");
    assert_eq!(told["opening_balance"], "0");
    // 16 tokens of $0.001 each, three times.
    assert_eq!(told["closing_balance"], "19.952");
    assert_eq!(told["usage_total"], "0.048");
    assert_eq!(told["beside_balance"][0], json!({ "name": "fees", "amount": "1.1" }));
    let departments: Vec<_> = told["usage"][1]["lines"].as_array().unwrap().iter().collect();
    assert_eq!(told["usage"][1]["by"], "x-department");
    assert_eq!(
        (&departments[0]["name"], &departments[0]["amount"]),
        (&json!("sales"), &json!("0.032"))
    );
    let csv = gateway.call("GET", path).header("accept", "text/csv").send().await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.text().contains("balance,,closing_balance,,,,,,19.952\r\n"), "{}", csv.text());
    let pdf = gateway.call("GET", path).header("accept", "application/pdf").send().await;
    assert_eq!(pdf.header("content-type"), Some("application/pdf"));
    assert!(pdf.body.starts_with(b"%PDF-"));
    // What comes later changes nothing of a month that is over.
    gateway.chat(body).await.said();
    assert_eq!(gateway.get(path).await.json()["data"], told);
    for (bad, status) in
        [("2026-13", 400), ("2026-12", 400), ("2026-09", 404), ("2026-10?account=defualt", 404)]
    {
        let refused = gateway.get(&format!("/credits/statements/{bad}")).await;
        assert_eq!(refused.status, status, "{bad}: {}", refused.text());
    }
}

/// Whoever adds a payment by hand that is told of later sees it: nothing is swallowed.
#[tokio::test]
async fn what_the_ledger_has_otherwise_is_not_taken_for_known() {
    let (gateway, peer) = world().await;
    let events = pay(&gateway, &peer, "20").await;
    let engine = gateway.engine();
    let add = |id: &str, dollars: &str| {
        let (account, at) = (AccountId::default(), engine.now());
        let added = Movement::new(id, account, Kind::Purchase, usd(dollars), at);
        engine.stores().ledger.post(vec![added])
    };
    assert!(add("stripe/pi_of_cs_0", "1").await.unwrap());
    for event in &events {
        let refused = tell(&gateway, &peer, event).await;
        let message = refused.error(409, "invalid_request")["message"].to_string();
        assert!(message.contains("a purchase of $1 as stripe/pi_of_cs_0"), "{message}");
    }
    let found = gateway.cashier().reconcile(Timestamp::from_unix_millis(0)).await.unwrap();
    assert_eq!((found.posted, found.refused.len()), (0, 2), "{found:?}");
    assert_eq!(balance(&gateway).await.available, usd("1"));
    // The same is taken once.
    let events = pay(&gateway, &peer, "30").await;
    assert!(add("stripe/pi_of_cs_1", "30").await.unwrap());
    for event in &events {
        told(&gateway, &peer, event).await;
    }
    assert_eq!(balance(&gateway).await.available, usd("31"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_payments_and_of_the_ledger_are_not_given_by_hand() {
    let home = Home::new();
    for id in ["stripe/pi_1", " stripe/pi_1"] {
        let refused = home.run(&["credits", "add", "1", "--id", id]);
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        assert!(refused.err.contains("tollgate credits reconcile"), "{}", refused.err);
    }
    for id in ["commitment/2026-10/default", "invoice-7/fee", "hold-1", "gen-1", "a/expiry/1"] {
        let refused = home.run(&["credits", "add", "1", "--id", id]);
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        assert!(refused.err.contains("that the ledger gives itself"), "{}", refused.err);
    }
    for id in ["stripe", "stripes/1", "invoice/stripe/1"] {
        home.does(&["credits", "add", "1", "--id", id]);
    }
    assert_eq!(home.json(&["credits", "show", "--json"])["balance"], "3");
}
