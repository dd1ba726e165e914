//! What happens, told as it happens (docs/logs.md).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tollgate_simulator::Simulator;
use tollgate_store::GenerationRecord;
use tollgate_store::conformance::sample::{generation, hash};
use tollgate_testkit::{Builder, OpenStream, Protocol, TestGateway, eventually, simulator};

use crate::organisation::{person, workspace};

const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

fn call(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": model, "messages": messages, "max_tokens": 8 })
}

fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/n", "acme", "echo", PRICE)
        .endpoint("acme/broken", "acme", "echo+status:500", PRICE)
}

/// Somebody who listens, once they are heard.
async fn listen_as(gateway: &TestGateway, key: &str, query: &str) -> OpenStream {
    let call = gateway.call("GET", &format!("/events{query}")).key(key);
    let mut stream = call.header("last-event-id", "17-3").open().await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.next_block().await.unwrap(), "retry: 1000");
    stream
}

async fn listen(gateway: &TestGateway, query: &str) -> OpenStream {
    listen_as(gateway, gateway.management_key(), query).await
}

/// Hands records over as calls do.
async fn record(gateway: &TestGateway, records: Vec<GenerationRecord>) {
    let recorder = gateway.engine().recorder();
    for record in records {
        recorder.record(recorder.slot().await.unwrap(), record);
    }
    recorder.flush().await;
}

#[tokio::test]
async fn calls_are_told_of_as_they_end() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let mut all = listen(&gateway, "").await;
    let mut some = listen(&gateway, "?topics=logs,health&model=acme/n&status=ok").await;
    let first = gateway.chat(call("acme/m")).await.said();
    let block = all.next_block().await.unwrap();
    let lines: Vec<&str> = block.lines().collect();
    assert_eq!((lines[0], lines.len()), ("event: logs", 3), "{block}");
    assert!(lines[1].strip_prefix("id: ").is_some_and(|id| id.contains('-')), "{block}");
    let rows: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
    let listed = gateway.call("GET", "/logs").key(gateway.management_key()).send().await.json();
    assert_eq!(rows, listed["data"]);
    assert_eq!(rows[0]["id"], *first.id);
    let second = gateway.chat(call("acme/n")).await.said();
    // The filter is the server's: the first call was never told to whoever wants the other model.
    assert_eq!(some.next_named("logs").await.unwrap()[0]["id"], *second.id);
    assert_eq!(all.next_named("logs").await.unwrap()[0]["id"], *second.id);
}

/// Many calls are few messages; who can't be told of all is told of the gap.
#[tokio::test]
async fn messages_are_batched_and_gaps_are_told() {
    let gateway = TestGateway::builder().in_memory().start().await;
    let mut stream = listen(&gateway, "").await;
    let now = gateway.engine().now();
    let call = |number: i64| generation(&format!("gen-{number}"), hash(1), now.plus_millis(number));
    let begun = Instant::now();
    let (mut messages, mut rows) = (0_u32, 0);
    for number in 0..8 {
        record(&gateway, vec![call(number)]).await;
    }
    while rows < 8 {
        let told = stream.next_named("logs").await.unwrap();
        rows += told.as_array().unwrap().len();
        messages += 1;
    }
    let pauses = begun.elapsed().as_millis() / Duration::from_millis(250).as_millis();
    assert!(u128::from(messages) <= pauses + 1, "{messages} in {pauses} pauses");

    record(&gateway, (100..400).map(call).collect()).await;
    assert!(stream.next_named("gap").await.unwrap()["at"].is_string());
    let told = stream.next_named("logs").await.unwrap();
    let told = told.as_array().unwrap();
    // The newest, newest first.
    assert_eq!((told.len(), &told[0]["id"]), (200, &json!("gen-399")));
}

#[tokio::test]
async fn circuits_and_alerts_are_told_of() {
    let simulator = simulator().await;
    let gateway = world(&simulator)
        .config("[alerts]\nbudget_thresholds = [50]\nspike_factor = 0\n")
        .start()
        .await;
    let mut stream = listen(&gateway, "?topics=health,alerts").await;
    for _ in 0..6 {
        assert!(gateway.chat(call("acme/broken")).await.status >= 500);
    }
    let told = stream.next_named("health").await.unwrap();
    assert_eq!(told["endpoint_id"], "acme/acme/broken", "{told}");
    assert_eq!((&told["circuit"], &told["model_id"]), (&json!("open"), &json!("acme/broken")));
    assert!(told["open_for_ms"].as_i64().is_some_and(|it| it > 0), "{told}");

    let daily = "/workspaces/00000000-0000-0000-0000-000000000000/budgets/daily";
    let budget = gateway.call("PUT", daily).key(gateway.management_key());
    assert_eq!(budget.json(&json!({ "limit_usd": 0.03 })).send().await.status, 200);
    gateway.chat(call("acme/m")).await.said();
    assert_eq!(gateway.alerting().look().await.unwrap(), 1);
    let told = stream.next_named("alert").await.unwrap();
    assert_eq!(told["kind"], "budget_threshold", "{told}");
    let listed = gateway.call("GET", "/alerts").key(gateway.management_key()).send().await.json();
    assert_eq!(told["id"], listed["data"][0]["id"]);
}

/// Members hear of their own workspaces; nobody hears more than they may.
#[tokio::test]
async fn members_hear_of_their_own_workspaces_only() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let own = workspace(&gateway, "own").await;
    let (_, member) = person(&gateway, "member", json!([{ "workspace_id": own }])).await;
    let mut stream = listen_as(&gateway, &member, "?topics=logs,alerts").await;
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&own)).await;
    gateway.chat(call("acme/m")).await.said();
    gateway.engine().recorder().flush().await;
    let theirs = gateway.chat_call(&call("acme/n")).key(&key).send().await.said();
    let told = stream.next_named("logs").await.unwrap();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["id"]), (1, &json!(theirs.id)));
}

/// A key that is switched off hears nothing more, soon.
#[tokio::test]
async fn who_may_no_longer_listen_is_sent_away() {
    let gateway = TestGateway::builder().in_memory().start().await;
    let key = gateway.key_with(|key| key.management = true).await;
    let mut stream = listen_as(&gateway, &key, "").await;
    let record = gateway.engine().keys().hash(&tollgate_types::ApiKey::from_text(&key)).to_hex();
    let off = gateway.call("PATCH", &format!("/keys/{record}"));
    let reply = off.json(&json!({ "disabled": true })).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(stream.next_block().await, None);
}

/// There are only so many places, and one that is left is taken again.
#[tokio::test]
async fn places_are_bounded_and_listeners_go_when_the_gateway_does() {
    let gateway = TestGateway::builder().in_memory().start().await;
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(listen(&gateway, "?topics=health").await);
    }
    let one_more = gateway.call("GET", "/events").key(gateway.management_key()).send().await;
    one_more.error(429, "rate_limit_exceeded");
    assert_eq!(one_more.header("retry-after"), Some("5"));
    streams.truncate(62);
    let mut last = eventually("a place", async || {
        let call = gateway.call("GET", "/events").key(gateway.management_key());
        let stream = call.open().await;
        (stream.status() == 200).then_some(stream)
    })
    .await;
    let begun = Instant::now();
    gateway.stop().await;
    // At once, rather than at the end of the time that open answers are given.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(last.next_block().await.as_deref(), Some("retry: 1000"));
    assert_eq!(last.next_block().await, None);
}
