//! The real program, killed in the middle of its work, again and again: what callers were told to
//! the end is on the books, once, and the books balance.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tollgate_ledger::{AccountId, Kind, audit};
use tollgate_store::{GenerationCursor, MovementQuery, Stores};
use tollgate_store_postgres::PostgresStore;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_store_sqlite::SqliteStore;
use tollgate_testkit::{Protocol, amount, simulator, usd};
use tollgate_types::Usd;

use crate::home::{Home, Serving};
use crate::postgres::SECRET_KEY;

/// Callers at once, each with a call under way.
const CALLERS: u64 = 6;
/// How often the program is killed; the long run has more.
const KILLS: u64 = 6;

/// What a caller was told to its end, and what it was told that it cost.
type Told = Mutex<BTreeMap<String, Usd>>;

#[expect(clippy::disallowed_methods, reason = "how the long run is asked for")]
fn kills() -> u64 {
    std::env::var("TOLLGATE_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(KILLS)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_paid_exactly_once_however_often_the_program_dies() {
    let kills = kills();
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let (told, served) = thread::scope(|scope| {
        let run = scope.spawn(|| killed_again_and_again(&base, kills));
        run.join().unwrap()
    });
    assert_told(&told, kills, served, simulator.calls("echo"));
}

/// Two nodes on one database: one dies, then the other, then both, and the database now and then.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_database_die_and_every_answer_is_paid_exactly_once() {
    let kills = kills();
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let server = TestServer::private();
    let database = server.database().await;
    let told = thread::scope(|scope| {
        let run = scope.spawn(|| two_killed_again_and_again(&base, (&server, &database), kills));
        run.join().unwrap()
    });
    let stores = PostgresStore::open(&database).await.unwrap().into_stores();
    let records = checked(stores, &told).await;
    assert_told(&told, kills, records, simulator.calls("echo"));
}

/// A batch is gone on with after each death: every request is answered, and what was answered and
/// lost is paid back.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the long run's figures")]
async fn a_batch_outlives_the_program_and_each_answer_is_paid_once() {
    const REQUESTS: u64 = 120;
    let kills = kills();
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let home = Home::new();
    home.file(&configuration(&base));
    let batch = thread::scope(|scope| {
        let run = scope.spawn(|| batch_killed_again_and_again(&home, REQUESTS, kills));
        run.join().unwrap()
    });
    let answered: Vec<&Value> = batch["results"].as_array().unwrap().iter().collect();
    assert_eq!(answered.len().try_into(), Ok(REQUESTS));
    assert!(answered.iter().all(|it| it["response"]["status_code"] == 200), "{batch}");
    assert!(home.does(&["ledger", "audit"]).contains("balanced"));
    let path = home.directory.path().join("data/tollgate.db");
    let stores = SqliteStore::open(path.to_str().unwrap()).await.unwrap().into_stores();
    let balance = stores.ledger.balance(&AccountId::default()).await.unwrap();
    // Eight tokens each way at 2 and 10 dollars a million, for half the price.
    assert_eq!(balance.spent, Usd::from_nanos(48_000 * i64::try_from(REQUESTS).unwrap()));
    assert_eq!(amount(&batch["usage"]["cost"]), balance.spent);
    assert_eq!(balance.held, Usd::ZERO);
    let query = MovementQuery { limit: 100_000, ..MovementQuery::default() };
    let rows = stores.ledger.movements(&query).await.unwrap();
    let repaid = rows.iter().filter(|it| it.movement.kind == Kind::Repayment).count();
    let calls = simulator.calls("echo");
    println!("{kills} kills: {calls} calls for {REQUESTS} requests, {repaid} paid back");
    assert!(calls >= REQUESTS + u64::try_from(repaid).unwrap());
    stores.health.close().await;
}

fn batch_killed_again_and_again(home: &Home, requests: u64, kills: u64) -> Value {
    let made = home.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap().to_owned();
    home.does(&["credits", "add", "100"]);
    let body = r#"{"messages":[{"role":"user","content":"a b c d e f g h"}]}"#;
    let requests: Vec<String> =
        (0..requests).map(|at| format!(r#"{{"custom_id":"r{at}","body":{body}}}"#)).collect();
    let batch = format!(
        r#"{{"endpoint":"/v1/chat/completions","model":"acme/m","requests":[{}]}}"#,
        requests.join(",")
    );
    let mut serving = home.serve();
    // HTTP/1.0: the answer comes as it is, and ends with its connection.
    let ask = |address: &str, line: &str, body: &str| -> Value {
        let reply = sent(address, &key, line, body).unwrap();
        let (_, body) = reply.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    };
    let id = ask(&serving.address, "POST /api/v1/batches HTTP/1.0", &batch)["id"].clone();
    let get = format!("GET /api/v1/batches/{} HTTP/1.0", id.as_str().unwrap());
    for kill in 0..kills {
        thread::sleep(Duration::from_millis(20 + kill * 37 % 90));
        // Dropping it kills it.
        drop(serving);
        serving = home.serve();
    }
    loop {
        let batch = ask(&serving.address, &get, "");
        if batch["results"].is_array() {
            assert_eq!(serving.terminate(), Some(0));
            return batch;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[expect(clippy::print_stdout, reason = "the long run's figures")]
fn assert_told(told: &BTreeMap<String, Usd>, kills: u64, served: u64, answered: u64) {
    println!(
        "{kills} kills: {} answers told to their end, {served} records, {answered} calls at the provider",
        told.len(),
    );
    assert!(told.len() > KILLS.try_into().unwrap(), "{} answers", told.len());
    // What the provider served and nobody was charged for: at most what was under way at each kill.
    assert!(answered >= served);
    assert!(answered - served <= kills * 2 * CALLERS, "{answered} calls, {served} records");
}

fn two_killed_again_and_again(
    base: &str,
    (server, database): (&TestServer, &str),
    kills: u64,
) -> BTreeMap<String, Usd> {
    let homes = [(); 2].map(|()| {
        let home = Home::new().with("TOLLGATE_SECRET_KEY", SECRET_KEY);
        home.file(&format!("[database]\nurl = \"{database}\"\n{}", configuration(base)));
        home
    });
    let [first, second] = &homes;
    let made = first.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap().to_owned();
    first.does(&["credits", "add", "100"]);
    let told = Told::default();
    let stop = AtomicBool::new(false);
    let addresses = [(); 2].map(|()| Mutex::new(String::new()));
    thread::scope(|scope| {
        for caller in 0..2 * CALLERS {
            let (told, stop, key) = (&told, &stop, key.as_str());
            let address = &addresses[usize::try_from(caller % 2).unwrap()];
            scope.spawn(move || {
                // A node that is down is called again: where it will be is told when it is up.
                while !stop.load(Ordering::Acquire) {
                    let at = address.lock().clone();
                    let next = answer(&at, key, caller % 4 < 2);
                    match next {
                        Some((id, cost)) => assert_eq!(told.lock().insert(id, cost), None),
                        None => thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        let serve = |node: usize| -> Serving {
            let serving = homes[node].serve();
            addresses[node].lock().clone_from(&serving.address);
            serving
        };
        let mut nodes = [Some(serve(0)), Some(serve(1))];
        for kill in 0..kills {
            thread::sleep(Duration::from_millis(60 + kill * 97 % 300));
            if kill % 5 == 3 {
                // Calls go on from what was set aside; then the nodes die, too.
                server.crash();
                thread::sleep(Duration::from_millis(100));
            }
            let dying: &[usize] =
                [&[0_usize][..], &[1], &[0, 1]][usize::try_from(kill % 3).unwrap()];
            for node in dying {
                // Dropping it kills it.
                nodes[*node] = None;
            }
            if kill % 5 == 3 {
                server.restart();
            }
            for node in dying {
                nodes[*node] = Some(serve(*node));
            }
        }
        stop.store(true, Ordering::Release);
        for node in nodes.into_iter().flatten() {
            assert_eq!(node.terminate(), Some(0));
        }
    });
    assert!(second.does(&["ledger", "audit"]).contains("balanced"));
    told.into_inner()
}

fn killed_again_and_again(base: &str, kills: u64) -> (BTreeMap<String, Usd>, u64) {
    let home = Home::new();
    home.file(&configuration(base));
    let made = home.json(&["keys", "create", "--name", "caller", "--json"]);
    let key = made["key"].as_str().unwrap().to_owned();
    home.does(&["credits", "add", "100"]);
    let told = Told::default();
    for kill in 0..kills {
        let serving = home.serve();
        // What the last life had not written yet counts against its keys from the first call on.
        let before: i64 = told.lock().values().map(|cost| cost.nanos()).sum();
        let counted = spent_with(&serving.address, &key);
        assert!(counted.nanos() >= before, "{counted} of {before} nano-dollars");
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for caller in 0..CALLERS {
                let (told, stop) = (&told, &stop);
                let (address, key) = (serving.address.clone(), key.clone());
                scope.spawn(move || call_until(stop, caller, (&address, &key), told));
            }
            // Another instant each time, from hardly begun to well under way.
            thread::sleep(Duration::from_millis(40 + kill * 97 % 300));
            // Dropping it kills it.
            drop(serving);
            stop.store(true, Ordering::Release);
        });
    }
    // A life in peace: it writes down what the last one left, and stops as it should.
    assert_eq!(home.serve().terminate(), Some(0));
    assert!(home.does(&["ledger", "audit"]).contains("balanced"));
    let told = told.into_inner();
    let path = home.directory.path().join("data/tollgate.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let records = runtime.block_on(checked_file(path.to_str().unwrap(), &told));
    if let Some(id) = told.keys().next() {
        let traced = home.does(&["ledger", "trace", id]);
        assert!(traced.contains("What was paid is what it cost."), "{traced}");
        assert!(traced.contains("  purchase ") && traced.contains("  hold "), "{traced}");
    }
    (told, records)
}

/// Prepaid calls of one model.
pub(crate) fn configuration(base: &str) -> String {
    format!(
        "[billing]\nenabled = true\n\
         [[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\nbase_url = \"{base}\"\n\
         api_key = \"sk-simulator\"\n\
         [[model]]\nid = \"acme/m\"\n\
         [[model.endpoint]]\nprovider = \"acme\"\nupstream_model = \"echo\"\n\
         price = {{ input = \"2\", output = \"10\" }}\n"
    )
}

/// Calls again and again, every other time for a stream.
fn call_until(stop: &AtomicBool, caller: u64, (address, key): (&str, &str), told: &Told) {
    for call in caller.. {
        if stop.load(Ordering::Acquire) {
            return;
        }
        if let Some((id, cost)) = answer(address, key, call.is_multiple_of(2)) {
            assert_eq!(told.lock().insert(id, cost), None, "an id was given twice");
        }
    }
}

/// As [`checked`], of a SQLite file.
pub(crate) async fn checked_file(path: &str, told: &BTreeMap<String, Usd>) -> u64 {
    checked(SqliteStore::open(path).await.unwrap().into_stores(), told).await
}

/// Everything that was told is on record with the cost that was told, all of it is paid, nothing is
/// held. Returns how many records there are.
pub(crate) async fn checked(stores: Stores, told: &BTreeMap<String, Usd>) -> u64 {
    let mut costs: BTreeMap<String, Usd> = BTreeMap::new();
    let mut cursor: Option<GenerationCursor> = None;
    loop {
        let page = stores.generations.recent(500, cursor.as_ref()).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some(last.cursor());
        costs.extend(page.into_iter().map(|it| (it.id.to_string(), it.cost)));
    }
    for (id, cost) in told {
        assert_eq!(costs.get(id), Some(cost), "{id}");
    }
    let spent: i64 = costs.values().map(|cost| cost.nanos()).sum();
    let balance = stores.ledger.balance(&AccountId::default()).await.unwrap();
    assert_eq!(balance.spent.nanos(), spent);
    assert_eq!(balance.held, Usd::ZERO);
    assert_eq!(balance.available.nanos(), usd("100").nanos() - spent);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
    stores.health.close().await;
    costs.len().try_into().unwrap()
}

/// Calls a model; `None` unless the answer came to its end.
pub(crate) fn answer(address: &str, key: &str, streamed: bool) -> Option<(String, Usd)> {
    costed(&exchange(address, key, streamed)?)
}

/// Calls a model, and returns the whole reply, if there was one.
pub(crate) fn exchange(address: &str, key: &str, streamed: bool) -> Option<String> {
    let body = format!(
        r#"{{"model":"acme/m","stream":{streamed},"messages":[{{"role":"user","content":"a b c d e f g h"}}]}}"#
    );
    sent(address, key, "POST /api/v1/chat/completions HTTP/1.1", &body)
}

/// What a key has spent, as the gateway says.
fn spent_with(address: &str, key: &str) -> Usd {
    let reply = sent(address, key, "GET /api/v1/key HTTP/1.1", "").unwrap();
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    amount(&serde_json::from_str::<Value>(body).unwrap()["data"]["usage"])
}

/// Sends a request on a connection of its own, and returns the whole reply, if there was one.
fn sent(address: &str, key: &str, line: &str, body: &str) -> Option<String> {
    let request = format!(
        "{line}\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).ok()?;
    String::from_utf8(reply).ok()
}

/// The id and the cost that a reply tells of, when it came to its end.
pub(crate) fn costed(reply: &str) -> Option<(String, Usd)> {
    let last = if reply.contains("\r\ncontent-type: text/event-stream\r\n") {
        // The end is there only behind everything else.
        let (said, _) = reply.split_once("data: [DONE]")?;
        said.rsplit("data: ").next()?.trim().to_owned()
    } else {
        reply.split_once("\r\n\r\n")?.1.to_owned()
    };
    let last: Value = serde_json::from_str(last.lines().next()?).ok()?;
    let cost = amount(last["usage"].get("cost")?);
    Some((last["id"].as_str()?.to_owned(), cost))
}
