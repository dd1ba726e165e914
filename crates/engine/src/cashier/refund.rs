//! What the operator asks the payment provider for: that a payment goes back, and what it has told
//! that the ledger may not know.

use tollgate_payments::{
    Cents, NotCents, Notice, Payment, PaymentError, Refund, RefundOrder, Reply,
};
use tollgate_types::{Chain, Timestamp, Usd};

use super::reversals::gives_all_back;
use super::{Cashier, CashierError, Received, told};

/// A payment that goes back, and what that means for the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// What goes back.
    pub refund: Refund,
    /// Whether credit is bought for the account without anybody asking, also when the refund is in
    /// the ledger: one of all that a payment bought ends that.
    pub is_topped_up: bool,
}

/// What came of asking the provider for all that it has told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// How many notices moved something that the ledger did not have.
    pub posted: u64,
    /// How many told of what it had.
    pub known: u64,
    /// Those that can't be acted on, by their ids at the provider, and why.
    pub refused: Vec<(String, String)>,
}

impl Cashier {
    /// Has a payment go back, or a part of it, once for each `key`, also one that bought nothing
    /// because something else arrived than was ordered. The ledger has it when the provider tells of
    /// it. `payment` is the provider's id, or the ledger's.
    ///
    /// # Errors
    ///
    /// When it is no payment of this installation, or the provider does not give it back.
    pub async fn refund(
        &self,
        payment: &str,
        amount: Option<Usd>,
        key: &str,
    ) -> Result<Refunded, CashierError> {
        let amount = amount.map(cents).transpose()?;
        let prefix = format!("{}/", self.provider.name());
        let payment = payment.strip_prefix(&prefix).unwrap_or(payment);
        let installation = &self.config.installation;
        let (status, body) = self.send(self.provider.look_up(payment)).await?;
        let state = match self.provider.state(&Reply { status, body: &body }, installation) {
            Err(PaymentError::Refused { .. }) => return Err(CashierError::NoPayment),
            state => state.map_err(told)?,
        };
        if state.payment.is_none() && state.mismatch.is_none() {
            return Err(CashierError::NoPayment);
        }
        let key = format!("{installation}/refund/{key}");
        let (status, body) =
            self.send(self.provider.refund(&RefundOrder { payment, amount }, &key)).await?;
        let refund = match self.provider.refunded(&Reply { status, body: &body }) {
            Err(PaymentError::Refused { message, .. }) => {
                return Err(CashierError::NotRefunded(message));
            }
            refunded => refunded.map_err(told)?,
        };
        let is_topped_up = match &state.payment {
            Some(payment) => self.stays_topped_up(payment).await?,
            None => false,
        };
        Ok(Refunded { refund, is_topped_up })
    }

    /// Whether credit is bought for an account without anybody asking, also when the refunds of its
    /// payment that were made are in the ledger.
    async fn stays_topped_up(&self, payment: &Payment) -> Result<bool, CashierError> {
        if !self.payer(&payment.account).await?.body.is_topped_up() {
            return Ok(false);
        }
        Ok(!gives_all_back(payment, &self.refunds(&payment.id).await?))
    }

    /// Books what the provider has told since an instant and the ledger does not have: after a
    /// backup was restored, or when notices were lost. It ends no top-ups of cards that failed.
    ///
    /// # Errors
    ///
    /// When the provider or the store fail; what was booked until then stays.
    pub async fn reconcile(&self, since: Timestamp) -> Result<Reconciled, CashierError> {
        let mut found = Reconciled::default();
        let mut after: Option<String> = None;
        loop {
            let ask = self.provider.list_notices(since, after.as_deref());
            let (status, body) = self.send(ask).await?;
            let reply = Reply { status, body: &body };
            let page = self.provider.listed(&reply, &self.config.installation).map_err(told)?;
            for (id, notice) in page.notices {
                match notice {
                    Ok(notice) => self.caught_up(id, &notice, &mut found).await?,
                    Err(error) => found.refused.push((id, error.to_string())),
                }
            }
            match page.next {
                // Whoever gives the same page again has no more.
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => return Ok(found),
            }
        }
    }

    async fn caught_up(
        &self,
        id: String,
        notice: &Notice,
        found: &mut Reconciled,
    ) -> Result<(), CashierError> {
        if matches!(notice, Notice::Failed(_)) {
            return Ok(());
        }
        match self.act(notice).await {
            Ok(Received::Posted) => found.posted = found.posted.saturating_add(1),
            Ok(Received::Known) => found.known = found.known.saturating_add(1),
            Ok(Received::Nothing) => {}
            // Of one notice only.
            Err(
                error @ (CashierError::Otherwise { .. }
                | CashierError::Payment(
                    PaymentError::Refused { .. } | PaymentError::Unreadable(_),
                )),
            ) => found.refused.push((id, Chain(&error).to_string())),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn cents(amount: Usd) -> Result<Cents, NotCents> {
    Cents::exactly(amount).ok().filter(|it| *it > Cents::ZERO).ok_or(NotCents(amount))
}
