//! Whatever a client sends, it reads a clear error in the contract's form, is not charged, learns
//! no secret, and the server goes on (contract §4).

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, simulator};
use tollgate_types::Timestamp;

const BODY_BYTES_MAX: usize = 4_096;

struct World {
    gateway: TestGateway,
    simulator: Simulator,
}

impl World {
    async fn new() -> Self {
        let simulator = simulator().await;
        let gateway = TestGateway::builder()
            .config(&format!(
                "[limits]\nbody_bytes_max = {BODY_BYTES_MAX}\nbody_timeout_ms = 300\n"
            ))
            .provider("acme", Protocol::OpenAi, &simulator)
            .provider("other", Protocol::OpenAi, &simulator)
            .endpoint("acme/small", "acme", "echo", r#"{ input = "1", output = "1" }"#)
            .endpoint("acme/twin", "acme", "echo", r#"{ input = "1", output = "1" }"#)
            .endpoint("other/twin", "other", "echo", r#"{ input = "1", output = "1" }"#)
            .start()
            .await;
        Self { gateway, simulator }
    }

    async fn sends(&self, body: impl Into<bytes::Bytes>) -> Reply {
        let call = self.gateway.call("POST", "/chat/completions");
        call.header("content-type", "application/json").body(body).send().await
    }

    /// Nothing has reached the provider, nothing was charged or recorded, and a good call works.
    async fn is_well(&self) {
        assert_eq!(self.simulator.requests().len(), 0);
        assert_eq!(self.gateway.generations().await, 0);
        assert_eq!(self.gateway.spent().await.as_f64(), Some(0.0));
        assert_eq!(self.gateway.chat(good()).await.said().text, "Hello");
    }

    fn tells_no_secret(&self, text: &str) {
        for secret in ["sk-of-", "sk-or-v1-", self.gateway.key(), self.gateway.management_key()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

fn good() -> Value {
    json!({ "model": "acme/small", "messages": [{ "role": "user", "content": "Hello" }] })
}

fn with(member: &str, value: Value) -> Value {
    let mut body = good();
    body[member] = value;
    body
}

#[tokio::test]
async fn what_is_not_json_is_located() {
    let world = World::new().await;
    let cases: [(&[u8], &str); 9] = [
        (b"{\"model\": \"acme/small\",\n  \"messages\": [}", "line 2 column 16"),
        (b"", "empty"),
        (b"   \n ", ""),
        (b"not json", "line 1 column 1"),
        (b"{\"model\": \"a\"", "line 1 column"),
        (b"{\"model\": \"a\"} trailing", "line 1 column 16"),
        (b"{\"model\": 'a'}", "line 1 column 11"),
        (b"{\"model\": \"\xff\xfe\"}", "UTF-8 at line 1 column 12"),
        (b"{\"a\": \"\\ud800\", \"model\": NaN}", "line 1"),
    ];
    for (body, located) in cases {
        let reply = world.sends(bytes::Bytes::from_static(body)).await;
        let shown = String::from_utf8_lossy(body).into_owned();
        let message = reply.error_message(400, "invalid_request");
        assert!(message.contains(located), "{shown}: {message}");
    }
    world.is_well().await;
}

#[tokio::test]
async fn wrong_types_and_bounds_name_the_field() {
    let world = World::new().await;
    let text = |length: usize| Value::from("x".repeat(length));
    let cases = [
        (json!([]), ""),
        (json!("text"), ""),
        (json!({ "model": "acme/small" }), "messages"),
        (with("messages", json!([])), "messages"),
        (with("messages", json!("hello")), "messages"),
        (with("messages", json!([1])), "messages.0"),
        (with("messages", json!([{ "role": "robot", "content": "x" }])), "messages.0"),
        (with("messages", json!([{ "content": "x" }])), "messages.0"),
        (with("messages", json!([{ "role": "user" }])), "messages.0.content"),
        (with("messages", json!([{ "role": "user", "content": 7 }])), "messages.0.content"),
        (
            with("messages", json!([{ "role": "user", "content": [{ "type": "smell" }] }])),
            "messages.0.content.0",
        ),
        (with("model", json!(7)), "model"),
        (with("models", json!("acme/small")), "models"),
        (with("stream", json!("yes")), "stream"),
        (with("temperature", json!("hot")), "temperature"),
        (with("temperature", json!(2.5)), "temperature"),
        (with("top_p", json!(0)), "top_p"),
        (with("max_tokens", json!(0)), "max_tokens"),
        (with("max_tokens", json!(-1)), "max_tokens"),
        (with("max_tokens", json!(1.5)), "max_tokens"),
        (with("n", json!(2)), "n"),
        (with("top_logprobs", json!(21)), "top_logprobs"),
        (with("stop", json!(["a", "b", "c", "d", "e"])), "stop"),
        (with("seed", json!("x")), "seed"),
        (with("tools", json!({})), "tools"),
        (with("tools", json!([{ "type": "function" }])), "tools.0"),
        (with("response_format", json!({ "type": "poem" })), "response_format"),
        (with("reasoning", json!({ "effort": "huge" })), "reasoning"),
        (with("reasoning", json!({ "effort": "low", "max_tokens": 9 })), "reasoning"),
        (with("provider", json!({ "only": "acme" })), "provider"),
        (with("provider", json!("acme")), "provider"),
        (with("user", text(257)), "user"),
    ];
    for (body, field) in cases {
        let reply = world.sends(body.to_string()).await;
        let message = reply.error_message(400, "invalid_request");
        assert!(message.contains(field), "{body}: {message}");
    }
    // Null is as good as absent, and so are whole numbers that are written as fractions.
    for member in ["temperature", "max_tokens", "tools", "stop", "provider", "models", "stream"] {
        world.gateway.chat(with(member, Value::Null)).await.said();
    }
    world.gateway.chat(with("max_tokens", json!(64.0))).await.said();
}

#[tokio::test]
async fn odd_but_valid_json_is_taken_or_refused_whole() {
    let world = World::new().await;
    let deep = format!("{}{}", "[".repeat(1_500), "]".repeat(1_500));
    let body = format!(
        r#"{{"model":"acme/small","messages":[{{"role":"user","content":"Hello"}}],"x":{deep}}}"#
    );
    let reply = world.sends(body).await;
    reply.error(400, "invalid_request");
    let huge =
        r#"{"model":"acme/small","messages":[{"role":"user","content":"Hello"}],"seed":1e999}"#;
    world.sends(huge).await.error(400, "invalid_request");
    let huge = r#"{"model":"acme/small","messages":[{"role":"user","content":"Hello"}],"max_tokens":99999999999999999999999}"#;
    world.sends(huge).await.error(400, "invalid_request");
    let twice = r#"{"model":"acme/small","model":"acme/twin","messages":[{"role":"user","content":"Hello"}]}"#;
    let reply = world.sends(twice).await;
    // Which one counts would be a guess; the provider must not guess otherwise than we do.
    if reply.status == 400 {
        reply.error(400, "invalid_request");
    } else {
        let sent =
            String::from_utf8(world.simulator.requests().pop().unwrap().body.to_vec()).unwrap();
        assert_eq!(sent.matches("\"model\"").count(), 1, "{sent}");
        return;
    }
    world.is_well().await;
}

#[tokio::test]
async fn unknown_models_are_told_with_the_nearest() {
    let world = World::new().await;
    let named = |name: &str| with("model", name.into());
    let cases =
        [("acme/smal", "acme/small"), ("acm/small", "acme/small"), ("ACME/smalll", "acme/small")];
    for (name, nearest) in cases {
        let reply = world.sends(named(name).to_string()).await;
        let error = reply.error(400, "invalid_request");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(name) && message.contains(nearest), "{message}");
        assert_eq!(error["availability"]["code"], "model_not_found", "{error}");
        assert_eq!(error["availability"]["requested_models"], json!([name]), "{error}");
        assert_eq!(error["availability"]["retryable"], false, "{error}");
    }
    let ambiguous = world.sends(named("twin").to_string()).await;
    let message = ambiguous.error_message(400, "invalid_request");
    assert!(message.contains("acme/twin") && message.contains("other/twin"), "{message}");
    let unserved = world.sends(named("openai/gpt-4o-mini").to_string()).await;
    let message = unserved.error_message(404, "not_found");
    assert!(message.contains("OPENAI_API_KEY"), "{message}");
    let nothing = json!({ "messages": [{ "role": "user", "content": "x" }] });
    assert!(
        world
            .sends(nothing.to_string())
            .await
            .error_message(400, "invalid_request")
            .contains("model")
    );
    let bare = world.sends(named("small").to_string()).await.said();
    assert_eq!(bare.model, "acme/small");
}

#[tokio::test]
async fn keys_open_only_their_own_doors() {
    let world = World::new().await;
    let gateway = &world.gateway;
    let disabled = gateway.key_with(|key| key.disabled = true).await;
    let expired =
        gateway.key_with(|key| key.expires_at = Some(Timestamp::from_unix_millis(1))).await;
    let unknown = format!("sk-or-v1-{}", "0".repeat(64));
    let chat = || gateway.chat_call(&good()).no_key();
    let cases = [
        (chat(), 401, "authentication", "Missing Authentication"),
        (chat().key(""), 401, "authentication", "Missing Authentication"),
        (chat().header("authorization", "Basic Zm9vOmJhcg=="), 401, "authentication", "Missing"),
        (chat().key("nonsense"), 401, "authentication", "User not found"),
        (chat().key(&unknown), 401, "authentication", "User not found"),
        (chat().key(&disabled), 401, "authentication", "disabled"),
        (chat().key(&expired), 401, "authentication", "expired"),
        (chat().key(gateway.management_key()), 403, "permission_denied", "management"),
        (gateway.call("GET", "/keys").key(gateway.key()), 403, "permission_denied", "anagement"),
        (gateway.call("GET", "/credits").key(gateway.key()), 403, "permission_denied", "anagement"),
        (gateway.call("GET", "/keys").no_key(), 401, "authentication", "Missing"),
        (gateway.call("GET", "/key").no_key(), 401, "authentication", "Missing"),
        (gateway.call("GET", "/generation?id=x").no_key(), 401, "authentication", "Missing"),
    ];
    for (call, status, kind, words) in cases {
        let shown = format!("{call:?}");
        let reply = call.send().await;
        let message = reply.error_message(status, kind);
        assert!(message.contains(words), "{shown}: {message}");
        let text = reply.text().replace("sk-or-v1-…", "");
        world.tells_no_secret(&text);
    }
    // Anthropic's clients send their key under another name.
    let other = chat().header("x-api-key", gateway.key()).send().await;
    assert_eq!(other.said().text, "Hello");
}

#[tokio::test]
async fn wrong_methods_paths_and_types_are_told() {
    let world = World::new().await;
    let gateway = &world.gateway;
    let cases = [
        (gateway.call("GET", "/chat/completions"), 405, "invalid_request"),
        (gateway.call("DELETE", "/models"), 405, "invalid_request"),
        (gateway.call("PUT", "/keys"), 405, "invalid_request"),
        (gateway.call("POST", "/chat/completion").json(&good()), 404, "not_found"),
        (gateway.call("GET", "/nothing"), 404, "not_found"),
        (gateway.at("GET", "/v1/models"), 404, "not_found"),
        (gateway.at("GET", "/api/v1/../../etc/passwd"), 404, "not_found"),
        (
            gateway
                .call("POST", "/chat/completions")
                .header("content-type", "text/plain")
                .body("{}"),
            415,
            "invalid_request",
        ),
        (
            gateway
                .call("POST", "/chat/completions")
                .header("content-type", "application/x-www-form-urlencoded")
                .body("a=b"),
            415,
            "invalid_request",
        ),
    ];
    for (call, status, kind) in cases {
        let shown = format!("{call:?}");
        let reply = call.send().await;
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
        world.tells_no_secret(&reply.text());
        reply.error(status, kind);
    }
    let charset = gateway
        .call("POST", "/chat/completions")
        .header("content-type", "application/json; charset=utf-8")
        .body(good().to_string());
    assert_eq!(charset.send().await.said().text, "Hello");
}

/// Clients of a dialect read errors in that dialect only, also about a path that is not there.
#[tokio::test]
async fn wrong_methods_and_paths_are_told_in_the_dialect_of_the_path() {
    let gateway = TestGateway::builder().start().await;
    let at = |method: &str, path: &str| gateway.at(method, path).send();
    for (method, path, allow) in
        [("GET", "/api/v1/messages", "POST"), ("PUT", "/api/v1/messages/count_tokens", "POST")]
    {
        let reply = at(method, path).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allow)), "{path}");
        let body = reply.json();
        assert_eq!(body["type"], "error", "{body}");
        assert_eq!(body["error"]["type"], "invalid_request_error", "{body}");
        assert!(body.as_object().unwrap().contains_key("request_id"), "{body}");
    }
    let reply = at("GET", "/api/v1/messages/batches").await;
    assert_eq!((reply.status, &reply.json()["type"]), (404, &json!("error")));
    assert_eq!(reply.json()["error"]["type"], "not_found_error");
    for (method, path, allow) in [
        ("PUT", "/api/v1beta/models/tollgate/echo:generateContent", "GET,HEAD,POST"),
        ("GET", "/api/v1/models/tollgate/echo:generateContent", "POST"),
        ("POST", "/api/v1beta/models", "GET,HEAD"),
    ] {
        let reply = at(method, path).await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allow)), "{path}");
        let error = reply.json()["error"].clone();
        assert_eq!(error["code"], 405, "{error}");
        assert!(error["status"].is_string() && error["message"].is_string(), "{error}");
    }
    let error = at("GET", "/api/v1beta/files").await.json()["error"].clone();
    assert_eq!((&error["code"], &error["status"]), (&json!(404), &json!("NOT_FOUND")), "{error}");
    let reply = at("GET", "/api/chat").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    assert!(reply.json()["error"].is_string(), "{}", reply.text());
    let reply = at("POST", "/api/generate").await;
    assert_eq!(reply.status, 404);
    assert!(reply.json()["error"].is_string(), "{}", reply.text());
    let reply = at("GET", "/api/v1/responses").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")));
    assert_eq!(
        (&reply.json()["object"], &reply.json()["status"]),
        (&json!("response"), &json!("failed"))
    );
    assert_eq!(at("GET", "/api/v1/responses/resp_1").await.json()["object"], "response");
    // Elsewhere in the contract's own form.
    let reply = at("GET", "/api/v1/chat/completions").await;
    assert_eq!(reply.header("allow"), Some("POST"));
    reply.error(405, "invalid_request");
    at("POST", "/api/beta/files").await.error(404, "not_found");
}

#[tokio::test]
async fn what_a_recording_may_be_sent_as_is_told() {
    let world = World::new().await;
    let call = world.gateway.call("POST", "/audio/transcriptions");
    let reply = call.header("content-type", "text/plain").body("x").send().await;
    let message = reply.error_message(415, "invalid_request");
    assert!(
        message.contains("multipart/form-data") && message.contains("application/json"),
        "{message}"
    );
    let call = world.gateway.call("POST", "/chat/completions");
    let reply = call.header("content-type", "text/plain").body("x").send().await;
    let message = reply.error_message(415, "invalid_request");
    assert!(!message.contains("multipart/form-data"), "{message}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::new().await;
    let fits = |bytes: usize| {
        let mut body = good();
        let now = body.to_string().len();
        body["messages"][0]["content"] = "x".repeat(bytes - now + "Hello".len()).into();
        body.to_string()
    };
    assert_eq!(fits(BODY_BYTES_MAX).len(), BODY_BYTES_MAX);
    assert_eq!(world.sends(fits(BODY_BYTES_MAX)).await.status, 200);
    for size in [BODY_BYTES_MAX + 1, 3_000_000] {
        let reply = world.sends(fits(size)).await;
        let message = reply.error_message(413, "payload_too_large");
        assert!(message.contains("4096"), "{message}");
    }
    // The same in chunks, without its length told ahead.
    let key = world.gateway.key();
    let head = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let request = [head.as_str(), &chunk.repeat(9), "0\r\n\r\n"].concat();
    let answer = world.gateway.raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
    assert_eq!(world.gateway.chat(good()).await.said().text, "Hello");
}

/// Who asks before sending has sent nothing, so nothing is waited for.
#[tokio::test]
async fn a_body_that_is_too_large_is_not_asked_for() {
    let world = World::new().await;
    let key = world.gateway.key();
    let mut connection = world.gateway.connect().await;
    let head = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(tollgate_testkit::PATIENCE, connection.read(&mut answer));
    let length = read.await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(answer.get(..length).unwrap()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    world.is_well().await;
}

#[tokio::test]
async fn an_encoded_body_is_refused_by_the_name_of_its_encoding() {
    let world = World::new().await;
    let ask = |path: &'static str, encoding: &'static str| {
        let call = world.gateway.at("POST", path).key(world.gateway.key()).json(&good());
        call.header("content-encoding", encoding).send()
    };
    for (encoding, named) in [("gzip", "gzip"), ("identity, BR", "br"), ("zstd", "zstd")] {
        let reply = ask("/api/v1/chat/completions", encoding).await;
        let message = reply.error_message(415, "invalid_request");
        assert!(message.contains(&format!("Content-Encoding {named} ")), "{message}");
    }
    let reply = ask("/api/v1/messages", "gzip").await;
    assert_eq!((reply.status, &reply.json()["type"]), (415, &json!("error")), "{}", reply.text());
    let form =
        world.gateway.call("POST", "/audio/transcriptions").header("content-encoding", "gzip");
    let form = form.header("content-type", "multipart/form-data; boundary=x").body("x");
    let message = form.send().await.error_message(415, "invalid_request");
    assert!(message.contains("gzip"), "{message}");
    world.is_well().await;
    assert_eq!(ask("/api/v1/chat/completions", "identity").await.said().text, "Hello");
}

/// Escapes in a path that are not UTF-8 are told in the words of whoever asks there.
#[tokio::test]
async fn a_path_that_is_not_text_is_told() {
    let world = World::new().await;
    let gateway = &world.gateway;
    for (method, path) in [
        ("GET", "/api/v1/model/%ff/x"),
        ("GET", "/api/v1/models/%ff/x/endpoints"),
        ("GET", "/api/v1/images/models/%ff/x/endpoints"),
        ("GET", "/api/v1/keys/%ff"),
        ("PATCH", "/api/v1/keys/%ff"),
        ("DELETE", "/api/v1/keys/%ff"),
    ] {
        let call = gateway.at(method, path).key(gateway.management_key()).json(&json!({}));
        let message = call.send().await.error_message(400, "invalid_request");
        assert!(message.starts_with("Invalid path: "), "{path}: {message}");
        assert!(message.contains("UTF-8"), "{path}: {message}");
    }
    for (method, path) in [
        ("POST", "/api/v1beta/models/%ff:generateContent"),
        ("GET", "/api/v1beta/models/%ff"),
        ("POST", "/api/v1/models/a/%ff:streamGenerateContent"),
    ] {
        let reply = gateway.at(method, path).key(gateway.key()).json(&json!({})).send().await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
        assert!(error["message"].as_str().unwrap().contains("UTF-8"), "{path}: {error}");
    }
    world.is_well().await;
}

/// An image that is neither here nor anywhere is the caller's to mend, whoever is asked.
#[tokio::test]
async fn an_image_without_an_address_is_told() {
    let world = World::new().await;
    let gateway = &world.gateway;
    let content = json!([
        { "type": "text", "text": "What is it?" },
        { "type": "image_url", "image_url": { "url": "x.test/a.png" } },
    ]);
    let reply =
        gateway.chat(with("messages", json!([{ "role": "user", "content": content }]))).await;
    let message = reply.error_message(400, "invalid_image");
    assert!(message.starts_with("messages.0.content.1.image_url.url: "), "{message}");
    assert!(message.contains("x.test/a.png"), "{message}");
    let short = json!([{ "type": "image_url", "image_url": "iVBORw0KGgo=" }]);
    let reply = gateway.chat(with("messages", json!([{ "role": "user", "content": short }]))).await;
    let message = reply.error_message(400, "invalid_image");
    assert!(message.starts_with("messages.0.content.0.image_url: "), "{message}");
    let image = json!({ "type": "image", "source": { "type": "url", "url": "x.test/a.png" } });
    let messages = json!([{ "role": "user", "content": [image] }]);
    let item = json!({ "type": "input_image", "image_url": "x.test/a.png" });
    let input = json!([{ "role": "user", "content": "x" }, { "role": "user", "content": [item] }]);
    for (path, body, named) in [
        (
            "/messages",
            json!({ "model": "acme/small", "max_tokens": 9, "messages": messages }),
            "messages.0.content.0.source.url: ",
        ),
        ("/responses", json!({ "model": "acme/small", "input": input }), "input.1: image_url: "),
    ] {
        let reply = gateway.post(path, &body).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        let error = reply.json()["error"].clone();
        assert!(error["message"].as_str().unwrap().starts_with(named), "{path}: {error}");
    }
    world.is_well().await;
}

/// A data URI may be text with escapes; providers read base64 only.
#[tokio::test]
async fn data_with_escapes_goes_to_providers_as_base64() {
    let simulator = simulator().await;
    let rows = r#"
        [[model]]
        id = "claude/m"
        input = ["text", "image", "file"]
        [[model.endpoint]]
        provider = "claude"
        upstream_model = "echo"
    "#;
    let gateway = TestGateway::builder()
        .config(rows)
        .provider("claude", Protocol::Anthropic, &simulator)
        .start()
        .await;
    let content = json!([
        { "type": "text", "text": "Hello" },
        { "type": "file", "file": { "filename": "a.txt", "file_data": "data:text/plain,a%20b" } },
        { "type": "image_url", "image_url": { "url": "data:image/png,%89PNG%0D%0A%1A%0A" } },
    ]);
    let messages = json!([{ "role": "user", "content": content }]);
    gateway.chat(json!({ "model": "claude/m", "messages": messages })).await;
    let arrived = simulator.requests().pop().unwrap().json();
    let blocks = &arrived["messages"][0]["content"];
    assert_eq!(blocks[1]["source"]["data"], "a b", "{arrived}");
    let image = json!({ "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" });
    assert_eq!(blocks[2]["source"], image, "{arrived}");
}

#[tokio::test]
async fn a_body_that_stops_half_way_harms_nobody() {
    let world = World::new().await;
    let key = world.gateway.key();
    let body = good().to_string();
    let (half, _) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The client hangs up.
    let answer = world.gateway.raw_ended(format!("{head}{half}").as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // The client falls silent.
    let mut silent = world.gateway.connect().await;
    silent.write_all(format!("{head}{half}").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(tollgate_testkit::PATIENCE, silent.read(&mut answer));
    let length = read.await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(answer.get(..length).unwrap()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"error_type\":\"timeout\""), "{answer}");
    world.is_well().await;
}

#[tokio::test]
async fn what_is_not_http_harms_nobody() {
    let world = World::new().await;
    let cases: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"",
    ];
    for bytes in cases {
        let answer = world.gateway.raw_ended(bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    let answer = world.gateway.raw_ended(long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    world.is_well().await;
}
