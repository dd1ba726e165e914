//! What is written of a batch's requests.

use async_trait::async_trait;
use sqlx::PgConnection;
use tollgate_store::{BatchOutcome, BatchRequest, BatchTally, StoreError};
use tollgate_types::{BatchId, GenerationId};

use super::batch_columns::read_tally;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

pub(super) struct Add {
    pub(super) batch: BatchId,
    pub(super) requests: Vec<BatchRequest>,
}

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        // Whoever says that it is whole waits for what is added here.
        let sql = "SELECT sequence FROM batch WHERE id = $1 AND status = 'receiving' FOR SHARE";
        let query = sqlx::query(sql).bind(kept(self.batch.as_str()));
        let row = query.fetch_optional(&mut *connection).await.map_err(failed)?;
        let row = row.ok_or(StoreError::Conflict)?;
        let sequence: i64 = Columns::of("batch", &row).get("sequence")?;
        let sql = "INSERT INTO batch_request (batch_sequence, number, custom_id, body)
                   SELECT $1, number, custom_id, body
                   FROM UNNEST($2::BIGINT[], $3::TEXT[], $4::BYTEA[])
                        AS added (number, custom_id, body)
                   ON CONFLICT (batch_sequence, number) DO NOTHING";
        let requests = || self.requests.iter();
        sqlx::query(sql)
            .bind(sequence)
            .bind(requests().map(|it| i64::from(it.number)).collect::<Vec<_>>())
            .bind(requests().map(|it| kept(&it.custom_id)).collect::<Vec<_>>())
            .bind(requests().map(|it| it.body.as_slice()).collect::<Vec<_>>())
            .execute(connection)
            .await
            .map_err(failed)?;
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

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        // Whoever takes the batch over waits until this is written, or is seen here.
        let sql = "SELECT sequence FROM batch
                   WHERE id = $1 AND (lease_node IS NULL OR lease_node = $2) FOR SHARE";
        let query = sqlx::query(sql).bind(kept(self.id.as_str())).bind(kept(&self.node));
        let row = query.fetch_optional(&mut *connection).await.map_err(failed)?;
        let Some(row) = row else { return Ok(false) };
        let sequence: i64 = Columns::of("batch", &row).get("sequence")?;
        let sql = "UPDATE batch_request SET begun = $3
                   WHERE batch_sequence = $1 AND number = $2 AND status IS NULL";
        let query = sqlx::query(sql)
            .bind(sequence)
            .bind(i64::from(self.number))
            .bind(kept(self.generation.as_str()));
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

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
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
        connection: &mut PgConnection,
    ) -> Result<Option<(i64, BatchTally)>, StoreError> {
        let sql = concat!(
            "SELECT sequence, ",
            columns!(batch),
            " FROM batch WHERE id = $1 AND (lease_node IS NULL OR lease_node = $2) FOR UPDATE"
        );
        let query = sqlx::query(sql).bind(kept(self.id.as_str())).bind(kept(&self.node));
        let Some(row) = query.fetch_optional(connection).await.map_err(failed)? else {
            return Ok(None);
        };
        let columns = Columns::of("batch", &row);
        Ok(Some((columns.get("sequence")?, read_tally(&columns)?)))
    }

    async fn put_outcome(
        &self,
        connection: &mut PgConnection,
        sequence: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE batch_request SET
                       status = $3, generation_id = $4, provider = $5, prompt_tokens = $6,
                       completion_tokens = $7, cost_nanos = $8, is_byok = $9, outcome = $10,
                       body = NULL
                   WHERE batch_sequence = $1 AND number = $2 AND status IS NULL";
        let outcome = &self.outcome;
        let query = sqlx::query(sql)
            .bind(sequence)
            .bind(i64::from(self.number))
            .bind(i64::from(outcome.status))
            .bind(outcome.generation_id.as_ref().map(|id| kept(id.as_str())))
            .bind(outcome.provider.as_deref().map(kept))
            .bind(held(outcome.prompt_tokens))
            .bind(held(outcome.completion_tokens))
            .bind(outcome.cost.nanos())
            .bind(outcome.is_byok)
            .bind(outcome.body.as_slice());
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected() > 0)
    }

    async fn put_tally(
        &self,
        connection: &mut PgConnection,
        sequence: i64,
        tally: BatchTally,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE batch SET
                       completed = $2, failed = $3, prompt_tokens = $4, completion_tokens = $5,
                       cost_nanos = $6, with_own_keys = $7, provider = coalesce($8, provider)
                   WHERE sequence = $1";
        sqlx::query(sql)
            .bind(sequence)
            .bind(i64::from(tally.completed))
            .bind(i64::from(tally.failed))
            .bind(held(tally.prompt_tokens))
            .bind(held(tally.completion_tokens))
            .bind(tally.cost.nanos())
            .bind(i64::from(tally.with_own_keys))
            .bind(self.outcome.provider.as_deref().map(kept))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
