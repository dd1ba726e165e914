//! A response's body, tied to its place in the pool.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::connection::Place;
use crate::http1::{Link, Stand};

/// The body of a provider's response. Dropping it cancels the response.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    way: Way,
}

/// What a body comes over.
#[derive(Debug)]
enum Way {
    /// A connection of its own, which it drives, and where that goes once the body is read.
    Http1(Link, Arc<Stand>),
    /// A place on a connection, given back with the body.
    Http2(#[expect(dead_code, reason = "held for its drop")] Place),
    /// Nothing more comes.
    Done,
}

impl UpstreamBody {
    pub(crate) fn over_http1(incoming: Incoming, link: Link, stand: Arc<Stand>) -> Self {
        Self { incoming, way: Way::Http1(link, stand) }
    }

    pub(crate) const fn over_http2(incoming: Incoming, place: Place) -> Self {
        Self { incoming, way: Way::Http2(place) }
    }

    /// Has the connection used again, now that all of the body was read.
    fn end(&mut self) {
        if let Way::Http1(link, stand) = std::mem::replace(&mut self.way, Way::Done) {
            stand.put(link);
        }
    }
}

impl Drop for UpstreamBody {
    fn drop(&mut self) {
        // Of a body that was not read to its end the connection goes, too.
        if self.incoming.is_end_stream() {
            self.end();
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let body = self.get_mut();
        let incoming = &mut body.incoming;
        let frame = match &mut body.way {
            Way::Http1(link, _) => {
                link.poll_body(context, |quiet| Pin::new(&mut *incoming).poll_frame(quiet))
            }
            Way::Http2(_) | Way::Done => Pin::new(incoming).poll_frame(context),
        };
        if matches!(frame, Poll::Ready(None)) {
            body.end();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A body outgrew what its reader takes.
#[derive(Debug, thiserror::Error)]
pub enum BodyTooLarge {
    /// More than the bound.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

/// Reads a whole body of at most `most` bytes.
///
/// Cancel safe: dropped, it cancels the response.
pub async fn read_bounded(mut body: UpstreamBody, most: usize) -> Result<Bytes, BodyTooLarge> {
    let mut whole: Option<Bytes> = None;
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(BodyTooLarge::Broken)?.into_data() else { continue };
        let held = joined.len() + whole.as_ref().map_or(0, Bytes::len);
        if held.saturating_add(data.len()) > most {
            return Err(BodyTooLarge::TooLarge(most));
        }
        // A body that comes in one piece, as small ones do, is not copied.
        match (whole.take(), joined.is_empty()) {
            (None, true) => whole = Some(data),
            (first, _) => {
                joined.extend_from_slice(&first.unwrap_or_default());
                joined.extend_from_slice(&data);
            }
        }
    }
    Ok(whole.unwrap_or_else(|| joined.freeze()))
}
