//! Requests that are refused, in the words of every dialect.

use serde_json::{Value, json};
use tollgate_limits::KeyLimits;
use tollgate_types::Usd;

use crate::dialect::{Dialect, Wish};
use crate::operations::{gemini_requests, of_model, requests};
use crate::world::{Ask, BODY_BYTES_MAX, World};

const JSON: &str = "application/json";

/// A route that takes JSON and calls a model.
struct Route {
    path: String,
    at: Box<dyn Fn(&str) -> String>,
    body: Box<dyn Fn(&str) -> Value>,
    /// Models that do and that do not exist.
    model: String,
    unknown_model: u16,
    /// The same request with a member of a wrong type.
    wrong: Value,
    /// Whether it costs anything.
    is_billed: bool,
    /// Whose form its errors have, as the document's responses are named.
    dialect: &'static str,
}

pub(crate) async fn run(world: &World) {
    let spent = world.gateway.key_with(|record| record.limit = Some(Usd::from_nanos(0))).await;
    let none = KeyLimits::default().with("requests_per_minute", 0);
    let busy = world.gateway.key_with(|record| record.rate_limits = none).await;
    for route in routes() {
        callers(world, &route, (&spent, &busy)).await;
        bodies(world, &route).await;
        let method =
            world.ask("PUT", &route.path).at((route.at)(&route.model)).about("wrong method");
        let form = format!("{}MethodNotAllowed", route.dialect);
        method.anywhere(&form).expect(405, JSON).await;
    }
    for (path, dialect) in [
        ("/nowhere", ""),
        ("/api/v1/nowhere", ""),
        ("/api/v1/messages/nowhere", "Messages"),
        ("/api/v1/responses/nowhere", "Responses"),
        ("/api/v1beta/nowhere", "Gemini"),
        ("/api/nowhere", "Ollama"),
    ] {
        let form = format!("{dialect}NotFound");
        world.ask("GET", path).about("no such path").anywhere(&form).expect(404, JSON).await;
    }
    for (path, dialect) in [
        ("/api/v1/keys", ""),
        ("/api/v1/credits", ""),
        ("/api/v1/models/count", ""),
        ("/api/v1beta/models", "Gemini"),
        ("/api/tags", "Ollama"),
    ] {
        let ask = world.ask("PUT", path).about("wrong method");
        ask.anywhere(&format!("{dialect}MethodNotAllowed")).expect(405, JSON).await;
    }
    management(world).await;
}

fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            // Only Gemini has paths of their own for streams.
            if stream && dialect != Dialect::Gemini {
                continue;
            }
            routes.push(of_dialect(dialect, dialect.path(stream), stream));
        }
    }
    let mut count = of_dialect(Dialect::Messages, "/api/v1/messages/count_tokens", false);
    count.is_billed = false;
    routes.push(count);
    for path in ["/api/v1beta/models/{model}:countTokens", "/api/v1/models/{model}:countTokens"] {
        let mut count = of_dialect(Dialect::Gemini, path, false);
        count.is_billed = false;
        routes.push(count);
    }
    for (path, stream) in [
        ("/api/v1/models/{model}:generateContent", false),
        ("/api/v1/models/{model}:streamGenerateContent", true),
    ] {
        routes.push(of_dialect(Dialect::Gemini, path, stream));
    }
    for (route, model, body) in requests() {
        let path = format!("/api/v1{route}");
        let at = path.clone();
        let model = format!("tollgate/{model}");
        let mut wrong = of_model(&model, body.clone());
        wrong["provider"] = "cheap".into();
        routes.push(Route {
            path,
            at: Box::new(move |_| at.clone()),
            body: Box::new(move |model| of_model(model, body.clone())),
            model,
            unknown_model: 400,
            wrong,
            is_billed: true,
            dialect: "",
        });
    }
    for base in ["/api/v1beta", "/api/v1"] {
        for (method, body) in gemini_requests() {
            let path = format!("{base}/models/{{model}}:{method}");
            let mut wrong = body.clone();
            wrong["provider"] = "cheap".into();
            let at = path.clone();
            routes.push(Route {
                path,
                at: Box::new(move |model| at.replace("{model}", model)),
                body: Box::new(move |_| body.clone()),
                model: "tollgate/embed".to_owned(),
                unknown_model: 404,
                wrong,
                is_billed: true,
                dialect: "Gemini",
            });
        }
    }
    routes
}

fn of_dialect(dialect: Dialect, path: &'static str, stream: bool) -> Route {
    let model = "tollgate/echo";
    let mut wrong = dialect.body(model, Wish::Nothing, stream);
    wrong["provider"] = "cheap".into();
    Route {
        path: path.to_owned(),
        at: Box::new(move |model| path.replace("{model}", model)),
        body: Box::new(move |model| dialect.body(model, Wish::Nothing, stream)),
        model: model.to_owned(),
        unknown_model: dialect.unknown_model(),
        wrong,
        is_billed: true,
        dialect: match dialect {
            Dialect::Chat | Dialect::Completions => "",
            Dialect::Responses => "Responses",
            Dialect::Messages => "Messages",
            Dialect::Gemini => "Gemini",
            Dialect::Ollama => "Ollama",
        },
    }
}

impl Route {
    fn ask<'a>(&self, world: &'a World, model: &str) -> Ask<'a> {
        world.ask("POST", &self.path).at((self.at)(model)).ours(true)
    }
}

async fn callers(world: &World, route: &Route, (spent, busy): (&str, &str)) {
    let ask = || route.ask(world, &route.model).json(&(route.body)(&route.model));
    ask().about("no key").key(None).expect(401, JSON).await;
    ask().about("a wrong key").key(Some("sk-or-v1-wrong")).expect(401, JSON).await;
    let managing = world.gateway.management_key();
    ask().about("a management key").key(Some(managing)).expect(403, JSON).await;
    if route.is_billed {
        ask().about("a spent key").key(Some(spent)).expect(402, JSON).await;
        ask().about("a key at its limit").key(Some(busy)).expect(429, JSON).await;
    }
}

async fn bodies(world: &World, route: &Route) {
    let ask = || route.ask(world, &route.model);
    ask().about("not JSON").body(JSON, "{").expect(400, JSON).await;
    ask().about("nothing in it").json(&json!({})).expect(400, JSON).await;
    ask().about("a wrong type").json(&route.wrong).expect(400, JSON).await;
    // Ollama's own clients don't say what they send.
    let of_another_type = if route.path == "/api/chat" { 400 } else { 415 };
    ask().about("another type").body("text/csv", "a,b").expect(of_another_type, JSON).await;
    let ask_packed = ask().about("packed").header("content-encoding", "gzip");
    ask_packed.json(&(route.body)(&route.model)).expect(415, JSON).await;
    let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX));
    ask().about("too large").body(JSON, large).expect(413, JSON).await;
    let unknown = "tollgate/nobody";
    let ask = route.ask(world, unknown).about("an unknown model").json(&(route.body)(unknown));
    ask.expect(route.unknown_model, JSON).await;
}

/// Bodies that those who manage send.
async fn management(world: &World) {
    let hash = format!("/api/v1/keys/{}", "0".repeat(64));
    for (method, path, at) in
        [("POST", "/api/v1/keys", "/api/v1/keys"), ("PATCH", "/api/v1/keys/{hash}", hash.as_str())]
    {
        let ask = || world.ask(method, path).at(at);
        ask().about("not JSON").body(JSON, "{").expect(400, JSON).await;
        ask().about("a wrong type").json(&json!({ "name": 1 })).expect(400, JSON).await;
        ask().about("another type").body("text/csv", "a,b").expect(415, JSON).await;
        let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX));
        ask().about("too large").body(JSON, large).expect(413, JSON).await;
    }
}
