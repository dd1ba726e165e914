//! `GET /health/live`, `GET /health/ready` and `GET /metrics`.

use axum::Json;
use axum::extract::State;
use http::header::{CONTENT_TYPE, HeaderName};
use serde::Serialize;

use crate::error::ApiError;
use crate::router::App;

#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// The process runs.
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Calls can be served: the store answers, their records can be kept and there is something to route
/// to.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    app.engine.stores().health.ping().await?;
    if !app.engine.recorder().is_well() {
        return Err(ApiError::new(
            tollgate_wire::error::ErrorType::ProviderOverloaded,
            "No calls are admitted: the journal has no room. Make room on the disk of the data directory",
        ));
    }
    if app.engine.installation().routable().models().is_empty() {
        return Err(ApiError::new(
            tollgate_wire::error::ErrorType::ProviderOverloaded,
            "No model can be routed: no provider has a key. Run `tollgate doctor`",
        ));
    }
    Ok(Json(Health { status: "ok" }))
}

/// What operators watch, in the Prometheus (OpenMetrics) text format.
pub(crate) async fn metrics(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], app.engine.metrics().render(&app.engine.vitals(), app.engine.now()))
}
