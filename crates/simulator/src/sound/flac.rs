//! Silence in FLAC: blocks that are said to be constant.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9639>.

use super::RATE_HZ;
use crate::checksum::crc;

const BLOCK_SAMPLES: u16 = 4_096;
/// Frame numbers from here on take more than a byte.
const FRAMES_MAX: u32 = 128;

pub(super) fn file(samples: u32) -> Vec<u8> {
    let frames = samples.div_ceil(u32::from(BLOCK_SAMPLES)).min(FRAMES_MAX);
    let block = BLOCK_SAMPLES.to_be_bytes();
    // 20 bits of the rate, 3 of the channels less one, 5 of the bits less one, 36 of the samples.
    let told = u64::from(RATE_HZ) << 44 | 15 << 36 | u64::from(frames * u32::from(BLOCK_SAMPLES));
    let mut file = b"fLaC\x80\x00\x00\x22".to_vec();
    file.extend([block, block].concat());
    // The sizes of the frames and the sum of the samples are not known.
    file.extend([0; 6]);
    file.extend(told.to_be_bytes());
    file.extend([0; 16]);
    for number in (0..u8::MAX).take(usize::try_from(frames).unwrap_or(0)) {
        file.extend(frame(number));
    }
    file
}

fn frame(number: u8) -> Vec<u8> {
    // Blocks of one size, 4096 samples, the rate as told above, one channel, 16 bits.
    let mut frame = vec![0xFF, 0xF8, 0xC0, 0x08, number];
    frame.push(u8::try_from(crc(8, 0x07, &frame)).unwrap_or(0));
    // A constant block of 0.
    frame.extend([0, 0, 0]);
    let sum = u16::try_from(crc(16, 0x8005, &frame)).unwrap_or(0);
    frame.extend(sum.to_be_bytes());
    frame
}
