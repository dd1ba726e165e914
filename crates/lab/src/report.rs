//! The result: tables for people, JSON for programs.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use crate::experiment::Experiment;
use crate::scenario::Scenario;
use crate::summary::{Judgement, Summary};

const NOTHING_MEASURED: &str = "–";

/// Everything that was found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// Where all random numbers came from.
    pub seed: u64,
    /// What was simulated.
    pub scenarios: Vec<About>,
    /// What came of it.
    pub summaries: Vec<Summary>,
    /// Whether it is good enough.
    pub judgements: Vec<Judgement>,
}

/// A scenario in figures.
#[derive(Debug, Serialize)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Models and endpoints.
    pub models: usize,
    /// Endpoints of all models.
    pub endpoints: usize,
    /// Calls a second, on average.
    pub per_second: f64,
}

const HEADERS: [&str; 11] = [
    "policy",
    "success %",
    "p50 s",
    "p99 s",
    "refused",
    "+ms p99",
    "ours ms",
    "stalled",
    "+ms p99",
    "cost ×",
    "cache %",
];

impl Report {
    pub(crate) fn new(experiment: &Experiment) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            seed: experiment.seed,
            scenarios: Vec::new(),
            summaries: Vec::new(),
            judgements: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, scenario: &Scenario, per_second: f64) {
        let models = &scenario.fleet.models;
        self.scenarios.push(About {
            name: scenario.name,
            about: scenario.about,
            models: models.len(),
            endpoints: models.iter().map(|model| model.hosts.len()).sum(),
            per_second,
        });
    }

    pub(crate) fn add(&mut self, summary: Summary, is_judged: bool) {
        if is_judged {
            self.judgements.extend(summary.judge());
        }
        self.summaries.push(summary);
    }

    /// The tables, as they are printed.
    pub fn to_text(&self) -> String {
        let mut text = format!("seed {}\n", self.seed);
        for about in &self.scenarios {
            let rows = self.summaries.iter().filter(|it| it.scenario == about.name);
            let calls = rows.clone().next().map_or(0, |it| it.calls);
            let (models, endpoints) = (about.models, about.endpoints);
            // Writing into memory does not fail.
            let _written = write!(
                text,
                "\n{} · {}\n{models} models, {endpoints} endpoints, {calls} calls, {:.1} a second\n{}\n",
                about.name,
                about.about,
                about.per_second,
                table(rows).trim_fmt()
            );
        }
        text.push_str(&self.verdict());
        text
    }

    fn verdict(&self) -> String {
        if self.judgements.is_empty() {
            return String::new();
        }
        let mut table = plain(&["", "scenario", "policy", "target", "reached"]);
        for it in &self.judgements {
            let mark = if it.is_met { "✓" } else { "✗" };
            table.add_row([mark, &it.scenario, &it.policy, it.target, &it.reached]);
        }
        let met = self.judgements.iter().filter(|it| it.is_met).count();
        format!("\nTargets: {met} of {} met\n{}\n", self.judgements.len(), table.trim_fmt())
    }
}

fn table<'a>(rows: impl Iterator<Item = &'a Summary>) -> Table {
    let mut headers = HEADERS.to_vec();
    headers.extend(["tries", "failed", "left", "cut"]);
    let mut table = plain(&headers);
    for it in rows {
        table.add_row([
            it.policy.clone(),
            number(it.success_percent, 2),
            number(it.first_token_p50, 2),
            number(it.first_token_p99, 2),
            it.after_refusals.to_string(),
            number(it.refusals_p99_ms, 0),
            number(it.refusals_own_p99_ms, 0),
            it.after_stalls.to_string(),
            number(it.stalls_p99_ms, 0),
            number(it.cost, 3),
            number(it.cache_percent, 1),
            number(it.attempts, 3),
            it.failed.to_string(),
            it.abandoned.to_string(),
            it.cut.to_string(),
        ]);
    }
    for index in 1..headers.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn plain(headers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headers);
    table
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NOTHING_MEASURED.to_owned(), |value| format!("{value:.decimals$}"))
}
