//! What there is to see at one moment.

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
    /// On the days before together, the first with a call up to yesterday.
    pub before: Usd,
    /// How many days these are; 0 where nothing is usual yet.
    pub days: u32,
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
