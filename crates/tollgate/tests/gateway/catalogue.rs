//! What can be asked beside chat: models, providers, keys, credits, generations, health
//! (contract §1.2, §1.3, §7), and HTTP beside the API.

use serde_json::{Value, json};
use tollgate_testkit::{Builder, Protocol, TestGateway, amount, simulator, usd};
use tollgate_types::Usd;

/// Three models; the built-in ones are switched off, so that these are all there is.
async fn builder() -> (Builder, tollgate_simulator::Simulator) {
    let simulator = simulator().await;
    let rows = r#"
        [simulator]
        enabled = false
        [attribution]
        headers = ["X-Department"]
        [[model]]
        id = "acme/seer"
        name = "Acme: Seer"
        description = "Sees"
        created = 1700000000
        context_length = 32000
        input = ["text", "image"]
        output = ["text"]
        supported_parameters = ["temperature", "tools"]
        [[model]]
        id = "acme/blind"
        context_length = 8000
        supported_parameters = ["temperature"]
        [[model]]
        id = "other/painter"
        output = ["image"]
        [[endpoint]]
        model = "acme/seer"
        provider = "alpha"
        upstream_model = "echo"
        max_output = 4096
        price = { input = "2", output = "6", cache_read = "0.5" }
        [[endpoint]]
        model = "acme/seer"
        provider = "bravo"
        upstream_model = "echo"
        price = { input = "1", output = "8", tiers = [{ above = 1000, input = "2" }] }
        [[endpoint]]
        model = "acme/blind"
        provider = "alpha"
        upstream_model = "echo"
        price = { input = "10", output = "10" }
        [[endpoint]]
        model = "other/painter"
        provider = "bravo"
        upstream_model = "echo"
    "#;
    let builder = TestGateway::builder()
        .config(rows)
        .provider("alpha", Protocol::OpenAi, &simulator)
        .provider("bravo", Protocol::Anthropic, &simulator);
    (builder, simulator)
}

#[tokio::test]
async fn models_are_listed_and_filtered() {
    let (builder, _simulator) = builder().await;
    let gateway = builder.start().await;
    let cases: [(&str, &[&str]); 20] = [
        ("", &["acme/blind", "acme/seer", "openrouter/auto", "openrouter/fusion"]),
        (
            "?output_modalities=all",
            &["acme/blind", "acme/seer", "openrouter/auto", "openrouter/fusion", "other/painter"],
        ),
        ("?output_modalities=image", &["other/painter"]),
        ("?input_modalities=image", &["acme/seer", "openrouter/auto", "openrouter/fusion"]),
        ("?input_modalities=audio", &[]),
        ("?arch=router", &["openrouter/auto", "openrouter/fusion"]),
        ("?supported_parameters=tools", &["acme/seer", "openrouter/auto", "openrouter/fusion"]),
        (
            "?supported_parameters=temperature",
            &["acme/blind", "acme/seer", "openrouter/auto", "openrouter/fusion"],
        ),
        (
            "?supported_parameters=temperature,tools",
            &["acme/seer", "openrouter/auto", "openrouter/fusion"],
        ),
        ("?q=SEER", &["acme/seer"]),
        ("?q=nothing", &[]),
        ("?context=10000", &["acme/seer", "openrouter/auto", "openrouter/fusion"]),
        ("?max_price=5", &["acme/seer"]),
        ("?min_price=5", &["acme/blind"]),
        ("?providers=bravo", &["acme/seer"]),
        ("?model_authors=acme", &["acme/blind", "acme/seer"]),
        ("?model_authors=other&output_modalities=all", &["other/painter"]),
        ("?limit=1&sort=pricing-low-to-high", &["acme/seer"]),
        ("?limit=1&offset=1&sort=pricing-low-to-high", &["acme/blind"]),
        ("?zdr=true", &[]),
    ];
    for (query, expected) in cases {
        // No key is needed.
        let reply = gateway.at("GET", &format!("/api/v1/models{query}")).send().await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        let body = reply.json();
        let mut ids: Vec<&str> =
            body["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{query}");
        if !query.contains("limit") {
            let count = gateway.get(&format!("/models/count{query}")).await.json();
            assert_eq!(count["data"]["count"], expected.len(), "{query}");
        }
    }
    for query in ["?limit=0", "?limit=1001", "?sort=prettiest", "?max_price=cheap", "?context=big"]
    {
        gateway.get(&format!("/models{query}")).await.error(400, "invalid_request");
    }
    let feed = gateway.get("/models?use_rss=true").await;
    assert!(feed.header("content-type").unwrap().starts_with("application/rss+xml"));
    assert!(feed.text().contains("acme/seer"), "{}", feed.text());
}

/// As `provider.zdr` judges: an unknown policy is the worst, and one's own machine keeps nothing.
#[tokio::test]
async fn models_that_nobody_keeps_prompts_of_are_found() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let mut builder = TestGateway::builder();
    for (slug, policy) in [
        ("discreet", "data_policy = { retains_prompts = false }"),
        ("curious", "data_policy = { retains_prompts = true }"),
        ("unknown", ""),
        ("own", "local = true"),
    ] {
        builder = builder.config(&format!(
            "[[provider]]\nslug = \"{slug}\"\nprotocol = \"openai-chat\"\nbase_url = \"{base}\"\n\
             api_key = \"sk-1\"\n{policy}\n[[model]]\nid = \"{slug}/m\"\n\
             [[endpoint]]\nmodel = \"{slug}/m\"\nprovider = \"{slug}\"\nupstream_model = \"echo\"\n"
        ));
    }
    let gateway = builder.start().await;
    let found = gateway.get("/models?zdr=true").await.json();
    let ids: Vec<&str> =
        found["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for (id, expected) in [
        ("discreet/m", true),
        ("curious/m", false),
        ("unknown/m", false),
        ("own/m", true),
        ("tollgate/echo", true),
    ] {
        assert_eq!(ids.contains(&id), expected, "{id}: {ids:?}");
        let body = json!({
            "model": id,
            "messages": [{ "role": "user", "content": "x" }],
            "provider": { "zdr": true },
        });
        assert_eq!(gateway.chat(body).await.status == 200, expected, "{id}");
    }
    let all = gateway.get("/models?zdr=false").await.json();
    assert!(all["total_count"].as_u64() > found["total_count"].as_u64(), "{all}");
}

#[tokio::test]
async fn a_model_is_shown_with_its_price_and_endpoints() {
    let (builder, _simulator) = builder().await;
    let gateway = builder.start().await;
    let model = gateway.get("/model/acme/seer").await.json()["data"].clone();
    assert_eq!(model["name"], "Acme: Seer", "{model}");
    assert_eq!(model["context_length"], 32_000, "{model}");
    assert_eq!(model["created"], 1_700_000_000, "{model}");
    assert_eq!(model["architecture"]["modality"], "text+image->text", "{model}");
    // The endpoint that calls go to first leads; prices are decimal strings per token.
    assert_eq!(model["pricing"]["prompt"], "0.000002", "{model}");
    assert_eq!(model["pricing"]["completion"], "0.000006", "{model}");
    assert_eq!(model["links"]["details"], "/api/v1/models/acme/seer/endpoints", "{model}");
    let shown = gateway.get("/models/acme/seer/endpoints").await.json()["data"].clone();
    let endpoints = shown["endpoints"].as_array().unwrap();
    let named: Vec<&str> =
        endpoints.iter().map(|it| it["provider_name"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 2, "{shown}");
    let alpha = endpoints.iter().find(|it| it["provider_name"] == "Alpha").unwrap();
    assert_eq!(alpha["max_completion_tokens"], 4_096, "{alpha}");
    assert_eq!(alpha["tag"], "alpha", "{alpha}");
    let bravo = endpoints.iter().find(|it| it["provider_name"] == "Bravo").unwrap();
    assert_eq!(bravo["pricing"]["overrides"][0]["min_prompt_tokens"], 1_000, "{bravo}");
    assert_eq!(bravo["pricing"]["overrides"][0]["prompt"], "0.000002", "{bravo}");
    assert_eq!(alpha["pricing"]["input_cache_read"], "0.0000005", "{alpha}");
    for path in ["/model/acme/seeer", "/models/acme/seeer/endpoints"] {
        let message = gateway.get(path).await.error_message(404, "not_found");
        assert!(message.contains("acme/seer"), "{message}");
    }
    let providers = gateway.get("/providers").await.json();
    let slugs: Vec<&Value> =
        providers["data"].as_array().unwrap().iter().map(|it| &it["slug"]).collect();
    assert_eq!(slugs.len(), 2, "{providers}");
    assert!(slugs.contains(&&json!("alpha")) && slugs.contains(&&json!("bravo")), "{providers}");
}

#[tokio::test]
async fn keys_are_made_changed_and_deleted() {
    let gateway = TestGateway::builder().in_memory().start().await;
    let wanted = json!({ "name": "team", "limit": 5.25, "limit_reset": "weekly", "expires_at": "2099-01-31T00:00:00Z" });
    let made = gateway.post("/keys", &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let secret = made["key"].as_str().unwrap().to_owned();
    let hash = made["data"]["hash"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("sk-or-v1-"), "{made}");
    assert_eq!(amount(&made["data"]["limit"]), usd("5.25"), "{made}");
    assert_eq!(amount(&made["data"]["limit_remaining"]), usd("5.25"), "{made}");
    let path = format!("/keys/{hash}");
    let echo =
        json!({ "model": "tollgate/echo", "messages": [{ "role": "user", "content": "x" }] });
    let call = || gateway.chat_call(&echo).key(&secret).send();
    assert_eq!(call().await.status, 200);
    // Only the creation shows the secret.
    for shown in [gateway.get(&path).await, gateway.get("/keys").await] {
        assert_eq!(shown.status, 200);
        assert!(
            !shown.text().contains(&secret) && shown.text().contains(&hash),
            "{}",
            shown.text()
        );
    }
    // What is absent stays, what is null goes.
    let changed = gateway.patch(&path, &json!({ "name": "crew" })).await.json();
    assert_eq!(changed["data"]["name"], "crew", "{changed}");
    assert_eq!(amount(&changed["data"]["limit"]), usd("5.25"), "{changed}");
    let changed = gateway.patch(&path, &json!({ "limit": null, "limit_reset": null })).await.json();
    assert_eq!(changed["data"]["limit"], Value::Null, "{changed}");
    assert_eq!(changed["data"]["limit_remaining"], Value::Null, "{changed}");
    let own = gateway.call("GET", "/key").key(&secret).send().await.json();
    assert_eq!(own["data"]["limit"], Value::Null, "{own}");
    gateway.patch(&path, &json!({ "disabled": true })).await;
    call().await.error(401, "authentication");
    let listed = |query: &'static str| {
        let (gateway, hash) = (&gateway, hash.clone());
        async move { gateway.get(&format!("/keys{query}")).await.text().contains(&hash) }
    };
    assert!(!listed("").await && listed("?include_disabled=true").await);
    gateway.patch(&path, &json!({ "disabled": false, "limit": 0 })).await;
    call().await.error(402, "payment_required");
    assert_eq!(gateway.delete(&path).await.json(), json!({ "deleted": true }));
    call().await.error(401, "authentication");
    for reply in [
        gateway.get(&path).await,
        gateway.delete(&path).await,
        gateway.patch(&path, &json!({})).await,
    ] {
        reply.error(404, "not_found");
    }
    for bad in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": 7 }),
        json!({ "name": "x", "limit": -1 }),
        json!({ "name": "x", "limit_reset": "hourly" }),
        json!({ "name": "x", "expires_at": "tomorrow" }),
    ] {
        gateway.post("/keys", &bad).await.error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_key_expires_in_the_time_to_come() {
    let gateway = TestGateway::builder().in_memory().start().await;
    for (time, words) in [
        // Nobody could ever use it.
        ("2020-01-01T00:00:00Z", "has passed"),
        ("2099-01-31T00:00:00+02:00", "UTC"),
        ("2099-01-31", "UTC"),
    ] {
        let reply = gateway.post("/keys", &json!({ "name": "x", "expires_at": time })).await;
        let message = reply.error_message(400, "invalid_request");
        assert!(message.contains("expires_at") && message.contains(words), "{message}");
    }
    // Clients know fields of later versions.
    let newer = json!({ "name": "x", "expires_at": "2099-01-31T00:00:00+00:00", "colour": "red" });
    let made = gateway.post("/keys", &newer).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["data"]["expires_at"], "2099-01-31T00:00:00.000Z");
}

#[tokio::test]
async fn who_called_is_recorded() {
    let (builder, _simulator) = builder().await;
    let gateway = builder.start().await;
    let body = json!({
        "model": "acme/seer",
        "messages": [{ "role": "user", "content": "x" }],
        "user": "u-7",
        "session_id": "s-9",
    });
    let said = gateway
        .chat_call(&body)
        .header("http-referer", "https://app.example.com")
        .header("x-title", "My app")
        .header("x-openrouter-categories", "cli-agent, ide, third")
        .header("x-department", "Research")
        .header("x-secret-plan", "not listed")
        .header("user-agent", "test/1")
        .send()
        .await
        .said();
    let record = gateway.generation(&said.id).await;
    for (member, value) in [
        ("http_referer", json!("https://app.example.com")),
        ("app_title", json!("My app")),
        ("app_categories", json!(["cli-agent", "ide"])),
        ("tags", json!({ "x-department": "Research" })),
        ("external_user", json!("u-7")),
        ("session_id", json!("s-9")),
        ("user_agent", json!("test/1")),
        ("requested_model", json!("acme/seer")),
        ("streamed", json!(false)),
        ("cancelled", json!(false)),
        ("finish_reason", json!("stop")),
        ("native_finish_reason", json!("stop")),
        ("provider_name", json!("Alpha")),
        ("api_type", json!("completions")),
    ] {
        assert_eq!(record[member], value, "{member}: {record}");
    }
    assert!(record["upstream_id"].as_str().unwrap().starts_with("chatcmpl-"), "{record}");
    assert!(!record.to_string().contains("not listed"), "{record}");
    for id in ["gen-1-aaaaaaaaaaaaaaaaaaaa", "x", "%00"] {
        gateway.get(&format!("/generation?id={id}")).await.error(404, "not_found");
    }
    gateway.get("/generation").await.error(400, "invalid_request");
}

#[tokio::test]
async fn credits_are_what_was_bought_and_spent() {
    let gateway = TestGateway::builder().start().await;
    let credits = gateway.get("/credits").await.json();
    assert_eq!(amount(&credits["data"]["total_credits"]), Usd::ZERO, "{credits}");
    assert_eq!(amount(&credits["data"]["total_usage"]), Usd::ZERO, "{credits}");
    let key = gateway.get("/key").await.json()["data"].clone();
    assert_eq!(key["is_management_key"], false, "{key}");
    assert_eq!(key["limit"], Value::Null, "{key}");
    assert!(key["label"].as_str().unwrap().contains("..."), "{key}");
    assert!(!key.to_string().contains(gateway.key()), "{key}");
}

#[tokio::test]
async fn health_and_browsers_are_answered() {
    let gateway = TestGateway::builder().start().await;
    for path in ["/health/live", "/health/ready", "/"] {
        assert_eq!(gateway.at("GET", path).send().await.status, 200, "{path}");
    }
    let preflight = gateway
        .at("OPTIONS", "/api/v1/chat/completions")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .send()
        .await;
    assert!(preflight.status == 200 || preflight.status == 204, "{}", preflight.status);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
    // By name: `*` does not cover `Authorization`.
    let headers = preflight.header("access-control-allow-headers");
    assert_eq!(headers, Some("authorization,content-type"));
    let asked = "x-api-key,x-goog-api-key,anthropic-version,anthropic-beta,x-session-id,http-referer,x-title";
    let preflight = gateway
        .at("OPTIONS", "/api/v1/messages")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", asked)
        .send()
        .await;
    assert_eq!(preflight.header("access-control-allow-headers"), Some(asked));
    let vary = preflight.header("vary").unwrap();
    assert!(vary.contains("access-control-request-headers"), "{vary}");
    let reply = gateway.get("/key").await;
    let exposed = reply.header("access-control-expose-headers").unwrap().to_ascii_lowercase();
    assert!(
        exposed.contains("x-generation-id") && exposed.contains("x-provider-name"),
        "{exposed}"
    );
    // Calls that generate go past the layer that does this, answered or refused.
    let asking = serde_json::json!({ "model": "tollgate/echo", "messages": [{ "role": "user", "content": "Hello" }] });
    let answered = gateway.chat(asking.clone()).await;
    let refused =
        gateway.call("POST", "/messages").key("sk-or-v1-nobody").json(&asking).send().await;
    assert_eq!((answered.status, refused.status), (200, 401));
    for name in ["access-control-allow-origin", "access-control-expose-headers", "vary"] {
        assert_eq!(answered.header(name), reply.header(name), "{name}");
        assert_eq!(refused.header(name), reply.header(name), "{name}");
    }
    // Without any provider nothing can be served, which a load balancer should know.
    let idle = TestGateway::builder().config("[simulator]\nenabled = false\n").start().await;
    assert_eq!(idle.at("GET", "/health/live").send().await.status, 200);
    idle.at("GET", "/health/ready").send().await.error(503, "provider_overloaded");
}
