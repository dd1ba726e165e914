//! The log of calls in Postgres: pages, counts over time, values with counts, errors in groups.
//!
//! Every statement goes through a stretch of one index whose length is bounded before. What is
//! counted from a part of the records is counted from those whose id has a hash that is a multiple:
//! those that are passed over cost their place in the index and not their row.

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder};
use tollgate_store::columns::{attempt_records, routing_record};
use tollgate_store::{
    CallStatus, Coverage, FacetField, FacetQuery, FacetValue, Facets, Fault, FaultQuery,
    FaultTally, Faults, GenerationCursor, GenerationSummary, Histogram, HistogramQuery, LogBounds,
    LogPage, LogQuery, RecordFilter, StatusCounts, StoreError,
};
use tollgate_types::{GenerationId, ModelSlug, ProviderSlug, Timestamp};

use crate::columns::Columns;
use crate::error::failed;
use crate::generation_columns::read_error;
use crate::record_filter::{Stretch, push_conditions, with_former_keys};

/// Whose key a call counts for.
const PAYER: &str =
    "coalesce((SELECT new_hash FROM key_successor WHERE old_hash = key_hash), key_hash)";

const NEWEST_FIRST: &str = " ORDER BY created_at DESC, id DESC LIMIT ";

/// What a list shows, without the plan and other large columns.
const SUMMARY: &str = " AS payer, id, created_at, workspace_id, model, requested_model, router,
    preset_id, provider, provider_slug, api_type, streamed, cancelled, is_byok, finish_reason,
    latency_ms, generation_time_ms, prompt_tokens, completion_tokens, cached_tokens,
    reasoning_tokens, cost_nanos, app_title, external_user, session_id, attempts, error_status,
    error_type, error_message,
    CASE WHEN strpos(routing, '\"cache_source\":') > 0 THEN routing END AS told_again";

/// A page.
pub(crate) async fn list(query: &LogQuery, pool: &PgPool) -> Result<LogPage, StoreError> {
    let filter = with_former_keys(&query.filter, pool).await?;
    let stretch = Stretch::of(&filter, query.before.as_ref());
    let boundary = boundary(&stretch, query.window, pool).await?;
    let mut sql = selecting(PAYER, SUMMARY);
    stretch.down_to(boundary.as_ref()).push(&mut sql);
    push_conditions(&mut sql, &filter);
    sql.push(NEWEST_FIRST).push_bind(i64::from(query.limit).saturating_add(1));
    let rows = sql.build().fetch_all(pool).await.map_err(failed)?;
    let rows = rows.iter().map(read_summary).collect::<Result<_, _>>()?;
    Ok(LogPage::of(rows, query.limit, boundary))
}

/// Counts over time.
pub(crate) async fn histogram(
    query: &HistogramQuery,
    pool: &PgPool,
) -> Result<Histogram, StoreError> {
    let filter = with_former_keys(&query.filter, pool).await?;
    let (stretch, coverage) = bounded(&filter, query.bounds, pool).await?;
    let width = query.bucket_ms.max(1);
    let mut sql = QueryBuilder::new("SELECT created_at - ((created_at % ");
    sql.push_bind(width).push(") + ").push_bind(width).push(") % ").push_bind(width);
    sql.push(" AS bucket, error_status IS NOT NULL AS failed, cancelled, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, &filter);
    sql.push(" GROUP BY bucket, failed, cancelled ORDER BY bucket");
    let rows = sql.build().fetch_all(pool).await.map_err(failed)?;
    let mut buckets: Vec<(Timestamp, StatusCounts)> = Vec::new();
    for row in &rows {
        let columns = Columns::of("generation", row);
        let begins = columns.timestamp("bucket")?;
        if buckets.last().is_none_or(|(last, _)| *last != begins) {
            buckets.push((begins, StatusCounts::default()));
        }
        let status = CallStatus::of(columns.flag("failed")?, columns.flag("cancelled")?);
        if let Some((_, counts)) = buckets.last_mut() {
            counts.add(status, calls(&columns, coverage)?);
        }
    }
    Ok(Histogram { buckets, coverage })
}

/// The most frequent values.
pub(crate) async fn facets(query: &FacetQuery, pool: &PgPool) -> Result<Facets, StoreError> {
    let filter = with_former_keys(&query.filter, pool).await?;
    let (stretch, coverage) = bounded(&filter, query.bounds, pool).await?;
    let column = match query.field {
        FacetField::Model => "model",
        FacetField::Provider => "provider_slug",
        FacetField::Key => "key_hash",
        FacetField::User => "external_user",
        FacetField::App => "app_title",
        FacetField::Status => return statuses(query, &filter, (stretch, coverage), pool).await,
    };
    let mut sql = QueryBuilder::new("SELECT ");
    match query.field {
        FacetField::Key => sql.push("encode(").push(PAYER).push(", 'hex')"),
        _ => sql.push(column),
    };
    sql.push(" COLLATE \"C\" AS value, max(provider COLLATE \"C\") AS label, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, &filter);
    sql.push(" AND ").push(column).push(" IS NOT NULL GROUP BY value");
    sql.push(" ORDER BY calls DESC, value LIMIT ").push_bind(i64::from(query.limit));
    let rows = sql.build().fetch_all(pool).await.map_err(failed)?;
    let value = |row| {
        let columns = Columns::of("generation", row);
        let label = columns.optional_string("label")?;
        Ok(FacetValue {
            value: columns.string("value")?,
            label: label.filter(|_| query.field == FacetField::Provider),
            count: calls(&columns, coverage)?,
        })
    };
    let values = rows.iter().map(value).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Facets::of(values, query.limit, coverage))
}

async fn statuses(
    query: &FacetQuery,
    filter: &RecordFilter,
    (stretch, coverage): (Stretch, Coverage),
    pool: &PgPool,
) -> Result<Facets, StoreError> {
    let mut sql = QueryBuilder::new("SELECT error_status, cancelled, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, filter);
    sql.push(" GROUP BY error_status, cancelled");
    let rows = sql.build().fetch_all(pool).await.map_err(failed)?;
    let counted = |row| {
        let columns = Columns::of("generation", row);
        let code = columns.optional_count("error_status")?;
        let code = code.and_then(|code| u16::try_from(code).ok());
        let status = CallStatus::of(code.is_some(), columns.flag("cancelled")?);
        Ok((status, code, calls(&columns, coverage)?))
    };
    let counted = rows.iter().map(counted).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Facets::of_statuses(counted, query.limit, coverage))
}

/// Errors in groups.
pub(crate) async fn faults(query: &FaultQuery, pool: &PgPool) -> Result<Faults, StoreError> {
    let filter = with_former_keys(&query.filter, pool).await?;
    let stretch = Stretch::of(&filter, None).errors();
    let boundary = boundary(&stretch, query.looked_at, pool).await?;
    let columns = " AS payer, created_at, provider, provider_slug, attempts, error_status,
                   error_type, error_message";
    let mut sql = selecting(PAYER, columns);
    stretch.down_to(boundary.as_ref()).push(&mut sql);
    push_conditions(&mut sql, &filter);
    sql.push(NEWEST_FIRST).push_bind(i64::from(query.looked_at));
    let mut tally = FaultTally::default();
    for row in &sql.build().fetch_all(pool).await.map_err(failed)? {
        let columns = Columns::of("generation", row);
        let Some(error) = read_error(&columns)? else { continue };
        let provider = columns.optional_string("provider")?;
        tally.add(Fault {
            at: columns.timestamp("created_at")?,
            key: columns.key_hash("payer")?,
            answered: provider.zip(columns.optional_string("provider_slug")?),
            attempts: attempt_records(columns.json("attempts")?),
            error,
        });
    }
    let since = boundary.map(|last| last.created_at);
    Ok(Faults { groups: tally.groups(query.limit), since })
}

fn selecting(payer: &'static str, columns: &'static str) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(payer).push(columns);
    sql
}

/// The last of the records that may be looked at, if there are as many.
async fn boundary(
    stretch: &Stretch,
    window: u32,
    pool: &PgPool,
) -> Result<Option<GenerationCursor>, StoreError> {
    let mut sql = QueryBuilder::new("SELECT created_at, id");
    stretch.push(&mut sql);
    sql.push(NEWEST_FIRST).push("1 OFFSET ").push_bind(i64::from(window.max(1).saturating_sub(1)));
    let row = sql.build().fetch_optional(pool).await.map_err(failed)?;
    let cursor = |row: &PgRow| {
        let columns = Columns::of("generation", row);
        Ok(GenerationCursor {
            created_at: columns.timestamp("created_at")?,
            id: GenerationId::from_text(&columns.text("id")?),
        })
    };
    row.as_ref().map(cursor).transpose()
}

/// The stretch that may be counted, and which part of it is looked at.
async fn bounded(
    filter: &RecordFilter,
    bounds: LogBounds,
    pool: &PgPool,
) -> Result<(Stretch, Coverage), StoreError> {
    let stretch = Stretch::of(filter, None);
    let mut sql = QueryBuilder::new("SELECT count(*) AS calls FROM (SELECT 1");
    stretch.push(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::from(bounds.walked).saturating_add(1)).push(") AS walked");
    let row = sql.build().fetch_one(pool).await.map_err(failed)?;
    let records = Columns::of("generation", &row).count("calls")?;
    let records = u32::try_from(records).unwrap_or(u32::MAX);
    let is_cut = records > bounds.walked;
    let last = if is_cut { boundary(&stretch, bounds.walked, pool).await? } else { None };
    let since = last.map(|last| last.created_at);
    let coverage = Coverage { one_in: bounds.one_in(records), since };
    Ok((stretch.since(since.map(Timestamp::unix_millis)), coverage))
}

/// Pushes the records that a count is made of.
fn push_sample(
    sql: &mut QueryBuilder<Postgres>,
    stretch: &Stretch,
    coverage: Coverage,
    filter: &RecordFilter,
) {
    if coverage.one_in > 1 {
        sql.push(" FROM (SELECT created_at AS sampled_at, id AS sampled_id");
        stretch.push(sql);
        sql.push(" AND hashtext(id)::BIGINT % ").push_bind(i64::from(coverage.one_in));
        sql.push(
            " = 0) AS sample JOIN generation ON created_at = sampled_at AND id = sampled_id
             WHERE TRUE",
        );
    } else {
        stretch.push(sql);
    }
    push_conditions(sql, filter);
}

fn calls(columns: &Columns<'_>, coverage: Coverage) -> Result<u64, StoreError> {
    Ok(columns.count("calls")?.saturating_mul(u64::from(coverage.one_in)))
}

fn read_summary(row: &PgRow) -> Result<GenerationSummary, StoreError> {
    let columns = Columns::of("generation", row);
    let provider_slug = |text: &str| ProviderSlug::parse(text).ok();
    Ok(GenerationSummary {
        id: GenerationId::from_text(&columns.text("id")?),
        created_at: columns.timestamp("created_at")?,
        key_hash: columns.key_hash("payer")?,
        workspace_id: columns.string("workspace_id")?,
        model: columns.parsed("model", |text| ModelSlug::parse(text).ok())?,
        requested_model: columns.string("requested_model")?,
        router: columns.optional_string("router")?,
        preset_id: columns.optional_string("preset_id")?,
        provider: columns.optional_string("provider")?,
        provider_slug: columns.optional_parsed("provider_slug", provider_slug)?,
        api_type: columns.string("api_type")?,
        streamed: columns.flag("streamed")?,
        cancelled: columns.flag("cancelled")?,
        is_byok: columns.flag("is_byok")?,
        finish_reason: columns.optional_string("finish_reason")?,
        latency_ms: columns.optional_count("latency_ms")?,
        generation_time_ms: columns.optional_count("generation_time_ms")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cached_tokens: columns.count("cached_tokens")?,
        reasoning_tokens: columns.count("reasoning_tokens")?,
        cost: columns.usd("cost_nanos")?,
        app_title: columns.optional_string("app_title")?,
        external_user: columns.optional_string("external_user")?,
        session_id: columns.optional_string("session_id")?,
        attempts: attempt_records(columns.json("attempts")?),
        error: read_error(&columns)?,
        cache_source: told_again(&columns)?,
    })
}

/// The generation whose answer was told again: of most rows no plan is read.
fn told_again(columns: &Columns<'_>) -> Result<Option<String>, StoreError> {
    let routing = columns.optional_text("told_again")?;
    let routing = routing.as_deref().and_then(routing_record);
    Ok(routing.and_then(|it| it.cache_source).map(String::from))
}
