//! When a call that no endpoint would serve is tried once more, and after how long.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use tollgate_providers::{Fault, FaultKind};

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

/// How much of the load may be retries: so that what failed because of too much load is not buried
/// under more of it.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    /// In tenths of a retry.
    tenths: AtomicI64,
}

/// A retry takes ten tenths and a call brings one: one call of ten may be tried again.
const RETRY: i64 = 10;
/// A hundred retries may be saved up.
const SAVED_MAX: i64 = 1_000;

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: AtomicI64::new(SAVED_MAX / 10) }
    }
}

impl RetryBudget {
    /// A call was admitted.
    pub(crate) fn earn(&self) {
        let more = |tenths: i64| (tenths < SAVED_MAX).then_some(tenths + 1);
        // Full already: nothing is lost.
        let _ = self.tenths.fetch_update(Relaxed, Relaxed, more);
    }

    /// Takes what a retry costs, if it is there.
    pub(crate) fn take(&self) -> bool {
        let less = |tenths: i64| (tenths >= RETRY).then_some(tenths - RETRY);
        self.tenths.fetch_update(Relaxed, Relaxed, less).is_ok()
    }
}

/// Whether an endpoint that failed so may answer when it is asked again: it was busy, or out of
/// reach, and took no money for it.
pub(crate) fn may_pass(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::RateLimited | FaultKind::Overloaded | FaultKind::Unreachable => true,
        FaultKind::Broken => fault.status.is_some_and(|status| status >= 500),
        _ => false,
    }
}

impl RetryPolicy {
    /// How long to wait before round `round` (from 1), with a random part from 0 to 1; `None` when
    /// there is to be none. `faults` are those of the round before.
    pub(crate) fn pause_before<'a>(
        &self,
        round: u32,
        faults: impl Iterator<Item = &'a Fault>,
        random: f64,
    ) -> Option<Duration> {
        if round > self.rounds_max {
            return None;
        }
        let wait = |fault: &Fault| fault.retry_after.unwrap_or_default();
        let asked = faults.filter(|fault| may_pass(fault)).map(wait).min()?;
        if asked > self.pause_max {
            return None;
        }
        let doubled = self.pause.saturating_mul(1 << (round - 1).min(16)).min(self.pause_max);
        // Half of it is certain, so that retries of calls that failed together come apart.
        let jittered = doubled.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
        Some(asked.max(jittered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, retry_after_ms: Option<u64>) -> Fault {
        let retry_after = retry_after_ms.map(Duration::from_millis);
        Fault { retry_after, ..Fault::new(kind) }
    }

    #[test]
    fn what_may_pass_is_waited_for_and_nothing_else() {
        let policy = RetryPolicy { rounds_max: 2, ..RetryPolicy::default() };
        let pause = |round, faults: &[Fault], random| {
            policy.pause_before(round, faults.iter(), random).map(|it| it.as_millis())
        };
        let busy = [fault(FaultKind::Overloaded, None)];
        assert_eq!(pause(1, &busy, 0.0), Some(125));
        assert_eq!(pause(1, &busy, 1.0), Some(250));
        assert_eq!(pause(2, &busy, 1.0), Some(500));
        assert_eq!(pause(3, &busy, 1.0), None);
        // The shortest wait that a provider asks for, if it is short enough.
        let told = |ms: u64| fault(FaultKind::RateLimited, Some(ms));
        assert_eq!(pause(1, &[told(2_000), told(900)], 0.0), Some(900));
        assert_eq!(pause(1, &[told(60_000)], 0.0), None);
        assert_eq!(pause(1, &[told(60_000), fault(FaultKind::Unreachable, None)], 0.0), Some(125));
        // Asking again would change nothing, or be paid for twice.
        for kind in
            [FaultKind::Rejected, FaultKind::Credential, FaultKind::Timeout, FaultKind::Empty]
        {
            assert_eq!(pause(1, &[fault(kind, None)], 0.0), None, "{kind:?}");
        }
        let broken = Fault { status: Some(500), ..fault(FaultKind::Broken, None) };
        assert_eq!(pause(1, &[broken], 0.0), Some(125));
        assert_eq!(pause(1, &[fault(FaultKind::Broken, None)], 0.0), None);
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
