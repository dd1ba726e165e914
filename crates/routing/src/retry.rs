//! When a call that no endpoint would serve is tried once more, and after how long.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

/// What limits trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often the whole plan is gone through again.
    pub rounds_max: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause, and the longest that a provider's `Retry-After` is waited for.
    pub pause_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { rounds_max: 1, pause: Duration::from_millis(250), pause_max: Duration::from_secs(3) }
    }
}

impl RetryPolicy {
    /// How long to wait before round `round` (from 1), with a random part from 0 to 1; `None` when
    /// there is to be none. `waits` is of the endpoints that may answer when they are asked again:
    /// how long each wants to be left alone, zero where it did not say.
    pub fn pause_before(
        &self,
        round: u32,
        waits: impl Iterator<Item = Duration>,
        random: f64,
    ) -> Option<Duration> {
        if round > self.rounds_max {
            return None;
        }
        let asked = waits.min()?;
        if asked > self.pause_max {
            return None;
        }
        let doublings = round.saturating_sub(1).min(16);
        let doubled = self.pause.saturating_mul(1 << doublings).min(self.pause_max);
        // Half of it is certain, so that retries of calls that failed together come apart.
        let jittered = doubled.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
        Some(asked.max(jittered))
    }
}

/// How much of the load may be retries: so that what failed because of too much load is not buried
/// under more of it. One call of ten may be tried again, and a hundred retries may be saved up.
#[derive(Debug)]
pub struct RetryBudget {
    /// In tenths of a retry.
    tenths: AtomicI64,
}

/// A retry takes ten tenths and a call brings one.
const RETRY: i64 = 10;
/// A hundred retries.
const SAVED_MAX: i64 = 1_000;

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: AtomicI64::new(SAVED_MAX / 10) }
    }
}

impl RetryBudget {
    /// A call was admitted.
    pub fn earn(&self) {
        let more = |tenths: i64| (tenths < SAVED_MAX).then_some(tenths + 1);
        // Full already: nothing is lost.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, more);
    }

    /// Takes what a retry costs, if it is there.
    pub fn take(&self) -> bool {
        let less = |tenths: i64| (tenths >= RETRY).then_some(tenths - RETRY);
        self.tenths.fetch_update(Relaxed, Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_wait_is_kept_to_and_pauses_grow() {
        let policy = RetryPolicy { rounds_max: 2, ..RetryPolicy::default() };
        let pause = |round, waits: &[u64], random| {
            let waits = waits.iter().copied().map(Duration::from_millis);
            policy.pause_before(round, waits, random).map(|it| it.as_millis())
        };
        assert_eq!(pause(1, &[0], 0.0), Some(125));
        assert_eq!(pause(1, &[0], 1.0), Some(250));
        assert_eq!(pause(2, &[0], 1.0), Some(500));
        assert_eq!(pause(3, &[0], 1.0), None);
        // The shortest wait that a provider asks for, if it is short enough.
        assert_eq!(pause(1, &[2_000, 900], 0.0), Some(900));
        assert_eq!(pause(1, &[60_000], 0.0), None);
        assert_eq!(pause(1, &[60_000, 0], 0.0), Some(125));
        assert_eq!(pause(1, &[], 0.0), None);
    }

    #[test]
    fn one_call_of_ten_may_be_tried_again() {
        let budget = RetryBudget::default();
        let spend = || (0..1_000).filter(|_| budget.take()).count();
        assert_eq!(spend(), 10);
        for _ in 0..95 {
            budget.earn();
        }
        assert_eq!(spend(), 9);
        for _ in 0..100_000 {
            budget.earn();
        }
        assert_eq!(spend(), 100);
    }
}
