//! How a stream falls into packets.

use arbitrary::Arbitrary;

/// Two cuts, or one cut at every byte when both are zero.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Split {
    first: u16,
    second: u16,
}

impl Split {
    /// Cuts `bytes`.
    pub fn packets(self, bytes: &[u8]) -> Vec<&[u8]> {
        if self.first == 0 && self.second == 0 {
            return bytes.chunks(1).collect();
        }
        let place = |at: u16| usize::from(at) % (bytes.len() + 1);
        let (one, other) = (place(self.first), place(self.second));
        let (start, end) = (one.min(other), one.max(other));
        vec![&bytes[..start], &bytes[start..end], &bytes[end..]]
    }

    /// The bytes that came before the connection broke.
    pub fn cut(self, bytes: &[u8]) -> &[u8] {
        &bytes[..usize::from(self.first) % (bytes.len() + 1)]
    }
}
