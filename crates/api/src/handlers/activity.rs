//! `GET /activity`: what was used, by day and endpoint (contract §1.3).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tollgate_store::{ActivityQuery, ActivityRow, ActivitySums, CallTimes, KeyQuery};
use tollgate_types::{KeyHash, Timestamp, UtcDay};
use tollgate_wire::json::UsdNumber;

use super::credits::Data;
use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// One day, `YYYY-MM-DD`.
    date: Option<String>,
    api_key_hash: Option<String>,
    /// The creator of keys.
    user_id: Option<String>,
    workspace_id: Option<String>,
    group_by: Option<String>,
    /// A tag header: rows are one for each of its values. Beyond the contract.
    tag: Option<String>,
    /// Where the caller's own key may be.
    #[serde(rename = "key")]
    _key: Option<IgnoredAny>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ActivityView {
    date: String,
    model: String,
    model_permaslug: String,
    endpoint_id: String,
    provider_name: String,
    usage: UsdNumber,
    byok_usage_inference: UsdNumber,
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag_value: Option<String>,
}

/// How many days are told of: those that are over, the latest ones.
const DAYS: i64 = 30;

/// What was used in the last 30 UTC days that are over.
pub(crate) async fn list_activity(
    State(app): State<App>,
    manager: Manager,
    Params(asked): Params<Asked>,
) -> Result<Json<Data<Vec<ActivityView>>>, ApiError> {
    match &asked.workspace_id {
        Some(workspace) => manager.reach(workspace)?,
        None => manager.everywhere("Name one of them with workspace_id")?,
    }
    let today = UtcDay::of(app.engine.now());
    let days = match asked.date.as_deref() {
        Some(text) => one_day(text, today)?,
        None => UtcDay::from_days(today.days().saturating_sub(DAYS))..today,
    };
    let by_workspace = match asked.group_by.as_deref() {
        None => false,
        Some("workspace") => true,
        Some(_) => return Err(ApiError::bad_request("group_by: Expected workspace")),
    };
    app.engine.recorder().flush().await;
    let query = ActivityQuery {
        from: Some(days.start),
        until: Some(days.end),
        keys: keys(&app, &asked).await?,
        workspace_id: asked.workspace_id,
        tag: asked.tag.map(|tag| tag.to_ascii_lowercase()),
        ..ActivityQuery::default()
    };
    let rows = app.engine.stores().usage.activity(&query).await?;
    let installation = app.engine.installation();
    // Looked up once for each: of one that is gone everything that is like it is sought.
    let mut permaslugs: BTreeMap<String, String> = BTreeMap::new();
    for row in &rows {
        if !permaslugs.contains_key(&row.model) {
            let known = installation.known().resolve(&row.model).ok();
            let slug = known.map_or(&row.model, |model| &model.canonical_slug);
            permaslugs.insert(row.model.clone(), slug.clone());
        }
    }
    let permaslug = |model: &str| permaslugs.get(model).map_or(model, String::as_str).to_owned();
    let rows = if by_workspace { rows } else { over_workspaces(rows) };
    let view = |row: ActivityRow| ActivityView {
        date: date(row.day),
        model_permaslug: permaslug(&row.model),
        model: row.model,
        endpoint_id: row.endpoint_id,
        provider_name: row.provider,
        usage: UsdNumber(row.sums.spent),
        byok_usage_inference: UsdNumber(row.sums.byok),
        requests: row.sums.requests,
        prompt_tokens: row.sums.prompt_tokens,
        completion_tokens: row.sums.completion_tokens,
        reasoning_tokens: row.sums.reasoning_tokens,
        workspace_id: by_workspace.then_some(row.workspace_id),
        tag_value: query.tag.is_some().then_some(row.tag_value),
    };
    Ok(Json(Data { data: rows.into_iter().map(view).collect() }))
}

/// The keys that are asked for; `None` is every key.
async fn keys(app: &App, asked: &Asked) -> Result<Option<Vec<KeyHash>>, ApiError> {
    let hash = match asked.api_key_hash.as_deref() {
        Some(text) => Some(KeyHash::from_hex(text).ok_or_else(|| {
            ApiError::bad_request("api_key_hash: Expected 64 hexadecimal digits")
        })?),
        None => None,
    };
    let Some(user) = &asked.user_id else { return Ok(hash.map(|hash| vec![hash])) };
    let query = KeyQuery {
        offset: 0,
        limit: u32::MAX,
        include_disabled: true,
        workspace_id: asked.workspace_id.clone(),
    };
    let all = app.engine.stores().keys.list(&query).await?;
    let made = all.into_iter().filter(|key| key.creator_user_id.as_ref() == Some(user));
    let made = made.map(|key| key.hash).filter(|it| hash.is_none_or(|hash| hash == *it));
    Ok(Some(made.collect()))
}

fn one_day(text: &str, today: UtcDay) -> Result<std::ops::Range<UtcDay>, ApiError> {
    let problem = || {
        ApiError::bad_request(
            "date: Expected a day such as 2026-01-31 within the last 30 (completed) UTC days",
        )
    };
    // Later times of a day are none of its name.
    let at = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).ok_or_else(problem)?;
    let day = UtcDay::of(at);
    let ago = today.days().saturating_sub(day.days());
    if !(1..=DAYS).contains(&ago) {
        return Err(problem());
    }
    Ok(day..UtcDay::from_days(day.days().saturating_add(1)))
}

fn date(day: UtcDay) -> String {
    let mut text = day.starts_at().to_rfc3339();
    text.truncate("YYYY-MM-DD".len());
    text
}

/// Rows that differ in their workspace only, added up.
fn over_workspaces(rows: Vec<ActivityRow>) -> Vec<ActivityRow> {
    let mut sums: BTreeMap<_, ActivitySums> = BTreeMap::new();
    for row in rows {
        let key =
            (std::cmp::Reverse(row.day), row.model, row.endpoint_id, row.provider, row.tag_value);
        sums.entry(key).or_default().add(&row.sums);
    }
    let row = |((day, model, endpoint_id, provider, tag_value), sums): (_, ActivitySums)| {
        let (std::cmp::Reverse(day), workspace_id) = (day, String::new());
        ActivityRow {
            day,
            starts_at: day.starts_at(),
            workspace_id,
            model,
            endpoint_id,
            provider,
            tag_value,
            key: None,
            sums,
            times: CallTimes::default(),
        }
    };
    sums.into_iter().map(row).collect()
}
