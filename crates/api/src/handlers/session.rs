//! Signing in to the dashboard and out again: `/session`. Ours: the contract has nothing for it.

mod password;
mod playground_key;
mod setup;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use tollgate_engine::{PasswordError, Secret, SessionError};
use tollgate_organisation::{Access, Area, Password, User};
use tollgate_store::Document;
use tollgate_types::ApiKey;
use tollgate_wire::error::ErrorType;

use super::credits::Data;
use super::people::PersonView;
use crate::audit::done;
use crate::auth::AnyKey;
use crate::body::UnnotedBody;
use crate::error::ApiError;
use crate::router::App;
use crate::session::Visitor;
use crate::tries::Who;

pub(crate) use password::change_password;
pub(crate) use playground_key::create_playground_key;
pub(crate) use setup::set_up;

/// What the dashboard's frame is drawn from.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    state: &'static str,
    setup_code_required: bool,
    installation: InstallationView,
    user: Option<PersonView>,
    permissions: Option<PermissionsView>,
    everywhere: bool,
    workspaces: Vec<WorkspaceName>,
}

#[derive(Debug, Serialize)]
struct InstallationView {
    name: String,
    version: &'static str,
    billing: bool,
}

/// What somebody may do, area by area.
#[derive(Debug, Serialize)]
struct PermissionsView {
    keys: &'static str,
    own_keys: &'static str,
    money: &'static str,
    usage: &'static str,
    workspaces: &'static str,
    routing: &'static str,
    audit: &'static str,
    people: &'static str,
}

#[derive(Debug, Serialize)]
struct WorkspaceName {
    id: String,
    name: String,
    slug: String,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    email: String,
    password: String,
}

/// Too many are being checked: as soon as that one may come again.
const BUSY: Duration = Duration::from_secs(2);

impl PermissionsView {
    fn of(access: &Access) -> Self {
        let word = |area| match (access.may(area, false), access.may(area, true)) {
            (_, true) => "write",
            (true, false) => "read",
            (false, false) => "none",
        };
        Self {
            keys: word(Area::Keys),
            own_keys: word(Area::OwnKeys),
            money: word(Area::Money),
            usage: word(Area::Usage),
            workspaces: word(Area::Workspaces),
            routing: word(Area::Routing),
            audit: word(Area::Audit),
            people: word(Area::People),
        }
    }
}

impl SessionView {
    fn of(app: &App, state: &'static str, setup_code_required: bool) -> Self {
        let installation = InstallationView {
            name: app.config.installation_name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            billing: app.engine.is_paid(),
        };
        Self {
            state,
            setup_code_required,
            installation,
            user: None,
            permissions: None,
            everywhere: false,
            workspaces: Vec::new(),
        }
    }

    /// As somebody sees it who is signed in, or has a management key.
    fn for_access(app: &App, access: &Access) -> Self {
        let organisation = app.engine.organisation();
        let person = access.user_id.as_deref().and_then(|id| organisation.user(id));
        let reached = organisation.workspaces().into_iter();
        let reached = reached.map(|it| it.document.clone()).filter(|it| access.reaches(&it.id));
        let named = |it: Document<tollgate_organisation::Workspace>| WorkspaceName {
            id: it.id,
            name: it.body.settings.name,
            slug: it.body.slug,
        };
        Self {
            user: person.map(|person| PersonView::of(&person)),
            permissions: Some(PermissionsView::of(access)),
            everywhere: access.is_everywhere(),
            workspaces: reached.map(named).collect(),
            ..Self::of(app, "signed_in", false)
        }
    }

    async fn for_nobody(app: &App, visitor: &Visitor) -> Result<Self, ApiError> {
        let awaits_setup = app.awaits_setup().await?;
        let state = if awaits_setup { "setup" } else { "signed_out" };
        Ok(Self::of(app, state, awaits_setup && !visitor.is_local))
    }
}

/// Who is signed in. Needs no key: nobody is an answer, too.
pub(crate) async fn get_session(
    State(app): State<App>,
    visitor: Visitor,
    key: Result<AnyKey, ApiError>,
) -> Result<Response, ApiError> {
    let key = match key {
        Ok(AnyKey(key)) => Some(key),
        Err(error) if error.is_refusal() => None,
        Err(error) => return Err(error),
    };
    let access = key.as_ref().filter(|key| key.record.management);
    let access = access.and_then(|key| app.engine.organisation().access(&key.record));
    let view = match (&key, access) {
        (Some(key), Some(access)) => {
            app.engine.prolong_session(key).await?;
            SessionView::for_access(&app, &access)
        }
        _ => SessionView::for_nobody(&app, &visitor).await?,
    };
    Ok(untold(StatusCode::OK, Json(Data { data: view })))
}

/// Signs somebody in.
pub(crate) async fn create_session(
    State(app): State<App>,
    visitor: Visitor,
    former: Result<AnyKey, ApiError>,
    UnnotedBody(given): UnnotedBody<Credentials>,
) -> Result<Response, ApiError> {
    visitor.refuse_other_pages()?;
    let email = given.email.trim().to_lowercase();
    let tried = [Who::at(visitor.address), Who::named(&email)];
    app.try_once(&tried)?;
    let documents = &app.engine.stores().documents;
    let person = documents.named::<User>(&email).await?;
    // Asked for whoever it is, so that nobody's takes as long.
    let id = person.as_ref().map_or("", |person| person.id.as_str());
    let kept = documents.load::<Password>(id).await?.map(|it| it.body.hash);
    let is_theirs = app.engine.passwords().is(Secret::new(given.password), kept).await?;
    let Some(person) = person.filter(|_| is_theirs) else {
        let address = visitor.address.map(|it| it.to_string());
        tracing::warn!(address, "somebody could not sign in");
        return Err(ApiError::new(
            ErrorType::Authentication,
            "The e-mail address or the password is wrong",
        ));
    };
    app.tries.succeeded(&tried);
    // One browser, one session.
    if let Ok(AnyKey(former)) = former
        && former.record.session
    {
        app.engine.stores().keys.delete(former.record.hash).await?;
    }
    let by = (person.body.email.as_str(), Some(person.id.as_str()));
    documents.write(vec![done(&app, by, (Method::POST, "/session"), 200)?]).await?;
    signed_in(&app, &visitor, &person, StatusCode::OK).await
}

/// Signs out. Who is not signed in is signed out already.
pub(crate) async fn delete_session(
    State(app): State<App>,
    visitor: Visitor,
    key: Result<AnyKey, ApiError>,
) -> Result<Response, ApiError> {
    match key {
        Ok(AnyKey(key)) if key.record.session => {
            let by = (key.record.name.as_str(), key.record.creator_user_id.as_deref());
            let entry = done(&app, by, (Method::DELETE, "/session"), 204)?;
            app.engine.stores().documents.write(vec![entry]).await?;
            app.engine.stores().keys.delete(key.record.hash).await?;
            app.engine.keys().refresh(app.engine.now()).await?;
        }
        Ok(_) => {}
        Err(error) if error.is_unauthenticated() => {}
        Err(error) => return Err(error),
    }
    let mut response = untold(StatusCode::NO_CONTENT, ());
    response.headers_mut().insert(SET_COOKIE, visitor.no_cookie(&app)?);
    Ok(response)
}

/// Signs in who has just proven who they are: the answer has the cookie.
async fn signed_in(
    app: &App,
    visitor: &Visitor,
    person: &Document<User>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    app.engine.refresh_organisation().await?;
    let secret = app.engine.begin_session(person).await?;
    let key = app.engine.keys().get(app.engine.keys().hash(&secret));
    let access = key.and_then(|key| app.engine.organisation().access(&key.record));
    let access = access.ok_or_else(|| {
        ApiError::new(ErrorType::Conflict, "Somebody has just changed this account. Try again")
    })?;
    let data = SessionView::for_access(app, &access);
    with_cookie(app, visitor, &secret, untold(status, Json(Data { data })))
}

/// An answer that signs somebody in.
pub(super) fn with_cookie(
    app: &App,
    visitor: &Visitor,
    secret: &ApiKey,
    mut response: Response,
) -> Result<Response, ApiError> {
    response.headers_mut().insert(SET_COOKIE, visitor.cookie(app, secret)?);
    Ok(response)
}

/// An answer that no cache keeps.
pub(super) fn untold(status: StatusCode, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl App {
    /// Counts a try of a password or a code.
    ///
    /// # Errors
    ///
    /// When there were too many.
    fn try_once(&self, all: &[Who]) -> Result<(), ApiError> {
        self.tries.take(all, self.engine.now()).map_err(|wait| {
            ApiError::too_many("Too many tries have failed. Wait before you try again", wait)
        })
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::too_many("Many are signing in. Try again", BUSY),
            PasswordError::NoEntropy(_) | PasswordError::Hash(_) | PasswordError::Interrupted => {
                Self::internal(&error)
            }
        }
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::NoEntropy(_) => Self::internal(&error),
        }
    }
}
