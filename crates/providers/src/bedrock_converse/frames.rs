//! Bytes become frames.
//!
//! A stream comes in the binary framing that all of AWS shares, each frame with its length and its
//! checksums: <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>.
//!
//! # Invariants
//!
//! What is kept between packets is at most one frame, and a frame is bounded.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use bytes::BytesMut;

use crate::Fault;

/// The largest frame: what AWS's own libraries take at most.
const FRAME_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    decoder: MessageFrameDecoder,
    pending: BytesMut,
}

impl Frames {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next frame, if all of it is there.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Fault> {
        match self.decoder.decode_frame(&mut self.pending) {
            Ok(DecodedFrame::Complete(frame)) if frame.payload().len() > FRAME_BYTES_MAX => {
                Err(too_large())
            }
            Ok(DecodedFrame::Complete(frame)) => Ok(Some(frame)),
            Ok(DecodedFrame::Incomplete) if self.pending.len() > FRAME_BYTES_MAX => {
                Err(too_large())
            }
            Ok(_) => Ok(None),
            Err(_) => Err(Fault::malformed("a frame is damaged")),
        }
    }
}

fn too_large() -> Fault {
    Fault::malformed("a frame is too large")
}

/// The text of a frame's header.
pub(super) fn header<'a>(frame: &'a Message, name: &str) -> Option<&'a str> {
    let header = frame.headers().iter().find(|header| header.name().as_str() == name)?;
    Some(header.value().as_string().ok()?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_end_is_refused() {
        let mut frames = Frames::default();
        // A length of nearly 4 GiB; its checksum is only judged once all of it is there.
        frames.push(&[0xff; 12]);
        let packet = vec![0; 1024 * 1024];
        for _ in 0..24 {
            frames.push(&packet);
            assert_eq!(frames.next().map(|frame| frame.is_some()), Ok(false));
        }
        frames.push(&packet);
        assert_eq!(frames.next().map(|frame| frame.is_some()), Err(too_large()));
    }
}
