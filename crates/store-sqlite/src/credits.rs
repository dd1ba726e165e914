//! Credit entries in SQLite.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Sqlite, SqliteConnection};
use tollgate_store::{CreditEntry, CreditKind, CreditStore, StoreError};
use tollgate_types::Usd;

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl CreditStore for SqliteStore {
    async fn add(&self, entry: CreditEntry) -> Result<bool, StoreError> {
        self.writer.submit(Add(entry)).await
    }

    async fn total(&self, account: &str) -> Result<Usd, StoreError> {
        total(&self.readers, account).await
    }

    async fn list(&self, account: &str, limit: u32) -> Result<Vec<CreditEntry>, StoreError> {
        let sql = "SELECT * FROM credit_entry WHERE account = ?1
                   ORDER BY created_at DESC, id DESC LIMIT ?2";
        let rows = sqlx::query(sql)
            .bind(account)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read_entry).collect()
    }
}

struct Add(CreditEntry);

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let Self(entry) = self;
        if !insert(connection, entry).await? {
            return Ok(false);
        }
        // Credit must be exact, so the sum is made where an overflow shows. Reading before
        // writing is safe: the transaction began with the write lock. An error takes the entry
        // back, too.
        let total = total(&mut *connection, &entry.account)
            .await?
            .checked_add(entry.amount)
            .ok_or(StoreError::OutOfRange { what: "the account's credit" })?;
        let sql = "INSERT INTO credit_total (account, amount_nanos) VALUES (?1, ?2)
                   ON CONFLICT (account) DO UPDATE SET amount_nanos = excluded.amount_nanos";
        sqlx::query(sql)
            .bind(entry.account.as_str())
            .bind(total.nanos())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(true)
    }
}

/// `false` when the id is known.
async fn insert(
    connection: &mut SqliteConnection,
    entry: &CreditEntry,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO credit_entry (id, account, kind, amount_nanos, note, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (id) DO NOTHING";
    let inserted = sqlx::query(sql)
        .bind(entry.id.as_str())
        .bind(entry.account.as_str())
        .bind(entry.kind.as_str())
        .bind(entry.amount.nanos())
        .bind(entry.note.as_deref())
        .bind(entry.created_at.unix_millis())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(inserted.rows_affected() > 0)
}

async fn total<'e>(
    from: impl Executor<'e, Database = Sqlite>,
    account: &str,
) -> Result<Usd, StoreError> {
    let row = sqlx::query("SELECT amount_nanos FROM credit_total WHERE account = ?1")
        .bind(account)
        .fetch_optional(from)
        .await
        .map_err(failed)?;
    row.map_or(Ok(Usd::ZERO), |row| Columns::of("credit_total", &row).usd("amount_nanos"))
}

fn read_entry(row: &SqliteRow) -> Result<CreditEntry, StoreError> {
    let columns = Columns::of("credit_entry", row);
    Ok(CreditEntry {
        id: columns.get("id")?,
        account: columns.get("account")?,
        kind: columns.parsed("kind", CreditKind::parse)?,
        amount: columns.usd("amount_nanos")?,
        note: columns.get("note")?,
        created_at: columns.timestamp("created_at")?,
    })
}
