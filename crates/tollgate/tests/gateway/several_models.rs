//! Several models for one answer: cascades and consensus, who is told of them, and who pays.

use serde_json::{Value, json};
use tollgate_testkit::{TestGateway, simulator, usd};

use super::policies::{CHEAP, ask, asking, both, stages, two, with};

pub(super) const CASCADE: &str = r#"
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
pub(super) async fn left(gateway: &TestGateway, body: &Value, after_ms: u64) -> Value {
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
