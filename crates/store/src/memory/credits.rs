//! Credit entries in memory.

use async_trait::async_trait;
use tollgate_types::Usd;

use super::{MemoryStore, State, take};
use crate::{CreditEntry, CreditStore, StoreError};

#[async_trait]
impl CreditStore for MemoryStore {
    async fn add(&self, entry: CreditEntry) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        if state.credits.contains_key(&entry.id) {
            return Ok(false);
        }
        let total = state.credit_nanos(&entry.account) + i128::from(entry.amount.nanos());
        in_range(total)?;
        state.credits.insert(entry.id.clone(), entry);
        Ok(true)
    }

    async fn total(&self, account: &str) -> Result<Usd, StoreError> {
        in_range(self.state()?.credit_nanos(account))
    }

    async fn list(&self, account: &str, limit: u32) -> Result<Vec<CreditEntry>, StoreError> {
        let state = self.state()?;
        let mut entries: Vec<_> =
            state.credits.values().filter(|entry| entry.account == account).cloned().collect();
        entries.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        entries.truncate(take(limit));
        Ok(entries)
    }
}

impl State {
    fn credit_nanos(&self, account: &str) -> i128 {
        let entries = self.credits.values().filter(|entry| entry.account == account);
        entries.map(|entry| i128::from(entry.amount.nanos())).sum()
    }
}

fn in_range(nanos: i128) -> Result<Usd, StoreError> {
    i64::try_from(nanos)
        .map(Usd::from_nanos)
        .map_err(|_| StoreError::OutOfRange { what: "the account's credit" })
}
