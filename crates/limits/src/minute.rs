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

/// What was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    amount: u64,
    /// The part of it that calls hold which have not ended.
    held: u64,
}

/// What was taken in each of the last sixty seconds.
#[derive(Debug)]
pub(crate) struct Minute {
    /// The second that is now.
    head: i64,
    sum: Sum,
    /// A second's sum is at its number modulo sixty.
    seconds: [Sum; SLOTS],
    /// How often the clock went back, and to which second the last time.
    folds: u32,
    folded_to: i64,
}

impl Sum {
    const fn add(&mut self, other: Self) {
        self.amount = self.amount.saturating_add(other.amount);
        self.held = self.held.saturating_add(other.held);
    }

    const fn take(&mut self, other: Self) {
        self.amount = self.amount.saturating_sub(other.amount);
        self.held = self.held.saturating_sub(other.held);
    }
}

impl Minute {
    pub(crate) fn new(now: Timestamp) -> Self {
        let head = now.unix_seconds();
        Self {
            head,
            sum: Sum::default(),
            seconds: [Sum::default(); SLOTS],
            folds: 0,
            folded_to: head,
        }
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
            self.seconds = [Sum::default(); SLOTS];
            self.sum = Sum::default();
        } else {
            for second in self.head.saturating_add(1)..=now {
                let passed = self.empty(second);
                self.sum.take(passed);
            }
        }
        self.head = now;
    }

    fn fold(&mut self, now: i64) {
        let ahead = if self.head.saturating_sub(now) >= SECONDS {
            self.seconds = [Sum::default(); SLOTS];
            self.sum
        } else {
            let mut ahead = Sum::default();
            for second in now.saturating_add(1)..=self.head {
                ahead.add(self.empty(second));
            }
            ahead
        };
        self.head = now;
        self.folds = self.folds.wrapping_add(1);
        self.folded_to = now;
        if let Some(sum) = self.second(now) {
            sum.add(ahead);
        }
    }

    /// Taken in the last sixty seconds.
    pub(crate) const fn counted(&self) -> u64 {
        self.sum.amount
    }

    /// The part of it that calls hold which have not ended.
    pub(crate) const fn held(&self) -> u64 {
        self.sum.held
    }

    /// Takes, for good or until it is released.
    pub(crate) fn take(&mut self, amount: u64, is_final: bool) -> Second {
        let now = self.head;
        self.put(now, Sum { amount, held: if is_final { 0 } else { amount } });
        Second { at: now, folds: self.folds }
    }

    /// A call has ended that held so much, gives so much back where it was taken, if that still
    /// counts, and takes so much more: in this second, when that has passed. A long call would never
    /// count otherwise.
    pub(crate) fn settle(&mut self, place: Second, held: u64, (back, more): (u64, u64)) {
        let at = self.find(place);
        if let Some(sum) = at.and_then(|at| self.second(at)) {
            let given = Sum { amount: back.min(sum.amount), held: held.min(sum.held) };
            sum.take(given);
            self.sum.take(given);
        }
        let at = at.filter(|at| self.holds(*at)).unwrap_or(self.head);
        self.put(at, Sum { amount: more, held: 0 });
    }

    fn put(&mut self, second: i64, more: Sum) {
        self.sum.add(more);
        if let Some(sum) = self.second(second) {
            sum.add(more);
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
            freed = freed.saturating_add(self.seconds.get(slot(second)).map_or(0, |it| it.amount));
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
            .find(|second| self.seconds.get(slot(*second)).is_some_and(|it| it.amount > 0))
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

    fn second(&mut self, second: i64) -> Option<&mut Sum> {
        if self.holds(second) { self.seconds.get_mut(slot(second)) } else { None }
    }

    fn empty(&mut self, second: i64) -> Sum {
        self.seconds.get_mut(slot(second)).map(std::mem::take).unwrap_or_default()
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
