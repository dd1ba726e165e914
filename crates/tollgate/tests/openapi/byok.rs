//! Callers' own keys at providers.

use serde_json::json;

use crate::world::World;

const JSON: &str = "application/json";
const KEYS: &str = "/api/v1/byok";
const KEY: &str = "/api/v1/byok/{id}";
const GIVEN: &str = "/api/v1/provider-keys";
const GIVEN_ONE: &str = "/api/v1/provider-keys/{provider}";
const TRIED: &str = "/api/v1/provider-keys/{provider}/test";

pub(crate) async fn run(world: &World) {
    let key = world.gateway.management_key();
    let ask = |method: &str, path: &'static str| world.ask(method, path).key(Some(key));
    let provider = "openai";
    let new = json!({ "provider": provider, "key": "sk-0123456789-abcdef", "skip_test": true });
    let mut made = String::new();
    for about in ["one", "two"] {
        ask("POST", KEYS).about(about).json(&new).expect(201, JSON).await;
    }
    for it in world.gateway.engine().stores().credentials.all().await.unwrap() {
        made = it.id;
    }
    ask("POST", KEYS)
        .about("no key")
        .json(&json!({ "provider": provider }))
        .expect(400, JSON)
        .await;
    ask("POST", KEYS).about("nobody").key(None).json(&new).expect(401, JSON).await;
    ask("POST", KEYS)
        .about("no manager")
        .key(Some(world.gateway.key()))
        .json(&new)
        .expect(403, JSON)
        .await;
    ask("GET", KEYS).expect(200, JSON).await;
    ask("GET", KEYS).at(format!("{KEYS}?limit=0")).about("no page").expect(400, JSON).await;
    ask("GET", KEYS).about("nobody").key(None).expect(401, JSON).await;
    let one = format!("{KEYS}/{made}");
    ask("GET", KEY).at(&one).expect(200, JSON).await;
    let change = json!({ "name": "mine", "is_fallback": true, "sort_order": 3 });
    ask("PATCH", KEY).at(&one).json(&change).expect(200, JSON).await;
    let wrong = json!({ "allowed_api_key_hashes": [] });
    ask("PATCH", KEY).at(&one).about("wrong").json(&wrong).expect(400, JSON).await;
    ask("DELETE", KEY).at(&one).expect(200, JSON).await;
    for method in ["GET", "DELETE"] {
        ask(method, KEY).at(&one).about("it is gone").expect(404, JSON).await;
    }
    ask("PATCH", KEY).at(&one).about("it is gone").json(&json!({})).expect(404, JSON).await;
    of_the_installation(world).await;
}

async fn of_the_installation(world: &World) {
    let key = world.gateway.management_key();
    let ask = |method: &str, path: &'static str| world.ask(method, path).key(Some(key));
    let given = json!({ "key": "sk-0123456789-abcdef", "skip_test": true });
    let at = |provider: &str| format!("{GIVEN}/{provider}");
    ask("GET", GIVEN).expect(200, JSON).await;
    ask("GET", GIVEN).about("no manager").key(Some(world.gateway.key())).expect(403, JSON).await;
    for (about, provider, status) in [
        ("given", "openai", 200),
        ("fixed by the configuration", "acme", 409),
        ("nobody", "nobody", 404),
    ] {
        ask("PUT", GIVEN_ONE).at(at(provider)).about(about).json(&given).expect(status, JSON).await;
    }
    let none = json!({ "key": " " });
    ask("PUT", GIVEN_ONE).at(at("openai")).about("no key").json(&none).expect(400, JSON).await;
    let tried = ask("POST", TRIED).at(format!("{GIVEN}/acme/test")).json(&given);
    tried.expect(200, JSON).await;
    ask("DELETE", GIVEN_ONE).at(at("openai")).expect(200, JSON).await;
    ask("DELETE", GIVEN_ONE).at(at("openai")).about("it is gone").expect(404, JSON).await;
}
