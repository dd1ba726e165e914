//! What was ordered, as it travels with a payment.

use serde::Deserialize;
use tollgate_ledger::AccountId;
use tollgate_types::Timestamp;

use crate::{Cents, Order, Payment, Purpose};

use super::NAME;

const INSTALLATION: &str = "tollgate_installation";
const ACCOUNT: &str = "tollgate_account";
const CREDIT: &str = "tollgate_credit_cents";
const FEE: &str = "tollgate_fee_cents";
const PURPOSE: &str = "tollgate_purpose";
const AUTO_TOP_UP: &str = "auto-top-up";
const ASKED: &str = "asked";

/// The members of `metadata` that are ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    tollgate_installation: Option<String>,
    tollgate_account: Option<String>,
    tollgate_credit_cents: Option<String>,
    tollgate_fee_cents: Option<String>,
    tollgate_purpose: Option<String>,
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) account: AccountId,
    pub(super) credit: Cents,
    pub(super) fee: Cents,
    pub(super) purpose: Purpose,
}

/// The members for an order, each by its place in a form: `prefix[name]`.
pub(super) fn of(order: &Order, prefix: &str) -> Vec<(String, String)> {
    let purpose = match order.purpose() {
        Purpose::Asked => ASKED,
        Purpose::AutoTopUp => AUTO_TOP_UP,
    };
    [
        (INSTALLATION, order.installation().to_owned()),
        (ACCOUNT, order.account().to_string()),
        (CREDIT, order.credit().get().to_string()),
        (FEE, order.fee().get().to_string()),
        (PURPOSE, purpose.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (format!("{prefix}[{name}]"), value))
    .collect()
}

impl Metadata {
    /// What was ordered of `installation`; `None` for what others sell, or another installation.
    ///
    /// # Errors
    ///
    /// When it is ours and does not say what was ordered.
    pub(super) fn terms(&self, installation: &str) -> Result<Option<Terms>, String> {
        if self.tollgate_installation.as_deref() != Some(installation) {
            return Ok(None);
        }
        let account = self.tollgate_account.as_deref().unwrap_or_default();
        let account = AccountId::new(account).map_err(|error| format!("{ACCOUNT}: {error}"))?;
        let cents = |name: &str, value: &Option<String>| {
            let cents = value.as_deref().and_then(|it| it.parse().ok()).map(Cents::new);
            cents.ok_or_else(|| format!("{name}: not a number of cents"))
        };
        let credit = cents(CREDIT, &self.tollgate_credit_cents)?;
        let fee = cents(FEE, &self.tollgate_fee_cents)?;
        let is_automatic = self.tollgate_purpose.as_deref() == Some(AUTO_TOP_UP);
        let purpose = if is_automatic { Purpose::AutoTopUp } else { Purpose::Asked };
        Ok(Some(Terms { account, credit, fee, purpose }))
    }
}

impl Terms {
    /// The payment that keeps them.
    ///
    /// # Errors
    ///
    /// When something else was paid.
    pub(super) fn paid(
        self,
        id: String,
        (amount, currency): (Option<u32>, Option<&str>),
    ) -> Result<Payment, String> {
        if currency != Some("usd") {
            return Err(format!("{id} was paid in {}, not in usd", currency.unwrap_or("nothing")));
        }
        let total = self.credit.checked_add(self.fee);
        if total.is_none() || amount.map(Cents::new) != total {
            return Err(format!(
                "{id} paid {} cents for {} of credit and {} of fee",
                amount.map_or_else(|| "no".to_owned(), |it| it.to_string()),
                self.credit.get(),
                self.fee.get()
            ));
        }
        Ok(Payment {
            provider: NAME,
            id,
            account: self.account,
            credit: self.credit,
            fee: self.fee,
            purpose: self.purpose,
            instrument: None,
            made_at: Timestamp::default(),
        })
    }
}
