//! Removing what is older than the operator wants it kept, an hour after the other: one gateway of
//! all on a database at a time, and in small steps with rests between them, so that whoever writes
//! is not held up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tollgate_engine::{Engine, takes_turn};
use tollgate_organisation::AuditEntry;
use tollgate_store::{
    BatchQuery, BatchStatus, Document, DocumentQuery, HISTORY_DAYS, Span, StoreError, Stores,
};
use tollgate_types::{Chain, Timestamp};

use crate::config::Retention;

/// How often a gateway looks whether a round is due.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// A round begins as long after the last one, whichever gateway did that.
const ROUND_MILLIS: i64 = 3_600_000;
/// A round ends well before the next one may begin elsewhere. The rest is for that.
const ROUND_MAX: Duration = Duration::from_mins(40);
/// As much is removed in a step.
const STEP: u32 = 250;
/// Of what was said, which is longer.
const CONTENT_STEP: u32 = 50;
/// The shortest rest between two steps; after a long step it is three times as long as that.
const REST: Duration = Duration::from_millis(20);
const DAY_MILLIS: i64 = 86_400_000;

/// What a round has removed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Removed {
    generations: u64,
    contents: u64,
    audit_entries: u64,
    batches: u64,
}

/// Removes what is old until `stop` is cancelled.
pub(crate) async fn run(engine: Arc<Engine>, retention: Retention, stop: CancellationToken) {
    let rounds = async {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match look(&engine, retention).await {
                Ok(removed) if removed == Removed::default() => {}
                Ok(Removed { generations, contents, audit_entries, batches }) => {
                    tracing::info!(
                        generations,
                        contents,
                        audit_entries,
                        batches,
                        "what was old is removed"
                    );
                }
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "what is old can't be removed now");
                }
            }
        }
    };
    // A step that is under way is done or not done, whole.
    stop.run_until_cancelled(rounds).await;
}

/// Does a round if one is due.
async fn look(engine: &Engine, retention: Retention) -> Result<Removed, StoreError> {
    let id = || engine.new_id().map_err(StoreError::unavailable);
    let (stores, now) = (engine.stores(), engine.now());
    if takes_turn(stores, "retention of sums", &id()?, (now, ROUND_MILLIS)).await? {
        sums_round(stores, now).await?;
        remove_broken_off(stores, now).await?;
    }
    if retention.removes() && takes_turn(stores, "retention", &id()?, (now, ROUND_MILLIS)).await? {
        round(stores, retention, now).await
    } else {
        Ok(Removed::default())
    }
}

async fn round(
    stores: &Stores,
    retention: Retention,
    now: Timestamp,
) -> Result<Removed, StoreError> {
    let until = Instant::now() + ROUND_MAX;
    let mut removed = Removed::default();
    // Where one can't be removed now, the other still can.
    let mut outcome = Ok(());
    if let Some(before) = cutoff(retention.generations_days, now) {
        let sum = &mut removed.generations;
        let remove = || stores.generations.remove_before(before, STEP);
        outcome = outcome.and(steps(until, sum, remove).await);
    }
    if let Some(before) = cutoff(retention.content_days, now) {
        let sum = &mut removed.contents;
        let remove = || stores.contents.remove_contents_before(before, CONTENT_STEP);
        outcome = outcome.and(steps(until, sum, remove).await);
    }
    if let Some(before) = cutoff(retention.audit_days, now) {
        let sum = &mut removed.audit_entries;
        outcome = outcome.and(steps(until, sum, || remove_entries(stores, before)).await);
    }
    if let Some(before) = cutoff(retention.batch_days, now) {
        let sum = &mut removed.batches;
        // One may have many thousands of requests.
        let remove = || stores.batches.remove_batches_before(before, 1);
        outcome = outcome.and(steps(until, sum, remove).await);
    }
    outcome.map(|()| removed)
}

/// Removes step by step, until there is nothing left or the round is over, and adds up what.
async fn steps<R: Future<Output = Result<u64, StoreError>>>(
    until: Instant,
    sum: &mut u64,
    remove: impl Fn() -> R,
) -> Result<(), StoreError> {
    while Instant::now() < until {
        let begun = Instant::now();
        match remove().await? {
            0 => break,
            more => *sum = sum.saturating_add(more),
        }
        rest(begun).await;
    }
    Ok(())
}

/// Removes sums by minute and hour that are old, and how endpoints did long ago. Sums by day stay.
async fn sums_round(stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
    let until = Instant::now() + ROUND_MAX;
    for span in [Span::Minute, Span::Hour] {
        let before = span.kept_days().and_then(|days| u32::try_from(days).ok());
        let before = before.and_then(|days| cutoff(days, now)).unwrap_or(now);
        one_by_one(until, || stores.usage.remove_part_before(span, before)).await?;
    }
    let before = cutoff(HISTORY_DAYS, now).unwrap_or(now);
    one_by_one(until, || stores.history.remove_quarter_before(before)).await
}

/// Removes one after the other, until there is none left or the round is over.
async fn one_by_one<R: Future<Output = Result<bool, StoreError>>>(
    until: Instant,
    remove: impl Fn() -> R,
) -> Result<(), StoreError> {
    while Instant::now() < until {
        let begun = Instant::now();
        if !remove().await? {
            break;
        }
        rest(begun).await;
    }
    Ok(())
}

/// Removes what was received of batches that never came to their end.
async fn remove_broken_off(stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
    let query = BatchQuery {
        statuses: vec![BatchStatus::Receiving],
        created_before: Some(now.plus_millis(-DAY_MILLIS)),
        limit: STEP,
        ..BatchQuery::default()
    };
    for batch in stores.batches.batches(&query).await? {
        let begun = Instant::now();
        stores.batches.remove_batch(&batch.id).await?;
        rest(begun).await;
    }
    Ok(())
}

/// The instant before which nothing is kept.
fn cutoff(days: u32, now: Timestamp) -> Option<Timestamp> {
    let kept = i64::from(days).saturating_mul(DAY_MILLIS);
    (days > 0).then(|| now.plus_millis(kept.saturating_neg()))
}

async fn rest(begun: Instant) {
    sleep(REST.max(begun.elapsed().saturating_mul(3))).await;
}

/// Removes the oldest entries of the log, as many as make a step.
async fn remove_entries(stores: &Stores, before: Timestamp) -> Result<u64, StoreError> {
    let query = DocumentQuery { limit: STEP, ..DocumentQuery::of::<AuditEntry>() };
    let oldest = stores.documents.page::<AuditEntry>(&query).await?;
    // Ids are in the order of time.
    let end = AuditEntry::id(before, "");
    let old = oldest.iter().filter(|it| it.id < end);
    let changes: Vec<_> = old.map(Document::deletion).collect();
    let removed = u64::try_from(changes.len()).unwrap_or(u64::MAX);
    if removed > 0 {
        stores.documents.write(changes).await?;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use tollgate_store::conformance::sample::{hash, noon, spend};
    use tollgate_store::{
        ActivityQuery, ContentRecord, EndpointCount, HistoryBatch, HistoryQuery, MemoryStore,
        OutcomeKind, PartQuery, QuarterHour, TimesAsked,
    };
    use tollgate_types::GenerationId;

    use super::*;

    const WEEK: Retention =
        Retention { generations_days: 7, content_days: 3, audit_days: 14, batch_days: 21 };

    fn days_ago(days: i64) -> Timestamp {
        noon().plus_millis(-days * DAY_MILLIS)
    }

    async fn entered(stores: &Stores, days: i64) {
        let entry = AuditEntry {
            at: days_ago(days),
            user_id: None,
            key_hash: None,
            actor: "command line".to_owned(),
            action: "keys create".to_owned(),
            target: String::new(),
            details: None,
            outcome: Some(0),
        };
        let id = AuditEntry::id(entry.at, "r");
        let document = Document::new(id, entry, noon());
        stores.documents.write(vec![document.insertion().unwrap()]).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_older_than_it_is_kept_goes() {
        let stores = MemoryStore::new().into_stores();
        let many = i64::from(STEP) * 2 + 7;
        let calls = (0..many).map(|index| {
            let days = if index < 3 { 6 } else { 8 };
            spend(&format!("gen-{index}"), hash(1), days_ago(days), 5)
        });
        stores.generations.append(calls.collect()).await.unwrap();
        let contents = (0..many).map(|index| ContentRecord {
            generation_id: GenerationId::from_text(&format!("said-{index}")),
            created_at: days_ago(if index < 5 { 2 } else { 4 }),
            sealed: Vec::new(),
        });
        stores.contents.keep(contents.collect()).await.unwrap();
        for days in [13, 15, 16, 400] {
            entered(&stores, days).await;
        }
        let kept = Retention { content_days: 0, ..Retention::default() };
        assert_eq!(round(&stores, kept, noon()).await.unwrap(), Removed::default());
        let removed = round(&stores, WEEK, noon()).await.unwrap();
        let generations = u64::try_from(many - 3).unwrap();
        let contents = u64::try_from(many - 5).unwrap();
        assert_eq!(removed, Removed { generations, contents, audit_entries: 3, batches: 0 });
        assert_eq!(stores.contents.contents_after(None, 9).await.unwrap().len(), 5);
        let left = stores.documents.all::<AuditEntry>(None).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].body.at, days_ago(13));
        assert_eq!(stores.generations.recent(9, None).await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn sums_by_minute_and_hour_go_and_those_by_day_stay() {
        let stores = MemoryStore::new().into_stores();
        let ages = [0, 1, 3, 50, 94, 400].map(|days| (days, days_ago(days)));
        let calls = ages.map(|(days, at)| spend(&format!("gen-{days}"), hash(1), at, 5));
        stores.generations.append(calls.to_vec()).await.unwrap();
        sums_round(&stores, noon()).await.unwrap();
        let left = async |span| {
            let (from, until) = (days_ago(1_000), days_ago(-1));
            let part = PartQuery { span, from, until, times: TimesAsked::default() };
            let query = ActivityQuery { part: Some(part), ..ActivityQuery::default() };
            stores.usage.activity(&query).await.unwrap().len()
        };
        assert_eq!(left(Span::Minute).await, 2);
        assert_eq!(left(Span::Hour).await, 4);
        let days = stores.usage.activity(&ActivityQuery::default()).await.unwrap();
        assert_eq!(days.len(), 6);
    }

    #[tokio::test]
    async fn how_endpoints_did_goes_after_31_days() {
        let stores = MemoryStore::new().into_stores();
        let count = |days| EndpointCount {
            quarter: QuarterHour::of(days_ago(days)),
            endpoint_id: "acme/acme/m".to_owned(),
            outcome: OutcomeKind::Success,
            count: 1,
        };
        let counts = [0, 30, 31, 32, 400].map(count).to_vec();
        let batch = HistoryBatch { writer: "a".to_owned(), number: 1, told_at: noon(), counts };
        stores.history.add_history(batch).await.unwrap();
        sums_round(&stores, noon()).await.unwrap();
        let (from, until) = (QuarterHour::of(days_ago(999)), QuarterHour::of(days_ago(-1)));
        let left = stores.history.history(&HistoryQuery::between(from, until)).await.unwrap();
        assert_eq!(left, [count(31), count(30), count(0)]);
    }

    #[tokio::test]
    async fn the_log_is_cut_where_calls_can_t_be_removed() {
        let mut stores = MemoryStore::new().into_stores();
        let away = MemoryStore::new().into_stores();
        away.health.close().await;
        stores.generations = away.generations;
        entered(&stores, 15).await;
        assert!(round(&stores, WEEK, noon()).await.is_err());
        assert_eq!(stores.documents.all::<AuditEntry>(None).await.unwrap().len(), 0);
    }
}
