//! What the gateway is set to, as people are shown it.

use serde_json::{Value, json};
use tollgate_testkit::{Protocol, TestGateway, eventually, simulator};

async fn setting(gateway: &TestGateway, name: &str) -> Value {
    let call = gateway.call("GET", "/settings").key(gateway.management_key());
    let told = call.send().await.json();
    let all = told["data"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).cloned().unwrap()
}

/// The file is read again while the gateway runs: what takes a restart is told beside what is in
/// force until then.
#[tokio::test]
async fn settings_are_told_with_their_origin_and_what_waits() {
    let simulator = simulator().await;
    let config = "[retention]\ncontent_days = 5\n\n[alerts.email]\nsmtp_url = \"smtp://u:geheim@127.0.0.1:9\"\nfrom = \"a@corp.example\"\nto = [\"b@corp.example\"]\n";
    let gateway = TestGateway::builder()
        .config(config)
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", "")
        .start()
        .await;
    let days = setting(&gateway, "retention.content_days").await;
    assert_eq!((&days["value"], &days["after_restart"]), (&json!("5"), &Value::Null));
    assert!(days["origin"].as_str().unwrap().contains(".toml"), "{days}");
    let usual = setting(&gateway, "retention.batch_days").await;
    assert_eq!((&usual["value"], &usual["origin"]), (&json!("30"), &json!("default")));
    assert_eq!(setting(&gateway, "alerts.email.smtp_url").await["value"], "(set)");
    let call = gateway.call("GET", "/settings").key(gateway.management_key());
    assert!(!call.send().await.text().contains("geheim"));
    gateway.call("GET", "/settings").send().await.error(403, "permission_denied");

    let file = gateway.config_file();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("content_days = 5", "content_days = 9")).unwrap();
    eventually("what waits for a restart is told", || async {
        let days = setting(&gateway, "retention.content_days").await;
        assert_eq!(days["value"], "5");
        (days["after_restart"] == "9").then_some(())
    })
    .await;
}
