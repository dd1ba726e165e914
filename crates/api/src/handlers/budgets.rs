//! What workspaces may spend (contract §1.6).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_organisation::{Budget, BudgetInterval};
use tollgate_wire::json::UsdNumber;

use super::dollars;
use super::keys::Deleted;
use super::workspaces::{open, ruled, save};
use crate::auth::Manager;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::router::App;

#[derive(Debug, Serialize)]
pub(crate) struct BudgetView {
    id: String,
    workspace_id: String,
    limit_usd: UsdNumber,
    reset_interval: Option<&'static str>,
    created_at: String,
    updated_at: String,
}

/// Budgets, and what counts against them.
#[derive(Debug, Serialize)]
pub(crate) struct BudgetAnswer<T> {
    data: T,
    include_byok_in_budgets: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WantedBudget {
    limit_usd: Value,
    include_byok_in_budgets: Option<bool>,
}

impl BudgetView {
    fn of(workspace_id: &str, interval: BudgetInterval, budget: &Budget) -> Self {
        Self {
            id: budget.id.clone(),
            workspace_id: workspace_id.to_owned(),
            limit_usd: UsdNumber(budget.limit),
            reset_interval: interval.reset_interval(),
            created_at: budget.created_at.to_rfc3339(),
            updated_at: budget.updated_at.to_rfc3339(),
        }
    }
}

/// All budgets of a workspace.
pub(crate) async fn list_budgets(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<BudgetAnswer<Vec<BudgetView>>>, ApiError> {
    let entry = open(&app, &manager, &id).await?;
    let (id, workspace) = (&entry.document.id, &entry.document.body);
    let view = |(interval, budget)| BudgetView::of(id, interval, budget);
    Ok(Json(BudgetAnswer {
        data: workspace.budgets.iter().map(view).collect(),
        include_byok_in_budgets: workspace.include_byok_in_budgets,
    }))
}

/// The budget of an interval.
pub(crate) async fn get_budget(
    State(app): State<App>,
    manager: Manager,
    PathOf((id, interval)): PathOf<(String, String)>,
) -> Result<Json<BudgetAnswer<BudgetView>>, ApiError> {
    let entry = open(&app, &manager, &id).await?;
    let (interval, workspace) = (read(&interval)?, &entry.document.body);
    let budget = workspace.budgets.get(interval);
    let budget = budget.ok_or_else(|| ApiError::not_found("Budget not found"))?;
    Ok(Json(BudgetAnswer {
        data: BudgetView::of(&entry.document.id, interval, budget),
        include_byok_in_budgets: workspace.include_byok_in_budgets,
    }))
}

/// Sets the budget of an interval. It counts what was spent since the interval began.
pub(crate) async fn put_budget(
    State(app): State<App>,
    manager: Manager,
    PathOf((id, interval)): PathOf<(String, String)>,
    JsonBody(wanted): JsonBody<WantedBudget>,
) -> Result<Json<BudgetAnswer<BudgetView>>, ApiError> {
    let mut document = ruled(&app, &manager, &id).await?;
    let (interval, limit) = (read(&interval)?, dollars::number("limit_usd", &wanted.limit_usd)?);
    let new_id = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
    let workspace = &mut document.body;
    workspace.budgets.set(interval, limit, (new_id, app.engine.now()))?;
    if let Some(include) = wanted.include_byok_in_budgets {
        workspace.include_byok_in_budgets = include;
    }
    // What was answered before counts, too.
    app.engine.recorder().flush().await;
    save(&app, &mut document).await?;
    let budget = document.body.budgets.get(interval);
    let budget = budget.ok_or_else(|| ApiError::not_found("Budget not found"))?;
    Ok(Json(BudgetAnswer {
        data: BudgetView::of(&document.id, interval, budget),
        include_byok_in_budgets: document.body.include_byok_in_budgets,
    }))
}

/// Removes the budget of an interval, if there is one.
pub(crate) async fn delete_budget(
    State(app): State<App>,
    manager: Manager,
    PathOf((id, interval)): PathOf<(String, String)>,
) -> Result<Json<Deleted>, ApiError> {
    let mut document = ruled(&app, &manager, &id).await?;
    if document.body.budgets.remove(read(&interval)?) {
        save(&app, &mut document).await?;
    }
    Ok(Json(Deleted { deleted: true }))
}

fn read(interval: &str) -> Result<BudgetInterval, ApiError> {
    BudgetInterval::parse(interval).ok_or_else(|| {
        ApiError::bad_request("interval: Expected one of daily, weekly, monthly, lifetime")
    })
}
