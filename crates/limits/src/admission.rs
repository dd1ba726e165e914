//! Letting a call begin: all its limits at once, or none.

use std::sync::Arc;

use parking_lot::MutexGuard;
use smallvec::SmallVec;
use tollgate_types::Timestamp;

use crate::counter::{Place, State};
use crate::{Applied, Counter, Load, Refusal, Relief, Scope};

/// As many limits as calls usually have.
const USUAL: usize = 8;

/// What a call has taken. Settled when it ends; if it is dropped before, everything is given back
/// but that it was a call.
#[derive(Debug, Default)]
#[must_use = "what was taken is given back when this is dropped"]
pub struct Reservation {
    taken: SmallVec<[Taken; USUAL]>,
}

#[derive(Debug)]
struct Taken {
    counter: Arc<Counter>,
    amount: u64,
    place: Place,
    /// Whether its call may spend more of a budget than it took.
    uncovered: bool,
}

/// Takes what a call may need at most from all `limits`, or from none.
///
/// Counters are locked together, each for less than a microsecond, in an order that is the same for
/// everybody. Taking one after the other and giving back would refuse calls because of others that
/// are being refused themselves. A counter that is named twice is taken from once, and its smallest
/// limit holds.
///
/// # Errors
///
/// Names the limit that there is not enough of; of several, the one that would refuse longest.
pub fn admit(limits: &[Applied], need: &Load, now: Timestamp) -> Result<Reservation, Refusal> {
    admit_within(limits, (need, need), now)
}

/// The same for a call of which nobody knows what it will need: it begins where its least is left of
/// all limits, and takes its most. Of those that have less left, or less than twice that where most of
/// it is a guess, it takes half of what is left, or its least if that is more. So what is uncertain is
/// not shut out, and shuts out nobody else: limits are shared by people who know nothing of each
/// other's calls. Of budgets one call at a time may spend more than it took, so that they are passed by
/// one call's surprise.
///
/// # Errors
///
/// As [`admit`], for the least.
pub fn admit_within(
    limits: &[Applied],
    need: (&Load, &Load),
    now: Timestamp,
) -> Result<Reservation, Refusal> {
    admit_each(limits, |_| need, now)
}

/// The same for a call that needs more of some limits than of others: `need` says its most and its
/// least of each. A limit of one model has nothing to do with what another would need.
///
/// # Errors
///
/// As [`admit_within`].
pub fn admit_each<'n>(
    limits: &[Applied],
    need: impl Fn(&Applied) -> (&'n Load, &'n Load),
    now: Timestamp,
) -> Result<Reservation, Refusal> {
    let needed = |applied: &Applied| {
        let (measure, (most, least)) = (applied.counter.measure, need(applied));
        // What may need something does not begin where nothing is left.
        measure.of(least).max(u64::from(measure.of(most) > 0))
    };
    let mut ordered: SmallVec<[(&Applied, u64); USUAL]> =
        limits.iter().map(|applied| (applied, needed(applied))).collect();
    ordered.sort_unstable_by_key(|(applied, _)| (applied.counter.order, applied.amount));
    ordered.dedup_by_key(|(applied, _)| applied.counter.order);
    let mut states: SmallVec<[MutexGuard<'_, State>; USUAL]> =
        ordered.iter().map(|(applied, _)| applied.counter.at(now)).collect();
    // What it takes of a limit, and whether it may spend more.
    let part = |applied: &Applied, least: u64, state: &State| {
        let (measure, (most, _)) = (applied.counter.measure, need(applied));
        let (most, left) = (measure.of(most), applied.amount.saturating_sub(state.used()));
        let amount = part_of(left, (most, least));
        (amount, measure.is_money() && amount < most)
    };
    let refusals = ordered.iter().zip(&states).filter_map(|((applied, need), state)| {
        let relief = state.relief(*need, applied.amount).or_else(|| {
            let is_second = state.is_uncovered() && part(applied, *need, state).1;
            is_second.then_some(Relief::WhenCallsEnd)
        })?;
        Some((relief, applied, *need, state))
    });
    if let Some((relief, applied, need, state)) = refusals.max_by_key(|(relief, ..)| *relief) {
        return Err(Refusal {
            limit: applied.limit(),
            id: Arc::clone(&applied.counter.id),
            used: state.used(),
            need,
            relief,
            resets_at: state.resets_at(),
        });
    }
    let taken = ordered.iter().zip(&mut states).map(|((applied, least), state)| {
        let counter = &applied.counter;
        let (amount, uncovered) = part(applied, *least, state);
        if uncovered {
            state.cover(false);
        }
        let place = state.take(amount, counter.measure.is_final());
        Taken { counter: Arc::clone(counter), amount, place, uncovered }
    });
    Ok(Reservation { taken: taken.collect() })
}

/// Whether all that a call may need can be taken of what is left. Of what is mostly a guess, only where
/// others have as much besides: with more left, no fewer calls should begin.
pub const fn is_covered(left: u64, (most, least): (u64, u64)) -> bool {
    let is_guess = most / 2 > least;
    most <= if is_guess { left / 2 } else { left }
}

/// What a call takes of what is left that needs so much at most and at least.
fn part_of(left: u64, (most, least): (u64, u64)) -> u64 {
    if is_covered(left, (most, least)) { most } else { least.max(left / 2) }
}

impl Reservation {
    /// The call has ended, and this is what it used. What it did not need is given back where it
    /// was taken. What it used beyond is counted there too, as its record is; in a minute that has
    /// passed, now: a long call would never count otherwise.
    pub fn settle(mut self, used: &Load, now: Timestamp) {
        for taken in std::mem::take(&mut self.taken) {
            let kept = taken.counter.kept(taken.amount, used);
            taken.end(kept, || taken.counter.at(now));
        }
    }

    /// The call never was one: everything is given back, and it does not count as a request.
    pub fn cancel(mut self) {
        for taken in std::mem::take(&mut self.taken) {
            taken.end(0, || taken.counter.as_left());
        }
    }

    /// Takes out of it what was taken of the limits of some scopes, to be settled by itself.
    pub fn part(&mut self, is_part: impl Fn(Scope) -> bool) -> Self {
        let (part, rest) = (std::mem::take(&mut self.taken).into_iter())
            .partition(|taken| is_part(taken.counter.scope));
        self.taken = rest;
        Self { taken: part }
    }

    /// This and what another admission of the same call has taken, to be settled together.
    pub fn and(mut self, mut other: Self) -> Self {
        self.taken.append(&mut other.taken);
        self
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for taken in self.taken.drain(..) {
            let kept = taken.counter.kept(taken.amount, &Load::default());
            taken.end(kept, || taken.counter.as_left());
        }
    }
}

impl Taken {
    /// The call has ended, and keeps so much of it.
    fn end<'a>(&'a self, kept: u64, state: impl FnOnce() -> MutexGuard<'a, State>) {
        let is_final = self.counter.measure.is_final();
        if kept == self.amount && is_final {
            return;
        }
        let mut state = state();
        state.settle(self.place, (self.amount, kept), is_final);
        if self.uncovered {
            state.cover(true);
        }
    }
}
