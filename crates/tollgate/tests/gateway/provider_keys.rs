//! The installation's keys at providers that are given while it runs (`docs/dashboard.md`).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Call, TestGateway, eventually, simulator};

use crate::postgres::SECRET_KEY;

const KEY: &str = "sk-given-0123456789-abcdef";
/// What simulators take for no key.
const REFUSED: &str = "sk-wrong-0123456789-none";

/// A provider that the configuration has no key for.
fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder().config(&format!(
        "[[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\nbase_url = \"{}\"\n\
         env = [\"ACME_API_KEY\"]\n\
         [[model]]\nid = \"acme/m\"\ncontext_length = 1000\n\
         [[endpoint]]\nmodel = \"acme/m\"\nprovider = \"acme\"\nupstream_model = \"echo\"\n\
         price = {{ input = \"1\", output = \"2\" }}\n",
        simulator.openai_base()
    ))
}

fn manage<'a>(gateway: &'a TestGateway, method: &str, path: &str) -> Call<'a> {
    let path = format!("/api/v1/provider-keys{path}");
    gateway.at(method, &path).key(gateway.management_key())
}

async fn of_acme(gateway: &TestGateway) -> Value {
    let all = manage(gateway, "GET", "").send().await.json();
    let mut all = all["data"].as_array().unwrap().iter();
    all.find(|it| it["provider"] == "acme").unwrap().clone()
}

fn hello() -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "Hello there" }] })
}

#[tokio::test]
async fn a_key_that_is_given_is_used_at_once_and_after_a_restart_and_not_when_it_is_removed() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    assert_eq!(of_acme(&gateway).await["source"], "none_needed");
    assert_ne!(gateway.chat(hello()).await.status, 200);
    let given = manage(&gateway, "PUT", "/acme").json(&json!({ "key": KEY })).send().await;
    assert_eq!(given.status, 200, "{}", given.text());
    let shown = &given.json()["data"];
    assert_eq!((&shown["source"], &shown["label"]), (&json!("dashboard"), &json!("sk-...def")));
    assert_eq!(shown["models"], 1);
    assert_eq!(gateway.chat(hello()).await.said().text, "Hello there");
    let requests = simulator.requests();
    let sent = requests.last().unwrap().header("authorization");
    assert_eq!(sent, Some("Bearer …cdef"));
    let log = manage(&gateway, "GET", "").send().await.text();
    assert!(!log.contains(KEY), "{log}");

    let stopped = gateway.stop().await;
    let gateway = world(&simulator).on(stopped).start().await;
    assert_eq!(gateway.chat(hello()).await.said().text, "Hello there");
    let removed = manage(&gateway, "DELETE", "/acme").send().await;
    assert_eq!(removed.json(), json!({ "deleted": true }));
    assert_ne!(gateway.chat(hello()).await.status, 200);
    manage(&gateway, "DELETE", "/acme").send().await.error(404, "not_found");
}

#[tokio::test]
async fn a_key_is_tried_before_it_is_kept() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let tried = |key: &'static str| {
        manage(&gateway, "POST", "/acme/test").json(&json!({ "key": key })).send()
    };
    assert_eq!(tried(KEY).await.json()["data"]["verdict"], "accepted");
    assert_eq!(tried(REFUSED).await.json()["data"]["verdict"], "refused");
    let put = |body: Value| manage(&gateway, "PUT", "/acme").json(&body).send();
    let refused = put(json!({ "key": REFUSED })).await;
    let message = refused.error_message(400, "invalid_request");
    assert!(message.contains("acme refuses this key"), "{message}");
    assert!(!message.contains(REFUSED), "{message}");
    assert_eq!(of_acme(&gateway).await["source"], "none_needed");
    assert_eq!(put(json!({ "key": REFUSED, "skip_test": true })).await.status, 200);
    for wrong in [json!({}), json!({ "key": "" }), json!({ "key": "a\nb" }), json!("x")] {
        put(wrong).await.error(400, "invalid_request");
    }
    // Where the environment has one, that is used, and this says so.
    let gateway = world(&simulator).env([("ACME_API_KEY", KEY)]).start().await;
    let refused = manage(&gateway, "PUT", "/acme").json(&json!({ "key": KEY })).send().await;
    let message = refused.error(409, "invalid_request")["message"].to_string();
    assert!(message.contains("ACME_API_KEY"), "{message}");
    let shown = of_acme(&gateway).await;
    assert_eq!((&shown["source"], &shown["origin"]), (&json!("fixed"), &json!("ACME_API_KEY")));
}

#[tokio::test]
async fn another_gateway_on_the_store_takes_it_up() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let node = || {
        let config = format!("[database]\nurl = \"{database}\"\n");
        world(&simulator).config(&config).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start()
    };
    let (one, other) = (node().await, node().await);
    let given = manage(&one, "PUT", "/acme").json(&json!({ "key": KEY })).send().await;
    assert_eq!(given.status, 200, "{}", given.text());
    eventually("the other gateway has the key", async || {
        (other.chat(hello()).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_those_who_reach_everywhere_give_keys() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let body = json!({ "key": KEY });
    for (method, path) in
        [("GET", ""), ("PUT", "/acme"), ("DELETE", "/acme"), ("POST", "/acme/test")]
    {
        let with = manage(&gateway, method, path).key(gateway.key()).json(&body).send().await;
        with.error(403, "permission_denied");
        let without = gateway.at(method, &format!("/api/v1/provider-keys{path}")).json(&body);
        assert_eq!(without.send().await.status, 401, "{method} {path}");
    }
    let unknown = manage(&gateway, "PUT", "/nobody").json(&body).send().await;
    unknown.error(404, "not_found");
}
