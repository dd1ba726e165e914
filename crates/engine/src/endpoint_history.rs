//! What endpoints' health has counted goes to the store, and comes back after a restart.
//!
//! What is counted stays in [`Health`] until it is taken, under the quarter of an hour in which it
//! happened. What was taken is told to the store in batches with numbers, each until the store has
//! it: told again, it is counted once.
//!
//! Endpoints that are called with callers' own keys are not kept: how they do is their callers'
//! business, and there may be any number of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_catalog::EndpointId;
use tollgate_health::{Health, OutcomeCounts, OutcomeKind, QuarterHour};
use tollgate_store::{EndpointCount, HistoryBatch, HistoryQuery, StoreError, by_endpoint};
use tollgate_types::Timestamp;

use crate::{Engine, Vitals};

/// As much is told at once, so that other writes come in between.
const BATCH_MAX: usize = 1_000;
/// As much is kept in mind for a store that does not answer; then the oldest is forgotten.
const GATHERED_MAX: usize = 100_000;

/// An endpoint's name, and what it has counted.
type Named = (Arc<str>, Arc<Health>);

/// What is not in the store yet.
#[derive(Debug, Default)]
pub(crate) struct EndpointHistory(Mutex<Unwritten>);

#[derive(Debug, Default)]
struct Unwritten {
    gathered: BTreeMap<(QuarterHour, Arc<str>, OutcomeKind), u64>,
    /// What is being told.
    batch: Option<HistoryBatch>,
    /// How many batches there were.
    batches: u64,
    /// This life's name; empty while nothing was told.
    writer: String,
    /// Endpoints that can be called no more, while calls of them are under way.
    leaving: Vec<Named>,
}

impl Engine {
    /// Takes up how endpoints did in the last day: what this gateway counted before it was started
    /// anew, and what others did. To be called once, before the first call.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn recall_history(&self) -> Result<(), StoreError> {
        let (vitals, now) = (self.vitals(), self.now());
        let current = QuarterHour::of(now);
        let first = current.plus(QuarterHour::A_DAY.saturating_neg()).plus(1);
        let query = HistoryQuery::between(first, current.plus(1));
        let counted = self.stores().history.history(&query).await?;
        for (endpoint, quarters) in by_endpoint(counted) {
            let Some(health) = vitals.health_of(&endpoint) else { continue };
            for (quarter, counts) in quarters {
                health.recall(quarter, &counts, now);
            }
        }
        Ok(())
    }

    /// Writes how endpoints did since this was last done.
    ///
    /// Cancel safe: what was not written is written the next time.
    ///
    /// # Errors
    ///
    /// When the store can't be written; what was not is written the next time.
    pub async fn write_history(&self) -> Result<(), StoreError> {
        let now = self.now();
        let id = self.new_id().map_err(StoreError::unavailable)?;
        self.history.gather(&self.vitals(), now);
        while let Some(batch) = self.history.batch(&id, now) {
            let number = batch.number;
            self.stores().history.add_history(batch).await?;
            self.history.was_told(number);
        }
        Ok(())
    }
}

impl EndpointHistory {
    /// What of these was counted is still to be taken, now and while calls of them are under way.
    pub(crate) fn left(&self, endpoints: impl IntoIterator<Item = Named>) {
        self.0.lock().leaving.extend(endpoints.into_iter().filter(|(name, _)| is_kept(name)));
    }

    fn gather(&self, vitals: &Vitals, now: Timestamp) {
        let mut unwritten = self.0.lock();
        for (id, health) in vitals.all_called().filter(|(id, _)| is_kept(id.as_str())) {
            unwritten.take(&id.shared(), health, now);
        }
        for (name, health) in std::mem::take(&mut unwritten.leaving) {
            // Asked before it is taken: whoever has it still may count something afterwards.
            let is_called = Arc::strong_count(&health) > 1;
            unwritten.take(&name, &health, now);
            if is_called {
                unwritten.leaving.push((name, health));
            }
        }
        unwritten.forget_oldest(GATHERED_MAX);
    }

    /// What is to be told next, the same until it was told. `id` is new.
    fn batch(&self, id: &str, now: Timestamp) -> Option<HistoryBatch> {
        let mut unwritten = self.0.lock();
        if unwritten.batch.is_none() && !unwritten.gathered.is_empty() {
            let counts = (0..BATCH_MAX).map_while(|_| unwritten.gathered.pop_first());
            let count = |((quarter, endpoint_id, outcome), count): ((_, Arc<str>, _), _)| {
                EndpointCount { quarter, endpoint_id: endpoint_id.to_string(), outcome, count }
            };
            let counts = counts.map(count).collect();
            if unwritten.writer.is_empty() {
                id.clone_into(&mut unwritten.writer);
            }
            unwritten.batches = unwritten.batches.saturating_add(1);
            let (writer, number) = (unwritten.writer.clone(), unwritten.batches);
            unwritten.batch = Some(HistoryBatch { writer, number, told_at: now, counts });
        }
        unwritten.batch.clone()
    }

    fn was_told(&self, number: u64) {
        let mut unwritten = self.0.lock();
        // Two may have told the same, and one of them the next already.
        unwritten.batch.take_if(|batch| batch.number == number);
    }
}

impl Unwritten {
    fn take(&mut self, name: &Arc<str>, health: &Health, now: Timestamp) {
        for (quarter, counts) in health.take_unwritten(now) {
            for (outcome, count) in OutcomeCounts::iter(&counts) {
                let sum = self.gathered.entry((quarter, Arc::clone(name), outcome)).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }

    fn forget_oldest(&mut self, most: usize) {
        let mut forgotten = 0_u64;
        while self.gathered.len() > most && self.gathered.pop_first().is_some() {
            forgotten = forgotten.saturating_add(1);
        }
        if forgotten > 0 {
            tracing::error!(
                counts = forgotten,
                "the store takes no history of endpoints: the oldest is lost"
            );
        }
    }
}

fn is_kept(endpoint: &str) -> bool {
    EndpointId::own_key_in(endpoint).is_none()
}

#[cfg(test)]
mod tests {
    use tollgate_health::Outcome;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

    fn named(name: &str) -> Named {
        (name.into(), Arc::default())
    }

    fn told(batch: &HistoryBatch) -> Vec<(&str, &str, u64)> {
        let counts = batch.counts.iter();
        counts.map(|it| (it.endpoint_id.as_str(), it.outcome.as_str(), it.count)).collect()
    }

    fn gathered(history: &EndpointHistory) -> Option<HistoryBatch> {
        history.gather(&Vitals::default(), NOW);
        history.batch("any", NOW)
    }

    /// What the store may have taken is told again as it was, and what comes meanwhile afterwards.
    #[test]
    fn a_batch_is_told_until_it_was() {
        let (history, endpoint) = (EndpointHistory::default(), named("acme/m"));
        history.left([endpoint.clone()]);
        assert_eq!(gathered(&history), None);
        endpoint.1.observe(Outcome::Success, NOW);
        let first = gathered(&history).unwrap();
        assert_eq!(told(&first), [("acme/m", "success", 1)]);
        endpoint.1.observe(Outcome::Success, NOW);
        endpoint.1.observe(Outcome::Callers, NOW);
        assert_eq!(gathered(&history).unwrap(), first);
        history.was_told(first.number);
        let second = gathered(&history).unwrap();
        assert_eq!(told(&second), [("acme/m", "success", 1), ("acme/m", "callers", 1)]);
        assert_eq!((&second.writer, second.number), (&first.writer, first.number + 1));
        // Whoever told the first one, too, hears of it late.
        history.was_told(first.number);
        assert_eq!(gathered(&history).unwrap(), second);
        history.was_told(second.number);
        assert_eq!(gathered(&history), None);
    }

    /// What is counted of an endpoint that is gone is taken as long as somebody may count.
    #[test]
    fn what_has_left_is_heard_to_its_end() {
        let history = EndpointHistory::default();
        let (gone, own) = (named("acme/m"), named("acme/m#key"));
        gone.1.observe(Outcome::Success, NOW);
        own.1.observe(Outcome::Success, NOW);
        history.left([gone.clone(), own]);
        let first = gathered(&history).unwrap();
        assert_eq!(told(&first), [("acme/m", "success", 1)]);
        history.was_told(first.number);
        gone.1.observe(Outcome::Callers, NOW);
        drop(gone);
        assert_eq!(told(&gathered(&history).unwrap()), [("acme/m", "callers", 1)]);
        assert_eq!(history.0.lock().leaving.len(), 0);
    }

    #[test]
    fn a_store_that_is_away_for_long_costs_the_oldest() {
        let (history, endpoint) = (EndpointHistory::default(), named("acme/m"));
        for quarter in 0..5 {
            let now = NOW.plus_millis(quarter * 900_000);
            endpoint.1.observe(Outcome::Success, now);
            history.left([endpoint.clone()]);
            history.gather(&Vitals::default(), now);
        }
        history.0.lock().forget_oldest(2);
        let batch = history.batch("any", NOW).unwrap();
        let quarters: Vec<i64> = batch.counts.iter().map(|it| it.quarter.number()).collect();
        let first = QuarterHour::of(NOW).number();
        assert_eq!(quarters, [first + 3, first + 4]);
    }
}
