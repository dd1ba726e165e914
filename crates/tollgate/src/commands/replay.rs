//! `tollgate route replay`

use std::collections::{BTreeMap, HashMap};
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::Serialize;
use tollgate_engine::{
    Alternative, Clock, History, Installation, Policies, Replayed, Sort, SystemClock, replay,
};
use tollgate_policy::Problem;
use tollgate_store::{GenerationRecord, KeyRecord, Stores};
use tollgate_types::{KeyHash, Timestamp, Usd};

use super::Session;
use crate::config::{Config, Flags};
use crate::gateway::open_store;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// How far back: an RFC 3339 instant, or a duration such as 90m, 24h or 7d
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    since: String,
    /// The other policy: a configuration file with `[routing]` and `[[rule]]`. Where it names
    /// providers, models or endpoints, these are taken too
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The most calls to replay, newest first
    #[arg(long, value_name = "CALLS", default_value_t = 100_000)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What would have changed.
#[derive(Debug, Default, Serialize)]
struct Report {
    calls: u64,
    /// Calls that can't be decided again, by the reason.
    not_replayed: BTreeMap<String, u64>,
    /// Calls whose first endpoint would have been another.
    moved: u64,
    /// Calls on whose way an endpoint has no price: they are not in the cost.
    unpriced: u64,
    before: Sums,
    after: Sums,
    /// How many calls each rule would have matched.
    rules: BTreeMap<String, u64>,
    /// From endpoint to endpoint.
    moves: BTreeMap<String, Moved>,
}

#[derive(Debug, Default, Serialize)]
struct Sums {
    cost_usd: String,
    #[serde(skip)]
    cost: Usd,
    first_token_ms: Option<u64>,
    #[serde(skip)]
    latencies: (u64, u64),
    failed_attempts: f64,
    lost_calls: f64,
}

#[derive(Debug, Default, Serialize)]
struct Moved {
    calls: u64,
    cost_usd: String,
    #[serde(skip)]
    nanos: i64,
}

/// How many records are read at once.
const PAGE: u32 = 500;

pub(super) async fn run(args: ReplayArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let since = since(&args.since, SystemClock.now())?;
    let (installation, policies, sort) = alternative(&args, &config, session)?;
    let stores = open_store(&config).await?;
    let records = records(&stores, since, args.limit).await?;
    if records.is_empty() {
        bail!("no call was recorded since {}: try an earlier --since", since.to_rfc3339());
    }
    let keys = stores.keys.all().await.context("keys can't be read")?;
    let keys: HashMap<KeyHash, KeyRecord> = keys.into_iter().map(|key| (key.hash, key)).collect();
    let mut history = History::default();
    for record in &records {
        history.add(record);
    }
    let alternative =
        Alternative { installation: &installation, policies: &policies, sort, history: &history };
    let mut report = Report::default();
    for record in &records {
        match replay(record, keys.get(&record.key_hash), &alternative) {
            Ok(replayed) => report.add(record, &replayed),
            Err(error) => {
                let reason = std::error::Error::source(&error)
                    .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
                *report.not_replayed.entry(reason).or_default() += 1;
            }
        }
    }
    report.finish();
    if args.json {
        output::json(&report)?;
    } else {
        report.print();
    }
    Ok(ExitCode::SUCCESS)
}

/// An instant, or how long ago.
fn since(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Some(instant) = Timestamp::parse_rfc3339(text) {
        return Ok(instant);
    }
    let unit = text.chars().last();
    let millis: i64 = match unit {
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => 0,
    };
    let count = unit.and_then(|unit| text.strip_suffix(unit)).and_then(|it| it.parse::<u32>().ok());
    let ago = count.and_then(|count| millis.checked_mul(count.into())).filter(|_| millis > 0);
    let ago = ago.ok_or_else(|| {
        anyhow!("--since: `{text}` is neither an instant such as 2026-11-22T08:00:00Z nor a duration such as 90m, 24h or 7d")
    })?;
    Ok(now.plus_millis(-ago))
}

/// What the other policy can call, its rules, and what it sorts by.
fn alternative(
    args: &ReplayArgs,
    config: &Config,
    session: &Session,
) -> anyhow::Result<(Installation, Policies, Option<Sort>)> {
    let flags = Flags { config: Some(args.policy.clone()), ..config.flags.clone() };
    let other = Config::load(&flags, &session.environment)
        .map_err(|problems| anyhow!("{}: {problems}", args.policy.display()))?;
    let sort = other.limits.engine.sort;
    let policies = Policies::of(&other.rules, None)
        .map_err(|problems| anyhow!("{}: {}", args.policy.display(), joined(&problems)))?;
    let overlay = &other.overlay;
    let is_whole = !(overlay.providers.is_empty()
        && overlay.models.is_empty()
        && overlay.endpoints.is_empty());
    let callable = if is_whole { &other } else { config };
    let simulator = config.simulator.then_some("http://127.0.0.1");
    let (nothing, given) = (tollgate_catalog::Overlay::default(), HashMap::new());
    let installation =
        crate::installation::assemble(callable, &session.environment, simulator, &given, nothing)
            .map_err(|errors| anyhow!("{}", crate::reload::joined(&errors)))?;
    Ok((installation, policies, sort))
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

async fn records(
    stores: &Stores,
    since: Timestamp,
    limit: u32,
) -> anyhow::Result<Vec<GenerationRecord>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut records: Vec<GenerationRecord> = Vec::new();
    while records.len() < limit {
        let cursor = records.last().map(GenerationRecord::cursor);
        let page = stores.generations.recent(PAGE, cursor.as_ref()).await;
        let page = page.context("the records can't be read")?;
        let is_last = page.is_empty() || page.iter().any(|it| it.created_at < since);
        records.extend(page.into_iter().filter(|it| it.created_at >= since));
        if is_last {
            break;
        }
        if stderr().is_terminal() {
            anstream::eprint!("\r{} calls read", records.len());
        }
    }
    if stderr().is_terminal() {
        anstream::eprint!("\r\x1b[K");
    }
    records.truncate(limit);
    Ok(records)
}

impl Report {
    fn add(&mut self, record: &GenerationRecord, replayed: &Replayed) {
        self.calls += 1;
        for rule in &replayed.rules {
            *self.rules.entry(rule.to_string()).or_default() += 1;
        }
        let candidates = record.routing.iter().flat_map(|it| &it.candidates);
        let planned = candidates.filter(|it| it.place != "dropped").map(|it| &*it.endpoint).next();
        let from = planned.unwrap_or("nobody");
        let failed = record.attempts.iter();
        let failed = failed.filter(|it| it.fault.as_deref().is_some_and(|it| it != "overtaken"));
        let failed = u32::try_from(failed.count()).unwrap_or(u32::MAX);
        self.before.failed_attempts += f64::from(failed);
        self.before.lost_calls += if record.error.is_some() { 1.0 } else { 0.0 };
        self.before.wait(record.latency_ms.filter(|_| record.streamed));
        self.after.failed_attempts += replayed.faults;
        self.after.lost_calls += replayed.lost;
        self.after.wait(replayed.first_token_ms.filter(|_| record.streamed));
        let is_priced = !replayed.unpriced && !record.unpriced;
        let saved = if is_priced {
            self.before.cost = self.before.cost.saturating_add(record.cost);
            self.after.cost = self.after.cost.saturating_add(replayed.cost);
            replayed.cost.nanos().saturating_sub(record.cost.nanos())
        } else {
            self.unpriced += 1;
            0
        };
        if from != replayed.endpoint {
            self.moved += 1;
            let moved = self.moves.entry(format!("{from} → {}", replayed.endpoint)).or_default();
            moved.calls += 1;
            moved.nanos = moved.nanos.saturating_add(saved);
        }
    }

    fn finish(&mut self) {
        for sums in [&mut self.before, &mut self.after] {
            sums.cost_usd = sums.cost.to_decimal();
            sums.first_token_ms = sums.latencies.0.checked_div(sums.latencies.1);
        }
        for moved in self.moves.values_mut() {
            moved.cost_usd = Usd::from_nanos(moved.nanos).to_decimal();
        }
    }

    fn print(&self) {
        let Self { before, after, .. } = self;
        anstream::println!("{} calls, {} would have begun elsewhere.\n", self.calls, self.moved);
        let mut table = output::table(&["", "as it was", "with the other policy"]);
        let millis = |it: Option<u64>| it.map_or_else(|| "–".to_owned(), |it| format!("{it} ms"));
        for (name, one, other) in [
            ("cost", format!("${}", before.cost_usd), format!("${}", after.cost_usd)),
            (
                "mean time to the first token of streams",
                millis(before.first_token_ms),
                millis(after.first_token_ms),
            ),
            (
                "failed attempts",
                format!("{:.0}", before.failed_attempts),
                format!("{:.1}", after.failed_attempts),
            ),
            (
                "calls nobody answered",
                format!("{:.0}", before.lost_calls),
                format!("{:.1}", after.lost_calls),
            ),
        ] {
            table.add_row([name.to_owned(), one, other]);
        }
        output::right(&mut table, &[1, 2]);
        output::print(&table, "");
        if !self.moves.is_empty() {
            let mut table = output::table(&["moved", "calls", "cost"]);
            for (way, moved) in &self.moves {
                let (sign, amount) = match moved.cost_usd.strip_prefix('-') {
                    Some(amount) => ("-", amount),
                    None => ("+", moved.cost_usd.as_str()),
                };
                table.add_row([way.clone(), moved.calls.to_string(), format!("{sign}${amount}")]);
            }
            output::right(&mut table, &[1, 2]);
            anstream::println!();
            output::print(&table, "");
        }
        for (rule, calls) in &self.rules {
            anstream::println!("The rule `{rule}` would have matched {calls} calls.");
        }
        for (reason, calls) in &self.not_replayed {
            anstream::println!("{calls} calls can't be decided again: {reason}.");
        }
        if self.unpriced > 0 {
            anstream::println!("{} calls have no price and are not in the cost.", self.unpriced);
        }
    }
}

impl Sums {
    fn wait(&mut self, millis: Option<u64>) {
        if let Some(millis) = millis {
            self.latencies.0 = self.latencies.0.saturating_add(millis);
            self.latencies.1 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_is_an_instant_or_how_long_ago() {
        let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
        for (text, expected) in [
            ("90m", Some("2026-11-22T10:30:00.000Z")),
            ("24h", Some("2026-11-21T12:00:00.000Z")),
            ("7d", Some("2026-11-15T12:00:00.000Z")),
            ("2026-11-22T08:00:00Z", Some("2026-11-22T08:00:00.000Z")),
            ("7", None),
            ("", None),
            ("d", None),
            ("-1h", None),
        ] {
            let read = since(text, now).ok().map(Timestamp::to_rfc3339);
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
