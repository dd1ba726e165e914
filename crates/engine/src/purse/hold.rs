//! What a call needs, and what it holds of a purse.

use std::sync::Arc;

use tollgate_ledger::AccountId;
use tollgate_types::Usd;

use super::{Purse, Purses, Risk};
use crate::limiting::amount;

/// What a call needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// The most it is expected to cost.
    pub(crate) most: Usd,
    /// What it needs at least: less than `most` for a call that does not say how much it may write,
    /// since nobody is refused for what a model could write at most.
    pub(crate) least: Usd,
}

impl Need {
    /// Whether its most can be held of `left`, by the rule that limits have.
    pub(crate) fn is_covered(self, left: Usd) -> bool {
        tollgate_limits::is_covered(amount(left), (amount(self.most), amount(self.least)))
    }

    /// What is held of `left` for a call that may cost more than that: half of it, so that others go
    /// on beside it, or its least if that is more. `None` where that is more than there is.
    pub(crate) fn part_of(self, left: Usd) -> Option<Usd> {
        let least = self.least.max(Usd::from_nanos(1));
        (least <= left).then(|| Usd::from_nanos(left.nanos() / 2).max(least))
    }
}

/// What a call holds of an account. Dropped without being settled, it costs nothing.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(super) purse: Arc<Purse>,
    pub(super) amount: Usd,
    /// Of a call that may cost more than it holds.
    pub(super) uncovered: Option<Uncovered>,
}

/// That a call is under way that may cost more than it holds, until this is dropped. Then what it left
/// is given back: other nodes find little until then.
#[derive(Debug)]
pub(crate) struct Uncovered {
    pub(super) purse: Arc<Purse>,
    pub(super) purses: Arc<Purses>,
}

impl Purses {
    /// Holds nothing, for a call that is charged something all the same.
    pub(crate) fn nothing(&self, account: &AccountId) -> Hold {
        Hold { purse: self.purse(account), amount: Usd::ZERO, uncovered: None }
    }
}

impl Hold {
    /// Ends the hold: what the call did not cost can be held by others. Where it cost more, what is
    /// returned is kept until the ledger has it: until then an account looks as if it had more.
    pub(crate) fn settle(mut self, cost: Usd) -> Option<Uncovered> {
        let is_over = cost > self.amount;
        self.end(cost);
        let uncovered = self.uncovered.take().filter(|_| is_over)?;
        self.purse.state.lock().uncovered = Risk::Owing;
        Some(uncovered)
    }

    fn end(&mut self, cost: Usd) {
        let amount = std::mem::take(&mut self.amount);
        let mut state = self.purse.state.lock();
        state.held = state.held.checked_sub(amount).unwrap_or(Usd::ZERO);
        let back = amount.checked_sub(cost).unwrap_or(Usd::ZERO);
        // Beyond what was set aside the ledger takes it from what is available, not from here.
        let least = Usd::from_nanos(state.held.nanos().saturating_neg());
        state.left = state.left.saturating_add(back).max(least);
    }
}

impl Drop for Uncovered {
    fn drop(&mut self) {
        self.purse.state.lock().uncovered = Risk::Nothing;
        self.purse.charged.notify_waiters();
        self.purses.give_back_rest(&self.purse);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.amount != Usd::ZERO {
            self.end(Usd::ZERO);
        }
    }
}
