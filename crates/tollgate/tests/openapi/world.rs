//! The gateway that is asked, and what was found.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::Value;
use tollgate_simulator::Simulator;
use tollgate_testkit::{Call, Protocol, Reply, StripePeer, TestGateway, simulator};
use xtask::exchange::{Answer, Exchange};
use xtask::openapi::{Difference, Document};

use crate::{logs, stream};

/// Largest body that the gateway takes.
pub(crate) const BODY_BYTES_MAX: usize = 200_000;

/// Who serves conversations: every protocol that a client's dialect may be passed on to as it is,
/// and one that is not.
pub(crate) const PROVIDERS: [(&str, Protocol); 5] = [
    ("acme", Protocol::OpenAi),
    ("bravo", Protocol::Anthropic),
    ("civic", Protocol::Gemini),
    ("delta", Protocol::Responses),
    ("echoes", Protocol::Cohere),
];

/// Models, and what the simulator calls them.
const MODELS: [(&str, &str); 11] = [
    ("echo", "echo"),
    ("prose", "prose"),
    ("tools", "tools"),
    ("think", "think"),
    ("refuse", "refuse"),
    ("unpriced", "echo"),
    ("uncounted", "echo+no-usage"),
    ("failing", "echo+error-after:2"),
    ("cut", "echo+cut-after:2"),
    ("limited", "echo+status:429+retry-after:7"),
    ("overloaded", "echo+status:503"),
];

/// The same for operations, with what they write.
const OPERATIONS: [(&str, &str); 6] = [
    ("embed", "embeddings"),
    ("rerank", "rerank"),
    ("image", "image"),
    ("speech", "speech"),
    ("transcribe", "transcription"),
    ("moderate", "moderation"),
];

/// Headers of ours that an answer may have.
const HEADERS: [&str; 4] =
    ["x-generation-id", "x-provider-name", "x-tollgate-estimated", "retry-after"];

/// The gateway, its document, and what was found.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) gateway: TestGateway,
    /// Who takes payments.
    pub(crate) payments: StripePeer,
    document: Document,
    closed: Document,
    /// Answers while it is held.
    _simulator: Simulator,
    found: RefCell<Found>,
}

#[derive(Debug, Default)]
struct Found {
    exchanges: Vec<Exchange>,
    problems: Vec<String>,
}

/// One request, and what is expected of its answer.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    world: &'a World,
    name: String,
    method: String,
    path: String,
    at: String,
    key: Option<String>,
    headers: Vec<(String, String)>,
    json: Option<Value>,
    body: Bytes,
    closed: bool,
    /// The response that any path may give, instead of the operation's own.
    component: Option<String>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let simulator = simulator().await;
        let payments = StripePeer::start().await;
        let mut builder = TestGateway::builder()
            .in_memory()
            .config(&payments.config())
            .config("[[plan]]\nslug = \"plain\"\nrates = [{ model = \"a/*\", percent = \"5\" }]\n")
            .config(&format!("[limits]\nbody_bytes_max = {BODY_BYTES_MAX}\n"));
        for (slug, protocol) in PROVIDERS {
            builder = builder.provider(slug, protocol, &simulator);
            for (model, upstream) in MODELS {
                let price =
                    if model == "unpriced" { "" } else { r#"{ input = "2", output = "10" }"# };
                builder = builder.endpoint(&format!("{slug}/{model}"), slug, upstream, price);
            }
        }
        for (model, output) in OPERATIONS {
            // What is passed on as it comes can't be told from garbage.
            let failing = if model == "speech" { "status:500" } else { "garbage" };
            for (fault, script) in [("limited", "status:429+retry-after:7"), ("failing", failing)] {
                builder = builder.config(&format!(
                    "[[model]]\nid = \"acme/{model}-{fault}\"\ncontext_length = 1000\n\
                     input = [\"text\", \"audio\"]\noutput = [\"{output}\"]\n\
                     [[endpoint]]\nmodel = \"acme/{model}-{fault}\"\nprovider = \"acme\"\n\
                     upstream_model = \"{model}+{script}\"\n"
                ));
            }
        }
        let gateway = builder.start().await;
        let served = gateway.at("GET", "/api/v1/openapi.json").send().await;
        let document = Document::read(&served.body).unwrap();
        let closed = document.closed();
        Self {
            gateway,
            payments,
            document,
            closed,
            _simulator: simulator,
            found: RefCell::default(),
        }
    }

    /// A request for a documented path, with the key that fits.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let manages = path.starts_with("/api/v1/keys") || path.starts_with("/api/v1/credits");
        let gateway = &self.gateway;
        let key = if manages { gateway.management_key() } else { gateway.key() };
        Ask {
            world: self,
            name: String::new(),
            method: method.to_owned(),
            path: path.to_owned(),
            at: path.to_owned(),
            key: Some(key.to_owned()),
            headers: Vec::new(),
            json: None,
            body: Bytes::new(),
            closed: false,
            component: None,
        }
    }

    /// Writes what was exchanged, and fails when anything was not as documented.
    pub(crate) fn finish(self) {
        let Found { exchanges, mut problems } = self.found.into_inner();
        let mut lines = String::new();
        for exchange in &exchanges {
            writeln!(lines, "{}", serde_json::to_string(exchange).unwrap()).unwrap();
        }
        std::fs::write(xtask::root().join("target/exchanges.jsonl"), lines).unwrap();
        for (method, path) in self.document.operations() {
            let answers = exchanges.iter().filter(|it| it.method == method && it.path == path);
            if !answers.into_iter().any(|it| it.status < 300 || it.status == 410) {
                problems.push(format!("{method} {path}: no good answer was seen"));
            }
        }
        assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    }

    fn note(&self, exchange: Exchange, differences: &[Difference], wrong: Option<String>) {
        let mut found = self.found.borrow_mut();
        let Exchange { name, method, path, status, .. } = &exchange;
        let said = differences.iter().map(ToString::to_string).chain(wrong);
        let said: Vec<String> =
            said.map(|it| format!("{method} {path} {status} ({name}): {it}")).collect();
        found.problems.extend(said);
        found.exchanges.push(exchange);
    }
}

impl Ask<'_> {
    pub(crate) fn about(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where the path is, when it has parameters.
    pub(crate) fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    pub(crate) fn key(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.json = Some(body.clone());
        self.body = body.to_string().into();
        self.header("content-type", "application/json")
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// The answer is written by us, so it has no member that is not documented.
    pub(crate) fn ours(mut self, ours: bool) -> Self {
        self.closed = ours;
        self
    }

    /// The answer is the same on any path.
    pub(crate) fn anywhere(mut self, component: &str) -> Self {
        self.component = Some(component.to_owned());
        self
    }

    /// Sends, and holds the answer against the document.
    pub(crate) async fn expect(self, status: u16, media_type: &str) -> Reply {
        let reply = self.call().send().await;
        self.hold(reply, (status, media_type))
    }

    /// Listens until an event of this name has come, which something else brings about, and holds
    /// what has come against the document.
    pub(crate) async fn expect_event(self, name: &str, meanwhile: impl Future) {
        let mut stream = self.call().open().await;
        let mut text = String::new();
        meanwhile.await;
        while !text.contains(&format!("event: {name}\n")) {
            let block = stream.next_block().await.unwrap();
            text.push_str(&block);
            text.push_str("\n\n");
        }
        let (status, headers) = (stream.status(), stream.headers().clone());
        let reply = Reply { status, headers, body: text.into() };
        self.hold(reply, (200, "text/event-stream"));
    }

    fn call(&self) -> Call<'_> {
        let mut call = self.world.gateway.at(&self.method, &self.at).body(self.body.clone());
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        match &self.key {
            Some(key) => call.key(key),
            None => call,
        }
    }

    fn hold(self, reply: Reply, (status, media_type): (u16, &str)) -> Reply {
        let headers = reply.headers.iter();
        let headers: BTreeMap<String, String> = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let mut exchange = Exchange {
            name: self.name,
            method: self.method,
            path: self.path,
            request: self.json,
            status: reply.status,
            headers,
            answer: Answer::Bytes(reply.body.len()),
        };
        let mut wrong = None;
        match answer(&exchange, &reply.body) {
            Ok(answer) => exchange.answer = answer,
            Err(problem) => wrong = Some(problem),
        }
        if (reply.status, exchange.media_type()) != (status, media_type) {
            let body: String = String::from_utf8_lossy(&reply.body).chars().take(300).collect();
            wrong = Some(format!("expected {status} {media_type}: {body}"));
        }
        let World { document, closed, .. } = self.world;
        let document = if self.closed { closed } else { document };
        let differences = if let Some(component) = &self.component {
            document.check_component(component, &exchange)
        } else {
            let mut differences = document.check_answer(&exchange);
            differences.extend(document.check_headers(&exchange, &HEADERS));
            if reply.status < 300 {
                differences.extend(self.world.document.check_request(&exchange));
            }
            differences
        };
        self.world.note(exchange, &differences, wrong);
        reply
    }
}

fn answer(exchange: &Exchange, body: &Bytes) -> Result<Answer, String> {
    let text = || String::from_utf8(body.to_vec()).map_err(|error| error.to_string());
    let media_type = exchange.media_type();
    Ok(match media_type {
        "application/json" => {
            Answer::Json(serde_json::from_slice(body).map_err(|error| error.to_string())?)
        }
        "text/event-stream" if exchange.path == logs::EVENTS => {
            Answer::Events(stream::named(&text()?)?)
        }
        "text/event-stream" => Answer::Events(stream::events(&text()?)?),
        "application/x-ndjson" => Answer::Events(stream::lines(&text()?)?),
        "application/pdf" => Answer::Bytes(body.len()),
        _ if media_type.starts_with("audio/") => Answer::Bytes(body.len()),
        _ => Answer::Text(text()?),
    })
}
