//! Bits put into bytes, from either end.

/// Bits, of which each byte takes the first into its lowest place.
#[derive(Debug, Default)]
pub(super) struct LowFirst {
    bytes: Vec<u8>,
    pending: u8,
    count: u32,
}

impl LowFirst {
    /// Puts in the lowest `count` bits of `value`, the lowest first.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        for place in 0..count {
            self.pending |= u8::from(value >> place & 1 == 1) << self.count;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(std::mem::take(&mut self.pending));
                self.count = 0;
            }
        }
    }

    /// Puts in the lowest `count` bits of `code`, the highest first, as Huffman codes are.
    pub(super) fn put_code(&mut self, code: u32, count: u32) {
        for place in (0..count).rev() {
            self.put(code >> place, 1);
        }
    }

    /// The bytes, the last one filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.pending);
        }
        self.bytes
    }
}
