//! Letting a call begin: all its limits at once, or none.

use std::sync::Arc;

use parking_lot::MutexGuard;
use smallvec::SmallVec;
use tollgate_types::Timestamp;

use crate::counter::{Place, State};
use crate::{Applied, Counter, Load, Refusal};

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
/// all limits, and takes its most, or all that is left of those that have less. So what is uncertain
/// shuts nobody out, and no second call begins beside one that took all.
///
/// # Errors
///
/// As [`admit`], for the least.
pub fn admit_within(
    limits: &[Applied],
    (most, least): (&Load, &Load),
    now: Timestamp,
) -> Result<Reservation, Refusal> {
    let needed = |applied: &Applied| {
        let measure = applied.counter.measure;
        // What may need something does not begin where nothing is left.
        measure.of(least).max(u64::from(measure.of(most) > 0))
    };
    let mut ordered: SmallVec<[(&Applied, u64); USUAL]> =
        limits.iter().map(|applied| (applied, needed(applied))).collect();
    ordered.sort_unstable_by_key(|(applied, _)| (applied.counter.order, applied.amount));
    ordered.dedup_by_key(|(applied, _)| applied.counter.order);
    let mut states: SmallVec<[MutexGuard<'_, State>; USUAL]> =
        ordered.iter().map(|(applied, _)| applied.counter.at(now)).collect();
    let refusals = ordered.iter().zip(&states).filter_map(|((applied, need), state)| {
        let relief = state.relief(*need, applied.amount)?;
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
        let left = applied.amount.saturating_sub(state.used());
        let amount = counter.measure.of(most).min(left).max(*least);
        let place = state.take(amount, counter.measure.is_final());
        Taken { counter: Arc::clone(counter), amount, place }
    });
    Ok(Reservation { taken: taken.collect() })
}

impl Reservation {
    /// The call has ended, and this is what it used. What it did not need is given back where it
    /// was taken. What it used beyond is counted there too, as its record is; in a minute that has
    /// passed, now: a long call would never count otherwise.
    pub fn settle(mut self, used: &Load, now: Timestamp) {
        for Taken { counter, amount, place } in std::mem::take(&mut self.taken) {
            let kept = counter.kept(amount, used);
            if kept != amount || !counter.measure.is_final() {
                counter.at(now).settle(place, (amount, kept), counter.measure.is_final());
            }
        }
    }

    /// The call never was one: everything is given back, and it does not count as a request.
    pub fn cancel(mut self) {
        for Taken { counter, amount, place } in std::mem::take(&mut self.taken) {
            counter.as_left().settle(place, (amount, 0), counter.measure.is_final());
        }
    }

    /// This and what another admission of the same call has taken, to be settled together.
    pub fn and(mut self, mut other: Self) -> Self {
        self.taken.append(&mut other.taken);
        self
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for Taken { counter, amount, place } in self.taken.drain(..) {
            let kept = counter.kept(amount, &Load::default());
            if kept != amount {
                counter.as_left().settle(place, (amount, kept), counter.measure.is_final());
            }
        }
    }
}
