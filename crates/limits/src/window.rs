//! Over which time a limit counts.
//!
//! A minute slides: what a call took counts until the same second of the next minute. Callers are
//! served best so. With minutes of the clock all who were refused would come back at once, at the
//! full minute, and could take twice the limit around it; a bucket that refills steadily lets twice
//! the limit through in its first minute, too. Here no minute of the clock has more than the limit,
//! and whoever is refused waits for what is needed to pass, not for the whole minute. It slides by
//! the second, because `Retry-After` is told in seconds.
//!
//! Longer windows are those of the calendar, in UTC (contract §1.3): people plan by days and months,
//! and read when they end.

use serde::{Deserialize, Serialize};
use tollgate_types::{Timestamp, UsageWindows, UtcDay};

/// Over which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// What running calls hold. Of requests: how many run at once.
    InFlight,
    /// The last sixty seconds.
    Minute,
    /// The UTC day.
    Day,
    /// The UTC week, from Monday.
    Week,
    /// The UTC calendar month.
    Month,
    /// Ever.
    Lifetime,
}

impl Window {
    /// Every window.
    const ALL: [Self; 6] =
        [Self::InFlight, Self::Minute, Self::Day, Self::Week, Self::Month, Self::Lifetime];

    /// Reads the word for it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// The word for it, as it is stored and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Lifetime => "lifetime",
        }
    }

    /// Whether a restart must not forget it.
    pub const fn lasts(self) -> bool {
        !matches!(self, Self::InFlight | Self::Minute)
    }

    /// Whether a time comes at which it begins anew.
    pub(crate) const fn ends(self) -> bool {
        !matches!(self, Self::InFlight | Self::Lifetime)
    }
}

/// One day, week or month; all time, for windows that never begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) starts: Timestamp,
    /// The first instant after it.
    pub(crate) ends: Timestamp,
}

const FIRST: Timestamp = Timestamp::from_unix_millis(i64::MIN);
const LAST: Timestamp = Timestamp::from_unix_millis(i64::MAX);

impl Period {
    /// The one that `now` is in.
    pub(crate) fn of(window: Window, now: Timestamp) -> Self {
        let days = match window {
            Window::InFlight | Window::Minute | Window::Lifetime => {
                return Self { starts: FIRST, ends: LAST };
            }
            Window::Day => {
                let day = UtcDay::of(now);
                day..UtcDay::from_days(day.days().saturating_add(1))
            }
            Window::Week => UsageWindows::at(now).week().clone(),
            Window::Month => UsageWindows::at(now).month().clone(),
        };
        Self { starts: days.start.starts_at(), ends: days.end.starts_at() }
    }

    pub(crate) fn contains(&self, at: Timestamp) -> bool {
        self.starts <= at && (at < self.ends || self.ends == LAST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn periods_begin_and_end_with_the_calendar() {
        for (window, now, starts, ends) in [
            (Window::Day, "2026-03-01T00:00:00Z", "2026-03-01", "2026-03-02"),
            (Window::Day, "2026-03-01T23:59:59.999Z", "2026-03-01", "2026-03-02"),
            (Window::Day, "2028-02-29T12:00:00Z", "2028-02-29", "2028-03-01"),
            (Window::Day, "1969-12-31T23:59:59.999Z", "1969-12-31", "1970-01-01"),
            (Window::Week, "2026-03-01T23:59:59.999Z", "2026-02-23", "2026-03-02"),
            (Window::Week, "2026-03-02T00:00:00Z", "2026-03-02", "2026-03-09"),
            (Window::Week, "2026-12-31T09:00:00Z", "2026-12-28", "2027-01-04"),
            (Window::Month, "2026-02-28T23:59:59.999Z", "2026-02-01", "2026-03-01"),
            (Window::Month, "2028-02-29T00:00:00Z", "2028-02-01", "2028-03-01"),
            (Window::Month, "2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01"),
            (Window::Month, "2027-01-01T00:00:00Z", "2027-01-01", "2027-02-01"),
            (Window::Month, "2026-04-30T23:00:00Z", "2026-04-01", "2026-05-01"),
        ] {
            let midnight = |date: &str| at(&format!("{date}T00:00:00Z"));
            let expected = Period { starts: midnight(starts), ends: midnight(ends) };
            assert_eq!(Period::of(window, at(now)), expected, "{window:?} {now}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_in_its_period(millis in any::<i64>()) {
            let now = Timestamp::from_unix_millis(millis);
            for window in [Window::Day, Window::Week, Window::Month, Window::Lifetime] {
                let period = Period::of(window, now);
                prop_assert!(period.contains(now), "{:?} {:?}", window, period);
                prop_assert!(period.starts <= period.ends);
            }
        }
    }
}
