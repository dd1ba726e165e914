//! How well an endpoint serves tools, compared with others of its model (contract §5.4).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use tollgate_types::Timestamp;

use crate::window::Ring;

/// With fewer requests in 30 minutes an endpoint's throughput is not compared (contract §5.4).
pub const QUALITY_REQUESTS_MIN: u64 = 100;
/// With fewer answers that called tools in 2 hours their success is not compared (contract §5.4).
pub const QUALITY_TOOL_REQUESTS_MIN: u64 = 200;

const TWO_HOURS_BUCKETS: u32 = 24;
/// What is compared is worked out at most this often.
const WORKED_OUT_EVERY_MILLIS: u64 = 10_000;
/// What was worked out longer ago is of a window that is over.
const THROUGHPUT_HOLDS_MILLIS: u64 = 1_800_000;
const TOOLS_HOLD_MILLIS: u64 = 7_200_000;
const MILLION: u32 = 1_000_000;

/// What endpoints of a model are compared by where tools are sent (contract §5.4). What too few
/// requests say is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// The median of output tokens per second over 30 minutes, given [`QUALITY_REQUESTS_MIN`].
    pub tokens_per_second: Option<f64>,
    /// The share of answers with tool calls of which every call was one that the request's tools
    /// permit, from 0 to 1, over 2 hours, given [`QUALITY_TOOL_REQUESTS_MIN`].
    pub tool_success: Option<f64>,
}

/// Answers that called tools, over 2 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolCounts {
    /// Every call was permitted.
    pub successes: u64,
    /// A call had arguments that are no JSON or not what the tool takes, or named no tool of the
    /// request.
    pub failures: u64,
}

impl ToolCounts {
    /// The share of successes in millionths; `None` with fewer than [`QUALITY_TOOL_REQUESTS_MIN`].
    fn share(self) -> Option<u32> {
        let total = self.successes.saturating_add(self.failures);
        if total < QUALITY_TOOL_REQUESTS_MIN {
            return None;
        }
        let share = u128::from(self.successes).saturating_mul(MILLION.into());
        u32::try_from(share.checked_div(total.into())?).ok()
    }
}

/// What an endpoint is compared by, as it was worked out last.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    successes: Ring<24, 300>,
    failures: Ring<24, 300>,
    /// Thousandths of a token per second.
    throughput: Latest,
    /// Millionths.
    tool_success: Latest,
}

impl Comparison {
    /// An answer with tool calls has ended.
    pub(crate) fn tool_calls(&self, are_permitted: bool, now: Timestamp) {
        let ring = if are_permitted { &self.successes } else { &self.failures };
        ring.add(now);
    }

    pub(crate) fn counts(&self, now: Timestamp) -> ToolCounts {
        ToolCounts {
            successes: self.successes.sum(now, TWO_HOURS_BUCKETS),
            failures: self.failures.sum(now, TWO_HOURS_BUCKETS),
        }
    }

    /// Works it out when that was not done for a while. `throughput` is asked then only.
    pub(crate) fn refresh(&self, now: Timestamp, throughput: impl FnOnce() -> Option<u32>) {
        if self.tool_success.take_turn(now) {
            self.work_out(now, throughput());
        }
    }

    /// Works it out now.
    pub(crate) fn work_out(&self, now: Timestamp, throughput: Option<u32>) {
        self.throughput.store(throughput, now);
        self.tool_success.store(self.counts(now).share(), now);
    }

    /// As it was worked out last: four atomic loads.
    pub(crate) fn latest(&self, now: Timestamp) -> Quality {
        let thousandths = self.throughput.load(now, THROUGHPUT_HOLDS_MILLIS);
        let millionths = self.tool_success.load(now, TOOLS_HOLD_MILLIS);
        Quality {
            tokens_per_second: thousandths.map(|it| f64::from(it) / 1_000.0),
            tool_success: millionths.map(|it| f64::from(it) / f64::from(MILLION)),
        }
    }
}

/// A value and when it was worked out.
#[derive(Debug)]
struct Latest {
    at: AtomicI64,
    value: AtomicU64,
}

/// In place of a value where there is none.
const NOTHING: u64 = u64::MAX;

impl Default for Latest {
    fn default() -> Self {
        Self { at: AtomicI64::new(i64::MIN), value: AtomicU64::new(NOTHING) }
    }
}

impl Latest {
    fn store(&self, value: Option<u32>, now: Timestamp) {
        self.value.store(value.map_or(NOTHING, u64::from), Relaxed);
        self.at.store(now.unix_millis(), Relaxed);
    }

    fn load(&self, now: Timestamp, holds_millis: u64) -> Option<u32> {
        let age = now.unix_millis().abs_diff(self.at.load(Relaxed));
        u32::try_from(self.value.load(Relaxed)).ok().filter(|_| age <= holds_millis)
    }

    /// Whether it is due, and this caller is the one to do it.
    fn take_turn(&self, now: Timestamp) -> bool {
        let (at, now) = (self.at.load(Relaxed), now.unix_millis());
        now.abs_diff(at) >= WORKED_OUT_EVERY_MILLIS
            && self.at.compare_exchange(at, now, Relaxed, Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn tools(comparison: &Comparison, now: i64) -> Option<f64> {
        comparison.work_out(at(now), None);
        comparison.latest(at(now)).tool_success
    }

    #[test]
    fn contract_5_4_tool_success_is_of_two_hours_and_of_200_requests() {
        let comparison = Comparison::default();
        for request in 0..199 {
            comparison.tool_calls(request % 10 > 0, at(30_000));
        }
        assert_eq!(tools(&comparison, 30_000), None);
        comparison.tool_calls(true, at(30_000));
        assert_eq!(comparison.counts(at(30_000)), ToolCounts { successes: 180, failures: 20 });
        assert_eq!(tools(&comparison, 30_000), Some(0.9));
        assert_eq!(tools(&comparison, 30_000 + 7_100), Some(0.9));
        assert_eq!(tools(&comparison, 30_000 + 7_200), None);
    }

    #[test]
    fn it_is_worked_out_every_ten_seconds_and_holds_for_its_window() {
        let comparison = Comparison::default();
        comparison.refresh(at(30_000), || Some(5_000));
        comparison.refresh(at(30_009), || Some(7_000));
        assert_eq!(comparison.latest(at(30_009)).tokens_per_second, Some(5.0));
        comparison.refresh(at(30_010), || Some(7_000));
        for (now, expected) in
            [(30_010, Some(7.0)), (31_810, Some(7.0)), (31_811, None), (28_209, None)]
        {
            assert_eq!(comparison.latest(at(now)).tokens_per_second, expected, "{now}");
        }
        comparison.refresh(at(31_900), || None);
        assert_eq!(comparison.latest(at(31_900)), Quality::default());
    }
}
