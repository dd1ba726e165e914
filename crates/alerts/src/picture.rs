//! What there is to see at one moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_store::DocumentBody;
use tollgate_types::{Timestamp, UsageWindows, Usd, UtcDay};

use crate::Subject;

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// When.
    pub now: Timestamp,
    /// Budgets, each subject and window once.
    pub budgets: Vec<BudgetSeen>,
    /// Accounts, each once.
    pub balances: Vec<BalanceSeen>,
    /// What is spent today, of each subject once.
    pub spends: Vec<SpendSeen>,
}

/// A budget and what is spent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetSeen {
    /// Whose.
    pub subject: Subject,
    /// How often it begins anew.
    pub window: Window,
    /// What may be spent.
    pub limit: Usd,
    /// What is, since the window began.
    pub spent: Usd,
}

/// An account and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSeen {
    /// Which.
    pub subject: Subject,
    /// What nodes have set aside of it, too.
    pub left: Usd,
    /// Whether there ever was credit.
    pub was_filled: bool,
    /// What was seen of it before.
    pub watch: BalanceWatch,
}

/// What was last seen of an account: it is told of once for each time that it becomes low.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceWatch {
    /// Whether it was low.
    pub is_low: bool,
    /// How often it has become low.
    pub episode: u64,
}

impl DocumentBody for BalanceWatch {
    const KIND: &'static str = "balance_watch";
}

/// What is spent today, beside the days before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendSeen {
    /// Whose.
    pub subject: Subject,
    /// Today.
    pub today: Usd,
    /// In this hour; nothing is known of it where nobody wants to hear.
    pub hour: Option<Usd>,
    /// On the days before together, the first with a call up to yesterday.
    pub before: Usd,
    /// How many days these are; 0 where nothing is usual yet.
    pub days: u32,
}

/// What was spent of today when the present hour began, or was first looked at: what is spent beyond
/// is spent in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourWatch {
    /// The hour, in hours since the epoch.
    pub hour: i64,
    /// In nano-dollars, by workspace; nothing of those who had spent nothing.
    pub before: BTreeMap<String, i64>,
}

impl DocumentBody for HourWatch {
    const KIND: &'static str = "hour_watch";
}

impl HourWatch {
    /// Begins with an hour. `today` is what is spent of its day by now; in the first hour of a day
    /// all of that is spent in it.
    pub fn begin(now: Timestamp, today: impl IntoIterator<Item = (String, Usd)>) -> Self {
        let hour = hour_of(now);
        let is_first = hour.rem_euclid(HOURS_PER_DAY) == 0;
        let before = today.into_iter().filter(|_| !is_first);
        Self { hour, before: before.map(|(id, spent)| (id, spent.nanos())).collect() }
    }

    /// Whether this is the present hour.
    pub const fn is_of(&self, now: Timestamp) -> bool {
        self.hour == hour_of(now)
    }

    /// What is spent in the hour, where so much is spent today.
    pub fn spent(&self, id: &str, today: Usd) -> Usd {
        let before = self.before.get(id).copied().unwrap_or_default();
        today.checked_sub(Usd::from_nanos(before)).unwrap_or(Usd::ZERO).max(Usd::ZERO)
    }
}

const HOUR_MILLIS: i64 = 3_600_000;
pub(crate) const HOURS_PER_DAY: i64 = 24;

const fn hour_of(now: Timestamp) -> i64 {
    now.unix_millis().div_euclid(HOUR_MILLIS)
}

/// When the hour around an instant began.
pub(crate) const fn hour_start(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(hour_of(now).saturating_mul(HOUR_MILLIS))
}

/// How often a budget begins anew; UTC, weeks from Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Every day.
    Daily,
    /// Every Monday.
    Weekly,
    /// On the first of every month.
    Monthly,
    /// Never.
    Lifetime,
}

impl Window {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Lifetime => "lifetime",
        }
    }

    /// The day on which the present one began; none for a whole life.
    pub fn first_day(self, now: Timestamp) -> Option<UtcDay> {
        let windows = UsageWindows::at(now);
        match self {
            Self::Daily => Some(windows.day()),
            Self::Weekly => Some(windows.week().start),
            Self::Monthly => Some(windows.month().start),
            Self::Lifetime => None,
        }
    }
}
