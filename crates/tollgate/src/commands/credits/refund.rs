//! `tollgate credits refund` of credit that was entered by hand: no payment provider knows of it, so
//! the operator gives the money back, and the ledger has it at once.

use anyhow::bail;
use tollgate_engine::{Clock, SystemClock};
use tollgate_ledger::{Kind, Movement};
use tollgate_store::{MovementQuery, Stores};
use tollgate_types::Usd;

use super::payments::RefundArgs;
use super::{is_of_a_provider, named, show, was_added_before};

/// More refunds of one purchase than anybody makes.
const ABOUT_MOST: u32 = 1_000;

/// A purchase that was entered by hand, and what of it went back.
struct Purchase {
    bought: Movement,
    fee: Usd,
    refunds: Vec<Movement>,
}

/// Gives a purchase back that was entered by hand, or a part of it. Returns whether it is one.
pub(super) async fn by_hand(args: &RefundArgs, stores: &Stores) -> anyhow::Result<bool> {
    if is_of_a_provider(&args.payment) {
        return Ok(false);
    }
    let Some(purchase) = Purchase::find(&args.payment, stores).await? else { return Ok(false) };
    let movements = purchase.refund(args)?;
    let Some(refund) = movements.first().cloned() else { return Ok(true) };
    let account = refund.account.clone();
    if was_added_before(&refund, stores).await? {
        if !args.json {
            anstream::println!("{} was made before; nothing has changed.", refund.id);
        }
    } else {
        let available = stores.ledger.balance(&account).await?.available;
        if available < refund.amount {
            bail!(
                "{account} has {available} available, less than {}. Nothing has changed: give a part back with --amount",
                refund.amount
            );
        }
        if !stores.ledger.post(movements).await? {
            bail!("somebody else has refunded {} meanwhile. Nothing has changed", args.payment);
        }
    }
    show(account.as_str(), args.json, stores).await?;
    Ok(true)
}

impl Purchase {
    async fn find(id: &str, stores: &Stores) -> anyhow::Result<Option<Self>> {
        let about = Some(id.to_owned());
        let query = MovementQuery { about, limit: ABOUT_MOST, ..MovementQuery::default() };
        let rows = stores.ledger.movements(&query).await?;
        let rows: Vec<Movement> = rows.into_iter().map(|row| row.movement).collect();
        let is_it = |it: &&Movement| it.id == id && it.kind == Kind::Purchase;
        if let Some(other) = rows.iter().find(|it| it.id == id && it.kind != Kind::Purchase) {
            bail!("{id} is a {}, and not a purchase: nothing was paid for it", other.kind.as_str());
        }
        let Some(bought) = rows.iter().find(is_it).cloned() else { return Ok(None) };
        let fees = rows.iter().filter(|it| it.kind == Kind::Fee).map(|it| it.amount);
        let back = rows.iter().filter(|it| it.kind == Kind::FeeReversal).map(|it| it.amount);
        let (fees, back) = (sum(fees), sum(back));
        let fee = fees.checked_sub(back).unwrap_or(Usd::ZERO);
        let refunds = rows.into_iter().filter(|it| it.kind == Kind::Refund).collect();
        Ok(Some(Self { bought, fee, refunds }))
    }

    /// What goes back: credit, and with the last of it the fee.
    fn refund(&self, args: &RefundArgs) -> anyhow::Result<Vec<Movement>> {
        let (id, now) = (&self.bought.id, SystemClock.now());
        let gone = sum(self.refunds.iter().map(|it| it.amount));
        let left = self.bought.amount.checked_sub(gone).unwrap_or(Usd::ZERO);
        let known = args.id.as_deref().and_then(|id| self.refunds.iter().find(|it| it.id == id));
        let amount = args.amount.or(known.map(|it| it.amount)).unwrap_or(left);
        if args.amount.is_some_and(|it| it <= Usd::ZERO) {
            bail!("--amount: must be more than nothing");
        }
        if amount <= Usd::ZERO {
            bail!("nothing is left of {id} to give back");
        }
        if known.is_none() && amount > left {
            bail!("{left} of {id} is left to give back, less than {amount}");
        }
        let number = self.refunds.len().saturating_add(1);
        let name = match &args.id {
            Some(name) => named(Some(name), "refund")?,
            // A number that is taken by whoever comes first.
            None => format!("{id}/refund/{number}"),
        };
        let account = self.bought.account.clone();
        let of = |id: &str, kind, amount| Movement {
            reference: Some(self.bought.id.clone()),
            ..Movement::new(id, account.clone(), kind, amount, now)
        };
        let mut movements = vec![of(&name, Kind::Refund, amount)];
        if known.is_none() && amount == left && self.fee > Usd::ZERO {
            movements.push(of(&format!("{id}/refund/fee"), Kind::FeeReversal, self.fee));
        }
        Ok(movements)
    }
}

fn sum(amounts: impl Iterator<Item = Usd>) -> Usd {
    amounts.fold(Usd::ZERO, Usd::saturating_add)
}
