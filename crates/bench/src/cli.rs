//! What can be asked for on the command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::cell::Cell;
use crate::{failover, ledger, proxy, run, upstream};

/// Shortest and longest cell, in seconds.
const SECONDS: std::ops::RangeInclusive<f64> = 0.1..=600.0;
/// What a shell says of a program that a signal ended.
const INTERRUPTED: u8 = 130;

/// What is measured when nothing is said.
const CELLS: &str =
    "c1,c64,c256,r1000,s1,s64,s1000,c16+150k,c4+5m,c64+messages,s64+messages,c64+tls,s64+tls";

const AFTER_HELP: &str = "\
Cells:
  cN  closed loop: N connections, each sends its next request when it has its answer
  rN  open loop: N requests a second; latency counts from the moment a request was due
  sN  streams: N at once, 100 chunks each; latency is the time to the first token

  +150k, +5m   with prompts of 150 KB or 5 MB
  +messages    asked in Anthropic's Messages, which the provider does not speak (gateway only)
  +tls         with the provider behind TLS and HTTP/2 (not direct: the load speaks no TLS)

After the cells, with gateways of their own: memory, the start, the size, and what grows. Last, the
targets and whether they are met.

Examples:
  tollgate-bench --gateway ./target/dist/tollgate
  tollgate-bench --seconds 2 --rounds 1 --cells c64,s64 --json result.json
  tollgate-bench --targets direct,proxy

Exits with 1 when any answer was wrong. Linux only: CPU and memory are read from /proc.";

/// Measure the gateway beside direct and beside a minimal proxy
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

/// What the children of a benchmark are.
#[derive(Debug, Subcommand)]
enum Role {
    /// Be the upstream, until standard input ends
    #[command(hide = true)]
    Upstream(UpstreamArgs),
    /// Measure how long the next attempt takes to begin when a provider fails
    Failover(FailoverArgs),
    /// Measure what it costs to settle: the store, the journal, and reading it again
    Ledger(LedgerArgs),
    /// Be the minimal proxy, until standard input ends
    #[command(hide = true)]
    Proxy(ProxyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpstreamArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Listen over TLS, too, and write the authority to trust to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Option<PathBuf>,
}

/// How failover is measured.
#[derive(Debug, Args)]
pub(crate) struct FailoverArgs {
    /// The gateway's program; `tollgate` beside this one when not set
    #[arg(long, value_name = "PATH")]
    pub(crate) gateway: Option<PathBuf>,
    /// Failures of each kind
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) calls: u32,
}

/// How settling is measured.
#[derive(Debug, Args)]
pub(crate) struct LedgerArgs {
    /// Generations to keep and charge
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) settled: u32,
    /// Entries of the journal; each takes about 3 KB of the disk
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) journaled: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Where requests go
    #[arg(long)]
    pub(crate) upstream: SocketAddr,
    /// Where requests below `/tls` go, over TLS
    #[arg(long, requires = "authority")]
    pub(crate) secure: Option<SocketAddr>,
    /// The authority to trust there, as PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Option<PathBuf>,
    /// Look the key up, read the JSON of request and answer, meter the usage
    #[arg(long)]
    pub(crate) parse: bool,
}

/// How to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The gateway's program; `tollgate` beside this one when not set
    #[arg(long, value_name = "PATH")]
    pub(crate) gateway: Option<PathBuf>,
    /// What to measure
    #[arg(
        long,
        value_name = "T1,T2",
        value_delimiter = ',',
        default_value = "direct,proxy,proxy-parse,gateway"
    )]
    pub(crate) targets: Vec<Kind>,
    /// Kinds of load, see below
    #[arg(
        long,
        value_name = "C1,C2",
        value_delimiter = ',',
        default_value = CELLS
    )]
    pub(crate) cells: Vec<Cell>,
    /// What is measured of the gateway by itself, behind the cells
    #[arg(
        long,
        value_name = "P1,P2",
        value_delimiter = ',',
        default_value = "size,start,memory,growth"
    )]
    pub(crate) parts: Vec<Part>,
    /// Length of a cell
    #[arg(long, value_name = "S", default_value = "4", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How often every cell is measured; figures are medians over the rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Give the server under test a CPU of its own, upstream and load another
    #[arg(long, value_name = "WHEN", default_value = "auto", num_args = 0..=1, default_missing_value = "on")]
    pub(crate) pin: Pin,
    /// Write everything measured to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// When processes are bound to CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pin {
    /// When there are two CPUs and `taskset`
    Auto,
    /// Always; an error when it can't be done
    On,
    /// Never
    Off,
}

/// What is measured of the gateway by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// How long its program is
    Size,
    /// The time from its start to its first answer
    Start,
    /// What it holds when idle, with streams open, and with long prompts at once
    Memory,
    /// What a request costs with few and many keys, endpoints and stored generations
    Growth,
    /// Nothing
    None,
}

/// What stands between the load and the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Nothing: the upstream itself is measured
    Direct,
    /// A proxy that passes everything on
    Proxy,
    /// The same, and it does what no gateway can do without
    ProxyParse,
    /// The gateway
    Gateway,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Direct => "direct",
            Self::Proxy => "proxy",
            Self::ProxyParse => "proxy-parse",
            Self::Gateway => "gateway",
        })
    }
}

/// Does what was asked for. A signal ends it early, and the children with it.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.role {
        Some(Role::Upstream(args)) => upstream::run(&args).await,
        Some(Role::Proxy(args)) => proxy::run(&args).await,
        None => or_interrupted(run::run(&cli.options)).await,
        Some(Role::Failover(args)) => or_interrupted(failover::run(&args)).await,
        Some(Role::Ledger(args)) => or_interrupted(ledger::run(&args)).await,
    }
}

/// Ends early when a signal says so. Dropping a run drops its children, and a dropped child is
/// killed.
async fn or_interrupted(
    run: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
        _ = terminate.recv() => Ok(ExitCode::from(INTERRUPTED)),
        _ = hang_up.recv() => Ok(ExitCode::from(INTERRUPTED)),
        result = Box::pin(run) => result,
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| SECONDS.contains(seconds));
    let length = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    length.ok_or_else(|| format!("must be from {} to {} seconds", SECONDS.start(), SECONDS.end()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory as _, Parser as _};

    use super::{Cli, Pin, seconds};

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn pin_alone_means_on() {
        let pin = |args: &[&str]| Cli::try_parse_from(args).unwrap().options.pin;
        assert_eq!(pin(&["bench"]), Pin::Auto);
        assert_eq!(pin(&["bench", "--pin"]), Pin::On);
        assert_eq!(pin(&["bench", "--pin", "off"]), Pin::Off);
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("600"), Ok(Duration::from_mins(10)));
        for text in ["0", "-1", "NaN", "inf", "600.1", "x"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
