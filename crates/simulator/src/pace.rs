//! How fast an answer comes: a seeded curve per server, overridden per request by a script.
//!
//! Latencies of real providers are skewed to the right, so the time to the first token and the
//! speed of each answer are drawn from log-normal-like curves around a median.

use std::time::Duration;

use crate::random::Random;
use crate::script::{Script, WAIT_MAX};

/// The speed of answers that no script says anything about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Median wait before the first event.
    pub ttft_median: Duration,
    /// Spread of that wait: the deviation of its logarithm, in percent.
    pub ttft_spread_pct: u32,
    /// Median tokens per second; 0 means as fast as possible.
    pub tps_median: u32,
    /// Spread of the speed: the deviation of its logarithm, in percent.
    pub tps_spread_pct: u32,
    /// How much each wait between tokens varies, in percent.
    pub jitter_pct: u32,
}

impl Timing {
    /// No waits at all: what tests want.
    pub const INSTANT: Self = Self {
        ttft_median: Duration::ZERO,
        ttft_spread_pct: 0,
        tps_median: 0,
        tps_spread_pct: 0,
        jitter_pct: 0,
    };

    /// About what a mid-size hosted model does: what a demonstration wants.
    pub const REALISTIC: Self = Self {
        ttft_median: Duration::from_millis(320),
        ttft_spread_pct: 35,
        tps_median: 75,
        tps_spread_pct: 20,
        jitter_pct: 40,
    };
}

/// The waits of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    ttft: Duration,
    token: Duration,
    jitter_pct: u32,
    random: Random,
}

impl Pace {
    pub(crate) fn new(timing: &Timing, script: &Script, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let ttft_factor = skewed(&mut random, timing.ttft_spread_pct);
        let speed_factor = skewed(&mut random, timing.tps_spread_pct);
        let ttft = script.ttft.unwrap_or_else(|| scaled(timing.ttft_median, ttft_factor));
        let token = match (script.tps, timing.tps_median) {
            (Some(tps), _) => Duration::from_secs(1) / tps.get(),
            (None, 0) => Duration::ZERO,
            (None, tps) => scaled(Duration::from_secs(1) / tps, speed_factor),
        };
        let jitter_pct = script.jitter_pct.unwrap_or(timing.jitter_pct).min(100);
        Self { ttft, token, jitter_pct, random }
    }

    /// The wait before the first event.
    pub(crate) const fn ttft(&self) -> Duration {
        self.ttft
    }

    /// The wait before an event of so many tokens.
    pub(crate) fn gap(&mut self, tokens: u64) -> Duration {
        if self.token.is_zero() {
            return Duration::ZERO;
        }
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        let even = self.token.saturating_mul(tokens).min(WAIT_MAX);
        let swing = f64::from(self.jitter_pct) / 100.0 * self.random.unit().mul_add(2.0, -1.0);
        scaled(even, 1.0 + swing)
    }

    /// How long an answer of so many tokens takes when it is sent in one piece.
    pub(crate) fn whole(&self, tokens: u64) -> Duration {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.ttft.saturating_add(self.token.saturating_mul(tokens)).min(WAIT_MAX)
    }
}

fn skewed(random: &mut Random, spread_pct: u32) -> f64 {
    (f64::from(spread_pct) / 100.0 * random.bell()).exp()
}

fn scaled(wait: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Timing};
    use crate::script::Script;

    #[test]
    fn a_pace_is_fixed_by_its_seed_and_overridden_by_its_script() {
        let pace = |seed| Pace::new(&Timing::REALISTIC, &Script::default(), seed);
        assert_eq!(pace(1).ttft(), pace(1).ttft());
        assert_ne!(pace(1).ttft(), pace(2).ttft());
        assert_eq!(pace(1).gap(3), pace(1).gap(3));
        let script: Script = "ttft:5;tps:20;jitter:0".parse().unwrap();
        let mut pace = Pace::new(&Timing::REALISTIC, &script, 1);
        assert_eq!(pace.ttft(), Duration::from_millis(5));
        assert_eq!(pace.gap(2), Duration::from_millis(100));
        assert_eq!(pace.whole(10), Duration::from_millis(505));
    }

    #[test]
    fn jitter_stays_within_its_percentage() {
        let script: Script = "tps:100;jitter:50".parse().unwrap();
        let mut pace = Pace::new(&Timing::INSTANT, &script, 9);
        for _ in 0..200 {
            let gap = pace.gap(1);
            assert!(gap >= Duration::from_millis(5) && gap <= Duration::from_millis(15), "{gap:?}");
        }
    }
}
