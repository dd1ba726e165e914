//! Keys, credits and records.

use serde_json::json;

use crate::dialect::{Dialect, Wish};
use crate::world::World;

const JSON: &str = "application/json";
const KEYS: &str = "/api/v1/keys";
const KEY: &str = "/api/v1/keys/{hash}";
const ROTATE: &str = "/api/v1/keys/{hash}/rotate";

pub(crate) async fn run(world: &World) {
    let bodies = [
        json!({ "name": "plain" }),
        json!({
            "name": "bounded",
            "limit": 5,
            "limit_reset": "monthly",
            "include_byok_in_limit": true,
            "expires_at": "2100-01-31T00:00:00Z",
            "creator_user_id": "u1",
            "rate_limits": { "requests_per_minute": 60, "monthly_budget": "20" },
            "allowed_models": ["acme/echo"],
            "allowed_providers": ["acme"],
            "allowed_addresses": ["127.0.0.0/8", "::1"],
        }),
    ];
    for body in bodies {
        let made = world.ask("POST", KEYS).about("make").json(&body).expect(201, JSON).await.json();
        let at = format!("{KEYS}/{}", made["data"]["hash"].as_str().unwrap());
        let text = made["key"].as_str().unwrap();
        let own = world.ask("GET", "/api/v1/key").about("its own").key(Some(text));
        own.expect(200, JSON).await;
        world.ask("GET", KEY).at(&at).about("read").expect(200, JSON).await;
        let limits = json!({ "rate_limits": { "max_concurrent": 2, "monthly_budget": null } });
        let disabled = json!({ "limit": null, "disabled": false });
        let lifted = json!({ "allowed_models": null, "allowed_addresses": ["10.0.0.0/8"] });
        for change in [disabled, json!({ "name": "renamed" }), limits, lifted] {
            let ask = world.ask("PATCH", KEY).at(&at).about("change").json(&change);
            ask.expect(200, JSON).await;
        }
        let wrong = json!({ "limit": -1 });
        world.ask("PATCH", KEY).at(&at).about("wrong").json(&wrong).expect(400, JSON).await;
        world.ask("GET", KEYS).about("list").expect(200, JSON).await;
        let at = rotated(world, &at, text).await;
        world.ask("DELETE", KEY).at(&at).about("delete").expect(200, JSON).await;
        for method in ["GET", "DELETE"] {
            world.ask(method, KEY).at(&at).about("it is gone").expect(404, JSON).await;
        }
        let name = json!({ "name": "x" });
        world.ask("PATCH", KEY).at(&at).about("it is gone").json(&name).expect(404, JSON).await;
    }
    wrong(world).await;
    for path in ["/api/v1/key", "/api/v1/auth/key"] {
        world.ask("GET", path).expect(200, JSON).await;
        world
            .ask("GET", path)
            .about("managing")
            .key(Some(world.gateway.management_key()))
            .expect(200, JSON)
            .await;
        world.ask("GET", path).about("no key").key(None).expect(401, JSON).await;
    }
    world.ask("GET", "/api/v1/credits").expect(200, JSON).await;
    activity(world).await;
    alerts(world).await;
    analytics(world).await;
    callers(world).await;
    records(world).await;
    contents(world).await;
}

/// A key that is used from elsewhere and rotated: where it is then.
async fn rotated(world: &World, at: &str, text: &str) -> String {
    let elsewhere = world.ask("GET", "/api/v1/key").about("elsewhere");
    elsewhere.key(Some(text)).expect(403, JSON).await;
    let rotate = |about| world.ask("POST", ROTATE).at(format!("{at}/rotate")).about(about);
    let overlap = json!({ "overlap_seconds": 60 });
    let made = rotate("rotate").json(&overlap).expect(200, JSON).await.json();
    let overlap = json!({ "overlap_seconds": -1 });
    rotate("wrong overlap").json(&overlap).expect(400, JSON).await;
    rotate("it is another").json(&json!({})).expect(404, JSON).await;
    format!("{KEYS}/{}", made["data"]["hash"].as_str().unwrap())
}

/// What makes no key, and lists none.
async fn wrong(world: &World) {
    for (about, body) in
        [("no name", json!({})), ("no interval", json!({ "name": "x", "limit_reset": "hourly" }))]
    {
        world.ask("POST", KEYS).about(about).json(&body).expect(400, JSON).await;
    }
    let listed = world.ask("GET", KEYS).at(format!("{KEYS}?offset=x")).about("wrong offset");
    listed.expect(400, JSON).await;
}

async fn alerts(world: &World) {
    const ALERTS: &str = "/api/v1/alerts";
    const DAILY: &str = "/api/v1/workspaces/00000000-0000-0000-0000-000000000000/budgets/daily";
    let manager = world.gateway.management_key();
    // What was called before has cost more than this.
    let budget = json!({ "limit_usd": 0.000_000_001 });
    let set = world.gateway.at("PUT", DAILY).key(manager).json(&budget).send().await;
    assert_eq!(set.status, 200, "{}", set.text());
    world.gateway.engine().refresh_organisation().await.unwrap();
    assert!(world.gateway.alerting().round().await.unwrap() > 0, "nothing is listed");
    let removed = world.gateway.at("DELETE", DAILY).key(manager).send().await;
    assert_eq!(removed.status, 200, "{}", removed.text());
    world.gateway.engine().refresh_organisation().await.unwrap();
    world.ask("GET", ALERTS).key(Some(manager)).expect(200, JSON).await;
    let none = world.ask("GET", ALERTS).at(format!("{ALERTS}?limit=0")).about("no page");
    none.key(Some(manager)).expect(400, JSON).await;
    let nowhere = world.ask("GET", ALERTS).at(format!("{ALERTS}?before=0")).about("no more");
    nowhere.key(Some(manager)).expect(200, JSON).await;
    world.ask("GET", ALERTS).about("no key").key(None).expect(401, JSON).await;
    world.ask("GET", ALERTS).about("calling").expect(403, JSON).await;
}

async fn analytics(world: &World) {
    const META: &str = "/api/v1/analytics/meta";
    const QUERY: &str = "/api/v1/analytics/query";
    let manager = Some(world.gateway.management_key());
    world.ask("GET", META).key(manager).expect(200, JSON).await;
    world.ask("GET", META).about("calling").expect(403, JSON).await;
    let ask = || world.ask("POST", QUERY).key(manager);
    let question = json!({
        "metrics": ["requests", "usage", "error_rate"], "dimensions": ["model", "api_key"],
        "granularity": "month",
        "time_range": { "start": "2026-01-01T00:00:01Z", "end": "2027-01-01T00:00:00Z" },
        "filters": [{ "field": "requests", "operator": "gte", "value": 1 }],
        "order_by": { "field": "usage" },
    });
    ask().json(&question).expect(200, JSON).await;
    let question = json!({
        "metrics": ["latency", "latency_p95", "throughput"], "dimensions": ["model"],
        "granularity": "hour", "group_limit": 2,
    });
    ask().about("how long").json(&question).expect(200, JSON).await;
    let wrong = json!({ "metrics": ["colour"] });
    ask().about("no metric").json(&wrong).expect(400, JSON).await;
    world.ask("POST", QUERY).about("calling").json(&question).expect(403, JSON).await;
}

async fn activity(world: &World) {
    const ACTIVITY: &str = "/api/v1/activity";
    let manager = world.gateway.management_key();
    world.ask("GET", ACTIVITY).key(Some(manager)).expect(200, JSON).await;
    let wrong = world.ask("GET", ACTIVITY).at(format!("{ACTIVITY}?date=x")).about("wrong day");
    wrong.key(Some(manager)).expect(400, JSON).await;
    world.ask("GET", ACTIVITY).about("no key").key(None).expect(401, JSON).await;
    world.ask("GET", ACTIVITY).about("calling").expect(403, JSON).await;
}

/// Who may not.
async fn callers(world: &World) {
    let hash = format!("{KEYS}/{}", "0".repeat(64));
    let rotate = format!("{hash}/rotate");
    for (method, path, at) in [
        ("GET", KEYS, KEYS),
        ("POST", KEYS, KEYS),
        ("GET", KEY, hash.as_str()),
        ("PATCH", KEY, hash.as_str()),
        ("DELETE", KEY, hash.as_str()),
        ("POST", ROTATE, rotate.as_str()),
        ("GET", "/api/v1/credits", "/api/v1/credits"),
    ] {
        let ask = || world.ask(method, path).at(at);
        ask().about("a wrong key").key(Some("sk-or-v1-wrong")).expect(401, JSON).await;
        ask().about("an inference key").key(Some(world.gateway.key())).expect(403, JSON).await;
    }
    let generation = "/api/v1/generation";
    world.ask("GET", generation).about("no key").key(None).expect(401, JSON).await;
}

/// What was said in calls that went well and failed, where that is kept.
async fn contents(world: &World) {
    let (path, dialect) = ("/api/v1/generation/content", Dialect::Chat);
    let workspace = format!("/workspaces/{}", tollgate_store::DEFAULT_WORKSPACE_ID);
    let keep = |is_on: bool| {
        let call = world.gateway.call("PATCH", &workspace).key(world.gateway.management_key());
        call.json(&json!({ "is_observability_io_logging_enabled": is_on })).send()
    };
    assert_eq!(keep(true).await.status, 200);
    let mut at = String::new();
    for (model, wish) in [
        ("acme/echo", Wish::Nothing),
        ("bravo/think", Wish::Thoughts),
        ("acme/tools", Wish::Tools),
        ("acme/overloaded", Wish::Nothing),
    ] {
        let reply = world.gateway.chat(dialect.body(model, wish, false)).await;
        at = format!("{path}?id={}", reply.header("x-generation-id").unwrap());
        world.ask("GET", path).at(&at).about(model).expect(200, JSON).await;
    }
    world.ask("GET", path).about("no key").at(&at).key(None).expect(401, JSON).await;
    world.ask("GET", path).about("no id").expect(400, JSON).await;
    let unknown = format!("{path}?id=gen-0-none");
    world.ask("GET", path).at(unknown).about("no such record").expect(404, JSON).await;
    assert_eq!(keep(false).await.status, 200);
    world.ask("GET", path).about("not kept").at(&at).expect(403, JSON).await;
}

/// What is on record of calls that went well, failed and broke off.
async fn records(world: &World) {
    let path = "/api/v1/generation";
    let dialect = Dialect::Chat;
    let calls = [("acme/echo", false), ("bravo/failing", true), ("acme/overloaded", false)];
    for (model, stream) in calls {
        let body = dialect.body(model, Wish::Nothing, stream);
        let id = world.gateway.chat_call(&body).open().await;
        let at = format!("{path}?id={}", id.id());
        id.rest().await;
        let seen = tollgate_testkit::eventually("the record", || async {
            let reply = world.gateway.at("GET", &at).key(world.gateway.key()).send().await;
            (reply.status == 200).then_some(())
        });
        seen.await;
        world.ask("GET", path).at(at).about(model).expect(200, JSON).await;
    }
    let feedback = "/api/v1/generation/feedback";
    let body = dialect.body("acme/echo", Wish::Nothing, false);
    let id = world.gateway.chat_call(&body).send().await.said().id;
    for (about, status, body) in [
        ("words", 200, json!({ "generation_id": id, "category": "other", "comment": "x" })),
        ("one word", 200, json!({ "generation_id": id, "category": "latency" })),
        ("no such word", 400, json!({ "generation_id": id, "category": "boredom" })),
        ("no such record", 404, json!({ "generation_id": "gen-0-none", "category": "other" })),
    ] {
        world.ask("POST", feedback).about(about).json(&body).expect(status, JSON).await;
    }
    let ask = world.ask("POST", feedback).about("no key").key(None);
    ask.json(&json!({ "generation_id": id, "category": "other" })).expect(401, JSON).await;
    let at = format!("{path}?id={id}");
    world.ask("GET", path).at(at).about("with feedback").expect(200, JSON).await;
    let explain = "/api/v1/routing/explain";
    let body = dialect.body("acme/echo", Wish::Nothing, false);
    let key = world.gateway.key();
    let ask = || world.ask("POST", explain).key(Some(key));
    ask().about("a plan").json(&body).expect(200, JSON).await;
    ask().about("no request").json(&json!({})).expect(400, JSON).await;
    let nobody = json!({ "model": "acme/echo", "messages": body["messages"], "provider": { "only": ["nobody"] } });
    ask().about("nobody left").json(&nobody).expect(404, JSON).await;
    world.ask("GET", path).about("no id").expect(400, JSON).await;
    let at = format!("{path}?id=gen-0-none");
    world.ask("GET", path).at(at).about("no such record").expect(404, JSON).await;
}
