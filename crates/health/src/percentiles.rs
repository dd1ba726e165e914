//! How fast an endpoint is: percentiles over the last 5 and 30 minutes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

use histogram::{AtomicHistogram32, Histogram32};
use tollgate_types::Timestamp;

use crate::window::{place, stretch};

/// What so many of a hundred measurements stay at or below (contract §6.7).
///
/// Exact below 32 units of what is kept (milliseconds, or thousandths of a token per second), else
/// within 3.2 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// Half of them.
    pub p50: f64,
    /// Three quarters.
    pub p75: f64,
    /// Nine of ten.
    pub p90: f64,
    /// All but one of a hundred.
    pub p99: f64,
}

/// Every power of two of the range has two to the power of this many buckets.
const GROUPING_POWER: u8 = 4;
/// Two to the power of this is the end of the range: 4.6 hours in milliseconds, 16 777 tokens per
/// second in thousandths.
const RANGE_POWER: u8 = 24;
/// The largest value that is told apart; what is more is counted as this.
const VALUE_MAX: u64 = (1 << RANGE_POWER) - 1;

const QUANTILES: [f64; 4] = [0.5, 0.75, 0.9, 0.99];

const SHORT_SLOTS: usize = 10;
const SHORT_SLOT_SECONDS: i64 = 30;
const LONG_SLOTS: usize = 6;
const LONG_SLOT_SECONDS: i64 = 300;

/// The percentiles of 5 minutes are worked out at most this often.
const WORKED_OUT_EVERY_MILLIS: u64 = 1_000;
/// Percentiles that were worked out longer ago than this are of measurements that are over.
const WORKED_OUT_HOLD_MILLIS: u64 = 300_000;

/// Measurements of one kind, as whole numbers.
///
/// They are kept in histograms, one for each stretch of time, of 21 kB together, made with the first
/// measurement. The histogram of an older stretch is emptied by whoever writes to it next; who
/// writes at the same moment may lose a measurement, or leave an old one in.
#[derive(Debug, Default)]
pub(crate) struct Measurements {
    histograms: OnceLock<Box<Histograms>>,
    worked_out: WorkedOut,
}

impl Measurements {
    /// Adds a measurement.
    pub(crate) fn add(&self, value: u64, now: Timestamp) {
        let histograms = self.histograms.get_or_init(Box::default);
        histograms.short.add(value, now);
        histograms.long.add(value, now);
        self.worked_out.is_behind.store(true, Relaxed);
        self.refresh(now);
    }

    /// Works the percentiles of 5 minutes out when there is something new, at most once a second.
    pub(crate) fn refresh(&self, now: Timestamp) {
        if self.worked_out.is_behind.load(Relaxed) && self.worked_out.take_turn(now) {
            self.work_out(now);
        }
    }

    /// Works the percentiles of 5 minutes out now.
    pub(crate) fn work_out(&self, now: Timestamp) {
        let Some(histograms) = self.histograms.get() else { return };
        self.worked_out.is_behind.store(false, Relaxed);
        self.worked_out.store(histograms.short.quantiles(now), now);
    }

    /// The percentiles of 5 minutes as they were worked out last: five atomic loads.
    pub(crate) fn latest(&self, now: Timestamp, unit: f64) -> Option<Percentiles> {
        self.worked_out.load(now).map(|values| Percentiles::of(values, unit))
    }

    /// The percentiles of 30 minutes, worked out now.
    pub(crate) fn half_hour(&self, now: Timestamp, unit: f64) -> Option<Percentiles> {
        let values = self.histograms.get()?.long.quantiles(now)?;
        Some(Percentiles::of(values, unit))
    }

    /// The median of 30 minutes as it is kept, worked out now.
    pub(crate) fn half_hour_median(&self, now: Timestamp) -> Option<u32> {
        let [median, ..] = self.histograms.get()?.long.quantiles(now)?;
        Some(median)
    }
}

impl Percentiles {
    fn of([p50, p75, p90, p99]: [u32; 4], unit: f64) -> Self {
        // Halves of two moments could be out of order.
        let p75 = p75.max(p50);
        let p90 = p90.max(p75);
        let p99 = p99.max(p90);
        let [p50, p75, p90, p99] = [p50, p75, p90, p99].map(|it| f64::from(it) / unit);
        Self { p50, p75, p90, p99 }
    }
}

/// What was worked out last.
#[derive(Debug)]
struct WorkedOut {
    is_behind: AtomicBool,
    at: AtomicI64,
    /// p50 and p75.
    lower: AtomicU64,
    /// p90 and p99.
    upper: AtomicU64,
}

/// In place of a pair where nothing was measured.
const NOTHING: u64 = u64::MAX;

impl Default for WorkedOut {
    fn default() -> Self {
        Self {
            is_behind: AtomicBool::new(false),
            at: AtomicI64::new(i64::MIN),
            lower: AtomicU64::new(NOTHING),
            upper: AtomicU64::new(NOTHING),
        }
    }
}

impl WorkedOut {
    /// Whether it is time, and the turn of the one who asks.
    fn take_turn(&self, now: Timestamp) -> bool {
        let now = now.unix_millis();
        self.at
            .try_update(Relaxed, Relaxed, |at| {
                (now.abs_diff(at) >= WORKED_OUT_EVERY_MILLIS).then_some(now)
            })
            .is_ok()
    }

    fn store(&self, values: Option<[u32; 4]>, now: Timestamp) {
        let pair = |low: u32, high: u32| u64::from(low) | (u64::from(high) << 32);
        let (lower, upper) = values
            .map_or((NOTHING, NOTHING), |[p50, p75, p90, p99]| (pair(p50, p75), pair(p90, p99)));
        self.lower.store(lower, Relaxed);
        self.upper.store(upper, Relaxed);
        self.at.store(now.unix_millis(), Relaxed);
    }

    fn load(&self, now: Timestamp) -> Option<[u32; 4]> {
        let age = now.unix_millis().abs_diff(self.at.load(Relaxed));
        let (lower, upper) = (self.lower.load(Relaxed), self.upper.load(Relaxed));
        if age > WORKED_OUT_HOLD_MILLIS || lower == NOTHING || upper == NOTHING {
            return None;
        }
        let half = |it| u32::try_from(it).unwrap_or(u32::MAX);
        let low = |pair| half(pair & u64::from(u32::MAX));
        let high = |pair: u64| half(pair >> 32);
        Some([low(lower), high(lower), low(upper), high(upper)])
    }
}

#[derive(Debug)]
struct Histograms {
    short: Slots,
    long: Slots,
}

impl Default for Histograms {
    fn default() -> Self {
        Self {
            short: Slots::new(SHORT_SLOTS, SHORT_SLOT_SECONDS),
            long: Slots::new(LONG_SLOTS, LONG_SLOT_SECONDS),
        }
    }
}

/// A ring of histograms, each for so many seconds.
#[derive(Debug)]
struct Slots {
    slots: Box<[Slot]>,
    seconds: i64,
}

#[derive(Debug)]
struct Slot {
    stretch: AtomicI64,
    values: AtomicHistogram32,
}

impl Slots {
    fn new(slots: usize, seconds: i64) -> Self {
        let slot = |_| {
            // Only powers that don't fit together are refused, and these are constants that do.
            let values = AtomicHistogram32::new(GROUPING_POWER, RANGE_POWER).ok()?;
            Some(Slot { stretch: AtomicI64::new(i64::MIN), values })
        };
        Self { slots: (0..slots).filter_map(slot).collect(), seconds }
    }

    fn add(&self, value: u64, now: Timestamp) {
        let stretch = stretch(now, self.seconds);
        let Some(slot) = self.slots.get(place(stretch, self.slots.len())) else { return };
        if slot.stretch.swap(stretch, Relaxed) != stretch {
            drop(slot.values.drain());
        }
        // Only values out of range are refused.
        drop(slot.values.increment(value.min(VALUE_MAX)));
    }

    /// The quantiles of what is left of the window, each the middle of its bucket.
    fn quantiles(&self, now: Timestamp) -> Option<[u32; 4]> {
        let latest = stretch(now, self.seconds);
        let slots = i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        let mut sum = Histogram32::new(GROUPING_POWER, RANGE_POWER).ok()?;
        let mut one = sum.clone();
        for slot in &self.slots {
            let age = latest.saturating_sub(slot.stretch.load(Relaxed));
            if (0..slots).contains(&age) && slot.values.load_into(&mut one).is_ok() {
                // Refused when a count overflows: then this slot is left out.
                drop(sum.checked_add_assign(&one));
            }
        }
        let mut buckets = [const { None }; QUANTILES.len()];
        sum.quantile_buckets_into(&QUANTILES, &mut buckets).ok()?;
        let [Some(p50), Some(p75), Some(p90), Some(p99)] = buckets else { return None };
        Some(
            [p50, p75, p90, p99].map(|bucket| {
                u32::try_from(bucket.start().midpoint(bucket.end())).unwrap_or(u32::MAX)
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn all(value: f64) -> Percentiles {
        Percentiles { p50: value, p75: value, p90: value, p99: value }
    }

    #[test]
    fn contract_6_7_percentiles_are_of_the_nearest_rank() {
        let measurements = Measurements::default();
        assert_eq!(measurements.half_hour(at(1_000), 1.0), None);
        for value in 1..=100 {
            measurements.add(value * 10, at(1_000));
        }
        measurements.work_out(at(1_000));
        for percentiles in
            [measurements.latest(at(1_000), 1.0), measurements.half_hour(at(1_000), 1.0)]
        {
            let percentiles = percentiles.unwrap();
            for (found, exact) in [
                (percentiles.p50, 500.0),
                (percentiles.p75, 750.0),
                (percentiles.p90, 900.0),
                (percentiles.p99, 990.0),
            ] {
                assert!((found - exact).abs() <= exact * 0.032, "{found} for {exact}");
            }
        }
    }

    #[test]
    fn contract_5_2_only_five_minutes_count_and_half_an_hour_in_the_report() {
        let measurements = Measurements::default();
        measurements.add(7, at(3_000));
        measurements.add(20, at(3_300));
        assert_eq!(measurements.latest(at(3_300), 1.0), Some(all(20.0)));
        let both = Percentiles { p50: 7.0, ..all(20.0) };
        assert_eq!(measurements.half_hour(at(3_300), 1.0), Some(both));
        assert_eq!(measurements.half_hour(at(4_800), 1.0), Some(all(20.0)));
        assert_eq!(measurements.half_hour(at(5_100), 1.0), None);
        measurements.work_out(at(3_600));
        assert_eq!(measurements.latest(at(3_600), 1.0), None);
    }

    #[test]
    fn what_was_worked_out_long_ago_does_not_hold() {
        let measurements = Measurements::default();
        measurements.add(7, at(3_000));
        assert_eq!(measurements.latest(at(3_300), 1.0), Some(all(7.0)));
        for now in [3_301, 2_699, -5] {
            assert_eq!(measurements.latest(at(now), 1.0), None, "{now}");
        }
    }

    #[test]
    fn they_are_worked_out_once_a_second_by_who_comes_next() {
        let measurements = Measurements::default();
        let now = Timestamp::from_unix_millis;
        measurements.add(5, now(10_000));
        measurements.add(9, now(10_999));
        assert_eq!(measurements.latest(now(10_999), 1.0), Some(all(5.0)));
        measurements.refresh(now(11_000));
        let both = Percentiles { p50: 5.0, ..all(9.0) };
        assert_eq!(measurements.latest(now(11_000), 1.0), Some(both));
    }

    #[test]
    fn a_clock_that_goes_back_measures_on() {
        let measurements = Measurements::default();
        measurements.add(5, at(900_000));
        measurements.add(9, at(100));
        assert_eq!(measurements.latest(at(100), 1.0), Some(all(9.0)));
        assert_eq!(measurements.half_hour(at(100), 1.0), Some(all(9.0)));
    }

    #[test]
    fn what_is_out_of_range_is_counted_at_its_end() {
        let measurements = Measurements::default();
        measurements.add(u64::MAX, at(100));
        let found = measurements.latest(at(100), 1.0).unwrap().p50;
        assert!((found - 16_777_215.0).abs() <= 16_777_215.0 * 0.032, "{found}");
    }
}
