//! What can be called, and what operators look at.

use serde_json::json;

use crate::world::World;

const JSON: &str = "application/json";

pub(crate) async fn run(world: &World) {
    for path in ["/api/v1/models", "/api/v1/models/user", "/api/v1/models/count"] {
        for query in [
            "",
            "?output_modalities=all",
            "?q=echo&limit=2&sort=newest",
            "?supported_parameters=tools",
        ] {
            world
                .ask("GET", path)
                .at(format!("{path}{query}"))
                .about(query)
                .expect(200, JSON)
                .await;
        }
        for query in ["?limit=0", "?limit=x", "?sort=best", "?min_price=cheap"] {
            // A count has no pages and no order to complain of, but reads the same query.
            let at = format!("{path}{query}");
            world.ask("GET", path).at(at).about(query).expect(400, JSON).await;
        }
    }
    for path in ["/api/v1/models", "/api/v1/models/user"] {
        let at = format!("{path}?use_rss=true");
        world.ask("GET", path).at(at).about("a feed").expect(200, "application/rss+xml").await;
    }
    for path in ["/api/v1/model/{author}/{slug}", "/api/v1/models/{author}/{slug}/endpoints"] {
        for model in ["tollgate/echo", "tollgate/embed", "acme/unpriced"] {
            let at = at(path, model);
            world.ask("GET", path).at(at).about(model).expect(200, JSON).await;
        }
        world.ask("GET", path).at(at(path, "no/body")).about("no/body").expect(404, JSON).await;
    }
    let images = "/api/v1/images/models/{author}/{slug}/endpoints";
    for (model, status) in [("tollgate/image", 200), ("tollgate/echo", 404), ("no/body", 404)] {
        world.ask("GET", images).at(at(images, model)).about(model).expect(status, JSON).await;
    }
    for path in ["/api/v1/embeddings/models", "/api/v1/images/models", "/api/v1/providers"] {
        world.ask("GET", path).key(None).expect(200, JSON).await;
    }
    let path = "/api/v1/embeddings/models";
    world.ask("GET", path).at(format!("{path}?limit=0")).about("limit").expect(400, JSON).await;
    named(world).await;
    gemini(world).await;
    ollama(world).await;
    let user = "/api/v1/models/user";
    world.ask("GET", user).about("no key").key(None).expect(401, JSON).await;
    for (path, media_type) in [
        ("/", "text/html"),
        ("/metrics", "application/openmetrics-text"),
        ("/health/live", JSON),
        ("/health/ready", JSON),
        ("/api/v1/openapi.json", JSON),
    ] {
        world.ask("GET", path).key(None).expect(200, media_type).await;
    }
}

/// Models whose name is one segment of the path.
async fn named(world: &World) {
    for path in ["/api/v1/model/{model}", "/api/v1/models/{model}/endpoints"] {
        for (model, status) in [("tollgate%2Fecho", 200), ("openrouter%2Fauto", 200), ("none", 404)]
        {
            let at = path.replace("{model}", model);
            world.ask("GET", path).at(at).about(model).expect(status, JSON).await;
        }
    }
}

/// The lists of Gemini's clients.
async fn gemini(world: &World) {
    let list = "/api/v1beta/models";
    for query in ["", "?pageSize=2", "?pageSize=2&pageToken=2", "?key=x"] {
        let at = format!("{list}{query}");
        world.ask("GET", list).at(at).about(query).ours(true).expect(200, JSON).await;
    }
    let at = format!("{list}?pageToken=x");
    world.ask("GET", list).at(at).about("no such page").expect(400, JSON).await;
    world.ask("GET", list).about("no key").key(None).expect(401, JSON).await;
    let one = "/api/v1beta/models/{model}";
    for (model, status) in [
        ("tollgate/echo", 200),
        ("vision", 200),
        ("echo", 404),
        ("tollgate/embed", 200),
        ("no/body", 404),
    ] {
        let at = one.replace("{model}", model);
        world.ask("GET", one).at(at).about(model).ours(true).expect(status, JSON).await;
    }
    let at = one.replace("{model}", "echo");
    world.ask("GET", one).at(at).about("no key").key(None).expect(401, JSON).await;
}

/// What Ollama's clients ask before they talk.
async fn ollama(world: &World) {
    for path in ["/api/tags", "/api/ps", "/api/version"] {
        world.ask("GET", path).key(None).ours(true).expect(200, JSON).await;
    }
    let path = "/api/show";
    for (body, status) in [
        (json!({ "model": "tollgate/think" }), 200),
        (json!({ "name": "tollgate/embed", "verbose": true }), 200),
        (json!({ "model": "acme/unpriced" }), 200),
        (json!({ "model": "no/body" }), 404),
        (json!({}), 400),
        (json!({ "model": 1 }), 400),
    ] {
        let ask = world.ask("POST", path).key(None).about(body.to_string()).json(&body);
        ask.ours(true).expect(status, JSON).await;
    }
    world.ask("POST", path).about("another type").body("text/csv", "a").expect(400, JSON).await;
    let packed = world.ask("POST", path).about("packed").header("content-encoding", "gzip");
    packed.json(&json!({ "model": "tollgate/echo" })).expect(415, JSON).await;
}

fn at(path: &str, model: &str) -> String {
    let (author, slug) = model.split_once('/').unwrap();
    path.replace("{author}", author).replace("{slug}", slug)
}
