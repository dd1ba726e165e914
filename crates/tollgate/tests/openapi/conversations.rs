//! Every dialect at every kind of provider, whole and streamed, well and badly ended.

use serde_json::{Value, json};
use tollgate_testkit::Protocol;

use crate::dialect::{Dialect, Wish};
use crate::world::{Ask, PROVIDERS, World};

/// What is asked of which model.
const CASES: [(&str, Wish); 9] = [
    ("echo", Wish::Nothing),
    ("prose", Wish::Few),
    ("tools", Wish::Tools),
    ("think", Wish::Thoughts),
    ("refuse", Wish::Nothing),
    ("unpriced", Wish::Nothing),
    ("uncounted", Wish::Nothing),
    ("failing", Wish::Nothing),
    ("cut", Wish::Nothing),
];

pub(crate) async fn run(world: &World) {
    for dialect in Dialect::ALL {
        for (slug, protocol) in PROVIDERS {
            let ours = !dialect.is_native_to(protocol);
            for (model, wish) in CASES {
                // Gemini's own error is one of capacity.
                let failure =
                    if protocol == Protocol::Gemini && model == "failing" { 503 } else { 502 };
                let fails = matches!(model, "failing" | "cut");
                let status = if fails { failure } else { 200 };
                let asked = ask(world, dialect, &format!("{slug}/{model}"), wish, false);
                asked.ours(ours || fails).expect(status, "application/json").await;
                streamed(world, dialect, (slug, model), wish, ours).await;
            }
            refused(world, dialect, slug).await;
        }
    }
    arrays(world).await;
    under_v1(world).await;
    counts(world).await;
    logprobs(world).await;
}

fn ask<'a>(world: &'a World, dialect: Dialect, model: &str, wish: Wish, stream: bool) -> Ask<'a> {
    world
        .ask("POST", dialect.path(stream))
        .at(dialect.at(model, stream))
        .about(format!("{model} {wish:?}{}", if stream { ", streamed" } else { "" }))
        .json(&dialect.body(model, wish, stream))
}

async fn streamed(
    world: &World,
    dialect: Dialect,
    (slug, model): (&str, &str),
    wish: Wish,
    ours: bool,
) {
    let ask = ask(world, dialect, &format!("{slug}/{model}"), wish, true);
    let reply = ask.ours(ours).expect(200, dialect.stream_type()).await;
    // What breaks off must say so, or nothing was proved about how it does.
    if matches!(model, "failing" | "cut") {
        assert!(reply.text().contains("error"), "{dialect:?} {slug}: {}", reply.text());
    }
}

/// Providers that refuse, before anything was said.
async fn refused(world: &World, dialect: Dialect, slug: &str) {
    for stream in [false, true] {
        for (model, status) in [("limited", 429), ("overloaded", 503)] {
            let model = format!("{slug}/{model}");
            let ask = ask(world, dialect, &model, Wish::Nothing, stream);
            let reply = ask.ours(true).expect(status, "application/json").await;
            if status == 429 {
                assert_eq!(reply.header("retry-after"), Some("7"), "{}", reply.text());
            }
        }
    }
}

/// Gemini streams as the elements of an array unless asked for events.
async fn arrays(world: &World) {
    for (slug, protocol) in PROVIDERS {
        for model in ["echo", "tools", "failing"] {
            let model = format!("{slug}/{model}");
            let path = Dialect::Gemini.path(true);
            world
                .ask("POST", path)
                .at(path.replace("{model}", &model))
                .about(format!("{model} as an array"))
                .json(&Dialect::Gemini.body(&model, Wish::Tools, true))
                .ours(!Dialect::Gemini.is_native_to(protocol))
                .expect(200, "application/json")
                .await;
        }
    }
}

/// Google's SDK for Python asks under `v1`.
async fn under_v1(world: &World) {
    let body = Dialect::Gemini.body("json", Wish::Nothing, false);
    for (method, media_type) in [
        ("generateContent", "application/json"),
        ("streamGenerateContent", "application/json"),
        ("countTokens", "application/json"),
    ] {
        let path = format!("/api/v1/models/{{model}}:{method}");
        for model in ["tollgate/json", "json"] {
            let at = path.replace("{model}", model);
            let ask = world.ask("POST", &path).at(at).about("under v1").json(&body);
            ask.ours(true).expect(200, media_type).await;
        }
    }
}

async fn counts(world: &World) {
    for model in ["bravo/echo", "civic/echo", "acme/echo"] {
        let body = Dialect::Messages.body(model, Wish::Tools, false);
        let ask = world.ask("POST", "/api/v1/messages/count_tokens").about(model).json(&body);
        ask.ours(true).expect(200, "application/json").await;
        let body = Dialect::Gemini.body(model, Wish::Nothing, false);
        let path = "/api/v1beta/models/{model}:countTokens";
        for body in [body.clone(), json!({ "generateContentRequest": body })] {
            let at = path.replace("{model}", model);
            let ask = world.ask("POST", path).at(at).about(model).json(&body);
            ask.ours(true).expect(200, "application/json").await;
        }
    }
}

/// Log probabilities, where the simulator has them.
async fn logprobs(world: &World) {
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            for (slug, protocol) in PROVIDERS {
                let model = format!("{slug}/echo");
                let mut body = dialect.body(&model, Wish::Nothing, stream);
                add_logprobs(dialect, &mut body);
                let media_type = if stream { dialect.stream_type() } else { "application/json" };
                world
                    .ask("POST", dialect.path(stream))
                    .at(dialect.at(&model, stream))
                    .about(format!("{model} with log probabilities"))
                    .json(&body)
                    .ours(!dialect.is_native_to(protocol))
                    .expect(200, media_type)
                    .await;
            }
        }
    }
}

fn add_logprobs(dialect: Dialect, body: &mut Value) {
    match dialect {
        Dialect::Chat | Dialect::Ollama => {
            body["logprobs"] = true.into();
            body["top_logprobs"] = 2.into();
        }
        Dialect::Completions => body["logprobs"] = 2.into(),
        Dialect::Responses => {
            body["include"] = json!(["message.output_text.logprobs"]);
            body["top_logprobs"] = 2.into();
        }
        Dialect::Gemini => {
            body["generationConfig"] = json!({ "responseLogprobs": true, "logprobs": 2 });
        }
        // Anthropic's dialect has none.
        Dialect::Messages => {}
    }
}
