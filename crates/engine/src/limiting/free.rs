//! Limits of free models, where calls need credit (contract §6.3).

use std::collections::HashMap;

use parking_lot::Mutex;
use tollgate_ledger::{AccountId, Kind};
use tollgate_limits::{CREDITS_FOR_MORE_FREE_CALLS, Limit, free_models};
use tollgate_store::{MovementQuery, StoreError, Stores};
use tollgate_types::{Chain, Timestamp, Usd};

use crate::asked::Asked;
use crate::expected;
use crate::run::Run;

/// What accounts ever bought, as last heard.
#[derive(Debug, Default)]
pub(super) struct Bought {
    heard: Mutex<HashMap<AccountId, (Usd, Timestamp)>>,
}

/// How long it is believed that an account has bought little.
const BELIEVED_MILLIS: i64 = 5_000;
/// As many movements are looked at together.
const PAGE: u32 = 500;
/// The built-in models, which cost nobody anything.
const SIMULATOR: &str = "tollgate";

/// The limits of free models, if the call is one of those.
pub(super) async fn limits<C: Asked>(run: &Run<C>) -> Option<[Limit; 2]> {
    if !run.engine.config().billing || !is_free(run) {
        return None;
    }
    let bought = &run.engine.limiting().bought;
    let now = run.engine.now();
    let bought = bought.of(run.workspace.account(), run.engine.stores(), now).await;
    Some(free_models(bought))
}

/// Whether nothing of the plan costs anything, and somebody else gives it for nothing.
fn is_free<C: Asked>(run: &Run<C>) -> bool {
    let is_given = run.plan.steps.iter().all(|step| {
        let endpoint = &step.endpoint;
        let is_ours = endpoint.provider.slug.as_str() == SIMULATOR;
        endpoint.price.is_some() && endpoint.own_key.is_none() && !is_ours
    });
    is_given
        && !run.plan.steps.is_empty()
        && expected::expected(run).most.spend_with_own == Usd::ZERO
}

impl Bought {
    /// What an account ever bought. Who has bought enough has done so for good; others are looked up
    /// again after a while.
    pub(super) async fn of(&self, account: &AccountId, stores: &Stores, now: Timestamp) -> Usd {
        let heard = self.heard.lock().get(account).copied();
        if let Some((bought, at)) = heard
            && (bought >= CREDITS_FOR_MORE_FREE_CALLS
                || (0..BELIEVED_MILLIS).contains(&now.millis_since(at)))
        {
            return bought;
        }
        let bought = match purchases(account, stores).await {
            Ok(bought) => bought,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "purchases can't be read");
                heard.map_or(Usd::ZERO, |(bought, _)| bought)
            }
        };
        self.heard.lock().insert(account.clone(), (bought, now));
        bought
    }
}

/// What an account bought, or enough of it.
async fn purchases(account: &AccountId, stores: &Stores) -> Result<Usd, StoreError> {
    let mut query = MovementQuery {
        account: Some(account.clone()),
        entered_only: true,
        limit: PAGE,
        ..MovementQuery::default()
    };
    let mut bought = Usd::ZERO;
    loop {
        let rows = stores.ledger.movements(&query).await?;
        let purchases = rows.iter().filter(|row| row.movement.kind == Kind::Purchase);
        bought = purchases.fold(bought, |sum, row| sum.saturating_add(row.movement.amount));
        let Some(last) = rows.last() else { return Ok(bought) };
        if bought >= CREDITS_FOR_MORE_FREE_CALLS {
            return Ok(bought);
        }
        query.before = Some(last.sequence);
    }
}
