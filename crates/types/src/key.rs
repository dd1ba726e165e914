//! API keys: full-entropy secrets, known to the store by their hash only.

use std::fmt;

use std::hash::{Hash, Hasher};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};

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

    /// The SHA-256 of the text, under which older versions kept a key. What is kept now is what a
    /// [`Pepper`] makes of it.
    pub fn plain_hash(&self) -> KeyHash {
        KeyHash(first_32(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref()))
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

/// The secret of an installation that API keys are hashed with: without it nobody who can write to
/// the database can make a key, nor try texts against what is stored.
///
/// A hash is the HMAC-SHA256, under it, of the SHA-256 of the text. So what older versions stored
/// can be turned into what is stored now although nobody has the texts. A key has 256 bits of
/// entropy: fast hashes hide it.
#[derive(Clone)]
pub struct Pepper {
    bytes: [u8; Self::BYTES],
    key: hmac::Key,
}

impl Pepper {
    /// How many random bytes it is made of.
    pub const BYTES: usize = 32;

    /// Makes a pepper of random bytes.
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self { bytes, key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) }
    }

    /// Reads what [`Pepper::expose`] has written.
    pub fn from_hex(text: &str) -> Option<Self> {
        KeyHash::from_hex(text).map(|bytes| Self::new(bytes.0))
    }

    /// The secret as 64 hexadecimal digits, to be sealed.
    pub fn expose(&self) -> String {
        hex(&self.bytes)
    }

    /// What the store keeps of a key and the management API names it by.
    pub fn hash(&self, key: &ApiKey) -> KeyHash {
        self.hash_of_plain(key.plain_hash())
    }

    /// The same from what older versions have stored.
    pub fn hash_of_plain(&self, plain: KeyHash) -> KeyHash {
        KeyHash(first_32(hmac::sign(&self.key, &plain.0).as_ref()))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(redacted)")
    }
}

fn first_32(digest: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    bytes
}

/// What a [`Pepper`] makes of an [`ApiKey`]; the key's id in the management API (contract §0).
///
/// Two are compared in a time that does not depend on where they differ. Which bucket of a map a
/// hash falls into depends on what the caller sent and on a secret that nobody has.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Hash for KeyHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

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
    // By hand: every call's record has one.
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    text.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    text
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
        let hash = ApiKey::from_text("abc").plain_hash();
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_hex(), hex);
        assert_eq!(KeyHash::from_hex(hex), Some(hash));
        assert_eq!(KeyHash::from_hex(&hex.to_uppercase()), Some(hash));
        assert_eq!(KeyHash::from_hex("ba78"), None);
        assert_eq!(KeyHash::from_hex(&"+a".repeat(32)), None);
    }

    /// RFC 4231 §4.2 has the function itself; this is how it is used.
    #[test]
    fn a_pepper_keys_the_hash_and_hides_itself() {
        let (one, other) = (Pepper::new([1; 32]), Pepper::new([2; 32]));
        let key = ApiKey::from_text("abc");
        let hash = "67a782af2dbd92253f592f996d654a6276a1ef081e28ab9df3cdadd5474b6a71";
        assert_eq!(one.hash(&key).to_hex(), hash);
        assert_eq!(one.hash_of_plain(key.plain_hash()), one.hash(&key));
        assert_ne!(one.hash(&key), other.hash(&key));
        assert_ne!(one.hash(&key), one.hash(&ApiKey::from_text("abd")));
        assert_eq!(Pepper::from_hex(&one.expose()).unwrap().hash(&key), one.hash(&key));
        assert!(Pepper::from_hex("01").is_none());
        assert_eq!(format!("{one:?}"), "Pepper(redacted)");
    }

    #[test]
    fn a_short_text_does_not_show_in_its_label() {
        assert_eq!(ApiKey::from_text("hunter2").label(), "sk-or-v1-...");
    }
}
