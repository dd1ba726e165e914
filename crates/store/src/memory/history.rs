//! How endpoints did, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_health::{Counts, OutcomeKind, QuarterHour};
use tollgate_types::Timestamp;

use super::MemoryStore;
use crate::{
    EndpointCount, HistoryBatch, HistoryQuery, HistoryRows, HistoryStore, StoreError, by_endpoint,
};

/// What all gateways have told.
#[derive(Debug, Default)]
pub(super) struct History {
    counts: BTreeMap<(QuarterHour, String, OutcomeKind), u64>,
    /// The last batch of each writer, and when it was told.
    writers: BTreeMap<String, (u64, Timestamp)>,
}

#[async_trait]
impl HistoryStore for MemoryStore {
    async fn add_history(&self, batch: HistoryBatch) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let History { counts, writers } = &mut state.history;
        let HistoryBatch { writer, number, told_at, counts: told } = batch;
        if writers.get(&writer).is_some_and(|(last, _)| *last >= number) {
            return Ok(false);
        }
        writers.insert(writer, (number, told_at));
        for EndpointCount { quarter, endpoint_id, outcome, count } in told {
            let sum = counts.entry((quarter, endpoint_id, outcome)).or_default();
            *sum = sum.saturating_add(count).min(i64::MAX.unsigned_abs());
        }
        Ok(true)
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<EndpointCount>, StoreError> {
        let state = self.state()?;
        let within = state.history.counts.iter().filter(|((quarter, endpoint_id, _), _)| {
            (query.from..query.until).contains(quarter)
                && query.endpoints.as_ref().is_none_or(|it| it.contains(endpoint_id))
        });
        let within = within.map(|((quarter, endpoint_id, outcome), count)| EndpointCount {
            quarter: *quarter,
            endpoint_id: endpoint_id.clone(),
            outcome: *outcome,
            count: *count,
        });
        let mut sums: BTreeMap<_, u64> = BTreeMap::new();
        for (endpoint_id, quarters) in by_endpoint(within) {
            let asked =
                |counts: &Counts| query.rows != HistoryRows::Incidents || counts.show_incident();
            for (quarter, counts) in quarters.iter().filter(|(_, it)| asked(&it.counts())) {
                for (outcome, count) in counts.iter() {
                    let first = quarter.first_of_step(query.rows.step());
                    let sum = sums.entry((first, endpoint_id.clone(), outcome.as_str(), outcome));
                    let sum = sum.or_default();
                    *sum = sum.saturating_add(count).min(i64::MAX.unsigned_abs());
                }
            }
        }
        let row = |((quarter, endpoint_id, _, outcome), count)| EndpointCount {
            quarter,
            endpoint_id,
            outcome,
            count,
        };
        Ok(sums.into_iter().map(row).collect())
    }

    async fn remove_quarter_before(&self, before: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let History { counts, writers } = &mut state.history;
        let end = QuarterHour::of(before);
        let oldest = counts.keys().next().map(|(quarter, ..)| *quarter).filter(|it| *it < end);
        if let Some(oldest) = oldest {
            counts.retain(|(quarter, ..), _| *quarter > oldest);
        } else {
            writers.retain(|_, (_, told_at)| *told_at >= before);
        }
        Ok(oldest.is_some())
    }
}
