//! `openrouter/bodybuilder`: words become the bodies of requests (contract §5.6).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Canned, Protocol, TestGateway, simulator, usd};

use super::policies::{CHEAP, DEAR, asking, both, stages};

const NAME: &str = "openrouter/bodybuilder";

/// A model that repeats what it is told is one whose answers a test can choose.
fn world(simulator: &Simulator, writer: &str) -> Builder {
    TestGateway::builder()
        .config("[simulator]\nenabled = false\n")
        .provider("first", Protocol::OpenAi, simulator)
        .endpoint("acme/cheap", "first", writer, CHEAP)
        .endpoint("acme/dear", "first", "prose", DEAR)
}

fn body(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Count to 10" }],
            "temperature": null, "max_tokens": 50 })
}

#[tokio::test]
async fn section_5_6_words_become_bodies_that_can_be_sent() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "echo").start().await;
    let wanted = json!({ "requests": [body("acme/cheap"), body("acme/dear")] }).to_string();
    for (said, policy) in both(&gateway, &asking(NAME, &wanted)).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/cheap", wanted.as_str()));
        assert_eq!(stages(&policy), [("acme/cheap", "answered")]);
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["router"], NAME, "{record}");
        assert!(record["total_cost"].as_f64().unwrap() > 0.0, "{record}");
        let written: Value = serde_json::from_str(&said.text).unwrap();
        for body in written["requests"].as_array().unwrap() {
            assert_eq!(gateway.chat(body.clone()).await.status, 200, "{body}");
        }
    }
    // The model is told what it may name, and what form its answer has.
    let sent = simulator.requests()[0].json();
    let told = sent["messages"][0]["content"].as_str().unwrap();
    assert!(told.ends_with("\n\nacme/cheap\nacme/dear"), "{told}");
    assert_eq!(sent["response_format"]["json_schema"]["name"], "requests", "{sent}");
    let call = gateway.chat_call(&asking(NAME, &wanted)).header("X-OpenRouter-Metadata", "enabled");
    let told = call.send().await.json()["openrouter_metadata"].clone();
    assert_eq!(told["strategy"], "bodybuilder", "{told}");
    assert_eq!(told["pipeline"][0]["name"], "bodybuilder", "{told}");
    let messages = json!({ "model": NAME, "max_tokens": 999,
                           "messages": [{ "role": "user", "content": wanted }] });
    let answer = gateway.post("/messages", &messages).await.json();
    assert_eq!(answer["content"][0]["text"], wanted, "{answer}");
}

#[tokio::test]
async fn section_5_6_a_free_model_writes_where_there_is_one() {
    let simulator = simulator().await;
    let free = r#"{ input = "0", output = "0", free = true }"#;
    let gateway = world(&simulator, "prose").endpoint("acme/gift", "first", "echo", free);
    let gateway = gateway.start().await;
    let wanted = json!({ "requests": [body("acme/cheap")] }).to_string();
    let said = gateway.chat(asking(NAME, &wanted)).await.said();
    assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/gift", wanted.as_str()));
    assert_eq!(gateway.spent().await, json!(0));
}

/// What a provider says that always says this.
fn completion(text: &str) -> Vec<u8> {
    json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop",
                      "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20 },
    })
    .to_string()
    .into_bytes()
}

#[tokio::test]
async fn section_5_6_what_is_wrong_is_repaired_once() {
    let simulator = simulator().await;
    let wanted = json!({ "requests": [body("acme/none")] }).to_string();
    let gateway = world(&simulator, "echo").start().await;
    for streamed in [false, true] {
        let before = simulator.requests().len();
        let mut asked = asking(NAME, &wanted);
        asked["stream"] = json!(streamed);
        let message = gateway.chat(asked).await.error_message(502, "provider_unavailable");
        let why = "requests.0: no model here is named \"acme/none\"";
        let expected = format!("No valid request bodies were written, nor when asked again: {why}");
        assert_eq!(message, expected);
        let sent = simulator.requests();
        assert_eq!(sent.len() - before, 2);
        // The second time the model is told what was wrong, and what it had written.
        let again = sent.last().unwrap().json()["messages"][0]["content"].clone();
        let again = again.as_str().unwrap();
        assert!(again.contains(why) && again.contains("Count to 10"), "{again}");
        assert_eq!(sent.last().unwrap().json()["messages"].as_array().unwrap().len(), 2);
    }
    assert_eq!(gateway.spent().await, json!(0), "a call that failed costs nothing");
}

#[tokio::test]
async fn section_5_6_a_repaired_answer_is_told_and_both_are_paid() {
    let right = json!({ "requests": [body("acme/m")] }).to_string();
    let fenced = format!("```json\n{right}\n```");
    let answers = vec![completion(&fenced), completion(&right)];
    let canned = Canned::in_turn("application/json", answers).await;
    let gateway = TestGateway::builder()
        .config("[simulator]\nenabled = false\n")
        .provider_at("first", Protocol::OpenAi, &canned.base_url())
        .endpoint("acme/m", "first", "m", CHEAP)
        .start()
        .await;
    let said = gateway.chat(asking(NAME, "Count")).await.said();
    assert_eq!(said.text, right);
    let record = gateway.generation(&said.id).await;
    let policy = &record["routing"]["policy"];
    let told = stages(policy);
    assert_eq!(told[1], ("acme/m", "answered"), "{policy}");
    assert!(told[0].1.starts_with("it is not the JSON that was asked for"), "{policy}");
    // Ten tokens read and ten written, twice.
    assert_eq!(said.cost(), usd("0.00006"), "{record}");
}

#[tokio::test]
async fn section_5_6_other_forms_of_answers_are_refused() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "echo").start().await;
    let tool = json!([{ "type": "function", "function": { "name": "f" } }]);
    for (name, value) in [("tools", tool), ("response_format", json!({ "type": "json_object" }))] {
        let mut asked = asking(NAME, "x");
        asked[name] = value;
        let message = gateway.chat(asked).await.error_message(400, "invalid_request");
        let expected = format!("{name}: {NAME} writes the bodies of requests, and nothing else");
        assert_eq!(message, expected);
    }
    gateway
        .post("/embeddings", &json!({ "model": NAME, "input": "x" }))
        .await
        .error(400, "invalid_request");
    assert_eq!(simulator.requests().len(), 0);
}
