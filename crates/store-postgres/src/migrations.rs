//! Bringing a database up to the schema this version knows. Forward only: expand, then contract in
//! a later release.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, Row as _, SqlSafeStr as _};

use crate::OpenError;

/// Every version of the schema, oldest first. One that was released never changes.
pub(crate) const MIGRATIONS: &[MigrationFile] = &[
    MigrationFile { version: 1, name: "keys", sql: include_str!("../migrations/0001_keys.sql") },
    MigrationFile {
        version: 2,
        name: "generations",
        sql: include_str!("../migrations/0002_generations.sql"),
    },
    MigrationFile {
        version: 3,
        name: "ledger",
        sql: include_str!("../migrations/0003_ledger.sql"),
    },
    MigrationFile {
        version: 4,
        name: "presets",
        sql: include_str!("../migrations/0004_presets.sql"),
    },
    MigrationFile {
        version: 5,
        name: "feedback",
        sql: include_str!("../migrations/0005_feedback.sql"),
    },
    MigrationFile {
        version: 6,
        name: "policies",
        sql: include_str!("../migrations/0006_policies.sql"),
    },
    MigrationFile {
        version: 7,
        name: "credentials",
        sql: include_str!("../migrations/0007_credentials.sql"),
    },
    MigrationFile {
        version: 8,
        name: "limits",
        sql: include_str!("../migrations/0008_limits.sql"),
    },
    MigrationFile {
        version: 9,
        name: "activity",
        sql: include_str!("../migrations/0009_activity.sql"),
    },
    MigrationFile {
        version: 10,
        name: "documents",
        sql: include_str!("../migrations/0010_documents.sql"),
    },
    MigrationFile {
        version: 11,
        name: "limits of nodes",
        sql: include_str!("../migrations/0011_limits_of_nodes.sql"),
    },
    MigrationFile {
        version: 12,
        name: "key restrictions",
        sql: include_str!("../migrations/0012_key_restrictions.sql"),
    },
    MigrationFile {
        version: 13,
        name: "keyed hashes",
        sql: include_str!("../migrations/0013_keyed_hashes.sql"),
    },
    MigrationFile {
        version: 14,
        name: "retention",
        sql: include_str!("../migrations/0014_retention.sql"),
    },
    MigrationFile {
        version: 15,
        name: "contents",
        sql: include_str!("../migrations/0015_contents.sql"),
    },
    MigrationFile {
        version: 16,
        name: "limits told",
        sql: include_str!("../migrations/0016_limits_told.sql"),
    },
    MigrationFile {
        version: 17,
        name: "totals",
        sql: include_str!("../migrations/0017_totals.sql"),
    },
    MigrationFile {
        version: 18,
        name: "sessions",
        sql: include_str!("../migrations/0018_sessions.sql"),
    },
    MigrationFile {
        version: 19,
        name: "generation log",
        sql: include_str!("../migrations/0019_generation_log.sql"),
    },
    MigrationFile { version: 20, name: "nodes", sql: include_str!("../migrations/0020_nodes.sql") },
    MigrationFile {
        version: 21,
        name: "batches",
        sql: include_str!("../migrations/0021_batches.sql"),
    },
    MigrationFile {
        version: 22,
        name: "allotments",
        sql: include_str!("../migrations/0022_allotments.sql"),
    },
    MigrationFile {
        version: 23,
        name: "months",
        sql: include_str!("../migrations/0023_months.sql"),
    },
    MigrationFile {
        version: 24,
        name: "more activity",
        sql: include_str!("../migrations/0024_more_activity.sql"),
    },
    MigrationFile {
        version: 25,
        name: "endpoint history",
        sql: include_str!("../migrations/0025_endpoint_history.sql"),
    },
];

/// One step from a version of the schema to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MigrationFile {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// The table that says which migrations have run. A schema that has it is ours.
const TABLE: &str = "tollgate_migration";

/// All in one transaction, and behind a lock: other gateways may be starting at the same time. The
/// number is any that no other lock has.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(7021788203141529600)";

/// Runs what is missing, all or nothing.
pub(crate) async fn migrate(
    connection: &mut PgConnection,
    files: &[MigrationFile],
    place: &str,
) -> Result<(), OpenError> {
    let unusable = |error| OpenError::of(place, error);
    let mut transaction = connection.begin_with(BEGIN).await.map_err(unusable)?;
    check(&mut transaction, place).await?;
    let known = files.last().map_or(0, |file| file.version);
    let mut migrator =
        Migrator::with_migrations(files.iter().map(MigrationFile::migration).collect());
    // The transaction holds a lock already.
    migrator.set_locking(false);
    migrator.dangerous_set_table_name(TABLE);
    let connection: &mut PgConnection = &mut transaction;
    migrator.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => {
            OpenError::TooNew { place: place.to_owned(), found, known }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(error),
        other => OpenError::Unusable { place: place.to_owned(), source: other.into() },
    })?;
    transaction.commit().await.map_err(unusable)
}

impl MigrationFile {
    fn migration(&self) -> Migration {
        let sql = self.sql.into_sql_str();
        Migration::new(self.version, self.name.into(), MigrationType::Simple, sql, false)
    }
}

/// The oldest server that is supported, as `server_version_num` has it.
const OLDEST: i32 = 150_000;

/// What the server and the schema are. Tables that an extension has brought belong to nobody.
const FACTS: &str = "
    SELECT current_setting('server_version_num')::INT AS version,
           current_setting('server_version') AS version_text,
           current_setting('server_encoding') AS encoding,
           current_schema()::TEXT AS in_schema,
           pg_is_in_recovery() AS is_replica,
           to_regclass(quote_ident(current_schema()) || '.' || $1) IS NOT NULL AS is_ours,
           EXISTS (
               SELECT FROM pg_class
               WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
                 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                 AND NOT EXISTS (
                     SELECT FROM pg_depend
                     WHERE classid = 'pg_class'::REGCLASS AND objid = pg_class.oid AND deptype = 'e'
                 )
           ) AS is_used";

/// Whether the database can be used, and is empty or ours. Asked before anything is changed.
async fn check(connection: &mut PgConnection, place: &str) -> Result<(), OpenError> {
    let unusable = |error| OpenError::of(place, error);
    let row = sqlx::query(FACTS).bind(TABLE).fetch_one(connection).await.map_err(unusable)?;
    let place = || place.to_owned();
    if row.try_get::<i32, _>("version").map_err(unusable)? < OLDEST {
        let found = row.try_get("version_text").map_err(unusable)?;
        return Err(OpenError::TooOld { place: place(), found });
    }
    let encoding: String = row.try_get("encoding").map_err(unusable)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { place: place(), found: encoding });
    }
    if row.try_get("is_replica").map_err(unusable)? {
        return Err(OpenError::ReadOnly { place: place() });
    }
    if row.try_get::<Option<String>, _>("in_schema").map_err(unusable)?.is_none() {
        return Err(OpenError::NoSchema { place: place() });
    }
    let is_ours: Option<bool> = row.try_get("is_ours").map_err(unusable)?;
    let is_used: bool = row.try_get("is_used").map_err(unusable)?;
    if is_used && is_ours != Some(true) {
        return Err(OpenError::Foreign { place: place() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;
    use tollgate_ledger::{AccountId, Discrepancy, audit};
    use tollgate_store::{LedgerStore as _, StoreHealth as _, UsageStore as _};
    use tollgate_types::{Month, Usd};

    use super::*;
    use crate::PostgresStore;
    use crate::test_server::TestServer;

    #[test]
    fn versions_count_up_from_one() {
        for (file, version) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(file.version, version, "{}", file.name);
        }
    }

    /// A gateway of the version before may go on beside this one, and adds movements as it did.
    #[tokio::test]
    async fn months_count_what_was_there_before_and_what_the_version_before_adds() {
        let url = TestServer::shared().database().await;
        let old = PostgresStore::open_with(&url, &MIGRATIONS[..22]).await.unwrap();
        // 31 October 2026, a millisecond before its end, and what follows.
        let before = "INSERT INTO ledger_movement (id, account, kind, amount_nanos, counter, at)
            VALUES ('p1', 'default', 'purchase', 9223372036854775807, NULL, 1793491199999),
                   ('t1', 'default', 'transfer', 9223372036854775807, 'other', 1793491199999),
                   ('p2', 'default', 'purchase', 9223372036854775807, NULL, 1793491199999),
                   ('d2', 'default', 'deduction', 9223372036854775807, NULL, 1793491199999),
                   ('c1', 'other', 'metered', 7, NULL, 1793491200000),
                   ('odd', 'odd', 'purchase', 3, NULL, -9223372036854775808),
                   ('late', 'odd', 'purchase', 3, NULL, 9223372036854775807);
            INSERT INTO ledger_balance VALUES ('default', 0, 0, 0, 0, 0),
                ('other', 9223372036854775807, 7, 9223372036854775807, 0, 7),
                ('odd', 6, 0, 6, 0, 0);
            SELECT make_generation_month('2026-11-01');
            INSERT INTO generation (id, key_hash, workspace_id, created_at, model, requested_model,
                api_type, streamed, cancelled, is_byok, unpriced, usage_source, prompt_tokens,
                completion_tokens, cached_tokens, reasoning_tokens, cost_nanos,
                upstream_cost_nanos, account)
            SELECT id, decode(repeat('00', 32), 'hex'), 'default', 1793491200000, 'a/b', 'a/b',
                   'chat', FALSE, FALSE, byok, FALSE, 'reported', 1, 1, 0, 0, cost, listed, account
            FROM (VALUES ('c1', TRUE, 7, 9223372036854775807, 'other'), ('c2', TRUE, 0, 9, 'other'),
                         ('c3', FALSE, 0, 9, 'default')) AS one (id, byok, cost, listed, account);";
        old.pool.execute(sqlx::raw_sql(before)).await.unwrap();

        let new = PostgresStore::open(&url).await.unwrap();
        let other = AccountId::new("other").unwrap();
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!(audit(&new.books().await.unwrap()), []);
        let then = new.balance_before(&other, november).await.unwrap();
        assert_eq!((then.available.nanos(), then.spent.nanos()), (i64::MAX, 0));
        assert_eq!(new.first_month(&other).await.unwrap(), Some(november.previous()));
        let calls = new.calls_in(november).await.unwrap();
        assert_eq!(calls, [(other.clone(), Usd::from_nanos(7))]);
        let own = new.own_keys_in(november).await.unwrap();
        assert_eq!(own, [(other.clone(), Usd::from_nanos(i64::MAX))]);

        let later = "INSERT INTO ledger_movement (id, account, kind, amount_nanos, at)
            VALUES ('c4', 'other', 'metered', 2, 1793491200001),
                   ('c5', 'other', 'metered', 3, 1793491200002);
            UPDATE ledger_balance SET metered_nanos = 12, spent_nanos = 12 WHERE account = 'other';
            INSERT INTO generation_gone_cost VALUES ('other', 5);";
        old.pool.execute(sqlx::raw_sql(later)).await.unwrap();
        let calls = new.calls_in(november).await.unwrap();
        assert_eq!(calls, [(other.clone(), Usd::from_nanos(12))]);
        assert_eq!(audit(&new.books().await.unwrap()), []);
        let wrong = "UPDATE ledger_month SET month = month + 1 WHERE kind = 'metered'";
        old.pool.execute(wrong).await.unwrap();
        let found = audit(&new.books().await.unwrap());
        assert_eq!(found, [Discrepancy::Misdated { account: other }]);
        new.close().await;
        old.close().await;
    }
}
