//! The result: tables for people, JSON for programs.

use std::io::{self, Write as _};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use crate::alone::Alone;
use crate::cell::{Cell, Load};
use crate::child::Placement;
use crate::cli::{Kind, Options};
use crate::goals::{Bound, Goal, goals};
use crate::procfs;
use crate::run::Measurement;
use crate::summary::{Summary, summarise};
use crate::target::Servers;

const NOTHING_MEASURED: &str = "–";

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    version: &'static str,
    seconds: f64,
    rounds: u32,
    /// CPUs that the run could use.
    cpus: usize,
    /// The CPU of the server under test, when it had one of its own.
    server_cpu: Option<u32>,
    /// The CPU of load and upstream.
    load_cpu: Option<u32>,
    /// What is to be reached, and whether it is.
    targets: Vec<Goal>,
    memory: Vec<Memory>,
    alone: Alone,
    summary: Vec<Summary>,
    measurements: Vec<Measurement>,
}

#[derive(Debug, Serialize)]
struct Memory {
    target: Kind,
    idle_mib: Option<f64>,
    peak_mib: Option<f64>,
}

impl Report {
    pub(crate) fn new(
        (options, placement): (&Options, Placement),
        servers: &Servers,
        measurements: Vec<Measurement>,
        alone: Alone,
    ) -> Self {
        let summary = summarise(&measurements, placement.server.is_some());
        let memory = |target: &crate::target::Target| {
            let cells = measurements.iter().filter(|it| it.target == target.kind);
            let peak = cells.filter_map(|it| it.peak_kib).max();
            let idle_mib = target.idle_kib.map(procfs::mib);
            Memory { target: target.kind, idle_mib, peak_mib: peak.map(procfs::mib) }
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            seconds: options.seconds.as_secs_f64(),
            rounds: options.rounds,
            cpus: procfs::allowed_cpus().len(),
            server_cpu: placement.server,
            load_cpu: placement.load,
            memory: servers.targets.iter().map(memory).collect(),
            targets: goals(&summary, &alone),
            summary,
            alone,
            measurements,
        }
    }

    /// Whether every answer was right.
    pub(crate) fn is_right(&self) -> bool {
        self.measurements.iter().all(|it| it.errors == 0)
    }

    /// Prints the tables.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut output = io::stdout().lock();
        writeln!(output, "{}", self.setting())?;
        let mut cell = None;
        for it in &self.summary {
            if cell != Some(it.cell) {
                cell = Some(it.cell);
                let rows = self.summary.iter().filter(|other| other.cell == it.cell);
                writeln!(output, "\n{}\n{}", title(it.cell), table(it.cell, rows).trim_fmt())?;
            }
        }
        writeln!(output, "\nResident memory\n{}", self.memory_table().trim_fmt())?;
        if !self.alone.growth.is_empty() {
            writeln!(
                output,
                "\nCPU µs/request as things become many\n{}",
                self.growth_table().trim_fmt()
            )?;
        }
        if self.memory.iter().any(|it| it.target == Kind::Gateway) {
            writeln!(output, "\nTargets\n{}", self.targets_table().trim_fmt())?;
        }
        for it in self.measurements.iter().filter(|it| it.errors > 0) {
            let error = it.first_error.as_deref().unwrap_or_default();
            writeln!(output, "\n{} of {}, round {}: {error}", it.cell, it.target, it.round)?;
        }
        output.flush()
    }

    fn setting(&self) -> String {
        let place = match (self.server_cpu, self.load_cpu) {
            (Some(server), Some(load)) => {
                format!("server under test alone on CPU {server}, load and upstream on CPU {load}")
            }
            _ => "processes not bound to CPUs: rates are not per core".to_owned(),
        };
        format!("{} rounds of {} s a cell, medians; {place}", self.rounds, self.seconds)
    }

    fn memory_table(&self) -> Table {
        let mut table = plain(&["target", "idle MiB", "peak MiB"]);
        for it in &self.memory {
            table.add_row([it.target.to_string(), number(it.idle_mib, 1), number(it.peak_mib, 1)]);
        }
        right(&mut table, 1..=2);
        table
    }

    fn growth_table(&self) -> Table {
        let mut table = plain(&["of what", "few", "many", "µs, few", "µs, many", "×"]);
        for it in &self.alone.growth {
            table.add_row([
                it.what.to_owned(),
                it.few.to_string(),
                it.many.to_string(),
                number(it.few_cpu_us, 1),
                number(it.many_cpu_us, 1),
                number(it.times, 2),
            ]);
        }
        right(&mut table, 1..=5);
        table
    }

    fn targets_table(&self) -> Table {
        let mut table = plain(&["what", "target", "measured", "", "is"]);
        for it in &self.targets {
            let (sign, bound) = match it.bound {
                Bound::AtMost(bound) => ("≤", bound),
                Bound::Below(bound) => ("<", bound),
                Bound::AtLeast(bound) => ("≥", bound),
            };
            let is = match it.met {
                Some(true) => "met",
                Some(false) => "missed",
                None => "not measured",
            };
            table.add_row([
                it.what.clone(),
                format!("{sign} {bound}"),
                number(it.measured, it.measured.map_or(0, decimals)),
                it.unit.to_owned(),
                is.to_owned(),
            ]);
        }
        right(&mut table, 1..=2);
        table
    }
}

fn decimals(value: f64) -> usize {
    if value.abs() < 10.0 { 2 } else { 0 }
}

fn title(cell: Cell) -> String {
    let meaning = match cell.load {
        Load::Closed(_) => "connections with one request at a time each",
        Load::Rate(_) => {
            "requests a second, latency from when each was due; × is of the median latency"
        }
        Load::Streams(_) => {
            "streams of 100 chunks at once; p50 to p99.9 are of the time to the first token"
        }
    };
    format!("{cell} · {} {meaning}{}", cell.size(), cell.shape.meaning())
}

fn table<'a>(cell: Cell, rows: impl Iterator<Item = &'a Summary>) -> Table {
    let per_second = format!("{}s/s", cell.unit());
    let cpu = format!("CPU µs/{}", cell.unit());
    let mut headers = vec!["target", &per_second, "× direct", "× proxy"];
    headers.extend(["p50 µs", "p99 µs", "p99.9 µs"]);
    if cell.streamed() {
        headers.extend(["gap p50", "gap p99"]);
    }
    headers.extend([&cpu, "× proxy", "peak MiB", "spread", "notes"]);
    let mut table = plain(&headers);
    for it in rows {
        let mut row = vec![
            it.target.to_string(),
            number(it.per_second, 0),
            number(it.times_direct, 2),
            number(it.times_proxy, 2),
            number(it.p50_us, 0),
            number(it.p99_us, 0),
            number(it.p999_us, 0),
        ];
        if cell.streamed() {
            row.extend([number(it.gap_p50_us, 0), number(it.gap_p99_us, 0)]);
        }
        row.extend([
            number(it.cpu_us, if cell.streamed() { 2 } else { 1 }),
            number(it.cpu_times_proxy, 2),
            number(it.peak_mib, 0),
            it.spread
                .map_or_else(|| NOTHING_MEASURED.to_owned(), |it| format!("{:.0} %", it * 100.0)),
            it.notes.join(", "),
        ]);
        table.add_row(row);
    }
    let numbers = headers.len().saturating_sub(2);
    right(&mut table, 1..=numbers);
    table
}

fn plain(headers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers);
    table
}

fn right(table: &mut Table, columns: std::ops::RangeInclusive<usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NOTHING_MEASURED.to_owned(), |value| format!("{value:.decimals$}"))
}
