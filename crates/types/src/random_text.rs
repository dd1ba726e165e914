//! Random bytes as text for ids.

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A letter or digit for each byte.
pub(crate) fn alphanumeric(random: &[u8]) -> impl Iterator<Item = char> {
    random.iter().map(|byte| {
        let at = usize::from(*byte).checked_rem(ALPHABET.len()).unwrap_or(0);
        char::from(ALPHABET.get(at).copied().unwrap_or(b'0'))
    })
}
