//! Reading a request's body: bounded in size and time.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tollgate_wire::error::ErrorType;

use crate::error::ApiError;
use crate::router::App;
use crate::unread::drain;

/// The bytes of a JSON body.
#[derive(Debug)]
pub(crate) struct JsonBytes(pub(crate) Bytes);

/// A JSON body as a value.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl FromRequest<App> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(wrong_type(request.headers(), "application/json"));
        }
        read_body(request, app).await.map(Self)
    }
}

/// Reads a body of any type.
pub(crate) async fn read_body(request: Request, app: &App) -> Result<Bytes, ApiError> {
    let (parts, mut body) = request.into_parts();
    let most = app.config.body_bytes_max;
    if declared_length(&parts.headers).is_some_and(|length| length > most) {
        drain(body).await;
        return Err(too_large(most));
    }
    let read = Limited::new(&mut body, most).collect();
    match timeout(app.config.body_timeout, read).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(body).await;
            Err(too_large(most))
        }
        Ok(Err(_)) => Err(ApiError::bad_request("Request body ended before it was complete")),
        Err(_) => {
            Err(ApiError::new(ErrorType::RequestTimeout, "Request body did not arrive in time"))
        }
    }
}

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let JsonBytes(bytes) = JsonBytes::from_request(request, app).await?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| ApiError::bad_request(format!("Invalid request body: {error}")))?;
        Ok(Self(value))
    }
}

/// Whether a body is JSON, or does not say what it is.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = essence(headers) else { return true };
    kind == "application/json" || kind.ends_with("+json")
}

/// A body of another type than the one taken.
pub(crate) fn wrong_type(headers: &HeaderMap, expected: &str) -> ApiError {
    let received = essence(headers).unwrap_or_default();
    ApiError::new(
        ErrorType::UnsupportedMediaType,
        format!("Content-Type must be {expected}, received {received}"),
    )
}

/// The body's media type without its parameters, in lower case.
fn essence(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(most: usize) -> ApiError {
    ApiError::new(
        ErrorType::PayloadTooLarge,
        format!("Request body is larger than the {most} bytes allowed here"),
    )
}
