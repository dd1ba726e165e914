//! Setting up, signing in and out, and what somebody who is signed in does about themselves.

use serde_json::json;
use tollgate_testkit::Reply;

use crate::world::World;

const JSON: &str = "application/json";
const SESSION: &str = "/api/v1/session";
const SETUP: &str = "/api/v1/setup";
const CHANGE: &str = "/api/v1/session/password";
const PLAYGROUND: &str = "/api/v1/session/playground-key";
const APPROVE: &str = "/api/v1/session/auth-code";
const ACCEPT: &str = "/api/v1/organization/invitations/accept";
const PASSWORD: &str = "correct horse battery";

pub(crate) async fn run(world: &World) {
    let cookie = set_up(world).await;
    sign_in(world).await;
    invited(world, &cookie).await;
    let page = |method: &str, path: &str| {
        let ask = world.ask(method, path).key(None).header("sec-fetch-site", "same-origin");
        ask.header("cookie", &cookie)
    };
    page("GET", SESSION).about("signed in").expect(200, JSON).await;
    page("POST", PLAYGROUND).about("first").expect(201, JSON).await;
    page("POST", PLAYGROUND).expect(200, JSON).await;
    world.ask("POST", PLAYGROUND).key(None).about("nobody").expect(401, JSON).await;
    let app = json!({ "callback_url": "https://app.example/cb", "limit": 2 });
    page("POST", APPROVE).json(&app).expect(200, JSON).await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let carried = json!({ "code_challenge": challenge, "code_challenge_method": "S256" });
    page("POST", APPROVE).about("no callback").json(&carried).expect(200, JSON).await;
    page("POST", APPROVE).about("neither").json(&json!({})).expect(400, JSON).await;
    world.ask("POST", APPROVE).key(None).about("nobody").json(&app).expect(401, JSON).await;
    let change = json!({ "current": PASSWORD, "new": "another long one" });
    page("PUT", CHANGE).json(&change).expect(204, "").await;
    page("PUT", CHANGE).about("wrong").json(&change).expect(403, JSON).await;
    let other = world.ask("DELETE", SESSION).key(None).about("another page");
    other.header("cookie", &cookie).expect(403, JSON).await;
    page("DELETE", SESSION).expect(204, "").await;
}

async fn set_up(world: &World) -> String {
    let asked = || world.ask("POST", SETUP).key(None);
    let mut owner = json!({ "email": "owner@example.org", "password": PASSWORD });
    let other = asked().about("another page").header("origin", "https://evil.example");
    other.json(&owner).expect(403, JSON).await;
    let short = json!({ "email": "owner@example.org", "password": "short" });
    asked().about("short").json(&short).expect(400, JSON).await;
    world.ask("GET", SESSION).key(None).about("waits").expect(200, JSON).await;
    owner["first_name"] = "Grace".into();
    let done = asked().json(&owner).expect(201, JSON).await;
    asked().about("again").json(&owner).expect(409, JSON).await;
    cookie(&done)
}

async fn sign_in(world: &World) {
    let asked = || world.ask("POST", SESSION).key(None);
    world.ask("GET", SESSION).key(None).expect(200, JSON).await;
    let owner = json!({ "email": "owner@example.org", "password": PASSWORD });
    asked().json(&owner).expect(200, JSON).await;
    let wrong = json!({ "email": "nobody@example.org", "password": "wrong" });
    for _ in 0..10 {
        asked().about("wrong").json(&wrong).expect(401, JSON).await;
    }
    asked().about("too often").json(&wrong).expect(429, JSON).await;
}

async fn invited(world: &World, cookie: &str) {
    let wanted = json!({ "email": "d@example.org" });
    let call = world.gateway.call("POST", "/organization/invitations").no_key();
    let call = call.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    let token = call.json(&wanted).send().await.json()["token"].clone();
    let accepts = json!({ "token": token, "password": PASSWORD });
    world.ask("POST", ACCEPT).key(None).about("password").json(&accepts).expect(201, JSON).await;
}

fn cookie(reply: &Reply) -> String {
    reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}
