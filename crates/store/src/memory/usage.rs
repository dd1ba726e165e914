//! Spend counters in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_ledger::AccountId;
use tollgate_types::{KeyHash, Month, Timestamp, Usd, UtcDay};

use super::{MemoryStore, State};
use crate::{
    AccountUsage, ActivityQuery, ActivityRow, ActivitySums, CallTimes, DayUsage, GenerationRecord,
    KeyUsage, PartQuery, Span, StoreError, UsageStore, UsageWindows, WorkspaceDay,
    own_keys_by_month,
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
        let wanted = query.times();
        let mut rows: BTreeMap<_, (ActivitySums, CallTimes)> = BTreeMap::new();
        for record in state.generations.values().chain(&state.gone) {
            let is_within = state.is_within(query, record);
            let payer = state.successors.get(&record.key_hash).unwrap_or(&record.key_hash);
            let is_asked_for = query.keys.as_ref().is_none_or(|keys| keys.contains(payer))
                && query.workspace_id.as_ref().is_none_or(|it| *it == record.workspace_id);
            let tag_value = match &query.tag {
                None => Some(String::new()),
                Some(tag) => record.attribution.tags.get(tag).cloned(),
            };
            let Some(tag_value) = tag_value.filter(|_| is_within && is_asked_for) else { continue };
            let served = |name: Option<&str>, is_told_apart: bool| {
                name.filter(|_| is_told_apart).unwrap_or_default().to_owned()
            };
            let key = (
                Reverse(query.row_of(record.created_at)),
                record.workspace_id.clone(),
                served(Some(record.model.as_str()), query.served.model),
                served(record.endpoint_id.as_deref(), query.served.endpoint),
                served(record.provider.as_deref(), query.served.provider),
                tag_value,
                query.by_key.then_some(*payer),
            );
            let (sums, times) = rows.entry(key).or_default();
            sums.add(&ActivitySums::of(record));
            times.add_all(&CallTimes::of(record).of_asked(wanted));
        }
        query.may_add_up(rows.len())?;
        let row = |(key, (sums, times))| {
            let (Reverse(number), workspace_id, model, endpoint_id, provider, tag_value, key) = key;
            let starts_at = query.starts_at(number);
            let day = UtcDay::of(starts_at);
            ActivityRow {
                day,
                starts_at,
                workspace_id,
                model,
                endpoint_id,
                provider,
                tag_value,
                key,
                sums,
                times,
            }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn remove_part_before(&self, span: Span, before: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let first = state.parts_since.get(&span).copied().unwrap_or(i64::MIN);
        let records = state.generations.values().chain(&state.gone);
        let indices = records.map(|record| span.index(record.created_at));
        let oldest = indices.filter(|it| *it >= first && *it < span.index(before)).min();
        if let Some(oldest) = oldest {
            state.parts_since.insert(span, oldest.saturating_add(1));
        }
        Ok(oldest.is_some())
    }

    async fn spent_since(
        &self,
        from: Option<UtcDay>,
    ) -> Result<Vec<(String, DayUsage)>, StoreError> {
        Ok(self.state()?.spent_since(from).into_iter().collect())
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

    async fn own_keys_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        let state = self.state()?;
        let records: Vec<_> = state.generations.values().chain(&state.gone).collect();
        let sums = own_keys_by_month(&records).into_iter();
        let of_month = sums.filter(|((of, _), _)| *of == month);
        Ok(of_month.map(|((_, account), listed)| (account.clone(), listed)).collect())
    }

    async fn account_usage(&self) -> Result<AccountUsage, StoreError> {
        Ok(self.state()?.account_total.into())
    }
}

impl State {
    /// Whether a call is in the time that is asked for, and its sums are kept.
    fn is_within(&self, query: &ActivityQuery, record: &GenerationRecord) -> bool {
        let Some(PartQuery { span, from, until, .. }) = query.part else {
            let day = record.utc_day();
            return query.from.is_none_or(|from| day >= from)
                && query.until.is_none_or(|until| day < until);
        };
        let index = span.index(record.created_at);
        let is_kept = self.parts_since.get(&span).is_none_or(|first| index >= *first);
        is_kept && index >= span.index(from) && span.starts_at(index) < until
    }

    /// What each workspace has spent since the beginning of a day, or ever.
    pub(super) fn spent_since(&self, from: Option<UtcDay>) -> BTreeMap<String, DayUsage> {
        let mut sums: BTreeMap<String, DayUsage> = BTreeMap::new();
        for record in self.generations.values().chain(&self.gone) {
            if from.is_none_or(|from| record.utc_day() >= from) {
                sums.entry(record.workspace_id.clone()).or_default().add(&record.spend());
            }
        }
        sums
    }

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
