//! What this protocol's errors mean beyond their status.
//!
//! <https://platform.openai.com/docs/guides/error-codes>,
//! <https://platform.openai.com/docs/api-reference/responses/object#responses/object-error>

use serde_json::value::RawValue;

use crate::{Fault, FaultKind};

/// Corrects a fault by what only this protocol's providers say.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let kind = fault.code.as_deref().and_then(|code| kind_by_code(code, &message));
    let kind = match kind {
        // A status says more than a type that is the same for every refusal.
        Some(FaultKind::Rejected) if fault.status.is_some() => None,
        kind => kind,
    };
    Fault { kind: kind.unwrap_or(fault.kind), ..fault }
}

/// Why a response failed, by the `error` in it.
pub(super) fn of_response(error: Option<&RawValue>) -> Fault {
    match error {
        Some(error) => refined(Fault::in_band(error.get().as_bytes())),
        None => Fault::with_message(FaultKind::Broken, "The provider gave the answer up"),
    }
}

fn kind_by_code(code: &str, message: &str) -> Option<FaultKind> {
    let flagged = || message.contains("policy") || message.contains("flagged");
    Some(match code {
        "invalid_prompt" if flagged() => FaultKind::ContentPolicy,
        "image_content_policy_violation" | "cyber_policy_violation" => FaultKind::ContentPolicy,
        "model_not_found" => FaultKind::ModelMissing,
        "server_overloaded" | "slow_down" => FaultKind::Overloaded,
        "usage_limit_reached" => FaultKind::RateLimited,
        "image_too_large" | "image_file_too_large" | "string_above_max_length" => {
            FaultKind::TooLarge
        }
        "invalid_prompt" | "invalid_request_error" => FaultKind::Rejected,
        code if code.starts_with("invalid_image") || code.starts_with("invalid_base64") => {
            FaultKind::Rejected
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (error, expected) in [
            (r#"{"code":"server_error","message":"x"}"#, FaultKind::Broken),
            (r#"{"code":"rate_limit_exceeded","message":"x"}"#, FaultKind::RateLimited),
            (r#"{"code":"invalid_prompt","message":"Invalid"}"#, FaultKind::Rejected),
            (
                r#"{"code":"invalid_prompt","message":"Invalid prompt: your prompt was flagged"}"#,
                FaultKind::ContentPolicy,
            ),
            (r#"{"code":"invalid_image_url","message":"x"}"#, FaultKind::Rejected),
            (r#"{"code":"context_length_exceeded","message":"x"}"#, FaultKind::ContextLength),
            (r#"{"type":"invalid_request_error","message":"x"}"#, FaultKind::Rejected),
            (r#"{"code":"model_not_found","message":"x"}"#, FaultKind::ModelMissing),
        ] {
            let raw = RawValue::from_string(error.to_owned()).unwrap();
            assert_eq!(of_response(Some(&raw)).kind, expected, "{error}");
        }
        assert_eq!(of_response(None).kind, FaultKind::Broken);
    }
}
