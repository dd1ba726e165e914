//! Several models beside each other, and the answer that most agree on.

use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use tollgate_catalog::Endpoint;
use tollgate_policy::Consensus;
use tollgate_providers::{Fault, Progress};
use tollgate_routing::{Plan, Step};
use tollgate_types::Usd;
use tollgate_wire::Call;

use super::{Answer, Answered, Spoken, failure};
use crate::CallError;
use crate::attempt::{At, Attempt, exhausted};
use crate::decision::whole;
use crate::resolve;
use crate::run::Run;

/// What the record says of an answer that others agreed on, or that lost.
const NOT_TOLD: &str = "answered, and was not told";
/// The same of one that was not waited for.
const NOT_NEEDED: &str = "under way when the others had decided";

/// Where one model can be asked, or why nowhere.
type Planned = Result<Vec<Step>, CallError>;

/// An answer that was read to its end, by an endpoint of the model in this place.
type Heard<T> = (usize, Option<(T, Spoken)>);

/// What was tried to have one model answer.
#[derive(Default)]
struct Member {
    failed: Vec<(Attempt, Arc<Endpoint>, Fault)>,
    /// Whose answer is being read, or was.
    asked: Option<(Attempt, Arc<Endpoint>)>,
}

/// Asks all models of a consensus at once, and returns the answer to be told. Once nobody who is
/// still to come can change what is agreed on, they are hung up on.
pub(super) async fn consensus<T: Answer>(
    run: &mut Run,
    consensus: &Arc<Consensus>,
    heard: At<Call, (T, Spoken)>,
) -> Result<Answered<T>, CallError> {
    let models = distinct(run, consensus.models());
    let planned = planned(run, &models);
    let members: Vec<Mutex<Member>> = models.iter().map(|_| Mutex::default()).collect();
    run.listens = true;
    let answers = until_decided(run, consensus, (&planned, &members), heard).await;
    run.listens = false;
    let mut left = std::mem::take(&mut *run.left_behind.lock());
    let mut told = Vec::with_capacity(members.len());
    for (at, (member, answer)) in members.into_iter().zip(answers).enumerate() {
        let (Some(model), Some(planned)) = (models.get(at), planned.get(at)) else { continue };
        let member = member.into_inner();
        told.push(member.conclude(run, (model, planned), answer, &mut left));
    }
    let costs: Vec<Usd> = run.steering.stages.iter().map(|stage| stage.cost).collect();
    let texts: Vec<Option<&str>> =
        told.iter().map(|it| it.as_ref().map(|(_, spoken)| spoken.text())).collect();
    let verdict = consensus.verdict(&texts, &costs);
    run.steering.confidence_millionths = Some(whole(verdict.confidence * 1e6));
    let winner = verdict.winner.and_then(|winner| told.into_iter().nth(winner).flatten());
    if let (Some((answer, _)), Some(stage)) = (winner, verdict.winner) {
        run.take_back(stage);
        return Ok(answer);
    }
    let unroutable = planned.into_iter().find_map(Result::err);
    Err(unroutable.filter(|_| run.faults.is_empty()).unwrap_or_else(|| exhausted(run)))
}

/// The names without those of a model that is among them already: it has one voice, however it is
/// spelt.
fn distinct(run: &Run, names: &[String]) -> Vec<String> {
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

/// The answers of all models, in their order, or of as many as it takes to know what is agreed on.
async fn until_decided<T: Answer>(
    run: &Run,
    consensus: &Consensus,
    (planned, members): (&[Planned], &[Mutex<Member>]),
    heard: At<Call, (T, Spoken)>,
) -> Vec<Option<(T, Spoken)>> {
    let asking = planned.iter().zip(members).enumerate().map(|(at, (steps, member))| {
        let steps = steps.as_ref().map_or(&[][..], Vec::as_slice);
        ask(run, (at, steps), member, heard)
    });
    let mut asking: FuturesUnordered<_> = asking.collect();
    let mut answers: Vec<Option<(T, Spoken)>> = planned.iter().map(|_| None).collect();
    let mut pending: Vec<usize> = (0..planned.len()).collect();
    while let Some((at, answer)) = asking.next().await {
        pending.retain(|it| *it != at);
        if let Some(place) = answers.get_mut(at) {
            *place = answer;
        }
        let texts: Vec<Option<&str>> =
            answers.iter().map(|it| it.as_ref().map(|(_, spoken)| spoken.text())).collect();
        if consensus.is_decided(&texts, &pending) {
            break;
        }
    }
    // What has come is settled as an answer; those that are dropped here leave what they wrote.
    run.left_behind.lock().clear();
    drop(asking);
    answers
}

/// Plans the call for each model; the run's own plan is all of it.
fn planned(run: &mut Run, models: &[String]) -> Vec<Planned> {
    let mut joint = Plan::default();
    let mut planned = Vec::with_capacity(models.len());
    for model in models {
        planned.push(run.plan_for(model).map(|routed| {
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

impl Member {
    /// Writes down what came of it, and returns the answer if there is one. `left` is what those
    /// wrote that were hung up on.
    fn conclude<T: Answer>(
        self,
        run: &mut Run,
        (model, planned): (&str, &Planned),
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
            let outcome = match planned {
                Ok(_) => format!("failed at {tried} endpoints"),
                Err(error) => failure(error),
            };
            run.note_stage(model, outcome, Usd::ZERO);
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
        run.put_aside(model, &endpoint, answer.progress(), NOT_TOLD.to_owned());
        Some(((endpoint, answer), spoken))
    }
}

/// Tries the endpoints of one model in order.
async fn ask<T: Answer>(
    run: &Run,
    (at, steps): (usize, &[Step]),
    member: &Mutex<Member>,
    heard: At<Call, (T, Spoken)>,
) -> Heard<T> {
    for step in steps {
        let endpoint = &step.endpoint;
        let attempt = Attempt::begin(run, endpoint);
        member.lock().asked = Some((attempt, Arc::clone(endpoint)));
        match heard(run, endpoint).await {
            Ok(answer) => {
                // Until it is decided.
                let progress = answer.0.progress().clone();
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
    (at, None)
}
