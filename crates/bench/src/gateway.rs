//! The gateway as a child: an installation of its own in a folder that goes when it ends, with one
//! key.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::child::{self, Child};
use crate::load::fetch;
use crate::target::{PUBLIC_MODEL, SECURE_MODEL};
use crate::upstream::{MODEL, NAME, Upstream};

/// How long the gateway may take until it is ready.
const READY_MAX: Duration = Duration::from_secs(30);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How much of its log is quoted when it doesn't start.
const QUOTED_LINES: usize = 10;

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    // The order matters: the process ends before its folder goes.
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    installation: Installation,
}

#[derive(Deserialize)]
struct CreatedKey {
    key: String,
}

/// A folder with what a gateway needs to be started, and how its program is called.
#[derive(Debug)]
pub(crate) struct Installation {
    program: PathBuf,
    folder: TempDir,
    pub(crate) key: String,
}

impl Gateway {
    /// Starts a gateway with this configuration and waits until it is ready.
    pub(crate) async fn start(
        program: Option<PathBuf>,
        configuration: &str,
        cpu: Option<u32>,
    ) -> anyhow::Result<Self> {
        Installation::new(program, configuration)?.start(cpu).await
    }

    /// The end of its log.
    pub(crate) fn logged(&self) -> String {
        self.installation.logged()
    }
}

impl Installation {
    /// Makes the folder, and in it a database with one key.
    pub(crate) fn new(program: Option<PathBuf>, configuration: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the gateway")?;
        let mut new = Self { program: found(program)?, folder, key: String::new() };
        fs::write(new.path("tollgate.toml"), configuration)?;
        new.does(&["credits", "add", CREDIT])?;
        new.key = new.create_key(&LIMITS)?;
        Ok(new)
    }

    /// Starts its gateway and waits until it is ready.
    pub(crate) async fn start(self, cpu: Option<u32>) -> anyhow::Result<Gateway> {
        let (mut child, address) = self.serve(cpu)?;
        if let Err(error) = ready(&mut child, address).await {
            return Err(error.context(self.logged()));
        }
        Ok(Gateway { child, address, key: self.key.clone(), installation: self })
    }

    /// Starts its gateway, and says where it will listen.
    pub(crate) fn serve(&self, cpu: Option<u32>) -> anyhow::Result<(Child, SocketAddr)> {
        let address = free_address()?;
        let mut command = self.command(cpu, &["serve", "--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(self.path("log"))?);
        Ok((Child::start(command)?, address))
    }

    /// Makes a key, such as with `--management`, and returns its secret.
    pub(crate) fn create_key(&self, options: &[&str]) -> anyhow::Result<String> {
        let arguments = [&["keys", "create", "--name", "bench", "--json"], options].concat();
        let said = self.does(&arguments)?;
        let created: CreatedKey = serde_json::from_slice(&said).context("no key was printed")?;
        Ok(created.key)
    }

    /// Runs a command of the program, and returns what it prints.
    fn does(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = self.command(None, arguments).output();
        let output = output.context("the gateway's program can't be run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed: {}", arguments.join(" "), said.trim());
        Ok(output.stdout)
    }

    /// Where its database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path("data").join("tollgate.db")
    }

    fn logged(&self) -> String {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(QUOTED_LINES).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        lines.join("\n")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Without this process's environment, so that no provider is found in it.
    fn command(&self, cpu: Option<u32>, arguments: &[&str]) -> Command {
        let mut command = child::command(cpu, self.program.as_os_str());
        command.args(arguments);
        command.args([OsStr::new("--config"), self.path("tollgate.toml").as_os_str()]);
        command.args([OsStr::new("--data-dir"), self.path("data").as_os_str()]);
        command.env_clear().env("TOLLGATE_LOG", "warn");
        command
    }
}

/// The program, or the one beside this one. Always a path: a bare name would be looked up.
pub(crate) fn found(program: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let program = match program {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("tollgate"),
    };
    let path = program.canonicalize();
    path.with_context(|| {
        format!("there is no {}; build it, or name it with --gateway", program.display())
    })
}

/// What calls are paid from, in US dollars.
const CREDIT: &str = "1000000";
/// What the key is bounded by: as many kinds of limits as keys usually have, and none that is
/// reached.
const LIMITS: [&str; 10] = [
    "--limit",
    "900000",
    "--reset",
    "monthly",
    "--requests-per-minute",
    "1000000000",
    "--tokens-per-day",
    "1000000000000",
    "--max-concurrent",
    "1000000",
];

/// The upstream as two providers, in the clear and over TLS, each with one model that has a price;
/// beside the built-in catalog. Calls need credit.
pub(crate) fn configuration(upstream: &Upstream, authority: &Path) -> String {
    let authority = authority.display();
    let base = format!("http://{}/v1", upstream.address);
    let secure = format!("https://{NAME}:{}/v1", upstream.secure.port());
    let rows = [("bench", PUBLIC_MODEL, base), ("bench-tls", SECURE_MODEL, secure)];
    let rows: String = rows
        .iter()
        .map(|(slug, model, base)| provider(slug, base) + &served(model, slug, MODEL))
        .collect();
    format!("[billing]\nenabled = true\n\n[upstream]\nca_file = \"{authority}\"\n\n{rows}")
}

/// A provider's row.
pub(crate) fn provider(slug: &str, base_url: &str) -> String {
    format!(
        r#"[[provider]]
slug = "{slug}"
name = "{slug}"
protocol = "openai-chat"
base_url = "{base_url}"
api_key = "sk-upstream"

"#
    )
}

/// A model that one provider serves, for prompts of any length.
pub(crate) fn served(model: &str, provider: &str, upstream_model: &str) -> String {
    format!(
        r#"[[model]]
id = "{model}"
name = "{model}"
context_length = 4000000
input = ["text"]
output = ["text"]

[[endpoint]]
model = "{model}"
provider = "{provider}"
upstream_model = "{upstream_model}"
max_output = 16384
price = {{ input = "0.15", output = "0.60" }}

"#
    )
}

/// An address that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

async fn ready(child: &mut Child, address: SocketAddr) -> anyhow::Result<()> {
    let request = format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let latest = Instant::now() + READY_MAX;
    while Instant::now() < latest {
        ensure!(child.runs(), "the gateway ended before it was ready");
        if matches!(fetch(address, request.as_bytes()).await, Ok((200, _))) {
            return Ok(());
        }
        sleep(ASK_EVERY).await;
    }
    bail!("the gateway was not ready in {} s", READY_MAX.as_secs())
}
