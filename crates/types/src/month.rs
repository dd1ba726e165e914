//! Calendar months, UTC: what statements and commitments are about.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Timestamp, UtcDay};

/// A calendar month of the years 0 to 9999, such as 2026-10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: Date,
}

const MONTHS_A_YEAR: i64 = 12;

/// A text that is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month such as 2026-10")]
pub struct InvalidMonth(String);

impl Month {
    /// The month an instant falls in; January 1970 for one before the year 0.
    pub fn of(at: Timestamp) -> Self {
        let first = at.utc_date().first_of_month();
        Self { first: if first.year() < 0 { Date::constant(1970, 1, 1) } else { first } }
    }

    /// Months since January of the year 0: how stores keep it.
    pub fn number(self) -> i64 {
        let into_year = i64::from(self.first.month()).saturating_sub(1);
        i64::from(self.first.year()).saturating_mul(MONTHS_A_YEAR).saturating_add(into_year)
    }

    /// The month with this number; `None` where no month has it.
    pub fn from_number(number: i64) -> Option<Self> {
        let year = i16::try_from(number.div_euclid(MONTHS_A_YEAR)).ok().filter(|it| *it >= 0)?;
        let month = i8::try_from(number.rem_euclid(MONTHS_A_YEAR).saturating_add(1)).ok()?;
        Some(Self { first: Date::new(year, month, 1).ok()? })
    }

    /// The month behind this one; the last one stays.
    #[must_use]
    pub fn next(self) -> Self {
        let next = self.first.last_of_month().tomorrow();
        next.map_or(self, |first| Self { first })
    }

    /// The month before this one; the first one stays.
    #[must_use]
    pub fn previous(self) -> Self {
        let last = self.first.yesterday().ok().filter(|it| it.year() >= 0);
        last.map_or(self, |last| Self { first: last.first_of_month() })
    }

    /// From its first instant to the one behind its last.
    pub fn instants(self) -> Range<Timestamp> {
        let days = self.days();
        days.start.starts_at()..days.end.starts_at()
    }

    /// From its first day to the one behind its last.
    pub fn days(self) -> Range<UtcDay> {
        let midnight = self.first.to_zoned(TimeZone::UTC);
        let millis = midnight.map_or(0, |it| it.timestamp().as_millisecond());
        let start = UtcDay::of(Timestamp::from_unix_millis(millis));
        let end = start.days().saturating_add(self.first.days_in_month().into());
        start..UtcDay::from_days(end)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let wrong = || InvalidMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let is_number =
            |part: &str, digits| part.len() == digits && part.bytes().all(|it| it.is_ascii_digit());
        if !is_number(year, 4) || !is_number(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse());
        let first = Date::new(year, month.map_err(|_| wrong())?, 1).map_err(|_| wrong())?;
        Ok(Self { first })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn months_read_print_and_follow_each_other() {
        let december: Month = "2027-12".parse().unwrap();
        assert_eq!(december.to_string(), "2027-12");
        assert_eq!(december.next().to_string(), "2028-01");
        assert_eq!(december.next().previous(), december);
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let february: Month = "2028-02".parse().unwrap();
        assert_eq!(february.instants(), at("2028-02-01T00:00:00Z")..at("2028-03-01T00:00:00Z"));
        for bad in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-10-01", "+026-01"] {
            assert_eq!(bad.parse::<Month>(), Err(InvalidMonth(bad.to_owned())), "{bad}");
        }
        assert_eq!(december.number(), 2027 * 12 + 11);
        for number in [-1, 120_000, i64::MIN, i64::MAX] {
            assert_eq!(Month::from_number(number), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_in_its_month(millis in 0..253_402_300_799_999_i64) {
            let at = Timestamp::from_unix_millis(millis);
            let month = Month::of(at);
            prop_assert!(month.instants().contains(&at));
            prop_assert_eq!(month.to_string().parse::<Month>(), Ok(month));
            prop_assert_eq!(Month::from_number(month.number()), Some(month));
            let is_next = month.next().number() == month.number() + 1;
            prop_assert!(is_next || month.next() == month);
            prop_assert!(month.next() == month || month.next().instants().start == month.instants().end);
        }
    }
}
