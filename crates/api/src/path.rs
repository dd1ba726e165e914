//! Parameters of paths, with their errors in the contract's envelope.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::router::App;

/// The parameters of the path as a value.
#[derive(Debug)]
pub(crate) struct PathOf<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_client_error() => {
                let text = rejection.body_text();
                let reason = text.strip_prefix("Invalid URL: ").unwrap_or(&text);
                Err(ApiError::bad_request(format!("Invalid path: {reason}")))
            }
            Err(rejection) => Err(ApiError::internal(&rejection)),
        }
    }
}

/// The segments of a path as one name.
pub(crate) fn joined(segments: Vec<(String, String)>) -> String {
    let segments: Vec<String> = segments.into_iter().map(|(_, segment)| segment).collect();
    segments.join("/")
}
