//! What workspaces have spent in windows of the calendar, as the records of their calls say: one
//! question for each window, whatever the number of workspaces and calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tollgate_limits::{Limit, Measure, Window};
use tollgate_store::{DayUsage, StoreError, Stores, UsageWindows, UtcDay};
use tollgate_types::{Timestamp, Usd};

use crate::limiting::amount;

/// What all workspaces have spent, by the day that their windows began on.
#[derive(Debug)]
pub(crate) struct Spending {
    now: Timestamp,
    since: BTreeMap<Option<UtcDay>, HashMap<String, DayUsage>>,
}

impl Spending {
    /// Asks the store about these windows.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub(crate) async fn read(
        stores: &Stores,
        windows: impl IntoIterator<Item = Window>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let days: BTreeSet<_> = windows.into_iter().map(|it| first_day(it, now)).collect();
        let mut since = BTreeMap::new();
        for day in days {
            since.insert(day, stores.usage.spent_since(day).await?.into_iter().collect());
        }
        Ok(Self { now, since })
    }

    /// What a workspace has spent in the present window of a budget, one of those that were asked
    /// about.
    pub(crate) fn of(&self, workspace_id: &str, limit: &Limit) -> u64 {
        let spent = self.since.get(&first_day(limit.window, self.now));
        let spent = spent.and_then(|it| it.get(workspace_id)).copied().unwrap_or_default();
        let own = if limit.measure == Measure::SpendWithOwn { spent.byok } else { Usd::ZERO };
        amount(spent.spent.saturating_add(own))
    }
}

/// The day that the present window began on; none for those that never begin anew.
pub(crate) fn first_day(window: Window, now: Timestamp) -> Option<UtcDay> {
    let windows = UsageWindows::at(now);
    match window {
        Window::Day => Some(windows.day()),
        Window::Week => Some(windows.week().start),
        Window::Month => Some(windows.month().start),
        Window::Lifetime | Window::Minute | Window::InFlight => None,
    }
}
