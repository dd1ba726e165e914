//! `GET /routing/health`: how endpoints are doing, as routing sees them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_catalog::Endpoint;
use tollgate_engine::{Circuit, Report};
use tollgate_types::Timestamp;

use super::credits::Data;
use super::models::find;
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::listing::PercentilesView;
use crate::query::Params;
use crate::router::App;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct HealthQuery {
    /// All endpoints of this model; all that were called of any when absent.
    model: Option<String>,
}

/// How an endpoint is doing.
#[derive(Debug, Serialize)]
pub(crate) struct HealthView {
    endpoint_id: String,
    model_id: String,
    provider_name: String,
    /// That of `/models/{author}/{slug}/endpoints`, and what it means.
    status: i8,
    status_text: &'static str,
    circuit: &'static str,
    /// How long the circuit stays open.
    open_for_ms: Option<i64>,
    /// How long it is left alone because it wants fewer calls.
    cooling_for_ms: Option<i64>,
    uptime_last_5m: Option<f64>,
    uptime_last_30m: Option<f64>,
    uptime_last_1d: Option<f64>,
    attempts_last_30m: CountsView,
    failures_last_30m: BTreeMap<&'static str, u64>,
    latency_last_5m: Option<PercentilesView>,
    throughput_last_5m: Option<PercentilesView>,
    latency_last_30m: Option<PercentilesView>,
    throughput_last_30m: Option<PercentilesView>,
    tool_calls_last_2h: ToolCallsView,
    in_flight: u32,
    requests_left: Option<u64>,
}

/// How attempts ended.
#[derive(Debug, Serialize)]
struct CountsView {
    succeeded: u64,
    failed: u64,
    rate_limited: u64,
    /// What callers ended or must mend.
    callers: u64,
}

/// Answers that called tools.
#[derive(Debug, Serialize)]
struct ToolCallsView {
    /// Every call was one that the request's tools permit.
    succeeded: u64,
    failed: u64,
    /// The share that routing compares, from 0 to 1.
    success: Option<f64>,
}

/// How the endpoints of a model are doing, or of all models those that were called.
pub(crate) async fn get_routing_health(
    State(app): State<App>,
    _: AnyKey,
    Params(query): Params<HealthQuery>,
) -> Result<Json<Data<Vec<HealthView>>>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let (vitals, now) = (app.engine.vitals(), app.engine.now());
    let report = |endpoint: &Endpoint| vitals.report(&endpoint.id, now);
    let data = if let Some(name) = query.model {
        let model = find(catalog, &name)?;
        let endpoints = catalog.endpoints(model.id.as_str()).iter();
        endpoints.map(|it| HealthView::of(it, &report(it).unwrap_or_default(), now)).collect()
    } else {
        let called = catalog.all_endpoints().filter_map(|it| Some((it, report(it)?)));
        called.map(|(endpoint, report)| HealthView::of(endpoint, &report, now)).collect()
    };
    Ok(Json(Data { data }))
}

impl HealthView {
    fn of(endpoint: &Endpoint, report: &Report, now: Timestamp) -> Self {
        let standing = &report.standing;
        let left = |until: Timestamp| until.unix_millis().saturating_sub(now.unix_millis()).max(0);
        let (circuit, open_for_ms) = match standing.circuit {
            Circuit::Closed => ("closed", None),
            Circuit::HalfOpen => ("half_open", None),
            Circuit::Open { until } => ("open", Some(left(until))),
        };
        let failures = report.failures.iter();
        Self {
            endpoint_id: endpoint.id.as_str().to_owned(),
            model_id: endpoint.model.id.to_string(),
            provider_name: endpoint.provider.name.clone(),
            status: report.status,
            status_text: standing.words(),
            circuit,
            open_for_ms,
            cooling_for_ms: standing.cooling_until.map(left),
            uptime_last_5m: report.uptime_5m,
            uptime_last_30m: report.uptime_30m,
            uptime_last_1d: report.uptime_1d,
            attempts_last_30m: CountsView {
                succeeded: report.last_30m.successes,
                failed: report.last_30m.failures,
                rate_limited: report.last_30m.rate_limited,
                callers: report.last_30m.callers,
            },
            failures_last_30m: failures.map(|(kind, count)| (kind.as_str(), *count)).collect(),
            latency_last_5m: standing.first_token_ms.map(Into::into),
            throughput_last_5m: standing.tokens_per_second.map(Into::into),
            latency_last_30m: report.latency_30m.map(Into::into),
            throughput_last_30m: report.throughput_30m.map(Into::into),
            tool_calls_last_2h: ToolCallsView {
                succeeded: report.tool_calls_2h.successes,
                failed: report.tool_calls_2h.failures,
                success: standing.quality.tool_success,
            },
            in_flight: standing.in_flight,
            requests_left: standing.requests_left,
        }
    }
}
