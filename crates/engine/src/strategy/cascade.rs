//! A cheap model first, a dearer one when its answer is not good enough.

use std::sync::Arc;

use bytes::Bytes;

use tollgate_policy::Cascade;
use tollgate_types::Usd;
use tollgate_wire::{Call, Preset};

use super::spoken::schema;
use super::{ANSWERED, Answer, Answered, Spoken, failure};
use crate::CallError;
use crate::attempt::{At, first};
use crate::run::Run;

/// Asks the models of a cascade in order. `heard` reads an answer to its end, for the judge; the
/// last model's answer is told as it comes.
///
/// When a model fails the next is asked. When the rest fails, the best that there is is told: the
/// last answer that was not good enough.
pub(super) async fn cascade<T: Answer>(
    run: &mut Run,
    cascade: &Arc<Cascade>,
    heard: At<Call, (T, Spoken)>,
    told: At<Call, T>,
) -> Result<Answered<T>, CallError> {
    let schema = schema(run);
    let asked = weighed(run, cascade)?;
    let mut kept: Option<(Answered<T>, usize)> = None;
    let mut failed = None;
    let Some((last, others)) = cascade.models().split_last() else {
        return Err(CallError::NoModel);
    };
    for model in others {
        run.listens = true;
        let answer = match run.turn_to(std::slice::from_ref(model)) {
            Ok(()) => first(run, heard).await,
            Err(error) => Err(error),
        };
        run.listens = false;
        match answer {
            Ok((endpoint, (answer, spoken))) => {
                let Some(reason) = cascade.escalates(&spoken.judged(run, schema.as_ref())) else {
                    run.note_stage(model, ANSWERED.to_owned(), Usd::ZERO);
                    return Ok((endpoint, answer));
                };
                let stage = run.steering.stages.len();
                run.put_aside(model, &endpoint, answer.progress(), reason);
                kept = Some(((endpoint, answer), stage));
            }
            Err(error) => {
                run.note_stage(model, failure(&error), Usd::ZERO);
                failed = Some(error);
            }
        }
    }
    if let Some(asked) = asked {
        run.call = asked;
    }
    let answer = match run.turn_to(std::slice::from_ref(last)) {
        Ok(()) => first(run, told).await,
        Err(error) => Err(error),
    };
    match (answer, kept) {
        (Ok(answer), _) => {
            run.note_stage(last, ANSWERED.to_owned(), Usd::ZERO);
            Ok(answer)
        }
        (Err(error), Some((answer, stage))) => {
            run.note_stage(last, failure(&error), Usd::ZERO);
            run.take_back(stage);
            Ok(answer)
        }
        // Of two failures the first is of the model that was meant to answer.
        (Err(error), None) => {
            run.note_stage(last, failure(&error), Usd::ZERO);
            Err(failed.unwrap_or(error))
        }
    }
}

/// Where the answer is judged by the probability of its tokens, has the providers tell it: the call
/// as it came is returned. An answer that is told by then has the probabilities in it, asked for or
/// not.
fn weighed(run: &mut Run, cascade: &Cascade) -> Result<Option<Call>, CallError> {
    if !cascade.judges_by_confidence() || run.call.params().logprobs.is_some() {
        return Ok(None);
    }
    let weighing = Preset::read(None, Bytes::from_static(br#"{"logprobs":true}"#))?;
    let call = run.call.with_preset(&weighing)?;
    Ok(Some(std::mem::replace(&mut run.call, call)))
}
