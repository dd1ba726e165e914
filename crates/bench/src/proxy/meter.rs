//! Usage, read from answers as they pass.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use serde_json::Value;

/// The longest event that is read; of a longer one the rest is passed on unread.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Tokens that were used.
#[derive(Debug, Default)]
pub(super) struct Meter {
    tokens: AtomicU64,
}

/// A stream of events that is read while it passes, its bytes unchanged.
#[derive(Debug)]
pub(super) struct Metered {
    body: Incoming,
    meter: Arc<Meter>,
    line: Vec<u8>,
}

impl Meter {
    /// Reads an answer, or an event of one.
    pub(super) fn read(&self, json: &[u8]) {
        let value: Value = serde_json::from_slice(json).unwrap_or_default();
        let tokens = value.get("usage").and_then(|usage| usage.get("total_tokens"));
        if let Some(tokens) = tokens.and_then(Value::as_u64) {
            self.tokens.fetch_add(tokens, Ordering::Relaxed);
        }
    }

    fn read_lines(&self, bytes: &[u8], unfinished: &mut Vec<u8>) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if unfinished.len() + part.len() <= EVENT_BYTES_MAX {
                unfinished.extend_from_slice(part);
            }
            if !part.ends_with(b"\n") {
                return;
            }
            if let Some(data) = unfinished.strip_prefix(b"data: ").filter(|it| it.starts_with(b"{"))
            {
                self.read(data);
            }
            unfinished.clear();
        }
    }
}

impl Metered {
    pub(super) const fn new(body: Incoming, meter: Arc<Meter>) -> Self {
        Self { body, meter, line: Vec::new() }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let it = self.get_mut();
        let frame = ready!(Pin::new(&mut it.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            it.meter.read_lines(bytes, &mut it.line);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{EVENT_BYTES_MAX, Meter};

    #[test]
    fn usage_is_found_however_the_stream_is_cut() {
        let stream = "data: {\"usage\":null}\n\ndata: {\"usage\":{\"total_tokens\":7}}\n\n\
                      data: [DONE]\n\n";
        for size in 1..=stream.len() {
            let (meter, mut line) = (Meter::default(), Vec::new());
            for part in stream.as_bytes().chunks(size) {
                meter.read_lines(part, &mut line);
            }
            assert_eq!(meter.tokens.load(Ordering::Relaxed), 7, "in parts of {size}");
        }
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let (meter, mut line) = (Meter::default(), Vec::new());
        for _ in 0..3 {
            meter.read_lines(&vec![b'x'; EVENT_BYTES_MAX], &mut line);
        }
        assert_eq!(line.len(), EVENT_BYTES_MAX);
    }
}
