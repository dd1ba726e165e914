//! The operator's rules: what they make of calls, who is told, and how they are changed.

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Said, TestGateway, simulator, usd};

pub(super) const CHEAP: &str = r#"{ input = "1", output = "2" }"#;
pub(super) const DEAR: &str = r#"{ input = "10", output = "20" }"#;

pub(super) fn asking(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": text }] })
}

/// `acme/small` repeats what it is told, `acme/big` tells a story; each at its own provider.
pub(super) fn two(simulator: &Simulator) -> Builder {
    with(simulator, "echo", "prose")
}

pub(super) fn with(simulator: &Simulator, small: &str, big: &str) -> Builder {
    TestGateway::builder()
        .provider("first", Protocol::OpenAi, simulator)
        .provider("second", Protocol::Anthropic, simulator)
        .endpoint("acme/small", "first", small, CHEAP)
        .endpoint("acme/big", "second", big, DEAR)
}

/// What rules made of a call, by its record.
pub(super) async fn policy_of(gateway: &TestGateway, id: &str) -> Value {
    gateway.generation(id).await["routing"]["policy"].clone()
}

pub(super) async fn ask(gateway: &TestGateway, body: Value) -> (Said, Value) {
    let said = gateway.chat(body).await.said();
    let policy = policy_of(gateway, &said.id).await;
    (said, policy)
}

/// Both streamed and whole.
pub(super) async fn both(gateway: &TestGateway, body: &Value) -> [(Said, Value); 2] {
    let whole = ask(gateway, body.clone()).await;
    let streamed = gateway.chat_stream(body.clone()).await.said();
    let policy = policy_of(gateway, &streamed.id).await;
    [whole, (streamed, policy)]
}

pub(super) fn stages(policy: &Value) -> Vec<(&str, &str)> {
    let stages = policy["stages"].as_array().unwrap().iter();
    stages.map(|it| (it["model"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_rule_chooses_the_model_by_what_is_asked_and_who_asks() {
    let simulator = simulator().await;
    let rules = r#"
        [attribution]
        headers = ["X-Department"]
        [[rule]]
        name = "code"
        when = { code = true }
        then = { models = ["acme/big"] }
        [[rule]]
        name = "law"
        when = { tag = { x-department = "law" } }
        then = { models = ["acme/big"], tag = "legal" }
        [[rule]]
        name = "browsers"
        when = { header = { x-client = "web-*" } }
        then = { models = ["acme/big"] }
    "#;
    let gateway = two(&simulator).config(rules).start().await;
    let (said, policy) = ask(&gateway, asking("acme/small", "Hello")).await;
    assert_eq!((said.provider.as_str(), &policy), ("First", &Value::Null));
    let code = "Fix this:\n```rust\nfn main() { println!(\"{}\", x); }\n```";
    let (said, policy) = ask(&gateway, asking("acme/small", code)).await;
    assert_eq!((said.provider.as_str(), said.model.as_str()), ("Second", "acme/big"));
    assert_eq!(policy["rules"], json!([{ "name": "code", "what": "models" }]), "{policy}");
    assert_eq!(policy["version"], Value::Null, "{policy}");
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["requested_model"].as_str().unwrap_or("acme/small"), "acme/small");
    for (name, value, rule) in [("X-Department", "law", "law"), ("X-Client", "web-1", "browsers")] {
        let call = gateway.chat_call(&asking("acme/small", "Hello")).header(name, value);
        let said = call.send().await.said();
        assert_eq!(said.provider, "Second", "{rule}");
        let policy = policy_of(&gateway, &said.id).await;
        assert_eq!(policy["rules"][0]["name"], rule, "{policy}");
        let labels = if rule == "law" { json!(["legal"]) } else { json!([]) };
        assert_eq!(policy["labels"], labels, "{policy}");
    }
    let other = gateway.chat_call(&asking("acme/small", "Hello")).header("X-Client", "app");
    assert_eq!(other.send().await.said().provider, "First");
}

#[tokio::test]
async fn no_request_relaxes_what_a_rule_restricts() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "no first"
        then = { restrict = { ignore = ["first"] } }
        [[rule]]
        name = "closed"
        when = { model = ["acme/big"], user = "guest-*" }
        then = { restrict = { deny = true, message = "Guests have the small one." } }
    "#;
    let gateway =
        two(&simulator).endpoint("acme/small", "second", "echo", DEAR).config(rules).start().await;
    let mut body = asking("acme/small", "Hello");
    body["provider"] = json!({ "order": ["first"] });
    let (said, _) = ask(&gateway, body.clone()).await;
    assert_eq!(said.provider, "Second");
    let plan = gateway.generation(&said.id).await["routing"]["candidates"].clone();
    let reason = "is ignored, by the rule `no first`";
    assert_eq!(plan[1]["reason"], reason, "{plan}");
    body["provider"] = json!({ "only": ["first"] });
    let message = gateway.chat(body).await.error_message(404, "not_found");
    assert!(message.contains("allowed providers") || message.contains("no first"), "{message}");
    let mut guest = asking("acme/big", "Hello");
    guest["user"] = json!("guest-1");
    let message = gateway.chat(guest).await.error_message(403, "permission_denied");
    assert_eq!(message, "Guests have the small one.");
}

#[tokio::test]
async fn what_a_rule_prefers_a_request_may_say_otherwise() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "dear first"
        then = { prefer = { order = ["second"] }, hedge = true }
    "#;
    let gateway =
        two(&simulator).endpoint("acme/small", "second", "echo", DEAR).config(rules).start().await;
    let mut body = asking("acme/small", "Hello");
    assert_eq!(ask(&gateway, body.clone()).await.0.provider, "Second");
    body["provider"] = json!({ "order": ["first"] });
    assert_eq!(ask(&gateway, body).await.0.provider, "First");
}

#[tokio::test]
async fn a_split_is_sticky_by_user_and_its_arms_are_added_up() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "canary"
        [rule.then.split]
        by = "user"
        arms = [
          { name = "control", weight = 50 },
          { name = "big", weight = 50, models = ["acme/big"] },
        ]
    "#;
    let gateway = with(&simulator, "echo", "echo").config(rules).start().await;
    let (mut control, mut big) = (0, 0);
    for user in 0..24 {
        let mut body = asking("acme/small", "Hello");
        body["user"] = json!(format!("user-{user}"));
        let (first, policy) = ask(&gateway, body.clone()).await;
        let (second, again) = ask(&gateway, body).await;
        assert_eq!(first.provider, second.provider, "user {user}");
        assert_eq!(policy["arm"], again["arm"], "user {user}");
        assert_eq!(policy["experiment"], "canary");
        match first.model.as_str() {
            "acme/small" => control += 2,
            _ => big += 2,
        }
    }
    // Each has a chance of one in some millions of never being drawn.
    assert!(control > 0 && big > 0, "{control} {big}");
    let call = gateway.call("GET", "/routing/experiments").key(gateway.management_key());
    let experiments = call.send().await.json();
    let arms = &experiments["data"][0]["arms"];
    assert_eq!(experiments["data"][0]["name"], "canary", "{experiments}");
    assert_eq!(arms[0]["name"], "big", "{experiments}");
    assert_eq!(arms[0]["calls"], big, "{experiments}");
    assert_eq!(arms[1]["calls"], control, "{experiments}");
    assert_eq!(arms[1]["failed"], 0, "{experiments}");
    assert!(arms[0]["cost"].as_f64().unwrap() > 0.0, "{experiments}");
}

#[tokio::test]
async fn a_budget_that_runs_down_leads_to_the_cheap_model() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "thrift"
        when = { spent = { min = 0.5 } }
        then = { models = ["acme/small"] }
    "#;
    let gateway = with(&simulator, "echo", "echo").config(rules).start().await;
    let key = gateway.key_with(|key| key.limit = Some(usd("0.0002"))).await;
    let mut models = Vec::new();
    for _ in 0..8 {
        let call = gateway.chat_call(&asking("acme/big", "Hello")).key(&key);
        models.push(call.send().await.said().model);
    }
    assert!(models.starts_with(&["acme/big".to_owned(), "acme/big".to_owned()]), "{models:?}");
    assert_eq!(models.last().unwrap(), "acme/small", "{models:?}");
}

#[tokio::test]
async fn rules_are_versions_that_are_in_force_at_once() {
    let simulator = simulator().await;
    let gateway = two(&simulator).start().await;
    let manage =
        |method: &'static str, path: &str| gateway.call(method, path).key(gateway.management_key());
    let none = manage("GET", "/routing/policy").send().await.json();
    assert_eq!(none["data"]["version"], 0, "{none}");
    let to = |model: &str| json!([{ "name": "r", "then": { "models": [model] } }]);
    let put = |body: Value| manage("PUT", "/routing/policy").json(&body).send();
    let first = put(json!({ "rules": to("acme/big"), "note": "why" })).await.json();
    assert_eq!(first["data"]["version"], 1, "{first}");
    assert_eq!(first["data"]["note"], "why", "{first}");
    let (said, policy) = ask(&gateway, asking("acme/small", "Hello")).await;
    assert_eq!((said.model.as_str(), &policy["version"]), ("acme/big", &json!(1)));
    let second = put(json!({ "rules": [], "expected_version": 1 })).await.json();
    assert_eq!(second["data"]["version"], 2, "{second}");
    assert_eq!(ask(&gateway, asking("acme/small", "Hello")).await.0.model, "acme/small");
    let late = put(json!({ "rules": [], "expected_version": 1 })).await;
    late.error(409, "invalid_request");
    let wrong =
        json!({ "rules": [{ "name": "r", "then": { "modles": ["a/b"] } }, { "then": {} }] });
    let message = put(wrong).await.error_message(400, "invalid_request");
    assert!(
        message.contains("rule[0].then") && message.contains("did you mean `models`"),
        "{message}"
    );
    assert!(message.contains("rule[1]"), "{message}");
    let restored = manage("POST", "/routing/policy/versions/1/restore").send().await.json();
    assert_eq!(restored["data"]["version"], 3, "{restored}");
    assert_eq!(restored["data"]["note"], "version 1, restored", "{restored}");
    assert_eq!(ask(&gateway, asking("acme/small", "Hello")).await.0.model, "acme/big");
    let versions = manage("GET", "/routing/policy/versions").send().await.json();
    let numbers: Vec<&Value> =
        versions["data"].as_array().unwrap().iter().map(|it| &it["version"]).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let second = manage("GET", "/routing/policy/versions/2").send().await.json();
    assert_eq!(second["data"]["rules"], json!([]), "{second}");
    manage("GET", "/routing/policy/versions/9").send().await.error(404, "not_found");
    let inference = gateway.get("/routing/policy").await;
    inference.error(403, "permission_denied");
    // They outlive the process.
    let stopped = gateway.stop().await;
    let gateway = two(&simulator).on(stopped).start().await;
    assert_eq!(ask(&gateway, asking("acme/small", "Hello")).await.0.model, "acme/big");
}

#[tokio::test]
async fn models_that_are_not_known_are_kept_and_warned_of() {
    let simulator = simulator().await;
    let gateway = two(&simulator).start().await;
    let manage =
        |method: &'static str, path: &str| gateway.call(method, path).key(gateway.management_key());
    let put = |models: Value| {
        let rules = json!([{ "name": "r", "then": { "models": models } }]);
        manage("PUT", "/routing/policy").json(&json!({ "rules": rules })).send()
    };
    let warning = json!(["rule `r`: no model is named `acme/smal`; did you mean `acme/small`?"]);
    let put_unknown = put(json!(["acme/smal", "acme/big"])).await.json();
    assert_eq!(put_unknown["warnings"], warning, "{put_unknown}");
    assert_eq!(put_unknown["data"]["version"], 1, "it is saved all the same");
    let put_known = put(json!(["acme/small:nitro", "openrouter/auto", "acme/*"])).await.json();
    assert_eq!(put_known.get("warnings"), None, "{put_known}");
    let restored = manage("POST", "/routing/policy/versions/1/restore").send().await.json();
    assert_eq!(restored["warnings"], warning, "{restored}");
    let save = |model: &'static str| async {
        let mut body = asking(model, "Hello");
        body["models"] = json!(["acme/bigg"]);
        gateway.post("/presets/p/chat/completions", &body).await.json()
    };
    let saved = save("acme/small").await;
    let expected = json!(["no model is named `acme/bigg`; did you mean `acme/big`?"]);
    assert_eq!(saved["warnings"], expected, "{saved}");
    assert_eq!(saved["data"]["designated_version"]["version"], 1, "{saved}");
}

#[tokio::test]
async fn a_call_that_nobody_made_is_explained_with_its_rules() {
    let simulator = simulator().await;
    let gateway = two(&simulator).config(super::several_models::CASCADE).start().await;
    let explained = gateway.post("/routing/explain", &asking("acme/small", "Hello")).await.json();
    let rules = &explained["data"]["policy"]["rules"];
    assert_eq!(rules[0]["name"], "cheap first", "{explained}");
}

#[tokio::test]
async fn a_rule_may_choose_a_preset() {
    let simulator = simulator().await;
    let rules =
        "[[rule]]\nname = \"p\"\nwhen = { user = \"vip-*\" }\nthen = { preset = \"vip\" }\n";
    let gateway = two(&simulator).config(rules).start().await;
    let mut preset = asking("acme/big", "x");
    preset["provider"] = json!({ "only": ["second"] });
    let saved = gateway.post("/presets/vip/chat/completions", &preset).await;
    assert!((200..300).contains(&saved.status), "{}", saved.text());
    let mut body = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    body["user"] = json!("vip-1");
    let (said, policy) = ask(&gateway, body.clone()).await;
    assert_eq!(said.model, "acme/big", "{policy}");
    let record = gateway.generation(&said.id).await;
    assert!(record["preset_id"].is_string(), "{record}");
    assert_eq!(policy["rules"][0], json!({ "name": "p", "what": "preset" }), "{policy}");
    body["user"] = json!("someone");
    gateway.chat(body).await.error(400, "invalid_request");
}

#[tokio::test]
async fn rules_hold_for_operations_too() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "vectors"
        when = { operation = "embeddings" }
        then = { restrict = { ignore = ["first"] } }
    "#;
    let gateway = TestGateway::builder()
        .config(rules)
        .config(
            r#"
            [[model]]
            id = "acme/e"
            output = ["embeddings"]
            [[endpoint]]
            model = "acme/e"
            provider = "first"
            upstream_model = "embed"
            price = { input = "1" , output = "0" }
            [[endpoint]]
            model = "acme/e"
            provider = "second"
            upstream_model = "embed"
            price = { input = "2", output = "0" }
        "#,
        )
        .provider("first", Protocol::OpenAi, &simulator)
        .provider("second", Protocol::OpenAi, &simulator)
        .start()
        .await;
    let body = json!({ "model": "acme/e", "input": "Hello" });
    let reply = gateway.post("/embeddings", &body).await;
    assert_eq!(reply.header("x-provider-name"), Some("Second"), "{}", reply.text());
}

#[tokio::test]
async fn who_is_refused_is_refused_every_operation() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "closed"
        when = { model = "acme/*", header = { x-guest = "yes" } }
        then = { restrict = { deny = true, message = "Not for guests." } }
    "#;
    let gateway = two(&simulator).config(rules).start().await;
    let model = "acme/big";
    let said = json!([{ "role": "user", "content": "Hello" }]);
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] });
    let messages = json!({ "model": model, "messages": said, "max_tokens": 9 });
    let input = json!({ "model": model, "input": "Hello" });
    let gemini = |method: &str| format!("/api/v1beta/models/{model}:{method}");
    for (path, body) in [
        ("/api/v1/chat/completions".to_owned(), &messages),
        ("/api/v1/completions".to_owned(), &json!({ "model": model, "prompt": "Hello" })),
        ("/api/v1/responses".to_owned(), &input),
        ("/api/v1/messages".to_owned(), &messages),
        ("/api/v1/messages/count_tokens".to_owned(), &messages),
        ("/api/v1/embeddings".to_owned(), &input),
        ("/api/v1/rerank".to_owned(), &json!({ "model": model, "query": "a", "documents": ["b"] })),
        ("/api/v1/images".to_owned(), &json!({ "model": model, "prompt": "Hello" })),
        (
            "/api/v1/audio/speech".to_owned(),
            &json!({ "model": model, "input": "Hello", "voice": "alloy" }),
        ),
        (
            "/api/v1/audio/transcriptions".to_owned(),
            &json!({ "model": model, "input_audio": { "data": "UklGRg==", "format": "wav" } }),
        ),
        ("/api/v1/moderations".to_owned(), &input),
        ("/api/v1/routing/explain".to_owned(), &messages),
        (gemini("generateContent"), &contents),
        (gemini("countTokens"), &contents),
        (gemini("embedContent"), &json!({ "content": { "parts": [{ "text": "Hello" }] } })),
        ("/api/chat".to_owned(), &messages),
        // It only loads the model.
        ("/api/chat".to_owned(), &json!({ "model": model, "messages": [] })),
    ] {
        let call = || gateway.at("POST", &path).key(gateway.key()).json(body);
        let refused = call().header("x-guest", "yes").send().await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
        assert!(refused.text().contains("Not for guests."), "{path}: {}", refused.text());
        assert_ne!(call().send().await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_prompt_is_counted_by_nobody_who_may_not_have_it() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "not there"
        then = { restrict = { ignore = ["second"] } }
    "#;
    let body = asking("acme/big", "one two three four");
    for (rules, is_counted) in [("", true), (rules, false)] {
        let gateway = two(&simulator).config(rules).start().await;
        let before = simulator.requests().len();
        let reply = gateway.post("/messages/count_tokens", &body).await;
        assert_eq!(reply.status == 200, is_counted, "{}", reply.text());
        assert_eq!(simulator.requests().len() > before, is_counted, "{}", reply.text());
    }
}
