//! AAC in ADTS frames (ISO 13818-7): each says its own length.

use super::{array, scaled};

/// Samples per second by index.
const RATES: [u64; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Samples of one block; a frame has one to four.
const BLOCK: u64 = 1_024;

/// Its length in milliseconds: that of all frames up to what is none.
pub(super) fn milliseconds(bytes: &[u8]) -> Option<u64> {
    let (mut at, mut samples, mut rate) = (0_usize, 0_u64, 0_u64);
    while let Some(frame) = bytes.get(at..).and_then(frame) {
        (samples, rate) = (samples.saturating_add(frame.samples), frame.rate);
        at = at.checked_add(frame.length)?;
    }
    // Eleven set bits alone are no proof: the frames reach to the end, or there are some.
    let is_sound = at >= bytes.len() || samples > BLOCK.saturating_mul(4);
    scaled(samples, rate).filter(|_| is_sound)
}

struct Frame {
    samples: u64,
    rate: u64,
    length: usize,
}

fn frame(bytes: &[u8]) -> Option<Frame> {
    let [first, second, third, fourth, fifth, sixth, seventh] = array(bytes, 0)?;
    if first != 0xff || second & 0b1111_0110 != 0b1111_0000 {
        return None;
    }
    let length =
        usize::from(fourth & 0b11) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    let rate = *RATES.get(usize::from(third >> 2 & 0b1111))?;
    let samples = BLOCK.saturating_mul(u64::from(seventh & 0b11).saturating_add(1));
    // A frame is longer than its header, so that each step is forward.
    (length > 7).then_some(Frame { samples, rate, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 48 kHz and 100 bytes.
    fn frames(count: usize) -> Vec<u8> {
        let mut one = vec![0xff, 0xf1, 3 << 2, 0, 0x64 >> 3, (0x64 & 0b111) << 5, 0];
        one.resize(100, 0);
        one.repeat(count)
    }

    #[test]
    fn frames_are_counted() {
        for (name, bytes, expected) in [
            // 375 × 1024 samples at 48 kHz.
            ("frames", frames(375), Some(8_000)),
            ("frames before something else", [&frames(375)[..], b"ID3"].concat(), Some(8_000)),
            ("one frame", frames(1), Some(21)),
            ("one frame before something else", [&frames(1)[..], b"xyz"].concat(), None),
            ("no frame", b"xyz".to_vec(), None),
            ("a frame without length", vec![0xff, 0xf1, 12, 0, 0, 0, 0], None),
        ] {
            assert_eq!(milliseconds(&bytes), expected, "{name}");
        }
    }
}
