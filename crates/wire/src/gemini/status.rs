//! Failures in Google's form.
//!
//! <https://cloud.google.com/apis/design/errors>

use serde::Serialize;

use crate::error::ErrorBody;

#[derive(Serialize)]
struct Body<'a> {
    error: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "@type")]
enum Detail<'a> {
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo {
        reason: String,
        domain: &'static str,
        #[serde(skip_serializing_if = "Metadata::is_empty")]
        metadata: Metadata<'a>,
    },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo", rename_all = "camelCase")]
    RetryInfo { retry_delay: String },
}

/// A map of strings, as its type demands.
#[derive(Default, PartialEq, Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy_hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<&'a str>,
}

impl Metadata<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A failure as a body.
pub(super) fn error_json(body: &ErrorBody, id: Option<&str>) -> Vec<u8> {
    let error = &body.error;
    let metadata = Metadata {
        generation_id: id,
        provider_name: error.metadata.provider_name.as_deref(),
        provider_code: error.metadata.provider_code.as_deref(),
        raw: error.metadata.raw.as_deref(),
        limit_source: error.metadata.limit_source,
        remedy_hint: error.metadata.remedy_hint.as_deref(),
        availability: error.availability.as_ref().map(|it| it.code),
    };
    let reason = error.error_type.to_ascii_uppercase();
    let mut details = vec![Detail::ErrorInfo { reason, domain: "tollgate", metadata }];
    if let Some(seconds) = error.availability.as_ref().and_then(|it| it.retry_after) {
        details.push(Detail::RetryInfo { retry_delay: format!("{seconds}s") });
    }
    let status = status(error.code);
    let status = Status { code: error.code, message: &error.message, status, details };
    serde_json::to_vec(&Body { error: status })
        .unwrap_or_else(|_| br#"{"error":{"code":500,"status":"INTERNAL"}}"#.to_vec())
}

/// Google's name for an HTTP status.
///
/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>
const fn status(code: u16) -> &'static str {
    match code {
        401 => "UNAUTHENTICATED",
        // Google asks for billing to be set up with this word.
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        405 | 501 => "UNIMPLEMENTED",
        408 | 504 | 524 => "DEADLINE_EXCEEDED",
        409 => "ALREADY_EXISTS",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        502 | 503 | 529 => "UNAVAILABLE",
        500..=599 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Availability, ErrorType};

    fn json(body: &ErrorBody, id: Option<&str>) -> String {
        String::from_utf8(error_json(body, id)).unwrap()
    }

    #[test]
    fn failures_have_googles_form() {
        let mut body = ErrorBody::new(ErrorType::RateLimitExceeded, "slow \"down\"");
        assert_eq!(
            json(&body, None),
            r#"{"error":{"code":429,"message":"slow \"down\"","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"tollgate"}]}}"#
        );
        body.error.metadata.provider_name = Some("Acme".to_owned());
        body.error.availability = Some(Availability {
            code: "all_rate_limited",
            retryable: true,
            retry_after: Some(3),
            requested_models: Vec::new(),
            fallback_models: Vec::new(),
            docs_url: "",
        });
        assert_eq!(
            json(&body, Some("gen-1-x")),
            r#"{"error":{"code":429,"message":"slow \"down\"","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"tollgate","metadata":{"generation_id":"gen-1-x","provider_name":"Acme","availability":"all_rate_limited"}},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#
        );
    }

    #[test]
    fn every_status_has_a_name() {
        for (kind, name) in [
            (ErrorType::InvalidRequest, "INVALID_ARGUMENT"),
            (ErrorType::Authentication, "UNAUTHENTICATED"),
            (ErrorType::PaymentRequired, "FAILED_PRECONDITION"),
            (ErrorType::NotFound, "NOT_FOUND"),
            (ErrorType::PayloadTooLarge, "INVALID_ARGUMENT"),
            (ErrorType::Server, "INTERNAL"),
            (ErrorType::ProviderUnavailable, "UNAVAILABLE"),
            (ErrorType::Timeout, "DEADLINE_EXCEEDED"),
        ] {
            assert_eq!(status(kind.status()), name);
        }
    }
}
