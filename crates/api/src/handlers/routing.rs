//! Why a call went where it went, or would go.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::Serialize;
use tokio::time::Instant;
use tollgate_catalog::EndpointId;
use tollgate_engine::Origin;
use tollgate_store::{CandidateRecord, RoutingRecord, RuleRecord, StageRecord, SteeredRecord};
use tollgate_wire::json::UsdNumber;
use tollgate_wire::{Address, Call, Dialect};

use super::credits::Data;
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::JsonBytes;
use crate::error::ApiError;
use crate::router::App;

/// Where a chat request would go now, and why. It is sent nowhere.
pub(crate) async fn explain_routing(
    State(app): State<App>,
    InferenceKey(key, region): InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Json<Data<RoutingView>>, ApiError> {
    let call = Call::read(Dialect::Chat, body, Address::default())?;
    let call = app.engine.with_preset(&key, call).await?;
    let attribution = attribution(&headers, call.params(), &app.config.tag_headers);
    let origin = Origin { attribution, headers: &headers, region, received: Instant::now() };
    let record = app.engine.explain(&key, &call, &origin).map_err(ApiError::from)?;
    let own_key = |endpoint: &str| own_key(&app, endpoint);
    Ok(Json(Data { data: RoutingView::of(&record, &own_key) }))
}

/// What people know the key by that an endpoint of this name is called with, where it is a
/// caller's own and still there.
pub(super) type OwnKeyOf<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn own_key(app: &App, endpoint: &str) -> Option<String> {
    app.engine.keychain().title(EndpointId::own_key_in(endpoint)?)
}

/// A plan.
#[derive(Debug, Serialize)]
pub(crate) struct RoutingView {
    /// What the draw depended on, in hexadecimal: readers of JSON lose digits of such numbers.
    seed: String,
    sort: String,
    candidates: Vec<CandidateView>,
    /// What the operator's rules made of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyView>,
}

/// What rules made of a call.
#[derive(Debug, Serialize)]
struct PolicyView {
    version: Option<u64>,
    rules: Vec<RuleView>,
    labels: Vec<String>,
    experiment: Option<String>,
    arm: Option<String>,
    stages: Vec<StageView>,
    /// Which part of the models that were asked agreed, from 0 to 1.
    confidence: Option<f64>,
}

#[derive(Debug, Serialize)]
struct RuleView {
    name: String,
    what: String,
}

/// A model that rules had asked.
#[derive(Debug, Serialize)]
struct StageView {
    model: String,
    outcome: String,
    /// In dollars.
    cost: UsdNumber,
}

impl PolicyView {
    fn of(record: &SteeredRecord) -> Self {
        let rule =
            |it: &RuleRecord| RuleView { name: it.rule.to_string(), what: it.what.to_string() };
        let stage = |it: &StageRecord| StageView {
            model: it.model.clone(),
            outcome: it.outcome.clone(),
            cost: UsdNumber(it.cost),
        };
        Self {
            version: record.version,
            rules: record.rules.iter().map(rule).collect(),
            labels: record.labels.iter().map(ToString::to_string).collect(),
            experiment: record.arm.as_ref().map(|it| it.experiment.to_string()),
            arm: record.arm.as_ref().map(|it| it.arm.to_string()),
            stages: record.stages.iter().map(stage).collect(),
            confidence: record.confidence_millionths.map(|it| f64::from(it) / 1e6),
        }
    }
}

/// An endpoint of a plan.
#[derive(Debug, Serialize)]
struct CandidateView {
    endpoint_id: String,
    /// What people know the caller's own key by that it is called with, while that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key: Option<String>,
    /// From 1; absent for one that was left out.
    position: Option<usize>,
    place: String,
    reason: Option<String>,
    /// About what the call would have cost there, in dollars.
    price: Option<f64>,
    /// From 0 to 1.
    chance: Option<f64>,
    first_token_ms: Option<u32>,
    tokens_per_second: Option<u32>,
}

impl RoutingView {
    pub(crate) fn of(record: &RoutingRecord, own_key: OwnKeyOf<'_>) -> Self {
        let candidates = record.candidates.iter().enumerate();
        Self {
            seed: format!("{:016x}", record.seed),
            sort: record.sort.to_string(),
            candidates: candidates.map(|it| candidate(it, own_key)).collect(),
            policy: record.steered.as_deref().map(PolicyView::of),
        }
    }
}

/// What stands in the place of one for an endpoint that was left out.
const DROPPED: &str = "dropped";

fn candidate((index, record): (usize, &CandidateRecord), own_key: OwnKeyOf<'_>) -> CandidateView {
    CandidateView {
        endpoint_id: record.endpoint.to_string(),
        own_key: own_key(&record.endpoint),
        position: (record.place != DROPPED).then_some(index + 1),
        place: record.place.to_string(),
        reason: record.reason.as_deref().map(str::to_owned),
        price: record.price_picos.map(dollars),
        chance: record.chance_millionths.map(|it| f64::from(it) / 1e6),
        first_token_ms: record.first_token_ms,
        tokens_per_second: record.tokens_per_second,
    }
}

/// For people: an estimate, which nobody is billed by.
fn dollars(picos: u64) -> f64 {
    let whole = u32::try_from(picos / 1_000_000).map_or(f64::MAX, f64::from);
    let rest = f64::from(u32::try_from(picos % 1_000_000).unwrap_or_default());
    whole / 1e6 + rest / 1e12
}
