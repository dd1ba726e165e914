//! What a call takes of limits that depend on the model: of each model before the first of its
//! endpoints is asked.
//!
//! The plan's first model is decided together with all other limits of the call, all or nothing. Any
//! other takes when the call comes to it. A model that is at its limit is passed over as if its
//! endpoints were left out; when nobody is left, its limit is what the caller is told.

use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;
use tollgate_catalog::{Endpoint, Model};
use tollgate_limits::{
    Applied, Full, Limit, Load, Measure, Refusal, Reservation, Scope, Window, admit_each,
    admit_within,
};
use tollgate_policy::Strategy;
use tollgate_routing::Dropped;
use tollgate_types::{Timestamp, Usd};
use tollgate_wire::chat::UsageView;

use super::{Limited, Limits, free};
use crate::CallError;
use crate::asked::Asked;
use crate::expected::{Expected, Reckoned, expected_of};
use crate::retry::may_pass;
use crate::run::Run;

/// What a call has taken of what depends on the model. What is not settled is given back when it is
/// dropped, but that those who were asked were.
#[derive(Debug)]
pub(crate) struct ByModel {
    /// The limits of free models, where the call may come to one and they hold.
    free: Option<[Limit; 2]>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    models: Vec<Taken>,
    /// A call is one of free models, however many of them it asks.
    of_free: Option<Reservation>,
    passed: Vec<Passed>,
    /// Whether a limit could not be held for want of room.
    is_full: bool,
}

/// What was taken for a model.
#[derive(Debug)]
struct Taken {
    model: Arc<Model>,
    /// None when it has failed and the call went on to another.
    held: Option<Reservation>,
    has_answered: bool,
}

/// Who is passed over, and why.
#[derive(Debug)]
struct Passed {
    whom: Whom,
    refusal: Refusal,
    at: Timestamp,
}

#[derive(Debug)]
enum Whom {
    /// A model; where that is for money, but for the caller's own keys.
    Model { model: Arc<Model>, but_own: bool },
    /// All that is free.
    Free,
}

/// What is to be taken before an endpoint is asked.
#[derive(Default)]
struct Due {
    limits: Limits,
    /// What its model may need.
    need: Expected,
    is_free: bool,
}

const fn is_by_model(scope: Scope) -> bool {
    matches!(scope, Scope::Model | Scope::FreeModels)
}

impl Passed {
    fn limited(&self) -> Limited {
        Limited::new(self.refusal.clone(), self.at)
    }
}

impl State {
    fn taken(&mut self, model: &Model) -> Option<&mut Taken> {
        self.models.iter_mut().find(|it| it.model.id == model.id)
    }

    /// Why an endpoint is passed over, if it is.
    fn passed<C: Asked>(&self, run: &Run<C>, endpoint: &Endpoint) -> Option<&Passed> {
        self.passed.iter().find(|passed| match &passed.whom {
            Whom::Model { model, but_own } => {
                model.id == endpoint.model.id && !(*but_own && endpoint.own_key.is_some())
            }
            Whom::Free => free::is_free(run, endpoint),
        })
    }

    /// What is still to be taken before an endpoint is asked; a request counts once.
    fn due<C: Asked>(
        &self,
        run: &Run<C>,
        endpoint: &Endpoint,
        free: Option<&[Limit; 2]>,
    ) -> Result<Option<Due>, Full> {
        let (limiting, now) = (run.engine.limiting(), run.engine.now());
        let id = &endpoint.model.id;
        let known = self.models.iter().find(|it| it.model.id == *id);
        let mut due = Due::default();
        if known.is_none_or(|it| it.held.is_none()) {
            due.limits = limiting.of_model(id.as_str(), now)?;
            if known.is_some() {
                due.limits.retain(|it| !has_counted(&it.limit()));
            }
            if !due.limits.is_empty() {
                let is_its = |it: &Endpoint| it.model.id == *id && self.passed(run, it).is_none();
                due.need = expected_of(run, is_its);
            }
        } else if free.is_none() || self.of_free.is_some() {
            return Ok(None);
        }
        let free = free.filter(|_| self.of_free.is_none() && free::is_free(run, endpoint));
        due.is_free = free.is_some();
        for limit in free.into_iter().flatten() {
            due.limits.push(limiting.of_free_models(run, limit, now)?);
        }
        Ok(Some(due))
    }

    /// Notes what was taken.
    fn note(&mut self, endpoint: &Endpoint, mut held: Reservation, is_free: bool) {
        if is_free {
            self.of_free = Some(held.part(|scope| scope == Scope::FreeModels));
        }
        match self.taken(&endpoint.model) {
            Some(Taken { held: Some(_), .. }) => {}
            Some(taken) => taken.held = Some(held),
            None => {
                let model = Arc::clone(&endpoint.model);
                self.models.push(Taken { model, held: Some(held), has_answered: false });
            }
        }
    }

    /// Notes who is passed over from now on.
    fn pass<C: Asked>(&mut self, run: &Run<C>, endpoint: &Endpoint, refusal: Refusal) {
        run.engine.metrics().limited(&refusal.limit);
        let whom = if refusal.limit.scope == Scope::FreeModels {
            Whom::Free
        } else {
            let but_own = refusal.limit.measure == Measure::Spend;
            Whom::Model { model: Arc::clone(&endpoint.model), but_own }
        };
        self.passed.push(Passed { whom, refusal, at: run.engine.now() });
    }

    /// Of all limits that had somebody passed over the one that has room first: one is enough.
    fn soonest(&self) -> Option<Limited> {
        Some(self.passed.iter().min_by_key(|it| it.refusal.relief)?.limited())
    }
}

/// Whether what a call takes of a limit stays taken when the call fails.
fn has_counted(limit: &Limit) -> bool {
    limit.measure == Measure::Requests && limit.window != Window::InFlight
}

impl ByModel {
    /// What a planned call has to do with such limits; none where it has nothing.
    pub(super) async fn of<C: Asked>(run: &Run<C>) -> Option<Box<Self>> {
        let free = free::limits(run).await;
        let is_limited = run.engine.limiting().limits_any_of(&run.plan);
        let state = Mutex::default();
        (is_limited || free.is_some()).then(|| Box::new(Self { free, state }))
    }

    /// Whether an endpoint may be asked, for which is taken what was not taken yet.
    fn may_ask<C: Asked>(&self, run: &Run<C>, endpoint: &Endpoint) -> bool {
        let mut state = self.state.lock();
        // Once more where money is short, and the endpoint is of a key of the caller's own.
        for _ in 0..2 {
            if state.passed(run, endpoint).is_some() {
                return false;
            }
            let Ok(due) = state.due(run, endpoint, self.free.as_ref()) else {
                tracing::error!("a model's limit can't be held: there is no room for its counter");
                state.is_full = true;
                return false;
            };
            let Some(Due { limits, need, is_free }) = due else { return true };
            let now = run.engine.now();
            match admit_within(&limits, (&need.most, &need.least), now) {
                Ok(held) => {
                    state.note(endpoint, held, is_free);
                    return true;
                }
                Err(refusal) => state.pass(run, endpoint, refusal),
            }
        }
        false
    }

    fn answered(&self, model: &Model) {
        if let Some(taken) = self.state.lock().taken(model) {
            taken.has_answered = true;
        }
    }

    /// Those that have not answered used nothing.
    fn others_failed(&self, now: Timestamp) {
        let mut state = self.state.lock();
        for taken in state.models.iter_mut().filter(|it| !it.has_answered) {
            taken.fail(now);
        }
    }

    fn failed(&self, model: &Model, now: Timestamp) {
        let mut state = self.state.lock();
        if let Some(taken) = state.taken(model).filter(|it| !it.has_answered) {
            taken.fail(now);
        }
    }

    /// Ends it with what each model used.
    fn settle(self, used: impl Fn(&Model) -> Load, now: Timestamp) {
        for Taken { model, held, .. } in self.state.into_inner().models {
            if let Some(held) = held {
                held.settle(&used(&model), now);
            }
        }
    }

    /// Nobody was asked: nothing of it counts.
    pub(crate) fn cancel(self) {
        let State { models, of_free, .. } = self.state.into_inner();
        let held = models.into_iter().filter_map(|it| it.held).chain(of_free);
        held.for_each(Reservation::cancel);
    }
}

impl Taken {
    /// It has used nothing, and was asked all the same.
    fn fail(&mut self, now: Timestamp) {
        if let Some(held) = self.held.take() {
            held.settle(&Load::default(), now);
        }
    }
}

/// Whether rules or a router have several models asked for one answer. Each takes when it is asked.
fn has_several_asked<C: Asked>(run: &Run<C>) -> bool {
    run.steering.composed.is_some() || run.steering.decision.strategy != Strategy::Single
}

/// Takes what a planned call may need of `limits` and of its first model's, all of it or nothing. A
/// first model that is at its limit is left out of the plan, as long as one is left.
///
/// # Errors
///
/// When there is not enough left of one of them; then nothing is taken.
pub(super) fn admit<C: Asked>(
    run: &mut Run<C>,
    mut by_model: Box<ByModel>,
    mut limits: Limits,
    reckoned: &mut Reckoned,
) -> Result<(), CallError> {
    if has_several_asked(run) {
        let Expected { most, least } = reckoned.of(run);
        super::take(run, &limits, (&most, &least), run.engine.now())?;
        run.held.by_model = Some(by_model);
        return Ok(());
    }
    let shared = limits.len();
    while let Some(endpoint) = run.endpoint(0).cloned() {
        let free = by_model.free;
        let state = by_model.state.get_mut();
        let due = state.due(run, &endpoint, free.as_ref()).map_err(super::has_no_room)?;
        let mut due = due.unwrap_or_default();
        let all = reckoned.of(run);
        let need = |applied: &Applied| match applied.limit().scope {
            Scope::Model => (&due.need.most, &due.need.least),
            _ => (&all.most, &all.least),
        };
        limits.truncate(shared);
        limits.append(&mut due.limits);
        match admit_each(&limits, need, run.engine.now()) {
            Ok(mut held) => {
                state.note(&endpoint, held.part(is_by_model), due.is_free);
                run.held.of_limits = held;
                run.held.by_model = Some(by_model);
                break;
            }
            Err(refusal) if is_by_model(refusal.limit.scope) => {
                state.pass(run, &endpoint, refusal);
                if !leave_out(run, state) {
                    return Err(state.soonest().map_or(CallError::StoreBehind, told));
                }
                *reckoned = Reckoned::default();
            }
            Err(refusal) => return Err(super::refused(run, refusal)),
        }
    }
    Ok(())
}

fn told(limited: Limited) -> CallError {
    CallError::Limited(Box::new(limited))
}

/// Leaves endpoints that are passed over out of the plan, unless they are all there is, or none is:
/// then it stays as it is, and this is `false`.
fn leave_out<C: Asked>(run: &mut Run<C>, state: &State) -> bool {
    if state.passed.is_empty() {
        return false;
    }
    let why = |endpoint: &Endpoint| {
        let passed = state.passed(run, endpoint)?;
        Some(Dropped::AtLimit(passed.limited().message().into()))
    };
    let reasons: Vec<Option<Dropped>> =
        run.plan.steps.iter().map(|step| why(&step.endpoint)).collect();
    if reasons.iter().all(Option::is_some) || reasons.iter().all(Option::is_none) {
        return false;
    }
    let steps = std::mem::take(&mut run.plan.steps);
    for (step, reason) in steps.into_iter().zip(reasons) {
        match reason {
            Some(reason) => run.plan.dropped.push((step.endpoint, reason)),
            None => run.plan.steps.push(step),
        }
    }
    true
}

/// What the caller is told when nobody answered and somebody was passed over: the limit, with those
/// who failed beside it, unless one of these says what the caller can mend, or may answer when it is
/// asked again while the limit is a budget that is spent.
pub(crate) fn last_word<C: Asked>(run: &Run<C>) -> Option<CallError> {
    let state = run.held.by_model.as_ref()?.state.lock();
    if run.faults.iter().any(|(_, _, fault)| fault.kind.is_callers()) {
        return None;
    }
    let Some(limited) = state.soonest() else {
        return state.is_full.then_some(CallError::StoreBehind);
    };
    let has_room_soon = limited.retry_after().is_some();
    if !has_room_soon && run.faults.iter().any(|(_, _, fault)| may_pass(fault)) {
        return None;
    }
    Some(told(limited.after(&run.faults)))
}

impl<C: Asked> Run<C> {
    /// Whether an endpoint may be asked now: for its model is taken what was not taken yet. It is
    /// passed over when there is not enough left of a limit.
    pub(crate) fn may_ask(&self, endpoint: &Endpoint) -> bool {
        self.held.by_model.as_ref().is_none_or(|it| it.may_ask(self, endpoint))
    }

    /// Notes that an endpoint has answered: models that were asked before it have failed. The plan
    /// says who was passed over.
    pub(crate) fn model_answered(&mut self, endpoint: &Endpoint) {
        if let Some(by_model) = &self.held.by_model {
            by_model.answered(&endpoint.model);
            by_model.others_failed(self.engine.now());
            self.leave_out_passed();
        }
    }

    /// Notes that an endpoint has answered, while others are asked beside it.
    pub(crate) fn member_answered(&self, endpoint: &Endpoint) {
        if let Some(by_model) = &self.held.by_model {
            by_model.answered(&endpoint.model);
        }
    }

    /// Notes that a model has failed, and that the call goes on to others. Where it comes back to the
    /// model, that takes again, but for a request.
    pub(crate) fn model_failed(&self, endpoint: &Endpoint) {
        if let Some(by_model) = &self.held.by_model {
            by_model.failed(&endpoint.model, self.engine.now());
        }
    }

    /// The same when an endpoint has failed and those in these places of the plan are still to be
    /// tried, where none is of its model.
    pub(crate) fn goes_on_from<'i>(
        &self,
        endpoint: &Endpoint,
        due: impl IntoIterator<Item = &'i usize>,
    ) {
        if self.held.by_model.is_none() {
            return;
        }
        let mut due = due.into_iter().filter_map(|index| self.endpoint(*index)).peekable();
        if due.peek().is_some() && due.all(|next| next.model.id != endpoint.model.id) {
            self.model_failed(endpoint);
        }
    }

    /// Has the plan say who was passed over.
    pub(crate) fn leave_out_passed(&mut self) {
        let Some(by_model) = self.held.by_model.take() else { return };
        leave_out(self, &by_model.state.lock());
        self.held.by_model = Some(by_model);
    }

    /// Why an endpoint was passed over, if it was.
    pub(crate) fn why_passed(&self, endpoint: &Endpoint) -> Option<String> {
        let state = self.held.by_model.as_ref()?.state.lock();
        Some(state.passed(self, endpoint)?.limited().message())
    }

    /// Whether anybody was passed over.
    pub(crate) fn has_passed_over(&self) -> bool {
        self.held.by_model.as_ref().is_some_and(|it| !it.state.lock().passed.is_empty())
    }

    /// Who was refused before anybody was asked was no request: nothing that it holds counts.
    pub(crate) fn give_back_unasked(&mut self) {
        if self.attempts.is_empty() && self.put_aside.is_empty() {
            self.held.give_back(&self.key);
        }
    }

    /// Settles what was taken for each model to what that one used. `last` is what whoever answered
    /// last used, of all that the call came to; nothing is when the call failed.
    pub(crate) fn settle_models(
        &mut self,
        last: Option<(&Arc<Endpoint>, &UsageView)>,
        whole: &UsageView,
        failed: bool,
    ) {
        let Some(by_model) = self.held.by_model.take() else { return };
        let now = self.engine.now();
        if failed {
            return by_model.settle(|_| Load::default(), now);
        }
        let shares = self.shares.iter().map(|share| (&share.endpoint, share.view()));
        let aside = self.put_aside.iter().map(|it| (&it.endpoint, &it.bill.view));
        let mut parts: SmallVec<[_; 4]> = shares
            .chain(aside)
            .map(|(endpoint, view)| {
                (&endpoint.model.id, Load::of(&view.usage, (view.cost, Usd::ZERO)))
            })
            .collect();
        if let Some((endpoint, view)) = last {
            // What the others cost is charged first: together it is what the call is charged.
            let others = parts.iter().fold(Usd::ZERO, |sum, (_, it)| sum.saturating_add(it.spend));
            let cost = whole.cost.checked_sub(others).unwrap_or(Usd::ZERO);
            parts.push((&endpoint.model.id, Load::of(&view.usage, (cost, Usd::ZERO))));
        }
        let used = |model: &Model| {
            let of_it = parts.iter().filter(|(id, _)| **id == model.id);
            of_it.fold(Load::default(), |sum, (_, it)| sum.and(it))
        };
        by_model.settle(used, now);
    }
}

#[cfg(test)]
mod tests {
    use tollgate_limits::Relief;

    use super::*;

    fn limit(measure: Measure, window: Window) -> Limit {
        Limit { scope: Scope::Model, measure, window, amount: 5 }
    }

    fn passed(measure: Measure, relief: Relief) -> Passed {
        let limit = limit(measure, Window::Day);
        let id = "acme/m".into();
        let refusal = Refusal { limit, id, used: 5, need: 1, relief, resets_at: None };
        Passed { whom: Whom::Free, refusal, at: Timestamp::from_unix_millis(0) }
    }

    #[test]
    fn who_takes_again_is_no_second_request_and_has_a_place_again() {
        for (measure, window, expected) in [
            (Measure::Requests, Window::Minute, true),
            (Measure::Requests, Window::Day, true),
            (Measure::Requests, Window::InFlight, false),
            (Measure::Tokens, Window::Minute, false),
            (Measure::Spend, Window::Lifetime, false),
        ] {
            assert_eq!(has_counted(&limit(measure, window)), expected, "{measure:?} {window:?}");
        }
    }

    #[test]
    fn of_several_limits_the_soonest_is_told() {
        let at = |millis| Relief::At(Timestamp::from_unix_millis(millis));
        let mut state = State::default();
        assert!(state.soonest().is_none());
        state.passed = vec![
            passed(Measure::Spend, Relief::Never),
            passed(Measure::Tokens, at(90_000)),
            passed(Measure::Requests, at(30_000)),
        ];
        let told = state.soonest().map(|it| it.retry_after().unwrap().as_secs());
        assert_eq!(told, Some(30));
        state.passed.push(passed(Measure::InputTokens, Relief::WhenCallsEnd));
        assert!(state.soonest().unwrap().message().contains("input tokens"));
    }
}
