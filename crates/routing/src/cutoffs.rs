//! Cut-offs at percentiles: `preferred_min_throughput`, `preferred_max_latency` (contract §5.2).

use serde::Deserialize;
use tollgate_health::Percentiles;

/// A bound for each percentile that the caller named; a bare number is one for the median.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Cutoffs {
    /// Half of the calls.
    pub p50: Option<f64>,
    /// Three of four.
    pub p75: Option<f64>,
    /// Nine of ten.
    pub p90: Option<f64>,
    /// All but one of a hundred.
    pub p99: Option<f64>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "preferred_min_throughput, preferred_max_latency: Expected a number or an object with p50, p75, p90 or p99"
)]
enum Written {
    Median(f64),
    Each { p50: Option<f64>, p75: Option<f64>, p90: Option<f64>, p99: Option<f64> },
}

impl From<Written> for Cutoffs {
    fn from(written: Written) -> Self {
        match written {
            Written::Median(p50) => Self { p50: Some(p50), ..Self::default() },
            Written::Each { p50, p75, p90, p99 } => Self { p50, p75, p90, p99 },
        }
    }
}

impl Cutoffs {
    /// Whether what was measured is above a bound.
    pub(crate) fn is_above(&self, measured: &Percentiles) -> bool {
        self.pairs(measured).any(|(bound, value)| value > bound)
    }

    /// Whether what was measured is below a bound.
    pub(crate) fn is_below(&self, measured: &Percentiles) -> bool {
        self.pairs(measured).any(|(bound, value)| value < bound)
    }

    fn pairs(&self, measured: &Percentiles) -> impl Iterator<Item = (f64, f64)> {
        let pairs = [
            (self.p50, measured.p50),
            (self.p75, measured.p75),
            (self.p90, measured.p90),
            (self.p99, measured.p99),
        ];
        pairs.into_iter().filter_map(|(bound, value)| Some((bound?, value)))
    }
}
