//! Buying credit, what is bought without anybody asking, and statements.

use serde_json::{Value, json};
use tollgate_types::Month;

use crate::world::{Ask, World};

const JSON: &str = "application/json";
const CHECKOUT: &str = "/api/v1/credits/checkout";
const TOP_UP: &str = "/api/v1/credits/auto-topup";
const PLANS: &str = "/api/v1/credits/plans";
const PLAN: &str = "/api/v1/credits/plan";
const REFUND: &str = "/api/v1/credits/refunds";
const COINBASE: &str = "/api/v1/credits/coinbase";
const STATEMENT: &str = "/api/v1/credits/statements/{month}";
const WEBHOOK: &str = "/webhooks/stripe";

pub(crate) async fn run(world: &World) {
    let wanted = json!({ "threshold": 5, "amount": "10" });
    let too_early = world.ask("PUT", TOP_UP).about("no payment method").json(&wanted);
    too_early.expect(400, JSON).await;
    let bought = world.ask("POST", CHECKOUT).json(&json!({ "amount": 10.5 })).ours(true);
    let page = bought.header("idempotency-key", "one").expect(201, JSON).await.json();
    let wrong = world.ask("POST", CHECKOUT).about("too little").json(&json!({ "amount": 0.1 }));
    wrong.expect(400, JSON).await;
    for event in world.payments.pay(page["data"]["id"].as_str().unwrap()) {
        signed(world, &event).ours(true).expect(200, JSON).await;
    }
    world.ask("POST", COINBASE).key(None).json(&json!({ "amount": 5 })).expect(410, JSON).await;
    let unsigned = world.ask("POST", WEBHOOK).about("unsigned").key(None).json(&json!({}));
    unsigned.expect(400, JSON).await;
    let dispute = json!({ "type": "charge.dispute.created", "data": { "object": {
        "id": "du_1", "amount": 5, "currency": "usd", "payment_intent": "pi_unknown",
        "status": "needs_response",
    } } });
    signed(world, &dispute).about("a payment that is not there").expect(200, JSON).await;
    world.payments.lock_out(true);
    signed(world, &dispute).about("a payment that can't be looked up").expect(502, JSON).await;
    world.payments.lock_out(false);
    world.ask("PUT", TOP_UP).json(&wanted).ours(true).expect(200, JSON).await;
    world.ask("GET", TOP_UP).ours(true).expect(200, JSON).await;
    world.ask("DELETE", TOP_UP).ours(true).expect(200, JSON).await;
    plans(world).await;
    refunds(world).await;
    statements(world).await;
    callers(world).await;
}

async fn refunds(world: &World) {
    let payment = "pi_of_cs_0";
    let ask = |about: &str, key: &str, body: Value| {
        let ask = world.ask("POST", REFUND).about(about).header("idempotency-key", key);
        ask.json(&body)
    };
    let part = json!({ "payment": payment, "amount": 3 });
    ask("a part", "two", part).ours(true).expect(201, JSON).await;
    let other = json!({ "payment": payment, "amount": 4 });
    ask("the same key again", "two", other).expect(409, JSON).await;
    let much = json!({ "payment": payment, "amount": "500" });
    ask("too much", "three", much).expect(400, JSON).await;
    ask("nobody's", "four", json!({ "payment": "pi_unknown" })).expect(404, JSON).await;
}

fn signed<'a>(world: &'a World, event: &Value) -> Ask<'a> {
    let body = event.to_string();
    let signature = world.payments.sign(&body, world.gateway.engine().now());
    let kind = event["type"].as_str().unwrap();
    let ask = world.ask("POST", WEBHOOK).about(kind).key(None);
    ask.header("stripe-signature", &signature).json(event)
}

async fn plans(world: &World) {
    world.ask("GET", PLANS).ours(true).expect(200, JSON).await;
    let unknown = world.ask("PUT", PLAN).about("no such plan").json(&json!({ "plan": "other" }));
    unknown.expect(400, JSON).await;
    let agreed = world.ask("PUT", PLAN).json(&json!({ "plan": "plain" }));
    agreed.ours(true).expect(200, JSON).await;
    world.ask("GET", PLAN).ours(true).expect(200, JSON).await;
    let left = world.ask("PUT", PLAN).about("left").json(&json!({ "plan": null }));
    left.ours(true).expect(200, JSON).await;
    let nobody = format!("{PLAN}?account=nobody");
    world.ask("GET", PLAN).at(nobody).about("no such account").expect(404, JSON).await;
}

async fn statements(world: &World) {
    let month = Month::of(world.gateway.engine().now());
    for (accepted, expected) in [
        ("*/*", JSON),
        (JSON, JSON),
        ("text/csv", "text/csv"),
        ("application/pdf", "application/pdf"),
    ] {
        let at = format!("/api/v1/credits/statements/{month}");
        let ask = world.ask("GET", STATEMENT).at(at).about(accepted).ours(true);
        ask.header("accept", accepted).expect(200, expected).await;
    }
    let earlier = world.ask("GET", STATEMENT).at("/api/v1/credits/statements/2020-01");
    earlier.about("before anything").expect(404, JSON).await;
    let later = format!("/api/v1/credits/statements/{}", month.next());
    let ask = world.ask("GET", STATEMENT).at(later).about("has not begun");
    ask.expect(400, JSON).await;
}

/// Who may not.
async fn callers(world: &World) {
    let month = STATEMENT.replace("{month}", "2026-10");
    for (method, path, at) in [
        ("POST", CHECKOUT, CHECKOUT),
        ("POST", REFUND, REFUND),
        ("GET", TOP_UP, TOP_UP),
        ("PUT", TOP_UP, TOP_UP),
        ("DELETE", TOP_UP, TOP_UP),
        ("GET", PLANS, PLANS),
        ("GET", PLAN, PLAN),
        ("PUT", PLAN, PLAN),
        ("GET", STATEMENT, month.as_str()),
    ] {
        let ask = || world.ask(method, path).at(at);
        ask().about("a wrong key").key(Some("sk-or-v1-wrong")).expect(401, JSON).await;
        ask().about("an inference key").key(Some(world.gateway.key())).expect(403, JSON).await;
    }
}
