//! The log of calls in SQLite: pages, counts over time, values with counts, errors in groups.
//!
//! Every statement goes through a stretch of one index whose length is bounded before. What is
//! counted from a part of the records is counted from those whose row number is a multiple: those
//! that are passed over cost their place in the index and not their row.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use tollgate_store::columns::{attempt_records, routing_record};
use tollgate_store::{
    CallStatus, Coverage, FacetField, FacetQuery, FacetValue, Facets, Fault, FaultQuery,
    FaultTally, Faults, GenerationCursor, GenerationSummary, Histogram, HistogramQuery, LogBounds,
    LogPage, LogQuery, RecordFilter, StatusCounts, StoreError,
};
use tollgate_types::{GenerationId, ModelSlug, ProviderSlug, Timestamp};

use crate::activity::PAYER;
use crate::columns::Columns;
use crate::error::failed;
use crate::generation_columns::read_error;
use crate::record_filter::{Stretch, push_conditions, with_former_keys};

const NEWEST_FIRST: &str = " ORDER BY created_at DESC, id DESC LIMIT ";

/// What a list shows, without the plan and other large columns.
const SUMMARY: &str = " AS payer, id, created_at, workspace_id, model, requested_model, router,
    preset_id, provider, provider_slug, api_type, streamed, cancelled, is_byok, finish_reason,
    latency_ms, generation_time_ms, prompt_tokens, completion_tokens, cached_tokens,
    reasoning_tokens, cost_nanos, app_title, external_user, session_id, attempts, error_status,
    error_type, error_message,
    CASE WHEN instr(routing, '\"cache_source\":') > 0 THEN routing END AS told_again";

/// A page.
pub(crate) async fn list(query: &LogQuery, readers: &SqlitePool) -> Result<LogPage, StoreError> {
    let filter = with_former_keys(&query.filter, readers).await?;
    let stretch = Stretch::of(&filter, query.before.as_ref());
    let boundary = boundary(&stretch, query.window, readers).await?;
    let mut sql = selecting(PAYER, SUMMARY);
    stretch.down_to(boundary.as_ref()).push(&mut sql);
    push_conditions(&mut sql, &filter);
    sql.push(NEWEST_FIRST).push_bind(i64::from(query.limit).saturating_add(1));
    let rows = sql.build().fetch_all(readers).await.map_err(failed)?;
    let rows = rows.iter().map(read_summary).collect::<Result<_, _>>()?;
    Ok(LogPage::of(rows, query.limit, boundary))
}

/// Counts over time.
pub(crate) async fn histogram(
    query: &HistogramQuery,
    readers: &SqlitePool,
) -> Result<Histogram, StoreError> {
    let filter = with_former_keys(&query.filter, readers).await?;
    let (stretch, coverage) = bounded(&filter, query.bounds, readers).await?;
    let width = query.bucket_ms.max(1);
    let mut sql = QueryBuilder::new("SELECT created_at - ((created_at % ");
    sql.push_bind(width).push(") + ").push_bind(width).push(") % ").push_bind(width);
    sql.push(" AS bucket, error_status IS NOT NULL AS failed, cancelled, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, &filter);
    sql.push(" GROUP BY bucket, failed, cancelled ORDER BY bucket");
    let rows = sql.build().fetch_all(readers).await.map_err(failed)?;
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
pub(crate) async fn facets(query: &FacetQuery, readers: &SqlitePool) -> Result<Facets, StoreError> {
    let filter = with_former_keys(&query.filter, readers).await?;
    let (stretch, coverage) = bounded(&filter, query.bounds, readers).await?;
    let column = match query.field {
        FacetField::Model => "model",
        FacetField::Provider => "provider_slug",
        FacetField::Key => "key_hash",
        FacetField::User => "external_user",
        FacetField::App => "app_title",
        FacetField::Status => return statuses(query, &filter, (stretch, coverage), readers).await,
    };
    let mut sql = QueryBuilder::new("SELECT ");
    match query.field {
        FacetField::Key => sql.push("lower(hex(").push(PAYER).push("))"),
        _ => sql.push(column),
    };
    sql.push(" AS value, max(provider) AS label, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, &filter);
    sql.push(" AND ").push(column).push(" IS NOT NULL GROUP BY value");
    sql.push(" ORDER BY calls DESC, value LIMIT ").push_bind(query.limit);
    let rows = sql.build().fetch_all(readers).await.map_err(failed)?;
    let value = |row| {
        let columns = Columns::of("generation", row);
        let label: Option<String> = columns.get("label")?;
        Ok(FacetValue {
            value: columns.get("value")?,
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
    readers: &SqlitePool,
) -> Result<Facets, StoreError> {
    let mut sql = QueryBuilder::new("SELECT error_status, cancelled, count(*) AS calls");
    push_sample(&mut sql, &stretch, coverage, filter);
    sql.push(" GROUP BY error_status, cancelled");
    let rows = sql.build().fetch_all(readers).await.map_err(failed)?;
    let counted = |row| {
        let columns = Columns::of("generation", row);
        let code: Option<u16> = columns.get("error_status")?;
        let status = CallStatus::of(code.is_some(), columns.flag("cancelled")?);
        Ok((status, code, calls(&columns, coverage)?))
    };
    let counted = rows.iter().map(counted).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Facets::of_statuses(counted, query.limit, coverage))
}

/// Errors in groups.
pub(crate) async fn faults(query: &FaultQuery, readers: &SqlitePool) -> Result<Faults, StoreError> {
    let filter = with_former_keys(&query.filter, readers).await?;
    let stretch = Stretch::of(&filter, None).errors();
    let boundary = boundary(&stretch, query.looked_at, readers).await?;
    let columns = " AS payer, created_at, provider, provider_slug, attempts, error_status,
                   error_type, error_message";
    let mut sql = selecting(PAYER, columns);
    stretch.down_to(boundary.as_ref()).push(&mut sql);
    push_conditions(&mut sql, &filter);
    sql.push(NEWEST_FIRST).push_bind(query.looked_at);
    let mut tally = FaultTally::default();
    for row in &sql.build().fetch_all(readers).await.map_err(failed)? {
        let columns = Columns::of("generation", row);
        let Some(error) = read_error(&columns)? else { continue };
        let provider: Option<String> = columns.get("provider")?;
        tally.add(Fault {
            at: columns.timestamp("created_at")?,
            key: columns.key_hash("payer")?,
            answered: provider.zip(columns.get("provider_slug")?),
            attempts: attempt_records(columns.json("attempts")?),
            error,
        });
    }
    let since = boundary.map(|last| last.created_at);
    Ok(Faults { groups: tally.groups(query.limit), since })
}

fn selecting(payer: &'static str, columns: &'static str) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(payer).push(columns);
    sql
}

/// The last of the records that may be looked at, if there are as many.
async fn boundary(
    stretch: &Stretch,
    window: u32,
    readers: &SqlitePool,
) -> Result<Option<GenerationCursor>, StoreError> {
    let mut sql = QueryBuilder::new("SELECT created_at, id");
    stretch.push(&mut sql);
    sql.push(NEWEST_FIRST).push("1 OFFSET ").push_bind(window.max(1).saturating_sub(1));
    let row = sql.build().fetch_optional(readers).await.map_err(failed)?;
    let cursor = |row: &SqliteRow| {
        let columns = Columns::of("generation", row);
        Ok(GenerationCursor {
            created_at: columns.timestamp("created_at")?,
            id: GenerationId::from_text(columns.text("id")?),
        })
    };
    row.as_ref().map(cursor).transpose()
}

/// The stretch that may be counted, and which part of it is looked at.
async fn bounded(
    filter: &RecordFilter,
    bounds: LogBounds,
    readers: &SqlitePool,
) -> Result<(Stretch, Coverage), StoreError> {
    let stretch = Stretch::of(filter, None);
    let mut sql = QueryBuilder::new("SELECT count(*) AS calls FROM (SELECT 1");
    stretch.push(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::from(bounds.walked).saturating_add(1)).push(")");
    let row = sql.build().fetch_one(readers).await.map_err(failed)?;
    let records = Columns::of("generation", &row).count("calls")?;
    let records = u32::try_from(records).unwrap_or(u32::MAX);
    let is_cut = records > bounds.walked;
    let last = if is_cut { boundary(&stretch, bounds.walked, readers).await? } else { None };
    let since = last.map(|last| last.created_at);
    let coverage = Coverage { one_in: bounds.one_in(records), since };
    Ok((stretch.since(since.map(Timestamp::unix_millis)), coverage))
}

/// Pushes the records that a count is made of.
fn push_sample(
    sql: &mut QueryBuilder<Sqlite>,
    stretch: &Stretch,
    coverage: Coverage,
    filter: &RecordFilter,
) {
    stretch.push(sql);
    if coverage.one_in > 1 {
        sql.push(" AND rowid % ").push_bind(coverage.one_in).push(" = 0");
    }
    push_conditions(sql, filter);
}

fn calls(columns: &Columns<'_>, coverage: Coverage) -> Result<u64, StoreError> {
    Ok(columns.count("calls")?.saturating_mul(u64::from(coverage.one_in)))
}

fn read_summary(row: &SqliteRow) -> Result<GenerationSummary, StoreError> {
    let columns = Columns::of("generation", row);
    let provider_slug = |text: &str| ProviderSlug::parse(text).ok();
    Ok(GenerationSummary {
        id: GenerationId::from_text(columns.text("id")?),
        created_at: columns.timestamp("created_at")?,
        key_hash: columns.key_hash("payer")?,
        workspace_id: columns.get("workspace_id")?,
        model: columns.parsed("model", |text| ModelSlug::parse(text).ok())?,
        requested_model: columns.get("requested_model")?,
        router: columns.get("router")?,
        preset_id: columns.get("preset_id")?,
        provider: columns.get("provider")?,
        provider_slug: columns.optional_parsed("provider_slug", provider_slug)?,
        api_type: columns.get("api_type")?,
        streamed: columns.flag("streamed")?,
        cancelled: columns.flag("cancelled")?,
        is_byok: columns.flag("is_byok")?,
        finish_reason: columns.get("finish_reason")?,
        latency_ms: columns.optional_count("latency_ms")?,
        generation_time_ms: columns.optional_count("generation_time_ms")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cached_tokens: columns.count("cached_tokens")?,
        reasoning_tokens: columns.count("reasoning_tokens")?,
        cost: columns.usd("cost_nanos")?,
        app_title: columns.get("app_title")?,
        external_user: columns.get("external_user")?,
        session_id: columns.get("session_id")?,
        attempts: attempt_records(columns.json("attempts")?),
        error: read_error(&columns)?,
        cache_source: told_again(&columns)?,
    })
}

/// The generation whose answer was told again: of most rows no plan is read.
fn told_again(columns: &Columns<'_>) -> Result<Option<String>, StoreError> {
    let routing: Option<String> = columns.get("told_again")?;
    let routing = routing.as_deref().and_then(routing_record);
    Ok(routing.and_then(|it| it.cache_source).map(String::from))
}
