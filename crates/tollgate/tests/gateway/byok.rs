//! Callers' own keys at providers over real sockets: managed, kept sealed, tried in their order,
//! billed by their providers (contract §1.4, §5.9, §6.2).

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, simulator};

const P1: &str = r#"{ input = "1", output = "2" }"#;
const P2: &str = r#"{ input = "2", output = "4" }"#;
const SECRET: &str = "sk-own-0123456789-abcdef";

/// What simulators take for no key.
const REFUSED: &str = "sk-wrong-0123456789-none";
/// The end of the key that the configuration gives each provider.
const FIRST: &str = "sk-of-first";
const SECOND: &str = "sk-of-second";

/// `acme/m` at `first` and, dearer, at `second`.
fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .provider("first", Protocol::OpenAi, simulator)
        .provider("second", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "first", "echo", P1)
        .endpoint("acme/m", "second", "echo", P2)
        .endpoint("acme/n", "first", "echo", P1)
}

fn manage<'a>(gateway: &'a TestGateway, method: &str, path: &str) -> tollgate_testkit::Call<'a> {
    gateway.at(method, &format!("/api/v1/byok{path}")).key(gateway.management_key())
}

async fn post(gateway: &TestGateway, body: &Value) -> Reply {
    manage(gateway, "POST", "").json(body).send().await
}

/// Adds a key and returns its record.
async fn add(gateway: &TestGateway, provider: &str, key: &str, members: Value) -> Value {
    let mut body = json!({ "provider": provider, "key": key });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let reply = post(gateway, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["data"].clone()
}

fn asking(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello there" }] })
}

/// The ends of the keys that providers were shown since the last look, in order.
fn shown(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.requests();
    let keys = requests.iter().map(|it| tail(it.header("authorization").unwrap()));
    let keys = keys.collect();
    simulator.clear();
    keys
}

fn tail(key: &str) -> String {
    key.get(key.len() - 4..).unwrap().to_owned()
}

fn tails(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| tail(key)).collect()
}

#[tokio::test]
async fn section_1_4_a_key_is_kept_and_never_shown_again() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let reply =
        post(&gateway, &json!({ "provider": "first", "key": SECRET, "name": "mine" })).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let made = reply.json();
    assert_eq!(made["warning"], Value::Null, "{made}");
    let made = made["data"].clone();
    for (member, expected) in [
        ("provider", json!("first")),
        ("name", json!("mine")),
        ("label", json!("sk-...def")),
        ("workspace_id", Value::Null),
        ("disabled", json!(false)),
        ("is_fallback", json!(false)),
        ("sort_order", json!(0)),
        ("allowed_models", Value::Null),
        ("allowed_user_ids", Value::Null),
        ("allowed_api_key_hashes", Value::Null),
    ] {
        assert_eq!(made[member], expected, "{member}: {made}");
    }
    let one = format!("/{}", made["id"].as_str().unwrap());
    assert_eq!(manage(&gateway, "GET", &one).send().await.json()["data"], made);
    let other = add(&gateway, "second", "sk-another-0123456789", json!({})).await;
    let listed = manage(&gateway, "GET", "").send().await.json();
    assert_eq!(listed, json!({ "data": [made, other], "total_count": 2 }));
    let listed = manage(&gateway, "GET", "?provider=second&limit=1").send().await.json();
    assert_eq!(listed, json!({ "data": [other], "total_count": 1 }));
    let listed = manage(&gateway, "GET", "?offset=1").send().await.json();
    assert_eq!(listed, json!({ "data": [other], "total_count": 2 }));
    let change =
        json!({ "name": null, "key": "sk-second-secret-999", "allowed_models": ["acme/m"] });
    let changed = manage(&gateway, "PATCH", &one).json(&change).send().await.json();
    assert_eq!(changed["data"]["label"], "sk-...999", "{changed}");
    assert_eq!(changed["data"]["name"], Value::Null, "{changed}");
    assert_eq!(changed["data"]["allowed_models"], json!(["acme/m"]), "{changed}");
    shown(&simulator);
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&["sk-second-secret-999"]));
    let deleted = manage(&gateway, "DELETE", &one).send().await.json();
    assert_eq!(deleted, json!({ "deleted": true }));
    for method in ["GET", "DELETE"] {
        manage(&gateway, method, &one).send().await.error(404, "not_found");
    }
    // An inference key manages nothing.
    gateway
        .at("GET", "/api/v1/byok")
        .key(gateway.key())
        .send()
        .await
        .error(403, "permission_denied");
}

#[tokio::test]
async fn section_1_4_what_is_wrong_is_refused() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let foreign = "ab".repeat(32);
    for (member, value, word) in [
        ("provider", json!("nobody"), "provider"),
        ("key", json!(" "), "key"),
        ("name", json!("x".repeat(256)), "name"),
        ("workspace_id", json!("default"), "workspace_id"),
        ("allowed_models", json!(["acme/unknown"]), "allowed_models"),
        ("allowed_models", json!(vec!["acme/m"; 101]), "allowed_models"),
        ("allowed_user_ids", json!(vec!["u"; 101]), "allowed_user_ids"),
        ("allowed_api_key_hashes", json!([]), "allowed_api_key_hashes"),
        ("allowed_api_key_hashes", json!(["xyz"]), "allowed_api_key_hashes"),
        ("allowed_api_key_hashes", json!([foreign]), "no key with the hash"),
        ("allowed_api_key_hashes", json!(vec![foreign.as_str(); 101]), "allowed_api_key_hashes"),
    ] {
        let mut body = json!({ "provider": "first", "key": SECRET });
        body[member] = value;
        let message = post(&gateway, &body).await.error_message(400, "invalid_request");
        assert!(message.contains(word), "{member}: {message}");
        assert!(!message.contains(SECRET), "{member}: {message}");
    }
    assert_eq!(manage(&gateway, "GET", "").send().await.json()["total_count"], 0);
    manage(&gateway, "GET", "?limit=101").send().await.error(400, "invalid_request");
}

#[tokio::test]
async fn section_1_4_a_key_is_tested_on_save() {
    let simulator = simulator().await;
    let gateway =
        world(&simulator).provider_at("gone", Protocol::OpenAi, "http://127.0.0.1:9").start().await;
    let refused = json!({ "provider": "first", "key": REFUSED });
    let message = post(&gateway, &refused).await.error_message(400, "invalid_request");
    assert!(message.contains("refuses this key") && !message.contains(REFUSED), "{message}");
    let anyway = json!({ "provider": "first", "key": REFUSED, "skip_test": true });
    assert_eq!(post(&gateway, &anyway).await.status, 201);
    let silent = post(&gateway, &json!({ "provider": "gone", "key": SECRET })).await;
    assert_eq!(silent.status, 201, "{}", silent.text());
    assert!(
        silent.json()["warning"].as_str().unwrap().contains("unreachable"),
        "{}",
        silent.text()
    );
}

/// Seals what API keys are hashed with, and nothing else, with another master key.
async fn move_pepper(gateway: &TestGateway, other: &str) {
    let file = gateway.config_file().parent().unwrap().join("secret.key");
    let own = std::fs::read_to_string(file).unwrap();
    let vault = tollgate_vault::Vault::parse(&format!("{other},{}", own.trim())).unwrap();
    let stores = gateway.engine().stores();
    let moved = tollgate_engine::reseal_pepper(stores, &vault, &tollgate_engine::SystemEntropy);
    assert!(moved.await.unwrap());
}

#[tokio::test]
async fn section_1_4_secrets_rest_sealed_and_survive_a_restart() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let made = add(&gateway, "first", SECRET, json!({})).await;
    let folder = gateway.config_file().parent().unwrap().to_owned();
    let permissions = std::fs::metadata(folder.join("secret.key")).unwrap().permissions().mode();
    assert_eq!(permissions & 0o777, 0o600);
    let gateway = world(&simulator).on(gateway.stop().await).start().await;
    shown(&simulator);
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET]));
    // A gateway with another master key, to which API keys have been moved alone, starts and goes
    // without.
    let other = "07".repeat(32);
    move_pepper(&gateway, &other).await;
    let stopped = gateway.stop().await;
    let gateway =
        world(&simulator).env([("TOLLGATE_SECRET_KEY", other.as_str())]).on(stopped).start().await;
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&[FIRST]));
    let id = made["id"].as_str().unwrap();
    assert_eq!(gateway.engine().keychain().unusable().len(), 1);
    let sealed = gateway.engine().stores().credentials.get(id).await.unwrap().unwrap().sealed;
    manage(&gateway, "DELETE", &format!("/{id}")).send().await;
    let stopped = gateway.stop().await;
    let database = stopped.database_url().trim_start_matches("sqlite://").to_owned();
    let bytes = std::fs::read(database).unwrap();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
    assert!(has(id.as_bytes()), "the row stays");
    assert!(!has(SECRET.as_bytes()), "the secret");
    assert!(!has(&sealed), "the sealed secret");
}

/// Whose key each candidate of a call is called with, its provider and its place.
async fn order(gateway: &TestGateway, wants: Value) -> Vec<String> {
    let mut body = asking("acme/m");
    body["provider"] = wants;
    let told = gateway.post("/routing/explain", &body).await.json();
    let candidates = told["data"]["candidates"].as_array().unwrap().iter();
    candidates.map(candidate).collect()
}

fn candidate(it: &Value) -> String {
    let endpoint = it["endpoint_id"].as_str().unwrap();
    let own = if endpoint.contains('#') { "own" } else { "shared" };
    let provider = endpoint.split('/').next().unwrap();
    format!("{own} {provider} {}", it["place"].as_str().unwrap())
}

#[tokio::test]
async fn section_5_9_own_keys_stand_before_what_is_shared_and_fallbacks_behind() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    add(&gateway, "second", "sk-fallback-0123456789", json!({ "is_fallback": true })).await;
    add(&gateway, "second", "sk-own-a-0123456789", json!({})).await;
    add(&gateway, "second", "sk-own-b-0123456789", json!({})).await;
    add(&gateway, "first", "sk-own-c-0123456789", json!({})).await;
    let order = |wants: Value| order(&gateway, wants);
    assert_eq!(
        order(json!({})).await,
        [
            "own first byok",
            "own second byok",
            "own second byok",
            "shared first sorted",
            "shared second sorted",
            "own second byok"
        ]
    );
    assert_eq!(
        order(json!({ "order": ["second"] })).await,
        [
            "own second byok",
            "own second byok",
            "own first byok",
            "shared second ordered",
            "shared first sorted",
            "own second byok"
        ]
    );
    assert_eq!(
        order(json!({ "only": ["first"] })).await,
        [
            "own first byok",
            "shared first sorted",
            "own second dropped",
            "own second dropped",
            "own second dropped",
            "shared second dropped"
        ]
    );
    // Of the two of one provider the first by its place.
    shown(&simulator);
    let mut body = asking("acme/m");
    body["provider"] = json!({ "order": ["second"] });
    gateway.chat(body).await.said();
    assert_eq!(shown(&simulator), tails(&["sk-own-a-0123456789"]));
}

#[tokio::test]
async fn section_5_9_a_key_that_is_always_used_suppresses_what_is_shared() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let key = json!({ "always_use": true, "skip_test": true });
    add(&gateway, "first", REFUSED, key).await;
    shown(&simulator);
    let said = gateway.chat(asking("acme/m")).await.said();
    assert_eq!(said.provider, "Second");
    assert_eq!(shown(&simulator), tails(&[REFUSED, SECOND]));
    let error = gateway.chat(asking("acme/n")).await.json();
    assert_eq!(error["error"]["metadata"]["is_byok"], true, "{error}");
    assert!(!error.to_string().contains(REFUSED), "{error}");
}

#[tokio::test]
async fn section_5_9_keys_are_for_the_models_and_keys_they_name() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let mine = tollgate_types::ApiKey::from_text(gateway.key());
    let mine = gateway.engine().keys().hash(&mine).to_hex();
    let theirs = gateway.key_with(|_| {}).await;
    let users = gateway.key_with(|record| record.creator_user_id = Some("u1".to_owned())).await;
    let elsewhere = "11111111-1111-4111-8111-111111111111";
    for (members, expected) in [
        (json!({ "allowed_models": ["acme/n"] }), [false, false, false, true]),
        (json!({ "allowed_api_key_hashes": [mine] }), [true, false, false, true]),
        (json!({ "allowed_user_ids": ["u1"] }), [false, false, true, false]),
        (json!({ "allowed_user_ids": [] }), [false; 4]),
        (json!({ "workspace_id": elsewhere }), [false; 4]),
        (json!({ "disabled": true }), [false; 4]),
        (json!({}), [true; 4]),
    ] {
        let made = add(&gateway, "first", SECRET, members.clone()).await;
        let calls = [
            (gateway.key(), "acme/m"),
            (theirs.as_str(), "acme/m"),
            (users.as_str(), "acme/m"),
            (gateway.key(), "acme/n"),
        ];
        for ((key, model), is_own) in calls.into_iter().zip(expected) {
            simulator.clear();
            gateway.chat_call(&asking(model)).key(key).send().await.said();
            let wanted = if is_own { SECRET } else { FIRST };
            assert_eq!(shown(&simulator), tails(&[wanted]), "{members} {model}");
        }
        let one = format!("/{}", made["id"].as_str().unwrap());
        manage(&gateway, "DELETE", &one).send().await;
    }
}

#[tokio::test]
async fn section_5_9_a_provider_without_a_key_here_answers_with_the_callers() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let model = "openai/gpt-4o-mini";
    let before = gateway.chat(asking(model)).await;
    assert_eq!(before.status, 404, "{}", before.text());
    let explained = |reply: Reply| reply.json()["data"]["candidates"].clone();
    add(&gateway, "openai", SECRET, json!({ "skip_test": true })).await;
    let found = explained(gateway.post("/routing/explain", &asking(model)).await);
    assert_eq!(found[0]["place"], "byok", "{found}");
}

#[tokio::test]
async fn section_5_9_a_refused_own_key_moves_on_and_hurts_no_shared_endpoint() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let made = add(&gateway, "first", REFUSED, json!({ "skip_test": true })).await;
    shown(&simulator);
    for _ in 0..8 {
        let said = gateway.chat(asking("acme/m")).await.said();
        assert_eq!(said.provider, "First");
        assert_eq!(said.usage["is_byok"], false);
    }
    let keys = shown(&simulator);
    assert_eq!(keys.first(), Some(&tail(REFUSED)));
    assert_eq!(keys.iter().filter(|key| **key == tail(FIRST)).count(), 8);
    let now = gateway.engine().now();
    let vitals = gateway.engine().vitals();
    let reports: Vec<_> =
        vitals.reports(now).map(|(id, it)| (id.as_str().to_owned(), it)).collect();
    let shared = reports.iter().find(|(id, _)| id == "first/acme/m").unwrap();
    assert_eq!((shared.1.last_5m.failures, shared.1.last_5m.successes), (0, 8));
    let own = reports.iter().find(|(id, _)| id.contains(made["id"].as_str().unwrap())).unwrap();
    assert!(own.1.last_5m.failures > 0);
    // How it does is not kept: that is its caller's business.
    gateway.engine().write_history().await.unwrap();
    let kept = gateway.get("/routing/history").await.json()["data"]["endpoints"].clone();
    assert_eq!(kept.as_array().unwrap().len(), 1, "{kept}");
    assert_eq!(kept[0]["endpoint_id"], "first/acme/m", "{kept}");
    // A new secret in its place is tried at once.
    let one = format!("/{}", made["id"].as_str().unwrap());
    let change = json!({ "key": SECRET });
    assert_eq!(manage(&gateway, "PATCH", &one).json(&change).send().await.status, 200);
    shown(&simulator);
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET]));
}

#[tokio::test]
async fn section_6_2_own_keys_are_billed_by_their_provider() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    add(&gateway, "first", SECRET, json!({})).await;
    for streamed in [false, true] {
        let said = if streamed {
            gateway.chat_stream(asking("acme/m")).await.said()
        } else {
            gateway.chat(asking("acme/m")).await.said()
        };
        assert_eq!(said.usage["is_byok"], true, "{:?}", said.usage);
        assert_eq!(said.cost().nanos(), 0);
        // 2 tokens each way.
        assert_eq!(said.usage["cost_details"]["upstream_inference_cost"], json!(0.000_006));
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["is_byok"], true, "{record}");
        assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{record}");
        assert_eq!(record["upstream_inference_cost"].as_f64(), Some(0.000_006), "{record}");
        assert_eq!(record["provider_responses"][0]["is_byok"], true, "{record}");
    }
    let key = gateway.get("/key").await.json()["data"].clone();
    assert_eq!(key["usage"].as_f64(), Some(0.0), "{key}");
    assert_eq!(key["byok_usage"].as_f64(), Some(0.000_012), "{key}");
    assert_eq!(key["byok_usage_daily"].as_f64(), Some(0.000_012), "{key}");
    // Against a limit only where the key's owner wants that.
    for (counts, status) in [(false, 200), (true, 402)] {
        let limited = gateway
            .key_with(|record| {
                record.limit = Some("0.00003".parse().unwrap());
                record.include_byok_in_limit = counts;
            })
            .await;
        gateway.chat_call(&asking("acme/m")).key(&limited).send().await.said();
        // At $0.000006 a call.
        let mut last = 200;
        for _ in 0..5 {
            last = gateway.chat_call(&asking("acme/m")).key(&limited).send().await.status;
        }
        assert_eq!(last, status, "{counts}");
    }
}

/// A budget that own keys are not counted by is in the way of shared endpoints only; the limit that
/// counts them holds all the same, however many call at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_lifts_no_limit_of_own_keys() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    add(&gateway, "first", SECRET, json!({})).await;
    let limited = gateway
        .key_with(|record| {
            record.limit = Some("0.00003".parse().unwrap());
            record.include_byok_in_limit = true;
            record.rate_limits = serde_json::from_str(r#"{"daily_budget": "0"}"#).unwrap();
        })
        .await;
    let gateway = Arc::new(gateway);
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let (gateway, key) = (Arc::clone(&gateway), limited.clone());
        let call =
            async move { gateway.chat_call(&asking("acme/m")).key(&key).send().await.status };
        calls.spawn(call);
    }
    let statuses = calls.join_all().await;
    let answered = statuses.iter().filter(|status| **status == 200).count();
    // At $0.000006 a call.
    assert!((1..=5).contains(&answered), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 402].contains(status)), "{statuses:?}");
    let key = gateway.call("GET", "/key").key(&limited).send().await.json();
    assert!(key["data"]["byok_usage"].as_f64().unwrap() <= 0.000_03, "{key}");
}

#[tokio::test]
async fn section_5_9_routing_metadata_says_whose_key_it_was() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let ask = || gateway.chat_call(&asking("acme/m")).header("x-openrouter-metadata", "enabled");
    let shared = ask().send().await.json();
    assert_eq!(shared["openrouter_metadata"]["is_byok"], false, "{shared}");
    add(&gateway, "first", SECRET, json!({})).await;
    let own = ask().send().await.json();
    assert_eq!(own["openrouter_metadata"]["is_byok"], true, "{own}");
}

/// The program on the data of a gateway that was stopped: how it ended and what it said.
pub(crate) fn run(database: &str, secret_key: &str, arguments: &[&str]) -> (bool, String) {
    let folder = Path::new(database.trim_start_matches("sqlite://")).parent().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(arguments)
        .arg("--data-dir")
        .arg(folder)
        .current_dir(folder)
        .env_clear()
        .env("TOLLGATE_SECRET_KEY", secret_key)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn section_1_4_the_secret_key_is_rotated() {
    let simulator = simulator().await;
    let (old, new) = ("01".repeat(32), "02".repeat(32));
    let both = format!("{new},{old}");
    let started = |key: &str| world(&simulator).env([("TOLLGATE_SECRET_KEY", key)]);
    let gateway = started(&old).start().await;
    add(&gateway, "first", SECRET, json!({})).await;
    let stopped = gateway.stop().await;
    let database = stopped.database_url();
    let (is_well, said) = run(&database, &new, &["doctor", "--offline"]);
    assert!(!is_well && said.contains("1 of 1 keys do not open"), "{said}");
    let (is_well, said) = run(&database, &new, &["secrets", "rotate"]);
    assert!(!is_well && said.contains("another secret key"), "{said}");
    for count in [1, 0] {
        let (is_well, said) = run(&database, &both, &["secrets", "rotate"]);
        assert!(is_well && said.contains(&format!("{count} keys")), "{said}");
        assert!(!said.contains(&old) && !said.contains(&new) && !said.contains(SECRET), "{said}");
    }
    let (_, said) = run(&database, &new, &["doctor", "--offline"]);
    assert!(said.contains("1 keys open"), "{said}");
    let gateway = started(&new).on(stopped).start().await;
    shown(&simulator);
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET]));
}

// The command waits for the gateway, which must be able to write meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn section_1_4_a_gateway_without_the_new_secret_key_goes_on_and_saves_nothing() {
    let simulator = simulator().await;
    let (old, new) = ("01".repeat(32), "02".repeat(32));
    let gateway = world(&simulator).env([("TOLLGATE_SECRET_KEY", &old)]).start().await;
    add(&gateway, "first", SECRET, json!({})).await;
    let both = format!("{new},{old}");
    let (is_well, said) = run(&gateway.database_url(), &both, &["secrets", "rotate"]);
    assert!(is_well && said.contains("needs a restart"), "{said}");
    gateway.engine().refresh_own_keys().await.unwrap();
    shown(&simulator);
    gateway.chat(asking("acme/m")).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET]));
    let refused = post(&gateway, &json!({ "provider": "first", "key": SECRET })).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("restart"), "{}", refused.text());
}

#[tokio::test]
async fn section_1_4_what_is_wrong_with_a_body_is_told_without_the_body() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let made = add(&gateway, "first", SECRET, json!({})).await;
    let one = format!("/{}", made["id"].as_str().unwrap());
    for (method, path) in [("POST", ""), ("PATCH", one.as_str())] {
        let misplaced = json!({ "provider": "first", "key": SECRET, "disabled": SECRET });
        let reply = manage(&gateway, method, path).json(&misplaced).send().await;
        assert!(!reply.text().contains(SECRET), "{}", reply.text());
        let message = reply.error_message(400, "invalid_request");
        assert!(message.contains("column"), "{message}");
    }
    let message = post(&gateway, &json!({ "key": SECRET })).await;
    let message = message.error_message(400, "invalid_request");
    assert!(message.contains("missing field `provider`"), "{message}");
}

#[tokio::test]
async fn section_1_4_a_sealed_secret_is_for_its_provider_alone() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let made = add(&gateway, "first", SECRET, json!({})).await;
    let stores = gateway.engine().stores();
    let id = made["id"].as_str().unwrap();
    let mut record = stores.credentials.get(id).await.unwrap().unwrap();
    // As somebody would who can write to the database and has an address among the providers.
    "11111111-1111-4111-8111-111111111111".clone_into(&mut record.id);
    record.sealed = gateway.engine().keychain().seal(&record, SECRET, [7; 12]).unwrap();
    record.provider = tollgate_types::ProviderSlug::parse("second").unwrap();
    stores.credentials.insert(record.clone()).await.unwrap();
    gateway.engine().refresh_own_keys().await.unwrap();
    let unusable = gateway.engine().keychain().unusable();
    assert_eq!(unusable.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&record.id]);
    shown(&simulator);
    let mut body = asking("acme/m");
    body["provider"] = json!({ "only": ["second"] });
    gateway.chat(body).await.said();
    assert_eq!(shown(&simulator), tails(&[SECOND]));
}

#[tokio::test]
async fn section_5_9_a_key_that_is_always_used_and_does_not_open_is_not_replaced() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    add(&gateway, "first", SECRET, json!({ "always_use": true, "name": "team" })).await;
    let other = "07".repeat(32);
    move_pepper(&gateway, &other).await;
    let gateway = world(&simulator)
        .env([("TOLLGATE_SECRET_KEY", other.as_str())])
        .on(gateway.stop().await)
        .start()
        .await;
    shown(&simulator);
    let error = gateway.chat(asking("acme/n")).await.json();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("First can't be called with your own key team (sk-...def)"),
        "{error}"
    );
    assert_eq!(error["error"]["metadata"]["is_byok"], true, "{error}");
    assert_eq!(shown(&simulator), tails(&[]));
    // Another provider may.
    assert_eq!(gateway.chat(asking("acme/m")).await.said().provider, "Second");
    assert_eq!(shown(&simulator), tails(&[SECOND]));
}

#[tokio::test]
async fn section_4_5_errors_and_records_name_the_callers_own_key() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let members = json!({ "always_use": true, "skip_test": true, "name": "team" });
    let made = add(&gateway, "first", REFUSED, members).await;
    let title = "team (sk-...one)";
    let error = gateway.chat(asking("acme/n")).await.json();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains(&format!("First refused your own key {title}")), "{error}");
    assert!(message.contains(made["id"].as_str().unwrap()), "{error}");
    assert!(!message.contains("this gateway's key"), "{error}");
    let said = gateway.chat(asking("acme/m")).await.said();
    let record = gateway.generation(&said.id).await;
    let tried = &record["provider_responses"];
    assert_eq!((&tried[0]["own_key"], &tried[0]["is_byok"]), (&json!(title), &json!(true)));
    assert_eq!((&tried[1]["own_key"], &tried[1]["is_byok"]), (&Value::Null, &json!(false)));
    let own = record["routing"]["candidates"].as_array().unwrap();
    let own: Vec<_> = own.iter().filter(|it| it["own_key"] == title).collect();
    assert_eq!(own.len(), 1, "{record}");
    let told = gateway.post("/routing/explain", &asking("acme/m")).await.json();
    assert_eq!(told["data"]["candidates"][0]["own_key"], title, "{told}");
    // The same for the operator.
    let stopped = gateway.stop().await;
    let (is_well, told) =
        run(&stopped.database_url(), &"07".repeat(32), &["route", "explain", &said.id]);
    assert!(is_well && told.contains(&format!("with the caller's own key {title}")), "{told}");
}

#[tokio::test]
async fn section_6_2_a_call_that_shared_and_own_keys_answered_is_charged_for_the_shared_part_once()
{
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "cheap first"
        [rule.then.cascade]
        models = ["acme/m", "acme/n"]
        escalate = { shorter_than = 20 }
    "#;
    // What judges finds too short is shared, what is told is not; and the other way round.
    for (allowed, own) in [("acme/n", "second"), ("acme/m", "first")] {
        let gateway = TestGateway::builder()
            .provider("first", Protocol::OpenAi, &simulator)
            .provider("second", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "first", "echo", P1)
            .endpoint("acme/n", "second", "prose", P2)
            .config(rules)
            .start()
            .await;
        add(&gateway, own, SECRET, json!({ "allowed_models": [allowed] })).await;
        let said = gateway.chat(asking("acme/m")).await.said();
        assert_eq!(said.model, "acme/n");
        assert_eq!(said.usage["is_byok"], false, "{allowed}: {:?}", said.usage);
        let record = gateway.generation(&said.id).await;
        let stages = record["routing"]["policy"]["stages"].as_array().unwrap();
        let cost: f64 = stages.iter().map(|it| it["cost"].as_f64().unwrap()).sum();
        assert!(cost > 0.0, "{record}");
        assert_eq!(record["total_cost"].as_f64(), Some(cost), "{record}");
        assert_eq!(record["is_byok"], false, "{record}");
        let key = gateway.get("/key").await.json()["data"].clone();
        assert_eq!(key["usage"].as_f64(), Some(cost), "{key}");
        // It would be counted twice against a limit that counts both.
        assert_eq!(key["byok_usage"].as_f64(), Some(0.0), "{key}");
    }
}

#[tokio::test]
async fn section_1_4_a_spent_limit_leaves_a_caller_their_own_keys() {
    let simulator = simulator().await;
    let gateway = world(&simulator).endpoint("acme/unpriced", "first", "echo", "").start().await;
    let limited = |counts: bool| {
        gateway.key_with(move |record| {
            record.limit = Some("0.00002".parse().unwrap());
            record.include_byok_in_limit = counts;
        })
    };
    let ask = |key: &str, model: &str| gateway.chat_call(&asking(model)).key(key).send();
    let (own, counted) = (limited(false).await, limited(true).await);
    for key in [&own, &counted] {
        ask(key, "acme/m").await.said();
        while ask(key, "acme/m").await.status == 200 {}
        // To the last call that it is enough for.
        let short = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "Hi" }] });
        while gateway.chat_call(&short).key(key).send().await.status == 200 {}
        ask(key, "acme/m").await.error(402, "payment_required");
    }
    let made = add(&gateway, "first", SECRET, json!({ "is_fallback": true })).await;
    shown(&simulator);
    let said = ask(&own, "acme/m").await.said();
    assert_eq!((said.cost().nanos(), &said.usage["is_byok"]), (0, &json!(true)));
    let body = asking("openrouter/auto");
    let said = gateway.chat_call(&body).key(&own).send().await.said();
    assert_eq!(said.usage["is_byok"], true, "{:?}", said.usage);
    // Nobody charges for what is called with it, whatever it costs.
    ask(&own, "acme/unpriced").await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET; 3]));
    // What is shared is left out, and the record says why.
    let record = gateway.generation(&said.id).await;
    let candidates = record["routing"]["candidates"].as_array().unwrap();
    let shared = candidates.iter().find(|it| it["endpoint_id"] == "first/acme/m");
    let reason = shared.map(|it| it["reason"].as_str().unwrap().to_owned());
    assert!(reason.is_none_or(|it| it.contains("the limit is spent")), "{record}");
    // Where it counts, and where there is none, it is refused as ever.
    ask(&counted, "acme/m").await.error(402, "payment_required");
    let mut elsewhere = asking("acme/m");
    elsewhere["provider"] = json!({ "only": ["second"] });
    let refused = gateway.chat_call(&elsewhere).key(&own).send().await;
    refused.error(402, "payment_required");
    let one = format!("/{}", made["id"].as_str().unwrap());
    manage(&gateway, "PATCH", &one).json(&json!({ "allowed_models": ["acme/n"] })).send().await;
    ask(&own, "acme/m").await.error(402, "payment_required");
    let auto = gateway.chat_call(&json!({
        "model": "openrouter/auto", "messages": [{ "role": "user", "content": "Hi" }],
        "plugins": [{ "id": "auto-router", "allowed_models": ["acme/m"] }]
    }));
    auto.key(&own).send().await.error(402, "payment_required");
    assert_eq!(shown(&simulator), tails(&[]));
}

#[tokio::test]
async fn section_5_9_an_own_key_without_money_or_room_moves_on_and_hurts_itself_alone() {
    let simulator = simulator().await;
    for (status, own_told) in [("402", "own 0 1 0"), ("429", "own 0 0 1")] {
        // The first request of a model fails: that with the caller's own key.
        let model = format!("echo+fail-first:1:{status}");
        let gateway = TestGateway::builder()
            .provider("first", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "first", &model, P1)
            .start()
            .await;
        let made = add(&gateway, "first", SECRET, json!({})).await;
        shown(&simulator);
        let said = gateway.chat(asking("acme/m")).await.said();
        assert_eq!(said.usage["is_byok"], false, "{status}");
        assert!(said.cost().nanos() > 0, "{status}");
        assert_eq!(shown(&simulator), tails(&[SECRET, FIRST]), "{status}");
        let vitals = gateway.engine().vitals();
        let mut told: Vec<_> = vitals
            .reports(gateway.engine().now())
            .map(|(name, it)| {
                let is_own = name.as_str().ends_with(made["id"].as_str().unwrap());
                let last = it.last_5m;
                let counted = (last.successes, last.failures, last.rate_limited);
                let whose = if is_own { "own" } else { "shared" };
                format!("{whose} {} {} {}", counted.0, counted.1, counted.2)
            })
            .collect();
        told.sort();
        assert_eq!(told, [own_told, "shared 1 0 0"], "{status}");
    }
}

#[tokio::test]
async fn section_5_8_a_conversation_stays_with_the_key_that_has_it_in_its_cache() {
    let simulator = simulator().await;
    let cached = r#"{ input = "1", output = "2", cache_read = "0.1" }"#;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", "echo", cached)
        .endpoint("acme/m", "second", "echo", cached)
        .start()
        .await;
    let told = |session: &str| {
        let mut body = asking("acme/m");
        body["session_id"] = json!(session);
        body
    };
    // Shared at first; then a key comes, and its turn is before what is shared.
    gateway.chat(told("one")).await.said();
    add(&gateway, "first", "sk-own-a-0123456789", json!({})).await;
    let own = add(&gateway, "second", SECRET, json!({})).await;
    let mut body = told("one");
    body["provider"] = json!({ "only": ["second"] });
    shown(&simulator);
    gateway.chat(body).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET]));
    // It is there now, before the key that would come first.
    gateway.chat(told("one")).await.said();
    gateway.chat(told("two")).await.said();
    assert_eq!(shown(&simulator), tails(&[SECRET, "sk-own-a-0123456789"]));
    // Who may not use it is not led to it by the name of the conversation.
    let one = format!("/{}", own["id"].as_str().unwrap());
    let change = json!({ "allowed_user_ids": ["u1"] });
    assert_eq!(manage(&gateway, "PATCH", &one).json(&change).send().await.status, 200);
    gateway.chat(told("one")).await.said();
    assert_eq!(shown(&simulator), tails(&["sk-own-a-0123456789"]));
}

/// A gateway that knows where `first` is and has no key for it.
async fn without_a_key_for_first(simulator: &Simulator) -> TestGateway {
    let gateway = world(simulator).endpoint("acme/only", "first", "echo", P1).start().await;
    let before = gateway.engine().installation();
    let slug = |text: &str| tollgate_types::ProviderSlug::parse(text).unwrap();
    let second = before.access(&slug("second")).unwrap().clone();
    let address = Protocol::OpenAi.base_url(simulator);
    let access = std::iter::once((slug("second"), second)).collect();
    let addresses = std::iter::once((slug("first"), address)).collect();
    let installation = tollgate_engine::Installation::new(before.known().clone(), access);
    gateway.engine().install(installation.with_addresses(addresses));
    gateway
}

#[tokio::test]
async fn section_5_9_what_only_an_own_key_reaches_is_called_listed_and_chosen() {
    let simulator = simulator().await;
    let gateway = without_a_key_for_first(&simulator).await;
    let models = async |path: &str, key: &str| -> Vec<String> {
        let listed = gateway.at("GET", &format!("/api/v1{path}")).key(key).send().await.json();
        let ids = listed["data"].as_array().unwrap().iter();
        let ids = ids.map(|it| it["id"].as_str().unwrap().to_owned());
        ids.filter(|id| id.starts_with("acme/")).collect()
    };
    let stranger = gateway.key_with(|_| {}).await;
    let routed = |asked: &[&str]| {
        json!({
            "model": "openrouter/auto", "messages": [{ "role": "user", "content": "Hi" }],
            "plugins": [{ "id": "auto-router", "allowed_models": asked }]
        })
    };
    assert_eq!(models("/models/user", gateway.key()).await, ["acme/m"]);
    assert_eq!(gateway.chat(asking("acme/only")).await.status, 404);
    assert_eq!(gateway.chat(routed(&["acme/only"])).await.status, 404);
    let mine = tollgate_types::ApiKey::from_text(gateway.key());
    let mine = gateway.engine().keys().hash(&mine).to_hex();
    add(&gateway, "first", SECRET, json!({ "allowed_api_key_hashes": [mine] })).await;
    shown(&simulator);
    let whole = gateway.chat(asking("acme/only")).await.said();
    let streamed = gateway.chat_stream(asking("acme/only")).await.said();
    let chosen = gateway.chat(routed(&["acme/only"])).await.said();
    for said in [&whole, &streamed, &chosen] {
        assert_eq!((said.model.as_str(), &said.usage["is_byok"]), ("acme/only", &json!(true)));
    }
    assert_eq!(shown(&simulator), tails(&[SECRET; 3]));
    let mut listed = models("/models/user", gateway.key()).await;
    listed.sort();
    assert_eq!(listed, ["acme/m", "acme/n", "acme/only"]);
    // To nobody else, and not to whoever shows no key.
    assert_eq!(models("/models/user", &stranger).await, ["acme/m"]);
    assert_eq!(models("/models", gateway.key()).await, ["acme/m"]);
    let refused = gateway.chat_call(&asking("acme/only")).key(&stranger).send().await;
    assert_eq!(refused.status, 404);
    let refused = gateway.chat_call(&routed(&["acme/only"])).key(&stranger).send().await;
    assert_eq!(refused.status, 404);
}

/// A call that came with the hash from before, and one that comes with the new, find the same keys.
#[tokio::test]
async fn section_1_4_a_rotated_key_keeps_what_is_for_it() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let old = gateway.key_with(|_| {}).await;
    let hash = |key: &str| {
        let key = tollgate_types::ApiKey::from_text(key);
        gateway.engine().keys().hash(&key).to_hex()
    };
    let own = json!({ "allowed_api_key_hashes": [hash(&old)], "always_use": true });
    add(&gateway, "first", SECRET, own).await;
    let mut secrets = vec![old];
    for _ in 0..3 {
        let last = secrets.last().unwrap().clone();
        let rotation = gateway.at("POST", &format!("/api/v1/keys/{}/rotate", hash(&last)));
        let rotation = rotation.key(gateway.management_key());
        let rotated = rotation.json(&json!({ "overlap_seconds": 60 })).send().await.json();
        let new = rotated["key"].as_str().unwrap().to_owned();
        shown(&simulator);
        for key in [&last, &new] {
            assert_eq!(gateway.chat_call(&asking("acme/m")).key(key).send().await.status, 200);
        }
        assert_eq!(shown(&simulator), tails(&[SECRET; 2]));
        secrets.push(new);
    }
}

#[tokio::test]
async fn section_1_4_a_key_that_another_process_adds_is_used_within_seconds() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let made = add(&gateway, "first", SECRET, json!({ "disabled": true })).await;
    let stores = gateway.engine().stores();
    let mut record = stores.credentials.get(made["id"].as_str().unwrap()).await.unwrap().unwrap();
    "22222222-2222-4222-8222-222222222222".clone_into(&mut record.id);
    record.disabled = false;
    record.sealed = gateway.engine().keychain().seal(&record, SECRET, [7; 12]).unwrap();
    stores.credentials.insert(record.clone()).await.unwrap();
    // Nobody refreshes by hand here.
    let began = tokio::time::Instant::now();
    tollgate_testkit::eventually("the key is used", || async {
        shown(&simulator);
        gateway.chat(asking("acme/m")).await.said();
        (shown(&simulator) == tails(&[SECRET])).then_some(())
    })
    .await;
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

/// The program with a text on its standard input, with the configuration of a gateway that runs.
fn run_beside(gateway: &TestGateway, input: &str, arguments: &[&str]) -> (bool, String) {
    use std::io::Write as _;
    let folder = gateway.config_file().parent().unwrap().to_owned();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(arguments)
        .arg("--config")
        .arg(gateway.config_file())
        .arg("--data-dir")
        .arg(&folder)
        .current_dir(&folder)
        .env_clear()
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn section_1_4_the_program_adds_lists_tests_and_removes_keys() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let run = |input: &str, arguments: &[&str]| {
        let (is_well, said) = run_beside(&gateway, input, arguments);
        assert!(!said.contains(SECRET) && !said.contains(REFUSED), "{said}");
        (is_well, said)
    };
    let (is_well, said) = run("", &["byok", "list"]);
    assert!(is_well && said.contains("tollgate byok add"), "{said}");
    for (input, arguments, word) in [
        (SECRET, &["byok", "add", "nobody"][..], "no provider `nobody`"),
        (" ", &["byok", "add", "first"], "1 to 16384 bytes"),
        (SECRET, &["byok", "add", "first", "--model", "acme/x"], "no model `acme/x`"),
        (REFUSED, &["byok", "add", "first"], "first refuses this key"),
        (SECRET, &["byok", "add", "first", "--file", "nowhere"], "nowhere can't be read"),
    ] {
        let (is_well, said) = run(input, arguments);
        assert!(!is_well && said.contains(word), "{arguments:?}: {said}");
    }
    let secret = format!("{SECRET}\n");
    let add = ["byok", "add", "first", "--name", "team", "--model", "acme/m"];
    let (is_well, said) = run(&secret, &add);
    assert!(is_well && said.contains("team (sk-...def)"), "{said}");
    // The gateway that runs has it in a moment, and its record is that of the API.
    tollgate_testkit::eventually("the key is used", || async {
        shown(&simulator);
        gateway.chat(asking("acme/m")).await.said();
        (shown(&simulator) == tails(&[SECRET])).then_some(())
    })
    .await;
    let listed = manage(&gateway, "GET", "").send().await.json();
    assert_eq!(listed["data"][0]["allowed_models"], json!(["acme/m"]), "{listed}");
    let (is_well, said) = run("", &["byok", "list", "--json"]);
    let rows: Value = serde_json::from_str(&said).unwrap();
    assert!(is_well);
    for member in ["id", "provider", "name", "label", "sort_order", "allowed_models"] {
        assert_eq!(rows[0][member], listed["data"][0][member], "{member}");
    }
    let (is_well, said) = run("", &["byok", "test", "team"]);
    assert!(is_well && said.contains("first takes team (sk-...def)"), "{said}");
    let second = ["byok", "add", "second", "--name", "bad", "--fallback", "--skip-test"];
    assert!(run(REFUSED, &second).0);
    let (is_well, said) = run("", &["byok", "test", "bad"]);
    assert!(!is_well && said.contains("second refuses bad (sk-...one)"), "{said}");
    let (is_well, said) = run("", &["byok", "remove", "team"]);
    assert!(is_well && said.contains("is removed"), "{said}");
    let (is_well, said) = run("", &["byok", "remove", "team"]);
    assert!(!is_well && said.contains("no key is named `team`"), "{said}");
    tollgate_testkit::eventually("the key is gone", || async {
        shown(&simulator);
        gateway.chat(asking("acme/m")).await.said();
        (shown(&simulator) == tails(&[FIRST])).then_some(())
    })
    .await;
}
