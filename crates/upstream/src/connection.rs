//! One HTTP/2 connection, and whether it has room for another stream.
//!
//! # How the server's limit is known
//!
//! hyper tells it on the half of a connection that drives it. That half is therefore shared: a task
//! polls it, and [`Connection::has_room`] asks it, under a lock held for either.
//!
//! Until the server's SETTINGS arrive, hyper is told to assume a limit of one
//! ([`STREAMS_ASSUMED`]). So the call that opened the connection goes out at once, and no stream
//! is sent that the server would refuse; other calls wait until the connection [is
//! settled](Connection::is_settled).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper::rt::Executor;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::Instant;

pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Driver = http2::Connection<Stream, Full<Bytes>, TokioExecutor>;

/// Most streams on one connection, however many its server allows: they share one TCP window.
const STREAMS_MAX: usize = 100;
/// The limit before the server's SETTINGS are known.
const STREAMS_ASSUMED: usize = 1;
/// After this long, a server that still seems to allow one stream does allow one stream.
const SETTLING_MAX: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// An HTTP/2 connection, which closes when it is dropped and its last stream has ended.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http2::SendRequest<Full<Bytes>>,
    driver: Arc<Mutex<Option<Driver>>>,
    opened: Instant,
    in_flight: AtomicUsize,
    idle_since: Mutex<Instant>,
}

/// One call's place on a connection, given back when its response has been read or dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connection: Arc<Connection>,
}

impl Connection {
    /// Begins HTTP/2 on a stream that was just opened.
    pub(crate) async fn begin(stream: Stream) -> hyper::Result<Self> {
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .initial_max_send_streams(STREAMS_ASSUMED)
            .handshake(stream)
            .await?;
        let driver = Arc::new(Mutex::new(Some(driver)));
        let shared = Arc::clone(&driver);
        // It ends by itself, when `sender` is dropped or the connection breaks. How it ended is
        // told to each call by its response.
        TokioExecutor::new()
            .execute(std::future::poll_fn(move |context| poll_once(&mut shared.lock(), context)));
        let opened = Instant::now();
        Ok(Self {
            sender,
            driver,
            opened,
            in_flight: AtomicUsize::new(0),
            idle_since: Mutex::new(opened),
        })
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether another stream would be opened at once.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight() < self.limit().min(STREAMS_MAX)
    }

    /// Whether the server has said how many streams it allows.
    pub(crate) fn is_settled(&self) -> bool {
        self.limit() != STREAMS_ASSUMED || self.opened.elapsed() > SETTLING_MAX
    }

    /// Whether it is open, and was used within `idle_timeout`.
    pub(crate) fn is_usable(&self, idle_timeout: Duration) -> bool {
        !self.sender.is_closed()
            && (self.in_flight() > 0 || self.idle_since.lock().elapsed() < idle_timeout)
    }

    fn limit(&self) -> usize {
        self.driver.lock().as_ref().map_or(0, Driver::current_max_send_streams)
    }
}

/// Drives a connection. When it has ended it is dropped, which closes its sender and gives back
/// the requests that were not sent; kept, they would wait for ever.
fn poll_once(driver: &mut Option<Driver>, context: &mut Context<'_>) -> Poll<()> {
    let Some(running) = driver else { return Poll::Ready(()) };
    let ended = Pin::new(running).poll(context);
    if ended.is_ready() {
        *driver = None;
    }
    ended.map(|_| ())
}

impl Place {
    /// Takes a place. The caller has seen that there is room, under the lock of the pool.
    pub(crate) fn on(connection: &Arc<Connection>) -> Self {
        connection.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { connection: Arc::clone(connection) }
    }

    /// Sends a request. An error holds the request when nothing of it was sent.
    ///
    /// Cancel safe: dropped, it resets the stream.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        self.connection.sender.clone().try_send_request(request).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.connection.idle_since.lock() = Instant::now();
        self.connection.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
