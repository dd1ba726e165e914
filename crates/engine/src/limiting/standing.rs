//! How a key stands before it calls: what is left of the budgets that bind it, and of the free calls
//! of its day.

use tollgate_limits::{Measure, Standing, Window, free_models};
use tollgate_types::Usd;

use crate::{Engine, KeyEntry};

/// How the holder of a key stands.
#[derive(Debug, Clone)]
pub struct KeyStanding {
    /// Whether its account has never bought credit, where calls need it (contract §1.3).
    pub is_free_tier: bool,
    /// The free calls of this UTC day, where they are counted (contract §6.3).
    pub free_calls: Option<Standing>,
    /// What is left of the narrowest of its limit, its own budgets and its workspace's.
    pub remaining: Option<Usd>,
}

impl Engine {
    /// How the holder of a key stands. Looks only: nothing is held.
    pub async fn standing(&self, key: &KeyEntry) -> KeyStanding {
        let (now, limiting) = (self.now(), self.limiting());
        let workspace = self.organisation().workspace_of(&key.record);
        let (mut is_free_tier, mut free_calls) = (false, None);
        if self.is_paid() {
            let bought = limiting.bought.of(workspace.account(), self.stores(), now).await;
            is_free_tier = bought <= Usd::ZERO;
            let limits = free_models(bought);
            let daily = limits.iter().find(|limit| limit.window == Window::Day);
            let applied = daily.and_then(|limit| {
                limiting.counters.applied(limit, workspace.account().as_str(), now).ok()
            });
            free_calls = applied.map(|applied| applied.standing(now));
        }
        let own = key.record.rate_limits.limits().filter(|it| it.measure == Measure::Spend);
        let own_id = key.counted_as().to_hex();
        let own = own.filter_map(|limit| {
            limiting.begin(key, &limit, &own_id, now).ok()?;
            limiting.counters.applied(&limit, &own_id, now).ok()
        });
        let of_workspace = workspace.budgets.iter();
        let of_workspace = of_workspace
            .filter_map(|limit| limiting.counters.applied(limit, &workspace.document.id, now).ok());
        let left = own.chain(of_workspace).map(|applied| {
            let remaining = applied.standing(now).remaining;
            Usd::from_nanos(i64::try_from(remaining).unwrap_or(i64::MAX))
        });
        let remaining = left.chain(key.limit_remaining(now)).min();
        KeyStanding { is_free_tier, free_calls, remaining }
    }
}
