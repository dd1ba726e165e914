//! What keys have spent, by calendar period.
//!
//! Backends count per UTC day and add days up when asked. A day is the number of whole days since
//! the epoch, so that the arithmetic is exact for every [`Timestamp`], and the calendar is needed
//! for months only. Amounts are held at the ends of their range rather than overflowing: an
//! absurd bill must not stop the records of honest ones.

use std::ops::Range;

use async_trait::async_trait;
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::StoreError;

/// A UTC day, as whole days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcDay(i64);

const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS_PER_WEEK: i64 = 7;
/// 1970-01-01 was a Thursday, three days after a Monday.
const EPOCH_DAYS_AFTER_MONDAY: i64 = 3;

impl UtcDay {
    /// The day an instant falls on.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.unix_millis().div_euclid(MILLIS_PER_DAY))
    }

    /// The day this many days after the epoch, as stored.
    pub const fn from_days(days: i64) -> Self {
        Self(days)
    }

    /// Days since the epoch, to store.
    pub const fn days(self) -> i64 {
        self.0
    }
}

/// The day, week and month that an instant falls in, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageWindows {
    day: UtcDay,
    week: Range<UtcDay>,
    month: Range<UtcDay>,
}

impl UsageWindows {
    /// The periods around `now`. Weeks start on Monday.
    ///
    /// An instant outside the calendar (years -9999 to 9999) has January 1970's month length
    /// starting on its own day; no clock shows one.
    pub fn at(now: Timestamp) -> Self {
        let day = UtcDay::of(now);
        let date = now.utc_date();
        let into_week = day.0.saturating_add(EPOCH_DAYS_AFTER_MONDAY).rem_euclid(DAYS_PER_WEEK);
        let into_month = i64::from(date.day()).saturating_sub(1);
        Self {
            day,
            week: days(day, into_week, DAYS_PER_WEEK),
            month: days(day, into_month, i64::from(date.days_in_month())),
        }
    }

    /// The days of the week, from Monday.
    pub const fn week(&self) -> &Range<UtcDay> {
        &self.week
    }

    /// The days of the month.
    pub const fn month(&self) -> &Range<UtcDay> {
        &self.month
    }

    /// The days that any of the periods needs, first to last (exclusive): what to read.
    pub fn span(&self) -> Range<UtcDay> {
        self.week.start.min(self.month.start)..self.week.end.max(self.month.end)
    }
}

fn days(day: UtcDay, into_period: i64, length: i64) -> Range<UtcDay> {
    let start = day.0.saturating_sub(into_period);
    UtcDay(start)..UtcDay(start.saturating_add(length))
}

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

    /// Counts one day's spend in those periods of `windows` that it falls in.
    pub fn add_day(&mut self, windows: &UsageWindows, day: UtcDay, usage: &DayUsage) {
        if windows.day == day {
            self.daily = self.daily.saturating_add(usage.spent);
            self.byok_daily = self.byok_daily.saturating_add(usage.byok);
        }
        if windows.week.contains(&day) {
            self.weekly = self.weekly.saturating_add(usage.spent);
            self.byok_weekly = self.byok_weekly.saturating_add(usage.byok);
        }
        if windows.month.contains(&day) {
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(rfc3339: &str) -> UsageWindows {
        UsageWindows::at(Timestamp::parse_rfc3339(rfc3339).unwrap())
    }

    fn day(date: &str) -> UtcDay {
        UtcDay::of(Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z")).unwrap())
    }

    #[test]
    fn weeks_start_on_monday_and_months_on_the_first() {
        let sunday = windows("2026-03-01T23:59:59.999Z");
        assert_eq!(sunday.day, day("2026-03-01"));
        assert_eq!(sunday.week, day("2026-02-23")..day("2026-03-02"));
        assert_eq!(sunday.month, day("2026-03-01")..day("2026-04-01"));
        assert_eq!(sunday.span(), day("2026-02-23")..day("2026-04-01"));
        let monday = windows("2026-03-02T00:00:00Z");
        assert_eq!(monday.week, day("2026-03-02")..day("2026-03-09"));
        let leap = windows("2028-02-29T12:00:00Z");
        assert_eq!(leap.month, day("2028-02-01")..day("2028-03-01"));
        let before_the_epoch = windows("1969-12-31T23:59:59Z");
        assert_eq!(before_the_epoch.day, UtcDay::from_days(-1));
        assert_eq!(before_the_epoch.week, day("1969-12-29")..day("1970-01-05"));
        assert_eq!(before_the_epoch.month, day("1969-12-01")..day("1970-01-01"));
    }

    proptest! {
        #[test]
        fn every_instant_has_windows_around_it(millis in any::<i64>()) {
            let windows = UsageWindows::at(Timestamp::from_unix_millis(millis));
            prop_assert!(windows.week.contains(&windows.day));
            prop_assert!(windows.month.contains(&windows.day));
            prop_assert_eq!(windows.week.end.days() - windows.week.start.days(), 7);
        }
    }
}
