//! The dashboard's files, and its page for every path that is nobody else's.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tollgate_dashboard::{Dashboard, File, etag, media_type};

use super::welcome::page;
use crate::compression::takes_gzip;
use crate::error::ApiError;
use crate::router::App;

/// What a page may load: its own scripts, styles and fonts, and nothing from elsewhere. Answers of
/// models are shown, so nothing in them may ever be run or fetched.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
/// The same for the page of a build without a dashboard, which has its style inside.
const POLICY_OF_WELCOME: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// Files below have what they say in their names: under the same name nothing else ever comes.
const ASSETS: &str = "assets/";
/// Looked at anew each time, which costs a question.
const NO_CACHE: &str = "no-cache";
/// Kept for a year.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What programs ask for, whom a page would only confuse.
const OF_PROGRAMS: [&str; 5] = ["api", "v1", "health", "metrics", "webhooks"];

/// The dashboard as this gateway serves it.
#[derive(Debug)]
pub(crate) struct Served {
    files: Dashboard,
    /// The page, and what tells it from others.
    index: Option<(Bytes, String)>,
}

impl Served {
    pub(crate) fn new(files: Dashboard, prefix: &str) -> Self {
        let index = files.index(prefix).map(|page| (etag(page.as_bytes()), page));
        Self { files, index: index.map(|(etag, page)| (page.into(), etag)) }
    }
}

/// `GET /`: the dashboard; a build without one says that the gateway runs, and how to call it.
pub(crate) async fn welcome(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(response) = index(&app, &headers) {
        return response;
    }
    let mut response = page(&app, &uri, &headers).into_response();
    let policies = response.headers_mut();
    secure(policies, POLICY_OF_WELCOME);
    policies.insert(CACHE_CONTROL, HeaderValue::from_static(NO_CACHE));
    response
}

/// What no route answers: a file of the dashboard, else its page where a browser asks for one.
pub(crate) async fn anything_else(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if method.is_safe() && !OF_PROGRAMS.contains(&first) {
        if let Some(file) = app.dashboard.files.find(path).filter(|file| !is_page(file)) {
            return Ok(served(file, &headers));
        }
        if wants_page(path, &headers)
            && let Some(response) = index(&app, &headers)
        {
            return Ok(response);
        }
    }
    Err(ApiError::not_found(format!(
        "No such path: {method} {}. The API is under /api/v1",
        uri.path()
    )))
}

/// The page itself is served with its base in it only.
fn is_page(file: &File) -> bool {
    file.path == "index.html"
}

/// Whether a browser goes to a path, rather than loading a part of a page: a page in the place of a
/// script that is missing would be an odd error.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let takes_pages = || {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        accepted.flat_map(|value| value.split(',')).any(|kind| {
            kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html")
        })
    };
    !path.starts_with(ASSETS) && !has_ending(path) && takes_pages()
}

/// Whether a path ends as files do. A model's name may have a dot before a number.
fn has_ending(path: &str) -> bool {
    let (_, last) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = last.rsplit_once('.').map(|(_, ending)| ending);
    path != "index.html"
        && ending.is_some_and(|ending| {
            ending.starts_with(|it: char| it.is_ascii_alphabetic())
                && ending.chars().all(|it| it.is_ascii_alphanumeric())
        })
}

fn index(app: &App, headers: &HeaderMap) -> Option<Response> {
    let (page, etag) = app.dashboard.index.as_ref()?;
    let mut response = answer(page.clone(), etag, headers);
    let about = response.headers_mut();
    about.insert(CONTENT_TYPE, HeaderValue::from_static(media_type("index.html")));
    about.insert(CACHE_CONTROL, HeaderValue::from_static(NO_CACHE));
    about.insert(VARY, HeaderValue::from_static("accept"));
    secure(about, POLICY);
    Some(response)
}

fn served(file: &'static File, headers: &HeaderMap) -> Response {
    let is_gzip = file.is_gzip && takes_gzip(headers);
    let mut response = if is_gzip {
        // Another form of the content has another tag (RFC 9110, 8.8.3).
        let etag = format!("{}-gzip\"", file.etag.trim_end_matches('"'));
        answer(Bytes::from_static(file.bytes), &etag, headers)
    } else {
        match file.plain() {
            Cow::Borrowed(bytes) => answer(Bytes::from_static(bytes), file.etag, headers),
            Cow::Owned(bytes) => answer(bytes.into(), file.etag, headers),
        }
    };
    let lasts = if file.path.starts_with(ASSETS) { IMMUTABLE } else { NO_CACHE };
    let about = response.headers_mut();
    if is_gzip {
        about.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    about.insert(VARY, HeaderValue::from_static("accept-encoding"));
    about.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(file.path)));
    about.insert(CACHE_CONTROL, HeaderValue::from_static(lasts));
    secure(about, POLICY);
    response
}

/// The content, or that it is still what the browser has.
fn answer(content: Bytes, etag: &str, headers: &HeaderMap) -> Response {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(','));
    // Proxies that compress call it weak.
    let is_it = |it: &str| it.trim() == "*" || it.trim().trim_start_matches("W/") == etag;
    let mut response = if known.any(is_it) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(content))
    };
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

fn secure(headers: &mut HeaderMap, policy: &'static str) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_goes_somewhere_gets_the_page() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9"));
        for page in
            ["logs", "openai/gpt-4.1", "meta/llama-3.1-8b", "settings/people", "a.b/c", "x."]
        {
            assert!(wants_page(page, &headers), "{page}");
        }
        for file in ["app.js", "assets/app-1", "favicon.ico", "a/b.woff2", "robots.txt", ".env"] {
            assert!(!wants_page(file, &headers), "{file}");
        }
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        assert!(!wants_page("logs", &headers));
        assert!(!wants_page("logs", &HeaderMap::new()));
    }
}
