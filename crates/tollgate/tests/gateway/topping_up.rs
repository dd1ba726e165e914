//! Credit is bought without anybody asking: once, from the right card, and not when nobody wants it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{StripePeer, TestGateway, usd};

use crate::payments::{FEE, assert_sound, balance, bought, checkout, entered, pay, told, world};
use crate::postgres::SECRET_KEY;

/// Credit of $10 that was paid with a card, of which less is left than the account wants.
async fn low(gateway: &TestGateway, peer: &StripePeer) {
    for event in pay(gateway, peer, "10").await {
        told(gateway, peer, &event).await;
    }
    let wanted = json!({ "threshold": 15, "amount": 25 });
    let set = gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    assert_eq!(set.status, 200, "{}", set.text());
}

#[tokio::test]
async fn two_nodes_buy_once_what_runs_low() {
    let peer = StripePeer::start().await;
    let database = TestServer::shared().database().await;
    let config = format!("[database]\nurl = \"{database}\"\n{FEE}{}", peer.config());
    let node = || {
        let builder = TestGateway::builder().config(&config);
        // Gateways on one database need the same.
        builder.env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start()
    };
    let (first, second) = (node().await, node().await);
    low(&first, &peer).await;
    let mut buying = JoinSet::new();
    for cashier in [&first, &second, &first, &second].map(|it| Arc::clone(it.cashier())) {
        buying.spawn(async move { cashier.top_up().await.unwrap() });
    }
    buying.join_all().await;
    for gateway in [&first, &second] {
        assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    }
    assert_eq!(peer.charges(), 1);
    assert_eq!(balance(&first).await.available, usd("35"));
    // The webhook of it changes nothing.
    told(&second, &peer, &peer.arrive("pi_charged_1")).await;
    assert_eq!(balance(&first).await.available, usd("35"));
    let mut expected = bought("pi_of_cs_0", "10", "0.8").to_vec();
    // 5.5 % of $25 are $1.375: charged in whole cents.
    expected.extend(bought("pi_charged_1", "25", "1.38"));
    assert_eq!(entered(&first).await, expected);
    assert_sound(&first).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_charged_once() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.lose_answers(1);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("10")));
    // As if the program had died there.
    let stopped = gateway.stop().await;
    let config = format!("{FEE}{}", peer.config());
    let gateway = TestGateway::builder().config(&config).on(stopped).start().await;
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("35")));
    assert_sound(&gateway).await;
}

#[tokio::test]
async fn a_payment_that_takes_its_time_is_waited_for() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.pend();
    for _ in 0..3 {
        assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    }
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("10")));
    peer.arrive("pi_charged_1");
    // The webhook is late; whoever asks finds it.
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("35")));
}

#[tokio::test]
async fn a_card_that_is_declined_is_not_tried_until_somebody_says_so() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.decline(Some("insufficient_funds"));
    for _ in 0..3 {
        assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    }
    let state = gateway.get("/credits/auto-topup").await.json();
    let expected = json!({ "data": {
        "enabled": false, "threshold": 15, "amount": 25, "has_payment_method": true,
        "stopped": "insufficient_funds",
    } });
    assert_eq!(state, expected);
    peer.decline(None);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    let wanted = json!({ "threshold": "15", "amount": "25" });
    gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("35")));
    let gone = gateway.call("DELETE", "/credits/auto-topup").send().await.json();
    assert_eq!((&gone["data"]["enabled"], &gone["data"]["amount"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn without_a_card_nothing_is_bought_automatically() {
    let (gateway, _peer) = world().await;
    let wanted = json!({ "threshold": 15, "amount": 25 });
    let refused = gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    let message = refused.error(400, "invalid_request")["message"].to_string();
    assert!(message.contains("buy credit once first"), "{message}");
}

/// What auto-top-up says of itself.
async fn standing(gateway: &TestGateway) -> Value {
    gateway.get("/credits/auto-topup").await.json()["data"].clone()
}

#[tokio::test]
async fn what_was_never_asked_for_is_not_bought_once_nobody_wants_it() {
    for ends_by_dispute in [false, true] {
        let (gateway, peer) = world().await;
        low(&gateway, &peer).await;
        // A key that is wrong is the operator's fault: nothing stops, and payers don't hear of it.
        peer.lock_out(true);
        for _ in 0..2 {
            assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
        }
        let state = standing(&gateway).await;
        assert_eq!((&state["enabled"], &state["stopped"]), (&json!(true), &Value::Null));
        let refused = checkout(&gateway, &json!({ "amount": 10 })).await;
        assert_eq!(refused.status, 502, "{}", refused.text());
        assert!(!refused.text().contains("sk_test"), "{}", refused.text());
        peer.lock_out(false);
        if ends_by_dispute {
            let dispute = peer.dispute("pi_of_cs_0", 1_080, ("created", "needs_response"));
            told(&gateway, &peer, &dispute).await;
        } else {
            gateway.call("DELETE", "/credits/auto-topup").send().await;
        }
        assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
        assert_eq!(peer.charges(), 0, "by dispute: {ends_by_dispute}");
        // And once somebody wants it again, it is.
        let wanted = json!({ "threshold": 15, "amount": 25 });
        gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
        assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
        assert_eq!(peer.charges(), 1);
    }
}

#[tokio::test]
async fn what_may_have_been_charged_is_followed_though_nobody_wants_more() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.lose_answers(1);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    gateway.call("DELETE", "/credits/auto-topup").send().await;
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("35")));
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_asked_for_again_costs_and_is_paid_as_before() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.lose_answers(1);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    // Another card, and another fee.
    let [completed, mut succeeded] = pay(&gateway, &peer, "1").await;
    succeeded["data"]["object"]["payment_method"] = "pm_2".into();
    for event in [&completed, &succeeded] {
        told(&gateway, &peer, event).await;
    }
    let stopped = gateway.stop().await;
    let config = format!("{}{}", FEE.replace("5.5", "20"), peer.config());
    let gateway = TestGateway::builder().config(&config).on(stopped).start().await;
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (1, usd("36")));
    let mut expected = bought("pi_of_cs_0", "10", "0.8").to_vec();
    expected.extend(bought("pi_of_cs_1", "1", "0.8"));
    expected.extend(bought("pi_charged_1", "25", "1.38"));
    assert_eq!(entered(&gateway).await, expected);
    assert_eq!(peer.payment("pi_charged_1")["payment_method"], "pm_1");
}

#[tokio::test]
async fn a_payment_that_is_not_known_there_is_not_followed_for_ever() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.pend();
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    peer.forget("pi_charged_1");
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    let state = standing(&gateway).await;
    assert_eq!(state["stopped"], "the payment provider does not know the payment");
}

#[tokio::test]
async fn only_what_is_under_way_is_stopped() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    peer.pend();
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    let failed = |id: &str| {
        let mut intent = peer.payment("pi_charged_1");
        intent["id"] = id.into();
        intent["status"] = "requires_payment_method".into();
        intent["last_payment_error"] = json!({ "code": "card_declined" });
        json!({
            "id": "evt_x", "object": "event", "type": "payment_intent.payment_failed",
            "data": { "object": intent },
        })
    };
    // An old one that is told late.
    told(&gateway, &peer, &failed("pi_charged_0")).await;
    assert_eq!(standing(&gateway).await["stopped"], Value::Null);
    told(&gateway, &peer, &failed("pi_charged_1")).await;
    assert_eq!(standing(&gateway).await["stopped"], "card_declined");
}

#[tokio::test]
async fn the_newest_card_is_charged_with_its_own_customer() {
    let (gateway, peer) = world().await;
    let (first, mut second) = (pay(&gateway, &peer, "1").await, pay(&gateway, &peer, "2").await);
    for event in &mut second {
        event["data"]["object"]["customer"] = "cus_2".into();
    }
    second[1]["data"]["object"]["payment_method"] = "pm_2".into();
    let mut page_only = pay(&gateway, &peer, "3").await[0].clone();
    page_only["data"]["object"]["customer"] = "cus_3".into();
    // The older one is told last; and a page knows a customer, and no card of theirs.
    for event in second.iter().chain(&first).chain([&page_only]) {
        told(&gateway, &peer, event).await;
    }
    let wanted = json!({ "threshold": 15, "amount": 25 });
    gateway.call("PUT", "/credits/auto-topup").json(&wanted).send().await;
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    let charged = peer.payment("pi_charged_1");
    assert_eq!(
        (&charged["customer"], &charged["payment_method"]),
        (&json!("cus_2"), &json!("pm_2"))
    );
}

#[tokio::test]
async fn a_number_that_was_taken_before_a_restore_is_passed_over() {
    let (gateway, peer) = world().await;
    low(&gateway, &peer).await;
    // The database is as it was before this one; what was charged then cost something else.
    let elsewhere = TestGateway::builder();
    let other = elsewhere.config(&format!("{}{}", FEE.replace("5.5", "20"), peer.config()));
    let other = other.start().await;
    low(&other, &peer).await;
    assert_eq!(other.cashier().top_up().await.unwrap(), 1);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 0);
    assert_eq!(standing(&gateway).await["stopped"], Value::Null);
    assert_eq!(gateway.cashier().top_up().await.unwrap(), 1);
    assert_eq!((peer.charges(), balance(&gateway).await.available), (2, usd("35")));
}
