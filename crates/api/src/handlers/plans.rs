//! Plans, and which of them an account has agreed to: `/credits/plans` and `/credits/plan`. Beyond
//! the contract.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_engine::{PlanRow, agree};
use tollgate_ledger::AccountId;
use tollgate_organisation::Agreement;
use tollgate_types::{Timestamp, Usd};
use tollgate_wire::json::UsdNumber;

use super::credits::{Data, WhoseAccount};
use crate::auth::ManagementKey;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

#[derive(Debug, Serialize)]
pub(crate) struct PlanView {
    slug: String,
    name: String,
    is_default: bool,
    monthly_commitment: UsdNumber,
    tiers: Vec<TierView>,
    rates: Vec<RateView>,
}

#[derive(Debug, Serialize)]
struct TierView {
    from: UsdNumber,
    percent: f64,
}

#[derive(Debug, Serialize)]
struct RateView {
    model: String,
    percent: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct AgreementView {
    account: String,
    /// What was agreed to; none for the plan of everybody.
    plan: Option<String>,
    since: Option<String>,
    /// What a month costs at least.
    monthly_commitment: UsdNumber,
    /// The plan that calls are charged by; none for the price list.
    in_force: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPlan {
    /// Its slug; null to leave the plan.
    #[serde(deserialize_with = "Option::deserialize")]
    plan: Option<String>,
}

/// Every plan that accounts can agree to.
pub(crate) async fn list_plans(
    State(app): State<App>,
    _: ManagementKey,
) -> Json<Data<Vec<PlanView>>> {
    let data = app.engine.plans().rows().iter().map(|row| PlanView::of(row)).collect();
    Json(Data { data })
}

/// The plan of an account.
pub(crate) async fn get_plan(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
) -> Result<Json<Data<AgreementView>>, ApiError> {
    let account = whose.find(&app).await?;
    let agreement = app.engine.organisation().agreement(&account);
    Ok(Json(Data { data: view(&app, &account, agreement.as_deref()) }))
}

/// Has an account agree to a plan, from now on.
pub(crate) async fn put_plan(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
    JsonBody(wanted): JsonBody<WantedPlan>,
) -> Result<Json<Data<AgreementView>>, ApiError> {
    let account = whose.find(&app).await?;
    let row = wanted.plan.map(|slug| {
        let row = app.engine.plans().row(&slug);
        row.ok_or_else(|| ApiError::bad_request(format!("plan: There is no plan {slug}")))
    });
    let row = row.transpose()?;
    // Discounts begin with what the month has come to.
    app.engine.recorder().flush().await;
    agree(app.engine.stores(), &account, row.as_deref(), app.engine.now()).await?;
    app.engine.refresh_organisation().await?;
    let agreement = app.engine.organisation().agreement(&account);
    Ok(Json(Data { data: view(&app, &account, agreement.as_deref()) }))
}

fn view(app: &App, account: &AccountId, agreement: Option<&Agreement>) -> AgreementView {
    let now = app.engine.now();
    let agreed = agreement.and_then(|it| it.agreed_at(now));
    AgreementView {
        account: account.to_string(),
        plan: agreed.and_then(|it| it.plan.clone()),
        since: agreed.map(|it| it.since.to_rfc3339()),
        monthly_commitment: UsdNumber(agreed.map_or(Usd::ZERO, |it| it.monthly_commitment)),
        in_force: in_force(app, account, now),
    }
}

fn in_force(app: &App, account: &AccountId, now: Timestamp) -> Option<String> {
    app.engine.agreed(account, now).map(|row| row.slug.clone())
}

impl PlanView {
    fn of(row: &PlanRow) -> Self {
        let terms = row.plan.terms();
        let tier = |it: &tollgate_ledger::DiscountTier| TierView {
            from: UsdNumber(it.from),
            percent: percent(it.millionths),
        };
        let rate = |it: &tollgate_ledger::NegotiatedRate| RateView {
            model: it.model.clone(),
            percent: percent(it.millionths),
        };
        Self {
            slug: row.slug.clone(),
            name: row.name.clone(),
            is_default: row.is_default,
            monthly_commitment: UsdNumber(terms.monthly_commitment),
            tiers: terms.tiers.iter().map(tier).collect(),
            rates: terms.rates.iter().map(rate).collect(),
        }
    }
}

fn percent(millionths: u32) -> f64 {
    f64::from(millionths) / 10_000.0
}
