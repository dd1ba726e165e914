//! Generations in Postgres.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres};
use tollgate_store::{
    ActivityTally, ArmResult, FacetQuery, Facets, FaultQuery, Faults, GenerationCursor,
    GenerationRecord, GenerationStore, Histogram, HistogramQuery, LogPage, LogQuery, StoreError,
};
use tollgate_types::{GenerationId, Timestamp};

use crate::PostgresStore;
use crate::activity;
use crate::columns::Columns;
use crate::error::{Remedy, failed};
use crate::generation_columns::read_generation;
use crate::generation_log;
use crate::generation_rows::Rows;
use crate::text::kept;
use crate::till::pay;
use crate::usage::{COUNT, Tally};
use crate::writes::Write;

#[async_trait]
impl GenerationStore for PostgresStore {
    async fn append_shared(&self, batch: Arc<Vec<GenerationRecord>>) -> Result<u64, StoreError> {
        if batch.is_empty() {
            return Ok(0);
        }
        self.make_months(batch.iter().map(|it| it.created_at)).await?;
        match self.writes.submit(Append(Arc::clone(&batch))).await {
            Err(error) if Remedy::of(&error) == Remedy::MakeMonths => {
                self.months.forget();
                self.make_months(batch.iter().map(|it| it.created_at)).await?;
                self.writes.submit(Append(batch)).await
            }
            outcome => outcome,
        }
    }

    async fn get(&self, id: &GenerationId) -> Result<Option<GenerationRecord>, StoreError> {
        // The instant leads to the one partition.
        let sql = concat!(
            "SELECT ",
            columns!(generation),
            " FROM generation WHERE id = $1
                   AND created_at = (SELECT created_at FROM generation_id WHERE id = $1)"
        );
        let row = sqlx::query(sql)
            .bind(kept(id.as_str()))
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(read_generation).transpose()
    }

    async fn recent(
        &self,
        limit: u32,
        before: Option<&GenerationCursor>,
    ) -> Result<Vec<GenerationRecord>, StoreError> {
        let newest = concat!(
            "SELECT ",
            columns!(generation),
            " FROM generation ORDER BY created_at DESC, id DESC LIMIT $1"
        );
        // What is said twice is what leaves out later partitions.
        let next = concat!(
            "SELECT ",
            columns!(generation),
            " FROM generation
                    WHERE (created_at, id) < ($2, $3) AND created_at <= $2
                    ORDER BY created_at DESC, id DESC LIMIT $1"
        );
        let query = match before {
            None => sqlx::query::<Postgres>(newest).bind(i64::from(limit)),
            Some(cursor) => sqlx::query::<Postgres>(next)
                .bind(i64::from(limit))
                .bind(cursor.created_at.unix_millis())
                .bind(kept(cursor.id.as_str())),
        };
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_generation).collect()
    }

    async fn list(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        generation_log::list(query, &self.pool).await
    }

    async fn histogram(&self, query: &HistogramQuery) -> Result<Histogram, StoreError> {
        generation_log::histogram(query, &self.pool).await
    }

    async fn facets(&self, query: &FacetQuery) -> Result<Facets, StoreError> {
        generation_log::facets(query, &self.pool).await
    }

    async fn faults(&self, query: &FaultQuery) -> Result<Faults, StoreError> {
        generation_log::faults(query, &self.pool).await
    }

    async fn arms(&self, since: Timestamp) -> Result<Vec<ArmResult>, StoreError> {
        let sql = "SELECT experiment, arm, count(*) AS calls,
                          count(error_status) AS failed,
                          (SELECT count(*) FROM feedback JOIN generation AS said
                           ON said.id = feedback.generation_id
                           WHERE said.experiment = generation.experiment
                             AND said.arm = generation.arm
                             AND said.created_at >= $1) AS feedback,
                          held_sum(sum(cost_nanos), 0) AS cost_nanos,
                          held_sum(sum(completion_tokens), 0) AS completion_tokens,
                          trunc(avg(latency_ms))::BIGINT AS latency_ms,
                          trunc(avg(generation_time_ms))::BIGINT AS generation_time_ms
                   FROM generation
                   WHERE experiment IS NOT NULL AND created_at >= $1
                   GROUP BY experiment, arm ORDER BY experiment, arm";
        let rows = sqlx::query(sql)
            .bind(since.unix_millis())
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read_arm).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        // The counters move with the records, and are quicker to read than records to count.
        let sql = "SELECT held_sum(coalesce(sum(requests), 0), 0) AS requests FROM account_usage";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("account_usage", &row).count("requests")
    }

    async fn remove_before(&self, before: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.remove_generations(before, at_most).await
    }
}

fn read_arm(row: &PgRow) -> Result<ArmResult, StoreError> {
    let columns = Columns::of("generation", row);
    Ok(ArmResult {
        experiment: (&*columns.text("experiment")?).into(),
        arm: (&*columns.text("arm")?).into(),
        calls: columns.count("calls")?,
        failed: columns.count("failed")?,
        feedback: columns.count("feedback")?,
        cost: columns.usd("cost_nanos")?,
        completion_tokens: columns.count("completion_tokens")?,
        latency_ms: columns.optional_count("latency_ms")?,
        generation_time_ms: columns.optional_count("generation_time_ms")?,
    })
}

struct Append(Arc<Vec<GenerationRecord>>);

#[async_trait]
impl Write for Append {
    type Output = u64;
    const BEGIN: &'static str = COUNT;

    async fn apply(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
        let records = insert_new(connection, &self.0).await?;
        let mut tally = Tally::default();
        let mut sums = ActivityTally::default();
        for record in &records {
            tally.add(record.key_hash, record.utc_day(), &record.spend());
            sums.add(record);
        }
        // Rows that many batches want come last, so that nobody waits for them for long.
        tally.count_keys(connection).await?;
        activity::add(connection, &sums).await?;
        pay(connection, &records).await?;
        tally.count_account(connection).await?;
        Ok(u64::try_from(records.len()).unwrap_or(u64::MAX))
    }
}

/// Keeps those whose ids are new, of an id that is there twice the first, and returns them.
async fn insert_new<'a>(
    connection: &mut PgConnection,
    batch: &'a [GenerationRecord],
) -> Result<Vec<&'a GenerationRecord>, StoreError> {
    let mut seen = HashSet::with_capacity(batch.len());
    let mut records: Vec<&GenerationRecord> =
        batch.iter().filter(|record| seen.insert(record.id.as_str())).collect();
    let new = new_ids(connection, &records).await?;
    records.retain(|record| new.contains(record.id.as_str()));
    if !records.is_empty() {
        Rows(&records).insert(connection).await?;
    }
    Ok(records)
}

/// Takes ids, in their order, so that two batches that share some never wait for each other.
async fn new_ids(
    connection: &mut PgConnection,
    records: &[&GenerationRecord],
) -> Result<HashSet<String>, StoreError> {
    let sql = "INSERT INTO generation_id (id, created_at)
               SELECT id, created_at
               FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS one (id, created_at)
               ORDER BY id COLLATE \"C\"
               ON CONFLICT (id) DO NOTHING RETURNING id";
    let rows = Rows(records);
    let query = sqlx::query(sql).bind(rows.texts(|it| it.id.as_str()));
    let query = query.bind(rows.values(|it| it.created_at.unix_millis()));
    let rows = query.fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(|row| Columns::of("generation_id", row).string("id")).collect()
}
