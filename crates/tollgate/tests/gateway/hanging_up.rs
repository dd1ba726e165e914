//! A client that hangs up ends the call everywhere: at the provider at once, in the record, on
//! the bill, in memory (contract §3.3, cancellation).

use serde_json::{Value, json};
use tokio::time::timeout;
use tollgate_simulator::Simulator;
use tollgate_testkit::{PATIENCE, Protocol, TestGateway, amount, eventually, simulator};
use tollgate_types::Usd;

fn asking(text: &str) -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": text }] })
}

async fn world(protocol: Protocol, upstream_model: &str) -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", protocol, &simulator)
        .endpoint("acme/m", "acme", upstream_model, r#"{ input = "10", output = "20" }"#)
        .start()
        .await;
    (gateway, simulator)
}

async fn upstream_has_ended(simulator: &Simulator, context: &str) {
    let ended = timeout(PATIENCE, simulator.wait_for_open_streams(0)).await;
    assert!(ended.is_ok(), "{context}: the provider still writes");
}

/// The newest record, as soon as there is one.
async fn newest(gateway: &TestGateway) -> Value {
    let id = eventually("a record", || async {
        gateway.engine().recorder().flush().await;
        let records = gateway.engine().stores().generations.recent(1, None).await.unwrap();
        records.first().map(|record| record.id.to_string())
    });
    gateway.generation(&id.await).await
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    for protocol in Protocol::ALL {
        let (gateway, simulator) = world(protocol, "echo+stall-after:3").await;
        let context = format!("{protocol:?}");
        let mut stream = gateway.open_stream(asking("one two three four five")).await;
        let id = stream.id();
        let mut text = String::new();
        while text != "one two three" {
            text.push_str(&stream.next_text().await);
        }
        assert_eq!(simulator.open_streams(), 1, "{context}");
        drop(stream);
        upstream_has_ended(&simulator, &context).await;
        let record = gateway.generation(&id).await;
        assert_eq!(record["cancelled"], true, "{context}: {record}");
        assert_eq!(record["error"], Value::Null, "{context}: {record}");
        assert_eq!(record["provider_name"], "Acme", "{context}: {record}");
        let produced = record["native_tokens_completion"].as_u64().unwrap();
        assert!((3..=5).contains(&produced), "{context}: {record}");
        let cost = amount(&record["total_cost"]);
        assert!(cost > Usd::ZERO, "{context}: {record}");
        assert_eq!(amount(&gateway.spent().await), cost, "{context}");
        assert_eq!(gateway.generations().await, 1, "{context}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn before_the_first_word() {
    for protocol in Protocol::ALL {
        for fault in ["hang", "stall"] {
            let (gateway, simulator) = world(protocol, &format!("echo+{fault}")).await;
            let context = format!("{protocol:?} {fault}");
            let body = asking("one two three");
            for streamed in [false, true] {
                let mut body = body.clone();
                body["stream"] = streamed.into();
                let call = gateway.chat_call(&body).send();
                let asked = simulator.wait_for_open_streams(1);
                tokio::select! {
                    reply = call => panic!("{context}: {}", reply.text()),
                    () = asked => {}
                }
                upstream_has_ended(&simulator, &context).await;
            }
            let record = newest(&gateway).await;
            assert_eq!(record["cancelled"], true, "{context}: {record}");
            assert_eq!(record["total_cost"].as_f64(), Some(0.0), "{context}: {record}");
            assert_eq!(amount(&gateway.spent().await), Usd::ZERO, "{context}");
            gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn while_comments_keep_the_connection_open() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config("[limits]\nkeep_alive_ms = 30\n")
        .provider("acme", Protocol::Gemini, &simulator)
        .endpoint("acme/m", "acme", "echo+hang", r#"{ input = "10", output = "20" }"#)
        .start()
        .await;
    let mut stream = gateway.open_stream(asking("one")).await;
    let id = stream.id();
    stream.next().await;
    drop(stream);
    upstream_has_ended(&simulator, "commented").await;
    let record = gateway.generation(&id).await;
    assert_eq!(record["cancelled"], true, "{record}");
    assert_eq!(amount(&gateway.spent().await), Usd::ZERO);
}

#[tokio::test]
async fn many_at_once_leave_nothing_behind() {
    let (gateway, simulator) = world(Protocol::OpenAi, "echo+stall-after:1").await;
    // Opens what stays open: the pools' connections.
    let warm =
        json!({ "model": "tollgate/echo", "messages": [{ "role": "user", "content": "x" }] });
    gateway.chat(warm).await.said();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut streams = Vec::new();
    for _ in 0..40 {
        let mut stream = gateway.open_stream(asking("one two")).await;
        stream.next_text().await;
        streams.push(stream);
    }
    assert_eq!(simulator.open_streams(), 40);
    assert!(tasks() > before);
    drop(streams);
    upstream_has_ended(&simulator, "many").await;
    let recorded = || async { (gateway.generations().await == 41).then_some(()) };
    eventually("a record of each", recorded).await;
    eventually("no task left", || async { (tasks() <= before).then_some(()) }).await;
    // A stop that had to wait for any of them would take as long as the grace period.
    let stopping = timeout(std::time::Duration::from_secs(5), gateway.stop());
    assert!(stopping.await.is_ok(), "something was left behind");
}
