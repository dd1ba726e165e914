//! `GET /credits` (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tollgate_ledger::AccountId;
use tollgate_wire::json::UsdNumber;

use crate::auth::ManagementKey;
use crate::error::ApiError;
use crate::query::Params;
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

/// Whose money is asked for; the installation's where nobody is named.
///
/// What else is in the query is refused: a misspelt `account` must not be taken for none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhoseAccount {
    account: Option<String>,
    /// Where the caller's own key may be.
    #[serde(rename = "key")]
    _key: Option<IgnoredAny>,
}

impl WhoseAccount {
    /// The account, whether anybody pays from it or not.
    pub(super) fn named(self) -> Result<AccountId, ApiError> {
        let Some(name) = self.account else { return Ok(AccountId::default()) };
        AccountId::new(&name).map_err(|error| ApiError::bad_request(format!("account: {error}")))
    }

    /// The account, if a workspace pays from it.
    pub(super) async fn find(self, app: &App) -> Result<AccountId, ApiError> {
        let Some(name) = self.account else { return Ok(AccountId::default()) };
        app.engine.refresh_organisation().await?;
        let mut workspaces = app.engine.organisation().workspaces().into_iter();
        let found = workspaces.find(|it| it.account().as_str() == name);
        let found = found.map(|it| it.account().clone());
        let own = AccountId::default();
        found.or_else(|| (own.as_str() == name).then_some(own)).ok_or_else(|| {
            ApiError::not_found(format!("No workspace pays from the account {name}"))
        })
    }
}

/// What was bought and what was spent, in all.
pub(crate) async fn get_credits(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
) -> Result<Json<Data<Credits>>, ApiError> {
    app.engine.recorder().flush().await;
    let account = whose.find(&app).await?;
    let balance = app.engine.stores().ledger.balance(&account).await?;
    // What was only metered took no credit: where calls are paid for, the difference is what is
    // left to spend.
    let usage = if app.engine.is_paid() { balance.charged() } else { balance.spent };
    let (total_credits, total_usage) = (UsdNumber(balance.credited), UsdNumber(usage));
    Ok(Json(Data { data: Credits { total_credits, total_usage } }))
}
