//! Bringing a file up to the schema this version knows. Forward only: expand, then contract in a
//! later release.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection as _, Row as _, SqlSafeStr as _, SqliteConnection};

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
        name: "credits",
        sql: include_str!("../migrations/0003_credits.sql"),
    },
    MigrationFile {
        version: 4,
        name: "routing",
        sql: include_str!("../migrations/0004_routing.sql"),
    },
    MigrationFile {
        version: 5,
        name: "presets",
        sql: include_str!("../migrations/0005_presets.sql"),
    },
    MigrationFile {
        version: 6,
        name: "feedback",
        sql: include_str!("../migrations/0006_feedback.sql"),
    },
    MigrationFile {
        version: 7,
        name: "policies",
        sql: include_str!("../migrations/0007_policies.sql"),
    },
    MigrationFile {
        version: 8,
        name: "credentials",
        sql: include_str!("../migrations/0008_credentials.sql"),
    },
    MigrationFile {
        version: 9,
        name: "ledger",
        sql: include_str!("../migrations/0009_ledger.sql"),
    },
    MigrationFile {
        version: 10,
        name: "activity",
        sql: include_str!("../migrations/0010_activity.sql"),
    },
    MigrationFile {
        version: 11,
        name: "limits",
        sql: include_str!("../migrations/0011_limits.sql"),
    },
    MigrationFile {
        version: 12,
        name: "documents",
        sql: include_str!("../migrations/0012_documents.sql"),
    },
    MigrationFile {
        version: 13,
        name: "limits of nodes",
        sql: include_str!("../migrations/0013_limits_of_nodes.sql"),
    },
    MigrationFile {
        version: 14,
        name: "key restrictions",
        sql: include_str!("../migrations/0014_key_restrictions.sql"),
    },
    MigrationFile {
        version: 15,
        name: "keyed hashes",
        sql: include_str!("../migrations/0015_keyed_hashes.sql"),
    },
    MigrationFile {
        version: 16,
        name: "retention",
        sql: include_str!("../migrations/0016_retention.sql"),
    },
    MigrationFile {
        version: 17,
        name: "contents",
        sql: include_str!("../migrations/0017_contents.sql"),
    },
    MigrationFile {
        version: 18,
        name: "limits told",
        sql: include_str!("../migrations/0018_limits_told.sql"),
    },
    MigrationFile {
        version: 19,
        name: "totals",
        sql: include_str!("../migrations/0019_totals.sql"),
    },
    MigrationFile {
        version: 20,
        name: "sessions",
        sql: include_str!("../migrations/0020_sessions.sql"),
    },
    MigrationFile {
        version: 21,
        name: "generation log",
        sql: include_str!("../migrations/0021_generation_log.sql"),
    },
    MigrationFile { version: 22, name: "nodes", sql: include_str!("../migrations/0022_nodes.sql") },
    MigrationFile {
        version: 23,
        name: "batches",
        sql: include_str!("../migrations/0023_batches.sql"),
    },
    MigrationFile {
        version: 24,
        name: "months",
        sql: include_str!("../migrations/0024_months.sql"),
    },
    MigrationFile {
        version: 25,
        name: "more activity",
        sql: include_str!("../migrations/0025_more_activity.sql"),
    },
    MigrationFile {
        version: 26,
        name: "endpoint history",
        sql: include_str!("../migrations/0026_endpoint_history.sql"),
    },
];

/// One step from a version of the schema to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MigrationFile {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Runs what is missing, all in one transaction that begins with the write lock: sqlx doesn't
/// lock SQLite, and another process may be opening the same new file.
pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    files: &[MigrationFile],
    path: &Path,
) -> Result<(), OpenError> {
    let unusable = |error| OpenError::of(path.to_owned(), error);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(unusable)?;
    let known = files.last().map_or(0, |file| file.version);
    let migrator = Migrator::with_migrations(files.iter().map(MigrationFile::migration).collect());
    let connection: &mut SqliteConnection = &mut transaction;
    migrator.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => {
            OpenError::TooNew { path: path.to_owned(), found, known }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(error),
        other => OpenError::Unusable { path: path.to_owned(), source: other.into() },
    })?;
    transaction.commit().await.map_err(unusable)
}

impl MigrationFile {
    fn migration(&self) -> Migration {
        let sql = self.sql.into_sql_str();
        Migration::new(self.version, self.name.into(), MigrationType::Simple, sql, false)
    }
}

/// The number that the first migration marks a file with.
const APPLICATION_ID: i64 = 0x746f_6c6c;

/// Whether the file is empty or was made by Tollgate. Asked before anything is changed, even the
/// kind of its log.
pub(crate) async fn is_ours(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let sql = "SELECT application_id, (SELECT count(*) FROM sqlite_schema) AS objects
               FROM pragma_application_id";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    let (id, objects): (i64, i64) = (row.try_get("application_id")?, row.try_get("objects")?);
    Ok(id == APPLICATION_ID || (id == 0 && objects == 0))
}

#[cfg(test)]
mod tests {
    use tollgate_ledger::{AccountId, Discrepancy, Kind, NodeId, audit};
    use tollgate_store::conformance::sample::{full_generation, plain_key};
    use tollgate_store::{
        GenerationStore as _, KeyRecord, KeyStore as _, LedgerStore as _, MovementQuery,
        StoreHealth as _, UsageStore as _,
    };
    use tollgate_types::{Month, Timestamp, Usd};

    use super::*;
    use crate::SqliteStore;

    const NEXT: MigrationFile = MigrationFile {
        version: 1_000,
        name: "next",
        sql: "ALTER TABLE api_key ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
              UPDATE api_key SET colour = 'blue';",
    };

    fn with_next() -> Vec<MigrationFile> {
        MIGRATIONS.iter().copied().chain([NEXT]).collect()
    }

    struct File {
        folder: tempfile::TempDir,
    }

    impl File {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        async fn open(&self, migrations: &[MigrationFile]) -> Result<SqliteStore, OpenError> {
            let path = self.folder.path().join("tollgate.db");
            SqliteStore::open_with(path.to_str().unwrap(), migrations).await
        }
    }

    /// Adds a key in the words of the first version.
    async fn insert_as_then(file: &File, key: &KeyRecord) {
        let path = file.folder.path().join("tollgate.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let sql = "INSERT INTO api_key (hash, name, label, management, disabled,
                       include_byok_in_limit, created_at, workspace_id)
                   VALUES (?1, ?2, ?3, FALSE, FALSE, FALSE, ?4, ?5)";
        let inserted = sqlx::query(sql)
            .bind(key.hash.as_bytes().as_slice())
            .bind(key.name.as_str())
            .bind(key.label.as_str())
            .bind(key.created_at.unix_millis())
            .bind(key.workspace_id.as_str())
            .execute(&mut connection)
            .await;
        inserted.unwrap();
        connection.close().await.unwrap();
    }

    #[test]
    fn versions_count_up_from_one() {
        for (file, version) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(file.version, version, "{}", file.name);
        }
    }

    #[tokio::test]
    async fn a_file_of_the_first_version_is_brought_up_to_date() {
        let file = File::new();
        let old = file.open(&MIGRATIONS[..1]).await.unwrap();
        insert_as_then(&file, &plain_key(1)).await;
        old.append(vec![full_generation("gen-1")]).await.unwrap_err();
        old.close().await;

        let new = file.open(MIGRATIONS).await.unwrap();
        let without_pepper = KeyRecord { keyed: false, ..plain_key(1) };
        assert_eq!(new.all().await.unwrap(), std::slice::from_ref(&without_pepper));
        assert_eq!(new.append(vec![full_generation("gen-1")]).await.unwrap(), 1);
        new.close().await;

        let newer = file.open(&with_next()).await.unwrap();
        assert_eq!(newer.all().await.unwrap(), [without_pepper]);
        let row = sqlx::query("SELECT colour FROM api_key").fetch_one(&newer.readers).await;
        assert_eq!(row.unwrap().try_get::<String, _>("colour").unwrap(), "blue");
    }

    #[tokio::test]
    async fn credit_and_spending_of_before_the_ledger_move_over() {
        let file = File::new();
        let old = file.open(&MIGRATIONS[..8]).await.unwrap();
        old.close().await;
        let path = file.folder.path().join("tollgate.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let before = "INSERT INTO credit_entry (id, account, kind, amount_nanos, note, created_at)
            VALUES ('p', 'default', 'purchase', 100, 'bought', 1),
                   ('g', 'default', 'promotional', 7, NULL, 2),
                   ('c', 'default', 'adjustment', -2, NULL, 3),
                   ('z', 'default', 'adjustment', 0, NULL, 4),
                   ('o', 'Konto 2', 'purchase', 5, NULL, 5);
            INSERT INTO account_usage (account, spent_nanos, byok_nanos, requests)
            VALUES ('default', 40, 0, 3);";
        sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();

        let new = file.open(MIGRATIONS).await.unwrap();
        let balance = new.balance(&AccountId::default()).await.unwrap();
        let places = [balance.credited, balance.metered, balance.available, balance.spent];
        assert_eq!(places.map(Usd::nanos), [105, 40, 105, 40]);
        assert!(balance.proves());
        let other = new.balance(&AccountId::new("Konto 2").unwrap()).await.unwrap();
        assert_eq!(other.available, Usd::from_nanos(5));
        let query = MovementQuery { limit: 10, ..MovementQuery::default() };
        let rows = new.movements(&query).await.unwrap();
        let kinds: Vec<_> = rows.iter().rev().map(|row| row.movement.kind).collect();
        let expected =
            [Kind::Purchase, Kind::Promotional, Kind::Deduction, Kind::Purchase, Kind::Metered];
        assert_eq!(kinds, expected);
    }

    /// A gateway that had set something aside before any told of itself may be gone, too.
    #[tokio::test]
    async fn who_has_set_credit_aside_is_known_from_then_on() {
        let file = File::new();
        file.open(&MIGRATIONS[..21]).await.unwrap().close().await;
        let path = file.folder.path().join("tollgate.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let before = "INSERT INTO ledger_lease (node, account, amount_nanos, touched_at)
            VALUES ('a', 'default', 7, 3), ('a', 'other', 5, 9), ('b', 'default', 0, 4);";
        sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let new = file.open(MIGRATIONS).await.unwrap();
        let known = [(NodeId::new("a"), Timestamp::from_unix_millis(9))];
        assert_eq!(new.nodes().await.unwrap(), known);
        assert_eq!(new.tell(&NodeId::new("a"), known[0].1).await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_was_there_before_months_were_kept_is_added_up() {
        let file = File::new();
        file.open(&MIGRATIONS[..23]).await.unwrap().close().await;
        let path = file.folder.path().join("tollgate.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        // 31 October 2026, a millisecond before its end, and what follows.
        let before = "INSERT INTO ledger_movement (id, account, kind, amount_nanos, counter, at)
            VALUES ('p1', 'default', 'purchase', 9223372036854775807, NULL, 1793491199999),
                   ('t1', 'default', 'transfer', 9223372036854775807, 'other', 1793491199999),
                   ('p2', 'default', 'purchase', 9223372036854775807, NULL, 1793491199999),
                   ('d2', 'default', 'deduction', 9223372036854775807, NULL, 1793491199999),
                   ('c1', 'other', 'metered', 7, NULL, 1793491200000),
                   ('odd', 'odd', 'purchase', 3, NULL, -9223372036854775808);
            INSERT INTO ledger_balance VALUES ('default', 0, 0, 0, 0, 0),
                ('other', 9223372036854775807, 7, 9223372036854775807, 0, 7),
                ('odd', 3, 0, 3, 0, 0);
            INSERT INTO generation (id, key_hash, workspace_id, created_at, model, requested_model,
                api_type, streamed, cancelled, is_byok, unpriced, usage_source, prompt_tokens,
                completion_tokens, cached_tokens, reasoning_tokens, cost_nanos,
                upstream_cost_nanos, account)
            VALUES ('c1', zeroblob(32), 'default', 1793491200000, 'a/b', 'a/b', 'chat', 0, 0, 1, 0,
                    'reported', 1, 1, 0, 0, 7, 9223372036854775807, 'other'),
                   ('c2', zeroblob(32), 'default', 1793491200000, 'a/b', 'a/b', 'chat', 0, 0, 1, 0,
                    'reported', 1, 1, 0, 0, 0, 9, 'other'),
                   ('c3', zeroblob(32), 'default', 1793491200000, 'a/b', 'a/b', 'chat', 0, 0, 0, 0,
                    'reported', 1, 1, 0, 0, 0, 9, 'default');";
        sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();

        let new = file.open(MIGRATIONS).await.unwrap();
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
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let wrong = "UPDATE ledger_month SET month = month + 1 WHERE kind = 'metered'";
        sqlx::raw_sql(wrong).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let found = audit(&new.books().await.unwrap());
        assert_eq!(found, [Discrepancy::Misdated { account: other }]);
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
        let file = File::new();
        file.open(&with_next()).await.unwrap().close().await;
        for _ in 0..2 {
            let error = file.open(MIGRATIONS).await.unwrap_err();
            assert!(matches!(error, OpenError::TooNew { found: 1_000, .. }), "{error:?}");
            assert!(error.to_string().contains("newer version of Tollgate"), "{error}");
        }
        file.open(&with_next()).await.unwrap();
    }

    #[tokio::test]
    async fn a_migration_that_fails_changes_nothing() {
        let file = File::new();
        let store = file.open(MIGRATIONS).await.unwrap();
        store.insert(plain_key(1)).await.unwrap();
        store.close().await;
        let broken = MigrationFile { sql: "DELETE FROM api_key; SELECT nonsense();", ..NEXT };
        let migrations: Vec<_> = MIGRATIONS.iter().copied().chain([broken]).collect();
        let error = file.open(&migrations).await.unwrap_err();
        assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
        let store = file.open(MIGRATIONS).await.unwrap();
        assert_eq!(store.all().await.unwrap(), [plain_key(1)]);
    }

    #[tokio::test]
    async fn a_migration_that_was_edited_is_refused() {
        let file = File::new();
        file.open(&with_next()).await.unwrap().close().await;
        let edited = MigrationFile { sql: "SELECT 1;", ..NEXT };
        let migrations: Vec<_> = MIGRATIONS.iter().copied().chain([edited]).collect();
        let error = file.open(&migrations).await.unwrap_err();
        assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
    }
}
