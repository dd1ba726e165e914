//! Whose money it is, and who has set it aside.

use std::fmt;
use std::sync::Arc;

/// The account of an installation that has only one.
pub const DEFAULT_ACCOUNT: &str = "default";

const LONGEST: usize = 128;

/// An account's name: the organisation's, or one that it has given a workspace or key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

/// A node of an installation: what it has set aside is its own until it gives it back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

/// A text that names no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account's name has 1 to 128 printable characters")]
pub struct InvalidAccount;

impl AccountId {
    /// Takes a name of 1 to 128 characters without control characters.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn new(name: &str) -> Result<Self, InvalidAccount> {
        let fits = !name.is_empty() && name.len() <= LONGEST;
        if !fits || name.chars().any(char::is_control) {
            return Err(InvalidAccount);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    /// [`DEFAULT_ACCOUNT`].
    fn default() -> Self {
        Self(DEFAULT_ACCOUNT.into())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NodeId {
    /// Takes any name; the program makes them at random, once for a data directory.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_short() {
        assert_eq!(AccountId::new("default").unwrap(), AccountId::default());
        assert_eq!(AccountId::new("Konto 2").unwrap().as_str(), "Konto 2");
        for bad in ["", "a\nb", &"x".repeat(129)] {
            assert_eq!(AccountId::new(bad), Err(InvalidAccount), "{bad:?}");
        }
    }
}
