//! What of limits outlives a restart, and what nodes tell each other of them.
//!
//! Every two seconds a node writes what it has counted to the store, and where several nodes share
//! the store, it hears what the others wrote since it last did. So a process that is killed forgets
//! what was counted in its last two seconds or so, and nodes together may let pass what each of them
//! admits until it has heard of the others: a round of each, four seconds at most while the store
//! answers. Whatever takes longer is heard later; nothing is lost. Neither waits for the other.
//!
//! Money that keys and workspaces spend is not told: the records have it, of all nodes.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use tollgate_limits::{Entry, Measure, Scope, Snapshot, Window};
use tollgate_store::{BELIEVED, Heard, StoreError, Stores, believed_millis};
use tollgate_types::{KeyHash, Timestamp};

use super::Limiting;

/// What was told last of each counter, and when.
pub(super) type Kept = HashMap<Place, (Count, Timestamp)>;
/// A counter.
type Place = (Scope, String, Measure, Window);
/// The first day of its window, what was used in it, and what is held.
type Count = (Option<i64>, u64, u64);

/// As many counts are written together, so that other writes come in between.
const BATCH_MAX: usize = 1_000;
/// What others told of a window that begins as soon as this is kept in mind until it does: their
/// clocks are ahead, and they may never tell it again.
const AHEAD_MILLIS: i64 = 3_600_000;

impl Limiting {
    /// Goes on with what an earlier run of this node counted, and what the others did. Call it once,
    /// before the first call, when everything that run settled is on record.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn recover(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let mut entries = stores.limit_counts.counts(&self.node).await?;
        entries.retain(|entry| !is_of_records(entry));
        self.kept.lock().extend(entries.iter().map(|entry| {
            let (place, count) = place(entry);
            (place, (count, now))
        }));
        let entries = following_rotations(entries, stores).await?;
        if self.counters.restore(&Snapshot { entries }, now).is_err() {
            tracing::error!("not all that limits had counted has room");
        }
        if let Some(allotments) = &self.allotments {
            allotments.forget().await?;
        }
        self.hear(stores, now).await
    }

    /// Writes what has been counted since it was last written.
    ///
    /// # Errors
    ///
    /// When the store can't be written; what was not is written the next time.
    pub async fn tell(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let news = self.news(now);
        for entries in news.chunks(BATCH_MAX) {
            stores.limit_counts.keep(&self.node, entries.to_vec()).await?;
            self.kept.lock().extend(entries.iter().map(|entry| {
                let (place, count) = place(entry);
                (place, (count, now))
            }));
        }
        Ok(())
    }

    /// Takes up what other nodes have told since this one last heard them. To be called by one
    /// after the other.
    ///
    /// # Errors
    ///
    /// When the store can't be read; then everything since is heard the next time.
    pub async fn hear(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let since = *self.heard.lock();
        let news = stores.limit_counts.elsewhere(&self.node, since, BELIEVED).await?;
        let (mut is_ahead, mut has_room) = (false, true);
        for mut entry in news.counts {
            let elsewhere = entry.used.saturating_add(entry.held);
            entry.used = 0;
            is_ahead |= is_soon(&entry, now);
            has_room &= self.counters.observed(&entry, elsewhere, now).is_ok();
        }
        if !has_room {
            self.has_missed.store(true, Relaxed);
            tracing::error!("not all that other nodes have counted has room");
        }
        if !is_ahead {
            *self.heard.lock() = news.heard;
        }
        Ok(())
    }

    /// Forgets counters that nobody misses, and has the store forget what has ended. To be called
    /// every minute or so.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub async fn sweep(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        self.counters.sweep(now);
        if self.has_missed.swap(false, Relaxed) {
            // There may be room now.
            *self.heard.lock() = Heard::default();
        }
        let today = |window| Entry::day(window, now);
        self.kept.lock().retain(|(.., window), ((day, used, held), _)| {
            *day >= today(*window) && (*used > 0 || *held > 0)
        });
        stores.limit_counts.forget_ended(&self.node, now).await
    }

    /// What is to be told: what has changed, and what would not be believed for much longer.
    fn news(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = if self.is_shared() {
            self.counters.entries(now)
        } else {
            self.counters.snapshot(now).entries
        };
        // What is believed for a while only is told again in good time.
        let again_after = believed_millis(BELIEVED).div_euclid(2);
        let kept = self.kept.lock();
        entries.retain(|entry| {
            let (counter, count) = place(entry);
            let is_nothing = entry.used == 0 && entry.held == 0;
            let is_brief = !entry.window.lasts() || entry.held > 0;
            !is_of_records(entry)
                && match kept.get(&counter) {
                    None => !is_nothing,
                    Some((told, at)) if *told == count => {
                        is_brief && !is_nothing && now.millis_since(*at) >= again_after
                    }
                    // One node alone has nobody to tell what is held.
                    Some((told, _)) => self.is_shared() || told.0 != count.0 || told.1 != count.1,
                }
        });
        entries
    }
}

/// Whether its window has not begun, and soon will.
fn is_soon(entry: &Entry, now: Timestamp) -> bool {
    let day = |at| Entry::day(entry.window, at);
    entry.starts_day > day(now) && entry.starts_day <= day(now.plus_millis(AHEAD_MILLIS))
}

/// Whether the records of calls say how much it is.
pub(super) fn is_of_records(entry: &Entry) -> bool {
    entry.measure.is_money() && matches!(entry.scope, Scope::Key | Scope::Workspace)
}

/// Counts of keys under the hashes that these have now. Of one that was kept under several the
/// largest holds: whoever went on counting after a rotation began with what was counted before.
async fn following_rotations(
    entries: Vec<Entry>,
    stores: &Stores,
) -> Result<Vec<Entry>, StoreError> {
    let of_keys = entries.iter().filter(|it| it.scope == Scope::Key);
    let mut hashes: Vec<KeyHash> = of_keys.filter_map(|it| KeyHash::from_hex(&it.id)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    if hashes.is_empty() {
        return Ok(entries);
    }
    let successors = stores.keys.successors(&hashes).await?;
    let successors: HashMap<String, String> =
        successors.into_iter().map(|(old, new)| (old.to_hex(), new.to_hex())).collect();
    let mut largest: HashMap<Place, Entry> = HashMap::new();
    for mut entry in entries {
        if let Some(new) = successors.get(&entry.id).filter(|_| entry.scope == Scope::Key) {
            entry.id.clone_from(new);
        }
        let (place, count) = place(&entry);
        let known = largest.get(&place).map(|known| (known.starts_day, known.used, known.held));
        if known.is_none_or(|known| known < count) {
            largest.insert(place, entry);
        }
    }
    Ok(largest.into_values().collect())
}

fn place(entry: &Entry) -> (Place, Count) {
    let counter = (entry.scope, entry.id.clone(), entry.measure, entry.window);
    (counter, (entry.starts_day, entry.used, entry.held))
}

#[cfg(test)]
mod tests {
    use tollgate_ledger::NodeId;
    use tollgate_limits::{Counters, Limit};
    use tollgate_store::MemoryStore;

    use std::sync::Arc;

    use super::*;
    use crate::{Allotments, Clock, SystemClock};

    const LIMIT: Limit =
        Limit { scope: Scope::Tag, measure: Measure::Requests, window: Window::Day, amount: 5 };

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn shared() -> Limiting {
        let (node, stores) = (NodeId::new("own"), MemoryStore::new().into_shared_stores());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let allotments = Allotments::of(&node, &stores, &clock, BELIEVED);
        Limiting::new(node, allotments)
    }

    async fn told(stores: &Stores, id: &str, used: u64, when: Timestamp) {
        let entry = Entry::of(&LIMIT, id, used, when);
        stores.limit_counts.keep(&NodeId::new("other"), vec![entry]).await.unwrap();
    }

    fn used(limiting: &Limiting, id: &str, now: Timestamp) -> u64 {
        limiting.spent(&LIMIT, id, now)
    }

    /// A node that is a little ahead tells of tomorrow once: it counts when tomorrow comes.
    #[tokio::test]
    async fn what_was_told_of_tomorrow_counts_tomorrow() {
        let stores = MemoryStore::new().into_stores();
        let limiting = shared();
        let (before, after) = (at("2026-11-21T23:59:58Z"), at("2026-11-22T00:00:01Z"));
        told(&stores, "x", 3, after).await;
        limiting.hear(&stores, before).await.unwrap();
        limiting.hear(&stores, before).await.unwrap();
        assert_eq!(used(&limiting, "x", before), 0);
        limiting.hear(&stores, after).await.unwrap();
        assert_eq!(used(&limiting, "x", after), 3);
        // A clock that is out by a year keeps nobody reading the same again and again.
        told(&stores, "y", 3, at("2027-11-22T00:00:00Z")).await;
        limiting.hear(&stores, after).await.unwrap();
        let news = stores.limit_counts.elsewhere(&limiting.node, *limiting.heard.lock(), BELIEVED);
        assert_eq!(news.await.unwrap().counts, []);
    }

    /// What had no room is heard again when there is some.
    #[tokio::test]
    async fn what_had_no_room_is_heard_later() {
        let stores = MemoryStore::new().into_stores();
        let counters = Counters::new(1);
        let limiting = Limiting { counters, ..shared() };
        let now = at("2026-11-21T12:00:00Z");
        drop(limiting.counters.applied(&LIMIT, "idle", now).unwrap());
        told(&stores, "x", 3, now).await;
        limiting.hear(&stores, now).await.unwrap();
        assert_eq!(used(&limiting, "x", now), 0);
        let later = now.plus_millis(tollgate_limits::IDLE);
        limiting.sweep(&stores, later).await.unwrap();
        limiting.hear(&stores, later).await.unwrap();
        assert_eq!(used(&limiting, "x", later), 3);
    }

    /// Who can't tell still hears.
    #[tokio::test]
    async fn telling_and_hearing_are_apart() {
        let stores = MemoryStore::new().into_stores();
        let limiting = shared();
        let now = at("2026-11-21T12:00:00Z");
        let away = MemoryStore::new().into_stores();
        away.health.close().await;
        told(&stores, "x", 3, now).await;
        assert!(limiting.tell(&away, now).await.is_ok(), "there is nothing to tell");
        let applied = limiting.counters.applied(&LIMIT, "x", now).unwrap();
        let need = tollgate_limits::Load::default();
        let held = tollgate_limits::admit(&[applied], &need, now).unwrap();
        assert!(limiting.tell(&away, now).await.is_err());
        limiting.hear(&stores, now).await.unwrap();
        assert_eq!(used(&limiting, "x", now), 4);
        limiting.tell(&stores, now).await.unwrap();
        assert_eq!(stores.limit_counts.counts(&limiting.node).await.unwrap().len(), 1);
        drop(held);
    }
}
