//! Paying what calls cost, in the transaction that keeps their records.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;
use tollgate_ledger::{AccountId, CallCost, Lot, Movement, NodeId, Till};
use tollgate_store::{GenerationRecord, StoreError};
use tollgate_types::Usd;

use crate::error::failed;
use crate::ledger_rows::{Locked, Slices, insert, names, read_lot, read_slices, write_slices};
use crate::text::kept;

/// Pays what new records cost: of one batch, by account and node.
///
/// A cost that does not fit is left to the audit to find: an absurd bill must not stop honest ones.
pub(crate) async fn pay(
    connection: &mut PgConnection,
    records: &[&GenerationRecord],
) -> Result<(), StoreError> {
    let mut rest: Vec<&GenerationRecord> =
        records.iter().copied().filter(|it| it.cost > Usd::ZERO).collect();
    if rest.is_empty() {
        return Ok(());
    }
    let accounts: BTreeSet<&AccountId> = rest.iter().map(|it| &it.account).collect();
    let mut drawers = Drawers::open(connection, &accounts, &rest).await?;
    let mut movements = Vec::with_capacity(rest.len());
    while let Some(first) = rest.first().copied() {
        let is_alike =
            |it: &&GenerationRecord| it.account == first.account && it.paid_by == first.paid_by;
        let (alike, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_alike);
        rest = others;
        drawers.pay((&first.account, first.paid_by.as_ref()), &alike, &mut movements);
    }
    insert(connection, &movements).await?;
    drawers.close(connection).await
}

/// Everything that the calls of a batch may take from.
struct Drawers {
    locked: Locked,
    slices: Slices,
    /// Those that have changed.
    written: Slices,
    lots: BTreeMap<AccountId, Vec<Lot>>,
    /// What is left of lots that have changed.
    consumed: BTreeMap<String, Usd>,
}

impl Drawers {
    async fn open(
        connection: &mut PgConnection,
        accounts: &BTreeSet<&AccountId>,
        records: &[&GenerationRecord],
    ) -> Result<Self, StoreError> {
        let locked = Locked::of(connection, accounts).await?;
        let mut drawers = Self {
            locked,
            slices: Slices::new(),
            written: Slices::new(),
            lots: BTreeMap::new(),
            consumed: BTreeMap::new(),
        };
        if records.iter().all(|it| it.paid_by.is_none()) {
            return Ok(drawers);
        }
        drawers.slices = read_slices(connection, accounts).await?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(ledger_lot),
            " FROM ledger_lot WHERE account = ANY($1)"
        ))
        .bind(names(accounts.iter().copied()))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
        for row in &rows {
            let (account, lot) = read_lot(row)?;
            drawers.lots.entry(account).or_default().push(lot);
        }
        Ok(drawers)
    }

    /// Pays calls of one node and account.
    fn pay(
        &mut self,
        (account, node): (&AccountId, Option<&NodeId>),
        records: &[&GenerationRecord],
        movements: &mut Vec<Movement>,
    ) {
        let slice = node.map(|node| (node.clone(), account.clone()));
        let leased = slice.as_ref().and_then(|key| self.slices.get(key)).map(|(left, _)| *left);
        let mut till = Till {
            account: account.clone(),
            balance: self.locked.balance(account),
            leased: leased.unwrap_or(Usd::ZERO),
            lots: self.lots.get(account).cloned().unwrap_or_default(),
        };
        for record in records {
            let call = CallCost {
                id: record.id.as_str(),
                amount: record.cost,
                at: record.created_at,
                takes_credit: node.is_some(),
            };
            match till.pay(&call) {
                Ok(more) => movements.extend(more),
                Err(error) => {
                    tracing::error!(%error, call.id = record.id.as_str(), "a call can't be paid");
                }
            }
        }
        self.locked.set(account, till.balance);
        if let (Some(slice), Some(last)) = (slice, records.last())
            && till.leased != leased.unwrap_or(Usd::ZERO)
        {
            self.slices.insert(slice.clone(), (till.leased, last.created_at));
            self.written.insert(slice, (till.leased, last.created_at));
        }
        let before = self.lots.get(account).map_or(&[][..], Vec::as_slice);
        let consumed = till.lots.iter().filter(|lot| !before.contains(lot));
        self.consumed.extend(consumed.map(|lot| (lot.id.clone(), lot.remaining)));
        self.lots.insert(account.clone(), till.lots);
    }

    async fn close(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        self.locked.write(connection).await?;
        write_slices(connection, &self.written).await?;
        if self.consumed.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE ledger_lot SET remaining_nanos = left_over.nanos
                   FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS left_over (id, nanos)
                   WHERE ledger_lot.id = left_over.id";
        sqlx::query(sql)
            .bind(self.consumed.keys().map(|id| kept(id)).collect::<Vec<_>>())
            .bind(self.consumed.values().map(|left| left.nanos()).collect::<Vec<_>>())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
