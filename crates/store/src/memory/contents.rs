//! What was said and answered, in memory.

use async_trait::async_trait;
use tollgate_types::{GenerationId, Timestamp};

use super::{MemoryStore, take};
use crate::{ContentRecord, ContentStore, StoreError};

#[async_trait]
impl ContentStore for MemoryStore {
    async fn keep(&self, batch: Vec<ContentRecord>) -> Result<(), StoreError> {
        let mut state = self.state()?;
        for content in batch {
            let id = content.generation_id.as_str().to_owned();
            state.contents.entry(id).or_insert(content);
        }
        Ok(())
    }

    async fn content(
        &self,
        generation: &GenerationId,
    ) -> Result<Option<ContentRecord>, StoreError> {
        Ok(self.state()?.contents.get(generation.as_str()).cloned())
    }

    async fn contents_after(
        &self,
        after: Option<&GenerationId>,
        limit: u32,
    ) -> Result<Vec<ContentRecord>, StoreError> {
        let state = self.state()?;
        let is_behind = |id: &str| after.is_none_or(|after| id > after.as_str());
        let behind = state.contents.iter().filter(|(id, _)| is_behind(id));
        Ok(behind.take(take(limit)).map(|(_, content)| content.clone()).collect())
    }

    async fn reseal_content(
        &self,
        generation: &GenerationId,
        before: &[u8],
        after: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let content = state.contents.get_mut(generation.as_str());
        let Some(content) = content.filter(|it| it.sealed == before) else { return Ok(false) };
        content.sealed = after;
        Ok(true)
    }

    async fn remove_contents_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let old = state.contents.iter().filter(|(_, it)| it.created_at < before);
        let mut old: Vec<_> = old.map(|(id, it)| (it.created_at, id.clone())).collect();
        old.sort_unstable();
        old.truncate(take(at_most));
        for (_, id) in &old {
            state.contents.remove(id);
        }
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }
}
