//! `GET /logs/export`: every matching row as CSV or JSON, written as it is read.
//!
//! A page of the store is asked for when the one before was taken, so a slow reader holds nothing
//! but its place. What fails on the way breaks the connection off: a file that looks whole is.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::OwnedSemaphorePermit;
use tollgate_store::{GenerationSummary, LogQuery, RecordFilter, StoreError};
use tollgate_types::{Chain, Timestamp};

use super::csv::{write_head, write_row};
use super::members::Members;
use super::view::LogRow;
use super::{WINDOW, read_filter};
use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;
use crate::streams::PLACE_AGAIN;

/// Rows that are read at once.
const PAGE: u32 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// All matching rows, newest first.
pub(crate) async fn export_logs(
    State(app): State<App>,
    manager: Manager,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let mut members = Members::read(pairs)?;
    let filter = read_filter(&mut members, &app, &manager)?;
    let format = match members.take("format").as_deref() {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        _ => return Err(ApiError::bad_request("format: Expected csv or json")),
    };
    members.finish()?;
    let permit = app.streams.export().ok_or_else(|| {
        ApiError::too_many(
            "Too many exports are under way. Try again when one has ended",
            PLACE_AGAIN,
        )
    })?;
    app.engine.recorder().flush().await;
    // What is admitted meanwhile is not of it.
    let until = filter.until.unwrap_or_else(|| app.engine.now().plus_millis(1));
    let filter = RecordFilter { until: Some(until), ..filter };
    let name = file_name(&filter, format);
    let query = LogQuery { filter, limit: PAGE, before: None, window: WINDOW };
    let export = Export { app, query, format, place: Place::Head, _permit: permit };
    // Who compresses it looks behind its end.
    let mut response = Response::new(Body::from_stream(unfold(export, Export::next).fuse()));
    let headers = response.headers_mut();
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// An export under way.
struct Export {
    app: App,
    query: LogQuery,
    format: Format,
    place: Place,
    _permit: OwnedSemaphorePermit,
}

/// What was written of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing.
    Head,
    /// All before the first row.
    First,
    /// Some rows.
    Rows,
    /// Everything.
    End,
}

impl Export {
    /// The next part, until there is none.
    async fn next(mut self) -> Option<(Result<Bytes, StoreError>, Self)> {
        if self.place == Place::End {
            return None;
        }
        let part = self.part().await;
        if let Err(error) = &part {
            tracing::warn!(error = %Chain(error), "an export broke off");
            self.place = Place::End;
        }
        Some((part, self))
    }

    /// Rows of as many windows as it takes to find some.
    async fn part(&mut self) -> Result<Bytes, StoreError> {
        let mut out = String::new();
        while out.is_empty() {
            let page = self.app.engine.stores().generations.list(&self.query).await?;
            if self.place == Place::Head {
                self.place = Place::First;
                match self.format {
                    Format::Csv => write_head(&mut out),
                    Format::Json => out.push_str("{\"data\":["),
                }
            }
            for row in page.rows {
                self.write(&mut out, row);
            }
            if page.next.is_none() {
                self.place = Place::End;
                if self.format == Format::Json {
                    out.push_str("]}\n");
                }
                break;
            }
            self.query.before = page.next;
        }
        Ok(Bytes::from(out))
    }

    fn write(&mut self, out: &mut String, row: GenerationSummary) {
        let row = LogRow::of(row, &self.app);
        match self.format {
            Format::Csv => write_row(out, &row),
            Format::Json => {
                out.push_str(if self.place == Place::First { "\n" } else { ",\n" });
                // Texts, numbers and lists can always be written.
                out.push_str(&serde_json::to_string(&row).unwrap_or_default());
            }
        }
        self.place = Place::Rows;
    }
}

/// Names the range, to the minute: `tollgate-logs_2026-11-20T0000Z_2026-11-20T1800Z.csv`.
fn file_name(filter: &RecordFilter, format: Format) -> String {
    let minute = |at: Option<Timestamp>| {
        let text = at.map(Timestamp::to_rfc3339)?;
        let (minute, _) = text.rsplit_once(':')?;
        Some(format!("_{}Z", minute.replace(':', "")))
    };
    let from = minute(filter.from).unwrap_or_default();
    let until = minute(filter.until).unwrap_or_default();
    let ending = if format == Format::Csv { "csv" } else { "json" };
    format!("tollgate-logs{from}{until}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_range() {
        let at = |text| Timestamp::parse_rfc3339(text);
        let until = at("2026-11-20T18:30:59.999Z");
        let filter = RecordFilter { until, ..RecordFilter::default() };
        assert_eq!(file_name(&filter, Format::Json), "tollgate-logs_2026-11-20T1830Z.json");
        let filter = RecordFilter { from: at("2026-11-20T00:00:00Z"), ..filter };
        let expected = "tollgate-logs_2026-11-20T0000Z_2026-11-20T1830Z.csv";
        assert_eq!(file_name(&filter, Format::Csv), expected);
    }
}
