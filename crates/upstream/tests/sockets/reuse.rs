//! Connections are used again, and small requests are not held back.

use std::time::Duration;

use http_body_util::BodyExt;
use tokio::time::Instant;
use tollgate_upstream::{Upstream, UpstreamConfig};

use crate::support::{Server, Speaks, client, send};

async fn fifty(client: &Upstream, server: &Server) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        send(client, server.post("/bytes/3")).await.unwrap().collect().await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times
}

async fn check_reuse(speaks: Speaks, connections: usize) {
    let server = Server::start(speaks).await;
    fifty(&server.client(), &server).await;
    assert_eq!(server.connections(), connections, "{speaks:?}");
}

#[tokio::test]
async fn fifty_requests_use_one_connection() {
    check_reuse(Speaks::Http1, 1).await;
    check_reuse(Speaks::Http2(10), 1).await;
    check_reuse(Speaks::Http1OverTls, 1).await;
}

#[tokio::test]
async fn a_connection_idle_for_too_long_is_not_used_again() {
    for speaks in [Speaks::Http1, Speaks::Http1OverTls, Speaks::Http2(10)] {
        let server = Server::start(speaks).await;
        let config = UpstreamConfig {
            idle_timeout: Duration::ZERO,
            extra_roots: vec![server.root()],
            ..UpstreamConfig::default()
        };
        let client = client(config);
        for connections in 1..=3 {
            send(&client, server.post("/bytes/3")).await.unwrap().collect().await.unwrap();
            assert_eq!(server.connections(), connections, "{speaks:?}");
        }
    }
}

/// Without TCP_NODELAY, a request written in two parts waits for the server's delayed
/// acknowledgement of the first, which is 40 ms on Linux.
#[tokio::test]
async fn small_requests_do_not_wait_for_acknowledgements() {
    for speaks in [Speaks::Http1, Speaks::Http1OverTls, Speaks::Http2(10)] {
        let server = Server::start(speaks).await;
        let times = fifty(&server.client(), &server).await;
        assert!(times[25] < Duration::from_millis(20), "{speaks:?}: {times:?}");
    }
}
