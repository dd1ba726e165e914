//! What can be asked for on the command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{failover, ledger, proxy, run, upstream};

/// Connections, or requests a second, that a cell can have at most.
const SIZE_MAX: u32 = 10_000;
/// Shortest and longest cell, in seconds.
const SECONDS: std::ops::RangeInclusive<f64> = 0.1..=600.0;
/// What a shell says of a program that a signal ended.
const INTERRUPTED: u8 = 130;

const AFTER_HELP: &str = "\
Cells:
  cN  closed loop: N connections, each sends its next request when it has its answer
  rN  open loop: N requests a second; latency counts from the moment a request was due
  sN  streams: N at once, 100 chunks each; latency is the time to the first token

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
        default_value = "c1,c64,c256,r1000,s64"
    )]
    pub(crate) cells: Vec<Cell>,
    /// Length of a cell
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
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

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// That many connections, each with one request at a time.
    Closed(u32),
    /// That many requests a second, whether or not earlier ones are answered.
    Rate(u32),
    /// That many streams at once.
    Streams(u32),
}

impl Cell {
    /// How many connections the load is spread over.
    pub(crate) fn connections(self) -> u32 {
        match self {
            Self::Closed(size) | Self::Streams(size) => size,
            // Enough for answers that take a quarter of a second.
            Self::Rate(per_second) => (per_second / 4).clamp(16, 256),
        }
    }

    /// The number in its name.
    pub(crate) const fn size(self) -> u32 {
        match self {
            Self::Closed(size) | Self::Rate(size) | Self::Streams(size) => size,
        }
    }

    /// What the rows of this cell count.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Closed(_) | Self::Rate(_) => "request",
            Self::Streams(_) => "chunk",
        }
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not c, r or s and a number from 1 to {SIZE_MAX}");
        let mut letters = text.chars();
        let kind = letters.next().ok_or_else(wrong)?;
        let size = letters.as_str().parse().ok().filter(|size| (1..=SIZE_MAX).contains(size));
        let size = size.ok_or_else(wrong)?;
        match kind {
            'c' => Ok(Self::Closed(size)),
            'r' => Ok(Self::Rate(size)),
            's' => Ok(Self::Streams(size)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self {
            Self::Closed(_) => 'c',
            Self::Rate(_) => 'r',
            Self::Streams(_) => 's',
        };
        write!(formatter, "{letter}{}", self.size())
    }
}

impl Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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

    use super::{Cell, Cli, Pin, seconds};

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
    fn cells_are_a_letter_and_a_number() {
        for text in ["c1", "r1000", "s64", "c10000"] {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
        for text in ["", "c", "c0", "x1", "c-1", "c10001", "1", "é1"] {
            assert!(text.parse::<Cell>().is_err(), "{text}");
        }
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
