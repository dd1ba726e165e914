//! What is known of an endpoint at the moment a call is planned.

use tollgate_types::Timestamp;

use crate::breaker::Circuit;
use crate::percentiles::Percentiles;
use crate::quality::Quality;

/// What is known of an endpoint at one moment. The default is that of an endpoint of which nothing
/// is known: it may be called like any other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// No significant outage in the last 30 seconds (contract §5.3).
    pub stable: bool,
    /// Whether it may be called.
    pub circuit: Circuit,
    /// It wants fewer calls: until when it is left alone. Always ahead of the moment asked about.
    pub cooling_until: Option<Timestamp>,
    /// The tier of its uptime over a day (contract §5.3).
    pub tier: UptimeTier,
    /// Milliseconds to the first token, over 5 minutes (contract §5.2, `preferred_max_latency`).
    pub first_token_ms: Option<Percentiles>,
    /// Output tokens per second, over 5 minutes (contract §5.2, `preferred_min_throughput`).
    pub tokens_per_second: Option<Percentiles>,
    /// What it is compared by with others where tools are sent (contract §5.4).
    pub quality: Quality,
    /// Attempts that have begun and not ended.
    pub in_flight: u32,
    /// Requests that the provider still takes before its limit resets, where it says so.
    pub requests_left: Option<u64>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            stable: true,
            circuit: Circuit::Closed,
            cooling_until: None,
            tier: UptimeTier::Normal,
            first_token_ms: None,
            tokens_per_second: None,
            quality: Quality::default(),
            in_flight: 0,
            requests_left: None,
        }
    }
}

impl Standing {
    /// The [status](Self::status) in a few words, for people.
    pub const fn words(&self) -> &'static str {
        match self.status() {
            0 => "well",
            -1 => "uptime of 80 to 94 %",
            -2 => "wants fewer calls",
            -3 => "failed just now",
            -5 => "uptime below 80 %",
            _ => "left alone",
        }
    }

    /// The status of `/endpoints` (contract §7.2): 0 is healthy, lower is worse. The contract names
    /// the numbers and not their meaning; here the worst of what holds is said:
    ///
    /// | Status | Meaning |
    /// | --- | --- |
    /// | 0 | nothing speaks against it |
    /// | -1 | its day's uptime is 80 to 94 % |
    /// | -2 | it wants fewer calls, and is left alone for a while |
    /// | -3 | it had a significant outage in the last 30 seconds, or is being tried after one |
    /// | -5 | its day's uptime is below 80 %: called when nothing else is left |
    /// | -10 | it is not called |
    pub const fn status(&self) -> i8 {
        match self {
            Self { circuit: Circuit::Open { .. }, .. } => -10,
            Self { tier: UptimeTier::LastResort, .. } => -5,
            Self { stable: false, .. } | Self { circuit: Circuit::HalfOpen, .. } => -3,
            Self { cooling_until: Some(_), .. } | Self { requests_left: Some(0), .. } => -2,
            Self { tier: UptimeTier::Lowered, .. } => -1,
            Self { .. } => 0,
        }
    }
}

/// The tier of an endpoint's uptime over a day, given at least 100 counted outcomes (contract §5.3).
/// Better tiers are less than worse ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UptimeTier {
    /// At least 95 %, or not enough to tell.
    #[default]
    Normal,
    /// At least 80 %.
    Lowered,
    /// Below: for when nothing else is left.
    LastResort,
}

impl UptimeTier {
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Lowered => 1,
            Self::LastResort => 2,
        }
    }

    pub(crate) const fn from_rank(rank: u8) -> Self {
        match rank {
            0 => Self::Normal,
            1 => Self::Lowered,
            _ => Self::LastResort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_7_2_the_status_says_the_worst_that_holds() {
        let healthy = Standing::default();
        let open = Circuit::Open { until: Timestamp::from_unix_millis(1) };
        let cooling_until = Some(Timestamp::from_unix_millis(1));
        for (standing, status) in [
            (healthy, 0),
            (Standing { in_flight: 9, requests_left: Some(1), ..healthy }, 0),
            (Standing { requests_left: Some(0), ..healthy }, -2),
            (Standing { tier: UptimeTier::Lowered, ..healthy }, -1),
            (Standing { cooling_until, ..healthy }, -2),
            (Standing { cooling_until, tier: UptimeTier::Lowered, ..healthy }, -2),
            (Standing { stable: false, cooling_until, ..healthy }, -3),
            (Standing { circuit: Circuit::HalfOpen, ..healthy }, -3),
            (Standing { tier: UptimeTier::LastResort, stable: false, ..healthy }, -5),
            (Standing { circuit: open, tier: UptimeTier::LastResort, ..healthy }, -10),
        ] {
            assert_eq!(standing.status(), status, "{standing:?}");
            let words = match status {
                0 => "well",
                -1 => "uptime of 80 to 94 %",
                -2 => "wants fewer calls",
                -3 => "failed just now",
                -5 => "uptime below 80 %",
                _ => "left alone",
            };
            assert_eq!(standing.words(), words, "{standing:?}");
        }
    }

    #[test]
    fn a_tier_survives_its_rank() {
        for tier in [UptimeTier::Normal, UptimeTier::Lowered, UptimeTier::LastResort] {
            assert_eq!(UptimeTier::from_rank(tier.rank()), tier);
        }
    }
}
