//! Generations in SQLite.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqliteConnection};
use tollgate_store::columns::{
    AttributionDetail, UsageDetail, attempt_rows, routing_text, source_text,
};
use tollgate_store::{
    ActivityTally, ArmResult, FacetQuery, Facets, FaultQuery, Faults, GenerationCursor,
    GenerationRecord, GenerationStore, Histogram, HistogramQuery, LogPage, LogQuery, StoreError,
};
use tollgate_types::{GenerationId, Timestamp, Usd};

use crate::SqliteStore;
use crate::activity;
use crate::columns::{Columns, held, json_unless_default, optional_held};
use crate::error::failed;
use crate::generation_columns::read_generation;
use crate::generation_log;
use crate::ledger_months;
use crate::ledger_rows::pay;
use crate::retention::RemoveBefore;
use crate::usage::Tally;
use crate::writer::Write;

#[async_trait]
impl GenerationStore for SqliteStore {
    async fn append_shared(&self, batch: Arc<Vec<GenerationRecord>>) -> Result<u64, StoreError> {
        if batch.is_empty() {
            return Ok(0);
        }
        self.writer.submit(Append(batch)).await
    }

    async fn get(&self, id: &GenerationId) -> Result<Option<GenerationRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM generation WHERE id = ?1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(read_generation).transpose()
    }

    async fn recent(
        &self,
        limit: u32,
        before: Option<&GenerationCursor>,
    ) -> Result<Vec<GenerationRecord>, StoreError> {
        let newest = "SELECT * FROM generation ORDER BY created_at DESC, id DESC LIMIT ?1";
        let next = "SELECT * FROM generation WHERE (created_at, id) < (?2, ?3)
                    ORDER BY created_at DESC, id DESC LIMIT ?1";
        let query = match before {
            None => sqlx::query::<Sqlite>(newest).bind(limit),
            Some(cursor) => sqlx::query::<Sqlite>(next)
                .bind(limit)
                .bind(cursor.created_at.unix_millis())
                .bind(cursor.id.as_str()),
        };
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read_generation).collect()
    }

    async fn list(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        generation_log::list(query, &self.readers).await
    }

    async fn histogram(&self, query: &HistogramQuery) -> Result<Histogram, StoreError> {
        generation_log::histogram(query, &self.readers).await
    }

    async fn facets(&self, query: &FacetQuery) -> Result<Facets, StoreError> {
        generation_log::facets(query, &self.readers).await
    }

    async fn faults(&self, query: &FaultQuery) -> Result<Faults, StoreError> {
        generation_log::faults(query, &self.readers).await
    }

    async fn arms(&self, since: Timestamp) -> Result<Vec<ArmResult>, StoreError> {
        let sql = "SELECT experiment, arm, count(*) AS calls,
                          count(error_status) AS failed,
                          (SELECT count(*) FROM feedback JOIN generation AS said
                           ON said.id = feedback.generation_id
                           WHERE said.experiment = generation.experiment
                             AND said.arm = generation.arm
                             AND said.created_at >= ?1) AS feedback,
                          sum(cost_nanos) AS cost_nanos,
                          sum(completion_tokens) AS completion_tokens,
                          CAST(avg(latency_ms) AS INTEGER) AS latency_ms,
                          CAST(avg(generation_time_ms) AS INTEGER) AS generation_time_ms
                   FROM generation
                   WHERE experiment IS NOT NULL AND created_at >= ?1
                   GROUP BY experiment, arm ORDER BY experiment, arm";
        let rows = sqlx::query(sql)
            .bind(since.unix_millis())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read_arm).collect()
    }

    async fn count(&self) -> Result<u64, StoreError> {
        // The counters move with the records, and are quicker to read than records to count.
        let sql = "SELECT coalesce(sum(requests), 0) AS requests FROM account_usage";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(failed)?;
        Columns::of("account_usage", &row).count("requests")
    }

    async fn remove_before(&self, before: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.writer.submit(RemoveBefore(before, at_most)).await
    }
}

fn read_arm(row: &SqliteRow) -> Result<ArmResult, StoreError> {
    let columns = Columns::of("generation", row);
    Ok(ArmResult {
        experiment: columns.text("experiment")?.into(),
        arm: columns.text("arm")?.into(),
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let last = last_row(connection).await?;
        let mut inserted: u64 = 0;
        let mut rest = self.0.as_slice();
        let most = if self.0.len() < MANY { CALM_ROWS } else { usize::MAX };
        for (rows, sql) in INSERTS.iter().filter(|(rows, _)| *rows <= most) {
            while let Some((chunk, later)) = rest.split_at_checked(*rows) {
                inserted = inserted.saturating_add(insert(connection, sql, chunk).await?);
                rest = later;
            }
        }
        let new = if usize::try_from(inserted) == Ok(self.0.len()) {
            self.0.iter().collect()
        } else {
            // Seldom: what a crash let be written twice.
            self.inserted_behind(last, connection).await?
        };
        let mut tally = Tally::default();
        let mut sums = ActivityTally::default();
        for record in &new {
            sums.add(record);
            tally.add(record.key_hash, record.utc_day(), &record.spend());
        }
        tally.count(connection).await?;
        pay(connection, &new).await?;
        ledger_months::count_own_keys(connection, &new).await?;
        activity::add(connection, &sums).await?;
        Ok(inserted)
    }
}

impl Append {
    /// The records that have rows behind `last`. Of an id that is there twice, SQLite keeps the
    /// first, which is met first here.
    async fn inserted_behind(
        &self,
        last: i64,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<&GenerationRecord>, StoreError> {
        let sql = "SELECT id FROM generation WHERE rowid > ?1";
        let rows = sqlx::query(sql).bind(last).fetch_all(connection).await.map_err(failed)?;
        let id = |row| Columns::of("generation", row).get::<String>("id");
        let mut new = rows.iter().map(id).collect::<Result<HashSet<_>, _>>()?;
        Ok(self.0.iter().filter(|record| new.remove(record.id.as_str())).collect())
    }
}

/// The row that was inserted last. Rows are numbered upwards.
async fn last_row(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(rowid), 0) AS last FROM generation";
    let row = sqlx::query(sql).fetch_one(connection).await.map_err(failed)?;
    Columns::of("generation", &row).get("last")
}

/// Statements that insert several records, the largest first.
///
/// Most of the time of a small statement is spent on its way to the connection's thread and
/// back, so a batch is sent as few statements; of fixed sizes, so that they stay prepared.
static INSERTS: LazyLock<[(usize, String); 4]> = LazyLock::new(|| {
    [64, 16, 4, 1].map(|rows| (rows, [INTO, &vec![ROW; rows].join(", "), UNLESS_KNOWN].concat()))
});

/// A batch of fewer records is inserted in small steps: a step of 64 keeps a core for a millisecond, and
/// calls wait for it where there is one core. Where there are more records, the core has no rest anyway.
const MANY: usize = 512;
/// Records in a small step.
const CALM_ROWS: usize = 16;

/// A row that can't be there fails the batch. `OR FAIL` says that SQLite need not prepare to take
/// back the statement's other rows, which means a copy of each page: the transaction takes them back.
const INTO: &str = "
    INSERT OR FAIL INTO generation (
        id, request_id, key_hash, workspace_id, account, paid_by, created_at, model, requested_model, router,
        preset_id, provider, provider_slug, endpoint_id, upstream_id, api_type, streamed,
        cancelled, is_byok, unpriced, price_source, finish_reason, native_finish_reason,
        latency_ms, generation_time_ms, usage_source, prompt_tokens, completion_tokens,
        cached_tokens, reasoning_tokens, usage_detail, cost_nanos, upstream_cost_nanos,
        cache_discount_nanos, service_tier, http_referer, app_title, external_user, session_id,
        attribution_detail, attempts, routing, experiment, arm, error_status, error_type, error_message
    ) VALUES ";

/// One placeholder for each column of [`INTO`].
const ROW: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
                    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Which were new is not asked of the statement: each row that it answers with comes from the
/// connection's thread by itself.
const UNLESS_KNOWN: &str = " ON CONFLICT (id) DO NOTHING";

/// Inserts as many records as `sql` has rows and returns how many were new.
async fn insert(
    connection: &mut SqliteConnection,
    sql: &'static str,
    records: &[GenerationRecord],
) -> Result<u64, StoreError> {
    let mut repeated = Repeated::default();
    let query = records.iter().fold(sqlx::query(sql), |query, it| bind(query, it, &mut repeated));
    Ok(query.execute(connection).await.map_err(failed)?.rows_affected())
}

type Insert<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Texts that records of a batch have in common: each is copied once and shared, while the next record
/// has the same.
#[derive(Default)]
struct Repeated {
    workspace: Last,
    account: Last,
    paid_by: Last,
    model: Last,
    requested: Last,
    provider: Last,
    slug: Last,
    endpoint: Last,
    api: Last,
    price: Last,
    finish: Last,
    native_finish: Last,
}

/// The text that was bound last.
struct Last(Arc<str>);

impl Default for Last {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Last {
    fn of(&mut self, text: &str) -> Arc<str> {
        if *self.0 != *text {
            self.0 = Arc::from(text);
        }
        Arc::clone(&self.0)
    }
}

/// Binds one record, in the order of the columns of [`INTO`].
fn bind<'q>(
    query: Insert<'q>,
    record: &'q GenerationRecord,
    repeated: &mut Repeated,
) -> Insert<'q> {
    let attempts = attempt_rows(&record.attempts);
    let (usage, who, error) = (&record.usage, &record.attribution, record.error.as_ref());
    let steered = record.routing.as_ref().and_then(|it| it.steered.as_ref());
    let arm = steered.and_then(|it| it.arm.as_ref());
    let (node, slug) = (record.paid_by.as_ref(), record.provider_slug.as_ref());
    query
        .bind(record.id.as_str())
        .bind(record.request_id.as_deref())
        .bind(record.key_hash.as_bytes().as_slice())
        .bind(repeated.workspace.of(&record.workspace_id))
        .bind(repeated.account.of(record.account.as_str()))
        .bind(node.map(|it| repeated.paid_by.of(it.as_str())))
        .bind(record.created_at.unix_millis())
        .bind(repeated.model.of(record.model.as_str()))
        .bind(repeated.requested.of(&record.requested_model))
        .bind(record.router.as_deref())
        .bind(record.preset_id.as_deref())
        .bind(record.provider.as_deref().map(|it| repeated.provider.of(it)))
        .bind(slug.map(|it| repeated.slug.of(it.as_str())))
        .bind(record.endpoint_id.as_deref().map(|it| repeated.endpoint.of(it)))
        .bind(record.upstream_id.as_deref())
        .bind(repeated.api.of(&record.api_type))
        .bind(record.streamed)
        .bind(record.cancelled)
        .bind(record.is_byok)
        .bind(record.unpriced)
        .bind(record.price_source.as_deref().map(|it| repeated.price.of(it)))
        .bind(record.finish_reason.as_deref().map(|it| repeated.finish.of(it)))
        .bind(record.native_finish_reason.as_deref().map(|it| repeated.native_finish.of(it)))
        .bind(optional_held(record.latency_ms))
        .bind(optional_held(record.generation_time_ms))
        .bind(source_text(usage.source))
        .bind(held(usage.prompt_tokens))
        .bind(held(usage.completion_tokens))
        .bind(held(usage.cached_tokens))
        .bind(held(usage.reasoning_tokens))
        .bind(json_unless_default(&UsageDetail::of(usage)))
        .bind(record.cost.nanos())
        .bind(record.upstream_cost.nanos())
        .bind(record.cache_discount.map(Usd::nanos))
        .bind(record.service_tier.as_deref())
        .bind(who.http_referer.as_deref())
        .bind(who.app_title.as_deref())
        .bind(who.external_user.as_deref())
        .bind(who.session_id.as_deref())
        .bind(json_unless_default(&AttributionDetail::of(who)))
        .bind(json_unless_default(&attempts))
        .bind(routing_text(record))
        .bind(arm.map(|it| &*it.experiment))
        .bind(arm.map(|it| &*it.arm))
        .bind(error.map(|error| error.status))
        .bind(error.map(|error| error.error_type.as_str()))
        .bind(error.map(|error| error.message.as_str()))
}
