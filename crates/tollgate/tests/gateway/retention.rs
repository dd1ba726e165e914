//! What is old goes, and what is told of it stays (`docs/configuration.md`).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use tollgate_engine::{Clock, SystemClock};
use tollgate_store::Stores;
use tollgate_store::conformance::sample::{hash, spend};
use tollgate_store_sqlite::SqliteStore;

use crate::home::{Home, Serving};

const DAY: i64 = 86_400_000;

/// Asks a running gateway; the status line and what it answers.
fn asked(serving: &Serving, key: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(&serving.address).unwrap();
    let head = format!(
        "GET /api/v1{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n",
        serving.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

async fn filled(path: &str) {
    let stores: Stores = SqliteStore::open(path).await.unwrap().into_stores();
    let now = SystemClock.now();
    let calls = (0..600).map(|index| {
        let days = if index % 2 == 0 { 20 } else { 3 };
        spend(&format!("gen-{index}"), hash(1), now.plus_millis(-days * DAY), 1_000)
    });
    stores.generations.append(calls.collect()).await.unwrap();
    stores.health.close().await;
}

#[test]
fn old_records_go_and_activity_credits_and_books_stay() {
    let home = Home::new();
    let made = home.json(&["keys", "create", "--name", "admin", "--management", "--json"]);
    let key = made["key"].as_str().unwrap();
    let path = home.directory.path().join("data/tollgate.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(filled(path.to_str().unwrap()));

    let told = |serving: &Serving| {
        ["/activity", "/credits"].map(|path| {
            let (status, body) = asked(serving, key, path);
            assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
            body
        })
    };
    let is_there = |serving: &Serving, id: &str| {
        let (status, body) = asked(serving, key, &format!("/generation?id={id}"));
        assert!(status.ends_with(" 200 OK") || status.ends_with(" 404 Not Found"), "{body}");
        status.ends_with(" 200 OK")
    };
    // Else a round is done now, and the next one is an hour away.
    home.file("[retention]\ncontent_days = 0\n");
    let serving = home.serve();
    let before = told(&serving);
    assert!(before[0].contains("\"requests\":300"), "{}", before[0]);
    assert!(is_there(&serving, "gen-0") && is_there(&serving, "gen-1"));
    assert_eq!(serving.terminate(), Some(0));
    let audited = home.does(&["ledger", "audit"]);
    assert!(audited.contains("balanced"), "{audited}");

    home.file("[retention]\ngenerations_days = 7\ncontent_days = 0\n");
    let serving = home.serve();
    for _ in 0..300 {
        if !is_there(&serving, "gen-598") {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    assert!(!is_there(&serving, "gen-0") && !is_there(&serving, "gen-598"));
    assert!(is_there(&serving, "gen-1") && is_there(&serving, "gen-599"));
    assert_eq!(told(&serving), before);
    assert_eq!(serving.terminate(), Some(0));
    assert_eq!(home.does(&["ledger", "audit"]), audited);
}

#[test]
fn how_long_things_are_kept_is_checked() {
    let home = Home::new();
    home.file("[retention]\naudit_days = 99999\n");
    let ran = home.run(&["config", "check"]);
    assert!(ran.err.contains("retention.audit_days: at most"), "{}", ran.err);
}
