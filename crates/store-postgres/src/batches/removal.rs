//! Removing batches. A batch goes at once and whole; its requests, which nobody sees from then on,
//! go bit by bit, so that other writes need not wait for all of them. Those that are left when that
//! is cut off go with the next removal.

use async_trait::async_trait;
use sqlx::PgConnection;
use tollgate_store::StoreError;
use tollgate_types::{BatchId, Timestamp};

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

/// Requests that are removed in one write. Each may have a long body.
const REQUESTS_AT_ONCE: u32 = 256;

impl PostgresStore {
    /// Removes the requests of all batches that were removed.
    pub(super) async fn remove_requests_of_gone(&self) -> Result<(), StoreError> {
        while self.writes.submit(RemoveRequests).await? {}
        Ok(())
    }
}

pub(super) struct Remove(pub(super) BatchId);

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let sql = "WITH gone AS (DELETE FROM batch WHERE id = $1 RETURNING sequence)
                   INSERT INTO batch_gone (batch_sequence) SELECT sequence FROM gone";
        let gone = sqlx::query(sql).bind(kept(self.0.as_str())).execute(connection).await;
        Ok(gone.map_err(failed)?.rows_affected() > 0)
    }
}

pub(super) struct RemoveBefore(pub(super) Timestamp, pub(super) u32);

#[async_trait]
impl Write for RemoveBefore {
    type Output = u64;

    async fn apply(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
        // What somebody else is just removing is passed over.
        let sql = "WITH old AS (
                       SELECT sequence FROM batch
                       WHERE finalized_at < $1 OR (status = 'receiving' AND created_at < $1)
                       ORDER BY coalesce(finalized_at, created_at), id LIMIT $2
                       FOR UPDATE SKIP LOCKED
                   ), gone AS (
                       DELETE FROM batch USING old WHERE batch.sequence = old.sequence
                       RETURNING batch.sequence
                   )
                   INSERT INTO batch_gone (batch_sequence) SELECT sequence FROM gone";
        let query = sqlx::query(sql).bind(self.0.unix_millis()).bind(i64::from(self.1));
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected())
    }
}

/// Removes requests of one batch that is gone. Says whether there may be more.
struct RemoveRequests;

#[async_trait]
impl Write for RemoveRequests {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        // One node removes those of a batch.
        let sql = "SELECT batch_sequence FROM batch_gone
                   ORDER BY batch_sequence LIMIT 1 FOR UPDATE SKIP LOCKED";
        let row = sqlx::query(sql).fetch_optional(&mut *connection).await.map_err(failed)?;
        let Some(row) = row else { return Ok(false) };
        let sequence: i64 = Columns::of("batch_gone", &row).get("batch_sequence")?;
        let sql = "DELETE FROM batch_request WHERE batch_sequence = $1 AND number IN (
                       SELECT number FROM batch_request WHERE batch_sequence = $1
                       ORDER BY number LIMIT $2)";
        let query = sqlx::query(sql).bind(sequence).bind(i64::from(REQUESTS_AT_ONCE));
        let removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        if removed < u64::from(REQUESTS_AT_ONCE) {
            let sql = "DELETE FROM batch_gone WHERE batch_sequence = $1";
            sqlx::query(sql).bind(sequence).execute(connection).await.map_err(failed)?;
        }
        Ok(true)
    }
}
