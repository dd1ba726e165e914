//! What callers say of an answer afterwards (contract §1.3).

use async_trait::async_trait;
use tollgate_types::{GenerationId, KeyHash, Timestamp};

use crate::StoreError;

/// What was wrong with an answer (contract §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedbackCategory {
    /// It was slow.
    Latency,
    /// It made no sense.
    Incoherence,
    /// It was wrong.
    IncorrectResponse,
    /// It had the wrong form.
    Formatting,
    /// It was billed wrongly.
    Billing,
    /// It failed.
    ApiError,
    /// Anything else.
    Other,
}

impl FeedbackCategory {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Latency,
        Self::Incoherence,
        Self::IncorrectResponse,
        Self::Formatting,
        Self::Billing,
        Self::ApiError,
        Self::Other,
    ];

    /// The contract's word for it, also the one to store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Incoherence => "incoherence",
            Self::IncorrectResponse => "incorrect_response",
            Self::Formatting => "formatting",
            Self::Billing => "billing",
            Self::ApiError => "api_error",
            Self::Other => "other",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// What one caller said of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRecord {
    /// The caller's idempotency key.
    pub id: String,
    /// What it is about.
    pub generation_id: GenerationId,
    /// What was wrong.
    pub category: FeedbackCategory,
    /// In words.
    pub comment: Option<String>,
    /// The key of whoever said so.
    pub key_hash: KeyHash,
    /// When it was said.
    pub created_at: Timestamp,
}

/// Keeps feedback, append-only.
///
/// Writes are cancel safe: a caller that stops waiting leaves the record either kept or not, and
/// may add it again.
#[async_trait]
pub trait FeedbackStore: Send + Sync {
    /// Adds a record; `false`, and no change, when its id is known. Whether there is such a
    /// generation is not looked at: its own record may be on its way still.
    async fn add(&self, feedback: FeedbackRecord) -> Result<bool, StoreError>;

    /// The oldest records about a generation, oldest first, equally old ones by id.
    async fn about(
        &self,
        generation: &GenerationId,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_read_back() {
        for category in FeedbackCategory::ALL {
            assert_eq!(FeedbackCategory::parse(category.as_str()), Some(category));
        }
        assert_eq!(FeedbackCategory::parse("boredom"), None);
    }
}
