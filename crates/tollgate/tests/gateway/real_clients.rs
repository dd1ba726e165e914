//! What real clients were found to need by `make clients`, so that it stays without them.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tollgate_testkit::{PATIENCE, TestGateway};

/// Clients write a request's head and its body one after the other. A wrong key is told after the
/// body, and the connection can be used again: many clients would ask on it and find it gone.
#[tokio::test]
async fn a_refused_request_leaves_its_connection_usable() {
    let gateway = TestGateway::builder().start().await;
    let body = br#"{"model": "tollgate/echo", "messages": [{"role": "user", "content": "Hi"}]}"#;
    let good = gateway.key().to_owned();
    let mut connection = gateway.connect().await;
    let requests = [
        ("/api/v1/chat/completions", "sk-or-v1-wrong", 401),
        ("/api/v1/nonesuch", good.as_str(), 404),
        ("/api/v1/models", good.as_str(), 405),
        ("/api/v1/chat/completions", good.as_str(), 200),
    ];
    for (path, key, status) in requests {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        connection.write_all(body).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, answer(&mut connection)).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
}

/// One answer with a length, to its end.
async fn answer(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = connection.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(read > 0, "the connection is gone behind {text:?}");
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
        });
        if body.len() >= length.unwrap().unwrap() {
            return text;
        }
    }
}

/// Ollama's and Google's clients go by 404 for a model that nobody knows. OpenRouter's API says 400.
#[tokio::test]
async fn an_unknown_model_is_a_404_where_the_dialects_own_server_says_so() {
    let gateway = TestGateway::builder().start().await;
    let messages = json!([{ "role": "user", "content": "Hi" }]);
    let chat = json!({ "model": "no/such", "messages": messages, "max_tokens": 9 });
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] });
    let cases = [
        ("/api/chat", &chat, 404, json!(null)),
        ("/api/v1beta/models/no/such:generateContent", &contents, 404, json!("NOT_FOUND")),
        ("/api/v1/models/no/such:streamGenerateContent", &contents, 404, json!("NOT_FOUND")),
        ("/api/v1/chat/completions", &chat, 400, json!(null)),
        ("/api/v1/messages", &chat, 400, json!(null)),
    ];
    for (path, body, status, google_status) in cases {
        let reply = gateway.at("POST", path).key(gateway.key()).json(body).send().await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.text().contains("no/such is not a valid model ID"), "{}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error.get("status").unwrap_or(&json!(null)), &google_status, "{path}: {error}");
        if !google_status.is_null() {
            assert_eq!(error["code"], status, "{path}: {error}");
        }
    }
}

/// Ollama's documentation asks with `curl -d` and no type, which sends that of a form.
#[tokio::test]
async fn ollamas_paths_take_any_type() {
    let gateway = TestGateway::builder().start().await;
    let chat = r#"{"model": "tollgate/echo", "messages": [{"role": "user", "content": "Hi"}], "stream": false}"#;
    for (path, body) in [("/api/chat", chat), ("/api/show", r#"{"model": "tollgate/echo"}"#)] {
        for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json"] {
            let call = gateway.at("POST", path).key(gateway.key()).header("content-type", kind);
            let reply = call.body(body).send().await;
            assert_eq!(reply.status, 200, "{path} {kind}: {}", reply.text());
        }
    }
}

/// By a request without messages Ollama's clients have a model loaded.
#[tokio::test]
async fn a_model_of_ollamas_clients_is_loaded_at_once() {
    let gateway = TestGateway::builder().start().await;
    let ask = |body: serde_json::Value| {
        gateway.at("POST", "/api/chat").key(gateway.key()).json(&body).send()
    };
    for (body, kind, reason) in [
        (json!({ "model": "tollgate/echo", "messages": [] }), "application/x-ndjson", "load"),
        (json!({ "model": "tollgate/echo", "stream": false }), "application/json", "load"),
        (json!({ "model": "tollgate/echo", "keep_alive": 0 }), "application/x-ndjson", "unload"),
    ] {
        let reply = ask(body.clone()).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some(kind), "{body}");
        let mut said = reply.json();
        assert!(said["created_at"].take().as_str().is_some_and(|it| it.ends_with('Z')), "{said}");
        let message = json!({ "role": "assistant", "content": "" });
        let expected = json!({
            "model": "tollgate/echo", "created_at": null, "message": message,
            "done_reason": reason, "done": true,
        });
        assert_eq!(said, expected, "{body}");
    }
    let reply = ask(json!({ "model": "no/such", "messages": [] })).await;
    assert_eq!(reply.status, 404, "{}", reply.text());
    assert!(reply.json()["error"].as_str().unwrap().contains("no/such"), "{}", reply.text());
    assert_eq!(ask(json!({ "messages": [] })).await.status, 400);
    let keyless = gateway.at("POST", "/api/chat").json(&json!({ "model": "tollgate/echo" }));
    assert_eq!(keyless.send().await.status, 401);
    assert_eq!(gateway.generations().await, 0);
    assert_eq!(gateway.spent().await.as_f64(), Some(0.0));
}

/// Google's SDK for Python asks under `v1` unless it is told otherwise, and others under `v1beta`.
#[tokio::test]
async fn gemini_is_spoken_under_both_versions() {
    let gateway = TestGateway::builder().start().await;
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] });
    for version in ["v1", "v1beta"] {
        for model in ["tollgate/echo", "echo"] {
            let path = format!("/api/{version}/models/{model}:generateContent");
            let call = gateway.at("POST", &path).no_key();
            let reply = call.header("x-goog-api-key", gateway.key()).json(&body).send().await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            let text = &reply.json()["candidates"][0]["content"]["parts"][0]["text"];
            assert_eq!(text, "Hi", "{path}");
        }
    }
}
