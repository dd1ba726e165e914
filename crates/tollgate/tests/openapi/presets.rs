//! Presets.

use serde_json::json;

use crate::dialect::{Dialect, Wish};
use crate::world::World;

const JSON: &str = "application/json";
const PRESETS: &str = "/api/v1/presets";
const PRESET: &str = "/api/v1/presets/{slug}";
const VERSIONS: &str = "/api/v1/presets/{slug}/versions";
const VERSION: &str = "/api/v1/presets/{slug}/versions/{version}";

pub(crate) async fn run(world: &World) {
    let key = world.gateway.key();
    let ask = |method: &str, path: &'static str| world.ask(method, path).key(Some(key));
    for (path, dialect) in [
        ("/api/v1/presets/{slug}/chat/completions", Dialect::Chat),
        ("/api/v1/presets/{slug}/messages", Dialect::Messages),
        ("/api/v1/presets/{slug}/responses", Dialect::Responses),
    ] {
        let at = path.replace("{slug}", "one");
        let body = dialect.body("acme/echo", Wish::Nothing, false);
        let save = || ask("POST", path).at(&at);
        save().about("keep").json(&body).ours(true).expect(200, JSON).await;
        save().about("no request").json(&json!({})).expect(400, JSON).await;
        save().about("no key").key(None).json(&body).expect(401, JSON).await;
        let wrong = path.replace("{slug}", "NOT");
        let wrong = ask("POST", path).at(wrong).about("no slug").json(&body);
        wrong.expect(400, JSON).await;
    }
    let one = format!("{PRESETS}/one");
    ask("GET", PRESETS).ours(true).expect(200, JSON).await;
    ask("GET", PRESETS).at(format!("{PRESETS}?limit=0")).about("no page").expect(400, JSON).await;
    ask("GET", PRESETS).about("no key").key(None).expect(401, JSON).await;
    ask("GET", PRESET).at(&one).ours(true).expect(200, JSON).await;
    let versions = format!("{one}/versions");
    ask("GET", VERSIONS).at(&versions).ours(true).expect(200, JSON).await;
    let version = ask("GET", VERSION).at(format!("{versions}/2"));
    version.ours(true).expect(200, JSON).await;
    for (number, status) in [("9", 404), ("x", 400)] {
        let at = format!("{versions}/{number}");
        ask("GET", VERSION).at(at).about("no version").expect(status, JSON).await;
    }
    for change in [
        json!({ "name": "One", "description": "x", "designated_version": 1 }),
        json!({ "description": null, "status": "archived" }),
    ] {
        let patch = ask("PATCH", PRESET).at(&one).about("change").json(&change);
        patch.ours(true).expect(200, JSON).await;
    }
    let wrong = json!({ "status": "gone" });
    ask("PATCH", PRESET).at(&one).about("wrong").json(&wrong).expect(400, JSON).await;
    let path = "/api/v1/presets/{slug}/chat/completions";
    let body = Dialect::Chat.body("acme/echo", Wish::Nothing, false);
    let archived = ask("POST", path).at(format!("{one}/chat/completions")).about("archived");
    archived.json(&body).expect(409, JSON).await;
    let off = Dialect::Chat.body("@preset/one", Wish::Nothing, false);
    let call = ask("POST", "/api/v1/chat/completions").about("it is off").json(&off);
    call.expect(403, JSON).await;
    ask("DELETE", PRESET).at(&one).ours(true).expect(200, JSON).await;
    for method in ["GET", "DELETE"] {
        ask(method, PRESET).at(&one).about("it is gone").expect(404, JSON).await;
    }
    ask("GET", VERSIONS).at(&versions).about("it is gone").expect(404, JSON).await;
    let name = json!({ "name": "x" });
    ask("PATCH", PRESET).at(&one).about("it is gone").json(&name).expect(404, JSON).await;
    let unknown = ask("POST", "/api/v1/chat/completions").about("no such preset").json(&off);
    unknown.expect(404, JSON).await;
}
