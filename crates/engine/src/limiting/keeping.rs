//! What of limits outlives a restart.
//!
//! Counts of days, weeks, months and ever are written to the store every two seconds and at the
//! stop, and read at the start: a process that is killed forgets what was counted in its last two
//! seconds or so. Budgets of keys forget nothing: they begin with what the key has spent, which is
//! written with every call's record. Minutes and what is in flight begin anew.

use std::collections::HashMap;

use tollgate_limits::{Entry, Measure, Scope, Snapshot, Window};
use tollgate_store::{StoreError, Stores};
use tollgate_types::{KeyHash, Timestamp};

use super::Limiting;

/// What was kept last of each counter.
pub(super) type Kept = HashMap<Place, Count>;
/// A counter.
type Place = (Scope, String, Measure, Window);
/// The first day of its window, and what was used in it.
type Count = (Option<i64>, u64);

/// As many counts are written together, so that other writes come in between.
const BATCH_MAX: usize = 1_000;

impl Limiting {
    /// Goes on with what an earlier run counted. Call it once, before the first call.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn recover(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let entries = stores.limit_counts.counts().await?;
        self.kept.lock().extend(entries.iter().map(place));
        let entries = following_rotations(entries, stores).await?;
        if self.counters.restore(&Snapshot { entries }, now).is_err() {
            tracing::error!("not all that limits had counted has room");
        }
        Ok(())
    }

    /// Writes what has been counted since it was last written.
    ///
    /// # Errors
    ///
    /// When the store can't be written; what was not is written the next time.
    pub async fn keep(&self, stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
        let mut entries = self.counters.snapshot(now).entries;
        {
            let kept = self.kept.lock();
            entries.retain(|entry| {
                let (counter, count) = place(entry);
                let is_begun_anew = entry.scope == Scope::Key && entry.measure == Measure::Spend;
                !is_begun_anew && kept.get(&counter) != Some(&count)
            });
        }
        for entries in entries.chunks(BATCH_MAX) {
            stores.limit_counts.keep(entries.to_vec(), now).await?;
            self.kept.lock().extend(entries.iter().map(place));
        }
        Ok(())
    }

    /// Forgets counters that nobody misses. To be called every minute or so.
    pub fn sweep(&self, now: Timestamp) {
        self.counters.sweep(now);
        let today = |window| Entry::day(window, now);
        self.kept.lock().retain(|(.., window), (day, _)| *day >= today(*window));
    }
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
        let known = largest.get(&place).map(|known| (known.starts_day, known.used));
        if known.is_none_or(|known| known < count) {
            largest.insert(place, entry);
        }
    }
    Ok(largest.into_values().collect())
}

fn place(entry: &Entry) -> (Place, Count) {
    let counter = (entry.scope, entry.id.clone(), entry.measure, entry.window);
    (counter, (entry.starts_day, entry.used))
}
