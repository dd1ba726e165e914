//! What a call may cost, and holding as much before it begins.

use tollgate_limits::{Load, Reservation};
use tollgate_store::KeyRecord;
use tollgate_types::{Chain, Timestamp, Usage, Usd};

use crate::asked::Asked;
use crate::expected::{Expected, expected, expected_with};
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
    pub(crate) of_limits: Reservation,
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
    ) -> Option<Uncovered> {
        std::mem::take(&mut self.of_limits).settle(&Load::of(used, (cost, byok)), now);
        key.spent((cost, byok), std::mem::take(&mut self.of_limit), began);
        self.credit.take().and_then(|hold| hold.settle(cost))
    }
}

/// Holds what a planned call may need of all that is limited, or nothing: of rates and budgets, of
/// its key's limit, and of its account's credit.
///
/// # Errors
///
/// When there is not enough left of one of them.
pub(crate) async fn hold<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    limiting::admit(run).await?;
    let paid = pay(run).await;
    if paid.is_err() {
        std::mem::take(&mut run.held.of_limits).cancel();
    }
    paid
}

/// Holds what a planned call may cost, where anybody has to pay for it.
async fn pay<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    let (pays, limit) = (run.engine.config().billing, run.key.record.limit);
    if !pays && limit.is_none() {
        return Ok(());
    }
    if limit.is_some() {
        let need = need(run, run.key.record.include_byok_in_limit);
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
        let need = need(run, false);
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
fn need<C: Asked>(run: &Run<C>, counts_own: bool) -> Need {
    money(expected(run), counts_own)
}

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
