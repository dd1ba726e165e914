//! What stands before the router: calls that generate go past it.
//!
//! # Why?
//!
//! The router boxes each of its layers, and the future of each, anew for every request. That is of
//! no account for what manages, and was a seventh of what a short call cost. So the paths of calls
//! that generate are compared here, and what the layers do for them is done by plain functions.
//! Whatever the layers add to an answer is added here, too; a test compares the two.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, VARY};
use http::{HeaderValue, Method, Request};
use hyper::body::{Body as _, Incoming};
use tollgate_wire::Dialect;
use tower::ServiceExt as _;

use crate::address::Peer;
use crate::handlers::{GENERATING, create};
use crate::router::{App, EXPOSED, panicked, router};
use crate::skin::{dialect_of, in_dialect};
use crate::unread::{Watched, drain, is_sent};

/// Every route of the program.
#[derive(Debug, Clone)]
pub struct Front {
    app: App,
    router: Router,
}

/// The same for who is at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Facing {
    front: Front,
    peer: Peer,
}

impl Front {
    /// Puts the routes together.
    pub fn new(app: App) -> Self {
        Self { router: router(app.clone()), app }
    }

    pub(crate) fn at(&self, peer: SocketAddr) -> Facing {
        Facing { front: self.clone(), peer: Peer(peer) }
    }

    /// The path and the dialect of a call that generates; none of all other requests.
    fn generates(&self, method: &Method, path: &str) -> Option<(&'static str, Dialect)> {
        if *method != Method::POST {
            return None;
        }
        let path = path.strip_prefix(self.app.config.path_prefix.as_str()).unwrap_or(path);
        GENERATING.into_iter().find(|(known, _)| *known == path)
    }
}

impl hyper::service::Service<Request<Incoming>> for Facing {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        match self.front.generates(request.method(), request.uri().path()) {
            Some(route) => Box::pin(generated(self.front.app.clone(), route, request).map(Ok)),
            None => Box::pin(self.front.router.clone().oneshot(request.map(Body::new))),
        }
    }
}

/// Answers a call that generates.
async fn generated(
    app: App,
    (path, dialect): (&'static str, Dialect),
    request: Request<Incoming>,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let is_sent = !body.is_end_stream() && is_sent(parts.version, &parts.headers);
    let mut body = Watched::new(body);
    let created = AssertUnwindSafe(create(&app, dialect, &mut parts, &mut body)).catch_unwind();
    let mut response = match created.await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(panic) => panicked(panic),
    };
    if let Some(dialect) = dialect_of(&Method::POST, path) {
        response = in_dialect(dialect, response);
    }
    if is_sent && !body.is_begun {
        drain(body.body).await;
    }
    let headers = response.headers_mut();
    for (name, value) in OPEN_TO_BROWSERS.iter() {
        headers.insert(name, value.clone());
    }
    response
}

/// What the layer that opens the API to browsers adds to the answer of a call.
static OPEN_TO_BROWSERS: LazyLock<[(HeaderName, HeaderValue); 3]> = LazyLock::new(|| {
    let exposed = HeaderValue::from_str(&EXPOSED.map(|it| it.as_str().to_owned()).join(","));
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_EXPOSE_HEADERS, exposed.unwrap_or(HeaderValue::from_static("*"))),
        (VARY, HeaderValue::from_static("access-control-request-headers")),
    ]
});
