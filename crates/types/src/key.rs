//! API keys: full-entropy secrets, known to the store by their hash only.

use std::fmt;

use aws_lc_rs::digest;

/// A caller's secret, `sk-or-v1-` and 64 hexadecimal digits (contract §0).
///
/// Deliberately without `Display`; [`ApiKey::expose`] is the only way to the text.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

const PREFIX: &str = "sk-or-v1-";

impl ApiKey {
    /// Makes a key from 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", hex(&random)))
    }

    /// Takes a key as a caller or an operator gave it. Any text may be a key: what counts is
    /// whether its hash is known.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself: to show once, or to send.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps and the management API names the key by.
    pub fn hash(&self) -> KeyHash {
        let digest = digest::digest(&digest::SHA256, self.0.as_bytes());
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        KeyHash(bytes)
    }

    /// Enough to recognise a key by, too little to use it: `sk-or-v1-0a1...f9e`.
    pub fn label(&self) -> String {
        let secret = self.0.strip_prefix(PREFIX).unwrap_or(&self.0);
        let characters: Vec<char> = secret.chars().collect();
        if characters.len() < 16 {
            return format!("{PREFIX}...");
        }
        let head: String = characters.iter().take(3).collect();
        let tail: String = characters.iter().skip(characters.len().saturating_sub(3)).collect();
        format!("{PREFIX}{head}...{tail}")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

/// SHA-256 of an [`ApiKey`]; the key's id in the management API (contract §0).
///
/// A key has 256 bits of entropy, so a fast hash hides it. Looking a hash up in a map takes a
/// time that depends on the hash of what the caller sent, which tells nothing about a stored key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of these bytes, as stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads 64 hexadecimal digits, either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (to, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({})", self.to_hex())
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_contracts_form_and_hides_itself() {
        let key = ApiKey::new([0xab; 32]);
        assert_eq!(key.expose().len(), "sk-or-v1-".len() + 64);
        assert_eq!(key.label(), "sk-or-v1-aba...bab");
        assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    }

    #[test]
    fn the_hash_is_sha256_in_hexadecimal() {
        let hash = ApiKey::from_text("abc").hash();
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_hex(), hex);
        assert_eq!(KeyHash::from_hex(hex), Some(hash));
        assert_eq!(KeyHash::from_hex(&hex.to_uppercase()), Some(hash));
        assert_eq!(KeyHash::from_hex("ba78"), None);
        assert_eq!(KeyHash::from_hex(&"+a".repeat(32)), None);
    }

    #[test]
    fn a_short_text_does_not_show_in_its_label() {
        assert_eq!(ApiKey::from_text("hunter2").label(), "sk-or-v1-...");
    }
}
