//! `GET /analytics/meta`, `POST /analytics/query`: questions about what was used, answered from the
//! sums by day, hour and minute (contract §1.7).

mod answer;
mod fields;
mod question;
mod time;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tollgate_store::StoreError;
use tollgate_wire::error::ErrorType;

use super::credits::Data;
use crate::auth::Manager;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::router::App;

use answer::Row;
use fields::{Dimension, Makers, Metric};
use question::{Asked, Operator, Question, ROWS_MAX};
use time::Granularity;

/// Longest a question may take (contract §1.7).
const PATIENCE: Duration = Duration::from_secs(10);

/// What a question has come to.
#[derive(Debug, Serialize)]
pub(crate) struct Answered {
    data: Vec<Row>,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    query_time_ms: u64,
    row_count: usize,
    truncated: bool,
}

/// What can be asked.
pub(crate) async fn get_analytics_meta(State(app): State<App>, _: Manager) -> Json<Data<Value>> {
    let metrics = Metric::ALL.map(|metric| {
        json!({
            "name": metric.name(), "display_label": metric.label(),
            "display_format": metric.format(), "is_rate": metric.is_rate(),
        })
    });
    let tags = app.config.tag_headers.iter().map(|it| Dimension::Tag(it.as_str().to_owned()));
    let dimensions = Dimension::ALL
        .into_iter()
        .chain(tags)
        .map(|dimension| json!({ "name": dimension.name(), "display_label": dimension.label() }));
    let dimensions: Vec<Value> = dimensions.collect();
    let granularities =
        Granularity::ALL.map(|it| json!({ "name": it.as_str(), "display_label": it.label() }));
    let operators = Operator::ALL.map(|it| {
        let value_type = if it.takes_list() { "array" } else { "scalar" };
        json!({ "name": it.as_str(), "value_type": value_type })
    });
    Json(Data {
        data: json!({
            "metrics": metrics, "dimensions": dimensions, "granularities": granularities,
            "operators": operators,
        }),
    })
}

/// Answers a question. Members are answered from their own workspaces.
pub(crate) async fn query_analytics(
    State(app): State<App>,
    manager: Manager,
    JsonBody(asked): JsonBody<Asked>,
) -> Result<Json<Data<Answered>>, ApiError> {
    let begun = Instant::now();
    let question = Question::read(asked, &app.config.tag_headers, app.engine.now())?;
    let answering = async {
        app.engine.recorder().flush().await;
        let mut rows = Vec::new();
        for wanted in question.wanted() {
            rows.append(&mut app.engine.stores().usage.activity(&wanted).await?);
        }
        let makers = if question.asks_for_makers() { makers(&app).await? } else { Makers::new() };
        Ok::<_, StoreError>((rows, makers))
    };
    let found = timeout(PATIENCE, answering).await.map_err(|_| {
        let message = "The question takes too long. Ask for less time";
        ApiError::new(ErrorType::RequestTimeout, message)
    })?;
    let (rows, makers) = found.map_err(|error| match error {
        StoreError::TooMuch => ApiError::bad_request(format!(
            "The question takes more than {ROWS_MAX} rows to be added up. Ask for less time, for \
             longer steps, or by fewer dimensions"
        )),
        error => error.into(),
    })?;
    let open = rows.into_iter().filter(|row| manager.access.reaches(&row.workspace_id));
    let (data, truncated) = question.answer(open, &makers);
    let metadata = Metadata {
        query_time_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        row_count: data.len(),
        truncated,
    };
    Ok(Json(Data { data: Answered { data, metadata, warnings: question.warnings } }))
}

/// Who has made which key, of those that are there.
async fn makers(app: &App) -> Result<Makers, StoreError> {
    let keys = app.engine.stores().keys.all().await?;
    Ok(keys.into_iter().filter_map(|key| Some((key.hash, key.creator_user_id?))).collect())
}
