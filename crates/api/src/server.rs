//! The accept loop: connections in, a clean stop.
//!
//! A loop of our own rather than `axum::serve`, which hides header timeouts and the HTTP/2
//! settings.

use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Front;

/// How connections are served.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// How long a client may take to send its request's headers; also how long an idle
    /// connection is kept.
    pub header_timeout: Duration,
    /// How long a client may take nothing of what is sent to it, where the operating system can tell
    /// (Linux). Whoever opens a stream and never reads it would hold its credit for ever: nobody asks a
    /// body for more while its connection is full, so no timer of a stream's is looked at.
    pub stall_timeout: Duration,
    /// How long open streams may go on after a stop was asked for.
    pub shutdown_grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_mins(1),
            stall_timeout: Duration::from_mins(2),
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// A pause after `accept` failed, which it does when there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Streams one HTTP/2 client may have open.
const HTTP2_STREAMS_MAX: u32 = 1_000;

/// Connections that may wait to be accepted: a thousand callers that come at once are let in, not sent
/// away. The system's own bound holds beside it.
const BACKLOG: u32 = 4_096;

/// Listens on an address.
///
/// # Errors
///
/// When it can't: somebody else does, or it is no address of this machine.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Otherwise a restart would wait for connections of before to be forgotten.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `front` on `listener` until `stop` is cancelled, then finishes open requests for at
/// most the grace period.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    config: ServerConfig,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .keep_alive_interval(Duration::from_secs(30));
    while let Some((stream, peer)) = accept(&listener, &stop).await {
        end_stalls(&stream, config.stall_timeout);
        let service = front.at(peer);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                biased;
                // Dropping the connection drops its streams, which settles their calls.
                () = cut.cancelled() => {}
                ended = watched => if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection ended");
                },
            }
        });
    }
    drop(listener);
    connections.close();
    if timeout(config.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("streams were cut off: they outlived the shutdown grace");
        cut.cancel();
    }
    connections.wait().await;
}

/// Has the operating system end the connection of a client that takes nothing.
fn end_stalls(stream: &TcpStream, after: Duration) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(after)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT can't be set");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, after);
}

/// The next connection, or `None` once a stop was asked for.
async fn accept(
    listener: &TcpListener,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Without it a chunk may wait 40 ms for the acknowledgement of the one before.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "TCP_NODELAY can't be set");
                }
                return Some((stream, peer));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
