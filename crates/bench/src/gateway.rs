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
use crate::target::PUBLIC_MODEL;
use crate::upstream::MODEL;

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
    _folder: TempDir,
}

#[derive(Deserialize)]
struct CreatedKey {
    key: String,
}

/// How the gateway's program is called.
struct Installation {
    program: PathBuf,
    config: PathBuf,
    data: PathBuf,
    log: PathBuf,
}

impl Gateway {
    /// Starts a gateway with this configuration and waits until it is ready.
    pub(crate) async fn start(
        program: Option<PathBuf>,
        configuration: &str,
        cpu: Option<u32>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the gateway")?;
        let installation = Installation::new(found(program)?, folder.path(), configuration)?;
        let key = installation.create_key()?;
        let address = free_address()?;
        let mut child = installation.serve(address, cpu)?;
        if let Err(error) = ready(&mut child, address).await {
            let log = fs::read_to_string(&installation.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(QUOTED_LINES).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            return Err(error.context(lines.join("\n")));
        }
        Ok(Self { child, address, key, _folder: folder })
    }
}

impl Installation {
    fn new(program: PathBuf, folder: &Path, configuration: &str) -> anyhow::Result<Self> {
        let config = folder.join("tollgate.toml");
        fs::write(&config, configuration)?;
        Ok(Self { program, config, data: folder.join("data"), log: folder.join("log") })
    }

    fn create_key(&self) -> anyhow::Result<String> {
        let mut command = self.command(None, &["keys", "create", "--name", "bench", "--json"]);
        let output = command.output().context("the gateway's program can't be run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no key could be made: {}", said.trim());
        let created: CreatedKey =
            serde_json::from_slice(&output.stdout).context("no key was printed")?;
        Ok(created.key)
    }

    fn serve(&self, address: SocketAddr, cpu: Option<u32>) -> anyhow::Result<Child> {
        let mut command = self.command(cpu, &["serve", "--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&self.log)?);
        Child::start(command)
    }

    /// Without this process's environment, so that no provider is found in it.
    fn command(&self, cpu: Option<u32>, arguments: &[&str]) -> Command {
        let mut command = child::command(cpu, self.program.as_os_str());
        command.args(arguments);
        command.args([OsStr::new("--config"), self.config.as_os_str()]);
        command.args([OsStr::new("--data-dir"), self.data.as_os_str()]);
        command.env_clear().env("TOLLGATE_LOG", "warn");
        command
    }
}

/// The program, or the one beside this one. Always a path: a bare name would be looked up.
fn found(program: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let program = match program {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("tollgate"),
    };
    let path = program.canonicalize();
    path.with_context(|| {
        format!("there is no {}; build it, or name it with --gateway", program.display())
    })
}

/// One provider, at `upstream`, and one model with a price.
pub(crate) fn configuration(upstream: SocketAddr) -> String {
    format!(
        r#"[[provider]]
slug = "bench"
name = "Bench"
protocol = "openai-chat"
base_url = "http://{upstream}/v1"
api_key = "sk-upstream"

[[model]]
id = "{PUBLIC_MODEL}"
name = "Bench"
context_length = 128000
input = ["text"]
output = ["text"]

[[endpoint]]
model = "{PUBLIC_MODEL}"
provider = "bench"
upstream_model = "{MODEL}"
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
