//! Payments go back: by refunds, by disputes, and what was not told is asked for.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_ledger::{Balance, Kind};
use tollgate_testkit::{Protocol, StripePeer, TestGateway, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::home::Home;
use crate::payments::{FEE, assert_sound, balance, deliver, entered, pay, tell, told, world};

/// What was entered of a kind, in all.
async fn sum(gateway: &TestGateway, kind: Kind) -> Usd {
    let of = entered(gateway).await.into_iter().filter(|(_, it, _)| *it == kind);
    of.fold(Usd::ZERO, |sum, (_, _, amount)| sum.checked_add(amount).unwrap())
}

#[tokio::test]
async fn a_dispute_takes_the_credit_back_and_ends_top_ups() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let wanted = json!({ "threshold": 5, "amount": 10 });
    let set = gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    assert_eq!(set.json()["data"]["enabled"], true, "{}", set.text());
    let dispute = peer.dispute("pi_of_cs_0", 1_080, ("created", "needs_response"));
    for _ in 0..2 {
        told(&gateway, &peer, &dispute).await;
    }
    assert_eq!(balance(&gateway).await.available, Usd::ZERO);
    let kinds: Vec<Kind> = entered(&gateway).await.into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, [Kind::Purchase, Kind::Fee, Kind::Reversal, Kind::FeeReversal]);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    assert_eq!(peer.charges(), 0);
    let state = gateway.get("/credits/auto-topup").await.json();
    assert_eq!(state["data"]["stopped"], "a payment was disputed");
}

/// What the gateway had set aside of it is not spent, either.
#[tokio::test]
async fn what_a_dispute_takes_is_not_spent() {
    let (peer, simulator) = (StripePeer::start().await, simulator().await);
    let gateway = TestGateway::builder()
        .config(&format!("{FEE}{}", peer.config()))
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "1000", output = "1000" }"#)
        .start()
        .await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let body = json!({
        "model": "acme/m", "messages": [{ "role": "user", "content": "a b" }], "max_tokens": 2,
    });
    assert_eq!(gateway.chat(body.clone()).await.said().cost(), usd("0.004"));
    let before = balance(&gateway).await;
    assert!(before.held > usd("0.1"), "{before:?}");
    told(&gateway, &peer, &peer.dispute("pi_of_cs_0", 1_080, ("created", "needs_response"))).await;
    gateway.chat(body).await.error(402, "payment_required");
    gateway.engine().recorder().flush().await;
    let after = balance(&gateway).await;
    assert_eq!((after.available, after.held), (usd("-0.004"), Usd::ZERO));
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_dispute_that_was_booked_stops_nothing_again() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let created = peer.dispute("pi_of_cs_0", 1_080, ("created", "needs_response"));
    let withdrawn = peer.dispute("pi_of_cs_0", 1_080, ("funds_withdrawn", "needs_response"));
    told(&gateway, &peer, &created).await;
    let wanted = json!({ "threshold": 5, "amount": 10 });
    gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    for event in [&created, &withdrawn] {
        told(&gateway, &peer, event).await;
    }
    assert_eq!(gateway.get("/credits/auto-topup").await.json()["data"]["enabled"], true);
    assert_eq!(sum(&gateway, Kind::Reversal).await, usd("10"));
}

#[tokio::test]
async fn an_inquiry_takes_nothing_and_a_dispute_takes_once() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let wanted = json!({ "threshold": 5, "amount": 10 });
    gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    let dispute = |told| peer.dispute("pi_of_cs_0", 1_080, told);
    for status in ["warning_needs_response", "prevented"] {
        told(&gateway, &peer, &dispute(("created", status))).await;
    }
    assert_eq!(balance(&gateway).await.available, usd("10"));
    assert_eq!(gateway.get("/credits/auto-topup").await.json()["data"]["stopped"], Value::Null);
    // The inquiry has become a dispute.
    let withdrawn = dispute(("funds_withdrawn", "needs_response"));
    for event in [&withdrawn, &dispute(("created", "needs_response")), &withdrawn] {
        told(&gateway, &peer, event).await;
    }
    assert_eq!(balance(&gateway).await.available, Usd::ZERO);
    for _ in 0..2 {
        told(&gateway, &peer, &dispute(("funds_reinstated", "won"))).await;
    }
    assert_eq!(balance(&gateway).await.available, usd("10"));
    let kinds: Vec<Kind> = entered(&gateway).await.into_iter().map(|(_, kind, _)| kind).collect();
    let [bought, taken, returned] = [
        [Kind::Purchase, Kind::Fee],
        [Kind::Reversal, Kind::FeeReversal],
        [Kind::Adjustment, Kind::Fee],
    ];
    assert_eq!(kinds, [bought, taken, returned].concat());
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_dispute_that_was_won_gives_back_what_it_took_whatever_is_told_first() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    told(&gateway, &peer, &peer.dispute("pi_of_cs_0", 500, ("funds_reinstated", "won"))).await;
    assert_eq!(balance(&gateway).await.available, usd("10"));
    let withdrawn = peer.dispute("pi_of_cs_0", 500, ("funds_withdrawn", "needs_response"));
    told(&gateway, &peer, &withdrawn).await;
    assert_eq!(balance(&gateway).await.available, usd("10"));
    // What came again may go back again.
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 1_080)).await;
    assert_eq!(balance(&gateway).await.available, Usd::ZERO);
    assert_eq!(sum(&gateway, Kind::FeeReversal).await, usd("0.8"));
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_partial_dispute_and_a_refund_of_the_rest_take_the_payment_once() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    told(&gateway, &peer, &peer.dispute("pi_of_cs_0", 500, ("created", "needs_response"))).await;
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 580)).await;
    assert_eq!(sum(&gateway, Kind::Reversal).await, usd("10"));
    assert_eq!(sum(&gateway, Kind::FeeReversal).await, usd("0.8"));
    assert_eq!(balance(&gateway).await, Balance::default());
}

/// What the bank takes beyond that is the operator's.
#[tokio::test]
async fn a_dispute_of_everything_after_a_refund_takes_no_more_than_was_paid() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 300)).await;
    told(&gateway, &peer, &peer.dispute("pi_of_cs_0", 1_080, ("created", "needs_response"))).await;
    assert_eq!(sum(&gateway, Kind::Reversal).await, usd("10"));
    assert_eq!(sum(&gateway, Kind::FeeReversal).await, usd("0.8"));
    assert_eq!(balance(&gateway).await, Balance::default());
    // Won, as much comes again as it took.
    told(&gateway, &peer, &peer.dispute("pi_of_cs_0", 1_080, ("funds_reinstated", "won"))).await;
    assert_eq!(balance(&gateway).await.available, usd("7"));
    assert_eq!(sum(&gateway, Kind::Fee).await, usd("1.6"), "paid, given back, and paid again");
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn what_goes_back_in_steps_that_are_told_at_once_is_taken_once() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let mut events = vec![peer.dispute("pi_of_cs_0", 480, ("created", "needs_response"))];
    events.extend((0..4).map(|_| peer.refund("pi_of_cs_0", 150)));
    events.push(peer.dispute("pi_of_cs_0", 480, ("funds_withdrawn", "needs_response")));
    let gateway = Arc::new(gateway);
    let mut telling = JoinSet::new();
    for event in &events {
        let (body, gateway) = (event.to_string(), Arc::clone(&gateway));
        let signature = peer.sign(&body, gateway.engine().now());
        telling.spawn(async move { deliver(&gateway, &body, &signature).await.status });
    }
    telling.join_all().await;
    // One that was refused because many were told at once is told again.
    for event in &events {
        told(&gateway, &peer, event).await;
    }
    assert_eq!(sum(&gateway, Kind::Reversal).await, usd("10"));
    assert_eq!(sum(&gateway, Kind::FeeReversal).await, usd("0.8"));
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_refund_is_asked_for_and_booked_when_it_is_told() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let ask = |key: &'static str, body: Value| {
        let call = gateway.call("POST", "/credits/refunds").header("idempotency-key", key);
        call.json(&body).send()
    };
    let part = json!({ "payment": "pi_of_cs_0", "amount": "3" });
    let made = ask("a", part.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let told_of = json!({ "id": "re_1", "amount": 3, "auto_topup_enabled": false });
    assert_eq!(made.json(), json!({ "data": told_of }));
    assert_eq!(ask("a", part).await.json(), made.json());
    assert_eq!(balance(&gateway).await.available, usd("10"));
    for event in peer.events() {
        told(&gateway, &peer, &event).await;
    }
    assert_eq!(balance(&gateway).await.available, usd("7"));
    for (body, status, said) in [
        (json!({ "payment": "pi_of_cs_0", "amount": 20 }), 400, "greater than"),
        (json!({ "payment": "pi_of_cs_0", "amount": 0 }), 400, "not an amount in whole cents"),
        (json!({ "payment": "pi_of_cs_0", "amount": 0.001 }), 400, "whole cents"),
        (json!({ "payment": "pi_unknown" }), 404, "no payment of this installation"),
        (json!({ "payment": "../x" }), 404, "no payment of this installation"),
        (json!({ "amount": 1 }), 400, "missing field `payment`"),
    ] {
        let refused = ask("b", body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
        assert!(refused.text().contains(said), "{body}: {}", refused.text());
    }
    let other = ask("a", json!({ "payment": "pi_of_cs_0", "amount": 1 })).await;
    assert_eq!(other.status, 409, "{}", other.text());
    // All that is left, by the ledger's id.
    let rest = ask("c", json!({ "payment": "stripe/pi_of_cs_0" })).await;
    assert_eq!(rest.json()["data"]["amount"], 7.8, "{}", rest.text());
    for event in peer.events() {
        told(&gateway, &peer, &event).await;
    }
    assert_eq!(balance(&gateway).await, Balance::default());
    let with_inference_key = gateway.call("POST", "/credits/refunds").key(gateway.key());
    let body = json!({ "payment": "pi_of_cs_0" });
    assert_eq!(with_inference_key.json(&body).send().await.status, 403);
}

/// The card would be charged anew for what was just given back.
#[tokio::test]
async fn a_refund_of_all_that_was_bought_ends_top_ups() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let wanted = json!({ "threshold": 5, "amount": 10 });
    let begin = || gateway.call("PUT", "/credits/auto-topup").json(&wanted).send();
    begin().await;
    let refund = async |body: Value| {
        let made = gateway.post("/credits/refunds", &body).await;
        let refunded = peer.events().pop().unwrap();
        assert_eq!(refunded["type"], "charge.refunded");
        told(&gateway, &peer, &refunded).await;
        (made.json()["data"]["auto_topup_enabled"].clone(), refunded)
    };
    let (goes_on, _) = refund(json!({ "payment": "pi_of_cs_0", "amount": 4 })).await;
    assert_eq!(goes_on, true, "a part");
    assert_eq!(gateway.get("/credits/auto-topup").await.json()["data"]["stopped"], Value::Null);
    let (goes_on, last) = refund(json!({ "payment": "pi_of_cs_0" })).await;
    assert_eq!(goes_on, false);
    let state = gateway.get("/credits/auto-topup").await.json();
    assert_eq!(state["data"]["stopped"], "a payment was refunded");
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    assert_eq!(peer.charges(), 0);
    assert_eq!(balance(&gateway).await, Balance::default());
    // Whoever begins again is not stopped by what is told again.
    begin().await;
    told(&gateway, &peer, &last).await;
    assert_eq!(gateway.get("/credits/auto-topup").await.json()["data"]["enabled"], true);
}

#[tokio::test]
async fn a_refund_that_fails_comes_again_and_may_be_made_anew() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    let first = peer.refund("pi_of_cs_0", 300);
    told(&gateway, &peer, &first).await;
    assert_eq!(balance(&gateway).await.available, usd("7"));
    let failed = peer.fail_refund("pi_of_cs_0", "refund.failed");
    // What was told first comes again, too.
    for event in [&failed, &first, &failed] {
        told(&gateway, &peer, event).await;
        assert_eq!(balance(&gateway).await.available, usd("10"));
    }
    // The same cents of the same payment: another refund.
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 300)).await;
    assert_eq!(balance(&gateway).await.available, usd("7"));
    // One that is heard of when it has failed already takes nothing, and more than a page of them.
    for kind in ["charge.refund.updated", "refund.updated", "refund.failed"] {
        let made = peer.refund("pi_of_cs_0", 780);
        let failed = peer.fail_refund("pi_of_cs_0", kind);
        for event in [&made, &failed] {
            told(&gateway, &peer, event).await;
        }
    }
    assert_eq!(balance(&gateway).await.available, usd("7"));
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 780)).await;
    assert_eq!(balance(&gateway).await, Balance::default());
    assert_eq!(sum(&gateway, Kind::FeeReversal).await, usd("0.8"));
    assert_sound(&gateway).await;
}

/// Another installation's payments are not given back here.
#[tokio::test]
async fn only_payments_of_this_installation_go_back() {
    let (gateway, peer) = world().await;
    let config = format!("{FEE}[payments]\ninstallation = \"Other\"\n{}", peer.config());
    let other = TestGateway::builder().config(&config).start().await;
    pay(&gateway, &peer, "10").await;
    let refused = other.post("/credits/refunds", &json!({ "payment": "pi_of_cs_0" })).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
}

#[tokio::test]
async fn what_was_not_told_is_asked_for() {
    let (gateway, peer) = world().await;
    let [completed, _] = pay(&gateway, &peer, "10").await;
    let first = completed["created"].as_i64().unwrap();
    pay(&gateway, &peer, "20").await;
    peer.refund("pi_of_cs_0", 300);
    peer.dispute("pi_of_cs_1", 2_110, ("created", "needs_response"));
    peer.dispute("pi_of_cs_1", 2_110, ("funds_withdrawn", "needs_response"));
    let since = |seconds| Timestamp::from_unix_millis(seconds * 1_000);
    let found = gateway.cashier().reconcile(since(first)).await.unwrap();
    // The refund, which is met first, books its payment, too.
    assert_eq!((found.posted, found.known, found.refused.len()), (3, 4, 0), "{found:?}");
    assert_eq!(balance(&gateway).await.available, usd("7"));
    assert_sound(&gateway).await;
    let again = gateway.cashier().reconcile(since(first)).await.unwrap();
    assert_eq!((again.posted, again.known), (0, 7), "{again:?}");
    let later = gateway.cashier().reconcile(since(first + 5)).await.unwrap();
    assert_eq!((later.posted, later.known), (0, 2), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_refunds_and_catches_up_at_the_terminal() {
    let peer = StripePeer::start().await;
    let config = format!("{FEE}{}", peer.config());
    let gateway = TestGateway::builder().config(&config).start().await;
    pay(&gateway, &peer, "10").await;
    let home = Home::new();
    home.file(&config);
    let ran = home.run(&["credits", "refund", "pi_of_cs_0", "--amount", "4", "--id", "r1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("$4 of pi_of_cs_0 goes back: re_1."), "{}", ran.out);
    let again =
        home.json(&["credits", "refund", "pi_of_cs_0", "--amount", "4", "--id", "r1", "--json"]);
    assert_eq!(again, json!({ "id": "re_1", "amount": "4", "auto_topup_enabled": false }));
    let refused = home.run(&["credits", "refund", "pi_of_cs_0", "--amount", "40"]);
    assert!(refused.code == Some(1) && refused.err.contains("greater than"), "{}", refused.err);
    let since = ["credits", "reconcile", "--since", "2026-01-01T00:00:00Z"];
    let said = home.does(&since);
    assert!(said.starts_with("1 of the payment provider's notices are booked now; 2"), "{said}");
    let view = home.json(&[since.as_slice(), &["--json"]].concat());
    assert_eq!(view, json!({ "booked": 0, "known": 3, "refused": [] }));
    assert_eq!(home.json(&["credits", "show", "--json"])["balance"], "6");
    let wrong = home.run(&["credits", "reconcile", "--since", "yesterday"]);
    assert!(wrong.err.contains("is not a time such as"), "{}", wrong.err);
    let unsold = Home::new();
    let refused = unsold.run(&["credits", "refund", "pi_of_cs_0"]);
    assert!(refused.err.contains("[payments.stripe] is missing"), "{}", refused.err);
}

#[tokio::test]
async fn a_refund_of_what_bought_nothing_takes_nothing() {
    let (gateway, peer) = world().await;
    for event in pay(&gateway, &peer, "10").await {
        told(&gateway, &peer, &event).await;
    }
    pay(&gateway, &peer, "20").await;
    let refused = tell(&gateway, &peer, &peer.receive("pi_of_cs_1", 2_000)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let made = gateway.post("/credits/refunds", &json!({ "payment": "pi_of_cs_1" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let refunded = peer.events().pop().unwrap();
    assert_eq!(refunded["type"], "charge.refunded");
    told(&gateway, &peer, &refunded).await;
    assert_eq!(balance(&gateway).await.available, usd("10"));
    assert_eq!(sum(&gateway, Kind::Reversal).await, Usd::ZERO);
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_refund_that_is_told_before_its_payment_takes_what_it_bought() {
    let (gateway, peer) = world().await;
    let events = pay(&gateway, &peer, "10").await;
    told(&gateway, &peer, &peer.refund("pi_of_cs_0", 1_080)).await;
    assert_eq!(balance(&gateway).await.available, Usd::ZERO);
    for event in events {
        told(&gateway, &peer, &event).await;
    }
    assert_eq!(balance(&gateway).await.available, Usd::ZERO);
    assert_eq!(sum(&gateway, Kind::Purchase).await, usd("10"));
    assert_eq!(sum(&gateway, Kind::Reversal).await, usd("10"));
    assert_sound(&gateway).await;
}

/// Others use the same account at Stripe, with other currencies.
#[tokio::test]
async fn what_is_told_of_others_payments_is_passed_over() {
    let (gateway, peer) = world().await;
    let theirs = json!({
        "id": "x_1", "currency": "idr", "metadata": null, "status": "succeeded",
        "payment_status": "paid", "amount_received": 5_000_000_000_u64,
        "amount_total": 5_000_000_000_u64, "amount_refunded": 5_000_000_000_u64,
        "amount": 5_000_000_000_u64, "payment_intent": "pi_theirs",
    });
    for kind in [
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "checkout.session.completed",
        "checkout.session.async_payment_failed",
        "charge.refunded",
        "charge.refund.updated",
        "refund.failed",
        "charge.dispute.created",
    ] {
        let event = json!({ "id": "evt_1", "type": kind, "data": { "object": theirs } });
        told(&gateway, &peer, &event).await;
    }
    assert_eq!(entered(&gateway).await, []);
}
