//! How attempts ended, over 30 seconds, 5 minutes, 30 minutes and a day.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering::Relaxed};
use std::time::Duration;

use tollgate_types::Timestamp;

use crate::deadline::{Deadline, after};
use crate::history::{OutcomeCounts, QuarterHour, Unwritten};
use crate::outcome::{FailureKind, Outcome};
use crate::standing::UptimeTier;
use crate::window::{Ring, stretch};

/// How long an outage is held against an endpoint (contract §5.3).
pub const OUTAGE_WINDOW: Duration = Duration::from_secs(30);
/// With fewer counted outcomes there is no uptime (contract §6.7: null if too little data). One
/// failure of five is a fifth; one of two is chance.
pub const UPTIME_OUTCOMES_MIN: u64 = 5;
/// With fewer counted outcomes in a day an endpoint is in the normal tier (contract §5.3).
pub const TIER_OUTCOMES_MIN: u64 = 100;
/// Below this uptime, of a hundred, an endpoint is in the last tier (contract §5.3).
pub const LAST_RESORT_BELOW_PERCENT: u64 = 80;

/// With fewer counted outcomes in the window their share says nothing.
const OUTAGE_OUTCOMES_MIN: u64 = 3;
const OUTAGE_BUCKETS: u32 = 30;
const FIVE_MINUTES_BUCKETS: u32 = 10;
const HALF_HOUR_BUCKETS: u32 = 60;
const DAY_BUCKETS: u32 = 96;
const DAY_BUCKET_SECONDS: i64 = QuarterHour::SECONDS;

type Seconds = Ring<30, 1>;
type HalfHour = Ring<60, 30>;
type Day = Ring<96, DAY_BUCKET_SECONDS>;

/// How many attempts ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Whole answers.
    pub successes: u64,
    /// Counted failures.
    pub failures: u64,
    /// Refusals for their rate: in no uptime.
    pub rate_limited: u64,
    /// What the callers ended or must mend: in no uptime.
    pub callers: u64,
}

impl Counts {
    /// success / (success + errors), of a hundred (contract §6.7); `None` with fewer than
    /// [`UPTIME_OUTCOMES_MIN`] of both.
    pub fn uptime(&self) -> Option<f64> {
        let total = self.outcomes();
        if total < UPTIME_OUTCOMES_MIN {
            return None;
        }
        let share =
            u128::from(self.successes).saturating_mul(1_000_000).checked_div(u128::from(total))?;
        // Four digits after the point: enough for people and for metrics.
        u32::try_from(share).ok().map(|it| f64::from(it) / 10_000.0)
    }

    /// Those that count.
    pub(crate) const fn outcomes(&self) -> u64 {
        self.successes.saturating_add(self.failures)
    }

    fn tier(&self) -> UptimeTier {
        let total = self.outcomes();
        let at_least =
            |percent| self.successes.saturating_mul(100) >= total.saturating_mul(percent);
        if total < TIER_OUTCOMES_MIN || at_least(95) {
            UptimeTier::Normal
        } else if at_least(LAST_RESORT_BELOW_PERCENT) {
            UptimeTier::Lowered
        } else {
            UptimeTier::LastResort
        }
    }
}

/// The counted outcomes of the last 30 seconds.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    successes: Seconds,
    failures: Seconds,
}

impl Recent {
    /// Successes and failures of the last so many seconds, or of all 30.
    pub(crate) fn within(&self, now: Timestamp, seconds: Option<u32>) -> (u64, u64) {
        let buckets = seconds.unwrap_or(OUTAGE_BUCKETS).min(OUTAGE_BUCKETS);
        (self.successes.sum(now, buckets), self.failures.sum(now, buckets))
    }

    fn mostly_failed(&self, now: Timestamp) -> bool {
        let (successes, failures) = self.within(now, None);
        successes.saturating_add(failures) >= OUTAGE_OUTCOMES_MIN && failures > successes
    }
}

/// Everything that is counted of one endpoint.
///
/// # What a significant outage is
///
/// The contract (§5.3) doesn't say. Here a failure shows one when, of at least three counted
/// outcomes of the last 30 seconds, more than half failed, or when the outcome before it was a
/// failure too, not more than 30 seconds ago. The first is for an endpoint that fails now and then,
/// the second for one that has just stopped working: it would take as many failures as there were
/// successes to see that by their share. One failure alone is no outage: it would put the cheapest
/// endpoint of a quiet gateway last, for a hiccup.
///
/// The outage is held against the endpoint for 30 seconds after the last failure that showed it, or
/// until a success after which no longer more than half have failed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) recent: Recent,
    half_hour: [HalfHour; CLASSES],
    day: [Day; CLASSES],
    kinds: [HalfHour; FailureKind::ALL.len()],
    unwritten: Unwritten,
    outage_until: Deadline,
    /// Until when a failure makes the last one the first of two.
    failed_until: Deadline,
    tier: AtomicU8,
    /// The day's bucket in which the tier was worked out last.
    tier_stretch: AtomicI64,
    /// The second in which a success more leaves the tier as it was worked out: it is the highest, and
    /// of enough outcomes. In the next one it is looked at again: another thread may have counted a
    /// failure meanwhile.
    tier_stays_in: AtomicI64,
}

impl Tally {
    /// Counts an attempt.
    pub(crate) fn observe(&self, outcome: Outcome, now: Timestamp) {
        let class = class(outcome);
        if let (Some(half_hour), Some(day)) = (self.half_hour.get(class), self.day.get(class)) {
            half_hour.add(now);
            day.add(now);
        }
        self.unwritten.count(outcome.into(), now);
        match outcome {
            Outcome::Success => self.succeeded(now),
            Outcome::Failure(kind) => self.failed(kind, now),
            Outcome::RateLimited { .. } | Outcome::Callers => {}
        }
    }

    /// Takes what was counted and not taken yet.
    pub(crate) fn take_unwritten(&self, now: Timestamp) -> [(QuarterHour, OutcomeCounts); 2] {
        self.unwritten.take(now)
    }

    /// Counts what happened in a quarter of an hour of the day that ends now.
    pub(crate) fn recall(&self, quarter: QuarterHour, counts: &OutcomeCounts, now: Timestamp) {
        let age = QuarterHour::of(now).number().saturating_sub(quarter.number());
        if !(0..QuarterHour::A_DAY).contains(&age) {
            return;
        }
        let Counts { successes, failures, rate_limited, callers } = counts.counts();
        for (ring, count) in self.day.iter().zip([successes, failures, rate_limited, callers]) {
            if count > 0 {
                ring.add_past(quarter.number(), count);
            }
        }
        self.work_out_tier(now);
    }

    /// Whether there was no significant outage in the last 30 seconds (contract §5.3).
    pub(crate) fn is_stable(&self, now: Timestamp) -> bool {
        self.outage_until.pending(now, OUTAGE_WINDOW).is_none()
    }

    /// The tier of the day's uptime. It is worked out when an outcome is counted, and here when the
    /// oldest quarter of an hour has left the day since.
    pub(crate) fn tier(&self, now: Timestamp) -> UptimeTier {
        if self.tier_stretch.load(Relaxed) != stretch(now, DAY_BUCKET_SECONDS) {
            self.work_out_tier(now);
        }
        UptimeTier::from_rank(self.tier.load(Relaxed))
    }

    pub(crate) fn five_minutes(&self, now: Timestamp) -> Counts {
        counts(&self.half_hour, |ring| ring.sum(now, FIVE_MINUTES_BUCKETS))
    }

    pub(crate) fn half_hour(&self, now: Timestamp) -> Counts {
        counts(&self.half_hour, |ring| ring.sum(now, HALF_HOUR_BUCKETS))
    }

    pub(crate) fn day(&self, now: Timestamp) -> Counts {
        counts(&self.day, |ring| ring.sum(now, DAY_BUCKETS))
    }

    /// Failures by kind over 30 minutes, those that occurred.
    pub(crate) fn kinds(&self, now: Timestamp) -> Vec<(FailureKind, u64)> {
        let sums = self.kinds.iter().map(|ring| ring.sum(now, HALF_HOUR_BUCKETS));
        FailureKind::ALL.into_iter().zip(sums).filter(|(_, count)| *count > 0).collect()
    }

    fn succeeded(&self, now: Timestamp) {
        self.recent.successes.add(now);
        self.failed_until.clear();
        if !self.is_stable(now) && !self.recent.mostly_failed(now) {
            self.outage_until.clear();
        }
        if self.tier_stays_in.load(Relaxed) != stretch(now, 1) {
            self.work_out_tier(now);
        }
    }

    fn failed(&self, kind: FailureKind, now: Timestamp) {
        self.recent.failures.add(now);
        if let Some(ring) = FailureKind::ALL
            .iter()
            .position(|it| *it == kind)
            .and_then(|position| self.kinds.get(position))
        {
            ring.add(now);
        }
        let until = after(now, OUTAGE_WINDOW);
        let is_second = self.failed_until.renew(until, now, OUTAGE_WINDOW);
        if is_second || self.recent.mostly_failed(now) {
            self.outage_until.extend(until, now, OUTAGE_WINDOW);
        }
        self.work_out_tier(now);
    }

    fn work_out_tier(&self, now: Timestamp) {
        self.tier_stretch.store(stretch(now, DAY_BUCKET_SECONDS), Relaxed);
        let day = self.day(now);
        let tier = day.tier();
        let stays = tier == UptimeTier::Normal && day.outcomes() >= TIER_OUTCOMES_MIN;
        self.tier.store(tier.rank(), Relaxed);
        self.tier_stays_in.store(if stays { stretch(now, 1) } else { i64::MIN }, Relaxed);
    }
}

/// How many classes of outcomes there are: see [`class`].
const CLASSES: usize = 4;

/// The place of an outcome among the classes, which is that of its count in [`Counts`].
const fn class(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Success => 0,
        Outcome::Failure(_) => 1,
        Outcome::RateLimited { .. } => 2,
        Outcome::Callers => 3,
    }
}

fn counts<R>(rings: &[R; CLASSES], sum: impl Fn(&R) -> u64) -> Counts {
    let [successes, failures, rate_limited, callers] = rings.each_ref().map(sum);
    Counts { successes, failures, rate_limited, callers }
}
