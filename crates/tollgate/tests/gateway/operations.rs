//! A gateway in operation: keys made offline, files changed under it, a clean stop, providers from
//! the environment and on the own machine (`docs/configuration.md`).

use serde_json::{Value, json};
use tollgate_engine::{Clock, SystemClock};
use tollgate_simulator::{Simulator, SimulatorConfig};
use tollgate_store::{Change, KeyPatch, KeyRecord};
use tollgate_store_sqlite::SqliteStore;
use tollgate_testkit::{Protocol, TestGateway, eventually, simulator};
use tollgate_types::{ApiKey, GenerationId};

const CHEAP: &str = r#"{ input = "1", output = "2" }"#;

fn asking(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": text }] })
}

#[tokio::test]
async fn keys_made_and_disabled_offline_are_seen() {
    let gateway = TestGateway::builder().start().await;
    let offline = SqliteStore::open(&gateway.database_url()).await.unwrap().into_stores();
    let key = ApiKey::new([7; 32]);
    let now = SystemClock.now();
    let record = KeyRecord::new(gateway.engine().keys().hash(&key), "offline", &key.label(), now);
    offline.keys.insert(record).await.unwrap();
    let body = asking("tollgate/echo", "x");
    let call = || gateway.chat_call(&body).key(key.expose()).send();
    // Unknown keys are looked up, so a new one works at once.
    assert_eq!(call().await.status, 200);
    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    offline.keys.update(gateway.engine().keys().hash(&key), patch, now).await.unwrap();
    let started = tokio::time::Instant::now();
    eventually("the key is disabled", || async { (call().await.status == 401).then_some(()) })
        .await;
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
    offline.health.close().await;
}

#[tokio::test]
async fn a_changed_file_is_taken_up_and_an_invalid_one_is_not() {
    let simulator = simulator().await;
    let builder = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/old", "acme", "echo", CHEAP);
    let text = builder.text();
    let gateway = builder.start().await;
    gateway.chat(asking("acme/new", "x")).await.error(400, "invalid_request");
    // A stream that is open when the file changes ends as it began.
    let mut open = gateway.open_stream(asking("acme/old", "one two three")).await;
    open.next_text().await;
    let file = gateway.config_file();
    std::fs::write(&file, format!("{text}\nnonsense = ")).unwrap();
    let good = text.replace("acme/old", "acme/new");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(gateway.chat(asking("acme/old", "x")).await.status, 200);
    std::fs::write(&file, &good).unwrap();
    let call = || gateway.chat(asking("acme/new", "x"));
    eventually("the new model", || async { (call().await.status == 200).then_some(()) }).await;
    gateway.chat(asking("acme/old", "x")).await.error(400, "invalid_request");
    assert_eq!(open.rest().await.said().text, "one two three");
    // The whole file is refused, with what it takes away as with what it adds.
    std::fs::write(&file, good.replace("acme/new", "acme/newest").replace("base_url", "base_ur"))
        .unwrap();
    let refused = tokio::time::Instant::now() + std::time::Duration::from_millis(2_300);
    tokio::time::sleep_until(refused).await;
    assert_eq!(gateway.chat(asking("acme/new", "x")).await.status, 200);
    gateway.chat(asking("acme/newest", "x")).await.error(400, "invalid_request");
}

#[tokio::test]
async fn a_stop_lets_streams_end_and_writes_everything() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::Anthropic, &simulator)
        .endpoint("acme/m", "acme", "echo+tps:20+jitter:0", CHEAP)
        .start()
        .await;
    let mut open = gateway.open_stream(asking("acme/m", "one two three four five six")).await;
    let id = open.id();
    open.next_text().await;
    let address = gateway.address();
    let (stopped, streamed) = tokio::join!(gateway.stop(), open.rest());
    let said = streamed.said();
    assert_eq!(said.text, "one two three four five six");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "it still listens");
    let store = SqliteStore::open(&stopped.database_url()).await.unwrap().into_stores();
    let record = store.generations.get(&GenerationId::from_text(&id)).await.unwrap().unwrap();
    assert_eq!(record.cost, said.cost());
    assert!(!record.cancelled && record.error.is_none(), "{record:?}");
    assert_eq!(store.usage.account_usage().await.unwrap().total, said.cost());
    store.health.close().await;
}

#[tokio::test]
async fn a_stop_cuts_what_outlives_the_grace_period() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config("[limits]\nshutdown_grace_ms = 100\n")
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo+stall-after:1", CHEAP)
        .start()
        .await;
    let mut open = gateway.open_stream(asking("acme/m", "one two")).await;
    let id = open.id();
    open.next_text().await;
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(4), gateway.stop()).await;
    let stopped = stopped.unwrap();
    let store = SqliteStore::open(&stopped.database_url()).await.unwrap().into_stores();
    let record = store.generations.get(&GenerationId::from_text(&id)).await.unwrap();
    assert!(record.unwrap().cancelled, "what was cut off is on record as cut off");
    store.health.close().await;
    drop(open);
}

#[tokio::test]
async fn a_key_in_the_environment_makes_a_providers_models_routable() {
    let simulator = simulator().await;
    for (protocol, slug, variable, model) in [
        (Protocol::OpenAi, "openai", "OPENAI_API_KEY", "openai/gpt-4o-mini"),
        (Protocol::Anthropic, "anthropic", "ANTHROPIC_API_KEY", "anthropic/claude-haiku-4.5"),
        (Protocol::Gemini, "google-ai-studio", "GEMINI_API_KEY", "google/gemini-2.5-flash"),
    ] {
        let url = protocol.base_url(&simulator);
        let row = format!("[[provider]]\nslug = \"{slug}\"\nbase_url = \"{url}\"\n");
        let gateway =
            TestGateway::builder().config(&row).env([(variable, "sk-from-env")]).start().await;
        let said = gateway.chat(asking(model, "Hello")).await.said();
        assert_eq!(said.model, model, "{protocol:?}");
        assert!(said.text.len() > 100, "{protocol:?}: {}", said.text);
        assert!(said.cost().nanos() > 0, "{protocol:?}: {}", said.usage);
        let bare = model.split_once('/').unwrap().1;
        assert_eq!(gateway.chat(asking(bare, "Hello")).await.said().model, model, "{bare}");
        let request = simulator.requests().pop().unwrap();
        assert_eq!(request.model.as_deref().map(|it| it.contains("env")), Some(false));
    }
}

#[tokio::test]
async fn a_local_server_is_three_lines() {
    let config = SimulatorConfig { require_key: false, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).await.unwrap();
    let base = simulator.openai_base();
    let rows = format!("[[provider]]\nslug = \"ollama\"\nbase_url = \"{base}\"\n");
    let gateway = TestGateway::builder().config(&rows).start().await;
    let call = || async {
        let reply = gateway.chat(asking("ollama/echo", "Hello")).await;
        (reply.status == 200).then(|| reply.said())
    };
    let said = eventually("the local model", call).await;
    assert_eq!((said.text.as_str(), said.provider.as_str()), ("Hello", "Ollama"));
    assert_eq!(said.cost().nanos(), 0);
    assert!(said.usage.get("is_unpriced").is_none(), "{}", said.usage);
    let request = simulator.requests().pop().unwrap();
    assert!(request.header("authorization").is_none(), "{:?}", request.headers);
}

#[tokio::test]
async fn a_management_key_from_the_environment_works_from_the_start() {
    let key = "sk-or-v1-automation";
    let gateway = TestGateway::builder().env([("TOLLGATE_MANAGEMENT_KEY", key)]).start().await;
    assert_eq!(gateway.call("GET", "/keys").key(key).send().await.status, 200);
    gateway
        .chat_call(&asking("tollgate/echo", "x"))
        .key(key)
        .send()
        .await
        .error(403, "permission_denied");
    let stopped = gateway.stop().await;
    // Only its hash may be kept anywhere.
    let path = stopped.database_url();
    let bytes = std::fs::read(path.trim_start_matches("sqlite://")).unwrap();
    let found = bytes.windows(key.len()).any(|window| window == key.as_bytes());
    assert!(!found, "the key is in the database");
}

#[tokio::test]
async fn what_operators_watch_adds_up() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .provider("alpha", Protocol::OpenAi, &simulator)
        .provider("bravo", Protocol::Gemini, &simulator)
        .endpoint("acme/m", "alpha", "echo+status:503", CHEAP)
        .endpoint("acme/m", "bravo", "echo", r#"{ input = "10", output = "20" }"#)
        .endpoint("acme/silent", "bravo", "echo+stall-after:1", CHEAP)
        .start()
        .await;
    for _ in 0..3 {
        // In this order even where the first has been failing.
        let mut asking = asking("acme/m", "one two");
        asking["provider"] = json!({ "order": ["alpha"] });
        gateway.chat(asking).await.said();
    }
    let mut open = gateway.open_stream(asking("acme/silent", "one two")).await;
    open.next_text().await;
    let scrape = || async { gateway.at("GET", "/metrics").send().await.text() };
    let has = |text: &str, line: &str| text.lines().any(|it| it == line);
    assert!(has(&scrape().await, "tollgate_calls_in_flight 1"), "{}", scrape().await);
    drop(open);
    let ended = || async {
        let text = scrape().await;
        has(&text, "tollgate_calls_in_flight 0").then_some(text)
    };
    let text = eventually("no call in flight", ended).await;
    for (start, count) in [
        ("tollgate_attempts_total{", "provider=\"Alpha\",fault=\"overloaded\"} 3"),
        ("tollgate_attempts_total{", "provider=\"Bravo\",fault=\"none\"} 4"),
    ] {
        let line = format!("{start}{count}");
        // Labels say the slug or the name, as the program likes.
        assert!(text.to_lowercase().contains(&line.to_lowercase()), "{line}: {text}");
    }
    // Three times 2 × $10/M + 2 × $20/M, and what the last one produced.
    let cost = text.lines().find_map(|it| it.strip_prefix("tollgate_cost_nano_usd_total "));
    assert!(cost.unwrap().parse::<u64>().unwrap() > 180_000, "{text}");
    assert!(!text.contains(gateway.key()) && !text.contains("one two"), "{text}");
}
