//! What calls rely on goes away and comes back: room on the disk, the database, the right time.
//! Nothing that a caller was told is lost or charged twice, and nothing is done that can't be
//! written down.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Kind, Movement, audit};
use tollgate_simulator::Simulator;
use tollgate_store::ResetInterval;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Protocol, TestGateway, eventually, simulator, usd};
use tollgate_types::{Timestamp, Usd};

use crate::crashing::{checked_file, configuration, costed, exchange};
use crate::home::Home;

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const CALLS_MAX: u32 = 5_000;

fn eight() -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": "acme/m", "messages": messages, "max_tokens": 8 })
}

fn world(simulator: &Simulator, config: &str) -> Builder {
    TestGateway::builder()
        .config(config)
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new("purchase", account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

/// All of it is written, nothing is held, the books balance, and this is what was spent.
async fn assert_spent(gateway: &TestGateway, dollars: &str) {
    gateway.engine().recorder().flush().await;
    gateway.engine().purses().give_back_all().await.unwrap();
    let stores = gateway.engine().stores();
    let balance = stores.ledger.balance(&AccountId::default()).await.unwrap();
    assert_eq!((balance.spent, balance.held), (usd(dollars), Usd::ZERO));
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

/// The real program may write no file beyond a size, which is to it as if the disk were full, until
/// it may again.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_called_that_could_not_be_charged() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let calls = || simulator.calls("echo");
    let (told, records) = thread::scope(|scope| {
        let run = scope.spawn(|| filled_and_emptied(&base, &calls));
        run.join().unwrap()
    });
    assert!(told > 20, "{told} answers");
    assert_eq!(records, calls(), "each call at the provider is on record");
}

fn filled_and_emptied(base: &str, calls: &dyn Fn() -> u64) -> (usize, u64) {
    let home = Home::new();
    home.file(&configuration(base));
    let made = home.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap().to_owned();
    home.does(&["credits", "add", "100"]);
    let data = home.directory.path().join("data");
    let room = largest(&data) + 256 * 1024;

    let mut command = Command::new("prlimit");
    // A write beyond the size is to fail, not to end the program.
    command.args([&format!("--fsize={room}:unlimited"), "sh", "-c", "trap '' XFSZ; exec \"$@\""]);
    command.args(["sh", env!("CARGO_BIN_EXE_tollgate"), "serve", "--listen", "127.0.0.1:0"]);
    let serving = home.serving(command);
    let mut told = BTreeMap::new();
    let is_full = (0..CALLS_MAX).any(|call| {
        let reply = exchange(&serving.address, &key, call % 2 == 0).unwrap();
        match costed(&reply) {
            Some((id, cost)) => assert_eq!(told.insert(id, cost), None),
            None => assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}"),
        }
        reply.starts_with("HTTP/1.1 503 ")
    });
    assert!(is_full, "the disk was never full");
    let before = calls();
    for _ in 0..20 {
        let reply = exchange(&serving.address, &key, false).unwrap();
        assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
    }
    assert_eq!(calls(), before, "a refused call is not made");

    let pid = serving.child.id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(lifted.unwrap().success());
    let answers = (0..200).any(|_| {
        thread::sleep(std::time::Duration::from_millis(100));
        let reply = exchange(&serving.address, &key, false).unwrap();
        costed(&reply).is_some_and(|(id, cost)| told.insert(id, cost).is_none())
    });
    assert!(answers, "there is room, and nothing is answered");
    assert_eq!(serving.terminate(), Some(0));
    assert!(home.does(&["ledger", "audit"]).contains("balanced"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = data.join("tollgate.db");
    (told.len(), runtime.block_on(checked_file(database.to_str().unwrap(), &told)))
}

/// The size of the largest file below a folder.
fn largest(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| {
        let about = entry.metadata().unwrap();
        if about.is_dir() { largest(&entry.path()) } else { about.len() }
    });
    sizes.max().unwrap_or(0)
}

/// A database that dies in the middle of the work: calls go on from what was set aside, and what
/// they cost is written down when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_the_database_is_away() {
    let simulator = simulator().await;
    let server = Arc::new(TestServer::private());
    let database = server.database().await;
    let config = format!("[database]\nurl = \"{database}\"\n[billing]\nenabled = true\n");
    let gateway = world(&simulator, &config).start().await;
    add(&gateway, "1000").await;
    gateway.chat(eight()).await.said();

    let stopped = Arc::clone(&server);
    tokio::task::spawn_blocking(move || stopped.crash()).await.unwrap();
    for _ in 0..5 {
        gateway.chat(eight()).await.said();
    }
    assert_eq!(gateway.at("GET", "/health/ready").send().await.status, 503);
    let started = Arc::clone(&server);
    tokio::task::spawn_blocking(move || started.restart()).await.unwrap();
    eventually("the database answers", || async {
        (gateway.at("GET", "/health/ready").send().await.status == 200).then_some(())
    })
    .await;
    gateway.chat(eight()).await.said();
    assert_eq!(simulator.calls("echo"), 7);
    assert_spent(&gateway, "0.112").await;
}

/// A clock that stands where it is put.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A clock that jumps, back most of all, gives nobody their budget back, and the books keep their
/// order.
#[tokio::test]
async fn a_clock_that_steps_back_gives_nothing_away() {
    let simulator = simulator().await;
    let noon = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(noon.unix_millis())));
    let builder = world(&simulator, "[billing]\nenabled = true\n").clock(clock.clone());
    let gateway = builder.start().await;
    add(&gateway, "1").await;
    let daily = gateway
        .key_with(|key| {
            key.limit = Some(usd("0.04"));
            key.limit_reset = Some(ResetInterval::Daily);
        })
        .await;
    let step = |millis: i64| clock.0.fetch_add(millis, Ordering::Relaxed);
    let mut told = Vec::new();
    for back in [0, -3_600_000] {
        step(back);
        told.push(gateway.chat_call(&eight()).key(&daily).send().await.said().id);
    }
    for back in [0, -86_400_000, -40 * 86_400_000_i64] {
        step(back);
        let refused = gateway.chat_call(&eight()).key(&daily).send().await;
        assert_eq!(refused.status, 402, "{}", refused.text());
        told.push(gateway.chat(eight()).await.said().id);
    }
    step(43 * 86_400_000);
    told.push(gateway.chat_call(&eight()).key(&daily).send().await.said().id);
    assert_spent(&gateway, "0.096").await;
    for id in &told {
        assert_eq!(gateway.generation(id).await["id"], **id);
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 6);
}
