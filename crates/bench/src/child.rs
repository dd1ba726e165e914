//! Children: the servers of a benchmark, which never outlive it.
//!
//! A [`Child`] is killed when it is dropped, so that no way out of the run leaves one behind. Should
//! this process be killed where nothing can be dropped, the children that are this same program
//! see their standard input end.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

/// A running child.
#[derive(Debug)]
pub(crate) struct Child(std::process::Child);

/// Which CPUs the processes of a run get; nothing leaves the choice to the system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placement {
    /// For the server under test.
    pub(crate) server: Option<u32>,
    /// For the load and the upstream behind a server under test.
    pub(crate) load: Option<u32>,
}

impl Child {
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("{name} can't be started"))?;
        Ok(Self(child))
    }

    /// Starts this program in another role, and returns where it listens.
    pub(crate) fn start_role(
        cpu: Option<u32>,
        arguments: &[&str],
    ) -> anyhow::Result<(Self, SocketAddr)> {
        let (child, addresses) = Self::start_listening(cpu, arguments)?;
        let address = addresses.first().copied();
        Ok((child, address.with_context(|| format!("the role {arguments:?} did not start"))?))
    }

    /// The same, of a role that listens in several places.
    pub(crate) fn start_listening(
        cpu: Option<u32>,
        arguments: &[&str],
    ) -> anyhow::Result<(Self, Vec<SocketAddr>)> {
        let this = std::env::current_exe().context("the path of this program is not known")?;
        let mut command = command(cpu, this.as_os_str());
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Self::start(command)?;
        let mut line = String::new();
        if let Some(output) = child.0.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let addresses = line.split_ascii_whitespace().map(str::parse);
        let addresses: Result<Vec<SocketAddr>, _> = addresses.collect();
        Ok((child, addresses.with_context(|| format!("the role {arguments:?} did not start"))?))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A child that has ended already can be neither killed nor mourned twice.
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A command that runs on `cpu` alone; `taskset` becomes the program, so the process id stays.
pub(crate) fn command(cpu: Option<u32>, program: &OsStr) -> Command {
    let Some(cpu) = cpu else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.arg("-c").arg(cpu.to_string()).arg(program);
    command
}

/// Tells the parent where this child listens.
pub(crate) fn announce(addresses: &[SocketAddr]) -> std::io::Result<()> {
    let mut output = std::io::stdout();
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    writeln!(output, "{}", addresses.join(" "))?;
    output.flush()
}

/// Waits until standard input ends. Cancel safe: changes nothing.
pub(crate) async fn parent_gone() {
    let gone = CancellationToken::new();
    let told = gone.clone();
    // A thread of its own, as the runtime would wait for a blocking read before it ends.
    let watcher = std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        let mut buffer = [0; 64];
        let mut input = std::io::stdin();
        while matches!(input.read(&mut buffer), Ok(1..)) {}
        told.cancel();
    });
    if watcher.is_ok() {
        gone.cancelled().await;
    }
}
