//! Finding the partial responses in a stream, in either form the provider has.
//!
//! Asked for server-sent events it sends those. Some gateways before it drop the query that asks,
//! and then it sends one JSON array, an element at a time. Which one it is shows in the first
//! byte.

use tollgate_wire::sse::{EVENT_BYTES_MAX, SseDecoder};

use crate::Fault;

/// Splits a stream into partial responses.
#[derive(Debug, Default)]
pub(super) enum Framing {
    /// Nothing but white space so far.
    #[default]
    Undecided,
    /// Server-sent events.
    Events(SseDecoder),
    /// JSON objects, in an array or not.
    Objects(Objects),
}

/// Splits JSON objects that stand one after the other.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// The object that has begun, as far as earlier packets had it.
    pending: Vec<u8>,
    depth: u32,
    /// The array around the objects has begun and not ended.
    in_array: bool,
    in_string: bool,
    escaped: bool,
}

impl Framing {
    /// Takes the next packet; calls `visit` for each partial response it completes.
    pub(super) fn push(
        &mut self,
        packet: &[u8],
        mut visit: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let packet = match self {
            Self::Undecided => packet.trim_ascii_start(),
            Self::Events(_) | Self::Objects(_) => packet,
        };
        if let (Self::Undecided, Some(first)) = (&self, packet.first()) {
            *self = match first {
                b'[' | b'{' => Self::Objects(Objects::default()),
                _ => Self::Events(SseDecoder::default()),
            };
        }
        match self {
            Self::Undecided => Ok(()),
            Self::Events(events) => events.push(packet, |event| visit(event.data)),
            Self::Objects(objects) => objects.push(packet, visit),
        }
    }

    /// The stream has ended: a last event that was not closed is given to `visit`.
    pub(super) fn finish(
        &mut self,
        mut visit: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Undecided | Self::Objects(_) => Ok(()),
            Self::Events(events) => events.finish(|event| visit(event.data)),
        }
    }
}

impl Objects {
    /// Takes the next packet; calls `visit` for each object it completes.
    pub(super) fn push(
        &mut self,
        packet: &[u8],
        mut visit: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (mut start, mut at) = (0, 0);
        while let Some(byte) = packet.get(at) {
            if self.depth == 0 {
                match byte {
                    b'{' => start = at,
                    b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' => {
                        self.between(*byte);
                        at += 1;
                        continue;
                    }
                    _ => return Err(Fault::malformed("it is not JSON")),
                }
            } else if self.in_string && !self.escaped {
                // Images are one long string.
                let rest = packet.get(at..).unwrap_or_default();
                let Some(skipped) = memchr::memchr2(b'"', b'\\', rest) else { break };
                at += skipped;
            }
            self.step(packet.get(at).copied().unwrap_or_default());
            at += 1;
            if self.depth == 0 {
                self.complete(packet.get(start..at).unwrap_or_default(), &mut visit)?;
            }
        }
        if self.depth > 0 {
            self.pending.extend_from_slice(packet.get(start..).unwrap_or_default());
        }
        if self.pending.len() > EVENT_BYTES_MAX {
            return Err(Fault::malformed("an element is too large"));
        }
        Ok(())
    }

    /// Whether an object or the array around it has begun and not ended.
    pub(super) const fn is_open(&self) -> bool {
        self.depth > 0 || self.in_array
    }

    const fn between(&mut self, byte: u8) {
        match byte {
            b'[' => self.in_array = true,
            b']' => self.in_array = false,
            _ => {}
        }
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else {
                self.escaped = byte == b'\\';
                self.in_string = byte != b'"';
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn complete(
        &mut self,
        last: &[u8],
        visit: &mut impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.pending.is_empty() {
            return visit(last);
        }
        self.pending.extend_from_slice(last);
        let result = visit(&self.pending);
        self.pending.clear();
        result
    }
}
