//! Instants as the stores and the wire hold them.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An instant in whole milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MILLIS_PER_SECOND: i64 = 1_000;

impl Timestamp {
    /// The instant `millis` milliseconds after the epoch.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_SECOND)
    }

    /// The instant `millis` later (or earlier, when negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// So much later, in whole milliseconds.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        self.plus_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    }

    /// Milliseconds from `earlier` to here, negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day this instant falls on; the epoch's day outside the calendar's range.
    pub fn utc_date(self) -> Date {
        self.calendar().to_zoned(TimeZone::UTC).date()
    }

    /// RFC 3339 in UTC with milliseconds, as management answers carry it.
    pub fn to_rfc3339(self) -> String {
        format!("{:.3}", self.calendar())
    }

    /// RFC 2822 in UTC, as feeds carry it.
    pub fn to_rfc2822(self) -> String {
        self.calendar().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// Reads an RFC 3339 instant.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    /// Reads an RFC 2822 instant, which an HTTP date (RFC 9110 §5.6.7) is too.
    pub fn parse_rfc2822(text: &str) -> Option<Self> {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self(at.as_millisecond()))
    }

    fn calendar(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_rfc3339() {
        let at = Timestamp::from_unix_millis(1_790_000_000_123);
        assert_eq!(at.to_rfc3339(), "2026-09-21T14:13:20.123Z");
        assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Some(at));
        assert_eq!(at.to_rfc2822(), "Mon, 21 Sep 2026 14:13:20 +0000");
        let whole = Timestamp::from_unix_millis(1_790_000_000_000);
        assert_eq!(Timestamp::parse_rfc2822(&at.to_rfc2822()), Some(whole));
        assert_eq!(Timestamp::parse_rfc2822("Mon, 21 Sep 2026 14:13:20 GMT"), Some(whole));
        assert_eq!(Timestamp::parse_rfc2822("tomorrow"), None);
        assert_eq!(at.unix_seconds(), 1_790_000_000);
        assert_eq!(at.utc_date().to_string(), "2026-09-21");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}
