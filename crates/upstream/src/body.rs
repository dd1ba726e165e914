//! A response's body, tied to its place in the pool.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::connection::Place;

/// The body of a provider's response. Dropping it cancels the response.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    /// Given back with the body; none over HTTP/1.1, where a connection has one call.
    _place: Option<Place>,
}

impl UpstreamBody {
    pub(crate) const fn new(incoming: Incoming, place: Option<Place>) -> Self {
        Self { incoming, _place: place }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(context)
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
