//! Every account's books, counted from what is there.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use tollgate_ledger::{AccountId, Balance, Books, Kind, MovementSum, Total};
use tollgate_store::StoreError;

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::ledger_rows::{account, balance_of};

/// Everything is of one moment. Counting a long history takes longer than any other statement may.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL statement_timeout = '15min'";

/// Accounts whose sums by month are other than what their movements come to in them, by days first.
const MISDATED: &str = "
    WITH counted AS (
        SELECT month_number(day), account, kind, counter, sum(amount_nanos)
        FROM (
            SELECT day_number(at) AS day, account, kind, coalesce(counter, '') AS counter,
                   sum(amount_nanos) AS amount_nanos
            FROM ledger_movement GROUP BY 1, 2, 3, 4
        ) AS by_day GROUP BY 1, 2, 3, 4
    ),
    kept AS (SELECT month, account, kind, counter, amount_nanos FROM ledger_month)
    SELECT DISTINCT account FROM (
        SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS more
        UNION ALL
        SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS less
    ) AS either";

impl PostgresStore {
    pub(crate) async fn read_books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError> {
        let mut transaction = self.pool.begin_with(BEGIN).await.map_err(failed)?;
        let mut books = BTreeMap::new();
        kept_balances(&mut transaction, &mut books).await?;
        counted(&mut transaction, &mut books).await?;
        sums(&mut transaction, &mut books).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(books)
    }
}

async fn kept_balances(
    connection: &mut PgConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    let rows = sqlx::query(concat!("SELECT ", columns!(ledger_balance), " FROM ledger_balance"))
        .fetch_all(connection)
        .await;
    for row in &rows.map_err(failed)? {
        let columns = Columns::of("ledger_balance", row);
        let balance = balance_of(&columns)?;
        // An account that somebody has only asked for has a row to lock, and no books.
        if balance != Balance::default() {
            books.entry(account(&columns, "account")?).or_default().kept = balance;
        }
    }
    Ok(())
}

async fn counted(
    connection: &mut PgConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    // By kind and account: what each kind does to a balance is the ledger's to know.
    let by_movements = "SELECT account, kind, counter, sum(amount_nanos)::TEXT AS amount_nanos
                        FROM ledger_movement GROUP BY account, kind, counter";
    for sum in sums_of(by_movements, connection).await? {
        for account in whom(&sum) {
            books.entry(account.clone()).or_default().counted.count(&sum, account);
        }
        if sum.kind.is_call() {
            let of = books.entry(sum.account).or_default();
            of.charged = of.charged.plus(sum.total);
        }
    }
    for row in &sqlx::query(MISDATED).fetch_all(connection).await.map_err(failed)? {
        let account = account(&Columns::of("ledger_month", row), "account")?;
        books.entry(account).or_default().misdated = true;
    }
    Ok(())
}

/// Those whom movements are about.
fn whom(sum: &MovementSum) -> impl Iterator<Item = &AccountId> {
    [Some(&sum.account), sum.counter.as_ref()].into_iter().flatten()
}

async fn sums_of(
    sql: &'static str,
    connection: &mut PgConnection,
) -> Result<Vec<MovementSum>, StoreError> {
    let rows = sqlx::query(sql).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(|row| summed(&Columns::of("ledger_movement", row))).collect()
}

/// Several movements of a kind as one.
pub(crate) fn summed(columns: &Columns<'_>) -> Result<MovementSum, StoreError> {
    Ok(MovementSum {
        account: account(columns, "account")?,
        kind: columns.parsed("kind", Kind::parse)?,
        counter: columns.optional_parsed("counter", |it| AccountId::new(it).ok())?,
        total: Total::from_nanos(columns.wide("amount_nanos")?),
    })
}

async fn sums(
    connection: &mut PgConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    let sums = [
        (
            "SELECT account, sum(amount_nanos)::TEXT AS nanos
             FROM ledger_lease GROUP BY account",
            false,
        ),
        (
            "SELECT account, sum(cost_nanos)::TEXT AS nanos FROM (
                 SELECT account, cost_nanos FROM generation WHERE cost_nanos > 0
                 UNION ALL SELECT account, cost_nanos FROM generation_gone_cost
             ) AS both_of_them GROUP BY account",
            true,
        ),
    ];
    for (sql, is_of_generations) in sums {
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await.map_err(failed)?;
        for row in &rows {
            let columns = Columns::of("generation", row);
            let of: &mut Books = books.entry(account(&columns, "account")?).or_default();
            let sum = if is_of_generations { &mut of.generations } else { &mut of.leased };
            *sum = Total::from_nanos(columns.wide("nanos")?);
        }
    }
    Ok(())
}
