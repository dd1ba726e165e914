//! What a run comes to, and whether that is good enough.

use std::time::Duration;

use serde::Serialize;

use crate::ledger::{Ending, Entry, Ledger};
use crate::number::{count, float, share};
use crate::traffic::Call;

/// A scenario under a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The scenario.
    pub scenario: String,
    /// The policy.
    pub policy: String,
    /// Calls made.
    pub calls: usize,
    /// Calls that were served whole.
    pub served: usize,
    /// Calls that the oracle served.
    pub servable: usize,
    /// Of a hundred calls that the oracle served, how many were served.
    pub success_percent: Option<f64>,
    /// Seconds to the first token, of the calls that were served: the median.
    pub first_token_p50: Option<f64>,
    /// The same, all but one of a hundred.
    pub first_token_p99: Option<f64>,
    /// Calls that were served after refusals.
    pub after_refusals: usize,
    /// Milliseconds that refusals added to them, with the providers' own time.
    pub refusals_p99_ms: Option<f64>,
    /// The same without the providers' own time.
    pub refusals_own_p99_ms: Option<f64>,
    /// Calls that were served after an endpoint had said nothing.
    pub after_stalls: usize,
    /// Milliseconds that waiting for it added to them, at the median.
    pub stalls_p50_ms: Option<f64>,
    /// The same, all but one of a hundred.
    pub stalls_p99_ms: Option<f64>,
    /// What the calls cost that both served, in multiples of what the oracle paid.
    pub cost: Option<f64>,
    /// Of a hundred tokens that a cache could have held, how many came from one.
    pub cache_percent: Option<f64>,
    /// Attempts for each call.
    pub attempts: Option<f64>,
    /// Calls that no endpoint answered.
    pub failed: usize,
    /// Calls whose callers left before the first token.
    pub abandoned: usize,
    /// Calls whose answers broke off.
    pub cut: usize,
    /// The most calls that an endpoint served at once, as a share of its capacity.
    pub fullest: f64,
}

/// Whether a target is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The scenario.
    pub scenario: String,
    /// The policy.
    pub policy: String,
    /// What was to be reached.
    pub target: &'static str,
    /// What was.
    pub reached: String,
    /// Whether it is enough.
    pub is_met: bool,
}

/// Of a hundred calls that can be served, so many should be.
const SUCCESS_PERCENT: f64 = 99.8;
/// What waiting for an endpoint that says nothing may add, in milliseconds.
const STALLS_MS: f64 = 500.0;
/// What going on to another endpoint may add besides the providers' own time, in milliseconds.
const REFUSALS_MS: f64 = 5.0;
/// What calls may cost, in multiples of the least possible.
const COST: f64 = 1.1;

impl Summary {
    pub(crate) fn of(
        (scenario, policy): (&str, &str),
        calls: &[Call],
        ledger: &Ledger,
        oracle: &Ledger,
    ) -> Self {
        let entries = &ledger.entries;
        let ended = |ending| entries.iter().filter(|it| it.ending == ending).count();
        let both = || {
            let pairs = entries.iter().zip(&oracle.entries);
            pairs.filter(|(mine, best)| mine.is_served() && best.is_served())
        };
        let servable = oracle.entries.iter().filter(|it| it.is_served()).count();
        let first_tokens = Sorted::of(entries, |it| it.first_token);
        let refused = |it: &Entry| it.refused > 0 && it.stalled == 0;
        let refusals = Sorted::of(entries, |it| refused(it).then_some(it.detour));
        let own = |it: &Entry| it.detour.saturating_sub(it.refusing);
        let refusals_own = Sorted::of(entries, |it| refused(it).then(|| own(it)));
        let stalls = Sorted::of(entries, |it| (it.stalled > 0).then(|| own(it)));
        let paid = |it: &Entry| float(u64::try_from(it.paid).unwrap_or(0));
        let total = |part: &dyn Fn(&Entry) -> f64| entries.iter().map(part).sum::<f64>();
        let percent = |it: f64| it * 100.0;
        Self {
            scenario: scenario.to_owned(),
            policy: policy.to_owned(),
            calls: calls.len(),
            served: ended(Ending::Served),
            servable,
            success_percent: share(count(both().count()), count(servable)).map(percent),
            first_token_p50: first_tokens.seconds(50),
            first_token_p99: first_tokens.seconds(99),
            after_refusals: refusals.0.len(),
            refusals_p99_ms: refusals.millis(99),
            refusals_own_p99_ms: refusals_own.millis(99),
            after_stalls: stalls.0.len(),
            stalls_p50_ms: stalls.millis(50),
            stalls_p99_ms: stalls.millis(99),
            cost: share(
                both().map(|(mine, _)| paid(mine)).sum::<f64>() + wasted(entries, paid),
                both().map(|(_, best)| paid(best)).sum(),
            ),
            cache_percent: share(total(&|it| it.cached.into()), total(&|it| it.said_before.into()))
                .map(percent),
            attempts: share(total(&|it| it.attempts.into()), count(entries.len())),
            failed: ended(Ending::Failed),
            abandoned: ended(Ending::Abandoned),
            cut: ended(Ending::Cut),
            fullest: ledger.fullest,
        }
    }

    /// Holds it against the targets.
    pub(crate) fn judge(&self) -> Vec<Judgement> {
        let judge = |target, value: Option<f64>, is_met: fn(f64) -> bool, reached: &str| {
            value.map(|value| Judgement {
                scenario: self.scenario.clone(),
                policy: self.policy.clone(),
                target,
                reached: reached.to_owned(),
                is_met: is_met(value),
            })
        };
        let text = |value: Option<f64>, places: usize, unit: &str| {
            value.map(|value| format!("{value:.places$}{unit}")).unwrap_or_default()
        };
        let judgements = [
            judge(
                "success ≥ 99.8 %",
                self.success_percent,
                |it| it >= SUCCESS_PERCENT,
                &text(self.success_percent, 2, " %"),
            ),
            judge(
                "refusals add < 5 ms at p99",
                self.refusals_own_p99_ms,
                |it| it < REFUSALS_MS,
                &text(self.refusals_own_p99_ms, 0, " ms"),
            ),
            judge(
                "stalls add < 500 ms at p99",
                self.stalls_p99_ms,
                |it| it < STALLS_MS,
                &text(self.stalls_p99_ms, 0, " ms"),
            ),
            judge("cost ≤ 1.10 × oracle", self.cost, |it| it <= COST, &text(self.cost, 3, " ×")),
        ];
        judgements.into_iter().flatten().collect()
    }
}

/// What was paid for calls that were not served.
fn wasted(entries: &[Entry], paid: impl Fn(&Entry) -> f64) -> f64 {
    entries.iter().filter(|it| !it.is_served()).map(paid).sum()
}

/// Times of calls that were served, in order.
struct Sorted(Vec<Duration>);

impl Sorted {
    fn of(entries: &[Entry], time: impl Fn(&Entry) -> Option<Duration>) -> Self {
        let served = entries.iter().filter(|it| it.is_served());
        let mut times: Vec<Duration> = served.filter_map(time).collect();
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many of a hundred are at most as long as.
    fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    fn seconds(&self, percent: usize) -> Option<f64> {
        self.percentile(percent).map(|it| it.as_secs_f64())
    }

    fn millis(&self, percent: usize) -> Option<f64> {
        self.seconds(percent).map(|it| it * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let entry = |second| Entry {
            ending: Ending::Served,
            first_token: Some(Duration::from_secs(second)),
            ..Entry::default()
        };
        let entries: Vec<Entry> = (1..=200).rev().map(entry).collect();
        let sorted = Sorted::of(&entries, |it| it.first_token);
        assert_eq!((sorted.seconds(50), sorted.seconds(99)), (Some(100.0), Some(198.0)));
        let one = Sorted::of(&entries[..1], |it| it.first_token);
        assert_eq!((one.seconds(50), one.seconds(99)), (Some(200.0), Some(200.0)));
        assert_eq!(Sorted(Vec::new()).seconds(50), None);
    }
}
