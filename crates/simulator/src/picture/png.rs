//! PNG: a palette of one colour, and a bit for each pixel, all of them 0.
//!
//! Source: <https://www.w3.org/TR/png-3/>, <https://www.rfc-editor.org/rfc/rfc1951>.

use super::Picture;
use super::bits::LowFirst;
use crate::checksum::crc_of_png;

/// The longest run that deflate has a code for.
const RUN_MAX: u32 = 258;
const ADLER_MODULUS: u32 = 65_521;

pub(super) fn file(picture: Picture) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend_from_slice(&u32::from(picture.width).to_be_bytes());
    head.extend_from_slice(&u32::from(picture.height).to_be_bytes());
    // One bit a pixel, a palette, the usual compression and filter, no interlace.
    head.extend_from_slice(&[1, 3, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    chunk(&mut file, *b"IHDR", &head);
    chunk(&mut file, *b"PLTE", &picture.colour);
    if picture.transparent {
        chunk(&mut file, *b"tRNS", &[0]);
    }
    // Each row begins with the byte of its filter, which is 0 as well.
    let row = u32::from(picture.width).div_ceil(8) + 1;
    chunk(&mut file, *b"IDAT", &zeros(row * u32::from(picture.height)));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(0);
    file.extend_from_slice(&length.to_be_bytes());
    let summed = [&name[..], data].concat();
    file.extend_from_slice(&summed);
    file.extend_from_slice(&crc_of_png(&summed).to_be_bytes());
}

/// `count` bytes of 0 in a zlib stream: one literal, then runs that repeat it.
fn zeros(count: u32) -> Vec<u8> {
    let mut bits = LowFirst::default();
    // The last block, with the fixed codes.
    bits.put(0b011, 3);
    bits.put_code(0x30, 8);
    let left = count.saturating_sub(1);
    for _ in 0..left / RUN_MAX {
        // A length of 258, and a distance of 1.
        bits.put_code(0xC5, 8);
        bits.put_code(0, 5);
    }
    for _ in 0..left % RUN_MAX {
        bits.put_code(0x30, 8);
    }
    bits.put_code(0, 7);
    let mut stream = vec![0x78, 0x01];
    stream.extend(bits.finish());
    let adler = (count % ADLER_MODULUS) << 16 | 1;
    stream.extend_from_slice(&adler.to_be_bytes());
    stream
}
