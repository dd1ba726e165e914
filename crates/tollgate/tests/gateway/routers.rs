//! Routers that look at what is asked: `openrouter/auto` and `openrouter/pareto-code` over real
//! sockets (contract §5.6).

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, TestGateway, simulator};

/// `acme/m1` to `acme/m10`, each dearer by a dollar than the one before.
fn ten(simulator: &Simulator) -> Builder {
    let builder = TestGateway::builder().config("[simulator]\nenabled = false\n").provider(
        "first",
        Protocol::OpenAi,
        simulator,
    );
    (1..=10).fold(builder, |builder, dollars| {
        let price = format!("{{ input = \"{dollars}\", output = \"{dollars}\" }}");
        builder.endpoint(&format!("acme/m{dollars}"), "first", "echo", &price)
    })
}

/// How good four of them are at code.
const SCORED: &str = r#"
[[model]]
id = "acme/m1"
coding_score = 0.2
[[model]]
id = "acme/m2"
coding_score = 0.5
[[model]]
id = "acme/m3"
coding_score = 0.7
[[model]]
id = "acme/m4"
coding_score = 0.9
"#;

fn asking(model: &str, text: &str, plugin: Value) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
    if !plugin.is_null() {
        body["plugins"] = Value::Array(vec![plugin]);
    }
    body
}

/// The model that answered.
async fn answering(gateway: &TestGateway, body: &Value) -> String {
    gateway.post("/chat/completions", body).await.json()["model"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn section_5_6_auto_chooses_in_the_band_that_the_cost_tier_names() {
    let simulator = simulator().await;
    let gateway = ten(&simulator).start().await;
    let auto = |members: Value| {
        let mut plugin = json!({ "id": "auto-router" });
        for (name, value) in members.as_object().unwrap() {
            plugin[name] = value.clone();
        }
        plugin
    };
    // Each is another conversation, so that none is remembered.
    for (at, (plugin, expected)) in [
        (Value::Null, "acme/m2"),
        (auto(json!({ "cost_tier": "low" })), "acme/m2"),
        (auto(json!({ "cost_tier": "medium" })), "acme/m4"),
        (auto(json!({ "cost_tier": "max" })), "acme/m10"),
        (auto(json!({ "allowed_models": ["acme/m3", "ACME/m7*"] })), "acme/m3"),
        (auto(json!({ "excluded_models": ["acme/m1", "*2"], "cost_tier": "low" })), "acme/m4"),
        (auto(json!({ "enabled": false, "cost_tier": "max" })), "acme/m2"),
        (json!({ "id": "auto-beta-router", "cost_tier": "high" }), "acme/m6"),
    ]
    .into_iter()
    .enumerate()
    {
        // A kind of task of its own, so that nothing was spent on it.
        let gateway = if at == 0 { &gateway } else { &ten(&simulator).start().await };
        let body = asking("openrouter/auto", "Hello", plugin.clone());
        assert_eq!(answering(gateway, &body).await, expected, "{plugin}");
    }
    let call = gateway.call("POST", "/chat/completions").header("x-openrouter-metadata", "enabled");
    let body = asking("openrouter/auto-beta", "Hello there", Value::Null);
    let answer = call.json(&body).send().await.json();
    assert_eq!(answer["openrouter_metadata"]["strategy"], "auto", "{answer}");
    let record = gateway.generation(answer["id"].as_str().unwrap()).await;
    assert_eq!(record["router"], "openrouter/auto-beta", "{record}");
    // The other one of the band stands behind the first.
    let candidates = record["routing"]["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2, "{record}");
    // What the request rules out is no candidate.
    let mut cheap = asking("openrouter/auto", "Something else", Value::Null);
    cheap["provider"] = json!({ "max_price": { "prompt": 1.5 } });
    assert_eq!(answering(&gateway, &cheap).await, "acme/m1");
}

#[tokio::test]
async fn section_5_6_auto_says_when_nothing_is_left() {
    let simulator = simulator().await;
    let gateway = ten(&simulator).start().await;
    let none = json!({ "id": "auto-router", "excluded_models": ["acme/*"] });
    let body = asking("openrouter/auto", "Hello", none);
    let message = gateway.chat(body).await.error_message(404, "not_found");
    assert_eq!(message, "No models match your request and model restrictions");
    let many = json!({ "id": "auto-router", "allowed_models": vec!["*"; 1_025] });
    let message = gateway
        .chat(asking("openrouter/auto", "Hello", many))
        .await
        .error_message(400, "invalid_request");
    let expected =
        "plugins: allowed_models: Array must contain at most 1024 elements, received 1025";
    assert_eq!(message, expected);
    let odd = json!({ "id": "auto-router", "cost_tier": "cheap" });
    gateway.chat(asking("openrouter/auto", "Hello", odd)).await.error(400, "invalid_request");
    assert_eq!(simulator.requests().len(), 0);
}

#[tokio::test]
async fn section_5_6_auto_learns_what_is_spent_and_remembers_conversations() {
    let simulator = simulator().await;
    let gateway = ten(&simulator).start().await;
    let only = |model: &str| json!({ "id": "auto-router", "allowed_models": [model] });
    let ask = async |text: &str, session: Option<&str>, plugin: Value| {
        let mut body = asking("openrouter/auto", text, plugin);
        if let Some(session) = session {
            body["session_id"] = json!(session);
        }
        answering(&gateway, &body).await
    };
    assert_eq!(ask("one", Some("s"), only("acme/m1")).await, "acme/m1");
    // What was spent on goes before what is dearer.
    assert_eq!(ask("two", None, Value::Null).await, "acme/m1");
    // For another kind of task nothing was spent.
    assert_eq!(ask("```rust```", None, Value::Null).await, "acme/m2");
    let words = "many words ".repeat(50);
    assert_eq!(ask(&words, None, only("acme/m2")).await, "acme/m2");
    assert_eq!(ask("three", None, Value::Null).await, "acme/m2");
    // The conversation stays with its model while that is a candidate.
    assert_eq!(ask("four", Some("s"), Value::Null).await, "acme/m1");
    assert_eq!(ask("five", Some("s"), only("acme/m9")).await, "acme/m9");
}

#[tokio::test]
async fn section_5_6_pareto_chooses_the_cheapest_of_a_class() {
    let simulator = simulator().await;
    let gateway = ten(&simulator).config(SCORED).start().await;
    for (members, expected) in [
        (json!({}), Some("acme/m3")),
        (json!({ "min_coding_score": 0.66 }), Some("acme/m3")),
        (json!({ "min_coding_score": 0.4 }), Some("acme/m2")),
        (json!({ "min_coding_score": 0.1 }), Some("acme/m1")),
        (json!({ "max_price": 3 }), Some("acme/m3")),
        (json!({ "max_price": 2.5 }), None),
        (json!({ "max_price": 3.5, "price_source": "weighted_avg" }), Some("acme/m3")),
    ] {
        let mut plugin = json!({ "id": "pareto-router" });
        for (name, value) in members.as_object().unwrap() {
            plugin[name] = value.clone();
        }
        let body = asking("openrouter/pareto-code", "fn main() {}", plugin);
        let call = gateway.call("POST", "/chat/completions");
        let reply = call.header("x-openrouter-metadata", "enabled").json(&body).send().await;
        let Some(expected) = expected else {
            let message = reply.error_message(404, "not_found");
            assert_eq!(message, "No models match your request and model restrictions");
            continue;
        };
        let answer = reply.json();
        assert_eq!(answer["model"], expected, "{members}");
        assert_eq!(answer["openrouter_metadata"]["strategy"], "pareto", "{answer}");
    }
    let out = json!({ "id": "pareto-router", "min_coding_score": 1.5 });
    let body = asking("openrouter/pareto-code", "Hello", out);
    gateway.chat(body).await.error(400, "invalid_request");
    let gateway = ten(&simulator).start().await;
    let body = asking("openrouter/pareto-code", "Hello", Value::Null);
    let message = gateway.chat(body).await.error_message(404, "not_found");
    assert!(message.contains("coding_score"), "{message}");
}

/// The routers among the models that are listed.
async fn listed(gateway: &TestGateway) -> Vec<Value> {
    let list = gateway.get("/models").await.json();
    let is_router = |model: &Value| model["architecture"]["tokenizer"] == "Router";
    list["data"].as_array().unwrap().iter().filter(|it| is_router(it)).cloned().collect()
}

#[tokio::test]
async fn section_1_2_routers_that_would_find_a_model_are_listed() {
    let simulator = simulator().await;
    let free = r#"{ input = "0", output = "0", free = true }"#;
    let gateway =
        ten(&simulator).config(SCORED).endpoint("acme/gift", "first", "echo", free).start().await;
    let routers = listed(&gateway).await;
    let told: Vec<[&Value; 4]> = routers
        .iter()
        .map(|it| [&it["id"], &it["pricing"], &it["context_length"], &it["top_provider"]])
        .collect();
    let nobody =
        json!({ "context_length": null, "max_completion_tokens": null, "is_moderated": false });
    let priced = |price: &str| json!({ "prompt": price, "completion": price });
    let room = json!(2_000_000);
    assert_eq!(
        told,
        [
            [&json!("openrouter/auto"), &priced("-1"), &room, &nobody],
            [&json!("openrouter/free"), &priced("0"), &room, &nobody],
            [&json!("openrouter/pareto-code"), &priced("-1"), &room, &nobody],
            [&json!("openrouter/fusion"), &priced("-1"), &room, &nobody],
            [&json!("openrouter/bodybuilder"), &priced("-1"), &room, &nobody],
        ]
    );
    let architecture = json!({
        "modality": "text+image->text", "input_modalities": ["text", "image"],
        "output_modalities": ["text"], "tokenizer": "Router", "instruct_type": null,
    });
    assert_eq!(routers[0]["architecture"], architecture);
    for router in &routers {
        let id = router["id"].as_str().unwrap();
        assert_eq!(gateway.get(&format!("/model/{id}")).await.json()["data"], *router);
        let shown = gateway.get(&format!("/models/{id}/endpoints")).await.json()["data"].clone();
        assert_eq!((&shown["id"], &shown["endpoints"]), (&router["id"], &json!([])), "{shown}");
        assert_eq!(shown["architecture"], router["architecture"]);
        // What is listed can be called.
        let text =
            r#"{"requests":[{"model":"acme/m1","messages":[{"role":"user","content":"x"}]}]}"#;
        assert_eq!(gateway.chat(asking(id, text, Value::Null)).await.status, 200, "{id}");
    }
}

#[tokio::test]
async fn section_1_2_routers_that_would_find_nothing_are_not_listed() {
    let simulator = simulator().await;
    let ids = async |gateway: &TestGateway| -> Vec<Value> {
        listed(gateway).await.into_iter().map(|it| it["id"].clone()).collect()
    };
    let expected = ["openrouter/auto", "openrouter/fusion", "openrouter/bodybuilder"];
    assert_eq!(ids(&ten(&simulator).start().await).await, expected);
    let only_the_simulator = TestGateway::builder().start().await;
    assert!(ids(&only_the_simulator).await.is_empty());
    only_the_simulator.get("/models/openrouter/auto/endpoints").await.error(404, "not_found");
}

#[tokio::test]
async fn section_1_2_models_are_shown_under_every_way_to_write_their_name() {
    let simulator = simulator().await;
    let free = r#"{ input = "0", output = "0", free = true }"#;
    let gateway = ten(&simulator).endpoint("acme/m1:free", "first", "echo", free).start().await;
    for (path, id) in [
        ("/models/acme/m1/endpoints", "acme/m1"),
        ("/models/acme/m1:free/endpoints", "acme/m1:free"),
        ("/models/acme/m1%3Afree/endpoints", "acme/m1:free"),
        ("/models/acme%2Fm1/endpoints", "acme/m1"),
        ("/models/acme%2Fm1%3Afree/endpoints", "acme/m1:free"),
        ("/models/acme/m2:nitro/endpoints", "acme/m2"),
        ("/models/acme/m1:free:floor/endpoints", "acme/m1:free"),
        ("/model/acme/m1:free", "acme/m1:free"),
        ("/model/acme%2Fm1", "acme/m1"),
        ("/model/acme/m2:exacto", "acme/m2"),
    ] {
        let shown = gateway.get(path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        assert_eq!(shown.json()["data"]["id"], id, "{path}");
    }
    for path in ["/models/acme/m2:free/endpoints", "/models/acme%2Fnone/endpoints", "/model/none"] {
        gateway.get(path).await.error(404, "not_found");
    }
}

#[tokio::test]
async fn section_5_6_a_rule_may_send_calls_to_auto_which_then_learns_from_them() {
    let simulator = simulator().await;
    let rules = "[[rule]]\nname = \"r\"\nwhen = { model = \"any\" }\nthen = { models = [\"openrouter/auto\"] }\n";
    let gateway = ten(&simulator).config(rules).start().await;
    let only = json!({ "id": "auto-router", "allowed_models": ["acme/m1"] });
    assert_eq!(answering(&gateway, &asking("any", "one", only)).await, "acme/m1");
    assert_eq!(answering(&gateway, &asking("any", "two", Value::Null)).await, "acme/m1");
}

#[tokio::test]
async fn section_5_6_auto_tells_languages_apart() {
    let simulator = simulator().await;
    let gateway = ten(&simulator).start().await;
    let german = "Ich hätte gern gewusst, wie das Wetter bei Ihnen in der nächsten Woche wird";
    let again = "Wissen Sie, ob der Zug nach Berlin auch an den Feiertagen fährt oder nicht?";
    let english = "I would like to know what the weather will be in the week that comes there";
    let only = json!({ "id": "auto-router", "allowed_models": ["acme/m1"] });
    assert_eq!(answering(&gateway, &asking("openrouter/auto", german, only)).await, "acme/m1");
    for (text, expected) in [(again, "acme/m1"), (english, "acme/m2")] {
        let body = asking("openrouter/auto", text, Value::Null);
        assert_eq!(answering(&gateway, &body).await, expected, "{text}");
    }
}
