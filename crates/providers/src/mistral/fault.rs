//! What Mistral's errors mean beyond their status.
//!
//! An error is `{"object":"error","message":…,"type":…,"code":…}`; a request of the wrong form gets
//! `{"detail":[{"loc":[…],"msg":…}]}`, bare or as the `message`.

use serde::Deserialize;
use serde_json::Value;

use crate::{Fault, FaultKind};

/// Either form, as far as it lists what is wrong.
#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    detail: Value,
    #[serde(default)]
    message: Value,
}

/// Corrects a fault by what only this provider says.
pub(super) fn refined(fault: Fault, body: &[u8]) -> Fault {
    let kind = match (fault.code.as_deref(), fault.kind) {
        (Some("invalid_model"), _) => FaultKind::ModelMissing,
        (Some("service_tier_capacity_exceeded"), _) => FaultKind::Overloaded,
        (Some("context_length_exceeded"), _) => FaultKind::ContextLength,
        (_, FaultKind::Rejected) if says(&fault, "too large for model with") => {
            FaultKind::ContextLength
        }
        (_, kind) => kind,
    };
    let message = problems(body).or(fault.message);
    Fault { kind, message, ..fault }
}

fn says(fault: &Fault, phrase: &str) -> bool {
    fault.message.as_deref().is_some_and(|message| message.contains(phrase))
}

/// The list of what is wrong as sentences.
fn problems(body: &[u8]) -> Option<String> {
    let body: ErrorBody = serde_json::from_slice(body).ok()?;
    let list = body.detail.as_array().or_else(|| body.message.get("detail")?.as_array())?;
    let sentences: Vec<String> = list.iter().take(8).filter_map(problem).collect();
    let text = Fault::with_message(FaultKind::Rejected, &sentences.join("; ")).message;
    text.filter(|_| !sentences.is_empty())
}

fn problem(problem: &Value) -> Option<String> {
    let message = problem.get("msg")?.as_str()?;
    let place = problem.get("loc").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let place: Vec<String> = place
        .iter()
        .filter(|step| *step != "body")
        .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
        .collect();
    if place.is_empty() {
        return Some(message.to_owned());
    }
    Some(format!("{}: {message}", place.join(".")))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::Failure;

    #[test]
    fn errors_are_told_apart_by_their_type_and_their_list_is_read() {
        for (status, body, kind, message) in [
            (
                400,
                r#"{"object":"error","message":"Invalid model: mistral-x","type":"invalid_model","param":null,"code":"1500"}"#,
                FaultKind::ModelMissing,
                "Invalid model: mistral-x",
            ),
            (
                400,
                r#"{"object":"error","message":"Unexpected role 'user' after role 'tool'","type":"invalid_request_message_order","param":null,"code":"3230"}"#,
                FaultKind::Rejected,
                "Unexpected role 'user' after role 'tool'",
            ),
            (
                400,
                r#"{"object":"error","message":"Prompt contains 70000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"}"#,
                FaultKind::ContextLength,
                "Prompt contains 70000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            ),
            (
                429,
                r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}"#,
                FaultKind::Overloaded,
                "Service tier capacity exceeded for this model.",
            ),
            (
                429,
                r#"{"message":"Requests rate limit exceeded"}"#,
                FaultKind::RateLimited,
                "Requests rate limit exceeded",
            ),
            (401, r#"{"detail":"Unauthorized"}"#, FaultKind::Credential, "Unauthorized"),
            (
                422,
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","user"],"msg":"Extra inputs are not permitted","input":"x"},{"loc":["body","messages",0,"content"],"msg":"Field required"}]}"#,
                FaultKind::Rejected,
                "user: Extra inputs are not permitted; messages.0.content: Field required",
            ),
            (
                422,
                r#"{"object":"error","message":{"detail":[{"type":"missing","loc":[],"msg":"Field required"}]},"type":"invalid_request_error","param":null,"code":null}"#,
                FaultKind::Rejected,
                "Field required",
            ),
        ] {
            let failure = Failure {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            };
            let fault = refined(Fault::from_failure(&failure), failure.body);
            assert_eq!((fault.kind, fault.message.as_deref()), (kind, Some(message)), "{body}");
        }
    }
}
