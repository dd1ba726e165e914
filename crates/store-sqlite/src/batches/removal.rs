//! Removing batches. A batch goes at once and whole; its requests, which nobody sees from then on,
//! go bit by bit, so that other writes need not wait for all of them. Those that are left when that
//! is cut off go with the next removal.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tollgate_store::StoreError;
use tollgate_types::{BatchId, Timestamp};

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

/// Requests that are removed in one write. Each may have a long body.
const REQUESTS_AT_ONCE: u32 = 256;

impl SqliteStore {
    /// Removes the requests of all batches that were removed.
    pub(super) async fn remove_requests_of_gone(&self) -> Result<(), StoreError> {
        while self.writer.submit(RemoveRequests).await? {}
        Ok(())
    }
}

pub(super) struct Remove(pub(super) BatchId);

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql =
            "INSERT INTO batch_gone (batch_sequence) SELECT sequence FROM batch WHERE id = ?1";
        let gone = sqlx::query(sql).bind(self.0.as_str()).execute(&mut *connection).await;
        let is_there = gone.map_err(failed)?.rows_affected() > 0;
        remove_gone(connection).await?;
        Ok(is_there)
    }
}

pub(super) struct RemoveBefore(pub(super) Timestamp, pub(super) u32);

#[async_trait]
impl Write for RemoveBefore {
    type Output = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let sql = "INSERT INTO batch_gone (batch_sequence)
                   SELECT sequence FROM batch
                   WHERE finalized_at < ?1 OR (status = 'receiving' AND created_at < ?1)
                   ORDER BY coalesce(finalized_at, created_at), id LIMIT ?2";
        let query = sqlx::query(sql).bind(self.0.unix_millis()).bind(self.1);
        let gone = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        remove_gone(connection).await?;
        Ok(gone)
    }
}

/// Removes the batches that are known to be gone, without their requests.
async fn remove_gone(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let sql = "DELETE FROM batch WHERE sequence IN (SELECT batch_sequence FROM batch_gone)";
    sqlx::query(sql).execute(connection).await.map(drop).map_err(failed)
}

/// Removes requests of one batch that is gone. Says whether there may be more.
struct RemoveRequests;

#[async_trait]
impl Write for RemoveRequests {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql = "SELECT min(batch_sequence) AS batch_sequence FROM batch_gone";
        let row = sqlx::query(sql).fetch_one(&mut *connection).await.map_err(failed)?;
        let sequence: Option<i64> = Columns::of("batch_gone", &row).get("batch_sequence")?;
        let Some(sequence) = sequence else { return Ok(false) };
        let sql = "DELETE FROM batch_request WHERE batch_sequence = ?1 AND number IN (
                       SELECT number FROM batch_request WHERE batch_sequence = ?1
                       ORDER BY number LIMIT ?2)";
        let query = sqlx::query(sql).bind(sequence).bind(REQUESTS_AT_ONCE);
        let removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        if removed < u64::from(REQUESTS_AT_ONCE) {
            let sql = "DELETE FROM batch_gone WHERE batch_sequence = ?1";
            sqlx::query(sql).bind(sequence).execute(connection).await.map_err(failed)?;
        }
        Ok(true)
    }
}
