//! Silence in the formats that are nothing but frames: MP3 and AAC.
//!
//! Source: ISO/IEC 11172-3 and ISO/IEC 13818-7 (ADTS).

/// A frame of layer III at 128 kbit/s and 44.1 kHz, one channel: its header, then nothing.
const MP3_HEAD: [u8; 4] = [0xFF, 0xFB, 0x90, 0xC0];
const MP3_FRAME_BYTES: usize = 417;
const MP3_SAMPLES: u32 = 1_152;
const MP3_RATE_HZ: u32 = 44_100;

/// A frame of AAC-LC at 24 kHz, one channel: the ADTS header, then a silent block.
const AAC_FRAME: [u8; 13] =
    [0xFF, 0xF1, 0x58, 0x40, 0x01, 0xBF, 0xFC, 0x00, 0xC8, 0x00, 0x80, 0x23, 0x80];
const AAC_SAMPLES: u32 = 1_024;
const AAC_RATE_HZ: u32 = 24_000;

pub(super) fn mp3(ms: u32) -> Vec<u8> {
    let mut frame = MP3_HEAD.to_vec();
    frame.resize(MP3_FRAME_BYTES, 0);
    frame.repeat(count(ms, MP3_RATE_HZ, MP3_SAMPLES))
}

pub(super) fn aac(ms: u32) -> Vec<u8> {
    AAC_FRAME.repeat(count(ms, AAC_RATE_HZ, AAC_SAMPLES))
}

fn count(ms: u32, rate_hz: u32, samples: u32) -> usize {
    let frames = u64::from(ms) * u64::from(rate_hz) / 1_000;
    usize::try_from(frames.div_ceil(u64::from(samples))).unwrap_or(0)
}
