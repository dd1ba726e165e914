//! Reading a body whole, within a bound.

use tollgate_upstream::{BodyTooLarge, read_bounded};

use crate::support::{Server, Speaks, send};

async fn check_bound(speaks: Speaks, most: usize) {
    let server = Server::start(speaks).await;
    let client = server.client();
    for (bytes, fits) in [(0, true), (most, true), (most + 1, false)] {
        let body = send(&client, server.post(&format!("/bytes/{bytes}"))).await.unwrap();
        match read_bounded(body, most).await {
            Ok(whole) => assert!(fits && whole.len() == bytes, "{bytes} of {most}"),
            Err(BodyTooLarge::TooLarge(bound)) => assert!(!fits && bound == most),
            Err(BodyTooLarge::Broken(error)) => panic!("{error}"),
        }
    }
    // What did not fit was cancelled.
    server.until_live(0).await;
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound() {
    for speaks in [Speaks::Http1, Speaks::Http2(10)] {
        check_bound(speaks, 10).await;
        // In many pieces.
        check_bound(speaks, 300_000).await;
    }
}
