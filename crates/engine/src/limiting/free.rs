//! Limits of free models, where calls need credit (contract §6.3).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_catalog::Endpoint;
use tollgate_ledger::{AccountId, Kind};
use tollgate_limits::{CREDITS_FOR_MORE_FREE_CALLS, Limit, free_models};
use tollgate_routing::Step;
use tollgate_store::{MovementQuery, StoreError, Stores};
use tollgate_types::{Chain, Timestamp, Usd};

use crate::asked::Asked;
use crate::expected::most_at;
use crate::purse::in_time;
use crate::run::Run;

/// What accounts ever bought, as last heard.
#[derive(Debug, Default)]
pub(super) struct Bought {
    accounts: Mutex<HashMap<AccountId, Arc<Heard>>>,
}

/// What one account ever bought.
#[derive(Debug, Default)]
struct Heard {
    last: Mutex<Option<(Usd, Timestamp)>>,
    /// Had by whoever asks the store. Others take what was heard last, or wait where nothing was.
    asking: tokio::sync::Mutex<()>,
}

/// How long it is believed that an account has bought little.
const BELIEVED_MILLIS: u64 = 5_000;
/// As many movements are looked at together.
const PAGE: u32 = 500;
/// The built-in models, which cost nobody anything.
const SIMULATOR: &str = "tollgate";

/// The limits of free models, if the call may come to one.
pub(super) async fn limits<C: Asked>(run: &Run<C>) -> Option<[Limit; 2]> {
    let may_be_free = |step: &Step| step.price == Some(0) && is_given(&step.endpoint);
    if !run.engine.config().billing || !run.plan.steps.iter().any(may_be_free) {
        return None;
    }
    let bought = &run.engine.limiting().bought;
    let now = run.engine.now();
    let bought = bought.of(run.workspace.account(), run.engine.stores(), now).await;
    Some(free_models(bought))
}

/// Whether a call costs nothing at an endpoint, and somebody else gives it for nothing.
pub(super) fn is_free<C: Asked>(run: &Run<C>, endpoint: &Endpoint) -> bool {
    is_given(endpoint) && most_at(run, endpoint).spend_with_own == Usd::ZERO
}

/// Whether what an endpoint costs nothing is somebody else's to give.
fn is_given(endpoint: &Endpoint) -> bool {
    let is_ours = endpoint.provider.slug.as_str() == SIMULATOR;
    endpoint.price.is_some() && endpoint.own_key.is_none() && !is_ours
}

impl Bought {
    /// What an account ever bought. Who has bought enough has done so for good; others are looked up
    /// again after a while.
    pub(super) async fn of(&self, account: &AccountId, stores: &Stores, now: Timestamp) -> Usd {
        let heard = Arc::clone(self.accounts.lock().entry(account.clone()).or_default());
        if let Some(bought) = heard.believed(now) {
            return bought;
        }
        let last = heard.last.lock().map(|(bought, _)| bought);
        let _turn = match (last, heard.asking.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(bought), Err(_)) => return bought,
            (None, Err(_)) => heard.asking.lock().await,
        };
        if let Some(bought) = heard.believed(now) {
            return bought;
        }
        let bought = match in_time(purchases(account, stores)).await {
            Ok(bought) => bought,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "purchases can't be read");
                last.unwrap_or(Usd::ZERO)
            }
        };
        *heard.last.lock() = Some((bought, now));
        bought
    }
}

impl Heard {
    /// What was heard, while that is believed. Those who come at the same time read the clock a
    /// little earlier or later.
    fn believed(&self, now: Timestamp) -> Option<Usd> {
        let (bought, at) = (*self.last.lock())?;
        let is_lately = now.millis_since(at).unsigned_abs() < BELIEVED_MILLIS;
        (bought >= CREDITS_FOR_MORE_FREE_CALLS || is_lately).then_some(bought)
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

#[cfg(test)]
mod tests {
    use tollgate_ledger::Movement;
    use tollgate_store::MemoryStore;

    use super::*;

    /// While one asks, others take what was heard last: a hundred callers are one question.
    #[tokio::test]
    async fn one_asks_for_all() {
        let stores = MemoryStore::new().into_stores();
        let (bought, account) = (Bought::default(), AccountId::default());
        let at = |seconds: i64| Timestamp::from_unix_millis(1_790_000_000_000 + seconds * 1_000);
        let of = async |now| bought.of(&account, &stores, now).await;
        assert_eq!(of(at(0)).await, Usd::ZERO);
        let five = Usd::from_nanos(5_000_000_000);
        let purchase = Movement::new("p", account.clone(), Kind::Purchase, five, at(0));
        stores.ledger.post(vec![purchase]).await.unwrap();
        assert_eq!(of(at(4)).await, Usd::ZERO, "it is believed for a while");
        let heard = Arc::clone(&bought.accounts.lock()[&account]);
        let asking = heard.asking.lock().await;
        assert_eq!(of(at(6)).await, Usd::ZERO);
        drop(asking);
        assert_eq!(of(at(6)).await, five);
    }
}
