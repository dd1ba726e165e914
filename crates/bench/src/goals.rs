//! The targets, and what was measured beside each.
//!
//! A target is not a test: the program does not fail where one is missed, for a laptop that compiles
//! meanwhile misses some. Whoever wants to fail reads the JSON.

use serde::Serialize;

use crate::alone::Alone;
use crate::cell::{Cell, Load, Shape};
use crate::cli::Kind;
use crate::summary::Summary;

/// A target with what was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Goal {
    pub(crate) what: String,
    /// What the figures are in: `×`, `µs`, `MiB` and so on.
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
    pub(crate) measured: Option<f64>,
    /// Nothing where nothing was measured.
    pub(crate) met: Option<bool>,
}

/// What is asked of the figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// At most this.
    AtMost(f64),
    /// Less than this.
    Below(f64),
    /// At least this.
    AtLeast(f64),
}

impl Bound {
    fn is_met(self, measured: f64) -> bool {
        match self {
            Self::AtMost(bound) => measured <= bound,
            Self::Below(bound) => measured < bound,
            Self::AtLeast(bound) => measured >= bound,
        }
    }
}

/// What a cost may grow by and still count as flat: what two gateways that are the same differ by.
const FLAT: f64 = 1.10;
/// Chunks that a stream has; its events are as many where none are merged.
const CHUNKS: f64 = 100.0;

const C64: Cell = Cell { load: Load::Closed(64), shape: Shape::Plain };
const R1000: Cell = Cell { load: Load::Rate(1000), shape: Shape::Plain };
const S64: Cell = Cell { load: Load::Streams(64), shape: Shape::Plain };
const S64_MESSAGES: Cell = Cell { load: Load::Streams(64), shape: Shape::Messages };

/// Every target.
pub(crate) fn goals(summaries: &[Summary], alone: &Alone) -> Vec<Goal> {
    let row =
        |cell: Cell, kind: Kind| summaries.iter().find(|it| it.cell == cell && it.target == kind);
    let gateway = |cell: Cell| row(cell, Kind::Gateway);
    let times = |value: fn(&Summary) -> Option<f64>, cell: Cell| {
        Some(value(gateway(cell)?)? / value(row(cell, Kind::Proxy)?)?)
    };
    let over = |value: fn(&Summary) -> Option<f64>, kind: Kind| {
        Some(value(row(R1000, kind)?)? - value(row(R1000, Kind::Direct)?)?)
    };
    let times_over = |value: fn(&Summary) -> Option<f64>| {
        let proxy = over(value, Kind::Proxy).filter(|proxy| *proxy > 0.0)?;
        Some(over(value, Kind::Gateway)? / proxy)
    };
    let dialects = gateway(S64_MESSAGES).zip(gateway(S64));
    let dialects = dialects.and_then(|(other, same)| Some(other.cpu_us? / same.cpu_us?));
    let added_first_token = || {
        let p99 = |kind| row(S64, kind)?.p99_us;
        let direct = p99(Kind::Direct)?;
        let proxy = Some(p99(Kind::Proxy)? - direct).filter(|proxy| *proxy > 0.0)?;
        Some((p99(Kind::Gateway)? - direct) / proxy)
    };
    let goal = |what: &str, unit, bound: Bound, measured: Option<f64>| Goal {
        what: what.to_owned(),
        unit,
        bound,
        measured,
        met: measured.map(|measured| bound.is_met(measured)),
    };
    let (at_most, below, at_least) = (Bound::AtMost, Bound::Below, Bound::AtLeast);
    let proxy = "× proxy";
    let mut goals = vec![
        goal("CPU per whole request (c64)", proxy, at_most(1.6), times(|it| it.cpu_us, C64)),
        goal("requests a second (c64)", proxy, at_least(0.6), times(|it| it.per_second, C64)),
        goal("p50 over direct (r1000)", "µs", below(80.0), over(|it| it.p50_us, Kind::Gateway)),
        goal("p99 over direct (r1000)", "µs", below(300.0), over(|it| it.p99_us, Kind::Gateway)),
        goal("p50 over direct (r1000)", proxy, at_most(1.5), times_over(|it| it.p50_us)),
        goal("p99 over direct (r1000)", proxy, at_most(1.5), times_over(|it| it.p99_us)),
        goal("CPU per chunk (s64)", proxy, at_most(1.3), times(|it| it.cpu_us, S64)),
        goal("first token over direct, p99 (s64)", proxy, at_most(1.5), added_first_token()),
        goal(
            "events per stream of 100 chunks (s64)",
            "",
            at_least(CHUNKS),
            gateway(S64).and_then(|it| it.events_per_stream),
        ),
        goal("CPU per chunk, another dialect (s64+messages)", "× same", at_most(3.0), dialects),
        goal("memory when idle", "MiB", below(30.0), alone.idle_mib),
        goal(&streams(alone), "KiB", below(20.0), alone.stream_kib),
        goal("memory at its most, 1,000 prompts of 150 KB", "MiB", below(300.0), alone.held_mib),
        goal("start to the first answer", "ms", below(150.0), alone.start_ms),
        goal("the program", "MiB", below(40.0), alone.program_mib),
    ];
    goals.extend(alone.growth.iter().map(|it| {
        let what = format!("CPU per whole request, {} to {} {}", it.few, it.many, it.what);
        goal(&what, "× few", at_most(FLAT), it.times)
    }));
    goals
}

fn streams(alone: &Alone) -> String {
    match alone.streams {
        Some(count) => format!("memory of each of {count} open streams"),
        None => "memory of each open stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, goals};
    use crate::alone::Alone;

    #[test]
    fn bounds_are_kept_or_not() {
        assert!(Bound::AtMost(1.5).is_met(1.5) && !Bound::AtMost(1.5).is_met(1.6));
        assert!(Bound::AtLeast(0.6).is_met(0.6) && !Bound::AtLeast(0.6).is_met(0.5));
        assert!(Bound::Below(30.0).is_met(29.9) && !Bound::Below(30.0).is_met(30.0));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let alone = Alone { idle_mib: Some(29.0), start_ms: Some(151.0), ..Alone::default() };
        let goals = goals(&[], &alone);
        let met = |what: &str| goals.iter().find(|it| it.what == what).unwrap().met;
        assert_eq!(met("memory when idle"), Some(true));
        assert_eq!(met("start to the first answer"), Some(false));
        assert_eq!(met("CPU per chunk (s64)"), None);
    }
}
