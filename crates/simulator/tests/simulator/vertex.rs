//! Vertex AI: paths, access tokens, and where it differs from Gemini and Anthropic.

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use crate::support::{Call, Reply, World};

async fn post(world: &World, path: &str, body: &Value) -> Reply {
    let request = Request::post(format!("{}{path}", world.simulator.origin()));
    let request =
        request.header("authorization", "Bearer ya29.x").body(Full::from(body.to_string()));
    world.request(request.unwrap()).await
}

#[tokio::test]
async fn models_are_found_at_all_their_paths() {
    let world = World::new().await;
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    for before in ["/v1/projects/p/locations/global", "/v1", "/v1beta1"] {
        let path = format!("{before}/publishers/google/models/echo");
        let whole = post(&world, &format!("{path}:generateContent"), &body).await;
        assert_eq!(whole.whole(Protocol::Vertex).text, "hi");
        assert_eq!(whole.json()["usageMetadata"]["trafficType"], "ON_DEMAND");
        let array = post(&world, &format!("{path}:streamGenerateContent"), &body).await;
        assert_eq!(array.header("content-type"), "application/json; charset=UTF-8");
        assert!(array.json().is_array());
        let sse = post(&world, &format!("{path}:streamGenerateContent?alt=sse"), &body).await;
        assert_eq!(sse.streamed(Protocol::Vertex).text, "hi");
        let count = post(&world, &format!("{path}:countTokens"), &body).await;
        assert_eq!(count.json()["totalTokens"], 1);
    }
    let call = Call::new(Protocol::Vertex, "tools", "hi").tools(&["a"]);
    let part = world.call(&call).await.json()["candidates"][0]["content"]["parts"][0].clone();
    assert!(part["functionCall"].get("id").is_none(), "{part}");
}

#[tokio::test]
async fn anthropic_wants_a_version_and_no_model_in_the_body() {
    let world = World::new().await;
    let call = Call::new(Protocol::VertexAnthropic, "echo", "hi");
    let reply = world.call(&call).await.json();
    assert_eq!((&reply["type"], &reply["model"]), (&json!("message"), &json!("echo")));
    for (key, value, message) in [
        ("model", json!("echo"), "model: Extra inputs are not permitted"),
        ("anthropic_version", Value::Null, "anthropic_version: Field required"),
        ("anthropic_version", json!("2023-06-01"), "Input should be 'vertex-2023-10-16'"),
        ("max_tokens", json!(0), "max_tokens"),
    ] {
        let reply = world.call(&call.clone().with(key, value)).await;
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status.as_u16(), &error["type"]), (400, &json!("invalid_request_error")));
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[tokio::test]
async fn errors_have_the_words_of_google() {
    let world = World::new().await;
    for protocol in [Protocol::Vertex, Protocol::VertexAnthropic] {
        for (key, model, status, kind) in [
            (None, "echo", 401, "UNAUTHENTICATED"),
            (Some("wrong"), "echo", 401, "UNAUTHENTICATED"),
            (Some("k"), "missing-model", 404, "NOT_FOUND"),
            (Some("k"), "echo+status:429", 429, "RESOURCE_EXHAUSTED"),
            (Some("k"), "echo+status:503", 503, "UNAVAILABLE"),
        ] {
            let call = Call { key, ..Call::new(protocol, model, "hi") };
            let reply = world.call(&call).await;
            let error = reply.json()["error"].clone();
            assert_eq!(
                (reply.status.as_u16(), &error["status"]),
                (status, &json!(kind)),
                "{error}"
            );
        }
    }
    let overloaded = Call::new(Protocol::VertexAnthropic, "echo+status:529", "hi");
    assert_eq!(world.call(&overloaded).await.json()["error"]["type"], "overloaded_error");
    let roleless = json!([{ "parts": [{ "text": "hi" }] }]);
    let call = Call::new(Protocol::Vertex, "echo", "").with("contents", roleless);
    assert_eq!(world.call(&call).await.json()["error"]["status"], "INVALID_ARGUMENT");
}

#[tokio::test]
async fn tokens_are_given_for_assertions() {
    let world = World::new().await;
    let ask = async |form: &str| {
        let request = Request::post(format!("{}/token", world.simulator.origin()));
        let form = Full::from(form.to_owned());
        world.request(request.body(form).unwrap()).await
    };
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let reply = ask(&format!("{grant}&assertion=eyJhIjoxfQ.eyJiIjoyfQ.c2ln")).await;
    let body = reply.json();
    assert_eq!(
        (reply.status.as_u16(), &body["token_type"], &body["expires_in"]),
        (200, &json!("Bearer"), &json!(3_600))
    );
    assert!(body["access_token"].as_str().unwrap().starts_with("ya29.sim-"));
    for (form, error) in [
        (format!("{grant}&assertion=eyJhIjoxfQ.eyJiIjoyfQ"), "invalid_grant"),
        (format!("{grant}&assertion=eyJhIjoxfQ.eyJiIjoyfQ."), "invalid_grant"),
        (format!("{grant}&assertion=eyJhIjoxfQ.a%2Bb%3D.c2ln"), "invalid_grant"),
        (grant.to_owned(), "invalid_request"),
        ("grant_type=password&assertion=a.b.c".to_owned(), "unsupported_grant_type"),
    ] {
        let reply = ask(&form).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!(error)), "{form}");
    }
    assert_eq!(world.simulator.requests()[0].protocol, Protocol::Vertex);
}
