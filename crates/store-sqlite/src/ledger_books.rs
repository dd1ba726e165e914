//! Every account's books, counted from what is there.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use tollgate_ledger::{AccountId, Books, Kind, MovementSum, Total};
use tollgate_store::StoreError;

use crate::columns::Columns;
use crate::error::failed;
use crate::ledger_rows::balance_of;

/// Accounts whose sums by month are other than what their movements come to in them, by days first.
const MISDATED: &str = "
    WITH counted AS (
        SELECT month, account, kind, counter,
               sum(billions) + sum(rest) / 1000000000, sum(rest) % 1000000000
        FROM (
            SELECT CASE WHEN day BETWEEN -719528 AND 2932896
                        THEN CAST(strftime('%Y', day * 86400, 'unixepoch') AS INTEGER) * 12
                             + CAST(strftime('%m', day * 86400, 'unixepoch') AS INTEGER) - 1
                        ELSE 23640 END AS month,
                   account, kind, counter, billions, rest
            FROM (
                SELECT at / 86400000 - (at % 86400000 < 0) AS day, account, kind,
                       coalesce(counter, '') AS counter,
                       sum(amount_nanos / 1000000000) AS billions,
                       sum(amount_nanos % 1000000000) AS rest
                FROM ledger_movement GROUP BY 1, 2, 3, 4
            )
        ) GROUP BY 1, 2, 3, 4
    ),
    kept AS (
        SELECT month, account, kind, counter, amount_billions, amount_rest FROM ledger_month
    )
    SELECT DISTINCT account FROM (
        SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
        UNION ALL
        SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)
    )";

/// Reads them in the connection's transaction, so that everything is of one moment.
pub(crate) async fn books(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, Books>, StoreError> {
    let mut books = BTreeMap::new();
    kept_balances(connection, &mut books).await?;
    counted(connection, &mut books).await?;
    sums(connection, &mut books).await?;
    Ok(books)
}

async fn kept_balances(
    connection: &mut SqliteConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT * FROM ledger_balance").fetch_all(&mut *connection).await;
    for row in &rows.map_err(failed)? {
        let columns = Columns::of("ledger_balance", row);
        let account = columns.parsed("account", |it| AccountId::new(it).ok())?;
        books.entry(account).or_default().kept = balance_of(&columns)?;
    }
    Ok(())
}

async fn counted(
    connection: &mut SqliteConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    // By kind and account: what each kind does to a balance is the ledger's to know.
    let by_movements = concat!(
        "SELECT account, kind, counter, ",
        wide_sum!("amount_nanos"),
        " FROM ledger_movement GROUP BY account, kind, counter"
    );
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
        let account =
            Columns::of("ledger_month", row).parsed("account", |it| AccountId::new(it).ok());
        books.entry(account?).or_default().misdated = true;
    }
    Ok(())
}

/// Several movements of a kind as one.
pub(crate) fn summed(columns: &Columns<'_>) -> Result<MovementSum, StoreError> {
    Ok(MovementSum {
        account: columns.parsed("account", |it| AccountId::new(it).ok())?,
        kind: columns.parsed("kind", Kind::parse)?,
        counter: columns.optional_parsed("counter", |it| AccountId::new(it).ok())?,
        total: Total::from_nanos(columns.wide("amount_nanos")?),
    })
}

/// Those whom movements are about.
fn whom(sum: &MovementSum) -> impl Iterator<Item = &AccountId> {
    [Some(&sum.account), sum.counter.as_ref()].into_iter().flatten()
}

async fn sums_of(
    sql: &'static str,
    connection: &mut SqliteConnection,
) -> Result<Vec<MovementSum>, StoreError> {
    let rows = sqlx::query(sql).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(|row| summed(&Columns::of("ledger_movement", row))).collect()
}

async fn sums(
    connection: &mut SqliteConnection,
    books: &mut BTreeMap<AccountId, Books>,
) -> Result<(), StoreError> {
    let sums = [
        (
            concat!(
                "SELECT account, ",
                wide_sum!("nanos"),
                " FROM (SELECT account, amount_nanos AS nanos FROM ledger_lease) GROUP BY account"
            ),
            false,
        ),
        (
            concat!(
                "SELECT account, ",
                wide_sum!("nanos"),
                " FROM (
                     SELECT account, cost_nanos AS nanos FROM generation WHERE cost_nanos > 0
                     UNION ALL SELECT account, cost_nanos FROM generation_gone_cost
                 ) GROUP BY account"
            ),
            true,
        ),
    ];
    for (sql, is_of_generations) in sums {
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await.map_err(failed)?;
        for row in &rows {
            let columns = Columns::of("generation", row);
            let account = columns.parsed("account", |it| AccountId::new(it).ok())?;
            let of: &mut Books = books.entry(account).or_default();
            let sum = if is_of_generations { &mut of.generations } else { &mut of.leased };
            *sum = Total::from_nanos(columns.wide("nanos")?);
        }
    }
    Ok(())
}
