//! What is written of a batch's requests.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tollgate_store::{BatchOutcome, BatchRequest, BatchTally, StoreError};
use tollgate_types::{BatchId, GenerationId};

use super::batch_columns::read_tally;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::writer::Write;

pub(super) struct Add {
    pub(super) batch: BatchId,
    pub(super) requests: Vec<BatchRequest>,
}

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let sql = "SELECT sequence FROM batch WHERE id = ?1 AND status = 'receiving'";
        let query = sqlx::query(sql).bind(self.batch.as_str());
        let row = query.fetch_optional(&mut *connection).await.map_err(failed)?;
        let row = row.ok_or(StoreError::Conflict)?;
        let sequence: i64 = Columns::of("batch", &row).get("sequence")?;
        let sql = "INSERT INTO batch_request (batch_sequence, number, custom_id, body)
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (batch_sequence, number) DO NOTHING";
        for request in &self.requests {
            sqlx::query(sql)
                .bind(sequence)
                .bind(request.number)
                .bind(request.custom_id.as_str())
                .bind(request.body.as_slice())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

pub(super) struct Begin {
    pub(super) id: BatchId,
    pub(super) number: u32,
    pub(super) node: String,
    pub(super) generation: GenerationId,
}

#[async_trait]
impl Write for Begin {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql = "UPDATE batch_request SET begun = ?4
                   WHERE batch_sequence = (
                           SELECT sequence FROM batch
                           WHERE id = ?1 AND (lease_node IS NULL OR lease_node = ?3))
                     AND number = ?2 AND status IS NULL";
        let query = sqlx::query(sql)
            .bind(self.id.as_str())
            .bind(self.number)
            .bind(self.node.as_str())
            .bind(self.generation.as_str());
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected() > 0)
    }
}

pub(super) struct Finish {
    pub(super) id: BatchId,
    pub(super) number: u32,
    pub(super) node: String,
    pub(super) outcome: BatchOutcome,
}

#[async_trait]
impl Write for Finish {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let leased = self.leased(&mut *connection).await?;
        let Some((sequence, mut tally)) = leased else { return Ok(false) };
        if !self.put_outcome(&mut *connection, sequence).await? {
            return Ok(false);
        }
        tally.add(&self.outcome);
        self.put_tally(connection, sequence, tally).await?;
        Ok(true)
    }
}

impl Finish {
    /// The batch, by its number, and what has come of it so far, if no other node has the lease.
    async fn leased(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Option<(i64, BatchTally)>, StoreError> {
        let sql = "SELECT * FROM batch WHERE id = ?1 AND (lease_node IS NULL OR lease_node = ?2)";
        let query = sqlx::query(sql).bind(self.id.as_str()).bind(self.node.as_str());
        let Some(row) = query.fetch_optional(connection).await.map_err(failed)? else {
            return Ok(None);
        };
        let columns = Columns::of("batch", &row);
        Ok(Some((columns.get("sequence")?, read_tally(&columns)?)))
    }

    async fn put_outcome(
        &self,
        connection: &mut SqliteConnection,
        sequence: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE batch_request SET
                       status = ?3, generation_id = ?4, provider = ?5, prompt_tokens = ?6,
                       completion_tokens = ?7, cost_nanos = ?8, is_byok = ?9, outcome = ?10,
                       body = NULL
                   WHERE batch_sequence = ?1 AND number = ?2 AND status IS NULL";
        let outcome = &self.outcome;
        let query = sqlx::query(sql)
            .bind(sequence)
            .bind(self.number)
            .bind(outcome.status)
            .bind(outcome.generation_id.as_ref().map(GenerationId::as_str))
            .bind(outcome.provider.as_deref())
            .bind(held(outcome.prompt_tokens))
            .bind(held(outcome.completion_tokens))
            .bind(outcome.cost.nanos())
            .bind(outcome.is_byok)
            .bind(outcome.body.as_slice());
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected() > 0)
    }

    async fn put_tally(
        &self,
        connection: &mut SqliteConnection,
        sequence: i64,
        tally: BatchTally,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE batch SET
                       completed = ?2, failed = ?3, prompt_tokens = ?4, completion_tokens = ?5,
                       cost_nanos = ?6, with_own_keys = ?7, provider = coalesce(?8, provider)
                   WHERE sequence = ?1";
        sqlx::query(sql)
            .bind(sequence)
            .bind(tally.completed)
            .bind(tally.failed)
            .bind(held(tally.prompt_tokens))
            .bind(held(tally.completion_tokens))
            .bind(tally.cost.nanos())
            .bind(tally.with_own_keys)
            .bind(self.outcome.provider.as_deref())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
