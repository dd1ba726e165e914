//! The HTTP/2 connections of one origin, and which of them takes the next call.
//!
//! A call takes a place on the connection with the fewest calls in flight, of those with room for
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

use http::Uri;
use hyper::service::Service;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::UpstreamError;
use crate::connection::{Connection, Place, Stream};

/// Bounds what one origin can make us open.
const CONNECTIONS_MAX: usize = 32;
/// How often a caller looks whether a new connection's limit is known.
const SETTLING_STEP: Duration = Duration::from_millis(2);

type Cause = Arc<dyn Error + Send + Sync>;

/// An origin over TLS.
#[derive(Debug)]
pub(crate) struct Origin {
    uri: Uri,
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
pub(crate) enum Entry {
    /// Over HTTP/1.1, which this pool has no part in.
    Http1,
    /// Over HTTP/2, on a connection that was open already.
    Open(Place),
    /// Over HTTP/2, on a connection opened for this call.
    New(Place),
}

/// Opens connections.
#[derive(Debug)]
pub(crate) struct Opener {
    connector: TowerToHyperService<HttpsConnector<HttpConnector>>,
    connect_timeout: Duration,
    idle_timeout: Duration,
}

impl Origin {
    pub(crate) fn new(uri: Uri) -> Self {
        Self {
            uri,
            connections: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            speaks_http1: AtomicBool::new(false),
        }
    }

    /// Takes a place on a connection, opening one if need be.
    ///
    /// Cancel safe: dropped, it gives up its turn, and what it was opening is closed.
    pub(crate) async fn enter(&self, opener: &Opener) -> Result<Entry, UpstreamError> {
        if let Some(entry) = self.enter_open(opener) {
            return Ok(entry);
        }
        let asked = Instant::now();
        let mut last_failure = self.opening.lock().await;
        if let Some(failure) = last_failure.as_ref().filter(|failure| failure.at >= asked) {
            return Err(UpstreamError::connect(Arc::clone(&failure.cause)));
        }
        // From here on nobody else opens a connection; there may be one that was just opened.
        loop {
            if let Some(entry) = self.enter_open(opener) {
                return Ok(entry);
            }
            if self.is_settled() {
                break;
            }
            sleep(SETTLING_STEP).await;
        }
        match opener.open(self.uri.clone()).await {
            Ok(Some(connection)) => {
                let connection = Arc::new(connection);
                let place = Place::on(&connection);
                self.connections.lock().push(connection);
                Ok(Entry::New(place))
            }
            Ok(None) => {
                self.speaks_http1.store(true, Ordering::Relaxed);
                Ok(Entry::Http1)
            }
            Err(cause) => {
                let cause = Cause::from(cause);
                *last_failure = Some(Failure { at: Instant::now(), cause: Arc::clone(&cause) });
                Err(UpstreamError::connect(cause))
            }
        }
    }

    fn enter_open(&self, opener: &Opener) -> Option<Entry> {
        if self.speaks_http1.load(Ordering::Relaxed) {
            return Some(Entry::Http1);
        }
        let mut connections = self.connections.lock();
        connections.retain(|it| it.is_usable(opener.idle_timeout));
        let may_open = connections.len() < CONNECTIONS_MAX;
        connections
            .iter()
            .filter(|it| !may_open || it.has_room())
            .min_by_key(|it| it.in_flight())
            .map(|it| Entry::Open(Place::on(it)))
    }

    fn is_settled(&self) -> bool {
        self.connections.lock().iter().all(|it| it.is_settled())
    }
}

impl Opener {
    pub(crate) fn new(
        connector: HttpsConnector<HttpConnector>,
        connect_timeout: Duration,
        idle_timeout: Duration,
    ) -> Self {
        Self { connector: TowerToHyperService::new(connector), connect_timeout, idle_timeout }
    }

    /// Opens a connection; none if the server chose HTTP/1.1.
    async fn open(&self, uri: Uri) -> Result<Option<Connection>, Box<dyn Error + Send + Sync>> {
        // The connector's own timeout is for TCP alone; a TLS handshake may hang as well.
        let stream: Stream = timeout(self.connect_timeout, self.connector.call(uri)).await??;
        if stream.connected().is_negotiated_h2() {
            Ok(Some(Connection::begin(stream).await?))
        } else {
            Ok(None)
        }
    }
}
