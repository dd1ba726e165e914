//! Spend counters in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_types::{KeyHash, Timestamp};

use super::{MemoryStore, State};
use crate::{
    AccountUsage, ActivityQuery, ActivityRow, ActivitySums, DayUsage, KeyUsage, StoreError,
    UsageStore, UsageWindows, UtcDay, WorkspaceDay,
};

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

    async fn activity(&self, query: &ActivityQuery) -> Result<Vec<ActivityRow>, StoreError> {
        let state = self.state()?;
        let mut rows: BTreeMap<_, ActivitySums> = BTreeMap::new();
        for record in state.generations.values().chain(&state.gone) {
            let day = record.utc_day();
            let is_within = query.from.is_none_or(|from| day >= from)
                && query.until.is_none_or(|until| day < until);
            let payer = state.successors.get(&record.key_hash).unwrap_or(&record.key_hash);
            let is_asked_for = query.keys.as_ref().is_none_or(|keys| keys.contains(payer))
                && query.workspace_id.as_ref().is_none_or(|it| *it == record.workspace_id);
            let tag_value = match &query.tag {
                None => Some(String::new()),
                Some(tag) => record.attribution.tags.get(tag).cloned(),
            };
            let Some(tag_value) = tag_value.filter(|_| is_within && is_asked_for) else { continue };
            let key = (
                Reverse(day),
                record.workspace_id.clone(),
                record.model.as_str().to_owned(),
                record.endpoint_id.clone().unwrap_or_default(),
                record.provider.clone().unwrap_or_default(),
                tag_value,
                query.by_key.then_some(*payer),
            );
            rows.entry(key).or_default().add(&ActivitySums::of(record));
        }
        let row = |(key, sums)| {
            let (Reverse(day), workspace_id, model, endpoint_id, provider, tag_value, key) = key;
            ActivityRow { day, workspace_id, model, endpoint_id, provider, tag_value, key, sums }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn spent_since(
        &self,
        from: Option<UtcDay>,
    ) -> Result<Vec<(String, DayUsage)>, StoreError> {
        let state = self.state()?;
        let mut sums: BTreeMap<String, DayUsage> = BTreeMap::new();
        for record in state.generations.values().chain(&state.gone) {
            if from.is_none_or(|from| record.utc_day() >= from) {
                sums.entry(record.workspace_id.clone()).or_default().add(&record.spend());
            }
        }
        Ok(sums.into_iter().collect())
    }

    async fn spent_by_day(&self, from: UtcDay) -> Result<Vec<WorkspaceDay>, StoreError> {
        let state = self.state()?;
        let mut sums: BTreeMap<(String, UtcDay), DayUsage> = BTreeMap::new();
        let records = state.generations.values().chain(&state.gone);
        for record in records.filter(|record| record.utc_day() >= from) {
            let place = (record.workspace_id.clone(), record.utc_day());
            sums.entry(place).or_default().add(&record.spend());
        }
        let row = |((workspace_id, day), usage)| WorkspaceDay { workspace_id, day, usage };
        Ok(sums.into_iter().map(row).collect())
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
