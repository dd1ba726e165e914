//! Percentiles, medians, ratios. Everything is exact: samples are kept, not put into buckets.

use std::time::Duration;

use serde::Serialize;

const MICROSECONDS: f64 = 1e6;

/// Durations as they were measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

/// The percentiles that are reported, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50_us: f64,
    pub(crate) p90_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) max_us: f64,
}

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// The percentiles, or nothing when nothing was measured.
    pub(crate) fn percentiles(mut self) -> Option<Percentiles> {
        self.0.sort_unstable();
        let at = |per_mille| nearest_rank(&self.0, per_mille).map(microseconds);
        Some(Percentiles {
            p50_us: at(500)?,
            p90_us: at(900)?,
            p99_us: at(990)?,
            p999_us: at(999)?,
            max_us: at(1000)?,
        })
    }
}

/// The smallest sample that at least `per_mille` of all samples don't exceed.
fn nearest_rank(sorted: &[Duration], per_mille: usize) -> Option<Duration> {
    let rank = sorted.len().saturating_mul(per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied()
}

/// The middle value, or the mean of the two middle ones.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

/// How far the values lie apart, as a share of their median.
pub(crate) fn spread(values: &[f64]) -> Option<f64> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    let most = values.iter().copied().max_by(f64::total_cmp)?;
    ratio(most - least, median(values)?)
}

/// `value` in multiples of `base`; nothing when there is no base.
pub(crate) fn ratio(value: f64, base: f64) -> Option<f64> {
    (base > 0.0).then(|| value / base)
}

pub(crate) fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * MICROSECONDS
}

/// A count as a number to calculate with. Counts beyond 2^32 lose nothing that matters here.
pub(crate) fn float(count: u64) -> f64 {
    const HALF: f64 = 4_294_967_296.0;
    let [low, high] = [count & 0xffff_ffff, count >> 32]
        .map(|half| f64::from(u32::try_from(half).unwrap_or(u32::MAX)));
    high * HALF + low
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Samples, float, median, ratio, spread};

    fn samples(microseconds: impl Iterator<Item = u64>) -> Samples {
        Samples(microseconds.map(Duration::from_micros).collect())
    }

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-6)
    }

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        let it = samples((1..=1000).rev()).percentiles().unwrap();
        let all = [it.p50_us, it.p90_us, it.p99_us, it.p999_us, it.max_us];
        for (got, expected) in all.into_iter().zip([500.0, 900.0, 990.0, 999.0, 1000.0]) {
            assert!(close(Some(got), expected), "{got} is not {expected}");
        }
    }

    #[test]
    fn few_samples_have_percentiles_and_none_have_none() {
        let one = samples([7].into_iter()).percentiles().unwrap();
        assert!(close(Some(one.p50_us), 7.0) && close(Some(one.p999_us), 7.0));
        let two = samples([9, 1].into_iter()).percentiles().unwrap();
        assert!(close(Some(two.p50_us), 1.0) && close(Some(two.p90_us), 9.0));
        assert_eq!(Samples::default().percentiles(), None);
    }

    #[test]
    fn samples_add_up() {
        let mut all = samples(1..=3);
        all.append(samples(4..=5));
        all.push(Duration::from_micros(6));
        assert_eq!(all.count(), 6);
        assert!(close(all.percentiles().map(|it| it.max_us), 6.0));
    }

    #[test]
    fn medians_and_spread() {
        assert!(close(median(&[3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(&[4.0, 1.0, 2.0, 3.0]), 2.5));
        assert_eq!(median(&[]), None);
        assert!(close(spread(&[90.0, 100.0, 120.0]), 0.3));
        assert!(close(spread(&[5.0]), 0.0));
        assert_eq!(spread(&[0.0, 0.0]), None);
    }

    #[test]
    fn ratios_need_a_base() {
        assert!(close(ratio(3.0, 4.0), 0.75));
        assert_eq!(ratio(3.0, 0.0), None);
    }

    #[test]
    fn counts_become_numbers() {
        for (count, expected) in [(0, 0.0), (1, 1.0), (5_000_000_000, 5e9)] {
            assert!(close(Some(float(count)), expected));
        }
    }
}
