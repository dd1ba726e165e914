//! What a call holds of an allotment, and what it has spent of it until that is on record.

use std::sync::Arc;

use tollgate_types::Usd;

use super::Allotment;

/// What a call holds. Dropped without being settled, it has spent nothing.
#[derive(Debug)]
pub(crate) struct AllotmentHold {
    allotment: Arc<Allotment>,
    amount: Usd,
    /// Whether the call may cost more than that.
    pub(super) is_uncovered: bool,
}

/// What a call has spent, to be dropped when its record is written: until then the store does not
/// know of it.
#[derive(Debug)]
pub(crate) struct Spent {
    allotment: Arc<Allotment>,
    amount: Usd,
    /// Whether that is more than was held of it: until it is on record there seems to be more than
    /// there is.
    is_over: bool,
}

impl AllotmentHold {
    pub(super) const fn new(allotment: Arc<Allotment>, amount: Usd) -> Self {
        Self { allotment, amount, is_uncovered: false }
    }

    /// Ends the hold: what the call did not spend others can hold. What it spent beyond is taken from
    /// what is left, as far as there is; until it is on record this node has that much more.
    pub(crate) fn settle(mut self, spent: Usd) -> Spent {
        let is_over = self.is_uncovered && spent > self.amount;
        self.end(spent, is_over);
        Spent { allotment: Arc::clone(&self.allotment), amount: spent, is_over }
    }

    fn end(&mut self, spent: Usd, is_over: bool) {
        let amount = std::mem::take(&mut self.amount);
        let mut state = self.allotment.state.lock();
        if std::mem::take(&mut self.is_uncovered) {
            state.is_uncovered = is_over;
        }
        state.held = less(state.held, amount);
        state.left = less(state.left.saturating_add(amount), spent).max(Usd::ZERO);
        state.unwritten = state.unwritten.saturating_add(spent);
    }
}

impl Drop for AllotmentHold {
    fn drop(&mut self) {
        if self.amount != Usd::ZERO {
            self.end(Usd::ZERO, false);
        }
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        let mut state = self.allotment.state.lock();
        state.unwritten = less(state.unwritten, self.amount);
        state.is_uncovered &= !self.is_over;
    }
}

const fn less(of: Usd, amount: Usd) -> Usd {
    Usd::from_nanos(of.nanos().saturating_sub(amount.nanos()))
}
