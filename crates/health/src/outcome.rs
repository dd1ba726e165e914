//! How an attempt ended, as far as the endpoint is concerned.

use std::time::Duration;

/// How an attempt ended. Success and failure are counted in uptime, the others are not (contract
/// §5.3, §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The answer was whole.
    Success,
    /// The endpoint failed.
    Failure(FailureKind),
    /// The endpoint wants fewer calls (429). It is left alone for a while, which is no failure.
    RateLimited {
        /// How long it asks to be left alone. Zero says as little as nothing.
        retry_after: Option<Duration>,
    },
    /// The caller ended it or must mend it: a bad request (400), refused content (403), a body that
    /// is too large (413), a client that hung up. It says nothing of the endpoint.
    Callers,
}

/// What kind of failure. Only what counts against an endpoint has a kind (contract §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// It refused our key (401).
    Credential,
    /// It wants money (402).
    Payment,
    /// It does not know the model (404).
    ModelMissing,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke before an answer.
    Unreachable,
    /// It failed (500 and above), its answer can't be understood, or finished with "error".
    Broken,
    /// The answer broke off in the middle.
    Truncated,
    /// The answer was empty.
    Empty,
    /// It has no capacity (503, 529).
    Overloaded,
}

impl FailureKind {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 9] = [
        Self::Credential,
        Self::Payment,
        Self::ModelMissing,
        Self::Timeout,
        Self::Unreachable,
        Self::Broken,
        Self::Truncated,
        Self::Empty,
        Self::Overloaded,
    ];

    /// Its place among all of them, from 1.
    pub(crate) const fn place(self) -> u8 {
        match self {
            Self::Credential => 1,
            Self::Payment => 2,
            Self::ModelMissing => 3,
            Self::Timeout => 4,
            Self::Unreachable => 5,
            Self::Broken => 6,
            Self::Truncated => 7,
            Self::Empty => 8,
            Self::Overloaded => 9,
        }
    }

    /// One word for records and metrics, the same that records of attempts have.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential_refused",
            Self::Payment => "payment_required",
            Self::ModelMissing => "model_missing",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::Truncated => "truncated",
            Self::Empty => "empty",
            Self::Overloaded => "overloaded",
        }
    }
}
