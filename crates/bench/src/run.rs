//! The run: rounds of cells, the targets in turn within each.

mod clocks;
mod place;

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::alone::Alone;
use crate::cell::{Cell, Load, Shape};
use crate::cli::{Kind, Options};
use crate::load::{Fleet, Job, Tally};
use crate::procfs;
use crate::progress::Progress;
use crate::report::Report;
use crate::statistics::{Percentiles, float, ratio};
use crate::target::{Servers, Target};
use clocks::Clocks;

pub(crate) use clocks::Spent;

/// A target's warm-up with each kind of load is that part of a cell's length.
const WARM_UP_SHARE: u32 = 5;
const WARM_UP_CONNECTIONS: u32 = 16;
/// The share of due requests that must be answered, and how long behind the end of the cell.
const ANSWERED_MIN: f64 = 0.95;
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// One cell of one target in one round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    pub(crate) round: u32,
    pub(crate) cell: Cell,
    pub(crate) target: Kind,
    pub(crate) elapsed_s: f64,
    /// Right answers.
    pub(crate) answers: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) wrong_text: u64,
    pub(crate) without_done: u64,
    pub(crate) without_usage: u64,
    /// Requests, or of streams chunks, per second.
    pub(crate) per_second: f64,
    /// To the whole answer; of streams, to the first token.
    pub(crate) latency: Option<Percentiles>,
    /// Between one read of a stream with content and the next.
    pub(crate) gaps: Option<Percentiles>,
    /// CPU time of the server under test for each request, or chunk.
    pub(crate) cpu_us: Option<f64>,
    /// Events with content per stream: fewer than 100 when the server merges chunks.
    pub(crate) events_per_stream: Option<f64>,
    /// Requests that were due.
    pub(crate) due: Option<u64>,
    /// How late the load itself sent them.
    pub(crate) late: Option<Percentiles>,
    /// Whether the server could not keep the rate.
    pub(crate) saturated: bool,
    pub(crate) peak_kib: Option<u64>,
    #[serde(flatten)]
    pub(crate) spent: Spent,
}

/// Runs the benchmark and prints what it found. Cancel safe: dropped early, it ends its children.
pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let placement = place::place(options.pin)?;
    let mut progress = Progress::new();
    progress.say("starting the servers")?;
    let servers = Servers::start(options, placement).await?;
    warm_up(&servers, options, &mut progress).await?;
    let mut measurements = Vec::new();
    let mut outcome = rounds(&servers, options, &mut progress, &mut measurements).await;
    let mut alone = Alone::default();
    if outcome.is_ok() && options.targets.contains(&Kind::Gateway) {
        outcome = alone.measure(options, placement, &servers, &mut progress).await;
    }
    progress.clear()?;
    let report = Report::new((options, placement), &servers, measurements, alone);
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json).with_context(|| format!("{} can't be written", path.display()))?;
    }
    report.print()?;
    outcome?;
    Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures every cell. What was measured before an error is kept: it took minutes.
async fn rounds(
    servers: &Servers,
    options: &Options,
    progress: &mut Progress,
    measurements: &mut Vec<Measurement>,
) -> anyhow::Result<()> {
    let rounds = float(u64::from(options.rounds));
    let pairs: Vec<(Cell, Kind)> = options
        .cells
        .iter()
        .flat_map(|cell| servers.targets.iter().map(|target| (*cell, target.kind)))
        .filter(|(cell, target)| cell.shape.fits(*target))
        .collect();
    progress.expect(rounds * count(&pairs));
    for round in 1..=options.rounds {
        for cell in &options.cells {
            for target in in_turn(&servers.targets, round) {
                let Some(job) = target.job(cell.shape) else { continue };
                let context = || format!("round {round}, {cell}, {}", target.kind);
                progress.say(&context())?;
                let measured = measure(servers, (target, job), *cell, options.seconds).await;
                let measured = Measurement { round, ..measured.with_context(context)? };
                progress.done(&measured)?;
                measurements.push(measured);
            }
        }
    }
    Ok(())
}

/// The targets, in each round beginning with another, so that none always follows the same one.
fn in_turn(targets: &[Target], round: u32) -> impl Iterator<Item = &Target> {
    let first = usize::try_from(round - 1).unwrap_or_default() % targets.len().max(1);
    targets.iter().cycle().skip(first).take(targets.len())
}

fn count<T>(items: &[T]) -> f64 {
    float(u64::try_from(items.len()).unwrap_or(u64::MAX))
}

/// Lets every target fill its caches and pools. A target that is wrong here ends the run.
async fn warm_up(
    servers: &Servers,
    options: &Options,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    for target in &servers.targets {
        progress.say(&format!("warming up {}", target.kind))?;
        for cell in gentle(&options.cells) {
            let Some(job) = target.job(cell.shape) else { continue };
            let fleet = Fleet::open(job, cell.connections()).await;
            let fleet = fleet.with_context(|| format!("{} does not answer", target.kind))?;
            let tally = fleet.run(cell.load, options.seconds / WARM_UP_SHARE).await?;
            if let Some(error) = tally.first_error {
                anyhow::bail!("{} answers wrongly to {cell}: {error}", target.kind);
            }
        }
    }
    Ok(())
}

/// The cells to warm up with: whatever is asked, streamed and whole as it will be, on few
/// connections.
fn gentle(cells: &[Cell]) -> Vec<Cell> {
    let plain = Cell { load: Load::Closed(WARM_UP_CONNECTIONS), shape: Shape::Plain };
    let mut gentle = vec![plain];
    for cell in cells {
        let size = cell.size().min(WARM_UP_CONNECTIONS);
        let load = if cell.streamed() { Load::Streams(size) } else { Load::Closed(size) };
        let cell = Cell { load, shape: cell.shape };
        if !gentle.contains(&cell) {
            gentle.push(cell);
        }
    }
    gentle
}

async fn measure(
    servers: &Servers,
    (target, job): (&Target, &Arc<Job>),
    cell: Cell,
    length: Duration,
) -> anyhow::Result<Measurement> {
    let fleet = Fleet::open(job, cell.connections()).await?;
    procfs::reset_peak(target.server.id());
    let before = Clocks::read(servers, target).await?;
    let tally = fleet.run(cell.load, length).await?;
    let spent = Clocks::read(servers, target).await?.since(&before);
    Ok(measured(target, cell, length, tally, spent))
}

fn measured(
    target: &Target,
    cell: Cell,
    length: Duration,
    tally: Tally,
    spent: Spent,
) -> Measurement {
    let streamed = cell.streamed();
    let answers = tally.latency.count();
    let units = float(if streamed { tally.words } else { answers });
    let elapsed_s = tally.elapsed.as_secs_f64();
    let saturated = tally.due.is_some_and(|due| {
        float(answers) < ANSWERED_MIN * float(due) || tally.elapsed > length + BEHIND_MAX
    });
    Measurement {
        round: 0,
        cell,
        target: target.kind,
        elapsed_s,
        answers,
        errors: tally.errors,
        first_error: tally.first_error,
        wrong_text: tally.wrong_text,
        without_done: tally.without_done,
        without_usage: tally.without_usage,
        per_second: ratio(units, elapsed_s).unwrap_or_default(),
        latency: tally.latency.percentiles(),
        gaps: tally.gaps.percentiles(),
        cpu_us: ratio(spent.server_cpu_s * 1e6, units),
        events_per_stream: streamed.then(|| ratio(float(tally.events), float(answers))).flatten(),
        due: tally.due,
        late: tally.late.percentiles(),
        saturated,
        peak_kib: procfs::peak_kib(target.server.id()),
        spent,
    }
}
