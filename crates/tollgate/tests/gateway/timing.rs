//! Where the time of a call went: told with the answer, and counted.

use serde_json::json;
use tollgate_testkit::{Protocol, TestGateway, simulator};

use crate::routing::P1;

/// The milliseconds of a phase in `Server-Timing`.
fn phase(told: &str, name: &str) -> f64 {
    let entry = told.split(", ").find_map(|entry| entry.strip_prefix(name)?.strip_prefix(";dur="));
    entry.unwrap_or_else(|| panic!("no {name} in {told}")).parse().unwrap()
}

#[tokio::test]
async fn an_answer_says_where_its_time_went() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/slow", "acme", "echo+ttft:300", P1)
        .start()
        .await;
    let asking =
        json!({ "model": "acme/slow", "messages": [{ "role": "user", "content": "Hello" }] });
    for path in ["/chat/completions", "/messages", "/responses"] {
        let mut asking = asking.clone();
        asking["max_tokens"] = json!(100);
        asking["input"] = json!("Hello");
        for stream in [false, true] {
            asking["stream"] = json!(stream);
            let call = gateway.call("POST", path).json(&asking);
            let reply = call.send().await;
            let told = reply.header("server-timing").unwrap_or_else(|| panic!("{path}")).to_owned();
            assert!(phase(&told, "upstream") >= 300.0, "{told}");
            // Waiting for the provider is none of it.
            let own = phase(&told, "admission") + phase(&told, "answer");
            assert!(own < 250.0, "{told}");
        }
    }
    let metrics = gateway.at("GET", "/metrics").send().await.text();
    for phase in ["admission", "upstream", "answer"] {
        let line = format!("tollgate_phase_seconds_count{{phase=\"{phase}\"}} 6");
        assert!(metrics.lines().any(|it| it == line), "{line}: {metrics}");
    }
}
