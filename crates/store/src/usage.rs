//! What keys have spent, by calendar period.
//!
//! Backends count per UTC day and add days up when asked. Amounts are held at the ends of their
//! range rather than overflowing: an absurd bill must not stop the records of honest ones.

use async_trait::async_trait;
use tollgate_ledger::AccountId;
use tollgate_types::{KeyHash, Month, Timestamp, UsageWindows, Usd, UtcDay};

use crate::{ActivityQuery, ActivityRow, Span, StoreError};

/// What one key spent on one day, or one key or account ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayUsage {
    /// Charged by this gateway.
    pub spent: Usd,
    /// Charged by providers to the caller's own accounts there.
    pub byok: Usd,
    /// Generations.
    pub requests: u64,
}

impl DayUsage {
    /// Adds `other`, held at the ends of the range.
    pub fn add(&mut self, other: &Self) {
        self.spent = self.spent.saturating_add(other.spent);
        self.byok = self.byok.saturating_add(other.byok);
        self.requests = self.requests.saturating_add(other.requests);
    }
}

/// What a key has spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Ever.
    pub total: Usd,
    /// On the UTC day asked for.
    pub daily: Usd,
    /// In its week, Monday to Sunday.
    pub weekly: Usd,
    /// In its calendar month.
    pub monthly: Usd,
    /// Like `total`, at the caller's own provider accounts.
    pub byok_total: Usd,
    /// Like `daily`, at the caller's own provider accounts.
    pub byok_daily: Usd,
    /// Like `weekly`, at the caller's own provider accounts.
    pub byok_weekly: Usd,
    /// Like `monthly`, at the caller's own provider accounts.
    pub byok_monthly: Usd,
    /// Generations ever.
    pub requests: u64,
}

impl KeyUsage {
    /// The counters of a key before its days are added.
    pub fn of_total(ever: &DayUsage) -> Self {
        Self {
            total: ever.spent,
            byok_total: ever.byok,
            requests: ever.requests,
            ..Self::default()
        }
    }

    /// Takes what another knows of it where that is more. Both must be of the same time.
    pub fn raise(&mut self, other: &Self) {
        self.total = self.total.max(other.total);
        self.daily = self.daily.max(other.daily);
        self.weekly = self.weekly.max(other.weekly);
        self.monthly = self.monthly.max(other.monthly);
        self.byok_total = self.byok_total.max(other.byok_total);
        self.byok_daily = self.byok_daily.max(other.byok_daily);
        self.byok_weekly = self.byok_weekly.max(other.byok_weekly);
        self.byok_monthly = self.byok_monthly.max(other.byok_monthly);
        self.requests = self.requests.max(other.requests);
    }

    /// Counts one day's spend in those periods of `windows` that it falls in.
    pub fn add_day(&mut self, windows: &UsageWindows, day: UtcDay, usage: &DayUsage) {
        if windows.day() == day {
            self.daily = self.daily.saturating_add(usage.spent);
            self.byok_daily = self.byok_daily.saturating_add(usage.byok);
        }
        if windows.week().contains(&day) {
            self.weekly = self.weekly.saturating_add(usage.spent);
            self.byok_weekly = self.byok_weekly.saturating_add(usage.byok);
        }
        if windows.month().contains(&day) {
            self.monthly = self.monthly.saturating_add(usage.spent);
            self.byok_monthly = self.byok_monthly.saturating_add(usage.byok);
        }
    }
}

/// What all keys have spent together, deleted ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountUsage {
    /// Charged by this gateway.
    pub total: Usd,
    /// Charged by providers to callers' own accounts there.
    pub byok_total: Usd,
    /// Generations.
    pub requests: u64,
}

impl From<DayUsage> for AccountUsage {
    fn from(ever: DayUsage) -> Self {
        Self { total: ever.spent, byok_total: ever.byok, requests: ever.requests }
    }
}

/// What the calls of a workspace came to on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceDay {
    /// Whose.
    pub workspace_id: String,
    /// The UTC day on which they were admitted.
    pub day: UtcDay,
    /// The sums.
    pub usage: DayUsage,
}

/// Reads spend counters. They are written by [`crate::GenerationStore::append`].
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// What a key has spent in the periods around `now`; zeros for one that never spent. The
    /// spend of a rotated key is its successor's.
    async fn key_usage(&self, hash: KeyHash, now: Timestamp) -> Result<KeyUsage, StoreError>;

    /// The same for every key that ever spent, by hash, at one moment. Deleted keys included.
    async fn all_key_usage(&self, now: Timestamp) -> Result<Vec<(KeyHash, KeyUsage)>, StoreError>;

    /// What all keys have spent together.
    async fn account_usage(&self) -> Result<AccountUsage, StoreError>;

    /// What each workspace has spent since the beginning of a day, or ever when that is absent: those
    /// with calls, by id.
    async fn spent_since(
        &self,
        from: Option<UtcDay>,
    ) -> Result<Vec<(String, DayUsage)>, StoreError>;

    /// The same for each day from that one on: those with calls, by workspace and day.
    async fn spent_by_day(&self, from: UtcDay) -> Result<Vec<WorkspaceDay>, StoreError>;

    /// What calls of a month that were met with keys of the callers' own cost there, by the account
    /// that they were made for: those with any. Held at the ends of the range.
    async fn own_keys_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError>;

    /// What was used, added up by day, or by hour or minute where that is asked for, the newest
    /// first, and by the other names of a row.
    async fn activity(&self, query: &ActivityQuery) -> Result<Vec<ActivityRow>, StoreError>;

    /// Removes the sums of the oldest hour, or minute, that is over at an instant, and says whether
    /// there was one. Sums by day stay, and so do records.
    async fn remove_part_before(&self, span: Span, before: Timestamp) -> Result<bool, StoreError>;
}
