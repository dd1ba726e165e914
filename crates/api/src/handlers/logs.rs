//! `GET /logs` and what goes with it: the records of calls for people, by any filter. Beyond the
//! contract.
//!
//! Every question is answered by the store in bounded work, and says what that left out. Members are
//! answered from their own workspaces.

mod csv;
mod export;
mod filter;
mod members;
mod range;
mod view;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::timeout;
use tollgate_store::{
    Choice, Coverage, FacetField, FacetQuery, FacetValue, FaultQuery, HistogramQuery, LogBounds,
    LogQuery, RecordFilter, StatusCounts, StoreError,
};
use tollgate_types::{KeyHash, Timestamp};
use tollgate_wire::error::ErrorType;

use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

pub(crate) use export::export_logs;
pub(super) use filter::read_filter;
pub(super) use members::Members;
pub(super) use view::LogRow;

use range::{Buckets, RangeView, cursor_of, cursor_text};
use view::FaultView;

/// Rows of a page, at most and unless the caller says.
const PAGE_MAX: u32 = 200;
const PAGE: u32 = 100;
/// So many records are looked at for a page: a rare filter needs more than one request.
const WINDOW: u32 = 25_000;
/// How much work counting is.
const BOUNDS: LogBounds = LogBounds { walked: 5_000_000, looked_at: 50_000 };
/// So many errors are put into groups, and so many groups are told of.
const ERRORS_MAX: u32 = 20_000;
const GROUPS_MAX: u32 = 100;
/// Values of a field that are told of.
const VALUES_MAX: u32 = 50;
/// Buckets of a histogram, at most and unless the caller says.
const BUCKETS_MAX: u32 = 500;
const BUCKETS: u32 = 60;
/// What is counted is of a day unless the caller says.
const USUAL_MILLIS: i64 = 86_400_000;
/// Longest a question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A page of the log.
#[derive(Debug, Serialize)]
pub(crate) struct LogList {
    data: Vec<LogRow>,
    /// What `cursor` is for what follows, which there may be also after a short page; null at the
    /// end.
    next: Option<String>,
    range: RangeView,
}

/// Counts over time.
#[derive(Debug, Serialize)]
pub(crate) struct HistogramView {
    data: Vec<BucketView>,
    range: RangeView,
    /// The width of a bucket.
    seconds: i64,
    coverage: CoverageView,
}

#[derive(Debug, Serialize)]
struct BucketView {
    at: String,
    ok: u64,
    error: u64,
    cancelled: u64,
}

/// Values with counts.
#[derive(Debug, Serialize)]
pub(crate) struct FacetList {
    data: Vec<FacetView>,
    range: RangeView,
    coverage: CoverageView,
}

#[derive(Debug, Serialize)]
struct FacetView {
    value: String,
    label: String,
    count: u64,
}

/// Errors in groups.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorList {
    data: Vec<FaultView>,
    range: RangeView,
    coverage: CoverageView,
}

/// What was counted.
#[derive(Debug, Serialize)]
struct CoverageView {
    /// One in so many records was looked at and counts for those beside it; 1 where counts are
    /// exact.
    one_in: u32,
    /// What is older in the range was left out; null where nothing was.
    since: Option<String>,
}

/// A page of the log, newest first.
pub(crate) async fn list_logs(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Json<LogList>, ApiError> {
    let mut members = Members::read(pairs)?;
    let filter = read_filter(&mut members, &app, &manager)?;
    let limit = members.number("limit", 1..=PAGE_MAX)?.unwrap_or(PAGE);
    let before = members.take("cursor").map(|text| cursor_of(&text)).transpose()?;
    members.finish()?;
    // What was settled a moment ago is on the first page.
    if before.is_none() {
        app.engine.recorder().flush().await;
    }
    let range = RangeView::of(&filter, &app);
    let query = LogQuery { filter, limit, before, window: WINDOW };
    let page = patiently(app.engine.stores().generations.list(&query)).await?;
    let data = page.rows.into_iter().map(|row| LogRow::of(row, &app)).collect();
    Ok(Json(LogList { data, next: page.next.as_ref().map(cursor_text), range }))
}

/// How many calls there were over time, by how they ended.
pub(crate) async fn count_logs(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Json<HistogramView>, ApiError> {
    let mut members = Members::read(pairs)?;
    let filter = bounded(read_filter(&mut members, &app, &manager)?, &app);
    let wanted = members.number("buckets", 1..=BUCKETS_MAX)?.unwrap_or(BUCKETS);
    members.finish()?;
    app.engine.recorder().flush().await;
    let range = RangeView::of(&filter, &app);
    let buckets = Buckets::of(&filter, app.engine.now(), wanted);
    let query = HistogramQuery { filter, bucket_ms: buckets.width_ms(), bounds: BOUNDS };
    let found = patiently(app.engine.stores().generations.histogram(&query)).await?;
    let view = |(at, counts): (Timestamp, StatusCounts)| BucketView {
        at: at.to_rfc3339(),
        ok: counts.ok,
        error: counts.failed,
        cancelled: counts.cancelled,
    };
    Ok(Json(HistogramView {
        data: buckets.filled(&found.buckets).map(view).collect(),
        range,
        seconds: buckets.seconds(),
        coverage: CoverageView::of(found.coverage),
    }))
}

/// The most frequent values of a field.
pub(crate) async fn list_log_values(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Json<FacetList>, ApiError> {
    let mut members = Members::read(pairs)?;
    let filter = bounded(read_filter(&mut members, &app, &manager)?, &app);
    let field = members.take("field").ok_or_else(|| ApiError::bad_request("field: Required"))?;
    members.finish()?;
    let field = field_of(&field)?;
    app.engine.recorder().flush().await;
    let range = RangeView::of(&filter, &app);
    let filter = without(filter, field);
    let query = FacetQuery { filter, field, limit: VALUES_MAX, bounds: BOUNDS };
    let found = patiently(app.engine.stores().generations.facets(&query)).await?;
    let data = found.values.into_iter().map(|value| facet(value, field, &app)).collect();
    Ok(Json(FacetList { data, range, coverage: CoverageView::of(found.coverage) }))
}

/// Errors by provider, status and message.
pub(crate) async fn list_log_errors(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Json<ErrorList>, ApiError> {
    let mut members = Members::read(pairs)?;
    let filter = bounded(read_filter(&mut members, &app, &manager)?, &app);
    members.finish()?;
    app.engine.recorder().flush().await;
    let range = RangeView::of(&filter, &app);
    let query = FaultQuery { filter, looked_at: ERRORS_MAX, limit: GROUPS_MAX };
    let found = patiently(app.engine.stores().generations.faults(&query)).await?;
    let data = found.groups.into_iter().map(|group| FaultView::of(group, &app)).collect();
    let coverage = CoverageView::of(Coverage { one_in: 1, since: found.since });
    Ok(Json(ErrorList { data, range, coverage }))
}

async fn patiently<T>(
    answering: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ApiError> {
    let answered = timeout(PATIENCE, answering).await.map_err(|_| {
        let message = "The question takes too long. Ask for less time";
        ApiError::new(ErrorType::RequestTimeout, message)
    })?;
    Ok(answered?)
}

/// The same filter of a range that begins somewhere.
fn bounded(filter: RecordFilter, app: &App) -> RecordFilter {
    let until = filter.until.unwrap_or_else(|| app.engine.now());
    let from = filter.from.unwrap_or_else(|| until.plus_millis(USUAL_MILLIS.saturating_neg()));
    RecordFilter { from: Some(from), ..filter }
}

fn field_of(name: &str) -> Result<FacetField, ApiError> {
    Ok(match name {
        "model" => FacetField::Model,
        "provider" => FacetField::Provider,
        "key" => FacetField::Key,
        "user" => FacetField::User,
        "app" => FacetField::App,
        "status" => FacetField::Status,
        _ => {
            let expected = "field: Expected model, provider, key, user, app or status";
            return Err(ApiError::bad_request(expected));
        }
    })
}

/// What is asked of a field itself hides no other value of it.
fn without(mut filter: RecordFilter, field: FacetField) -> RecordFilter {
    match field {
        FacetField::Model => filter.models = Choice::default(),
        FacetField::Provider => filter.providers = Choice::default(),
        FacetField::Key => filter.keys = Choice::default(),
        FacetField::User => filter.users = Choice::default(),
        FacetField::App => filter.apps = Choice::default(),
        FacetField::Status => filter.statuses = Choice::default(),
    }
    filter
}

fn facet(value: FacetValue, field: FacetField, app: &App) -> FacetView {
    let FacetValue { value, label, count } = value;
    let name = || {
        let hash = KeyHash::from_hex(&value).filter(|_| field == FacetField::Key)?;
        Some(app.engine.keys().get(hash)?.record.name.clone())
    };
    let label = label.or_else(name).unwrap_or_else(|| value.clone());
    FacetView { value, label, count }
}

impl CoverageView {
    fn of(coverage: Coverage) -> Self {
        let since = coverage.since.map(Timestamp::to_rfc3339);
        Self { one_in: coverage.one_in, since }
    }
}
