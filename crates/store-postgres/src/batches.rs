//! Batches, their requests and what came of them, in Postgres.
//!
//! Requests are kept under a number of their batch that is never given twice: those of a batch that
//! was removed are nobody's, however long it takes to remove them.

mod batch_columns;
mod removal;
mod request_writes;

use async_trait::async_trait;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use tollgate_store::columns::AttributionRow;
use tollgate_store::{
    BatchOutcome, BatchQuery, BatchRecord, BatchRequest, BatchResult, BatchStatus, BatchStep,
    BatchStore, OpenRequest, StoreError,
};
use tollgate_types::{BatchId, GenerationId, Timestamp};

use self::batch_columns::{read_batch, read_open_request, read_result};
use self::removal::{Remove, RemoveBefore};
use self::request_writes::{Add, Begin, Finish};
use crate::PostgresStore;
use crate::columns::{held, json_unless_default};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl BatchStore for PostgresStore {
    async fn open_batch(&self, batch: BatchRecord) -> Result<(), StoreError> {
        self.writes.submit(Open(batch)).await
    }

    async fn add_requests(
        &self,
        batch: &BatchId,
        requests: Vec<BatchRequest>,
    ) -> Result<(), StoreError> {
        self.writes.submit(Add { batch: batch.clone(), requests }).await
    }

    async fn close_batch(&self, batch: &BatchId) -> Result<bool, StoreError> {
        self.writes.submit(Close(batch.clone())).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<BatchRecord>, StoreError> {
        let sql = concat!("SELECT ", columns!(batch), " FROM batch WHERE id = $1");
        let query = sqlx::query(sql).bind(kept(id.as_str()));
        let row = query.fetch_optional(&self.pool).await.map_err(failed)?;
        row.as_ref().map(read_batch).transpose()
    }

    async fn batches(&self, query: &BatchQuery) -> Result<Vec<BatchRecord>, StoreError> {
        let mut sql = QueryBuilder::new(concat!("SELECT ", columns!(batch), " FROM batch WHERE "));
        push_wanted(&mut sql, query);
        if let Some(after) = &query.after {
            let Some(submitted_at) = self.submitted_at(after, query).await? else {
                return Ok(Vec::new());
            };
            sql.push(" AND created_at <= ").push_bind(submitted_at);
            sql.push(" AND (created_at < ").push_bind(submitted_at);
            sql.push(" OR id > ").push_bind(kept(after.as_str()).into_owned()).push(")");
        }
        sql.push(" ORDER BY created_at DESC, id LIMIT ").push_bind(i64::from(query.limit));
        let rows = sql.build().fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_batch).collect()
    }

    async fn step_batch(&self, id: &BatchId, step: BatchStep) -> Result<bool, StoreError> {
        self.writes.submit(Step { id: id.clone(), step }).await
    }

    async fn claim_batch(
        &self,
        node: &str,
        (now, until): (Timestamp, Timestamp),
        except: &[BatchId],
    ) -> Result<Option<BatchRecord>, StoreError> {
        let except = except.iter().map(|id| kept(id.as_str()).into_owned()).collect();
        self.writes.submit(Claim { node: node.to_owned(), now, until, except }).await
    }

    async fn renew_batch(
        &self,
        id: &BatchId,
        node: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let until = Some(until);
        self.writes.submit(PutLease { id: id.clone(), node: node.to_owned(), until }).await
    }

    async fn release_batch(&self, id: &BatchId, node: &str) -> Result<(), StoreError> {
        let release = PutLease { id: id.clone(), node: node.to_owned(), until: None };
        self.writes.submit(release).await.map(drop)
    }

    async fn open_requests(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<OpenRequest>, StoreError> {
        let sql = "SELECT number, custom_id, begun, body FROM batch_request
                   WHERE batch_sequence = (SELECT sequence FROM batch WHERE id = $1)
                     AND number > $2 AND status IS NULL
                   ORDER BY number LIMIT $3";
        let query =
            sqlx::query(sql).bind(kept(id.as_str())).bind(i64::from(after)).bind(i64::from(limit));
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_open_request).collect()
    }

    async fn begin_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        generation: &GenerationId,
    ) -> Result<bool, StoreError> {
        let (id, node, generation) = (id.clone(), node.to_owned(), generation.clone());
        self.writes.submit(Begin { id, number, node, generation }).await
    }

    async fn finish_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        outcome: BatchOutcome,
    ) -> Result<bool, StoreError> {
        let (id, node) = (id.clone(), node.to_owned());
        self.writes.submit(Finish { id, number, node, outcome }).await
    }

    async fn batch_results(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<BatchResult>, StoreError> {
        let sql = "SELECT number, custom_id, status, generation_id, provider, prompt_tokens,
                          completion_tokens, cost_nanos, is_byok, outcome
                   FROM batch_request
                   WHERE batch_sequence = (SELECT sequence FROM batch WHERE id = $1)
                     AND number > $2
                   ORDER BY number LIMIT $3";
        let query =
            sqlx::query(sql).bind(kept(id.as_str())).bind(i64::from(after)).bind(i64::from(limit));
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_result).collect()
    }

    async fn remove_batch(&self, id: &BatchId) -> Result<bool, StoreError> {
        let removed = self.writes.submit(Remove(id.clone())).await?;
        self.remove_requests_of_gone().await?;
        Ok(removed)
    }

    async fn remove_batches_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        let removed = self.writes.submit(RemoveBefore(before, at_most)).await?;
        self.remove_requests_of_gone().await?;
        Ok(removed)
    }
}

impl PostgresStore {
    /// When a batch was submitted, in milliseconds, if it can be in the list.
    async fn submitted_at(
        &self,
        id: &BatchId,
        query: &BatchQuery,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT created_at FROM batch
                   WHERE id = $1 AND workspace_id = coalesce($2, workspace_id)";
        let query =
            sqlx::query(sql).bind(kept(id.as_str())).bind(query.workspace_id.as_deref().map(kept));
        let row = query.fetch_optional(&self.pool).await.map_err(failed)?;
        row.map(|row| row.try_get("created_at")).transpose().map_err(failed)
    }
}

/// Pushes what a batch has to be.
fn push_wanted(sql: &mut QueryBuilder<Postgres>, query: &BatchQuery) {
    if query.statuses.is_empty() {
        sql.push("status <> 'receiving'");
    } else {
        sql.push("status = ANY(").push_bind(words(&query.statuses)).push(")");
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(kept(workspace).into_owned());
    }
    if let Some(after) = query.created_after {
        sql.push(" AND created_at >= ").push_bind(after.unix_millis());
    }
    if let Some(before) = query.created_before {
        sql.push(" AND created_at < ").push_bind(before.unix_millis());
    }
}

/// Statuses, as they are kept.
fn words(statuses: &[BatchStatus]) -> Vec<&'static str> {
    statuses.iter().map(|status| status.as_str()).collect()
}

struct Open(BatchRecord);

#[async_trait]
impl Write for Open {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let sql = "INSERT INTO batch (
                id, key_hash, workspace_id, endpoint, model, only_providers, region, attribution,
                status, created_at, expires_at, finalized_at, error, provider, requests,
                completed, failed, prompt_tokens, completion_tokens, cost_nanos, with_own_keys
            ) VALUES (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21
            ) ON CONFLICT (id) DO NOTHING";
        let Self(batch) = self;
        sqlx::query(sql)
            .bind(kept(batch.id.as_str()))
            .bind(batch.key_hash.as_bytes().as_slice())
            .bind(kept(&batch.workspace_id))
            .bind(kept(&batch.endpoint))
            .bind(kept(&batch.model))
            .bind(json_unless_default(&batch.only))
            .bind(batch.region.as_deref().map(kept))
            .bind(json_unless_default(&AttributionRow::of(&batch.attribution)))
            .bind(batch.status.as_str())
            .bind(batch.created_at.unix_millis())
            .bind(batch.expires_at.unix_millis())
            .bind(batch.finalized_at.map(Timestamp::unix_millis))
            .bind(batch.error.as_deref().map(kept))
            .bind(batch.provider.as_deref().map(kept))
            .bind(i64::from(batch.requests))
            .bind(i64::from(batch.tally.completed))
            .bind(i64::from(batch.tally.failed))
            .bind(held(batch.tally.prompt_tokens))
            .bind(held(batch.tally.completion_tokens))
            .bind(batch.tally.cost.nanos())
            .bind(i64::from(batch.tally.with_own_keys))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

struct Close(BatchId);

#[async_trait]
impl Write for Close {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        // Behind whoever adds requests: they are counted, too.
        let sql = "SELECT FROM batch WHERE id = $1 AND status = 'receiving' FOR UPDATE";
        let id = kept(self.0.as_str());
        let query = sqlx::query(sql).bind(id.as_ref());
        if query.fetch_optional(&mut *connection).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        let sql = "UPDATE batch SET status = 'validating', requests = (
                       SELECT count(*) FROM batch_request WHERE batch_sequence = batch.sequence)
                   WHERE id = $1";
        sqlx::query(sql).bind(id.as_ref()).execute(connection).await.map_err(failed)?;
        Ok(true)
    }
}

struct Step {
    id: BatchId,
    step: BatchStep,
}

#[async_trait]
impl Write for Step {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let Self { id, step: BatchStep { from, to, at, error } } = self;
        let ended_at = to.is_terminal().then_some(at.unix_millis());
        let sql = "UPDATE batch SET
                       status = $3, finalized_at = coalesce($4, finalized_at),
                       error = coalesce($5, error)
                   WHERE id = $1 AND status = ANY($2)";
        let query = sqlx::query(sql)
            .bind(kept(id.as_str()))
            .bind(words(from))
            .bind(to.as_str())
            .bind(ended_at)
            .bind(error.as_deref().map(kept));
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected() > 0)
    }
}

struct Claim {
    node: String,
    now: Timestamp,
    until: Timestamp,
    /// The ids of batches to leave out, as they are kept.
    except: Vec<String>,
}

#[async_trait]
impl Write for Claim {
    type Output = Option<BatchRecord>;

    async fn apply(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<BatchRecord>, StoreError> {
        // What somebody else is just claiming is passed over.
        let sql = concat!(
            "UPDATE batch SET lease_node = $1, lease_until = $3 WHERE sequence = (
                 SELECT sequence FROM batch
                 WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
                   AND (lease_node IS NULL OR lease_node = $1 OR lease_until <= $2)
                   AND id <> ALL($4)
                 ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
             ) RETURNING ",
            columns!(batch)
        );
        let query = sqlx::query(sql)
            .bind(kept(&self.node))
            .bind(self.now.unix_millis())
            .bind(self.until.unix_millis())
            .bind(self.except.as_slice());
        let row = query.fetch_optional(connection).await.map_err(failed)?;
        row.as_ref().map(read_batch).transpose()
    }
}

/// Has a node keep a lease, or give it up.
struct PutLease {
    id: BatchId,
    node: String,
    /// Nothing to give it up.
    until: Option<Timestamp>,
}

#[async_trait]
impl Write for PutLease {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let sql = "UPDATE batch SET
                       lease_node = CASE WHEN $3::BIGINT IS NULL THEN NULL ELSE $2 END, lease_until = $3
                   WHERE id = $1 AND (lease_node IS NULL OR lease_node = $2)";
        let query = sqlx::query(sql)
            .bind(kept(self.id.as_str()))
            .bind(kept(&self.node))
            .bind(self.until.map(Timestamp::unix_millis));
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected() > 0)
    }
}
