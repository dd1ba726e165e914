//! Several models beside each other, and the answer that most agree on.

use std::sync::Arc;

use futures_util::future::join_all;
use tollgate_catalog::Endpoint;
use tollgate_policy::Consensus;
use tollgate_providers::Fault;
use tollgate_routing::{Plan, Step};
use tollgate_types::Usd;
use tollgate_wire::Call;

use super::{Answer, Answered, Spoken, failure};
use crate::CallError;
use crate::attempt::{At, Attempt, exhausted};
use crate::decision::whole;
use crate::run::Run;

/// What the record says of an answer that others agreed on, or that lost.
const NOT_TOLD: &str = "answered, and was not told";

/// What came of one model.
struct Member<T> {
    failed: Vec<(Attempt, Arc<Endpoint>, Fault)>,
    answered: Option<(Attempt, Arc<Endpoint>, (T, Spoken))>,
}

/// Where one model can be asked, or why nowhere.
type Planned = Result<Vec<Step>, CallError>;

/// Asks all models of a consensus at once, waits for all, and returns the answer to be told.
pub(super) async fn consensus<T: Answer>(
    run: &mut Run,
    consensus: &Arc<Consensus>,
    heard: At<Call, (T, Spoken)>,
) -> Result<Answered<T>, CallError> {
    let models = consensus.models();
    let planned = planned(run, models);
    run.listens = true;
    let members = planned.iter().map(|steps| {
        let steps = steps.as_ref().map_or(&[][..], Vec::as_slice);
        member(run, steps, heard)
    });
    let members = join_all(members).await;
    run.left_behind.lock().clear();
    run.listens = false;
    let mut answers = Vec::with_capacity(members.len());
    for (member, (model, planned)) in members.into_iter().zip(models.iter().zip(&planned)) {
        answers.push(member.conclude(run, model, planned));
    }
    let costs: Vec<Usd> = run.steering.stages.iter().map(|stage| stage.cost).collect();
    let texts: Vec<Option<&str>> =
        answers.iter().map(|it| it.as_ref().map(|(_, spoken)| spoken.text())).collect();
    let verdict = consensus.verdict(&texts, &costs);
    run.steering.confidence_millionths = Some(whole(verdict.confidence * 1e6));
    let winner = verdict.winner.and_then(|winner| answers.into_iter().nth(winner).flatten());
    if let (Some((answer, _)), Some(stage)) = (winner, verdict.winner) {
        run.take_back(stage);
        return Ok(answer);
    }
    let unroutable = planned.into_iter().find_map(Result::err);
    Err(unroutable.filter(|_| run.faults.is_empty()).unwrap_or_else(|| exhausted(run)))
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

impl<T: Answer> Member<T> {
    /// Writes down what came of it, and returns the answer if there is one.
    fn conclude(
        self,
        run: &mut Run,
        model: &str,
        planned: &Planned,
    ) -> Option<(Answered<T>, Spoken)> {
        let tried = self.failed.len();
        for (attempt, endpoint, fault) in self.failed {
            if let Err(fault) = attempt.end::<_, ()>(run, &endpoint, Err(fault)) {
                run.faults.push((0, endpoint.provider.name.clone(), fault));
            }
        }
        let Some((attempt, endpoint, (answer, spoken))) = self.answered else {
            let outcome = match planned {
                Ok(_) => format!("failed at {tried} endpoints"),
                Err(error) => failure(error),
            };
            run.note_stage(model, outcome, Usd::ZERO);
            return None;
        };
        // An attempt that was successful has nothing that could be taken out of it.
        attempt.end(run, &endpoint, Ok(())).ok()?;
        run.put_aside(model, &endpoint, answer.progress(), NOT_TOLD.to_owned());
        Some(((endpoint, answer), spoken))
    }
}

/// Tries the endpoints of one model in order.
async fn member<T: Answer>(run: &Run, steps: &[Step], heard: At<Call, (T, Spoken)>) -> Member<T> {
    let mut member = Member { failed: Vec::new(), answered: None };
    for step in steps {
        let endpoint = &step.endpoint;
        let attempt = Attempt::begin(run, endpoint);
        match heard(run, endpoint).await {
            Ok(answer) => {
                // Until all have come.
                let progress = answer.0.progress().clone();
                run.left_behind.lock().push((Arc::clone(endpoint), progress));
                member.answered = Some((attempt, Arc::clone(endpoint), answer));
                break;
            }
            Err(fault) => member.failed.push((attempt, Arc::clone(endpoint), fault)),
        }
    }
    member
}
