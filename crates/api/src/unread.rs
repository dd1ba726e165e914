//! What is left unread of a request's body.
//!
//! A request that is refused for its key or its path is refused before its body is read. HTTP/1.1
//! can't go on behind an unread body, so the connection is closed: a client that is still writing
//! may lose the answer, and one that uses the connection again finds it gone. So a body that
//! nobody has begun to read is read and thrown away before the answer goes out, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderMap, Version};
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
    if request.body().is_end_stream() || !is_sent(request.version(), request.headers()) {
        return next.run(request).await;
    }
    let (back, mut unread) = oneshot::channel();
    let lent = |body| Body::new(Lent { body: Watched::new(body), back: Some(back) });
    let response = next.run(request.map(lent)).await;
    if let Ok(body) = unread.try_recv() {
        drain(body).await;
    }
    response
}

/// Whether a request's body comes whether it is read or not. Who asks before sending a body has sent
/// none.
pub(crate) fn is_sent(version: Version, headers: &HeaderMap) -> bool {
    version <= Version::HTTP_11 && !headers.contains_key(EXPECT)
}

/// A body that knows whether anybody has begun to read it.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    pub(crate) body: B,
    pub(crate) is_begun: bool,
}

impl<B> Watched<B> {
    pub(crate) const fn new(body: B) -> Self {
        Self { body, is_begun: false }
    }
}

impl<B: HttpBody + Unpin> HttpBody for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
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

/// Reads a body to its end and throws it away, within bounds.
pub(crate) async fn drain<B>(body: B)
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let mut body = Limited::new(body, DRAIN_BYTES_MAX);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it was read to its end or not, the answer is the same.
    timeout(DRAIN_PATIENCE, all).await.unwrap_or_default();
}

/// A body that comes back when it is dropped before anybody has begun to read it.
#[derive(Debug)]
struct Lent {
    body: Watched<Body>,
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
        if let Some(back) = self.back.take().filter(|_| !self.body.is_begun) {
            // Nobody waits for it any more: then it is dropped.
            back.send(std::mem::take(&mut self.body.body)).unwrap_or_default();
        }
    }
}
