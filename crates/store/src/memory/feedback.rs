//! Feedback in memory.

use async_trait::async_trait;
use tollgate_types::GenerationId;

use super::{MemoryStore, take};
use crate::{FeedbackRecord, FeedbackStore, StoreError};

#[async_trait]
impl FeedbackStore for MemoryStore {
    async fn add(&self, feedback: FeedbackRecord) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        if state.feedback.contains_key(&feedback.id) {
            return Ok(false);
        }
        state.feedback.insert(feedback.id.clone(), feedback);
        Ok(true)
    }

    async fn about(
        &self,
        generation: &GenerationId,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        let state = self.state()?;
        let about = state.feedback.values().filter(|it| it.generation_id == *generation);
        let mut records: Vec<FeedbackRecord> = about.cloned().collect();
        records.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        records.truncate(take(limit));
        Ok(records)
    }
}
