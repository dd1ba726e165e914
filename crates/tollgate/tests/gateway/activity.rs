//! What was used, by day and endpoint (contract §1.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_testkit::{Protocol, TestGateway, amount, simulator, usd};
use tollgate_types::Timestamp;

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

const DAY: i64 = 86_400_000;
const ELSEWHERE: &str = "0b7e1f2a-0000-4000-8000-000000000001";

async fn asked(gateway: &TestGateway, query: &str) -> Vec<Value> {
    let path = format!("/activity{query}");
    let reply = gateway.call("GET", &path).key(gateway.management_key()).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn section_1_3_activity_tells_of_the_days_that_are_over() {
    let simulator = simulator().await;
    let noon = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(noon.unix_millis())));
    let gateway = TestGateway::builder()
        .clock(clock.clone())
        .config("[attribution]\nheaders = [\"X-Department\"]\n")
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", r#"{ input = "2", output = "10" }"#)
        .start()
        .await;
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a b c d e f g h" }] });
    let other = gateway
        .key_with(|key| {
            key.workspace_id = ELSEWHERE.to_owned();
            key.creator_user_id = Some("user_7".to_owned());
        })
        .await;
    for department in ["research", "research", "sales"] {
        let call = gateway.chat_call(&body).header("x-department", department);
        call.send().await.said();
    }
    gateway.chat_call(&body).key(&other).send().await.said();
    assert!(asked(&gateway, "").await.is_empty(), "today is not over");

    clock.0.fetch_add(DAY, Ordering::Relaxed);
    let rows = asked(&gateway, "").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    // 8 × $2/M + 8 × $10/M, four times.
    assert_eq!(amount(&rows[0]["usage"]), usd("0.000384"));
    let mut row = rows[0].clone();
    row["usage"].take();
    let expected = json!({
        "date": "2026-11-21", "model": "acme/m", "model_permaslug": "acme/m",
        "endpoint_id": "acme/acme/m", "provider_name": "Acme", "usage": null,
        "byok_usage_inference": 0, "requests": 4, "prompt_tokens": 32, "completion_tokens": 32,
        "reasoning_tokens": 0
    });
    assert_eq!(row, expected);
    narrowed(&gateway).await;

    for wrong in
        ["?date=2026-11-22", "?date=2026-10-22", "?date=x", "?group_by=day", "?api_key_hash=x"]
    {
        let call = gateway.call("GET", &format!("/activity{wrong}"));
        call.key(gateway.management_key()).send().await.error(400, "invalid_request");
    }
    gateway.call("GET", "/activity").send().await.error(403, "permission_denied");
    clock.0.fetch_add(30 * DAY, Ordering::Relaxed);
    assert!(asked(&gateway, "").await.is_empty(), "that was long ago");
}

/// Each question leaves out what it does not ask for.
async fn narrowed(gateway: &TestGateway) {
    let grouped = asked(gateway, "?group_by=workspace").await;
    let mut requests: Vec<_> = grouped.iter().map(|row| row["requests"].as_u64()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [Some(1), Some(3)]);
    assert!(grouped.iter().any(|row| row["workspace_id"] == ELSEWHERE));
    for (query, expected) in [
        ("?date=2026-11-21", 4),
        ("?date=2026-11-20", 0),
        (&format!("?workspace_id={ELSEWHERE}"), 1),
        ("?user_id=user_7", 1),
        ("?user_id=nobody", 0),
        (&format!("?api_key_hash={}", "0".repeat(64)), 0),
    ] {
        let rows = asked(gateway, query).await;
        let requests: u64 = rows.iter().map(|row| row["requests"].as_u64().unwrap()).sum();
        assert_eq!(requests, expected, "{query}");
    }
    for misspelt in ["/activity?workspace=w", "/credits?acount=default", "/credits/plan?accounts=x"]
    {
        let refused = gateway.call("GET", misspelt).key(gateway.management_key()).send().await;
        let message = refused.error_message(400, "invalid_request");
        assert!(message.contains("unknown field"), "{misspelt}: {message}");
    }
    let tagged = asked(gateway, "?tag=X-Department").await;
    let tagged: Vec<_> = tagged.iter().map(|row| (&row["tag_value"], &row["requests"])).collect();
    assert_eq!(tagged, [(&json!("research"), &json!(2)), (&json!("sales"), &json!(1))]);
}
