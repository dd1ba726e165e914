//! The log of calls, and what is told as it happens.

use serde_json::json;

use crate::world::World;

const JSON: &str = "application/json";
const ROUTES: [(&str, &str); 4] = [
    ("/api/v1/logs", "?limit=200&model=!nobody/nothing"),
    ("/api/v1/logs/histogram", "?buckets=12"),
    ("/api/v1/logs/facets", "?field=key"),
    ("/api/v1/logs/errors", ""),
];
const EXPORT: &str = "/api/v1/logs/export";
pub(crate) const EVENTS: &str = "/api/v1/events";

pub(crate) async fn run(world: &World) {
    let key = world.gateway.management_key();
    for (path, query) in ROUTES {
        let ask = || world.ask("GET", path).key(Some(key));
        ask().at(format!("{path}{query}")).ours(true).expect(200, JSON).await;
        ask().about("no such member").at(format!("{path}?colour=red")).expect(400, JSON).await;
    }
    for field in ["model", "provider", "user", "app", "status"] {
        let at = format!("/api/v1/logs/facets?field={field}");
        let ask = world.ask("GET", "/api/v1/logs/facets").key(Some(key)).about(field).at(at);
        ask.ours(true).expect(200, JSON).await;
    }
    for (format, expected) in [("json", JSON), ("csv", "text/csv")] {
        let ask = world.ask("GET", EXPORT).key(Some(key)).about(format).ours(true);
        ask.at(format!("{EXPORT}?format={format}")).expect(200, expected).await;
    }
    let listening = world.ask("GET", EVENTS).key(Some(key)).at(format!("{EVENTS}?topics=logs"));
    let body = json!({ "model": "acme/echo", "messages": [{ "role": "user", "content": "x" }] });
    listening.ours(true).expect_event("logs", world.gateway.chat(body)).await;
    let wrong = world.ask("GET", EVENTS).key(Some(key)).about("no such topic");
    wrong.at(format!("{EVENTS}?topics=weather")).expect(400, JSON).await;
    for path in ROUTES.map(|(path, _)| path).into_iter().chain([EXPORT, EVENTS]) {
        let ask = || world.ask("GET", path);
        ask().about("a wrong key").key(Some("sk-or-v1-wrong")).expect(401, JSON).await;
        ask().about("an inference key").key(Some(world.gateway.key())).expect(403, JSON).await;
    }
}
