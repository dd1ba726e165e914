//! The operator's rules over the API: read, replaced, restored; and what came of experiments.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_engine::{Revision, RuleError};
use tollgate_store::{ArmResult, PolicyVersion};
use tollgate_types::{Chain, Timestamp};
use tollgate_wire::error::ErrorType;
use tollgate_wire::json::UsdNumber;

use super::credits::{Data, Saved};
use crate::auth::ManagementKey;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// How many versions a page has.
const PAGE: u32 = 100;
/// Longest note kept.
const NOTE_CHARACTERS_MAX: usize = 1_000;
/// How far back results of experiments go where nobody says.
const DAYS_DEFAULT: i64 = 7;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// A version of the rules.
#[derive(Debug, Serialize)]
pub(crate) struct PolicyView {
    /// 0 where no version was ever stored.
    version: u64,
    rules: Box<RawValue>,
    note: Option<String>,
    author: Option<String>,
    created_at: Option<String>,
}

/// Rules to store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPolicy {
    rules: Box<RawValue>,
    /// The version that they were made from; refused when there is a newer one.
    expected_version: Option<u64>,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct VersionsQuery {
    before: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ExperimentsQuery {
    /// RFC 3339.
    since: Option<String>,
}

/// An experiment: a rule with a split.
#[derive(Debug, Serialize)]
pub(crate) struct ExperimentView {
    name: String,
    arms: Vec<ArmView>,
}

#[derive(Debug, Serialize)]
struct ArmView {
    name: String,
    calls: u64,
    failed: u64,
    feedback: u64,
    /// In dollars.
    cost: UsdNumber,
    completion_tokens: u64,
    latency_ms: Option<u64>,
    generation_time_ms: Option<u64>,
}

impl PolicyView {
    fn of(version: PolicyVersion) -> Result<Self, ApiError> {
        Ok(Self {
            version: version.version,
            rules: RawValue::from_string(version.rules).map_err(|it| ApiError::internal(&it))?,
            note: version.note,
            author: version.author,
            created_at: Some(version.created_at.to_rfc3339()),
        })
    }

    fn none() -> Self {
        let rules = RawValue::from_string("[]".to_owned()).unwrap_or_default();
        Self { version: 0, rules, note: None, author: None, created_at: None }
    }
}

/// The newest rules in the store. Those of the configuration file stand before them.
pub(crate) async fn get_policy(
    State(app): State<App>,
    _: ManagementKey,
) -> Result<Json<Data<PolicyView>>, ApiError> {
    let newest = app.engine.stores().policies.newest().await?;
    let data = newest.map_or_else(|| Ok(PolicyView::none()), PolicyView::of)?;
    Ok(Json(Data { data }))
}

/// Replaces the rules: they are in force at once, here, and within a second at other processes on
/// the same store.
pub(crate) async fn put_policy(
    State(app): State<App>,
    ManagementKey(key): ManagementKey,
    JsonBody(body): JsonBody<NewPolicy>,
) -> Result<Json<Saved<PolicyView>>, ApiError> {
    let note = body.note.map(|note| note.chars().take(NOTE_CHARACTERS_MAX).collect());
    let revision = Revision {
        rules: body.rules.get().to_owned(),
        expected: body.expected_version,
        note,
        author: Some(key.record.label.clone()),
    };
    add(&app, revision).await
}

/// Earlier versions of the rules, newest first.
pub(crate) async fn list_policy_versions(
    State(app): State<App>,
    _: ManagementKey,
    Params(query): Params<VersionsQuery>,
) -> Result<Json<Data<Vec<PolicyView>>>, ApiError> {
    let versions = app.engine.stores().policies.list(PAGE, query.before).await?;
    let data: Result<Vec<_>, _> = versions.into_iter().map(PolicyView::of).collect();
    Ok(Json(Data { data: data? }))
}

/// One version of the rules.
pub(crate) async fn get_policy_version(
    State(app): State<App>,
    _: ManagementKey,
    PathOf(version): PathOf<u64>,
) -> Result<Json<Data<PolicyView>>, ApiError> {
    Ok(Json(Data { data: PolicyView::of(version_of(&app, version).await?)? }))
}

/// Puts an earlier version in force, as a new one.
pub(crate) async fn restore_policy_version(
    State(app): State<App>,
    ManagementKey(key): ManagementKey,
    PathOf(version): PathOf<u64>,
) -> Result<Json<Saved<PolicyView>>, ApiError> {
    let earlier = version_of(&app, version).await?;
    let revision = Revision {
        rules: earlier.rules,
        expected: None,
        note: Some(format!("version {version}, restored")),
        author: Some(key.record.label.clone()),
    };
    add(&app, revision).await
}

/// Models that rules name may come later: what is unknown now is told, and kept.
async fn add(app: &App, revision: Revision) -> Result<Json<Saved<PolicyView>>, ApiError> {
    let added = app.engine.rules().add(revision, app.engine.now()).await?;
    let warnings = app.engine.unknown_in_rules(&added.rules);
    Ok(Json(Saved { data: PolicyView::of(added)?, warnings }))
}

async fn version_of(app: &App, version: u64) -> Result<PolicyVersion, ApiError> {
    let found = app.engine.stores().policies.get(version).await?;
    found.ok_or_else(|| ApiError::not_found(format!("There is no version {version} of the rules")))
}

/// What came of the arms of experiments.
pub(crate) async fn list_experiments(
    State(app): State<App>,
    _: ManagementKey,
    Params(query): Params<ExperimentsQuery>,
) -> Result<Json<Data<Vec<ExperimentView>>>, ApiError> {
    let since = match query.since {
        Some(text) => Timestamp::parse_rfc3339(&text)
            .ok_or_else(|| ApiError::bad_request("since: Expected an RFC 3339 instant"))?,
        None => app.engine.now().plus_millis(-DAYS_DEFAULT * DAY_MILLIS),
    };
    app.engine.recorder().flush().await;
    let mut experiments: Vec<ExperimentView> = Vec::new();
    for result in app.engine.stores().generations.arms(since).await? {
        let arm = arm_view(&result);
        match experiments.last_mut().filter(|it| *it.name == *result.experiment) {
            Some(experiment) => experiment.arms.push(arm),
            None => experiments
                .push(ExperimentView { name: result.experiment.to_string(), arms: vec![arm] }),
        }
    }
    Ok(Json(Data { data: experiments }))
}

fn arm_view(result: &ArmResult) -> ArmView {
    ArmView {
        name: result.arm.to_string(),
        calls: result.calls,
        failed: result.failed,
        feedback: result.feedback,
        cost: UsdNumber(result.cost),
        completion_tokens: result.completion_tokens,
        latency_ms: result.latency_ms,
        generation_time_ms: result.generation_time_ms,
    }
}

impl From<RuleError> for ApiError {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Problems(problems) => {
                let problems: Vec<String> =
                    problems.iter().map(|problem| Chain(problem).to_string()).collect();
                Self::bad_request(problems.join("; "))
            }
            RuleError::Outdated { newest } => Self::new(
                ErrorType::Conflict,
                format!(
                    "The rules are at version {newest} by now: read them, and send yours again"
                ),
            ),
            RuleError::Store(error) => error.into(),
        }
    }
}
