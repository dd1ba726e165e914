//! What a call may cost, and holding as much before it begins.

use tollgate_limits::{Limit, Load, Reservation};
use tollgate_store::{Cap, KeyRecord, Spender};
use tollgate_types::{Chain, Timestamp, Usage, Usd};

use crate::allotments::{AllotmentHold, Spent};
use crate::asked::Asked;
use crate::expected::{Expected, Reckoned, expected_with};
use crate::keys::{HeldOfLimit, SpentLimit};
use crate::purse::{Hold, Need, Short, Uncovered};
use crate::run::Run;
use crate::{CallError, KeyEntry, limiting};

/// What a call holds until it is settled: of its account's credit, of its key's limit, and of all
/// other limits.
#[derive(Debug, Default)]
pub(crate) struct Held {
    credit: Option<Hold>,
    of_limit: HeldOfLimit,
    of_key: Option<OfAllotment>,
    of_workspace: Option<OfAllotment>,
    pub(crate) of_limits: Reservation,
}

/// What a call holds of what this node was allotted.
#[derive(Debug)]
struct OfAllotment {
    hold: AllotmentHold,
    /// Whether what a provider takes of the caller counts, too.
    counts_own: bool,
}

/// What is kept until a call's record is written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    _overspent: Option<Uncovered>,
    _spent: [Option<Spent>; 2],
}

impl OfAllotment {
    fn settle(self, (cost, byok): (Usd, Usd)) -> Spent {
        let own = if self.counts_own { byok } else { Usd::ZERO };
        self.hold.settle(cost.saturating_add(own))
    }
}

impl Held {
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
        let allotted = [self.of_key.take(), self.of_workspace.take()];
        Unwritten {
            _overspent: self.credit.take().and_then(|hold| hold.settle(cost)),
            _spent: allotted.map(|it| it.map(|it| it.settle((cost, byok)))),
        }
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
    limiting::admit(run, &mut reckoned).await?;
    let paid = pay(run, &mut reckoned).await;
    if paid.is_err() {
        std::mem::take(&mut run.held.of_limits).cancel();
    }
    paid
}

/// Holds what a planned call may cost of what its key and its workspace may spend, where other nodes
/// let them spend, too.
async fn share<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    let (key, workspace, now) = (run.key.clone(), run.workspace.clone(), run.created);
    let limiting = run.engine.limiting();
    let of_key = limiting.caps_of_key(&key, now);
    let of_workspace = limiting.caps_of_workspace(&workspace, now);
    let spender = Spender::Key(key.record.hash);
    let budgets = || run.engine.limiting().budgets_of_key(&key);
    let of_key = of_allotment((run, reckoned), spender, of_key, budgets).await?;
    let spender = Spender::Workspace(workspace.document.id.clone());
    let budgets = || run.engine.limiting().budgets_of_workspace(&workspace);
    let of_workspace = of_allotment((run, reckoned), spender, of_workspace, budgets).await?;
    (run.held.of_key, run.held.of_workspace) = (of_key, of_workspace);
    Ok(())
}

async fn of_allotment<C: Asked>(
    (run, reckoned): (&Run<C>, &mut Reckoned),
    spender: Spender,
    caps: Vec<Cap>,
    budgets: impl Fn() -> Vec<Limit>,
) -> Result<Option<OfAllotment>, CallError> {
    let Some(allotments) = run.engine.limiting().allotments() else { return Ok(None) };
    let counts_own = caps.iter().any(|cap| cap.counts_own);
    let need = money(reckoned.of(run), counts_own);
    if caps.is_empty() || need.most == Usd::ZERO {
        return Ok(None);
    }
    match allotments.hold(&spender, need, &caps).await {
        Ok(hold) => Ok(Some(OfAllotment { hold, counts_own })),
        Err(Short::Unavailable(error)) => Err(refused(run, Short::Unavailable(error), None)),
        Err(short) => {
            let limit = run.key.spent_limit(run.created);
            if let (Spender::Key(_), Some(limit)) = (&spender, limit) {
                return Err(refused(run, short, Some(limit)));
            }
            let (budgets, limiting) = (budgets(), run.engine.limiting());
            let limited = limiting.held_elsewhere((&spender, &budgets), need, run.created);
            Err(limited
                .map_or(CallError::InFlight { limit }, |it| CallError::Limited(Box::new(it))))
        }
    }
}

/// Holds what a planned call may cost, where anybody has to pay for it.
async fn pay<C: Asked>(run: &mut Run<C>, reckoned: &mut Reckoned) -> Result<(), CallError> {
    if run.engine.limiting().allotments().is_some() {
        // One node alone has no room for it in each of its calls.
        Box::pin(share(run, reckoned)).await?;
    }
    let (pays, limit) = (run.engine.config().billing, run.key.record.limit);
    if !pays && limit.is_none() {
        return Ok(());
    }
    if limit.is_some() {
        let need = money(reckoned.of(run), run.key.record.include_byok_in_limit);
        if need.most > Usd::ZERO {
            let held = run.key.hold(need, run.created);
            run.held.of_limit = held.map_err(|short| {
                let limit = run.key.spent_limit(run.created);
                refused(run, short, limit)
            })?;
        }
    }
    if pays {
        let (purses, account) = (run.engine.purses(), run.workspace.account());
        let need = money(reckoned.of(run), false);
        if need.most == Usd::ZERO {
            return if purses.owes(account).await { Err(CallError::NoCredit) } else { Ok(()) };
        }
        let held = purses.hold(account, need).await;
        let held = held.map_err(|short| refused(run, short, None))?;
        run.held.credit = Some(held);
    }
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
