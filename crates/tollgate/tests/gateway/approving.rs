//! Apps that somebody who is signed in lets have a key (contract §1.3, `docs/organisation.md`).

use serde_json::{Value, json};
use tollgate_testkit::{Reply, TestGateway, amount, simulator, usd};

use crate::session::{by, hello, page, person, set_up, world};

const PATH: &str = "/session/auth-code";
const DEFAULT: &str = "00000000-0000-0000-0000-000000000000";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn app() -> Value {
    json!({ "callback_url": "https://app.example/cb" })
}

/// Somebody approves an app, and has a code for it.
async fn approved(gateway: &TestGateway, cookie: &str, wanted: Value) -> String {
    let made = by(gateway, cookie, "POST", PATH, wanted).await;
    assert_eq!(made.status, 200, "{}", made.text());
    made.json()["data"]["id"].as_str().unwrap().to_owned()
}

async fn exchange(gateway: &TestGateway, body: Value) -> Reply {
    gateway.call("POST", "/auth/keys").no_key().json(&body).send().await
}

#[tokio::test]
async fn section_1_3_whoever_is_signed_in_lets_an_app_have_a_key() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let owner = set_up(&gateway).await;
    let lab = json!({ "name": "Lab", "slug": "lab" });
    let lab = by(&gateway, &owner, "POST", "/workspaces", lab).await.json()["data"]["id"].clone();
    let places = json!([{ "workspace_id": lab }]);
    let (id, member) = person(&gateway, &owner, "member", places).await;

    let wanted = json!({
        "callback_url": "http://localhost:3000/cb?x=1", "key_label": "app", "limit": 2,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "workspace_id": "lab",
        "usage_limit_type": "daily", "expires_at": "2099-01-31T00:00:00Z",
    });
    let made = by(&gateway, &member, "POST", PATH, wanted).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let code = made.json()["data"]["id"].clone();
    // Nobody has to stay signed in for it.
    assert_eq!(by(&gateway, &member, "DELETE", "/session", Value::Null).await.status, 204);
    exchange(&gateway, json!({ "code": code })).await.error(403, "permission_denied");
    let right = json!({ "code": code, "code_verifier": VERIFIER });
    let got = exchange(&gateway, right.clone()).await;
    assert_eq!((got.status, &got.json()["user_id"]), (200, &json!(id)), "{}", got.text());
    exchange(&gateway, right).await.error(403, "permission_denied");
    let key = got.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(gateway.chat_call(&hello()).key(&key).send().await.said().text, "a b c d");

    let listed = by(&gateway, &owner, "GET", "/keys?workspace_id=lab", Value::Null).await.json();
    let theirs = &listed["data"][0];
    for (member, expected) in [
        ("name", json!("app")),
        ("limit_reset", json!("daily")),
        ("expires_at", json!("2099-01-31T00:00:00.000Z")),
        ("workspace_id", lab),
        ("creator_user_id", json!(id)),
    ] {
        assert_eq!(theirs[member], expected, "{member}: {listed}");
    }
    assert_eq!(amount(&theirs["limit"]), usd("2"));

    let log = by(&gateway, &owner, "GET", "/audit", Value::Null).await.json();
    let acts: Vec<_> = log["data"].as_array().unwrap().iter().collect();
    let act = |action: &str| acts.iter().find(|it| it["action"] == action).unwrap();
    let approval = act("POST /session/auth-code");
    assert_eq!((&approval["user_id"], &approval["outcome"]), (&json!(id), &json!(200)), "{log}");
    assert_eq!(approval["details"]["callback_url"], "http://localhost:3000/cb?x=1");
    assert_eq!(act("POST /auth/keys")["user_id"], json!(id));
}

#[tokio::test]
async fn an_app_that_is_not_called_back_needs_a_challenge() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let owner = set_up(&gateway).await;
    let carried = json!({ "code_challenge": CHALLENGE, "code_challenge_method": "S256" });
    let made = by(&gateway, &owner, "POST", PATH, carried).await.json();
    assert_eq!(made["data"]["app_id"], Value::Null, "{made}");
    let code = made["data"]["id"].clone();
    let got = exchange(&gateway, json!({ "code": code, "code_verifier": VERIFIER })).await;
    assert_eq!(got.status, 200, "{}", got.text());
    for (wrong, told) in [
        (json!({}), "code_challenge: Required without a callback_url"),
        (json!({ "code_challenge": "short" }), "code_challenge: Expected 43"),
        (json!({ "callback_url": "http://app.example/cb" }), "callback_url: Expected an https"),
        (json!({ "callback_url": "javascript:alert(1)" }), "callback_url: Expected an https"),
        (json!({ "callback_url": "https://a", "limit": -1 }), "limit: "),
        (json!({ "callback_url": "https://a", "usage_limit_type": "hourly" }), "usage_limit_type"),
        (json!({ "callback_url": "https://a", "expires_at": "2020-01-01T00:00:00Z" }), "passed"),
        (json!({ "callback_url": "https://a", "key_label": "x".repeat(101) }), "key_label: "),
        (json!({ "callback_url": "https://a", "key_label": "a\nb" }), "key_label: "),
    ] {
        let refused = by(&gateway, &owner, "POST", PATH, wrong.clone()).await;
        let message = refused.error_message(400, "invalid_request");
        assert!(message.contains(told), "{wrong}: {message}");
    }
    // A key makes codes for addresses only, as ever.
    let call =
        gateway.call("POST", "/auth/keys/code").json(&json!({ "code_challenge": CHALLENGE }));
    let message = call.send().await.error_message(400, "invalid_request");
    assert!(message.contains("callback_url: Required"), "{message}");
}

#[tokio::test]
async fn who_may_make_no_key_there_approves_no_app() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    for role in ["viewer", "billing"] {
        let (_, cookie) = person(&gateway, &owner, role, json!([])).await;
        let refused = by(&gateway, &cookie, "POST", PATH, app()).await;
        assert!(refused.error_message(403, "permission_denied").contains(role));
    }
    let lab = json!({ "name": "Lab", "slug": "lab" });
    let lab = by(&gateway, &owner, "POST", "/workspaces", lab).await.json()["data"]["id"].clone();
    let places = json!([{ "workspace_id": lab }]);
    let (_, member) = person(&gateway, &owner, "member", places).await;
    let at = |workspace: &str| {
        let mut wanted = app();
        wanted["workspace_id"] = workspace.into();
        wanted
    };
    for elsewhere in [app(), at(DEFAULT), at("nowhere")] {
        by(&gateway, &member, "POST", PATH, elsewhere).await.error(404, "not_found");
    }
    approved(&gateway, &member, at("lab")).await;

    // What is nobody's, and what other pages have a browser ask.
    for key in [gateway.management_key(), gateway.key()] {
        let call = gateway.call("POST", PATH).key(key).json(&app());
        call.send().await.error(403, "permission_denied");
    }
    page(&gateway, "POST", PATH).json(&app()).send().await.error(401, "authentication");
    let no_origin = gateway.call("POST", PATH).no_key().header("cookie", &owner);
    no_origin.json(&app()).send().await.error(403, "permission_denied");
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let call = gateway.call("POST", PATH).no_key().header("cookie", &owner);
        call.header(name, value).json(&app()).send().await.error(403, "permission_denied");
    }
    // Nor is a session taken where keys make codes.
    let refused = by(&gateway, &owner, "POST", "/auth/keys/code", app()).await;
    refused.error(403, "permission_denied");
}

#[tokio::test]
async fn a_code_is_worth_what_whoever_approved_it_may() {
    let gateway = TestGateway::builder().start().await;
    let owner = set_up(&gateway).await;
    let lab = json!({ "name": "Lab", "slug": "lab" });
    let lab = by(&gateway, &owner, "POST", "/workspaces", lab).await.json()["data"]["id"].clone();
    let places = json!([{ "workspace_id": lab }, { "workspace_id": DEFAULT }]);
    let (id, member) = person(&gateway, &owner, "member", places).await;
    let at_lab = json!({ "callback_url": "https://app.example/cb", "workspace_id": lab });
    let pending = approved(&gateway, &member, at_lab.clone()).await;
    let owners = approved(&gateway, &owner, at_lab).await;
    let here = approved(&gateway, &member, app()).await;
    let last = approved(&gateway, &member, app()).await;
    let given = |code: String| {
        let gateway = &gateway;
        async move { exchange(gateway, json!({ "code": code })).await }
    };

    let path = "/workspaces/lab/members/remove";
    by(&gateway, &owner, "POST", path, json!({ "user_ids": [id] })).await.json();
    let refused = given(pending).await.error_message(403, "permission_denied");
    assert!(refused.contains("whoever approved it"), "{refused}");
    assert_eq!(by(&gateway, &owner, "DELETE", "/workspaces/lab", Value::Null).await.status, 200);
    given(owners).await.error(403, "permission_denied");
    // Elsewhere they may, until they may nowhere.
    assert_eq!(given(here).await.status, 200);
    let path = format!("/organization/members/{id}");
    by(&gateway, &owner, "PATCH", &path, json!({ "access": "viewer" })).await.json();
    given(last).await.error(403, "permission_denied");
}
