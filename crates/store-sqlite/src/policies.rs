//! Versions of the rules in SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tollgate_store::{PolicyStore, PolicyVersion, StoreError};

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl PolicyStore for SqliteStore {
    async fn add(&self, version: PolicyVersion) -> Result<(), StoreError> {
        self.writer.submit(Add(version)).await
    }

    async fn newest(&self) -> Result<Option<PolicyVersion>, StoreError> {
        Ok(self.list(1, None).await?.pop())
    }

    async fn get(&self, version: u64) -> Result<Option<PolicyVersion>, StoreError> {
        let sql = "SELECT * FROM policy_version WHERE version = ?1";
        let row = sqlx::query(sql)
            .bind(number(version))
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(read).transpose()
    }

    async fn list(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        let sql = "SELECT * FROM policy_version WHERE version < ?1 ORDER BY version DESC LIMIT ?2";
        let rows = sqlx::query(sql)
            .bind(number(before.unwrap_or(u64::MAX)))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(version), 0) AS version FROM policy_version";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(failed)?;
        Columns::of("policy_version", &row).count("version")
    }
}

struct Add(PolicyVersion);

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let Self(version) = self;
        // Reading before writing is safe: the transaction began with the write lock.
        let sql = "INSERT INTO policy_version (version, rules, note, author, created_at)
                   SELECT ?1, ?2, ?3, ?4, ?5
                   WHERE ?1 = (SELECT coalesce(max(version), 0) + 1 FROM policy_version)";
        let inserted = sqlx::query(sql)
            .bind(number(version.version))
            .bind(version.rules.as_str())
            .bind(version.note.as_deref())
            .bind(version.author.as_deref())
            .bind(version.created_at.unix_millis())
            .execute(connection)
            .await
            .map_err(failed)?;
        match inserted.rows_affected() {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}

/// Versions count from 1: none is beyond what SQLite has numbers for.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn read(row: &SqliteRow) -> Result<PolicyVersion, StoreError> {
    let columns = Columns::of("policy_version", row);
    Ok(PolicyVersion {
        version: columns.count("version")?,
        rules: columns.get("rules")?,
        note: columns.get("note")?,
        author: columns.get("author")?,
        created_at: columns.timestamp("created_at")?,
    })
}
