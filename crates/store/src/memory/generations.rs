//! Generations in memory.

use std::ops::Bound;

use async_trait::async_trait;
use tollgate_types::GenerationId;

use super::{MemoryStore, State, take};
use crate::{GenerationCursor, GenerationRecord, GenerationStore, StoreError};

#[async_trait]
impl GenerationStore for MemoryStore {
    async fn append(&self, batch: Vec<GenerationRecord>) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let mut added: u64 = 0;
        for record in batch {
            added = added.saturating_add(u64::from(state.append(record)));
        }
        Ok(added)
    }

    async fn get(&self, id: &GenerationId) -> Result<Option<GenerationRecord>, StoreError> {
        let state = self.state()?;
        let Some(created_at) = state.generation_ids.get(id.as_str()) else { return Ok(None) };
        Ok(state.generations.get(&(*created_at, id.as_str().to_owned())).cloned())
    }

    async fn recent(
        &self,
        limit: u32,
        before: Option<&GenerationCursor>,
    ) -> Result<Vec<GenerationRecord>, StoreError> {
        let end = before.map_or(Bound::Unbounded, |cursor| {
            Bound::Excluded((cursor.created_at, cursor.id.as_str().to_owned()))
        });
        let state = self.state()?;
        let records = state.generations.range((Bound::Unbounded, end)).rev();
        Ok(records.take(take(limit)).map(|(_, record)| record.clone()).collect())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.state()?.generations.len()).unwrap_or(u64::MAX))
    }
}

impl State {
    /// Keeps and counts a record; `false` when its id is known.
    fn append(&mut self, record: GenerationRecord) -> bool {
        let id = record.id.as_str().to_owned();
        if self.generation_ids.contains_key(&id) {
            return false;
        }
        let spend = record.spend();
        let payer = self.successors.get(&record.key_hash).copied().unwrap_or(record.key_hash);
        self.key_days.entry((payer, record.utc_day())).or_default().add(&spend);
        self.key_totals.entry(payer).or_default().add(&spend);
        self.account_total.add(&spend);
        self.generation_ids.insert(id.clone(), record.created_at);
        self.generations.insert((record.created_at, id), record);
        true
    }
}
