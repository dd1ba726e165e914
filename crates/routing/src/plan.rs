//! Filtering and ordering.

use std::sync::Arc;

use tollgate_catalog::Endpoint;

use crate::Tier;
use crate::asked::{Asked, Candidates, Question};
use crate::balance::draw;
use crate::dropped::Dropped;
use crate::filter::ruled_out;
use crate::order::{Demotion, Place, Step, estimate_cached};
use crate::{CallShape, Sort, exacto};

/// Which endpoints to try, in order, and why the others are left out.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// To be tried in this order.
    pub steps: Vec<Step>,
    /// Left out, each with its reason.
    pub dropped: Vec<LeftOut>,
    /// What the endpoints of the primary model were sorted by; `None` for those that are balanced.
    pub sort: Option<Sort>,
}

/// An endpoint that is left out, with the reason.
type LeftOut = (Arc<Endpoint>, Dropped);

/// Parameters that make an endpoint preferable to those that don't know them (contract §5.1,
/// stage 6); where none does, the parameter is ignored.
const SOFT: &[&str] = &["tools", "response_format", "verbosity"];

/// Plans a call. Allocates the plan's own two lists and nothing else, at once in their full length.
pub fn plan(question: &Question<'_>) -> Plan {
    let total = question.models.iter().map(|it| it.endpoints.len()).sum();
    let mut plan = Plan { steps: Vec::with_capacity(total), ..Plan::default() };
    for (model, candidates) in question.models.iter().enumerate() {
        let asked = question.at(candidates.variant);
        let begin = plan.steps.len();
        plan.admit(question, (model, candidates), &asked);
        plan.prefer(question.shape, begin);
        classify(&asked, plan.since(begin));
        if !question.wants.across_models {
            arrange(question, &asked, plan.since(begin));
            plan.forbid_fallbacks(question, begin);
        }
    }
    let asked = question.at(question.models.first().and_then(|it| it.variant));
    if question.wants.across_models {
        arrange(question, &asked, &mut plan.steps);
        plan.forbid_fallbacks(question, 0);
    }
    plan.sort = asked.sort();
    if question.models.len() > 1 {
        put_last(&mut plan.steps);
    }
    plan
}

/// What is known not to answer is not tried before a fallback that may. Within a model they stand
/// so already.
fn put_last(steps: &mut [Step]) {
    let (mut at, mut end) = (0, steps.len());
    while at < end {
        let Some(rest) = steps.get_mut(at..) else { return };
        if rest.first().is_some_and(|step| step.demotion.is_some_and(Demotion::is_last)) {
            rest.rotate_left(1);
            end -= 1;
        } else {
            at += 1;
        }
    }
}

/// Puts endpoints into the order in which they are tried.
fn arrange(question: &Question<'_>, asked: &Asked<'_>, steps: &mut [Step]) {
    let Asked { wants, shape, .. } = *asked;
    let sort = asked.sort();
    // The order is total: no two of a plan are equal, so their order before says nothing.
    steps.sort_unstable_by(|one, other| one.compare(other, sort, shape.tier));
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
    // Never before its turn: a caller's own keys come first (§5.9).
    let turn = step.turn();
    let begin = steps.iter().position(|it| it.turn() == turn).unwrap_or(at).min(at);
    let others = steps.get(begin).filter(|first| first.demotion.is_none()).and_then(|it| it.price);
    let is_dearer = cached.zip(others).is_some_and(|(cached, other)| cached > other);
    if at > begin && is_dearer {
        return;
    }
    if let Some(before) = steps.get_mut(begin..=at) {
        before.rotate_right(1);
    }
    if let Some(first) = steps.get_mut(begin) {
        first.place = Place::Sticky;
    }
}

impl Plan {
    /// The steps from this place on.
    fn since(&mut self, begin: usize) -> &mut [Step] {
        self.steps.get_mut(begin..).unwrap_or_default()
    }

    /// Adds the endpoints of a model that no filter rules out.
    fn admit(
        &mut self,
        question: &Question<'_>,
        (model, candidates): (usize, &Candidates<'_>),
        asked: &Asked<'_>,
    ) {
        for endpoint in candidates.endpoints {
            if let Some(reason) = ruled_out(endpoint, asked, question.restrictions) {
                let room = self.steps.capacity();
                push(&mut self.dropped, room, (Arc::clone(endpoint), reason));
                continue;
            }
            let standing = (question.standing)(endpoint);
            self.steps.push(Step::new(endpoint, model, standing, asked));
        }
    }

    /// Leaves out those of its steps from `begin` on that are not to be tried.
    fn leave_out(&mut self, begin: usize, reason: &Dropped, mut is_out: impl FnMut(&Step) -> bool) {
        let room = self.steps.capacity();
        for step in self.steps.extract_if(begin.., |step| is_out(step)) {
            push(&mut self.dropped, room, (step.endpoint, reason.clone()));
        }
    }

    /// Drops what lacks something that another endpoint of the model has. Its steps begin at
    /// `begin`.
    fn prefer(&mut self, shape: &CallShape, begin: usize) {
        if let Some(tier @ Tier::Flex) = shape.tier {
            self.keep_if_any(begin, &Dropped::NotOfTier(tier), |it| it.tier() == Some(tier));
        }
        for name in SOFT.iter().filter(|name| shape.parameters.contains(name)) {
            self.keep_if_any(begin, &Dropped::Preferred(name), |it| it.supports(name));
        }
        self.keep_if_any(begin, &Dropped::Room, |it| has_room(it, shape));
    }

    fn keep_if_any(&mut self, begin: usize, reason: &Dropped, has: impl Fn(&Endpoint) -> bool) {
        let all = self.since(begin);
        let with = all.iter().filter(|step| has(&step.endpoint)).count();
        if with > 0 && with < all.len() {
            self.leave_out(begin, reason, |step| !has(&step.endpoint));
        }
    }

    /// Without fallbacks only the first endpoint is tried, or only those the caller ordered (§5.2).
    fn forbid_fallbacks(&mut self, question: &Question<'_>, begin: usize) {
        let wants = question.wants;
        let are_allowed = question.restrictions.iter().all(|it| it.wants.allow_fallbacks);
        if wants.allow_fallbacks && are_allowed {
            return;
        }
        let is_ordered = !wants.order.is_empty();
        let mut position = 0;
        self.leave_out(begin, &Dropped::NoFallbacks, |step| {
            position += 1;
            if is_ordered { step.rank.is_none() } else { position > 1 }
        });
    }
}

/// The first that is left out makes room for all that may follow.
fn push(dropped: &mut Vec<LeftOut>, room: usize, left_out: LeftOut) {
    if dropped.is_empty() {
        dropped.reserve_exact(room);
    }
    dropped.push(left_out);
}

/// Whether the prompt and the answer fit together, as far as a count from bytes can tell.
fn has_room(endpoint: &Endpoint, shape: &CallShape) -> bool {
    let wanted = shape.prompt_tokens.saturating_add(shape.max_tokens.unwrap_or(0));
    endpoint.context_length.is_none_or(|most| wanted <= most)
}
