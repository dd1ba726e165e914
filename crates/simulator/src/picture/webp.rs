//! WebP without loss: codes of a single symbol each, so that a pixel takes no bits at all.
//!
//! Source: <https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification>.

use super::Picture;
use super::bits::LowFirst;

pub(super) fn file(picture: Picture) -> Vec<u8> {
    let [red, green, blue] = picture.colour;
    let alpha = if picture.transparent { 0 } else { u8::MAX };
    let mut bits = LowFirst::default();
    bits.put(u32::from(picture.width - 1), 14);
    bits.put(u32::from(picture.height - 1), 14);
    bits.put(u32::from(picture.transparent), 1);
    // Version 0, no transform, no cache of colours, one group of codes.
    bits.put(0, 3 + 1 + 1 + 1);
    for symbol in [green, red, blue, alpha, 0] {
        // A simple code of one symbol, which has eight bits.
        bits.put(0b101, 3);
        bits.put(u32::from(symbol), 8);
    }
    let mut data = vec![0x2F];
    data.extend(bits.finish());
    let length = data.len();
    if length % 2 == 1 {
        data.push(0);
    }
    let size = |length: usize| u32::try_from(length).unwrap_or(0).to_le_bytes();
    [b"RIFF", &size(12 + data.len())[..], b"WEBPVP8L", &size(length), &data].concat()
}
