//! Batches, under both of their paths.

use serde_json::{Value, json};

use crate::world::World;

const JSON: &str = "application/json";

pub(crate) async fn run(world: &World) {
    for (batches, batch, cancel) in [
        ("/api/v1/batches", "/api/v1/batches/{id}", "/api/v1/batches/{id}/cancel"),
        ("/api/beta/batches", "/api/beta/batches/{id}", "/api/beta/batches/{id}/cancel"),
    ] {
        let messages = json!([{ "role": "user", "content": "Hello" }]);
        let request = |id: &str| json!({ "custom_id": id, "body": { "messages": messages } });
        let submit = |model: &str, requests: Value| {
            let body = format!(
                r#"{{"endpoint":"/v1/chat/completions","model":"{model}","requests":{requests}}}"#
            );
            world.ask("POST", batches).body(JSON, body)
        };
        let kept = submit("acme/echo", json!([request("a"), request("b")])).ours(true);
        let id = kept.expect(202, JSON).await.json()["id"].as_str().unwrap().to_owned();
        let at = batch.replace("{id}", &id);
        let get = || world.ask("GET", batch).at(&at).ours(true);
        while get().expect(200, JSON).await.json()["results"].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let failing = submit("acme/refuse", json!([request("a")])).about("an error").ours(true);
        failing.expect(202, JSON).await;
        world.ask("GET", batches).ours(true).expect(200, JSON).await;
        world.ask("GET", batches).at(format!("{batches}?limit=0")).expect(400, JSON).await;
        world.ask("GET", batches).about("no key").key(None).expect(401, JSON).await;
        let slow = submit("acme/overloaded", json!([request("a")])).about("slow").ours(true);
        let slow = slow.expect(202, JSON).await.json()["id"].as_str().unwrap().to_owned();
        let slow_at = batch.replace("{id}", &slow);
        let too_early = world.ask("DELETE", batch).at(&slow_at).about("it has not ended");
        too_early.expect(409, JSON).await;
        let end = || world.ask("POST", cancel).at(format!("{slow_at}/cancel"));
        end().ours(true).expect(200, JSON).await;
        let ended = || world.ask("POST", cancel).at(format!("{at}/cancel")).about("it has ended");
        ended().expect(409, JSON).await;
        world.ask("DELETE", batch).at(&at).ours(true).expect(200, JSON).await;
        for method in ["GET", "DELETE"] {
            world.ask(method, batch).at(&at).about("it is gone").expect(404, JSON).await;
        }
        ended().about("it is gone").expect(404, JSON).await;
        submit("acme/none", json!([request("a")])).about("no model").expect(400, JSON).await;
        submit("acme/echo", json!([])).about("no requests").expect(400, JSON).await;
        submit("acme/echo", json!([])).about("no key").key(None).expect(401, JSON).await;
        let key = world.gateway.management_key();
        let refused = submit("acme/echo", json!([request("a")])).about("a management key");
        refused.key(Some(key)).expect(403, JSON).await;
        let text = world.ask("POST", batches).about("text").body("text/plain", "x");
        text.expect(415, JSON).await;
    }
}
