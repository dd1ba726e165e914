//! A gateway that is killed and never starts again: what it had set aside is there for others, and
//! what it had answered is paid all the same when it does start again.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Protocol, simulator, usd};

use crate::crashing::{costed, exchange};
use crate::home::{Home, Serving};
use crate::postgres::SECRET_KEY;

/// Two models of one provider, at a tenth of a cent a token: one answers, one never does.
fn configuration(base: &str, database: &str, gone_after_ms: u64) -> String {
    let endpoint = |model: &str| {
        format!(
            "[[model.endpoint]]\nprovider = \"acme\"\nupstream_model = \"{model}\"\n\
             price = {{ input = \"1000\", output = \"1000\" }}\n"
        )
    };
    format!(
        "[database]\nurl = \"{database}\"\n\
         [billing]\nenabled = true\ngone_after_ms = {gone_after_ms}\n\
         [[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\nbase_url = \"{base}\"\n\
         api_key = \"sk-simulator\"\n\
         [[model]]\nid = \"acme/m\"\n{}[[model]]\nid = \"acme/n\"\n{}",
        endpoint("echo"),
        endpoint("echo+hang")
    )
}

/// Two homes on one database, a key, and as much credit.
fn homes(base: &str, database: &str, dollars: &str, gone_after_ms: u64) -> ([Home; 2], String) {
    let homes = [(); 2].map(|()| {
        let home = Home::new().with("TOLLGATE_SECRET_KEY", SECRET_KEY);
        home.file(&configuration(base, database, gone_after_ms));
        home
    });
    let made = homes[0].json(&["keys", "create", "--name", "caller", "--json"]);
    homes[0].does(&["credits", "add", dollars]);
    (homes, made["key"].as_str().unwrap().to_owned())
}

/// Has a call at a gateway be under way that is never answered, and kills the gateway.
fn killed_under_way(serving: Serving, key: &str, arrived: &dyn Fn() -> u64) {
    let address = serving.address.clone();
    thread::scope(|scope| {
        scope.spawn(|| hang(&address, key));
        within(10, "the call is under way", || arrived() > 0);
        // Dropping it kills it, and ends the call.
        drop(serving);
    });
}

fn hang(address: &str, key: &str) {
    use std::io::{Read, Write};
    let body = r#"{"model":"acme/n","max_tokens":8,"messages":[{"role":"user","content":"a b c d e f g h"}]}"#;
    let request = format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).ok();
}

fn shown(home: &Home) -> Value {
    home.json(&["credits", "show", "--json"])
}

fn within(seconds: u64, what: &str, is_so: impl Fn() -> bool) {
    let is_so = (0..seconds * 20).any(|_| {
        thread::sleep(Duration::from_millis(50));
        is_so()
    });
    assert!(is_so, "not within {seconds} s: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_had_aside_that_is_gone_is_there_for_others() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let database = TestServer::shared().database().await;
    let arrived = || simulator.calls("echo+hang");
    thread::scope(|scope| {
        scope.spawn(|| gone_and_back((&base, &database), &arrived)).join().unwrap();
    });
}

fn gone_and_back((base, database): (&str, &str), arrived: &dyn Fn() -> u64) {
    let ([first, second], key) = homes(base, database, "0.04", 2_000);
    let (dying, other) = (first.serve(), second.serve());
    // Its record may not be written yet when the gateway dies; its journal has it.
    let reply = exchange(&dying.address, &key, false).unwrap();
    let (_, cost) = costed(&reply).unwrap();
    assert_eq!(cost.to_decimal(), "0.016");
    killed_under_way(dying, &key, arrived);
    let refused = exchange(&other.address, &key, false).unwrap();
    assert!(refused.starts_with("HTTP/1.1 402 "), "{refused}");
    let answered = || costed(&exchange(&other.address, &key, false).unwrap()).is_some();
    within(20, "what is held for nobody is there again", answered);
    // It starts again, and what it had answered is charged.
    assert_eq!(first.serve().terminate(), Some(0));
    assert_eq!(other.terminate(), Some(0));
    assert!(second.does(&["ledger", "audit"]).contains("balanced"));
    let (shown, rows) = (shown(&second), second.does(&["ledger", "show", "--all"]));
    assert_eq!(
        [&shown["total_usage"], &shown["held"], &shown["balance"]],
        ["0.032", "0", "0.008"],
        "{rows}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_had_aside_is_taken_back_by_hand() {
    let simulator = simulator().await;
    let base = Protocol::OpenAi.base_url(&simulator);
    let database = TestServer::shared().database().await;
    let arrived = || simulator.calls("echo+hang");
    thread::scope(|scope| {
        scope.spawn(|| taken_back((&base, &database), &arrived)).join().unwrap();
    });
}

fn taken_back((base, database): (&str, &str), arrived: &dyn Fn() -> u64) {
    let ([first, second], key) = homes(base, database, "0.03", 600_000);
    let (dying, other) = (first.serve(), second.serve());
    killed_under_way(dying, &key, arrived);
    let node = std::fs::read_to_string(first.directory.path().join("data/node.id")).unwrap();
    let nodes = second.json(&["ledger", "nodes", "--json"]);
    let of = |node: &str| nodes.as_array().unwrap().iter().find(|it| it["node"] == node).cloned();
    let gone = of(node.trim()).unwrap();
    let aside = &gone["set_aside"];
    assert_eq!(*aside, shown(&second)["held"]);
    assert!(usd(aside.as_str().unwrap()) > usd("0.016"), "{aside}");
    assert!(gone["heard_at"].is_string());
    let unknown = second.run(&["ledger", "reclaim", "nobody"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("tollgate ledger nodes"), "{}", unknown.err);
    let back = second.json(&["ledger", "reclaim", node.trim(), "--json"]);
    assert_eq!(back, serde_json::json!([{ "account": "default", "amount": aside }]));
    assert!(costed(&exchange(&other.address, &key, false).unwrap()).is_some());
    assert_eq!(other.terminate(), Some(0));
    assert!(second.does(&["ledger", "audit"]).contains("balanced"));
    assert_eq!(shown(&second)["balance"], "0.014");
}
