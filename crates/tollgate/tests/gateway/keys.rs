//! What keys may be used for, and from where; and how their secrets are replaced (contract §1.3,
//! beside which all this is ours).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_limits::KeyLimits;
use tollgate_simulator::Simulator;
use tollgate_store::{GenerationRecord, KeyRecord};
use tollgate_store_sqlite::SqliteStore;
use tollgate_testkit::{Builder, Protocol, Reply, Stopped, TestGateway, eventually, simulator};
use tollgate_types::{ApiKey, GenerationId, ModelSlug, Timestamp};

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const DEARER: &str = r#"{ input = "2000", output = "2000" }"#;
const FREE: &str = r#"{ input = "0", output = "0" }"#;

/// A clock that stands where it is put.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn new() -> Arc<Self> {
        let noon = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
        Arc::new(Self(AtomicI64::new(noon.unix_millis())))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .provider("acme", Protocol::OpenAi, simulator)
        .provider("other", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/m", "other", "echo", DEARER)
        .endpoint("acme/n", "acme", "echo", PRICE)
        .endpoint("acme/slow", "acme", "echo+stall-after:3", PRICE)
        .endpoint("acme/aaa", "acme", "echo", FREE)
        .endpoint("acme/zzz", "acme", "echo", FREE)
}

fn asking(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "a b c d" }] })
}

/// A key made as `with` says, and the path of its record.
async fn made(gateway: &TestGateway, mut with: Value) -> (String, String) {
    with["name"] = json!("made");
    let made = gateway.post("/keys", &with).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (made, text) = (made.json(), |value: &Value| value.as_str().unwrap().to_owned());
    for (member, value) in with.as_object().unwrap() {
        assert_eq!(made["data"][member], *value, "{member}");
    }
    (text(&made["key"]), format!("/keys/{}", text(&made["data"]["hash"])))
}

async fn chat(gateway: &TestGateway, key: &str, body: &Value) -> Reply {
    gateway.chat_call(body).key(key).send().await
}

/// Which models GET /models/user lists, without the routers.
async fn listed(gateway: &TestGateway, key: &str) -> Vec<String> {
    let models = gateway.call("GET", "/models/user").key(key).send().await.json();
    let models = models["data"].as_array().unwrap().iter();
    let mut ids: Vec<String> = models.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    ids.retain(|id| id.starts_with("acme/"));
    ids.sort();
    ids
}

#[tokio::test]
async fn a_key_calls_the_models_it_may_and_no_request_relaxes_that() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (key, path) = made(&gateway, json!({ "allowed_models": ["acme/m", "acme/zzz"] })).await;
    chat(&gateway, &key, &asking("acme/m")).await.said();
    chat(&gateway, &key, &asking("acme/m:nitro")).await.said();
    let sent = simulator.requests().len();
    for (at, body) in [
        ("/chat/completions", asking("acme/n")),
        ("/completions", json!({ "model": "acme/n", "prompt": "x" })),
        ("/responses", json!({ "model": "acme/n", "input": "x" })),
        (
            "/chat/completions",
            json!({ "model": "acme/n", "models": ["acme/slow"],
            "provider": { "only": ["acme"], "allow_fallbacks": true },
            "allowed_models": ["acme/n"],
            "messages": [{ "role": "user", "content": "x" }] }),
        ),
    ] {
        let reply = gateway.call("POST", at).key(&key).json(&body).send().await;
        assert_eq!(reply.status, 403, "{at}: {}", reply.text());
        let text = reply.text();
        assert!(text.contains("This key may not call acme/n"), "{at}: {text}");
        assert!(text.contains("allowed_models"), "{at}: {text}");
    }
    let body = json!({ "model": "acme/n", "max_tokens": 5,
        "messages": [{ "role": "user", "content": "x" }] });
    let counted = gateway.call("POST", "/messages/count_tokens").key(&key).json(&body).send().await;
    assert_eq!(counted.status, 403, "{}", counted.text());
    assert_eq!(simulator.requests().len(), sent, "nothing may be sent anywhere");
    // Of several models those it may not call are passed over.
    let mut several = asking("acme/n");
    several["models"] = json!(["acme/m"]);
    let said = chat(&gateway, &key, &several).await.json();
    assert_eq!(said["model"], "acme/m", "{said}");
    let told = gateway.call("POST", "/routing/explain").key(&key).json(&several).send().await;
    let told = told.json();
    let candidates = told["data"]["candidates"].as_array().unwrap();
    let dropped = candidates.iter().find(|it| it["endpoint_id"] == "acme/acme/n").unwrap();
    let reason = "is of a model that is not allowed, by the restrictions of this key";
    assert_eq!(dropped["reason"], reason, "{told}");
    // Routers choose among what the key may call.
    let free = chat(&gateway, &key, &asking("openrouter/free")).await.json();
    assert_eq!(free["model"], "acme/zzz", "{free}");
    let auto = chat(&gateway, &key, &asking("openrouter/auto")).await.json();
    assert!(auto["model"] == "acme/zzz" || auto["model"] == "acme/m", "{auto}");
    assert_eq!(listed(&gateway, &key).await, ["acme/m", "acme/zzz"]);
    // The key sees what it may; whoever manages it can change that.
    let own = gateway.call("GET", "/key").key(&key).send().await.json();
    assert_eq!(own["data"]["allowed_models"], json!(["acme/m", "acme/zzz"]), "{own}");
    let patched = gateway.patch(&path, &json!({ "allowed_models": ["acme/n"] })).await.json();
    assert_eq!(patched["data"]["allowed_models"], json!(["acme/n"]), "{patched}");
    chat(&gateway, &key, &asking("acme/n")).await.said();
    chat(&gateway, &key, &asking("acme/m")).await.error(403, "permission_denied");
    let patched = gateway.patch(&path, &json!({ "name": "renamed" })).await.json();
    assert_eq!(patched["data"]["allowed_models"], json!(["acme/n"]), "{patched}");
    let patched = gateway.patch(&path, &json!({ "allowed_models": null })).await.json();
    assert_eq!(patched["data"]["allowed_models"], Value::Null, "{patched}");
    chat(&gateway, &key, &asking("acme/m")).await.said();
}

#[tokio::test]
async fn a_keys_calls_go_to_the_providers_it_may_use() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (key, _) = made(&gateway, json!({ "allowed_providers": ["other"] })).await;
    let answer = chat(&gateway, &key, &asking("acme/m")).await.json();
    assert_eq!(answer["provider"], "Other", "{answer}");
    let record = gateway.generation(answer["id"].as_str().unwrap()).await;
    let candidates = record["routing"]["candidates"].as_array().unwrap();
    let dropped = candidates.iter().find(|it| it["endpoint_id"] == "acme/acme/m").unwrap();
    assert_eq!(dropped["reason"], "is not allowed, by the restrictions of this key", "{record}");
    let mut body = asking("acme/m");
    for wants in [json!({ "only": ["acme"] }), json!({ "order": ["acme"], "ignore": ["other"] })] {
        body["provider"] = wants;
        chat(&gateway, &key, &body).await.error(404, "not_found");
    }
    let why = chat(&gateway, &key, &asking("acme/n")).await.error_message(404, "not_found");
    assert!(
        why.starts_with("No allowed providers are available for the selected model")
            && why.contains("this key's allowed_providers"),
        "{why}"
    );
    assert_eq!(listed(&gateway, &key).await, ["acme/m"]);
    // A key without restrictions is none the worse.
    assert_eq!(listed(&gateway, gateway.key()).await.len(), 5);
}

#[tokio::test]
async fn lists_that_are_none_make_no_key() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (_, path) = made(&gateway, json!({})).await;
    for (member, list, word) in [
        ("allowed_models", json!([]), "at least 1"),
        ("allowed_models", json!(["acme/nobody"]), "no model `acme/nobody`"),
        ("allowed_models", json!("acme/m"), "expected a sequence"),
        ("allowed_providers", json!([]), "at least 1"),
        ("allowed_providers", json!(["nobody"]), "no provider `nobody`"),
        ("allowed_addresses", json!([]), "at least 1"),
        ("allowed_addresses", json!(["10.0.0.1/8"]), "10.0.0.0/8"),
        ("allowed_addresses", json!(["localhost"]), "no range"),
        ("allowed_addresses", json!(vec!["10.0.0.1"; 101]), "at most 100"),
    ] {
        let body = json!({ "name": "x", member: list });
        for reply in [gateway.post("/keys", &body).await, gateway.patch(&path, &body).await] {
            let message = reply.error_message(400, "invalid_request");
            let word = if word == "no range" { "is not a range" } else { word };
            assert!(message.contains(word), "{member} {list}: {message}");
        }
    }
    assert_eq!(gateway.get(&path).await.json()["data"]["name"], "made");
}

#[tokio::test]
async fn a_key_is_used_from_where_it_may_be() {
    let simulator = simulator().await;
    let proxies = "[server]\ntrusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n";
    for (config, forwarded, status) in [
        // The peer is this machine.
        ("", None, 403),
        // Anybody can write a header.
        ("", Some("192.0.2.7"), 403),
        (proxies, Some("192.0.2.7"), 200),
        (proxies, Some("198.51.100.1, 192.0.2.7, 10.1.2.3"), 200),
        (proxies, Some("::ffff:192.0.2.7"), 200),
        // What the client has sent itself stands further left.
        (proxies, Some("192.0.2.7, 198.51.100.1"), 403),
        (proxies, Some("192.0.2.7, unknown"), 403),
        (proxies, None, 403),
    ] {
        let gateway = world(&simulator).config(config).start().await;
        let (key, path) = made(&gateway, json!({ "allowed_addresses": ["192.0.2.0/24"] })).await;
        let mut call = gateway.chat_call(&asking("acme/m")).key(&key);
        if let Some(forwarded) = forwarded {
            call = call.header("x-forwarded-for", forwarded);
        }
        let reply = call.send().await;
        assert_eq!(reply.status, status, "{config} {forwarded:?}: {}", reply.text());
        if status == 403 {
            let message = reply.error_message(403, "permission_denied");
            assert!(message.starts_with("This key may not be used from "), "{message}");
            // Not for reading either.
            assert_eq!(gateway.call("GET", "/key").key(&key).send().await.status, 403);
        }
        let here = json!({ "allowed_addresses": ["::ffff:127.0.0.0/104", "192.0.2.7/32"] });
        let patched = gateway.patch(&path, &here).await.json();
        let shown = json!(["127.0.0.0/8", "192.0.2.7/32"]);
        assert_eq!(patched["data"]["allowed_addresses"], shown, "{patched}");
        chat(&gateway, &key, &asking("acme/m")).await.said();
    }
}

/// What `/keys/{hash}` says a key has spent.
async fn spent(gateway: &TestGateway, path: &str) -> f64 {
    gateway.engine().recorder().flush().await;
    gateway.get(path).await.json()["data"]["usage"].as_f64().unwrap()
}

async fn rotated(gateway: &TestGateway, path: &str, body: Value) -> (String, String, Value) {
    let reply = gateway.post(&format!("{path}/rotate"), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = reply.json();
    let path = format!("/keys/{}", reply["data"]["hash"].as_str().unwrap());
    (reply["key"].as_str().unwrap().to_owned(), path, reply["data"].clone())
}

#[tokio::test]
async fn both_secrets_are_one_key_until_the_overlap_ends() {
    let simulator = simulator().await;
    let clock = Hand::new();
    let gateway = world(&simulator).clock(clock.clone()).start().await;
    let limits = json!({ "limit": 0.1, "rate_limits": { "requests_per_day": 5 } });
    let (first, path) = made(&gateway, limits).await;
    chat(&gateway, &first, &asking("acme/m")).await.said();
    let (second, path, key) = rotated(&gateway, &path, json!({ "overlap_seconds": 3_600 })).await;
    assert_eq!(key["former_secrets"][0]["works_until"], "2026-11-21T13:00:00.000Z", "{key}");
    assert_eq!(key["name"], "made");
    // One spend, one record, whichever secret is shown.
    for secret in [&first, &second] {
        chat(&gateway, secret, &asking("acme/m")).await.said();
        let own = gateway.call("GET", "/key").key(secret).send().await.json();
        assert_eq!(own["data"]["label"], key["label"], "{own}");
    }
    assert!((spent(&gateway, &path).await - 0.024).abs() < 1e-9, "4 tokens each way, thrice");
    // One limit: what is left is left to both, and is too little.
    gateway.patch(&path, &json!({ "limit": 0.025 })).await;
    for secret in [&first, &second] {
        let own = gateway.call("GET", "/key").key(secret).send().await.json();
        assert_eq!(own["data"]["usage"].as_f64(), Some(0.024), "{own}");
        assert_eq!(chat(&gateway, secret, &asking("acme/m")).await.status, 402);
    }
    // A change is a change of the key, not of a secret.
    gateway.patch(&path, &json!({ "disabled": true })).await;
    for secret in [&first, &second] {
        assert_eq!(chat(&gateway, secret, &asking("acme/m")).await.status, 401);
    }
    gateway.patch(&path, &json!({ "disabled": false, "limit": null })).await;
    // The day's fourth and fifth call, and no sixth by any secret: rotating is no way around.
    chat(&gateway, &first, &asking("acme/m")).await.said();
    clock.forward(3_599);
    chat(&gateway, &first, &asking("acme/m")).await.said();
    for secret in [&first, &second] {
        assert_eq!(chat(&gateway, secret, &asking("acme/m")).await.status, 429);
    }
    clock.forward(1);
    assert_eq!(chat(&gateway, &first, &asking("acme/m")).await.status, 401);
    let shown = gateway.get(&path).await.json();
    assert_eq!(shown["data"]["former_secrets"], json!([]), "{shown}");
    let (third, ..) = rotated(&gateway, &path, json!({})).await;
    assert_eq!(chat(&gateway, &second, &asking("acme/m")).await.status, 401);
    assert_eq!(chat(&gateway, &third, &asking("acme/m")).await.status, 429);
}

#[tokio::test]
async fn a_second_rotation_keeps_no_secret_longer_than_it_says() {
    let simulator = simulator().await;
    let clock = Hand::new();
    let gateway = world(&simulator).clock(clock.clone()).start().await;
    let (first, path) = made(&gateway, json!({})).await;
    let works =
        async |secret: &str| gateway.call("GET", "/key").key(secret).send().await.status == 200;
    let (second, path, _) = rotated(&gateway, &path, json!({ "overlap_seconds": 100 })).await;
    let (third, path, key) = rotated(&gateway, &path, json!({ "overlap_seconds": 1_000 })).await;
    let until = |at: usize| key["former_secrets"][at]["works_until"].as_str().unwrap().to_owned();
    assert_eq!(
        [until(0), until(1)],
        ["2026-11-21T12:01:40.000Z", "2026-11-21T12:16:40.000Z"],
        "{key}"
    );
    clock.forward(99);
    assert!(works(&first).await && works(&second).await && works(&third).await);
    clock.forward(1);
    assert!(!works(&first).await && works(&second).await && works(&third).await);
    // A restart forgets none of it.
    let stopped = gateway.stop().await;
    let gateway = world(&simulator).clock(clock.clone()).on(stopped).start().await;
    let works =
        async |secret: &str| gateway.call("GET", "/key").key(secret).send().await.status == 200;
    assert!(!works(&first).await && works(&second).await && works(&third).await);
    // Without an overlap all of them end: something may have leaked.
    let (fourth, path, _) = rotated(&gateway, &path, json!({ "overlap_seconds": 0 })).await;
    assert!(!works(&second).await && !works(&third).await && works(&fourth).await);
    // Deleted, no secret opens anything.
    let (fifth, path, _) = rotated(&gateway, &path, json!({ "overlap_seconds": 50 })).await;
    assert!(works(&fourth).await && works(&fifth).await);
    gateway.delete(&path).await;
    assert!(!works(&fourth).await && !works(&fifth).await);
    for (path, body, status) in [
        (format!("{path}/rotate"), json!({}), 404),
        ("/keys/nonsense/rotate".to_owned(), json!({}), 404),
        (format!("{path}/rotate"), json!({ "overlap_seconds": 2_592_001 }), 400),
        (format!("{path}/rotate"), json!({ "overlap_seconds": -1 }), 400),
        (format!("{path}/rotate"), json!({ "overlap_seconds": "1h" }), 400),
    ] {
        let reply = gateway.post(&path, &body).await;
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
    }
    let rotate = gateway.call("POST", &format!("{path}/rotate")).key(&fifth).json(&json!({}));
    assert_eq!(rotate.send().await.status, 401);
    let path = format!("{path}/rotate");
    let rotate = gateway.call("POST", &path).key(gateway.key()).json(&json!({}));
    assert_eq!(rotate.send().await.status, 403);
}

/// A call that is under way while its key is rotated counts for the key as it is then: at once, and
/// not only when the store is asked again.
#[tokio::test]
async fn a_plain_rotation_forgets_nothing_of_calls_under_way() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let limits = json!({ "limit": 0.1, "rate_limits": { "max_concurrent": 1 } });
    let (first, path) = made(&gateway, limits).await;
    let mut body = asking("acme/slow");
    body["stream"] = json!(true);
    body["max_tokens"] = json!(90);
    let mut stream = gateway.chat_call(&body).key(&first).open().await;
    stream.next().await.unwrap();
    let (second, path, key) = rotated(&gateway, &path, json!({})).await;
    assert_eq!(key["usage"].as_f64(), Some(0.0));
    assert_eq!(chat(&gateway, &first, &asking("acme/m")).await.status, 401);
    // What the call may cost is still held, and it is still the one call at once.
    let refused = chat(&gateway, &second, &asking("acme/m")).await;
    assert!([402, 429].contains(&refused.status), "{}", refused.text());
    drop(stream);
    eventually("the call is settled for the key", || async {
        (gateway.get(&path).await.json()["data"]["usage"].as_f64()? > 0.0).then_some(())
    })
    .await;
    let in_memory = gateway.get(&path).await.json()["data"]["usage"].clone();
    chat(&gateway, &second, &asking("acme/m")).await.said();
    gateway.engine().recorder().flush().await;
    let total = gateway.get(&path).await.json()["data"]["usage"].as_f64().unwrap();
    assert!(total > in_memory.as_f64().unwrap());
    // The store says the same as memory.
    let stopped = gateway.stop().await;
    let gateway = world(&simulator).on(stopped).start().await;
    let kept = gateway.get(&path).await.json()["data"]["usage"].as_f64().unwrap();
    assert!((kept - total).abs() < 1e-9, "{kept} {total}");
}

/// What limits have counted of a key outlives rotations, with restarts in between or without.
#[tokio::test]
async fn counts_follow_a_rotation_through_a_restart() {
    let simulator = simulator().await;
    let clock = Hand::new();
    let mut gateway = world(&simulator).clock(clock.clone()).start().await;
    let limits = KeyLimits::default().with("requests_per_day", 4);
    let mut secret = gateway.key_with(|key| key.rate_limits = limits).await;
    for _ in 0..2 {
        chat(&gateway, &secret, &asking("acme/m")).await.said();
        let keys = gateway.get("/keys").await.json();
        let keys = keys["data"].as_array().unwrap();
        let key = keys.iter().find(|key| key["rate_limits"]["requests_per_day"] == 4).unwrap();
        let path = format!("/keys/{}", key["hash"].as_str().unwrap());
        (secret, ..) = rotated(&gateway, &path, json!({})).await;
        chat(&gateway, &secret, &asking("acme/m")).await.said();
        let stopped = gateway.stop().await;
        gateway = world(&simulator).clock(clock.clone()).on(stopped).start().await;
    }
    assert_eq!(chat(&gateway, &secret, &asking("acme/m")).await.status, 429);
}

/// The program beside a running gateway.
fn run_beside(gateway: &TestGateway, arguments: &[&str]) -> (bool, String) {
    let file = gateway.config_file();
    let folder = file.parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments).arg("--config").arg(&file).arg("--data-dir").arg(folder);
    let ran = command.current_dir(folder).env_clear().output().unwrap();
    let all = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(all).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_restricts_and_explains() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let run = |arguments: &[&str]| run_beside(&gateway, arguments);
    let json = |arguments: &[&str]| json_beside(&gateway, arguments);
    let made = json(&[
        "keys",
        "create",
        "--name",
        "kiosk",
        "--model",
        "acme/m",
        "--provider",
        "other",
        "--address",
        "127.0.0.1",
        "--json",
    ]);
    assert_eq!(made["allowed_models"], json!(["acme/m"]), "{made}");
    assert_eq!(made["allowed_providers"], json!(["other"]), "{made}");
    assert_eq!(made["allowed_addresses"], json!(["127.0.0.1/32"]), "{made}");
    let first = made["key"].as_str().unwrap();
    let answer = chat(&gateway, first, &asking("acme/m")).await.json();
    assert_eq!(answer["provider"], "Other", "{answer}");
    let explain = ["route", "explain", "--model", "acme/m", "--key", "kiosk"];
    let (is_well, said) = run(&explain);
    assert!(is_well && said.contains("by the restrictions of this key"), "{said}");
    for (arguments, word) in [
        (&["keys", "allow", "kiosk", "--model", "acme/nobody"][..], "no model `acme/nobody`"),
        (&["keys", "allow", "kiosk", "--provider", "nobody"], "no provider `nobody`"),
        (&["keys", "allow", "kiosk", "--address", "10.0.0.1/8"], "10.0.0.0/8"),
        (&["keys", "allow", "nobody", "--any-model"], "no key is named"),
        (&["keys", "allow", "kiosk", "--any-model", "--model", "acme/m"], "cannot be used with"),
    ] {
        let (is_well, said) = run(arguments);
        assert!(!is_well && said.contains(word), "{arguments:?}: {said}");
    }
    let (is_well, said) = run(&["keys", "allow", "kiosk", "--any-provider", "--model", "acme/n"]);
    assert!(is_well && said.contains("acme/n") && said.contains("127.0.0.1/32"), "{said}");
    let allowed = json(&["keys", "allow", "kiosk", "--any-address", "--json"]);
    assert_eq!(allowed["allowed_models"], json!(["acme/n"]), "{allowed}");
    assert_eq!(allowed["allowed_providers"], Value::Null, "{allowed}");
    assert_eq!(allowed["allowed_addresses"], Value::Null, "{allowed}");
}

/// The same, and what it prints as JSON.
fn json_beside(gateway: &TestGateway, arguments: &[&str]) -> Value {
    let (is_well, said) = run_beside(gateway, arguments);
    assert!(is_well, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_rotates_with_an_overlap() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let run = |arguments: &[&str]| run_beside(&gateway, arguments);
    let made = json_beside(&gateway, &["keys", "create", "--name", "kiosk", "--json"]);
    let first = made["key"].as_str().unwrap();
    for (time, word) in [("31d", "more than 30d"), ("soon", "no length of time")] {
        let (is_well, said) = run(&["keys", "rotate", "kiosk", "--overlap", time]);
        assert!(!is_well && said.contains(word), "{time}: {said}");
    }
    let rotate = ["keys", "rotate", "kiosk", "--overlap", "24h", "--json"];
    let rotated = json_beside(&gateway, &rotate);
    let second = rotated["key"].as_str().unwrap();
    let until = rotated["former_secrets"][0]["works_until"].as_str().unwrap();
    // The gateway that runs has it in a moment.
    for secret in [first, second] {
        eventually("both secrets work", || async {
            (chat(&gateway, secret, &asking("acme/n")).await.status == 200).then_some(())
        })
        .await;
    }
    let (is_well, said) = run(&["keys", "list"]);
    assert!(is_well && said.contains("active, old secret until 20"), "{said} {until}");
    let (is_well, said) = run(&["keys", "rotate", "kiosk"]);
    assert!(is_well && !said.contains("works until"), "{said}");
    eventually("neither works", || async {
        (chat(&gateway, first, &asking("acme/n")).await.status == 401).then_some(())
    })
    .await;
    assert_eq!(chat(&gateway, second, &asking("acme/n")).await.status, 401);
}

/// The program on the data of a gateway that was stopped.
fn run_alone(stopped: &Stopped, secret_key: &str, arguments: &[&str]) -> (bool, String) {
    let database = stopped.database_url();
    let folder = Path::new(database.trim_start_matches("sqlite://")).parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments).arg("--data-dir").arg(folder).current_dir(folder).env_clear();
    let ran = command.env("TOLLGATE_SECRET_KEY", secret_key).output().unwrap();
    let all = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(all).unwrap())
}

/// Neither the text of a key nor its plain hash is in the database; and another master key in the
/// place of the first invalidates no key.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_hashed_with_a_secret_that_outlives_master_keys() {
    let simulator = simulator().await;
    let (old, new) = ("01".repeat(32), "02".repeat(32));
    let started = |key: &str| world(&simulator).env([("TOLLGATE_SECRET_KEY", key)]);
    let gateway = started(&old).start().await;
    let (secret, path) = made(&gateway, json!({})).await;
    chat(&gateway, &secret, &asking("acme/m")).await.said();
    let plain = ApiKey::from_text(&secret).plain_hash();
    assert_eq!(gateway.get(&format!("/keys/{plain}")).await.status, 404);
    assert_eq!(path.len(), "/keys/".len() + 64);
    let stopped = gateway.stop().await;
    let database = stopped.database_url().trim_start_matches("sqlite://").to_owned();
    let bytes = std::fs::read(&database).unwrap();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
    assert!(has(b"acme/m") && !has(secret.as_bytes()), "the text");
    assert!(!has(plain.as_bytes()) && !has(plain.to_hex().as_bytes()), "the plain hash");
    // Another master key alone opens nothing, and says what to do.
    for arguments in [&["keys", "create", "--name", "x"][..], &["serve"], &["secrets", "rotate"]] {
        let (is_well, said) = run_alone(&stopped, &new, arguments);
        assert!(!is_well && said.contains("made with another secret key"), "{said}");
        assert!(said.contains("TOLLGATE_SECRET_KEY"), "{said}");
    }
    // Nor is another made where there is none, such as in another folder.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(["keys", "create", "--name", "x"]).current_dir(elsewhere.path()).env_clear();
    let ran = command.env("TOLLGATE_DATABASE_URL", stopped.database_url()).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success() && said.contains("another secret key"), "{said}");
    assert!(!elsewhere.path().join("data/secret.key").exists());
    let (is_well, said) = run_alone(&stopped, &new, &["doctor", "--offline"]);
    assert!(!is_well && said.contains("made with another secret key"), "{said}");
    let both = format!("{new},{old}");
    for is_first in [true, false] {
        let (is_well, said) = run_alone(&stopped, &both, &["secrets", "rotate"]);
        assert!(is_well, "{said}");
        assert_eq!(said.contains("What API keys are hashed with is sealed anew"), is_first);
    }
    let gateway = started(&new).on(stopped).start().await;
    chat(&gateway, &secret, &asking("acme/m")).await.said();
    assert!((spent(&gateway, &path).await - 0.016).abs() < 1e-9);
    let stopped = gateway.stop().await;
    // The first is of no use any more. Where the second is lost, keys are made anew.
    let (is_well, said) = run_alone(&stopped, &old, &["secrets", "forget-api-keys"]);
    assert!(!is_well && said.contains("--yes"), "{said}");
    let (is_well, said) = run_alone(&stopped, &old, &["secrets", "forget-api-keys", "--yes"]);
    assert!(is_well && said.contains("API keys are deleted"), "{said}");
    let gateway = started(&old).on(stopped).start().await;
    assert_eq!(chat(&gateway, &secret, &asking("acme/m")).await.status, 401);
    gateway.chat(asking("acme/m")).await.said();
}

/// What an older version has stored goes on working, with its spend and its limit; and a plain hash
/// that somebody writes into the database later opens nothing.
#[tokio::test]
async fn keys_of_older_versions_go_on_working() {
    let simulator = simulator().await;
    let stopped = world(&simulator).start().await.stop().await;
    let url = stopped.database_url();
    let file = url.trim_start_matches("sqlite://").to_owned();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{file}{suffix}")).unwrap_or_default();
    }
    let (key, intruder) = (ApiKey::new([7; 32]), ApiKey::new([8; 32]));
    let now = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
    let plain = |key: &ApiKey| KeyRecord {
        keyed: false,
        limit: Some("0.025".parse().unwrap()),
        ..KeyRecord::new(key.plain_hash(), "old", &key.label(), now)
    };
    let store = SqliteStore::open(&url).await.unwrap().into_stores();
    store.keys.insert(plain(&key)).await.unwrap();
    let id = GenerationId::from_text("gen-1");
    let model = ModelSlug::parse("acme/m").unwrap();
    let mut record = GenerationRecord::new(id, key.plain_hash(), model, now);
    record.cost = "0.012".parse().unwrap();
    store.generations.append(vec![record]).await.unwrap();
    store.health.close().await;
    let clock = Hand::new();
    let start = async |stopped| world(&simulator).clock(clock.clone()).on(stopped).start().await;
    let mut gateway = start(stopped).await;
    for _ in 0..2 {
        let own = gateway.call("GET", "/key").key(key.expose()).send().await.json();
        assert_eq!(own["data"]["usage"].as_f64(), Some(0.012), "{own}");
        let hash = gateway.engine().keys().hash(&key);
        assert_eq!(gateway.get(&format!("/keys/{hash}")).await.json()["data"]["name"], "old");
        gateway.engine().stores().keys.insert(plain(&intruder)).await.unwrap_or_default();
        assert_eq!(chat(&gateway, intruder.expose(), &asking("acme/m")).await.status, 401);
        gateway = start(gateway.stop().await).await;
    }
    chat(&gateway, key.expose(), &asking("acme/m")).await.said();
    assert_eq!(chat(&gateway, key.expose(), &asking("acme/m")).await.status, 402);
}
