//! A minute that slides by the second: sixty sums in a ring.

use tollgate_types::Timestamp;

pub(crate) const SECONDS: i64 = 60;
const SLOTS: usize = 60;
const MILLIS_PER_SECOND: i64 = 1_000;

/// The second that something was taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Second {
    at: i64,
    folds: u32,
}

/// What was taken in each of the last sixty seconds.
#[derive(Debug)]
pub(crate) struct Minute {
    /// The second that is now.
    head: i64,
    sum: u64,
    /// A second's sum is at its number modulo sixty.
    seconds: [u64; SLOTS],
    /// How often the clock went back, and to which second the last time.
    folds: u32,
    folded_to: i64,
}

impl Minute {
    pub(crate) fn new(now: Timestamp) -> Self {
        let head = now.unix_seconds();
        Self { head, sum: 0, seconds: [0; SLOTS], folds: 0, folded_to: head }
    }

    /// Forgets what is a minute old. What is dated ahead of now is dated now.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        let now = now.unix_seconds();
        if now > self.head {
            self.forget(now);
        } else if now < self.head {
            self.fold(now);
        }
    }

    fn forget(&mut self, now: i64) {
        if now.saturating_sub(self.head) >= SECONDS {
            self.seconds = [0; SLOTS];
            self.sum = 0;
        } else {
            for second in self.head.saturating_add(1)..=now {
                let passed = self.empty(second);
                self.sum = self.sum.saturating_sub(passed);
            }
        }
        self.head = now;
    }

    fn fold(&mut self, now: i64) {
        let ahead = if self.head.saturating_sub(now) >= SECONDS {
            self.seconds = [0; SLOTS];
            self.sum
        } else {
            let ahead = now.saturating_add(1)..=self.head;
            ahead.fold(0_u64, |sum, second| sum.saturating_add(self.empty(second)))
        };
        self.head = now;
        self.folds = self.folds.wrapping_add(1);
        self.folded_to = now;
        if let Some(sum) = self.second(now) {
            *sum = sum.saturating_add(ahead);
        }
    }

    /// Taken in the last sixty seconds.
    pub(crate) const fn counted(&self) -> u64 {
        self.sum
    }

    pub(crate) fn take(&mut self, amount: u64) -> Second {
        let now = self.head;
        self.sum = self.sum.saturating_add(amount);
        if let Some(sum) = self.second(now) {
            *sum = sum.saturating_add(amount);
        }
        Second { at: now, folds: self.folds }
    }

    /// Gives back what was taken in a second, if it still counts.
    pub(crate) fn give_back(&mut self, place: Second, amount: u64) {
        let Some(sum) = self.find(place).and_then(|at| self.second(at)) else { return };
        let given = amount.min(*sum);
        *sum = sum.saturating_sub(given);
        self.sum = self.sum.saturating_sub(given);
    }

    /// Adds to what was taken in a second; to this one, when that has passed: a long call would
    /// never count otherwise.
    pub(crate) fn add(&mut self, place: Second, amount: u64) {
        let at = self.find(place).filter(|at| self.holds(*at)).unwrap_or(self.head);
        self.sum = self.sum.saturating_add(amount);
        if let Some(sum) = self.second(at) {
            *sum = sum.saturating_add(amount);
        }
    }

    /// When so much of what counts has passed. `elsewhere` is what counts beside it, and since
    /// which second.
    pub(crate) fn freed_at(&self, amount: u64, elsewhere: (u64, i64)) -> Timestamp {
        let mut freed = 0_u64;
        let oldest = self.head.saturating_sub(SECONDS).saturating_add(1);
        for second in oldest..=self.head {
            if second == elsewhere.1 {
                freed = freed.saturating_add(elsewhere.0);
            }
            freed = freed.saturating_add(self.seconds.get(slot(second)).copied().unwrap_or(0));
            if freed >= amount {
                return passes_at(second);
            }
        }
        passes_at(self.head)
    }

    /// The last second in which something was taken that counts.
    pub(crate) fn last(&self) -> Option<i64> {
        let oldest = self.head.saturating_sub(SECONDS).saturating_add(1);
        (oldest..=self.head)
            .rev()
            .find(|second| self.seconds.get(slot(*second)).is_some_and(|sum| *sum > 0))
    }

    /// Where that lies now which was taken in a second. `None` when the clock went back more than once
    /// since: it is not known any more.
    fn find(&self, place: Second) -> Option<i64> {
        match self.folds.wrapping_sub(place.folds) {
            0 => Some(place.at),
            1 => Some(place.at.min(self.folded_to)),
            _ => None,
        }
    }

    fn holds(&self, second: i64) -> bool {
        second <= self.head && self.head.saturating_sub(second) < SECONDS
    }

    fn second(&mut self, second: i64) -> Option<&mut u64> {
        if self.holds(second) { self.seconds.get_mut(slot(second)) } else { None }
    }

    fn empty(&mut self, second: i64) -> u64 {
        self.seconds.get_mut(slot(second)).map_or(0, std::mem::take)
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
}

/// The first instant at which what was taken in a second counts no more.
pub(crate) const fn passes_at(second: i64) -> Timestamp {
    let passed = second.saturating_add(SECONDS);
    Timestamp::from_unix_millis(passed.saturating_mul(MILLIS_PER_SECOND))
}
