//! Seals the secrets that are kept for callers, so that a copy of the database is worth nothing
//! without the master key.
//!
//! A sealed secret is one version byte, the first four bytes of the SHA-256 of the master key it
//! was sealed with, a nonce, and what AES-256-GCM makes of the secret. What it is for is
//! authenticated with it: in another place, as another's secret, it does not open.
//!
//! Pure: random bytes come in as arguments, and nothing is read or written.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Length of a master key in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of the random bytes that sealing takes.
pub const NONCE_BYTES: usize = NONCE_LEN;
/// How a sealed secret begins.
const VERSION: u8 = 1;
const NAME_BYTES: usize = 4;

/// The master keys, newest first. Its `Debug` hides them.
pub struct Vault {
    newest: MasterKey,
    older: Vec<MasterKey>,
}

struct MasterKey {
    name: [u8; NAME_BYTES],
    key: LessSafeKey,
}

/// Why there is no vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A master key is not of 32 bytes, in hexadecimal or Base64.
    #[error("a secret key must be 32 bytes, written in hexadecimal or Base64")]
    Malformed,
    /// The cryptography library failed.
    #[error("the cryptography library failed")]
    Failed,
}

/// Why a secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with a master key that is not here.
    #[error("it was sealed with another secret key")]
    OtherKey,
    /// It was changed since it was sealed, or was sealed for something else.
    #[error("it was changed, or belongs elsewhere")]
    Damaged,
}

impl Vault {
    /// Reads master keys as operators write them: each 32 bytes in hexadecimal or Base64, several
    /// with commas between them, the newest first.
    ///
    /// # Errors
    ///
    /// When one of them is no such key. The error does not repeat it.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let mut keys = text.split(',').map(|key| MasterKey::new(&bytes(key.trim())?));
        let newest = keys.next().ok_or(VaultError::Malformed)??;
        Ok(Self { newest, older: keys.collect::<Result<_, _>>()? })
    }

    /// A vault of one master key.
    ///
    /// # Errors
    ///
    /// When the cryptography library fails.
    pub fn of(key: &[u8; KEY_BYTES]) -> Result<Self, VaultError> {
        Ok(Self { newest: MasterKey::new(key)?, older: Vec::new() })
    }

    /// Seals a secret with the newest master key, for the `purpose` alone. No two secrets may be
    /// sealed with the same nonce: it is drawn at random each time.
    ///
    /// # Errors
    ///
    /// When the cryptography library fails.
    pub fn seal(
        &self,
        purpose: &str,
        secret: &str,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, VaultError> {
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.newest.name);
        sealed.extend_from_slice(&nonce);
        let mut body = secret.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.newest
            .key
            .seal_in_place_append_tag(nonce, Aad::from(purpose.as_bytes()), &mut body)
            .map_err(|_| VaultError::Failed)?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens a secret that was sealed for the `purpose`.
    ///
    /// # Errors
    ///
    /// When its master key is not here, or it was changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<String, OpenError> {
        let (name, rest) = named(sealed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Damaged)?;
        let key = std::iter::once(&self.newest).chain(&self.older).find(|key| key.name == *name);
        let key = key.ok_or(OpenError::OtherKey)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut body = body.to_vec();
        let secret = key
            .key
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body)
            .map_err(|_| OpenError::Damaged)?;
        String::from_utf8(secret.to_vec()).map_err(|_| OpenError::Damaged)
    }

    /// Whether a secret was sealed with the newest master key.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        named(sealed).is_ok_and(|(name, _)| *name == self.newest.name)
    }
}

impl MasterKey {
    fn new(key: &[u8; KEY_BYTES]) -> Result<Self, VaultError> {
        let hash = digest(&SHA256, key);
        let name = hash.as_ref().first_chunk().ok_or(VaultError::Failed)?;
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| VaultError::Failed)?;
        Ok(Self { name: *name, key: LessSafeKey::new(key) })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(redacted)")
    }
}

fn named(sealed: &[u8]) -> Result<(&[u8; NAME_BYTES], &[u8]), OpenError> {
    let (version, rest) = sealed.split_first().ok_or(OpenError::Damaged)?;
    if *version != VERSION {
        return Err(OpenError::Damaged);
    }
    rest.split_first_chunk().ok_or(OpenError::Damaged)
}

fn bytes(text: &str) -> Result<[u8; KEY_BYTES], VaultError> {
    let hex = hexadecimal(text);
    let decoded = hex.or_else(|| {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|base64| base64.decode(text).ok())
    });
    decoded.and_then(|it| it.try_into().ok()).ok_or(VaultError::Malformed)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|it| it.to_digit(16)).collect();
    let digits = digits.filter(|it| it.len() == 2 * KEY_BYTES)?;
    let (pairs, _) = digits.as_chunks::<2>();
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect()
}

#[cfg(test)]
mod tests {

    use super::*;

    const SECRET: &str = "sk-provider-secret-0123456789";

    fn vault(key: u8) -> Vault {
        Vault::of(&[key; KEY_BYTES]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_and_shows_nothing() {
        let sealed = vault(1).seal("row", SECRET, [7; NONCE_BYTES]).unwrap();
        assert_eq!(vault(1).open("row", &sealed).unwrap(), SECRET);
        assert!(!sealed.windows(6).any(|it| SECRET.as_bytes().windows(6).any(|part| part == it)));
        let other = vault(1).seal("row", SECRET, [8; NONCE_BYTES]).unwrap();
        assert_ne!(sealed, other);
        assert_eq!(format!("{:?}", vault(1)), "Vault(redacted)");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = vault(1).seal("row", SECRET, [7; NONCE_BYTES]).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            *changed.get_mut(at).unwrap() ^= 1;
            vault(1).open("row", &changed).unwrap_err();
            vault(1).open("row", sealed.get(..at).unwrap()).unwrap_err();
        }
        assert_eq!(vault(1).open("another", &sealed), Err(OpenError::Damaged));
        assert_eq!(vault(1).open("row", &[]), Err(OpenError::Damaged));
    }

    #[test]
    fn another_master_key_says_so() {
        let sealed = vault(1).seal("row", SECRET, [7; NONCE_BYTES]).unwrap();
        assert_eq!(vault(2).open("row", &sealed), Err(OpenError::OtherKey));
    }

    #[test]
    fn older_master_keys_open_and_the_newest_seals() {
        let (old, new) = (STANDARD.encode([1; 32]), "02".repeat(32));
        let both = Vault::parse(&format!("{new}, {old}")).unwrap();
        let before = vault(1).seal("row", SECRET, [7; NONCE_BYTES]).unwrap();
        assert_eq!(both.open("row", &before).unwrap(), SECRET);
        assert!(!both.is_newest(&before));
        let after = both.seal("row", SECRET, [8; NONCE_BYTES]).unwrap();
        assert!(both.is_newest(&after));
        assert_eq!(vault(2).open("row", &after).unwrap(), SECRET);
        assert_eq!(vault(1).open("row", &after), Err(OpenError::OtherKey));
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for text in ["", "abc", &"0".repeat(63), &STANDARD.encode([0; 31]), ","] {
            assert_eq!(Vault::parse(text).unwrap_err(), VaultError::Malformed, "{text}");
        }
    }
}
