//! JPEG: every block is the same grey, which is 2 bits a block. The colour is lost but for its
//! lightness.
//!
//! Source: ITU-T Recommendation T.81.

use super::Picture;

/// The step between the levels of grey, so that a level fits into four bits.
const STEP: u8 = 16;

pub(super) fn file(picture: Picture) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    let mut table = vec![0];
    table.extend([STEP; 64]);
    segment(&mut file, 0xDB, &table);
    let [height_high, height_low] = picture.height.to_be_bytes();
    let [width_high, width_low] = picture.width.to_be_bytes();
    // Eight bits, one component, no subsampling, the table above.
    let frame = [8, height_high, height_low, width_high, width_low, 1, 1, 0x11, 0];
    segment(&mut file, 0xC0, &frame);
    segment(&mut file, 0xC4, &codes(0x00, &[0, 4]));
    segment(&mut file, 0xC4, &codes(0x10, &[0]));
    segment(&mut file, 0xDA, &[1, 1, 0x00, 0, 63, 0]);
    let blocks = usize::from(picture.width.div_ceil(8)) * usize::from(picture.height.div_ceil(8));
    file.extend(scan(level(picture), blocks));
    file.extend([0xFF, 0xD9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, data: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(data.len() + 2).unwrap_or(0).to_be_bytes());
    file.extend(data);
}

/// A table of Huffman codes: 0 for the first symbol, 10 for the second.
fn codes(class: u8, symbols: &[u8]) -> Vec<u8> {
    let mut table = vec![class, 1, u8::from(symbols.len() > 1)];
    table.extend([0; 14]);
    table.extend(symbols);
    table
}

/// From 8 to 15, so that the difference to the start always takes four bits. A level is two shades
/// of grey above the middle.
fn level(picture: Picture) -> u8 {
    let light = picture.colour.iter().map(|part| u16::from(*part)).sum::<u16>() / 3;
    8 + u8::try_from(light / 32).unwrap_or(0)
}

/// The first block says the level, the others that nothing changes. Filled up with ones.
fn scan(level: u8, blocks: usize) -> Vec<u8> {
    // The code 10, four bits of the level, the end of the block: seven bits.
    let first =
        [true, false, level & 8 != 0, level & 4 != 0, level & 2 != 0, level & 1 != 0, false];
    let rest = std::iter::repeat_n(false, 2 * blocks.saturating_sub(1));
    let bits: Vec<bool> = first.into_iter().chain(rest).collect();
    let byte = |bits: &[bool]| {
        (0..8).fold(0_u8, |byte, place| byte << 1 | u8::from(*bits.get(place).unwrap_or(&true)))
    };
    bits.chunks(8).map(byte).collect()
}
