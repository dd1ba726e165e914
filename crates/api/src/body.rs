//! Reading a request's body: bounded in size and time, JSON only.

use std::time::Duration;

use axum::body::Body;
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

/// The bytes of a JSON body.
#[derive(Debug)]
pub(crate) struct JsonBytes(pub(crate) Bytes);

/// A JSON body as a value.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// What is read and thrown away of a body that is too large, so that a client that writes first
/// and reads later sees the answer rather than a broken connection.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

impl FromRequest<App> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        must_be_json(&parts.headers)?;
        let most = app.config.body_bytes_max;
        if declared_length(&parts.headers).is_some_and(|length| length > most) {
            drain(body).await;
            return Err(too_large(most));
        }
        let mut body = body;
        let read = Limited::new(&mut body, most).collect();
        match timeout(app.config.body_timeout, read).await {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes())),
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

fn must_be_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorType::UnsupportedMediaType,
        format!("Content-Type must be application/json, received {essence}"),
    ))
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn drain(body: Body) {
    let mut body = Limited::new(body, DRAIN_BYTES_MAX);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it was read to its end or not, the answer is the same.
    timeout(DRAIN_PATIENCE, all).await.unwrap_or_default();
}

fn too_large(most: usize) -> ApiError {
    ApiError::new(
        ErrorType::PayloadTooLarge,
        format!("Request body is larger than the {most} bytes allowed here"),
    )
}
