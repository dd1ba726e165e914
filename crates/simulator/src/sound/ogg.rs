//! Silence in Opus, in pages of Ogg.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc3533>, <https://www.rfc-editor.org/rfc/rfc7845>.

use super::RATE_HZ;
use crate::checksum::crc;

/// 20 ms of silence, one channel.
const PACKET: [u8; 3] = [0xF8, 0xFF, 0xFE];
const PACKET_MS: u32 = 20;
/// Opus always counts 48 samples a millisecond.
const SAMPLES_PER_MS: u32 = 48;
const PACKETS_PER_PAGE: usize = 50;
const FIRST: u8 = 2;
const LAST: u8 = 4;

pub(super) fn opus(ms: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01\x00\x00".to_vec();
    head.extend(RATE_HZ.to_le_bytes());
    head.extend([0, 0, 0]);
    let tags = b"OpusTags\x04\x00\x00\x00none\x00\x00\x00\x00";
    let mut file = page(FIRST, 0, 0, &[&head]);
    file.extend(page(0, 0, 1, &[tags]));
    let mut left = usize::try_from(ms.div_ceil(PACKET_MS).max(1)).unwrap_or(1);
    let mut samples = 0;
    for number in 2.. {
        let packets = left.min(PACKETS_PER_PAGE);
        left -= packets;
        samples += u64::try_from(packets).unwrap_or(0) * u64::from(PACKET_MS * SAMPLES_PER_MS);
        let flags = if left == 0 { LAST } else { 0 };
        file.extend(page(flags, samples, number, &vec![&PACKET[..]; packets]));
        if left == 0 {
            break;
        }
    }
    file
}

/// One page; a packet has fewer than 255 bytes, so that its length is one number.
fn page(flags: u8, samples: u64, number: u32, packets: &[&[u8]]) -> Vec<u8> {
    let count = u8::try_from(packets.len()).unwrap_or(0);
    let mut head = b"OggS\x00".to_vec();
    head.push(flags);
    head.extend(samples.to_le_bytes());
    // The one stream of the file.
    head.extend(1_u32.to_le_bytes());
    head.extend(number.to_le_bytes());
    let mut tail = vec![count];
    tail.extend(packets.iter().map(|packet| u8::try_from(packet.len()).unwrap_or(0)));
    tail.extend(packets.concat());
    let unsummed = [&head[..], &[0; 4], &tail].concat();
    let sum = crc(32, 0x04C1_1DB7, &unsummed).to_le_bytes();
    [&head[..], &sum, &tail].concat()
}
