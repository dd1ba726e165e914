//! How the endpoints of this installation are doing: one [`Health`] each, learned from live traffic.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_health::{Circuit, FailureKind, Health, Outcome, Report, Standing};
use tollgate_ledger::LearnedLength;
use tollgate_providers::{Fault, FaultKind};
use tollgate_types::Timestamp;

use crate::Installation;

/// The health of every endpoint that can be called. An endpoint that was never called takes no more
/// than its name.
#[derive(Debug, Default)]
pub struct Vitals {
    endpoints: HashMap<EndpointId, Known>,
}

/// What is known of one endpoint.
#[derive(Debug, Default, Clone)]
struct Known {
    health: OnceLock<Arc<Health>>,
    /// How long its answers are.
    length: Arc<LearnedLength>,
}

impl Vitals {
    /// Of the endpoints of an installation; what was known of those that were there before is kept,
    /// but for those called with `renewed` keys of callers' own.
    pub(crate) fn of(installation: &Installation, before: &Self, renewed: &[Arc<str>]) -> Self {
        let known = |it: &Endpoint| {
            let is_new = it.own_key.as_ref().is_some_and(|key| renewed.contains(&key.id));
            if is_new { Known::default() } else { before.cell(&it.id) }
        };
        let endpoints = installation.routable().all_endpoints().chain(installation.own().all());
        let endpoints = endpoints.map(|it| (it.id.clone(), known(it))).collect();
        Self { endpoints }
    }

    /// How an endpoint has been doing; as one of which nothing is known when it was never called.
    pub fn standing(&self, endpoint: &EndpointId, now: Timestamp) -> Standing {
        self.called(endpoint).map_or_else(Standing::default, |health| health.standing(now))
    }

    /// All that is known of an endpoint; `None` when it was never called.
    pub fn report(&self, endpoint: &EndpointId, now: Timestamp) -> Option<Report> {
        Some(self.called(endpoint)?.report(now))
    }

    /// The endpoints that were called, with all that is known of them.
    pub fn reports(&self, now: Timestamp) -> impl Iterator<Item = (&EndpointId, Report)> {
        self.all_called().map(move |(id, health)| (id, health.report(now)))
    }

    /// The circuits of the endpoints that were called.
    pub fn circuits(&self, now: Timestamp) -> impl Iterator<Item = (&EndpointId, Circuit)> {
        self.all_called().map(move |(id, health)| (id, health.standing(now).circuit))
    }

    /// Where what comes of a call is noted.
    pub(crate) fn health(&self, endpoint: &EndpointId) -> Option<&Arc<Health>> {
        Some(self.endpoints.get(endpoint)?.health.get_or_init(Arc::default))
    }

    /// How long an endpoint's answers are.
    pub(crate) fn length(&self, endpoint: &EndpointId) -> Option<&LearnedLength> {
        Some(&self.endpoints.get(endpoint)?.length)
    }

    /// The same by the endpoint's name, of one that can be called.
    pub(crate) fn health_of(&self, name: &str) -> Option<&Arc<Health>> {
        Some(self.endpoints.get(name)?.health.get_or_init(Arc::default))
    }

    /// The endpoints that were called.
    pub(crate) fn all_called(&self) -> impl Iterator<Item = (&EndpointId, &Arc<Health>)> {
        self.endpoints.iter().filter_map(|(id, known)| Some((id, known.health.get()?)))
    }

    /// What was called here and is not, or is another, in `after`.
    pub(crate) fn left_by(&self, after: &Self) -> Vec<(Arc<str>, Arc<Health>)> {
        let stays = |id, health| after.called(id).is_some_and(|it| Arc::ptr_eq(it, health));
        let left = self.all_called().filter(|(id, health)| !stays(id, health));
        left.map(|(id, health)| (id.shared(), Arc::clone(health))).collect()
    }

    fn cell(&self, endpoint: &EndpointId) -> Known {
        self.endpoints.get(endpoint).cloned().unwrap_or_default()
    }

    pub(crate) fn called(&self, endpoint: &EndpointId) -> Option<&Arc<Health>> {
        self.endpoints.get(endpoint)?.health.get()
    }
}

/// What a failed attempt says of its endpoint: what the caller must mend says nothing (contract
/// §5.3).
pub(crate) fn outcome(fault: &Fault) -> Outcome {
    // A provider forbids what a caller asks, and a caller can provoke it.
    if fault.status == Some(403) {
        return Outcome::Callers;
    }
    let failure = match fault.kind {
        FaultKind::Credential => FailureKind::Credential,
        FaultKind::Payment => FailureKind::Payment,
        FaultKind::ModelMissing => FailureKind::ModelMissing,
        FaultKind::Timeout => FailureKind::Timeout,
        FaultKind::Unreachable => FailureKind::Unreachable,
        FaultKind::Broken => FailureKind::Broken,
        FaultKind::Truncated => FailureKind::Truncated,
        FaultKind::Empty => FailureKind::Empty,
        FaultKind::Overloaded => FailureKind::Overloaded,
        FaultKind::RateLimited => return Outcome::RateLimited { retry_after: fault.retry_after },
        FaultKind::BadRequest
        | FaultKind::Rejected
        | FaultKind::ContextLength
        | FaultKind::TooLarge
        | FaultKind::ContentPolicy
        | FaultKind::Unsupported => return Outcome::Callers,
    };
    Outcome::Failure(failure)
}
