//! What months came to, in SQLite: sums that move in the transaction that adds what they are of.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};
use tollgate_ledger::{AccountId, Balance, Counted, Movement, Total};
use tollgate_store::{GenerationRecord, StoreError, own_keys_by_month};
use tollgate_types::{Month, Usd};

use crate::columns::Columns;
use crate::error::failed;
use crate::ledger_books::summed;

const NANOS: i64 = 1_000_000_000;

/// Adds new movements to the sums of their months.
pub(crate) async fn count(
    connection: &mut SqliteConnection,
    movements: &[Movement],
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<_, Total> = BTreeMap::new();
    for movement in movements {
        let counter = movement.counter.as_ref().map_or("", AccountId::as_str);
        let month = Month::of(movement.at).number();
        let place = (month, movement.account.as_str(), movement.kind.as_str(), counter);
        let sum = sums.entry(place).or_default();
        *sum = sum.plus(movement.amount.into());
    }
    let sql =
        "INSERT INTO ledger_month (month, account, kind, counter, amount_billions, amount_rest)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT DO UPDATE SET
                   amount_billions = amount_billions + excluded.amount_billions
                       + (amount_rest + excluded.amount_rest) / 1000000000,
                   amount_rest = (amount_rest + excluded.amount_rest) % 1000000000";
    for ((month, account, kind, counter), sum) in sums {
        let (billions, rest) = parts(sum);
        let query = sqlx::query(sql).bind(month).bind(account).bind(kind).bind(counter);
        query.bind(billions).bind(rest).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// Whole dollars, and nano-dollars below one. A batch holds no more than 2^63 dollars.
fn parts(sum: Total) -> (i64, i64) {
    let (billions, rest) =
        (sum.nanos().div_euclid(NANOS.into()), sum.nanos().rem_euclid(NANOS.into()));
    (i64::try_from(billions).unwrap_or(i64::MAX), i64::try_from(rest).unwrap_or_default())
}

/// Adds what new calls with keys of the callers' own cost there.
pub(crate) async fn count_own_keys(
    connection: &mut SqliteConnection,
    records: &[&GenerationRecord],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO own_keys_month (month, account, listed_nanos) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET
                   listed_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, listed_nanos + excluded.listed_nanos))";
    for ((month, account), listed) in own_keys_by_month(records) {
        let query = sqlx::query(sql).bind(month.number()).bind(account.as_str());
        query.bind(listed.nanos()).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

pub(crate) async fn own_keys_in(
    pool: &SqlitePool,
    month: Month,
) -> Result<Vec<(AccountId, Usd)>, StoreError> {
    let sql = "SELECT account, listed_nanos FROM own_keys_month WHERE month = ?1 ORDER BY account";
    let query = sqlx::query(sql).bind(month.number());
    let read = |row: &SqliteRow| {
        let columns = Columns::of("own_keys_month", row);
        Ok((columns.parsed("account", |it| AccountId::new(it).ok())?, columns.usd("listed_nanos")?))
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}

pub(crate) async fn balance_before(
    pool: &SqlitePool,
    account: &AccountId,
    month: Month,
) -> Result<Balance, StoreError> {
    let sql = "SELECT account, kind, nullif(counter, '') AS counter,
                      sum(amount_billions) AS amount_nanos_billions,
                      sum(amount_rest) AS amount_nanos_rest
               FROM ledger_month WHERE (account = ?1 OR counter = ?1) AND month < ?2
               GROUP BY account, kind, counter";
    let query = sqlx::query(sql).bind(account.as_str()).bind(month.number());
    let mut counted = Counted::default();
    for row in &query.fetch_all(pool).await.map_err(failed)? {
        counted.count(&summed(&Columns::of("ledger_month", row))?, account);
    }
    Ok(counted.balance()?)
}

pub(crate) async fn first_month(
    pool: &SqlitePool,
    account: &AccountId,
) -> Result<Option<Month>, StoreError> {
    let sql = "SELECT min(month) AS month FROM ledger_month WHERE account = ?1 OR counter = ?1";
    let query = sqlx::query(sql).bind(account.as_str());
    let row = query.fetch_one(pool).await.map_err(failed)?;
    let columns = Columns::of("ledger_month", &row);
    let month = columns.get::<Option<i64>>("month")?;
    month.map(|it| Month::from_number(it).ok_or_else(|| columns.corrupt("month"))).transpose()
}

pub(crate) async fn calls_in(
    pool: &SqlitePool,
    month: Month,
) -> Result<Vec<(AccountId, Usd)>, StoreError> {
    let sql = "SELECT account, sum(amount_billions) AS amount_nanos_billions,
                      sum(amount_rest) AS amount_nanos_rest
               FROM ledger_month
               WHERE month = ?1 AND kind IN ('charge', 'overrun', 'metered')
               GROUP BY account ORDER BY account";
    let query = sqlx::query(sql).bind(month.number());
    let read = |row: &SqliteRow| {
        let columns = Columns::of("ledger_month", row);
        let account = columns.parsed("account", |it| AccountId::new(it).ok())?;
        Ok((account, Total::from_nanos(columns.wide("amount_nanos")?).held()))
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}
