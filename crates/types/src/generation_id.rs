//! The id of one generation, the same in the body, every chunk, the header and the record.

use std::fmt;
use std::sync::Arc;

use crate::Timestamp;

/// `gen-<unix seconds>-<20 alphanumerics>` (contract §0).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GenerationId(Arc<str>);

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl GenerationId {
    /// Makes an id from the moment the call was admitted and 20 random bytes.
    pub fn new(now: Timestamp, random: [u8; 20]) -> Self {
        let mut text = format!("gen-{}-", now.unix_seconds());
        for byte in random {
            let at = usize::from(byte).checked_rem(ALPHABET.len()).unwrap_or(0);
            text.push(char::from(ALPHABET.get(at).copied().unwrap_or(b'0')));
        }
        Self(text.into())
    }

    /// Takes a stored or received id as it is.
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_contracts_form() {
        let id = GenerationId::new(Timestamp::from_unix_millis(1_790_000_000_999), [255; 20]);
        let parts: Vec<&str> = id.as_str().split('-').collect();
        assert_eq!(parts[..2], ["gen", "1790000000"]);
        assert_eq!(parts[2].len(), 20);
        assert!(parts[2].bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
