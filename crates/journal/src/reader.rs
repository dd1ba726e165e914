//! Reads one segment, which may be cut or damaged anywhere, through a buffer of bounded length.

use std::io::{self, Read};
use std::ops::Range;

use crate::format::{self, ENTRY_HEADER_BYTES, EntryHeader, Opening, Place, SEGMENT_HEADER_BYTES};

/// How much is read at once. The buffer grows for a longer entry, which has a bound.
const BUFFER_BYTES: usize = 256 * 1024;

/// Bytes of segments that are no entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Bytes behind the last entry: what was being written when the process or the machine went.
    pub(crate) torn_bytes: u64,
    /// Bytes before an entry that can be read.
    pub(crate) damaged_bytes: u64,
    /// In how many places those are.
    pub(crate) damaged_places: u64,
}

/// Reads the entries of a segment, one after the other.
#[derive(Debug)]
pub(crate) struct SegmentReader<R> {
    source: R,
    place: Place,
    buffer: Vec<u8>,
    /// What of the buffer was read from the source and not yet looked at.
    ahead: Range<usize>,
    /// The body of the entry that was found last.
    entry: Range<usize>,
    /// Bytes looked at since the last entry that are none.
    bad: u64,
    damage: Damage,
}

impl<R: Read> SegmentReader<R> {
    /// Reads a segment of this number. The buffer is that of the reader before, or empty.
    pub(crate) fn new(source: R, segment: u64, mut buffer: Vec<u8>) -> Self {
        if buffer.len() < BUFFER_BYTES {
            buffer.resize(BUFFER_BYTES, 0);
        }
        let place = Place { segment, offset: 0 };
        Self { source, place, buffer, ahead: 0..0, entry: 0..0, bad: 0, damage: Damage::default() }
    }

    /// Goes to the next entry. `false` at the end.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        if self.place.offset == 0 && self.fill(SEGMENT_HEADER_BYTES)? {
            // A header that is damaged is looked through like anything else that is.
            if format::opening(self.ahead()) == Opening::Known {
                self.consume(SEGMENT_HEADER_BYTES);
            }
        }
        while self.fill(ENTRY_HEADER_BYTES)? {
            let Some(header) = EntryHeader::read(self.ahead(), self.place) else {
                self.skip(1);
                continue;
            };
            let bytes = ENTRY_HEADER_BYTES.saturating_add(header.body_bytes());
            if !self.fill(bytes)? {
                break;
            }
            let body = ENTRY_HEADER_BYTES..bytes;
            if self.ahead().get(body).is_some_and(|body| header.describes(body)) {
                self.entry = self.ahead.start.saturating_add(ENTRY_HEADER_BYTES)
                    ..self.ahead.start.saturating_add(bytes);
                self.consume(bytes);
                self.note_damage();
                return Ok(true);
            }
            self.skip(bytes);
        }
        self.skip(self.ahead.len());
        self.damage.torn_bytes =
            self.damage.torn_bytes.saturating_add(std::mem::take(&mut self.bad));
        Ok(false)
    }

    /// The entry that was found last.
    pub(crate) fn entry(&self) -> &[u8] {
        self.buffer.get(self.entry.clone()).unwrap_or_default()
    }

    /// What was found so far that is no entry.
    pub(crate) fn damage(&self) -> Damage {
        self.damage
    }

    /// The buffer, for the next reader.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    fn ahead(&self) -> &[u8] {
        self.buffer.get(self.ahead.clone()).unwrap_or_default()
    }

    /// Has so many bytes ahead. `false` when the segment has fewer.
    fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        if self.ahead.len() >= bytes {
            return Ok(true);
        }
        self.buffer.copy_within(self.ahead.clone(), 0);
        self.ahead = 0..self.ahead.len();
        if self.buffer.len() < bytes {
            self.buffer.resize(bytes, 0);
        }
        while self.ahead.len() < bytes {
            let room = self.buffer.get_mut(self.ahead.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => return Ok(false),
                Ok(read) => self.ahead.end = self.ahead.end.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn consume(&mut self, bytes: usize) {
        self.ahead.start = self.ahead.start.saturating_add(bytes).min(self.ahead.end);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.place.offset = self.place.offset.saturating_add(bytes);
    }

    fn skip(&mut self, bytes: usize) {
        self.consume(bytes);
        self.bad = self.bad.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    fn note_damage(&mut self) {
        if self.bad > 0 {
            self.damage.damaged_places = self.damage.damaged_places.saturating_add(1);
            let bad = std::mem::take(&mut self.bad);
            self.damage.damaged_bytes = self.damage.damaged_bytes.saturating_add(bad);
        }
    }
}
