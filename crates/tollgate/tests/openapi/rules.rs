//! The operator's rules, their versions, and experiments; and how endpoints are doing.

use serde_json::json;

use crate::dialect::{Dialect, Wish};
use crate::world::World;

const JSON: &str = "application/json";
const POLICY: &str = "/api/v1/routing/policy";
const VERSIONS: &str = "/api/v1/routing/policy/versions";
const VERSION: &str = "/api/v1/routing/policy/versions/{version}";
const RESTORE: &str = "/api/v1/routing/policy/versions/{version}/restore";
const EXPERIMENTS: &str = "/api/v1/routing/experiments";
const HEALTH: &str = "/api/v1/routing/health";
const HISTORY: &str = "/api/v1/routing/history";

pub(crate) async fn run(world: &World) {
    let ask = |method, path| world.ask(method, path).key(Some(world.gateway.management_key()));
    ask("GET", POLICY).about("none").expect(200, JSON).await;
    let arms = json!([{ "name": "a", "weight": 1 }, { "name": "b", "weight": 1 }]);
    let split = json!([{ "name": "test", "then": { "split": { "arms": arms }, "tag": "x" } }]);
    let body = json!({ "rules": split, "note": "why", "expected_version": 0 });
    ask("PUT", POLICY).json(&body).expect(200, JSON).await;
    ask("PUT", POLICY).about("late").json(&body).expect(409, JSON).await;
    let wrong = json!({ "rules": [{ "name": "r", "then": { "modles": [] } }] });
    ask("PUT", POLICY).about("wrong").json(&wrong).expect(400, JSON).await;
    ask("GET", POLICY).about("some").expect(200, JSON).await;
    let call = Dialect::Chat.body("acme/echo", Wish::Nothing, false);
    world.gateway.chat(call).await.said();
    ask("GET", EXPERIMENTS).expect(200, JSON).await;
    let at = format!("{EXPERIMENTS}?since=yesterday");
    ask("GET", EXPERIMENTS).at(&at).about("wrong").expect(400, JSON).await;
    ask("PUT", POLICY).about("empty").json(&json!({ "rules": [] })).expect(200, JSON).await;
    ask("GET", VERSIONS).expect(200, JSON).await;
    ask("GET", VERSIONS).at(format!("{VERSIONS}?before=x")).about("wrong").expect(400, JSON).await;
    for (method, path) in [("GET", VERSION), ("POST", RESTORE)] {
        for (version, status) in [("1", 200), ("99", 404), ("x", 400)] {
            let at = path.replace("{version}", version);
            ask(method, path).at(at).about(version).expect(status, JSON).await;
        }
    }
    ask("PUT", POLICY).about("empty again").json(&json!({ "rules": [] })).expect(200, JSON).await;
    for (method, path) in [("GET", POLICY), ("GET", VERSIONS), ("GET", EXPERIMENTS)] {
        let key = Some(world.gateway.key());
        world.ask(method, path).about("not managing").key(key).expect(403, JSON).await;
        world.ask(method, path).about("no key").key(None).expect(401, JSON).await;
    }
    health(world).await;
    history(world).await;
}

/// Calls were made of endpoints that are well and of some that are not.
async fn health(world: &World) {
    for model in ["echo", "limited", "overloaded"] {
        world
            .gateway
            .chat(Dialect::Chat.body(&format!("acme/{model}"), Wish::Nothing, false))
            .await;
        let at = format!("{HEALTH}?model=acme/{model}");
        world.ask("GET", HEALTH).at(at).about(model).ours(true).expect(200, JSON).await;
    }
    world.ask("GET", HEALTH).about("all").ours(true).expect(200, JSON).await;
    let at = |query: &str| format!("{HEALTH}?{query}");
    world.ask("GET", HEALTH).at(at("model=no/body")).about("unknown").expect(404, JSON).await;
    let twice = at("model=acme/echo&model=acme/prose");
    world.ask("GET", HEALTH).at(twice).about("two models").expect(400, JSON).await;
    world.ask("GET", HEALTH).about("no key").key(None).expect(401, JSON).await;
}

/// Some of them were called, one of them often enough in vain.
async fn history(world: &World) {
    for _ in 0..5 {
        world.gateway.chat(Dialect::Chat.body("acme/overloaded", Wish::Nothing, false)).await;
    }
    world.gateway.engine().write_history().await.unwrap();
    let at = |query: &str| format!("{HISTORY}?{query}");
    for range in ["24h", "7d", "30d"] {
        let at = at(&format!("range={range}"));
        world.ask("GET", HISTORY).at(at).about(range).ours(true).expect(200, JSON).await;
    }
    world.ask("GET", HISTORY).at(at("model=no/body")).about("unknown").expect(404, JSON).await;
    world.ask("GET", HISTORY).at(at("range=1y")).about("too long").expect(400, JSON).await;
    world.ask("GET", HISTORY).about("no key").key(None).expect(401, JSON).await;
}
