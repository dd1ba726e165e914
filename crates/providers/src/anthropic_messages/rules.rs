//! What one part of a request to Claude rules out in another: sampling beside thoughts, thoughts
//! beside a call that must be made. The record names it.

use tollgate_wire::chat::{ChatCall, ChatParams};

use super::conversation::Conversation;
use super::encode::sampling;
use super::model::Model;
use super::reasoning::{Circumstances, plan};
use super::tools::{self, Choice};
use crate::Target;
use crate::encoding::takes;

/// The members of a call that Claude is not sent, though the endpoint knows them.
pub(crate) fn ruled_out(call: &ChatCall, target: &Target<'_>) -> Vec<&'static str> {
    let model = Model::read(target.upstream_model);
    let Ok(request) = call.typed() else { return Vec::new() };
    let Ok(conversation) = Conversation::read(&request.messages) else { return Vec::new() };
    let offered = tools::offered(&request, &conversation, model, false);
    let choice = tools::choice(&request, &offered);
    let forced = choice.as_ref().is_some_and(Choice::is_forced);
    let circumstances = Circumstances {
        precluded: forced || conversation.is_prefilled(),
        without_thoughts: conversation.continues_without_thoughts(),
    };
    of(request.params, target, model, circumstances)
}

/// The same, where the circumstances are known.
pub(crate) fn of(
    params: &ChatParams,
    target: &Target<'_>,
    model: Model,
    circumstances: Circumstances,
) -> Vec<&'static str> {
    let plan = plan(params, target, model, circumstances);
    let sent = sampling(params, target, model, &plan);
    let is_sent = |name: &str| match name {
        "temperature" => sent.temperature.is_some(),
        "top_p" => sent.top_p.is_some(),
        "verbosity" => plan.effort.is_some(),
        "top_k" => sent.top_k.is_some() || params.top_k == Some(0),
        _ => params.reasoning.wanted() != Some(true) || plan.thinks() || plan.effort.is_some(),
    };
    ["temperature", "top_p", "top_k", "verbosity", "reasoning", "reasoning_effort"]
        .into_iter()
        .filter(|name| takes(target, name) && !is_sent(name))
        .collect()
}
