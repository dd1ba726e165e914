//! What the operator, or an admin, has bounded stays bounded: nobody whom it binds lifts it.

use serde_json::{Value, json};
use tollgate_engine::Nobody;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, eventually, simulator};

use crate::organisation::{person, workspace};

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

async fn started(simulator: &Simulator, config: &str) -> TestGateway {
    let world = TestGateway::builder().config(config);
    let world = world.provider("acme", Protocol::OpenAi, simulator);
    world.endpoint("acme/m", "acme", "echo", PRICE).start().await
}

async fn by(gateway: &TestGateway, key: &str, (method, path): (&str, &str), body: Value) -> Reply {
    gateway.call(method, path).key(key).json(&body).send().await
}

async fn chat(gateway: &TestGateway, key: &str) -> Reply {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    let asked = json!({ "model": "acme/m", "messages": messages, "max_tokens": 8 });
    gateway.chat_call(&asked).key(key).send().await
}

/// A key that somebody makes: its path and its secret.
async fn made(gateway: &TestGateway, maker: &str, wanted: Value) -> (String, String) {
    let made = by(gateway, maker, ("POST", "/keys"), wanted).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let hash = made["data"]["hash"].as_str().unwrap();
    (format!("/keys/{hash}"), made["key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_workspace_keeps_the_slug_that_a_limit_names() {
    let simulator = simulator().await;
    let rows = "[[limit]]\nscope = \"workspace\"\nof = \"capped\"\nrequests_per_day = 1\n";
    let gateway = started(&simulator, rows).await;
    let id = workspace(&gateway, "capped").await;
    let place = json!([{ "workspace_id": id, "role": "admin" }]);
    let (_, admin) = person(&gateway, "member", place).await;
    let (_, key) = made(&gateway, &admin, json!({ "name": "k", "workspace_id": id })).await;
    chat(&gateway, &key).await.said();
    let path = format!("/workspaces/{id}");
    let freed = by(&gateway, &admin, ("PATCH", &path), json!({ "slug": "freed" })).await;
    let told = freed.error_message(403, "permission_denied");
    assert!(told.contains("Ask an owner or admin for another slug"), "{told}");
    chat(&gateway, &key).await.error(429, "rate_limit_exceeded");
    // What is theirs to change stays so, also beside the slug that is there.
    let change = json!({ "slug": "capped", "name": "Capped" });
    assert_eq!(by(&gateway, &admin, ("PATCH", &path), change).await.status, 200);
    let change = json!({ "slug": "freed" });
    let owner = gateway.management_key();
    assert_eq!(by(&gateway, owner, ("PATCH", &path), change).await.status, 200);
}

#[tokio::test]
async fn a_key_keeps_the_name_and_the_hash_that_a_limit_names() {
    let simulator = simulator().await;
    let rows = "[[limit]]\nscope = \"key\"\nof = \"ci\"\nrequests_per_day = 1\n";
    let gateway = started(&simulator, rows).await;
    let id = workspace(&gateway, "team").await;
    let place = json!([{ "workspace_id": id, "role": "admin" }]);
    let (_, member) = person(&gateway, "member", place).await;
    let (path, key) = made(&gateway, &member, json!({ "name": "ci", "workspace_id": id })).await;
    chat(&gateway, &key).await.said();
    let renamed = by(&gateway, &member, ("PATCH", &path), json!({ "name": "ci2" })).await;
    let told = renamed.error_message(403, "permission_denied");
    assert!(told.contains("A limit of this installation is for the key"), "{told}");
    chat(&gateway, &key).await.error(429, "rate_limit_exceeded");
    let same = json!({ "name": "ci", "include_byok_in_limit": true });
    assert_eq!(by(&gateway, &member, ("PATCH", &path), same).await.status, 200);
    let (other, _) = made(&gateway, &member, json!({ "name": "x", "workspace_id": id })).await;
    assert_eq!(by(&gateway, &member, ("PATCH", &other), json!({ "name": "y" })).await.status, 200);

    // By its name it may have another secret; by its hash it may not.
    let rotation = format!("{other}/rotate");
    let rotated = by(&gateway, &member, ("POST", &rotation), json!({})).await.json();
    let hash = rotated["data"]["hash"].as_str().unwrap().to_owned();
    let row = |of: &str| format!("[[limit]]\nscope = \"key\"\nof = \"{of}\"\nmax_concurrent = 9\n");
    let row = [rows, &row(&hash), &row("nobody")].concat();
    put_limits(&gateway, rows, &row).await;
    let rotation = format!("/keys/{hash}/rotate");
    let refused = by(&gateway, &member, ("POST", &rotation), json!({})).await;
    refused.error(403, "permission_denied");
    let owner = gateway.management_key();
    assert_eq!(by(&gateway, owner, ("POST", &rotation), json!({})).await.status, 200);
}

/// Puts other limits into the configuration file, one of them for nobody, and has them taken up.
async fn put_limits(gateway: &TestGateway, before: &str, after: &str) {
    let file = gateway.config_file();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(before));
    std::fs::write(&file, text.replace(before, after)).unwrap();
    let is_told = || async { (!gateway.engine().limits_of_nobody().is_empty()).then_some(()) };
    eventually("the changed limits are in force", is_told).await;
}

#[tokio::test]
async fn limits_for_nobody_are_told() {
    let simulator = simulator().await;
    let row = |scope: &str, of: &str| {
        format!("[[limit]]\nscope = \"{scope}\"\nof = \"{of}\"\nrequests_per_day = 1\n")
    };
    let rows = [
        row("workspace", "default"),
        row("workspace", "reserach"),
        row("workspace", "00000000-0000-0000-0000-000000000000"),
        row("key", "ci"),
        row("model", "acme/m"),
        row("model", "acme/typo"),
        row("user", "anybody"),
    ];
    let gateway = started(&simulator, &rows.concat()).await;
    let nobody = |scope, of: &str| Nobody { scope, of: of.to_owned() };
    let all = [nobody("workspace", "reserach"), nobody("key", "ci"), nobody("model", "acme/typo")];
    assert_eq!(gateway.engine().limits_of_nobody(), all);
    made(&gateway, gateway.management_key(), json!({ "name": "ci" })).await;
    workspace(&gateway, "reserach").await;
    assert_eq!(gateway.engine().limits_of_nobody(), all[2..]);
}

#[tokio::test]
async fn a_key_that_a_limit_is_for_makes_no_keys() {
    let simulator = simulator().await;
    let wanted = json!({ "callback_url": "https://app.example/cb" });
    let rows = "[[limit]]\nscope = \"key\"\nof = \"ci\"\nrequests_per_day = 1\n";
    let gateway = started(&simulator, rows).await;
    let owner = gateway.management_key();
    let (path, key) = made(&gateway, owner, json!({ "name": "free" })).await;
    let code = by(&gateway, &key, ("POST", "/auth/keys/code"), wanted.clone()).await.json();
    // The limit is for it by the time at which the code is exchanged.
    assert_eq!(by(&gateway, owner, ("PATCH", &path), json!({ "name": "ci" })).await.status, 200);
    let code = json!({ "code": code["data"]["id"] });
    let call = gateway.call("POST", "/auth/keys").no_key().json(&code);
    call.send().await.error(403, "permission_denied");
    let refused = by(&gateway, &key, ("POST", "/auth/keys/code"), wanted.clone()).await;
    let told = refused.error_message(403, "permission_denied");
    assert!(told.contains("A key that this installation limits"), "{told}");

    let rows = "[[limit]]\nscope = \"key\"\nrequests_per_day = 2\n";
    let gateway = started(&simulator, rows).await;
    let refused = by(&gateway, gateway.key(), ("POST", "/auth/keys/code"), wanted).await;
    refused.error(403, "permission_denied");
}

/// A change of a key that has bounds, and the member by which it would be looser.
const CHANGES: [(&str, Option<&str>); 21] = [
    (r#"{ "limit": null }"#, Some("limit")),
    (r#"{ "limit": 6 }"#, Some("limit")),
    (r#"{ "limit_reset": "daily" }"#, Some("limit_reset")),
    (r#"{ "include_byok_in_limit": false }"#, Some("include_byok_in_limit")),
    (r#"{ "disabled": false }"#, None),
    (r#"{ "rate_limits": null }"#, Some("rate_limits")),
    (r#"{ "max_concurrent": null }"#, Some("rate_limits")),
    (r#"{ "limits": { "max_concurrent": 5 } }"#, Some("rate_limits")),
    (r#"{ "allowed_models": null }"#, Some("allowed_models")),
    (r#"{ "allowed_models": ["acme/m", "acme/o"] }"#, Some("allowed_models")),
    (r#"{ "allowed_providers": null }"#, Some("allowed_providers")),
    (r#"{ "allowed_addresses": null }"#, Some("allowed_addresses")),
    (r#"{ "allowed_addresses": ["126.0.0.0/7"] }"#, Some("allowed_addresses")),
    (r#"{ "limit": 5, "limit_reset": "weekly", "max_concurrent": 4 }"#, None),
    (r#"{ "limit": 4, "limit_reset": "monthly", "max_concurrent": 3 }"#, None),
    (r#"{ "limit_reset": null, "requests_per_day": 7 }"#, None),
    (r#"{ "allowed_models": ["acme/m"], "allowed_addresses": ["127.0.0.1"] }"#, None),
    (r#"{ "allowed_models": ["acme/m", "acme/n"] }"#, Some("allowed_models")),
    (r#"{ "name": "mine", "disabled": true }"#, None),
    (r#"{ "disabled": false }"#, Some("disabled")),
    (r#"{ "requests_per_day": 8 }"#, Some("rate_limits")),
];

#[tokio::test]
async fn members_make_their_keys_stricter_and_not_looser() {
    let simulator = simulator().await;
    let world = TestGateway::builder().provider("acme", Protocol::OpenAi, &simulator);
    let world = ["acme/m", "acme/n", "acme/o"]
        .into_iter()
        .fold(world, |world, model| world.endpoint(model, "acme", "echo", PRICE));
    let gateway = world.start().await;
    let id = workspace(&gateway, "team").await;
    let (_, member) = person(&gateway, "member", json!([{ "workspace_id": id }])).await;
    let (path, key) = made(&gateway, &member, json!({ "name": "k", "workspace_id": id })).await;
    let owner = gateway.management_key();
    let set = json!({
        "limit": 5, "limit_reset": "weekly", "include_byok_in_limit": true, "max_concurrent": 4,
        "allowed_models": ["acme/m", "acme/n"], "allowed_providers": ["acme"],
        "allowed_addresses": ["127.0.0.0/8", "::1"],
    });
    let set = by(&gateway, owner, ("PATCH", &path), set).await;
    assert_eq!(set.status, 200, "{}", set.text());
    for (change, looser) in CHANGES {
        let change: Value = serde_json::from_str(change).unwrap();
        let reply = by(&gateway, &member, ("PATCH", &path), change.clone()).await;
        let Some(looser) = looser else {
            assert_eq!(reply.status, 200, "{change}: {}", reply.text());
            continue;
        };
        let told = reply.error_message(403, "permission_denied");
        assert!(told.starts_with(&format!("{looser}: You can make")), "{change}: {told}");
    }
    chat(&gateway, &key).await.error(401, "authentication");
    let (_, admin) = person(&gateway, "admin", json!([])).await;
    let lifted = json!({ "limit": null, "disabled": false, "rate_limits": null });
    assert_eq!(by(&gateway, &admin, ("PATCH", &path), lifted).await.status, 200);
    chat(&gateway, &key).await.said();
    // Who rules the workspace may loosen, also what they have made.
    let place = json!([{ "workspace_id": id, "role": "admin" }]);
    let wanted = json!({ "email": "boss@example.org", "access": "member", "workspaces": place });
    let invited = by(&gateway, owner, ("POST", "/organization/invitations"), wanted).await;
    let token = json!({ "token": invited.json()["token"] });
    let call = gateway.call("POST", "/organization/invitations/accept").no_key().json(&token);
    let boss = call.send().await.json()["key"].as_str().unwrap().to_owned();
    let lifted = json!({ "allowed_models": null });
    assert_eq!(by(&gateway, &boss, ("PATCH", &path), lifted).await.status, 200);
}

#[tokio::test]
async fn what_is_nearly_a_member_makes_no_key_without_it() {
    let simulator = simulator().await;
    let gateway = started(&simulator, "").await;
    let owner = gateway.management_key();
    let (path, _) = made(&gateway, owner, json!({ "name": "k", "tags": ["a"], "note": "b" })).await;
    for (method, member, meant) in [
        ("POST", "limt", "limit"),
        ("POST", "allowed_model", "allowed_models"),
        ("POST", "expires", "expires_at"),
        ("POST", "request_per_minute", "requests_per_minute"),
        ("PATCH", "requests_per_minut", "requests_per_minute"),
        ("PATCH", "disable", "disabled"),
        ("PATCH", "rateLimits", "rate_limits"),
        ("PATCH", "expires_at", "expires_at"),
        ("PATCH", "expires", "expires_at"),
    ] {
        let path = if method == "POST" { "/keys" } else { &path };
        let body = json!({ "name": "k", member: "2099-01-01T00:00:00Z" });
        let told = by(&gateway, owner, (method, path), body).await;
        let told = told.error_message(400, "invalid_request");
        assert!(told.starts_with(&format!("{member}: ")), "{member}: {told}");
        assert!(told.contains(&format!("`{meant}`")), "{member}: {told}");
    }
    // A client may send back what it was told.
    let known = gateway.call("GET", &path).key(owner).send().await.json()["data"].clone();
    let same = by(&gateway, owner, ("PATCH", &path), known).await;
    assert_eq!(same.status, 200, "{}", same.text());

    for (twice, status) in [
        (json!({ "monthly_budget": 1, "rate_limits": { "monthly_budget": 50 } }), 400),
        (json!({ "limits": { "max_concurrent": 2 }, "max_concurrent": null }), 400),
        (json!({ "limits": { "max_concurrent": 2 }, "rate_limits": { "max_concurrent": 3 } }), 400),
        (json!({ "monthly_budget": "1", "rate_limits": { "monthly_budget": 1 } }), 200),
        (json!({ "rate_limits": null, "max_concurrent": 2 }), 200),
    ] {
        let reply = by(&gateway, owner, ("PATCH", &path), twice.clone()).await;
        assert_eq!(reply.status, status, "{twice}: {}", reply.text());
    }
}

/// Of two changes of one key at once none is lost, whoever makes them: what a member tightens does
/// not take away what an admin has set meanwhile.
#[tokio::test]
async fn changes_of_one_key_at_once_are_all_made() {
    let simulator = simulator().await;
    let gateway = started(&simulator, "").await;
    let id = workspace(&gateway, "team").await;
    let place = json!([{ "workspace_id": id, "role": "member" }]);
    let (_, member) = person(&gateway, "member", place).await;
    let wanted = json!({ "name": "k", "workspace_id": id, "requests_per_day": 1_000 });
    let (path, _) = made(&gateway, &member, wanted).await;
    let admin = gateway.management_key();
    for round in 1..=30 {
        let budget = json!({ "rate_limits": { "daily_budget": format!("0.{round:02}") } });
        let tighter = json!({ "requests_per_day": 1_000 - round });
        let at_most = json!({ "limits": { "max_concurrent": round } });
        let (first, second, third) = tokio::join!(
            by(&gateway, admin, ("PATCH", &path), budget),
            by(&gateway, &member, ("PATCH", &path), tighter),
            by(&gateway, admin, ("PATCH", &path), at_most),
        );
        for reply in [first, second, third] {
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        let kept = gateway.get(&path).await.json()["data"]["rate_limits"].clone();
        assert_eq!(kept["requests_per_day"], 1_000 - round, "{kept}");
        assert_eq!(kept["max_concurrent"], round, "{kept}");
        assert_eq!(
            kept["daily_budget"].to_string().trim_matches('"').parse(),
            Ok(f64::from(round) / 100.0)
        );
    }
    // What is looser by the key as it is then stays refused.
    let looser = json!({ "requests_per_day": 999 });
    let refused = by(&gateway, &member, ("PATCH", &path), looser).await;
    refused.error(403, "permission_denied");
    // Either name takes all away.
    for name in ["limits", "rate_limits"] {
        let set = json!({ "requests_per_day": 5, "daily_budget": "1" });
        assert_eq!(by(&gateway, admin, ("PATCH", &path), set).await.status, 200);
        let none = by(&gateway, admin, ("PATCH", &path), json!({ name: null })).await;
        assert_eq!(none.json()["data"]["rate_limits"], json!({}), "{name}");
    }
}
