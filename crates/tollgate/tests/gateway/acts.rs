//! What the command line changes is in the log of administrative acts (`docs/organisation.md`).

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::home::{Home, Serving};

#[test]
fn what_commands_change_is_in_the_log() {
    let home = Home::new();
    let made = home.json(&["keys", "create", "--name", "admin", "--management", "--json"]);
    let key = made["key"].as_str().unwrap();
    home.does(&["keys", "create", "--name", "ci", "--limit", "10"]);
    home.does(&["keys", "limits", "ci"]);
    home.does(&["keys", "limits", "ci", "--requests-per-minute", "60"]);
    let rotated = home.json(&["keys", "rotate", "ci", "--json"]);
    home.does(&["credits", "add", "25", "--note", "invoice 7"]);
    home.does(&["credits", "show"]);
    assert_eq!(home.run(&["keys", "disable", "nobody"]).code, Some(1));
    home.does(&["secrets", "rotate"]);
    home.does(&["backup", "all.tar"]);
    let backup = home.directory.path().join("all.tar");
    let serving = home.serve();
    let log = log(&serving, key);
    let entry = |action: &str, target: &str, details: Value, outcome: u16| json!({"action": action, "target": target, "details": details, "outcome": outcome});
    let expected = [
        entry("backup", "all.tar", json!({}), 0),
        entry("secrets rotate", "", json!({}), 0),
        entry("keys disable", "nobody", json!({}), 1),
        entry("credits add", "default", json!({"amount": "25", "note": "invoice 7"}), 0),
        entry("keys rotate", "ci", json!({}), 0),
        entry("keys limits", "ci", json!({"requests-per-minute": "60"}), 0),
        entry("keys create", "ci", json!({"limit": "10"}), 0),
        entry("keys create", "admin", json!({"management": true}), 0),
    ];
    assert_eq!(log.len(), expected.len(), "{log:#?}");
    for (found, wanted) in log.iter().zip(&expected) {
        assert_eq!(found["actor"], "command line", "{found}");
        for name in ["action", "target", "details", "outcome"] {
            assert_eq!(found[name], wanted[name], "{found}");
        }
    }
    let text = Value::from(log).to_string();
    assert!(!text.contains(key) && !text.contains(rotated["key"].as_str().unwrap()), "{text}");
    assert_eq!(serving.terminate(), Some(0));

    let elsewhere = Home::new();
    elsewhere.does(&["restore", backup.to_str().unwrap()]);
    let serving = elsewhere.serve();
    let log = self::log(&serving, key);
    assert_eq!(log[0]["action"], "restore", "{log:#?}");
    assert_eq!(log[1]["action"], "secrets rotate", "{log:#?}");
}

/// The newest entries of the log.
fn log(serving: &Serving, key: &str) -> Vec<Value> {
    let mut stream = TcpStream::connect(&serving.address).unwrap();
    let head = format!(
        "GET /api/v1/audit HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n",
        serving.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    body["data"].as_array().unwrap().clone()
}
