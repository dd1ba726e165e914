//! The id of one generation, the same in the body, every chunk, the header and the record.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::Timestamp;
use crate::random_text::alphanumeric;

/// `gen-<unix seconds>-<20 alphanumerics>` (contract §0); of a batch's requests
/// `gen-batch-<unix seconds>-<20 alphanumerics>` (contract §1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GenerationId(Arc<str>);

impl GenerationId {
    /// Makes an id from the moment the call was admitted and 20 random bytes.
    pub fn new(now: Timestamp, random: [u8; 20]) -> Self {
        Self::behind("gen-", now, random)
    }

    /// Makes the id of a call that answers a request of a batch.
    pub fn of_batch(now: Timestamp, random: [u8; 20]) -> Self {
        Self::behind("gen-batch-", now, random)
    }

    fn behind(prefix: &str, now: Timestamp, random: [u8; 20]) -> Self {
        let mut text = String::with_capacity(64);
        text.push_str(prefix);
        // Nothing keeps a text from taking more.
        write!(text, "{}-", now.unix_seconds()).unwrap_or_default();
        text.extend(alphanumeric(&random));
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
        let id = GenerationId::of_batch(Timestamp::from_unix_millis(1_790_000_000_999), [0; 20]);
        assert_eq!(id.as_str(), "gen-batch-1790000000-AAAAAAAAAAAAAAAAAAAA");
    }
}
