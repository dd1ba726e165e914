//! What limits have counted, in memory.

use async_trait::async_trait;
use tollgate_limits::Entry;
use tollgate_types::Timestamp;

use super::MemoryStore;
use crate::{LimitCountStore, StoreError};

#[async_trait]
impl LimitCountStore for MemoryStore {
    async fn keep(&self, counts: Vec<Entry>, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state()?;
        for mut count in counts {
            count.held = 0;
            let place = (count.scope, count.id.clone(), count.measure, count.window);
            state.limit_counts.insert(place, count);
        }
        state.limit_counts.retain(|_, count| !count.has_ended(now));
        Ok(())
    }

    async fn counts(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.state()?.limit_counts.values().cloned().collect())
    }
}
