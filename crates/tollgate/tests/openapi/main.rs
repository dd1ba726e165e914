//! Proof that our OpenAPI document is true: every kind of answer of the whole gateway, over real
//! sockets, is held against it. What was exchanged is written to `target/exchanges.jsonl`, which
//! `make schemas` holds against other documents.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, which should panic where something is not as expected"
)]

mod batches;
mod byok;
mod catalogue;
mod conversations;
mod credit;
mod dialect;
mod failures;
mod keys;
mod logs;
mod operations;
mod organisation;
mod presets;
mod routes;
mod rules;
mod session;
mod stream;
mod world;

use serde_json::{Value, json};
use tollgate_testkit::TestGateway;
use xtask::exchange::{Answer, Exchange};
use xtask::openapi::Document;

use crate::world::World;

#[tokio::test]
async fn every_answer_is_as_documented() {
    let world = World::start().await;
    conversations::run(&world).await;
    operations::run(&world).await;
    batches::run(&world).await;
    catalogue::run(&world).await;
    byok::run(&world).await;
    keys::run(&world).await;
    credit::run(&world).await;
    organisation::run(&world).await;
    session::run(&world).await;
    logs::run(&world).await;
    rules::run(&world).await;
    presets::run(&world).await;
    failures::run(&world).await;
    world.finish();
}

#[tokio::test]
async fn every_route_is_documented_and_every_documented_path_is_routed() {
    let gateway = TestGateway::builder().start().await;
    let document = Document::read(&gateway.at("GET", "/api/v1/openapi.json").send().await.body);
    let documented = document.unwrap().operations();
    let routed = routes::routes();
    // As many as there are lines, so that a line this reader does not understand is noticed.
    assert_eq!(routes::lines(), routed.lines, "{routed:?}");
    let matches = |(method, path): &(String, String), route: &routes::Route| {
        *method == route.method && routes::examples(path).iter().any(|it| route.takes(it))
    };
    for route in &routed.routes {
        assert!(documented.iter().any(|it| matches(it, route)), "{route:?} is not documented");
    }
    for operation in &documented {
        assert!(routed.routes.iter().any(|it| matches(operation, it)), "no route: {operation:?}");
        let (method, path) = operation;
        for example in routes::examples(path) {
            let reply = gateway.at(method, &example).send().await;
            let is_unknown = reply.status == 404 && reply.text().contains("No such path");
            assert!(reply.status != 405 && !is_unknown, "{method} {example}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn the_document_is_valid_and_names_this_version() {
    let gateway = TestGateway::builder().start().await;
    let reply = gateway.at("GET", "/api/v1/openapi.json").send().await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let document = Document::read(&reply.body).unwrap();
    assert_eq!(document.root()["info"]["version"], env!("CARGO_PKG_VERSION"));
    // Each can be used, and none takes anything at all.
    for name in document.root()["components"]["schemas"].as_object().unwrap().keys() {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let found = document.check(&schema, &json!([true]));
        assert!(!found.is_empty(), "{name} takes an array of a boolean");
        let unusable = found.iter().find(|it| it.reason.contains("can't be used"));
        assert!(unusable.is_none(), "{name}: {unusable:?}");
    }
    let mut ids: Vec<&Value> = Vec::new();
    for (method, path) in document.operations() {
        let operation = &document.root()["paths"][&path][method.to_ascii_lowercase()];
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{path}");
        assert!(!ids.contains(&&operation["operationId"]), "{method} {path}");
        ids.push(&operation["operationId"]);
    }
}

/// Real answers with one thing changed: each must be noticed, and the unchanged one must not.
#[tokio::test]
async fn a_wrong_answer_is_noticed() {
    let gateway = TestGateway::builder().start().await;
    let document = Document::read(&gateway.at("GET", "/api/v1/openapi.json").send().await.body);
    let document = document.unwrap();
    let body =
        json!({ "model": "tollgate/echo", "messages": [{ "role": "user", "content": "x" }] });
    let chat = exchange("/api/v1/chat/completions", "POST", gateway.chat(body).await.json());
    let key = exchange("/api/v1/key", "GET", gateway.get("/key").await.json());
    let models = exchange("/api/v1/models", "GET", gateway.get("/models").await.json());
    for (exchange, pointer, value) in [
        (&chat, "/usage/cost", json!("0.1")),
        (&chat, "/usage/prompt_tokens", json!(-1)),
        (&chat, "/usage/more", json!(1)),
        (&chat, "/object", json!("completion")),
        (&chat, "/choices/0/finish_reason", json!("end_turn")),
        (&chat, "/choices/0/message/role", json!("user")),
        (&chat, "/choices", json!([])),
        (&key, "/data/usage", Value::Null),
        (&key, "/data/secret", json!("x")),
        (&models, "/data/0/pricing/prompt", json!(1)),
        (&models, "/data/0/context_length", json!("128000")),
        (&models, "/more", json!(1)),
    ] {
        assert_eq!(document.check_answer(exchange), [], "{pointer}");
        let mut wrong = exchange.clone();
        let Answer::Json(body) = &mut wrong.answer else { panic!("{exchange:?}") };
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        assert!(!document.check_answer(&wrong).is_empty(), "{pointer} went unnoticed");
        wrong = exchange.clone();
        wrong.status = 418;
        assert!(!document.check_answer(&wrong).is_empty(), "{pointer}");
        wrong = exchange.clone();
        wrong.headers.insert("content-type".to_owned(), "text/html".to_owned());
        assert!(!document.check_answer(&wrong).is_empty(), "{pointer}");
    }
    assert!(!document.check_headers(&chat, &[]).is_empty(), "the id's header is missing");
}

fn exchange(path: &str, method: &str, body: Value) -> Exchange {
    Exchange {
        name: path.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        request: None,
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        answer: Answer::Json(body),
    }
}
