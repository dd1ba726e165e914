//! Which endpoints of a model are good at tools (contract §5.4).
//!
//! Hosts of the same weights differ in how they serve them. Where tools are sent, those that lag
//! far behind the others stand last. Of the contract's signals this version has throughput; a
//! signal counts when enough endpoints have it.

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

/// How many endpoints must have a signal for it to count.
const ENDPOINTS_MIN: usize = 4;
/// How many standard deviations below the median are poor.
const DEVIATIONS: f64 = 1.5;
/// A standard deviation is so many median absolute deviations, for a normal distribution.
const DEVIATION_PER_MAD: f64 = 1.4826;

/// Puts each endpoint of a model into its class.
pub(crate) fn classify(steps: &mut [Step]) {
    let mut measured: Vec<f64> = steps.iter().filter_map(throughput).collect();
    if measured.len() < ENDPOINTS_MIN {
        return;
    }
    let Some(median) = median(&mut measured) else { return };
    let mut distances: Vec<f64> = measured.iter().map(|it| (it - median).abs()).collect();
    let Some(spread) = self::median(&mut distances) else { return };
    let least = median - DEVIATIONS * DEVIATION_PER_MAD * spread;
    for step in steps {
        step.class = match throughput(step) {
            Some(throughput) if throughput < least => Class::Poor,
            Some(_) => Class::Good,
            None => Class::Unknown,
        };
    }
}

fn throughput(step: &Step) -> Option<f64> {
    step.standing.tokens_per_second.map(|it| it.p50)
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied()?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values.get(middle.checked_sub(1)?).copied()?;
    Some(f64::midpoint(lower, upper))
}
