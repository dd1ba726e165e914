//! What Cohere's errors mean beyond their status: the body is one sentence.
//!
//! <https://docs.cohere.com/reference/errors>

use crate::{Fault, FaultKind};

/// A request or an answer with words that the provider does not allow.
const BLOCKED: u16 = 498;

/// Corrects a fault by what only this provider says.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    let kind = match (fault.status, fault.kind) {
        (Some(BLOCKED), _) => FaultKind::ContentPolicy,
        // The bound on the answer may be too high as well.
        (_, FaultKind::Rejected | FaultKind::Broken)
            if says(&["too many tokens", "too_many_tokens"]) && !says(&["max tokens must be"]) =>
        {
            FaultKind::ContextLength
        }
        (_, FaultKind::Rejected) if says(&["blocked output", "blocked input"]) => {
            FaultKind::ContentPolicy
        }
        (_, FaultKind::Rejected) if says(&["invalid api token", "invalid api key"]) => {
            FaultKind::Credential
        }
        (_, FaultKind::Rejected) if message.contains("model '") && says(&["not found"]) => {
            FaultKind::ModelMissing
        }
        (_, kind) => kind,
    };
    Fault { kind, ..fault }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    #[test]
    fn errors_are_told_apart_by_their_sentence() {
        for (status, message, kind) in [
            (400, "invalid request: message must be set", FaultKind::Rejected),
            (
                400,
                "too many tokens: total number of tokens (prompt and prediction) cannot exceed 4096 - received 5120",
                FaultKind::ContextLength,
            ),
            (
                400,
                "too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs.",
                FaultKind::ContextLength,
            ),
            (
                400,
                "too many tokens: max tokens must be less than or equal to 4096",
                FaultKind::Rejected,
            ),
            (401, "invalid api token", FaultKind::Credential),
            (400, "invalid api token", FaultKind::Credential),
            (402, "Please add or update your payment method", FaultKind::Payment),
            (
                404,
                "model 'command-z' not found, make sure the correct model ID was used",
                FaultKind::ModelMissing,
            ),
            (422, "model 'command-z' not found", FaultKind::ModelMissing),
            (
                429,
                "You are using a Trial key, which is limited to 20 API calls / minute.",
                FaultKind::RateLimited,
            ),
            (498, "a deny-listed token was found", FaultKind::ContentPolicy),
            (500, "internal server error", FaultKind::Broken),
            (503, "service unavailable", FaultKind::Overloaded),
            (504, "gateway timeout", FaultKind::Timeout),
        ] {
            let body = format!(r#"{{"id":"e-1","message":"{message}"}}"#);
            let failure = Failure {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            };
            let fault = refined(Fault::from_failure(&failure));
            assert_eq!(fault.kind, kind, "{status} {message}");
            assert_eq!(fault.message.as_deref(), Some(message));
        }
    }
}
