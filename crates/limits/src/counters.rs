//! All counters, by whom they are for.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::RwLock;
use smallvec::SmallVec;
use tollgate_types::Timestamp;

use crate::share::SharePlace;
use crate::{Applied, Counter, Entry, Limit, Scope, Share, Snapshot};

/// How long nobody has to ask for a counter before it is dropped, in milliseconds: five minutes, so
/// that a clock which goes back a little finds what it counted.
pub const IDLE: i64 = 300_000;

/// All counters of a process. It holds at most so many as it was made for.
#[derive(Debug)]
pub struct Counters {
    /// [`SHARDS`] of them for each scope.
    shards: Vec<RwLock<Shard>>,
    hasher: RandomState,
    /// How many were ever made.
    made: AtomicU64,
    held: AtomicUsize,
    capacity: usize,
}

/// Counters by who is limited. Each has a handful.
type Shard = HashMap<Arc<str>, SmallVec<[Arc<Counter>; 4]>>;

/// So many threads can look for counters of one scope without waiting for each other, about.
const SHARDS: usize = 64;

/// There are as many counters as there may be, and none for this. Its limit can't be held: whoever
/// needs it is to be refused, for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are as many counters as there may be")]
pub struct Full;

impl Counters {
    /// Room for so many counters. One takes about 300 bytes, one of a minute about 800, and the id
    /// beside it: whoever lets callers choose ids bounds their length.
    pub fn new(capacity: usize) -> Self {
        let shards = Scope::ALL.len().saturating_mul(SHARDS);
        Self {
            shards: std::iter::repeat_with(RwLock::default).take(shards).collect(),
            hasher: RandomState::new(),
            made: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            capacity,
        }
    }

    /// A limit with what `id` has taken of it: a key's hash, a model's slug, a tag's name and value.
    ///
    /// # Errors
    ///
    /// When there is no counter for it and no room for one.
    pub fn applied(&self, limit: &Limit, id: &str, now: Timestamp) -> Result<Applied, Full> {
        if let Some(known) = self.known(limit, id) {
            return Ok(known);
        }
        let shard = self.shard(limit.scope, id).ok_or(Full)?;
        let counter = self.insert(&mut shard.write(), limit, (id, None), now)?;
        Ok(Applied { counter, amount: limit.amount })
    }

    /// The same for an id that callers make up: a new counter takes a place of a share, and of
    /// `room` for all of them. What is counted already is found, however full it is.
    ///
    /// # Errors
    ///
    /// When there is no counter for it, and no room for one or none for that share.
    pub fn applied_within(
        &self,
        (owner, room): (&Share, usize),
        limit: &Limit,
        id: &str,
        now: Timestamp,
    ) -> Result<Applied, Full> {
        if let Some(known) = self.known(limit, id) {
            return Ok(known);
        }
        let place = owner.place(room.saturating_sub(self.len())).ok_or(Full)?;
        let shard = self.shard(limit.scope, id).ok_or(Full)?;
        let counter = self.insert(&mut shard.write(), limit, (id, Some(place)), now)?;
        Ok(Applied { counter, amount: limit.amount })
    }

    /// A limit with what `id` has taken of it, if anything was ever asked of that.
    pub fn known(&self, limit: &Limit, id: &str) -> Option<Applied> {
        let counter = find(&self.shard(limit.scope, id)?.read(), limit, id)?;
        Some(Applied { counter, amount: limit.amount })
    }

    /// Drops counters that nobody misses: nothing of them counts, nobody has them at hand, and
    /// nobody has asked for [`IDLE`]. To be called every minute or so. Returns how many.
    pub fn sweep(&self, now: Timestamp) -> usize {
        let mut dropped = 0_usize;
        for shard in &self.shards {
            // While it is locked nobody can find a counter, so who is alone with it stays so.
            shard.write().retain(|_, counters| {
                let before = counters.len();
                counters.retain(|it| Arc::strong_count(it) > 1 || !it.is_idle(now));
                dropped = dropped.saturating_add(before.saturating_sub(counters.len()));
                !counters.is_empty()
            });
        }
        self.held.fetch_sub(dropped, Relaxed);
        dropped
    }

    /// Drops everything about one who is gone for good, lifetimes included. Calls that are running
    /// settle into nothing.
    pub fn forget(&self, scope: Scope, id: &str) {
        let Some(shard) = self.shard(scope, id) else { return };
        let counters = shard.write().remove(id);
        self.held.fetch_sub(counters.map_or(0, |it| it.len()), Relaxed);
    }

    /// How many counters there are.
    pub fn len(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every counter in its present window, what other nodes took apart: what this node has to tell
    /// them. Not all of one moment.
    pub fn entries(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for shard in &self.shards {
            // Looked at after the lock: calls look for counters meanwhile.
            let counters: Vec<Arc<Counter>> = shard.read().values().flatten().cloned().collect();
            entries.extend(counters.iter().map(|counter| counter.entry(now)));
        }
        entries
    }

    /// What a restart must not forget.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        let mut entries = self.entries(now);
        entries.retain(|entry| entry.window.lasts() && entry.used > 0);
        Snapshot { entries }
    }

    /// Counts at least what was counted before a restart, as far as its windows last.
    ///
    /// # Errors
    ///
    /// When there was not room for all.
    pub fn restore(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), Full> {
        let mut full = Ok(());
        let lasting = snapshot.entries.iter().filter(|it| it.window.lasts() && it.used > 0);
        // A window that is ahead was written before the clock went back.
        for entry in lasting.filter(|it| it.starts_day >= Entry::day(it.window, now)) {
            match self.applied(&entry.limit(), &entry.id, now) {
                Ok(applied) => applied.counter.restore(entry.used, now),
                Err(error) => full = Err(error),
            }
        }
        full
    }

    /// Notes what all other nodes together took, in place of what was noted before: the shared total
    /// without what this node has told of its own. `of` names the counter and its window; when that
    /// is not the present one, nothing is noted. What others took in a minute, or have in flight, is
    /// told again within a minute, else it counts no more.
    ///
    /// # Errors
    ///
    /// When there is no counter for it and no room for one.
    pub fn observed(&self, of: &Entry, elsewhere: u64, now: Timestamp) -> Result<bool, Full> {
        let is_present = of.starts_day == Entry::day(of.window, now);
        if is_present {
            self.applied(&of.limit(), &of.id, now)?.counter.observed(elsewhere, now);
        }
        Ok(is_present)
    }

    fn shard(&self, scope: Scope, id: &str) -> Option<&RwLock<Shard>> {
        let first = Scope::ALL.iter().position(|it| *it == scope)?.checked_mul(SHARDS)?;
        let shards = u64::try_from(SHARDS).ok()?;
        let offset = usize::try_from(self.hasher.hash_one(id).checked_rem(shards)?).ok()?;
        self.shards.get(first.checked_add(offset)?)
    }

    fn insert(
        &self,
        shard: &mut Shard,
        limit: &Limit,
        (id, place): (&str, Option<SharePlace>),
        now: Timestamp,
    ) -> Result<Arc<Counter>, Full> {
        // Somebody else may have been quicker.
        if let Some(counter) = find(shard, limit, id) {
            return Ok(counter);
        }
        let room = |held: usize| (held < self.capacity).then(|| held.saturating_add(1));
        self.held.try_update(Relaxed, Relaxed, room).map_err(|_| Full)?;
        let id = shard.get_key_value(id).map_or_else(|| Arc::from(id), |(id, _)| Arc::clone(id));
        let order = self.made.fetch_add(1, Relaxed);
        let counter = Counter::new(order, limit, Arc::clone(&id), now).placed(place);
        let counter = Arc::new(counter);
        shard.entry(id).or_default().push(Arc::clone(&counter));
        Ok(counter)
    }
}

fn find(shard: &Shard, limit: &Limit, id: &str) -> Option<Arc<Counter>> {
    let counters = shard.get(id)?;
    let is_it = |it: &&Arc<Counter>| it.measure == limit.measure && it.window == limit.window;
    counters.iter().find(is_it).cloned()
}
