//! How every write runs: in its turn, as a task of its own, in one transaction.
//!
//! Why a task: a transaction that belonged to a request's future would be left to the pool to
//! clear up when that future is dropped, and nobody would know whether it was committed. Why
//! turns: callers wait for them in order and for as long as it takes within bounds, and
//! connections are left to reads.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgPool;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tollgate_store::StoreError;

use crate::error::{Remedy, failed};

/// Writes at once. More would wait for the same rows in the server instead.
pub(crate) const TURNS: u32 = 8;
/// How long a write waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// Tries of a write that collides with others.
const TRIES_MAX: u32 = 6;
/// Before the second try; twice as long before each later one.
const PAUSE: Duration = Duration::from_millis(2);

/// A plain transaction, whatever the server's default is.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A change of the database: what runs between the beginning of a transaction and its end.
///
/// An error rolls the transaction back, so a write needn't undo what it began. It may run several
/// times, of which at most the last is kept.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    type Output: Send + 'static;

    /// Begins the transaction, and takes the locks that the write needs before it reads.
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Self::Output, StoreError>;
}

/// Where writes take their turns.
#[derive(Debug, Clone)]
pub(crate) struct Writes {
    pool: PgPool,
    turns: Arc<Semaphore>,
    tasks: TaskTracker,
}

#[derive(Debug, thiserror::Error)]
#[error("too many writes are waiting for the database")]
struct Crowded;

impl Writes {
    pub(crate) fn new(pool: PgPool) -> Self {
        let turns = usize::try_from(TURNS).unwrap_or(1);
        Self { pool, turns: Arc::new(Semaphore::new(turns)), tasks: TaskTracker::new() }
    }

    /// Has a write done and returns its result once it is committed.
    ///
    /// Cancel safe: dropped while waiting for its turn, nothing is written; dropped later, the
    /// write goes on without anyone to hear of it.
    pub(crate) async fn submit<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.map_err(|_| StoreError::unavailable(Crowded))?;
        let turn = turn.map_err(|_| StoreError::Closed)?;
        let pool = self.pool.clone();
        let task = self.tasks.spawn(async move {
            let outcome = run(&pool, &write).await;
            drop(turn);
            outcome
        });
        task.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Refuses further writes and waits until those under way are done.
    ///
    /// Cancel safe: they go on when the caller stops waiting.
    pub(crate) async fn close(&self) {
        self.turns.close();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn run<W: Write>(pool: &PgPool, write: &W) -> Result<W::Output, StoreError> {
    let mut pause = PAUSE;
    for _ in 1..TRIES_MAX {
        match attempt(pool, write).await {
            Err(error) if is_worth_another(&error) => {}
            outcome => return outcome,
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
    attempt(pool, write).await.map_err(|error| match Remedy::of(&error) {
        Remedy::AgainThenConflict => StoreError::Conflict,
        Remedy::None | Remedy::Again | Remedy::MakeMonths | Remedy::Reconnect => error,
    })
}

fn is_worth_another(error: &StoreError) -> bool {
    matches!(Remedy::of(error), Remedy::Again | Remedy::AgainThenConflict)
}

async fn attempt<W: Write>(pool: &PgPool, write: &W) -> Result<W::Output, StoreError> {
    let mut connection = pool.acquire().await.map_err(failed)?;
    let outcome = in_transaction(&mut connection, write).await;
    if outcome.as_ref().is_err_and(|error| Remedy::of(error) == Remedy::Reconnect) {
        // The server was the primary one when this connection was made.
        connection.close_on_drop();
    }
    outcome
}

async fn in_transaction<W: Write>(
    connection: &mut PgConnection,
    write: &W,
) -> Result<W::Output, StoreError> {
    let mut transaction = connection.begin_with(W::BEGIN).await.map_err(failed)?;
    match write.apply(&mut transaction).await {
        Ok(output) => {
            transaction.commit().await.map_err(failed)?;
            Ok(output)
        }
        Err(error) => {
            // Where even that fails, the connection is gone, and the transaction with it.
            transaction.rollback().await.ok();
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sqlx::AssertSqlSafe;
    use tokio::task::JoinSet;
    use tollgate_store::{KeyStore as _, StoreHealth as _};

    use super::*;
    use crate::PostgresStore;
    use crate::test_server::TestServer;

    /// Bumps a counter, and fails afterwards as often as told to, with an error of the server.
    struct Bump {
        failures: u32,
        code: &'static str,
        tries: Arc<AtomicU32>,
    }

    impl Bump {
        fn failing(failures: u32, code: &'static str) -> (Self, Arc<AtomicU32>) {
            let tries = Arc::new(AtomicU32::new(0));
            (Self { failures, code, tries: Arc::clone(&tries) }, tries)
        }
    }

    #[async_trait]
    impl Write for Bump {
        type Output = ();

        async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
            let bump = sqlx::query("UPDATE revision SET value = value + 1 WHERE noun = 'api_key'");
            bump.execute(&mut *connection).await.map_err(failed)?;
            if self.tries.fetch_add(1, Ordering::Relaxed) >= self.failures {
                return Ok(());
            }
            let raise =
                format!("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$", self.code);
            let raise = sqlx::raw_sql(AssertSqlSafe(raise)).execute(connection).await;
            raise.map(drop).map_err(failed)
        }
    }

    async fn open() -> PostgresStore {
        PostgresStore::open(&TestServer::shared().database().await).await.unwrap()
    }

    #[tokio::test]
    async fn what_collides_is_tried_again_and_kept_once() {
        let store = open().await;
        for (nth, code) in (1..).zip(["40001", "40P01", "55P03", "23505"]) {
            let (bump, tries) = Bump::failing(3, code);
            store.writes.submit(bump).await.unwrap();
            assert_eq!(tries.load(Ordering::Relaxed), 4, "{code}");
            assert_eq!(store.revision().await.unwrap(), nth);
        }
    }

    #[tokio::test]
    async fn tries_have_an_end_and_leave_nothing() {
        let store = open().await;
        for (code, tries_expected) in [("40001", 6), ("23505", 6), ("P0001", 1), ("22003", 1)] {
            let (bump, tries) = Bump::failing(u32::MAX, code);
            let error = store.writes.submit(bump).await.unwrap_err();
            let is_expected = match code {
                "23505" => matches!(error, StoreError::Conflict),
                "22003" => matches!(error, StoreError::OutOfRange { .. }),
                _ => error.is_transient(),
            };
            assert!(is_expected, "{code}: {error:?}");
            assert_eq!(tries.load(Ordering::Relaxed), tries_expected, "{code}");
        }
        assert_eq!(store.revision().await.unwrap(), 0);
    }

    /// Many more writers than turns: all wait, all are done, and closing waits for them.
    #[tokio::test]
    async fn writes_take_turns_and_closing_finishes_them() {
        let store = open().await;
        let mut tasks = JoinSet::new();
        for _ in 0..100 {
            let writes = store.writes.clone();
            tasks.spawn(async move { writes.submit(Bump::failing(0, "").0).await });
        }
        tasks.join_all().await.into_iter().for_each(|outcome| outcome.unwrap());
        assert_eq!(store.revision().await.unwrap(), 100);
        let writes = store.writes.clone();
        let mut last = JoinSet::new();
        last.spawn(async move { writes.submit(Bump::failing(2, "40001").0).await });
        tokio::task::yield_now().await;
        store.close().await;
        let last = last.join_next().await.unwrap().unwrap();
        assert!(matches!(last, Ok(()) | Err(StoreError::Closed)), "{last:?}");
        assert!(matches!(store.ping().await, Err(StoreError::Closed)));
    }
}
