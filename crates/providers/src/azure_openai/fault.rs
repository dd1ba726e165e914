//! What Azure's errors mean beyond their status.
//!
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/quotas-limits>,
//! <https://learn.microsoft.com/en-us/azure/ai-foundry/openai/concepts/content-filter>

use std::time::Duration;

use crate::{Fault, FaultKind};

/// Corrects a fault by what only Azure says.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default();
    let kind = kind(&fault, message).unwrap_or(fault.kind);
    let limited = matches!(kind, FaultKind::RateLimited | FaultKind::Overloaded);
    let retry_after = fault.retry_after.or_else(|| wait(message).filter(|_| limited));
    Fault { kind, retry_after, ..fault }
}

fn kind(fault: &Fault, message: &str) -> Option<FaultKind> {
    let code = fault.code.as_deref().unwrap_or_default();
    Some(match code {
        "content_filter" | "ResponsibleAIPolicyViolation" | "contentFilter" => {
            FaultKind::ContentPolicy
        }
        // The deployment is missing, or is one of another kind of model: the operator's to mend.
        "DeploymentNotFound" | "OperationNotSupported" | "ModelNotFound" => FaultKind::ModelMissing,
        "NoCapacity" | "ServiceUnavailable" | "EngineOverloaded" => FaultKind::Overloaded,
        "Timeout" | "RequestTimeout" => FaultKind::Timeout,
        "PermissionDenied" | "Unauthorized" => FaultKind::Credential,
        _ if message.contains("ResponsibleAI") => FaultKind::ContentPolicy,
        // A service behind the service failed.
        _ if fault.status == Some(424) => FaultKind::Broken,
        _ => return None,
    })
}

/// `Please retry after 7 seconds.`, which stands in the message even where the header is missing.
fn wait(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("retry after ")?;
    let (number, unit) = rest.split_once(' ')?;
    let seconds = number.parse().ok().filter(|_| unit.starts_with("second"))?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    #[test]
    fn errors_are_told_apart_by_their_code() {
        for (status, body, kind, seconds) in [
            (
                400,
                r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true,"detected":true}}}}}"#,
                FaultKind::ContentPolicy,
                None,
            ),
            (
                404,
                r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
                FaultKind::ModelMissing,
                None,
            ),
            (
                401,
                r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#,
                FaultKind::Credential,
                None,
            ),
            (
                429,
                r#"{"error":{"code":"429","message":"Requests have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds. Please go here to increase the limit."}}"#,
                FaultKind::RateLimited,
                Some(7),
            ),
            (
                429,
                r#"{"error":{"code":"NoCapacity","message":"The system is currently experiencing high demand."}}"#,
                FaultKind::Overloaded,
                None,
            ),
            (
                400,
                r#"{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, whisper."}}"#,
                FaultKind::ModelMissing,
                None,
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                FaultKind::ContextLength,
                None,
            ),
            (408, r#"{"error":{"code":"Timeout","message":"x"}}"#, FaultKind::Timeout, None),
            (424, r#"{"error":{"code":"424","message":"x"}}"#, FaultKind::Broken, None),
            (
                400,
                r#"{"error":{"code":"BadRequest","message":"API version not supported, retry after 5 seconds"}}"#,
                FaultKind::Rejected,
                None,
            ),
        ] {
            let headers = HeaderMap::new();
            let status = StatusCode::from_u16(status).unwrap();
            let failure = Failure { status, headers: &headers, body: body.as_bytes() };
            let fault = refined(Fault::from_failure(&failure));
            assert_eq!(fault.kind, kind, "{body}");
            assert_eq!(fault.retry_after, seconds.map(Duration::from_secs), "{body}");
        }
    }
}
