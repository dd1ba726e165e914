//! The keys this node knows, in memory, with what each has spent.
//!
//! A call is admitted against this snapshot. It is loaded from the store at start, reloaded when
//! the store's revision moves (another process may have made or disabled a key), and asked for
//! one by one when an unknown key comes.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tollgate_store::{
    KeyRecord, KeyUsage, ResetInterval, StoreError, Stores, UsageWindows, UtcDay,
};
use tollgate_types::{ApiKey, Chain, KeyHash, Timestamp, Usd};

use crate::purse::{Need, Short};

/// One key: its record, and its spend so far.
#[derive(Debug)]
pub struct KeyEntry {
    /// The record as last read.
    pub record: KeyRecord,
    spend: Arc<Mutex<Spend>>,
}

#[derive(Debug)]
struct Spend {
    /// What calls under way may cost.
    held: Usd,
    windows: UsageWindows,
    day: UtcDay,
    usage: KeyUsage,
}

/// Why a key does not open the door. The caller learns no more than these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No key was sent.
    #[error("Missing Authentication header: send your key as `Authorization: Bearer sk-or-v1-…`")]
    Missing,
    /// Nobody has this key.
    #[error(
        "User not found: this key is not known here. Check it, or create one with `tollgate keys create`"
    )]
    Unknown,
    /// The key was switched off.
    #[error("This key is disabled")]
    Disabled,
    /// The key's time is over.
    #[error("This key has expired")]
    Expired,
    /// The store could not be asked; never told as a bad key.
    #[error("Keys can't be checked right now. Please retry shortly")]
    Unavailable,
}

/// Every key this node knows.
#[derive(Debug)]
pub struct KeyRing {
    stores: Stores,
    snapshot: ArcSwap<Snapshot>,
    /// A key that no store knows, accepted by configuration.
    configured: Option<KeyRecord>,
    /// Bounds how many unknown keys are looked up at once.
    lookups: Semaphore,
    reloading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Snapshot {
    revision: Option<u64>,
    keys: HashMap<KeyHash, Arc<KeyEntry>>,
}

const LOOKUPS_MAX: usize = 4;

impl KeyEntry {
    fn new(record: KeyRecord, usage: KeyUsage, now: Timestamp) -> Self {
        let (windows, day) = (UsageWindows::at(now), UtcDay::of(now));
        let spend = Spend { held: Usd::ZERO, windows, day, usage };
        Self { record, spend: Arc::new(Mutex::new(spend)) }
    }

    /// A key that has spent nothing.
    pub(crate) fn unspent(record: KeyRecord, now: Timestamp) -> Self {
        Self::new(record, KeyUsage::default(), now)
    }

    /// What the key has spent, as of `now`.
    pub fn usage(&self, now: Timestamp) -> KeyUsage {
        self.spend.lock().at(now).usage
    }

    /// What is left of the key's limit; `None` without one.
    pub fn limit_remaining(&self, now: Timestamp) -> Option<Usd> {
        let limit = self.record.limit?;
        let spent = self.spent_of_limit(now);
        Some(limit.checked_sub(spent).unwrap_or(Usd::ZERO).max(Usd::ZERO))
    }

    /// Which share of its limit the key has spent, from 0; `None` without a limit. For rules, which
    /// may be a little late; admission looks at what is left.
    pub fn share_spent(&self, now: Timestamp) -> Option<f64> {
        let limit = self.record.limit?;
        let limit = i128::from(limit.nanos()).max(1);
        let spent = i128::from(self.spent_of_limit(now).nanos()).max(0);
        let millionths = u32::try_from(spent.saturating_mul(1_000_000) / limit);
        Some(f64::from(millionths.unwrap_or(u32::MAX)) / 1e6)
    }

    /// What was spent since the limit was last reset.
    fn spent_of_limit(&self, now: Timestamp) -> Usd {
        self.of_limit(&self.usage(now))
    }

    /// What of it counts against the limit.
    fn of_limit(&self, usage: &KeyUsage) -> Usd {
        let (spent, byok) = match self.record.limit_reset {
            None => (usage.total, usage.byok_total),
            Some(ResetInterval::Daily) => (usage.daily, usage.byok_daily),
            Some(ResetInterval::Weekly) => (usage.weekly, usage.byok_weekly),
            Some(ResetInterval::Monthly) => (usage.monthly, usage.byok_monthly),
        };
        if self.record.include_byok_in_limit { spent.saturating_add(byok) } else { spent }
    }

    /// Holds what a call may cost of what is left of the limit, and says how much.
    pub(crate) fn hold(&self, need: Need, now: Timestamp) -> Result<Usd, Short> {
        let Some(limit) = self.record.limit else { return Ok(Usd::ZERO) };
        let mut spend = self.spend.lock();
        let gone = self.of_limit(&spend.at(now).usage);
        let unspent = limit.checked_sub(gone).unwrap_or(Usd::ZERO);
        let left = unspent.checked_sub(spend.held).unwrap_or(Usd::ZERO).max(Usd::ZERO);
        let amount = need.most.min(left);
        if amount >= need.least && amount > Usd::ZERO {
            spend.held = spend.held.saturating_add(amount);
            return Ok(amount);
        }
        Err(if unspent <= Usd::ZERO {
            Short::Empty
        } else if unspent >= need.least && spend.held > Usd::ZERO {
            Short::InFlight
        } else {
            Short::Less { available: left }
        })
    }

    /// Adds a call's cost, and what a provider takes of the caller for it, in the place of what it
    /// held.
    pub(crate) fn spent(&self, (cost, byok): (Usd, Usd), held: Usd, now: Timestamp) {
        let mut spend = self.spend.lock();
        spend.held = spend.held.checked_sub(held).unwrap_or(Usd::ZERO);
        let usage = &mut spend.at(now).usage;
        usage.total = usage.total.saturating_add(cost);
        usage.daily = usage.daily.saturating_add(cost);
        usage.weekly = usage.weekly.saturating_add(cost);
        usage.monthly = usage.monthly.saturating_add(cost);
        usage.byok_total = usage.byok_total.saturating_add(byok);
        usage.byok_daily = usage.byok_daily.saturating_add(byok);
        usage.byok_weekly = usage.byok_weekly.saturating_add(byok);
        usage.byok_monthly = usage.byok_monthly.saturating_add(byok);
        usage.requests = usage.requests.saturating_add(1);
    }

    fn check(&self, now: Timestamp) -> Result<(), AuthError> {
        if self.record.disabled {
            return Err(AuthError::Disabled);
        }
        match self.record.expires_at {
            Some(end) if end <= now => Err(AuthError::Expired),
            _ => Ok(()),
        }
    }
}

impl Spend {
    /// Empties the windows that have passed. A clock that steps back empties nothing.
    fn at(&mut self, now: Timestamp) -> &mut Self {
        let day = UtcDay::of(now);
        if day > self.day {
            let windows = UsageWindows::at(now);
            self.usage.daily = Usd::ZERO;
            self.usage.byok_daily = Usd::ZERO;
            if windows.week() != self.windows.week() {
                self.usage.weekly = Usd::ZERO;
                self.usage.byok_weekly = Usd::ZERO;
            }
            if windows.month() != self.windows.month() {
                self.usage.monthly = Usd::ZERO;
                self.usage.byok_monthly = Usd::ZERO;
            }
            self.windows = windows;
            self.day = day;
        }
        self
    }
}

impl KeyRing {
    /// Loads every key.
    pub async fn load(
        stores: Stores,
        configured: Option<KeyRecord>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let ring = Self {
            stores,
            snapshot: ArcSwap::default(),
            configured,
            lookups: Semaphore::new(LOOKUPS_MAX),
            reloading: tokio::sync::Mutex::new(()),
        };
        ring.refresh(now).await?;
        Ok(ring)
    }

    /// Reloads the keys if the store's revision has moved. Returns whether it had.
    ///
    /// Cancel safe: the snapshot is swapped whole or not at all.
    pub async fn refresh(&self, now: Timestamp) -> Result<bool, StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let revision = self.stores.keys.revision().await?;
        let current = self.snapshot.load_full();
        if current.revision == Some(revision) {
            return Ok(false);
        }
        let usages: HashMap<KeyHash, KeyUsage> =
            self.stores.usage.all_key_usage(now).await?.into_iter().collect();
        let records = self.stores.keys.all().await?.into_iter().chain(self.configured.clone());
        let keys = records.map(|record| {
            let entry = if let Some(known) = current.keys.get(&record.hash) {
                // What was spent since the last flush is in memory only.
                KeyEntry { record, spend: Arc::clone(&known.spend) }
            } else {
                let usage = usages.get(&record.hash).copied().unwrap_or_default();
                KeyEntry::new(record, usage, now)
            };
            (entry.record.hash, Arc::new(entry))
        });
        self.snapshot.store(Arc::new(Snapshot { revision: Some(revision), keys: keys.collect() }));
        Ok(true)
    }

    /// Finds the key a caller sent.
    ///
    /// # Errors
    ///
    /// Says whether it is missing, unknown, disabled or expired, or that the store is away.
    pub async fn authenticate(
        &self,
        key: Option<&ApiKey>,
        now: Timestamp,
    ) -> Result<Arc<KeyEntry>, AuthError> {
        let hash = key.ok_or(AuthError::Missing)?.hash();
        let entry = match self.get(hash) {
            Some(entry) => entry,
            None => self.look_up(hash, now).await?,
        };
        entry.check(now)?;
        Ok(entry)
    }

    /// A known key.
    pub fn get(&self, hash: KeyHash) -> Option<Arc<KeyEntry>> {
        self.snapshot.load().keys.get(&hash).cloned()
    }

    /// An unknown key may have been made by another process a moment ago.
    async fn look_up(&self, hash: KeyHash, now: Timestamp) -> Result<Arc<KeyEntry>, AuthError> {
        let unavailable = |error: StoreError| {
            tracing::warn!(error = %Chain(&error), "keys can't be read");
            AuthError::Unavailable
        };
        let _place = self.lookups.acquire().await.map_err(|_| AuthError::Unavailable)?;
        self.refresh(now).await.map_err(unavailable)?;
        self.get(hash).ok_or(AuthError::Unknown)
    }
}
