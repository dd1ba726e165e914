//! Generations in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use tollgate_types::{GenerationId, Timestamp, Usd};

use super::{MemoryStore, State, take};
use crate::{
    ArmRecord, ArmResult, FacetQuery, Facets, FaultQuery, Faults, FeedbackRecord, GenerationCursor,
    GenerationRecord, GenerationStore, Histogram, HistogramQuery, LogPage, LogQuery, StoreError,
};

#[async_trait]
impl GenerationStore for MemoryStore {
    async fn append_shared(&self, batch: Arc<Vec<GenerationRecord>>) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let mut added: u64 = 0;
        for record in Arc::unwrap_or_clone(batch) {
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

    async fn list(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        Ok(self.state()?.list(query))
    }

    async fn histogram(&self, query: &HistogramQuery) -> Result<Histogram, StoreError> {
        Ok(self.state()?.histogram(query))
    }

    async fn facets(&self, query: &FacetQuery) -> Result<Facets, StoreError> {
        Ok(self.state()?.facets(query))
    }

    async fn faults(&self, query: &FaultQuery) -> Result<Faults, StoreError> {
        Ok(self.state()?.faults(query))
    }

    async fn arms(&self, since: Timestamp) -> Result<Vec<ArmResult>, StoreError> {
        let state = self.state()?;
        let records = state.generations.range((since, String::new())..);
        let mut arms: BTreeMap<(Arc<str>, Arc<str>), Vec<&GenerationRecord>> = BTreeMap::new();
        for (_, record) in records {
            let steered = record.routing.as_ref().and_then(|it| it.steered.as_ref());
            if let Some(ArmRecord { experiment, arm }) = steered.and_then(|it| it.arm.as_ref()) {
                let name = (Arc::clone(experiment), Arc::clone(arm));
                arms.entry(name).or_default().push(record);
            }
        }
        Ok(arms
            .into_iter()
            .map(|(name, records)| result(name, &records, &state.feedback))
            .collect())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.account_total.requests)
    }

    async fn remove_before(&self, before: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let old = state.generations.range(..(before, String::new()));
        let old: Vec<_> = old.take(take(at_most)).map(|(key, _)| key.clone()).collect();
        for key in &old {
            // The id stays known.
            let Some(record) = state.generations.remove(key) else { continue };
            state.feedback.retain(|_, it| it.generation_id != record.id);
            state.contents.remove(record.id.as_str());
            state.gone.push(record);
        }
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
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
        self.pay(&record);
        self.generation_ids.insert(id.clone(), record.created_at);
        self.generations.insert((record.created_at, id), record);
        true
    }
}

fn result(
    (experiment, arm): (Arc<str>, Arc<str>),
    records: &[&GenerationRecord],
    feedback: &BTreeMap<String, FeedbackRecord>,
) -> ArmResult {
    let said = |it: &&FeedbackRecord| records.iter().any(|of| of.id == it.generation_id);
    let count = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    let mean = |of: fn(&GenerationRecord) -> Option<u64>| {
        let values: Vec<u64> = records.iter().filter_map(|it| of(it)).collect();
        values.iter().sum::<u64>().checked_div(count(values.len()))
    };
    ArmResult {
        experiment,
        arm,
        calls: count(records.len()),
        failed: count(records.iter().filter(|it| it.error.is_some()).count()),
        feedback: count(feedback.values().filter(said).count()),
        cost: records.iter().fold(Usd::ZERO, |sum, it| sum.saturating_add(it.cost)),
        completion_tokens: records.iter().map(|it| it.usage.completion_tokens).sum(),
        latency_ms: mean(|it| it.latency_ms),
        generation_time_ms: mean(|it| it.generation_time_ms),
    }
}
