//! `GET /credits` (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tollgate_ledger::AccountId;
use tollgate_wire::json::UsdNumber;

use crate::auth::ManagementKey;
use crate::error::ApiError;
use crate::router::App;

/// `{data: …}`, the management envelope (contract §0).
#[derive(Debug, Serialize)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// What was saved, and what in it names no model here.
#[derive(Debug, Serialize)]
pub(crate) struct Saved<T> {
    pub(crate) data: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Credits {
    total_credits: UsdNumber,
    total_usage: UsdNumber,
}

/// What was bought and what was spent, in all.
pub(crate) async fn get_credits(
    State(app): State<App>,
    _: ManagementKey,
) -> Result<Json<Data<Credits>>, ApiError> {
    app.engine.recorder().flush().await;
    let balance = app.engine.stores().ledger.balance(&AccountId::default()).await?;
    // What was only metered took no credit: where calls are paid for, the difference is what is
    // left to spend.
    let usage = if app.engine.is_paid() { balance.charged() } else { balance.spent };
    let (total_credits, total_usage) = (UsdNumber(balance.credited), UsdNumber(usage));
    Ok(Json(Data { data: Credits { total_credits, total_usage } }))
}
