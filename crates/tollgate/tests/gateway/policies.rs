//! The operator's rules: what they make of calls, who is told, and how they are changed.

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Said, TestGateway, simulator, usd};

const CHEAP: &str = r#"{ input = "1", output = "2" }"#;
const DEAR: &str = r#"{ input = "10", output = "20" }"#;

fn asking(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": text }] })
}

/// `acme/small` repeats what it is told, `acme/big` tells a story; each at its own provider.
fn two(simulator: &Simulator) -> Builder {
    with(simulator, "echo", "prose")
}

fn with(simulator: &Simulator, small: &str, big: &str) -> Builder {
    TestGateway::builder()
        .provider("first", Protocol::OpenAi, simulator)
        .provider("second", Protocol::Anthropic, simulator)
        .endpoint("acme/small", "first", small, CHEAP)
        .endpoint("acme/big", "second", big, DEAR)
}

/// What rules made of a call, by its record.
async fn policy_of(gateway: &TestGateway, id: &str) -> Value {
    gateway.generation(id).await["routing"]["policy"].clone()
}

async fn ask(gateway: &TestGateway, body: Value) -> (Said, Value) {
    let said = gateway.chat(body).await.said();
    let policy = policy_of(gateway, &said.id).await;
    (said, policy)
}

/// Both streamed and whole.
async fn both(gateway: &TestGateway, body: &Value) -> [(Said, Value); 2] {
    let whole = ask(gateway, body.clone()).await;
    let streamed = gateway.chat_stream(body.clone()).await.said();
    let policy = policy_of(gateway, &streamed.id).await;
    [whole, (streamed, policy)]
}

fn stages(policy: &Value) -> Vec<(&str, &str)> {
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

const CASCADE: &str = r#"
    [[rule]]
    name = "cheap first"
    [rule.then.cascade]
    models = ["acme/small", "acme/big"]
    escalate = { shorter_than = 20, keywords = ["i don't know"] }
"#;

#[tokio::test]
async fn a_cascade_asks_the_dear_model_when_the_cheap_ones_answer_is_not_good_enough() {
    let simulator = simulator().await;
    let gateway = two(&simulator).config(CASCADE).start().await;
    for (said, policy) in both(&gateway, &asking("acme/any", "Short")).await {
        assert_eq!(said.model, "acme/big", "{policy}");
        assert!(!said.text.contains("Short"), "{}", said.text);
        let reason = "its 5 characters are fewer than 20";
        assert_eq!(stages(&policy), [("acme/small", reason), ("acme/big", "answered")]);
        // Both are paid for, and the answer says so.
        let costs: Vec<f64> = policy["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["cost"].as_f64().unwrap())
            .collect();
        assert!(costs.iter().all(|cost| *cost > 0.0), "{policy}");
        let record = gateway.generation(&said.id).await;
        let off = record["total_cost"].as_f64().unwrap() - costs.iter().sum::<f64>();
        assert!(off.abs() < 1e-12, "{record}");
        assert_eq!(said.cost(), tollgate_testkit::amount(&record["total_cost"]));
    }
    let long = "This is long enough to be told as it is.";
    for (said, policy) in both(&gateway, &asking("acme/any", long)).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/small", long));
        assert_eq!(stages(&policy), [("acme/small", "answered")]);
    }
    let unsure = "Well, I don't know about that one at all.";
    for (said, policy) in both(&gateway, &asking("acme/any", unsure)).await {
        assert_eq!(said.model, "acme/big", "{policy}");
    }
}

#[tokio::test]
async fn a_cascade_tells_the_best_there_is_when_the_dear_model_fails() {
    let simulator = simulator().await;
    let gateway = with(&simulator, "echo", "echo+status:500").config(CASCADE).start().await;
    for (said, policy) in both(&gateway, &asking("acme/any", "Short")).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/small", "Short"));
        let stages = stages(&policy);
        assert_eq!(stages[0], ("acme/small", "answered"), "{policy}");
        assert!(stages[1].1.starts_with("failed"), "{policy}");
    }
    // A stream of the cheap one that breaks in the middle was never shown: the dear one answers.
    let gateway = with(&simulator, "prose+cut-after:3", "echo").config(CASCADE).start().await;
    for (said, policy) in both(&gateway, &asking("acme/any", "Short")).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/big", "Short"), "{policy}");
    }
    let gateway = with(&simulator, "echo+status:503", "echo+status:500");
    let gateway = gateway.config(CASCADE).start().await;
    gateway.chat(asking("acme/any", "Short")).await.error(503, "provider_overloaded");
}

#[tokio::test]
async fn a_cascade_answers_in_the_clients_own_words() {
    let simulator = simulator().await;
    let gateway = two(&simulator).config(CASCADE).start().await;
    let body = json!({ "model": "acme/any", "max_tokens": 500,
                       "messages": [{ "role": "user", "content": "Short" }] });
    let answer = gateway.post("/messages", &body).await.json();
    assert_eq!(answer["model"], "acme/big", "{answer}");
    assert!(answer["content"][0]["text"].as_str().unwrap().len() > 20, "{answer}");
    let mut streaming = body;
    streaming["stream"] = json!(true);
    let stream = gateway.call("POST", "/messages").json(&streaming).send().await.text();
    assert!(!stream.contains("Short"), "{stream}");
    assert_eq!(stream.matches("event: message_start").count(), 1, "{stream}");
    assert!(stream.contains("event: message_stop"), "{stream}");
}

#[tokio::test]
async fn a_consensus_tells_what_most_agree_on_and_what_all_cost() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "three judges"
        [rule.then.consensus]
        models = ["acme/big", "acme/small", "acme/third"]
        agree = "text"
        quorum = 3
    "#;
    let gateway =
        two(&simulator).endpoint("acme/third", "first", "echo", CHEAP).config(rules).start().await;
    for (said, policy) in both(&gateway, &asking("acme/any", "Twelve")).await {
        assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/small", "Twelve"));
        let lost = "answered, and was not told";
        let expected = [("acme/big", lost), ("acme/small", "answered"), ("acme/third", lost)];
        assert_eq!(stages(&policy), expected);
        assert_eq!(policy["confidence"], 0.666_667, "{policy}");
        let record = gateway.generation(&said.id).await;
        let sum: f64 = (0..3).map(|at| policy["stages"][at]["cost"].as_f64().unwrap()).sum();
        assert!((record["total_cost"].as_f64().unwrap() - sum).abs() < 1e-12, "{record}");
        assert_eq!(record["provider_responses"].as_array().unwrap().len(), 3, "{record}");
    }
    // One that fails is outvoted; when all fail the caller learns why.
    let gateway = with(&simulator, "echo", "echo+status:500")
        .endpoint("acme/third", "first", "echo", CHEAP)
        .config(rules)
        .start()
        .await;
    let (said, policy) = ask(&gateway, asking("acme/any", "Twelve")).await;
    assert_eq!(said.text, "Twelve");
    assert_eq!(stages(&policy)[0].1, "failed at 1 endpoints", "{policy}");
}

#[tokio::test]
async fn a_consensus_waits_for_nobody_who_can_change_nothing() {
    let simulator = simulator().await;
    let rules = r#"
        [[rule]]
        name = "three judges"
        [rule.then.consensus]
        models = ["acme/big", "acme/small", "acme/third"]
        quorum = 2
    "#;
    // Twenty seconds and more of words; the second is silent.
    for (slow, writes) in [("prose+tps:5", true), ("prose+ttft:20000", false)] {
        let gateway = with(&simulator, "echo+ttft:600", slow)
            .endpoint("acme/third", "first", "echo", CHEAP)
            .config(rules)
            .start()
            .await;
        let begun = tokio::time::Instant::now();
        for (said, policy) in both(&gateway, &asking("acme/any", "Twelve")).await {
            assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/small", "Twelve"));
            let expected = [
                ("acme/big", "under way when the others had decided"),
                ("acme/small", "answered"),
                ("acme/third", "answered, and was not told"),
            ];
            assert_eq!(stages(&policy), expected);
            assert_eq!(policy["confidence"], 0.666_667, "{policy}");
            let record = gateway.generation(&said.id).await;
            let costs: Vec<f64> =
                (0..3).map(|at| policy["stages"][at]["cost"].as_f64().unwrap()).collect();
            // As of those whom a client hangs up on: nothing is known of what comes whole.
            assert_eq!(costs[0] > 0.0, writes && record["streamed"] == true, "{record}");
            let sum: f64 = costs.iter().sum();
            assert!((record["total_cost"].as_f64().unwrap() - sum).abs() < 1e-12, "{record}");
            assert_eq!(record["cancelled"], false, "{record}");
        }
        assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_model_under_two_names_has_one_voice() {
    let simulator = simulator().await;
    let rules = r#"
        [[model]]
        id = "acme/small"
        aliases = ["acme/tiny"]
        [[rule]]
        name = "two judges"
        [rule.then.consensus]
        models = ["acme/big", "acme/small", "acme/tiny", "acme/small:nitro"]
    "#;
    let gateway = two(&simulator).config(rules).start().await;
    let (said, policy) = ask(&gateway, asking("acme/any", "Twelve")).await;
    assert_eq!(said.model, "acme/big", "nobody has outvoted it");
    assert_eq!(stages(&policy).len(), 2, "{policy}");
    assert_eq!(policy["confidence"], 0.5, "{policy}");
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
    let gateway = two(&simulator).config(CASCADE).start().await;
    let explained = gateway.post("/routing/explain", &asking("acme/small", "Hello")).await.json();
    let rules = &explained["data"]["policy"]["rules"];
    assert_eq!(rules[0]["name"], "cheap first", "{explained}");
}

#[tokio::test]
async fn who_leaves_a_cascade_pays_what_was_answered() {
    let simulator = simulator().await;
    let gateway = with(&simulator, "echo", "prose+stall").config(CASCADE).start().await;
    let mut owed = usd("0");
    for streamed in [true, false] {
        let mut body = asking("acme/any", "Short");
        body["stream"] = json!(streamed);
        let call = gateway.chat_call(&body).send();
        let patience = std::time::Duration::from_secs(1);
        assert!(tokio::time::timeout(patience, call).await.is_err(), "it was answered");
        let record = tollgate_testkit::eventually("a record", || async {
            gateway.engine().recorder().flush().await;
            let records = gateway.engine().stores().generations.recent(1, None).await.unwrap();
            records.into_iter().next().filter(|it| it.streamed == streamed)
        });
        let record = gateway.generation(record.await.id.as_str()).await;
        assert_eq!(record["cancelled"], true, "{record}");
        let policy = &record["routing"]["policy"];
        assert_eq!(stages(policy), [("acme/small", "its 5 characters are fewer than 20")]);
        assert_eq!(record["total_cost"], policy["stages"][0]["cost"], "{record}");
        assert!(record["total_cost"].as_f64().unwrap() > 0.0, "{record}");
        owed = owed.checked_add(tollgate_testkit::amount(&record["total_cost"])).unwrap();
    }
    assert_eq!(tollgate_testkit::amount(&gateway.spent().await), owed);
}

#[tokio::test]
async fn a_cascade_may_go_by_how_sure_the_model_is() {
    let simulator = simulator().await;
    let judged = |least: &str| {
        format!(
            "[[rule]]\nname = \"sure\"\n[rule.then.cascade]\nmodels = [\"acme/small\", \"acme/big\"]\nescalate = {{ confidence_below = {least} }}\n"
        )
    };
    for (least, model) in [("0.01", "acme/small"), ("0.999", "acme/big")] {
        let gateway = two(&simulator).config(&judged(least)).start().await;
        for (said, policy) in both(&gateway, &asking("acme/any", "One two three")).await {
            assert_eq!(said.model, model, "{least}: {policy}");
            // Only the model that was judged was asked for probabilities.
            assert_eq!(said.logprobs.is_empty(), model == "acme/big", "{least}");
        }
    }
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

#[tokio::test]
async fn section_3_4_callers_who_ask_are_told_of_rules() {
    let simulator = simulator().await;
    let gateway = two(&simulator).config(CASCADE).start().await;
    let call = gateway.chat_call(&asking("acme/any", "Short"));
    let answer = call.header("X-OpenRouter-Metadata", "enabled").send().await.json();
    let pipeline = &answer["openrouter_metadata"]["pipeline"];
    assert_eq!(pipeline[0]["type"], "plugin", "{answer}");
    assert_eq!(pipeline[0]["summary"], "cheap first: cascade", "{answer}");
    let stages = &pipeline[0]["data"]["stages"];
    assert_eq!(stages[0]["outcome"], "its 5 characters are fewer than 20", "{answer}");
    assert_eq!(stages[1], json!({ "model": "acme/big", "outcome": "answered" }), "{answer}");
}

/// Leaves after a while, and returns the record.
async fn left(gateway: &TestGateway, body: &Value, after_ms: u64) -> Value {
    let mut body = body.clone();
    body["stream"] = json!(true);
    let call = gateway.chat_call(&body).send();
    let patience = std::time::Duration::from_millis(after_ms);
    assert!(tokio::time::timeout(patience, call).await.is_err(), "it was answered");
    let record = tollgate_testkit::eventually("a record", || async {
        gateway.engine().recorder().flush().await;
        gateway.engine().stores().generations.recent(1, None).await.unwrap().into_iter().next()
    });
    gateway.generation(record.await.id.as_str()).await
}

#[tokio::test]
async fn who_leaves_while_an_answer_is_judged_pays_what_it_had_come_to() {
    let simulator = simulator().await;
    let slow = "prose+tps:10";
    let consensus =
        "[[rule]]\nname = \"c\"\n[rule.then.consensus]\nmodels = [\"acme/small\", \"acme/big\"]\n";
    for (rules, expected) in [(CASCADE, 1), (consensus, 2)] {
        let small = if rules == CASCADE { slow } else { "echo" };
        let gateway = with(&simulator, small, slow).config(rules).start().await;
        let record = left(&gateway, &asking("acme/any", "Hello"), 1_500).await;
        assert_eq!(record["cancelled"], true, "{record}");
        let policy = &record["routing"]["policy"];
        let stages = policy["stages"].as_array().unwrap();
        assert_eq!(stages.len(), expected, "{record}");
        let costs: Vec<f64> = stages.iter().map(|it| it["cost"].as_f64().unwrap()).collect();
        assert!(costs.iter().all(|cost| *cost > 0.0), "{record}");
        let off = record["total_cost"].as_f64().unwrap() - costs.iter().sum::<f64>();
        assert!(off.abs() < 1e-12, "{record}");
    }
}

#[tokio::test]
async fn one_model_that_is_gone_takes_no_other_with_it() {
    let simulator = simulator().await;
    for strategy in [
        "cascade]\nmodels = [\"acme/gone\", \"acme/small\"]\nescalate = { refusal = true }",
        "cascade]\nmodels = [\"acme/small\", \"acme/gone\"]\nescalate = { shorter_than = 99 }",
        "consensus]\nmodels = [\"acme/gone\", \"acme/small\"]",
    ] {
        let rules = format!("[[rule]]\nname = \"r\"\n[rule.then.{strategy}\n");
        let gateway = two(&simulator).config(&rules).start().await;
        for (said, policy) in both(&gateway, &asking("acme/big", "Hello")).await {
            assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/small", "Hello"));
            let gone = stages(&policy).into_iter().find(|(model, _)| *model == "acme/gone");
            assert!(gone.unwrap().1.starts_with("failed"), "{policy}");
        }
    }
}

#[tokio::test]
async fn a_call_that_failed_costs_nothing_whatever_was_asked_for_it() {
    let simulator = simulator().await;
    let gateway = with(&simulator, "echo", "prose+cut-after:3").config(CASCADE).start().await;
    let stream = gateway.chat_stream(asking("acme/any", "Short")).await;
    let (said, _) = stream.broken_off();
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["total_cost"], 0.0, "{record}");
    let policy = &record["routing"]["policy"];
    assert_eq!(stages(policy)[1], ("acme/big", "broke off"), "{policy}");
}

#[tokio::test]
async fn an_answer_that_is_not_told_is_billed_at_the_tier_that_served() {
    let simulator = simulator().await;
    let rows = r#"
        [[model]]
        id = "acme/tiered"
        [[endpoint]]
        model = "acme/tiered"
        provider = "first"
        upstream_model = "echo+served:default"
        price = { input = "1", output = "2" }
        service_tiers = { priority = "2" }
        [[rule]]
        name = "r"
        then = { cascade = { models = ["acme/tiered", "acme/big"], escalate = { shorter_than = 20 } } }
    "#;
    let gateway = two(&simulator).config(rows).start().await;
    let mut body = asking("acme/any", "Short");
    body["service_tier"] = json!("priority");
    let (_, policy) = ask(&gateway, body).await;
    // One token read, one written.
    assert_eq!(policy["stages"][0]["cost"], 0.000_003, "{policy}");
}
