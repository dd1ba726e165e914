//! Random numbers that depend on a seed alone, and distributions over them.
//!
//! What happens to an attempt is drawn from a key (the call, the endpoint, the how-manieth attempt)
//! rather than from one stream, so that every policy meets the same fate with the same choice and
//! two policies differ by their choices only.

use std::f64::consts::TAU;

use crate::number::whole;

/// A stream of random numbers: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of a seed and a key.
    pub(crate) fn keyed(seed: u64, key: [u64; 3]) -> Self {
        let mixed = key.iter().fold(seed, |mixed, part| {
            mix(mixed.wrapping_add(STEP) ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93))
        });
        Self(mixed)
    }

    /// 64 random bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.bits() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// A whole number from 0 to below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        whole(self.unit() * f64::from(end)).min(end.saturating_sub(1))
    }

    /// Whether something of this chance happens.
    pub(crate) fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// From `from` to below `to`.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        self.unit().mul_add(to - from, from)
    }

    /// Time between events that come at random.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// What is mostly near its median and sometimes far above it: `spread` is the standard deviation
    /// of its logarithm.
    pub(crate) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        // Box and Muller, 1958.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (TAU * self.unit()).cos();
        median * (spread * normal).exp()
    }
}

const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::count;

    fn sorted(mut draw: impl FnMut(&mut Random) -> f64) -> Vec<f64> {
        let mut random = Random::new(7);
        let mut drawn: Vec<f64> = (0..100_000).map(|_| draw(&mut random)).collect();
        drawn.sort_by(f64::total_cmp);
        drawn
    }

    #[test]
    fn distributions_have_their_moments() {
        let exponential = sorted(|random| random.exponential(3.0));
        let mean = exponential.iter().sum::<f64>() / count(exponential.len());
        assert!((mean - 3.0).abs() < 0.05, "{mean}");
        let log_normal = sorted(|random| random.log_normal(0.5, 0.4));
        assert!((log_normal[50_000] - 0.5).abs() < 0.01);
        // The normal distribution's 99th percentile is 2.326 deviations above its median.
        assert!((log_normal[99_000] - 0.5 * (0.4 * 2.326_f64).exp()).abs() < 0.03);
        let below = sorted(|random| f64::from(random.below(10)));
        assert_eq!((below[0], below[99_999]), (0.0, 9.0));
    }

    #[test]
    fn keys_that_differ_in_any_part_have_streams_of_their_own() {
        let first = |key| Random::keyed(1, key).bits();
        let keys = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]];
        for (at, key) in keys.iter().enumerate() {
            for other in &keys[..at] {
                assert_ne!(first(*key), first(*other), "{key:?} {other:?}");
            }
        }
        assert_eq!(first([3, 4, 5]), first([3, 4, 5]));
    }
}
