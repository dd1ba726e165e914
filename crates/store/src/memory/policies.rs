//! Versions of the rules in memory.

use async_trait::async_trait;

use super::{MemoryStore, take};
use crate::{PolicyStore, PolicyVersion, StoreError};

#[async_trait]
impl PolicyStore for MemoryStore {
    async fn add(&self, version: PolicyVersion) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let newest = state.policies.keys().next_back().copied().unwrap_or(0);
        if version.version != newest + 1 {
            return Err(StoreError::Conflict);
        }
        state.policies.insert(version.version, version);
        Ok(())
    }

    async fn newest(&self) -> Result<Option<PolicyVersion>, StoreError> {
        Ok(self.state()?.policies.values().next_back().cloned())
    }

    async fn get(&self, version: u64) -> Result<Option<PolicyVersion>, StoreError> {
        Ok(self.state()?.policies.get(&version).cloned())
    }

    async fn list(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        let state = self.state()?;
        let older = state.policies.range(..before.unwrap_or(u64::MAX)).rev();
        Ok(older.take(take(limit)).map(|(_, it)| it.clone()).collect())
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.policies.keys().next_back().copied().unwrap_or(0))
    }
}
