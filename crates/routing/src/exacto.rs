//! Which endpoints of a model are good at tools (contract §5.4).
//!
//! Hosts of the same weights differ in how they serve them. Where tools are sent, those that lag
//! far behind the others stand last: in how fast they write, or in how often the calls of their
//! answers are ones that the request's tools permit. A signal counts when enough endpoints have it.
//! Of the contract's signals benchmark scores are not measured here.
//!
//! Between the good and the poor stand those of which too little is known: those without any signal
//! that counts. One that has only one of two is judged by that one: who stands behind the others is
//! not sent tools, and would never be known to be good at them.

use smallvec::SmallVec;
use tollgate_health::Quality;

use crate::order::Step;

/// What is known of an endpoint's quality, best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Nothing speaks against it.
    #[default]
    Good,
    /// Too little is known of it.
    Unknown,
    /// It lags far behind the others.
    Poor,
}

/// Something by which endpoints are compared; more is better.
struct Signal {
    of: fn(&Quality) -> Option<f64>,
    /// How many standard deviations below the median are poor.
    deviations: f64,
    /// The least standard deviation that is believed, as a share of the median: where all are
    /// alike, the one that differs by what can't be told apart is not poor.
    deviation_min: f64,
}

/// Throughput is measured within 3 %. Of 200 requests a single one is half a percent.
const SIGNALS: [Signal; 2] = [
    Signal { of: |it| it.tokens_per_second, deviations: 1.5, deviation_min: 0.03 },
    Signal { of: |it| it.tool_success, deviations: 2.0, deviation_min: 0.005 },
];

/// How many endpoints must have a signal for it to count.
const ENDPOINTS_MIN: usize = 4;
/// A standard deviation is so many median absolute deviations, for a normal distribution.
const DEVIATION_PER_MAD: f64 = 1.4826;
/// A model with more endpoints costs an allocation.
const ENDPOINTS_USUAL: usize = 128;

/// Puts each endpoint of a model into its class.
pub(crate) fn classify(steps: &mut [Step]) {
    let bounds = SIGNALS.map(|signal| signal.least(steps).map(|least| (signal.of, least)));
    if bounds.iter().all(Option::is_none) {
        return;
    }
    for step in steps {
        let values = bounds.iter().flatten().filter_map(|(of, least)| {
            Some(if of(&step.standing.quality)? < *least { Class::Poor } else { Class::Good })
        });
        step.class = values.max().unwrap_or(Class::Unknown);
    }
}

impl Signal {
    /// What is poor below; `None` where too few endpoints have the signal.
    fn least(&self, steps: &[Step]) -> Option<f64> {
        let measured = steps.iter().filter_map(|step| (self.of)(&step.standing.quality));
        let mut values: SmallVec<[f64; ENDPOINTS_USUAL]> = measured.collect();
        if values.len() < ENDPOINTS_MIN {
            return None;
        }
        let median = median(&mut values)?;
        for value in &mut values {
            *value = (*value - median).abs();
        }
        let deviation = DEVIATION_PER_MAD * self::median(&mut values)?;
        Some(median - self.deviations * deviation.max(self.deviation_min * median))
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied()?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values.get(middle.checked_sub(1)?).copied()?;
    Some(f64::midpoint(lower, upper))
}
