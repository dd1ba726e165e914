//! Deciding recorded calls again, under other rules and settings.
//!
//! A record keeps what a call needed, what it wanted, and how each endpoint looked when it was
//! planned. The same code that planned it plans it again; what would have come of the new plan is
//! estimated from what is known: an endpoint that was tried has the fate it had, any other the rate
//! of success and the speed that it had in the other records.
//!
//! What a record does not keep can't be asked again: the text of the prompt, headers that are not
//! recorded, what the key had spent. Rules about these don't match.

mod history;
mod recorded;

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use tollgate_catalog::Endpoint;
use tollgate_health::{Circuit, Percentiles, Standing, UptimeTier};
use tollgate_policy::Strategy;
use tollgate_routing::{Demotion, Funds, Sort};
use tollgate_store::{GenerationRecord, KeyRecord, RoutingRecord};
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::bill::Bill;
use crate::resolve::{self, Circumstances};
use crate::steer::{Caller, Steering};
use crate::{CallError, Installation, KeyEntry, Policies};

pub use history::History;
use recorded::Recorded;

/// What calls are decided by again.
#[derive(Debug, Clone, Copy)]
pub struct Alternative<'a> {
    /// What can be called.
    pub installation: &'a Installation,
    /// The rules.
    pub policies: &'a Policies,
    /// What endpoints are sorted by where the request does not say.
    pub sort: Option<Sort>,
    /// What is known of endpoints from all records.
    pub history: &'a History,
}

/// What would have come of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The endpoint that would have been tried first.
    pub endpoint: String,
    /// The rules that would have matched.
    pub rules: Vec<Arc<str>>,
    /// What it would cost on average, answered by whoever answers.
    pub cost: Usd,
    /// Whether that is not known: an endpoint on the way has no price.
    pub unpriced: bool,
    /// The mean time to the first token, in milliseconds, of the endpoint tried first, where it is
    /// known.
    pub first_token_ms: Option<u64>,
    /// How many attempts would fail, on average.
    pub faults: f64,
    /// The chance that nobody answers.
    pub lost: f64,
}

/// Why a call can't be decided again.
#[derive(Debug, thiserror::Error)]
pub enum NotReplayed {
    /// Its record has no plan.
    #[error("its record says nothing of how it was routed")]
    NoPlan,
    /// Nobody was asked: an answer was told again.
    #[error("its answer was told again, and nobody was asked")]
    ToldAgain,
    /// It would have been refused.
    #[error("it would have been refused")]
    Refused(#[source] CallError),
}

/// Decides a recorded call again.
///
/// # Errors
///
/// When its record has no plan, nobody was asked, or the call would have been refused.
pub fn replay(
    record: &GenerationRecord,
    key: Option<&KeyRecord>,
    alternative: &Alternative<'_>,
) -> Result<Replayed, NotReplayed> {
    let routing = record.routing.as_deref().ok_or(NotReplayed::NoPlan)?;
    if routing.cache_source.is_some() {
        return Err(NotReplayed::ToldAgain);
    }
    let call = Recorded::of(record, routing);
    let (seed, now) = (routing.seed, record.created_at);
    let nobody = || KeyRecord::new(KeyHash::from_bytes([0; 32]), "", "", now);
    let key = KeyEntry::unspent(key.cloned().unwrap_or_else(nobody), now);
    let caller = Caller { key: &key, attribution: &record.attribution, headers: &HeaderMap::new() };
    let steering = Steering::of(alternative.policies, &call, caller, (seed, now))
        .map_err(NotReplayed::Refused)?;
    let sticky = routing.candidates.iter().find(|it| it.place == "sticky");
    let known = alternative.installation.routable();
    let sticky =
        sticky.and_then(|it| known.all_endpoints().find(|at| at.id.as_str() == &*it.endpoint));
    let circumstances = Circumstances {
        funds: Funds::default(),
        standing: &|endpoint| standing(endpoint, routing, alternative.history, now),
        sticky: &|_| sticky.map(|it| it.id.clone()),
        spent: &|_| 0,
        given: None,
        region: routing.asked.region.as_deref(),
        sort: alternative.sort,
        decision: &steering.decision,
        seed,
        key: None,
        now,
    };
    let routed = resolve::plan(&call, alternative.installation, &circumstances)
        .map_err(NotReplayed::Refused)?;
    let mut replayed = match &steering.decision.strategy {
        Strategy::Consensus(it) => {
            // Everybody is asked: one way through the plan for each model.
            let models = it.models().len();
            let of = |model| routed.plan.steps.iter().filter(move |step| step.model == model);
            let ways = (0..models).map(|model| {
                walk(record, alternative.history, of(model).map(|step| &step.endpoint))
            });
            ways.reduce(|all, way| all.beside(&way)).unwrap_or_default()
        }
        // A cascade is taken to be answered by its first model: nobody has seen its answer.
        Strategy::Single | Strategy::Cascade(_) => {
            walk(record, alternative.history, routed.plan.steps.iter().map(|step| &step.endpoint))
        }
    };
    replayed.rules = steering.decision.applied.iter().map(|it| Arc::clone(&it.rule)).collect();
    Ok(replayed)
}

/// Goes down a plan until somebody answers, each with the chance that it does.
fn walk<'p>(
    record: &GenerationRecord,
    history: &History,
    plan: impl Iterator<Item = &'p Arc<Endpoint>>,
) -> Replayed {
    let mut replayed = Replayed { lost: 1.0, ..Replayed::default() };
    let mut nanos = 0.0;
    for endpoint in plan {
        if replayed.endpoint.is_empty() {
            endpoint.id.as_str().clone_into(&mut replayed.endpoint);
            replayed.first_token_ms = history.first_token_ms(endpoint.id.as_str());
        }
        let answers = history.chance(record, endpoint.id.as_str());
        let bill = Bill::of(Some(endpoint), &record.usage, record.created_at, (0, false));
        replayed.unpriced |= bill.view.unpriced;
        nanos += replayed.lost * answers * history::float(bill.view.cost);
        replayed.faults += replayed.lost * (1.0 - answers);
        replayed.lost *= 1.0 - answers;
        if replayed.lost < 1e-6 {
            break;
        }
    }
    replayed.cost = history::amount(nanos);
    replayed
}

impl Default for Replayed {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            rules: Vec::new(),
            cost: Usd::ZERO,
            unpriced: false,
            first_token_ms: None,
            faults: 0.0,
            lost: 0.0,
        }
    }
}

impl Replayed {
    /// Both beside each other: both are paid, the slower one is waited for, and only when both are
    /// lost is the call.
    fn beside(self, other: &Self) -> Self {
        Self {
            cost: self.cost.saturating_add(other.cost),
            unpriced: self.unpriced || other.unpriced,
            first_token_ms: self.first_token_ms.max(other.first_token_ms),
            faults: self.faults + other.faults,
            lost: self.lost * other.lost,
            ..self
        }
    }
}

/// How an endpoint looked when the call was planned; one that was not looked at as it did in the
/// other records.
fn standing(
    endpoint: &Endpoint,
    routing: &RoutingRecord,
    history: &History,
    now: Timestamp,
) -> Standing {
    let id = endpoint.id.as_str();
    let seen = routing.candidates.iter().find(|it| &*it.endpoint == id && it.place != "dropped");
    let same = |value: f64| Percentiles { p50: value, p75: value, p90: value, p99: value };
    let Some(seen) = seen else {
        let first_token_ms = history.first_token_ms(id).and_then(|it| u32::try_from(it).ok());
        return Standing {
            first_token_ms: first_token_ms.map(|it| same(it.into())),
            ..Standing::default()
        };
    };
    let mut standing = Standing {
        first_token_ms: seen.first_token_ms.map(|it| same(it.into())),
        tokens_per_second: seen.tokens_per_second.map(|it| same(it.into())),
        ..Standing::default()
    };
    match seen.reason.as_deref().map(Cow::Borrowed).and_then(|it| Demotion::of_reason(&it)) {
        Some(Demotion::Lowered) => standing.tier = UptimeTier::Lowered,
        Some(Demotion::LastResort) => standing.tier = UptimeTier::LastResort,
        Some(Demotion::Unstable) => standing.stable = false,
        Some(Demotion::Cooling) => standing.cooling_until = Some(now.plus_millis(1)),
        Some(Demotion::Open) => standing.circuit = Circuit::Open { until: now.plus_millis(1) },
        Some(Demotion::Slow) | None => {}
    }
    standing
}
