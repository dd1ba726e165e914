use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate_ledger::{AccountId, Balance, Kind, Movement};
use tollgate_types::Timestamp;

use super::*;
use crate::{Parts, Purpose, Refund, Reversal};

fn metadata(credit: u32, fee: u32) -> Value {
    json!({
        "tollgate_installation": "acme",
        "tollgate_account": "default",
        "tollgate_credit_cents": credit.to_string(),
        "tollgate_fee_cents": fee.to_string(),
        "tollgate_purpose": "asked",
        "somebody": "else's",
    })
}

fn event(kind: &str, object: &Value) -> Value {
    json!({ "id": "evt_1", "object": "event", "type": kind, "data": { "object": object } })
}

fn session(status: &str, credit: u32, fee: u32) -> Value {
    json!({
        "id": "cs_1", "object": "checkout.session", "payment_status": status,
        "payment_intent": "pi_1", "amount_total": credit + fee, "currency": "usd",
        "customer": "cus_1", "url": null, "metadata": metadata(credit, fee),
    })
}

fn intent(credit: u32, fee: u32) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": "succeeded",
        "amount_received": credit + fee, "currency": "usd", "customer": "cus_1",
        "payment_method": "pm_1", "setup_future_usage": "off_session", "created": 1_790_000_000,
        "metadata": metadata(credit, fee),
    })
}

/// A refund was made, and is found when it is asked for.
fn refund(credit: u32, fee: u32, (number, cents): (u32, u32)) -> Value {
    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": credit + fee, "amount_refunded": cents,
        "payment_intent": "pi_1", "currency": "usd", "metadata": metadata(credit, fee),
    });
    let mut event = event("charge.refunded", &charge);
    event["found"] = json!({ "id": format!("re_{number}"), "amount": cents });
    event
}

fn notice(event: &Value) -> Result<Notice, NoticeError> {
    read(event.to_string().as_bytes(), "acme")
}

fn moved(event: &Value) -> Vec<Movement> {
    moved_after(event, Parts::default())
}

/// What an event moves when so much of the payment has gone back before.
fn moved_after(event: &Value, before: Parts) -> Vec<Movement> {
    let at = Timestamp::default();
    let taken = |reversal: Reversal| reversal.movements(reversal.parts(before), at);
    let paid = || match notice(&event["of"]).unwrap() {
        Notice::Paid(payment) => payment,
        other => panic!("{other:?}"),
    };
    match notice(event).unwrap() {
        Notice::Paid(payment) => payment.movements(at),
        Notice::Refunded(payment) => {
            assert_eq!(payment, "pi_1");
            let found = &event["found"];
            let amount = u32::try_from(found["amount"].as_u64().unwrap()).unwrap();
            let id = found["id"].as_str().unwrap().to_owned();
            taken(paid().refund(&Refund { id, amount: Cents::new(amount), has_failed: false }))
        }
        Notice::Disputed(dispute) => taken(paid().dispute(&dispute)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_events_of_one_payment_say_the_same() {
    let completed = moved(&event("checkout.session.completed", &session("paid", 1_000, 80)));
    assert_eq!(completed.len(), 2);
    let late =
        moved(&event("checkout.session.async_payment_succeeded", &session("paid", 1_000, 80)));
    let succeeded = moved(&event("payment_intent.succeeded", &intent(1_000, 80)));
    assert_eq!(completed, late);
    assert_eq!(completed, succeeded);
    assert_eq!(completed[0].id, "stripe/pi_1");
}

#[test]
fn only_the_intent_says_what_can_be_charged_again() {
    let of = |event: Value| match notice(&event).unwrap() {
        Notice::Paid(payment) => payment.instrument.unwrap().payment_method,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(event("checkout.session.completed", &session("paid", 1_000, 0))), None);
    let succeeded = intent(1_000, 0);
    assert_eq!(of(event("payment_intent.succeeded", &succeeded)), Some("pm_1".to_owned()));
    let mut once = succeeded;
    once["setup_future_usage"] = Value::Null;
    assert_eq!(of(event("payment_intent.succeeded", &once)), None);
}

#[test]
fn what_is_not_paid_or_not_ours_moves_nothing() {
    let mut foreign = session("paid", 1_000, 80);
    foreign["metadata"]["tollgate_installation"] = "another".into();
    let mut unknown = intent(1_000, 80);
    unknown["metadata"] = json!({});
    for event in [
        event("checkout.session.completed", &session("unpaid", 1_000, 80)),
        event("checkout.session.completed", &session("no_payment_required", 1_000, 80)),
        event("checkout.session.completed", &foreign),
        event("payment_intent.succeeded", &unknown),
        event("payment_intent.payment_failed", &unknown),
        event("customer.created", &json!({ "id": "cus_1" })),
    ] {
        assert!(matches!(notice(&event), Ok(Notice::Nothing(_))), "{event}");
    }
}

#[test]
fn what_does_not_fit_its_order_is_refused() {
    let mut eur = session("paid", 1_000, 80);
    eur["currency"] = "eur".into();
    let mut less = session("paid", 1_000, 80);
    less["amount_total"] = 1_079.into();
    let mut nobody = session("paid", 1_000, 80);
    nobody["metadata"]["tollgate_account"] = "".into();
    let mut unsaid = session("paid", 1_000, 80);
    unsaid["metadata"]["tollgate_credit_cents"] = "-1".into();
    for object in [eur, less, nobody, unsaid] {
        let event = event("checkout.session.completed", &object);
        assert!(matches!(notice(&event), Err(NoticeError::Mismatch(_))), "{event}");
    }
    for text in ["", "[]", "{}", "{\"type\":\"charge.refunded\"}", "nonsense"] {
        let read = read(text.as_bytes(), "acme");
        assert!(matches!(read, Err(NoticeError::Unreadable(_))), "{text}");
    }
}

#[test]
fn failures_say_why_and_whose() {
    let mut failed = intent(1_000, 80);
    failed["metadata"]["tollgate_purpose"] = "auto-top-up".into();
    failed["last_payment_error"] =
        json!({ "code": "card_declined", "decline_code": "expired_card" });
    let told = notice(&event("payment_intent.payment_failed", &failed)).unwrap();
    let expected = Failure {
        id: Some("pi_1".to_owned()),
        account: AccountId::default(),
        purpose: Purpose::AutoTopUp,
        reason: "expired_card".to_owned(),
    };
    assert_eq!(told, Notice::Failed(expected));
    let late = event("checkout.session.async_payment_failed", &session("unpaid", 1_000, 80));
    assert!(matches!(notice(&late), Ok(Notice::Failed(Failure { purpose: Purpose::Asked, .. }))));
}

/// A refund does not say whose it is, and a charge only by its metadata: what it was of is looked up.
#[test]
fn refunds_name_their_payment() {
    let of = |object: &Value| {
        ["charge.refund.updated", "refund.updated", "refund.failed"]
            .map(|kind| notice(&event(kind, object)))
    };
    let mut refund = json!({
        "id": "re_1", "object": "refund", "amount": 5, "currency": "usd", "status": "failed",
        "charge": "ch_1", "payment_intent": "pi_1", "metadata": {},
    });
    let told = Ok(Notice::Refunded("pi_1".to_owned()));
    assert!(of(&refund).iter().all(|it| *it == told));
    refund["currency"] = "idr".into();
    refund["amount"] = 5_000_000_000_u64.into();
    assert!(of(&refund).iter().all(|it| matches!(it, Ok(Notice::Nothing(_)))));
    refund["currency"] = "usd".into();
    refund["payment_intent"] = Value::Null;
    assert!(of(&refund).iter().all(|it| matches!(it, Ok(Notice::Nothing(_)))));
}

#[test]
fn disputes_name_their_payment() {
    let mut dispute = json!({
        "id": "du_1", "amount": 1_080, "currency": "usd", "payment_intent": "pi_1", "charge": "ch_1",
        "status": "needs_response",
    });
    let expected = |is_returned| {
        Notice::Disputed(Dispute {
            id: "du_1".to_owned(),
            payment: "pi_1".to_owned(),
            amount: Cents::new(1_080),
            is_returned,
        })
    };
    assert_eq!(notice(&event("charge.dispute.created", &dispute)), Ok(expected(false)));
    assert_eq!(notice(&event("charge.dispute.funds_withdrawn", &dispute)), Ok(expected(false)));
    assert_eq!(notice(&event("charge.dispute.funds_reinstated", &dispute)), Ok(expected(true)));
    for status in ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"]
    {
        dispute["status"] = status.into();
        let created = notice(&event("charge.dispute.created", &dispute));
        assert!(matches!(created, Ok(Notice::Nothing(_))), "{status}: {created:?}");
        // Once money is taken for it, it is one.
        let withdrawn = notice(&event("charge.dispute.funds_withdrawn", &dispute));
        assert_eq!(withdrawn, Ok(expected(false)), "{status}");
    }
    dispute["status"] = "needs_response".into();
    dispute["payment_intent"] = Value::Null;
    assert!(matches!(notice(&event("charge.dispute.created", &dispute)), Ok(Notice::Nothing(_))));
}

#[test]
fn events_are_listed_page_by_page() {
    let mut paid = event("payment_intent.succeeded", &intent(1_000, 80));
    paid["id"] = "evt_2".into();
    let mut wrong = intent(1_000, 80);
    wrong["amount_received"] = 5.into();
    let wrong = event("payment_intent.succeeded", &wrong);
    let page = json!({ "object": "list", "data": [paid, wrong], "has_more": true });
    let page = listed(page.to_string().as_bytes(), "acme").unwrap();
    assert_eq!(page.next.as_deref(), Some("evt_1"));
    let [(first, paid), (_, wrong)] = page.notices.as_slice() else { panic!("{page:?}") };
    assert!(first == "evt_2" && matches!(paid, Ok(Notice::Paid(_))), "{page:?}");
    assert!(matches!(wrong, Err(NoticeError::Mismatch(_))), "{page:?}");
    let last = json!({ "object": "list", "data": [], "has_more": false });
    assert_eq!(listed(last.to_string().as_bytes(), "acme").unwrap().next, None);
    assert!(listed(b"{}", "acme").is_err());
}

/// What a ledger makes of movements that are posted under their first one's id.
fn ledger(events: &[&Value]) -> (Balance, BTreeMap<&'static str, i64>) {
    let (mut known, mut balance) = (BTreeSet::new(), Balance::default());
    let mut sums = BTreeMap::new();
    let mut back = Parts::default();
    for event in events {
        let movements = moved_after(event, back);
        if movements.first().is_some_and(|it| known.contains(&it.id)) {
            continue;
        }
        for movement in movements {
            let cents = Cents::exactly(movement.amount).unwrap();
            match movement.kind {
                Kind::Reversal => back.credit = back.credit.checked_add(cents).unwrap(),
                Kind::FeeReversal => back.fee = back.fee.checked_add(cents).unwrap(),
                _ => {}
            }
            balance = balance.after(&movement, &movement.account).unwrap();
            *sums.entry(movement.kind.as_str()).or_default() += movement.amount.nanos();
            known.insert(movement.id);
        }
    }
    (balance, sums)
}

proptest! {
    /// However often and in whatever order the events of a payment come, the books are the same.
    #[test]
    fn events_may_come_twice_and_in_any_order(
        (credit, fee) in (1_u32..5_000, 0_u32..300),
        cuts in prop::collection::btree_set(1_u32..5_300, 0..5),
        disputes in prop::collection::vec(any::<bool>(), 5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let mut events = vec![
            event("checkout.session.completed", &session("paid", credit, fee)),
            event("payment_intent.succeeded", &intent(credit, fee)),
        ];
        let paid = events[0].clone();
        let (mut back, mut disputes) = (0, disputes.into_iter());
        for cut in cuts.into_iter().filter(|cut| *cut <= credit + fee) {
            let step = cut - back;
            if disputes.next() == Some(true) {
                // A bank takes it, which no charge counts as refunded.
                let mut disputed = event("charge.dispute.funds_withdrawn", &json!({
                    "id": format!("du_{cut}"), "amount": step, "currency": "usd",
                    "payment_intent": "pi_1", "status": "needs_response",
                }));
                disputed["of"] = paid.clone();
                events.push(disputed);
            } else {
                let mut refunded = refund(credit, fee, (cut, step));
                refunded["of"] = paid.clone();
                events.push(refunded);
            }
            back = cut;
        }
        // Each at least once, and some again, before it or behind.
        let mut delivered: Vec<&Value> = events.iter().collect();
        for index in order {
            let again = *index.get(&delivered);
            delivered.insert(index.index(delivered.len()), again);
        }
        let half = delivered.len() / 2;
        delivered.rotate_left(half);
        let (balance, sums) = ledger(&delivered);
        let cents = |kind: Kind| sums.get(kind.as_str()).copied().unwrap_or(0) / 10_000_000;
        prop_assert_eq!(cents(Kind::Purchase), i64::from(credit));
        prop_assert_eq!(cents(Kind::Fee), i64::from(fee));
        prop_assert_eq!(cents(Kind::Reversal), i64::from(back.min(credit)));
        prop_assert_eq!(cents(Kind::FeeReversal), i64::from(back.saturating_sub(credit)));
        prop_assert!(balance.proves());
        let left = i64::from(credit - back.min(credit)) * 10_000_000;
        prop_assert_eq!(balance.available.nanos(), left);
    }

    #[test]
    fn no_body_breaks_it(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&body, "acme").is_err());
    }
}
