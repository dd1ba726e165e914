//! Base64 (RFC 4648), as far as the dialects need it.

use std::borrow::Cow;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes in the standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let held = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for shift in [18_u32, 12, 6, 0].into_iter().take(group.len() + 1) {
            let six = usize::try_from((held >> shift) & 63).unwrap_or(0);
            text.push(char::from(ALPHABET.get(six).copied().unwrap_or(b'A')));
        }
        for _ in group.len()..3 {
            text.push('=');
        }
    }
    text
}

/// Decodes either alphabet; padding is optional.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// The same data in the standard alphabet, padded: what data URIs are made of. Google's own
/// clients send the alphabet for URLs.
pub(crate) fn standard(text: Cow<'_, str>) -> Cow<'_, str> {
    let padded = text.len().is_multiple_of(4);
    if padded && !text.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
        return text;
    }
    let mut standard = text.replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    Cow::Owned(standard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (&[251, 255, 254], "+//+"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes));
            let for_urls = text.replace('+', "-").replace('/', "_");
            let for_urls = for_urls.trim_end_matches('=');
            assert_eq!(decode(for_urls.as_bytes()).as_deref(), Some(bytes));
            assert_eq!(standard(Cow::Borrowed(for_urls)), text);
        }
        assert_eq!(decode(b"a b"), None);
    }
}
