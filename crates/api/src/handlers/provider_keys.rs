//! The installation's keys at providers: what there is, and those that are given here. Ours: the
//! contract has nothing for it.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tollgate_catalog::Provider;
use tollgate_engine::{
    Access, GIVEN_IN_DASHBOARD, Installation, KeyNotKept, ProbeVerdict, own_secret,
};
use tollgate_organisation::ProviderKey;
use tollgate_store::{Document, StoreError};
use tollgate_types::ProviderSlug;
use tollgate_wire::error::ErrorType;

use super::byok::sealing_is_safe;
use super::credits::Data;
use super::keys::Deleted;
use crate::auth::Manager;
use crate::body::SecretBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::router::App;

/// A provider, and the key that calls reach it with.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderKeyView {
    provider: String,
    name: String,
    /// `dashboard`, `fixed` for what the configuration or the environment says, `none_needed`, or
    /// nothing.
    source: Option<&'static str>,
    /// Where a fixed one is from, such as the variable's name.
    origin: Option<String>,
    /// What people recognise one of the dashboard by.
    label: Option<String>,
    added_by: Option<String>,
    added_at: Option<String>,
    /// Names of variables that are looked for.
    env: Vec<String>,
    /// Whether all of its address is known; else variables are missing that are part of it.
    is_reachable: bool,
    /// How many models can be called there now, and how many are known.
    models: usize,
    known_models: usize,
}

/// A key, to be kept or only tried.
#[derive(Deserialize)]
pub(crate) struct GivenKey {
    key: String,
    /// Keeps the key although the provider was not asked whether it takes it.
    #[serde(default)]
    skip_test: bool,
}

/// What came of keeping a key.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    data: ProviderKeyView,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// What a provider says of a key.
#[derive(Debug, Serialize)]
pub(crate) struct TriedView {
    /// `accepted`, `refused` or `unknown`.
    verdict: &'static str,
    /// Why nobody knows.
    reason: Option<&'static str>,
    /// How long the answer took, in milliseconds.
    latency_ms: u64,
}

/// Every provider that could be called, with or without a key.
pub(crate) async fn list_provider_keys(
    State(app): State<App>,
    manager: Manager,
) -> Result<Json<Data<Vec<ProviderKeyView>>>, ApiError> {
    manager.everywhere(ASK)?;
    let (installation, kept) = (app.engine.installation(), app.engine.provider_keys().all());
    let providers = installation.known().providers().iter().filter(|it| !it.builtin);
    let data = providers.map(|it| ProviderKeyView::of(it, &installation, &kept)).collect();
    Ok(Json(Data { data }))
}

/// Keeps a key in the place of the one before. Calls use it when this is answered.
pub(crate) async fn put_provider_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(name): PathOf<String>,
    SecretBody(given): SecretBody<GivenKey>,
) -> Result<Json<Kept>, ApiError> {
    manager.everywhere(ASK)?;
    let slug = changeable(&app, &name)?;
    let key = own_secret(&given.key);
    let key = key.map_err(|error| ApiError::bad_request(format!("key: {error}")))?;
    let warning = if given.skip_test {
        None
    } else {
        taken(&slug, &app.engine.try_own_key(&slug, key).await)?
    };
    sealing_is_safe(&app).await?;
    let by = manager.access.user_id.clone();
    let kept = app.engine.keep_provider_key((&slug, key), by).await;
    kept.map_err(|error| match error {
        KeyNotKept::Store(StoreError::Conflict) => ApiError::new(
            ErrorType::Conflict,
            "Somebody else has changed this key just now. Look at it, then try again",
        ),
        KeyNotKept::Store(error) => error.into(),
        error => ApiError::internal(&error),
    })?;
    let installation = app.engine.installation();
    let provider = known(&installation, &name)?;
    let data = ProviderKeyView::of(provider, &installation, &app.engine.provider_keys().all());
    Ok(Json(Kept { data, warning }))
}

/// Removes a key. No call uses it when this is answered.
pub(crate) async fn delete_provider_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(name): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    manager.everywhere(ASK)?;
    let slug = known(&app.engine.installation(), &name)?.slug.clone();
    let deleted = app.engine.provider_keys().remove(&slug).await?;
    if deleted {
        return Ok(Json(Deleted { deleted }));
    }
    Err(ApiError::not_found(format!("No key at {name} was given in the dashboard")))
}

/// Asks a provider whether it takes a key, which is not kept.
pub(crate) async fn try_provider_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(name): PathOf<String>,
    SecretBody(given): SecretBody<GivenKey>,
) -> Result<Json<Data<TriedView>>, ApiError> {
    manager.everywhere(ASK)?;
    let slug = reachable(&app, &name)?;
    let key = own_secret(&given.key);
    let key = key.map_err(|error| ApiError::bad_request(format!("key: {error}")))?;
    let asked = Instant::now();
    let (verdict, reason) = match app.engine.try_own_key(&slug, key).await {
        ProbeVerdict::Accepted => ("accepted", None),
        ProbeVerdict::Refused => ("refused", None),
        ProbeVerdict::Unknown(why) => ("unknown", Some(why)),
    };
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(Data { data: TriedView { verdict, reason, latency_ms } }))
}

const ASK: &str = "Ask an owner or admin of this installation";

fn taken(slug: &ProviderSlug, verdict: &ProbeVerdict) -> Result<Option<String>, ApiError> {
    match verdict {
        ProbeVerdict::Accepted => Ok(None),
        ProbeVerdict::Refused => Err(ApiError::bad_request(format!(
            "key: {slug} refuses this key. Check it, or send `skip_test: true` to keep it anyway"
        ))),
        ProbeVerdict::Unknown(why) => {
            Ok(Some(format!("The key is kept, but {slug} could not be asked about it: {why}")))
        }
    }
}

/// A provider that could be called.
fn known<'a>(installation: &'a Installation, name: &str) -> Result<&'a Provider, ApiError> {
    let provider = installation.known().provider(name).filter(|it| !it.builtin);
    provider.map(AsRef::as_ref).ok_or_else(|| {
        ApiError::not_found(format!(
            "There is no provider {name}. GET /api/v1/provider-keys lists them"
        ))
    })
}

/// The same, if all of its address is known.
fn reachable(app: &App, name: &str) -> Result<ProviderSlug, ApiError> {
    let installation = app.engine.installation();
    let provider = known(&installation, name)?;
    if installation.takes_own_keys(&provider.slug) {
        return Ok(provider.slug.clone());
    }
    Err(ApiError::bad_request(format!(
        "The address of {name} is not complete: give the gateway base_url in a [[provider]] row, or the variables that it is made of"
    )))
}

/// The same, if its key is none of the configuration's or the environment's.
fn changeable(app: &App, name: &str) -> Result<ProviderSlug, ApiError> {
    let slug = reachable(app, name)?;
    let installation = app.engine.installation();
    let Some(access) = installation.access(&slug).filter(|it| is_fixed(it)) else {
        return Ok(slug);
    };
    Err(ApiError::new(
        ErrorType::Conflict,
        format!(
            "{name} is reached with the key of {}, which comes first. Remove that to give one here",
            access.origin
        ),
    ))
}

fn is_fixed(access: &Access) -> bool {
    access.credential.is_some() && access.origin != GIVEN_IN_DASHBOARD
}

impl ProviderKeyView {
    fn of(
        provider: &Provider,
        installation: &Installation,
        kept: &[Document<ProviderKey>],
    ) -> Self {
        let access = installation.access(&provider.slug);
        let kept = kept.iter().find(|key| key.id == provider.slug.as_str()).map(|key| &key.body);
        let source = match access {
            Some(access) if is_fixed(access) => Some("fixed"),
            Some(access) if access.credential.is_none() => Some("none_needed"),
            // One that does not open is there all the same, to be given anew or removed.
            _ => kept.map(|_| GIVEN_IN_DASHBOARD),
        };
        let models = |of: &tollgate_catalog::Catalog| {
            let its = of.all_endpoints().filter(|it| it.provider.slug == provider.slug);
            its.map(|it| it.model.id.as_str()).collect::<BTreeSet<_>>().len()
        };
        Self {
            provider: provider.slug.to_string(),
            name: provider.name.clone(),
            source,
            origin: access.filter(|it| is_fixed(it)).map(|it| it.origin.clone()),
            label: kept.map(|it| it.label.clone()),
            added_by: kept.and_then(|it| it.added_by.clone()),
            added_at: kept.map(|it| it.added_at.to_rfc3339()),
            env: provider.env.clone(),
            is_reachable: installation.takes_own_keys(&provider.slug),
            models: models(installation.routable()),
            known_models: models(installation.known()),
        }
    }
}
