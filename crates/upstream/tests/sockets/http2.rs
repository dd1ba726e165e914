//! The pool of HTTP/2 connections: growth at the server's limit, spreading, places given back.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tollgate_upstream::{Upstream, UpstreamBody, UpstreamErrorKind};

use crate::support::{SOON, Server, Speaks, opened, send};

/// Opens streams all at once; each has had its first byte.
async fn opened_at_once(
    client: &Arc<Upstream>,
    server: &Arc<Server>,
    count: usize,
) -> Vec<UpstreamBody> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (client, server) = (Arc::clone(client), Arc::clone(server));
        tasks.spawn(async move { opened(&client, &server).await });
    }
    timeout(SOON, tasks.join_all()).await.unwrap()
}

/// Requests being answered, by connection, without the connections that have none.
fn in_use(server: &Server) -> Vec<usize> {
    server.live().into_iter().filter(|live| *live > 0).collect()
}

async fn http2(streams_max: u32) -> (Arc<Upstream>, Arc<Server>) {
    let server = Server::start(Speaks::Http2(streams_max)).await;
    (Arc::new(server.client()), Arc::new(server))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_open_streams_all_begin_although_a_connection_takes_ten() {
    let (client, server) = http2(10).await;
    let start = Instant::now();
    let bodies = opened_at_once(&client, &server, 100).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(server.live(), [10; 10], "no connection more than needed");
    drop(bodies);
    server.until_live(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_opened_one_by_one_all_begin() {
    let (client, server) = http2(10).await;
    let mut bodies = Vec::new();
    for _ in 0..35 {
        bodies.push(opened(&client, &server).await);
    }
    assert_eq!(server.live(), [10, 10, 10, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_one_stream_per_connection_is_no_special_case() {
    let (client, server) = http2(1).await;
    let bodies = opened_at_once(&client, &server, 3).await;
    assert_eq!(server.live(), [1; 3]);
    drop(bodies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_takes_a_hundred_streams_where_the_server_allows_more() {
    let (client, server) = http2(1_000).await;
    let bodies = opened_at_once(&client, &server, 101).await;
    assert_eq!(server.live(), [100, 1]);
    drop(bodies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_32_connections_calls_queue() {
    let (client, server) = http2(2).await;
    let mut bodies = opened_at_once(&client, &server, 64).await;
    assert_eq!(server.live(), [2; 32]);
    let queued = client.send(server.post("/open"), Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(queued.kind, UpstreamErrorKind::Timeout);
    assert_eq!(server.connections(), 32);
    bodies.truncate(32);
    server.until_live(32).await;
    bodies.push(opened(&client, &server).await);
    assert_eq!(server.connections(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_takes_the_least_busy_connection() {
    let (client, server) = http2(10).await;
    let mut bodies = opened_at_once(&client, &server, 20).await;
    assert_eq!(server.live(), [10, 10]);
    bodies.clear();
    server.until_live(0).await;
    for _ in 0..8 {
        bodies.push(opened(&client, &server).await);
    }
    assert_eq!(server.live(), [4, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_body_resets_its_stream_and_gives_its_place_back() {
    let (client, server) = http2(10).await;
    for _ in 0..5 {
        let bodies = opened_at_once(&client, &server, 10).await;
        assert_eq!(server.live(), [10]);
        drop(bodies);
        server.until_live(0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_was_read_gives_its_place_back() {
    let (client, server) = http2(1_000).await;
    for _ in 0..201 {
        send(&client, server.post("/bytes/3")).await.unwrap().collect().await.unwrap();
    }
    let _bodies = opened_at_once(&client, &server, 100).await;
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failed_attempt_gives_its_place_back() {
    let (client, server) = http2(10).await;
    let mut failed = Vec::new();
    for _ in 0..20 {
        let error = send(&client, server.post("/break")).await.unwrap_err();
        failed.push(error.kind);
    }
    assert_eq!(failed, [UpstreamErrorKind::Broken; 20]);
    for _ in 0..20 {
        let silent = client.send(server.post("/silent"), Duration::from_millis(20)).await;
        assert_eq!(silent.unwrap_err().kind, UpstreamErrorKind::Timeout);
        // The server sees the stream reset.
        server.until_live(0).await;
    }
    let _bodies = opened_at_once(&client, &server, 10).await;
    assert_eq!(server.live(), [10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_callers_give_their_places_back() {
    let (client, server) = http2(10).await;
    // Dropped while connecting, while waiting for who connects, and while waiting for an answer.
    for millis in [0, 1, 2, 3, 5, 10, 20, 40] {
        let mut tasks = JoinSet::new();
        for _ in 0..30 {
            let (client, server) = (Arc::clone(&client), Arc::clone(&server));
            tasks.spawn(async move { send(&client, server.post("/silent")).await });
        }
        tokio::time::sleep(Duration::from_millis(millis)).await;
        tasks.shutdown().await;
    }
    server.until_live(0).await;
    // Thirty streams spread over all that are left: what was dropped while connecting is closed.
    let bodies = opened_at_once(&client, &server, 30).await;
    let connections = in_use(&server).len();
    drop(bodies);
    server.until_live(0).await;
    let _bodies = opened_at_once(&client, &server, connections * 10).await;
    assert_eq!(in_use(&server), vec![10; connections], "every place can be taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_winds_down_keeps_its_streams_and_gets_no_more() {
    let (client, server) = http2(10).await;
    let mut old = opened(&client, &server).await;
    server.wind_down();
    // A request may be on its way when the server says so, and nobody can tell whether it was
    // taken: it is broken, not sent again.
    let start = Instant::now();
    while server.connections() < 2 {
        assert!(start.elapsed() < SOON);
        if let Err(error) = send(&client, server.post("/bytes/3")).await {
            assert_eq!(error.kind, UpstreamErrorKind::Broken, "{error:?}");
        }
    }
    let requests = server.whole_requests();
    for round in 1..=20 {
        send(&client, server.post("/bytes/3")).await.unwrap().collect().await.unwrap();
        assert_eq!(server.whole_requests(), requests + round, "nothing is sent twice");
    }
    assert_eq!(server.connections(), 2);
    // The old stream is silent, but whole.
    assert!(timeout(Duration::from_millis(20), old.frame()).await.is_err());
}
