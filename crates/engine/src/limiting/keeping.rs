//! What of limits outlives a restart, and what nodes tell each other of them.
//!
//! Every two seconds a node writes what it has counted to the store, and where several nodes share
//! the store, it hears what the others wrote. So a process that is killed forgets what was counted in
//! its last two seconds or so, and nodes together may let pass what each of them admits until it has
//! heard of the others: a round of each, four seconds at most while the store answers.
//!
//! Money that keys and workspaces spend is not told: the records have it, of all nodes.

use std::collections::HashMap;

use tollgate_limits::{Entry, Measure, Scope, Snapshot, Window};
use tollgate_store::{BELIEVED_MILLIS, StoreError, Stores};
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
/// What is believed for a while only is told again in good time.
const TOLD_AGAIN_MILLIS: i64 = BELIEVED_MILLIS / 2;
/// How far back news are looked for: clocks of nodes differ, and rounds take a while.
const NEWS_MILLIS: i64 = 10_000;

impl Limiting {
    /// Goes on with what an earlier run of this node counted, and what the others did. Call it once,
    /// before the first call.
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
        self.hear(stores, Timestamp::from_unix_millis(0), now).await
    }

    /// Writes what has been counted since it was last written, and hears what other nodes wrote.
    ///
    /// # Errors
    ///
    /// When the store can't be written or read; what was not is written the next time.
    pub async fn keep(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let news = self.news(now);
        for entries in news.chunks(BATCH_MAX) {
            stores.limit_counts.keep(&self.node, entries.to_vec(), now).await?;
            self.kept.lock().extend(entries.iter().map(|entry| {
                let (place, count) = place(entry);
                (place, (count, now))
            }));
        }
        if self.is_shared {
            self.hear(stores, now.plus_millis(-NEWS_MILLIS), now).await?;
        }
        Ok(())
    }

    /// Forgets counters that nobody misses. To be called every minute or so.
    pub fn sweep(&self, now: Timestamp) {
        self.counters.sweep(now);
        let today = |window| Entry::day(window, now);
        self.kept.lock().retain(|(.., window), ((day, used, held), _)| {
            *day >= today(*window) && (*used > 0 || *held > 0)
        });
    }

    /// What is to be told: what has changed, and what would not be believed for much longer.
    fn news(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = if self.is_shared {
            self.counters.entries(now)
        } else {
            self.counters.snapshot(now).entries
        };
        let kept = self.kept.lock();
        entries.retain(|entry| {
            let (counter, count) = place(entry);
            let is_nothing = entry.used == 0 && entry.held == 0;
            let is_brief = !entry.window.lasts() || entry.held > 0;
            !is_of_records(entry)
                && match kept.get(&counter) {
                    None => !is_nothing,
                    Some((told, at)) if *told == count => {
                        is_brief && !is_nothing && now.millis_since(*at) >= TOLD_AGAIN_MILLIS
                    }
                    // One node alone has nobody to tell what is held.
                    Some((told, _)) => self.is_shared || told.0 != count.0 || told.1 != count.1,
                }
        });
        entries
    }

    async fn hear(
        &self,
        stores: &Stores,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for mut entry in stores.limit_counts.elsewhere(&self.node, since, now).await? {
            let elsewhere = entry.used.saturating_add(entry.held);
            entry.used = 0;
            if self.counters.observed(&entry, elsewhere, now).is_err() {
                tracing::error!("not all that other nodes have counted has room");
                break;
            }
        }
        Ok(())
    }
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
