//! What Google's errors mean beyond their status.
//!
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>,
//! <https://google.aip.dev/193>

use std::time::Duration;

use serde::Deserialize;

use crate::{Fault, FaultKind};

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    One(Wrapped),
    List(Vec<Wrapped>),
}

#[derive(Deserialize)]
struct Wrapped {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    details: Vec<Detail>,
}

/// An element of `details`: `ErrorInfo` has a reason, `RetryInfo` a delay.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    reason: Option<String>,
    retry_delay: Option<String>,
}

/// Corrects a fault by what only this provider says. A refused key comes with status 400: told as
/// the caller's, it would stop the failover.
pub(super) fn refined(fault: Fault, body: &[u8]) -> Fault {
    let details = match serde_json::from_slice(body) {
        Ok(ErrorBody::One(it)) => it.error.details,
        Ok(ErrorBody::List(list)) => {
            list.into_iter().next().map_or_else(Vec::new, |it| it.error.details)
        }
        Err(_) => Vec::new(),
    };
    let reason = details.iter().find_map(|it| it.reason.as_deref()).unwrap_or_default();
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let code = fault.code.as_deref().unwrap_or_default();
    let kind = kind_of(reason, &message, code, fault.kind).unwrap_or(fault.kind);
    let asked = details.iter().find_map(|it| duration(it.retry_delay.as_deref()?));
    Fault { kind, retry_after: asked.or(fault.retry_after), ..fault }
}

fn kind_of(reason: &str, message: &str, code: &str, found: FaultKind) -> Option<FaultKind> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    match (reason, code) {
        ("BILLING_DISABLED", _) => return Some(FaultKind::Payment),
        ("API_KEY_INVALID" | "API_KEY_EXPIRED" | "CONSUMER_SUSPENDED" | "CONSUMER_INVALID", _) => {
            return Some(FaultKind::Credential);
        }
        (_, "DEADLINE_EXCEEDED") => return Some(FaultKind::Timeout),
        (_, "PERMISSION_DENIED") => return Some(FaultKind::Credential),
        _ => {}
    }
    if says(&["api key not valid", "api key expired", "api_key_invalid"]) {
        return Some(FaultKind::Credential);
    }
    if says(&["prepayment credits", "enable billing", "billing account"]) {
        return Some(FaultKind::Payment);
    }
    // The place of the gateway, not of the caller.
    if says(&["user location is not supported"]) {
        return Some(FaultKind::Credential);
    }
    if says(&["exceeds the maximum number of tokens", "input token count"]) {
        return Some(FaultKind::ContextLength);
    }
    let refused = found == FaultKind::Rejected && says(&["safety", "prohibited", "blocked"]);
    refused.then_some(FaultKind::ContentPolicy)
}

/// A duration as JSON has it: seconds with up to nine decimals and an `s`.
fn duration(text: &str) -> Option<Duration> {
    let number = text.trim().strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    let seconds = Duration::from_secs(seconds.parse().ok()?);
    let nanoseconds: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    seconds.checked_add(Duration::from_nanos(nanoseconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    fn classify(status: u16, body: &str) -> Fault {
        let failure = Failure {
            status: StatusCode::from_u16(status).unwrap(),
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
        };
        refined(Fault::from_failure(&failure), failure.body)
    }

    #[test]
    fn errors_are_told_apart_by_their_details() {
        for (status, body, kind) in [
            (
                400,
                r#"{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#,
                FaultKind::Credential,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
                FaultKind::ContextLength,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#,
                FaultKind::Credential,
            ),
            (
                429,
                r#"{"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}"#,
                FaultKind::Payment,
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}"#,
                FaultKind::Credential,
            ),
            (
                404,
                r#"[{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}]"#,
                FaultKind::ModelMissing,
            ),
            (
                503,
                r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
                FaultKind::Overloaded,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Image was blocked for safety reasons.","status":"INVALID_ARGUMENT"}}"#,
                FaultKind::ContentPolicy,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Invalid value at 'contents'","status":"INVALID_ARGUMENT"}}"#,
                FaultKind::Rejected,
            ),
            (500, r#"{"error":{"code":500,"status":"INTERNAL"}}"#, FaultKind::Broken),
            (504, r#"{"error":{"code":504,"status":"DEADLINE_EXCEEDED"}}"#, FaultKind::Timeout),
        ] {
            assert_eq!(classify(status, body).kind, kind, "{body}");
        }
    }

    #[test]
    fn a_retry_delay_in_the_body_is_read() {
        for (delay, expected) in [
            ("7s", Some(Duration::from_secs(7))),
            ("7.5s", Some(Duration::from_millis(7_500))),
            ("0.000000001s", Some(Duration::from_nanos(1))),
            ("7", None),
            ("-1s", None),
            ("xs", None),
        ] {
            let fault = classify(
                429,
                &format!(
                    r#"{{"error":{{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#
                ),
            );
            assert_eq!((fault.kind, fault.retry_after), (FaultKind::RateLimited, expected));
        }
    }
}
