//! What Bedrock's errors mean.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>

use super::shape::ErrorBody;
use crate::{Failure, Fault, FaultKind};

/// Where a response names its error, perhaps with an address behind it.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Says why a response was not a success.
pub(super) fn classify(failure: &Failure<'_>) -> Fault {
    let fault = Fault::from_failure(failure);
    let body = read(failure.body);
    let header = failure.headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok());
    let named = header.or(body.kind.as_deref()).map(short);
    let Some(code) = named.filter(|code| !code.is_empty()) else {
        return refined(fault);
    };
    let said = body.message.map(|message| Fault::with_message(fault.kind, &message).message);
    let message = said.unwrap_or_else(|| fault.message.clone());
    let kind = kind_of(code).unwrap_or(fault.kind);
    refined(Fault { kind, code: Some(code.to_owned()), message, ..fault })
}

/// An exception in a stream.
pub(super) fn exception(code: &str, payload: &[u8]) -> Fault {
    let body = read(payload);
    in_band(code, body.message.or(body.original_message).as_deref())
}

/// An error in a stream, where there is no status.
pub(super) fn in_band(code: &str, message: Option<&str>) -> Fault {
    let kind = kind_of(code).unwrap_or(FaultKind::Broken);
    let fault = match message.filter(|message| !message.is_empty()) {
        Some(message) => Fault::with_message(kind, message),
        None => Fault::new(kind),
    };
    refined(Fault { code: (!code.is_empty()).then(|| code.to_owned()), ..fault })
}

fn read(body: &[u8]) -> ErrorBody {
    serde_json::from_slice(body).unwrap_or_default()
}

/// `com.amazon#ValidationException:http://…` is `ValidationException`.
fn short(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

/// In a stream the names begin with a small letter.
fn kind_of(code: &str) -> Option<FaultKind> {
    Some(match code.to_ascii_lowercase().as_str() {
        "throttlingexception" | "toomanyrequestsexception" | "servicequotaexceededexception" => {
            FaultKind::RateLimited
        }
        "serviceunavailableexception" | "modelnotreadyexception" => FaultKind::Overloaded,
        "modeltimeoutexception" => FaultKind::Timeout,
        "validationexception" => FaultKind::Rejected,
        "accessdeniedexception"
        | "unrecognizedclientexception"
        | "invalidsignatureexception"
        | "incompletesignatureexception"
        | "missingauthenticationtokenexception"
        | "expiredtokenexception"
        | "invalidclienttokenidexception"
        | "invalidclienttokenid"
        | "optinrequired" => FaultKind::Credential,
        "resourcenotfoundexception" | "unknownoperationexception" => FaultKind::ModelMissing,
        "modelerrorexception" | "modelstreamerrorexception" | "internalserverexception" => {
            FaultKind::Broken
        }
        _ => return None,
    })
}

/// Corrects a fault by what only the message says: nearly everything is a validation error, also
/// what another endpoint could answer.
pub(super) fn refined(fault: Fault) -> Fault {
    let message = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    let judged = match fault.kind {
        // "Too many tokens, please wait": a quota, whatever the words sound like.
        FaultKind::RateLimited => None,
        _ if says(&["invalid_payment_instrument", "payment instrument"]) => {
            Some(FaultKind::Payment)
        }
        FaultKind::Rejected if says(CONTEXT_LENGTH) => Some(FaultKind::ContextLength),
        FaultKind::Rejected if says(MODEL_MISSING) => Some(FaultKind::ModelMissing),
        FaultKind::Rejected if says(&["operation not allowed", "api key"]) => {
            Some(FaultKind::Credential)
        }
        FaultKind::Rejected if says(&["content filter", "blocked by"]) => {
            Some(FaultKind::ContentPolicy)
        }
        _ => None,
    };
    Fault { kind: judged.unwrap_or(fault.kind), ..fault }
}

const CONTEXT_LENGTH: &[&str] = &[
    "input is too long",
    "prompt is too long",
    "exceed context limit",
    "too many input tokens",
    "maximum context length",
    "exceeds the maximum",
    "context window",
    "too large for model with",
];

/// What is wrong with the endpoint's row, or with the region, not with the request.
const MODEL_MISSING: &[&str] = &[
    "model identifier is invalid",
    "on-demand throughput isn",
    "end of its life",
    "model is not supported in this region",
    "not available in your region",
];

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    const CASES: &[(u16, &str, &str, FaultKind)] = &[
        (
            429,
            "ThrottlingException",
            "Too many tokens, please wait before trying again.",
            FaultKind::RateLimited,
        ),
        (429, "ModelNotReadyException", "The model is not ready", FaultKind::Overloaded),
        (400, "ServiceQuotaExceededException", "quota", FaultKind::RateLimited),
        (
            503,
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
            FaultKind::Overloaded,
        ),
        (408, "ModelTimeoutException", "timed out", FaultKind::Timeout),
        (
            424,
            "ModelErrorException",
            "The system encountered an unexpected error",
            FaultKind::Broken,
        ),
        (500, "InternalServerException", "m", FaultKind::Broken),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            FaultKind::Credential,
        ),
        (
            403,
            "AccessDeniedException",
            "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.",
            FaultKind::Payment,
        ),
        (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            FaultKind::Credential,
        ),
        (
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
            FaultKind::Credential,
        ),
        (
            404,
            "ResourceNotFoundException",
            "Could not resolve the foundation model",
            FaultKind::ModelMissing,
        ),
        (
            400,
            "ValidationException",
            "The provided model identifier is invalid.",
            FaultKind::ModelMissing,
        ),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn’t supported.",
            FaultKind::ModelMissing,
        ),
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            FaultKind::ContextLength,
        ),
        (
            400,
            "ValidationException",
            "The model returned the following errors: input length and `max_tokens` exceed context limit: 1 + 2 > 2",
            FaultKind::ContextLength,
        ),
        (
            400,
            "ValidationException",
            "The model returned the following errors: Output blocked by content filtering policy",
            FaultKind::ContentPolicy,
        ),
        (400, "ValidationException", "Operation not allowed", FaultKind::Credential),
        (
            400,
            "ValidationException",
            "The text field in the ContentBlock object is blank.",
            FaultKind::Rejected,
        ),
        (418, "TeapotException", "short and stout", FaultKind::Rejected),
    ];

    #[test]
    fn errors_are_told_apart_by_their_type_and_words() {
        for (status, kind, message, expected) in CASES {
            let mut headers = HeaderMap::new();
            let named = format!("{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/");
            headers.insert(ERROR_TYPE, HeaderValue::from_str(&named).unwrap());
            let fault = classify(&Failure {
                status: StatusCode::from_u16(*status).unwrap(),
                headers: &headers,
                body: serde_json::json!({ "message": message }).to_string().as_bytes(),
            });
            assert_eq!((fault.kind, fault.code.as_deref()), (*expected, Some(*kind)), "{message}");
            assert_eq!(fault.message.as_deref(), Some(*message));
        }
    }

    #[test]
    fn a_failure_without_a_type_is_judged_by_its_status_and_body() {
        let classified = |status: u16, body: &str| {
            let fault = classify(&Failure {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            });
            (fault.kind, fault.code)
        };
        assert_eq!(classified(403, r#"{"Message":"no"}"#), (FaultKind::Credential, None));
        assert_eq!(
            classified(400, r#"{"__type":"com.amazon#ThrottlingException"}"#),
            (FaultKind::RateLimited, Some("ThrottlingException".to_owned()))
        );
        assert_eq!(classified(502, "<html>"), (FaultKind::Broken, None));
    }

    #[test]
    fn exceptions_in_a_stream_have_no_status() {
        let fault = exception("throttlingException", br#"{"message":"Too many requests"}"#);
        assert_eq!((fault.kind, fault.status), (FaultKind::RateLimited, None));
        let payload = br#"{"originalStatusCode":500,"originalMessage":"boom"}"#;
        let fault = exception("modelStreamErrorException", payload);
        assert_eq!((fault.kind, fault.message.as_deref()), (FaultKind::Broken, Some("boom")));
    }
}
