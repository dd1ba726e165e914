//! Rows of the ledger: reading and writing movements, balances, slices and lots.

use std::sync::LazyLock;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Executor, Sqlite, SqliteConnection};
use tollgate_ledger::{AccountId, Balance, CallCost, Kind, Lot, Movement, NodeId, Till};
use tollgate_store::{GenerationRecord, LedgerRow, StoreError};
use tollgate_types::{Timestamp, Usd};

use crate::columns::Columns;
use crate::error::failed;
use crate::ledger::leased;
use crate::ledger_months;

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Statements that insert several movements, the largest first; of fixed sizes, so that they stay
/// prepared.
static INSERTS: LazyLock<[(usize, String); 3]> = LazyLock::new(|| {
    [64, 8, 1]
        .map(|rows| (rows, [INTO, &vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ")].concat()))
});

const INTO: &str = "
    INSERT INTO ledger_movement (
        id, account, kind, amount_nanos, counter, reference, note, at, expires_at
    ) VALUES ";

/// Adds movements, to the sums of their months, too, and the lots of those that expire.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    movements: &[Movement],
) -> Result<(), StoreError> {
    let mut rest = movements;
    for (rows, sql) in INSERTS.iter() {
        while let Some((chunk, later)) = rest.split_at_checked(*rows) {
            let query = chunk.iter().fold(sqlx::query(sql.as_str()), bind);
            query.execute(&mut *connection).await.map_err(failed)?;
            rest = later;
        }
    }
    ledger_months::count(connection, movements).await?;
    for movement in movements {
        let Some(expires_at) = movement.expires_at else { continue };
        let sql = "INSERT INTO ledger_lot (id, account, remaining_nanos, expires_at)
                   VALUES (?1, ?2, ?3, ?4)";
        sqlx::query(sql)
            .bind(movement.id.as_str())
            .bind(movement.account.as_str())
            .bind(movement.amount.nanos())
            .bind(expires_at.unix_millis())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

fn bind<'q>(query: Statement<'q>, movement: &'q Movement) -> Statement<'q> {
    query
        .bind(movement.id.as_str())
        .bind(movement.account.as_str())
        .bind(movement.kind.as_str())
        .bind(movement.amount.nanos())
        .bind(movement.counter.as_ref().map(AccountId::as_str))
        .bind(movement.reference.as_deref())
        .bind(movement.note.as_deref())
        .bind(movement.at.unix_millis())
        .bind(movement.expires_at.map(Timestamp::unix_millis))
}

/// Pays what new records cost: of one batch, by account and node.
///
/// A cost that does not fit is left to the audit to find: an absurd bill must not stop honest ones.
pub(crate) async fn pay(
    connection: &mut SqliteConnection,
    records: &[&GenerationRecord],
) -> Result<(), StoreError> {
    let mut rest: Vec<&GenerationRecord> =
        records.iter().copied().filter(|it| it.cost > Usd::ZERO).collect();
    while let Some(first) = rest.first().copied() {
        let is_alike =
            |it: &&GenerationRecord| it.account == first.account && it.paid_by == first.paid_by;
        let (alike, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_alike);
        rest = others;
        pay_alike(connection, (&first.account, first.paid_by.as_ref()), &alike).await?;
    }
    Ok(())
}

async fn pay_alike(
    connection: &mut SqliteConnection,
    (account, node): (&AccountId, Option<&NodeId>),
    records: &[&GenerationRecord],
) -> Result<(), StoreError> {
    let mut till = Till {
        account: account.clone(),
        balance: read_balance(&mut *connection, account).await?,
        ..Till::default()
    };
    if let Some(node) = node {
        till.leased = leased(connection, (node, account)).await?;
        let lots =
            sqlx::query("SELECT * FROM ledger_lot WHERE account = ?1").bind(account.as_str());
        let lots = read_lots(connection, lots).await?;
        till.lots = lots.into_iter().map(|(_, lot)| lot).collect();
    }
    let before = till.clone();
    let mut movements = Vec::with_capacity(records.len());
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
    insert(connection, &movements).await?;
    write_balance(connection, account, &till.balance).await?;
    if let (Some(node), Some(last)) = (node, records.last())
        && till.leased != before.leased
    {
        write_lease(connection, (node, account), till.leased, last.created_at).await?;
    }
    for lot in till.lots.iter().filter(|lot| !before.lots.contains(lot)) {
        sqlx::query("UPDATE ledger_lot SET remaining_nanos = ?2 WHERE id = ?1")
            .bind(&lot.id)
            .bind(lot.remaining.nanos())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

pub(crate) async fn is_known(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM ledger_movement WHERE id = ?1")
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(row.is_some())
}

pub(crate) async fn read_movement(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<Movement>, StoreError> {
    let row = sqlx::query("SELECT * FROM ledger_movement WHERE id = ?1")
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(row.as_ref().map(read_row).transpose()?.map(|row| row.movement))
}

pub(crate) fn read_row(row: &SqliteRow) -> Result<LedgerRow, StoreError> {
    let columns = Columns::of("ledger_movement", row);
    let movement = Movement {
        id: columns.get("id")?,
        account: columns.parsed("account", |it| AccountId::new(it).ok())?,
        kind: columns.parsed("kind", Kind::parse)?,
        amount: columns.usd("amount_nanos")?,
        counter: columns.optional_parsed("counter", |it| AccountId::new(it).ok())?,
        reference: columns.get("reference")?,
        note: columns.get("note")?,
        at: columns.timestamp("at")?,
        expires_at: columns.optional_timestamp("expires_at")?,
    };
    Ok(LedgerRow { sequence: columns.count("sequence")?, movement })
}

pub(crate) async fn read_balance<'e>(
    from: impl Executor<'e, Database = Sqlite>,
    account: &AccountId,
) -> Result<Balance, StoreError> {
    let row = sqlx::query("SELECT * FROM ledger_balance WHERE account = ?1")
        .bind(account.as_str())
        .fetch_optional(from)
        .await
        .map_err(failed)?;
    row.map_or(Ok(Balance::default()), |row| balance_of(&Columns::of("ledger_balance", &row)))
}

pub(crate) fn balance_of(columns: &Columns<'_>) -> Result<Balance, StoreError> {
    Ok(Balance {
        credited: columns.usd("credited_nanos")?,
        metered: columns.usd("metered_nanos")?,
        available: columns.usd("available_nanos")?,
        held: columns.usd("held_nanos")?,
        spent: columns.usd("spent_nanos")?,
    })
}

pub(crate) async fn write_balance(
    connection: &mut SqliteConnection,
    account: &AccountId,
    balance: &Balance,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO ledger_balance (
                   account, credited_nanos, metered_nanos, available_nanos, held_nanos, spent_nanos
               ) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (account) DO UPDATE SET
                   credited_nanos = excluded.credited_nanos,
                   metered_nanos = excluded.metered_nanos,
                   available_nanos = excluded.available_nanos,
                   held_nanos = excluded.held_nanos,
                   spent_nanos = excluded.spent_nanos";
    sqlx::query(sql)
        .bind(account.as_str())
        .bind(balance.credited.nanos())
        .bind(balance.metered.nanos())
        .bind(balance.available.nanos())
        .bind(balance.held.nanos())
        .bind(balance.spent.nanos())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) async fn write_lease(
    connection: &mut SqliteConnection,
    (node, account): (&NodeId, &AccountId),
    amount: Usd,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO ledger_lease (node, account, amount_nanos, touched_at)
               VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (node, account) DO UPDATE SET
                   amount_nanos = excluded.amount_nanos, touched_at = excluded.touched_at";
    sqlx::query(sql)
        .bind(node.as_str())
        .bind(account.as_str())
        .bind(amount.nanos())
        .bind(at.unix_millis())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The lots that a query finds, each with its account.
pub(crate) async fn read_lots(
    connection: &mut SqliteConnection,
    query: Statement<'_>,
) -> Result<Vec<(AccountId, Lot)>, StoreError> {
    let rows = query.fetch_all(connection).await.map_err(failed)?;
    let read = |row| {
        let columns = Columns::of("ledger_lot", row);
        let lot = Lot {
            id: columns.get("id")?,
            remaining: columns.usd("remaining_nanos")?,
            expires_at: columns.timestamp("expires_at")?,
        };
        Ok((columns.parsed("account", |it| AccountId::new(it).ok())?, lot))
    };
    rows.iter().map(read).collect()
}
