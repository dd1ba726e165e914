//! Calls that must stay in a region, because the host they came to says so (contract §5.10).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, simulator};

const P1: &str = r#"{ input = "1", output = "2" }"#;

/// `acme/m` anywhere, in Europe, in America, and at a provider with a row of its own in Europe.
async fn gateway(simulator: &Simulator) -> TestGateway {
    let provider = |slug: &str, region: &str| {
        format!(
            "[[provider]]\nslug = \"{slug}\"\nname = \"{slug}\"\nprotocol = \"openai-chat\"\n\
             base_url = \"{}\"\napi_key = \"k\"\nregion = \"{region}\"\n",
            simulator.openai_base()
        )
    };
    let rows = format!(
        "[regions]\nhosts = {{ \"Gateway-EU.corp\" = \"eu\" }}\n{}{}",
        provider("europe", "EU"),
        provider("america", "us")
    );
    let split = "{ input = \"1\", output = \"2\" }\nsuffix = \"paris\"\nregion = \"eu\"";
    TestGateway::builder()
        .config(&rows)
        .provider("anywhere", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "anywhere", "echo", r#"{ input = "0.1", output = "0.1" }"#)
        .endpoint("acme/m", "europe", "echo+fail-first:1:503", P1)
        .endpoint("acme/m", "america", "echo", P1)
        .endpoint("acme/m", "anywhere", "echo", split)
        .endpoint("acme/global", "anywhere", "echo", P1)
        .start()
        .await
}

fn asking(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] })
}

async fn at(gateway: &TestGateway, host: &str, path: &str, body: &Value) -> Reply {
    let call = gateway.call("POST", path).header("host", host);
    call.header("x-openrouter-metadata", "enabled").json(body).send().await
}

#[tokio::test]
async fn section_5_10_a_region_host_is_served_in_its_region_only() {
    let simulator = simulator().await;
    let gateway = gateway(&simulator).await;
    for (host, region, endpoints) in [
        ("eu.gateway.example", "eu", &["anywhere/acme/m@paris", "europe/acme/m"][..]),
        ("Gateway-eu.corp:8443", "eu", &["anywhere/acme/m@paris", "europe/acme/m"]),
        ("us.gateway.example", "us", &["america/acme/m"]),
        ("gateway.example", "", &["anywhere/acme/m"]),
    ] {
        let answer = at(&gateway, host, "/chat/completions", &asking("acme/m")).await.json();
        let told = if region.is_empty() { Value::Null } else { json!(region) };
        assert_eq!(answer["openrouter_metadata"]["region"], told, "{host}: {answer}");
        let record = gateway.generation(answer["id"].as_str().unwrap()).await;
        let kept = if region.is_empty() { "global" } else { region };
        assert_eq!(record["data_region"], kept, "{host}: {record}");
        let attempts = record["provider_responses"].as_array().unwrap();
        for attempt in attempts {
            let tried = attempt["endpoint_id"].as_str().unwrap();
            assert!(endpoints.contains(&tried), "{host}: {tried}");
        }
        let candidates = record["routing"]["candidates"].as_array().unwrap().iter();
        let left = candidates.filter(|it| it["place"] != "dropped").count();
        let expected = if region.is_empty() { 4 } else { endpoints.len() };
        assert_eq!(left, expected, "{host}: {record}");
    }
}

/// Whatever is asked, in whichever dialect, nothing leaves the region, and the answer says why.
#[tokio::test]
async fn section_5_10_a_region_host_fails_closed() {
    let simulator = simulator().await;
    let gateway = gateway(&simulator).await;
    let (host, why) = ("eu.gateway.example", "that process requests in eu only");
    let hello = json!([{ "role": "user", "content": "Hello" }]);
    for (path, body) in [
        ("/chat/completions", asking("acme/global")),
        ("/chat/completions", {
            let mut body = asking("acme/global");
            body["stream"] = json!(true);
            body
        }),
        // A caller's own wishes don't open it.
        ("/chat/completions", {
            let mut body = asking("acme/m");
            body["provider"] = json!({ "only": ["america"] });
            body
        }),
        ("/responses", json!({ "model": "acme/global", "input": "Hello" })),
        ("/messages", json!({ "model": "acme/global", "max_tokens": 9, "messages": hello })),
        (
            "/messages/count_tokens",
            json!({ "model": "acme/global", "max_tokens": 9, "messages": hello }),
        ),
        ("/routing/explain", asking("acme/global")),
        ("/embeddings", json!({ "model": "tollgate/embed", "input": "Hello" })),
    ] {
        let reply = at(&gateway, host, path, &body).await;
        let text = reply.text();
        assert_eq!(reply.status, 404, "{path}: {text}");
        let is_said = text.contains(why) || body["provider"].is_object();
        assert!(is_said || path == "/embeddings", "{path}: {text}");
    }
    assert_eq!(simulator.requests().len(), 0);
    // A proxy that changes the host tells the client's own.
    let call = gateway.call("POST", "/chat/completions").header("x-forwarded-host", host);
    call.json(&asking("acme/global")).send().await.error(404, "not_found");
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] });
    for method in ["generateContent", "streamGenerateContent", "countTokens", "embedContent"] {
        let path = format!("/api/v1beta/models/acme/global:{method}");
        let call = gateway.at("POST", &path).key(gateway.key()).header("host", host);
        let body = if method == "embedContent" {
            json!({ "content": { "parts": [{ "text": "Hello" }] } })
        } else {
            contents.clone()
        };
        let reply = call.json(&body).send().await;
        assert_eq!(reply.status, 404, "{method}: {}", reply.text());
    }
    assert_eq!(simulator.requests().len(), 0);
}

#[tokio::test]
async fn section_5_10_no_region_draws() {
    let simulator = simulator().await;
    let gateway = gateway(&simulator).await;
    let words = "Image generation is not available in the region eu.";
    let images = json!({ "model": "acme/m", "prompt": "a cat" });
    let mut drawing = asking("acme/m");
    drawing["modalities"] = json!(["image", "text"]);
    for (path, body) in [("/images", images), ("/chat/completions", drawing)] {
        let reply = at(&gateway, "eu.gateway.example", path, &body).await;
        let message = reply.error_message(400, "invalid_request");
        assert!(message.starts_with(words), "{path}: {message}");
    }
    assert_eq!(simulator.requests().len(), 0);
}
