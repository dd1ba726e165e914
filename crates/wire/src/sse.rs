//! Server-sent events as bytes: finding the events in a stream, whatever its packets.
//!
//! WHATWG HTML, section 9.2.6. Lines end in LF, CR LF or CR; an event ends at an empty line; only
//! `data` and `event` matter here. A decoder of our own because the known crates build a String
//! per event and go quadratic over long lines.
//!
//! # Invariants
//!
//! - Any split of the same bytes gives the same events.
//! - An event larger than [`EVENT_BYTES_MAX`] is an error, so a provider can't make us buffer
//!   without bound.
//! - In the common case (an event whole within one packet, one `data` line) nothing is copied.

use bytes::{Buf, BytesMut};

/// Largest event taken: images come as one base64 event.
pub const EVENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One event: its `data` lines joined by LF, and its `event` name (empty when unnamed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// Value of the `event` field.
    pub name: &'a [u8],
    /// Value of the `data` fields.
    pub data: &'a [u8],
}

/// An event outgrew [`EVENT_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {EVENT_BYTES_MAX} bytes")]
pub struct EventTooLarge;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// Bytes of the event that is not complete yet.
    pending: BytesMut,
    /// How much of `pending` was searched for its end, so that no byte is searched twice.
    searched: usize,
    /// Whether the stream's first bytes (a byte order mark) are behind us.
    begun: bool,
}

impl SseDecoder {
    /// Takes the next packet; calls `visit` for each event it completes. Events without data are
    /// skipped, as the standard says.
    pub fn push<E: From<EventTooLarge>>(
        &mut self,
        packet: &[u8],
        mut visit: impl FnMut(SseEvent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.begun && self.pending.is_empty() {
            let used = drain(packet, 0, &mut visit)?;
            self.pending.extend_from_slice(packet.get(used..).unwrap_or_default());
        } else {
            self.pending.extend_from_slice(packet);
            if !self.begun && !self.skip_byte_order_mark() {
                return Ok(());
            }
            let used = drain(&self.pending, self.searched, &mut visit)?;
            self.pending.advance(used);
        }
        // The last bytes may be the beginning of a blank line.
        self.searched = self.pending.len().saturating_sub(3);
        if self.pending.len() > EVENT_BYTES_MAX {
            return Err(EventTooLarge.into());
        }
        Ok(())
    }

    /// The stream has ended: an event that was not closed by a blank line is given to `visit`,
    /// because providers that forget the last blank line mean the event nevertheless.
    pub fn finish<E>(
        &mut self,
        mut visit: impl FnMut(SseEvent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let block = self.pending.split();
        self.searched = 0;
        emit(&block, &mut visit)
    }

    /// `false` while it is undecided whether a byte order mark begins the stream.
    fn skip_byte_order_mark(&mut self) -> bool {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        if self.pending.starts_with(MARK) {
            self.pending.advance(MARK.len());
        } else if self.pending.len() < MARK.len() && MARK.starts_with(&self.pending) {
            return false;
        }
        self.begun = true;
        true
    }
}

/// Visits every complete event of `held` and returns how many bytes they took.
fn drain<E>(
    held: &[u8],
    searched: usize,
    visit: &mut impl FnMut(SseEvent<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut start = 0;
    let mut from = searched;
    while let Some(end) = event_end(held, from) {
        emit(held.get(start..end).unwrap_or_default(), visit)?;
        start = end;
        from = end;
    }
    Ok(start)
}

/// The offset behind the first blank line at or after `from`. A final CR is left undecided: LF may
/// follow in the next packet.
fn event_end(held: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let line_end = from + memchr::memchr2(b'\n', b'\r', held.get(from..)?)?;
        let next_line = after_terminator(held, line_end)?;
        match held.get(next_line)? {
            b'\n' | b'\r' => return after_terminator(held, next_line),
            _ => from = next_line,
        }
    }
}

/// The offset behind the line terminator at `at`, or `None` while that depends on the next packet.
fn after_terminator(held: &[u8], at: usize) -> Option<usize> {
    match (held.get(at)?, held.get(at + 1)) {
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\r', None) => None,
        _ => Some(at + 1),
    }
}

fn emit<E>(block: &[u8], visit: &mut impl FnMut(SseEvent<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut name: &[u8] = &[];
    let mut data: Option<&[u8]> = None;
    let mut joined: Option<Vec<u8>> = None;
    for line in block.split(|byte| matches!(byte, b'\n' | b'\r')) {
        if let Some(value) = field(line, b"data") {
            match (data, joined.as_mut()) {
                (None, _) => data = Some(value),
                (Some(first), None) => joined = Some([first, value].join(&b'\n')),
                (Some(_), Some(lines)) => {
                    lines.push(b'\n');
                    lines.extend_from_slice(value);
                }
            }
        } else if let Some(value) = field(line, b"event") {
            name = value;
        }
    }
    match (joined, data) {
        (Some(lines), _) => visit(SseEvent { name, data: &lines }),
        (None, Some(data)) => visit(SseEvent { name, data }),
        (None, None) => Ok(()),
    }
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    match value.strip_prefix(b":") {
        Some(value) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        None if value.is_empty() => Some(value),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(packets: &[&[u8]]) -> Vec<(String, String)> {
        let mut decoder = SseDecoder::default();
        let mut seen = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for packet in packets {
            decoder
                .push::<EventTooLarge>(packet, |event| {
                    seen.push((text(event.name), text(event.data)));
                    Ok(())
                })
                .unwrap();
        }
        decoder
            .finish::<EventTooLarge>(|event| {
                seen.push((text(event.name), text(event.data)));
                Ok(())
            })
            .unwrap();
        seen
    }

    fn owned(events: &[(&str, &str)]) -> Vec<(String, String)> {
        events.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
    }

    #[test]
    fn events_are_found_by_the_standard() {
        for (stream, events) in [
            ("data: a\n\ndata:b\n\n", &[("", "a"), ("", "b")][..]),
            ("event: x\r\ndata: a\r\n\r\n", &[("x", "a")]),
            ("data: a\rdata: b\r\rdata: c\r\r", &[("", "a\nb"), ("", "c")]),
            (": comment\n\nid: 1\n\ndata\n\n", &[("", "")]),
            ("\u{feff}data: a\n\n", &[("", "a")]),
            ("data: 1\ndata: 2\ndata: 3\n\n", &[("", "1\n2\n3")]),
            ("datax: a\n\n\n\n\ndata:  b\n\n", &[("", " b")]),
            ("data: no blank line", &[("", "no blank line")]),
        ] {
            assert_eq!(decode(&[stream.as_bytes()]), owned(events), "{stream:?}");
        }
    }

    #[test]
    fn an_endless_event_is_an_error() {
        let mut decoder = SseDecoder::default();
        let packet = vec![b'x'; 1024 * 1024];
        let mut taken = 0;
        let error = loop {
            match decoder.push::<EventTooLarge>(&packet, |_| Ok(())) {
                Ok(()) => taken += packet.len(),
                Err(error) => break error,
            }
        };
        assert_eq!((taken, error), (EVENT_BYTES_MAX, EventTooLarge));
    }

    proptest! {
        #[test]
        fn packet_boundaries_do_not_matter(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["data: a", "event: e", ":", "\n", "\r\n", "\r", "\n\n", "ü", "data"]),
                0..24,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = pieces.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.sort_unstable();
            let mut packets = Vec::new();
            let mut start = 0;
            for cut in at {
                packets.push(&stream[start..cut]);
                start = cut;
            }
            packets.push(&stream[start..]);
            prop_assert_eq!(decode(&packets), decode(&[&stream]));
        }
    }
}
