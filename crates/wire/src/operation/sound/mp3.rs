//! MP3: frames of equal or of varying size.

use super::{array, scaled};

/// How far a frame is looked for.
const SEARCHED_MAX: usize = 64 * 1_024;

/// Kilobits per second by index: MPEG 1 and MPEG 2, layer III.
const RATES: [[u64; 16]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];

/// The header of a frame.
#[derive(Debug, Clone, Copy)]
struct Frame {
    bits_per_second: u64,
    samples_per_second: u64,
    samples: u64,
    padding: u64,
    /// Where an encoder may have left the number of frames.
    remarks: usize,
}

/// Its length in milliseconds, without a tag before it.
pub(super) fn milliseconds(bytes: &[u8]) -> Option<u64> {
    let (start, frame) = first_frame(bytes)?;
    let frames = bytes.get(start..)?;
    if let Some(count) = frame_count(frames, frame) {
        return scaled(count.saturating_mul(frame.samples), frame.samples_per_second);
    }
    let bits = u64::try_from(frames.len()).ok()?.saturating_mul(8);
    scaled(bits, frame.bits_per_second)
}

/// An ID3v2 tag before the sound: its length is in the lower seven bits of four bytes.
pub(super) fn tag_length(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"ID3") {
        return Some(0);
    }
    let sizes: [u8; 4] = array(bytes, 6)?;
    let length = sizes.iter().fold(0, |length, byte| (length << 7) | usize::from(byte & 0x7f));
    Some(length.saturating_add(10))
}

/// The first frame that another one follows: eleven set bits alone are no proof.
fn first_frame(sound: &[u8]) -> Option<(usize, Frame)> {
    (0..sound.len().min(SEARCHED_MAX)).find_map(|at| {
        let frame = frame(array(sound, at)?)?;
        let next = at.checked_add(usize::try_from(frame.length()?).ok()?)?;
        let follows = next == sound.len()
            || array(sound, next).and_then(self::frame).is_some_and(|it| it.is_like(frame));
        follows.then_some((at, frame))
    })
}

fn frame([first, second, third, fourth]: [u8; 4]) -> Option<Frame> {
    let is_layer_3 = second & 0b0000_0110 == 0b0000_0010;
    if first != 0xff || second & 0b1110_0000 != 0b1110_0000 || !is_layer_3 {
        return None;
    }
    let version = second >> 3 & 0b11;
    let (table, halvings) = match version {
        3 => (0_usize, 0_u32),
        2 => (1, 1),
        0 => (1, 2),
        _ => return None,
    };
    let kilobits = *RATES.get(table)?.get(usize::from(third >> 4))?;
    let rate: u64 = *[44_100, 48_000, 32_000].get(usize::from(third >> 2 & 0b11))?;
    let is_mono = fourth >> 6 == 3;
    let remarks = match (table, is_mono) {
        (0, false) => 36,
        (0, true) | (_, false) => 21,
        (_, true) => 13,
    };
    (kilobits > 0).then_some(Frame {
        bits_per_second: kilobits.saturating_mul(1_000),
        samples_per_second: rate >> halvings,
        samples: if table == 0 { 1_152 } else { 576 },
        padding: u64::from(third >> 1 & 1),
        remarks,
    })
}

/// How many frames there are, where an encoder of varying size said so (`Xing`, `Info`).
fn frame_count(frames: &[u8], frame: Frame) -> Option<u64> {
    let remarks = frames.get(frame.remarks..)?;
    let has_count = remarks.get(7)? & 1 == 1;
    if !(remarks.starts_with(b"Xing") || remarks.starts_with(b"Info")) || !has_count {
        return None;
    }
    Some(u64::from(u32::from_be_bytes(array(remarks, 8)?)))
}

impl Frame {
    /// In bytes.
    fn length(self) -> Option<u64> {
        let bytes = (self.samples / 8).saturating_mul(self.bits_per_second);
        Some(bytes.checked_div(self.samples_per_second)?.saturating_add(self.padding))
    }

    fn is_like(self, other: Self) -> bool {
        self.samples_per_second == other.samples_per_second && self.samples == other.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 128 kbit/s and 44.1 kHz, mono: 417 bytes each.
    fn frames(count: usize) -> Vec<u8> {
        let mut one = vec![0xff, 0xfb, 0x90, 0xc0];
        one.resize(417, 0);
        one.repeat(count)
    }

    #[test]
    fn frames_are_counted_or_measured() {
        let mut varying = frames(3);
        varying[21..33].copy_from_slice(b"Xing\0\0\0\x01\0\0\0\x64");
        let mut tagged = b"ID3\x04\0\0\0\0\x01\x00".to_vec();
        tagged.extend([0xff; 128]);
        tagged.extend(frames(100));
        for (name, bytes, expected) in [
            // 100 × 417 × 8 bits at 128 kbit/s.
            ("equal frames", frames(100), Some(2_606)),
            ("frames behind a tag", tagged, Some(2_606)),
            // 100 × 1152 samples at 44.1 kHz.
            ("varying frames", varying, Some(2_612)),
            (
                "one sync that nothing follows",
                [&[0xff, 0xfb, 0x90, 0xc0], &[0; 900][..]].concat(),
                None,
            ),
            ("a tag alone", b"ID3\x04\0\0\0\0\x01\x00".to_vec(), None),
        ] {
            assert_eq!(milliseconds(&bytes), expected, "{name}");
        }
    }
}
