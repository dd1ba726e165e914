//! What is learned of endpoints from their failures and their silence, who is told of it, and how
//! they come back (contract §5.3).

use serde_json::{Value, json};
use tollgate_simulator::{Simulator, SimulatorConfig};
use tollgate_testkit::{Protocol, TestGateway, eventually, simulator};

use crate::routing::{P1, P2, asking, asking_of, plan, tried, two};

#[tokio::test]
async fn section_5_3_what_fails_again_and_again_is_left_alone() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+status:500", P1), ("echo", P2)).start().await;
    let mut last = Vec::new();
    for _ in 0..6 {
        let mut asking = asking("Hello");
        asking["provider"] = json!({ "order": ["first"] });
        let said = gateway.chat(asking).await.said();
        assert_eq!(said.provider, "Second");
        last = plan(&gateway, &said.id).await;
    }
    // Five failures in a row: it is not even tried first where the caller's order says so.
    assert_eq!(last[0]["endpoint_id"], "second/acme/m", "{last:?}");
    let reason = "has failed again and again, and is left alone for a while";
    assert_eq!(last[1]["reason"], reason, "{last:?}");
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    let endpoints = listed["data"]["endpoints"].as_array().unwrap();
    let by = |name: &str| endpoints.iter().find(|it| it["provider_name"] == name).unwrap();
    assert_eq!(by("First")["uptime_last_5m"], 0.0, "{listed}");
    assert_eq!(by("First")["status"], -10, "{listed}");
    assert_eq!(by("Second")["uptime_last_30m"], 100.0, "{listed}");
    assert_eq!(by("Second")["status"], 0, "{listed}");
    let metrics = gateway.at("GET", "/metrics").send().await.text();
    for line in [
        r#"tollgate_endpoint_status{endpoint="first/acme/m"} -10"#,
        r#"tollgate_endpoint_uptime_percent{endpoint="first/acme/m",window="5m"} 0.0"#,
        r#"tollgate_endpoint_uptime_percent{endpoint="second/acme/m",window="1d"} 100.0"#,
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn how_endpoints_are_doing_can_be_asked_for() {
    let simulator = simulator().await;
    let limited = "echo+status:429+retry-after:40";
    let gateway = two(&simulator, ("echo+status:503", P1), ("echo", P2))
        .endpoint("acme/n", "first", limited, P1)
        .endpoint("acme/n", "second", "echo", P2)
        .endpoint("acme/idle", "first", "echo", P1)
        .start()
        .await;
    assert_eq!(gateway.get("/routing/health").await.json(), json!({ "data": [] }));
    for _ in 0..6 {
        let mut asking = asking("Hello");
        asking["provider"] = json!({ "order": ["first"] });
        gateway.chat(asking).await.said();
    }
    gateway.chat(asking_of("acme/n")).await.said();
    let reply = gateway.call("GET", "/routing/health").key(gateway.management_key()).send().await;
    let all = reply.json()["data"].clone();
    let by = |id: &str| {
        let found = all.as_array().unwrap().iter().find(|it| it["endpoint_id"] == id);
        found.unwrap_or_else(|| panic!("{id}: {all}"))
    };
    assert_eq!(all.as_array().unwrap().len(), 4, "only those that were called: {all}");
    let first = by("first/acme/m");
    assert_eq!((&first["status"], &first["status_text"]), (&json!(-10), &json!("left alone")));
    assert_eq!(first["circuit"], "open", "{first}");
    let left = first["open_for_ms"].as_i64().unwrap();
    assert!((1..=1_000).contains(&left), "{first}");
    assert_eq!(first["failures_last_30m"], json!({ "overloaded": 5 }), "{first}");
    assert_eq!(first["uptime_last_5m"], 0.0, "{first}");
    assert_eq!(first["latency_last_5m"], Value::Null, "{first}");
    let second = by("second/acme/m");
    assert_eq!((&second["status"], &second["status_text"]), (&json!(0), &json!("well")));
    assert_eq!((&second["circuit"], &second["open_for_ms"]), (&json!("closed"), &Value::Null));
    let counts = json!({ "succeeded": 6, "failed": 0, "rate_limited": 0, "callers": 0 });
    assert_eq!(second["attempts_last_30m"], counts, "{second}");
    assert_eq!(second["failures_last_30m"], json!({}), "{second}");
    assert!(second["throughput_last_5m"]["p50"].is_number(), "{second}");
    let cooling = by("first/acme/n");
    assert_eq!(cooling["status_text"], "wants fewer calls", "{cooling}");
    let left = cooling["cooling_for_ms"].as_i64().unwrap();
    assert!((30_000..=40_000).contains(&left), "{cooling}");
    assert_eq!(cooling["attempts_last_30m"]["rate_limited"], 1, "{cooling}");
    // A model that is named is told of whether it was called or not.
    let idle = gateway.get("/routing/health?model=acme%2Fidle").await.json()["data"].clone();
    assert_eq!(idle.as_array().unwrap().len(), 1, "{idle}");
    assert_eq!(idle[0]["endpoint_id"], "first/acme/idle", "{idle}");
    assert_eq!((&idle[0]["status"], &idle[0]["in_flight"]), (&json!(0), &json!(0)), "{idle}");
    gateway.get("/routing/health?model=acme/mm").await.error_message(404, "not_found");
    let nobody = gateway.at("GET", "/api/v1/routing/health").send().await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_dead_endpoint_comes_back_without_a_call() {
    let (mortal, other) = (simulator().await, simulator().await);
    let address = mortal.address();
    let gateway = TestGateway::builder()
        .config("[routing]\nsort = \"price\"\nretry_rounds = 0\nprobe_interval_ms = 100\n")
        .balanced()
        .provider("first", Protocol::OpenAi, &mortal)
        .provider("broken", Protocol::OpenAi, &other)
        .provider("second", Protocol::OpenAi, &other)
        .endpoint("acme/m", "first", "echo", P1)
        .endpoint("acme/m", "second", "echo", P2)
        .endpoint("acme/n", "broken", "echo+status:500", P1)
        .endpoint("acme/n", "second", "echo", P2)
        .start()
        .await;
    mortal.kill();
    mortal.closed().await;
    for (model, provider) in [("acme/m", "first"), ("acme/n", "broken")] {
        for _ in 0..6 {
            let mut asking = asking_of(model);
            asking["provider"] = json!({ "order": [provider] });
            assert_eq!(gateway.chat(asking).await.said().provider, "Second");
        }
    }
    let circuit = async |model: &str| {
        let told = gateway.get(&format!("/routing/health?model={model}")).await.json();
        let endpoint = told["data"].as_array().unwrap().iter();
        endpoint
            .into_iter()
            .find(|it| !it["endpoint_id"].as_str().unwrap().starts_with("second"))
            .unwrap()
            .clone()
    };
    let metrics = async || gateway.at("GET", "/metrics").send().await.text();
    let probed = |outcome: &str| {
        format!("tollgate_probes_total{{endpoint=\"first/acme/m\",outcome=\"{outcome}\"}} ")
    };
    let failure = probed("failure");
    eventually("it is asked in vain", async || metrics().await.contains(&failure).then_some(()))
        .await;
    assert_ne!(circuit("acme/m").await["circuit"], "closed");
    let config = SimulatorConfig { listen: address, ..SimulatorConfig::default() };
    let _back = Simulator::start(config).await.unwrap();
    let back = eventually("it is back", async || {
        Some(circuit("acme/m").await).filter(|it| it["circuit"] == "closed")
    })
    .await;
    // No call was made of it, and uptime is about calls.
    let counts = json!({ "succeeded": 0, "failed": 5, "rate_limited": 0, "callers": 0 });
    assert_eq!(back["attempts_last_30m"], counts, "{back}");
    let metrics = metrics().await;
    assert!(metrics.contains(&(probed("success") + "1\n")), "{metrics}");
    // Its list of models would be there all the time: that says nothing of its answers.
    assert_ne!(circuit("acme/n").await["circuit"], "closed");
    assert!(!metrics.contains("tollgate_probes_total{endpoint=\"broken"), "{metrics}");
    // Nobody waits for the next round.
    gateway.stop().await;
}

#[tokio::test]
async fn section_5_3_a_callers_mistake_says_nothing_of_an_endpoint() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+status:400", P1), ("echo+status:400", P2)).start().await;
    for _ in 0..8 {
        gateway.chat(asking("Hello")).await.error(400, "invalid_request");
    }
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    for endpoint in listed["data"]["endpoints"].as_array().unwrap() {
        assert_eq!(endpoint["status"], 0, "{listed}");
        assert_eq!(endpoint["uptime_last_5m"], Value::Null, "{listed}");
    }
}

#[tokio::test]
async fn a_pause_that_a_provider_asks_for_is_kept() {
    let simulator = simulator().await;
    let limited = ("echo+status:429+retry-after:60", P1);
    let gateway = two(&simulator, limited, ("echo", P2)).start().await;
    let first = gateway.chat(asking("Hello")).await.said();
    let rate_limited = ("First".to_owned(), json!("rate_limited"));
    let answered = ("Second".to_owned(), Value::Null);
    assert_eq!(tried(&gateway, &first.id).await, [rate_limited, answered.clone()]);
    let next = gateway.chat(asking("Hello")).await.said();
    assert_eq!(tried(&gateway, &next.id).await, [answered]);
    assert_eq!(plan(&gateway, &next.id).await[1]["reason"], "has asked for a pause");
}

#[tokio::test]
async fn a_client_that_leaves_a_silent_endpoint_speaks_against_it() {
    // A model that does not think has no reason to be silent for so long.
    const UNTHINKING: &str = r#"
        [[model]]
        id = "acme/quick"
        [[endpoint]]
        model = "acme/quick"
        provider = "first"
        upstream_model = "echo+hang"
        without_parameters = ["reasoning"]
        price = { input = "1", output = "2" }
        [[endpoint]]
        model = "acme/quick"
        provider = "second"
        upstream_model = "echo"
        price = { input = "2", output = "4" }
    "#;
    let simulator = simulator().await;
    let builder = two(&simulator, ("echo", P1), ("echo", P2)).config(UNTHINKING);
    let gateway = builder.start().await;
    // Two clients lose patience before the gateway does.
    let leave = async || {
        let patience = std::time::Duration::from_millis(6_500);
        let call = gateway.chat_stream(asking_of("acme/quick"));
        assert!(tokio::time::timeout(patience, call).await.is_err());
    };
    tokio::join!(leave(), leave());
    let listed = async || gateway.get("/models/acme/quick/endpoints").await.json();
    eventually("the endpoint is known to be silent", || async {
        (listed().await["data"]["endpoints"][0]["status"] == -3).then_some(())
    })
    .await;
    let said = gateway.chat(asking_of("acme/quick")).await.said();
    assert_eq!(tried(&gateway, &said.id).await, [("Second".to_owned(), Value::Null)]);
}

#[tokio::test]
async fn an_endpoint_is_tried_again_by_a_call_that_would_go_there() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+fail-first:5:500", P1), ("echo", P2)).start().await;
    for _ in 0..5 {
        let mut asking = asking("Hello");
        asking["provider"] = json!({ "order": ["first"] });
        assert_eq!(gateway.chat(asking).await.said().provider, "Second");
    }
    // It is left alone for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    // A call that goes elsewhere does not take its turn.
    let mut elsewhere = asking("Hello");
    elsewhere["provider"] = json!({ "order": ["second"] });
    assert_eq!(gateway.chat(elsewhere).await.said().provider, "Second");
    assert_eq!(gateway.chat(asking("Hello")).await.said().provider, "First");
}

#[tokio::test]
async fn section_5_3_what_a_provider_forbids_a_caller_does_not_count() {
    let simulator = simulator().await;
    let gateway = two(&simulator, ("echo+status:403", P1), ("echo", P2)).start().await;
    for _ in 0..6 {
        let mut asking = asking("Hello");
        asking["provider"] = json!({ "order": ["first"] });
        let said = gateway.chat(asking).await.said();
        assert_eq!(tried(&gateway, &said.id).await.len(), 2);
    }
    let listed = gateway.get("/models/acme/m/endpoints").await.json();
    assert_eq!(listed["data"]["endpoints"][0]["status"], 0, "{listed}");
}
