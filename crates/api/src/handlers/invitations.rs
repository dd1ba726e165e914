//! Asking people in, and coming in.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tollgate_engine::{Secret, password_change};
use tollgate_organisation::{Invitation, Member, MemberRole, Password, Role, User};
use tollgate_store::{Document, KeyRecord};
use tollgate_wire::error::ErrorType;

use super::keys::Deleted;
use super::people::PersonView;
use super::session::{untold, with_cookie};
use super::workspaces::{Listed, write};
use crate::audit::done;
use crate::auth::{Manager, no_such_workspace};
use crate::body::{JsonBody, SecretBody};
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::{Page, Params};
use crate::router::App;
use crate::secret;
use crate::session::Visitor;

#[derive(Debug, Serialize)]
pub(crate) struct InvitationView {
    id: String,
    email: String,
    access: Role,
    workspaces: Vec<Place>,
    invited_by: Option<String>,
    created_at: String,
    expires_at: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Invited {
    data: InvitationView,
    /// What accepts it. Shown once.
    token: String,
}

/// A place in a workspace.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    workspace_id: String,
    #[serde(default = "member")]
    role: MemberRole,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewInvitation {
    email: String,
    access: Option<String>,
    #[serde(default)]
    workspaces: Vec<Place>,
}

#[derive(Deserialize)]
pub(crate) struct Acceptance {
    token: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// To sign in with. Who gives none gets a management key.
    password: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    data: PersonView,
    /// Their management key, shown once; none for who signs in with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

const fn member() -> MemberRole {
    MemberRole::Member
}

impl InvitationView {
    fn of(document: &Document<Invitation>) -> Self {
        let it = &document.body;
        let place = |(workspace_id, role): &(String, MemberRole)| Place {
            workspace_id: workspace_id.clone(),
            role: *role,
        };
        Self {
            id: document.id.clone(),
            email: it.email.clone(),
            access: it.role,
            workspaces: it.workspaces.iter().map(place).collect(),
            invited_by: it.invited_by.clone(),
            created_at: it.created_at.to_rfc3339(),
            expires_at: it.expires_at.to_rfc3339(),
        }
    }
}

/// Invitations that were not accepted yet, those that have expired among them.
pub(crate) async fn list_invitations(
    State(app): State<App>,
    _: Manager,
    Params(page): Params<Page>,
) -> Result<Json<Listed<InvitationView>>, ApiError> {
    let mut all = app.engine.stores().documents.all::<Invitation>(None).await?;
    all.sort_by_key(|it| it.body.created_at);
    Ok(Json(Listed::page(all.iter().map(InvitationView::of), page.checked()?)))
}

/// Asks somebody in. The answer's token is what accepts it: sending it is the caller's.
pub(crate) async fn invite(
    State(app): State<App>,
    manager: Manager,
    JsonBody(wanted): JsonBody<NewInvitation>,
) -> Result<(StatusCode, Json<Invited>), ApiError> {
    let role = wanted.access.as_deref().map_or(Ok(Role::Member), Role::parse)?;
    if !manager.access.may_grant(role) {
        return Err(ApiError::forbidden("Only owners may ask owners in"));
    }
    app.engine.refresh_organisation().await?;
    let mut workspaces = Vec::new();
    for place in wanted.workspaces {
        let entry = app.engine.organisation().workspace(&place.workspace_id);
        let entry = entry.ok_or_else(no_such_workspace)?;
        workspaces.push((entry.document.id.clone(), place.role));
    }
    let now = app.engine.now();
    let by = manager.access.user_id.clone();
    let invitation = Invitation::new(&wanted.email, role, workspaces, (by, now))?;
    is_new(&app, &invitation.email)?;
    let token = secret::new(&app, "invite-")?;
    let id = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
    let document = Document::new(id, invitation, now).called(secret::hashed(&token));
    write(&app, vec![document.insertion()?]).await?;
    let data = InvitationView::of(&document);
    Ok((StatusCode::CREATED, Json(Invited { data, token })))
}

/// Takes an invitation back.
pub(crate) async fn withdraw_invitation(
    State(app): State<App>,
    _: Manager,
    PathOf(id): PathOf<String>,
) -> Result<Json<Deleted>, ApiError> {
    let known = app.engine.stores().documents.load::<Invitation>(&id).await?;
    let known = known.ok_or_else(|| ApiError::not_found("Invitation not found"))?;
    write(&app, vec![known.deletion()]).await?;
    Ok(Json(Deleted { deleted: true }))
}

/// Comes in: makes the member, their places, and a management key of theirs, whose reach is their
/// role's; with a password, they are signed in instead.
pub(crate) async fn accept_invitation(
    State(app): State<App>,
    visitor: Visitor,
    SecretBody(acceptance): SecretBody<Acceptance>,
) -> Result<Response, ApiError> {
    visitor.refuse_other_pages()?;
    if let Some(password) = &acceptance.password {
        Password::check("password", password)?;
    }
    let found = open(&app, &acceptance.token).await?;
    let person = come_in(&app, found, &acceptance).await?;
    let data = PersonView::of(&person);
    if acceptance.password.is_some() {
        app.engine.refresh_organisation().await?;
        let secret = app.engine.begin_session(&person).await?;
        let accepted = untold(StatusCode::CREATED, Json(Accepted { data, key: None }));
        return with_cookie(&app, &visitor, &secret, accepted);
    }
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let now = app.engine.now();
    let record = KeyRecord {
        management: true,
        creator_user_id: Some(person.id.clone()),
        ..KeyRecord::new(app.engine.keys().hash(&key), &person.body.email, &key.label(), now)
    };
    app.engine.stores().keys.insert(record).await?;
    app.engine.keys().refresh(now).await?;
    let key = Some(key.expose().to_owned());
    Ok((StatusCode::CREATED, Json(Accepted { data, key })).into_response())
}

/// The invitation that a token accepts, as long as it may be accepted.
async fn open(app: &App, token: &str) -> Result<Document<Invitation>, ApiError> {
    let now = app.engine.now();
    let hash = secret::hashed(token);
    let found = app.engine.stores().documents.named::<Invitation>(&hash).await?;
    let found = found.filter(|it| it.body.expires_at > now).ok_or_else(|| {
        ApiError::forbidden(
            "This invitation is not known, was accepted or withdrawn, or has expired. Ask for another",
        )
    })?;
    app.engine.refresh_organisation().await?;
    let inviter = found.body.invited_by.as_deref();
    if inviter.is_some_and(|id| !may_grant(app, id, found.body.role)) {
        return Err(ApiError::forbidden(
            "Who asked you in may not do so any more. Ask for another invitation",
        ));
    }
    is_new(app, &found.body.email)?;
    Ok(found)
}

/// Makes the member, their places and their password, if they have chosen one.
async fn come_in(
    app: &App,
    found: Document<Invitation>,
    acceptance: &Acceptance,
) -> Result<Document<User>, ApiError> {
    let now = app.engine.now();
    let names = (acceptance.first_name.as_deref(), acceptance.last_name.as_deref());
    let user = User::new(&found.body.email, names, found.body.role, now)?;
    let email = user.email.clone();
    let new_id = || app.engine.new_id().map_err(|error| ApiError::internal(&error));
    let person = Document::new(new_id()?, user, now).called(email);
    let by = (person.body.email.as_str(), Some(person.id.as_str()));
    let entry = done(app, by, (Method::POST, "/organization/invitations/accept"), 201)?;
    let mut changes = vec![found.deletion(), person.insertion()?, entry];
    for (workspace_id, role) in &found.body.workspaces {
        // One that was deleted since has no place to give.
        if app.engine.organisation().workspace(workspace_id).is_none() {
            continue;
        }
        let (workspace_id, user_id) = (workspace_id.clone(), person.id.clone());
        let member = Member { workspace_id, user_id, role: *role, created_at: now };
        changes.push(member.document(new_id()?).insertion()?);
    }
    if let Some(password) = acceptance.password.clone() {
        let hash = app.engine.passwords().hash(Secret::new(password)).await?;
        changes.push(password_change(app.engine.stores(), &person.id, hash, now).await?);
    }
    write(app, changes).await?;
    Ok(person)
}

/// Whether somebody may give others this role now.
fn may_grant(app: &App, user_id: &str, role: Role) -> bool {
    let user = app.engine.organisation().user(user_id);
    user.is_some_and(|user| user.body.role.may_grant(role))
}

fn is_new(app: &App, email: &str) -> Result<(), ApiError> {
    if app.engine.organisation().users().iter().any(|it| it.body.email == email) {
        return Err(ApiError::new(ErrorType::Conflict, "email: They are a member already"));
    }
    Ok(())
}
