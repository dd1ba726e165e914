//! Versions of the rules in Postgres.

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_store::{PolicyStore, PolicyVersion, StoreError};

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl PolicyStore for PostgresStore {
    async fn add(&self, version: PolicyVersion) -> Result<(), StoreError> {
        self.writes.submit(Add(version)).await
    }

    async fn newest(&self) -> Result<Option<PolicyVersion>, StoreError> {
        Ok(self.list(1, None).await?.pop())
    }

    async fn get(&self, version: u64) -> Result<Option<PolicyVersion>, StoreError> {
        let sql =
            concat!("SELECT ", columns!(policy_version), " FROM policy_version WHERE version = $1");
        let row = sqlx::query(sql)
            .bind(number(version))
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(read).transpose()
    }

    async fn list(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<PolicyVersion>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(policy_version),
            " FROM policy_version WHERE version < $1 ORDER BY version DESC LIMIT $2"
        );
        let rows = sqlx::query(sql)
            .bind(number(before.unwrap_or(u64::MAX)))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(version), 0) AS version FROM policy_version";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("policy_version", &row).count("version")
    }
}

struct Add(PolicyVersion);

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let Self(version) = self;
        // Of two that add the same version at once, one finds it there when it tries again.
        let sql = "INSERT INTO policy_version (version, rules, note, author, created_at)
                   SELECT $1::BIGINT, $2, $3, $4, $5::BIGINT
                   WHERE $1 = (SELECT coalesce(max(version), 0) + 1 FROM policy_version)";
        let inserted = sqlx::query(sql)
            .bind(number(version.version))
            .bind(kept(&version.rules))
            .bind(version.note.as_deref().map(kept))
            .bind(version.author.as_deref().map(kept))
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

/// Versions count from 1: none is beyond what Postgres has numbers for.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn read(row: &PgRow) -> Result<PolicyVersion, StoreError> {
    let columns = Columns::of("policy_version", row);
    Ok(PolicyVersion {
        version: columns.count("version")?,
        rules: columns.string("rules")?,
        note: columns.optional_string("note")?,
        author: columns.optional_string("author")?,
        created_at: columns.timestamp("created_at")?,
    })
}
