//! The connections of one origin, and which of them takes the next call.
//!
//! Over HTTP/1.1 a call takes the idle connection that was used last, or opens one. Over HTTP/2 it
//! takes a place on the connection with the fewest calls in flight, of those with room for
//! another stream. When none has room, one caller at a time opens a connection, the others wait
//! their turn and look again: of a thousand callers that come at once, each hundredth or so opens
//! a connection, and none opens one that the last connection made needless.
//!
//! Invariants:
//!
//! - A connection is never given more streams than its server allows, but for [`CONNECTIONS_MAX`]:
//!   beyond it calls queue inside HTTP/2, and their patience bounds the wait.
//! - A place is counted from before the request is sent to the drop of the body or of the failed
//!   attempt, because [`Place`] counts by being there.
//! - Who waits while a connection fails to open fails with it. Otherwise a queue of callers would
//!   wait out the connect timeout one after another.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::service::Service;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::connection::{Connection, Place, Stream};
use crate::http1::{Link, Stand, Unsent};
use crate::tls::Connectors;
use crate::{UpstreamBody, UpstreamError};

/// Bounds what one origin can make us open.
const CONNECTIONS_MAX: usize = 32;
/// How often a caller looks whether a new connection's limit is known.
const SETTLING_STEP: Duration = Duration::from_millis(2);

type Cause = Arc<dyn Error + Send + Sync>;

/// A server that is called.
#[derive(Debug)]
pub(crate) struct Origin {
    uri: Uri,
    /// Its idle connections over HTTP/1.1.
    stand: Arc<Stand>,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// Held by the one caller who opens a connection; inside is how the last one failed.
    opening: tokio::sync::Mutex<Option<Failure>>,
    speaks_http1: AtomicBool,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    cause: Cause,
}

/// How a call reaches its origin.
#[derive(Debug)]
pub(crate) struct Entry {
    way: Way,
    was_open: bool,
}

#[derive(Debug)]
enum Way {
    /// Over HTTP/1.1, on a connection of its own.
    Http1(Link, Arc<Stand>),
    /// Over HTTP/2.
    Http2(Place),
}

/// Opens connections.
#[derive(Debug)]
pub(crate) struct Opener {
    either: TowerToHyperService<HttpsConnector<HttpConnector>>,
    http1: TowerToHyperService<HttpsConnector<HttpConnector>>,
    connect_timeout: Duration,
    idle_timeout: Duration,
}

impl Entry {
    /// Whether the connection was open before the call came.
    pub(crate) const fn was_open(&self) -> bool {
        self.was_open
    }

    /// Sends a request. An error holds it when nothing of it was sent.
    ///
    /// Cancel safe: dropped, it cancels the request.
    pub(crate) async fn send(
        self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<UpstreamBody>, Unsent> {
        match self.way {
            Way::Http1(mut link, stand) => {
                let response = link.send(in_origin_form(request)).await?;
                Ok(response.map(|body| UpstreamBody::over_http1(body, link, stand)))
            }
            Way::Http2(place) => {
                let response = place.send(request).await?;
                Ok(response.map(|body| UpstreamBody::over_http2(body, place)))
            }
        }
    }
}

/// A request as HTTP/1.1 has it: the host as a header, and a path (RFC 9112, section 3.2.1).
fn in_origin_form(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let uri = std::mem::take(request.uri_mut());
    if !request.headers().contains_key(HOST)
        && let Some(host) = host_of(&uri)
    {
        request.headers_mut().insert(HOST, host);
    }
    if let Some(path) = uri.into_parts().path_and_query {
        *request.uri_mut() = Uri::from(path);
    }
    request
}

/// The host with its port, where that is not the one that the scheme has anyway.
fn host_of(uri: &Uri) -> Option<HeaderValue> {
    let (host, port) = (uri.host()?, uri.port_u16());
    let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    match port.filter(|port| *port != usual) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

impl Origin {
    pub(crate) fn new(uri: Uri, stand: Arc<Stand>) -> Self {
        let speaks_http1 = AtomicBool::new(uri.scheme() != Some(&Scheme::HTTPS));
        Self {
            uri,
            stand,
            connections: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            speaks_http1,
        }
    }

    /// Takes a place on a connection, opening one if need be.
    ///
    /// Cancel safe: dropped, it gives up its turn, and what it was opening is closed.
    pub(crate) async fn enter(&self, opener: &Opener) -> Result<Entry, UpstreamError> {
        if self.speaks_http1.load(Ordering::Relaxed) {
            return self.enter_http1(opener).await;
        }
        if let Some(entry) = self.enter_open(opener) {
            return Ok(entry);
        }
        // Seldom, and large: kept out of the future of every call.
        Box::pin(self.enter_new(opener)).await
    }

    async fn enter_new(&self, opener: &Opener) -> Result<Entry, UpstreamError> {
        let asked = Instant::now();
        let mut last_failure = self.opening.lock().await;
        if let Some(failure) = last_failure.as_ref().filter(|failure| failure.at >= asked) {
            return Err(UpstreamError::connect(Arc::clone(&failure.cause)));
        }
        // From here on nobody else opens a connection; there may be one that was just opened.
        loop {
            if self.speaks_http1.load(Ordering::Relaxed) {
                drop(last_failure);
                return self.enter_http1(opener).await;
            }
            if let Some(entry) = self.enter_open(opener) {
                return Ok(entry);
            }
            if self.is_settled() {
                break;
            }
            sleep(SETTLING_STEP).await;
        }
        match opener.open(self.uri.clone()).await {
            Ok(Opened::Http2(connection)) => {
                let connection = Arc::new(connection);
                let place = Place::on(&connection);
                self.connections.lock().push(connection);
                Ok(Entry { way: Way::Http2(place), was_open: false })
            }
            Ok(Opened::Http1(link)) => {
                self.speaks_http1.store(true, Ordering::Relaxed);
                Ok(self.on(link, false))
            }
            Err(cause) => {
                let cause = Cause::from(cause);
                *last_failure = Some(Failure { at: Instant::now(), cause: Arc::clone(&cause) });
                Err(UpstreamError::connect(cause))
            }
        }
    }

    async fn enter_http1(&self, opener: &Opener) -> Result<Entry, UpstreamError> {
        if let Some(link) = self.stand.take() {
            return Ok(self.on(link, true));
        }
        // As above.
        match Box::pin(opener.open_http1(self.uri.clone())).await {
            Ok(link) => Ok(self.on(link, false)),
            Err(cause) => Err(UpstreamError::connect(cause)),
        }
    }

    fn on(&self, link: Link, was_open: bool) -> Entry {
        Entry { way: Way::Http1(link, Arc::clone(&self.stand)), was_open }
    }

    fn enter_open(&self, opener: &Opener) -> Option<Entry> {
        let mut connections = self.connections.lock();
        connections.retain(|it| it.is_usable(opener.idle_timeout));
        let may_open = connections.len() < CONNECTIONS_MAX;
        connections
            .iter()
            .filter(|it| !may_open || it.has_room())
            .min_by_key(|it| it.in_flight())
            .map(|it| Entry { way: Way::Http2(Place::on(it)), was_open: true })
    }

    fn is_settled(&self) -> bool {
        self.connections.lock().iter().all(|it| it.is_settled())
    }
}

/// What was opened, by what the server chose.
enum Opened {
    Http1(Link),
    Http2(Connection),
}

type OpenError = Box<dyn Error + Send + Sync>;

impl Opener {
    pub(crate) fn new(
        connectors: Connectors,
        connect_timeout: Duration,
        idle_timeout: Duration,
    ) -> Self {
        Self {
            either: TowerToHyperService::new(connectors.either),
            http1: TowerToHyperService::new(connectors.http1),
            connect_timeout,
            idle_timeout,
        }
    }

    /// Where at most so many idle connections over HTTP/1.1 wait.
    pub(crate) fn stand(&self, idle_max: usize) -> Arc<Stand> {
        Arc::new(Stand::new(self.idle_timeout, idle_max))
    }

    /// Opens a connection, over what the server chooses.
    async fn open(&self, uri: Uri) -> Result<Opened, OpenError> {
        // The connector's own timeout is for TCP alone; a TLS handshake may hang as well.
        let stream: Stream = timeout(self.connect_timeout, self.either.call(uri)).await??;
        if stream.connected().is_negotiated_h2() {
            Ok(Opened::Http2(Connection::begin(stream).await?))
        } else {
            Ok(Opened::Http1(Link::begin(stream).await?))
        }
    }

    /// Opens a connection over HTTP/1.1.
    async fn open_http1(&self, uri: Uri) -> Result<Link, OpenError> {
        let stream: Stream = timeout(self.connect_timeout, self.http1.call(uri)).await??;
        Ok(Link::begin(stream).await?)
    }
}
