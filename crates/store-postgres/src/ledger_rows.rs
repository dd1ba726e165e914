//! Rows of the ledger: reading and writing movements, balances, slices and lots.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Postgres};
use tollgate_ledger::{AccountId, Balance, Kind, LedgerError, Lot, Movement, NodeId};
use tollgate_store::{LedgerRow, StoreError};
use tollgate_types::{Timestamp, Usd};

use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;

/// Balances whose rows this transaction has locked: nobody else changes anything of these
/// accounts until it ends.
pub(crate) struct Locked {
    read: BTreeMap<AccountId, Balance>,
    now: BTreeMap<AccountId, Balance>,
}

impl Locked {
    /// Locks the balances of accounts, in the accounts' order, so that two transactions never
    /// wait for each other. Accounts that nobody knows yet get a row.
    pub(crate) async fn of(
        connection: &mut PgConnection,
        accounts: &BTreeSet<&AccountId>,
    ) -> Result<Self, StoreError> {
        let mut read = lock(connection, accounts).await?;
        if read.len() < accounts.len() {
            let sql = "INSERT INTO ledger_balance (
                           account, credited_nanos, metered_nanos, available_nanos, held_nanos,
                           spent_nanos
                       )
                       SELECT account, 0, 0, 0, 0, 0 FROM UNNEST($1::TEXT[]) AS new (account)
                       ORDER BY account COLLATE \"C\"
                       ON CONFLICT (account) DO NOTHING";
            let query = sqlx::query(sql).bind(names(accounts.iter().copied()));
            query.execute(&mut *connection).await.map_err(failed)?;
            read = lock(connection, accounts).await?;
        }
        Ok(Self { now: read.clone(), read })
    }

    pub(crate) fn balance(&self, account: &AccountId) -> Balance {
        self.now.get(account).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, account: &AccountId, balance: Balance) {
        self.now.insert(account.clone(), balance);
    }

    /// Moves the balances of those whom a movement is about.
    pub(crate) fn apply(&mut self, movement: &Movement) -> Result<(), LedgerError> {
        for account in accounts_of(movement) {
            let after = self.balance(account).after(movement, account)?;
            self.set(account, after);
        }
        Ok(())
    }

    /// Writes the balances that have moved.
    pub(crate) async fn write(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let moved: Vec<(&AccountId, &Balance)> =
            self.now.iter().filter(|(account, now)| self.read.get(account) != Some(now)).collect();
        if moved.is_empty() {
            return Ok(());
        }
        let nanos = |of: fn(&Balance) -> Usd| -> Vec<i64> {
            moved.iter().map(|(_, balance)| of(balance).nanos()).collect()
        };
        let sql = "UPDATE ledger_balance SET
                       credited_nanos = moved.credited, metered_nanos = moved.metered,
                       available_nanos = moved.available, held_nanos = moved.held,
                       spent_nanos = moved.spent
                   FROM UNNEST($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[],
                               $5::BIGINT[], $6::BIGINT[])
                        AS moved (account, credited, metered, available, held, spent)
                   WHERE ledger_balance.account = moved.account";
        sqlx::query(sql)
            .bind(names(moved.iter().map(|(account, _)| *account)))
            .bind(nanos(|it| it.credited))
            .bind(nanos(|it| it.metered))
            .bind(nanos(|it| it.available))
            .bind(nanos(|it| it.held))
            .bind(nanos(|it| it.spent))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

/// Those whom a movement is about.
pub(crate) fn accounts_of(movement: &Movement) -> impl Iterator<Item = &AccountId> {
    [Some(&movement.account), movement.counter.as_ref()].into_iter().flatten()
}

async fn lock(
    connection: &mut PgConnection,
    accounts: &BTreeSet<&AccountId>,
) -> Result<BTreeMap<AccountId, Balance>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(ledger_balance),
        " FROM ledger_balance WHERE account = ANY($1) ORDER BY account FOR UPDATE"
    );
    let query = sqlx::query(sql).bind(names(accounts.iter().copied()));
    let rows = query.fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(read_account).collect()
}

/// Accounts as an array.
pub(crate) fn names<'a>(accounts: impl Iterator<Item = &'a AccountId>) -> Vec<Cow<'a, str>> {
    accounts.map(|account| kept(account.as_str())).collect()
}

fn read_account(row: &PgRow) -> Result<(AccountId, Balance), StoreError> {
    let columns = Columns::of("ledger_balance", row);
    Ok((account(&columns, "account")?, balance_of(&columns)?))
}

pub(crate) fn account(columns: &Columns<'_>, name: &str) -> Result<AccountId, StoreError> {
    columns.parsed(name, |it| AccountId::new(it).ok())
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

pub(crate) async fn read_balance<'e>(
    from: impl Executor<'e, Database = Postgres>,
    account: &AccountId,
) -> Result<Balance, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(ledger_balance),
        " FROM ledger_balance WHERE account = $1"
    ))
    .bind(kept(account.as_str()))
    .fetch_optional(from)
    .await
    .map_err(failed)?;
    row.map_or(Ok(Balance::default()), |row| balance_of(&Columns::of("ledger_balance", &row)))
}

/// Adds movements, and the lots of those that expire.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    movements: &[Movement],
) -> Result<(), StoreError> {
    if movements.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&Movement) -> Option<&str>| -> Vec<Option<Cow<'_, str>>> {
        movements.iter().map(|it| of(it).map(kept)).collect()
    };
    let sql = "INSERT INTO ledger_movement (
                   id, account, kind, amount_nanos, counter, reference, note, at, expires_at
               )
               SELECT id, account, kind, amount, counter, reference, note, at, expires_at
               FROM UNNEST($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                           $6::TEXT[], $7::TEXT[], $8::BIGINT[], $9::BIGINT[]) WITH ORDINALITY
                    AS new (id, account, kind, amount, counter, reference, note, at, expires_at, nth)
               ORDER BY nth";
    sqlx::query(sql)
        .bind(texts(|it| Some(&it.id)))
        .bind(texts(|it| Some(it.account.as_str())))
        .bind(texts(|it| Some(it.kind.as_str())))
        .bind(movements.iter().map(|it| it.amount.nanos()).collect::<Vec<_>>())
        .bind(texts(|it| it.counter.as_ref().map(AccountId::as_str)))
        .bind(texts(|it| it.reference.as_deref()))
        .bind(texts(|it| it.note.as_deref()))
        .bind(movements.iter().map(|it| it.at.unix_millis()).collect::<Vec<_>>())
        .bind(movements.iter().map(ends).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    insert_lots(connection, movements).await
}

fn ends(movement: &Movement) -> Option<i64> {
    movement.expires_at.map(Timestamp::unix_millis)
}

async fn insert_lots(
    connection: &mut PgConnection,
    movements: &[Movement],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO ledger_lot (id, account, remaining_nanos, expires_at)
               VALUES ($1, $2, $3, $4)";
    for movement in movements.iter().filter(|it| it.expires_at.is_some()) {
        sqlx::query(sql)
            .bind(kept(&movement.id))
            .bind(kept(movement.account.as_str()))
            .bind(movement.amount.nanos())
            .bind(ends(movement))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Which of these ids movements have.
pub(crate) async fn known_ids(
    connection: &mut PgConnection,
    ids: &[&str],
) -> Result<BTreeSet<String>, StoreError> {
    let wanted: Vec<Cow<'_, str>> = ids.iter().map(|id| kept(id)).collect();
    let rows = sqlx::query("SELECT id FROM ledger_movement WHERE id = ANY($1)")
        .bind(wanted)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter().map(|row| Columns::of("ledger_movement", row).string("id")).collect()
}

pub(crate) async fn read_movement(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<Movement>, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(ledger_movement),
        " FROM ledger_movement WHERE id = $1"
    ))
    .bind(kept(id))
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    Ok(row.as_ref().map(read_row).transpose()?.map(|row| row.movement))
}

pub(crate) fn read_row(row: &PgRow) -> Result<LedgerRow, StoreError> {
    let columns = Columns::of("ledger_movement", row);
    let movement = Movement {
        id: columns.string("id")?,
        account: account(&columns, "account")?,
        kind: columns.parsed("kind", Kind::parse)?,
        amount: columns.usd("amount_nanos")?,
        counter: columns.optional_parsed("counter", |it| AccountId::new(it).ok())?,
        reference: columns.optional_string("reference")?,
        note: columns.optional_string("note")?,
        at: columns.timestamp("at")?,
        expires_at: columns.optional_timestamp("expires_at")?,
    };
    Ok(LedgerRow { sequence: columns.count("sequence")?, movement })
}

/// What nodes have set aside, by node and account.
pub(crate) type Slices = BTreeMap<Holder, (Usd, Timestamp)>;

/// Who has set something aside, and of what.
type Holder = (NodeId, AccountId);

/// What nodes have set aside of accounts.
pub(crate) async fn read_slices(
    connection: &mut PgConnection,
    accounts: &BTreeSet<&AccountId>,
) -> Result<Slices, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(ledger_lease),
        " FROM ledger_lease WHERE account = ANY($1)"
    ))
    .bind(names(accounts.iter().copied()))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.iter().map(read_slice).collect()
}

pub(crate) fn read_slice(row: &PgRow) -> Result<(Holder, (Usd, Timestamp)), StoreError> {
    let columns = Columns::of("ledger_lease", row);
    let node = NodeId::new(&columns.text("node")?);
    let key = (node, account(&columns, "account")?);
    Ok((key, (columns.usd("amount_nanos")?, columns.timestamp("touched_at")?)))
}

pub(crate) async fn write_slices(
    connection: &mut PgConnection,
    slices: &Slices,
) -> Result<(), StoreError> {
    if slices.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO ledger_lease (node, account, amount_nanos, touched_at)
               SELECT * FROM UNNEST($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[])
               ON CONFLICT (node, account) DO UPDATE SET
                   amount_nanos = excluded.amount_nanos, touched_at = excluded.touched_at";
    sqlx::query(sql)
        .bind(slices.keys().map(|(node, _)| kept(node.as_str())).collect::<Vec<_>>())
        .bind(names(slices.keys().map(|(_, account)| account)))
        .bind(slices.values().map(|(amount, _)| amount.nanos()).collect::<Vec<_>>())
        .bind(slices.values().map(|(_, at)| at.unix_millis()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) fn read_lot(row: &PgRow) -> Result<(AccountId, Lot), StoreError> {
    let columns = Columns::of("ledger_lot", row);
    let lot = Lot {
        id: columns.string("id")?,
        remaining: columns.usd("remaining_nanos")?,
        expires_at: columns.timestamp("expires_at")?,
    };
    Ok((account(&columns, "account")?, lot))
}
