//! Presets (contract §1.6), and what is beyond the contract: changing and deleting them.

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use tollgate_engine::KeyEntry;
use tollgate_store::{
    Change, DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus,
    PresetVersion, StoreError,
};
use tollgate_types::Timestamp;
use tollgate_wire::error::ErrorType;
use tollgate_wire::{Address, Call, Dialect, Preset};

use super::credits::{Data, Saved};
use crate::auth::{Acting, AnyKey};
use crate::body::{JsonBody, JsonBytes};
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// How many a page has at most (contract §1.6).
const PAGE_MAX: u32 = 100;
/// How many a page has unless the caller says (contract §1.6).
const PAGE: u32 = 50;
/// Most presets of a workspace: they are held in memory.
const PRESETS_MAX: u64 = 1_000;
const NAME_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 1_000;

#[derive(Debug, Serialize)]
pub(crate) struct PresetView {
    id: String,
    slug: String,
    name: String,
    description: Option<String>,
    status: &'static str,
    status_updated_at: Option<String>,
    designated_version_id: String,
    creator_user_id: Option<String>,
    workspace_id: String,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct WholePresetView {
    #[serde(flatten)]
    preset: PresetView,
    designated_version: VersionView,
}

#[derive(Debug, Serialize)]
pub(crate) struct VersionView {
    id: String,
    preset_id: String,
    version: u32,
    system_prompt: Option<String>,
    config: Box<RawValue>,
    creator_id: String,
    created_at: String,
    updated_at: String,
}

/// A page of a list and how long the list is.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    data: Vec<T>,
    total_count: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    deleted: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    offset: Option<u32>,
    limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct PresetChange {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    status: Option<String>,
    designated_version: Option<u32>,
}

/// The presets of the key's workspace, newest first.
pub(crate) async fn list_presets(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    Params(query): Params<PageQuery>,
) -> Result<Json<Listed<PresetView>>, ApiError> {
    let presets = &app.engine.stores().presets;
    let workspace = &key.record.workspace_id;
    let data = presets.list(workspace, page(&query)?).await?;
    let total_count = presets.count(workspace).await?;
    Ok(Json(Listed { data: data.into_iter().map(PresetView::of).collect(), total_count }))
}

/// One preset and what it says.
pub(crate) async fn get_preset(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    PathOf(slug): PathOf<String>,
) -> Result<Json<Data<WholePresetView>>, ApiError> {
    Ok(Json(Data { data: WholePresetView::of(find(&app, &key, &slug).await?)? }))
}

/// What a preset has said over time, newest first.
pub(crate) async fn list_preset_versions(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    PathOf(slug): PathOf<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Listed<VersionView>>, ApiError> {
    let page = page(&query)?;
    let preset = find(&app, &key, &slug).await?.preset;
    let versions = app.engine.stores().presets.versions(&preset.id, page).await?;
    let data = versions.into_iter().map(VersionView::of).collect::<Result<_, _>>()?;
    Ok(Json(Listed { data, total_count: preset.latest_version.into() }))
}

/// One version of a preset.
pub(crate) async fn get_preset_version(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    PathOf((slug, version)): PathOf<(String, String)>,
) -> Result<Json<Data<VersionView>>, ApiError> {
    let number: u32 = version
        .parse()
        .map_err(|_| ApiError::bad_request("version: Expected the number of a version, from 1"))?;
    let preset = find(&app, &key, &slug).await?.preset;
    let version = app.engine.stores().presets.version(&preset.id, number).await?;
    let version = version.ok_or_else(|| {
        ApiError::not_found(format!("The preset `{slug}` has no version {number}"))
    })?;
    Ok(Json(Data { data: VersionView::of(version)? }))
}

/// Keeps what a chat request has in common with others.
pub(crate) async fn save_preset_of_chat(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(slug): PathOf<String>,
    JsonBytes(body): JsonBytes,
) -> Result<Json<Saved<WholePresetView>>, ApiError> {
    save(&app, &key, &slug, (Dialect::Chat, body)).await
}

/// Keeps what a Messages request has in common with others.
pub(crate) async fn save_preset_of_message(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(slug): PathOf<String>,
    JsonBytes(body): JsonBytes,
) -> Result<Json<Saved<WholePresetView>>, ApiError> {
    save(&app, &key, &slug, (Dialect::Messages, body)).await
}

/// Keeps what a Responses request has in common with others.
pub(crate) async fn save_preset_of_response(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(slug): PathOf<String>,
    JsonBytes(body): JsonBytes,
) -> Result<Json<Saved<WholePresetView>>, ApiError> {
    save(&app, &key, &slug, (Dialect::Responses, body)).await
}

/// Changes what is given.
pub(crate) async fn update_preset(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(slug): PathOf<String>,
    JsonBody(change): JsonBody<PresetChange>,
) -> Result<Json<Data<WholePresetView>>, ApiError> {
    let now = app.engine.now();
    let workspace = key.record.workspace_id.as_str();
    let number = change.designated_version;
    let updated = app.engine.stores().presets.update((workspace, &slug), patch(change)?, now).await;
    let updated = updated.map_err(|error| match (error, number) {
        (StoreError::Conflict, Some(number)) => {
            ApiError::not_found(format!("The preset `{slug}` has no version {number}"))
        }
        (error, _) => error.into(),
    })?;
    app.engine.presets().refresh().await?;
    let updated = updated.ok_or_else(|| no_such_preset(&slug))?;
    Ok(Json(Data { data: WholePresetView::of(updated)? }))
}

/// Deletes a preset with its versions.
pub(crate) async fn delete_preset(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(slug): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    let deleted = app.engine.stores().presets.delete(&key.record.workspace_id, &slug).await?;
    app.engine.presets().refresh().await?;
    if deleted { Ok(Json(Deleted { deleted })) } else { Err(no_such_preset(&slug)) }
}

async fn find(app: &App, key: &KeyEntry, slug: &str) -> Result<DesignatedPreset, ApiError> {
    let found = app.engine.stores().presets.get(&key.record.workspace_id, slug).await?;
    found.ok_or_else(|| no_such_preset(slug))
}

async fn save(
    app: &App,
    key: &KeyEntry,
    slug: &str,
    (dialect, body): (Dialect, Bytes),
) -> Result<Json<Saved<WholePresetView>>, ApiError> {
    Preset::check_slug(slug)?;
    let call = Call::read(dialect, body, Address::default())?;
    let preset = Preset::of_call(&call)?;
    let warnings = unknown(app, &call);
    let presets = &app.engine.stores().presets;
    let workspace_id = key.record.workspace_id.clone();
    match presets.get(&workspace_id, slug).await? {
        Some(known) if known.preset.status == PresetStatus::Archived => {
            return Err(ApiError::new(
                ErrorType::Conflict,
                format!(
                    "The preset `{slug}` is archived, so it gets no new version. Activate it with PATCH /api/v1/presets/{slug}"
                ),
            ));
        }
        None if presets.count(&workspace_id).await? >= PRESETS_MAX => {
            return Err(ApiError::forbidden(format!(
                "This workspace has {PRESETS_MAX} presets already, as many as it may have"
            )));
        }
        Some(_) | None => {}
    }
    let new_id = || app.engine.new_id().map_err(|error| ApiError::internal(&error));
    let creator_user_id = key.record.creator_user_id.clone();
    let version = NewPresetVersion {
        workspace_id,
        slug: slug.to_owned(),
        preset_id: new_id()?,
        creator_id: creator_user_id.clone().unwrap_or_else(|| key.record.hash.to_hex()),
        creator_user_id,
        id: new_id()?,
        system_prompt: preset.system_prompt().map(str::to_owned),
        config: preset.config().text().to_owned(),
    };
    let saved = presets.save(version, app.engine.now()).await?;
    app.engine.presets().refresh().await?;
    Ok(Json(Saved { data: WholePresetView::of(saved)?, warnings }))
}

/// What a call names that leads to no model: it may come later, so it is kept and told.
fn unknown(app: &App, call: &Call) -> Vec<String> {
    let (installation, params) = (app.engine.installation(), call.params());
    let names = params.model.iter().chain(&params.models);
    names.filter_map(|name| installation.unknown(name)).collect()
}

fn page(query: &PageQuery) -> Result<Page, ApiError> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        let message = format!("limit: Number must be at least 1 and at most {PAGE_MAX}");
        return Err(ApiError::bad_request(message));
    }
    Ok(Page { offset: query.offset.unwrap_or(0), limit })
}

fn patch(change: PresetChange) -> Result<PresetPatch, ApiError> {
    let name = change.name.map(|name| name.trim().to_owned());
    if name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > NAME_MAX) {
        let message = format!("name: String must contain 1 to {NAME_MAX} characters");
        return Err(ApiError::bad_request(message));
    }
    let description = change.description.as_ref().and_then(Option::as_ref);
    if description.is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
        let message =
            format!("description: String must contain at most {DESCRIPTION_MAX} characters");
        return Err(ApiError::bad_request(message));
    }
    let status = change.status.as_deref().map(|word| {
        let expected = "status: Expected one of active, disabled, archived";
        PresetStatus::parse(word).ok_or_else(|| ApiError::bad_request(expected))
    });
    Ok(PresetPatch {
        name: name.into(),
        description: change.description.into(),
        status: Change::from(status.transpose()?),
        designated_version: change.designated_version.into(),
    })
}

fn no_such_preset(slug: &str) -> ApiError {
    ApiError::not_found(format!("There is no preset `{slug}` in this workspace"))
}

impl PresetView {
    fn of(record: PresetRecord) -> Self {
        Self {
            id: record.id,
            slug: record.slug,
            name: record.name,
            description: record.description,
            status: record.status.as_str(),
            status_updated_at: record.status_updated_at.map(Timestamp::to_rfc3339),
            designated_version_id: record.designated_version_id,
            creator_user_id: record.creator_user_id,
            workspace_id: record.workspace_id,
            created_at: record.created_at.to_rfc3339(),
            updated_at: record.updated_at.to_rfc3339(),
        }
    }
}

impl WholePresetView {
    fn of(kept: DesignatedPreset) -> Result<Self, ApiError> {
        let designated_version = VersionView::of(kept.version)?;
        Ok(Self { preset: PresetView::of(kept.preset), designated_version })
    }
}

impl VersionView {
    fn of(version: PresetVersion) -> Result<Self, ApiError> {
        let config = RawValue::from_string(version.config);
        Ok(Self {
            id: version.id,
            preset_id: version.preset_id,
            version: version.version,
            system_prompt: version.system_prompt,
            config: config.map_err(|error| ApiError::internal(&error))?,
            creator_id: version.creator_id,
            created_at: version.created_at.to_rfc3339(),
            // It never changes.
            updated_at: version.created_at.to_rfc3339(),
        })
    }
}

/// Tells `null` from absent: called only when the member is there.
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
fn present<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from).map(Some)
}
