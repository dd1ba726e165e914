//! What can go wrong in a store, in words that fit every backend.

use std::error::Error;

use tollgate_ledger::LedgerError;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The backend can't be reached, is locked by another process, or has no room left.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A record with this id exists already.
    #[error("a record with this id exists already")]
    Conflict,
    /// What is stored can't be read back as what was written.
    #[error("stored data is unreadable: {what}")]
    Corrupt {
        /// The table and column, or the backend's own words.
        what: String,
    },
    /// The result can't be represented; nothing was changed.
    #[error("{what} is out of range")]
    OutOfRange {
        /// The quantity.
        what: &'static str,
    },
    /// More rows would have to be added up than whoever asks has them add up.
    #[error("too many rows would have to be added up")]
    TooMuch,
    /// A movement of money that can't be made; nothing was changed.
    #[error(transparent)]
    Refused(#[from] LedgerError),
    /// The store was closed. Whether a write that was under way was kept is unknown: send it
    /// again to the next store, every write is idempotent.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Keeps the cause of a failure to reach the backend.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Whether the same call may succeed a little later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Conflict
            | Self::Corrupt { .. }
            | Self::OutOfRange { .. }
            | Self::TooMuch
            | Self::Refused(_)
            | Self::Closed => false,
        }
    }
}
