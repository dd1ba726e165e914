//! The bytes of a segment. All numbers are little-endian.
//!
//! | Segment | | Entry | |
//! | --- | --- | --- | --- |
//! | 8 | `TOLLJRNL` | 4 | a mark that no UTF-8 text contains |
//! | 4 | version | 4 | length of the body |
//! | 4 | CRC-32 of these | 4 | CRC-32 of the body |
//! | | | 4 | CRC-32 of length, that, and the entry's place |
//! | | entries | | the body |
//!
//! A header has a checksum of its own, so that a broken body is stepped over whole and a broken
//! length is never followed. The place, which is the segment's number and the header's offset in
//! it, is not written: an entry counts only where it was appended, so a misplaced block brings up
//! nothing. Bodies are looked through only where the header before them is broken, and text never
//! holds what looks like an entry.

/// The longest entry in bytes.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The only format so far.
pub(crate) const VERSION: u32 = 1;
/// Length of what a segment begins with. Every version begins with the same members.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 16;
/// Length of what is before a body.
pub(crate) const ENTRY_HEADER_BYTES: usize = 16;
/// How an entry begins. Bytes that never occur in UTF-8, and no two the same.
const ENTRY_MARK: [u8; 4] = [0xFF, 0xC1, 0xF8, 0xFE];

const SEGMENT_MARK: [u8; 8] = *b"TOLLJRNL";

/// What a file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The header of a segment that can be read.
    Known,
    /// The header of a segment of another version.
    Other(u32),
    /// No header, or one that is cut or damaged.
    Damaged,
}

/// Where an entry's header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The segment's number.
    pub(crate) segment: u64,
    /// Bytes of the segment before the entry.
    pub(crate) offset: u64,
}

/// What an entry's header says of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryHeader {
    length: u32,
    checksum: u32,
}

/// The header of a new segment.
pub(crate) fn segment_header() -> [u8; SEGMENT_HEADER_BYTES] {
    header_of_version(VERSION)
}

fn header_of_version(version: u32) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut header = [0; SEGMENT_HEADER_BYTES];
    let (mark, numbers) = header.split_at_mut(SEGMENT_MARK.len());
    mark.copy_from_slice(&SEGMENT_MARK);
    let numbers_of = [version, segment_checksum(version)];
    for (to, number) in numbers.as_chunks_mut().0.iter_mut().zip(numbers_of) {
        *to = number.to_le_bytes();
    }
    header
}

fn segment_checksum(version: u32) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&SEGMENT_MARK);
    checksum.update(&version.to_le_bytes());
    checksum.finalize()
}

/// Reads the first bytes of a file.
pub(crate) fn opening(bytes: &[u8]) -> Opening {
    let Some(numbers) = bytes.strip_prefix(&SEGMENT_MARK) else { return Opening::Damaged };
    let [version, checksum, ..] = numbers.as_chunks().0 else { return Opening::Damaged };
    let (version, checksum) = (u32::from_le_bytes(*version), u32::from_le_bytes(*checksum));
    if checksum != segment_checksum(version) {
        Opening::Damaged
    } else if version == VERSION {
        Opening::Known
    } else {
        Opening::Other(version)
    }
}

impl EntryHeader {
    /// The header of a body, or `None` when that is too long.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= ENTRY_BYTES_MAX)?;
        Some(Self { length, checksum: crc32fast::hash(body) })
    }

    /// The header as it is written at a place.
    pub(crate) fn written(self, place: Place) -> [u8; ENTRY_HEADER_BYTES] {
        let mut header = [0; ENTRY_HEADER_BYTES];
        let words = [
            ENTRY_MARK,
            self.length.to_le_bytes(),
            self.checksum.to_le_bytes(),
            self.own_checksum(place).to_le_bytes(),
        ];
        for (to, word) in header.as_chunks_mut().0.iter_mut().zip(words) {
            *to = word;
        }
        header
    }

    /// Reads a header that may be anything. `None` when no entry was appended at this place.
    pub(crate) fn read(bytes: &[u8], place: Place) -> Option<Self> {
        let [mark, length, checksum, own, ..] = bytes.as_chunks().0 else { return None };
        let header =
            Self { length: u32::from_le_bytes(*length), checksum: u32::from_le_bytes(*checksum) };
        let sound = *mark == ENTRY_MARK
            && header.body_bytes() <= ENTRY_BYTES_MAX
            && header.own_checksum(place) == u32::from_le_bytes(*own);
        sound.then_some(header)
    }

    /// Length of the body.
    pub(crate) fn body_bytes(self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Whether this is the body.
    pub(crate) fn describes(self, body: &[u8]) -> bool {
        body.len() == self.body_bytes() && crc32fast::hash(body) == self.checksum
    }

    fn own_checksum(self, place: Place) -> u32 {
        let mut bytes = [0; 24];
        let (numbers, _) = bytes.as_chunks_mut::<8>();
        let body = u64::from(self.length) << u32::BITS | u64::from(self.checksum);
        for (to, number) in numbers.iter_mut().zip([place.segment, place.offset, body]) {
            *to = number.to_le_bytes();
        }
        crc32fast::hash(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { segment: 3, offset: 16 };

    /// Segments are read by later versions of the program.
    #[test]
    fn the_format_stays_as_it_is() {
        assert_eq!(segment_header(), *b"TOLLJRNL\x01\0\0\0\x82\xC2\xC2\xA1");
        let header = EntryHeader::of(b"paid").unwrap().written(PLACE);
        assert_eq!(header, *b"\xFF\xC1\xF8\xFE\x04\x00\x00\x00\x38\xAB\x8E\xFD\xD9\xE4\x00\x15");
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = EntryHeader::of(b"paid").unwrap();
        let written = header.written(PLACE);
        assert_eq!(EntryHeader::read(&written, PLACE), Some(header));
        assert!(header.describes(b"paid"));
        assert!(!header.describes(b"pain") && !header.describes(b"pai"));
        assert_eq!(EntryHeader::read(&written[..15], PLACE), None);
        for elsewhere in [Place { segment: 4, ..PLACE }, Place { offset: 17, ..PLACE }] {
            assert_eq!(EntryHeader::read(&written, elsewhere), None);
        }
    }

    #[test]
    fn every_changed_bit_of_a_header_is_noticed() {
        let entry = EntryHeader::of(b"paid").unwrap().written(PLACE);
        for bit in 0..8 * ENTRY_HEADER_BYTES {
            let mut changed = entry;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(EntryHeader::read(&changed, PLACE), None, "bit {bit}");
        }
        for bit in 0..8 * SEGMENT_HEADER_BYTES {
            let mut changed = segment_header();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opening(&changed), Opening::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_not_damage() {
        assert_eq!(opening(&segment_header()), Opening::Known);
        assert_eq!(opening(&header_of_version(2)), Opening::Other(2));
        assert_eq!(opening(&segment_header()[..15]), Opening::Damaged);
        assert_eq!(opening(b""), Opening::Damaged);
    }

    #[test]
    fn no_text_contains_the_mark() {
        for text in ('\0'..=char::MAX).map(String::from) {
            assert!(!text.bytes().any(|it| ENTRY_MARK.contains(&it)), "{text:?}");
        }
    }

    #[test]
    fn an_entry_has_a_bound() {
        assert!(EntryHeader::of(&vec![0; ENTRY_BYTES_MAX]).is_some());
        assert_eq!(EntryHeader::of(&vec![0; ENTRY_BYTES_MAX + 1]), None);
        let header = EntryHeader { length: 0x0100_0001, checksum: 0 };
        assert_eq!(EntryHeader::read(&header.written(PLACE), PLACE), None);
    }
}
