//! Limits on calls: each measure in each window, whom they are for, and what a caller is told
//! (contract §4.6, §6.3, §6.5).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Kind, Movement, audit};
use tollgate_limits::KeyLimits;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, eventually, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::organisation::workspace;

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const BILLING: &str = "[billing]\nenabled = true\n";

/// A clock that stands where it is put.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(instant(text).unix_millis())))
    }

    fn put(&self, text: &str) {
        self.0.store(instant(text).unix_millis(), Ordering::Relaxed);
    }

    fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// A prompt of eight tokens, of which ten are held, and an answer of eight.
fn eight(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": model, "messages": messages, "max_tokens": 8 })
}

fn world(simulator: &Simulator, config: &str) -> Builder {
    TestGateway::builder()
        .config(config)
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/n", "acme", "echo", PRICE)
        .endpoint("acme/o", "acme", "echo", PRICE)
        .endpoint("acme/stalls", "acme", "echo+stall-after:3", PRICE)
        .endpoint("acme/fails", "acme", "echo+status:503", PRICE)
        .endpoint("acme/free", "acme", "echo", r#"{ input = "0", output = "0" }"#)
}

fn limited(name: &str, amount: u64) -> KeyLimits {
    KeyLimits::default().with(name, amount)
}

async fn key(gateway: &TestGateway, limits: KeyLimits) -> String {
    gateway.key_with(|key| key.rate_limits = limits).await
}

async fn chat(gateway: &TestGateway, key: &str, model: &str) -> Reply {
    gateway.chat_call(&eight(model)).key(key).send().await
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let id = format!("purchase-{dollars}");
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new(&id, account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

/// A limit, when two calls have passed it, and when the next one may.
type Row = (&'static str, u64, &'static str, Option<&'static str>);

const ROWS: [Row; 12] = [
    ("requests_per_minute", 2, "2027-01-04T12:00:30Z", Some("2027-01-04T12:01:30Z")),
    ("tokens_per_minute", 34, "2027-01-05T12:00:30Z", Some("2027-01-05T12:01:30Z")),
    ("input_tokens_per_minute", 18, "2027-01-06T12:00:30Z", Some("2027-01-06T12:01:30Z")),
    ("output_tokens_per_minute", 16, "2027-01-07T12:00:30Z", Some("2027-01-07T12:01:30Z")),
    ("requests_per_day", 2, "2027-01-08T12:00:30Z", Some("2027-01-09T00:00:00Z")),
    ("tokens_per_day", 34, "2027-01-10T12:00:30Z", Some("2027-01-11T00:00:00Z")),
    ("input_tokens_per_day", 18, "2027-01-12T12:00:30Z", Some("2027-01-13T00:00:00Z")),
    ("output_tokens_per_day", 16, "2027-01-14T12:00:30Z", Some("2027-01-15T00:00:00Z")),
    ("daily_budget", 34_000_000, "2027-01-16T12:00:30Z", Some("2027-01-17T00:00:00Z")),
    ("weekly_budget", 34_000_000, "2027-01-19T12:00:30Z", Some("2027-01-25T00:00:00Z")),
    ("monthly_budget", 34_000_000, "2027-01-26T12:00:30Z", Some("2027-02-01T00:00:00Z")),
    ("lifetime_budget", 34_000_000, "2027-02-02T12:00:30Z", None),
];

/// Two calls fit; the third hears when to come back, and comes in then and not a second sooner.
#[tokio::test]
async fn each_measure_is_limited_in_each_window() {
    let (simulator, clock) = (simulator().await, Hand::at("2027-01-01T00:00:00Z"));
    let gateway = world(&simulator, "").clock(clock.clone()).start().await;
    for (name, amount, begins, again) in ROWS {
        clock.put(begins);
        let key = key(&gateway, limited(name, amount)).await;
        for _ in 0..2 {
            assert_eq!(chat(&gateway, &key, "acme/m").await.status, 200, "{name}");
        }
        let refused = chat(&gateway, &key, "acme/m").await;
        if name.ends_with("_budget") {
            assert_budget(&refused, again);
        } else {
            assert_rate(&refused, amount, (begins, again.unwrap()));
        }
        let Some(again) = again else {
            clock.put("2036-01-01T00:00:00Z");
            assert_eq!(chat(&gateway, &key, "acme/m").await.status, 402, "{name}");
            continue;
        };
        clock.put(again);
        clock.forward(-1_000);
        let early = chat(&gateway, &key, "acme/m").await;
        assert_eq!(early.status, refused.status, "{name}: {}", early.text());
        clock.forward(1_000);
        let reply = chat(&gateway, &key, "acme/m").await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
    }
}

fn assert_rate(refused: &Reply, amount: u64, (begins, again): (&str, &str)) {
    let error = refused.error(429, "rate_limit_exceeded");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("Rate limit exceeded: {amount} ")), "{message}");
    let wait = instant(again).millis_since(instant(begins)) / 1_000;
    assert_eq!(refused.header("retry-after"), Some(wait.to_string().as_str()), "{message}");
    assert_eq!(refused.header("x-ratelimit-limit"), Some(amount.to_string().as_str()));
    let reset = instant(again).unix_millis().to_string();
    assert_eq!(refused.header("x-ratelimit-reset"), Some(reset.as_str()), "{message}");
    let headers = &error["metadata"]["headers"];
    for name in ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
        assert_eq!(headers[name].as_str(), refused.header(&name.to_lowercase()), "{headers}");
    }
    assert_eq!(error["metadata"]["scope"], "key");
}

fn assert_budget(refused: &Reply, again: Option<&str>) {
    let error = refused.error(402, "payment_required");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Key limit exceeded: this request may cost $0.018"), "{message}");
    let metadata = &error["metadata"];
    assert_eq!(metadata["limit_source"], "openrouter_key_limit");
    assert_eq!((&metadata["limit_usd"], &metadata["spend_usd"]), (&json!(0.034), &json!(0.032)));
    let resets_at = metadata["resets_at"].as_str().map(instant);
    assert_eq!(resets_at, again.map(instant), "{message}");
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-limit")), (None, None));
}

#[tokio::test]
async fn calls_at_once_are_limited_and_make_room_when_they_end() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let key = key(&gateway, limited("max_concurrent", 1)).await;
    let mut body = eight("acme/stalls");
    body["stream"] = true.into();
    let mut stream = gateway.chat_call(&body).key(&key).open().await;
    stream.next_text().await;
    let refused = chat(&gateway, &key, "acme/m").await;
    let error = refused.error(429, "rate_limit_exceeded");
    assert!(error["message"].as_str().unwrap().contains("1 requests at once for this key"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(stream);
    let passes = || async { (chat(&gateway, &key, "acme/m").await.status == 200).then_some(()) };
    eventually("there is room again", passes).await;
}

/// Whoever fails used nothing, and was a request all the same; whoever is refused was none.
#[tokio::test]
async fn failed_calls_count_as_requests_and_give_tokens_back() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let both = limited("requests_per_day", 3).with("tokens_per_day", 34);
    let key = key(&gateway, both).await;
    for _ in 0..2 {
        assert_eq!(chat(&gateway, &key, "acme/fails").await.status, 503);
    }
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 200);
    let refused = chat(&gateway, &key, "acme/m").await.error_message(429, "rate_limit_exceeded");
    assert!(refused.contains("3 requests per day"), "{refused}");
}

/// What a call needs and can never have is said at once, and a call that leaves open how much it
/// writes is not refused for what it might.
#[tokio::test]
async fn a_call_that_never_fits_hears_so() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let key = key(&gateway, limited("tokens_per_minute", 20)).await;
    let mut body = eight("acme/m");
    body["max_tokens"] = 100.into();
    let refused = gateway.chat_call(&body).key(&key).send().await;
    let message = refused.error_message(429, "rate_limit_exceeded");
    assert!(message.contains("may need 110 and can't pass"), "{message}");
    assert_eq!(refused.header("retry-after"), None);
    body.as_object_mut().unwrap().remove("max_tokens");
    assert_eq!(gateway.chat_call(&body).key(&key).send().await.status, 200);
}

const ROWS_OF_OTHERS: &str = r#"
[attribution]
headers = ["X-Department"]
[[limit]]
scope = "organisation"
requests_per_day = 12
[[limit]]
scope = "workspace"
of = "w1"
monthly_budget = "0.02"
[[limit]]
scope = "key"
of = "ci"
requests_per_day = 1
[[limit]]
scope = "user"
requests_per_day = 1
[[limit]]
scope = "model"
of = "acme/n"
requests_per_day = 1
[[limit]]
scope = "tag"
tag = "x-department"
value = "research"
requests_per_day = 1
"#;

#[tokio::test]
async fn an_operator_limits_organisations_workspaces_keys_users_models_and_tags() {
    let simulator = simulator().await;
    let gateway = world(&simulator, ROWS_OF_OTHERS).start().await;
    let key = gateway.key().to_owned();
    let ci = gateway.key_with(|key| key.name = "ci".to_owned()).await;
    let of_w1 = gateway.key_with(|key| key.workspace_id = "w1".to_owned()).await;
    let of_user = |user: &str| {
        let mut body = eight("acme/m");
        body["user"] = user.into();
        gateway.chat_call(&body)
    };
    let tagged = |tag: &str| gateway.chat_call(&eight("acme/m")).header("x-department", tag);
    let calls = [
        (chat(&gateway, &ci, "acme/m").await, 200, ""),
        (chat(&gateway, &ci, "acme/m").await, 429, "1 requests per day for this key"),
        (of_user("ann").send().await, 200, ""),
        (of_user("ann").send().await, 429, "for this end user"),
        (of_user("bob").send().await, 200, ""),
        (chat(&gateway, &key, "acme/n").await, 200, ""),
        (chat(&gateway, &key, "acme/n").await, 429, "for the model acme/n"),
        (chat(&gateway, &key, "acme/m").await, 200, ""),
        (tagged("research").send().await, 200, ""),
        (tagged("research").send().await, 429, "for the tag x-department=research"),
        (tagged("sales").send().await, 200, ""),
        (tagged("sales").send().await, 200, ""),
        (chat(&gateway, &of_w1, "acme/m").await, 200, ""),
    ];
    for (at, (reply, status, told)) in calls.iter().enumerate() {
        assert_eq!(reply.status, *status, "{at}: {}", reply.text());
        assert!(reply.text().contains(told), "{at}: {}", reply.text());
    }
    let error = chat(&gateway, &of_w1, "acme/m").await.error(403, "permission_denied");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Workspace monthly budget of $0.02: this request may cost $0.0"));
    let told = ", and $0.004 is left of it. Send a smaller max_tokens, or contact your org admin.";
    assert!(message.ends_with(told), "{message}");
    let metadata = &error["metadata"];
    assert_eq!(metadata["limit_source"], "openrouter_workspace_budget");
    assert_eq!(
        [&metadata["scope"], &metadata["limit_usd"], &metadata["spend_usd"]],
        [&json!("workspace"), &json!(0.02), &json!(0.016)]
    );
    assert!(metadata["resets_at"].is_string());
    // Nine have passed, and three more make twelve.
    for status in [200, 200, 200, 429] {
        assert_eq!(chat(&gateway, &key, "acme/m").await.status, status);
    }
    let metrics = gateway.at("GET", "/metrics").send().await.text();
    let counted =
        r#"tollgate_limit_refusals_total{scope="organisation",measure="requests",window="day"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

/// An installation is one organisation, whoever pays.
#[tokio::test]
async fn a_limit_of_the_organisation_counts_the_calls_of_all_accounts() {
    let rows = "[[limit]]\nscope = \"organisation\"\nrequests_per_day = 3\n";
    let simulator = simulator().await;
    let gateway = world(&simulator, rows).start().await;
    let mut keys = Vec::new();
    for account in ["one", "two", "three"] {
        let id = workspace(&gateway, account).await;
        let path = format!("/workspaces/{id}");
        let paid = gateway.call("PATCH", &path).key(gateway.management_key());
        let paid = paid.json(&json!({ "account": account })).send().await;
        assert_eq!(paid.status, 200, "{}", paid.text());
        keys.push(gateway.key_with(|key| key.workspace_id = id).await);
    }
    for key in &keys {
        chat(&gateway, key, "acme/m").await.said();
    }
    for key in &keys {
        let refused = chat(&gateway, key, "acme/m").await;
        let told = refused.error_message(429, "rate_limit_exceeded");
        assert!(told.contains("3 requests per day for this organisation"), "{told}");
    }
}

/// Where rules have several models asked, each is counted.
#[tokio::test]
async fn each_model_of_a_consensus_is_counted() {
    let config = r#"
[[limit]]
scope = "model"
requests_per_day = 1
[[rule]]
name = "two at once"
when = { model = "acme/m" }
then = { consensus = { models = ["acme/m", "acme/n"] } }
"#;
    let simulator = simulator().await;
    let gateway = world(&simulator, config).start().await;
    let key = gateway.key();
    for (model, status) in [("acme/m", 200), ("acme/n", 429), ("acme/o", 200)] {
        let reply = chat(&gateway, key, model).await;
        assert_eq!(reply.status, status, "{model}: {}", reply.text());
    }
}

/// And so is each model of a fusion.
#[tokio::test]
async fn each_model_of_a_fusion_is_counted() {
    let simulator = simulator().await;
    let limit = "[[limit]]\nscope = \"model\"\nof = \"acme/n\"\nrequests_per_day = 1\n";
    let gateway = world(&simulator, limit).start().await;
    let mut body = eight("openrouter/fusion");
    body["plugins"] = json!([{ "id": "fusion", "analysis_models": ["acme/n"], "model": "acme/m" }]);
    for status in [200, 429] {
        let reply = gateway.chat(body.clone()).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

/// A hundred at once take no more than there is, and whoever is refused holds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_callers_never_exceed_a_limit() {
    let simulator = simulator().await;
    let gateway = Arc::new(world(&simulator, BILLING).start().await);
    add(&gateway, "20").await;
    let day = |name, amount| limited(name, amount);
    let mut answered = 0;
    // Each call holds 18 tokens and $0.018, and uses 16 and $0.016.
    let limits = [
        (day("requests_per_day", 7), 7),
        (day("tokens_per_day", 100), 6),
        (day("daily_budget", 90_000_000), 5),
    ];
    for (limits, most) in limits {
        let budget = limits.has_budget();
        let key = key(&gateway, limits).await;
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            let (gateway, key) = (Arc::clone(&gateway), key.clone());
            calls.spawn(async move { chat(&gateway, &key, "acme/m").await.status });
        }
        let statuses = calls.join_all().await;
        let refusal = if budget { 402 } else { 429 };
        assert!(statuses.iter().all(|it| [200, refusal].contains(it)), "{statuses:?}");
        let passed = statuses.iter().filter(|status| **status == 200).count();
        assert!((1..=most).contains(&passed), "{passed} of {most}");
        // Nothing is held any more: what is left can be had, to the last whole call.
        let mut more = 0;
        while chat(&gateway, &key, "acme/m").await.status == 200 {
            more += 1;
        }
        assert_eq!(passed + more, most, "{more} afterwards");
        answered += most;
    }
    assert_eq!(usize::try_from(simulator.calls("echo")).unwrap(), answered);
    gateway.engine().recorder().flush().await;
    gateway.engine().purses().give_back_all().await.unwrap();
    let ledger = &gateway.engine().stores().ledger;
    assert_eq!(ledger.balance(&AccountId::default()).await.unwrap().held, Usd::ZERO);
    assert_eq!(audit(&ledger.books().await.unwrap()), []);
}

/// A call that can't be paid, or whose key's own limit is spent, does not count as one.
#[tokio::test]
async fn who_is_refused_for_money_is_not_counted() {
    let simulator = simulator().await;
    let gateway = world(&simulator, BILLING).start().await;
    let once = gateway
        .key_with(|key| {
            key.rate_limits = limited("requests_per_day", 1).with("max_concurrent", 1);
            key.limit = Some(usd("0.02"));
        })
        .await;
    for _ in 0..3 {
        assert_eq!(chat(&gateway, &once, "acme/m").await.status, 402);
    }
    add(&gateway, "1").await;
    assert_eq!(chat(&gateway, &once, "acme/m").await.status, 200);
    assert_eq!(chat(&gateway, &once, "acme/m").await.status, 429);
}

#[tokio::test]
async fn a_restart_forgets_no_day() {
    let simulator = simulator().await;
    let config = "[[limit]]\nscope = \"user\"\ntokens_per_day = 34\n";
    let gateway = world(&simulator, config).start().await;
    let requests = key(&gateway, limited("requests_per_day", 2)).await;
    let budget = key(&gateway, limited("daily_budget", 34_000_000)).await;
    let mut of_ann = eight("acme/m");
    of_ann["user"] = "ann".into();
    let free = gateway.key().to_owned();
    let calls = [(&requests, eight("acme/m")), (&budget, eight("acme/m")), (&free, of_ann)];
    for (key, body) in &calls {
        assert_eq!(gateway.chat_call(body).key(key).send().await.status, 200);
    }
    let mut gateway = gateway;
    for statuses in [[200, 200, 200], [429, 402, 429]] {
        let stopped = gateway.stop().await;
        gateway = world(&simulator, config).on(stopped).start().await;
        for ((key, body), status) in calls.iter().zip(statuses) {
            let reply = gateway.chat_call(body).key(key).send().await;
            assert_eq!(reply.status, status, "{}", reply.text());
        }
    }
}

/// A budget that is set later counts what was spent before.
#[tokio::test]
async fn a_budget_counts_what_was_spent_before_it_was_set() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let key = key(&gateway, KeyLimits::default()).await;
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 200);
    let listed = gateway.get("/keys").await.json();
    let keys = listed["data"].as_array().unwrap();
    let used = keys.iter().find(|key| key["usage"] == json!(0.016)).unwrap();
    let path = format!("/keys/{}", used["hash"].as_str().unwrap());
    let patched = gateway.patch(&path, &json!({ "monthly_budget": "0.02" })).await;
    assert_eq!(patched.json()["data"]["rate_limits"], json!({ "monthly_budget": "0.02" }));
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 402);
}

#[tokio::test]
async fn limits_of_a_key_are_made_shown_and_changed() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let limits = |reply: &Reply| reply.json()["data"]["rate_limits"].clone();
    let seed = json!({ "name": "k", "requests_per_minute": 60, "monthly_budget": 20, "other": 1 });
    let made = gateway.post("/keys", &seed).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let expected = json!({ "requests_per_minute": 60, "monthly_budget": "20" });
    assert_eq!(limits(&made), expected);
    let text = made.json()["key"].as_str().unwrap().to_owned();
    let path = format!("/keys/{}", made.json()["data"]["hash"].as_str().unwrap());
    assert_eq!(limits(&gateway.get(&path).await), expected);
    let own = gateway.call("GET", "/key").key(&text).send().await;
    assert_eq!(limits(&own), expected);
    assert_eq!(own.json()["data"]["rate_limit"]["requests"], -1);
    for (change, left) in [
        (json!({ "name": "renamed" }), expected.clone()),
        (
            json!({ "rate_limits": { "max_concurrent": 2, "monthly_budget": null } }),
            json!({ "requests_per_minute": 60, "max_concurrent": 2 }),
        ),
        (
            json!({ "limits": { "tokens_per_day": 5 }, "max_concurrent": null }),
            json!({ "requests_per_minute": 60, "tokens_per_day": 5 }),
        ),
        (json!({ "rate_limits": null }), json!({})),
    ] {
        let changed = gateway.patch(&path, &change).await;
        assert_eq!((changed.status, limits(&changed)), (200, left), "{change}");
    }
    for (wrong, told) in [
        (json!({ "requests_per_minute": "many" }), "requests_per_minute"),
        (json!({ "rate_limits": { "requests_per_minut": 1 } }), "requests_per_minut"),
        (json!({ "limits": { "monthly_budget": -1 } }), "monthly_budget"),
    ] {
        let message = gateway.patch(&path, &wrong).await.error_message(400, "invalid_request");
        assert!(message.contains(told), "{message}");
    }
}

/// Another limit is in force soon, and what was counted still counts.
#[tokio::test]
async fn limits_change_with_the_file_and_counts_stay() {
    let simulator = simulator().await;
    let limit = |amount: u32| format!("[[limit]]\nscope = \"key\"\nrequests_per_day = {amount}\n");
    let gateway = world(&simulator, &limit(1)).start().await;
    let key = gateway.key().to_owned();
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 200);
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 429);
    std::fs::write(gateway.config_file(), world(&simulator, &limit(2)).text()).unwrap();
    let passes = || async { (chat(&gateway, &key, "acme/m").await.status == 200).then_some(()) };
    eventually("the changed limit is in force", passes).await;
    assert_eq!(chat(&gateway, &key, "acme/m").await.status, 429);
}

#[tokio::test]
async fn section_4_7_each_dialect_says_it_in_its_words() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").start().await;
    let key = key(&gateway, limited("requests_per_minute", 0)).await;
    let text = json!("a b c");
    let said = json!([{ "role": "user", "content": text }]);
    let parts = json!([{ "role": "user", "parts": [{ "text": text }] }]);
    for (path, body, place, word) in [
        (
            "/api/v1/chat/completions",
            json!({ "model": "acme/m", "messages": said }),
            "/error/code",
            json!(429),
        ),
        (
            "/api/v1/completions",
            json!({ "model": "acme/m", "prompt": text }),
            "/error/code",
            json!(429),
        ),
        (
            "/api/v1/responses",
            json!({ "model": "acme/m", "input": text }),
            "/error/code",
            json!("rate_limit_exceeded"),
        ),
        (
            "/api/v1/messages",
            json!({ "model": "acme/m", "max_tokens": 8, "messages": said }),
            "/error/type",
            json!("rate_limit_error"),
        ),
        (
            "/api/v1beta/models/acme/m:generateContent",
            json!({ "contents": parts }),
            "/error/status",
            json!("RESOURCE_EXHAUSTED"),
        ),
        ("/api/chat", json!({ "model": "acme/m", "messages": said }), "/error", Value::Null),
    ] {
        let reply = gateway.at("POST", path).key(&key).json(&body).send().await;
        assert_eq!(reply.status, 429, "{path}: {}", reply.text());
        assert!(reply.text().contains("0 requests per minute for this key"), "{}", reply.text());
        assert_eq!(reply.header("x-ratelimit-limit"), Some("0"), "{path}");
        let exposed = reply.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("x-ratelimit-remaining"), "{exposed}");
        let found = reply.json().pointer(place).cloned().unwrap_or_default();
        assert!(word.is_null() || found == word, "{path}: {}", reply.text());
    }
}

#[tokio::test]
async fn section_6_3_free_models_are_limited_where_calls_are_paid_for() {
    let (simulator, clock) = (simulator().await, Hand::at("2027-01-04T12:00:00Z"));
    let gateway = world(&simulator, BILLING).clock(clock.clone()).start().await;
    let key = gateway.key().to_owned();
    let free = || async { chat(&gateway, &key, "acme/free").await };
    let told = |reply: &Reply| reply.error_message(429, "rate_limit_exceeded");
    for minute in [20, 20, 10] {
        for _ in 0..minute {
            assert_eq!(free().await.status, 200);
        }
        let refused = free().await;
        if minute == 20 {
            assert_eq!(told(&refused), "Rate limit exceeded: free-models-per-min. ");
            clock.forward(60_000);
            continue;
        }
        let words =
            "free-models-per-day. Add 10 credits to unlock 1000 free model requests per day";
        assert_eq!(told(&refused), format!("Rate limit exceeded: {words}"));
        let error = refused.error(429, "rate_limit_exceeded");
        assert_eq!(error["metadata"]["limit_source"], "openrouter_free_tier_daily");
        assert_eq!(refused.header("x-ratelimit-limit"), Some("50"));
    }
    add(&gateway, "10").await;
    clock.forward(60_000);
    assert_eq!(free().await.status, 200);
    // Nobody is limited where nothing is paid for.
    let gateway = world(&simulator, "").start().await;
    let key = gateway.key().to_owned();
    for _ in 0..21 {
        assert_eq!(chat(&gateway, &key, "acme/free").await.status, 200);
    }
}

#[tokio::test]
async fn a_workspace_is_named_by_its_slug_or_its_id() {
    let simulator = simulator().await;
    for of in ["default", "00000000-0000-0000-0000-000000000000"] {
        let config = format!(
            "[[limit]]\nscope = \"workspace\"\nof = \"{of}\"\nrequests_per_minute = 1\n\
             [[limit]]\nscope = \"workspace\"\nof = \"other\"\nrequests_per_minute = 0\n"
        );
        let gateway = world(&simulator, &config).start().await;
        assert_eq!(gateway.chat(eight("acme/m")).await.status, 200, "{of}");
        gateway.chat(eight("acme/m")).await.error(429, "rate_limit_exceeded");
    }
}

/// Statements are invoices: what was refused, or came to nothing, is no request.
#[tokio::test]
async fn statements_count_the_calls_that_were_answered_with_a_tag_and_without() {
    let simulator = simulator().await;
    let clock = Hand::at("2026-10-30T12:00:00Z");
    let config = "[attribution]\nheaders = [\"X-Department\"]\n";
    let gateway = world(&simulator, config).clock(clock).start().await;
    let key = key(&gateway, limited("requests_per_day", 4)).await;
    for (model, department, status) in [
        ("acme/m", Some("d"), 200),
        ("acme/m", None, 200),
        ("acme/n", None, 200),
        ("acme/fails", None, 503),
        ("acme/m", None, 429),
        ("acme/o", Some("d"), 429),
        ("acme/m", Some("e"), 429),
    ] {
        let call = gateway.chat_call(&eight(model)).key(&key);
        let call = match department {
            Some(department) => call.header("x-department", department),
            None => call,
        };
        assert_eq!(call.send().await.status, status, "{model}");
    }
    gateway.engine().recorder().flush().await;
    let told = gateway.get("/credits/statements/2026-10").await.json()["data"]["usage"].clone();
    let lines = |at: usize| {
        let lines = told[at]["lines"].as_array().unwrap().iter();
        let line = |it: &Value| {
            let counts = ["requests", "prompt_tokens", "completion_tokens"];
            let counts = counts.map(|name| it[name].as_u64().unwrap());
            let text = |name: &str| it[name].as_str().unwrap().to_owned();
            (text("name"), counts, text("amount"))
        };
        lines.map(line).collect::<Vec<_>>()
    };
    let line = |name: &str, calls: u64, amount: &str| {
        (name.to_owned(), [calls, calls * 8, calls * 8], amount.to_owned())
    };
    assert_eq!(lines(0), [line("acme/m", 2, "0.032"), line("acme/n", 1, "0.016")]);
    assert_eq!(lines(1), [line("d", 1, "0.016"), line("", 2, "0.032")]);
}
