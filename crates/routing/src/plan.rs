//! Filtering and ordering.

use std::sync::Arc;

use tollgate_catalog::Endpoint;

use crate::Tier;
use crate::asked::{Asked, Candidates, Question};
use crate::balance::draw;
use crate::dropped::Dropped;
use crate::filter::FILTERS;
use crate::order::{Demotion, Place, Step, estimate_cached};
use crate::{CallShape, Preferences, Sort, exacto};

/// Which endpoints to try, in order, and why the others are left out.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// To be tried in this order.
    pub steps: Vec<Step>,
    /// Left out, each with its reason.
    pub dropped: Vec<(Arc<Endpoint>, Dropped)>,
    /// What the endpoints of the primary model were sorted by; `None` for those that are balanced.
    pub sort: Option<Sort>,
}

/// Parameters that make an endpoint preferable to those that don't know them (contract §5.1,
/// stage 6); where none does, the parameter is ignored.
const SOFT: &[&str] = &["tools", "response_format", "verbosity"];

/// Plans a call.
pub fn plan(question: &Question<'_>) -> Plan {
    let mut plan = Plan::default();
    for (model, candidates) in question.models.iter().enumerate() {
        let asked = question.at(candidates.variant);
        let mut steps = plan.admitted(question, (model, candidates), &asked);
        plan.prefer(question.shape, &mut steps);
        classify(&asked, &mut steps);
        if !question.wants.across_models {
            arrange(question, &asked, &mut steps);
            plan.forbid_fallbacks(question.wants, &mut steps);
        }
        plan.steps.append(&mut steps);
    }
    if question.wants.across_models {
        let primary = question.models.first().and_then(|it| it.variant);
        let mut steps = std::mem::take(&mut plan.steps);
        arrange(question, &question.at(primary), &mut steps);
        plan.forbid_fallbacks(question.wants, &mut steps);
        plan.steps = steps;
    }
    plan.sort = question.at(question.models.first().and_then(|it| it.variant)).sort();
    // What is known not to answer is not tried before a fallback that may.
    plan.steps.sort_by_key(|step| step.demotion.is_some_and(Demotion::is_last));
    plan
}

/// Puts endpoints into the order in which they are tried.
fn arrange(question: &Question<'_>, asked: &Asked<'_>, steps: &mut [Step]) {
    let Asked { wants, shape, .. } = *asked;
    let sort = asked.sort();
    steps.sort_by(|one, other| one.compare(other, sort, shape.tier));
    let is_balanced = matches!(sort, None | Some(Sort::Exacto))
        && wants.order.is_empty()
        && shape.tier != Some(Tier::Flex);
    if is_balanced {
        draw(steps, question.seed);
    }
    stick(question, steps);
}

/// Where tools are sent, hosts that are bad at them stand last, unless the price is all that counts
/// (contract §5.4).
fn classify(asked: &Asked<'_>, steps: &mut [Step]) {
    let sends_tools = asked.shape.parameters.contains(&"tools");
    match asked.sort() {
        Some(Sort::Exacto) => exacto::classify(steps),
        None if sends_tools => exacto::classify(steps),
        Some(Sort::Price | Sort::Throughput | Sort::Latency) | None => {}
    }
}

/// Puts the endpoint first that has the conversation in its cache, wherever the caller's order or
/// the draw put it: unless it is not well, or the first is the cheaper one even so. The contract's
/// stickiness gives way to `provider.order` (§5.8); callers lose their caches by that.
fn stick(question: &Question<'_>, steps: &mut [Step]) {
    let Some(sticky) = question.sticky else { return };
    let Some(at) = steps.iter().position(|step| step.endpoint.id == *sticky) else { return };
    let Some(step) = steps.get(at).filter(|step| step.demotion.is_none()) else { return };
    let cached = estimate_cached(&step.endpoint, question.shape);
    let others = steps.first().filter(|first| first.demotion.is_none()).and_then(|it| it.price);
    let is_dearer = cached.zip(others).is_some_and(|(cached, other)| cached > other);
    if at > 0 && is_dearer {
        return;
    }
    if let Some(before) = steps.get_mut(..=at) {
        before.rotate_right(1);
    }
    if let Some(first) = steps.first_mut() {
        first.place = Place::Sticky;
    }
}

impl Plan {
    /// The endpoints of a model that no filter rules out.
    fn admitted(
        &mut self,
        question: &Question<'_>,
        (model, candidates): (usize, &Candidates<'_>),
        asked: &Asked<'_>,
    ) -> Vec<Step> {
        let mut steps = Vec::with_capacity(candidates.endpoints.len());
        for endpoint in candidates.endpoints {
            match FILTERS.iter().find_map(|filter| filter(endpoint, asked)) {
                Some(reason) => self.dropped.push((Arc::clone(endpoint), reason)),
                None => {
                    steps.push(Step::new(endpoint, model, (question.standing)(endpoint), asked));
                }
            }
        }
        steps
    }

    /// Drops what lacks something that another endpoint of the model has.
    fn prefer(&mut self, shape: &CallShape, steps: &mut Vec<Step>) {
        if let Some(tier @ Tier::Flex) = shape.tier {
            self.keep_if_any(steps, &Dropped::NotOfTier(tier), |it| it.tier() == Some(tier));
        }
        for name in SOFT.iter().filter(|name| shape.parameters.contains(name)) {
            self.keep_if_any(steps, &Dropped::Preferred(name), |it| it.supports(name));
        }
        self.keep_if_any(steps, &Dropped::Room, |it| has_room(it, shape));
    }

    fn keep_if_any(
        &mut self,
        steps: &mut Vec<Step>,
        reason: &Dropped,
        has: impl Fn(&Endpoint) -> bool,
    ) {
        let with = steps.iter().filter(|step| has(&step.endpoint)).count();
        if with > 0 && with < steps.len() {
            let without = steps.extract_if(.., |step| !has(&step.endpoint));
            self.dropped.extend(without.map(|step| (step.endpoint, reason.clone())));
        }
    }

    /// Without fallbacks only the first endpoint is tried, or only those the caller ordered (§5.2).
    fn forbid_fallbacks(&mut self, wants: &Preferences, steps: &mut Vec<Step>) {
        if wants.allow_fallbacks {
            return;
        }
        let is_ordered = !wants.order.is_empty();
        let mut position = 0;
        let others = steps.extract_if(.., |step| {
            position += 1;
            if is_ordered { step.rank.is_none() } else { position > 1 }
        });
        self.dropped.extend(others.map(|step| (step.endpoint, Dropped::NoFallbacks)));
    }
}

/// Whether the prompt and the answer fit together, as far as a count from bytes can tell.
fn has_room(endpoint: &Endpoint, shape: &CallShape) -> bool {
    let wanted = shape.prompt_tokens.saturating_add(shape.max_tokens.unwrap_or(0));
    endpoint.context_length.is_none_or(|most| wanted <= most)
}
