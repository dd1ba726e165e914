//! Workspaces, people, what they may do and the log of what they did (contract §1.3, §1.6).

use serde_json::{Value, json};
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, amount, simulator, usd};

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const DEFAULT: &str = "00000000-0000-0000-0000-000000000000";

fn world(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
}

async fn add(gateway: &TestGateway, account: &str, dollars: &str) {
    let engine = gateway.engine();
    let (account, amount) = (AccountId::new(account).unwrap(), usd(dollars));
    let id = format!("purchase of {account}");
    let bought = Movement::new(&id, account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

/// A request by whoever runs the installation.
async fn manage(gateway: &TestGateway, method: &str, path: &str, body: Value) -> Reply {
    by(gateway, gateway.management_key(), method, path, body).await
}

async fn by(gateway: &TestGateway, key: &str, method: &str, path: &str, body: Value) -> Reply {
    let call = gateway.call(method, path).key(key);
    if body.is_null() { call.send().await } else { call.json(&body).send().await }
}

pub(crate) async fn workspace(gateway: &TestGateway, slug: &str) -> String {
    let wanted = json!({ "name": slug, "slug": slug });
    let made = manage(gateway, "POST", "/workspaces", wanted).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["data"]["id"].as_str().unwrap().to_owned()
}

/// Somebody who was asked in and came: their id and management key.
pub(crate) async fn person(gateway: &TestGateway, access: &str, places: Value) -> (String, String) {
    let email = format!("{access}@example.org");
    let wanted = json!({ "email": email, "access": access, "workspaces": places });
    let invited = manage(gateway, "POST", "/organization/invitations", wanted).await;
    assert_eq!(invited.status, 201, "{}", invited.text());
    let token = invited.json()["token"].as_str().unwrap().to_owned();
    let path = "/organization/invitations/accept";
    let call = gateway.call("POST", path).no_key().json(&json!({ "token": token }));
    let accepted = call.send().await;
    assert_eq!(accepted.status, 201, "{}", accepted.text());
    let accepted = accepted.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&accepted["data"]["id"]), text(&accepted["key"]))
}

fn eight() -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": "acme/m", "messages": messages, "max_tokens": 8 })
}

#[tokio::test]
async fn section_1_6_workspaces_are_made_changed_and_deleted() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let all = manage(&gateway, "GET", "/workspaces", Value::Null).await.json();
    assert_eq!((&all["total_count"], &all["data"][0]["id"]), (&json!(1), &json!(DEFAULT)));

    let wanted = json!({ "name": " Research ", "slug": "research", "description": "papers" });
    let made = manage(&gateway, "POST", "/workspaces", wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json()["data"].clone();
    assert_eq!((&made["name"], &made["description"]), (&json!("Research"), &json!("papers")));
    assert_eq!(made["io_logging_sampling_rate"], 1.0);
    manage(&gateway, "POST", "/workspaces", wanted).await.error(400, "invalid_request");
    for wrong in
        [json!({ "name": "x" }), json!({ "name": "x", "slug": "A" }), json!({ "slug": "x" })]
    {
        manage(&gateway, "POST", "/workspaces", wrong).await.error(400, "invalid_request");
    }

    let change = json!({ "slug": "lab", "description": null, "default_provider_sort": "latency" });
    let changed = manage(&gateway, "PATCH", "/workspaces/research", change).await.json();
    assert_eq!(changed["data"]["slug"], "lab");
    assert_eq!(changed["data"]["description"], Value::Null);
    assert_eq!(changed["data"]["default_provider_sort"], "latency");
    manage(&gateway, "GET", "/workspaces/research", Value::Null).await.error(404, "not_found");
    let found = manage(&gateway, "GET", "/workspaces/lab", Value::Null).await.json();
    assert_eq!(found["data"], changed["data"]);
    let change = json!({ "slug": "lab" });
    let taken = format!("/workspaces/{DEFAULT}");
    manage(&gateway, "PATCH", &taken, change).await.error(400, "invalid_request");
    let renamed = json!({ "name": "Everybody" });
    let renamed = manage(&gateway, "PATCH", &taken, renamed).await.json();
    assert_eq!(renamed["data"]["name"], "Everybody");

    let id = made["id"].as_str().unwrap();
    let key = json!({ "name": "k", "workspace_id": id });
    let key = manage(&gateway, "POST", "/keys", key).await.json();
    let why = by(&gateway, key["key"].as_str().unwrap(), "POST", "/routing/explain", eight()).await;
    assert_eq!(why.json()["data"]["sort"], "latency", "{}", why.text());
    let lab = format!("/workspaces/{id}");
    manage(&gateway, "DELETE", &lab, Value::Null).await.error(400, "invalid_request");
    let hash = key["data"]["hash"].as_str().unwrap();
    let hash = format!("/keys/{hash}");
    let moved = manage(&gateway, "PATCH", &hash, json!({ "workspace_id": DEFAULT })).await;
    moved.error(400, "invalid_request");
    assert_eq!(manage(&gateway, "PATCH", &hash, json!({ "workspace_id": id })).await.status, 200);
    manage(&gateway, "DELETE", &hash, Value::Null).await;
    let deleted = manage(&gateway, "DELETE", &lab, Value::Null).await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({ "deleted": true })));
    manage(&gateway, "DELETE", &taken, Value::Null).await.error(403, "permission_denied");
    let nowhere = json!({ "name": "k", "workspace_id": id });
    manage(&gateway, "POST", "/keys", nowhere).await.error(400, "invalid_request");
    gateway.call("GET", "/workspaces").send().await.error(403, "permission_denied");
}

#[tokio::test]
async fn section_1_6_budgets_bind_all_keys_of_a_workspace() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let id = workspace(&gateway, "team").await;
    let first = gateway.key_with(|key| key.workspace_id.clone_from(&id)).await;
    let second = gateway.key_with(|key| key.workspace_id.clone_from(&id)).await;
    // 16 tokens at a tenth of a cent, before there is a budget.
    gateway.chat_call(&eight()).key(&first).send().await.said();
    let budget = format!("/workspaces/{id}/budgets/daily");
    let text = manage(&gateway, "PUT", &budget, json!({ "limit_usd": "0.034" })).await;
    let told = text.error(400, "invalid_request")["message"].to_string();
    assert!(told.contains("limit_usd: Expected a number of dollars, received text"), "{told}");
    let set = manage(&gateway, "PUT", &budget, json!({ "limit_usd": 0.034 })).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(set.json()["data"]["reset_interval"], "daily");
    gateway.chat_call(&eight()).key(&second).send().await.said();
    // $0.032 of $0.034 are spent.
    let refused = gateway.chat_call(&eight()).key(&first).send().await;
    let refused = refused.error(403, "permission_denied");
    assert_eq!(refused["metadata"]["limit_source"], "openrouter_workspace_budget");
    assert_eq!(refused["metadata"]["scope"], "workspace");
    gateway.chat_call(&eight()).send().await.said();
    let current = by(&gateway, &second, "GET", "/key", Value::Null).await.json();
    assert_eq!(current["data"]["workspace_id"], *id);
    assert_eq!(amount(&current["data"]["effective_budget"]["remaining_usd"]), usd("0.002"));
    let unbound = by(&gateway, gateway.key(), "GET", "/key", Value::Null).await.json();
    assert_eq!(unbound["data"]["effective_budget"]["remaining_usd"], Value::Null);
    assert_eq!(unbound["data"]["free_model_daily_requests"], Value::Null);

    let smaller = format!("/workspaces/{id}/budgets/weekly");
    let less = manage(&gateway, "PUT", &smaller, json!({ "limit_usd": 0.03 })).await;
    less.error(400, "invalid_request");
    let lifetime = format!("/workspaces/{id}/budgets/lifetime");
    manage(&gateway, "PUT", &lifetime, json!({ "limit_usd": 1 })).await.json();
    let all = manage(&gateway, "GET", &format!("/workspaces/{id}/budgets"), Value::Null).await;
    let intervals: Vec<_> = all.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["reset_interval"].clone())
        .collect();
    assert_eq!(intervals, [json!("daily"), Value::Null]);
    for _ in 0..2 {
        let gone = manage(&gateway, "DELETE", &budget, Value::Null).await;
        assert_eq!(gone.json(), json!({ "deleted": true }));
    }
    manage(&gateway, "GET", &budget, Value::Null).await.error(404, "not_found");
    gateway.chat_call(&eight()).key(&first).send().await.said();
    let yearly = format!("/workspaces/{id}/budgets/yearly");
    manage(&gateway, "GET", &yearly, Value::Null).await.error(400, "invalid_request");
}

/// A new life of the program counts what the records say, neither nothing nor twice as much.
#[tokio::test]
async fn budgets_outlive_a_restart() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let id = workspace(&gateway, "team").await;
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&id)).await;
    let budget = format!("/workspaces/{id}/budgets/monthly");
    manage(&gateway, "PUT", &budget, json!({ "limit_usd": 0.05 })).await.json();
    gateway.chat_call(&eight()).key(&key).send().await.said();
    let gateway = world(&simulator).on(gateway.stop().await).start().await;
    gateway.chat_call(&eight()).key(&key).send().await.said();
    let gateway = world(&simulator).on(gateway.stop().await).start().await;
    // $0.032 of $0.05 are spent, and a call holds $0.018.
    gateway.chat_call(&eight()).key(&key).send().await.said();
    gateway.chat_call(&eight()).key(&key).send().await.error(403, "permission_denied");
}

#[tokio::test]
async fn a_workspace_pays_from_the_account_it_names() {
    let simulator = simulator().await;
    let gateway = world(&simulator).config("[billing]\nenabled = true\n").start().await;
    let id = workspace(&gateway, "team").await;
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&id)).await;
    add(&gateway, "default", "1").await;
    gateway.chat_call(&eight()).key(&key).send().await.said();
    let current = by(&gateway, &key, "GET", "/key", Value::Null).await.json();
    assert_eq!(current["data"]["is_free_tier"], false);
    let free = json!({ "used": 0, "limit": 50, "remaining": 50 });
    assert_eq!(current["data"]["free_model_daily_requests"], free);
    let own = json!({ "account": "team" });
    manage(&gateway, "PATCH", &format!("/workspaces/{id}"), own).await.json();
    gateway.chat_call(&eight()).key(&key).send().await.error(402, "payment_required");
    gateway.chat_call(&eight()).send().await.said();
    add(&gateway, "team", "1").await;
    gateway.chat_call(&eight()).key(&key).send().await.said();
    let credits = manage(&gateway, "GET", "/credits", Value::Null).await.json();
    assert_eq!(amount(&credits["data"]["total_usage"]), usd("0.032"));
    let teams = manage(&gateway, "GET", "/credits?account=team", Value::Null).await.json();
    assert_eq!(amount(&teams["data"]["total_usage"]), usd("0.016"));
    manage(&gateway, "GET", "/credits?account=tema", Value::Null).await.error(404, "not_found");
    let month: String = gateway.engine().now().to_rfc3339().chars().take(7).collect();
    let told = format!("/credits/statements/{month}?account=team");
    let told = manage(&gateway, "GET", &told, Value::Null).await.json();
    assert_eq!(
        (&told["data"]["account"], &told["data"]["closing_balance"]),
        (&json!("team"), &json!("0.984"))
    );
    // What the workspace did before, on another account, is among them, and what that cost is taken
    // off again; what was refused is not.
    assert_eq!(told["data"]["usage"][0]["lines"][0]["requests"], 2, "{told}");
    assert_eq!(told["data"]["usage_total"], "0.016");
    let wrong = json!({ "account": "" });
    let wrong = manage(&gateway, "PATCH", &format!("/workspaces/{id}"), wrong).await;
    wrong.error(400, "invalid_request");
}

#[tokio::test]
async fn people_are_asked_in_and_leave() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let id = workspace(&gateway, "team").await;
    let (ada, key) = person(&gateway, "member", json!([{ "workspace_id": id }])).await;
    let everybody = manage(&gateway, "GET", "/organization/members", Value::Null).await.json();
    assert_eq!(everybody["total_count"], 1);
    assert_eq!(everybody["data"][0]["role"], "org:member");
    assert_eq!(by(&gateway, &key, "GET", "/user/me", Value::Null).await.json()["data"]["id"], ada);
    let members = format!("/workspaces/{id}/members");
    let listed = manage(&gateway, "GET", &members, Value::Null).await.json();
    assert_eq!(listed["data"][0]["user_id"], ada);
    let again = json!({ "email": "Member@Example.org" });
    manage(&gateway, "POST", "/organization/invitations", again)
        .await
        .error(409, "invalid_request");

    // Their keys go with them.
    let wanted = json!({ "name": "hers", "workspace_id": id });
    let made = by(&gateway, &key, "POST", "/keys", wanted).await.json();
    assert_eq!(made["data"]["creator_user_id"], ada);
    let inference = made["key"].as_str().unwrap();
    gateway.chat_call(&eight()).key(inference).send().await.said();
    let remove = json!({ "user_ids": [ada] });
    let kept = manage(&gateway, "POST", &format!("{members}/remove"), remove).await;
    kept.error(400, "invalid_request");
    let path = format!("/organization/members/{ada}");
    assert_eq!(manage(&gateway, "DELETE", &path, Value::Null).await.status, 200);
    gateway.chat_call(&eight()).key(inference).send().await.error(401, "authentication");
    by(&gateway, &key, "GET", "/keys", Value::Null).await.error(401, "authentication");
    // Where somebody has switched one on again, it says whose it was.
    let hers = format!("/keys/{}", made["data"]["hash"].as_str().unwrap());
    let on = manage(&gateway, "PATCH", &hers, json!({ "disabled": false })).await;
    assert_eq!(on.status, 200, "{}", on.text());
    let me = by(&gateway, inference, "GET", "/user/me", Value::Null).await;
    let told = me.error_message(404, "not_found");
    assert!(told.contains("somebody who is no longer a member"), "{told}");
    let listed = manage(&gateway, "GET", &members, Value::Null).await.json();
    assert_eq!(listed["total_count"], 0);
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_in_time() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let king = json!({ "email": "a@example.org", "access": "king" });
    let king = manage(&gateway, "POST", "/organization/invitations", king).await;
    let told = king.error(400, "invalid_request")["message"].to_string();
    assert!(told.contains("access: Expected one of "), "{told}");
    let wanted = json!({ "email": "a@example.org", "access": "admin" });
    let invited = manage(&gateway, "POST", "/organization/invitations", wanted).await.json();
    let token = invited["token"].as_str().unwrap().to_owned();
    let listed = manage(&gateway, "GET", "/organization/invitations", Value::Null).await;
    assert_eq!(listed.json()["total_count"], 1);
    assert!(!listed.text().contains(&token));
    let accept = || async {
        let call = gateway.call("POST", "/organization/invitations/accept").no_key();
        call.json(&json!({ "token": token })).send().await.status
    };
    let (a, b, c, d) = tokio::join!(accept(), accept(), accept(), accept());
    let statuses = [a, b, c, d];
    let accepted = statuses.iter().filter(|it| **it == 201).count();
    assert_eq!(accepted, 1, "{statuses:?}");
    let everybody = manage(&gateway, "GET", "/organization/members", Value::Null).await.json();
    assert_eq!(everybody["total_count"], 1);

    let wanted = json!({ "email": "b@example.org" });
    let invited = manage(&gateway, "POST", "/organization/invitations", wanted).await.json();
    let path = format!("/organization/invitations/{}", invited["data"]["id"].as_str().unwrap());
    assert_eq!(manage(&gateway, "DELETE", &path, Value::Null).await.status, 200);
    let call = gateway.call("POST", "/organization/invitations/accept").no_key();
    call.json(&json!({ "token": invited["token"] })).send().await.error(403, "permission_denied");
}

#[tokio::test]
async fn each_role_reaches_as_far_as_it_should() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (own, other) = (workspace(&gateway, "own").await, workspace(&gateway, "other").await);
    let (member_id, member) = person(&gateway, "member", json!([{ "workspace_id": own }])).await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    let (_, billing) = person(&gateway, "billing", json!([])).await;
    let (admin_id, admin) = person(&gateway, "admin", json!([])).await;
    let in_own = json!({ "name": "k", "workspace_id": own });
    let in_other = json!({ "name": "k", "workspace_id": other });
    let foreign = manage(&gateway, "POST", "/keys", in_own.clone()).await.json();
    let foreign = format!("/keys/{}", foreign["data"]["hash"].as_str().unwrap());
    let budget = format!("/workspaces/{own}/budgets/daily");
    for (key, method, path, body, status) in [
        (&member, "GET", "/keys", Value::Null, 403),
        (&member, "GET", &*format!("/keys?workspace_id={own}"), Value::Null, 200),
        (&member, "GET", &*format!("/keys?workspace_id={other}"), Value::Null, 404),
        (&member, "POST", "/keys", in_own.clone(), 201),
        (&member, "POST", "/keys", in_other.clone(), 404),
        (&member, "POST", "/keys", json!({ "name": "k" }), 404),
        (&member, "PATCH", &foreign, json!({ "disabled": true }), 403),
        (&member, "DELETE", &foreign, Value::Null, 403),
        (&member, "PUT", &budget, json!({ "limit_usd": 1 }), 403),
        (&member, "POST", "/workspaces", json!({ "name": "x", "slug": "x" }), 403),
        (&member, "GET", &*format!("/workspaces/{other}"), Value::Null, 404),
        (&member, "GET", "/credits", Value::Null, 403),
        (&member, "GET", "/audit", Value::Null, 403),
        (&member, "GET", "/activity", Value::Null, 403),
        (&member, "GET", &*format!("/activity?workspace_id={own}"), Value::Null, 200),
        (&viewer, "GET", "/keys", Value::Null, 200),
        (&viewer, "GET", "/credits", Value::Null, 200),
        (&viewer, "GET", "/audit", Value::Null, 200),
        (&member, "GET", "/settings", Value::Null, 403),
        (&viewer, "GET", "/settings", Value::Null, 200),
        (&viewer, "POST", "/keys", in_own.clone(), 403),
        (&viewer, "PUT", &budget, json!({ "limit_usd": 1 }), 403),
        (&billing, "GET", "/credits", Value::Null, 200),
        (&billing, "GET", "/activity", Value::Null, 200),
        (&billing, "GET", "/keys", Value::Null, 403),
        (&billing, "POST", "/keys", in_own.clone(), 403),
        (&admin, "PUT", &budget, json!({ "limit_usd": 1 }), 200),
        (&admin, "PATCH", &foreign, json!({ "name": "renamed" }), 200),
        (
            &admin,
            "PATCH",
            &*format!("/organization/members/{admin_id}"),
            json!({ "access": "owner" }),
            403,
        ),
        (
            &admin,
            "PATCH",
            &*format!("/organization/members/{member_id}"),
            json!({ "access": "viewer" }),
            200,
        ),
        (&member, "POST", "/keys", in_own, 403),
    ] {
        let reply = by(&gateway, key, method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    }
}

#[tokio::test]
async fn records_are_seen_by_who_may_see_what_was_used_there() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let own = workspace(&gateway, "own").await;
    let (_, member) = person(&gateway, "member", json!([{ "workspace_id": own }])).await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    let wanted = json!({ "name": "k", "workspace_id": own });
    let key = manage(&gateway, "POST", "/keys", wanted).await.json();
    let key = key["key"].as_str().unwrap();
    let there = gateway.chat_call(&eight()).key(key).send().await.said().id;
    let elsewhere = gateway.chat(eight()).await.said().id;
    for (who, id, status) in [
        (member.as_str(), &there, 200),
        (&member, &elsewhere, 404),
        (&viewer, &there, 200),
        (&viewer, &elsewhere, 200),
        (gateway.management_key(), &there, 200),
        (key, &there, 200),
        (key, &elsewhere, 404),
    ] {
        let path = format!("/generation?id={id}");
        let seen = by(&gateway, who, "GET", &path, Value::Null).await;
        assert_eq!(seen.status, status, "{}", seen.text());
        let said = json!({ "generation_id": id, "category": "incorrect_response" });
        let noted = by(&gateway, who, "POST", "/generation/feedback", said).await;
        assert_eq!(noted.status, status, "{}", noted.text());
    }
}

#[tokio::test]
async fn owners_are_made_by_owners_and_the_last_one_stays() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (_, admin) = person(&gateway, "admin", json!([])).await;
    let owner = json!({ "email": "o@example.org", "access": "owner" });
    let refused = by(&gateway, &admin, "POST", "/organization/invitations", owner).await;
    refused.error(403, "permission_denied");
    let (id, key) = person(&gateway, "owner", json!([])).await;
    let path = format!("/organization/members/{id}");
    by(&gateway, &admin, "DELETE", &path, Value::Null).await.error(403, "permission_denied");
    let less = json!({ "access": "viewer" });
    by(&gateway, &key, "PATCH", &path, less).await.error(400, "invalid_request");
    by(&gateway, &key, "DELETE", &path, Value::Null).await.error(400, "invalid_request");
}

/// What a role may not change it may not rotate either: a new secret is the key itself.
#[tokio::test]
async fn nobody_takes_over_the_key_of_somebody_who_may_do_more() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (own, other) = (workspace(&gateway, "own").await, workspace(&gateway, "other").await);
    let places = json!([{ "workspace_id": own }, { "workspace_id": DEFAULT }]);
    let (_, member) = person(&gateway, "member", places).await;
    let (_, admin) = person(&gateway, "admin", json!([])).await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    person(&gateway, "owner", json!([])).await;
    let mut hashes = Vec::new();
    for workspace in [&own, &other] {
        let wanted = json!({ "name": "k", "workspace_id": workspace });
        let made = manage(&gateway, "POST", "/keys", wanted).await.json();
        hashes.push(made["data"]["hash"].as_str().unwrap().to_owned());
    }
    let all = manage(&gateway, "GET", "/keys", Value::Null).await.json();
    let all = all["data"].as_array().unwrap();
    let hash = |name: &str| {
        let key = all.iter().find(|key| key["name"] == name).unwrap();
        key["hash"].as_str().unwrap().to_owned()
    };
    let (owners, admins) = (hash("owner@example.org"), hash("admin@example.org"));
    let installations = all.iter().find(|key| {
        key["name"] == "test" && key["creator_user_id"].is_null() && key["workspace_id"] == DEFAULT
    });
    let installations = installations.unwrap()["hash"].as_str().unwrap();
    for (key, hash, status) in [
        (&member, hashes[0].as_str(), 403),
        (&member, hashes[1].as_str(), 404),
        (&member, &owners, 404),
        (&member, installations, 404),
        (&viewer, hashes[0].as_str(), 403),
        (&admin, &owners, 403),
        (&admin, installations, 403),
    ] {
        for (method, path, body) in [
            ("POST", format!("/keys/{hash}/rotate"), json!({})),
            ("PATCH", format!("/keys/{hash}"), json!({ "disabled": true })),
            ("DELETE", format!("/keys/{hash}"), Value::Null),
        ] {
            let reply = by(&gateway, key, method, &path, body).await;
            assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        }
    }
    let seen = by(&gateway, &member, "GET", "/keys?workspace_id=default", Value::Null).await.json();
    let seen = seen["data"].as_array().unwrap().iter().map(|key| &key["name"]);
    assert!(
        !seen.clone().any(|name| name == "owner@example.org"),
        "{:?}",
        seen.collect::<Vec<_>>()
    );
    let rotated = by(&gateway, &admin, "POST", &format!("/keys/{admins}/rotate"), json!({})).await;
    assert_eq!(rotated.status, 200, "one's own: {}", rotated.text());
}

#[tokio::test]
async fn an_invitation_is_worth_no_more_than_who_asked() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (id, admin) = person(&gateway, "admin", json!([])).await;
    let wanted = json!({ "email": "late@example.org", "access": "admin" });
    let invited = by(&gateway, &admin, "POST", "/organization/invitations", wanted).await.json();
    let path = format!("/organization/members/{id}");
    manage(&gateway, "PATCH", &path, json!({ "access": "member" })).await.json();
    let call = gateway.call("POST", "/organization/invitations/accept").no_key();
    let call = call.json(&json!({ "token": invited["token"] }));
    call.send().await.error(403, "permission_denied");
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_worth_no_more_than_its_maker() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let wanted = json!({ "callback_url": "https://app.example/cb" });
    let code = |key: String| {
        let call = gateway.call("POST", "/auth/keys/code").key(&key).json(&wanted);
        async move { call.send().await.json()["data"]["id"].as_str().unwrap().to_owned() }
    };
    let exchange = |code: String| {
        let call = gateway.call("POST", "/auth/keys").no_key().json(&json!({ "code": code }));
        async move { call.send().await.status }
    };
    let once = code(gateway.key().to_owned()).await;
    let again = || exchange(once.clone());
    let (a, b, c, d) = tokio::join!(again(), again(), again(), again());
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403]);

    let (id, member) = person(&gateway, "member", json!([{ "workspace_id": DEFAULT }])).await;
    let made = by(&gateway, &member, "POST", "/keys", json!({ "name": "hers" })).await.json();
    let hers = made["key"].as_str().unwrap().to_owned();
    let pending = code(hers).await;
    let path = format!("/organization/members/{id}");
    assert_eq!(manage(&gateway, "DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(exchange(pending).await, 403);
}

#[tokio::test]
async fn presets_are_not_for_those_who_only_look() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    let preset = json!({ "temperature": 0.5, "messages": eight()["messages"] });
    let path = "/presets/p/chat/completions";
    by(&gateway, &viewer, "POST", path, preset.clone()).await.error(403, "permission_denied");
    by(&gateway, gateway.key(), "POST", path, preset).await.json();
    by(&gateway, &viewer, "DELETE", "/presets/p", Value::Null)
        .await
        .error(403, "permission_denied");
    assert_eq!(by(&gateway, &viewer, "GET", "/presets/p", Value::Null).await.status, 200);
}

#[tokio::test]
async fn every_act_is_in_the_log_and_no_secret_is() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    manage(&gateway, "POST", "/keys", json!({ "name": "ci", "limit": 5 })).await.json();
    manage(&gateway, "POST", "/keys", json!({ "name": "" })).await.error(400, "invalid_request");
    let byok = json!({ "provider": "acme", "key": "sk-very-secret", "skip_test": true });
    manage(&gateway, "POST", "/byok", byok).await.json();
    manage(&gateway, "GET", "/keys", Value::Null).await;
    let (_, viewer) = person(&gateway, "viewer", json!([])).await;
    by(&gateway, &viewer, "POST", "/keys", json!({ "name": "x" })).await;
    let preset = json!({ "temperature": 0.5, "messages": eight()["messages"] });
    by(&gateway, gateway.key(), "POST", "/presets/p/chat/completions", preset).await;
    let code = json!({ "callback_url": "https://app.example/cb" });
    by(&gateway, gateway.key(), "POST", "/auth/keys/code", code).await;

    let log = manage(&gateway, "GET", "/audit", Value::Null).await;
    assert!(!log.text().contains("sk-very-secret"), "{}", log.text());
    let log = log.json();
    let told: Vec<_> = log["data"].as_array().unwrap().iter().rev().collect();
    let acts: Vec<_> =
        told.iter().map(|it| (it["action"].as_str().unwrap(), &it["outcome"])).collect();
    assert_eq!(
        acts,
        [
            ("POST /keys", &json!(201)),
            ("POST /keys", &json!(400)),
            ("POST /byok", &json!(201)),
            ("POST /organization/invitations", &json!(201)),
            ("POST /organization/invitations/accept", &json!(201)),
            ("POST /keys", &json!(403)),
            ("POST /presets/{slug}/chat/completions", &json!(200)),
            ("POST /auth/keys/code", &json!(200)),
        ],
        "what was looked at is no act"
    );
    assert_eq!(told[0]["details"], json!({ "name": "ci", "limit": 5 }));
    assert_eq!(told[2]["details"]["key"], "[REDACTED]");
    let passed_over = manage(&gateway, "GET", "/audit?offset=1", Value::Null).await;
    assert!(passed_over.error_message(400, "invalid_request").contains("before"));
    let page = manage(&gateway, "GET", "/audit?limit=2", Value::Null).await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let next = page["next"].as_str().unwrap();
    let rest = manage(&gateway, "GET", &format!("/audit?before={next}"), Value::Null).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 6);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn section_1_3_codes_are_exchanged_for_keys_once() {
    let simulator = simulator().await;
    let gateway = world(&simulator).start().await;
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let wanted = json!({
        "callback_url": "https://app.example/cb", "key_label": "app", "limit": 2,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256", "usage_limit_type": "daily",
    });
    let made = gateway.call("POST", "/auth/keys/code").json(&wanted).send().await;
    assert_eq!(made.status, 200, "{}", made.text());
    let code = made.json()["data"]["id"].as_str().unwrap().to_owned();
    let exchange = |body: Value| {
        let call = gateway.call("POST", "/auth/keys").no_key().json(&body);
        async move { call.send().await }
    };
    let wrong = json!({ "code": code, "code_verifier": "x".repeat(43) });
    exchange(wrong).await.error(403, "permission_denied");
    exchange(json!({ "code": code })).await.error(403, "permission_denied");
    let other =
        json!({ "code": code, "code_verifier": verifier, "code_challenge_method": "plain" });
    exchange(other).await.error(400, "invalid_request");
    exchange(json!({ "code": "no" })).await.error(403, "permission_denied");
    // Whoever took the challenge out of the request for a code does not get the key.
    let bare = json!({ "callback_url": "https://app.example/cb" });
    let made = gateway.call("POST", "/auth/keys/code").json(&bare).send().await.json();
    let downgraded = json!({ "code": made["data"]["id"], "code_verifier": verifier });
    exchange(downgraded).await.error(403, "permission_denied");
    let right = json!({ "code": code, "code_verifier": verifier, "code_challenge_method": "S256" });
    let got = exchange(right.clone()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let key = got.json()["key"].as_str().unwrap().to_owned();
    exchange(right).await.error(403, "permission_denied");
    let current = by(&gateway, &key, "GET", "/key", Value::Null).await.json();
    assert_eq!(
        (&current["data"]["limit"], &current["data"]["limit_reset"]),
        (&json!(2), &json!("daily"))
    );
    gateway.chat_call(&eight()).key(&key).send().await.said();
    // What has bounds can't make what has none.
    let wanted = json!({ "callback_url": "https://app.example/cb" });
    let call = gateway.call("POST", "/auth/keys/code").key(&key).json(&wanted);
    call.send().await.error(403, "permission_denied");
    let wanted = json!({ "callback_url": "http://app.example/cb" });
    let call = gateway.call("POST", "/auth/keys/code").json(&wanted);
    call.send().await.error(400, "invalid_request");
    gateway.call("GET", "/auth/keys").send().await.error(405, "invalid_request");
}

#[tokio::test]
async fn section_1_6_calls_without_a_model_get_their_workspaces() {
    let simulator = simulator().await;
    let gateway = world(&simulator)
        .endpoint("acme/n", "acme", "echo", PRICE)
        .config(
            "[[model]]\nid = \"acme/drawer\"\ncontext_length = 1000\ninput = [\"text\"]\n\
             output = [\"image\"]\n[[endpoint]]\nmodel = \"acme/drawer\"\nprovider = \"acme\"\n\
             upstream_model = \"image\"\n",
        )
        .start()
        .await;
    let mut nameless = eight();
    nameless.as_object_mut().unwrap().remove("model");
    gateway.chat(nameless.clone()).await.error(400, "invalid_request");
    let path = format!("/workspaces/{DEFAULT}");
    let defaults = json!({ "default_text_model": "acme/m", "default_image_model": "acme/drawer" });
    assert_eq!(manage(&gateway, "PATCH", &path, defaults).await.status, 200);

    let said = gateway.chat(nameless.clone()).await.said();
    assert_eq!((said.model.as_str(), said.text.as_str()), ("acme/m", "a b c d e f g h"));
    let record = gateway.generation(&said.id).await;
    assert_eq!(record["requested_model"], "acme/m", "{record}");
    let streamed = gateway.chat_stream(nameless.clone()).await.said();
    assert_eq!(streamed.model, "acme/m");
    let message = gateway.call("POST", "/messages").json(&nameless).send().await;
    assert_eq!(message.json()["model"], "acme/m", "{}", message.text());
    let why = gateway.call("POST", "/routing/explain").json(&nameless).send().await;
    assert_eq!(why.status, 200, "{}", why.text());
    let drawn = gateway.call("POST", "/images").json(&json!({ "prompt": "a cat" })).send().await;
    assert_eq!(drawn.status, 200, "{}", drawn.text());
    let record = gateway.generation(drawn.header("x-generation-id").unwrap()).await;
    assert_eq!(record["model"], "acme/drawer", "{record}");
    // What is neither has no default.
    let embedded = gateway.call("POST", "/embeddings").json(&json!({ "input": "x" })).send().await;
    embedded.error(400, "invalid_request");

    // Whoever names a model has it, and so has who names a preset with one.
    let mut named = nameless.clone();
    named["models"] = json!(["acme/n"]);
    assert_eq!(gateway.chat(named).await.said().model, "acme/n");
    let mut kept = eight();
    kept["model"] = "acme/n".into();
    let saved = gateway.call("POST", "/presets/mine/chat/completions").json(&kept).send().await;
    assert!(saved.status < 300, "{}", saved.text());
    let mut with_preset = nameless.clone();
    with_preset["preset"] = "mine".into();
    assert_eq!(gateway.chat(with_preset).await.said().model, "acme/n");

    for (wrong, told) in [
        (json!({ "default_text_model": "acme/nobody" }), "default_text_model: "),
        (json!({ "default_image_model": "nobody" }), "default_image_model: "),
        (json!({ "io_logging_api_key_ids": [7] }), "7 is no key of this workspace"),
    ] {
        let refused = manage(&gateway, "PATCH", &path, wrong).await;
        let message = refused.error_message(400, "invalid_request");
        assert!(message.contains(told), "{message}");
    }
    assert_eq!(gateway.chat(nameless).await.said().model, "acme/m");
}
