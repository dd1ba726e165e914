//! What was said and answered is kept where a workspace wants it, and nowhere else (contract §1.3,
//! §1.6).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_store::DEFAULT_WORKSPACE_ID;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Protocol, Reply, TestGateway, eventually, simulator};
use tollgate_types::{GenerationId, KeyHash};

use crate::postgres::SECRET_KEY;

const PRICE: &str = r#"{ input = "1", output = "1" }"#;
const WORDS: &str = "one two three";

async fn world(protocol: Protocol, simulator: &Simulator) -> TestGateway {
    let models = ["echo", "think", "tools", "echo+cut-after:2", "echo+status:500"];
    let mut builder = TestGateway::builder().provider("acme", protocol, simulator);
    for (name, model) in ["echo", "think", "tools", "cut", "down"].into_iter().zip(models) {
        builder = builder.endpoint(&format!("acme/{name}"), "acme", model, PRICE);
    }
    builder.start().await
}

/// Changes the default workspace.
async fn patch(gateway: &TestGateway, change: Value) {
    let path = format!("/workspaces/{DEFAULT_WORKSPACE_ID}");
    let call = gateway.call("PATCH", &path).key(gateway.management_key()).json(&change);
    let changed = call.send().await;
    assert_eq!(changed.status, 200, "{}", changed.text());
}

pub(super) async fn keep(gateway: &TestGateway) {
    patch(gateway, json!({ "is_observability_io_logging_enabled": true })).await;
}

async fn asked_by(gateway: &TestGateway, key: &str, id: &str) -> Reply {
    gateway.call("GET", &format!("/generation/content?id={id}")).key(key).send().await
}

/// What is kept of a call. Whoever reads a stream has its end a moment before the gateway knows.
pub(super) async fn content(gateway: &TestGateway, id: &str) -> Value {
    eventually(id, || async {
        let reply = asked_by(gateway, gateway.key(), id).await;
        assert!([200, 404].contains(&reply.status), "{}", reply.text());
        (reply.status == 200).then(|| reply.json()["data"].clone())
    })
    .await
}

fn chat(model: &str, stream: bool) -> Value {
    let messages = json!([{ "role": "user", "content": WORDS }]);
    json!({ "model": model, "messages": messages, "stream": stream })
}

/// The same question in the words of every dialect, with the paths it is asked at.
fn questions(model: &str, stream: bool) -> Vec<(&'static str, String, Value)> {
    let v1 = |path: &str| format!("/api/v1{path}");
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": WORDS }] }] });
    let mut all = vec![
        ("chat", v1("/chat/completions"), chat(model, stream)),
        (
            "completions",
            v1("/completions"),
            json!({ "model": model, "prompt": WORDS, "stream": stream }),
        ),
        (
            "responses",
            v1("/responses"),
            json!({ "model": model, "input": WORDS, "stream": stream }),
        ),
        ("messages", v1("/messages"), {
            let mut body = chat(model, stream);
            body["max_tokens"] = 200.into();
            body
        }),
        ("ollama", "/api/chat".to_owned(), chat(model, stream)),
    ];
    let verbs: &[&str] = if stream {
        &["streamGenerateContent", "streamGenerateContent?alt=sse"]
    } else {
        &["generateContent"]
    };
    for verb in verbs {
        all.push(("gemini", format!("/api/v1beta/models/{model}:{verb}"), gemini.clone()));
    }
    all
}

fn is_question(dialect: &str, kept: &Value, context: &str) {
    if dialect == "completions" {
        assert_eq!(kept["input"], json!({ "prompt": WORDS }), "{context}");
        return;
    }
    let said = &kept["input"]["messages"][0];
    assert_eq!(said["role"], "user", "{context}");
    assert!(said["content"].to_string().contains(WORDS), "{context}");
}

async fn ask(gateway: &TestGateway, path: &str, body: &Value) -> String {
    let reply = gateway.at("POST", path).key(gateway.key()).json(body).send().await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.header("x-generation-id").unwrap().to_owned()
}

#[tokio::test]
async fn section_1_3_words_of_every_dialect_are_kept_whole_and_streamed() {
    let simulator = simulator().await;
    for protocol in Protocol::ALL {
        let gateway = world(protocol, &simulator).await;
        keep(&gateway).await;
        for stream in [false, true] {
            for (dialect, path, body) in questions("acme/echo", stream) {
                let id = ask(&gateway, &path, &body).await;
                let kept = content(&gateway, &id).await;
                let context = format!("{protocol:?} {path} {stream}: {kept}");
                is_question(dialect, &kept, &context);
                assert_eq!(kept["output"]["completion"], WORDS, "{context}");
                assert_eq!(kept["output"]["reasoning"], Value::Null, "{context}");
                assert_eq!(kept["error"], Value::Null, "{context}");
                assert_eq!(kept["truncated"], false, "{context}");
            }
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn section_1_3_thoughts_and_calls_are_kept() {
    let simulator = simulator().await;
    let tools = json!([{ "type": "function", "function": { "name": "weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } } }]);
    for protocol in [Protocol::OpenAi, Protocol::Anthropic, Protocol::Gemini] {
        let gateway = world(protocol, &simulator).await;
        keep(&gateway).await;
        let mut thoughts = Vec::new();
        for stream in [false, true] {
            let mut body = chat("acme/think", stream);
            body["reasoning"] = json!({ "effort": "low" });
            let id = ask(&gateway, "/api/v1/chat/completions", &body).await;
            let kept = content(&gateway, &id).await;
            thoughts.push(kept["output"].clone());
            let mut body = chat("acme/tools", stream);
            body["tools"] = tools.clone();
            let id = ask(&gateway, "/api/v1/chat/completions", &body).await;
            let called = &content(&gateway, &id).await["output"]["tool_calls"][0];
            assert_eq!(called["name"], "weather", "{protocol:?} {stream}: {called}");
            let arguments = called["arguments"].as_str().unwrap();
            assert!(serde_json::from_str::<Value>(arguments).unwrap().is_object(), "{called}");
        }
        assert_eq!(thoughts[0], thoughts[1], "{protocol:?}");
        assert!(thoughts[0]["reasoning"].as_str().is_some_and(|it| it.len() > 3), "{thoughts:?}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn section_1_3_who_may_read_it_and_where_it_is_off() {
    let simulator = simulator().await;
    let gateway = world(Protocol::OpenAi, &simulator).await;
    let unheard = gateway.chat(chat("acme/echo", false)).await.said().id;
    gateway.generation(&unheard).await;
    let message = asked_by(&gateway, gateway.key(), &unheard).await;
    let message = message.error_message(403, "permission_denied");
    assert!(message.contains("is_observability_io_logging_enabled"), "{message}");
    asked_by(&gateway, gateway.key(), "gen-unknown").await.error(404, "not_found");

    keep(&gateway).await;
    asked_by(&gateway, gateway.key(), &unheard).await.error(404, "not_found");
    let id = gateway.chat(chat("acme/echo", false)).await.said().id;
    content(&gateway, &id).await;
    let elsewhere = "0b7e1f2a-0000-4000-8000-000000000001";
    let other = gateway.key_with(|key| elsewhere.clone_into(&mut key.workspace_id)).await;
    asked_by(&gateway, &other, &id).await.error(404, "not_found");
    assert_eq!(asked_by(&gateway, gateway.management_key(), &id).await.status, 200);
    let gone = gateway.key_with(|key| {
        key.management = true;
        key.creator_user_id = Some("user_gone".to_owned());
    });
    asked_by(&gateway, &gone.await, &id).await.error(404, "not_found");
    gateway.call("GET", "/generation/content").send().await.error(400, "invalid_request");

    patch(&gateway, json!({ "is_observability_io_logging_enabled": false })).await;
    asked_by(&gateway, gateway.key(), &id).await.error(403, "permission_denied");
    gateway.stop().await;
}

#[tokio::test]
async fn section_1_6_only_calls_of_the_keys_that_are_named_are_kept() {
    let simulator = simulator().await;
    let gateway = world(Protocol::OpenAi, &simulator).await;
    keep(&gateway).await;
    let other = gateway.key_with(|_| {}).await;
    let engine = gateway.engine();
    let hash = engine.keys().hash(&tollgate_types::ApiKey::from_text(&other));
    let digits: String = KeyHash::to_hex(&hash).chars().take(13).collect();
    let number = i64::from_str_radix(&digits, 16).unwrap();
    patch(&gateway, json!({ "io_logging_api_key_ids": [number] })).await;
    let id = gateway.chat(chat("acme/echo", false)).await.said().id;
    let named = gateway.chat_call(&chat("acme/echo", false)).key(&other).send().await.said().id;
    assert_eq!(content(&gateway, &named).await["output"]["completion"], WORDS);
    gateway.generation(&id).await;
    asked_by(&gateway, gateway.key(), &id).await.error(404, "not_found");
    let kept = engine.stores().contents.contents_after(None, 9).await.unwrap();
    assert_eq!(kept.len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn failures_and_what_was_told_until_the_client_left_are_kept() {
    let simulator = simulator().await;
    let gateway = world(Protocol::OpenAi, &simulator).await;
    keep(&gateway).await;
    for stream in [false, true] {
        let mut body = chat("acme/down", stream);
        body["models"] = json!(["acme/down"]);
        let failed = gateway.chat(body).await;
        assert!(failed.status >= 500, "{}", failed.text());
        let kept = content(&gateway, failed.header("x-generation-id").unwrap()).await;
        let told = failed.json()["error"].clone();
        assert_eq!(kept["error"]["message"], told["message"], "{kept}");
        assert_eq!(kept["error"]["status"], told["code"], "{kept}");
        assert_eq!(kept["error"]["provider_name"], "Acme", "{kept}");
        assert_eq!(kept["output"], json!({ "completion": null, "reasoning": null }));
        assert!(kept["input"]["messages"].to_string().contains(WORDS), "{kept}");
    }
    // It breaks off, and nobody goes on.
    let broken = gateway.chat_stream(chat("acme/cut", true)).await;
    let kept = content(&gateway, broken.header("x-generation-id").unwrap()).await;
    assert_eq!(kept["output"]["completion"], "one two", "{kept}");
    assert_eq!(kept["error"]["provider_name"], "Acme", "{kept}");
    gateway.stop().await;

    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo+stall-after:2", PRICE)
        .start()
        .await;
    keep(&gateway).await;
    let mut stream = gateway.open_stream(chat("acme/m", true)).await;
    let id = stream.id();
    let mut text = String::new();
    while text != "one two" {
        text.push_str(&stream.next_text().await);
    }
    drop(stream);
    let kept = content(&gateway, &id).await;
    assert_eq!((&kept["output"]["completion"], &kept["error"]), (&json!("one two"), &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn long_prompts_are_cut_and_say_so() {
    let simulator = simulator().await;
    let gateway = world(Protocol::OpenAi, &simulator).await;
    keep(&gateway).await;
    let image = format!("data:image/png;base64,{}", "A".repeat(3_000_000));
    let body = json!({ "model": "acme/echo", "messages": [
        { "role": "system", "content": "short" },
        { "role": "user", "content": [
            { "type": "text", "text": "word ".repeat(100_000) },
            { "type": "image_url", "image_url": { "url": image } },
        ] },
        { "role": "user", "content": "the end" },
    ] });
    let id = gateway.chat(body).await.said().id;
    let kept = content(&gateway, &id).await;
    assert_eq!(kept["truncated"], true);
    assert!(kept.to_string().len() <= 1024 * 1024);
    let messages = kept["input"]["messages"].as_array().unwrap();
    assert_eq!(messages[0]["content"], "short");
    assert_eq!(messages[2]["content"], "the end");
    let text = messages[1]["content"][0]["text"].as_str().unwrap();
    assert!(text.len() > 100_000 && text.starts_with("word word"), "{}", text.len());
    gateway.stop().await;
}

#[tokio::test]
async fn words_lie_sealed_and_outlive_the_program() {
    let simulator = simulator().await;
    let gateway = world(Protocol::OpenAi, &simulator).await;
    keep(&gateway).await;
    let secret = "the-launch-is-on-tuesday";
    let body = json!({ "model": "acme/echo", "messages": [{ "role": "user", "content": secret }] });
    let id = gateway.chat(body).await.said().id;
    // Asked for at once, it is there: what is on its way is waited for.
    let reply = asked_by(&gateway, gateway.management_key(), &id).await;
    assert_eq!(reply.json()["data"]["output"]["completion"], secret, "{}", reply.text());
    let sealed = gateway.engine().stores().contents.content(&GenerationId::from_text(&id)).await;
    let sealed = sealed.unwrap().unwrap().sealed;
    assert!(!sealed.windows(8).any(|it| it == &secret.as_bytes()[..8]));
    let (metrics, needle) = (gateway.at("GET", "/metrics").send().await.text(), "contents_lost");
    assert!(metrics.contains("tollgate_contents_lost_total 0"), "{needle}: {metrics}");
    // Two more are on their way when it is told to stop.
    let later = [
        gateway.chat(chat("acme/echo", false)).await.said().id,
        gateway.chat_stream(chat("acme/echo", true)).await.said().id,
    ];
    let stopped = gateway.stop().await;
    let gateway = TestGateway::builder()
        .on(stopped)
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/echo", "acme", "echo", PRICE)
        .start()
        .await;
    for (id, words) in [(&id, secret), (&later[0], WORDS), (&later[1], WORDS)] {
        let reply = asked_by(&gateway, gateway.management_key(), id).await;
        assert_eq!(reply.json()["data"]["output"]["completion"], words, "{}", reply.text());
    }
    gateway.stop().await;
}

#[tokio::test]
async fn two_gateways_on_postgres_read_what_either_has_kept() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let gateway = || async {
        TestGateway::builder()
            .config(&format!("[database]\nurl = \"{database}\"\n"))
            .provider("acme", Protocol::OpenAi, &simulator)
            .endpoint("acme/echo", "acme", "echo", PRICE)
            .env([("TOLLGATE_SECRET_KEY", SECRET_KEY)])
            .start()
            .await
    };
    let (one, other) = (gateway().await, gateway().await);
    keep(&one).await;
    // The other hears of the workspace in its next round.
    let id = eventually("a call that is kept", || async {
        let id = other.chat(chat("acme/echo", false)).await.said().id;
        let reply = asked_by(&other, other.key(), &id).await;
        (reply.status == 200).then_some(id)
    })
    .await;
    let reply = asked_by(&one, one.management_key(), &id).await;
    assert_eq!(reply.json()["data"]["output"]["completion"], WORDS, "{}", reply.text());
    one.stop().await;
    other.stop().await;
}
