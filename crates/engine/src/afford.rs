//! What a call may cost, and holding as much before it begins.

use std::sync::Arc;

use smallvec::SmallVec;
use tollgate_ledger::AccountId;
use tollgate_limits::{Load, Reservation};
use tollgate_store::{KeyRecord, Spender, Whose};
use tollgate_types::{Chain, Timestamp, Usage, Usd};

use crate::allotments::{AllotmentHold, Spent};
use crate::asked::Asked;
use crate::expected::{Expected, Reckoned, expected_with};
use crate::keys::{HeldOfLimit, SpentLimit};
use crate::limiting::ByModel;
use crate::purse::{Hold, Need, Short, Uncovered};
use crate::run::Run;
use crate::{CallError, KeyEntry, Purses, limiting};

/// What a call holds until it is settled: of its account's credit, of its key's limit, and of all
/// other limits.
#[derive(Debug, Default)]
pub(crate) struct Held {
    credit: Option<Hold>,
    of_limit: HeldOfLimit,
    of_allotments: SmallVec<[OfAllotment; 2]>,
    /// Of limits that don't depend on the model.
    pub(crate) of_limits: Reservation,
    /// Of those that do, where such may bind it.
    pub(crate) by_model: Option<Box<ByModel>>,
}

/// What a call holds of what this node was allotted.
#[derive(Debug)]
struct OfAllotment {
    hold: AllotmentHold,
    /// Whether what a provider takes of the caller counts, too.
    with_own: bool,
}

/// What is kept until a call's record is written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    _overspent: Option<Uncovered>,
    _spent: SmallVec<[Spent; 2]>,
}

impl OfAllotment {
    fn settle(self, (cost, byok): (Usd, Usd)) -> Spent {
        let own = if self.with_own { byok } else { Usd::ZERO };
        self.hold.settle(cost.saturating_add(own))
    }
}

impl Held {
    /// Has what the call will be charged be taken of its account's purse, though it may hold nothing
    /// there: a fee becomes due while a call is under way when others use the month's allowance up.
    pub(crate) fn will_be_charged(&mut self, purses: &Arc<Purses>, account: &AccountId) {
        self.credit.get_or_insert_with(|| purses.nothing(account));
    }

    /// Ends the hold with what the call used and cost, and what a provider takes of the caller for
    /// it. It is counted for when it began; what it used beyond what it held, for `now`. What is
    /// returned is kept until its record is written.
    pub(crate) fn settle(
        &mut self,
        key: &KeyEntry,
        (cost, byok): (Usd, Usd),
        used: &Usage,
        (began, now): (Timestamp, Timestamp),
    ) -> Unwritten {
        std::mem::take(&mut self.of_limits).settle(&Load::of(used, (cost, byok)), now);
        key.spent((cost, byok), std::mem::take(&mut self.of_limit), began);
        let allotted = std::mem::take(&mut self.of_allotments);
        Unwritten {
            _overspent: self.credit.take().and_then(|hold| hold.settle(cost)),
            _spent: allotted.into_iter().map(|it| it.settle((cost, byok))).collect(),
        }
    }

    /// The call holds nothing any more, and nothing was spent of it.
    pub(crate) fn give_back(&mut self, key: &KeyEntry) {
        let Self { credit, of_limit, of_allotments, of_limits, by_model } = std::mem::take(self);
        of_limits.cancel();
        if let Some(by_model) = by_model {
            by_model.cancel();
        }
        key.give_back(of_limit);
        drop((credit, of_allotments));
    }
}

/// Holds what a planned call may need of all that is limited, or nothing: of rates and budgets, of
/// its key's limit, of what this node was allotted of both, and of its account's credit.
///
/// # Errors
///
/// When there is not enough left of one of them.
pub(crate) async fn hold<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    let mut reckoned = Reckoned::default();
    let mut held = of_limits(run, &mut reckoned).await;
    if held.is_ok() {
        held = pay(run, &mut reckoned).await;
    }
    if held.is_err() {
        run.held.give_back(&run.key);
    }
    held
}

/// The same of a call that goes to keys of the caller's own alone: its account pays a fee for it at
/// most, and where none may be due, need not even be above zero.
///
/// # Errors
///
/// As [`hold`]. Where a fee is why, that is told.
pub(crate) async fn hold_own<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    let mut reckoned = Reckoned::default();
    let mut held = of_limits(run, &mut reckoned).await;
    if held.is_ok() {
        held = pay_fee(run, &mut reckoned).await;
    }
    held.map_err(|error| {
        run.held.give_back(&run.key);
        match run.byok_fee().filter(|_| leaves_own(&error, &run.key.record)) {
            Some(fee) => CallError::FeeDue { fee, why: Box::new(error) },
            None => error,
        }
    })
}

/// Holds what a planned call may need of rates and budgets, and of its key's limit.
async fn of_limits<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    limiting::admit(run, reckoned).await?;
    if run.engine.limiting().allotments().is_some() {
        // One node alone has no room for it in each of its calls.
        Box::pin(share(run, reckoned)).await?;
    }
    if run.key.record.limit.is_some() {
        let need = money(reckoned.of(run), run.key.record.include_byok_in_limit);
        if need.most > Usd::ZERO {
            let held = run.key.hold(need, run.created);
            run.held.of_limit = held.map_err(|short| {
                let limit = run.key.spent_limit(run.created);
                refused(run, short, limit)
            })?;
        }
    }
    Ok(())
}

/// Holds what a planned call may cost of what its key and its workspace may spend, where other nodes
/// let them spend, too.
async fn share<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    let Some(allotments) = run.engine.limiting().allotments() else { return Ok(()) };
    let mut holds = SmallVec::new();
    for (spender, caps) in run.engine.limiting().caps(&run.key, &run.workspace, run.created) {
        let need = money(reckoned.of(run), spender.with_own);
        if need.most == Usd::ZERO {
            continue;
        }
        let result = allotments.hold(&spender, need, &caps).await;
        let hold = result.map_err(|short| held_elsewhere(run, short, (&spender, need)))?;
        holds.push(OfAllotment { hold, with_own: spender.with_own });
    }
    run.held.of_allotments = holds;
    Ok(())
}

/// What a caller is told who needs what this node was not allotted.
fn held_elsewhere<C: Asked>(
    run: &Run<C>,
    short: Short,
    (spender, need): (&Spender, Need),
) -> CallError {
    let is_of_limit = matches!(spender.whose, Whose::Key(_))
        && spender.with_own == run.key.record.include_byok_in_limit;
    let limit = run.key.spent_limit(run.created).filter(|_| is_of_limit);
    if limit.is_some() || matches!(short, Short::Unavailable(_)) {
        return refused(run, short, limit);
    }
    let of = (&*run.key, &*run.workspace, spender);
    let limited = run.engine.limiting().held_elsewhere(of, need, run.created);
    limited.map_or(CallError::InFlight { limit }, |it| CallError::Limited(Box::new(it)))
}

/// Holds what a planned call may cost of its account's credit, where calls need some.
async fn pay<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    if !run.engine.config().billing {
        return Ok(());
    }
    let need = money(reckoned.of(run), false);
    if need.most == Usd::ZERO {
        let owes = run.engine.purses().owes(run.workspace.account()).await;
        return if owes { Err(CallError::NoCredit) } else { Ok(()) };
    }
    hold_credit(run, need).await
}

/// Holds what the fee on a call may come to of its account's credit.
async fn pay_fee<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    if run.byok_fee().is_none() {
        return Ok(());
    }
    let need = money(reckoned.of(run), false);
    if need.most == Usd::ZERO { Ok(()) } else { hold_credit(run, need).await }
}

async fn hold_credit<C: Asked>(run: &mut Run<C>, need: Need) -> Result<(), CallError> {
    let held = run.engine.purses().hold(run.workspace.account(), need).await;
    run.held.credit = Some(held.map_err(|short| refused(run, short, None))?);
    Ok(())
}

/// What a caller is told who can't pay.
fn refused<C: Asked>(run: &Run<C>, short: Short, limit: Option<SpentLimit>) -> CallError {
    match short {
        Short::Empty => limit.map_or(CallError::NoCredit, |limit| CallError::KeyLimit { limit }),
        Short::Less { available } => too_dear(run, available, limit),
        Short::InFlight => CallError::InFlight { limit },
        Short::Unavailable(error) => {
            tracing::warn!(error = %Chain(&error), "no credit can be set aside");
            CallError::StoreBehind
        }
    }
}

/// Whether a call is refused for want of what a key of the caller's own does not take.
pub(crate) const fn leaves_own(error: &CallError, key: &KeyRecord) -> bool {
    match error {
        CallError::NoCredit
        | CallError::TooDear { limit: None, .. }
        | CallError::InFlight { limit: None } => true,
        CallError::KeyLimit { .. } | CallError::TooDear { .. } | CallError::InFlight { .. } => {
            !key.include_byok_in_limit
        }
        CallError::Limited(limited) => limited.leaves_own(),
        _ => false,
    }
}

/// What of it is money. What is met with a key of the caller's own counts where `counts_own` says so.
const fn money(Expected { most, least }: Expected, counts_own: bool) -> Need {
    if counts_own {
        Need { most: most.spend_with_own, least: least.spend_with_own }
    } else {
        Need { most: most.spend, least: least.spend }
    }
}

/// A call that costs more than there is, and how many tokens there is enough for (contract §4.6):
/// asked for as many, it is held for.
fn too_dear<C: Asked>(run: &Run<C>, available: Usd, limit: Option<SpentLimit>) -> CallError {
    let requested = run.call.params().max_tokens.unwrap_or(0);
    let counts_own = limit.is_some() && run.key.record.include_byok_in_limit;
    let is_enough = |tokens| money(expected_with(run, Some(tokens)), counts_own).least <= available;
    CallError::TooDear { requested, affordable: largest(requested, is_enough), limit }
}

/// The largest number up to `most` that is `enough`, where all below one that is are, too; zero when
/// none is.
fn largest(most: u64, enough: impl Fn(u64) -> bool) -> u64 {
    let (mut known, mut beyond) = (0_u64, most.saturating_add(1));
    while known.saturating_add(1) < beyond {
        let middle = known.midpoint(beyond);
        if enough(middle) {
            known = middle;
        } else {
            beyond = middle;
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_is_found() {
        for (most, last) in [(0, 0), (1, 0), (1, 1), (1_000, 90), (1_000, 999), (1_000, 5_000)] {
            assert_eq!(largest(most, |it| it <= last), last.min(most), "{most} {last}");
        }
        assert_eq!(largest(u64::MAX, |it| it <= 7), 7);
    }
}
