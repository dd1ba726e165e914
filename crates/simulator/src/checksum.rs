//! The check sums of the file formats that are written here. Bit by bit: the files are small.

/// A cyclic redundancy check of `bits` bits with its highest bit first and a start of 0, as FLAC
/// (8 and 16 bits) and Ogg (32 bits) have it.
pub(crate) fn crc(bits: u32, polynomial: u32, bytes: &[u8]) -> u32 {
    let top = 1_u32 << (bits - 1);
    let mask = top | (top - 1);
    bytes.iter().fold(0, |sum, byte| {
        let start = sum ^ u32::from(*byte) << (bits - 8);
        let step = |sum: u32| (sum << 1) ^ if sum & top == 0 { 0 } else { polynomial };
        (0..8).fold(start, |sum, _| step(sum) & mask)
    })
}

/// The check sum of a chunk of PNG, whose lowest bit comes first.
pub(crate) fn crc_of_png(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        let step = |sum: u32| (sum >> 1) ^ if sum & 1 == 0 { 0 } else { 0xEDB8_8320 };
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum))
    })
}

#[cfg(test)]
mod tests {
    use super::{crc, crc_of_png};

    #[test]
    fn the_sums_of_the_usual_check_text_are_the_published_ones() {
        let text = b"123456789";
        assert_eq!(crc(8, 0x07, text), 0xF4);
        assert_eq!(crc(16, 0x8005, text), 0xFEE8);
        assert_eq!(crc(32, 0x04C1_1DB7, text), 0x89A1_897F);
        assert_eq!(crc_of_png(text), 0xCBF4_3926);
    }
}
