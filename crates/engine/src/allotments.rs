//! What this node may let keys and workspaces spend, where several nodes share a store.
//!
//! # Why allotments?
//!
//! What a key has spent is on record, and each node reads that every two seconds. In between,
//! several nodes could each spend what is left. So a node that lets a call spend something of a
//! limit has it allotted first, in one step that looks at what is on record and at what every node
//! was allotted ([`AllotmentStore`]), and lets calls begin against that in memory. It works as
//! purses do with an account's credit ([`Purses`](crate::Purses)), for limits, which are no
//! accounts.
//!
//! ```text
//! what the store notes for a node = left + held + spent and not on record yet
//! ```

mod hold;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tollgate_ledger::{NodeId, SlicePolicy, slice};
use tollgate_store::{
    AllotmentRequest, AllotmentStore, Allotted, Cap, Spender, StoreError, Stores, is_told_again,
};
use tollgate_types::{Timestamp, Usd};

use crate::Clock;
use crate::purse::{Need, Short, asked};

pub(crate) use hold::{AllotmentHold, Spent};

/// All that this node was allotted.
pub struct Allotments {
    node: NodeId,
    store: Arc<dyn AllotmentStore>,
    clock: Arc<dyn Clock>,
    policy: SlicePolicy,
    /// For how long others believe what a node said last.
    believed: Duration,
    /// Where the store is asked, so that nobody's leaving ends it half-way.
    tasks: TaskTracker,
    allotments: RwLock<HashMap<Spender, Arc<Allotment>>>,
}

impl fmt::Debug for Allotments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allotments").field("node", &self.node).finish_non_exhaustive()
    }
}

/// What one spender may spend through this node.
#[derive(Debug)]
struct Allotment {
    spender: Spender,
    state: Mutex<State>,
    /// One asks or tells the store at a time: whoever waits finds what the first was given.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// What this was allotted under; under others none of it is to be had.
    caps: SmallVec<[Cap; 4]>,
    /// What calls may still hold.
    left: Usd,
    /// What calls under way hold.
    held: Usd,
    /// Whether a call is under way that may cost more than it holds, or has and that is not on
    /// record yet.
    is_uncovered: bool,
    /// What calls have cost that is not on record yet.
    unwritten: Usd,
    /// What any node could still be given, as last heard.
    free: Usd,
    /// What the store notes for this node, and since when.
    told: Usd,
    told_at: Timestamp,
    /// When a call last held something, and how much.
    used_at: Timestamp,
    needed: Usd,
}

/// How long a call waits for what other nodes have: longer than it takes them to write down what was
/// spent, and to say so.
const PATIENCE: Duration = Duration::from_millis(600);
/// How long others may believe that a node has more than it has, where there is plenty besides.
const TELL_MILLIS: u64 = 2_000;
/// What nobody has used for so long goes back.
const IDLE_MILLIS: i64 = 10_000;
/// The same where little is left besides.
const SCARCE_IDLE_MILLIS: i64 = 2_000;

impl Allotments {
    /// Allotments of a node, none yet, where others may share its stores. `believed` is how long a
    /// node may be silent before what it was allotted is nothing.
    pub fn of(
        node: &NodeId,
        stores: &Stores,
        clock: &Arc<dyn Clock>,
        believed: Duration,
    ) -> Option<Self> {
        Some(Self {
            node: node.clone(),
            store: stores.allotments.clone()?,
            clock: Arc::clone(clock),
            policy: SlicePolicy::default(),
            believed,
            tasks: TaskTracker::new(),
            allotments: RwLock::default(),
        })
    }

    /// Gives up what an earlier life of this node was allotted. Call it once, when everything that
    /// life settled is on record, and at the end of this one.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub async fn forget(&self) -> Result<(), StoreError> {
        self.store.forget_node(&self.node).await
    }

    /// Says what has become of what this node was allotted, and gives back what nobody uses. To be
    /// called several times a second: others may have none of it until then.
    ///
    /// # Errors
    ///
    /// When the store can't be written; then it is said the next time.
    pub async fn tell(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let known: Vec<Arc<Allotment>> = self.allotments.read().values().cloned().collect();
        let (mut turns, mut news) = (Vec::new(), Vec::new());
        for allotment in &known {
            // Whoever is being allotted something says all of it.
            let Ok(turn) = allotment.asking.try_lock() else { continue };
            if let Some(amount) = allotment.state.lock().news(now, (&self.policy, self.believed)) {
                news.push((allotment.spender.clone(), amount));
                turns.push((allotment, amount, turn));
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        self.store.has_left(&self.node, news).await?;
        for (allotment, amount, _turn) in turns {
            allotment.state.lock().is_told(amount, now);
        }
        drop(known);
        self.allotments.write().retain(|_, it| Arc::strong_count(it) > 1 || !it.is_nothing());
        Ok(())
    }

    /// Holds what a call needs of what a spender may spend, which is `caps`.
    ///
    /// Without a wait while what was allotted lasts. Where others have what is missing, a moment
    /// passes in which they may say that they have it no more.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        spender: &Spender,
        need: Need,
        caps: &[Cap],
    ) -> Result<AllotmentHold, Short> {
        let allotment = self.allotment(spender);
        match self.hold_of(&allotment, need, caps).await {
            Err(Short::InFlight) => {
                sleep(PATIENCE).await;
                self.hold_of(&allotment, need, caps).await
            }
            held => held,
        }
    }

    async fn hold_of(
        self: &Arc<Self>,
        allotment: &Arc<Allotment>,
        need: Need,
        caps: &[Cap],
    ) -> Result<AllotmentHold, Short> {
        allotment.is_under(caps);
        if let Some(hold) = allotment.take_most(need, self.clock.now()) {
            return Ok(hold);
        }
        let (allotments, allotment) = (Arc::clone(self), Arc::clone(allotment));
        let caps: SmallVec<[Cap; 4]> = caps.into();
        let hold = async move { allotments.hold_of_store(&allotment, need, &caps).await };
        asked(&self.tasks, hold).await
    }

    async fn hold_of_store(
        &self,
        allotment: &Arc<Allotment>,
        need: Need,
        caps: &[Cap],
    ) -> Result<AllotmentHold, Short> {
        let now = self.clock.now();
        let _one_at_a_time = allotment.asking.lock().await;
        if let Some(hold) = allotment.take_most(need, now) {
            return Ok(hold);
        }
        let found = self.ask(allotment, caps, need.most).await?;
        if let Some(hold) = allotment.take_most(need, now) {
            return Ok(hold);
        }
        // It may cost more than there is: it holds a part, and others go on beside it, but none that
        // may cost more than it holds, too.
        let all = allotment.all();
        let part = need.part_of(all).filter(|_| need.least < need.most || need.is_covered(all));
        let Some(part) = part.map(|part| part.min(need.most)) else {
            return Err(allotment.short(need, found.elsewhere));
        };
        if allotment.state.lock().is_uncovered {
            return Err(Short::InFlight);
        }
        let found = self.ask(allotment, caps, part).await?;
        let hold = allotment.take(part, now);
        let mut hold = hold.ok_or_else(|| allotment.short(need, found.elsewhere))?;
        hold.is_uncovered = part < need.most;
        allotment.state.lock().is_uncovered |= hold.is_uncovered;
        Ok(hold)
    }

    fn allotment(&self, spender: &Spender) -> Arc<Allotment> {
        if let Some(known) = self.allotments.read().get(spender) {
            return Arc::clone(known);
        }
        let new = || {
            let (state, asking) = (Mutex::default(), tokio::sync::Mutex::default());
            Arc::new(Allotment { spender: spender.clone(), state, asking })
        };
        Arc::clone(self.allotments.write().entry(spender.clone()).or_insert_with(new))
    }

    /// Has so much left that a call can hold `amount`, if the caps allow it.
    async fn ask(
        &self,
        allotment: &Allotment,
        caps: &[Cap],
        amount: Usd,
    ) -> Result<Allotted, Short> {
        let (has, left) = {
            let state = allotment.state.lock();
            (state.has(), state.left)
        };
        let request = AllotmentRequest {
            spender: allotment.spender.clone(),
            node: self.node.clone(),
            caps: caps.to_vec(),
            has,
            need: Usd::from_nanos(amount.nanos().saturating_sub(left.nanos()).max(0)),
            policy: self.policy,
            believed: self.believed,
        };
        let allotted = self.store.allot(request).await.map_err(Short::Unavailable)?;
        allotment.state.lock().is_given((has, caps), &allotted, self.clock.now());
        Ok(allotted)
    }
}

impl Allotment {
    /// Gives up what was allotted under other caps: what is left of these nobody here knows.
    fn is_under(&self, caps: &[Cap]) {
        let mut state = self.state.lock();
        if *state.caps != *caps {
            state.caps = caps.into();
            (state.left, state.free) = (Usd::ZERO, Usd::ZERO);
        }
    }

    /// Holds all that a call needs, where there is enough.
    fn take_most(self: &Arc<Self>, need: Need, now: Timestamp) -> Option<AllotmentHold> {
        need.is_covered(self.all()).then(|| self.take(need.most, now))?
    }

    fn take(self: &Arc<Self>, amount: Usd, now: Timestamp) -> Option<AllotmentHold> {
        let mut state = self.state.lock();
        let left = state.left.checked_sub(amount).filter(|it| *it >= Usd::ZERO)?;
        state.left = left;
        state.held = state.held.saturating_add(amount);
        state.used_at = now;
        state.needed = amount;
        Some(AllotmentHold::new(Arc::clone(self), amount))
    }

    /// What is left here, and what could be given besides.
    fn all(&self) -> Usd {
        let state = self.state.lock();
        state.left.saturating_add(state.free.max(Usd::ZERO))
    }

    /// Why a call can't hold what it needs, while other nodes have so much.
    fn short(&self, need: Need, elsewhere: Usd) -> Short {
        let state = self.state.lock();
        let available = state.left.saturating_add(state.free);
        let aside = elsewhere.saturating_add(state.held).saturating_add(state.unwritten);
        if aside > Usd::ZERO && available.saturating_add(aside) >= need.least {
            Short::InFlight
        } else if available <= Usd::ZERO {
            Short::Empty
        } else {
            Short::Less { available }
        }
    }

    /// Whether nothing is known of it that is missed.
    fn is_nothing(&self) -> bool {
        let state = self.state.lock();
        state.has() == Usd::ZERO && state.told == Usd::ZERO
    }
}

impl State {
    fn has(&self) -> Usd {
        self.left.saturating_add(self.held).saturating_add(self.unwritten)
    }

    /// Takes what was given in addition to what there was, unless other caps hold by now: then it
    /// goes back.
    fn is_given(&mut self, (had, under): (Usd, &[Cap]), allotted: &Allotted, now: Timestamp) {
        let more = allotted.more.unwrap_or(Usd::ZERO);
        if *self.caps == *under {
            self.free = allotted.free;
            self.left = self.left.saturating_add(more);
        }
        if allotted.more.is_some() {
            self.is_told(had.saturating_add(more), now);
        }
    }

    const fn is_told(&mut self, amount: Usd, now: Timestamp) {
        self.told = amount;
        self.told_at = now;
    }

    /// What the store is to be told; nothing where it knows.
    fn news(
        &mut self,
        now: Timestamp,
        (policy, believed): (&SlicePolicy, Duration),
    ) -> Option<Usd> {
        let part = slice(self.free, Usd::ZERO, policy).unwrap_or(Usd::ZERO);
        let is_scarce = self.free < policy.most;
        // What lies here beyond what would be given now, others may need.
        self.left = self.left.min(part);
        let is_enough = self.left >= self.needed;
        let idle = if is_scarce { SCARCE_IDLE_MILLIS } else { IDLE_MILLIS };
        // A clock that has stepped back makes nothing idle.
        let is_idle = now.millis_since(self.used_at) >= idle;
        if self.left > Usd::ZERO && (is_idle || !is_enough) {
            self.left = Usd::ZERO;
        }
        let has = self.has();
        let is_changed = has != self.told;
        let age = now.millis_since(self.told_at).unsigned_abs();
        // Where there is plenty nobody waits for it.
        let is_due = if is_scarce { is_changed } else { is_changed && age >= TELL_MILLIS };
        let is_again = has != Usd::ZERO && is_told_again(self.told_at, now, believed);
        (is_due || is_again).then_some(has)
    }
}

#[cfg(test)]
mod tests;
