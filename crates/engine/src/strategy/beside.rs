//! Several models asked beside each other, each at one of its endpoints after another.

use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_catalog::Endpoint;
use tollgate_providers::{Fault, Progress};
use tollgate_routing::{Plan, Step};
use tollgate_types::Usd;
use tollgate_wire::Call;

use super::{Answer, Answered, Spoken, failure};
use crate::CallError;
use crate::attempt::{At, Attempt, exhausted};
use crate::resolve;
use crate::run::Run;

/// What the record says of an answer that was not waited for.
const NOT_NEEDED: &str = "under way when the others had decided";

/// Where one model can be asked, or why nowhere.
pub(super) type Planned = Result<Vec<Step>, CallError>;

/// An answer that was read to its end, by an endpoint of the model in this place.
pub(super) type Heard<T> = (usize, Option<(T, Spoken)>);

/// What the record calls an answer that is put aside.
pub(super) type Naming = fn(&Spoken) -> &'static str;

/// What was tried to have one model answer.
#[derive(Default)]
pub(super) struct Member {
    failed: Vec<(Attempt, Arc<Endpoint>, Fault)>,
    /// Whose answer is being read, or was.
    asked: Option<(Attempt, Arc<Endpoint>)>,
}

/// The names without those of a model that is among them already: it has one voice, however it is
/// spelt.
pub(super) fn distinct(run: &Run, names: &[String]) -> Vec<String> {
    let mut seen = Vec::with_capacity(names.len());
    let is_new = |name: &&String| {
        let Some(model) = resolve::named(name, &run.installation, &run.key.record) else {
            return true;
        };
        let is_new = !seen.contains(&model.id);
        seen.push(model.id.clone());
        is_new
    };
    names.iter().filter(is_new).cloned().collect()
}

/// Plans the call for each model; the run's own plan is all of it.
pub(super) fn planned(run: &mut Run, models: &[String]) -> Vec<Planned> {
    let mut joint = Plan::default();
    let mut planned = Vec::with_capacity(models.len());
    for model in models {
        planned.push(run.plan_for(std::slice::from_ref(model)).map(|routed| {
            run.shape = routed.shape;
            joint.sort = routed.plan.sort;
            joint.dropped.extend(routed.plan.dropped);
            joint.steps.extend(routed.plan.steps.iter().cloned());
            routed.plan.steps
        }));
    }
    run.plan = joint;
    planned
}

/// Why none of these models answered.
pub(super) fn nobody(run: &mut Run, planned: Vec<Planned>) -> CallError {
    let unroutable = planned.into_iter().find_map(Result::err);
    let is_told = run.faults.is_empty() && !run.has_passed_over();
    unroutable.filter(|_| is_told).unwrap_or_else(|| exhausted(run))
}

impl Member {
    /// Writes down what came of it, and returns the answer if there is one; `outcome` names what is
    /// put aside. `left` is what those wrote that were hung up on.
    pub(super) fn conclude<T: Answer>(
        self,
        run: &mut Run,
        (model, planned, outcome): (&str, &Planned, Naming),
        answer: Option<(T, Spoken)>,
        left: &mut Vec<(Arc<Endpoint>, Progress)>,
    ) -> Option<(Answered<T>, Spoken)> {
        let tried = self.failed.len();
        for (attempt, endpoint, fault) in self.failed {
            if let Err(fault) = attempt.end::<_, ()>(run, &endpoint, Err(fault)) {
                run.faults.push((0, endpoint.provider.name.clone(), fault));
            }
        }
        let Some((attempt, endpoint)) = self.asked else {
            let failed = match planned {
                Ok(steps) => {
                    let first = steps.first().filter(|_| tried == 0);
                    let limit = first.and_then(|step| run.why_passed(&step.endpoint));
                    limit.map_or_else(
                        || format!("failed at {tried} endpoints"),
                        |limit| format!("failed: {limit}"),
                    )
                }
                Err(error) => failure(error),
            };
            run.note_stage(model, failed, Usd::ZERO);
            return None;
        };
        let Some((answer, spoken)) = answer else {
            attempt.overtaken(run, &endpoint);
            match left.iter().position(|(at, _)| Arc::ptr_eq(at, &endpoint)) {
                Some(at) => run.leave(model, &endpoint, &left.swap_remove(at).1, NOT_NEEDED),
                None => run.note_stage(model, NOT_NEEDED.to_owned(), Usd::ZERO),
            }
            return None;
        };
        // An attempt that was successful has nothing that could be taken out of it.
        attempt.end(run, &endpoint, Ok(())).ok()?;
        run.put_aside(model, &endpoint, answer.progress(), outcome(&spoken).to_owned());
        Some(((endpoint, answer), spoken))
    }
}

/// Tries the endpoints of one model in order.
pub(super) async fn ask<T: Answer>(
    run: &Run,
    (at, steps): (usize, &[Step]),
    member: &Mutex<Member>,
    heard: At<Call, (T, Spoken)>,
) -> Heard<T> {
    for step in steps {
        let endpoint = &step.endpoint;
        if !run.may_ask(endpoint) {
            continue;
        }
        let attempt = Attempt::begin(run, endpoint);
        member.lock().asked = Some((attempt, Arc::clone(endpoint)));
        match heard(run, endpoint).await {
            Ok(answer) => {
                // Until it is decided.
                let progress = answer.0.progress().clone();
                run.member_answered(endpoint);
                run.left_behind.lock().push((Arc::clone(endpoint), progress));
                return (at, Some(answer));
            }
            Err(fault) => {
                let mut member = member.lock();
                let asked = member.asked.take();
                member.failed.extend(asked.map(|(attempt, endpoint)| (attempt, endpoint, fault)));
            }
        }
    }
    if let Some(step) = steps.first() {
        run.model_failed(&step.endpoint);
    }
    (at, None)
}
