//! What is left unread of a request's body.
//!
//! A request that is refused for its key or its path is refused before its body is read. HTTP/1.1
//! can't go on behind an unread body, so the connection is closed: a client that is still writing
//! may lose the answer, and one that uses the connection again finds it gone. So a body that
//! nobody has begun to read is read and thrown away before the answer goes out, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What is read and thrown away of a body, so that a client that writes first and reads later
/// sees the answer rather than a broken connection.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// Reads what the handler has not begun to read.
pub(crate) async fn read_the_rest(request: Request, next: Next) -> Response {
    let is_bound = request.version() <= Version::HTTP_11 && !request.body().is_end_stream();
    // Who asks before sending a body has sent none.
    if !is_bound || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let (back, mut unread) = oneshot::channel();
    let lent = |body| Body::new(Lent { body, is_begun: false, back: Some(back) });
    let response = next.run(request.map(lent)).await;
    if let Ok(body) = unread.try_recv() {
        drain(body).await;
    }
    response
}

/// Reads a body to its end and throws it away, within bounds.
pub(crate) async fn drain(body: Body) {
    let mut body = Limited::new(body, DRAIN_BYTES_MAX);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it was read to its end or not, the answer is the same.
    timeout(DRAIN_PATIENCE, all).await.unwrap_or_default();
}

/// A body that comes back when it is dropped before anybody has begun to read it.
#[derive(Debug)]
struct Lent {
    body: Body,
    is_begun: bool,
    /// Where it comes back to.
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_begun = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take().filter(|_| !self.is_begun) {
            // Nobody waits for it any more: then it is dropped.
            back.send(std::mem::take(&mut self.body)).unwrap_or_default();
        }
    }
}
