//! Where models are, and what opens the door.

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Request};
use tollgate_catalog::Auth;

use crate::adapter::{post, secret_header};
use crate::encoding::{authorize, extra_headers};
use crate::{Target, Unsupported};

/// How API keys begin, as opposed to access tokens.
const API_KEY_PREFIXES: &[&str] = &["AIza", "AQ."];

/// The model a credential is tried out on: counting its tokens costs nothing.
const PROBED: &str = "publishers/google/models/gemini-2.5-flash:countTokens";

/// A POST to an operation of a model of `publisher`. A name may say its publisher, or be a whole
/// path such as that of an endpoint with a tuned model.
pub(super) fn call(
    target: &Target<'_>,
    publisher: &str,
    operation: &str,
    body: Vec<u8>,
) -> Result<Request<Bytes>, Unsupported> {
    let name = target.upstream_model;
    let path = match name.split_once('/') {
        None => format!("publishers/{publisher}/models/{name}"),
        Some((said, model)) if said == publisher => {
            format!("publishers/{publisher}/models/{model}")
        }
        Some(("publishers" | "endpoints", _)) => name.to_owned(),
        Some((other, _)) => {
            return Err(Unsupported(format!("a model of {other} by the protocol of {publisher}")));
        }
    };
    let mut request = post(&format!("{}/{path}:{operation}", target.base_url), body)?;
    credential(request.headers_mut(), target)?;
    Ok(request)
}

/// A POST of a chat to the models of other makers, which are named in the body.
pub(super) fn partners(target: &Target<'_>, body: Vec<u8>) -> Result<Request<Bytes>, Unsupported> {
    let url = format!("{}/endpoints/openapi/chat/completions", target.base_url);
    let mut request = post(&url, body)?;
    credential(request.headers_mut(), target)?;
    Ok(request)
}

/// Counts the tokens of one letter.
pub(super) fn probe(target: &Target<'_>) -> Result<Request<Bytes>, Unsupported> {
    let body = br#"{"contents":[{"role":"user","parts":[{"text":"."}]}]}"#;
    let mut request = post(&format!("{}/{PROBED}", target.base_url), body.to_vec())?;
    credential(request.headers_mut(), target)?;
    Ok(request)
}

/// An API key goes where API keys go, even where an access token is expected.
fn credential(headers: &mut HeaderMap, target: &Target<'_>) -> Result<(), Unsupported> {
    let is_key = |text: &str| API_KEY_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    match target.credential {
        Some(key) if target.auth == Auth::Bearer && is_key(key) => {
            secret_header(headers, HeaderName::from_static("x-goog-api-key"), key)?;
            extra_headers(headers, target)
        }
        _ => authorize(headers, target),
    }
}
