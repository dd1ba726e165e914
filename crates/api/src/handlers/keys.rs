//! Keys: `GET /key`, and `/keys` for those who manage (contract §1.3).

mod limits;
mod loosen;
mod misspelt;
mod restrict;
mod rotate;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use tollgate_engine::KeyEntry;
use tollgate_limits::KeyLimits;
use tollgate_organisation::Role;
use tollgate_store::{KeyPatch, KeyQuery, KeyRecord, KeyUsage, ResetInterval, StoreError};
use tollgate_types::{KeyHash, Timestamp};
use tollgate_wire::error::ErrorType;
use tollgate_wire::json::UsdNumber;

use super::credits::Data;
use super::dollars;
use super::workspaces::open;
use crate::auth::Manager;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;
use limits::WantedLimits;
use loosen::loosened;
pub(super) use restrict::RestrictionsView;
use restrict::{FormerSecretView, WantedRestrictions};

pub(crate) use rotate::rotate_key;

/// How many keys a page has (contract §1.3).
const PAGE: u32 = 100;

#[derive(Debug, Serialize)]
pub(crate) struct KeyView {
    hash: String,
    name: String,
    label: String,
    disabled: bool,
    limit: Option<UsdNumber>,
    limit_remaining: Option<UsdNumber>,
    limit_reset: Option<&'static str>,
    include_byok_in_limit: bool,
    #[serde(flatten)]
    spend: SpendView,
    created_at: String,
    updated_at: Option<String>,
    expires_at: Option<String>,
    rate_limits: KeyLimits,
    #[serde(flatten)]
    restrictions: RestrictionsView,
    former_secrets: Vec<FormerSecretView>,
    creator_user_id: Option<String>,
    workspace_id: String,
}

/// What a key has spent, under the names both views give it.
#[derive(Debug, Serialize)]
pub(super) struct SpendView {
    usage: UsdNumber,
    usage_daily: UsdNumber,
    usage_weekly: UsdNumber,
    usage_monthly: UsdNumber,
    byok_usage: UsdNumber,
    byok_usage_daily: UsdNumber,
    byok_usage_weekly: UsdNumber,
    byok_usage_monthly: UsdNumber,
}

#[derive(Debug, Serialize)]
pub(crate) struct CreatedKey {
    data: KeyView,
    key: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    pub(super) deleted: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    include_disabled: bool,
    #[serde(default)]
    offset: u32,
    workspace_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewKey {
    name: String,
    limit: Option<f64>,
    limit_reset: Option<String>,
    #[serde(default)]
    include_byok_in_limit: bool,
    expires_at: Option<String>,
    creator_user_id: Option<String>,
    workspace_id: Option<String>,
    #[serde(flatten)]
    restrictions: WantedRestrictions,
    #[serde(flatten)]
    limits: WantedLimits,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct KeyChange {
    name: Option<String>,
    workspace_id: Option<String>,
    disabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    limit: Option<Option<f64>>,
    #[serde(default, deserialize_with = "present")]
    limit_reset: Option<Option<String>>,
    include_byok_in_limit: Option<bool>,
    #[serde(flatten)]
    restrictions: WantedRestrictions,
    #[serde(flatten)]
    limits: WantedLimits,
}

/// Every key, newest first.
pub(crate) async fn list_keys(
    State(app): State<App>,
    manager: Manager,
    Params(query): Params<ListQuery>,
) -> Result<Json<Data<Vec<KeyView>>>, ApiError> {
    let workspace_id = if let Some(named) = query.workspace_id {
        Some(open(&app, &manager, &named).await?.document.id.clone())
    } else {
        manager.everywhere("Name one of them with workspace_id")?;
        None
    };
    let query = KeyQuery {
        offset: query.offset,
        limit: PAGE,
        include_disabled: query.include_disabled,
        workspace_id,
    };
    let records = app.engine.stores().keys.list(&query).await?;
    let mut data = Vec::with_capacity(records.len());
    for record in records {
        if visible(&manager, &record).is_ok() {
            data.push(view(&app, record).await?);
        }
    }
    Ok(Json(Data { data }))
}

/// Makes a key; the only answer that shows its secret.
pub(crate) async fn create_key(
    State(app): State<App>,
    manager: Manager,
    JsonBody(wanted): JsonBody<NewKey>,
) -> Result<(StatusCode, Json<CreatedKey>), ApiError> {
    let now = app.engine.now();
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let hash = app.engine.keys().hash(&key);
    let mut record = KeyRecord::new(hash, name(&wanted.name)?, &key.label(), now);
    record.limit = wanted.limit.map(|it| dollars::rounded("limit", it)).transpose()?;
    record.limit_reset =
        wanted.limit_reset.as_deref().map(|it| interval("limit_reset", it)).transpose()?;
    record.include_byok_in_limit = wanted.include_byok_in_limit;
    record.expires_at = wanted.expires_at.as_deref().map(|text| expiry(text, now)).transpose()?;
    record.creator_user_id = creator(&manager, wanted.creator_user_id)?;
    misspelt::refuse_in_new(&wanted.limits.unknown())?;
    wanted.limits.apply_to(&mut record.rate_limits)?;
    wanted.restrictions.set(&mut record, &app.engine.installation())?;
    if let Some(workspace) = wanted.workspace_id {
        app.engine.refresh_organisation().await?;
        let known = app.engine.organisation().workspace(&workspace).ok_or_else(|| {
            ApiError::bad_request(
                "workspace_id: There is no such workspace. See GET /api/v1/workspaces",
            )
        })?;
        record.workspace_id.clone_from(&known.document.id);
    }
    manager.reach(&record.workspace_id)?;
    app.engine.stores().keys.insert(record.clone()).await?;
    app.engine.keys().refresh(now).await?;
    let data = view(&app, record).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { data, key: key.expose().to_owned() })))
}

/// One key.
pub(crate) async fn get_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(hash): PathOf<String>,
) -> Result<Json<Data<KeyView>>, ApiError> {
    let record = app.engine.stores().keys.get(parse(&hash)?).await?.ok_or_else(no_such_key)?;
    visible(&manager, &record)?;
    Ok(Json(Data { data: view(&app, record).await? }))
}

/// How often a change is decided on anew because somebody else has changed the key meanwhile.
const TRIES: u32 = 50;

/// Changes what is given; `null` takes a limit away.
pub(crate) async fn update_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(hash): PathOf<String>,
    JsonBody(change): JsonBody<KeyChange>,
) -> Result<Json<Data<KeyView>>, ApiError> {
    let (hash, now) = (parse(&hash)?, app.engine.now());
    for _ in 0..TRIES {
        // What stays of the limits, and whether it is stricter, goes by the key as it is when the
        // change is made.
        let known = changeable(&app, &manager, hash).await?;
        let patch = change.patch(&app, &manager, known)?;
        match app.engine.stores().keys.update(hash, patch, now).await {
            Err(StoreError::Conflict) => {}
            updated => {
                app.engine.keys().refresh(now).await?;
                let record = updated?.ok_or_else(no_such_key)?;
                return Ok(Json(Data { data: view(&app, record).await? }));
            }
        }
    }
    Err(ApiError::new(
        ErrorType::Conflict,
        "This key is being changed by others all the time. Try again",
    ))
}

impl KeyChange {
    /// What it changes of a key as it is known, by somebody who may.
    fn patch(&self, app: &App, manager: &Manager, known: KeyRecord) -> Result<KeyPatch, ApiError> {
        let limit = self.limit.map(|it| it.map(|it| dollars::rounded("limit", it)).transpose());
        let reset = self.limit_reset.as_ref();
        let reset = reset.map(|it| it.as_deref().map(|it| interval("limit_reset", it)).transpose());
        if self.workspace_id.as_ref().is_some_and(|wanted| *wanted != known.workspace_id) {
            return Err(ApiError::bad_request(
                "workspace_id: A key stays in its workspace. Make another key in the other one",
            ));
        }
        misspelt::refuse_in_change(&self.limits.unknown(), &known)?;
        let mut rate_limits = known.rate_limits.clone();
        self.limits.apply_to(&mut rate_limits)?;
        let mut patch = KeyPatch {
            rate_limits: (rate_limits != known.rate_limits).then_some(rate_limits).into(),
            name: self.name.as_deref().map(name).transpose()?.map(str::to_owned).into(),
            disabled: self.disabled.into(),
            limit: limit.transpose()?.into(),
            limit_reset: reset.transpose()?.into(),
            include_byok_in_limit: self.include_byok_in_limit.into(),
            ..KeyPatch::default()
        };
        self.restrictions.apply_to(&mut patch, &app.engine.installation())?;
        if !manager.access.rules(&known.workspace_id)
            && let Some(member) = loosened(&mut patch, &known)
        {
            return Err(ApiError::forbidden(format!(
                "{member}: You can make your key stricter, not looser. Ask an admin of its workspace"
            )));
        }
        still_limited(manager, patch.name.value().is_some_and(|it| *it != known.name), || {
            app.engine.limiting().names_key(&known.name)
        })?;
        patch.seen = Some(Box::new(known));
        Ok(patch)
    }
}

/// Deletes a key; what it spent stays on record.
pub(crate) async fn delete_key(
    State(app): State<App>,
    manager: Manager,
    PathOf(hash): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    let hash = changeable(&app, &manager, parse(&hash)?).await?.hash;
    let deleted = app.engine.stores().keys.delete(hash).await?;
    app.engine.keys().refresh(app.engine.now()).await?;
    if deleted { Ok(Json(Deleted { deleted })) } else { Err(no_such_key()) }
}

/// A key that the caller may change: members of a workspace their own, its admins all of it.
async fn changeable(app: &App, manager: &Manager, hash: KeyHash) -> Result<KeyRecord, ApiError> {
    let record = app.engine.stores().keys.get(hash).await?.ok_or_else(no_such_key)?;
    visible(manager, &record)?;
    let is_theirs = record.creator_user_id == manager.access.user_id;
    if !is_theirs && record.management && !manager.access.may_grant(role_of(app, &record)) {
        return Err(ApiError::forbidden("Whoever has this key may do more than you. Ask an owner"));
    }
    if is_theirs || manager.access.rules(&record.workspace_id) {
        return Ok(record);
    }
    Err(ApiError::forbidden("This key is somebody else's. Ask an admin of its workspace"))
}

/// Refuses a change after which a limit of the operator's would not be for the key any more.
fn still_limited(
    manager: &Manager,
    changes: bool,
    is_limited_by_it: impl FnOnce() -> bool,
) -> Result<(), ApiError> {
    if !changes || manager.access.is_everywhere() || !is_limited_by_it() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "A limit of this installation is for the key of this name or hash, and would go by. Ask an owner or admin",
    ))
}

/// Refuses who may not even see a key: of others' management keys members see none.
fn visible(manager: &Manager, record: &KeyRecord) -> Result<(), ApiError> {
    if record.session {
        return Err(no_such_key());
    }
    manager.reach(&record.workspace_id).map_err(|_| no_such_key())?;
    let is_theirs = record.creator_user_id == manager.access.user_id;
    let is_hidden = record.management && !is_theirs && !manager.access.is_everywhere();
    if is_hidden { Err(no_such_key()) } else { Ok(()) }
}

/// What the holder of a management key may do; everything where it is nobody's.
fn role_of(app: &App, record: &KeyRecord) -> Role {
    app.engine.organisation().access(record).map_or(Role::Owner, |access| access.role)
}

/// Whose a new key will be: the caller's own, unless the caller may give keys to others.
/// Nobody need be a member to have keys: installations without members name people as they like.
fn creator(manager: &Manager, wanted: Option<String>) -> Result<Option<String>, ApiError> {
    let own = &manager.access.user_id;
    let Some(id) = wanted.filter(|it| Some(it) != own.as_ref()) else { return Ok(own.clone()) };
    manager.everywhere("Keys for others are made by owners and admins")?;
    Ok(Some(id))
}

/// A record with its spend: from memory, which is ahead of the store, else from the store.
pub(super) async fn view(app: &App, record: KeyRecord) -> Result<KeyView, ApiError> {
    let now = app.engine.now();
    let known = app.engine.keys().get(record.hash);
    let usage = match &known {
        Some(entry) => entry.usage(now),
        None => app.engine.stores().usage.key_usage(record.hash, now).await?,
    };
    Ok(view_of(record, &usage, known.as_deref(), now))
}

fn view_of(
    record: KeyRecord,
    usage: &KeyUsage,
    known: Option<&KeyEntry>,
    now: Timestamp,
) -> KeyView {
    let remaining = known.and_then(|entry| entry.limit_remaining(now)).or(record.limit);
    KeyView {
        restrictions: RestrictionsView::of(&record),
        former_secrets: FormerSecretView::of(&record, now),
        hash: record.hash.to_hex(),
        name: record.name,
        label: record.label,
        disabled: record.disabled,
        limit: record.limit.map(UsdNumber),
        limit_remaining: record.limit.and(remaining).map(UsdNumber),
        limit_reset: record.limit_reset.map(ResetInterval::as_str),
        include_byok_in_limit: record.include_byok_in_limit,
        spend: SpendView::of(usage),
        created_at: record.created_at.to_rfc3339(),
        updated_at: record.updated_at.map(Timestamp::to_rfc3339),
        expires_at: record.expires_at.map(Timestamp::to_rfc3339),
        rate_limits: record.rate_limits,
        creator_user_id: record.creator_user_id,
        workspace_id: record.workspace_id,
    }
}

impl SpendView {
    pub(super) const fn of(usage: &KeyUsage) -> Self {
        Self {
            usage: UsdNumber(usage.total),
            usage_daily: UsdNumber(usage.daily),
            usage_weekly: UsdNumber(usage.weekly),
            usage_monthly: UsdNumber(usage.monthly),
            byok_usage: UsdNumber(usage.byok_total),
            byok_usage_daily: UsdNumber(usage.byok_daily),
            byok_usage_weekly: UsdNumber(usage.byok_weekly),
            byok_usage_monthly: UsdNumber(usage.byok_monthly),
        }
    }
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

fn parse(hash: &str) -> Result<KeyHash, ApiError> {
    KeyHash::from_hex(hash).ok_or_else(no_such_key)
}

fn no_such_key() -> ApiError {
    ApiError::not_found("API key not found")
}

fn name(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 {
        return Err(ApiError::bad_request("name: String must have 1 to 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(ApiError::bad_request("name: String must have no control characters"));
    }
    Ok(text)
}

pub(super) fn interval(field: &str, text: &str) -> Result<ResetInterval, ApiError> {
    ResetInterval::parse(text).ok_or_else(|| {
        ApiError::bad_request(format!("{field}: Expected one of daily, weekly, monthly"))
    })
}

/// A time in UTC (contract §1.3). One that has passed would make a key nobody can use.
pub(super) fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let is_utc = text.ends_with(['Z', 'z']) || text.ends_with("+00:00");
    let time = Timestamp::parse_rfc3339(text).filter(|_| is_utc).ok_or_else(|| {
        ApiError::bad_request("expires_at: Expected a time in UTC such as 2027-01-31T00:00:00Z")
    })?;
    if time <= now {
        return Err(ApiError::bad_request(format!("expires_at: {text} has passed already")));
    }
    Ok(time)
}
