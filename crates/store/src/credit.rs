//! Bought and granted credit: entries that are added and never changed.

use async_trait::async_trait;
use tollgate_types::{Timestamp, Usd};

use crate::StoreError;

/// The account of an installation that has only one.
pub const DEFAULT_ACCOUNT: &str = "default";

/// Where credit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreditKind {
    /// Paid for.
    Purchase,
    /// Set right by the operator; may be negative.
    Adjustment,
    /// Given away.
    Promotional,
}

impl CreditKind {
    /// The word to store and to show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Adjustment => "adjustment",
            Self::Promotional => "promotional",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "purchase" => Some(Self::Purchase),
            "adjustment" => Some(Self::Adjustment),
            "promotional" => Some(Self::Promotional),
            _ => None,
        }
    }
}

/// One change of an account's credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditEntry {
    /// The caller's idempotency key, e.g. a payment's id. Unique over all accounts.
    pub id: String,
    /// Whose credit, [`DEFAULT_ACCOUNT`] unless there are several.
    pub account: String,
    /// Where it comes from.
    pub kind: CreditKind,
    /// How much; negative takes away.
    pub amount: Usd,
    /// For people.
    pub note: Option<String>,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// Keeps credit entries, append-only.
///
/// Writes are cancel safe: a caller that stops waiting leaves the entry either kept or not, and
/// may add it again.
#[async_trait]
pub trait CreditStore: Send + Sync {
    /// Adds an entry; `false`, and no change, when its id is known. [`StoreError::OutOfRange`]
    /// when the account's total would not fit in [`Usd`].
    async fn add(&self, entry: CreditEntry) -> Result<bool, StoreError>;

    /// The exact sum of an account's entries.
    async fn total(&self, account: &str) -> Result<Usd, StoreError>;

    /// The newest entries of an account, newest first, equally old ones by id, last first.
    async fn list(&self, account: &str, limit: u32) -> Result<Vec<CreditEntry>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back() {
        for kind in [CreditKind::Purchase, CreditKind::Adjustment, CreditKind::Promotional] {
            assert_eq!(CreditKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(CreditKind::parse("gift"), None);
    }
}
