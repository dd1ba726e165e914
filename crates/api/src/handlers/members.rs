//! Who belongs to a workspace (contract §1.6).

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_organisation::{Member, MemberRole};
use tollgate_store::Document;

use super::workspaces::{Listed, open, ruled, write};
use crate::auth::Manager;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::{Page, Params};
use crate::router::App;

/// As many at once (contract §1.6).
const AT_ONCE: usize = 100;

#[derive(Debug, Serialize)]
pub(crate) struct MemberView {
    id: String,
    workspace_id: String,
    user_id: String,
    role: &'static str,
    created_at: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Added {
    added_count: usize,
    data: Vec<MemberView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Removed {
    removed_count: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WhoIsAdded {
    user_ids: Vec<String>,
    /// What they may do there; a member's rights unless it says so.
    role: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WhoIsRemoved {
    user_ids: Vec<String>,
}

impl MemberView {
    fn of(document: &Document<Member>) -> Self {
        let Member { workspace_id, user_id, role, created_at } = &document.body;
        Self {
            id: document.id.clone(),
            workspace_id: workspace_id.clone(),
            user_id: user_id.clone(),
            role: role.as_str(),
            created_at: created_at.to_rfc3339(),
        }
    }
}

/// The members of a workspace.
pub(crate) async fn list_members(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    Params(page): Params<Page>,
) -> Result<Json<Listed<MemberView>>, ApiError> {
    let id = open(&app, &manager, &id).await?.document.id.clone();
    let mut members = app.engine.stores().documents.all::<Member>(Some(&id)).await?;
    members.sort_by_key(|it| it.body.created_at);
    Ok(Json(Listed::page(members.iter().map(MemberView::of), page.checked()?)))
}

/// Takes people into a workspace. Who is in it already gets the role that is asked for.
pub(crate) async fn add_members(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    JsonBody(who): JsonBody<WhoIsAdded>,
) -> Result<Json<Added>, ApiError> {
    let id = ruled(&app, &manager, &id).await?.id;
    let role = who.role.as_deref().map_or(Ok(MemberRole::Member), MemberRole::parse)?;
    let (documents, now) = (&app.engine.stores().documents, app.engine.now());
    let (mut changes, mut data, mut added_count) = (Vec::new(), Vec::new(), 0);
    for user_id in unique(&who.user_ids)? {
        if app.engine.organisation().user(&user_id).is_none() {
            return Err(ApiError::bad_request(format!("user_ids: Nobody is called {user_id}")));
        }
        let known = documents.named::<Member>(&Member::name(&id, &user_id)).await?;
        let member = if let Some(mut known) = known {
            if known.body.role != role {
                known.body.role = role;
                changes.push(known.replacement(now)?);
            }
            known
        } else {
            let own = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
            let workspace_id = id.clone();
            let member = Member { workspace_id, user_id, role, created_at: now }.document(own);
            changes.push(member.insertion()?);
            added_count += 1;
            member
        };
        data.push(MemberView::of(&member));
    }
    write(&app, changes).await?;
    Ok(Json(Added { added_count, data }))
}

/// Has people leave a workspace. Who has active keys in it stays, and so do all others.
pub(crate) async fn remove_members(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    JsonBody(who): JsonBody<WhoIsRemoved>,
) -> Result<Json<Removed>, ApiError> {
    let id = ruled(&app, &manager, &id).await?.id;
    let documents = &app.engine.stores().documents;
    let keys = app.engine.stores().keys.all().await?;
    let mut changes = Vec::new();
    for user_id in unique(&who.user_ids)? {
        let has_keys = keys.iter().any(|key| {
            !(key.disabled || key.session)
                && key.workspace_id == id
                && key.creator_user_id.as_ref() == Some(&user_id)
        });
        if has_keys {
            return Err(ApiError::bad_request(format!(
                "user_ids: {user_id} has active API keys in this workspace. Disable or delete them first"
            )));
        }
        let member = documents.named::<Member>(&Member::name(&id, &user_id)).await?;
        changes.extend(member.as_ref().map(Document::deletion));
    }
    let removed_count = changes.len();
    write(&app, changes).await?;
    Ok(Json(Removed { removed_count }))
}

fn unique(ids: &[String]) -> Result<BTreeSet<String>, ApiError> {
    if ids.is_empty() || ids.len() > AT_ONCE {
        return Err(ApiError::bad_request(format!("user_ids: Expected 1 to {AT_ONCE} ids")));
    }
    Ok(ids.iter().cloned().collect())
}
