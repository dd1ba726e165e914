//! The keys this node knows, in memory, with what each has spent.
//!
//! A call is admitted against this snapshot. It is loaded from the store at start, reloaded when
//! the store's revision moves (another process may have made or disabled a key), and asked for
//! one by one when an unknown key comes.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tollgate_limits::Applied;
use tollgate_routing::Restriction;
use tollgate_store::{
    FormerSecret, KeyRecord, KeyUsage, ResetInterval, StoreError, Stores, UsageWindows, UtcDay,
};
use tollgate_types::{ApiKey, Chain, KeyHash, Pepper, Timestamp, Usd};

use crate::own::restriction_of;
use crate::purse::{Need, Short};

/// One key: its record, and its spend so far.
#[derive(Debug)]
pub struct KeyEntry {
    /// The record as last read.
    pub record: KeyRecord,
    spend: Arc<Mutex<Spend>>,
    restriction: Option<Restriction>,
    /// The hash that its counts go by: the one that this node has known it by first, so that what
    /// limits have counted outlives a rotation.
    counted_as: KeyHash,
    /// Its own limits with what they have counted, once a call has asked.
    pub(crate) limits: OnceLock<Vec<Applied>>,
}

#[derive(Debug)]
struct Spend {
    /// What calls under way may cost.
    held: Usd,
    /// Whether one is under way that may cost more than it holds: there is one at a time.
    uncovered: bool,
    windows: UsageWindows,
    day: UtcDay,
    usage: KeyUsage,
}

/// What a call holds of its key's limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HeldOfLimit {
    amount: Usd,
    /// Whether it may cost more than that.
    uncovered: bool,
}

/// A key's limit, as it stands when a call does not fit into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentLimit {
    /// The limit.
    pub limit: Usd,
    /// What is spent of it, with what calls under way hold.
    pub spent: Usd,
    /// When it starts again; never when absent.
    pub resets_at: Option<Timestamp>,
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
    /// The key is good, but not for use from this address; `None` where the address is not known.
    #[error("This key may not be used from {}", .0.map_or_else(|| "an address that is not known".to_owned(), |it| it.to_string()))]
    Address(Option<IpAddr>),
    /// The store could not be asked; never told as a bad key.
    #[error("Keys can't be checked right now. Please retry shortly")]
    Unavailable,
}

/// Every key this node knows.
#[derive(Debug)]
pub struct KeyRing {
    stores: Stores,
    pepper: Pepper,
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
    /// Secrets that were rotated away and work until an instant, each with its key.
    former: HashMap<KeyHash, (Timestamp, Arc<KeyEntry>)>,
}

const LOOKUPS_MAX: usize = 4;

impl KeyEntry {
    fn new(record: KeyRecord, usage: KeyUsage, now: Timestamp) -> Self {
        let (windows, day) = (UsageWindows::at(now), UtcDay::of(now));
        let spend = Spend { held: Usd::ZERO, uncovered: false, windows, day, usage };
        Self {
            restriction: restriction_of(&record),
            counted_as: record.hash,
            record,
            spend: Arc::new(Mutex::new(spend)),
            limits: OnceLock::new(),
        }
    }

    /// The same key with another record: what was spent since the last flush is in memory only, and
    /// calls under way go on counting.
    fn with(&self, record: KeyRecord) -> Self {
        Self {
            restriction: restriction_of(&record),
            counted_as: self.counted_as,
            record,
            spend: Arc::clone(&self.spend),
            limits: OnceLock::new(),
        }
    }

    /// What the key may be used for, where it may not be used for everything.
    pub(crate) const fn restriction(&self) -> Option<&Restriction> {
        self.restriction.as_ref()
    }

    /// The hash that its counts go by.
    pub(crate) const fn counted_as(&self) -> KeyHash {
        self.counted_as
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

    /// How the key's limit stands; `None` without one.
    pub(crate) fn spent_limit(&self, now: Timestamp) -> Option<SpentLimit> {
        let limit = self.record.limit?;
        let mut spend = self.spend.lock();
        let gone = self.of_limit(&spend.at(now).usage);
        let windows = UsageWindows::at(now);
        let next = self.record.limit_reset.map(|reset| match reset {
            ResetInterval::Daily => UtcDay::from_days(windows.day().days().saturating_add(1)),
            ResetInterval::Weekly => windows.week().end,
            ResetInterval::Monthly => windows.month().end,
        });
        Some(SpentLimit {
            limit,
            spent: gone.saturating_add(spend.held).max(Usd::ZERO),
            resets_at: next.map(UtcDay::starts_at),
        })
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

    /// Holds what a call may cost of what is left of the limit. Of those that may cost more than that
    /// one is under way at a time.
    pub(crate) fn hold(&self, need: Need, now: Timestamp) -> Result<HeldOfLimit, Short> {
        let Some(limit) = self.record.limit else { return Ok(HeldOfLimit::default()) };
        let mut spend = self.spend.lock();
        let gone = self.of_limit(&spend.at(now).usage);
        let unspent = limit.checked_sub(gone).unwrap_or(Usd::ZERO);
        let left = unspent.checked_sub(spend.held).unwrap_or(Usd::ZERO).max(Usd::ZERO);
        let uncovered = !need.is_covered(left);
        let amount = if uncovered { need.part_of(left) } else { Some(need.most) };
        if let Some(amount) = amount {
            if uncovered && spend.uncovered {
                return Err(Short::InFlight);
            }
            spend.uncovered |= uncovered;
            spend.held = spend.held.saturating_add(amount);
            return Ok(HeldOfLimit { amount, uncovered });
        }
        Err(if unspent <= Usd::ZERO {
            Short::Empty
        } else if unspent >= need.least && spend.held > Usd::ZERO {
            Short::InFlight
        } else {
            Short::Less { available: left }
        })
    }

    /// Ends a hold of a call that was none.
    pub(crate) fn give_back(&self, held: HeldOfLimit) {
        let mut spend = self.spend.lock();
        spend.held = spend.held.checked_sub(held.amount).unwrap_or(Usd::ZERO);
        spend.uncovered &= !held.uncovered;
    }

    /// Adds a call's cost, and what a provider takes of the caller for it, in the place of what it
    /// held.
    pub(crate) fn spent(&self, (cost, byok): (Usd, Usd), held: HeldOfLimit, now: Timestamp) {
        self.give_back(held);
        let mut spend = self.spend.lock();
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

    fn check(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), AuthError> {
        self.may_be_used(now)?;
        let Some(ranges) = &self.record.allowed_addresses else { return Ok(()) };
        let is_in = |address: IpAddr| ranges.iter().any(|range| range.contains(address));
        if address.is_some_and(is_in) { Ok(()) } else { Err(AuthError::Address(address)) }
    }

    /// Whether it may be used at all, from wherever.
    fn may_be_used(&self, now: Timestamp) -> Result<(), AuthError> {
        if self.record.disabled {
            return Err(AuthError::Disabled);
        }
        if self.record.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthError::Expired);
        }
        Ok(())
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
    /// Loads every key; hashes are made with `pepper`.
    pub async fn load(
        stores: Stores,
        pepper: Pepper,
        configured: Option<KeyRecord>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let ring = Self {
            stores,
            pepper,
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
        let records: Vec<KeyRecord> = records.collect();
        let renamed = self.renamed(&current, &records).await?;
        let mut next = Snapshot { revision: Some(revision), ..Snapshot::default() };
        for record in records {
            let hash = record.hash;
            let known = current.keys.get(&hash).or_else(|| renamed.get(&hash));
            let entry = Arc::new(if let Some(known) = known {
                known.with(record)
            } else {
                KeyEntry::new(record, usages.get(&hash).copied().unwrap_or_default(), now)
            });
            let of_former = |it: &FormerSecret| (it.hash, (it.until, Arc::clone(&entry)));
            next.former.extend(entry.record.former.iter().map(of_former));
            next.keys.insert(hash, entry);
        }
        self.snapshot.store(Arc::new(next));
        Ok(true)
    }

    /// Takes up what other nodes have recorded for these keys: a key has spent what the store says,
    /// or what this node knows where that is more.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub(crate) async fn follow_spend(
        &self,
        known: &[Arc<KeyEntry>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let usages: HashMap<KeyHash, KeyUsage> =
            self.stores.usage.all_key_usage(now).await?.into_iter().collect();
        for entry in known {
            if let Some(usage) = usages.get(&entry.record.hash) {
                entry.spend.lock().at(now).usage.raise(usage);
            }
        }
        Ok(())
    }

    /// Every known key.
    pub(crate) fn entries(&self) -> Vec<Arc<KeyEntry>> {
        self.snapshot.load().keys.values().cloned().collect()
    }

    /// What this node knows of keys that were rotated since, by the hash that each has now.
    async fn renamed(
        &self,
        current: &Snapshot,
        records: &[KeyRecord],
    ) -> Result<HashMap<KeyHash, Arc<KeyEntry>>, StoreError> {
        let there: HashSet<KeyHash> = records.iter().map(|record| record.hash).collect();
        let gone = current.keys.keys().filter(|hash| !there.contains(hash));
        let gone: Vec<KeyHash> = gone.copied().collect();
        if gone.is_empty() {
            return Ok(HashMap::new());
        }
        let successors = self.stores.keys.successors(&gone).await?;
        let entry = |(old, new)| Some((new, Arc::clone(current.keys.get(&old)?)));
        Ok(successors.into_iter().filter_map(entry).collect())
    }

    /// Finds the key a caller sent from `address`, if that is known.
    ///
    /// # Errors
    ///
    /// Says whether it is missing, unknown, disabled, expired or used from elsewhere, or that the
    /// store is away.
    pub async fn authenticate(
        &self,
        key: Option<&ApiKey>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Arc<KeyEntry>, AuthError> {
        let hash = self.hash(key.ok_or(AuthError::Missing)?);
        let entry = match self.opened_by(hash, now) {
            Some(entry) => entry,
            None => self.look_up(hash, now).await?,
        };
        entry.check(address, now)?;
        Ok(entry)
    }

    /// The key that a secret opens: its own, or the one that it was rotated away from a while ago.
    fn opened_by(&self, hash: KeyHash, now: Timestamp) -> Option<Arc<KeyEntry>> {
        let snapshot = self.snapshot.load();
        if let Some(entry) = snapshot.keys.get(&hash) {
            return Some(Arc::clone(entry));
        }
        let (until, entry) = snapshot.former.get(&hash)?;
        (now < *until).then(|| Arc::clone(entry))
    }

    /// What a key is stored and known under.
    pub fn hash(&self, key: &ApiKey) -> KeyHash {
        self.pepper.hash(key)
    }

    /// A known key.
    pub fn get(&self, hash: KeyHash) -> Option<Arc<KeyEntry>> {
        self.snapshot.load().keys.get(&hash).cloned()
    }

    /// The key that has or had this hash, wherever it was rotated to since, if it may be used now.
    ///
    /// # Errors
    ///
    /// As [`authenticate`](Self::authenticate), from any address.
    pub(crate) async fn still(
        &self,
        hash: KeyHash,
        now: Timestamp,
    ) -> Result<Arc<KeyEntry>, AuthError> {
        let entry = if let Some(entry) = self.get(hash) {
            entry
        } else {
            let successors = self.stores.keys.successors(&[hash]).await;
            let successors = successors.map_err(|_| AuthError::Unavailable)?;
            let hash = successors.first().map_or(hash, |(_, successor)| *successor);
            match self.get(hash) {
                Some(entry) => entry,
                None => self.look_up(hash, now).await?,
            }
        };
        entry.may_be_used(now)?;
        Ok(entry)
    }

    /// An unknown key may have been made by another process a moment ago.
    async fn look_up(&self, hash: KeyHash, now: Timestamp) -> Result<Arc<KeyEntry>, AuthError> {
        let unavailable = |error: StoreError| {
            tracing::warn!(error = %Chain(&error), "keys can't be read");
            AuthError::Unavailable
        };
        let _place = self.lookups.acquire().await.map_err(|_| AuthError::Unavailable)?;
        self.refresh(now).await.map_err(unavailable)?;
        self.opened_by(hash, now).ok_or(AuthError::Unknown)
    }
}
