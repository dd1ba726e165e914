//! The servers of a run: the upstream, and what is measured in front of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cell::Shape;
use crate::child::{Child, Placement};
use crate::cli::{Kind, Options};
use crate::gateway::{Gateway, configuration};
use crate::load::{Dialect, Expected, Job, fetch};
use crate::procfs;
use crate::upstream::{MODEL, Upstream};

/// The key that the proxies know.
pub(crate) const KEY: &str = "sk-bench";
/// The model's name in front of a proxy that translates names, or of the gateway.
pub(crate) const PUBLIC_MODEL: &str = "bench/bench";

/// What the gateway calls the model that it reaches over TLS.
pub(crate) const SECURE_MODEL: &str = "bench/tls";
/// Below that path, a proxy goes to its upstream over TLS.
pub(crate) const SECURE: &str = "/tls";
/// Where the gateway takes questions.
pub(crate) const GATEWAY_PATH: &str = "/api/v1/chat/completions";

const PATH: &str = "/v1/chat/completions";
const MESSAGES_PATH: &str = "/api/v1/messages";
/// About as long as a short question with instructions is.
const SYSTEM: &str = "You help people who run servers. Keep to what you were told about their \
    installation, name the command that shows a thing, and say so when you are not sure.";
const QUESTION: &str = "A service answers slowly every night at about three, for ten minutes, and \
    nobody calls it then. What would you look at first, and in which order?";

/// All servers of a run. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Servers {
    /// The upstream behind the proxies and the gateway.
    pub(crate) upstream: Upstream,
    pub(crate) targets: Vec<Target>,
    /// What the upstream answers.
    pub(crate) expected: Arc<Expected>,
    folder: TempDir,
}

/// A server under test.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) server: Server,
    jobs: Vec<(Shape, Arc<Job>)>,
    /// Resident memory when it was ready and had served nothing.
    pub(crate) idle_kib: Option<u64>,
    /// Where the requests end up.
    pub(crate) upstream: SocketAddr,
}

/// What runs a server under test.
#[derive(Debug)]
pub(crate) enum Server {
    /// One of this program's roles.
    Role(Child),
    /// The gateway with its folder.
    Gateway(Gateway),
}

/// How a target wants to be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) key: &'a str,
    pub(crate) model: &'a str,
}

/// What the targets of a run have in common.
struct Stage<'a> {
    options: &'a Options,
    placement: Placement,
    upstream: &'a Upstream,
    authority: &'a Path,
    expected: &'a Arc<Expected>,
}

impl Servers {
    /// Starts everything. Cancel safe: dropped early, it ends what was started.
    pub(crate) async fn start(options: &Options, placement: Placement) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the certificate")?;
        let authority = authority_in(&folder);
        let upstream = Upstream::start(placement.load, &authority)?;
        let expected = Arc::new(learn(upstream.address).await?);
        let authority = authority.as_path();
        let (upstream_ref, expected_ref) = (&upstream, &expected);
        let stage =
            Stage { options, placement, upstream: upstream_ref, authority, expected: expected_ref };
        let mut targets = Vec::new();
        for kind in &options.targets {
            let target = stage.start(*kind).await;
            targets.push(target.with_context(|| format!("{kind} can't be measured"))?);
        }
        Ok(Self { upstream, targets, expected, folder })
    }

    /// Where the authority to trust is written.
    pub(crate) fn authority(&self) -> PathBuf {
        authority_in(&self.folder)
    }
}

fn authority_in(folder: &TempDir) -> PathBuf {
    folder.path().join("authority.pem")
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        match self {
            Self::Role(child) => child.id(),
            Self::Gateway(gateway) => gateway.child.id(),
        }
    }
}

impl Target {
    /// How to ask for this; nothing where there is no way.
    pub(crate) fn job(&self, shape: Shape) -> Option<&Arc<Job>> {
        self.jobs.iter().find(|(one, _)| *one == shape).map(|(_, job)| job)
    }
}

impl Stage<'_> {
    async fn start(&self, kind: Kind) -> anyhow::Result<Target> {
        let behind = self.upstream.address.to_string();
        let secure = self.upstream.secure.to_string();
        let authority = self.authority.to_str().context("a path that is not text")?;
        let start = |arguments: &[&str]| Child::start_role(self.placement.server, arguments);
        let before =
            ["proxy", "--upstream", &behind, "--secure", &secure, "--authority", authority];
        let asked = |address, path, key, model| Manner { address, path, key, model };
        let (server, upstream, jobs) = match kind {
            Kind::Direct => {
                let (child, address) = start(&["upstream"])?;
                let jobs = self.jobs(kind, asked(address, PATH, KEY, MODEL))?;
                (Server::Role(child), address, jobs)
            }
            Kind::Proxy => {
                let (child, address) = start(&before)?;
                let jobs = self.jobs(kind, asked(address, PATH, KEY, MODEL))?;
                (Server::Role(child), self.upstream.address, jobs)
            }
            Kind::ProxyParse => {
                let (child, address) = start(&[before.as_slice(), &["--parse"]].concat())?;
                let jobs = self.jobs(kind, asked(address, PATH, KEY, PUBLIC_MODEL))?;
                (Server::Role(child), self.upstream.address, jobs)
            }
            Kind::Gateway => {
                let program = self.options.gateway.clone();
                let configuration = configuration(self.upstream, self.authority);
                let gateway =
                    Gateway::start(program, &configuration, self.placement.server).await?;
                let manner = asked(gateway.address, GATEWAY_PATH, &gateway.key, PUBLIC_MODEL);
                let jobs = self.jobs(kind, manner)?;
                (Server::Gateway(gateway), self.upstream.address, jobs)
            }
        };
        let idle_kib = procfs::resident_kib(server.id());
        Ok(Target { kind, server, jobs, idle_kib, upstream })
    }

    /// A job for everything that is asked in this run and that there is a way to ask of this target.
    fn jobs(&self, kind: Kind, manner: Manner<'_>) -> anyhow::Result<Vec<(Shape, Arc<Job>)>> {
        let mut jobs: Vec<(Shape, Arc<Job>)> = Vec::new();
        let plain = std::iter::once(Shape::Plain);
        for shape in plain.chain(self.options.cells.iter().map(|cell| cell.shape)) {
            if shape.fits(kind) && !jobs.iter().any(|(one, _)| *one == shape) {
                jobs.push((shape, self.job(kind, shape, manner)?));
            }
        }
        Ok(jobs)
    }

    fn job(&self, kind: Kind, shape: Shape, manner: Manner<'_>) -> anyhow::Result<Arc<Job>> {
        match (shape, kind) {
            (Shape::Messages, _) => {
                let expected = Arc::new(self.expected.translated(Dialect::Messages));
                Manner { path: MESSAGES_PATH, ..manner }
                    .job(&expected, &|streamed| message(manner.model, streamed))
            }
            (Shape::Tls, Kind::Gateway) => {
                let manner = Manner { model: SECURE_MODEL, ..manner };
                manner.job(self.expected, &|streamed| question(manner.model, "", streamed))
            }
            (Shape::Tls, _) => {
                let path = format!("{SECURE}{}", manner.path);
                let manner = Manner { path: &path, ..manner };
                manner.job(self.expected, &|streamed| question(manner.model, "", streamed))
            }
            (Shape::Plain | Shape::Prompt150k | Shape::Prompt5m, _) => {
                let prompt = prompt(shape.prompt_bytes());
                manner.job(self.expected, &|streamed| question(manner.model, &prompt, streamed))
            }
        }
    }
}

impl Manner<'_> {
    /// The job of asking one thing, whole and streamed.
    pub(crate) fn job(
        &self,
        expected: &Arc<Expected>,
        body: &dyn Fn(bool) -> Value,
    ) -> anyhow::Result<Arc<Job>> {
        Ok(Arc::new(Job {
            address: self.address,
            completions: vec![self.request(&body(false))?],
            asked: AtomicUsize::new(0),
            stream: self.request(&body(true))?,
            expected: Arc::clone(expected),
        }))
    }

    /// A whole HTTP message.
    pub(crate) fn request(&self, body: &Value) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::to_string(body)?;
        let Self { address, path, key, .. } = self;
        let length = body.len();
        Ok(format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes())
    }
}

/// A short question, behind a document where there is one.
pub(crate) fn question(model: &str, document: &str, streamed: bool) -> Value {
    let mut question = json!({
        "model": model,
        "messages": [
            { "role": "system", "content": SYSTEM },
            { "role": "user", "content": format!("{document}{QUESTION}") },
        ],
        "temperature": 0.2,
        "max_tokens": 400,
    });
    if streamed && let Some(fields) = question.as_object_mut() {
        fields.insert("stream".to_owned(), json!(true));
        fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    question
}

/// The short question in Messages.
fn message(model: &str, streamed: bool) -> Value {
    json!({
        "model": model,
        "system": SYSTEM,
        "messages": [{ "role": "user", "content": QUESTION }],
        "temperature": 0.2,
        "max_tokens": 400,
        "stream": streamed,
    })
}

/// A document of about that many bytes: lines of a log, with quotes and line ends to be escaped.
pub(crate) fn prompt(bytes: usize) -> String {
    let line = |number: usize| {
        let (second, took) = (number % 60, number % 977);
        format!("03:{second:02} worker-{number} said \"took {took} ms\" über eine Zeile\n")
    };
    let mut prompt = String::new();
    for number in 0.. {
        if prompt.len() >= bytes {
            break;
        }
        prompt.push_str(&line(number));
    }
    prompt
}

/// Asks the upstream itself what the right answer is.
async fn learn(address: SocketAddr) -> anyhow::Result<Expected> {
    let manner = Manner { address, path: PATH, key: KEY, model: MODEL };
    let request = manner.request(&question(MODEL, "", false))?;
    let (status, body) = fetch(address, &request).await.context("the upstream does not answer")?;
    ensure!(status == 200, "the upstream answers with status {status}");
    Expected::learn(&body)
}
