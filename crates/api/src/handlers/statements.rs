//! `GET /credits/statements/{month}`: a month of the account, as JSON, CSV or PDF. Beyond the
//! contract.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tollgate_engine::{StatementFailure, statement};
use tollgate_statement::{Entry, Line, Statement, StatementError, UsageTable, csv, pdf};
use tollgate_types::{Month, Usd};

use super::credits::{Data, WhoseAccount};
use crate::auth::ManagementKey;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// Amounts are text: exact, whatever reads them.
#[derive(Debug, Serialize)]
pub(crate) struct StatementView {
    installation: String,
    account: String,
    month: String,
    /// None until the month has been over for two hours.
    number: Option<String>,
    opening_balance: String,
    balance: Vec<LineView>,
    closing_balance: String,
    beside_balance: Vec<LineView>,
    movements: Vec<EntryView>,
    usage: Vec<TableView>,
    usage_total: String,
}

#[derive(Debug, Serialize)]
struct LineView {
    name: &'static str,
    amount: String,
}

#[derive(Debug, Serialize)]
struct EntryView {
    at: String,
    kind: &'static str,
    id: String,
    reference: Option<String>,
    note: Option<String>,
    amount: String,
}

#[derive(Debug, Serialize)]
struct TableView {
    by: String,
    lines: Vec<UsageView>,
}

#[derive(Debug, Serialize)]
struct UsageView {
    name: String,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    amount: String,
}

/// The statement of a month, in the form that is accepted: JSON unless another is asked for.
pub(crate) async fn get_statement(
    State(app): State<App>,
    _: ManagementKey,
    headers: HeaderMap,
    Params(whose): Params<WhoseAccount>,
    PathOf(month): PathOf<String>,
) -> Result<Response, ApiError> {
    let month: Month = month
        .parse()
        .map_err(|_| ApiError::bad_request("month: Expected a month such as 2026-10"))?;
    app.engine.recorder().flush().await;
    let tags: Vec<String> = app.config.tag_headers.iter().map(ToString::to_string).collect();
    let issuer = (app.config.installation_name.as_str(), tags.as_slice());
    let account = whose.named()?;
    let now = app.engine.now();
    let made = statement(app.engine.stores(), issuer, &account, month, now).await?;
    let accepted = headers.get(ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let wanted = accepted.split(',').map(|it| it.split(';').next().unwrap_or_default().trim());
    for kind in wanted {
        match kind {
            "text/csv" => return Ok(file((csv(&made)?, "text/csv; charset=utf-8"), month, "csv")),
            "application/pdf" => return Ok(file((pdf(&made)?, "application/pdf"), month, "pdf")),
            "application/json" | "application/*" | "*/*" => break,
            _ => {}
        }
    }
    Ok(Json(Data { data: StatementView::of(&made)? }).into_response())
}

fn file((bytes, kind): (Vec<u8>, &'static str), month: Month, ending: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("attachment; filename=\"statement-{month}.{ending}\"");
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}

impl StatementView {
    fn of(made: &Statement) -> Result<Self, StatementError> {
        let line = |line: Line| LineView { name: line.name(), amount: exact(made.sum(line)) };
        Ok(Self {
            installation: made.installation().to_owned(),
            account: made.account().to_string(),
            month: made.month().to_string(),
            number: made.number().map(ToString::to_string),
            opening_balance: exact(made.opening()),
            balance: Line::OF_BALANCE.map(line).into(),
            closing_balance: exact(made.closing()),
            beside_balance: Line::BESIDE.map(line).into(),
            movements: made.entries().iter().map(EntryView::of).collect(),
            usage: made.usage().iter().map(TableView::of).collect(),
            usage_total: exact(made.usage_total()?),
        })
    }
}

impl EntryView {
    fn of(entry: &Entry) -> Self {
        Self {
            at: entry.at.to_rfc3339(),
            kind: entry.line.name(),
            id: entry.id.clone(),
            reference: entry.reference.clone(),
            note: entry.note.clone(),
            amount: exact(entry.amount),
        }
    }
}

impl TableView {
    fn of(table: &UsageTable) -> Self {
        let lines = table.lines.iter().map(|line| UsageView {
            name: line.name.clone(),
            requests: line.requests,
            prompt_tokens: line.prompt_tokens,
            completion_tokens: line.completion_tokens,
            amount: exact(line.amount),
        });
        Self { by: table.by.clone(), lines: lines.collect() }
    }
}

fn exact(amount: Usd) -> String {
    amount.to_decimal()
}

impl From<StatementFailure> for ApiError {
    fn from(failure: StatementFailure) -> Self {
        match failure {
            StatementFailure::NotBegun(month) => {
                Self::bad_request(format!("month: {month} has not begun"))
            }
            StatementFailure::NoSuchAccount(_)
            | StatementFailure::NothingYet(..)
            | StatementFailure::BeforeTheFirst(..) => {
                // A sentence, as all that callers are told.
                let mut said = failure.to_string();
                if let Some(first) = said.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                Self::not_found(said)
            }
            StatementFailure::Store(error) => error.into(),
            StatementFailure::Unproved(_) => Self::internal(&failure),
        }
    }
}

impl From<StatementError> for ApiError {
    fn from(error: StatementError) -> Self {
        Self::internal(&error)
    }
}
