//! What providers' faults are told as.

use tollgate_catalog::OwnKey;
use tollgate_providers::{Fault, FaultKind};

/// What concerns the caller's own key is the caller's to mend, not the operator's.
pub(super) fn sentence_of_own(name: &str, fault: &Fault, key: &OwnKey) -> Option<String> {
    let OwnKey { id, title, .. } = key;
    match (fault.kind, fault.status) {
        (FaultKind::Credential, Some(_)) => Some(format!(
            "{name} refused your own key {title}. Put another in its place with PATCH /api/v1/byok/{id}"
        )),
        // Nobody has seen it but ourselves, or who sells tokens for it: the words are ours.
        (FaultKind::Credential, None) => {
            let why = fault.message.as_deref().unwrap_or("it was refused");
            Some(format!(
                "{name} can't be called with your own key {title}: {why}. Put another in its place with PATCH /api/v1/byok/{id}"
            ))
        }
        (FaultKind::Payment, _) => Some(format!(
            "{name} wants the account of your own key {title} to be paid for before it answers"
        )),
        _ => None,
    }
}

/// What a provider's fault is told as.
pub(super) fn sentence(name: &str, fault: &Fault) -> String {
    match fault.kind {
        FaultKind::Credential => format!(
            "{name} refused this gateway's key. The operator can find out more with `tollgate doctor`"
        ),
        FaultKind::Payment => format!(
            "{name} wants its bill paid before it answers. This is the gateway operator's to settle"
        ),
        FaultKind::Timeout => {
            fault.message.clone().unwrap_or_else(|| format!("{name} did not answer in time"))
        }
        FaultKind::Unreachable => format!("{name} could not be reached"),
        FaultKind::Truncated | FaultKind::Empty => {
            fault.message.clone().unwrap_or_else(|| format!("{name} gave no complete answer"))
        }
        FaultKind::Rejected
        | FaultKind::ContextLength
        | FaultKind::ContentPolicy
        | FaultKind::TooLarge => fault.message.as_ref().map_or_else(
            || "Provider returned error".to_owned(),
            |message| format!("Provider returned error: {message}"),
        ),
        FaultKind::BadRequest => {
            fault.message.clone().unwrap_or_else(|| "The request is invalid".to_owned())
        }
        FaultKind::Unsupported => {
            let what = fault.message.as_deref().unwrap_or("this request");
            format!(
                "No endpoints found that can handle the requested parameters: {name} does not take {what}"
            )
        }
        FaultKind::Broken if fault.said().is_none() => {
            fault.message.clone().unwrap_or_else(|| "Provider returned error".to_owned())
        }
        FaultKind::RateLimited
        | FaultKind::Overloaded
        | FaultKind::ModelMissing
        | FaultKind::Broken => "Provider returned error".to_owned(),
    }
}
