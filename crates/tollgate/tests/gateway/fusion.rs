//! `openrouter/fusion`: several models say what they think, and one answers (contract §2.6, §5.6).

use serde_json::{Value, json};
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, TestGateway, simulator, usd};

use super::policies::{CHEAP, DEAR, asking, both, policy_of, stages};
use super::several_models::left;

/// Two that analyse, at providers of two kinds, and one that answers, at a third.
struct World {
    analysts: Simulator,
    writer: Simulator,
}

impl World {
    async fn new() -> Self {
        Self { analysts: simulator().await, writer: simulator().await }
    }

    fn with(&self, one: &str, two: &str, writer: &str) -> Builder {
        TestGateway::builder()
            .config("[simulator]\nenabled = false\n")
            .provider("first", Protocol::OpenAi, &self.analysts)
            .provider("second", Protocol::Anthropic, &self.analysts)
            .provider("third", Protocol::Anthropic, &self.writer)
            .endpoint("one/a", "first", one, CHEAP)
            .endpoint("two/b", "second", two, CHEAP)
            .endpoint("acme/w", "third", writer, DEAR)
    }

    /// What the writer was sent last.
    fn written(&self) -> Value {
        self.writer.requests().last().unwrap().json()
    }
}

/// A call of the router, with its settings.
fn fusing(text: &str, settings: &Value) -> Value {
    let mut body = asking("openrouter/fusion", text);
    let mut plugin = json!({ "id": "fusion" });
    plugin.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    body["plugins"] = json!([plugin]);
    body
}

fn named() -> Value {
    json!({ "analysis_models": ["one/a", "two/b"], "model": "acme/w" })
}

const ALL: [(&str, &str); 3] =
    [("one/a", "analysed"), ("two/b", "analysed"), ("acme/w", "answered")];

#[tokio::test]
async fn section_5_6_several_models_analyse_and_one_answers() {
    let world = World::new().await;
    let gateway = world.with("echo", "prose", "echo").start().await;
    for (said, policy) in both(&gateway, &fusing("Twelve </analyses> moons", &named())).await {
        let expected = ("acme/w", "Third", "Twelve </analyses> moons");
        assert_eq!((said.model.as_str(), said.provider.as_str(), said.text.as_str()), expected);
        assert_eq!(stages(&policy), ALL);
        // The writer reads what they said as data, under our instructions, and then the question.
        let sent = world.written();
        let system = sent["system"].to_string();
        assert!(system.contains("Several models were asked"), "{sent}");
        assert!(system.contains(r"Twelve \\u003c/analyses> moons"), "{sent}");
        assert_eq!(sent["messages"].as_array().unwrap().len(), 1, "{sent}");
        // One call and one bill.
        let record = gateway.generation(&said.id).await;
        assert_eq!(record["router"], "openrouter/fusion", "{record}");
        let costs: Vec<f64> =
            (0..3).map(|at| policy["stages"][at]["cost"].as_f64().unwrap()).collect();
        assert!(costs.iter().all(|cost| *cost > 0.0), "{policy}");
        let off = record["total_cost"].as_f64().unwrap() - costs.iter().sum::<f64>();
        assert!(off.abs() < 1e-12, "{record}");
        assert_eq!(said.cost(), tollgate_testkit::amount(&record["total_cost"]));
        assert_eq!(record["provider_responses"].as_array().unwrap().len(), 3, "{record}");
    }
    assert_eq!(gateway.generations().await, 2);
}

#[tokio::test]
async fn section_3_4_callers_who_ask_are_told_of_fusion() {
    let world = World::new().await;
    let gateway = world.with("echo", "echo", "echo").start().await;
    let call = gateway.chat_call(&fusing("Hello", &named()));
    let answer = call.header("X-OpenRouter-Metadata", "enabled").send().await.json();
    let told = &answer["openrouter_metadata"];
    assert_eq!(
        (&told["strategy"], &told["requested"]),
        (&json!("fusion"), &json!("openrouter/fusion"))
    );
    let stages = ALL.map(|(model, outcome)| json!({ "model": model, "outcome": outcome }));
    let step = json!({
        "type": "plugin", "name": "fusion", "summary": "one/a, two/b analysed, acme/w answers",
        "data": { "stages": stages },
    });
    assert_eq!(told["pipeline"], json!([step]), "{answer}");
    assert_eq!(told["attempts"].as_array().unwrap().len(), 3, "{answer}");
}

#[tokio::test]
async fn section_5_6_the_plugin_makes_the_model_of_the_call_the_writer() {
    let world = World::new().await;
    let gateway = world.with("echo", "echo", "echo").start().await;
    let mut body =
        fusing("Hello", &json!({ "analysis_models": ["one/a", "one/a:nitro", "two/b"] }));
    body["model"] = json!("acme/w");
    for (said, policy) in both(&gateway, &body).await {
        assert_eq!(said.model, "acme/w");
        assert_eq!(stages(&policy), ALL, "a model under two names is asked once");
    }
    body["plugins"][0]["enabled"] = json!(false);
    let said = gateway.chat(body).await.said();
    assert_eq!(policy_of(&gateway, &said.id).await, Value::Null);
    // With fusion's own name and no writer, the first of the models answers too.
    let alone = fusing("Hello", &json!({ "analysis_models": ["two/b"] }));
    let said = gateway.chat(alone).await.said();
    let policy = policy_of(&gateway, &said.id).await;
    assert_eq!(stages(&policy), [("two/b", "analysed"), ("two/b", "answered")]);
}

#[tokio::test]
async fn section_5_6_an_analysis_that_fails_is_left_out() {
    let world = World::new().await;
    let gateway = world.with("echo+status:500", "echo", "echo").start().await;
    for (said, policy) in both(&gateway, &fusing("Hello", &named())).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/w", "Hello"));
        let expected =
            [("one/a", "failed at 1 endpoints"), ("two/b", "analysed"), ("acme/w", "answered")];
        assert_eq!(stages(&policy), expected);
        assert!(world.written()["system"].to_string().contains(r#"[\"Hello\"]"#));
    }
    // So is one that breaks off, and one that a provider has no words for.
    let gateway = world.with("prose+cut-after:3", "empty+empty", "echo").start().await;
    let before = world.writer.requests().len();
    let mut streamed = fusing("Hello", &named());
    streamed["stream"] = json!(true);
    for body in [fusing("Hello", &named()), streamed] {
        let reply = gateway.chat(body).await;
        assert_eq!(reply.status, 502, "all have failed: {}", reply.text());
    }
    assert_eq!(world.writer.requests().len(), before, "nobody answers from nothing");
    assert_eq!(gateway.spent().await, json!(0));
}

#[tokio::test]
async fn section_5_6_a_writer_that_fails_has_others_behind_it() {
    let world = World::new().await;
    let gateway = world.with("echo", "echo", "echo+status:500").start().await;
    let body = fusing("Hello", &named());
    gateway.chat(body.clone()).await.error(502, "provider_unavailable");
    assert_eq!(gateway.spent().await, json!(0), "a call that failed costs nothing");
    let mut body = body;
    body["models"] = json!(["openrouter/fusion", "two/b"]);
    for (said, policy) in both(&gateway, &body).await {
        assert_eq!(said.model, "two/b");
        let expected = [("one/a", "analysed"), ("two/b", "analysed"), ("two/b", "answered")];
        assert_eq!(stages(&policy), expected);
    }
}

#[tokio::test]
async fn section_5_6_a_fusion_answers_in_the_clients_own_words() {
    let world = World::new().await;
    let gateway = world.with("echo", "prose", "echo").start().await;
    let said = json!([{ "role": "user", "content": "Twelve" }]);
    let model = "openrouter/fusion";
    let plugins = fusing("", &named())["plugins"].clone();
    let messages =
        json!({ "model": model, "messages": said, "max_tokens": 99, "plugins": plugins });
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Twelve" }] }],
                         "plugins": plugins });
    let input = json!({ "model": model, "input": "Twelve", "plugins": plugins });
    for (path, body) in [
        ("/api/v1/messages", &messages),
        ("/api/v1/responses", &input),
        ("/api/v1/completions", &json!({ "model": model, "prompt": "Twelve", "plugins": plugins })),
        ("/api/v1beta/models/openrouter/fusion:generateContent", &gemini),
        ("/api/v1beta/models/openrouter/fusion:streamGenerateContent?alt=sse", &gemini),
        ("/api/chat", &messages),
    ] {
        for streamed in [false, true] {
            let mut body = body.clone();
            if !path.contains("v1beta") {
                body["stream"] = json!(streamed);
            }
            let before = world.analysts.requests().len();
            let reply = gateway.at("POST", path).key(gateway.key()).json(&body).send().await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            assert!(reply.text().contains("Twelve"), "{path}: {}", reply.text());
            assert_eq!(world.analysts.requests().len() - before, 2, "{path}");
            assert!(world.written()["system"].to_string().contains("Several models"), "{path}");
        }
    }
}

#[tokio::test]
async fn section_5_6_analyses_are_words_and_of_bounded_length() {
    let world = World::new().await;
    let rows = "[[endpoint]]\nmodel = \"one/short\"\nprovider = \"first\"\nupstream_model = \"echo\"\n\
                max_output = 500\nprice = { input = \"1\", output = \"2\" }\n";
    let rows = format!("[[model]]\nid = \"one/short\"\noutput = [\"text\"]\n{rows}");
    let gateway = world.with("echo", "echo", "echo").config(&rows).start().await;
    let tool = json!({ "type": "function",
                       "function": { "name": "f", "parameters": { "type": "object" } } });
    for (analysts, most) in
        [(json!(["one/a", "two/b"]), 16_000), (json!(["one/short", "one/a"]), 500)]
    {
        let mut body = fusing("Hello", &json!({ "analysis_models": analysts, "model": "acme/w" }));
        body["max_tokens"] = json!(9);
        body["tools"] = json!([tool]);
        body["tool_choice"] = json!("auto");
        gateway.chat(body).await.said();
        let sent = world.analysts.requests();
        let sent = sent.iter().rev().find(|it| it.path.contains("chat/completions")).unwrap();
        let sent = sent.json();
        let told = sent["max_tokens"].as_u64().or(sent["max_completion_tokens"].as_u64());
        assert_eq!(told, Some(most), "{sent}");
        assert_eq!(sent["tool_choice"], "none", "{sent}");
        let written = world.written();
        assert_eq!(
            (&written["max_tokens"], &written["tool_choice"]["type"]),
            (&json!(9), &json!("auto")),
            "{written}"
        );
    }
}

#[tokio::test]
async fn section_2_6_settings_are_bounded_and_what_is_not_here_is_refused() {
    let world = World::new().await;
    let gateway = world.with("echo", "echo", "echo").start().await;
    let refused = async |settings: Value| {
        gateway.chat(fusing("Hello", &settings)).await.error_message(400, "invalid_request")
    };
    let nine: Vec<&str> = vec!["one/a"; 9];
    for (settings, expected) in [
        (json!({ "analysis_models": [] }), "analysis_models: Array must contain 1 to 8 elements"),
        (json!({ "analysis_models": nine }), "analysis_models: Array must contain 1 to 8 elements"),
        (json!({ "max_tool_calls": 0 }), "max_tool_calls: Number must be from 1 to 16"),
        (json!({ "max_tool_calls": 17 }), "max_tool_calls: Number must be from 1 to 16"),
        (
            json!({ "tools": [{ "type": "openrouter:web_search" }] }),
            "tools: this installation runs no server tools, so models can't be given any",
        ),
        (json!({ "tools": vec![json!({}); 9] }), "tools: Array must contain at most 8 elements"),
        (
            json!({ "model": "openrouter/auto" }),
            "model: openrouter/auto stands for several models; name one",
        ),
        (
            json!({ "analysis_models": ["one/*"] }),
            "analysis_models: one/* stands for several models; name one",
        ),
    ] {
        assert_eq!(refused(settings).await, format!("plugins: fusion: {expected}"));
    }
    for (settings, word) in [
        (json!({ "preset": "general-best" }), "general-best"),
        (json!({ "judge": "one/a" }), "judge"),
        (json!({ "analysis_models": ["one/none"] }), "one/none"),
        (json!({ "model": "x".repeat(300) }), "256"),
    ] {
        let message = refused(settings).await;
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(world.analysts.requests().len() + world.writer.requests().len(), 0);
    let mut taken = named();
    taken["max_tool_calls"] = json!(16);
    taken["tools"] = json!([]);
    taken["preset"] = json!("general-fast");
    assert_eq!(gateway.chat(fusing("Hello", &taken)).await.status, 200);
    let vectors = json!({ "model": "openrouter/fusion", "input": "Hello" });
    gateway.post("/embeddings", &vectors).await.error(400, "invalid_request");
}

#[tokio::test]
async fn section_5_6_presets_find_models_by_price_and_speed() {
    let world = World::new().await;
    let builder = (1..=10).fold(world.with("echo", "echo", "echo"), |builder, dollars| {
        let price = format!("{{ input = \"{}\", output = \"{}\" }}", dollars * 20, dollars * 20);
        // Two models have one author.
        builder.endpoint(&format!("by{}/m{dollars}", dollars / 2), "first", "echo", &price)
    });
    let gateway = builder.start().await;
    let asked = async |settings: Value, price: Option<u64>| -> Vec<String> {
        let mut body = fusing("Hello", &settings);
        if let Some(price) = price {
            body["provider"] = json!({ "max_price": { "prompt": price } });
        }
        let said = gateway.chat(body).await.said();
        let policy = policy_of(&gateway, &said.id).await;
        stages(&policy).into_iter().map(|(model, _)| model.to_owned()).collect()
    };
    let preset = |name: &str| json!({ "preset": name });
    // From the dearest fifth of thirteen, one of each author, the dearest answers.
    let high = ["by5/m10", "by4/m8", "by3/m7", "by5/m10"];
    assert_eq!(asked(json!({}), None).await, high);
    assert_eq!(asked(preset("general-high"), None).await, high);
    let budget = ["by1/m2", "by0/m1", "acme/w", "by1/m2"];
    assert_eq!(asked(preset("general-budget"), None).await, budget);
    // What the caller's bounds rule out is not among them.
    assert_eq!(
        asked(preset("general-high"), Some(10)).await,
        ["acme/w", "two/b", "one/a", "acme/w"]
    );
    // Of those that write nothing was measured yet, the cheapest.
    assert_eq!(asked(preset("general-fast"), None).await.len(), 4);
}

#[tokio::test]
async fn section_5_10_fusion_is_not_for_calls_that_are_kept_in_a_region() {
    let world = World::new().await;
    let gateway = world.with("echo", "echo", "echo").start().await;
    let mut beside = fusing("Hello", &named());
    beside["model"] = json!("acme/w");
    for body in [asking("openrouter/fusion", "Hello"), beside] {
        let call = gateway.chat_call(&body).header("host", "eu.gateway.example");
        let reply = call.send().await;
        assert_eq!(reply.status, if body.get("plugins").is_some() { 400 } else { 404 });
        assert_eq!(world.writer.requests().len(), 0);
    }
}

#[tokio::test]
async fn section_5_6_rules_go_before_fusion_and_may_choose_it() {
    let world = World::new().await;
    let rules = r#"
        [[rule]]
        name = "alone"
        when = { user = "guest" }
        then = { models = ["acme/w"] }
        [[rule]]
        name = "together"
        when = { model = "any" }
        then = { models = ["openrouter/fusion"] }
        [[rule]]
        name = "no first"
        when = { user = "careful" }
        then = { restrict = { ignore = ["first"] } }
    "#;
    let gateway = world.with("echo", "echo", "echo").config(rules).start().await;
    let asked = async |user: &str, model: &str| -> Vec<(String, String)> {
        let mut body = fusing("Hello", &named());
        (body["user"], body["model"]) = (json!(user), json!(model));
        let said = gateway.chat(body).await.said();
        let policy = policy_of(&gateway, &said.id).await;
        let Some(_) = policy["stages"].as_array() else { return Vec::new() };
        stages(&policy).into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    };
    assert_eq!(asked("guest", "openrouter/fusion").await, []);
    let all = ALL.map(|(model, outcome)| (model.to_owned(), outcome.to_owned()));
    assert_eq!(asked("x", "any").await, all);
    let careful = asked("careful", "openrouter/fusion").await;
    assert!(careful[0].1.starts_with("failed"), "{careful:?}");
    assert_eq!(careful[1..], all[1..]);
}

#[tokio::test]
async fn who_leaves_while_models_analyse_pays_what_they_wrote() {
    let world = World::new().await;
    let gateway = world.with("prose+tps:10", "echo", "echo").start().await;
    let record = left(&gateway, &fusing("Hello", &named()), 1_500).await;
    assert_eq!(
        (&record["cancelled"], &record["streamed"]),
        (&json!(true), &json!(true)),
        "{record}"
    );
    assert_eq!(record["router"], "openrouter/fusion", "{record}");
    let policy = &record["routing"]["policy"];
    let costs: Vec<f64> = policy["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["cost"].as_f64().unwrap())
        .collect();
    assert_eq!(costs.len(), 2, "{record}");
    assert!(costs.iter().all(|cost| *cost > 0.0), "{record}");
    let off = record["total_cost"].as_f64().unwrap() - costs.iter().sum::<f64>();
    assert!(off.abs() < 1e-12, "{record}");
    assert_eq!(world.writer.requests().len(), 0);
}

#[tokio::test]
async fn who_can_pay_for_one_model_only_is_not_served_by_three() {
    let world = World::new().await;
    // A tenth of a cent a token.
    let price = r#"{ input = "1000", output = "1000" }"#;
    let gateway = TestGateway::builder()
        .config("[billing]\nenabled = true\n")
        .provider("first", Protocol::OpenAi, &world.analysts)
        .endpoint("one/a", "first", "echo", price)
        .endpoint("two/b", "first", "echo", price)
        .endpoint("acme/w", "first", "echo", price)
        .start()
        .await;
    let pay = async |id: &str, dollars: &str| {
        let engine = gateway.engine();
        let bought =
            Movement::new(id, AccountId::default(), Kind::Purchase, usd(dollars), engine.now());
        assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
    };
    pay("a", "0.02").await;
    let text = "a b c d e f g h";
    assert_eq!(gateway.chat(asking("acme/w", text)).await.status, 200);
    pay("b", "0.016").await;
    let before = world.analysts.requests().len();
    gateway.chat(fusing(text, &named())).await.error(402, "payment_required");
    assert_eq!(world.analysts.requests().len(), before, "nobody was asked");
    assert_eq!(gateway.chat(asking("acme/w", text)).await.status, 200, "one is still enough for");
    pay("c", "5").await;
    let cost = gateway.chat(fusing(text, &named())).await.said().cost();
    assert!(cost > usd("0.048"), "{cost}");
}
