//! `GET /key`: the key that asks, and how its holder stands (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tollgate_limits::{KeyLimits, Standing};
use tollgate_store::ResetInterval;
use tollgate_types::Timestamp;
use tollgate_wire::json::UsdNumber;

use super::credits::Data;
use super::keys::{RestrictionsView, SpendView};
use crate::auth::AnyKey;
use crate::router::App;

#[derive(Debug, Serialize)]
pub(crate) struct CurrentKeyView {
    label: String,
    limit: Option<UsdNumber>,
    limit_remaining: Option<UsdNumber>,
    limit_reset: Option<&'static str>,
    #[serde(flatten)]
    spend: SpendView,
    include_byok_in_limit: bool,
    is_free_tier: bool,
    is_management_key: bool,
    is_provisioning_key: bool,
    creator_user_id: Option<String>,
    expires_at: Option<String>,
    rate_limit: RateLimit,
    rate_limits: KeyLimits,
    workspace_id: String,
    free_model_daily_requests: Option<FreeCalls>,
    effective_budget: EffectiveBudget,
    #[serde(flatten)]
    restrictions: RestrictionsView,
}

/// The free calls of a UTC day.
#[derive(Debug, Serialize)]
struct FreeCalls {
    used: u64,
    limit: u64,
    remaining: u64,
}

/// What is left of the narrowest budget that binds the key; null where none does.
#[derive(Debug, Serialize)]
struct EffectiveBudget {
    remaining_usd: Option<UsdNumber>,
}

/// Deprecated in the contract; clients still read it.
#[derive(Debug, Serialize)]
struct RateLimit {
    requests: i64,
    interval: &'static str,
    note: &'static str,
}

impl FreeCalls {
    const fn of(standing: Standing) -> Self {
        let Standing { used, remaining, .. } = standing;
        Self { used, limit: used.saturating_add(remaining), remaining }
    }
}

/// The key the caller uses.
pub(crate) async fn get_current_key(
    State(app): State<App>,
    AnyKey(key): AnyKey,
) -> Json<Data<CurrentKeyView>> {
    let now = app.engine.now();
    let standing = app.engine.standing(&key).await;
    let (record, usage) = (&key.record, key.usage(now));
    Json(Data {
        data: CurrentKeyView {
            label: record.label.clone(),
            limit: record.limit.map(UsdNumber),
            limit_remaining: key.limit_remaining(now).map(UsdNumber),
            limit_reset: record.limit_reset.map(ResetInterval::as_str),
            spend: SpendView::of(&usage),
            include_byok_in_limit: record.include_byok_in_limit,
            is_free_tier: standing.is_free_tier,
            is_management_key: record.management,
            is_provisioning_key: record.management,
            creator_user_id: record.creator_user_id.clone(),
            expires_at: record.expires_at.map(Timestamp::to_rfc3339),
            rate_limit: RateLimit {
                requests: -1,
                interval: "10s",
                note: "This field is deprecated and safe to ignore.",
            },
            rate_limits: record.rate_limits.clone(),
            workspace_id: record.workspace_id.clone(),
            free_model_daily_requests: standing.free_calls.map(FreeCalls::of),
            effective_budget: EffectiveBudget { remaining_usd: standing.remaining.map(UsdNumber) },
            restrictions: RestrictionsView::of(record),
        },
    })
}
