//! Days, weeks and months, all UTC.
//!
//! A day is the number of whole days since the epoch, so that the arithmetic is exact for every
//! [`Timestamp`], and the calendar is needed for months only.

use std::ops::Range;

use crate::Timestamp;

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

    /// The day's first instant, held at the ends of the range.
    pub const fn starts_at(self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.saturating_mul(MILLIS_PER_DAY))
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

    /// The day itself.
    pub const fn day(&self) -> UtcDay {
        self.day
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

    #[test]
    fn a_day_starts_at_midnight() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(day("2028-02-29").starts_at(), at("2028-02-29T00:00:00Z"));
        assert_eq!(UtcDay::from_days(-1).starts_at(), at("1969-12-31T00:00:00Z"));
        assert_eq!(UtcDay::from_days(i64::MAX).starts_at(), Timestamp::from_unix_millis(i64::MAX));
    }

    proptest! {
        #[test]
        fn every_instant_has_windows_around_it(millis in any::<i64>()) {
            let windows = UsageWindows::at(Timestamp::from_unix_millis(millis));
            prop_assert!(windows.day.starts_at() <= Timestamp::from_unix_millis(millis));
            prop_assert!(windows.week.contains(&windows.day));
            prop_assert!(windows.month.contains(&windows.day));
            prop_assert_eq!(windows.week.end.days() - windows.week.start.days(), 7);
        }
    }
}
