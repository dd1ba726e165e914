//! The fee on calls that are met with keys of the caller's own (contract §6.2): what an account's
//! calls have come to this month, and what the next one is charged.
//!
//! It is counted in list price, as `byok_usage` is, so that records say the same after a restart.

use tollgate_ledger::{AccountId, ByokFee};
use tollgate_types::{Month, Timestamp, Usd};

use super::{PlanRow, Plans};
use crate::asked::Asked;
use crate::bill::Bill;
use crate::run::Run;

/// The fee that may be due for a call, and what its account's calls have come to before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeeDue {
    fee: ByokFee,
    before: Usd,
}

impl FeeDue {
    /// The most that it comes to where the list price is `listed` at most.
    pub(crate) fn most(&self, listed: Usd) -> Usd {
        self.fee.most(listed, self.before)
    }
}

impl Plans {
    /// The fee of an account with this plan; none where nothing is ever taken.
    pub(super) fn byok_fee(&self, agreed: Option<&PlanRow>) -> Option<ByokFee> {
        let usual = self.byok_fee?;
        let fee = agreed.and_then(|it| it.byok_fee).unwrap_or(usual);
        (!fee.is_none()).then_some(fee)
    }

    /// The fee on a call of this list price that was admitted at `at`. It is counted: ask once for
    /// each call.
    fn charge_own(&self, fee: ByokFee, account: &AccountId, listed: Usd, at: Timestamp) -> Usd {
        let mut months = self.own_months.lock();
        let before = months.entry((account.clone(), Month::of(at))).or_default();
        let charged = fee.on(listed, *before);
        *before = before.saturating_add(listed);
        charged
    }

    /// What calls of an account with keys of its own have come to in the month of an instant.
    fn own_so_far(&self, account: &AccountId, at: Timestamp) -> Usd {
        let months = self.own_months.lock();
        months.get(&(account.clone(), Month::of(at))).copied().unwrap_or(Usd::ZERO)
    }
}

impl<C: Asked> Run<C> {
    /// The fee of the call's account, if one is ever taken.
    pub(crate) fn byok_fee(&self) -> Option<ByokFee> {
        self.engine.plans.byok_fee(self.agreed.as_deref())
    }

    /// The fee that may be due for the call as it is planned. None where no key of the caller's own
    /// may meet it.
    pub(crate) fn fee_due(&self) -> Option<FeeDue> {
        let fee = self.byok_fee()?;
        let may_be_own = self.plan.steps.iter().any(|step| step.endpoint.own_key.is_some());
        let so_far = || self.engine.plans.own_so_far(self.workspace.account(), self.created);
        may_be_own.then(|| FeeDue { fee, before: so_far() })
    }

    /// Adds the fee to what the call costs, if keys of the caller's own alone met it. One that failed
    /// costs none; what its provider takes counts all the same.
    pub(crate) fn charge_byok_fee(&mut self, bill: &mut Bill, failed: bool) {
        let listed = bill.view.upstream_cost;
        if !bill.view.is_byok || listed <= Usd::ZERO {
            return;
        }
        let Some(fee) = self.byok_fee() else { return };
        let (plans, account) = (&self.engine.plans, self.workspace.account());
        let charged = plans.charge_own(fee, account, listed, self.created);
        if failed || charged == Usd::ZERO {
            return;
        }
        bill.view.cost = bill.view.cost.saturating_add(charged);
        self.held.will_be_charged(self.engine.purses(), self.workspace.account());
    }
}
