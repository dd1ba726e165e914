//! Several models beside each other, and the answer that most agree on.

use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use tollgate_policy::Consensus;
use tollgate_types::Usd;
use tollgate_wire::Call;

use super::beside::{Member, Planned, ask, distinct, nobody, planned};
use super::{Answer, Answered, Spoken};
use crate::CallError;
use crate::attempt::At;
use crate::decision::whole;
use crate::run::Run;

/// What the record says of an answer that others agreed on, or that lost.
const NOT_TOLD: &str = "answered, and was not told";
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
        told.push(member.conclude(run, (model, planned, |_| NOT_TOLD), answer, &mut left));
    }
    let costs: Vec<Usd> = run.steering.stages.iter().map(|stage| stage.cost).collect();
    let texts: Vec<Option<&str>> =
        told.iter().map(|it| it.as_ref().map(|(_, spoken)| spoken.text())).collect();
    let verdict = consensus.verdict(&texts, &costs);
    run.steering.confidence_millionths = Some(whole(verdict.confidence * 1e6));
    let winner = verdict.winner.and_then(|winner| told.into_iter().nth(winner).flatten());
    if let (Some((answer, _)), Some(stage)) = (winner, verdict.winner) {
        run.take_back(stage);
        run.leave_out_passed();
        return Ok(answer);
    }
    Err(nobody(run, planned))
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
