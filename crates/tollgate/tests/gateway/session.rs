//! Signing in to the dashboard (`docs/dashboard.md`).

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_engine::Clock;
use tollgate_simulator::Simulator;
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{
    Builder, Call, Protocol, Reply, TestGateway, amount, eventually, simulator, usd,
};
use tollgate_types::Timestamp;

use crate::home::Home;
use crate::postgres::SECRET_KEY;

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";
/// Whoever a proxy that is trusted speaks for is not on this machine.
const PROXIED: &str = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";
const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "203.0.113.9");
const WEEK: i64 = 7 * 24 * 60 * 60;

/// A clock that stands where it is put.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn new() -> Arc<Self> {
        let noon = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
        Arc::new(Self(AtomicI64::new(noon.unix_millis())))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

pub(crate) fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder().provider("acme", Protocol::OpenAi, simulator).endpoint(
        "acme/m",
        "acme",
        "echo",
        r#"{ input = "1000", output = "1000" }"#,
    )
}

pub(crate) fn hello() -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a b c d" }] })
}

pub(crate) fn owner() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "first_name": "Ada" })
}

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

/// A request as a page of the gateway makes it.
pub(crate) fn page<'a>(gateway: &'a TestGateway, method: &str, path: &str) -> Call<'a> {
    let origin = format!("http://{}", gateway.address());
    gateway.call(method, path).no_key().header("origin", &origin)
}

/// A page's request by somebody who is signed in.
pub(crate) async fn by(
    gateway: &TestGateway,
    cookie: &str,
    method: &str,
    path: &str,
    body: Value,
) -> Reply {
    let call = page(gateway, method, path).header("cookie", cookie);
    if body.is_null() { call.send().await } else { call.json(&body).send().await }
}

/// What a browser keeps of an answer: the cookie, as it sends it back.
pub(crate) fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", reply.text()));
    set.split(';').next().unwrap().to_owned()
}

/// Sets a gateway up and returns the owner's cookie.
pub(crate) async fn set_up(gateway: &TestGateway) -> String {
    let reply = page(gateway, "POST", "/setup").json(&owner()).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    cookie(&reply)
}

async fn sign_in(gateway: &TestGateway, email: &str, password: &str) -> Reply {
    page(gateway, "POST", "/session").json(&credentials(email, password)).send().await
}

async fn session(gateway: &TestGateway, cookie: &str) -> Value {
    let reply = by(gateway, cookie, "GET", "/session", Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"].clone()
}

/// Somebody who was asked in by `owner` and came with a password: their id and cookie.
pub(crate) async fn person(
    gateway: &TestGateway,
    owner: &str,
    access: &str,
    places: Value,
) -> (String, String) {
    let email = format!("{access}@example.org");
    let wanted = json!({ "email": email, "access": access, "workspaces": places });
    let invited = by(gateway, owner, "POST", "/organization/invitations", wanted).await;
    assert_eq!(invited.status, 201, "{}", invited.text());
    let token = invited.json()["token"].clone();
    let accepts = json!({ "token": token, "password": PASSWORD });
    let path = "/organization/invitations/accept";
    let accepted = page(gateway, "POST", path).json(&accepts).send().await;
    assert_eq!(accepted.status, 201, "{}", accepted.text());
    assert_eq!(accepted.json()["key"], Value::Null, "{}", accepted.text());
    (accepted.json()["data"]["id"].as_str().unwrap().to_owned(), cookie(&accepted))
}

#[tokio::test]
async fn the_first_owner_sets_up_once() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let before = session(&gateway, "").await;
    assert_eq!((&before["state"], &before["user"]), (&json!("setup"), &Value::Null));
    assert_eq!(before["setup_code_required"], false);
    assert_eq!(before["installation"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&before["permissions"], &before["workspaces"]), (&Value::Null, &json!([])));
    for (wrong, field) in [
        (json!({ "email": EMAIL, "password": "eleven char" }), "password: A password has at least"),
        (json!({ "email": "ada", "password": PASSWORD }), "email: "),
        (json!({ "email": EMAIL }), "missing field `password`"),
    ] {
        let refused = page(&gateway, "POST", "/setup").json(&wrong).send().await;
        let message = refused.error_message(400, "invalid_request");
        assert!(message.contains(field) && !message.contains("eleven char"), "{message}");
    }
    let reply = page(&gateway, "POST", "/setup").json(&owner()).send().await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let told = reply.json()["data"].clone();
    assert_eq!((&told["state"], &told["user"]["email"]), (&json!("signed_in"), &json!(EMAIL)));
    assert_eq!((&told["user"]["access"], &told["everywhere"]), (&json!("owner"), &json!(true)));
    assert_eq!(told["permissions"]["people"], "write");
    assert_eq!(told["workspaces"].as_array().unwrap().len(), 1);
    assert_eq!(session(&gateway, &cookie(&reply)).await, told);
    let after = session(&gateway, "").await;
    assert_eq!((&after["state"], &after["user"]), (&json!("signed_out"), &Value::Null));
    let again = page(&gateway, "POST", "/setup").json(&owner()).send().await;
    assert!(again.error_message(409, "invalid_request").contains("Sign in"));
    // Neither a restart opens it again.
    let gateway = world(&simulator).on(gateway.stop().await).start().await;
    assert_eq!(session(&gateway, "").await["state"], "signed_out");
    page(&gateway, "POST", "/setup").json(&owner()).send().await.error(409, "invalid_request");
    assert_eq!(sign_in(&gateway, " ADA@example.org", PASSWORD).await.status, 200);
}

/// Eight come at once, at two gateways on one database.
#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_set_up_at_once_one_does() {
    let database = TestServer::shared().database().await;
    let mut gateways = Vec::new();
    for _ in 0..2 {
        let builder =
            TestGateway::builder().config(&format!("[database]\nurl = \"{database}\"\n{PROXIED}"));
        gateways.push(builder.env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start().await);
    }
    // The code is the same everywhere.
    let code = gateways[0].engine().setup_code();
    assert_eq!(code, gateways[1].engine().setup_code());
    let gateways = Arc::new(gateways);
    let mut coming = JoinSet::new();
    for n in 0..8 {
        let (gateways, code) = (Arc::clone(&gateways), code.clone());
        coming.spawn(async move {
            let owner =
                json!({ "email": format!("{n}@example.org"), "password": PASSWORD, "code": code });
            let call = page(&gateways[n % 2], "POST", "/setup").header(ELSEWHERE.0, ELSEWHERE.1);
            call.json(&owner).send().await.status
        });
    }
    let mut statuses = coming.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    for gateway in gateways.iter() {
        let state = || async {
            gateway.engine().refresh_organisation().await.unwrap();
            (gateway.engine().organisation().users().len() == 1).then_some(())
        };
        eventually("one owner", state).await;
        assert_eq!(session(gateway, "").await["state"], "signed_out");
    }
}

#[tokio::test]
async fn from_another_machine_it_takes_the_code() {
    let gateway = TestGateway::builder().config(PROXIED).start().await;
    let there = |body: Value| {
        let call = page(&gateway, "POST", "/setup").header(ELSEWHERE.0, ELSEWHERE.1);
        async move { call.json(&body).send().await }
    };
    let seen = page(&gateway, "GET", "/session").header(ELSEWHERE.0, ELSEWHERE.1).send().await;
    assert_eq!(seen.json()["data"]["setup_code_required"], true, "{}", seen.text());
    let none = there(owner()).await.error_message(403, "permission_denied");
    assert!(none.contains("code: Required"), "{none}");
    let code = gateway.engine().setup_code();
    assert_eq!(code.len(), 14, "{code}");
    let with = |code: &str| {
        let mut owner = owner();
        owner["code"] = code.into();
        owner
    };
    // Somebody who only guesses is stopped.
    for _ in 0..30 {
        there(with("AAAA-AAAA-AAAA")).await.error(403, "permission_denied");
    }
    let stopped = there(with(&code)).await;
    stopped.error(429, "rate_limit_exceeded");
    assert_eq!(stopped.header("retry-after"), Some("900"));
    // Others are not, and may write it as they like.
    let written = code.to_ascii_lowercase().replace('-', " ");
    let call = page(&gateway, "POST", "/setup").header(ELSEWHERE.0, "198.51.100.7");
    assert_eq!(call.json(&with(&written)).send().await.status, 201);
    // A proxy that nobody named is on this machine; who is behind it is not.
    let gateway = TestGateway::builder().start().await;
    for (name, value) in [("via", "1.1 proxy"), ("x-real-ip", "127.0.0.1"), ELSEWHERE] {
        let call = page(&gateway, "POST", "/setup").header(name, value).json(&owner());
        call.send().await.error(403, "permission_denied");
    }
    let named = gateway.call("POST", "/setup").no_key().header("host", "rebound.example");
    named.json(&owner()).send().await.error(403, "permission_denied");
}

/// A page anywhere on the internet can have the operator's browser post to this machine.
#[tokio::test]
async fn other_pages_neither_set_up_nor_sign_in() {
    let gateway = TestGateway::builder().start().await;
    let from = |path: &str, name: &str, value: &str, body: Value| {
        let call = gateway.call("POST", path).no_key().header(name, value);
        async move { call.body(body.to_string()).send().await }
    };
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        from("/setup", name, value, owner()).await.error(403, "permission_denied");
    }
    set_up(&gateway).await;
    let given = credentials(EMAIL, PASSWORD);
    let refused = from("/session", "origin", "https://evil.example", given.clone()).await;
    refused.error(403, "permission_denied");
    assert_eq!(refused.header("set-cookie"), None);
    // What is no browser says nothing of a page.
    let plain = gateway.call("POST", "/session").no_key().json(&given).send().await;
    assert_eq!(plain.status, 200, "{}", plain.text());
}

#[tokio::test]
async fn who_can_not_sign_in_learns_no_more() {
    let clock = Hand::new();
    let gateway = TestGateway::builder().clock(clock.clone()).start().await;
    set_up(&gateway).await;
    let wrong = sign_in(&gateway, EMAIL, "correct horse batterx").await;
    let nobody = sign_in(&gateway, "nobody@example.org", PASSWORD).await;
    let (wrong, nobody) = (wrong.error(401, "authentication"), nobody.error(401, "authentication"));
    assert_eq!(wrong, nobody);
    for _ in 0..9 {
        sign_in(&gateway, EMAIL, "guess").await.error(401, "authentication");
    }
    let stopped = sign_in(&gateway, EMAIL, PASSWORD).await;
    stopped.error(429, "rate_limit_exceeded");
    assert_eq!(stopped.header("retry-after"), Some("900"));
    // Others still sign in from there, until too many have failed.
    for n in 0..19 {
        let email = format!("{n}@example.org");
        sign_in(&gateway, &email, "guess").await.error(401, "authentication");
    }
    sign_in(&gateway, "last@example.org", "guess").await.error(429, "rate_limit_exceeded");
    clock.forward(15 * 60);
    for _ in 0..20 {
        assert_eq!(sign_in(&gateway, EMAIL, PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_host_alone() {
    let gateway = TestGateway::builder().config(PROXIED).start().await;
    set_up(&gateway).await;
    let plain = sign_in(&gateway, EMAIL, PASSWORD).await;
    let set = plain.header("set-cookie").unwrap();
    let (secret, attributes) = set.split_once("; ").unwrap();
    assert!(secret.starts_with("tollgate_session=session-") && secret.len() > 60, "{set}");
    assert_eq!(attributes, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
    let given = credentials(EMAIL, PASSWORD);
    let secure = page(&gateway, "POST", "/session").header("x-forwarded-proto", "https");
    let secure = secure.json(&given).send().await;
    assert!(secure.header("set-cookie").unwrap().ends_with("; SameSite=Strict; Secure"));
    let origin = format!("https://{}", gateway.address());
    let call = gateway.call("POST", "/session").no_key().header("origin", &origin);
    let secure = call.json(&given).send().await;
    assert!(secure.header("set-cookie").unwrap().ends_with("; Secure"));
    // As a key it is nobody's.
    let (_, secret) = secret.split_once('=').unwrap();
    let refused = gateway.call("GET", "/keys").key(secret).send().await;
    refused.error(401, "authentication");
    // And a key is no cookie.
    let key = format!("tollgate_session={}", gateway.management_key());
    by(&gateway, &key, "GET", "/keys", Value::Null).await.error(401, "authentication");
    assert_eq!(session(&gateway, &key).await["state"], "signed_out");
}

#[tokio::test]
async fn whoever_is_signed_in_manages_and_never_spends() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let owner = set_up(&gateway).await;
    let keys = by(&gateway, &owner, "GET", "/keys", Value::Null).await;
    assert_eq!(keys.status, 200, "{}", keys.text());
    // No session is among them, nor can one be asked for.
    let listed = keys.json()["data"].clone();
    assert!(listed.as_array().unwrap().iter().all(|key| key["label"] != "session"), "{listed}");
    let all = gateway.engine().stores().keys.all().await.unwrap();
    let hash = all.iter().find(|key| key.session).unwrap().hash.to_hex();
    for method in ["GET", "DELETE"] {
        let path = format!("/keys/{hash}");
        by(&gateway, &owner, method, &path, Value::Null).await.error(404, "not_found");
    }
    let made = by(&gateway, &owner, "POST", "/keys", json!({ "name": "mine" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let me = by(&gateway, &owner, "GET", "/user/me", Value::Null).await.json();
    assert_eq!(made.json()["data"]["creator_user_id"], me["data"]["id"]);
    for (path, body) in [
        ("/chat/completions", hello()),
        ("/embeddings", json!({ "model": "acme/m", "input": "x" })),
        ("/completions", json!({ "model": "acme/m", "prompt": "x" })),
    ] {
        let refused = by(&gateway, &owner, "POST", path, body).await;
        let message = refused.error_message(403, "permission_denied");
        assert!(message.contains("playground-key"), "{message}");
    }
    assert_eq!(simulator.calls("echo"), 0);
    // A key that is sent counts, with a cookie beside it or not.
    let call = gateway.chat_call(&hello()).header("cookie", &owner);
    assert_eq!(call.send().await.status, 200);
    // Each act is entered as theirs.
    let log = by(&gateway, &owner, "GET", "/audit", Value::Null).await.json();
    let entry = log["data"].as_array().unwrap().iter().find(|it| it["action"] == "POST /keys");
    assert_eq!(entry.unwrap()["actor"], EMAIL, "{log}");
    let actions: Vec<&Value> =
        log["data"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert!(actions.contains(&&json!("POST /setup")), "{log}");
    assert!(!log.to_string().contains(PASSWORD), "{log}");
}

#[tokio::test]
async fn what_changes_something_is_asked_for_by_a_page_of_this_host() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let host = gateway.address().to_string();
    let make = |headers: Vec<(&'static str, String)>| {
        let mut call = gateway.call("POST", "/keys").no_key().header("cookie", &owner);
        for (name, value) in headers {
            call = call.header(name, &value);
        }
        async move { call.json(&json!({ "name": "k" })).send().await.status }
    };
    for (headers, status) in [
        (vec![], 403),
        (vec![("origin", "https://evil.example".to_owned())], 403),
        (vec![("origin", "http://127.0.0.1:1".to_owned())], 403),
        (vec![("origin", "null".to_owned())], 403),
        (vec![("sec-fetch-site", "same-site".to_owned())], 403),
        (vec![("sec-fetch-site", "same-origin".to_owned())], 201),
        (vec![("origin", format!("http://{host}"))], 201),
    ] {
        assert_eq!(make(headers.clone()).await, status, "{headers:?}");
    }
    for method in ["PATCH", "PUT", "DELETE"] {
        let call = gateway.call(method, "/session/password").no_key().header("cookie", &owner);
        assert!([403, 405].contains(&call.send().await.status), "{method}");
    }
    // Looking is not changing.
    let look = gateway.call("GET", "/keys").no_key().header("cookie", &owner).send().await;
    assert_eq!(look.status, 200, "{}", look.text());
    // Nor is signing out by another page.
    let out = gateway.call("DELETE", "/session").no_key().header("cookie", &owner).send().await;
    out.error(403, "permission_denied");
    assert_eq!(session(&gateway, &owner).await["state"], "signed_in");
}

#[tokio::test]
async fn a_session_reaches_as_far_as_the_role() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let lab = json!({ "name": "Lab", "slug": "lab" });
    assert_eq!(by(&gateway, &owner, "POST", "/workspaces", lab).await.status, 201);
    let (_, viewer) = person(&gateway, &owner, "viewer", json!([])).await;
    let place = json!([{ "workspace_id": "lab" }]);
    let (member_id, member) = person(&gateway, &owner, "member", place).await;
    let seen = session(&gateway, &viewer).await;
    assert_eq!(seen["permissions"]["keys"], "read", "{seen}");
    assert_eq!(seen["permissions"]["audit"], "read", "{seen}");
    assert_eq!((&seen["everywhere"], &seen["user"]["access"]), (&json!(true), &json!("viewer")));
    let seen = session(&gateway, &member).await;
    assert_eq!(
        seen["permissions"],
        json!({
            "keys": "write", "own_keys": "write", "money": "none", "usage": "read",
            "workspaces": "write", "routing": "read", "audit": "none", "people": "none",
        })
    );
    assert_eq!(
        (&seen["everywhere"], &seen["workspaces"][0]["slug"]),
        (&json!(false), &json!("lab"))
    );
    assert_eq!(seen["workspaces"].as_array().unwrap().len(), 1);
    let wanted = || json!({ "name": "k" });
    by(&gateway, &viewer, "POST", "/keys", wanted()).await.error(403, "permission_denied");
    by(&gateway, &member, "POST", "/keys", wanted()).await.error(404, "not_found");
    let id = seen["workspaces"][0]["id"].clone();
    let there = json!({ "name": "k", "workspace_id": id });
    assert_eq!(by(&gateway, &member, "POST", "/keys", there).await.status, 201);
    // What they may do changes at once.
    let path = format!("/organization/members/{member_id}");
    let admin = json!({ "access": "admin" });
    assert_eq!(by(&gateway, &owner, "PATCH", &path, admin).await.status, 200);
    assert_eq!(session(&gateway, &member).await["permissions"]["people"], "write");
    // A key of the installation is told the same of itself.
    let told = gateway.call("GET", "/session").key(gateway.management_key()).send().await.json();
    assert_eq!(
        (&told["data"]["state"], &told["data"]["user"]),
        (&json!("signed_in"), &Value::Null)
    );
    let told = gateway.call("GET", "/session").key(gateway.key()).send().await.json();
    assert_eq!(told["data"]["state"], "signed_out");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let gateway = TestGateway::builder().start().await;
    let first = set_up(&gateway).await;
    let second = cookie(&sign_in(&gateway, EMAIL, PASSWORD).await);
    let out = by(&gateway, &first, "DELETE", "/session", Value::Null).await;
    assert_eq!((out.status, out.text().as_str()), (204, ""));
    let cleared = out.header("set-cookie").unwrap();
    assert!(cleared.starts_with("tollgate_session=; Path=/; Max-Age=0;"), "{cleared}");
    assert_eq!(session(&gateway, &first).await["state"], "signed_out");
    let refused = by(&gateway, &first, "GET", "/keys", Value::Null).await;
    assert!(refused.error_message(401, "authentication").contains("Sign in again"));
    // Twice does no harm, and others stay.
    assert_eq!(by(&gateway, &first, "DELETE", "/session", Value::Null).await.status, 204);
    assert_eq!(session(&gateway, &second).await["state"], "signed_in");
    // Who signs in again from the same browser leaves no session behind.
    let call = page(&gateway, "POST", "/session").header("cookie", &second);
    let third = cookie(&call.json(&credentials(EMAIL, PASSWORD)).send().await);
    assert_eq!(session(&gateway, &second).await["state"], "signed_out");
    assert_eq!(session(&gateway, &third).await["state"], "signed_in");
}

#[tokio::test]
async fn a_session_ends_that_nobody_uses() {
    let clock = Hand::new();
    let gateway = TestGateway::builder().clock(clock.clone()).start().await;
    let owner = set_up(&gateway).await;
    clock.forward(WEEK - 1);
    assert_eq!(session(&gateway, &owner).await["state"], "signed_in");
    for _ in 0..3 {
        clock.forward(WEEK - 1);
        assert_eq!(session(&gateway, &owner).await["state"], "signed_in");
    }
    // However often it is used, there is an end.
    clock.forward(3 * 24 * 60 * 60);
    assert_eq!(session(&gateway, &owner).await["state"], "signed_out");
    let other = cookie(&sign_in(&gateway, EMAIL, PASSWORD).await);
    clock.forward(WEEK);
    by(&gateway, &other, "GET", "/keys", Value::Null).await.error(401, "authentication");
    // What is over is removed, and nobody has more than twenty.
    for _ in 0..25 {
        assert_eq!(sign_in(&gateway, EMAIL, PASSWORD).await.status, 200);
        clock.forward(1);
    }
    let all = gateway.engine().stores().keys.all().await.unwrap();
    assert_eq!(all.iter().filter(|key| key.session).count(), 20);
}

#[tokio::test]
async fn who_leaves_is_signed_out() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let (id, admin) = person(&gateway, &owner, "admin", json!([])).await;
    assert_eq!(session(&gateway, &admin).await["state"], "signed_in");
    let path = format!("/organization/members/{id}");
    assert_eq!(by(&gateway, &owner, "DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(session(&gateway, &admin).await["state"], "signed_out");
    by(&gateway, &admin, "GET", "/keys", Value::Null).await.error(401, "authentication");
    sign_in(&gateway, "admin@example.org", PASSWORD).await.error(401, "authentication");
    let stores = gateway.engine().stores();
    assert_eq!(stores.documents.get("password", &id).await.unwrap(), None);
    // Asked in again they are somebody new.
    let (_, again) = person(&gateway, &owner, "admin", json!([])).await;
    assert_eq!(session(&gateway, &again).await["state"], "signed_in");
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let gateway = TestGateway::builder().start().await;
    let here = set_up(&gateway).await;
    let elsewhere = cookie(&sign_in(&gateway, EMAIL, PASSWORD).await);
    let change = |current: &str, new: &str| {
        let body = json!({ "current": current, "new": new });
        by(&gateway, &here, "PUT", "/session/password", body)
    };
    let wrong = change("something else", "another long one").await;
    assert!(wrong.error_message(403, "permission_denied").contains("current"));
    let short = change(PASSWORD, "short").await.error_message(400, "invalid_request");
    assert!(short.starts_with("new: "), "{short}");
    let done = change(PASSWORD, "another long one").await;
    assert_eq!((done.status, done.text().as_str()), (204, ""));
    assert_eq!(session(&gateway, &here).await["state"], "signed_in");
    assert_eq!(session(&gateway, &elsewhere).await["state"], "signed_out");
    sign_in(&gateway, EMAIL, PASSWORD).await.error(401, "authentication");
    assert_eq!(sign_in(&gateway, EMAIL, "another long one").await.status, 200);
    // It was somebody's act, and nothing of it is told.
    let log = by(&gateway, &here, "GET", "/audit", Value::Null).await.json();
    let acts = log["data"].as_array().unwrap().iter();
    let acts: Vec<&Value> = acts.filter(|it| it["action"] == "PUT /session/password").collect();
    assert_eq!(acts.len(), 3, "{log}");
    assert!(acts.iter().all(|act| act["details"].is_null()), "{log}");
    // Nobody's key has no password.
    let call = gateway.call("PUT", "/session/password").key(gateway.management_key());
    let body = json!({ "current": PASSWORD, "new": PASSWORD });
    call.json(&body).send().await.error(403, "permission_denied");
    let call = gateway.call("PUT", "/session/password").key(gateway.key());
    call.json(&body).send().await.error(403, "permission_denied");
}

#[tokio::test]
async fn everybody_has_one_playground_key_with_a_limit() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let owner = set_up(&gateway).await;
    let ask = || by(&gateway, &owner, "POST", "/session/playground-key", Value::Null);
    let first = ask().await;
    assert_eq!(first.status, 201, "{}", first.text());
    let first = first.json();
    let data = &first["data"];
    assert_eq!(data["name"], "Playground of Ada", "{first}");
    assert_eq!((amount(&data["limit"]), &data["limit_reset"]), (usd("5"), &json!("daily")));
    let chat = |key: &Value| {
        let key = key.as_str().unwrap().to_owned();
        let call = gateway.chat_call(&hello()).header("x-title", "Tollgate Playground");
        async move { call.key(&key).send().await }
    };
    assert_eq!(chat(&first["key"]).await.status, 200);
    // Another page gets another secret of the same key; both work.
    let second = ask().await;
    assert_eq!(second.status, 200, "{}", second.text());
    let second = second.json();
    assert_ne!(second["key"], first["key"]);
    assert_eq!(second["data"]["created_at"], data["created_at"]);
    for key in [&first["key"], &second["key"]] {
        assert_eq!(chat(key).await.status, 200);
    }
    let listed = by(&gateway, &owner, "GET", "/keys", Value::Null).await.json();
    let theirs = listed["data"].as_array().unwrap().iter();
    assert_eq!(theirs.filter(|key| key["name"] == "Playground of Ada").count(), 1, "{listed}");
    // What was spent counts on, and the limit is theirs to change.
    let hash = second["data"]["hash"].as_str().unwrap();
    let path = format!("/keys/{hash}");
    let limit = json!({ "limit": 0.001, "name": "Mine" });
    assert_eq!(by(&gateway, &owner, "PATCH", &path, limit).await.status, 200);
    chat(&second["key"]).await.error(402, "payment_required");
    let third = ask().await.json();
    assert_eq!(
        (&third["data"]["name"], amount(&third["data"]["limit"])),
        (&json!("Mine"), usd("0.001"))
    );
    chat(&third["key"]).await.error(402, "payment_required");
    let hash = third["data"]["hash"].as_str().unwrap();
    let path = format!("/keys/{hash}");
    let off = json!({ "disabled": true });
    assert_eq!(by(&gateway, &owner, "PATCH", &path, off).await.status, 200);
    ask().await.error(403, "permission_denied");
    // Deleted, there is another.
    assert_eq!(by(&gateway, &owner, "DELETE", &path, Value::Null).await.status, 200);
    let anew = ask().await;
    assert_eq!((anew.status, amount(&anew.json()["data"]["limit"])), (201, usd("5")));
}

#[tokio::test]
async fn who_may_make_no_key_has_no_playground_key() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let (_, viewer) = person(&gateway, &owner, "viewer", json!([])).await;
    let (_, member) = person(&gateway, &owner, "member", json!([])).await;
    let ask = |cookie: String| {
        let gateway = &gateway;
        async move { by(gateway, &cookie, "POST", "/session/playground-key", Value::Null).await }
    };
    ask(viewer).await.error(403, "permission_denied");
    let homeless = ask(member.clone()).await.error_message(403, "permission_denied");
    assert!(homeless.contains("no workspace"), "{homeless}");
    let lab = json!({ "name": "Lab", "slug": "lab" });
    let lab = by(&gateway, &owner, "POST", "/workspaces", lab).await.json()["data"]["id"].clone();
    let id = session(&gateway, &member).await["user"]["id"].clone();
    let who = json!({ "user_ids": [id] });
    by(&gateway, &owner, "POST", "/workspaces/lab/members/add", who).await;
    let made = ask(member.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["data"]["workspace_id"], lab);
    // Nobody asks all day.
    let mut last = 200;
    for _ in 0..40 {
        last = ask(member.clone()).await.status;
    }
    assert_eq!(last, 429);
    // The installation's own key is nobody's.
    let call = gateway.call("POST", "/session/playground-key").key(gateway.management_key());
    call.send().await.error(403, "permission_denied");
}

/// The same session at two gateways, and gone at both.
#[tokio::test]
async fn a_session_is_known_to_every_node() {
    let database = TestServer::shared().database().await;
    let start = || {
        let config = format!("[database]\nurl = \"{database}\"\n");
        TestGateway::builder().config(&config).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start()
    };
    let (first, second) = (start().await, start().await);
    let owner = set_up(&first).await;
    eventually("the other knows who it is", || async {
        (session(&second, &owner).await["state"] == "signed_in").then_some(())
    })
    .await;
    assert_eq!(by(&second, &owner, "DELETE", "/session", Value::Null).await.status, 204);
    eventually("signed out at the first", || async {
        (session(&first, &owner).await["state"] == "signed_out").then_some(())
    })
    .await;
}

#[test]
fn the_terminal_says_how_to_set_up_until_somebody_has() {
    let home = Home::new();
    let serving = home.serve();
    let (_, code) = serving.greeting.split_once("on other machines: ").unwrap();
    let code = code.split_whitespace().next().unwrap().to_owned();
    assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4], "{code}");
    assert!(serving.greeting.contains(&format!("http://{}/setup", serving.address)));
    assert_eq!(serving.terminate(), Some(0));
    // The same after a restart: who wrote it down can use it.
    assert!(home.serve().greeting.contains(&code));
}

/// Somebody who can't sign in any more gets in again by the command line.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_gives_another_password() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let run = |email: &str, password: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        let file = gateway.config_file();
        command.args(["password", "set", email, "--config"]).arg(&file);
        command.arg("--data-dir").arg(file.parent().unwrap()).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses the address reads nothing.
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = run("nobody@example.org", "another long one");
    assert!(code == Some(1) && said.contains("/setup"), "{said}");
    let (code, said) = run(EMAIL, "short");
    assert!(code == Some(1) && said.contains("at least 12"), "{said}");
    let (code, said) = run(EMAIL, "another long one");
    assert!(code == Some(0) && said.contains("1 sessions were ended"), "{said}");
    eventually("the session is over", || async {
        (session(&gateway, &owner).await["state"] == "signed_out").then_some(())
    })
    .await;
    sign_in(&gateway, EMAIL, PASSWORD).await.error(401, "authentication");
    let owner = cookie(&sign_in(&gateway, EMAIL, "another long one").await);
    let log = by(&gateway, &owner, "GET", "/audit", Value::Null).await.json();
    let act = log["data"].as_array().unwrap().iter().find(|it| it["action"] == "password set");
    let act = act.unwrap();
    assert_eq!((&act["target"], &act["actor"]), (&json!(EMAIL), &json!("command line")));
    assert!(!log.to_string().contains("another long one"), "{log}");
}
