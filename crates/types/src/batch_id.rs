//! The id of a batch, and those of what it answers.

use std::fmt;
use std::sync::Arc;

use crate::random_text::alphanumeric;

/// `batch_<24 alphanumerics>` (contract §1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(Arc<str>);

impl BatchId {
    /// Makes an id from 24 random bytes.
    pub fn new(random: [u8; 24]) -> Self {
        Self("batch_".chars().chain(alphanumeric(&random)).collect::<String>().into())
    }

    /// Takes a stored or received id as it is.
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the answer to the request that stands `number`th in the batch, from 1:
    /// `batch_req_<the batch's own part>_<number>` (contract §1.1).
    pub fn of_request(&self, number: u32) -> String {
        let own = self.0.strip_prefix("batch_").unwrap_or(&self.0);
        format!("batch_req_{own}_{number}")
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_contracts_form() {
        let id = BatchId::new([61; 24]);
        assert_eq!(id.as_str(), "batch_999999999999999999999999");
        assert_eq!(id.of_request(7), "batch_req_999999999999999999999999_7");
    }
}
