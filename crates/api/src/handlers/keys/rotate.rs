//! `POST /keys/{hash}/rotate`: another secret for a key. Ours: the contract has no rotation.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tollgate_store::KeySuccessor;

use super::{CreatedKey, changeable, no_such_key, parse, still_limited, view};
use crate::auth::Manager;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::router::App;

/// The longest that two secrets of a key may work beside each other: 30 days, in seconds.
const OVERLAP_MAX: u32 = 2_592_000;

#[derive(Debug, Deserialize)]
pub(crate) struct Rotation {
    /// How long the present secret goes on working.
    #[serde(default)]
    overlap_seconds: u32,
}

/// Gives a key another secret; the answer is the only one that shows it.
pub(crate) async fn rotate_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(hash): PathOf<String>,
    JsonBody(wanted): JsonBody<Rotation>,
) -> Result<Json<CreatedKey>, ApiError> {
    let overlap = wanted.overlap_seconds;
    if overlap > OVERLAP_MAX {
        let message = format!("overlap_seconds: Expected at most {OVERLAP_MAX}, which is 30 days");
        return Err(ApiError::bad_request(message));
    }
    let hash = changeable(&app, &manager, parse(&hash)?).await?.hash;
    still_limited(&manager, true, || app.engine.limiting().names_hash(hash))?;
    let now = app.engine.now();
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let end = now.plus_millis(i64::from(overlap).saturating_mul(1_000));
    let successor = KeySuccessor {
        hash: app.engine.keys().hash(&key),
        label: key.label(),
        overlap_until: (overlap > 0).then_some(end),
    };
    let replaced = app.engine.stores().keys.replace(hash, successor, now).await?;
    let record = replaced.ok_or_else(no_such_key)?;
    // Keys at providers that are for this one know both hashes before anybody calls with the new.
    app.engine.refresh_own_keys().await?;
    app.engine.keys().refresh(now).await?;
    let data = view(&app, record).await?;
    Ok(Json(CreatedKey { data, key: key.expose().to_owned() }))
}
