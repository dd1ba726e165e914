//! Opening and closing the database.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;
use tollgate_store::{StoreError, StoreHealth, Stores};

use crate::OpenError;
use crate::error::failed;
use crate::location;
use crate::migrations::{MIGRATIONS, MigrationFile, migrate};
use crate::months::Months;
use crate::writes::{TURNS, Write, Writes};

/// Connections at most: those of writes, and as many for reads.
const CONNECTIONS_MAX: u32 = 2 * TURNS;
/// How long a call waits for a connection, also for a new one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that nobody has used for this long are closed.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);
/// A connection that was quiet for longer is asked whether it is still there.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long closing waits for reads that are under way.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What every connection is set to: no statement runs, waits for a lock or holds a transaction
/// open for ever, whatever becomes of its gateway.
const SETTINGS: &str = "SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s'";

/// Every store, in one Postgres database. Clones share it.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pub(crate) pool: PgPool,
    pub(crate) writes: Writes,
    pub(crate) months: Arc<Months>,
}

impl PostgresStore {
    /// Connects to the database at a `postgres://` URL and brings its schema up to date.
    ///
    /// Belongs to the Tokio runtime it is called on.
    pub async fn open(location: &str) -> Result<Self, OpenError> {
        Self::open_with(location, MIGRATIONS).await
    }

    /// Takes every noun from this store.
    pub fn into_stores(self) -> Stores {
        Stores::of_many(self)
    }

    /// Opens with another history of the schema, for the tests of migrations.
    pub(crate) async fn open_with(
        location: &str,
        migrations: &[MigrationFile],
    ) -> Result<Self, OpenError> {
        let location = location::parse(location)?;
        let place = &location.place;
        let mut connection =
            connect(&location.options).await.map_err(|it| OpenError::of(place, it))?;
        migrate(&mut connection, migrations, place).await?;
        // It has done what it was for; the server clears up behind it otherwise.
        connection.close().await.ok();
        let pool = pool().connect_lazy_with(location.options);
        let writes = Writes::new(pool.clone());
        Ok(Self { pool, writes, months: Arc::default() })
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    timeout(CONNECT_TIMEOUT, options.connect()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn pool() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SETTINGS).await.map(drop) })
        })
        .before_acquire(|connection, about| {
            Box::pin(
                async move { Ok(about.idle_for < TRUSTED_FOR || connection.ping().await.is_ok()) },
            )
        })
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.writes.submit(Nothing).await
    }

    async fn close(&self) {
        self.writes.close().await;
        // Reads end with their statement; one that doesn't must not hold up the end for ever.
        if timeout(CLOSE_TIMEOUT, self.pool.close()).await.is_err() {
            tracing::warn!("the database was closed while a read was under way");
        }
    }
}

/// Goes the way of every write, and changes nothing.
struct Nothing;

#[async_trait]
impl Write for Nothing {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let sql = "DELETE FROM revision WHERE noun IS NULL";
        sqlx::query(sql).execute(connection).await.map(drop).map_err(failed)
    }
}
