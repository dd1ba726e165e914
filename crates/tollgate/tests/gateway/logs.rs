//! The log of calls: pages, filters, counts over time, values, errors and exports (docs/logs.md).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_simulator::Simulator;
use tollgate_store::GenerationRecord;
use tollgate_store::conformance::sample::{generation, hash};
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, simulator};
use tollgate_types::Timestamp;

use crate::organisation::{person, workspace};

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const HOUR: i64 = 3_600_000;

fn call(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": model, "messages": messages, "user": "ada" })
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn builder(simulator: &Simulator) -> (Builder, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(at("2026-11-01T12:00:00Z").unix_millis())));
    let builder = TestGateway::builder()
        .clock(clock.clone())
        .config("[attribution]\nheaders = [\"X-Department\"]\n")
        .provider("acme", Protocol::OpenAi, simulator)
        .provider("backup", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/shaky", "acme", "echo+status:503", PRICE)
        .endpoint("acme/shaky", "backup", "echo", r#"{ input = "2000", output = "2000" }"#)
        .endpoint("acme/broken", "acme", "echo+status:500", PRICE);
    (builder, clock)
}

/// Five calls an hour apart: two of `acme/m`, one of them streamed and for research, one that fell
/// back, one that failed, one of an app with a dangerous name.
async fn some_calls(gateway: &TestGateway, clock: &Hand) {
    gateway.chat(call("acme/m")).await.said();
    clock.0.fetch_add(HOUR, Ordering::Relaxed);
    let mut streamed = call("acme/m");
    streamed["stream"] = true.into();
    gateway.chat_call(&streamed).header("x-department", "research").stream().await.said();
    clock.0.fetch_add(HOUR, Ordering::Relaxed);
    gateway.chat(call("acme/shaky")).await.said();
    clock.0.fetch_add(HOUR, Ordering::Relaxed);
    assert!(gateway.chat(call("acme/broken")).await.status >= 500);
    clock.0.fetch_add(HOUR, Ordering::Relaxed);
    let titled = gateway.chat_call(&call("acme/m")).header("x-title", "=1+1, \"app\"");
    titled.send().await.said();
    clock.0.fetch_add(HOUR, Ordering::Relaxed);
}

async fn ask(gateway: &TestGateway, path: &str) -> Reply {
    gateway.call("GET", path).key(gateway.management_key()).send().await
}

async fn told(gateway: &TestGateway, path: &str) -> Value {
    let reply = ask(gateway, path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// When the calls of a page were made, by their hours.
async fn hours(gateway: &TestGateway, query: &str) -> Vec<i64> {
    let page = told(gateway, &format!("/logs{query}")).await;
    let noon = at("2026-11-01T12:00:00Z");
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| at(row["created_at"].as_str().unwrap()).millis_since(noon) / HOUR).collect()
}

async fn everything(gateway: &TestGateway, clock: &Hand) {
    some_calls(gateway, clock).await;
    let page = told(gateway, "/logs").await;
    let mut row = page["data"][2].clone();
    assert!(row["id"].as_str().unwrap().starts_with("gen-"), "{row}");
    assert!(row["key_hash"].as_str().unwrap().len() == 64, "{row}");
    assert!(row["key_label"].as_str().unwrap().starts_with("sk-or-v1-"), "{row}");
    assert!(row["generation_time_ms"].is_u64() && row["latency_ms"].is_u64(), "{row}");
    assert!(row["attempts"][0]["fault"].as_str().unwrap().contains("overloaded"), "{row}");
    for name in ["id", "key_hash", "key_label", "key_name", "generation_time_ms", "latency_ms"] {
        row[name].take();
    }
    for attempt in row["attempts"].as_array_mut().unwrap() {
        attempt["latency_ms"].take();
        attempt["fault"].take();
    }
    let attempt = |provider: &str, status: u16| {
        json!({
            "provider": provider, "status": status, "fault": null, "latency_ms": null,
            "continued": false,
        })
    };
    let expected = json!({
        "id": null, "created_at": "2026-11-01T14:00:00.000Z", "model": "acme/shaky",
        "requested_model": "acme/shaky", "provider": "Backup", "provider_slug": "backup",
        "key_hash": null, "key_name": null, "key_label": null,
        "workspace_id": "00000000-0000-0000-0000-000000000000", "app": null, "user": "ada",
        "api_type": "completions", "streamed": false, "cancelled": false, "byok": false,
        "prompt_tokens": 8, "cached_tokens": 0, "completion_tokens": 8, "reasoning_tokens": 0,
        "cost": "0.032", "latency_ms": null, "generation_time_ms": null, "status": "ok",
        "error": null, "finish_reason": "stop",
        "attempts": [attempt("Acme", 503), attempt("Backup", 200)],
        "preset_id": null, "session_id": null, "router": null, "cache_source": null,
    });
    assert_eq!(row, expected);
    assert_eq!(page["next"], Value::Null);
    let range = json!({ "from": null, "to": "2026-11-01T17:00:00.000Z" });
    assert_eq!(page["range"], range);
    filters(gateway).await;
    counts(gateway).await;
}

async fn filters(gateway: &TestGateway) {
    for (query, expected) in [
        ("", vec![4, 3, 2, 1, 0]),
        ("?model=acme/m", vec![4, 1, 0]),
        ("?model=!acme/m", vec![3, 2]),
        ("?model=acme/m,acme/shaky&fallback=true", vec![2]),
        ("?provider=acme", vec![4, 3, 1, 0]),
        ("?status=error", vec![3]),
        ("?status=!error", vec![4, 2, 1, 0]),
        ("?status=500,502", vec![3]),
        ("?streamed=true", vec![1]),
        ("?tag.X-Department=research", vec![1]),
        ("?tag.x-department=!research", vec![4, 3, 2, 0]),
        ("?app=%3D1%2B1%5C%2C%20%22app%22", vec![4]),
        ("?q=1%2B1", vec![4]),
        ("?q=SHAKY", vec![2]),
        ("?user=ada&api=completions&byok=false", vec![4, 3, 2, 1, 0]),
        ("?workspace=default", vec![4, 3, 2, 1, 0]),
        ("?workspace=!default", vec![]),
        ("?min_cost=0.02", vec![2]),
        ("?from=2026-11-01T14:00:00Z&to=2026-11-01T15:00:00Z", vec![2]),
        ("?from=1793541600&to=1793545200", vec![2]),
        ("?limit=2", vec![4, 3]),
    ] {
        assert_eq!(hours(gateway, query).await, expected, "{query}");
    }
    let page = told(gateway, "/logs?limit=1").await;
    let id = page["data"][0]["id"].as_str().unwrap();
    assert_eq!(hours(gateway, &format!("?q={id}")).await, [4]);
    let key = page["data"][0]["key_hash"].as_str().unwrap();
    assert_eq!(hours(gateway, &format!("?key={key}")).await.len(), 5);
    assert_eq!(hours(gateway, &format!("?key=!{key}")).await, [0; 0]);
    let (mut cursor, mut seen) = (page["next"].clone(), 1);
    while let Some(text) = cursor.as_str() {
        let page = told(gateway, &format!("/logs?limit=1&cursor={text}")).await;
        seen += page["data"].as_array().unwrap().len();
        cursor = page["next"].clone();
    }
    assert_eq!(seen, 5);
}

async fn counts(gateway: &TestGateway) {
    let found = told(gateway, "/logs/histogram?buckets=24").await;
    assert_eq!(
        (&found["seconds"], &found["coverage"]),
        (&json!(3_600), &json!({ "one_in": 1, "since": null }))
    );
    let buckets = found["data"].as_array().unwrap();
    // That of this moment is empty so far.
    assert_eq!(buckets.len(), 25);
    let last = json!({ "at": "2026-11-01T16:00:00.000Z", "ok": 1, "error": 0, "cancelled": 0 });
    assert_eq!(buckets[23], last);
    assert_eq!(buckets[22]["error"], 1);
    let range = json!({ "from": "2026-10-31T17:00:00.000Z", "to": "2026-11-01T17:00:00.000Z" });
    assert_eq!(found["range"], range);

    let values = async |query: &str| {
        let found = told(gateway, &format!("/logs/facets?{query}")).await;
        let values = found["data"].as_array().unwrap().iter();
        let value =
            |it: &Value| (it["value"].as_str().unwrap().to_owned(), it["count"].as_u64().unwrap());
        values.map(value).collect::<Vec<_>>()
    };
    let expected = |of: &[(&str, u64)]| -> Vec<(String, u64)> {
        of.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    };
    let models = [("acme/m", 3), ("acme/broken", 1), ("acme/shaky", 1)];
    assert_eq!(values("field=model").await, expected(&models));
    // What is asked of the field itself hides nothing.
    assert_eq!(values("field=model&model=acme/m").await, expected(&models));
    assert_eq!(values("field=model&streamed=true").await, expected(&[("acme/m", 1)]));
    assert_eq!(values("field=provider").await, expected(&[("acme", 3), ("backup", 1)]));
    let statuses = values("field=status").await;
    assert_eq!(statuses[0], ("ok".to_owned(), 4), "{statuses:?}");
    assert!(statuses.contains(&("error".to_owned(), 1)), "{statuses:?}");
    assert_eq!(values("field=user").await, expected(&[("ada", 5)]));
    let keys = told(gateway, "/logs/facets?field=key").await;
    assert_ne!(keys["data"][0]["label"], keys["data"][0]["value"], "{keys}");

    let errors = told(gateway, "/logs/errors").await;
    let groups = errors["data"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{errors}");
    let group = &groups[0];
    assert_eq!((&group["provider"], &group["count"]), (&json!("Acme"), &json!(1)), "{group}");
    assert_eq!(group["first_at"], "2026-11-01T15:00:00.000Z");
    assert_eq!(
        (group["first_at"].as_str(), &group["keys_total"]),
        (group["last_at"].as_str(), &json!(1))
    );
    assert_eq!(group["keys"][0]["key_hash"].as_str().unwrap().len(), 64);
    assert!(group["message"].as_str().is_some_and(|it| !it.is_empty()), "{group}");
}

#[tokio::test]
async fn the_log_is_listed_filtered_and_counted() {
    let simulator = simulator().await;
    let (builder, clock) = builder(&simulator);
    everything(&builder.start().await, &clock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_the_same_in_postgres() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let (builder, clock) = builder(&simulator);
    let gateway = builder
        .config(&format!("[database]\nurl = \"{database}\"\n"))
        .env([("TOLLGATE_SECRET_KEY", crate::postgres::SECRET_KEY)])
        .start()
        .await;
    everything(&gateway, &clock).await;
}

/// Who asks wrongly is told what is wrong; nothing is taken for something else.
#[tokio::test]
async fn wrong_questions_are_told() {
    let gateway = TestGateway::builder().in_memory().start().await;
    for (path, named) in [
        ("/logs?modle=x&colour=y", "colour, modle"),
        ("/logs?buckets=5", "buckets"),
        ("/logs?model=a&model=b", "model: Given twice"),
        ("/logs?model=", "model"),
        ("/logs?model=a,,b", "model"),
        ("/logs?key=xyz", "key"),
        ("/logs?status=bad", "status"),
        ("/logs?status=1000", "status"),
        ("/logs?streamed=yes", "streamed"),
        ("/logs?limit=0", "limit"),
        ("/logs?limit=201", "limit"),
        ("/logs?cursor=x", "cursor"),
        ("/logs?from=yesterday", "from"),
        ("/logs?from=-1", "from"),
        ("/logs?from=200&to=200", "to"),
        ("/logs?min_cost=cheap", "min_cost"),
        ("/logs?min_ms=-1", "min_ms"),
        ("/logs?tag.a%20b=c", "tag.a b"),
        ("/logs?q=", "q"),
        ("/logs/histogram?buckets=501", "buckets"),
        ("/logs/facets", "field"),
        ("/logs/facets?field=colour", "field"),
        ("/logs/export", "format"),
        ("/logs/export?format=pdf", "format"),
        ("/logs/export?format=csv&limit=5", "limit"),
        ("/events?topics=logs,weather", "topics"),
        ("/events?limit=1", "limit"),
    ] {
        let message = ask(&gateway, path).await.error_message(400, "invalid_request");
        assert!(message.contains(named), "{path}: {message}");
    }
    for path in [
        "/logs",
        "/logs/histogram",
        "/logs/facets?field=app",
        "/logs/errors",
        "/logs/export?format=csv",
        "/events",
    ] {
        gateway.call("GET", path).send().await.error(403, "permission_denied");
        gateway.call("GET", path).no_key().send().await.error(401, "authentication");
    }
}

/// All rows, in order, as files that spreadsheets can be trusted with.
#[tokio::test]
async fn the_log_is_exported_whole() {
    let simulator = simulator().await;
    let (builder, clock) = builder(&simulator);
    let gateway = builder.start().await;
    some_calls(&gateway, &clock).await;
    // More than are read at once, older than all others.
    let first = at("2026-10-01T00:00:00Z");
    let old =
        |number: i64| generation(&format!("old-{number}"), hash(7), first.plus_millis(number));
    let records: Vec<GenerationRecord> = (0..2_500).map(old).collect();
    gateway.engine().stores().generations.append(records).await.unwrap();

    let reply = ask(&gateway, "/logs/export?format=csv&from=2026-09-01T00:00:00Z").await;
    let name = "attachment; filename=\"tollgate-logs_2026-09-01T0000Z_2026-11-01T1700Z.csv\"";
    assert_eq!(reply.header("content-disposition"), Some(name));
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = reply.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 5 + 2_500 + 1);
    assert!(lines[0].starts_with("id,created_at,status,model,"), "{}", lines[0]);
    // The app's name is no formula, and its quotes and its comma are its own.
    assert!(lines[1].contains(",\"'=1+1, \"\"app\"\"\",ada,"), "{}", lines[1]);
    assert!(lines[1].contains(",2026-11-01T16:00:00.000Z,ok,acme/m,"), "{}", lines[1]);
    assert!(lines[1].contains(",8,0,8,0,0.016,"), "{}", lines[1]);
    assert!(lines[6].starts_with("old-2499,2026-10-01T00:00:02.499Z,ok,"), "{}", lines[6]);
    assert!(lines[2_505].starts_with("old-0,"), "{}", lines[2_505]);

    let reply = ask(&gateway, "/logs/export?format=json&from=2026-09-01T00:00:00Z").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let rows = reply.json()["data"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2_505);
    assert_eq!(rows[..5], told(&gateway, "/logs?limit=5").await["data"].as_array().unwrap()[..]);
    let none = ask(&gateway, "/logs/export?format=json&model=acme/none").await.json();
    assert_eq!(none, json!({ "data": [] }));
    let failed = ask(&gateway, "/logs/export?format=csv&status=error").await.text();
    assert_eq!(failed.lines().count(), 2, "{failed}");
    assert!(failed.contains(",error,acme/broken,"), "{failed}");
}

/// Members are answered from their own workspaces, whatever they ask for.
#[tokio::test]
async fn members_see_their_own_workspaces_only() {
    let simulator = simulator().await;
    let (builder, clock) = builder(&simulator);
    let gateway = builder.start().await;
    some_calls(&gateway, &clock).await;
    let own = workspace(&gateway, "own").await;
    let places = json!([{ "workspace_id": own }]);
    let (_, member) = person(&gateway, "member", places).await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&own)).await;
    gateway.chat_call(&call("acme/m")).key(&key).send().await.said();
    let by = async |key: &str, path: &str| {
        let reply = gateway.call("GET", path).key(key).send().await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply
    };
    let rows = async |key: &str, path: &str| {
        by(key, path).await.json()["data"].as_array().unwrap().clone()
    };
    for query in ["", "?workspace=own", "?model=acme/m", "?model=!acme/shaky"] {
        let rows = rows(&member, &format!("/logs{query}")).await;
        assert_eq!(rows.len(), 1, "{query}");
        assert_eq!(rows[0]["workspace_id"], *own);
    }
    assert!(rows(&member, "/logs?workspace=default").await.is_empty());
    assert!(rows(&member, "/logs?status=error").await.is_empty());
    assert!(rows(&member, "/logs/errors").await.is_empty());
    let facets = rows(&member, "/logs/facets?field=model").await;
    assert_eq!(facets, [json!({ "value": "acme/m", "label": "acme/m", "count": 1 })]);
    let buckets = rows(&member, "/logs/histogram").await;
    let count = |it: &Value| it["ok"].as_u64().unwrap() + it["error"].as_u64().unwrap();
    assert_eq!(buckets.iter().map(count).sum::<u64>(), 1);
    let export = by(&member, "/logs/export?format=csv").await.text();
    assert_eq!(export.lines().count(), 2, "{export}");
    assert_eq!(rows(&viewer, "/logs").await.len(), 6);
}

/// The record of a call tells when each attempt began, and where the time went.
#[tokio::test]
async fn a_record_tells_its_timings() {
    let simulator = simulator().await;
    let (builder, _clock) = builder(&simulator);
    let gateway = builder.start().await;
    let said = gateway.chat(call("acme/shaky")).await.said();
    let record = gateway.generation(&said.id).await;
    let attempts = record["provider_responses"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    for attempt in attempts {
        assert_eq!(attempt["started_at"], "2026-11-01T12:00:00.000Z");
    }
    let timings = &record["timings"];
    assert_eq!((&timings["first_attempt"], &timings["last_attempt"]), (&json!(0), &json!(0)));
    assert_eq!(timings["first_token"], record["latency"]);
    assert_eq!(timings["end"], record["generation_time"]);
    // Who may look at what was used may look at it, too.
    let managed = ask(&gateway, &format!("/generation?id={}", said.id)).await;
    assert_eq!(managed.json()["data"]["timings"], *timings);
}
