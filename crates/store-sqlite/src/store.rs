//! Opening and closing the file.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::task::spawn_blocking;
use tollgate_store::{StoreError, StoreHealth, Stores};

use crate::OpenError;
use crate::error::failed;
use crate::location;
use crate::migrations::{MIGRATIONS, MigrationFile, is_ours, migrate};
use crate::writer::{BUSY_TIMEOUT, Write, Writer, connect};

/// Connections that answer reads, each a thread.
const READERS_MAX: u32 = 4;
/// How long a read waits for a connection.
const READER_TIMEOUT: Duration = Duration::from_secs(5);
/// What the log is cut down to after a checkpoint.
const LOG_BYTES_KEPT: &str = "67108864";
/// As many pages of the log are folded into the file at once: those that each batch changes once, not
/// for each few batches.
const LOG_PAGES: &str = "4000";
/// What the writer keeps of the file in memory, in KiB and so below zero: the ends of all indices.
const WRITER_CACHE: &str = "-8192";

/// Every store, in one SQLite file. Clones share it.
///
/// Dropping the last clone closes the file in the background, after every write that was
/// accepted; [`close`](StoreHealth::close) does the same and waits for it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(crate) readers: SqlitePool,
    pub(crate) writer: Writer,
}

impl SqliteStore {
    /// Opens the database at a path or `sqlite://` URL, creating it (mode 0600) and its folder
    /// when missing, and brings its schema up to date.
    ///
    /// Belongs to the Tokio runtime it is called on.
    pub async fn open(location: &str) -> Result<Self, OpenError> {
        Self::open_with(location, MIGRATIONS).await
    }

    /// Takes every noun from this store.
    pub fn into_stores(self) -> Stores {
        Stores::of(self)
    }

    /// Opens with another history of the schema, for the tests of migrations.
    pub(crate) async fn open_with(
        location: &str,
        migrations: &[MigrationFile],
    ) -> Result<Self, OpenError> {
        let path = location::parse(location)?;
        let prepared = path.clone();
        spawn_blocking(move || location::prepare(&prepared))
            .await
            .map_err(|error| OpenError::Unusable { path: path.clone(), source: error.into() })??;

        let unusable = |error| OpenError::of(path.clone(), error);
        let mut reader = connect(&reading(&path)).await.map_err(unusable)?;
        if !is_ours(&mut reader).await.map_err(unusable)? {
            return Err(OpenError::Foreign { path });
        }
        reader.close().await.map_err(unusable)?;

        let options = writing(&path);
        let mut connection = connect(&options).await.map_err(unusable)?;
        migrate(&mut connection, migrations, &path).await?;
        write_nothing(&mut connection).await.map_err(unusable)?;
        let readers = readers().connect_with(reading(&path)).await.map_err(unusable)?;
        let writer = Writer::start(connection, options, readers.clone());
        Ok(Self { readers, writer })
    }
}

fn writing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", LOG_BYTES_KEPT)
        // What a savepoint may have to bring back is copied to a file otherwise, page by page.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .disable_statement_logging()
}

/// A connection that can't write: `query_only` rather than a read-only file, because a reader
/// of a log must be able to write the index of the log.
fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON")
        .disable_statement_logging()
}

fn readers() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(READER_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[async_trait]
impl StoreHealth for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.submit(Nothing).await?;
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(failed)?;
        Ok(())
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}

/// Fails when the file can't be written: SQLite opens a read-only file without a word, and even
/// lets a transaction begin.
async fn write_nothing(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM revision WHERE noun IS NULL").execute(connection).await.map(drop)
}

/// Goes the way of every write, and changes nothing.
struct Nothing;

#[async_trait]
impl Write for Nothing {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        write_nothing(connection).await.map_err(failed)
    }
}
