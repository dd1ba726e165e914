//! The circuit breaker: an endpoint that keeps failing is not called, then tried by one caller.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tollgate_types::Timestamp;

use crate::deadline::{Deadline, after, millis};
use crate::tally::{OUTAGE_WINDOW, Recent};

/// When the circuit opens, and for how long. Zeros are read as the least that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// So many counted failures in a row open it. 5: two or three may be one hiccup of a call that
    /// was tried again.
    pub failures_in_a_row: u32,
    /// So many of a hundred counted outcomes of the last 30 s have to be failures to open it. 50: it
    /// fails more calls than it serves.
    pub failures_percent: u32,
    /// With fewer counted outcomes in the last 30 s the share is not looked at. 10.
    pub outcomes_min: u32,
    /// How long it stays open the first time; twice as long each time that a probe fails. 1 s.
    pub open_min: Duration,
    /// How long it stays open at most. 60 s.
    pub open_max: Duration,
    /// A probe that has not reported back by then is taken for lost, and another may go. 30 s.
    pub probe_timeout: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            failures_percent: 50,
            outcomes_min: 10,
            open_min: Duration::from_secs(1),
            open_max: Duration::from_mins(1),
            probe_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether an endpoint may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Circuit {
    /// By everybody.
    #[default]
    Closed,
    /// By whoever is granted the probe.
    HalfOpen,
    /// By nobody until then.
    Open {
        /// When a probe is granted.
        until: Timestamp,
    },
}

/// The state of one circuit. It is one word, so that every change is one exchange and of all who
/// ask for the probe exactly one gets it.
///
/// Results that come while it is open are of calls that began before, and change nothing. When it is
/// half open, whoever succeeds closes it and whoever fails opens it again, probe or not.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    word: AtomicU64,
    failures_in_a_row: AtomicU32,
    /// Failures from before the circuit closed don't open it again.
    closed_until: Deadline,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            word: AtomicU64::new(CLOSED),
            failures_in_a_row: AtomicU32::new(0),
            closed_until: Deadline::default(),
        }
    }

    /// Whether the endpoint may be called now.
    pub(crate) fn circuit(&self, now: Timestamp) -> Circuit {
        match Tripped::read(self.word.load(Relaxed)) {
            None => Circuit::Closed,
            Some(tripped) if tripped.is_probed => Circuit::HalfOpen,
            Some(tripped) => match self.ahead(tripped, now) {
                Some(until) => Circuit::Open { until },
                None => Circuit::HalfOpen,
            },
        }
    }

    /// Whether the one who asks may call: always when closed, one at a time when half open.
    pub(crate) fn try_probe(&self, now: Timestamp) -> bool {
        let granted = self.word.try_update(Relaxed, Relaxed, |word| {
            let tripped = Tripped::read(word)?;
            if self.ahead(tripped, now).is_some() {
                return None;
            }
            let until = held(after(now, self.policy.probe_timeout));
            Some(Tripped { until, is_probed: true, ..tripped }.word())
        });
        match granted {
            Ok(_) => true,
            Err(word) => word == CLOSED,
        }
    }

    /// A call succeeded.
    pub(crate) fn succeeded(&self, now: Timestamp) {
        self.failures_in_a_row.store(0, Relaxed);
        let closed = self.word.try_update(Relaxed, Relaxed, |word| {
            self.is_half_open(Tripped::read(word)?, now).then_some(CLOSED)
        });
        if closed.is_ok() {
            self.closed_until.set(after(now, OUTAGE_WINDOW));
        }
    }

    /// A call failed in a way that counts, and is among the `recent` outcomes already.
    pub(crate) fn failed(&self, recent: &Recent, now: Timestamp) {
        let in_a_row = self.failures_in_a_row.fetch_add(1, Relaxed).saturating_add(1);
        let trips = in_a_row >= self.policy.failures_in_a_row.max(1) || self.share(recent, now);
        let changed = self.word.try_update(Relaxed, Relaxed, |word| {
            let reopened = match Tripped::read(word) {
                None if trips => 0,
                Some(tripped) if self.is_half_open(tripped, now) => {
                    tripped.reopened.saturating_add(1).min(REOPENED_MAX)
                }
                _ => return None,
            };
            let until = held(after(now, self.open_for(reopened)));
            Some(Tripped { until, is_probed: false, reopened }.word())
        });
        if changed.is_ok() {
            self.failures_in_a_row.store(0, Relaxed);
        }
    }

    /// A call ended without a verdict: if it was the probe, another may go.
    pub(crate) fn passed(&self, now: Timestamp) {
        // Refused where no probe is out: then there is nothing to release.
        let _ = self.word.try_update(Relaxed, Relaxed, |word| {
            let tripped = Tripped::read(word).filter(|it| it.is_probed)?;
            Some(Tripped { until: held(now), is_probed: false, ..tripped }.word())
        });
    }

    /// Whether too large a share of the recent outcomes are failures. Those in the second in which
    /// the circuit closed are from before, or as good as.
    fn share(&self, recent: &Recent, now: Timestamp) -> bool {
        let since_closed = self.closed_until.pending(now, OUTAGE_WINDOW).map(|until| {
            let closed_at = until.plus_millis(millis(OUTAGE_WINDOW).saturating_neg());
            now.unix_seconds().saturating_sub(closed_at.unix_seconds())
        });
        let (successes, failures) =
            recent.within(now, since_closed.and_then(|it| u32::try_from(it).ok()));
        let total = successes.saturating_add(failures);
        total >= u64::from(self.policy.outcomes_min.max(1))
            && failures.saturating_mul(100)
                >= total.saturating_mul(u64::from(self.policy.failures_percent.max(1)))
    }

    fn open_for(&self, reopened: u8) -> Duration {
        let doubled = 1_u32.checked_shl(reopened.into()).unwrap_or(u32::MAX);
        self.policy.open_min.saturating_mul(doubled).min(self.policy.open_max)
    }

    fn is_half_open(&self, tripped: Tripped, now: Timestamp) -> bool {
        tripped.is_probed || self.ahead(tripped, now).is_none()
    }

    /// The instant that a tripped circuit waits for, when it is ahead and not farther than it can
    /// be: else the clock went back.
    fn ahead(&self, tripped: Tripped, now: Timestamp) -> Option<Timestamp> {
        let longest =
            if tripped.is_probed { self.policy.probe_timeout } else { self.policy.open_max };
        let ahead = tripped.until.saturating_sub(held(now));
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        (ahead > 0 && ahead <= longest)
            .then(|| Timestamp::from_unix_millis(i64::try_from(tripped.until).unwrap_or(i64::MAX)))
    }
}

/// The word of a closed circuit.
const CLOSED: u64 = 0;
/// The bit that tells a tripped circuit from a closed one.
const TRIPPED: u64 = 1;
/// The bit of a probe that is out.
const PROBED: u64 = 1 << 1;
/// From here on the times that it was opened again, in six bits.
const REOPENED_SHIFT: u32 = 2;
const REOPENED_MAX: u8 = 63;
/// From here on an instant in milliseconds, in 48 bits: until the year 10889.
const UNTIL_SHIFT: u32 = 8;
const UNTIL_MAX: u64 = (1 << 48) - 1;

/// A circuit that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tripped {
    /// When a probe is granted, or when the one that is out is taken for lost.
    until: u64,
    is_probed: bool,
    reopened: u8,
}

impl Tripped {
    fn read(word: u64) -> Option<Self> {
        (word & TRIPPED != 0).then(|| Self {
            until: word >> UNTIL_SHIFT,
            is_probed: word & PROBED != 0,
            reopened: u8::try_from((word >> REOPENED_SHIFT) & u64::from(REOPENED_MAX))
                .unwrap_or(REOPENED_MAX),
        })
    }

    fn word(self) -> u64 {
        let probed = if self.is_probed { PROBED } else { 0 };
        let reopened = u64::from(self.reopened.min(REOPENED_MAX)) << REOPENED_SHIFT;
        TRIPPED | probed | reopened | (self.until.min(UNTIL_MAX) << UNTIL_SHIFT)
    }
}

/// An instant as the word can hold it.
fn held(at: Timestamp) -> u64 {
    u64::try_from(at.unix_millis()).unwrap_or(0).min(UNTIL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_what_was_written() {
        for (until, is_probed, reopened) in
            [(0, false, 0), (1, true, 1), (1_790_000_000_123, false, 7), (UNTIL_MAX, true, 63)]
        {
            let tripped = Tripped { until, is_probed, reopened };
            assert_eq!(Tripped::read(tripped.word()), Some(tripped));
        }
        assert_eq!(Tripped::read(CLOSED), None);
    }
}
