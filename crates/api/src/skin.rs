//! Errors in the words of the dialect a client speaks (contract §4.7).
//!
//! Whatever fails on a dialect's path, the key, the body, the call itself, fails as an
//! [`ApiError`](crate::error::ApiError), which writes the contract's envelope and leaves the error
//! itself with the response. A layer over the dialect's routes writes it again in the dialect.

use axum::body::Body;
use axum::response::Response;
use tollgate_types::GenerationId;
use tollgate_wire::error::ErrorBody;
use tollgate_wire::{Dialect, error_body};

/// The error a response was made of.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) body: Box<ErrorBody>,
    pub(crate) id: Option<GenerationId>,
}

/// Writes a response's error, if it is one, in `dialect`.
pub(crate) async fn in_dialect(dialect: Dialect, response: Response) -> Response {
    let Some(failed) = response.extensions().get::<Failed>() else { return response };
    let body = Body::from(error_body(dialect, &failed.body, failed.id.as_ref()));
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}
