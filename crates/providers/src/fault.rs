//! Why an attempt failed, in one vocabulary for all providers.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tollgate_types::Timestamp;
use tollgate_wire::error::ErrorType;
use tollgate_wire::sse::EventTooLarge;

/// A response that was not a success.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, bounded by whoever read it.
    pub body: &'a [u8],
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", kind.as_str())]
pub struct Fault {
    /// What kind of failure.
    pub kind: FaultKind,
    /// The provider's HTTP status, when it sent one.
    pub status: Option<u16>,
    /// The provider's own code or type.
    pub code: Option<String>,
    /// What the provider said: a sentence, bounded, for the caller.
    pub message: Option<String>,
    /// How long the provider asks us to wait.
    pub retry_after: Option<Duration>,
}

/// Kinds of failure. Each says who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The provider refused our key: the operator's to mend.
    Credential,
    /// The provider wants money: the operator's to mend.
    Payment,
    /// Too many requests there.
    RateLimited,
    /// No capacity there.
    Overloaded,
    /// The request is wrong, and was not sent: the caller's to mend.
    BadRequest,
    /// The provider says that the request is wrong: the caller's to mend.
    Rejected,
    /// The prompt is longer than the model takes.
    ContextLength,
    /// The body is larger than the provider takes.
    TooLarge,
    /// The provider refused the content.
    ContentPolicy,
    /// The provider does not know the model.
    ModelMissing,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke before an answer.
    Unreachable,
    /// The provider failed, or answered what can't be understood.
    Broken,
    /// The answer broke off.
    Truncated,
    /// The answer was empty.
    Empty,
    /// This protocol can't express the request.
    Unsupported,
}

/// How the sentence of a malformed answer begins.
const MALFORMED: &str = "The provider's answer is malformed";

/// Longest text kept of what a provider says.
const MESSAGE_CHARACTERS_MAX: usize = 1_000;

impl FaultKind {
    /// One word for records, metrics and `previous_errors`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential_refused",
            Self::Payment => "payment_required",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::BadRequest => "bad_request",
            Self::Rejected => "rejected",
            Self::ContextLength => "context_length_exceeded",
            Self::TooLarge => "payload_too_large",
            Self::ContentPolicy => "content_policy",
            Self::ModelMissing => "model_missing",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::Truncated => "truncated",
            Self::Empty => "empty",
            Self::Unsupported => "unsupported",
        }
    }

    /// What the caller is told when nothing else could serve (contract §4.4). A failure of ours or
    /// of the provider is never told as the caller's: a refused provider key is not a 401.
    pub const fn error_type(self) -> ErrorType {
        match self {
            Self::Credential
            | Self::Payment
            | Self::ModelMissing
            | Self::Unreachable
            | Self::Broken
            | Self::Truncated
            | Self::Empty => ErrorType::ProviderUnavailable,
            Self::RateLimited => ErrorType::RateLimitExceeded,
            Self::Overloaded => ErrorType::ProviderOverloaded,
            Self::BadRequest | Self::Rejected => ErrorType::InvalidRequest,
            Self::ContextLength => ErrorType::ContextLengthExceeded,
            Self::TooLarge => ErrorType::PayloadTooLarge,
            Self::ContentPolicy => ErrorType::ContentPolicyViolation,
            Self::Timeout => ErrorType::Timeout,
            Self::Unsupported => ErrorType::NotFound,
        }
    }

    /// Whether the caller can mend it: then this is what they should read, whatever else failed.
    pub const fn is_callers(self) -> bool {
        matches!(
            self,
            Self::BadRequest
                | Self::Rejected
                | Self::ContextLength
                | Self::TooLarge
                | Self::ContentPolicy
        )
    }
}

impl Fault {
    /// A fault without words from the provider.
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, status: None, code: None, message: None, retry_after: None }
    }

    /// A fault with a sentence of ours or of the provider's.
    pub fn with_message(kind: FaultKind, message: &str) -> Self {
        Self { message: Some(bounded(message)), ..Self::new(kind) }
    }

    /// The answer broke off.
    pub fn truncated() -> Self {
        Self::with_message(
            FaultKind::Truncated,
            "The provider's answer broke off before it was complete",
        )
    }

    /// What the provider said, where the message is not a sentence of ours.
    pub fn said(&self) -> Option<&str> {
        let is_ours = self.status.is_none()
            && matches!(
                self.kind,
                FaultKind::BadRequest
                    | FaultKind::Unsupported
                    | FaultKind::Timeout
                    | FaultKind::Unreachable
                    | FaultKind::Truncated
                    | FaultKind::Empty
            );
        self.message.as_deref().filter(|it| !is_ours && !it.starts_with(MALFORMED))
    }

    /// The answer can't be understood.
    pub fn malformed(what: &str) -> Self {
        Self::with_message(FaultKind::Broken, &format!("{MALFORMED}: {what}"))
    }

    /// The same without `secret` in what the provider says: some repeat the request's headers.
    #[must_use]
    pub fn without(mut self, secret: Option<&str>) -> Self {
        if let Some(secret) = secret.filter(|secret| secret.len() > 3) {
            for text in [&mut self.message, &mut self.code].into_iter().flatten() {
                if text.contains(secret) {
                    *text = text.replace(secret, "***");
                }
            }
        }
        self
    }

    /// Reads a failure by its status and by whichever of the common error bodies it has;
    /// adapters refine the result with what only they know.
    pub fn from_failure(failure: &Failure<'_>) -> Self {
        let body = CommonError::read(failure.body);
        let Said { code, message, .. } = body.map_or_else(Said::default, CommonError::said);
        let kind = kind_of(failure.status, code.as_deref(), message.as_deref());
        Self {
            kind,
            status: Some(failure.status.as_u16()),
            code,
            message: message.map(|text| bounded(&text)),
            retry_after: retry_after(failure.headers),
        }
    }

    /// Reads an error object that arrived inside a successful response.
    pub fn in_band(error: &[u8]) -> Self {
        let Said { code, number, message } =
            CommonError::read(error).map_or_else(Said::default, CommonError::said);
        let status = number
            .and_then(|code| StatusCode::from_u16(code).ok())
            .filter(|status| status.is_client_error() || status.is_server_error());
        let assumed = status.unwrap_or(StatusCode::BAD_GATEWAY);
        Self {
            kind: kind_of(assumed, code.as_deref(), message.as_deref()),
            status: status.map(|status| status.as_u16()),
            code,
            message: message.map(|text| bounded(&text)),
            retry_after: None,
        }
    }
}

impl From<EventTooLarge> for Fault {
    fn from(error: EventTooLarge) -> Self {
        Self::malformed(&error.to_string())
    }
}

/// `Retry-After` in seconds, whole or not, or OpenAI's and Anthropic's finer header in
/// milliseconds. A date (RFC 9110 §10.2.3) counts from the response's own `Date`: that is the
/// clock it was made by. Without one it is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse().ok().filter(|it: &f64| it.is_finite());
    let wait = |seconds: f64| Duration::try_from_secs_f64(seconds.min(WAIT_MAX_SECONDS)).ok();
    let until = || {
        let (then, now) = (text("retry-after")?, text("date")?);
        let wait = Timestamp::parse_rfc2822(then)?.millis_since(Timestamp::parse_rfc2822(now)?);
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    };
    number("retry-after-ms")
        .and_then(|milliseconds| wait(milliseconds / 1_000.0))
        .or_else(|| number("retry-after").and_then(wait))
        .or_else(until)
}

/// Longer than anybody waits: what is longer still is read as this. The bound that callers are told
/// is the engine's.
const WAIT_MAX_SECONDS: f64 = 86_400.0;

/// The error bodies that providers share: `{"error":{…}}`, `{"error":"…"}`, `{"message":"…"}`,
/// `{"detail":…}`, `{"type":"error","error":{…}}`, and the array form of Gemini.
#[derive(Deserialize)]
#[serde(untagged)]
enum CommonError {
    Wrapped { error: ErrorDetail },
    List(Vec<WrappedError>),
    Plain(ErrorDetail),
}

#[derive(Deserialize)]
struct WrappedError {
    error: ErrorDetail,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it, for as long as an error is read"
)]
enum ErrorDetail {
    Text(String),
    Object {
        #[serde(alias = "detail", alias = "error_message")]
        message: Option<serde_json::Value>,
        code: Option<serde_json::Value>,
        #[serde(rename = "type")]
        kind: Option<String>,
        status: Option<serde_json::Value>,
    },
}

impl CommonError {
    fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    fn said(self) -> Said {
        let detail = match self {
            Self::Wrapped { error } | Self::Plain(error) => error,
            Self::List(list) => match list.into_iter().next() {
                Some(first) => first.error,
                None => return Said::default(),
            },
        };
        match detail {
            ErrorDetail::Text(text) => Said { message: Some(text), ..Said::default() },
            ErrorDetail::Object { message, code, kind, status } => {
                let words = [code.as_ref().and_then(word), status.as_ref().and_then(word), kind];
                let number = words.iter().flatten().find_map(|it| it.parse().ok());
                // The most telling word: a number only repeats the status.
                let is_number = |it: &String| it.bytes().all(|b| b.is_ascii_digit());
                let code = words.into_iter().flatten().find(|it| !is_number(it));
                Said { code, number, message: message.as_ref().and_then(word) }
            }
        }
    }
}

/// What an error body says, whichever form it has.
#[derive(Default)]
struct Said {
    /// The code in words.
    code: Option<String>,
    /// The code in digits: a status, where the response's own was a success.
    number: Option<u16>,
    message: Option<String>,
}

fn word(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn kind_of(status: StatusCode, code: Option<&str>, message: Option<&str>) -> FaultKind {
    let code = code.unwrap_or_default();
    let message = message.unwrap_or_default();
    if is_context_length(code, message) {
        return FaultKind::ContextLength;
    }
    match (status.as_u16(), code) {
        (_, "insufficient_quota" | "billing_error") | (402, _) => FaultKind::Payment,
        (_, "overloaded_error" | "UNAVAILABLE") | (503 | 529, _) => FaultKind::Overloaded,
        (_, "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED") | (429, _) => {
            FaultKind::RateLimited
        }
        (_, "content_filter" | "content_policy_violation") | (451, _) => FaultKind::ContentPolicy,
        (401, _) | (_, "authentication_error" | "invalid_api_key" | "UNAUTHENTICATED") => {
            FaultKind::Credential
        }
        (400, _) if message.contains("API key not valid") => FaultKind::Credential,
        (403, _) if is_moderation(message) => FaultKind::ContentPolicy,
        (403, _) => FaultKind::Credential,
        (404 | 410, _) => FaultKind::ModelMissing,
        (413, _) => FaultKind::TooLarge,
        (408 | 504 | 522 | 524, _) => FaultKind::Timeout,
        (400..=499, _) => FaultKind::Rejected,
        _ => FaultKind::Broken,
    }
}

/// The phrases by which providers say that a prompt is too long; few have a code for it.
const TOO_LONG: &[&str] = &[
    "maximum context length",
    "context length exceeded",
    // Anthropic.
    "prompt is too long",
    "exceed context limit",
    // Google.
    "exceeds the maximum number of tokens",
    // OpenAI's Responses.
    "exceeds the context window",
    // xAI.
    "maximum prompt length is",
    // Groq.
    "reduce the length of the messages",
    // Together.
    "longer than the model's context length",
    // llama.cpp.
    "exceeds the available context size",
    // LM Studio.
    "greater than the context length",
    // MiniMax.
    "context window exceeds limit",
    // Moonshot.
    "exceeded model token limit",
    // Poolside.
    "maximum allowed input length",
    // Alibaba.
    "range of input length should be",
    // Mistral, wherever it is served.
    "too large for model with",
    // Z.ai.
    "model_context_window_exceeded",
    // Ollama's cloud.
    "prompt too long; exceeded",
    "tokens in request more than max tokens allowed",
    "token limit exceeded",
];

/// Phrases of bounds on what may be sent in some time, which speak of tokens too.
const TOO_OFTEN: &[&str] = &["rate limit", "please wait", "per minute", "per day", "quota"];

fn is_context_length(code: &str, message: &str) -> bool {
    if matches!(code, "context_length_exceeded" | "model_context_window_exceeded") {
        return true;
    }
    let message = message.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    says(TOO_LONG) && !says(TOO_OFTEN)
}

fn is_moderation(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("moderation") || message.contains("flagged") || message.contains("safety")
}

fn bounded(text: &str) -> String {
    text.chars().take(MESSAGE_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn classify(status: u16, body: &str) -> Fault {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("7"));
        Fault::from_failure(&Failure {
            status: StatusCode::from_u16(status).unwrap(),
            headers: &headers,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn every_common_error_body_is_read() {
        for (status, body, kind, code, message) in [
            (
                429,
                r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#,
                FaultKind::RateLimited,
                Some("rate_limit_exceeded"),
                Some("slow"),
            ),
            (
                429,
                r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                FaultKind::Payment,
                Some("insufficient_quota"),
                Some("pay"),
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                FaultKind::Overloaded,
                Some("overloaded_error"),
                Some("Overloaded"),
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#,
                FaultKind::Credential,
                Some("INVALID_ARGUMENT"),
                Some("API key not valid."),
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8 tokens","code":null}}"#,
                FaultKind::ContextLength,
                None,
                Some("This model's maximum context length is 8 tokens"),
            ),
            (422, r#"{"detail":"no"}"#, FaultKind::Rejected, None, Some("no")),
            (500, r#"{"error":"boom"}"#, FaultKind::Broken, None, Some("boom")),
            (502, "<html>", FaultKind::Broken, None, None),
            (401, "", FaultKind::Credential, None, None),
            (404, "{}", FaultKind::ModelMissing, None, None),
            (504, "", FaultKind::Timeout, None, None),
        ] {
            let fault = classify(status, body);
            assert_eq!((fault.kind, fault.code.as_deref()), (kind, code), "{status} {body}");
            assert_eq!(fault.message.as_deref(), message, "{status} {body}");
            assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_is_known_by_its_sentence() {
        for message in [
            "This model's maximum context length is 8192 tokens. However, you requested 9000.",
            "Your input exceeds the context window of this model. Please adjust your input.",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
            "Please reduce the length of the messages or completion.",
            "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
            "the request exceeds the available context size, try increasing it",
            "tokens to keep from the initial prompt is greater than the context length",
            "invalid params, context window exceeds limit (2013)",
            "Invalid request: Your request exceeded model token limit: 131072",
            "input length 9000 exceeds the maximum allowed input length of 8192 tokens",
            "InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
            "Prompt contains 70000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            "stopped: model_context_window_exceeded",
            "prompt too long; exceeded max context length by 12 tokens",
            "tokens in request more than max tokens allowed",
            "input token limit exceeded",
        ] {
            let body = serde_json::json!({"error": {"message": message}}).to_string();
            assert_eq!(classify(400, &body).kind, FaultKind::ContextLength, "{message}");
        }
        for message in [
            "Too many tokens, please wait before trying again.",
            "Rate limit reached: token limit exceeded",
            "Daily token limit exceeded: 1000000 tokens per day",
        ] {
            let body = serde_json::json!({"error": {"message": message}}).to_string();
            assert_eq!(classify(429, &body).kind, FaultKind::RateLimited, "{message}");
        }
    }

    #[test]
    fn waits_are_read_in_every_form() {
        let date = "Mon, 21 Sep 2026 14:13:20 GMT";
        for (headers, expected) in [
            (&[("retry-after", "7")][..], Some(7_000)),
            (&[("retry-after", " 1.5 ")], Some(1_500)),
            (&[("retry-after", "0")], Some(0)),
            (&[("retry-after-ms", "250"), ("retry-after", "7")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "7")], Some(7_000)),
            (&[("retry-after", "Mon, 21 Sep 2026 14:13:50 GMT"), ("date", date)], Some(30_000)),
            (&[("retry-after", "Mon, 21 Sep 2026 14:13:00 GMT"), ("date", date)], Some(0)),
            (&[("retry-after", "Mon, 21 Sep 2026 14:13:50 GMT")], None),
            (&[("retry-after", "99999999999999")], Some(86_400_000)),
            (&[("retry-after", "inf")], None),
            (&[("retry-after", "-3")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "later")], None),
            (&[], None),
        ] {
            let mut given = HeaderMap::new();
            for (name, value) in headers {
                given.insert(*name, HeaderValue::from_static(value));
            }
            let wait = retry_after(&given).map(|wait| wait.as_millis());
            assert_eq!(wait, expected, "{headers:?}");
        }
    }

    #[test]
    fn an_error_in_band_is_judged_by_its_code() {
        let fault = Fault::in_band(br#"{"error":{"message":"busy","code":503}}"#);
        assert_eq!((fault.kind, fault.status), (FaultKind::Overloaded, Some(503)));
        let fault = Fault::in_band(br#"{"message":"Overloaded","type":"overloaded_error"}"#);
        assert_eq!(fault.kind, FaultKind::Overloaded);
    }

    #[test]
    fn a_credential_that_is_echoed_is_taken_out() {
        let echo = r#"{"error":{"message":"bad header Bearer sk-1234","code":"sk-1234"}}"#;
        let fault = classify(400, echo).without(Some("sk-1234"));
        assert_eq!(fault.message.as_deref(), Some("bad header Bearer ***"));
        assert_eq!(fault.code.as_deref(), Some("***"));
        assert_eq!(classify(400, echo).without(None), classify(400, echo));
    }

    #[test]
    fn what_a_provider_says_is_bounded() {
        let fault = classify(400, &format!(r#"{{"error":"{}"}}"#, "x".repeat(5_000)));
        assert_eq!(fault.message.unwrap().len(), 1_000);
    }
}
