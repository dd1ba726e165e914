//! Failures in this dialect's words (contract §4.7).
//!
//! A failure that comes instead of an answer is one JSON body for two readers: the contract's, who
//! look for a failed response and its `error_type`, and OpenAI's SDK, which looks for `error` with
//! `message`, `code` and `type`.

use serde::Serialize;
use tollgate_types::GenerationId;

use crate::error::{Availability, ErrorBody, ErrorMetadata};

#[derive(Serialize)]
struct FailureObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    object: &'static str,
    status: &'static str,
    error: ErrorObject<'a>,
    error_type: &'static str,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'static str>,
    http_status: u16,
    metadata: &'a ErrorMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<&'a Availability>,
}

/// Writes a failure that comes instead of an answer.
pub(super) fn body(body: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8> {
    let error = &body.error;
    let failure = FailureObject {
        id: id.map(GenerationId::as_str),
        object: "response",
        status: "failed",
        error: ErrorObject {
            code: code(error.error_type),
            message: &error.message,
            kind: error.error_type,
            param: None,
            http_status: error.code,
            metadata: &error.metadata,
            availability: error.availability.as_ref(),
        },
        error_type: error.error_type,
    };
    serde_json::to_vec(&failure).unwrap_or_else(|_| body.to_json())
}

/// The word of [`ErrorType`](crate::error::ErrorType) among the codes a response can fail with.
pub(super) fn code(error_type: &str) -> &'static str {
    match error_type {
        "rate_limit_exceeded" => "rate_limit_exceeded",
        "context_length_exceeded" | "invalid_request" => "invalid_prompt",
        "content_policy_violation" => "image_content_policy_violation",
        _ => "server_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorType;

    #[test]
    fn both_kinds_of_client_find_what_they_look_for() {
        let error = ErrorBody::new(ErrorType::RateLimitExceeded, "slow \"down\"");
        let id = GenerationId::from_text("gen-1-x");
        assert_eq!(
            String::from_utf8(body(&error, Some(&id))).unwrap(),
            r#"{"id":"gen-1-x","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow \"down\"","type":"rate_limit_exceeded","param":null,"http_status":429,"metadata":{"error_type":"rate_limit_exceeded"}},"error_type":"rate_limit_exceeded"}"#
        );
        for (kind, expected) in [
            (ErrorType::InvalidRequest, "invalid_prompt"),
            (ErrorType::ContextLengthExceeded, "invalid_prompt"),
            (ErrorType::ContentPolicyViolation, "image_content_policy_violation"),
            (ErrorType::Authentication, "server_error"),
            (ErrorType::Timeout, "server_error"),
        ] {
            assert_eq!(code(kind.as_str()), expected);
        }
    }
}
