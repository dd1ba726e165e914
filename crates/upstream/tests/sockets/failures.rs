//! What a failure is called.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tollgate_upstream::{UpstreamConfig, UpstreamErrorKind};

use crate::support::{SOON, Server, Speaks, client, post, send};

#[tokio::test]
async fn a_refused_connection_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(UpstreamConfig::default());
    for scheme in ["http", "https"] {
        let error = send(&client, post(scheme, address, "/")).await.unwrap_err();
        assert_eq!(error.kind, UpstreamErrorKind::Connect, "{scheme}: {error:?}");
    }
}

#[tokio::test]
async fn a_url_without_a_host_is_no_connection() {
    let client = client(UpstreamConfig::default());
    let request = Request::post("/v1/chat/completions").body(Bytes::new()).unwrap();
    assert_eq!(send(&client, request).await.unwrap_err().kind, UpstreamErrorKind::Connect);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_a_timeout_and_cancels_the_request() {
    for speaks in [Speaks::Http1, Speaks::Http1OverTls, Speaks::Http2(10)] {
        let server = Server::start(speaks).await;
        let client = server.client();
        let error =
            client.send(server.post("/silent"), Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(error.kind, UpstreamErrorKind::Timeout, "{speaks:?}");
        assert_eq!(server.whole_requests(), 1, "the request had arrived");
        server.until_live(0).await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_before_its_head_is_broken() {
    for speaks in [Speaks::Http1, Speaks::Http2(10)] {
        let server = Server::start(speaks).await;
        let error = send(&server.client(), server.post("/break")).await.unwrap_err();
        assert_eq!(error.kind, UpstreamErrorKind::Broken, "{speaks:?}");
        assert_eq!(server.whole_requests(), 1, "it is not sent again");
    }
}

/// A server that takes TCP connections, but no TLS handshake.
#[tokio::test]
async fn who_waits_for_a_connection_that_fails_fails_with_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connect_timeout = Duration::from_millis(500);
    let client = Arc::new(client(UpstreamConfig { connect_timeout, ..UpstreamConfig::default() }));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let client = Arc::clone(&client);
        tasks.spawn(async move { send(&client, post("https", address, "/")).await });
    }
    for result in timeout(SOON, tasks.join_all()).await.unwrap() {
        assert_eq!(result.unwrap_err().kind, UpstreamErrorKind::Connect);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "one after another is 20 s");
    // A call that comes later tries again.
    let error = client.send(post("https", address, "/"), Duration::from_millis(50)).await;
    assert_eq!(error.unwrap_err().kind, UpstreamErrorKind::Timeout);
    drop(listener);
}
