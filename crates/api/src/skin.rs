//! Errors in the words of the dialect a client speaks (contract §4.7).
//!
//! Whatever fails on a dialect's path, the key, the body, the call itself, fails as an
//! [`ApiError`](crate::error::ApiError), which writes the contract's envelope and leaves the error
//! itself with the response. A layer over the dialect's routes writes it again in the dialect.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use tollgate_types::GenerationId;
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Dialect, error_body};

/// The error a response was made of.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) body: Box<ErrorBody>,
    pub(crate) id: Option<GenerationId>,
}

/// Writes a response's error, if it is one, in `dialect`.
pub(crate) async fn in_dialect(dialect: Dialect, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(mut failed) = parts.extensions.remove::<Failed>() else {
        return Response::from_parts(parts, body);
    };
    if has_404_for_models(dialect) && is_unknown_model(&failed.body) {
        failed.body.error.code = StatusCode::NOT_FOUND.as_u16();
        failed.body.error.error_type = ErrorType::NotFound.as_str();
        parts.status = StatusCode::NOT_FOUND;
    }
    let body = Body::from(error_body(dialect, &failed.body, failed.id.as_ref()));
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

/// Whether the dialect's own servers answer 404 for a model that they do not know. Clients go by
/// it: Ollama's documentation has them pull the model then. OpenRouter's answer is a 400 (contract
/// §4.5), and its API has neither dialect.
///
/// <https://docs.ollama.com/api/errors>, <https://ai.google.dev/gemini-api/docs/troubleshooting>
const fn has_404_for_models(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Gemini | Dialect::Ollama)
}

fn is_unknown_model(error: &ErrorBody) -> bool {
    error.error.availability.as_ref().is_some_and(|it| it.code == "model_not_found")
}
