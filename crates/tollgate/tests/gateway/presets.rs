//! Presets over real sockets: kept, called from every dialect, switched off, changed by another
//! process (contract §1.6, §5.1).

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, eventually, simulator};

const P1: &str = r#"{ input = "1", output = "2" }"#;
const P2: &str = r#"{ input = "2", output = "4" }"#;
const PROMPT: &str = "Answer as a pirate.";

/// `acme/m` and `acme/n` at a provider of chat, `acme/m` at one of Messages too.
async fn world() -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::Anthropic, &simulator)
        .endpoint("acme/m", "first", "echo", P1)
        .endpoint("acme/m", "second", "echo", P2)
        .endpoint("acme/n", "first", "prose", P1)
        .start()
        .await;
    (gateway, simulator)
}

fn hello() -> Value {
    json!([{ "role": "user", "content": "Hello" }])
}

fn function(name: &str, description: &str) -> Value {
    json!({ "type": "function", "function": {
        "name": name, "description": description, "parameters": { "type": "object", "properties": {} },
    } })
}

/// A chat request that a preset is made of.
fn pirate() -> Value {
    json!({
        "model": "acme/m", "temperature": 0.25, "max_tokens": 64, "stream": true, "user": "u",
        "cache_enabled": true, "cache_ttl": 60,
        "messages": [{ "role": "system", "content": PROMPT }, { "role": "user", "content": "x" }],
    })
}

async fn save(gateway: &TestGateway, slug: &str, body: &Value) -> Value {
    let reply = gateway.post(&format!("/presets/{slug}/chat/completions"), body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].clone()
}

/// What the provider received last.
fn arrived(simulator: &Simulator) -> Value {
    simulator.requests().pop().unwrap().json()
}

fn chat(members: Value) -> Value {
    let mut body = members;
    body["messages"] = hello();
    body
}

#[tokio::test]
async fn section_1_6_a_request_becomes_a_preset_and_no_model_answers() {
    let (gateway, simulator) = world().await;
    let made = save(&gateway, "pirate", &pirate()).await;
    assert_eq!(simulator.requests().len(), 0);
    let version = &made["designated_version"];
    for (member, expected) in [
        ("slug", json!("pirate")),
        ("name", json!("pirate")),
        ("description", Value::Null),
        ("status", json!("active")),
        ("status_updated_at", Value::Null),
        ("creator_user_id", Value::Null),
        ("workspace_id", json!("00000000-0000-0000-0000-000000000000")),
        ("designated_version_id", version["id"].clone()),
    ] {
        assert_eq!(made[member], expected, "{member}: {made}");
    }
    assert_eq!(version["preset_id"], made["id"], "{made}");
    assert_eq!((&version["version"], &version["system_prompt"]), (&json!(1), &json!(PROMPT)));
    assert_eq!(
        version["config"],
        json!({
            "model": "acme/m", "temperature": 0.25, "max_tokens": 64, "cache_enabled": true,
            "cache_ttl": 60,
        })
    );
    // Every way to read it says the same.
    let read = gateway.get("/presets/pirate").await.json();
    assert_eq!(read["data"], made);
    let listed = gateway.get("/presets").await.json();
    let mut plain = made.clone();
    plain.as_object_mut().unwrap().remove("designated_version");
    assert_eq!(listed, json!({ "data": [plain], "total_count": 1 }));
    let versions = gateway.get("/presets/pirate/versions").await.json();
    assert_eq!(versions, json!({ "data": [version], "total_count": 1 }));
    let one = gateway.get("/presets/pirate/versions/1").await.json();
    assert_eq!(one["data"], *version);
    // Nothing of it was a call.
    assert_eq!(gateway.generations().await, 0);
}

#[tokio::test]
async fn section_1_6_messages_and_responses_become_presets_in_chats_words() {
    let (gateway, simulator) = world().await;
    let messages = json!({
        "model": "acme/m", "max_tokens": 9, "system": PROMPT, "messages": hello(),
        "tools": [{ "name": "look", "input_schema": { "type": "object" } }],
    });
    let responses = json!({
        "model": "acme/m", "max_output_tokens": 9, "instructions": PROMPT, "input": "x",
        "tools": [{ "type": "function", "name": "look", "parameters": { "type": "object" } }],
    });
    for (path, body) in [("messages", messages), ("responses", responses)] {
        let saved = gateway.post(&format!("/presets/{path}/{path}"), &body).await.json();
        let version = &saved["data"]["designated_version"];
        assert_eq!(version["system_prompt"], PROMPT, "{saved}");
        assert_eq!(version["config"]["model"], "acme/m", "{saved}");
        assert_eq!(version["config"]["max_tokens"], 9, "{saved}");
        assert_eq!(version["config"]["tools"][0]["function"]["name"], "look", "{saved}");
        let called = gateway.chat(chat(json!({ "model": format!("@preset/{path}") }))).await;
        assert_eq!(called.said().text, "Hello");
        let sent = arrived(&simulator);
        assert_eq!(sent["messages"][0]["content"], PROMPT, "{sent}");
        assert_eq!(sent["tools"][0]["function"]["name"], "look", "{sent}");
    }
}

#[tokio::test]
async fn section_2_1_a_preset_is_named_in_three_ways() {
    let (gateway, simulator) = world().await;
    let made = save(&gateway, "pirate", &pirate()).await;
    for (body, requested, model) in [
        (json!({ "model": "@preset/pirate" }), "@preset/pirate", "acme/m"),
        (json!({ "model": "acme/n@preset/pirate" }), "acme/n@preset/pirate", "acme/n"),
        (json!({ "model": "acme/n", "preset": "pirate" }), "acme/n", "acme/n"),
        (json!({ "preset": "pirate" }), "@preset/pirate", "acme/m"),
    ] {
        for stream in [false, true] {
            let body = chat(body.clone());
            let said = if stream {
                gateway.chat_stream(body).await.said()
            } else {
                gateway.chat(body).await.said()
            };
            assert_eq!(said.model, model, "{requested}");
            let sent = arrived(&simulator);
            assert_eq!(sent["messages"][0], json!({ "role": "system", "content": PROMPT }));
            assert_eq!((&sent["temperature"], &sent["max_tokens"]), (&json!(0.25), &json!(64)));
            for ours in ["preset", "cache_enabled", "cache_ttl"] {
                assert!(sent.get(ours).is_none(), "{ours}: {sent}");
            }
            let record = gateway.generation(&said.id).await;
            assert_eq!(record["requested_model"], requested, "{record}");
            assert_eq!(record["model"], model, "{record}");
            assert_eq!(record["preset_id"], made["id"], "{record}");
        }
    }
    let plain = gateway.chat(chat(json!({ "model": "acme/m" }))).await.said();
    assert_eq!(gateway.generation(&plain.id).await["preset_id"], Value::Null);
    assert_eq!(arrived(&simulator)["messages"], hello());
}

#[tokio::test]
async fn section_5_1_the_requests_fields_win_and_tools_are_united() {
    let (gateway, simulator) = world().await;
    let kept = json!({
        "model": "acme/m", "temperature": 0.25, "max_tokens": 64,
        "provider": { "only": ["first"] },
        "tools": [function("look", "kept"), function("go", "kept")],
        "messages": [{ "role": "system", "content": PROMPT }],
    });
    save(&gateway, "pirate", &kept).await;
    let own = json!({ "role": "system", "content": "Be brief." });
    let body = json!({
        "model": "@preset/pirate", "temperature": 1, "max_completion_tokens": 5,
        "tools": [function("sing", "asked"), function("go", "asked")],
        "messages": [own, { "role": "user", "content": "Hello" }],
    });
    assert_eq!(gateway.chat(body).await.said().provider, "First");
    let sent = arrived(&simulator);
    assert_eq!(sent["temperature"], 1, "{sent}");
    assert!(sent["max_tokens"] == 5 || sent["max_completion_tokens"] == 5, "{sent}");
    assert_eq!(
        sent["tools"],
        json!([function("look", "kept"), function("go", "asked"), function("sing", "asked")])
    );
    let system = json!({ "role": "system", "content": PROMPT });
    assert_eq!(sent["messages"], json!([system, own, { "role": "user", "content": "Hello" }]));
    // An object is overridden as a whole.
    let body = chat(json!({ "model": "@preset/pirate", "provider": { "order": ["second"] } }));
    assert_eq!(gateway.chat(body).await.said().provider, "Second");
}

/// What a client of another dialect asks, and where its answer has the text.
fn dialects() -> [(&'static str, Value, &'static str); 5] {
    let contents = json!([{ "role": "user", "parts": [{ "text": "Hello" }] }]);
    [
        (
            "/api/v1/messages",
            json!({ "model": "@preset/pirate", "max_tokens": 5, "messages": hello() }),
            "/content/0/text",
        ),
        (
            "/api/v1/responses",
            json!({ "model": "@preset/pirate", "input": "Hello" }),
            "/output/0/content/0/text",
        ),
        (
            "/api/v1beta/models/@preset/pirate:generateContent",
            json!({ "contents": contents }),
            "/candidates/0/content/parts/0/text",
        ),
        (
            "/api/chat",
            json!({ "model": "@preset/pirate", "stream": false, "messages": hello() }),
            "/message/content",
        ),
        (
            "/api/v1/completions",
            json!({ "model": "@preset/pirate", "prompt": "Hello" }),
            "/choices/0/text",
        ),
    ]
}

async fn send(gateway: &TestGateway, path: &str, body: &Value) -> Reply {
    gateway.at("POST", path).key(gateway.key()).json(body).send().await
}

#[tokio::test]
async fn section_5_1_every_dialect_calls_presets() {
    let (gateway, simulator) = world().await;
    let made = save(&gateway, "pirate", &pirate()).await;
    for provider in ["first", "second"] {
        for (path, body, text) in dialects() {
            let mut body = body;
            body["provider"] = json!({ "only": [provider] });
            let reply = send(&gateway, path, &body).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            let answer = reply.json();
            assert_eq!(answer.pointer(text), Some(&json!("Hello")), "{path}: {answer}");
            let sent = arrived(&simulator);
            let prompt = if provider == "first" {
                sent["messages"][0]["content"].clone()
            } else {
                // Messages has a place of its own for it.
                let system = &sent["system"];
                system.get(0).map_or(system, |block| &block["text"]).clone()
            };
            assert_eq!(prompt, PROMPT, "{path} {provider}: {sent}");
            assert_eq!(sent["temperature"], 0.25, "{path} {provider}: {sent}");
            let most = if path.ends_with("/messages") { 5 } else { 64 };
            assert_eq!(sent["max_tokens"], most, "{path} {provider}: {sent}");
            let record = gateway.generation(reply.header("x-generation-id").unwrap()).await;
            assert_eq!(record["preset_id"], made["id"], "{path}: {record}");
            assert_eq!(record["requested_model"], "@preset/pirate", "{path}: {record}");
        }
    }
}

#[tokio::test]
async fn section_5_1_what_is_only_about_routing_lets_the_bytes_through() {
    let (gateway, simulator) = world().await;
    let kept = json!({
        "model": "acme/m", "provider": { "only": ["second"] }, "cache_enabled": true,
        "messages": [{ "role": "user", "content": "x" }],
    });
    save(&gateway, "route", &kept).await;
    // Written as no translation writes it.
    let messages = r#"[ {"role" : "user",  "content":"\u0048ello"} ]"#;
    let body = format!(r#"{{"model":"@preset/route","max_tokens":5,"messages":{messages}}}"#);
    let call = gateway.call("POST", "/messages").header("content-type", "application/json");
    let reply = call.body(body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sent = String::from_utf8(simulator.requests().pop().unwrap().body.to_vec()).unwrap();
    assert!(sent.contains(messages), "{sent}");
    let sent = arrived(&simulator);
    for ours in ["provider", "preset", "cache_enabled"] {
        assert!(sent.get(ours).is_none(), "{ours}: {sent}");
    }
}

#[tokio::test]
async fn section_1_6_new_versions_and_the_designated_one() {
    let (gateway, simulator) = world().await;
    let first = save(&gateway, "pirate", &pirate()).await;
    let mut changed = pirate();
    changed["temperature"] = json!(0.75);
    let second = save(&gateway, "pirate", &changed).await;
    assert_eq!(second["id"], first["id"]);
    assert_eq!(second["designated_version"]["version"], 2);
    let temperature = || async {
        gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await.said();
        arrived(&simulator)["temperature"].clone()
    };
    assert_eq!(temperature().await, 0.75);
    let back = gateway.patch("/presets/pirate", &json!({ "designated_version": 1 })).await.json();
    assert_eq!(back["data"]["designated_version"], first["designated_version"], "{back}");
    assert_eq!(temperature().await, 0.25);
    let versions = gateway.get("/presets/pirate/versions?limit=1").await.json();
    assert_eq!(versions["total_count"], 2, "{versions}");
    assert_eq!(versions["data"], json!([second["designated_version"]]));
    let versions = gateway.get("/presets/pirate/versions?offset=1").await.json();
    assert_eq!(versions["data"], json!([first["designated_version"]]));
    let named = json!({ "name": "Pirate", "description": "Arr" });
    let named = gateway.patch("/presets/pirate", &named).await.json();
    assert_eq!(
        (&named["data"]["name"], &named["data"]["description"]),
        (&json!("Pirate"), &json!("Arr"))
    );
    let bare = gateway.patch("/presets/pirate", &json!({ "description": null })).await.json();
    assert_eq!(
        (&bare["data"]["name"], &bare["data"]["description"]),
        (&json!("Pirate"), &Value::Null)
    );
}

#[tokio::test]
async fn section_1_6_what_is_not_there_or_switched_off_is_refused() {
    let (gateway, simulator) = world().await;
    let call = |model: &str| gateway.chat(chat(json!({ "model": model })));
    let message = call("@preset/nobody").await.error_message(404, "not_found");
    assert!(message.contains("`nobody`"), "{message}");
    save(&gateway, "pirate", &pirate()).await;
    for status in ["disabled", "archived"] {
        let patched = gateway.patch("/presets/pirate", &json!({ "status": status })).await.json();
        assert_eq!(patched["data"]["status"], status, "{patched}");
        assert!(patched["data"]["status_updated_at"].is_string(), "{patched}");
        let message = call("@preset/pirate").await.error_message(403, "permission_denied");
        assert!(message.contains(&format!("is {status}")), "{message}");
        // In the words of other dialects, too.
        for (path, body, _) in dialects() {
            let reply = send(&gateway, path, &body).await;
            assert_eq!(reply.status, 403, "{path}: {}", reply.text());
        }
    }
    let again = gateway.post("/presets/pirate/chat/completions", &pirate()).await;
    assert!(again.error_message(409, "invalid_request").contains("archived"));
    gateway.patch("/presets/pirate", &json!({ "status": "active" })).await;
    assert_eq!(call("@preset/pirate").await.status, 200);
    assert_eq!(simulator.requests().len(), 1);
    let path = "/presets/pirate";
    for (change, status, error_type) in [
        (json!({ "designated_version": 2 }), 404, "not_found"),
        (json!({ "status": "gone" }), 400, "invalid_request"),
        (json!({ "name": " " }), 400, "invalid_request"),
    ] {
        gateway.patch(path, &change).await.error(status, error_type);
    }
    for path in ["/presets/nobody", "/presets/nobody/versions", "/presets/pirate/versions/2"] {
        gateway.get(path).await.error(404, "not_found");
    }
    for path in ["/presets?limit=101", "/presets?limit=0", "/presets/pirate/versions/x"] {
        gateway.get(path).await.error(400, "invalid_request");
    }
    gateway.patch("/presets/nobody", &json!({ "name": "x" })).await.error(404, "not_found");
    gateway
        .post("/presets/Not_This/chat/completions", &pirate())
        .await
        .error(400, "invalid_request");
    let nested = chat(json!({ "model": "@preset/pirate" }));
    gateway.post("/presets/two/chat/completions", &nested).await.error(400, "invalid_request");
    for (body, part) in [
        (json!({ "models": ["acme/m", "@preset/pirate"] }), "models: "),
        (json!({ "model": "@preset/pirate", "preset": "other" }), "preset: "),
    ] {
        let message = gateway.chat(chat(body)).await.error_message(400, "invalid_request");
        assert!(message.starts_with(part), "{message}");
    }
    let deleted = gateway.delete("/presets/pirate").await;
    assert_eq!(deleted.json(), json!({ "deleted": true }));
    gateway.delete("/presets/pirate").await.error(404, "not_found");
    call("@preset/pirate").await.error(404, "not_found");
}

#[tokio::test]
async fn section_1_6_a_preset_is_of_its_workspace() {
    let (gateway, _simulator) = world().await;
    save(&gateway, "pirate", &pirate()).await;
    let elsewhere = gateway.key_with(|key| key.workspace_id = "elsewhere".to_owned()).await;
    let ask =
        |method: &str, path: &str| gateway.at(method, &format!("/api/v1{path}")).key(&elsewhere);
    assert_eq!(ask("GET", "/presets").send().await.json()["total_count"], 0);
    ask("GET", "/presets/pirate").send().await.error(404, "not_found");
    ask("DELETE", "/presets/pirate").send().await.error(404, "not_found");
    let body = chat(json!({ "model": "@preset/pirate" }));
    ask("POST", "/chat/completions").json(&body).send().await.error(404, "not_found");
    let own = ask("POST", "/presets/pirate/chat/completions").json(&pirate()).send().await;
    assert_eq!(own.json()["data"]["workspace_id"], "elsewhere");
    gateway.get("/presets").await.json()["data"]
        .as_array()
        .map(Vec::len)
        .filter(|it| *it == 1)
        .unwrap();
}

#[tokio::test]
async fn section_1_6_presets_survive_a_restart() {
    let simulator = simulator().await;
    let builder = || {
        TestGateway::builder()
            .provider("first", Protocol::OpenAi, &simulator)
            .endpoint("acme/m", "first", "echo", P1)
    };
    let gateway = builder().start().await;
    save(&gateway, "pirate", &pirate()).await;
    let stopped = gateway.stop().await;
    let gateway = builder().on(stopped).start().await;
    gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await.said();
    assert_eq!(arrived(&simulator)["messages"][0]["content"], PROMPT);
}

/// Runs the program on the data of a gateway that runs here, which goes on meanwhile: one that
/// stands still may do so with the database locked.
async fn run(gateway: &TestGateway, arguments: &[&str]) -> Value {
    let file = gateway.config_file();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments).args(["--json", "--config"]).arg(&file);
    command.arg("--data-dir").arg(file.parent().unwrap()).env_clear().stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}{errors}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn section_1_6_the_command_line_changes_what_a_running_gateway_does() {
    let (gateway, simulator) = world().await;
    let file = gateway.config_file().with_file_name("body.json");
    std::fs::write(&file, pirate().to_string()).unwrap();
    let path = file.display().to_string();
    let set =
        run(&gateway, &["presets", "set", "pirate", "--file", &path, "--name", "Pirate"]).await;
    assert_eq!(
        (&set["slug"], &set["name"], &set["version"]),
        (&json!("pirate"), &json!("Pirate"), &json!(1))
    );
    assert_eq!(set["config"]["temperature"], 0.25, "{set}");
    // Seen at once: an unknown name is looked up.
    let said = gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await.said();
    assert_eq!(
        (said.text.as_str(), arrived(&simulator)["temperature"].clone()),
        ("Hello", json!(0.25))
    );
    let mut changed = pirate();
    changed["temperature"] = json!(0.75);
    changed["provider"] = json!({ "sort": "price" });
    std::fs::write(&file, changed.to_string()).unwrap();
    run(&gateway, &["presets", "set", "pirate", "--file", &path]).await;
    eventually("the new version", || async {
        gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await.said();
        (arrived(&simulator)["temperature"] == 0.75).then_some(())
    })
    .await;
    let listed = run(&gateway, &["presets", "list"]).await;
    assert_eq!((&listed[0]["slug"], &listed[0]["latest_version"]), (&json!("pirate"), &json!(2)));
    let shown = run(&gateway, &["presets", "show", "pirate", "--version", "1"]).await;
    assert_eq!((&shown["version"], &shown["designated_version"]), (&json!(1), &json!(2)));
    // Where its calls would go is known here, too.
    let explained = run(&gateway, &["route", "explain", "--model", "@preset/pirate"]).await;
    assert_eq!(explained["sort"], "price", "{explained}");
    assert_eq!(explained["candidates"][0]["endpoint"], "first/acme/m", "{explained}");
    run(&gateway, &["presets", "set", "pirate", "--status", "disabled"]).await;
    eventually("it is off", || async {
        let reply = gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await;
        (reply.status == 403).then_some(())
    })
    .await;
    let gone = run(&gateway, &["presets", "rm", "pirate"]).await;
    assert_eq!(gone, json!({ "deleted": true, "slug": "pirate" }));
    eventually("it is gone", || async {
        let reply = gateway.chat(chat(json!({ "model": "@preset/pirate" }))).await;
        (reply.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_presets_hedge_and_providers_are_those_of_its_calls() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "first", "echo+hang", P1)
        .endpoint("acme/m", "second", "echo", P2)
        .start()
        .await;
    let kept =
        chat(json!({ "model": "acme/m", "provider": { "order": ["first"], "hedge": true } }));
    save(&gateway, "quick", &kept).await;
    let said = gateway.chat(chat(json!({ "model": "@preset/quick" }))).await.said();
    assert_eq!(said.provider, "Second");
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["provider_responses"][0]["fault"], "overtaken", "{record}");
    let explained =
        gateway.post("/routing/explain", &chat(json!({ "model": "@preset/quick" }))).await;
    let plan = explained.json();
    assert_eq!(plan["data"]["candidates"][0]["place"], "ordered", "{plan}");
    let nobody = chat(json!({ "model": "@preset/nobody" }));
    gateway.post("/routing/explain", &nobody).await.error(404, "not_found");
}

#[tokio::test]
async fn what_is_counted_loaded_or_embedded_takes_a_preset_too() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::Anthropic, &simulator)
        .endpoint("acme/m", "second", "echo", P1)
        .config(
            "[[model]]\nid = \"acme/e\"\noutput = [\"embeddings\"]\n[[endpoint]]\n\
             model = \"acme/e\"\nprovider = \"first\"\nupstream_model = \"embeddings\"\n",
        )
        .start()
        .await;
    save(&gateway, "pirate", &pirate()).await;
    save(&gateway, "embed", &chat(json!({ "model": "acme/e", "temperature": 0.5 }))).await;
    let embedded =
        gateway.post("/embeddings", &json!({ "model": "@preset/embed", "input": "x" })).await;
    assert_eq!(embedded.status, 200, "{}", embedded.text());
    assert!(arrived(&simulator).get("temperature").is_none());
    let record = gateway.generation(embedded.header("x-generation-id").unwrap()).await;
    assert_eq!(
        (&record["model"], &record["requested_model"]),
        (&json!("acme/e"), &json!("@preset/embed"))
    );
    let path = "/api/v1/messages/count_tokens";
    let counted = |model: &str| {
        let body = json!({ "model": model, "messages": hello() });
        let gateway = &gateway;
        async move { send(gateway, path, &body).await.json()["input_tokens"].as_u64().unwrap() }
    };
    // The preset's instructions are a part of what is asked.
    assert!(counted("@preset/pirate").await > counted("acme/m").await);
    let load = json!({ "model": "@preset/pirate", "messages": [] });
    assert_eq!(send(&gateway, "/api/chat", &load).await.status, 200);
    let nobody = json!({ "model": "@preset/nobody", "messages": [] });
    assert_eq!(send(&gateway, "/api/chat", &nobody).await.status, 404);
}

#[tokio::test]
async fn section_1_3_callers_say_what_was_wrong_with_an_answer() {
    let (gateway, _simulator) = world().await;
    let said = gateway.chat(chat(json!({ "model": "acme/m" }))).await.said();
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["feedback"], json!([]));
    let feedback = |members: Value| {
        let mut body = members;
        body["generation_id"] = json!(said.id);
        body
    };
    let path = "/generation/feedback";
    let words = feedback(json!({ "category": "incorrect_response", "comment": "Not so." }));
    assert_eq!(gateway.post(path, &words).await.json(), json!({ "data": { "success": true } }));
    // Any key of the workspace may, one that manages too.
    let bare = feedback(json!({ "category": "latency" }));
    let managing = gateway.at("POST", "/api/v1/generation/feedback").key(gateway.management_key());
    assert_eq!(managing.json(&bare).send().await.status, 200);
    let record = gateway.generation(&said.id).await;
    let kept = record["feedback"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> =
        kept.iter().map(|it| (&it["category"], &it["comment"])).collect();
    assert_eq!(
        told,
        [(&json!("incorrect_response"), &json!("Not so.")), (&json!("latency"), &Value::Null)]
    );
    assert!(kept.iter().all(|it| it["created_at"].is_string()), "{kept:?}");
    for (body, status, error_type) in [
        (feedback(json!({ "category": "boredom" })), 400, "invalid_request"),
        (feedback(json!({})), 400, "invalid_request"),
        (
            feedback(json!({ "category": "other", "comment": "é".repeat(1_001) })),
            400,
            "invalid_request",
        ),
        (json!({ "generation_id": "gen-0-none", "category": "other" }), 404, "not_found"),
    ] {
        gateway.post(path, &body).await.error(status, error_type);
    }
    let longest = feedback(json!({ "category": "other", "comment": "é".repeat(1_000) }));
    assert_eq!(gateway.post(path, &longest).await.status, 200);
    let elsewhere = gateway.key_with(|key| key.workspace_id = "elsewhere".to_owned()).await;
    let stranger = gateway.at("POST", "/api/v1/generation/feedback").key(&elsewhere);
    stranger.json(&bare).send().await.error(404, "not_found");
}
