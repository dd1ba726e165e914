//! The cache of answers over real sockets: what is told again, to whom, for how long, and what it
//! costs (contract §6.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_limits::KeyLimits;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::contents::{content, keep};

const CACHE: &str = "X-OpenRouter-Cache";
const TTL: &str = "X-OpenRouter-Cache-TTL";
const CLEAR: &str = "X-OpenRouter-Cache-Clear";
/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const EMBEDDER: &str = r#"
[[model]]
id = "acme/embed"
context_length = 8000
input = ["text"]
output = ["embeddings"]
[[endpoint]]
model = "acme/embed"
provider = "acme"
upstream_model = "embed"
price = { input = "1" }
"#;

/// A clock that goes where it is put.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_790_000_000_000)))
    }

    fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

fn world_at(protocol: Protocol, simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .provider("acme", protocol, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/n", "acme", "prose", PRICE)
}

fn world(simulator: &Simulator) -> Builder {
    world_at(Protocol::OpenAi, simulator)
}

fn asking(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello there" }] })
}

/// What the headers say of the cache: the status, and in what the answer's age and time left are
/// given.
fn told(headers: &HeaderMap) -> (Option<&str>, Option<u64>, Option<u64>) {
    let text = |name: &str| headers.get(name).map(|it| it.to_str().unwrap());
    let number = |name: &str| text(name).map(|it| it.parse().unwrap());
    let (age, ttl) = (number("x-openrouter-cache-age"), number("x-openrouter-cache-ttl"));
    (text("x-openrouter-cache-status"), age, ttl)
}

fn is_hit(reply: &Reply) -> bool {
    assert_eq!(reply.status, 200, "{}", reply.text());
    told(&reply.headers).0 == Some("HIT")
}

fn id(reply: &Reply) -> String {
    reply.header("x-generation-id").unwrap().to_owned()
}

/// Asks with the header.
async fn ask(gateway: &TestGateway, body: &Value) -> Reply {
    gateway.chat_call(body).header(CACHE, "true").send().await
}

async fn ask_with(gateway: &TestGateway, key: &str, body: &Value) -> Reply {
    gateway.chat_call(body).header(CACHE, "true").key(key).send().await
}

/// An answer without what is true of one telling: its ids, times and counts, which are given to
/// `see` by their names.
fn bare(mut answer: Value, see: &mut impl FnMut(&str, Value)) -> Value {
    for name in ["id", "created", "created_at", "completed_at", "usage"] {
        if let Some(value) = answer.as_object_mut().unwrap().remove(name) {
            see(name, value);
        }
    }
    for name in ["response", "message"] {
        if answer.get(name).is_some_and(Value::is_object) {
            answer[name] = bare(answer[name].take(), see);
        }
    }
    answer
}

/// The same of a whole answer or of each event of a stream.
fn all_bare(text: &str, mut see: impl FnMut(&str, Value)) -> Vec<Value> {
    if text.starts_with('{') {
        return vec![bare(serde_json::from_str(text).unwrap(), &mut see)];
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = data.filter(|it| !it.contains(r#""ping""#));
    events
        .map(|it| match serde_json::from_str(it) {
            Ok(event) => bare(event, &mut see),
            Err(_) => json!(it),
        })
        .collect()
}

/// Whether every number in it is 0, and nothing is true.
fn is_nothing(usage: &Value) -> bool {
    match usage {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(remark) => !remark,
        Value::Array(all) => all.iter().all(is_nothing),
        Value::Object(all) => all.values().all(is_nothing),
        Value::Null | Value::String(_) => true,
    }
}

/// The second answer is the first, but for what is true of one telling.
fn assert_same(first: &Reply, second: &Reply, context: &str) {
    let (mut ids, mut usages) = (Vec::new(), Vec::new());
    let again = all_bare(&second.text(), |name, value| match name {
        "id" => ids.push(value),
        "usage" if !value.is_null() => usages.push(value),
        _ => {}
    });
    assert_eq!(again, all_bare(&first.text(), |_, _| {}), "{context}");
    assert!(!ids.is_empty() && ids.iter().all(|it| *it == json!(id(second))), "{context}: {ids:?}");
    assert_ne!(id(first), id(second), "{context}");
    assert!(!usages.is_empty() && usages.iter().all(is_nothing), "{context}: {usages:?}");
    for name in ["content-type", "x-provider-name"] {
        assert_eq!(first.headers.get(name), second.headers.get(name), "{context}");
    }
}

#[tokio::test]
async fn section_6_4_every_dialect_is_told_again_whole_and_streamed() {
    let simulator = simulator().await;
    for protocol in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Responses, Protocol::Gemini] {
        let gateway = world_at(protocol, &simulator).start().await;
        for (path, mut body) in [
            ("/chat/completions", asking("acme/m")),
            ("/completions", json!({ "model": "acme/m", "prompt": "Hello there" })),
            ("/responses", json!({ "model": "acme/m", "input": "Hello there" })),
            ("/messages", asking("acme/m")),
        ] {
            if path == "/messages" {
                body["max_tokens"] = 64.into();
            }
            for stream in [false, true] {
                body["stream"] = stream.into();
                let context = format!("{protocol:?} {path} {stream}");
                let before = simulator.calls("echo");
                let send = || gateway.call("POST", path).json(&body).header(CACHE, "true").send();
                let first = send().await;
                assert_eq!(told(&first.headers), (Some("MISS"), None, Some(300)), "{context}");
                let second = send().await;
                assert!(is_hit(&second), "{context}: {:?}", second.headers);
                assert_eq!(second.header("x-openrouter-cache-source-id"), Some(&*id(&first)));
                assert_same(&first, &second, &context);
                assert_eq!(simulator.calls("echo") - before, 1, "{context}");
            }
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn section_6_4_embeddings_are_told_again_and_other_operations_are_not() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config(EMBEDDER).start().await;
    let body = json!({ "model": "acme/embed", "input": ["one", "two"] });
    let send = || gateway.call("POST", "/embeddings").json(&body).header(CACHE, "true").send();
    let (first, second) = (send().await, send().await);
    assert_eq!(told(&first.headers), (Some("MISS"), None, Some(300)));
    assert!(is_hit(&second));
    assert_same(&first, &second, "embeddings");
    assert_eq!(simulator.calls("embed"), 1);
    let record = gateway.generation(&id(&second)).await;
    assert_eq!(record["response_cache_source_id"], json!(id(&first)));
    let listed = gateway.call("GET", "/logs").key(gateway.management_key()).send().await.json();
    let rows: Vec<_> =
        (0..2).map(|at| (&listed["data"][at]["id"], &listed["data"][at]["cache_source"])).collect();
    let (hit, miss) = (json!(id(&second)), json!(id(&first)));
    assert_eq!(rows, [(&hit, &miss), (&miss, &Value::Null)]);
    assert_eq!(
        (&record["api_type"], &record["model"]),
        (&json!("embeddings"), &json!("acme/embed"))
    );
    // Ollama has no place for it.
    let call = || gateway.at("POST", "/api/chat").key(gateway.key()).json(&asking("acme/m"));
    for _ in 0..2 {
        assert_eq!(told(&call().header(CACHE, "true").send().await.headers), (None, None, None));
    }
    assert_eq!(simulator.calls("echo"), 2);
}

#[tokio::test]
async fn who_does_not_ask_for_it_hears_nothing_of_it() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    for _ in 0..2 {
        assert_eq!(told(&gateway.chat(asking("acme/m")).await.headers), (None, None, None));
    }
    for value in ["false", "yes", ""] {
        let reply = gateway.chat_call(&asking("acme/m")).header(CACHE, value).send().await;
        assert_eq!(told(&reply.headers), (None, None, None), "{value}");
    }
    // What was not asked for was not kept.
    assert!(!is_hit(&ask(&gateway, &asking("acme/m")).await));
    assert_eq!(simulator.calls("echo"), 6);
}

#[tokio::test]
async fn section_6_4_an_answer_is_kept_for_as_long_as_was_said() {
    let (simulator, clock) = (simulator().await, Hand::new());
    let gateway = world(&simulator).clock(clock.clone()).in_memory().start().await;
    let send = async |ttl: Option<&str>, clears: bool| {
        let body = asking("acme/m");
        let mut call = gateway.chat_call(&body).header(CACHE, "true");
        if let Some(ttl) = ttl {
            call = call.header(TTL, ttl);
        }
        if clears {
            call = call.header(CLEAR, "true");
        }
        call.send().await
    };
    let first = send(Some("60abc"), false).await;
    assert_eq!(told(&first.headers), (Some("MISS"), None, Some(60)));
    clock.forward(59_999);
    // What the second asks for is of no account: it keeps nothing.
    let second = send(Some("9"), false).await;
    assert_eq!(told(&second.headers), (Some("HIT"), Some(59), Some(1)));
    let created = |reply: &Reply| reply.json()["created"].as_u64().unwrap();
    assert_eq!(created(&second) - created(&first), 59);
    clock.forward(1);
    for (ttl, seconds) in
        [(Some("0"), 1), (Some("1000000"), 86_400), (Some("soon"), 300), (None, 300)]
    {
        let reply = send(ttl, true).await;
        assert_eq!(told(&reply.headers), (Some("MISS"), None, Some(seconds)), "{ttl:?}");
    }
    assert_eq!(simulator.calls("echo"), 5);
    // The last one has taken the place of those before.
    let last = send(None, false).await;
    assert_eq!(told(&last.headers), (Some("HIT"), Some(0), Some(300)));
    clock.forward(300_000);
    assert!(!is_hit(&send(None, false).await));
}

#[tokio::test]
async fn section_6_4_only_the_same_key_model_and_body_are_the_same() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let body = |text: &str| {
        let call = gateway.call("POST", "/chat/completions").header(CACHE, "true");
        call.header("content-type", "application/json").body(text.to_owned()).send()
    };
    let first = r#"{"model":"acme/m","messages":[{"role":"user","content":"a  b"}],"seed":1}"#;
    assert!(!is_hit(&body(first).await));
    let spaced = "{ \"model\": \"acme/m\",\n\"messages\":[ {\"role\":\"user\", \"content\":\"a  b\"}],\t\"seed\":1 }";
    assert!(is_hit(&body(spaced).await));
    for other in [
        r#"{"messages":[{"role":"user","content":"a  b"}],"model":"acme/m","seed":1}"#,
        r#"{"model":"acme/m","messages":[{"content":"a  b","role":"user"}],"seed":1}"#,
        r#"{"model":"acme/m","messages":[{"role":"user","content":"a b"}],"seed":1}"#,
        r#"{"model":"acme/n","messages":[{"role":"user","content":"a  b"}],"seed":1}"#,
        r#"{"model":"acme/m","messages":[{"role":"user","content":"a  b"}],"seed":1,"user":"u"}"#,
        r#"{"model":"acme/m","messages":[{"role":"user","content":"a  b"}],"seed":1,"stream":true}"#,
    ] {
        assert!(!is_hit(&body(other).await), "{other}");
        assert!(is_hit(&body(other).await), "{other}");
    }
    // Other headers are of no account, another key is.
    let call = || gateway.call("POST", "/chat/completions").header(CACHE, "true").body(first);
    let call = || call().header("content-type", "application/json");
    assert!(is_hit(&call().header("X-Title", "Another").send().await));
    let other = gateway.key_with(|_| {}).await;
    assert!(!is_hit(&call().key(&other).send().await));
    assert!(is_hit(&call().key(&other).send().await));
}

#[tokio::test]
async fn section_6_4_what_a_preset_says_and_what_the_headers_say() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let save = async |enabled: Value, temperature: f64| {
        let mut body = asking("acme/m");
        body["cache_enabled"] = enabled;
        body["cache_ttl"] = 20.into();
        body["temperature"] = temperature.into();
        let saved = gateway.post("/presets/p/chat/completions", &body).await;
        assert_eq!(saved.status, 200, "{}", saved.text());
    };
    let body = asking("@preset/p");
    let send = async |header: Option<&str>, ttl: Option<&str>| {
        let mut call = gateway.chat_call(&body).header(CLEAR, "true");
        for (name, value) in [(CACHE, header), (TTL, ttl)] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        call.send().await
    };
    for (preset, header, ttl, expected) in [
        (json!(false), Some("true"), None, None),
        (json!(true), Some("false"), None, None),
        (json!(true), None, None, Some(20)),
        (json!(true), None, Some("10"), Some(10)),
        (json!(true), Some("true"), Some("10"), Some(10)),
        (Value::Null, Some("true"), None, Some(20)),
        (Value::Null, None, None, None),
    ] {
        save(preset.clone(), 0.5).await;
        let reply = send(header, ttl).await;
        let status = expected.map(|_| "MISS");
        assert_eq!(told(&reply.headers), (status, None, expected), "{preset} {header:?} {ttl:?}");
    }
    // A preset that has changed has no old answers.
    save(json!(true), 0.5).await;
    let asked = || gateway.chat_call(&body).send();
    assert!(is_hit(&asked().await));
    save(json!(true), 0.75).await;
    assert!(!is_hit(&asked().await));
    // In the words of another dialect the same: there it is laid under the translated call.
    let mut foreign = json!({ "model": "@preset/p", "input": "Hi" });
    let send = async |body: &Value| gateway.post("/responses", body).await;
    let (first, second) = (send(&foreign).await, send(&foreign).await);
    assert!(!is_hit(&first) && is_hit(&second));
    assert_same(&first, &second, "responses");
    save(json!(true), 0.5).await;
    assert!(!is_hit(&send(&foreign).await));
    foreign["stream"] = true.into();
    assert!(!is_hit(&send(&foreign).await) && is_hit(&send(&foreign).await));
}

#[tokio::test]
async fn section_6_4_failures_are_not_kept() {
    let simulator = simulator().await;
    let faults = ["status:503", "cut-after:3", "error-after:3", "end-after:3", "empty"];
    let mut builder = world(&simulator).config("[cache]\nentry_max_bytes = 8192\n");
    for fault in faults {
        let name = fault.split(':').next().unwrap();
        builder =
            builder.endpoint(&format!("acme/{name}"), "acme", &format!("echo+{fault}"), PRICE);
    }
    let gateway = builder.start().await;
    for fault in faults {
        for stream in [false, true] {
            let mut body = asking(&format!("acme/{}", fault.split(':').next().unwrap()));
            body["stream"] = stream.into();
            body["messages"][0]["content"] = "one two three four five six".into();
            let before = simulator.requests().len();
            for _ in 0..2 {
                let reply = ask(&gateway, &body).await;
                assert_ne!(told(&reply.headers).0, Some("HIT"), "{fault} {stream}");
            }
            assert!(simulator.requests().len() - before >= 2, "{fault} {stream}");
        }
    }
    // Nor is what is longer than may be kept.
    for stream in [false, true] {
        for (words, is_kept) in [(8, true), (2_000, false)] {
            let mut body = asking("acme/m");
            body["stream"] = stream.into();
            body["messages"][0]["content"] = "word ".repeat(words).into();
            assert!(!is_hit(&ask(&gateway, &body).await));
            assert_eq!(is_hit(&ask(&gateway, &body).await), is_kept, "{words} {stream}");
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_behind() {
    let simulator = simulator().await;
    let slow = "echo+tps:50+jitter:0";
    let gateway = world(&simulator).endpoint("acme/slow", "acme", slow, PRICE).start().await;
    let mut body = asking("acme/slow");
    body["stream"] = true.into();
    body["messages"][0]["content"] = "word ".repeat(200).into();
    let mut open = gateway.chat_call(&body).header(CACHE, "true").open().await;
    open.next_text().await;
    drop(open);
    simulator.wait_for_open_streams(0).await;
    let mut again = gateway.chat_call(&body).header(CACHE, "true").open().await;
    assert_eq!(told(again.headers()).0, Some("MISS"));
    again.next_text().await;
}

#[tokio::test]
async fn a_cache_of_no_size_keeps_nothing() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config("[cache]\nmax_bytes = 0\n").start().await;
    for _ in 0..2 {
        assert_eq!(told(&ask(&gateway, &asking("acme/m")).await.headers), (None, None, None));
    }
    assert_eq!(simulator.calls("echo"), 2);
}

#[tokio::test]
async fn what_is_kept_has_a_bound() {
    let simulator = simulator().await;
    let config = "[cache]\nmax_bytes = 65536\nentry_max_bytes = 8192\n";
    let gateway = world(&simulator).config(config).start().await;
    let body = |at: u32| {
        let mut body = asking("acme/m");
        body["messages"][0]["content"] = format!("{at} {}", "word ".repeat(800)).into();
        body
    };
    for at in 0..40 {
        assert!(!is_hit(&ask(&gateway, &body(at)).await));
    }
    let mut kept = 0;
    for at in 0..40 {
        let call = body(at);
        let reply = gateway.chat_call(&call).header(CACHE, "true").header(TTL, "1").send().await;
        kept += u32::from(is_hit(&reply));
    }
    // Each is more than 4,000 bytes.
    assert!(kept < 17, "{kept}");
}

/// What the account wants kept nowhere is not kept here; what one request asks of providers is
/// another matter.
#[tokio::test]
async fn section_6_4_where_nothing_may_be_kept_nothing_is() {
    let rule = "[[rule]]\nname = \"private\"\nwhen = { model = \"tollgate/echo\" }\n\
                then = { restrict = { zdr = true } }\n";
    let gateway = TestGateway::builder().config(rule).start().await;
    for _ in 0..2 {
        let reply = ask(&gateway, &asking("tollgate/echo")).await;
        assert_eq!((reply.status, told(&reply.headers)), (200, (None, None, None)));
    }
    let mut body = asking("tollgate/prose");
    body["provider"] = json!({ "zdr": true });
    assert!(!is_hit(&ask(&gateway, &body).await));
    assert!(is_hit(&ask(&gateway, &body).await));
}

/// Rules hold for what is told again, too.
#[tokio::test]
async fn what_may_not_be_called_any_more_is_not_told_again() {
    let simulator = simulator().await;
    let builder = world(&simulator).provider("other", Protocol::OpenAi, &simulator).endpoint(
        "acme/m",
        "other",
        "prose",
        r#"{ input = "2000", output = "2000" }"#,
    );
    let gateway = builder.start().await;
    let key = gateway.key_with(|_| {}).await;
    assert!(!is_hit(&ask_with(&gateway, &key, &asking("acme/m")).await));
    assert!(is_hit(&ask_with(&gateway, &key, &asking("acme/m")).await));
    let rules = async |rules: Value| {
        let call = gateway.call("PUT", "/routing/policy").key(gateway.management_key());
        let reply = call.json(&json!({ "rules": rules })).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    // The provider that answered is not allowed any more, another is: that one is asked.
    rules(json!([{ "name": "only", "then": { "restrict": { "only": ["other"] } } }])).await;
    let reply = ask_with(&gateway, &key, &asking("acme/m")).await;
    assert!(!is_hit(&reply), "{}", reply.text());
    assert_eq!(reply.header("x-provider-name"), Some("Other"));
    rules(json!([{ "name": "no", "then": { "restrict": { "deny": true } } }])).await;
    assert_eq!(ask_with(&gateway, &key, &asking("acme/m")).await.status, 403);
    rules(json!([])).await;
    assert!(is_hit(&ask_with(&gateway, &key, &asking("acme/m")).await));
}

#[tokio::test]
async fn a_key_that_may_not_call_is_told_nothing() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let made = gateway.post("/keys", &json!({ "name": "k" })).await.json();
        let (secret, hash) =
            (made["key"].as_str().unwrap(), made["data"]["hash"].as_str().unwrap());
        keys.push((secret.to_owned(), format!("/keys/{hash}")));
    }
    for (secret, _) in &keys {
        assert!(!is_hit(&ask_with(&gateway, secret, &asking("acme/m")).await));
        assert!(is_hit(&ask_with(&gateway, secret, &asking("acme/m")).await));
    }
    let calls = simulator.calls("echo");
    for ((secret, path), (change, status)) in keys
        .iter()
        .zip([(json!({ "disabled": true }), 401), (json!({ "allowed_models": ["acme/n"] }), 403)])
    {
        let changed = gateway.patch(path, &change).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        let reply = ask_with(&gateway, secret, &asking("acme/m")).await;
        assert_eq!(reply.status, status, "{change}: {}", reply.text());
    }
    assert_eq!(simulator.calls("echo"), calls);
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let amount = usd(dollars);
    let bought =
        Movement::new("bought", AccountId::default(), Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

/// What is left when nothing is held any more.
async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().recorder().flush().await;
    gateway.engine().purses().give_back_all().await.unwrap();
    gateway.engine().stores().ledger.balance(&AccountId::default()).await.unwrap()
}

#[tokio::test]
async fn section_6_4_what_is_told_again_is_a_generation_that_costs_nothing() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config("[billing]\nenabled = true\n").start().await;
    // Enough for one call of two tokens each way.
    add(&gateway, "0.02").await;
    let mut body = asking("acme/m");
    body["max_tokens"] = 2.into();
    let first = ask(&gateway, &body).await;
    assert_eq!(first.said().cost(), usd("0.004"));
    let before = balance(&gateway).await;
    let second = ask(&gateway, &body).await;
    assert_eq!(second.said().cost(), Usd::ZERO);
    assert_eq!(balance(&gateway).await, before);
    assert_eq!(audit(&gateway.engine().stores().ledger.books().await.unwrap()), []);
    let record = gateway.generation(&id(&second)).await;
    for (name, expected) in [
        ("response_cache_source_id", json!(id(&first))),
        ("model", json!("acme/m")),
        ("api_type", json!("completions")),
        ("finish_reason", json!("stop")),
        ("provider_name", Value::Null),
        ("provider_responses", json!([])),
        ("total_cost", json!(0)),
        ("tokens_prompt", json!(0)),
        ("native_tokens_completion", json!(0)),
        ("cancelled", json!(false)),
        ("error", Value::Null),
    ] {
        assert_eq!(record[name], expected, "{name}: {record}");
    }
    assert_eq!(gateway.generation(&id(&first)).await["response_cache_source_id"], Value::Null);
    assert_eq!(gateway.generations().await, 2);
    let metrics = gateway.at("GET", "/metrics").send().await.text();
    for line in [
        r#"tollgate_cache_total{status="hit"} 1"#,
        r#"tollgate_cache_total{status="miss"} 1"#,
        "tollgate_calls_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn who_has_nothing_left_is_told_again_and_nothing_else() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config("[billing]\nenabled = true\n").start().await;
    add(&gateway, "0.05").await;
    // A limit of the key's own, a budget of its own, and at last the account's credit: each is spent
    // to the last.
    for (what, change) in [
        ("limit", json!({ "limit": 0.004 })),
        ("budget", json!({ "rate_limits": { "daily_budget": "0.004" } })),
        ("credit", json!({})),
    ] {
        let made = gateway.post("/keys", &json!({ "name": what })).await.json();
        let (key, hash) = (made["key"].as_str().unwrap(), made["data"]["hash"].as_str().unwrap());
        let mut body = asking("acme/m");
        body["max_tokens"] = 2.into();
        assert!(!is_hit(&ask_with(&gateway, key, &body).await), "{what}");
        let changed = gateway.patch(&format!("/keys/{hash}"), &change).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        if what == "credit" {
            spend_all(&gateway).await;
        }
        for stream in [false, true] {
            let mut other = asking("acme/m");
            other["max_tokens"] = 1.into();
            other["stream"] = stream.into();
            let refused = ask_with(&gateway, key, &other).await;
            assert!(matches!(refused.status, 402 | 429), "{what}: {}", refused.text());
        }
        let calls = simulator.calls("echo");
        assert!(is_hit(&ask_with(&gateway, key, &body).await), "{what}");
        assert_eq!(simulator.calls("echo"), calls, "{what}");
    }
}

/// Takes what is left of the account's credit.
async fn spend_all(gateway: &TestGateway) {
    let left = balance(gateway).await.available;
    let engine = gateway.engine();
    let account = AccountId::default();
    let taken = Movement::new("taken", account, Kind::Deduction, left, engine.now());
    assert!(engine.stores().ledger.post(vec![taken]).await.unwrap());
}

#[tokio::test]
async fn requests_are_counted_whoever_answers_them() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let limits = KeyLimits::default().with("requests_per_day", 3).with("max_concurrent", 1);
    let key = gateway.key_with(|key| key.rate_limits = limits).await;
    for hits in [false, true, true] {
        assert_eq!(is_hit(&ask_with(&gateway, &key, &asking("acme/m")).await), hits);
    }
    assert_eq!(ask_with(&gateway, &key, &asking("acme/m")).await.status, 429);
}

#[tokio::test]
async fn section_6_4_routing_is_not_told_of_what_is_told_again() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    for stream in [false, true] {
        let mut body = asking("acme/m");
        body["stream"] = stream.into();
        let call = || gateway.chat_call(&body).header(CACHE, "true");
        let send = || call().header("X-OpenRouter-Metadata", "enabled").send();
        assert!(send().await.text().contains("openrouter_metadata"));
        let again = send().await;
        assert!(is_hit(&again) && !again.text().contains("openrouter_metadata"));
    }
}

/// Whoever keeps what is said has what each caller was told.
#[tokio::test]
async fn what_is_told_again_is_kept_as_what_was_said() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    keep(&gateway).await;
    for stream in [false, true] {
        let mut body = asking("acme/m");
        body["stream"] = stream.into();
        for hits in [false, true] {
            let reply = ask(&gateway, &body).await;
            assert_eq!(is_hit(&reply), hits);
            let kept = content(&gateway, &id(&reply)).await;
            assert_eq!(kept["output"]["completion"], "Hello there", "{kept}");
        }
    }
}

#[tokio::test]
async fn what_several_models_have_come_to_is_told_again() {
    let simulator = simulator().await;
    let rule = r#"
        [[rule]]
        name = "agreed"
        [rule.then.consensus]
        models = ["acme/m", "acme/o", "acme/n"]
    "#;
    let builder = world(&simulator).endpoint("acme/o", "acme", "echo", PRICE).config(rule);
    let gateway = builder.start().await;
    for stream in [false, true] {
        let mut body = asking("acme/m");
        body["stream"] = stream.into();
        let first = ask(&gateway, &body).await;
        assert!(!is_hit(&first));
        let asked = simulator.requests().len();
        let second = ask(&gateway, &body).await;
        assert!(is_hit(&second));
        assert_same(&first, &second, "consensus");
        assert_eq!(simulator.requests().len(), asked);
        let record = gateway.generation(&id(&second)).await;
        assert_eq!(record["total_cost"], 0, "{record}");
        assert_eq!(record["routing"]["policy"]["rules"][0]["name"], "agreed", "{record}");
    }
}

/// A preset says so in whatever words it was saved.
#[tokio::test]
async fn section_6_4_a_preset_of_every_dialect_has_answers_kept() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    for (path, mut body) in [
        ("chat/completions", asking("acme/m")),
        ("messages", asking("acme/m")),
        ("responses", json!({ "model": "acme/m", "input": "x" })),
    ] {
        let slug = path.split('/').next().unwrap();
        body["max_tokens"] = slug.len().into();
        body["cache_enabled"] = true.into();
        body["cache_ttl"] = 7.into();
        let saved = gateway.post(&format!("/presets/{slug}/{path}"), &body).await;
        assert_eq!(saved.status, 200, "{}", saved.text());
        let asking = asking(&format!("@preset/{slug}"));
        let reply = gateway.chat(asking.clone()).await;
        assert_eq!(told(&reply.headers), (Some("MISS"), None, Some(7)), "{path}");
        assert!(is_hit(&gateway.chat(asking).await), "{path}");
    }
}

/// Nobody has to be well for what was said already.
#[tokio::test]
async fn an_outage_leaves_what_was_said() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    assert!(!is_hit(&ask(&gateway, &asking("acme/m")).await));
    simulator.script("status:503").unwrap();
    for _ in 0..20 {
        assert_ne!(gateway.chat(asking("acme/m")).await.status, 200);
    }
    assert!(is_hit(&ask(&gateway, &asking("acme/m")).await));
}

#[tokio::test]
async fn a_preset_has_embeddings_kept_too() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config(EMBEDDER).start().await;
    let mut body = asking("acme/embed");
    body["cache_enabled"] = true.into();
    assert_eq!(gateway.post("/presets/e/chat/completions", &body).await.status, 200);
    let body = json!({ "model": "@preset/e", "input": "one" });
    assert!(!is_hit(&gateway.post("/embeddings", &body).await));
    assert!(is_hit(&gateway.post("/embeddings", &body).await));
    assert_eq!(simulator.calls("embed"), 1);
}
