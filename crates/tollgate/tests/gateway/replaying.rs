//! `tollgate route replay`: recorded calls, decided again under another policy.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Stopped, simulator};

const P1: &str = r#"{ input = "1", output = "2" }"#;
const P10: &str = r#"{ input = "10", output = "20" }"#;

fn world(simulator: &Simulator) -> Builder {
    tollgate_testkit::TestGateway::builder()
        .provider("first", Protocol::OpenAi, simulator)
        .provider("second", Protocol::Anthropic, simulator)
        .endpoint("acme/m", "first", "echo+fail-first:4:500", P1)
        .endpoint("acme/m", "second", "echo", P10)
        .endpoint("acme/small", "first", "echo", P1)
}

/// What a policy would have changed.
fn replayed(stopped: &Stopped, config: &str, policy: &str, more: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (config, policy) = (write("tollgate.toml", config), write("policy.toml", policy));
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["route", "replay", "--since", "1h", "--config", &config, "--policy", &policy])
        .args(more)
        .env_clear()
        .env("TOLLGATE_DATABASE_URL", stopped.database_url())
        .current_dir(Path::new(folder.path()))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    (output.status.success(), out.unwrap() + &err.unwrap())
}

fn json_of(stopped: &Stopped, config: &str, policy: &str) -> Value {
    let (went_well, text) = replayed(stopped, config, policy, &["--json"]);
    assert!(went_well, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn another_policy_is_tried_on_what_was_recorded() {
    let simulator = simulator().await;
    let builder = world(&simulator);
    let config = builder.text();
    let gateway = builder.start().await;
    // Four calls meet a failure at the first, and go on at the second; four don't.
    let asking = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "Hello" }],
                         "provider": { "order": ["first"] } });
    let mut cost = 0.0;
    for _ in 0..8 {
        let said = gateway.chat(asking.clone()).await.said();
        cost += gateway.generation(&said.id).await["total_cost"].as_f64().unwrap();
    }
    let stopped = gateway.stop().await;

    // The same policy: nothing moves, and every call has the fate that it had.
    let same = json_of(&stopped, &config, "[routing]\nsort = \"price\"\n");
    assert_eq!((&same["calls"], &same["moved"]), (&json!(8), &json!(0)), "{same}");
    assert_eq!(same["before"]["failed_attempts"], same["after"]["failed_attempts"], "{same}");
    assert_eq!(same["before"]["cost_usd"], same["after"]["cost_usd"], "{same}");
    let before: f64 = same["before"]["cost_usd"].as_str().unwrap().parse().unwrap();
    assert!((before - cost).abs() < 1e-9, "{same} {cost}");

    // Away from the one that failed: dearer, and no failure is met.
    let away = "[[rule]]\nname = \"away\"\nthen = { restrict = { ignore = [\"first\"] } }\n";
    let away = json_of(&stopped, &config, away);
    assert_eq!(away["rules"]["away"], 8, "{away}");
    assert_eq!(away["after"]["failed_attempts"], 0.0, "{away}");
    let after: f64 = away["after"]["cost_usd"].as_str().unwrap().parse().unwrap();
    assert!(after > before, "{away}");
    let moves: u64 = away["moves"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(way, _)| way.ends_with("→ second/acme/m"))
        .map(|(_, moved)| moved["calls"].as_u64().unwrap())
        .sum();
    assert_eq!(moves, away["moved"].as_u64().unwrap(), "{away}");
    assert!(moves >= 4, "{away}");

    // Another model, which nobody asked for in these calls.
    let small = "[[rule]]\nname = \"small\"\nthen = { models = [\"acme/small\"] }\n";
    let small = json_of(&stopped, &config, small);
    assert_eq!(small["moved"], 8, "{small}");

    // Nothing is left: said, with the reason.
    let shut = "[[rule]]\nname = \"shut\"\nthen = { restrict = { only = [\"nobody\"] } }\n";
    let shut = json_of(&stopped, &config, shut);
    assert_eq!(shut["calls"], 0, "{shut}");
    assert_eq!(shut["not_replayed"].as_object().unwrap().values().next().unwrap(), 8, "{shut}");

    let (went_well, text) = replayed(&stopped, &config, "[routing]\nsort = \"price\"\n", &[]);
    assert!(went_well && text.contains("8 calls, 0 would have begun elsewhere."), "{text}");
    let (went_well, text) = replayed(&stopped, &config, "[[rule]]\nnam = \"x\"\n", &[]);
    assert!(!went_well && text.contains("did you mean `name`"), "{text}");
}
