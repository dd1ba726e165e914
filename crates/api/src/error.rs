//! Errors as responses, all in the contract's envelope (§4).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use tollgate_engine::{AuthError, CallError, CallFailure};
use tollgate_limits::RateLimit;
use tollgate_store::StoreError;
use tollgate_types::{Chain, GenerationId};
use tollgate_wire::error::{BadRequest, ErrorBody, ErrorType};

use crate::handlers::GENERATION_ID;
use crate::skin::Failed;

/// An error on its way to the caller.
#[derive(Debug)]
pub(crate) struct ApiError {
    body: Box<ErrorBody>,
    retry_after: Option<Duration>,
    rate_limit: Option<RateLimit>,
    generation_id: Option<GenerationId>,
}

/// How much a limit allows (contract §4.6).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// How much of it is left.
pub(crate) const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// When there is enough again, in epoch milliseconds.
pub(crate) const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What a caller is asked to wait when the store is away.
const STORE_RETRY: Duration = Duration::from_secs(1);

impl ApiError {
    pub(crate) fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        let body = Box::new(ErrorBody::new(error_type, message));
        Self { body, retry_after: None, rate_limit: None, generation_id: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorType::InvalidRequest, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorType::NotFound, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorType::PermissionDenied, message)
    }

    /// Too many tries; there may be others after `wait`.
    pub(crate) fn too_many(message: impl Into<String>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(ErrorType::RateLimitExceeded, message) }
    }

    /// Whether the caller is not let in; else something failed.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self.body.error.code, 401 | 403)
    }

    /// Whether the caller is nobody known.
    pub(crate) const fn is_unauthenticated(&self) -> bool {
        self.body.error.code == 401
    }

    /// A failure of our own: logged here, masked for the caller (§4.2).
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %Chain(error), "request failed");
        Self::new(ErrorType::Server, "Internal Server Error")
    }
}

impl From<BadRequest> for ApiError {
    fn from(error: BadRequest) -> Self {
        Self::new(error.error_type(), error.message())
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unavailable => Self {
                retry_after: Some(STORE_RETRY),
                ..Self::new(ErrorType::ProviderOverloaded, error.to_string())
            },
            AuthError::Address(_) => Self::forbidden(error.to_string()),
            AuthError::Missing | AuthError::Unknown | AuthError::Disabled | AuthError::Expired => {
                Self::new(ErrorType::Authentication, error.to_string())
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Conflict) {
            return Self::new(ErrorType::Conflict, "It exists already");
        }
        tracing::error!(error = %Chain(&error), "the store failed");
        Self {
            retry_after: Some(STORE_RETRY),
            ..Self::new(
                ErrorType::ProviderOverloaded,
                "The store is not available right now. Please retry shortly",
            )
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        Self {
            body: Box::new(error.body()),
            retry_after: error.retry_after(),
            rate_limit: error.rate_limit(),
            generation_id: None,
        }
    }
}

impl From<CallFailure> for ApiError {
    fn from(failure: CallFailure) -> Self {
        let mut error = Self::from(failure.error);
        error.body.openrouter_metadata = failure.metadata;
        Self { generation_id: Some(failure.id), ..error }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.body.error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: coming back too early helps nobody.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(RateLimit { limit, remaining, reset }) = self.rate_limit {
            headers.insert(RATE_LIMIT, HeaderValue::from(limit));
            headers.insert(RATE_REMAINING, HeaderValue::from(remaining));
            if let Some(reset) = reset {
                headers.insert(RATE_RESET, HeaderValue::from(reset));
            }
        }
        let id = self.generation_id.as_ref();
        if let Some(id) = id.and_then(|id| HeaderValue::try_from(id.as_str()).ok()) {
            headers.insert(GENERATION_ID, id);
        }
        response.extensions_mut().insert(Failed { body: self.body, id: self.generation_id });
        response
    }
}
