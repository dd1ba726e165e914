//! What is kept of a plan: why a call went where it went.

use std::borrow::Cow;
use std::time::Duration;

use tollgate_health::Standing;
use tollgate_routing::{Demotion, Place, Plan, Sort, Step};
use tollgate_store::{CandidateRecord, RoutingRecord};
use tollgate_types::Timestamp;
use tollgate_wire::Call;

use crate::resolve::Circumstances;
use crate::{CallError, Installation, resolve};

/// Where a call would go, as far as that depends on this installation alone: as in a gateway that
/// has just been started.
///
/// # Errors
///
/// When the call is wrong or can't be routed.
pub fn explain(
    call: &Call,
    installation: &Installation,
    now: Timestamp,
) -> Result<RoutingRecord, CallError> {
    let circumstances = Circumstances {
        must_be_priced: false,
        standing: &|_| Standing::default(),
        sticky: &|_| None,
        sort: None,
        seed: 0,
        now,
    };
    let (plan, _) = resolve::plan(call, installation, &circumstances)?;
    Ok(record(&plan, 0))
}

/// The record of a plan.
pub(crate) fn record(plan: &Plan, seed: u64) -> RoutingRecord {
    let dropped = plan.dropped.iter().map(|(endpoint, reason)| CandidateRecord {
        endpoint: endpoint.id.shared(),
        place: Cow::Borrowed("dropped"),
        reason: Some(reason.reason()),
        price_picos: None,
        chance_millionths: None,
        first_token_ms: None,
        tokens_per_second: None,
    });
    RoutingRecord {
        seed,
        sort: Cow::Borrowed(plan.sort.map_or("balanced", Sort::as_str)),
        candidates: plan.steps.iter().map(candidate).chain(dropped).collect(),
    }
}

fn candidate(step: &Step) -> CandidateRecord {
    let chance_millionths = match step.place {
        Place::Drawn { chance } => Some(whole(chance * 1_000_000.0)),
        _ => None,
    };
    let Standing { first_token_ms, tokens_per_second, .. } = step.standing;
    CandidateRecord {
        endpoint: step.endpoint.id.shared(),
        place: Cow::Borrowed(step.place.as_str()),
        reason: step.demotion.map(Demotion::reason).map(Cow::Borrowed),
        price_picos: step.price.and_then(|it| u64::try_from(it).ok()),
        chance_millionths,
        first_token_ms: first_token_ms.map(|it| whole(it.p50)),
        tokens_per_second: tokens_per_second.map(|it| whole(it.p50)),
    }
}

/// A measurement, rounded.
fn whole(value: f64) -> u32 {
    // Seconds are the standard library's one way from a float that can't go wrong unseen.
    let rounded = Duration::try_from_secs_f64(value + 0.5).unwrap_or_default();
    u32::try_from(rounded.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_rounded() {
        for (value, expected) in
            [(0.0, 0), (0.4, 0), (0.5, 1), (1_234.49, 1_234), (1e12, u32::MAX), (f64::NAN, 0)]
        {
            assert_eq!(whole(value), expected, "{value}");
        }
    }
}
