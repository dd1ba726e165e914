//! What keys and workspaces may spend, as caps that several nodes share.

use tollgate_limits::{Limit, Measure, Refusal, Relief, Window};
use tollgate_store::{Cap, ResetInterval, Spender};
use tollgate_types::{Timestamp, Usd};

use super::{Limited, Limiting};
use crate::purse::Need;
use crate::spending::first_day;
use crate::{KeyEntry, WorkspaceEntry};

impl Limiting {
    /// What may be spent with a key.
    pub(crate) fn caps_of_key(&self, key: &KeyEntry, now: Timestamp) -> Vec<Cap> {
        let budgets = self.budgets_of_key(key);
        let of_limit = key.record.limit.map(|amount| Cap {
            since: key.record.limit_reset.and_then(|reset| first_day(window_of(reset), now)),
            amount,
            counts_own: key.record.include_byok_in_limit,
        });
        budgets.iter().map(|limit| cap(limit, now)).chain(of_limit).collect()
    }

    /// What may be spent on a workspace's calls.
    pub(crate) fn caps_of_workspace(&self, workspace: &WorkspaceEntry, now: Timestamp) -> Vec<Cap> {
        let budgets = self.budgets_of_workspace(workspace);
        budgets.iter().map(|limit| cap(limit, now)).collect()
    }

    /// What a caller is told who needs what other nodes hold of a budget: of several, the one of
    /// which least is left.
    pub(crate) fn held_elsewhere(
        &self,
        (spender, budgets): (&Spender, &[Limit]),
        need: Need,
        now: Timestamp,
    ) -> Option<Limited> {
        let id = spender.id();
        let left = |limit: &Limit| limit.amount.saturating_sub(self.spent(limit, &id, now));
        let limit = *budgets.iter().min_by_key(|limit| left(limit))?;
        let refusal = Refusal {
            limit,
            used: self.spent(&limit, &id, now),
            id: id.into(),
            need: super::amount(need.least),
            relief: Relief::WhenCallsEnd,
            resets_at: None,
        };
        Some(Limited::new(refusal, now))
    }
}

fn cap(limit: &Limit, now: Timestamp) -> Cap {
    Cap {
        since: first_day(limit.window, now),
        amount: Usd::from_nanos(i64::try_from(limit.amount).unwrap_or(i64::MAX)),
        counts_own: limit.measure == Measure::SpendWithOwn,
    }
}

const fn window_of(reset: ResetInterval) -> Window {
    match reset {
        ResetInterval::Daily => Window::Day,
        ResetInterval::Weekly => Window::Week,
        ResetInterval::Monthly => Window::Month,
    }
}
