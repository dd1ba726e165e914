//! Medians over the rounds, and ratios between targets.
//!
//! Rounds in which other processes took much CPU are left out where there are better ones: on a
//! machine that compiles now and then, they tell of the compiler.

use serde::Serialize;

use crate::cell::{Cell, Load};
use crate::cli::Kind;
use crate::procfs;
use crate::run::Measurement;
use crate::statistics::{Percentiles, float, median, ratio, spread};

/// CPUs that other processes may take in a quiet round.
const OTHER_CPUS_MAX: f64 = 0.15;
/// From here on a CPU counts as full.
const FULL: f64 = 0.95;

/// One cell of one target, over all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) cell: Cell,
    pub(crate) target: Kind,
    /// Requests, or of streams chunks, per second.
    pub(crate) per_second: Option<f64>,
    /// How far the rounds lie apart, as a share of the median.
    pub(crate) spread: Option<f64>,
    pub(crate) p50_us: Option<f64>,
    pub(crate) p90_us: Option<f64>,
    pub(crate) p99_us: Option<f64>,
    pub(crate) p999_us: Option<f64>,
    /// Between a stream's chunks, as they are read.
    pub(crate) gap_p50_us: Option<f64>,
    pub(crate) gap_p99_us: Option<f64>,
    /// Events with content per stream.
    pub(crate) events_per_stream: Option<f64>,
    /// The most memory that was resident in any round.
    pub(crate) peak_mib: Option<f64>,
    /// CPU time of the server for each request, or chunk.
    pub(crate) cpu_us: Option<f64>,
    /// Rate, or at a fixed rate median latency, in multiples of direct.
    pub(crate) times_direct: Option<f64>,
    /// The same in multiples of the proxy.
    pub(crate) times_proxy: Option<f64>,
    /// CPU time in multiples of the proxy.
    pub(crate) cpu_times_proxy: Option<f64>,
    /// CPUs that processes outside the run took.
    pub(crate) other_cpus: Option<f64>,
    /// Rounds that the medians are of: the quiet ones, or all when none was.
    pub(crate) rounds: u64,
    /// Over all rounds.
    pub(crate) errors: u64,
    /// What to know before believing the row.
    pub(crate) notes: Vec<String>,
}

/// Sums up, by cell and then target, in the order of the measurements.
pub(crate) fn summarise(measurements: &[Measurement], pinned: bool) -> Vec<Summary> {
    let mut pairs: Vec<(Cell, Kind)> = Vec::new();
    for it in measurements.iter().filter(|it| it.round == 1) {
        if !pairs.contains(&(it.cell, it.target)) {
            pairs.push((it.cell, it.target));
        }
    }
    let mut summaries: Vec<Summary> = pairs
        .into_iter()
        .map(|(cell, target)| {
            let same = |it: &&Measurement| it.cell == cell && it.target == target;
            summary(&measurements.iter().filter(same).collect::<Vec<_>>(), (cell, target), pinned)
        })
        .collect();
    let bases: Vec<(Cell, Kind, Option<f64>, Option<f64>)> =
        summaries.iter().map(|it| (it.cell, it.target, it.compared(), it.cpu_us)).collect();
    for it in &mut summaries {
        let base = |kind| bases.iter().find(|base| base.0 == it.cell && base.1 == kind);
        let times = |value: Option<f64>, base: Option<f64>| ratio(value?, base?);
        let compared = it.compared();
        let [direct, proxy] = [base(Kind::Direct), base(Kind::Proxy)];
        let cpu_times_proxy = times(it.cpu_us, proxy.and_then(|base| base.3));
        it.times_direct = times(compared, direct.and_then(|base| base.2));
        it.times_proxy = times(compared, proxy.and_then(|base| base.2));
        it.cpu_times_proxy = cpu_times_proxy;
    }
    summaries
}

impl Summary {
    /// What ratios are of: at a fixed rate, all rates are the same.
    const fn compared(&self) -> Option<f64> {
        match self.cell.load {
            Load::Rate(_) => self.p50_us,
            Load::Closed(_) | Load::Streams(_) => self.per_second,
        }
    }
}

fn summary(rounds: &[&Measurement], (cell, target): (Cell, Kind), pinned: bool) -> Summary {
    let quiet: Vec<&Measurement> = rounds.iter().copied().filter(|it| is_quiet(it)).collect();
    let used = if quiet.is_empty() { rounds } else { quiet.as_slice() };
    let values = |value: &dyn Fn(&Measurement) -> Option<f64>| -> Vec<f64> {
        used.iter().filter_map(|it| value(it)).collect()
    };
    let latency =
        |value: fn(&Percentiles) -> f64| median(&values(&|it| it.latency.as_ref().map(value)));
    let gap = |value: fn(&Percentiles) -> f64| median(&values(&|it| it.gaps.as_ref().map(value)));
    let rates = values(&|it| Some(it.per_second));
    Summary {
        cell,
        target,
        per_second: median(&rates),
        spread: spread(&rates),
        p50_us: latency(|it| it.p50_us),
        p90_us: latency(|it| it.p90_us),
        p99_us: latency(|it| it.p99_us),
        p999_us: latency(|it| it.p999_us),
        gap_p50_us: gap(|it| it.p50_us),
        gap_p99_us: gap(|it| it.p99_us),
        events_per_stream: median(&values(&|it| it.events_per_stream)),
        peak_mib: rounds.iter().filter_map(|it| it.peak_kib).max().map(procfs::mib),
        cpu_us: median(&values(&|it| it.cpu_us)),
        times_direct: None,
        times_proxy: None,
        cpu_times_proxy: None,
        other_cpus: median(&values(&|it| Some(it.spent.other_cpus))),
        rounds: u64::try_from(used.len()).unwrap_or(u64::MAX),
        errors: rounds.iter().map(|it| it.errors).sum(),
        notes: notes(rounds, pinned),
    }
}

fn notes(rounds: &[&Measurement], pinned: bool) -> Vec<String> {
    let any = |is: &dyn Fn(&Measurement) -> bool| rounds.iter().any(|it| is(it));
    let quiet = rounds.iter().filter(|it| is_quiet(it)).count();
    let errors: u64 = rounds.iter().map(|it| it.errors).sum();
    let mut notes = Vec::new();
    if errors > 0 {
        notes.push(format!("{errors} errors"));
    }
    if any(&|it| it.saturated) {
        notes.push("saturated".to_owned());
    }
    if any(&|it| load_is_full(it, pinned)) {
        notes.push("load-bound".to_owned());
    }
    if any(&|it| it.events_per_stream.is_some_and(|events| events < 99.5)) {
        notes.push("merges chunks".to_owned());
    }
    if any(&|it| it.spent.upstream_requests != it.answers + it.errors) {
        notes.push("upstream calls ≠ requests".to_owned());
    }
    if any(&|it| float(it.spent.upstream_connections) > 0.1 * float(it.answers)) {
        notes.push("reconnects".to_owned());
    }
    if quiet == 0 {
        notes.push("noisy".to_owned());
    } else if quiet < rounds.len() {
        notes.push(format!("{quiet} of {} rounds", rounds.len()));
    }
    notes
}

fn is_quiet(it: &Measurement) -> bool {
    it.spent.other_cpus <= OTHER_CPUS_MAX
}

/// Whether the load, not the server, was the limit.
fn load_is_full(it: &Measurement, pinned: bool) -> bool {
    let spent = &it.spent;
    let fullest = if pinned {
        spent.load_cpus + spent.upstream_cpus
    } else {
        spent.load_cpus.max(spent.upstream_cpus)
    };
    fullest > FULL && spent.server_cpus < FULL
}

#[cfg(test)]
mod tests {
    use super::{Summary, summarise};
    use crate::cell::{Cell, Load};
    use crate::cli::Kind;
    use crate::run::{Measurement, Spent};
    use crate::statistics::Percentiles;

    fn measurement(round: u32, cell: Cell, target: Kind, per_second: f64) -> Measurement {
        let spent = Spent {
            server_cpu_s: 1.0,
            server_cpus: 1.0,
            load_cpus: 0.5,
            upstream_cpus: 0.3,
            other_cpus: 0.0,
            upstream_requests: 1000,
            upstream_connections: 0,
        };
        let latency = Percentiles { p50_us: per_second, ..Percentiles::default() };
        Measurement {
            round,
            cell,
            target,
            elapsed_s: 1.0,
            answers: 1000,
            errors: 0,
            first_error: None,
            wrong_text: 0,
            without_done: 0,
            without_usage: 0,
            per_second,
            latency: Some(latency),
            gaps: None,
            cpu_us: Some(per_second),
            events_per_stream: None,
            due: None,
            late: None,
            saturated: false,
            peak_kib: None,
            spent,
        }
    }

    fn of(summaries: &[Summary], target: Kind) -> &Summary {
        summaries.iter().find(|it| it.target == target).unwrap()
    }

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-9)
    }

    #[test]
    fn ratios_are_of_medians_within_a_cell() {
        let mut all = Vec::new();
        for (round, noise) in [(1, -5.0), (2, 0.0), (3, 90.0)] {
            for (target, rate) in
                [(Kind::Direct, 400.0), (Kind::Proxy, 200.0), (Kind::Gateway, 100.0)]
            {
                all.push(measurement(round, Cell::plain(Load::Closed(64)), target, rate + noise));
                all.push(measurement(round, Cell::plain(Load::Closed(1)), target, 1.0));
            }
        }
        let summaries = summarise(&all, true);
        assert_eq!(summaries.len(), 6);
        let gateway = of(&summaries, Kind::Gateway);
        assert!(close(gateway.per_second, 100.0) && close(gateway.spread, 0.95));
        assert!(close(gateway.times_direct, 0.25) && close(gateway.times_proxy, 0.5));
        assert!(close(gateway.cpu_times_proxy, 0.5));
        assert!(gateway.notes.is_empty(), "{:?}", gateway.notes);
    }

    #[test]
    fn a_target_without_a_base_has_no_ratio() {
        let all = [measurement(1, Cell::plain(Load::Streams(1)), Kind::Gateway, 10.0)];
        let summaries = summarise(&all, true);
        let gateway = of(&summaries, Kind::Gateway);
        assert_eq!((gateway.times_direct, gateway.times_proxy), (None, None));
    }

    #[test]
    fn noisy_rounds_count_only_when_there_is_no_other() {
        let rounds = |others: [f64; 3]| {
            let mut all = Vec::new();
            for ((round, rate), other_cpus) in
                [(1, 10.0), (2, 40.0), (3, 60.0)].into_iter().zip(others)
            {
                let it = measurement(round, Cell::plain(Load::Closed(1)), Kind::Direct, rate);
                all.push(Measurement { spent: Spent { other_cpus, ..it.spent }, ..it });
            }
            summarise(&all, true)
        };
        let mixed = rounds([0.4, 0.1, 0.0]);
        assert!(close(of(&mixed, Kind::Direct).per_second, 50.0));
        assert_eq!(of(&mixed, Kind::Direct).notes, ["2 of 3 rounds"]);
        let noisy = rounds([0.4, 0.5, 0.6]);
        assert!(close(of(&noisy, Kind::Direct).per_second, 40.0));
        assert_eq!(of(&noisy, Kind::Direct).notes, ["noisy"]);
    }

    #[test]
    fn what_makes_a_row_doubtful_is_noted() {
        let good = measurement(1, Cell::plain(Load::Closed(1)), Kind::Proxy, 10.0);
        let spent = good.spent;
        let doubtful = [
            ("errors", Measurement { errors: 1, ..good.clone() }),
            ("saturated", Measurement { saturated: true, ..good.clone() }),
            ("merges", Measurement { events_per_stream: Some(50.0), ..good.clone() }),
            ("noisy", Measurement { spent: Spent { other_cpus: 0.2, ..spent }, ..good.clone() }),
            (
                "load-bound",
                Measurement {
                    spent: Spent { load_cpus: 0.7, server_cpus: 0.5, ..spent },
                    ..good.clone()
                },
            ),
            (
                "upstream",
                Measurement { spent: Spent { upstream_requests: 900, ..spent }, ..good.clone() },
            ),
            (
                "reconnects",
                Measurement { spent: Spent { upstream_connections: 500, ..spent }, ..good.clone() },
            ),
        ];
        for (note, measurement) in doubtful {
            let summaries = summarise(&[measurement], true);
            let notes = of(&summaries, Kind::Proxy).notes.join(", ");
            assert!(notes.contains(note), "{note} in `{notes}`");
        }
    }
}
