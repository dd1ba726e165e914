//! Counters as plain values: to keep over a restart, and to tell other nodes.

use serde::{Deserialize, Serialize};
use tollgate_types::{Timestamp, UtcDay};

use crate::window::Period;
use crate::{Limit, Measure, Scope, Window};

/// One counter in its present window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// For whom it counts.
    pub scope: Scope,
    /// Who that is.
    pub id: String,
    /// What is counted.
    pub measure: Measure,
    /// Over which time.
    pub window: Window,
    /// The first day of the window, in days since the epoch; `None` for those that are of no day.
    pub starts_day: Option<i64>,
    /// What ended calls used, in the measure's unit. What other nodes used is not in it.
    pub used: u64,
    /// What running calls hold beside it. Of minutes it is among what is used.
    #[serde(default)]
    pub held: u64,
}

/// Everything that a restart must not forget. What running calls held is in the entries, but is not
/// restored: they end with the process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counters of days, weeks, months and lifetimes of which something was used.
    pub entries: Vec<Entry>,
}

impl Entry {
    /// What `id` has used of a limit in the window around `now`.
    pub fn of(limit: &Limit, id: &str, used: u64, now: Timestamp) -> Self {
        let Limit { scope, measure, window, amount: _ } = *limit;
        let starts_day = Self::day(window, now);
        Self { scope, id: id.to_owned(), measure, window, starts_day, used, held: 0 }
    }

    /// Whether its window has passed, so that nothing of it counts any more.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.starts_day < Self::day(self.window, now)
    }

    /// The day that the window around `now` starts on, in days since the epoch; `None` for windows
    /// of no day.
    pub fn day(window: Window, now: Timestamp) -> Option<i64> {
        let calendar = window.lasts() && window.ends();
        calendar.then(|| UtcDay::of(Period::of(window, now).starts).days())
    }

    /// Where the entry is to be counted, without an amount.
    pub(crate) const fn limit(&self) -> Limit {
        Limit { scope: self.scope, measure: self.measure, window: self.window, amount: 0 }
    }
}
