//! What Anthropic's errors mean beyond their status.
//!
//! <https://docs.anthropic.com/en/api/errors>

use crate::{Fault, FaultKind};

/// Corrects a fault by what only this protocol's providers say. Money and suspended accounts come
/// as `invalid_request_error` with status 400: told as the caller's, they would stop the failover.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let kind = kind_by_message(&message).or_else(|| kind_by_type(&fault));
    Fault { kind: kind.unwrap_or(fault.kind), ..fault }
}

fn kind_by_message(message: &str) -> Option<FaultKind> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if says(&["credit balance is too low", "api usage limits", "usage credits"]) {
        return Some(FaultKind::Payment);
    }
    if says(&["organization has been disabled", "account has been disabled"]) {
        return Some(FaultKind::Credential);
    }
    if says(&["prompt is too long", "exceed context limit", "exceeds the context window"]) {
        return Some(FaultKind::ContextLength);
    }
    if says(&["blocked by content filtering", "content filtering policy"]) {
        return Some(FaultKind::ContentPolicy);
    }
    None
}

/// In a stream there is no status, so the type is all there is to go by.
fn kind_by_type(fault: &Fault) -> Option<FaultKind> {
    if fault.status.is_some() {
        return None;
    }
    match fault.code.as_deref()? {
        "invalid_request_error" => Some(FaultKind::Rejected),
        "request_too_large" => Some(FaultKind::TooLarge),
        "not_found_error" => Some(FaultKind::ModelMissing),
        "permission_error" => Some(FaultKind::Credential),
        "timeout_error" => Some(FaultKind::Timeout),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    #[test]
    fn errors_are_told_apart_by_what_they_say() {
        for (status, kind, message, expected) in [
            (529, "overloaded_error", "Overloaded", FaultKind::Overloaded),
            (429, "rate_limit_error", "This request would exceed …", FaultKind::RateLimited),
            (
                400,
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
                FaultKind::ContextLength,
            ),
            (
                400,
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
                FaultKind::ContextLength,
            ),
            (
                400,
                "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API.",
                FaultKind::Payment,
            ),
            (
                400,
                "invalid_request_error",
                "This organization has been disabled.",
                FaultKind::Credential,
            ),
            (
                400,
                "invalid_request_error",
                "Output blocked by content filtering policy",
                FaultKind::ContentPolicy,
            ),
            (400, "invalid_request_error", "Could not process image", FaultKind::Rejected),
            (401, "authentication_error", "invalid x-api-key", FaultKind::Credential),
            (403, "permission_error", "no", FaultKind::Credential),
            (404, "not_found_error", "model: claude-9", FaultKind::ModelMissing),
            (413, "request_too_large", "Request exceeds the maximum size", FaultKind::TooLarge),
            (500, "api_error", "Internal server error", FaultKind::Broken),
        ] {
            let body = format!(
                r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
            );
            let fault = refined(Fault::from_failure(&Failure {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            }));
            assert_eq!((fault.kind, fault.code.as_deref()), (expected, Some(kind)), "{message}");
            assert_eq!(fault.message.as_deref(), Some(message));
        }
    }

    #[test]
    fn a_type_stands_for_the_status_a_stream_does_not_have() {
        let fault = |kind: &str| {
            refined(Fault::in_band(
                format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"m"}}}}"#)
                    .as_bytes(),
            ))
            .kind
        };
        assert_eq!(fault("invalid_request_error"), FaultKind::Rejected);
        assert_eq!(fault("overloaded_error"), FaultKind::Overloaded);
        assert_eq!(fault("api_error"), FaultKind::Broken);
    }
}
