//! Windows of the calendar, all time, and what is in flight: one sum, begun anew with each period.

use tollgate_types::Timestamp;

use crate::window::{Period, Window};

/// How often a counter had begun anew when something was taken. What was taken is found by it, not
/// by a time: wherever the clock goes, what counts now goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u64);

/// What was taken in a period.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// What was taken since then lies here, if it lies in nothing later.
    since: Epoch,
    amount: u64,
    /// The part of it that calls hold which have not ended.
    held: u64,
}

/// What was taken in this period, and in the one before it: the clock may go back to that.
#[derive(Debug)]
pub(crate) struct Periods {
    window: Window,
    period: Period,
    epoch: Epoch,
    current: Taken,
    /// When the last period began in which something was taken, and what.
    previous: Option<(Timestamp, Taken)>,
}

impl Taken {
    const fn nothing(since: Epoch) -> Self {
        Self { since, amount: 0, held: 0 }
    }

    const fn add(&mut self, amount: u64, held: u64) {
        self.amount = self.amount.saturating_add(amount);
        self.held = self.held.saturating_add(held);
    }
}

impl Periods {
    pub(crate) fn new(window: Window, now: Timestamp) -> Self {
        let epoch = Epoch(0);
        Self {
            window,
            period: Period::of(window, now),
            epoch,
            current: Taken::nothing(epoch),
            previous: None,
        }
    }

    /// Begins anew when the period has passed. What is dated ahead of now is dated now.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        if self.period.contains(now) {
            return;
        }
        let next = Period::of(self.window, now);
        if next.starts > self.period.starts {
            if self.current.amount > 0 {
                self.previous = Some((self.period.starts, self.current));
            }
            self.epoch = Epoch(self.epoch.0.saturating_add(1));
            self.current = Taken::nothing(self.epoch);
        } else if let Some((_, taken)) = self.previous.take_if(|(at, _)| *at >= next.starts) {
            self.current.since = taken.since;
            self.current.add(taken.amount, taken.held);
        }
        self.period = next;
    }

    /// The period that counts now.
    pub(crate) const fn period(&self) -> Period {
        self.period
    }

    /// Taken in this period.
    pub(crate) const fn counted(&self) -> u64 {
        self.current.amount
    }

    /// The part of it that calls hold which have not ended.
    pub(crate) const fn held(&self) -> u64 {
        self.current.held
    }

    /// Takes, for good or until it is released.
    pub(crate) const fn take(&mut self, amount: u64, is_final: bool) -> Epoch {
        self.current.add(amount, if is_final { 0 } else { amount });
        self.epoch
    }

    /// A call has ended that held so much, gives so much back and takes so much more: all in the
    /// period it was taken in, which need not be this one, as long as that is remembered.
    pub(crate) fn settle(&mut self, epoch: Epoch, held: u64, (back, more): (u64, u64)) {
        let taken = if epoch >= self.current.since {
            &mut self.current
        } else {
            let previous = self.previous.as_mut().map(|(_, taken)| taken);
            let Some(taken) = previous.filter(|it| epoch >= it.since) else { return };
            taken
        };
        taken.held = taken.held.saturating_sub(held);
        taken.amount = taken.amount.saturating_sub(back).saturating_add(more);
    }
}
