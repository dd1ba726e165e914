//! Whether an account is below zero.

use std::sync::Arc;

use tollgate_ledger::AccountId;
use tollgate_types::{Chain, Usd};

use super::{Purse, Purses, State, in_time};

/// How long it is believed that an account owes something, or nothing.
const LOOK_MILLIS: i64 = 1_000;

impl Purses {
    /// Whether an account owes something: then even what is free is refused (contract §4.6).
    ///
    /// The store is asked before the first call of an account, and again at most once a second: of
    /// one that owes something while the call waits, of others beside it.
    pub(crate) async fn owes(self: &Arc<Self>, account: &AccountId) -> bool {
        let purse = self.purse(account);
        let now = self.clock.now();
        {
            let mut state = purse.state.lock();
            if state.is_known && now < state.looked_at.plus_millis(LOOK_MILLIS) {
                return state.owes();
            }
            state.looked_at = now;
            if state.is_known && !state.owes() {
                let (purses, purse) = (Arc::clone(self), Arc::clone(&purse));
                self.tasks.spawn(async move { purses.look(&purse).await });
                return false;
            }
        }
        // Somebody may have paid since.
        self.look(&purse).await;
        purse.state.lock().owes()
    }

    /// Asks the store what is available of an account. What it can't say stays as it was.
    async fn look(&self, purse: &Purse) {
        match in_time(self.stores.ledger.balance(&purse.account)).await {
            Ok(balance) => purse.state.lock().hear(balance.available),
            Err(error) => tracing::warn!(error = %Chain(&error), "an account can't be looked up"),
        }
    }
}

impl State {
    fn owes(&self) -> bool {
        self.left.saturating_add(self.held).saturating_add(self.available) < Usd::ZERO
    }
}
