//! Plans that accounts have agreed to: what their calls cost, how they are limited, and what a month
//! costs at least.

mod byok;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tollgate_ledger::{AccountId, ByokFee, Kind, Plan, PlatformFee, commitment};
use tollgate_limits::KeyLimits;
use tollgate_organisation::Agreement;
use tollgate_store::{Document, StoreError, Stores};
use tollgate_types::{Month, Timestamp, Usd};

use crate::statements::entries;
use crate::{Engine, Organisation};

/// A plan that accounts can agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Its name for programs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What calls and months cost.
    pub plan: Plan,
    /// Limits on all calls of an account together.
    pub limits: KeyLimits,
    /// What is taken on top of purchases of credit; as everywhere when absent.
    pub platform_fee: Option<PlatformFee>,
    /// The same of those that are paid in stablecoins.
    pub crypto_fee: Option<PlatformFee>,
    /// What is taken of calls that are met with keys of the caller's own; as everywhere when absent.
    pub byok_fee: Option<ByokFee>,
    /// Whether it is the plan of accounts that have agreed to none.
    pub is_default: bool,
}

/// All plans, and what the calls of accounts have come to by them.
#[derive(Debug, Default)]
pub struct Plans {
    rows: ArcSwap<Vec<Arc<PlanRow>>>,
    months: Mutex<Months>,
    /// What is taken of calls with keys of the caller's own where a plan says nothing of it; none
    /// where plans have no say in it either.
    byok_fee: Option<ByokFee>,
    own_months: Mutex<Months>,
    /// The month that was taken up last.
    followed: Mutex<Option<Month>>,
}

/// What calls have counted, as far as discounts ([`Plan::charge`]) or fees ([`ByokFee::on`]) depend
/// on it.
type Months = HashMap<(AccountId, Month), Usd>;

/// A month is over for its commitment when what was admitted in it must have been settled.
const UNDER_WAY_MILLIS: i64 = 2 * 60 * 60 * 1_000;
/// How often an agreement is tried again that another overtakes.
const TRIES: u32 = 8;

impl Plans {
    /// These plans.
    pub fn new(rows: Vec<PlanRow>) -> Self {
        let plans = Self::default();
        plans.govern(rows);
        plans
    }

    /// The same with a fee on calls that are met with keys of the caller's own: this one, or a plan's
    /// own. Without any, as where calls need no credit, none is taken.
    #[must_use]
    pub fn with_byok_fee(self, byok_fee: Option<ByokFee>) -> Self {
        Self { byok_fee, ..self }
    }

    /// Puts other plans in force. What months have come to stays.
    pub fn govern(&self, rows: Vec<PlanRow>) {
        self.rows.store(Arc::new(rows.into_iter().map(Arc::new).collect()));
    }

    /// All of them, as the operator has listed them.
    pub fn rows(&self) -> Arc<Vec<Arc<PlanRow>>> {
        self.rows.load_full()
    }

    /// The plan with this slug.
    pub fn row(&self, slug: &str) -> Option<Arc<PlanRow>> {
        self.rows.load().iter().find(|row| row.slug == slug).cloned()
    }

    /// The plan of an account at an instant. `None` is the price list: for who has agreed to no
    /// plan where none is everybody's, and who has agreed to one that is there no longer.
    pub fn of(&self, agreement: Option<&Agreement>, at: Timestamp) -> Option<Arc<PlanRow>> {
        let rows = self.rows.load();
        let agreed = agreement.and_then(|it| it.plan_at(at));
        let is_its = |row: &&Arc<PlanRow>| agreed.map_or(row.is_default, |slug| row.slug == slug);
        rows.iter().find(is_its).cloned()
    }

    /// What is charged for a call that was admitted at `at` and costs `counts` at negotiated rates.
    /// It is counted: ask once for each call.
    pub(crate) fn charge(
        &self,
        plan: &Plan,
        account: &AccountId,
        counts: Usd,
        at: Timestamp,
    ) -> Usd {
        if plan.terms().tiers.is_empty() || counts <= Usd::ZERO {
            return counts;
        }
        let mut months = self.months.lock();
        let spent = months.entry((account.clone(), Month::of(at))).or_default();
        let charged = plan.charge(counts, *spent).unwrap_or(counts);
        *spent = spent.saturating_add(counts);
        charged
    }

    /// Takes up what calls of accounts have come to this month as the books say, and in the next one,
    /// which a clock may have been in: for discounts and fees that depend on it, at the start, when
    /// plans or agreements change, and again and again where other nodes write records, too.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn follow(
        &self,
        organisation: &Organisation,
        stores: &Stores,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let month = Month::of(now);
        for months in [&self.months, &self.own_months] {
            months.lock().retain(|(_, of), _| *of >= month.previous());
        }
        self.follow_month(organisation, stores, (month, now)).await?;
        let next = month.next();
        let its_end = next.instants().end.plus_millis(-1);
        self.follow_month(organisation, stores, (next, its_end)).await?;
        *self.followed.lock() = Some(month);
        Ok(())
    }

    /// The same where this month has not been taken up yet: after it has begun, or the clock was set.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn follow_calendar(
        &self,
        organisation: &Organisation,
        stores: &Stores,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let followed = *self.followed.lock();
        if followed == Some(Month::of(now)) {
            return Ok(());
        }
        self.follow(organisation, stores, now).await
    }

    /// Takes up a month by the plans that are agreed on at an instant of it.
    async fn follow_month(
        &self,
        organisation: &Organisation,
        stores: &Stores,
        (month, at): (Month, Timestamp),
    ) -> Result<(), StoreError> {
        let is_discounted = |row: &Arc<PlanRow>| !row.plan.terms().tiers.is_empty();
        if self.rows().iter().any(is_discounted) {
            for (account, spent) in stores.ledger.calls_in(month).await? {
                let row = self.of(organisation.agreement(&account).as_deref(), at);
                if let Some(row) = row.filter(is_discounted) {
                    raise(&self.months, (account, month), row.plan.counted(spent));
                }
            }
        }
        if self.byok_fee.is_some() {
            for (account, listed) in stores.usage.own_keys_in(month).await? {
                raise(&self.own_months, (account, month), listed);
            }
        }
        Ok(())
    }
}

/// Has a month come to so much at least.
fn raise(months: &Mutex<Months>, place: (AccountId, Month), amount: Usd) {
    let mut months = months.lock();
    let known = months.entry(place).or_default();
    *known = amount.max(*known);
}

impl Engine {
    /// The plan of an account.
    pub fn agreed(&self, account: &AccountId, at: Timestamp) -> Option<Arc<PlanRow>> {
        // Most installations have none: their calls look nothing up.
        if self.plans.rows.load().is_empty() {
            return None;
        }
        self.plans.of(self.organisation.agreement(account).as_deref(), at)
    }

    /// Plans that accounts can agree to.
    pub const fn plans(&self) -> &Arc<Plans> {
        &self.plans
    }
}

/// Has an account agree to a plan, or leave the one it has. Returns what it has agreed to.
///
/// # Errors
///
/// When the store fails.
pub async fn agree(
    stores: &Stores,
    account: &AccountId,
    plan: Option<&PlanRow>,
    now: Timestamp,
) -> Result<Agreement, StoreError> {
    let slug = plan.map(|it| it.slug.as_str());
    let committed = plan.map_or(Usd::ZERO, |it| it.plan.terms().monthly_commitment);
    for _ in 0..TRIES {
        let known = stores.documents.load::<Agreement>(account.as_str()).await?;
        let is_new = known.is_none();
        let fresh = || Document::new(account.to_string(), Agreement::default(), now);
        let mut agreement = known.unwrap_or_else(fresh);
        if !agreement.body.agree(slug, committed, now) {
            return Ok(agreement.body);
        }
        let change = if is_new { agreement.insertion() } else { agreement.replacement(now) };
        match stores.documents.write(vec![change?]).await {
            Ok(()) => return Ok(agreement.body),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Conflict)
}

/// Charges what past months cost less than was agreed for the part of them that a plan was in force.
/// A month is charged once, whichever node does it.
///
/// # Errors
///
/// When the store fails; what was charged until then stays.
pub async fn charge_commitments(stores: &Stores, now: Timestamp) -> Result<(), StoreError> {
    for mut agreement in stores.documents.all::<Agreement>(None).await? {
        let Ok(account) = AccountId::new(&agreement.id) else { continue };
        let body = &agreement.body;
        let first = body.charged_until.or_else(|| Some(body.plans.first()?.since));
        let Some(first) = first else { continue };
        let mut month = Month::of(first);
        while month.instants().end.plus_millis(UNDER_WAY_MILLIS) <= now {
            charge_commitment(stores, &account, body, (month, now)).await?;
            month = month.next();
        }
        if month.instants().start > first {
            agreement.body.charged_until = Some(month.instants().start);
            // Whoever has changed it meanwhile: the same is found again, and charged already.
            match stores.documents.write(vec![agreement.replacement(now)?]).await {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Enters what a month cost less than was agreed, if that was not done before.
async fn charge_commitment(
    stores: &Stores,
    account: &AccountId,
    agreement: &Agreement,
    (month, now): (Month, Timestamp),
) -> Result<(), StoreError> {
    let Some(terms) = agreement.committed_in(&month.instants()) else { return Ok(()) };
    let charged = charged_in(stores, account, month).await?;
    let Some(missing) = commitment(terms, account, month, charged, now) else { return Ok(()) };
    let amount = missing.amount;
    if stores.ledger.post(vec![missing]).await? {
        tracing::info!(%account, %month, %amount, "the rest of a month's commitment is charged");
    }
    Ok(())
}

/// What calls of a month were charged, less what was given back of it.
async fn charged_in(stores: &Stores, account: &AccountId, month: Month) -> Result<Usd, StoreError> {
    let opening = stores.ledger.balance_before(account, month).await?;
    let closing = stores.ledger.balance_before(account, month.next()).await?;
    let entered = entries(stores, account, month).await?;
    let commitments = entered.iter().filter(|it| it.kind == Kind::Commitment);
    let beside = commitments.fold(Usd::ZERO, |sum, it| sum.saturating_add(it.amount));
    let spent = closing.spent.checked_sub(opening.spent);
    Ok(spent.and_then(|it| it.checked_sub(beside)).unwrap_or(Usd::ZERO))
}
