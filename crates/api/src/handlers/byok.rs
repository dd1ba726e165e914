//! Callers' own keys at providers (contract §1.4). No answer repeats a secret.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use tollgate_engine::{OWN_KEYS_MAX, ProbeVerdict, masked, own_secret};
use tollgate_store::{Change, CredentialPatch, CredentialRecord, NewSecret};
use tollgate_types::{KeyHash, ProviderSlug};
use tollgate_wire::error::ErrorType;

use super::credits::Data;
use crate::auth::Manager;
use crate::body::SecretBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// How many a page has at most, and unless the caller says (contract §1.4).
const PAGE_MAX: u32 = 100;
const PAGE: u32 = 50;
const NAME_MAX: usize = 255;
const LIST_MAX: usize = 100;
const ITEM_BYTES_MAX: usize = 256;

#[derive(Debug, Serialize)]
pub(crate) struct ByokView {
    id: String,
    provider: String,
    name: Option<String>,
    label: String,
    workspace_id: Option<String>,
    disabled: bool,
    is_fallback: bool,
    always_use: bool,
    sort_order: u32,
    allowed_models: Option<Vec<String>>,
    allowed_user_ids: Option<Vec<String>>,
    allowed_api_key_hashes: Option<Vec<String>>,
    created_at: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    data: Vec<ByokView>,
    total_count: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Saved {
    data: ByokView,
    /// Why nobody knows whether the provider takes the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    deleted: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    offset: Option<usize>,
    limit: Option<u32>,
    workspace_id: Option<String>,
    provider: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct NewByok {
    provider: String,
    key: String,
    name: Option<String>,
    workspace_id: Option<String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    is_fallback: bool,
    #[serde(default)]
    always_use: bool,
    allowed_models: Option<Vec<String>>,
    allowed_user_ids: Option<Vec<String>>,
    allowed_api_key_hashes: Option<Vec<String>>,
    /// Saves the key although the provider was not asked whether it takes it.
    #[serde(default)]
    skip_test: bool,
}

#[derive(Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct ByokChange {
    key: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<Option<String>>,
    disabled: Option<bool>,
    is_fallback: Option<bool>,
    always_use: Option<bool>,
    sort_order: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    allowed_models: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    allowed_user_ids: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    allowed_api_key_hashes: Option<Option<Vec<String>>>,
    #[serde(default)]
    skip_test: bool,
}

/// Callers' own keys, by provider, each provider's in the order they are tried in.
pub(crate) async fn list_byok(
    State(app): State<App>,
    manager: Manager,
    Params(query): Params<ListQuery>,
) -> Result<Json<Listed>, ApiError> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit: Expected 1 to {PAGE_MAX}")));
    }
    let mut all = app.engine.stores().credentials.all().await?;
    all.retain(|it| {
        query.provider.as_deref().is_none_or(|wanted| wanted == it.provider.as_str())
            && query
                .workspace_id
                .as_ref()
                .is_none_or(|it_is| it.workspace_id.as_ref() == Some(it_is))
            && is_open(&manager, it)
    });
    let total_count = all.len();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = all.into_iter().skip(query.offset.unwrap_or(0)).take(limit);
    Ok(Json(Listed { data: page.map(ByokView::of).collect(), total_count }))
}

/// Adds a key, once its provider was asked whether it takes it.
pub(crate) async fn create_byok(
    State(app): State<App>,
    manager: Manager,
    SecretBody(wanted): SecretBody<NewByok>,
) -> Result<(StatusCode, Json<Saved>), ApiError> {
    let provider = provider(&app, &wanted.provider)?;
    let key = secret(&wanted.key)?;
    if let Some(workspace) = &wanted.workspace_id {
        uuid(workspace)?;
    }
    rule(&manager, wanted.workspace_id.as_deref())?;
    let workspace = wanted.workspace_id.as_deref();
    let mut record = CredentialRecord {
        id: app.engine.new_id().map_err(|error| ApiError::internal(&error))?,
        provider,
        name: name(wanted.name)?,
        label: masked(key),
        sealed: Vec::new(),
        disabled: wanted.disabled,
        is_fallback: wanted.is_fallback,
        always_use: wanted.always_use,
        sort_order: 0,
        allowed_models: wanted.allowed_models.map(|it| models(&app, it)).transpose()?,
        allowed_user_ids: wanted.allowed_user_ids.map(users).transpose()?,
        allowed_api_key_hashes: match wanted.allowed_api_key_hashes {
            Some(hashes) => Some(known_hashes(&app, hashes, workspace).await?),
            None => None,
        },
        workspace_id: wanted.workspace_id,
        created_at: app.engine.now(),
    };
    if app.engine.stores().credentials.all().await?.len() >= OWN_KEYS_MAX {
        return Err(ApiError::bad_request(format!(
            "There are {OWN_KEYS_MAX} keys, which is the most"
        )));
    }
    let warning = tested(&app, &record.provider, key, wanted.skip_test).await?;
    record.sealed = sealed(&app, &record, key).await?;
    let saved = app.engine.stores().credentials.insert(record).await?;
    app.engine.refresh_own_keys().await?;
    Ok((StatusCode::CREATED, Json(Saved { data: ByokView::of(saved), warning })))
}

/// One key.
pub(crate) async fn get_byok(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Data<ByokView>>, ApiError> {
    let record = find(&app, &id).await?;
    if is_open(&manager, &record) {
        Ok(Json(Data { data: ByokView::of(record) }))
    } else {
        Err(no_such_key())
    }
}

/// Changes what is given. A new `key` takes the old one's place; `null` lifts a restriction.
pub(crate) async fn update_byok(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    SecretBody(change): SecretBody<ByokChange>,
) -> Result<Json<Saved>, ApiError> {
    let record = find(&app, &id).await?;
    rule(&manager, record.workspace_id.as_deref())?;
    let workspace = record.workspace_id.as_deref();
    let hashes = match change.allowed_api_key_hashes {
        Some(Some(hashes)) => Change::Set(Some(known_hashes(&app, hashes, workspace).await?)),
        Some(None) => Change::Set(None),
        None => Change::Keep,
    };
    let allowed = change.allowed_models.map(|it| it.map(|it| models(&app, it)).transpose());
    let mut patch = CredentialPatch {
        secret: Change::Keep,
        name: change.name.map(name).transpose()?.into(),
        disabled: change.disabled.into(),
        is_fallback: change.is_fallback.into(),
        always_use: change.always_use.into(),
        sort_order: change.sort_order.into(),
        allowed_models: allowed.transpose()?.into(),
        allowed_user_ids: change
            .allowed_user_ids
            .map(|it| it.map(users).transpose())
            .transpose()?
            .into(),
        allowed_api_key_hashes: hashes,
    };
    let mut warning = None;
    if let Some(key) = change.key.as_deref().map(secret).transpose()? {
        warning = tested(&app, &record.provider, key, change.skip_test).await?;
        let sealed = sealed(&app, &record, key).await?;
        patch.secret = Change::Set(NewSecret { label: masked(key), sealed });
    }
    let changed = app.engine.stores().credentials.update(&record.id, patch).await?;
    app.engine.refresh_own_keys().await?;
    let data = ByokView::of(changed.ok_or_else(no_such_key)?);
    Ok(Json(Saved { data, warning }))
}

/// Deletes a key and wipes its secret.
pub(crate) async fn delete_byok(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    rule(&manager, find(&app, &id).await?.workspace_id.as_deref())?;
    let deleted = app.engine.stores().credentials.delete(&id, app.engine.now()).await?;
    app.engine.refresh_own_keys().await?;
    if deleted { Ok(Json(Deleted { deleted })) } else { Err(no_such_key()) }
}

/// Whether the caller may see a key: one that is for every workspace everybody may.
fn is_open(manager: &Manager, record: &CredentialRecord) -> bool {
    record.workspace_id.as_ref().is_none_or(|it| manager.access.reaches(it))
}

/// Refuses who may not change the keys of this workspace, or of all.
fn rule(manager: &Manager, workspace: Option<&str>) -> Result<(), ApiError> {
    let may = match workspace {
        Some(workspace) => manager.access.rules(workspace),
        None => manager.access.is_everywhere(),
    };
    if may { Ok(()) } else { Err(ApiError::forbidden("Only admins of this workspace may do this")) }
}

impl ByokView {
    fn of(record: CredentialRecord) -> Self {
        Self {
            id: record.id,
            provider: record.provider.to_string(),
            name: record.name,
            label: record.label,
            workspace_id: record.workspace_id,
            disabled: record.disabled,
            is_fallback: record.is_fallback,
            always_use: record.always_use,
            sort_order: record.sort_order,
            allowed_models: record.allowed_models,
            allowed_user_ids: record.allowed_user_ids,
            allowed_api_key_hashes: record.allowed_api_key_hashes,
            created_at: record.created_at.to_rfc3339(),
        }
    }
}

async fn find(app: &App, id: &str) -> Result<CredentialRecord, ApiError> {
    app.engine.stores().credentials.get(id).await?.ok_or_else(no_such_key)
}

fn no_such_key() -> ApiError {
    ApiError::not_found("Provider key not found")
}

/// Asks the provider. One that refuses the key is believed; one that can't be asked is told of.
async fn tested(
    app: &App,
    provider: &ProviderSlug,
    key: &str,
    is_skipped: bool,
) -> Result<Option<String>, ApiError> {
    if is_skipped {
        return Ok(None);
    }
    match app.engine.try_own_key(provider, key).await {
        ProbeVerdict::Accepted => Ok(None),
        ProbeVerdict::Refused => Err(ApiError::bad_request(format!(
            "key: {provider} refuses this key. Check it, or send `skip_test: true` to save it anyway"
        ))),
        ProbeVerdict::Unknown(why) => Ok(Some(format!(
            "The key was saved, but {provider} could not be asked about it: {why}"
        ))),
    }
}

/// Refuses to seal what others could not open: the master key was replaced while this gateway ran.
pub(super) async fn sealing_is_safe(app: &App) -> Result<(), ApiError> {
    if app.engine.keychain().is_current().await? {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorType::ProviderOverloaded,
        "Nothing can be kept here: the secret key of this database was replaced. Please restart this gateway with the new TOLLGATE_SECRET_KEY",
    ))
}

async fn sealed(app: &App, record: &CredentialRecord, key: &str) -> Result<Vec<u8>, ApiError> {
    sealing_is_safe(app).await?;
    let nonce = app.engine.new_nonce().map_err(|error| ApiError::internal(&error))?;
    app.engine.keychain().seal(record, key, nonce).map_err(|error| ApiError::internal(&error))
}

fn provider(app: &App, name: &str) -> Result<ProviderSlug, ApiError> {
    let installation = app.engine.installation();
    let known = installation.known().provider(name).filter(|it| !it.builtin);
    let known = known.ok_or_else(|| {
        ApiError::bad_request(
            "provider: There is no such provider. GET /api/v1/providers lists some",
        )
    })?;
    if !installation.takes_own_keys(&known.slug) {
        let missing = known.address_variables().join(", ");
        return Err(ApiError::bad_request(format!(
            "provider: this installation has no address of {}. Its operator can set {missing}",
            known.slug
        )));
    }
    Ok(known.slug.clone())
}

fn secret(key: &str) -> Result<&str, ApiError> {
    own_secret(key).map_err(|error| ApiError::bad_request(format!("key: {error}")))
}

fn name(text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > NAME_MAX => Err(ApiError::bad_request(format!(
            "name: String must contain at most {NAME_MAX} characters"
        ))),
        text => Ok(text),
    }
}

/// A list of names within its bounds.
fn bounded(what: &str, names: Vec<String>) -> Result<Vec<String>, ApiError> {
    let is_too_long = |name: &String| name.is_empty() || name.len() > ITEM_BYTES_MAX;
    if names.len() > LIST_MAX || names.iter().any(is_too_long) {
        let message = format!("{what}: Expected at most {LIST_MAX} names");
        return Err(ApiError::bad_request(message));
    }
    Ok(names)
}

/// Models under their ids. One that nobody knows would let a key rest unseen.
fn models(app: &App, names: Vec<String>) -> Result<Vec<String>, ApiError> {
    let installation = app.engine.installation();
    let id = |name: String| {
        let unknown =
            |_| ApiError::bad_request(format!("allowed_models: There is no model `{name}`"));
        Ok(installation.known().resolve(&name).map_err(unknown)?.id.to_string())
    };
    bounded("allowed_models", names)?.into_iter().map(id).collect()
}

fn users(ids: Vec<String>) -> Result<Vec<String>, ApiError> {
    bounded("allowed_user_ids", ids)
}

/// Hashes of keys that there are, in the workspace if one is named.
async fn known_hashes(
    app: &App,
    hashes: Vec<String>,
    workspace: Option<&str>,
) -> Result<Vec<String>, ApiError> {
    let wrong = || {
        ApiError::bad_request(
            "allowed_api_key_hashes: Expected 1 to 100 hashes of keys, each of 64 characters",
        )
    };
    if hashes.is_empty() || hashes.len() > LIST_MAX {
        return Err(wrong());
    }
    for text in &hashes {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let hash = KeyHash::from_hex(text).filter(|_| is_lower).ok_or_else(wrong)?;
        let key = app.engine.stores().keys.get(hash).await?;
        if key.is_none_or(|key| workspace.is_some_and(|it| it != key.workspace_id)) {
            return Err(ApiError::bad_request(format!(
                "allowed_api_key_hashes: There is no key with the hash {text} here"
            )));
        }
    }
    Ok(hashes)
}

fn uuid(text: &str) -> Result<(), ApiError> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hexadecimal = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if groups == [8, 4, 4, 4, 12] && is_hexadecimal {
        return Ok(());
    }
    Err(ApiError::bad_request("workspace_id: Expected a UUID"))
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uuids_name_workspaces() {
        uuid("00000000-0000-0000-0000-000000000000").unwrap();
        for text in ["", "default", "00000000-0000-0000-0000-00000000000g", "0-0-0-0-0"] {
            uuid(text).unwrap_err();
        }
    }
}
