//! The dashboard as it is served, and what is compressed (`docs/dashboard.md`).

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::json;
use tollgate_dashboard::{Dashboard, File};
use tollgate_testkit::{Call, Reply, TestGateway, simulator};

use crate::session::{cookie, hello, owner, world};

const INDEX: &str = "<!doctype html><html><head><base href=\"./\"><title>T</title></head></html>";
/// `let b = 2;`, nine times.
const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 73, 45, 81, 72, 82, 176, 85, 48, 178, 206, 161, 50, 11,
    0, 198, 251, 189, 23, 90, 0, 0, 0,
];
const FILES: &[File] = &[
    File { path: "assets/app-1.js", bytes: b"let a = 1", is_gzip: false, etag: "\"1\"" },
    File { path: "assets/app-1.woff2", bytes: b"w", is_gzip: false, etag: "\"2\"" },
    File { path: "assets/app-2.js", bytes: GZIPPED, is_gzip: true, etag: "\"5\"" },
    File { path: "favicon.svg", bytes: b"<svg/>", is_gzip: false, etag: "\"3\"" },
    File { path: "index.html", bytes: INDEX.as_bytes(), is_gzip: false, etag: "\"4\"" },
];
const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

fn browse<'a>(gateway: &'a TestGateway, path: &str) -> Call<'a> {
    gateway.at("GET", path).header(HTML.0, HTML.1)
}

#[tokio::test]
async fn browsers_are_shown_the_dashboard() {
    let gateway = TestGateway::builder().dashboard(Dashboard::of(FILES)).start().await;
    let index = browse(&gateway, "/").send().await;
    assert_eq!(index.status, 200);
    assert!(index.text().contains("<head><base href=\"/\"><title>"), "{}", index.text());
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(index.header(name), Some(value), "{name}");
    }
    let etag = index.header("etag").unwrap();
    let known = browse(&gateway, "/").header("if-none-match", etag).send().await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let known = browse(&gateway, "/").header("if-none-match", "\"other\"").send().await;
    assert_eq!(known.status, 200);
    let consent = "/auth?callback_url=https://app.example/cb";
    for path in ["/logs", "/openai/gpt-4.1", "/settings/people?open=1", "/setup", consent] {
        let reply = browse(&gateway, path).send().await;
        assert_eq!((reply.status, reply.text()), (200, index.text()), "{path}");
        // No page of another site has it in a frame, where a click would approve an app.
        assert_eq!(reply.header("content-security-policy"), Some(policy), "{path}");
    }
    let script = gateway.at("GET", "/assets/app-1.js").send().await;
    assert_eq!((script.status, script.text().as_str()), (200, "let a = 1"));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.header("content-security-policy"), Some(policy));
    let known = gateway.at("GET", "/assets/app-1.js").header("if-none-match", "W/\"1\"");
    assert_eq!(known.send().await.status, 304);
    let icon = gateway.at("GET", "/favicon.svg").send().await;
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
    assert_eq!(icon.header("cache-control"), Some("no-cache"));
    let head = gateway.at("HEAD", "/assets/app-1.js").send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// Who says so gets files as they are kept, and long answers of the API shorter than they are.
#[tokio::test]
async fn who_takes_what_is_compressed_gets_it_so() {
    let simulator = simulator().await;
    let gateway = world(&simulator).dashboard(Dashboard::of(FILES)).start().await;
    let script = || gateway.at("GET", "/assets/app-2.js");
    let plain = script().send().await;
    assert_eq!((plain.text(), plain.header("content-encoding")), ("let b = 2;".repeat(9), None));
    assert_eq!(
        (plain.header("etag"), plain.header("vary")),
        (Some("\"5\""), Some("accept-encoding"))
    );
    let short = script().header("accept-encoding", "br, gzip").send().await;
    assert_eq!((&*short.body, short.header("content-encoding")), (GZIPPED, Some("gzip")));
    assert_eq!(short.header("etag"), Some("\"5-gzip\""));
    let known = script().header("accept-encoding", "gzip").header("if-none-match", "\"5-gzip\"");
    assert_eq!(known.send().await.status, 304);

    let owner = gateway.management_key();
    for (path, is_long) in
        [("/keys", true), ("/models", true), ("/openapi.json", true), ("/key", false)]
    {
        let ask = |coding: &'static str| {
            let call = gateway.call("GET", path).key(owner).header("accept-encoding", coding);
            async move { call.send().await }
        };
        let (plain, short) = (ask("identity").await, ask("gzip").await);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        let coding = is_long.then_some("gzip");
        assert_eq!((short.status, short.header("content-encoding")), (200, coding), "{path}");
    }
    // What is written as it is read is whole.
    for path in ["/logs/export?format=csv", "/logs/export?format=json"] {
        let ask = |coding| gateway.call("GET", path).key(owner).header("accept-encoding", coding);
        let (plain, short) = (ask("identity").send().await, ask("gzip").send().await);
        assert_eq!(short.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(unpacked(&short), plain.text(), "{path}");
    }
    // Whoever takes nothing is told what was done all the same.
    for (coding, is_short) in [("*;q=0", false), ("identity;q=0", false), ("*", true)] {
        let call = gateway.call("POST", "/keys").key(owner).header("accept-encoding", coding);
        let made = call.json(&json!({ "name": coding })).send().await;
        assert_eq!(
            (made.status, made.header("content-encoding").is_some()),
            (201, is_short),
            "{coding}"
        );
    }
    // Nothing that a model answers is held up by it.
    for stream in [false, true] {
        let mut body = hello();
        body["stream"] = json!(stream);
        let call = gateway.call("POST", "/chat/completions").json(&body);
        let reply = call.header("accept-encoding", "gzip").send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("content-encoding"), None);
    }
}

pub(crate) fn unpacked(reply: &Reply) -> String {
    let mut text = String::new();
    GzDecoder::new(&*reply.body).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn programs_are_never_shown_a_page() {
    let gateway = TestGateway::builder().dashboard(Dashboard::of(FILES)).start().await;
    for path in [
        "/api/v1/nowhere",
        "/api",
        "/v1/models",
        "/health",
        "/health/nowhere",
        "/metrics/x",
        "/webhooks/nobody",
        "/assets/missing.js",
        "/assets/missing",
        "/missing.css",
        "/.env",
    ] {
        let reply = browse(&gateway, path).send().await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
    }
    // What is no browser gets no page, and nothing is posted to one.
    gateway.at("GET", "/logs").send().await.error(404, "not_found");
    let posted = gateway.at("POST", "/logs").header(HTML.0, HTML.1).send().await;
    posted.error(404, "not_found");
    assert_eq!(gateway.at("GET", "/health/live").send().await.status, 200);
}

#[tokio::test]
async fn a_build_without_a_dashboard_says_how_to_get_one() {
    let gateway = TestGateway::builder().dashboard(Dashboard::of(&[])).start().await;
    let reply = browse(&gateway, "/").send().await;
    let page = reply.text();
    assert!(page.contains("no dashboard: <code>make web</code>"), "{page}");
    assert!(page.contains("/api/v1/chat/completions"), "{page}");
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
    browse(&gateway, "/logs").send().await.error(404, "not_found");
}

#[tokio::test]
async fn all_of_it_is_reached_below_a_prefix_too() {
    let simulator = simulator().await;
    let config = "[server]\npath_prefix = \"gw/llm/\"\n";
    let builder = world(&simulator).config(config).dashboard(Dashboard::of(FILES));
    let gateway = builder.start().await;
    for path in ["/gw/llm", "/gw/llm/", "/gw/llm/logs", "/gw/llm/auth?limit=1", "/", "/logs"] {
        let reply = browse(&gateway, path).send().await;
        assert!(reply.text().contains("<base href=\"/gw/llm/\">"), "{path}: {}", reply.text());
    }
    assert_eq!(gateway.at("GET", "/gw/llm/assets/app-1.js").send().await.status, 200);
    let key = gateway.key().to_owned();
    for path in ["/gw/llm/api/v1/chat/completions", "/api/v1/chat/completions"] {
        let reply = gateway.at("POST", path).key(&key).json(&hello()).send().await;
        assert_eq!(reply.said().text, "a b c d");
    }
    let refused = gateway.at("POST", "/gw/llm/api/v1/messages").json(&hello()).send().await;
    assert_eq!((refused.status, &refused.json()["type"]), (401, &json!("error")));
    let stream = gateway.at("GET", "/gw/llm/api/v1/models?q=1").send().await;
    assert_eq!(stream.status, 200);
    // Errors are in the words of the dialect, there as well.
    let ollama = gateway.at("POST", "/gw/llm/api/nowhere").json(&json!({})).send().await;
    assert!(ollama.json()["error"].is_string(), "{}", ollama.text());
    gateway.at("GET", "/gw/llmx/api/v1/models").send().await.error(404, "not_found");
    let origin = format!("http://{}", gateway.address());
    let call = gateway.at("POST", "/gw/llm/api/v1/setup").header("origin", &origin);
    let done = call.json(&owner()).send().await;
    let set = done.header("set-cookie").unwrap();
    assert!(set.contains("; Path=/gw/llm; "), "{set}");
    // Roles are by the route, wherever it is reached.
    let call = gateway.at("GET", "/gw/llm/api/v1/keys").header("cookie", &cookie(&done));
    assert_eq!(call.send().await.status, 200);
}
