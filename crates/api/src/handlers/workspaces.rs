//! Workspaces (contract §1.6).

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tollgate_engine::WorkspaceEntry;
use tollgate_ledger::AccountId;
use tollgate_organisation::{
    Member, ProviderSort, Refused, Workspace, WorkspaceSettings, key_number,
};
use tollgate_store::{DEFAULT_WORKSPACE_ID, Document, KeyQuery};
use tollgate_types::Timestamp;
use tollgate_wire::error::ErrorType;

use super::credits::Data;
use super::keys::{Deleted, present};
use crate::auth::{Manager, no_such_workspace};
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::{Page, Params};
use crate::router::App;

/// A workspace as the contract shows it, and whose account pays for it.
#[derive(Debug, Serialize)]
pub(crate) struct WorkspaceView {
    id: String,
    slug: String,
    name: String,
    description: Option<String>,
    default_text_model: Option<String>,
    default_image_model: Option<String>,
    default_provider_sort: Option<&'static str>,
    is_observability_io_logging_enabled: bool,
    io_logging_sampling_rate: f64,
    io_logging_api_key_ids: Option<Vec<i64>>,
    is_observability_broadcast_enabled: bool,
    is_data_discount_logging_enabled: bool,
    default_guardrail_id: String,
    include_byok_in_budgets: bool,
    created_by: Option<String>,
    created_at: String,
    updated_at: Option<String>,
    account: String,
}

/// A page of something, and how many there are in all.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    pub(crate) data: Vec<T>,
    pub(crate) total_count: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewWorkspace {
    slug: String,
    account: Option<String>,
    #[serde(flatten)]
    settings: WorkspaceSettings,
}

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct WorkspaceChange {
    slug: Option<String>,
    name: Option<String>,
    account: Option<String>,
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    default_text_model: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    default_image_model: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    default_provider_sort: Option<Option<ProviderSort>>,
    is_observability_io_logging_enabled: Option<bool>,
    io_logging_sampling_rate: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    io_logging_api_key_ids: Option<Option<Vec<i64>>>,
    is_observability_broadcast_enabled: Option<bool>,
    is_data_discount_logging_enabled: Option<bool>,
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::bad_request(refused.to_string())
    }
}

impl<T> Listed<T> {
    /// One page of all.
    pub(crate) fn page(all: impl IntoIterator<Item = T>, page: Page) -> Self {
        let all: Vec<T> = all.into_iter().collect();
        let total_count = all.len();
        Self { data: all.into_iter().skip(page.offset).take(page.limit).collect(), total_count }
    }
}

impl WorkspaceView {
    fn of(document: &Document<Workspace>) -> Self {
        let Document { id, body, .. } = document;
        let settings = body.settings.clone();
        Self {
            id: id.clone(),
            slug: body.slug.clone(),
            name: settings.name,
            description: settings.description,
            default_text_model: settings.default_text_model,
            default_image_model: settings.default_image_model,
            default_provider_sort: settings.default_provider_sort.map(ProviderSort::as_str),
            is_observability_io_logging_enabled: settings.is_observability_io_logging_enabled,
            io_logging_sampling_rate: settings.io_logging_sampling_rate,
            io_logging_api_key_ids: settings.io_logging_api_key_ids,
            is_observability_broadcast_enabled: settings.is_observability_broadcast_enabled,
            is_data_discount_logging_enabled: settings.is_data_discount_logging_enabled,
            default_guardrail_id: Workspace::default_guardrail_id(id),
            include_byok_in_budgets: body.include_byok_in_budgets,
            created_by: body.created_by.clone(),
            created_at: body.created_at.to_rfc3339(),
            updated_at: body.updated_at.map(Timestamp::to_rfc3339),
            account: body.account.as_str().to_owned(),
        }
    }
}

impl WorkspaceChange {
    fn apply_to(self, workspace: &mut Workspace) -> Result<(), ApiError> {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        let mut settings = workspace.settings.clone();
        set(&mut settings.name, self.name);
        set(&mut settings.description, self.description);
        set(&mut settings.default_text_model, self.default_text_model);
        set(&mut settings.default_image_model, self.default_image_model);
        set(&mut settings.default_provider_sort, self.default_provider_sort);
        let logs = &mut settings.is_observability_io_logging_enabled;
        set(logs, self.is_observability_io_logging_enabled);
        set(&mut settings.io_logging_sampling_rate, self.io_logging_sampling_rate);
        set(&mut settings.io_logging_api_key_ids, self.io_logging_api_key_ids);
        let broadcasts = &mut settings.is_observability_broadcast_enabled;
        set(broadcasts, self.is_observability_broadcast_enabled);
        let shares = &mut settings.is_data_discount_logging_enabled;
        set(shares, self.is_data_discount_logging_enabled);
        workspace.settings = settings.checked()?;
        if let Some(slug) = self.slug {
            workspace.rename(&slug)?;
        }
        if let Some(account) = self.account {
            workspace.account = account_named(&account)?;
        }
        Ok(())
    }
}

/// The workspaces that the caller may see.
pub(crate) async fn list_workspaces(
    State(app): State<App>,
    manager: Manager,
    Params(page): Params<Page>,
) -> Result<Json<Listed<WorkspaceView>>, ApiError> {
    app.engine.refresh_organisation().await?;
    let all = app.engine.organisation().workspaces();
    let open = all.iter().filter(|it| manager.access.reaches(&it.document.id));
    Ok(Json(Listed::page(open.map(|it| WorkspaceView::of(&it.document)), page.checked()?)))
}

/// Makes a workspace.
pub(crate) async fn create_workspace(
    State(app): State<App>,
    manager: Manager,
    JsonBody(wanted): JsonBody<NewWorkspace>,
) -> Result<(StatusCode, Json<Data<WorkspaceView>>), ApiError> {
    manager.everywhere("Ask an owner or admin for a workspace")?;
    let now = app.engine.now();
    let by = manager.access.user_id.clone();
    let mut workspace = Workspace::new(&wanted.slug, wanted.settings, by, now)?;
    if let Some(account) = &wanted.account {
        workspace.account = account_named(account)?;
    }
    app.engine.refresh_organisation().await?;
    free_slug(&app, &workspace.slug, None)?;
    known_to_the_gateway(&app, None, (&WorkspaceSettings::default(), &workspace.settings)).await?;
    let id = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
    let slug = workspace.slug.clone();
    let document = Document::new(id, workspace, now).called(slug);
    write(&app, vec![document.insertion()?]).await?;
    Ok((StatusCode::CREATED, Json(Data { data: WorkspaceView::of(&document) })))
}

/// One workspace, by its id or slug.
pub(crate) async fn get_workspace(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Data<WorkspaceView>>, ApiError> {
    let entry = open(&app, &manager, &id).await?;
    Ok(Json(Data { data: WorkspaceView::of(&entry.document) }))
}

/// Changes what is given.
pub(crate) async fn update_workspace(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    JsonBody(change): JsonBody<WorkspaceChange>,
) -> Result<Json<Data<WorkspaceView>>, ApiError> {
    let mut document = ruled(&app, &manager, &id).await?;
    if change.account.is_some() {
        manager.everywhere("Ask an owner or admin for another account")?;
    }
    // The operator's limits go by it.
    if change.slug.as_ref().is_some_and(|slug| *slug != document.body.slug) {
        manager.everywhere("Ask an owner or admin for another slug")?;
    }
    let before = document.body.settings.clone();
    change.apply_to(&mut document.body)?;
    known_to_the_gateway(&app, Some(&document.id), (&before, &document.body.settings)).await?;
    free_slug(&app, &document.body.slug, Some(&document.id))?;
    document.name = Some(document.body.slug.clone());
    save(&app, &mut document).await?;
    Ok(Json(Data { data: WorkspaceView::of(&document) }))
}

/// Refuses settings that name a model or a key that nobody knows, unless they did before.
async fn known_to_the_gateway(
    app: &App,
    workspace_id: Option<&str>,
    (before, after): (&WorkspaceSettings, &WorkspaceSettings),
) -> Result<(), ApiError> {
    let installation = app.engine.installation();
    for (field, before, after) in [
        ("default_text_model", &before.default_text_model, &after.default_text_model),
        ("default_image_model", &before.default_image_model, &after.default_image_model),
    ] {
        let Some(model) = after.as_deref().filter(|_| before != after) else { continue };
        // A preset may be made later, and says itself what it calls.
        if model.starts_with("@preset/") {
            continue;
        }
        let known = installation.known().resolve(model);
        known.map_err(|error| ApiError::bad_request(format!("{field}: {error}")))?;
    }
    let named = |of: &WorkspaceSettings| of.io_logging_api_key_ids.clone().unwrap_or_default();
    let before = named(before);
    let new: Vec<i64> = named(after).into_iter().filter(|id| !before.contains(id)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut numbers = HashSet::new();
    if let Some(id) = workspace_id {
        let query = KeyQuery {
            offset: 0,
            limit: u32::MAX,
            include_disabled: true,
            workspace_id: Some(id.to_owned()),
        };
        let keys = app.engine.stores().keys.list(&query).await?;
        numbers.extend(keys.iter().map(|key| key_number(&key.hash)));
    }
    let unknown = new.iter().find(|id| !numbers.contains(id));
    unknown.map_or(Ok(()), |id| {
        let message = format!("io_logging_api_key_ids: {id} is no key of this workspace");
        Err(ApiError::bad_request(message))
    })
}

/// Deletes a workspace that has no active keys left, with its members.
pub(crate) async fn delete_workspace(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    let document = ruled(&app, &manager, &id).await?;
    if document.id == DEFAULT_WORKSPACE_ID {
        return Err(ApiError::forbidden("The default workspace can't be deleted"));
    }
    let query = KeyQuery {
        offset: 0,
        limit: 1,
        include_disabled: false,
        workspace_id: Some(document.id.clone()),
    };
    if !app.engine.stores().keys.list(&query).await?.is_empty() {
        return Err(ApiError::bad_request(
            "This workspace has active API keys. Disable or delete them first",
        ));
    }
    let members = app.engine.stores().documents.all::<Member>(Some(&document.id)).await?;
    let mut changes: Vec<_> = members.iter().map(Document::deletion).collect();
    changes.push(document.deletion());
    write(&app, changes).await?;
    Ok(Json(Deleted { deleted: true }))
}

/// A workspace that is open to the caller, as of now.
pub(super) async fn open(
    app: &App,
    manager: &Manager,
    id: &str,
) -> Result<Arc<WorkspaceEntry>, ApiError> {
    app.engine.refresh_organisation().await?;
    let entry = app.engine.organisation().workspace(id).ok_or_else(no_such_workspace)?;
    manager.reach(&entry.document.id)?;
    Ok(entry)
}

/// A workspace that the caller may change, as of now.
pub(super) async fn ruled(
    app: &App,
    manager: &Manager,
    id: &str,
) -> Result<Document<Workspace>, ApiError> {
    let entry = open(app, manager, id).await?;
    if !manager.access.rules(&entry.document.id) {
        return Err(ApiError::forbidden(
            "Only admins of this workspace may change it. Ask one of them",
        ));
    }
    Ok(entry.document.clone())
}

/// Writes a changed workspace, and takes it up.
pub(super) async fn save(app: &App, document: &mut Document<Workspace>) -> Result<(), ApiError> {
    let now = app.engine.now();
    document.body.updated_at = Some(now);
    write(app, vec![document.replacement(now)?]).await?;
    document.revision = document.revision.saturating_add(1);
    Ok(())
}

/// Writes changes of the organisation, and takes them up.
pub(super) async fn write(
    app: &App,
    changes: Vec<tollgate_store::DocumentChange>,
) -> Result<(), ApiError> {
    app.engine.stores().documents.write(changes).await.map_err(|error| match error {
        tollgate_store::StoreError::Conflict => ApiError::new(
            ErrorType::Conflict,
            "Somebody else changed this at the same time. Please look again and retry",
        ),
        other => other.into(),
    })?;
    app.engine.refresh_organisation().await?;
    Ok(())
}

/// The slug of no other workspace than this one.
fn free_slug(app: &App, slug: &str, of: Option<&str>) -> Result<(), ApiError> {
    let holder = app.engine.organisation().workspace(slug);
    if holder.is_some_and(|holder| Some(holder.document.id.as_str()) != of) {
        return Err(ApiError::bad_request(format!("slug: There is a workspace {slug} already")));
    }
    Ok(())
}

fn account_named(name: &str) -> Result<AccountId, ApiError> {
    AccountId::new(name).map_err(|error| ApiError::bad_request(format!("account: {error}")))
}
