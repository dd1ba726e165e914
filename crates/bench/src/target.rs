//! The servers of a run: the upstream, and what is measured in front of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::child::{Child, Placement};
use crate::cli::{Kind, Options};
use crate::gateway::{Gateway, configuration};
use crate::load::{Expected, Job, fetch};
use crate::procfs;
use crate::upstream::MODEL;

/// The key that the proxies know.
pub(crate) const KEY: &str = "sk-bench";
/// The model's name in front of a proxy that translates names, or of the gateway.
pub(crate) const PUBLIC_MODEL: &str = "bench/bench";

const PATH: &str = "/v1/chat/completions";
const GATEWAY_PATH: &str = "/api/v1/chat/completions";
/// About as long as a short question with instructions is.
const SYSTEM: &str = "You help people who run servers. Keep to what you were told about their \
    installation, name the command that shows a thing, and say so when you are not sure.";
const QUESTION: &str = "A service answers slowly every night at about three, for ten minutes, and \
    nobody calls it then. What would you look at first, and in which order?";

/// All servers of a run. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Servers {
    /// The upstream behind the proxies and the gateway.
    pub(crate) upstream: Child,
    pub(crate) targets: Vec<Target>,
}

/// A server under test.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) server: Server,
    pub(crate) job: Arc<Job>,
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
struct Manner<'a> {
    path: &'a str,
    key: &'a str,
    model: &'a str,
}

impl Servers {
    /// Starts everything. Cancel safe: dropped early, it ends what was started.
    pub(crate) async fn start(options: &Options, placement: Placement) -> anyhow::Result<Self> {
        let (upstream, address) = Child::start_role(placement.load, &["upstream"])?;
        let expected = Arc::new(learn(address).await?);
        let mut targets = Vec::new();
        for kind in &options.targets {
            let target = start(*kind, options.gateway.clone(), address, placement, &expected);
            targets.push(target.await.with_context(|| format!("{kind} can't be measured"))?);
        }
        Ok(Self { upstream, targets })
    }
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        match self {
            Self::Role(child) => child.id(),
            Self::Gateway(gateway) => gateway.child.id(),
        }
    }
}

async fn start(
    kind: Kind,
    gateway: Option<PathBuf>,
    upstream: SocketAddr,
    placement: Placement,
    expected: &Arc<Expected>,
) -> anyhow::Result<Target> {
    let behind = upstream.to_string();
    let role = |arguments: &[&str]| Child::start_role(placement.server, arguments);
    let plain = Manner { path: PATH, key: KEY, model: MODEL };
    let (server, answering, job) = match kind {
        Kind::Direct => {
            let (child, address) = role(&["upstream"])?;
            (Server::Role(child), address, plain.job(address, expected)?)
        }
        Kind::Proxy => {
            let (child, address) = role(&["proxy", "--upstream", &behind])?;
            (Server::Role(child), upstream, plain.job(address, expected)?)
        }
        Kind::ProxyParse => {
            let (child, address) = role(&["proxy", "--parse", "--upstream", &behind])?;
            let manner = Manner { model: PUBLIC_MODEL, ..plain };
            (Server::Role(child), upstream, manner.job(address, expected)?)
        }
        Kind::Gateway => {
            let gateway =
                Gateway::start(gateway, &configuration(upstream), placement.server).await?;
            let manner = Manner { path: GATEWAY_PATH, key: &gateway.key, model: PUBLIC_MODEL };
            let job = manner.job(gateway.address, expected)?;
            (Server::Gateway(gateway), upstream, job)
        }
    };
    let idle_kib = procfs::resident_kib(server.id());
    Ok(Target { kind, server, job, idle_kib, upstream: answering })
}

impl Manner<'_> {
    fn job(&self, address: SocketAddr, expected: &Arc<Expected>) -> anyhow::Result<Arc<Job>> {
        Ok(Arc::new(Job {
            address,
            completion: self.request(address, &question(self.model, false))?,
            stream: self.request(address, &question(self.model, true))?,
            expected: Arc::clone(expected),
        }))
    }

    fn request(&self, address: SocketAddr, body: &Value) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::to_string(body)?;
        let Self { path, key, .. } = self;
        let length = body.len();
        Ok(format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes())
    }
}

fn question(model: &str, streamed: bool) -> Value {
    let mut question = json!({
        "model": model,
        "messages": [
            { "role": "system", "content": SYSTEM },
            { "role": "user", "content": QUESTION },
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

/// Asks the upstream itself what the right answer is.
async fn learn(upstream: SocketAddr) -> anyhow::Result<Expected> {
    let manner = Manner { path: PATH, key: KEY, model: MODEL };
    let request = manner.request(upstream, &question(MODEL, false))?;
    let (status, body) = fetch(upstream, &request).await.context("the upstream does not answer")?;
    ensure!(status == 200, "the upstream answers with status {status}");
    Expected::learn(&body)
}
