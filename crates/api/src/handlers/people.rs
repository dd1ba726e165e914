//! People: who belongs to this installation, and what they may do (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_engine::end_sessions;
use tollgate_organisation::{Member, Password, PlaygroundKey, Role, User};
use tollgate_store::{Change, Document, KeyPatch};

use super::credits::Data;
use super::keys::{Deleted, present};
use super::workspaces::{Listed, write};
use crate::auth::{AnyKey, GONE, Manager};
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::{Page, Params};
use crate::router::App;

/// Somebody, as the contract shows them, and what they may do here.
#[derive(Debug, Serialize)]
pub(crate) struct PersonView {
    id: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// In the contract's words, which has two.
    role: &'static str,
    /// In ours, which are five.
    access: Role,
    created_at: String,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct PersonChange {
    access: Option<String>,
    #[serde(default, deserialize_with = "present")]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    last_name: Option<Option<String>>,
}

impl PersonView {
    pub(super) fn of(document: &Document<User>) -> Self {
        let user = &document.body;
        Self {
            id: document.id.clone(),
            email: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            role: user.role.as_contract(),
            access: user.role,
            created_at: user.created_at.to_rfc3339(),
        }
    }
}

/// Whom the caller's key belongs to.
pub(crate) async fn get_me(
    State(app): State<App>,
    AnyKey(key): AnyKey,
) -> Result<Json<Data<PersonView>>, ApiError> {
    let id = key.record.creator_user_id.as_deref();
    let user = id.and_then(|id| app.engine.organisation().user(id));
    let user = user.ok_or_else(|| {
        // An inference key may bear any name for whose it is, also where there are no members.
        let told = id.map_or("This key belongs to the installation, not to somebody", |_| GONE);
        ApiError::not_found(told)
    })?;
    Ok(Json(Data { data: PersonView::of(&user) }))
}

/// Everybody.
pub(crate) async fn list_people(
    State(app): State<App>,
    _: Manager,
    Params(page): Params<Page>,
) -> Result<Json<Listed<PersonView>>, ApiError> {
    app.engine.refresh_organisation().await?;
    let all = app.engine.organisation().users();
    Ok(Json(Listed::page(all.iter().map(|it| PersonView::of(it)), page.checked()?)))
}

/// Somebody.
pub(crate) async fn get_person(
    State(app): State<App>,
    _: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Data<PersonView>>, ApiError> {
    Ok(Json(Data { data: PersonView::of(&known(&app, &id).await?) }))
}

/// Changes somebody's name or what they may do. One owner stays.
pub(crate) async fn update_person(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
    JsonBody(change): JsonBody<PersonChange>,
) -> Result<Json<Data<PersonView>>, ApiError> {
    let mut person = known(&app, &id).await?;
    may_change(&manager, person.body.role)?;
    if let Some(role) = change.access.as_deref().map(Role::parse).transpose()? {
        may_change(&manager, role)?;
        if role != Role::Owner {
            keep_an_owner(&app, &person)?;
        }
        person.body.role = role;
    }
    let user = &person.body;
    let names = [
        change.first_name.unwrap_or_else(|| user.first_name.clone()),
        change.last_name.unwrap_or_else(|| user.last_name.clone()),
    ];
    let [first, last] = names.each_ref().map(Option::as_deref);
    let now = app.engine.now();
    let checked = User::new(&user.email, (first, last), user.role, user.created_at)?;
    person.body = User { updated_at: Some(now), ..checked };
    write(&app, vec![person.replacement(now)?]).await?;
    Ok(Json(Data { data: PersonView::of(&person) }))
}

/// Has somebody leave: they are signed out, their memberships end, and the keys they made are
/// disabled.
pub(crate) async fn remove_person(
    State(app): State<App>,
    manager: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    let person = known(&app, &id).await?;
    may_change(&manager, person.body.role)?;
    keep_an_owner(&app, &person)?;
    let now = app.engine.now();
    // Their keys first: whoever is gone must not be able to call.
    for key in app.engine.stores().keys.all().await? {
        if key.session || key.creator_user_id.as_ref() != Some(&person.id) {
            continue;
        }
        if !key.disabled {
            let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
            app.engine.stores().keys.update(key.hash, patch, now).await?;
        }
    }
    end_sessions(app.engine.stores(), &person.id, None).await?;
    app.engine.keys().refresh(now).await?;
    let documents = &app.engine.stores().documents;
    let members = documents.all::<Member>(None).await?;
    let theirs = members.iter().filter(|it| it.body.user_id == person.id);
    let mut changes: Vec<_> = theirs.map(Document::deletion).collect();
    let password = documents.load::<Password>(&person.id).await?;
    changes.extend(password.as_ref().map(Document::deletion));
    let playground = documents.load::<PlaygroundKey>(&person.id).await?;
    changes.extend(playground.as_ref().map(Document::deletion));
    changes.push(person.deletion());
    write(&app, changes).await?;
    Ok(Json(Deleted { deleted: true }))
}

async fn known(app: &App, id: &str) -> Result<Document<User>, ApiError> {
    app.engine.refresh_organisation().await?;
    let user = app.engine.organisation().user(id);
    user.map(|it| Document::clone(&it)).ok_or_else(|| ApiError::not_found("Member not found"))
}

fn may_change(manager: &Manager, role: Role) -> Result<(), ApiError> {
    if manager.access.may_grant(role) {
        return Ok(());
    }
    Err(ApiError::forbidden("Only owners may make owners, or change them"))
}

/// Refuses what would leave an installation that has owners without one.
fn keep_an_owner(app: &App, but: &Document<User>) -> Result<(), ApiError> {
    let is_other_owner = |it: &Document<User>| it.body.role == Role::Owner && it.id != but.id;
    let others = app.engine.organisation().users();
    if but.body.role != Role::Owner || others.iter().any(|it| is_other_owner(it)) {
        return Ok(());
    }
    Err(ApiError::bad_request("This is the last owner. Make somebody else an owner first"))
}
