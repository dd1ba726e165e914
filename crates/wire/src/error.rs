//! The contract's error envelope and vocabulary (contract §4).

use crate::json::UsdNumber;
use crate::router_metadata::RouterMetadata;
use serde::Serialize;
use serde_json::value::RawValue;

/// What went wrong, in the contract's words (§4.4). Each has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// The prompt does not fit the model.
    ContextLengthExceeded,
    /// The request itself is wrong.
    InvalidRequest,
    /// The prompt was refused for its content.
    ContentPolicyViolation,
    /// An image could not be read.
    InvalidImage,
    /// Missing, unknown, disabled or expired key.
    Authentication,
    /// No credit, or the key's limit is spent.
    PaymentRequired,
    /// The key may not do this.
    PermissionDenied,
    /// No such resource, or no endpoint left.
    NotFound,
    /// The path knows other methods.
    MethodNotAllowed,
    /// Too slow, on either side of us.
    RequestTimeout,
    /// It exists already.
    Conflict,
    /// There was such a path, and it won't come back.
    Gone,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// Well formed, but the provider can't process it.
    Unprocessable,
    /// Too many requests, here or at every provider.
    RateLimitExceeded,
    /// Our own fault.
    Server,
    /// The provider failed or answered nonsense.
    ProviderUnavailable,
    /// The provider has no capacity.
    ProviderOverloaded,
    /// The provider did not answer in time.
    Timeout,
}

impl ErrorType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::InvalidRequest
            | Self::MethodNotAllowed
            | Self::Conflict
            | Self::Gone
            | Self::UnsupportedMediaType => "invalid_request",
            Self::ContentPolicyViolation => "content_policy_violation",
            Self::InvalidImage => "invalid_image",
            Self::Authentication => "authentication",
            Self::PaymentRequired => "payment_required",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::RequestTimeout | Self::Timeout => "timeout",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Unprocessable => "unprocessable",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::Server => "server",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderOverloaded => "provider_overloaded",
        }
    }

    /// The HTTP status it travels under (§4.2 and §4.4).
    pub const fn status(self) -> u16 {
        match self {
            Self::ContextLengthExceeded
            | Self::InvalidRequest
            | Self::ContentPolicyViolation
            | Self::InvalidImage => 400,
            Self::Authentication => 401,
            Self::PaymentRequired => 402,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::RateLimitExceeded => 429,
            Self::Server => 500,
            Self::ProviderUnavailable => 502,
            Self::ProviderOverloaded => 503,
            Self::Timeout => 504,
        }
    }
}

/// A request that can't be taken as it stands, with the words to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    message: String,
    error_type: ErrorType,
}

impl BadRequest {
    /// Says what is wrong in a full sentence that names the field.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), error_type: ErrorType::InvalidRequest }
    }

    /// The same of an image.
    pub(crate) fn image(message: impl Into<String>) -> Self {
        Self { message: message.into(), error_type: ErrorType::InvalidImage }
    }

    /// The contract's word for what is wrong.
    pub const fn error_type(&self) -> ErrorType {
        self.error_type
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The body of every error answer, and the tail of a stream that failed (§4.1).
#[derive(Debug, Clone, Serialize)]
pub struct ErrorBody {
    /// The error itself.
    pub error: ErrorObject,
    /// How the call was routed, for callers who ask (§3.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openrouter_metadata: Option<Box<RouterMetadata>>,
}

/// What `error` holds.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorObject {
    /// The HTTP status, or the one it would have had.
    pub code: u16,
    /// A sentence for the caller.
    pub message: String,
    /// The word of [`ErrorType`], also in the metadata; clients look in either place.
    pub error_type: &'static str,
    /// More about it.
    pub metadata: ErrorMetadata,
    /// Why no endpoint could serve, when that is the reason (§4.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
}

/// `error.metadata` (§4.3).
#[derive(Debug, Clone, Default, Serialize)]
pub struct ErrorMetadata {
    /// The word of [`ErrorType`].
    pub error_type: &'static str,
    /// The upstream's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_code: Option<String>,
    /// Display name of the provider that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// What the upstream said, bounded; only where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Whether the caller's own provider key was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_byok: Option<bool>,
    /// Attempts that failed before the reported one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub previous_errors: Vec<PreviousError>,
    /// Which limit was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_source: Option<&'static str>,
    /// Whom the limit is for that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// The headers that tell of a rate, as texts (§4.6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<RateLimitHeaders>,
    /// The budget that is spent.
    #[serde(flatten)]
    pub budget: Option<SpentBudget>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy_hint: Option<String>,
    /// Providers that do serve the model, when none of the requested ones does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_providers: Vec<String>,
}

/// `metadata.headers` of a call that was refused for a rate (§4.6).
#[derive(Debug, Clone, Serialize)]
pub struct RateLimitHeaders {
    /// How much there is.
    #[serde(rename = "X-RateLimit-Limit")]
    pub limit: String,
    /// How much of it is left.
    #[serde(rename = "X-RateLimit-Remaining")]
    pub remaining: String,
    /// When there is enough again, in epoch milliseconds.
    #[serde(rename = "X-RateLimit-Reset", skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
}

/// The members that tell of a budget (§4.3).
#[derive(Debug, Clone, Serialize)]
pub struct SpentBudget {
    /// The budget.
    pub limit_usd: UsdNumber,
    /// What is spent of it, with what running calls hold.
    pub spend_usd: UsdNumber,
    /// When it starts again; null when it never does.
    pub resets_at: Option<String>,
}

/// One failed attempt (§4.3).
#[derive(Debug, Clone, Serialize)]
pub struct PreviousError {
    /// Display name of the provider.
    pub provider: String,
    /// What happened, one word.
    pub code: &'static str,
    /// HTTP status, when there was one.
    pub status: Option<u16>,
}

/// Why nothing could serve the request, for programs (§4.5).
#[derive(Debug, Clone, Serialize)]
pub struct Availability {
    /// Word of the contract's table.
    pub code: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Seconds to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What was asked for.
    pub requested_models: Vec<String>,
    /// Models to use instead: the nearest names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback_models: Vec<String>,
    /// Where to read more.
    pub docs_url: &'static str,
}

impl ErrorBody {
    /// An error with nothing but its type and a sentence.
    pub fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        let word = error_type.as_str();
        Self {
            error: ErrorObject {
                code: error_type.status(),
                message: message.into(),
                error_type: word,
                metadata: ErrorMetadata { error_type: word, ..ErrorMetadata::default() },
                availability: None,
            },
            openrouter_metadata: None,
        }
    }

    /// An answer that the provider itself called failed, in its word.
    pub(crate) fn failed_answer(native: &str) -> Self {
        let message = format!("The provider ended the answer with \"{native}\"");
        Self::new(ErrorType::ProviderUnavailable, message)
    }

    /// The body as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Only maps with odd keys fail to serialise, and there is none in here.
        serde_json::to_vec(self).unwrap_or_else(|_| br#"{"error":{"code":500}}"#.to_vec())
    }

    /// The `error` member alone, as a stream's error chunk carries it.
    pub fn error_json(&self) -> Box<RawValue> {
        serde_json::value::to_raw_value(&self.error).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_the_contracts_form() {
        let body = ErrorBody::new(ErrorType::RateLimitExceeded, "slow down");
        assert_eq!(
            String::from_utf8(body.to_json()).unwrap(),
            r#"{"error":{"code":429,"message":"slow down","error_type":"rate_limit_exceeded","metadata":{"error_type":"rate_limit_exceeded"}}}"#
        );
    }
}
