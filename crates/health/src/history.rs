//! What is counted for whoever keeps it: outcomes by quarter of an hour, and what they say
//! afterwards.

use std::array;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tollgate_types::Timestamp;

use crate::outcome::{FailureKind, OutcomeKind};
use crate::tally::{Counts, LAST_RESORT_BELOW_PERCENT, UPTIME_OUTCOMES_MIN};
use crate::window::{place, stretch};

/// A quarter of an hour of UTC: its number since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuarterHour(i64);

impl QuarterHour {
    /// Its length in seconds.
    pub const SECONDS: i64 = 900;
    /// How many are in a day.
    pub const A_DAY: i64 = 96;

    /// The one that an instant is in.
    pub fn of(at: Timestamp) -> Self {
        Self(stretch(at, Self::SECONDS))
    }

    /// The one of a number.
    pub const fn of_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number since 1970.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When it begins.
    pub const fn starts_at(self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.saturating_mul(Self::SECONDS).saturating_mul(1_000))
    }

    /// The one that is so many later, or earlier.
    #[must_use]
    pub const fn plus(self, quarters: i64) -> Self {
        Self(self.0.saturating_add(quarters))
    }

    /// The first of the step that it is in, where steps are so many long and the first began in 1970.
    #[must_use]
    pub const fn first_of_step(self, quarters: i64) -> Self {
        match self.0.checked_rem_euclid(quarters) {
            Some(rest) => Self(self.0.saturating_sub(rest)),
            None => self,
        }
    }
}

/// How many attempts ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutcomeCounts([u64; OutcomeKind::ALL.len()]);

impl OutcomeCounts {
    /// Adds so many that ended so, held at the end of the range.
    pub fn add(&mut self, kind: OutcomeKind, count: u64) {
        if let Some(sum) = self.0.get_mut(kind.place()) {
            *sum = sum.saturating_add(count);
        }
    }

    /// Adds `other`, held at the end of the range.
    pub fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|(kind, count)| self.add(kind, count));
    }

    /// Those that occurred, in the order of [`OutcomeKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (OutcomeKind, u64)> {
        OutcomeKind::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// The same by class.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (kind, count) in self.iter() {
            let sum = match kind {
                OutcomeKind::Success => &mut counts.successes,
                OutcomeKind::Failure(_) => &mut counts.failures,
                OutcomeKind::RateLimited => &mut counts.rate_limited,
                OutcomeKind::Callers => &mut counts.callers,
            };
            *sum = sum.saturating_add(count);
        }
        counts
    }

    /// The failures that occurred, in the order of [`FailureKind::ALL`].
    pub fn failures(&self) -> impl Iterator<Item = (FailureKind, u64)> {
        self.iter().filter_map(|(kind, count)| match kind {
            OutcomeKind::Failure(kind) => Some((kind, count)),
            OutcomeKind::Success | OutcomeKind::RateLimited | OutcomeKind::Callers => None,
        })
    }
}

impl FromIterator<(OutcomeKind, u64)> for OutcomeCounts {
    fn from_iter<I: IntoIterator<Item = (OutcomeKind, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|(kind, count)| all.add(kind, count));
        all
    }
}

/// What has been counted and not been taken yet, of this quarter of an hour and of the one before.
///
/// There are two places, for quarters of even and of odd numbers. Whoever takes what they hold at
/// least once in a quarter takes everything under the quarter in which it happened; what lies for
/// longer is taken under a later one, and never lost.
#[derive(Debug, Default)]
pub(crate) struct Unwritten([[AtomicU64; OutcomeKind::ALL.len()]; 2]);

impl Unwritten {
    /// An attempt has ended so.
    pub(crate) fn count(&self, kind: OutcomeKind, now: Timestamp) {
        let counts = self.0.get(place(QuarterHour::of(now).0, self.0.len()));
        if let Some(count) = counts.and_then(|counts| counts.get(kind.place())) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Takes all of it.
    pub(crate) fn take(&self, now: Timestamp) -> [(QuarterHour, OutcomeCounts); 2] {
        let current = QuarterHour::of(now);
        [current.plus(-1), current].map(|quarter| {
            let counts = self.0.get(place(quarter.0, self.0.len()));
            let taken = counts.map(|counts| {
                // Most of it is nothing, most of the time; and this is read by others, too.
                let take = |it: &AtomicU64| match it.load(Relaxed) {
                    0 => 0,
                    _ => it.swap(0, Relaxed),
                };
                OutcomeCounts(array::from_fn(|place| counts.get(place).map_or(0, take)))
            });
            (quarter, taken.unwrap_or_default())
        })
    }
}

/// A time in which an endpoint mostly could not be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// The first quarter of an hour of it.
    pub began: QuarterHour,
    /// The first one behind it; `None` while it lasts.
    pub ended: Option<QuarterHour>,
    /// How attempts ended meanwhile.
    pub counts: OutcomeCounts,
}

/// The incidents of an endpoint, oldest first: consecutive quarters of an hour, each of which
/// [shows one](Counts::show_incident). The last one lasts when it reaches the quarter of `now`, or
/// the one before where there is too little yet to say how this one goes.
///
/// Quarters that show none may be left out, but for that of `now`.
pub fn incidents(quarters: &BTreeMap<QuarterHour, OutcomeCounts>, now: Timestamp) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    for (quarter, counts) in quarters.iter().filter(|(_, it)| it.counts().show_incident()) {
        let ended = Some(quarter.plus(1));
        match incidents.last_mut().filter(|last| last.ended == Some(*quarter)) {
            Some(last) => {
                last.ended = ended;
                last.counts.add_all(counts);
            }
            None => incidents.push(Incident { began: *quarter, ended, counts: *counts }),
        }
    }
    let current = QuarterHour::of(now);
    let begun = quarters.get(&current).copied().unwrap_or_default();
    let first_that_ends = if begun.counts().uptime().is_some() { current.plus(1) } else { current };
    if let Some(last) = incidents.last_mut().filter(|last| last.ended >= Some(first_that_ends)) {
        last.ended = None;
    }
    incidents
}

impl Counts {
    /// Whether so many are an incident, for a quarter of an hour: enough to say what their uptime is,
    /// which is that of the last tier (contract §5.3).
    pub const fn show_incident(&self) -> bool {
        let total = self.outcomes();
        let needed = total.saturating_mul(LAST_RESORT_BELOW_PERCENT);
        total >= UPTIME_OUTCOMES_MIN && self.successes.saturating_mul(100) < needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_988_889;

    fn counts(successes: u64, timeouts: u64, others: u64) -> OutcomeCounts {
        OutcomeCounts::from_iter([
            (OutcomeKind::Success, successes),
            (OutcomeKind::Failure(FailureKind::Timeout), timeouts),
            (OutcomeKind::RateLimited, others),
            (OutcomeKind::Callers, others),
        ])
    }

    /// Of quarters before this one, with successes and failures: which are incidents, from when to
    /// when, and how many of how many failed.
    #[test]
    fn incidents_are_consecutive_quarters_of_an_uptime_below_80() {
        type Counted = &'static [(i64, u64, u64)];
        type Told = &'static [(i64, Option<i64>, u64, u64)];
        let cases: [(Counted, Told); 12] = [
            (&[], &[]),
            (&[(-9, 0, 4)], &[]),
            (&[(-9, 0, 5)], &[(-9, Some(-8), 5, 5)]),
            (&[(-9, 4, 1)], &[]),
            (&[(-9, 79, 21)], &[(-9, Some(-8), 21, 100)]),
            (&[(-9, 80, 20)], &[]),
            (&[(-9, 1, 9), (-8, 0, 5), (-7, 9, 0)], &[(-9, Some(-7), 14, 15)]),
            (&[(-9, 1, 9), (-7, 0, 5)], &[(-9, Some(-8), 9, 10), (-7, Some(-6), 5, 5)]),
            // It lasts, as far as can be told.
            (&[(-1, 0, 9), (0, 0, 9)], &[(-1, None, 18, 18)]),
            (&[(-1, 0, 9)], &[(-1, None, 9, 9)]),
            (&[(-1, 0, 9), (0, 4, 0)], &[(-1, None, 9, 9)]),
            (&[(-1, 0, 9), (0, 5, 0)], &[(-1, Some(0), 9, 9)]),
        ];
        let now = QuarterHour::of_number(NOW);
        for (quarters, expected) in cases {
            let quarters = quarters.iter().map(|(place, successes, failures)| {
                (now.plus(*place), counts(*successes, *failures, 1_000))
            });
            let told: Vec<_> = incidents(&quarters.collect(), now.starts_at().plus_millis(7))
                .into_iter()
                .map(|it| {
                    let place = |it: QuarterHour| it.number() - NOW;
                    let Counts { failures, .. } = it.counts.counts();
                    let of = it.counts.counts().outcomes();
                    (place(it.began), it.ended.map(place), failures, of)
                })
                .collect();
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn steps_begin_where_quarters_do() {
        for (number, quarters, first) in [
            (0, 96, 0),
            (95, 96, 0),
            (96, 96, 96),
            (-1, 96, -96),
            (23, 24, 0),
            (7, 1, 7),
            (7, 0, 7),
        ] {
            let step = QuarterHour::of_number(number).first_of_step(quarters);
            assert_eq!(step.number(), first, "{number} {quarters}");
        }
        let last = QuarterHour::of_number(i64::MAX);
        assert_eq!(last.starts_at().unix_millis(), i64::MAX);
        assert_eq!(QuarterHour::of(last.starts_at()).plus(i64::MAX), last);
    }

    #[test]
    fn what_is_taken_is_of_its_quarter_and_taken_once() {
        let at = |quarter: i64, seconds: i64| {
            QuarterHour::of_number(NOW + quarter).starts_at().plus_millis(seconds * 1_000)
        };
        let unwritten = Unwritten::default();
        unwritten.count(OutcomeKind::Success, at(0, 899));
        unwritten.count(OutcomeKind::Failure(FailureKind::Timeout), at(1, 0));
        unwritten.count(OutcomeKind::Success, at(1, 1));
        let [before, current] = unwritten.take(at(1, 5));
        assert_eq!(before, (QuarterHour::of_number(NOW), counts(1, 0, 0)));
        assert_eq!(current, (QuarterHour::of_number(NOW + 1), counts(1, 1, 0)));
        assert!(unwritten.take(at(1, 5)).into_iter().all(|(_, it)| it == OutcomeCounts::default()));
        // What lay for long is told late, and not lost.
        unwritten.count(OutcomeKind::Callers, at(1, 5));
        let late = unwritten.take(at(8, 0));
        assert_eq!(
            late.map(|(quarter, it)| (quarter.number() - NOW, it.counts().callers)),
            [(7, 1), (8, 0)]
        );
    }
}
