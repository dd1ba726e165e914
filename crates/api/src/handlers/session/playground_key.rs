//! `POST /session/playground-key`: what somebody's playground calls models with.
//!
//! Being signed in calls none, so that what manages is never what spends. The key is an ordinary one
//! of theirs, with a limit of its own, and there is one of each person. The page keeps its secret in
//! memory only: the next page is given another, and the one before works on for a while.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use std::time::Duration;
use tollgate_organisation::{Access, Area, PlaygroundKey, User};
use tollgate_store::{
    DEFAULT_WORKSPACE_ID, Document, KeyRecord, KeySuccessor, ResetInterval, StoreError,
};
use tollgate_types::{KeyHash, Timestamp, Usd};

use super::untold;
use crate::auth::{Oneself, not_permitted};
use crate::error::ApiError;
use crate::handlers::keys::{KeyView, view};
use crate::router::App;

/// What it may spend a day unless somebody says otherwise: five dollars.
const LIMIT: Usd = Usd::from_nanos(5_000_000_000);
/// How long a secret works on behind the one that took its place, in milliseconds.
const OVERLAP: i64 = 60 * 60 * 1_000;
/// The most that do so at once: whoever asks more often waits.
const SECRETS_MAX: usize = 30;

#[derive(Debug, Serialize)]
pub(crate) struct PlaygroundSecret {
    /// The secret, shown now only.
    key: String,
    data: KeyView,
}

/// Gives somebody the key of their playground, with a new secret.
pub(crate) async fn create_playground_key(
    State(app): State<App>,
    oneself: Oneself,
) -> Result<Response, ApiError> {
    let Oneself { access, person, .. } = oneself;
    // Who may make no key for themselves gets none here.
    if !access.may(Area::Keys, true) {
        return Err(not_permitted(&access));
    }
    let documents = &app.engine.stores().documents;
    let known = documents.load::<PlaygroundKey>(&person.id).await?;
    let present = match &known {
        Some(known) => present(&app, known).await?,
        None => None,
    };
    let (key, record, status) = if let Some(record) = present {
        let (key, record) = another_secret(&app, record).await?;
        (key, record, StatusCode::OK)
    } else {
        let (key, record) = first(&app, (&person, &access), known).await?;
        (key, record, StatusCode::CREATED)
    };
    let data = view(&app, record).await?;
    Ok(untold(status, Json(PlaygroundSecret { key, data })))
}

/// The key as it is, wherever rotations have led.
async fn present(
    app: &App,
    known: &Document<PlaygroundKey>,
) -> Result<Option<KeyRecord>, ApiError> {
    let Some(hash) = KeyHash::from_hex(&known.body.hash) else { return Ok(None) };
    let keys = &app.engine.stores().keys;
    if let Some(record) = keys.get(hash).await? {
        return Ok(Some(record));
    }
    match keys.successors(&[hash]).await?.first() {
        Some((_, now)) => Ok(keys.get(*now).await?),
        None => Ok(None),
    }
}

async fn first(
    app: &App,
    (person, access): (&Document<User>, &Access),
    gone: Option<Document<PlaygroundKey>>,
) -> Result<(String, KeyRecord), ApiError> {
    let now = app.engine.now();
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let name = person.body.first_name.as_deref().unwrap_or(&person.body.email);
    let name = format!("Playground of {name}");
    let record = KeyRecord {
        limit: Some(LIMIT),
        limit_reset: Some(ResetInterval::Daily),
        creator_user_id: Some(person.id.clone()),
        workspace_id: home(access)?,
        ..KeyRecord::new(app.engine.keys().hash(&key), &name, &key.label(), now)
    };
    let body = PlaygroundKey { hash: record.hash.to_hex() };
    let change = match gone {
        Some(gone) => Document { body, ..gone }.replacement(now)?,
        None => Document::new(person.id.clone(), body, now).insertion()?,
    };
    let stores = app.engine.stores();
    stores.keys.insert(record.clone()).await?;
    // Of two pages that ask at once, one is given the key; there is one.
    if let Err(error) = stores.documents.write(vec![change]).await {
        stores.keys.delete(record.hash).await?;
        return Err(match error {
            StoreError::Conflict => asked_at_once(),
            error => error.into(),
        });
    }
    app.engine.keys().refresh(now).await?;
    Ok((key.expose().to_owned(), record))
}

/// The workspace that pays: the default one, or their first.
fn home(access: &Access) -> Result<String, ApiError> {
    if access.reaches(DEFAULT_WORKSPACE_ID) {
        return Ok(DEFAULT_WORKSPACE_ID.to_owned());
    }
    access.workspaces.keys().next().cloned().ok_or_else(|| {
        ApiError::forbidden("You belong to no workspace yet. Ask an owner or admin for a place")
    })
}

async fn another_secret(app: &App, record: KeyRecord) -> Result<(String, KeyRecord), ApiError> {
    if record.disabled {
        return Err(ApiError::forbidden(format!(
            "The key `{}` is disabled. Enable it to use the playground",
            record.name
        )));
    }
    let now = app.engine.now();
    check_how_often(&record, now)?;
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let successor = KeySuccessor {
        hash: app.engine.keys().hash(&key),
        label: key.label(),
        overlap_until: Some(now.plus_millis(OVERLAP)),
    };
    let replaced = app.engine.stores().keys.replace(record.hash, successor, now).await?;
    let record = replaced.ok_or_else(asked_at_once)?;
    app.engine.keys().refresh(now).await?;
    Ok((key.expose().to_owned(), record))
}

/// Every secret that still works is kept in memory by each node.
fn check_how_often(record: &KeyRecord, now: Timestamp) -> Result<(), ApiError> {
    let mut working = record.former.iter().map(|it| it.until).filter(|until| *until > now);
    let Some(first) = working.next() else { return Ok(()) };
    if working.count() + 1 < SECRETS_MAX {
        return Ok(());
    }
    let millis = u64::try_from(first.millis_since(now)).unwrap_or_default();
    let wait = Duration::from_millis(millis);
    Err(ApiError::too_many("The playground's key was asked for too often", wait))
}

fn asked_at_once() -> ApiError {
    let wait = Duration::from_secs(1);
    ApiError::too_many("Another page has just asked for the playground's key. Ask again", wait)
}
