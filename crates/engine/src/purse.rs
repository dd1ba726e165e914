//! Credit set aside for this node, and what calls under way hold of it.
//!
//! # Why purses?
//!
//! A call must not begin unless its account can pay for it, and must not wait for a database to be
//! told so. So the node sets aside a slice of the account in one durable step
//! ([`LedgerStore::lease`](tollgate_store::LedgerStore::lease)) and lets calls begin against it in
//! memory. What nodes have set aside never exceeds the balance, so no number of parallel calls or
//! nodes spends more than there is, but for what answers cost beyond what was held for them.
//!
//! What was set aside is, at any moment, what is left here, what calls hold, and what they cost
//! that is not written down yet:
//!
//! ```text
//! slice in the ledger = left + held + costs on their way to the ledger
//! ```
//!
//! Where credit is scarce, slices come back ([`Purses::follow`]): at once of an account that is
//! below zero, since what was paid back to its payer must not be spent; and soon where one node has
//! idle what another needs.

mod asking;
mod company;
mod hold;
mod owing;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tollgate_ledger::{AccountId, NodeId, SlicePolicy};
use tollgate_store::{LeaseRequest, Leased, StoreError, Stores};
use tollgate_types::{Chain, Timestamp, Usd, uuid};

use crate::{Clock, Entropy};

pub(crate) use asking::{Short, asked, in_time};
use company::Company;
pub(crate) use hold::{Hold, Need, Uncovered};

/// Every account's purse at this node.
#[derive(Debug)]
pub struct Purses {
    node: NodeId,
    stores: Stores,
    policy: SlicePolicy,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    purses: RwLock<HashMap<AccountId, Arc<Purse>>>,
    company: Company,
}

/// One account's credit at this node.
#[derive(Debug)]
struct Purse {
    account: AccountId,
    state: Mutex<State>,
    /// One asks the store at a time: whoever waits finds what the first was given.
    leasing: tokio::sync::Mutex<()>,
    refilling: AtomicBool,
    /// Told when the ledger has heard what a call cost beyond what it held.
    charged: Notify,
}

#[derive(Debug)]
struct State {
    /// What calls may still hold; less than zero while answers cost more than was held for them.
    left: Usd,
    /// What calls under way hold.
    held: Usd,
    /// Whether a call is under way that may cost more than it holds: there is one at a time.
    uncovered: Risk,
    /// The last slice: when half of it is used, another is fetched.
    slice: Usd,
    /// What the account had besides, as last heard. While that is less than nothing, calls hold
    /// nothing here without asking the store.
    available: Usd,
    /// Whether that was ever heard.
    is_known: bool,
    /// When a call last held something.
    used_at: Timestamp,
    /// When the store was last asked whether anything is owed.
    looked_at: Timestamp,
}

/// Of a call that may cost more than it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Risk {
    /// There is none.
    Nothing,
    /// It is under way.
    UnderWay,
    /// It has ended and did cost more; the ledger has yet to hear of it.
    Owing,
}

impl State {
    const fn hear(&mut self, available: Usd) {
        self.available = available;
        self.is_known = true;
    }
}

/// How long a call waits for another's charge to be written, which takes a quarter of a second.
const CHARGE_PATIENCE: Duration = Duration::from_secs(2);
/// An account that was not used for so long gives its slice back.
const IDLE_MILLIS: i64 = 60_000;
/// The same where little is left besides.
const SCARCE_IDLE_MILLIS: i64 = 2_000;

impl Purses {
    /// Purses of a node, all empty.
    pub fn new(
        node: NodeId,
        stores: Stores,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        tasks: TaskTracker,
    ) -> Self {
        Self {
            node,
            stores,
            policy: SlicePolicy::default(),
            clock,
            entropy,
            tasks,
            purses: RwLock::default(),
            company: Company::default(),
        }
    }

    /// This node.
    pub const fn node(&self) -> &NodeId {
        &self.node
    }

    /// Gives back what an earlier life of this node had set aside and did not spend. Call it once,
    /// when everything that life settled is written.
    ///
    /// # Errors
    ///
    /// When the store can't be asked.
    pub async fn recover(&self) -> Result<Usd, StoreError> {
        self.tell().await?;
        let mut given_back = Usd::ZERO;
        for lease in self.stores.ledger.leases(None).await? {
            if lease.node == self.node && lease.amount > Usd::ZERO {
                let back = self.give_back(&lease.account, lease.amount).await?;
                given_back = given_back.saturating_add(back);
            }
        }
        Ok(given_back)
    }

    /// Holds what a call needs.
    ///
    /// Without a wait while the slice lasts; else the store is asked for another.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        account: &AccountId,
        need: Need,
    ) -> Result<Hold, Short> {
        let purse = self.purse(account);
        if let Some(hold) = purse.take_most(need, self.clock.now()) {
            self.refill_early(&purse);
            return Ok(hold);
        }
        let purses = Arc::clone(self);
        asked(&self.tasks, async move { purses.hold_of_store(&purse, need).await }).await
    }

    async fn hold_of_store(
        self: &Arc<Self>,
        purse: &Arc<Purse>,
        need: Need,
    ) -> Result<Hold, Short> {
        // All wait for it together: one after the other they would wait for ever.
        purse.is_charged().await;
        let _one_at_a_time = purse.leasing.lock().await;
        let now = self.clock.now();
        if let Some(hold) = purse.take_most(need, now) {
            return Ok(hold);
        }
        let found = self.refill(purse, purse.wanted(need)).await;
        let mut available = found.map_err(Short::Unavailable)?.available;
        // What is owed is made up for by what lies here; what then is left can be held again.
        if available < Usd::ZERO
            && self.give_back_left(purse).await.map_err(Short::Unavailable)? > Usd::ZERO
        {
            let found = self.refill(purse, purse.wanted(need)).await;
            available = found.map_err(Short::Unavailable)?.available;
        }
        if let Some(hold) = purse.take_most(need, now) {
            return Ok(hold);
        }
        self.hold_less(purse, need, available).await
    }

    /// Holds a part of what there is for a call that may cost more than that. One such call is under
    /// way at a time, so that an account is overspent by one call's surprise, however many begin at
    /// once.
    async fn hold_less(
        self: &Arc<Self>,
        purse: &Arc<Purse>,
        need: Need,
        available: Usd,
    ) -> Result<Hold, Short> {
        let least = need.least.max(Usd::from_nanos(1));
        let all = purse.standing().0.saturating_add(available);
        if need.is_covered(all) {
            // There is more than was known.
            self.refill(purse, need.most).await.map_err(Short::Unavailable)?;
            if let Some(hold) = purse.take_most(need, self.clock.now()) {
                return Ok(hold);
            }
        }
        let part = need.part_of(all).filter(|_| need.least < need.most);
        let Some(part) = part else { return Err(self.short(purse, least, available).await) };
        if purse.state.lock().uncovered != Risk::Nothing {
            return Err(Short::InFlight);
        }
        let found = self.refill(purse, part).await.map_err(Short::Unavailable)?;
        // Another node may have taken it meanwhile.
        let amount = part.min(purse.standing().0);
        let taken = if amount >= least { purse.take(amount, self.clock.now()) } else { None };
        let Some(mut hold) = taken else {
            return Err(self.short(purse, least, found.available).await);
        };
        purse.state.lock().uncovered = Risk::UnderWay;
        let (purse, purses) = (Arc::clone(purse), Arc::clone(self));
        hold.uncovered = Some(Uncovered { purse, purses });
        Ok(hold)
    }

    /// Why a call can't hold `least`, with so much available beside what is left here.
    async fn short(&self, purse: &Purse, least: Usd, available: Usd) -> Short {
        let (left, held) = purse.standing();
        let all = left.saturating_add(available);
        let elsewhere = match self.set_aside_elsewhere(&purse.account).await {
            Ok(amount) => amount,
            Err(error) => return Short::Unavailable(error),
        };
        let aside = held.saturating_add(elsewhere);
        let together = all.saturating_add(aside);
        if together <= Usd::ZERO {
            Short::Empty
        } else if together >= least && aside > Usd::ZERO {
            Short::InFlight
        } else {
            Short::Less { available: all.max(Usd::ZERO) }
        }
    }

    /// What other nodes have set aside of an account.
    async fn set_aside_elsewhere(&self, account: &AccountId) -> Result<Usd, StoreError> {
        let leases = self.stores.ledger.leases(Some(account)).await?;
        let others = leases.iter().filter(|it| it.node != self.node);
        Ok(others.fold(Usd::ZERO, |sum, it| sum.saturating_add(it.amount)))
    }

    /// Gives back slices of accounts of which little is left: of those below zero all that no call
    /// holds, of others what nobody has used for two seconds.
    ///
    /// # Errors
    ///
    /// When the store can't be asked; what could not be given back stays here.
    pub async fn follow(&self) -> Result<(), StoreError> {
        let idle_since = self.clock.now().plus_millis(SCARCE_IDLE_MILLIS.saturating_neg());
        for (account, balance) in self.stores.ledger.scarce().await? {
            let Some(purse) = self.purses.read().get(&account).map(Arc::clone) else { continue };
            let is_due = {
                let mut state = purse.state.lock();
                state.hear(balance.available);
                let is_wanted = balance.available < Usd::ZERO || state.used_at < idle_since;
                is_wanted && state.left > Usd::ZERO
            };
            if is_due {
                let _one_at_a_time = purse.leasing.lock().await;
                self.give_back_left(&purse).await?;
            }
        }
        Ok(())
    }

    /// Gives back the slices of accounts that nobody has used for a while.
    ///
    /// # Errors
    ///
    /// When the store can't be asked; what could not be given back stays here.
    pub async fn give_back_idle(&self) -> Result<(), StoreError> {
        let idle_since = self.clock.now().plus_millis(IDLE_MILLIS.saturating_neg());
        self.give_back_where(|state| state.used_at < idle_since).await
    }

    /// Gives everything back that no call holds: before the program stops.
    ///
    /// # Errors
    ///
    /// When the store can't be asked.
    pub async fn give_back_all(&self) -> Result<(), StoreError> {
        self.give_back_where(|_| true).await
    }

    async fn give_back_where(&self, which: impl Fn(&State) -> bool) -> Result<(), StoreError> {
        let purses: Vec<Arc<Purse>> = self.purses.read().values().map(Arc::clone).collect();
        for purse in purses {
            let _one_at_a_time = purse.leasing.lock().await;
            if which(&purse.state.lock()) {
                self.give_back_left(&purse).await?;
            }
        }
        Ok(())
    }

    /// Gives back what no call holds, and returns how much. The caller has the lock.
    async fn give_back_left(&self, purse: &Purse) -> Result<Usd, StoreError> {
        let left = {
            let mut state = purse.state.lock();
            if state.left <= Usd::ZERO {
                return Ok(Usd::ZERO);
            }
            std::mem::take(&mut state.left)
        };
        let given = self.give_back(&purse.account, left).await;
        let kept = {
            let mut state = purse.state.lock();
            let back = *given.as_ref().unwrap_or(&Usd::ZERO);
            state.available = state.available.saturating_add(back);
            // What could not be given back is left, as it was.
            let kept = left.checked_sub(back).unwrap_or(Usd::ZERO);
            state.left = state.left.saturating_add(kept);
            kept
        };
        if given.is_ok() && kept > Usd::ZERO {
            // The ledger has less of it than this node: others have taken it back.
            self.tell().await?;
        }
        given
    }

    /// Gives back, in the background, what a call has left that held more than a slice.
    fn give_back_rest(self: &Arc<Self>, purse: &Arc<Purse>) {
        // Without a runtime the program has ended: the next life gives it back.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (purses, purse) = (Arc::clone(self), Arc::clone(purse));
        let given_back = async move {
            let _one_at_a_time = purse.leasing.lock().await;
            if let Err(error) = purses.give_back_left(&purse).await {
                tracing::warn!(error = %Chain(&error), "credit can't be given back now");
            }
        };
        self.tasks.spawn_on(given_back, &runtime);
    }

    async fn give_back(&self, account: &AccountId, amount: Usd) -> Result<Usd, StoreError> {
        let id = self.new_id("release")?;
        let lease = (&self.node, account);
        self.stores.ledger.release(&id, lease, amount, self.clock.now()).await
    }

    fn purse(&self, account: &AccountId) -> Arc<Purse> {
        if let Some(purse) = self.purses.read().get(account) {
            return Arc::clone(purse);
        }
        let mut purses = self.purses.write();
        Arc::clone(purses.entry(account.clone()).or_insert_with(|| {
            Arc::new(Purse {
                account: account.clone(),
                state: Mutex::new(State {
                    left: Usd::ZERO,
                    held: Usd::ZERO,
                    uncovered: Risk::Nothing,
                    slice: Usd::ZERO,
                    available: Usd::ZERO,
                    is_known: false,
                    used_at: self.clock.now(),
                    looked_at: Timestamp::from_unix_millis(0),
                }),
                leasing: tokio::sync::Mutex::new(()),
                refilling: AtomicBool::new(false),
                charged: Notify::new(),
            })
        }))
    }

    /// Fetches another slice in the background when half of the last one is used, so that calls
    /// don't wait for it.
    fn refill_early(self: &Arc<Self>, purse: &Arc<Purse>) {
        let is_low = {
            let state = purse.state.lock();
            let half = Usd::from_nanos(state.slice.nanos() / 2);
            // With as little left as one call needs, slices are cut call by call.
            state.left < half && state.available > state.slice
        };
        if !is_low || purse.refilling.swap(true, Ordering::AcqRel) {
            return;
        }
        let (purses, purse) = (Arc::clone(self), Arc::clone(purse));
        self.tasks.spawn(async move {
            let _one_at_a_time = purse.leasing.lock().await;
            let wanted = purse.state.lock().left.saturating_add(Usd::from_nanos(1));
            if let Err(error) = purses.refill(&purse, wanted).await {
                tracing::warn!(error = %Chain(&error), "no credit can be set aside");
            }
            purse.refilling.store(false, Ordering::Release);
        });
    }

    /// Asks the store for a slice with which `amount` could be held. The caller has the lock.
    async fn refill(&self, purse: &Purse, amount: Usd) -> Result<Leased, StoreError> {
        let (left, _) = purse.standing();
        let request = LeaseRequest {
            id: self.new_id("hold")?,
            account: purse.account.clone(),
            node: self.node.clone(),
            need: amount.checked_sub(left).unwrap_or(amount).max(Usd::ZERO),
            policy: self.policy,
            at: self.clock.now(),
        };
        let leased = self.stores.ledger.lease(request).await?;
        let mut state = purse.state.lock();
        if let Some(slice) = leased.slice {
            state.left = state.left.saturating_add(slice);
            state.slice = slice;
        }
        state.hear(leased.available);
        Ok(leased)
    }

    fn new_id(&self, what: &str) -> Result<String, StoreError> {
        let mut random = [0; 16];
        self.entropy.fill(&mut random).map_err(StoreError::unavailable)?;
        Ok(format!("{what}-{}", uuid(random)))
    }
}

impl Purse {
    /// Holds all that a call needs, where there is enough.
    fn take_most(self: &Arc<Self>, need: Need, now: Timestamp) -> Option<Hold> {
        let mut state = self.state.lock();
        let all = state.left.saturating_add(state.available);
        if need.is_covered(all) { self.take_of(&mut state, need.most, now) } else { None }
    }

    /// Waits a moment for the ledger to hear what a call cost that cost more than it held: until then
    /// the account looks as if it had more than it has.
    async fn is_charged(&self) {
        let charged = self.charged.notified();
        if self.state.lock().uncovered == Risk::Owing {
            timeout(CHARGE_PATIENCE, charged).await.unwrap_or_default();
        }
    }

    /// With how much a call can go on, as far as is known: what the store is asked for.
    fn wanted(&self, need: Need) -> Usd {
        let state = self.state.lock();
        let all = state.left.saturating_add(state.available);
        if !state.is_known || need.is_covered(all) {
            return need.most;
        }
        need.part_of(all).unwrap_or(need.least)
    }

    fn take(self: &Arc<Self>, amount: Usd, now: Timestamp) -> Option<Hold> {
        self.take_of(&mut self.state.lock(), amount, now)
    }

    fn take_of(self: &Arc<Self>, state: &mut State, amount: Usd, now: Timestamp) -> Option<Hold> {
        if state.available < Usd::ZERO {
            return None;
        }
        let left = state.left.checked_sub(amount).filter(|it| *it >= Usd::ZERO)?;
        state.left = left;
        state.held = state.held.saturating_add(amount);
        state.used_at = now;
        Some(Hold { purse: Arc::clone(self), amount, uncovered: None })
    }

    fn standing(&self) -> (Usd, Usd) {
        let state = self.state.lock();
        (state.left, state.held)
    }
}

#[cfg(test)]
mod tests;
