//! `GET /settings`: what the gateway is set to, and where each value comes from. Beyond the contract.

use axum::Json;
use axum::extract::State;

use super::credits::Data;
use crate::auth::Manager;
use crate::error::ApiError;
use crate::router::App;
use crate::settings::SettingInForce;

/// Every setting, by name. Whoever sees single workspaces has nothing to do with the machine.
pub(crate) async fn list_settings(
    State(app): State<App>,
    manager: Manager,
) -> Result<Json<Data<Vec<SettingInForce>>>, ApiError> {
    manager.everywhere("Ask whoever runs the gateway")?;
    Ok(Json(Data { data: app.config.settings.rows().to_vec() }))
}
