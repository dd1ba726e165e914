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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// How an attempt ended, without what is for the moment only: the words under which it is counted for
/// long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeKind {
    /// [`Outcome::Success`].
    Success,
    /// [`Outcome::RateLimited`].
    RateLimited,
    /// [`Outcome::Callers`].
    Callers,
    /// [`Outcome::Failure`].
    Failure(FailureKind),
}

impl OutcomeKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::RateLimited,
        Self::Callers,
        Self::Failure(FailureKind::Credential),
        Self::Failure(FailureKind::Payment),
        Self::Failure(FailureKind::ModelMissing),
        Self::Failure(FailureKind::Timeout),
        Self::Failure(FailureKind::Unreachable),
        Self::Failure(FailureKind::Broken),
        Self::Failure(FailureKind::Truncated),
        Self::Failure(FailureKind::Empty),
        Self::Failure(FailureKind::Overloaded),
    ];

    /// Its place among all of them.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Success => 0,
            Self::RateLimited => 1,
            Self::Callers => 2,
            Self::Failure(kind) => usize::from(kind.place()).saturating_add(2),
        }
    }

    /// The word that it is stored under.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::RateLimited => "rate_limited",
            Self::Callers => "callers",
            Self::Failure(kind) => kind.as_str(),
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl From<Outcome> for OutcomeKind {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failure(kind) => Self::Failure(kind),
            Outcome::RateLimited { .. } => Self::RateLimited,
            Outcome::Callers => Self::Callers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_their_places_and_read_back() {
        for (place, kind) in OutcomeKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.place(), place);
            assert_eq!(OutcomeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(OutcomeKind::parse("boredom"), None);
    }
}
