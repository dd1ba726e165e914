//! Spend counters in memory.

use async_trait::async_trait;
use tollgate_types::{KeyHash, Timestamp};

use super::{MemoryStore, State};
use crate::{AccountUsage, KeyUsage, StoreError, UsageStore, UsageWindows};

#[async_trait]
impl UsageStore for MemoryStore {
    async fn key_usage(&self, hash: KeyHash, now: Timestamp) -> Result<KeyUsage, StoreError> {
        Ok(self.state()?.key_usage(hash, &UsageWindows::at(now)))
    }

    async fn all_key_usage(&self, now: Timestamp) -> Result<Vec<(KeyHash, KeyUsage)>, StoreError> {
        let windows = UsageWindows::at(now);
        let state = self.state()?;
        Ok(state.key_totals.keys().map(|hash| (*hash, state.key_usage(*hash, &windows))).collect())
    }

    async fn account_usage(&self) -> Result<AccountUsage, StoreError> {
        Ok(self.state()?.account_total.into())
    }
}

impl State {
    fn key_usage(&self, hash: KeyHash, windows: &UsageWindows) -> KeyUsage {
        let ever = self.key_totals.get(&hash).copied().unwrap_or_default();
        let mut usage = KeyUsage::of_total(&ever);
        let span = windows.span();
        for ((_, day), spend) in self.key_days.range((hash, span.start)..(hash, span.end)) {
            usage.add_day(windows, *day, spend);
        }
        usage
    }
}
