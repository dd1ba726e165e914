//! Failures in Anthropic's words (contract §4.7).

use serde::Serialize;

use crate::error::{Availability, ErrorBody, ErrorMetadata};
use crate::messages::usage::UsageObject;

/// The body of a failure, and of an `error` event.
#[derive(Debug, Serialize)]
pub(super) struct Failure<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: ErrorObject<'a>,
    request_id: Option<&'a str>,
    metadata: &'a ErrorMetadata,
    /// What an answer cost until it broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageObject<'a>>,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub(super) struct ErrorObject<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    error_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<&'a Availability>,
}

impl<'a> Failure<'a> {
    /// A failure of the request `id`.
    pub(super) fn of(
        body: &'a ErrorBody,
        id: Option<&'a str>,
        usage: Option<UsageObject<'a>>,
    ) -> Self {
        let (error, metadata) = (ErrorObject::of(body), &body.error.metadata);
        Self { kind: "error", error, request_id: id, metadata, usage }
    }
}

impl<'a> ErrorObject<'a> {
    /// The error itself.
    pub(super) fn of(body: &'a ErrorBody) -> Self {
        let error = &body.error;
        Self {
            kind: kind(error.error_type),
            message: &error.message,
            error_type: error.error_type,
            availability: error.availability.as_ref(),
        }
    }
}

/// The body of a failure that comes instead of an answer.
pub(super) fn body(error: &ErrorBody, id: Option<&str>) -> Vec<u8> {
    serde_json::to_vec(&Failure::of(error, id, None)).unwrap_or_default()
}

/// Anthropic's word for one of ours.
fn kind(error_type: &str) -> &'static str {
    match error_type {
        "authentication" => "authentication_error",
        "permission_denied" => "permission_error",
        "payment_required" => "billing_error",
        "not_found" | "image_not_found" => "not_found_error",
        "rate_limit_exceeded" => "rate_limit_error",
        "provider_overloaded" => "overloaded_error",
        "timeout" => "timeout_error",
        "server" | "unmapped" | "provider_unavailable" => "api_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorType;

    #[test]
    fn every_type_has_anthropics_word() {
        for (error_type, word) in [
            (ErrorType::ContextLengthExceeded, "invalid_request_error"),
            (ErrorType::InvalidRequest, "invalid_request_error"),
            (ErrorType::ContentPolicyViolation, "invalid_request_error"),
            (ErrorType::InvalidImage, "invalid_request_error"),
            (ErrorType::Authentication, "authentication_error"),
            (ErrorType::PaymentRequired, "billing_error"),
            (ErrorType::PermissionDenied, "permission_error"),
            (ErrorType::NotFound, "not_found_error"),
            (ErrorType::PayloadTooLarge, "invalid_request_error"),
            (ErrorType::Unprocessable, "invalid_request_error"),
            (ErrorType::RateLimitExceeded, "rate_limit_error"),
            (ErrorType::Server, "api_error"),
            (ErrorType::ProviderUnavailable, "api_error"),
            (ErrorType::ProviderOverloaded, "overloaded_error"),
            (ErrorType::Timeout, "timeout_error"),
            (ErrorType::RequestTimeout, "timeout_error"),
        ] {
            assert_eq!(kind(error_type.as_str()), word, "{error_type:?}");
        }
    }

    #[test]
    fn a_failure_has_the_contracts_form() {
        let error = ErrorBody::new(ErrorType::PaymentRequired, "No \"credit\"");
        let with = |id| String::from_utf8(body(&error, id)).unwrap();
        assert_eq!(
            with(Some("gen-1")),
            r#"{"type":"error","error":{"type":"billing_error","message":"No \"credit\"","error_type":"payment_required"},"request_id":"gen-1","metadata":{"error_type":"payment_required"}}"#
        );
        assert!(with(None).contains(r#""request_id":null"#));
    }
}
