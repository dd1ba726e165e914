//! Filtering and ordering.

use std::sync::Arc;

use tollgate_catalog::Endpoint;

use crate::filter::{Dropped, FILTERS};
use crate::{CallShape, Preferences};

/// Which endpoints to try, in order, and why the others are left out.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// To be tried in this order.
    pub steps: Vec<Arc<Endpoint>>,
    /// Left out, each with its reason.
    pub dropped: Vec<(Arc<Endpoint>, Dropped)>,
}

/// Parameters that make an endpoint preferable to those that don't know them (contract §5.1,
/// stage 6); where none does, the parameter is ignored.
const SOFT: &[&str] = &["tools", "response_format", "verbosity"];

/// Plans a call over one model's endpoints.
pub fn plan(candidates: &[Arc<Endpoint>], shape: &CallShape, wants: &Preferences) -> Plan {
    let mut plan = Plan::default();
    for endpoint in candidates {
        match FILTERS.iter().find_map(|filter| filter(endpoint, shape, wants)) {
            Some(reason) => plan.dropped.push((Arc::clone(endpoint), reason)),
            None => plan.steps.push(Arc::clone(endpoint)),
        }
    }
    for parameter in SOFT.iter().filter(|name| shape.parameters.contains(name)) {
        plan.prefer(parameter);
    }
    plan.steps.sort_by_cached_key(|endpoint| {
        let rank = wants.rank(endpoint).unwrap_or(usize::MAX);
        // Unpriced last, resellers behind those they resell; the id makes it total.
        let price = estimate(endpoint, shape);
        (rank, price.is_none(), price, endpoint.provider.reseller, endpoint.id.clone())
    });
    if !wants.allow_fallbacks {
        plan.forbid_fallbacks(wants);
    }
    plan
}

impl Plan {
    fn prefer(&mut self, parameter: &'static str) {
        if !self.steps.iter().any(|endpoint| endpoint.supports(parameter)) {
            return;
        }
        let (kept, dropped) =
            self.steps.drain(..).partition(|endpoint| endpoint.supports(parameter));
        self.steps = kept;
        self.drop_all(dropped, &Dropped::Preferred(parameter));
    }

    /// Without fallbacks only the first endpoint is tried, or only those the caller ordered (§5.2).
    fn forbid_fallbacks(&mut self, wants: &Preferences) {
        let ordered = self.steps.iter().filter(|it| wants.rank(it).is_some()).count();
        let dropped = self.steps.split_off(ordered.max(1).min(self.steps.len()));
        self.drop_all(dropped, &Dropped::NoFallbacks);
    }

    fn drop_all(&mut self, endpoints: Vec<Arc<Endpoint>>, reason: &Dropped) {
        self.dropped.extend(endpoints.into_iter().map(|endpoint| (endpoint, reason.clone())));
    }
}

/// What the call would cost at the endpoint, in pico-dollars; `None` when it has no price.
fn estimate(endpoint: &Endpoint, shape: &CallShape) -> Option<u128> {
    let rates = endpoint.price.as_ref()?.rates;
    Some(rates.estimate(shape.prompt_tokens.max(1), shape.answer_tokens()))
}
