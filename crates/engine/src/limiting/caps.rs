//! What keys and workspaces may spend, as caps that several nodes share.

use smallvec::{SmallVec, smallvec};
use tollgate_limits::{Limit, Measure, Refusal, Relief, Window};
use tollgate_store::{Cap, ResetInterval, Spender, Whose};
use tollgate_types::{Timestamp, Usd};

use super::{Limited, Limiting};
use crate::purse::Need;
use crate::spending::first_day;
use crate::{KeyEntry, WorkspaceEntry};

/// What one spender may spend.
pub(crate) type Capped = (Spender, SmallVec<[Cap; 4]>);

impl Limiting {
    /// What may be spent with a key, and on its workspace's calls.
    pub(crate) fn caps(
        &self,
        key: &KeyEntry,
        workspace: &WorkspaceEntry,
        now: Timestamp,
    ) -> SmallVec<[Capped; 4]> {
        let of_key = Whose::Key(key.record.hash);
        let of_workspace = Whose::Workspace(workspace.document.id.clone());
        let of_limit = key.record.limit.map(|amount| {
            let since = key.record.limit_reset.and_then(|it| first_day(window_of(it), now));
            (of_key.clone(), key.record.include_byok_in_limit, Cap { since, amount })
        });
        let cap = |whose: &Whose, limit: &Limit| {
            (whose.clone(), limit.measure == Measure::SpendWithOwn, cap(limit, now))
        };
        let (budgets, shared) = (self.budgets_of_key(key), self.budgets_of_workspace(workspace));
        let all = budgets.iter().map(|limit| cap(&of_key, limit)).chain(of_limit);
        let all = all.chain(shared.iter().map(|limit| cap(&of_workspace, limit)));
        let mut capped: SmallVec<[Capped; 4]> = SmallVec::new();
        for (whose, with_own, cap) in all {
            let spender = Spender { whose, with_own };
            match capped.iter_mut().find(|(known, _)| *known == spender) {
                Some((_, caps)) => caps.push(cap),
                None => capped.push((spender, smallvec![cap])),
            }
        }
        capped
    }

    /// What a caller is told who needs what other nodes hold of a budget: of several, the one of
    /// which least is left.
    pub(crate) fn held_elsewhere(
        &self,
        (key, workspace, spender): (&KeyEntry, &WorkspaceEntry, &Spender),
        need: Need,
        now: Timestamp,
    ) -> Option<Limited> {
        let (id, budgets) = match &spender.whose {
            Whose::Key(_) => (key.counted_as().to_hex(), self.budgets_of_key(key)),
            Whose::Workspace(id) => (id.clone(), self.budgets_of_workspace(workspace)),
        };
        let is_of_it =
            |limit: &&Limit| (limit.measure == Measure::SpendWithOwn) == spender.with_own;
        let left = |limit: &Limit| limit.amount.saturating_sub(self.spent(limit, &id, now));
        let limit = *budgets.iter().filter(is_of_it).min_by_key(|limit| left(limit))?;
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
    }
}

const fn window_of(reset: ResetInterval) -> Window {
    match reset {
        ResetInterval::Daily => Window::Day,
        ResetInterval::Weekly => Window::Week,
        ResetInterval::Monthly => Window::Month,
    }
}
