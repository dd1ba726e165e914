//! Reading a request's body: bounded in size and time.

use std::borrow::Cow;

use axum::BoxError;
use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tollgate_wire::error::ErrorType;

use crate::audit::note;
use crate::error::ApiError;
use crate::router::App;
use crate::unread::drain;

/// The bytes of a JSON body.
#[derive(Debug)]
pub(crate) struct JsonBytes(pub(crate) Bytes);

/// The bytes of a body that is JSON whatever its type says, as Ollama's server takes it: the
/// examples in its documentation send `curl -d` without a type.
#[derive(Debug)]
pub(crate) struct AnyBytes(pub(crate) Bytes);

/// A JSON body as a value.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl FromRequest<App> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        must_be_json(request.headers())?;
        read_body(request, app).await.map(Self)
    }
}

/// Refuses a body that says it is something else than JSON.
pub(crate) fn must_be_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_json(headers) { Ok(()) } else { Err(wrong_type(headers, "application/json")) }
}

/// Refuses a body that is encoded.
pub(crate) fn must_be_plain(headers: &HeaderMap) -> Result<(), ApiError> {
    encoding(headers).map_or(Ok(()), |encoding| Err(encoded(&encoding)))
}

impl FromRequest<App> for AnyBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        read_body(request, app).await.map(Self)
    }
}

/// Reads a body of any type.
///
/// One that is refused before it is begun goes back to
/// [`read_the_rest`](crate::unread::read_the_rest), which knows whether there is anything to read.
pub(crate) async fn read_body(request: Request, app: &App) -> Result<Bytes, ApiError> {
    read_at_most(request, app, app.config.body_bytes_max).await
}

/// The same of at most so many bytes.
pub(crate) async fn read_at_most(
    request: Request,
    app: &App,
    most: usize,
) -> Result<Bytes, ApiError> {
    let (parts, mut body) = request.into_parts();
    read_from(&parts.headers, &mut body, app, most).await
}

/// The same, where the request is in its parts.
pub(crate) async fn read_from<B>(
    headers: &HeaderMap,
    body: &mut B,
    app: &App,
    most: usize,
) -> Result<Bytes, ApiError>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    must_be_plain(headers)?;
    if declared_length(headers).is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let read = Limited::new(&mut *body, most).collect();
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
        let extensions = request.extensions().clone();
        let JsonBytes(bytes) = JsonBytes::from_request(request, app).await?;
        note(&extensions, &bytes);
        parsed(&bytes).map(Self)
    }
}

/// A JSON body with a secret in it: what is wrong with it is told without repeating any of it.
#[derive(Debug)]
pub(crate) struct SecretBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for SecretBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let extensions = request.extensions().clone();
        let JsonBytes(bytes) = JsonBytes::from_request(request, app).await?;
        note(&extensions, &bytes);
        untold(&bytes).map(Self)
    }
}

/// The same of a body of which nothing is entered in the log either.
#[derive(Debug)]
pub(crate) struct UnnotedBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for UnnotedBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let JsonBytes(bytes) = JsonBytes::from_request(request, app).await?;
        untold(&bytes).map(Self)
    }
}

/// A JSON body's value; what is wrong with it is told without repeating any of it.
fn untold<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = error.to_string();
        // Only our own names of members are in it.
        let what = if message.starts_with("missing field") {
            message
        } else {
            format!("at line {} column {}", error.line(), error.column())
        };
        ApiError::bad_request(format!("Invalid request body: {what}"))
    })
}

/// A JSON body's value.
pub(crate) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let told = error.to_string();
        ApiError::bad_request(format!("Invalid request body: {}", in_json_words(&told)))
    })
}

/// What is wrong with a body, without the names that our types have here.
fn in_json_words(told: &str) -> Cow<'_, str> {
    let Some((before, named)) = told.split_once("expected struct ") else {
        return Cow::Borrowed(told);
    };
    let after = named.trim_start_matches(|it: char| it.is_alphanumeric() || it == '_');
    Cow::Owned(format!("{before}expected an object{after}"))
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

/// How a body is encoded, when it is not sent as it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let all = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let all = all.map(|word| String::from_utf8_lossy(word).trim().to_ascii_lowercase());
    all.filter(|word| !word.is_empty()).find(|word| word != "identity")
}

fn encoded(encoding: &str) -> ApiError {
    ApiError::new(
        ErrorType::UnsupportedMediaType,
        format!("Content-Encoding {encoding} is not taken; send the body as it is"),
    )
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
