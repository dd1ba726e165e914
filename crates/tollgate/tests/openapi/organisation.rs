//! Workspaces, people, invitations, the log, and codes for keys.

use serde_json::{Value, json};
use tollgate_testkit::Reply;

use crate::world::World;

const JSON: &str = "application/json";
const WORKSPACES: &str = "/api/v1/workspaces";
const WORKSPACE: &str = "/api/v1/workspaces/{id}";
const BUDGETS: &str = "/api/v1/workspaces/{id}/budgets";
const BUDGET: &str = "/api/v1/workspaces/{id}/budgets/{interval}";
const MEMBERS: &str = "/api/v1/workspaces/{id}/members";
const ADD: &str = "/api/v1/workspaces/{id}/members/add";
const REMOVE: &str = "/api/v1/workspaces/{id}/members/remove";
const PEOPLE: &str = "/api/v1/organization/members";
const PERSON: &str = "/api/v1/organization/members/{id}";
const INVITATIONS: &str = "/api/v1/organization/invitations";
const INVITATION: &str = "/api/v1/organization/invitations/{id}";
const ACCEPT: &str = "/api/v1/organization/invitations/accept";

pub(crate) async fn run(world: &World) {
    workspaces(world).await;
    people(world).await;
    codes(world).await;
    let key = world.gateway.management_key();
    let audit = "/api/v1/audit";
    world.ask("GET", audit).key(Some(key)).expect(200, JSON).await;
    world.ask("GET", "/api/v1/settings").key(Some(key)).expect(200, JSON).await;
    let none = world.ask("GET", audit).key(Some(key)).about("no page");
    none.at(format!("{audit}?limit=0")).expect(400, JSON).await;
}

async fn workspaces(world: &World) {
    let key = world.gateway.management_key();
    let ask = |method: &str, path: &'static str| world.ask(method, path).key(Some(key));
    let new = json!({ "name": "Lab", "slug": "lab" });
    ask("POST", WORKSPACES).json(&new).expect(201, JSON).await;
    ask("POST", WORKSPACES).about("taken").json(&new).expect(400, JSON).await;
    ask("GET", WORKSPACES).expect(200, JSON).await;
    let none = ask("GET", WORKSPACES).about("no page").at(format!("{WORKSPACES}?limit=101"));
    none.expect(400, JSON).await;
    let lab = format!("{WORKSPACES}/lab");
    ask("GET", WORKSPACE).at(&lab).expect(200, JSON).await;
    let change = json!({ "description": "papers", "default_provider_sort": "price" });
    ask("PATCH", WORKSPACE).at(&lab).json(&change).expect(200, JSON).await;
    let daily = format!("{lab}/budgets/daily");
    let budget = json!({ "limit_usd": 5, "include_byok_in_budgets": true });
    ask("PUT", BUDGET).at(&daily).json(&budget).expect(200, JSON).await;
    let nothing = json!({ "limit_usd": 0 });
    ask("PUT", BUDGET).at(&daily).about("nothing").json(&nothing).expect(400, JSON).await;
    ask("GET", BUDGET).at(&daily).expect(200, JSON).await;
    ask("GET", BUDGETS).at(format!("{lab}/budgets")).expect(200, JSON).await;
    ask("DELETE", BUDGET).at(&daily).expect(200, JSON).await;
    ask("GET", BUDGET).at(&daily).about("it is gone").expect(404, JSON).await;
    let other = ask("GET", WORKSPACE).about("nobody").at(&lab).key(None);
    other.expect(401, JSON).await;
    let caller = ask("GET", WORKSPACE).about("no manager").at(&lab);
    caller.key(Some(world.gateway.key())).expect(403, JSON).await;
}

async fn people(world: &World) {
    let key = world.gateway.management_key();
    let ask = |method: &str, path: &'static str| world.ask(method, path).key(Some(key));
    // Two are made beside what is documented, because a token is shown in an answer only.
    let invite = |email: &'static str| async move {
        let wanted = json!({ "email": email, "workspaces": [{ "workspace_id": "lab" }] });
        let call = world.gateway.call("POST", "/organization/invitations").key(key);
        call.json(&wanted).send().await.json()
    };
    let wanted = json!({ "email": "a@example.org", "workspaces": [{ "workspace_id": "lab" }] });
    ask("POST", INVITATIONS).json(&wanted).expect(201, JSON).await;
    ask("GET", INVITATIONS).expect(200, JSON).await;
    let withdrawn = invite("b@example.org").await;
    let path = format!("{INVITATIONS}/{}", text(&withdrawn["data"]["id"]));
    ask("DELETE", INVITATION).at(&path).expect(200, JSON).await;
    ask("DELETE", INVITATION).at(&path).about("it is gone").expect(404, JSON).await;
    let token = invite("c@example.org").await["token"].clone();
    let accepts = json!({ "token": token, "first_name": "Ada" });
    let accept = || world.ask("POST", ACCEPT).key(None);
    accept().json(&accepts).expect(201, JSON).await;
    accept().about("twice").json(&accepts).expect(403, JSON).await;
    let again = json!({ "email": "c@example.org" });
    ask("POST", INVITATIONS).about("known").json(&again).expect(409, JSON).await;

    ask("GET", PEOPLE).expect(200, JSON).await;
    let everybody = world.gateway.call("GET", "/organization/members").key(key);
    let id = text(&everybody.send().await.json()["data"][0]["id"]);
    let person = format!("{PEOPLE}/{id}");
    ask("GET", PERSON).at(&person).expect(200, JSON).await;
    let change = json!({ "access": "admin", "last_name": "L" });
    ask("PATCH", PERSON).at(&person).json(&change).expect(200, JSON).await;
    let hers = world.gateway.key_with(|it| it.creator_user_id = Some(id.clone())).await;
    let me = "/api/v1/user/me";
    world.ask("GET", me).key(Some(&hers)).expect(200, JSON).await;
    world.ask("GET", me).about("nobody").key(Some(key)).expect(404, JSON).await;
    let lab = format!("{WORKSPACES}/lab/members");
    let who = json!({ "user_ids": [id] });
    ask("POST", REMOVE).at(format!("{lab}/remove")).json(&who).expect(200, JSON).await;
    ask("POST", ADD).at(format!("{lab}/add")).json(&who).expect(200, JSON).await;
    let nobody = json!({ "user_ids": [] });
    let none = ask("POST", ADD).at(format!("{lab}/add")).about("nobody");
    none.json(&nobody).expect(400, JSON).await;
    ask("GET", MEMBERS).at(&lab).expect(200, JSON).await;
    ask("DELETE", PERSON).at(&person).expect(200, JSON).await;
    ask("DELETE", PERSON).at(&person).about("they are gone").expect(404, JSON).await;
    ask("DELETE", WORKSPACE).at(format!("{WORKSPACES}/lab")).expect(200, JSON).await;
}

async fn codes(world: &World) {
    let (code, exchange) = ("/api/v1/auth/keys/code", "/api/v1/auth/keys");
    let wanted = json!({ "callback_url": "https://app.example/cb" });
    let key = world.gateway.key();
    world.ask("POST", code).key(Some(key)).json(&wanted).expect(200, JSON).await;
    let wrong = json!({ "callback_url": "http://app.example/cb" });
    let asked = world.ask("POST", code).key(Some(key)).about("wrong");
    asked.json(&wrong).expect(400, JSON).await;
    let made: Reply = world.gateway.call("POST", "/auth/keys/code").json(&wanted).send().await;
    let given = json!({ "code": made.json()["data"]["id"] });
    world.ask("POST", exchange).key(None).json(&given).expect(200, JSON).await;
    let again = world.ask("POST", exchange).key(None).about("twice");
    again.json(&given).expect(403, JSON).await;
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
