//! The one task that writes.
//!
//! Why a task: a transaction that belonged to a request's future would be left open when that
//! future is dropped (sqlx#4385). Why one: SQLite has a single write lock, and waiting for it in
//! a queue is cheaper and fairer than polling for it. Writes that arrive while a transaction is
//! under way are committed together by the next one, so the cost of a commit is shared by
//! whoever waits for it.
//!
//! Writes that share a transaction run in a savepoint each: one that fails takes no other with it. One
//! that is alone needs none, and SQLite then need not copy each page that it changes. A caller hears of
//! its result after the commit, never before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tollgate_store::StoreError;

use crate::error::{cause_of, failed_together, is_busy};

/// Writes waiting for a transaction; further callers wait for room.
const QUEUE_MAX: usize = 1_024;
/// Writes in one transaction. Bounds how long the lock is held against other processes.
const GROUP_MAX: usize = 128;
/// How long a transaction waits for another process's.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Between tries at what SQLite itself doesn't wait for.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// A change of the database: what runs between a savepoint and its release.
///
/// An error rolls the savepoint back, so a write needn't undo what it began.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    type Output: Send + 'static;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Self::Output, StoreError>;
}

/// The callers' end of the queue.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Writer {
    /// Starts the task. It ends, after everything in its queue, when [`close`](Self::close) is
    /// called or the last `Writer` is dropped, and closes `readers` and the file then.
    pub(crate) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        readers: SqlitePool,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        let task = WriterTask {
            waiting,
            closing: closing.clone(),
            connection: Some(connection),
            options,
            readers,
        };
        tasks.spawn(task.run());
        tasks.close();
        Self { queue, closing, tasks }
    }

    /// Has a write done and returns its result once it is committed.
    ///
    /// Cancel safe: dropped while waiting for room, nothing is written; dropped later, the write
    /// goes on without anyone to hear of it.
    pub(crate) async fn submit<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let job = Box::new(Pending { write, outcome: None, reply });
        self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
        outcome.await.map_err(|_| StoreError::Closed)?
    }

    /// Refuses further writes and waits until the accepted ones are done and the file is closed.
    ///
    /// Cancel safe: closing goes on when the caller stops waiting.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

/// Connects, waiting for other processes even where SQLite doesn't: turning on write-ahead
/// logging fails at once while another process does the same.
pub(crate) async fn connect(
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, sqlx::Error> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && Instant::now() < until => sleep(BUSY_PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// A [`Write`] of any type, with whoever waits for it.
#[async_trait]
trait Job: Send {
    /// Does the write and says whether to keep it.
    async fn apply(&mut self, connection: &mut SqliteConnection) -> bool;

    /// The error of the database that the write has failed with, taken out of its outcome.
    fn take_cause(&mut self) -> Option<sqlx::Error>;

    /// Answers the caller: with `failure` when nothing was committed.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Pending<W: Write> {
    write: W,
    outcome: Option<Result<W::Output, StoreError>>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

#[async_trait]
impl<W: Write> Job for Pending<W> {
    async fn apply(&mut self, connection: &mut SqliteConnection) -> bool {
        let outcome = self.write.apply(connection).await;
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn take_cause(&mut self) -> Option<sqlx::Error> {
        match self.outcome.take() {
            Some(Err(StoreError::Unavailable(cause))) => cause_of(cause),
            other => {
                self.outcome = other;
                None
            }
        }
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match failure {
            Some(failure) => Err(failure),
            None => self.outcome.unwrap_or(Err(StoreError::Closed)),
        };
        // The caller may have stopped waiting.
        self.reply.send(outcome).ok();
    }
}

struct WriterTask {
    waiting: mpsc::Receiver<Box<dyn Job>>,
    closing: CancellationToken,
    /// Absent after a failed transaction: whatever state it left goes with the connection.
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    readers: SqlitePool,
}

impl WriterTask {
    async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while self.next_group(&mut group).await > 0 {
            let failure = self.commit(&mut group).await.err().map(Arc::new);
            if let Some(error) = &failure {
                tracing::warn!(error = %error, writes = group.len(), "a transaction failed");
            }
            for job in group.drain(..) {
                let path = self.options.get_filename();
                job.answer(failure.as_ref().map(|error| failed_together(error, path)));
            }
        }
        self.finish().await;
    }

    /// Waits for writes; none means that no more will come.
    async fn next_group(&mut self, group: &mut Vec<Box<dyn Job>>) -> usize {
        tokio::select! {
            biased;
            () = self.closing.cancelled(), if !self.waiting.is_closed() => self.waiting.close(),
            taken = self.waiting.recv_many(group, GROUP_MAX) => return taken,
        }
        self.waiting.recv_many(group, GROUP_MAX).await
    }

    async fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.options).await?,
        };
        commit(&mut connection, group).await?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Leaves one file behind: the last connection to close folds the log into it.
    async fn finish(self) {
        // Readers end with their statement; one that doesn't must not keep the file open for ever.
        if timeout(BUSY_TIMEOUT, self.readers.close()).await.is_err() {
            tracing::warn!("the database was closed while a read was under way");
        }
        let Some(mut connection) = self.connection else { return };
        let checkpoint =
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
        if let Err(error) = checkpoint.and(connection.close().await) {
            // Nothing is lost: the log is read at the next opening.
            tracing::warn!(%error, "the database was closed without a checkpoint");
        }
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Job>],
) -> Result<(), sqlx::Error> {
    // IMMEDIATE takes the write lock now; taking it at the first change could deadlock.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if let [job] = group {
        let kept = job.apply(&mut transaction).await;
        let ended = if kept { transaction.commit().await } else { transaction.rollback().await };
        return ended.map_err(|error| job.take_cause().unwrap_or(error));
    }
    for job in group {
        let mut savepoint = transaction.begin().await?;
        if job.apply(&mut savepoint).await {
            savepoint.commit().await?;
        } else if let Err(error) = savepoint.rollback().await {
            // SQLite has ended the whole transaction by itself, such as when the disk is full, and
            // why it did is what the write was told first.
            return Err(job.take_cause().unwrap_or(error));
        }
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use tollgate_store::KeyStore as _;
    use tollgate_store::StoreHealth as _;
    use tollgate_types::Chain;

    use super::*;
    use crate::SqliteStore;
    use crate::error::failed;

    /// Bumps a counter, and fails afterwards when told to.
    struct Bump {
        fails: bool,
    }

    #[async_trait]
    impl Write for Bump {
        type Output = ();

        async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
            sqlx::query("UPDATE revision SET value = value + 1").execute(connection).await.unwrap();
            if self.fails { Err(StoreError::Conflict) } else { Ok(()) }
        }
    }

    /// Ends the transaction behind the writer's back, as SQLite does when the disk is full.
    struct Sabotage;

    #[async_trait]
    impl Write for Sabotage {
        type Output = ();

        async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
            sqlx::query("ROLLBACK").execute(connection).await.unwrap();
            Err(StoreError::Conflict)
        }
    }

    /// Needs more room than there is: SQLite ends the transaction by itself then.
    struct Fill;

    #[async_trait]
    impl Write for Fill {
        type Output = ();

        async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
            sqlx::query("PRAGMA max_page_count = 1").execute(&mut *connection).await.unwrap();
            let sql = "INSERT INTO key_pepper (id, sealed) VALUES (1, zeroblob(1000000))";
            sqlx::query(sql).execute(connection).await.map(drop).map_err(failed)
        }
    }

    async fn open() -> (SqliteStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tollgate.db");
        (SqliteStore::open(path.to_str().unwrap()).await.unwrap(), folder)
    }

    #[tokio::test]
    async fn a_write_that_fails_takes_nothing_with_it() {
        let (store, _folder) = open().await;
        let (good, bad) = (|| Bump { fails: false }, || Bump { fails: true });
        // Joined on one thread, so that all are queued before the writer runs: one group.
        let outcomes = tokio::join!(
            store.writer.submit(good()),
            store.writer.submit(bad()),
            store.writer.submit(good()),
            store.writer.submit(bad()),
        );
        assert!(matches!(outcomes, (Ok(()), Err(StoreError::Conflict), Ok(()), Err(_))));
        assert_eq!(store.revision().await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_group_that_fails_tells_everyone_and_keeps_nothing() {
        let (store, _folder) = open().await;
        let outcomes = tokio::join!(
            store.writer.submit(Bump { fails: false }),
            store.writer.submit(Sabotage),
            store.writer.submit(Bump { fails: false }),
        );
        let outcomes = [outcomes.0, outcomes.1, outcomes.2];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        }
        assert_eq!(store.revision().await.unwrap(), 0);
        store.ping().await.unwrap();
        store.writer.submit(Bump { fails: false }).await.unwrap();
        assert_eq!(store.revision().await.unwrap(), 1);
    }

    /// Not that a savepoint is gone, which is only what came of it.
    #[tokio::test]
    async fn a_full_disk_is_what_everyone_is_told_of() {
        let (store, folder) = open().await;
        let outcomes = tokio::join!(
            store.writer.submit(Bump { fails: false }),
            store.writer.submit(Fill),
            store.writer.submit(Bump { fails: false }),
        );
        for outcome in [outcomes.0, outcomes.1, outcomes.2] {
            let told = Chain(&outcome.unwrap_err()).to_string();
            assert!(told.contains("no room is left on the disk of"), "{told}");
            assert!(told.contains(folder.path().to_str().unwrap()), "{told}");
            assert!(told.contains("full") && !told.contains("savepoint"), "{told}");
        }
        // With room it goes on.
        store.writer.submit(Bump { fails: false }).await.unwrap();
        assert_eq!(store.revision().await.unwrap(), 1);
    }

    /// More writers than the queue and several groups hold: all wait for room, all are done.
    #[tokio::test]
    async fn a_full_queue_makes_callers_wait() {
        let (store, _folder) = open().await;
        let mut tasks = tokio::task::JoinSet::new();
        let jobs = QUEUE_MAX + GROUP_MAX + 1;
        for _ in 0..jobs {
            let writer = store.writer.clone();
            tasks.spawn(async move { writer.submit(Bump { fails: false }).await.unwrap() });
        }
        tasks.join_all().await;
        assert_eq!(store.revision().await.unwrap(), u64::try_from(jobs).unwrap());
    }
}
