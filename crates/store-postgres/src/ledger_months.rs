//! What months came to, in Postgres. The sums are moved by triggers where movements and records are
//! inserted; see the migration `months`.

use sqlx::PgPool;
use sqlx::postgres::PgRow;
use tollgate_ledger::{AccountId, Balance, Counted, Total};
use tollgate_store::StoreError;
use tollgate_types::{Month, Usd};

use crate::columns::Columns;
use crate::error::failed;
use crate::ledger_books::summed;
use crate::ledger_rows::account;
use crate::text::kept;

pub(crate) async fn own_keys_in(
    pool: &PgPool,
    month: Month,
) -> Result<Vec<(AccountId, Usd)>, StoreError> {
    let sql = "SELECT account, listed_nanos FROM own_keys_month WHERE month = $1 ORDER BY account";
    let query = sqlx::query(sql).bind(month.number());
    let read = |row: &PgRow| {
        let columns = Columns::of("own_keys_month", row);
        Ok((account(&columns, "account")?, columns.usd("listed_nanos")?))
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}

pub(crate) async fn balance_before(
    pool: &PgPool,
    of: &AccountId,
    month: Month,
) -> Result<Balance, StoreError> {
    let sql = "SELECT account, kind, nullif(counter, '') AS counter,
                      sum(amount_nanos)::TEXT AS amount_nanos
               FROM ledger_month WHERE (account = $1 OR counter = $1) AND month < $2
               GROUP BY account, kind, counter";
    let query = sqlx::query(sql).bind(kept(of.as_str())).bind(month.number());
    let mut counted = Counted::default();
    for row in &query.fetch_all(pool).await.map_err(failed)? {
        counted.count(&summed(&Columns::of("ledger_month", row))?, of);
    }
    Ok(counted.balance()?)
}

pub(crate) async fn first_month(
    pool: &PgPool,
    of: &AccountId,
) -> Result<Option<Month>, StoreError> {
    let sql = "SELECT min(month) AS month FROM ledger_month WHERE account = $1 OR counter = $1";
    let query = sqlx::query(sql).bind(kept(of.as_str()));
    let row = query.fetch_one(pool).await.map_err(failed)?;
    let columns = Columns::of("ledger_month", &row);
    let month = columns.get::<Option<i64>>("month")?;
    month.map(|it| Month::from_number(it).ok_or_else(|| columns.corrupt("month"))).transpose()
}

pub(crate) async fn calls_in(
    pool: &PgPool,
    month: Month,
) -> Result<Vec<(AccountId, Usd)>, StoreError> {
    let sql = "SELECT account, sum(amount_nanos)::TEXT AS amount_nanos FROM ledger_month
               WHERE month = $1 AND kind IN ('charge', 'overrun', 'metered')
               GROUP BY account ORDER BY account";
    let query = sqlx::query(sql).bind(month.number());
    let read = |row: &PgRow| {
        let columns = Columns::of("ledger_month", row);
        let sum = Total::from_nanos(columns.wide("amount_nanos")?);
        Ok((account(&columns, "account")?, sum.held()))
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}
