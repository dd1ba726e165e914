//! Azure OpenAI: versions, keys, filters and errors.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, Reply, World};

async fn post(world: &World, path: &str, body: &Value) -> Reply {
    let request = Request::post(format!("{}{path}", world.simulator.origin()));
    let request = request.header("api-key", "k").body(Full::from(body.to_string()));
    world.request(request.unwrap()).await
}

#[tokio::test]
async fn filters_come_with_every_answer() {
    let world = World::new().await;
    let call = Call::new(Protocol::Azure, "echo", "hi you");
    let whole = world.call(&call).await;
    assert!(!whole.header("apim-request-id").is_empty());
    let whole = whole.json();
    let safe = json!({ "filtered": false, "severity": "safe" });
    let safe = json!({ "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe });
    assert_eq!(whole["choices"][0]["content_filter_results"], safe);
    assert_eq!(whole["prompt_filter_results"][0]["prompt_index"], 0);
    assert_eq!(whole["model"], "echo");
    let data = world.call(&call.streamed()).await.data();
    assert_eq!((&data[0]["choices"], &data[0]["id"]), (&json!([]), &json!("")));
    assert_eq!(data[0]["prompt_filter_results"], whole["prompt_filter_results"]);
    assert_eq!(data[1]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(data[1]["choices"][0]["content_filter_results"], json!({}));
    assert_eq!(data[2]["choices"][0]["content_filter_results"], safe);
    assert_eq!(data[4]["choices"][0]["content_filter_results"], json!({}));
    let openai = world.call(&Call::new(Protocol::OpenAi, "echo", "hi").streamed()).await;
    assert!(!openai.text().contains("filter"));
}

#[tokio::test]
async fn versions_are_wanted_at_the_older_paths() {
    let world = World::new().await;
    let chat = json!({ "model": "echo", "messages": [{ "role": "user", "content": "hi" }] });
    let response = json!({ "model": "echo", "input": "hi" });
    let cases = [
        ("/openai/deployments/echo/chat/completions?api-version=2024-10-21", &chat, 200),
        ("/openai/deployments/echo/chat/completions", &chat, 404),
        ("/openai/deployments/echo/chat/completions?api-version=", &chat, 404),
        ("/openai/v1/chat/completions", &chat, 200),
        ("/openai/v1/responses", &response, 200),
        ("/openai/responses?api-version=preview", &response, 200),
        ("/openai/responses", &response, 404),
    ];
    for (path, body, status) in cases {
        let reply = post(&world, path, body).await;
        assert_eq!(reply.status, status, "{path}");
        if status == 404 {
            let error = json!({ "error": { "code": "404", "message": "Resource not found" } });
            assert_eq!(reply.json(), error);
        }
    }
    let protocols: Vec<_> =
        world.simulator.requests().iter().map(|request| request.protocol).collect();
    assert_eq!(protocols[3..5], [Protocol::Azure, Protocol::AzureResponses]);
}

#[tokio::test]
async fn errors_have_the_words_of_azure() {
    let world = World::new().await;
    for protocol in [Protocol::Azure, Protocol::AzureResponses] {
        for (key, model, status, code) in [
            (None, "echo", 401, "401"),
            (Some("wrong"), "echo", 401, "401"),
            (Some("k"), "missing-model", 404, "DeploymentNotFound"),
            (Some("k"), "echo+status:429", 429, "429"),
            (Some("k"), "echo+status:503", 503, "503"),
        ] {
            let call = Call { key, ..Call::new(protocol, model, "hi") };
            let reply = world.call(&call).await;
            assert_eq!(
                (reply.status.as_u16(), &reply.json()["error"]["code"]),
                (status, &json!(code))
            );
        }
    }
    let call = Call::new(Protocol::Azure, "echo", "").with("messages", json!([]));
    assert_eq!(world.call(&call).await.json()["error"]["code"], "empty_array");
    let call = Call::new(Protocol::AzureResponses, "echo", "").with("messages", json!([]));
    assert_eq!(world.call(&call).await.json()["error"]["code"], "unknown_parameter");
}
