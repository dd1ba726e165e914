//! `GET /events`: what happens now, as server-sent events. Beyond the contract.
//!
//! Nothing is kept for a listener that is away or slow: it is told of the gap, and catches up by one
//! question to `GET /logs`. Deliberately absent: calls of other gateways on the same store, which
//! tell of them themselves.

mod alerting;
mod circuits;
mod listening;

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};

use super::logs::{Members, read_filter};
use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;
use crate::streams::PLACE_AGAIN;

use listening::Listening;

/// What somebody listens to.
#[derive(Debug, Clone, Copy, Default)]
struct Topics {
    logs: bool,
    health: bool,
    alerts: bool,
}

/// Asks proxies such as nginx to pass on what comes as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Calls that have ended, changes of circuits and alerts, as they come.
pub(crate) async fn listen(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let mut members = Members::read(pairs)?;
    let topics = Topics::read(members.take("topics").as_deref())?;
    let filter = read_filter(&mut members, &app, &manager)?;
    members.finish()?;
    let place = app.streams.listener().ok_or_else(|| {
        ApiError::too_many(
            "Too many are listening already. Try again when one has gone",
            PLACE_AGAIN,
        )
    })?;
    let listening = Listening::begin(app, manager, (topics, filter), place).await?;
    let events = unfold(listening, |mut listening| async {
        let event = listening.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), listening))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    Ok(response)
}

impl Topics {
    /// Calls, unless something else is named.
    fn read(list: Option<&str>) -> Result<Self, ApiError> {
        let Some(list) = list else { return Ok(Self { logs: true, ..Self::default() }) };
        let mut topics = Self::default();
        for topic in list.split(',') {
            match topic {
                "logs" => topics.logs = true,
                "health" => topics.health = true,
                "alerts" => topics.alerts = true,
                _ => {
                    return Err(ApiError::bad_request("topics: Expected logs, health or alerts"));
                }
            }
        }
        Ok(topics)
    }
}
