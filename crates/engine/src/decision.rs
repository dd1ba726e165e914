//! What is kept of a plan: why a call went where it went.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tollgate_catalog::{Endpoint, Modality};
use tollgate_health::Standing;
use tollgate_routing::{CallShape, Demotion, Funds, Place, Plan, Sort, Step};
use tollgate_store::{
    AskedRecord, AttemptRecord, Attribution, CandidateRecord, KeyRecord, RoutingRecord,
};
use tollgate_types::Timestamp;
use tollgate_wire::Call;
use tollgate_wire::router_metadata::{AttemptTold, EndpointTold, EndpointsTold, RouterMetadata};

use crate::asked::Asked;
use crate::resolve::Circumstances;
use crate::run::Run;
use crate::steer::{Caller, Steering};
use crate::{CallError, Installation, KeyEntry, Policies, expand, resolve};

/// Where a call would go, as far as that depends on this installation alone: as in a gateway that
/// has just been started.
///
/// Of the caller nothing is known but their key; rules that look at headers, a user or what was
/// spent find nothing.
///
/// # Errors
///
/// When the call is wrong or can't be routed.
pub fn explain(
    call: &Call,
    installation: &Installation,
    policies: &Policies,
    key: &KeyRecord,
    now: Timestamp,
) -> Result<RoutingRecord, CallError> {
    let key = KeyEntry::unspent(key.clone(), now);
    let attribution = Attribution {
        external_user: call.params().user.clone(),
        session_id: call.params().session_id.clone(),
        ..Attribution::default()
    };
    let caller = Caller { key: &key, attribution: &attribution, headers: &HeaderMap::new() };
    let steering = Steering::of(policies, call, caller, (0, now))?;
    let circumstances = Circumstances {
        funds: Funds::default(),
        standing: &|_| Standing::default(),
        sticky: &|_| None,
        spent: &|_| 0,
        given: None,
        sort: None,
        decision: &steering.decision,
        region: None,
        seed: 0,
        key: Some(&key.record),
        now,
    };
    let routed = resolve::plan(call, installation, &circumstances)?;
    Ok(record(call, (&routed.plan, &routed.shape), &steering, 0))
}

/// The record of a plan.
pub(crate) fn record(
    call: &impl Asked,
    (plan, shape): (&Plan, &CallShape),
    steering: &Steering,
    seed: u64,
) -> RoutingRecord {
    let words =
        |modalities: &[Modality]| modalities.iter().map(|it| Cow::Borrowed(it.as_str())).collect();
    let params = call.params();
    let asked = AskedRecord {
        models: params.model.iter().chain(&params.models).cloned().collect(),
        dialect: Cow::Borrowed(call.dialect_name()),
        messages: call.survey().messages,
        input: words(&shape.input),
        output: words(&shape.output),
        parameters: shape.parameters.iter().copied().map(Cow::Borrowed).collect(),
        prompt_tokens: shape.prompt_tokens,
        max_tokens: shape.max_tokens,
        region: shape.region.as_deref().map(Into::into),
        provider: call.member("provider").map(Into::into),
    };
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
        asked,
        candidates: plan.steps.iter().map(candidate).chain(dropped).collect(),
        steered: steering.record(),
        cache_source: None,
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

/// What the caller is told of routing, if they ask: `answered_by` is who answered.
pub(crate) fn told<C: Asked>(
    run: &Run<C>,
    answered_by: Option<&Arc<Endpoint>>,
) -> Option<Box<RouterMetadata>> {
    if !run.call.wants_metadata() {
        return None;
    }
    let attempts: Vec<AttemptTold> = run.attempts.iter().map(attempt_told).collect();
    let available = run.plan.steps.iter().map(|step| EndpointTold {
        provider: step.endpoint.provider.name.clone(),
        model: step.endpoint.model.id.to_string(),
        selected: answered_by.is_some_and(|it| Arc::ptr_eq(it, &step.endpoint)),
    });
    let total = run.plan.steps.len().saturating_add(run.plan.dropped.len());
    let selected = answered_by.map_or("none", |it| it.provider.name.as_str());
    Some(Box::new(RouterMetadata {
        requested: run.requested_model(),
        strategy: strategy(run, answered_by),
        region: run.shape.region.clone(),
        summary: format!("available={}, selected={selected}", run.plan.steps.len()),
        attempt: if answered_by.is_some() { attempts.len() } else { 0 },
        is_byok: answered_by.is_some_and(|it| it.own_key.is_some()),
        endpoints: EndpointsTold { total, available: available.collect() },
        attempts,
        pipeline: run.steering.told(),
    }))
}

fn attempt_told(attempt: &AttemptRecord) -> AttemptTold {
    AttemptTold {
        provider: attempt.provider.clone(),
        model: attempt.model.clone(),
        status: attempt.status.unwrap_or(0),
    }
}

/// How the model was found, in the contract's words.
fn strategy<C: Asked>(run: &Run<C>, answered_by: Option<&Arc<Endpoint>>) -> &'static str {
    let model = answered_by.or(run.endpoint(0)).map(|it| &it.model);
    let is_latest = run.requested_models().next().is_some_and(|name| name.starts_with('~'));
    match run.router.as_deref() {
        Some(router) => expand::strategy(router),
        None if run.requested_models().count() > 1 => "fallback",
        None if is_latest => "latest",
        None if model.is_some_and(|model| model.alias_target.is_some()) => "alias",
        None => "direct",
    }
}

/// A measurement, rounded.
pub(crate) fn whole(value: f64) -> u32 {
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
