//! Who calls: an inference key or a management key, as extractors.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use http::header::AUTHORIZATION;
use http::request::Parts;
use tollgate_engine::{AuthError, KeyEntry};
use tollgate_organisation::{Access, Area, User};
use tollgate_store::Document;
use tollgate_types::ApiKey;
use tollgate_wire::error::ErrorType;

use crate::audit::{enter, is_look};
use crate::error::ApiError;
use crate::router::App;
use crate::{address, region, session};

/// Any valid key, or that of the session whose cookie is sent where no key is.
#[derive(Debug)]
pub(crate) struct AnyKey(pub(crate) Arc<KeyEntry>);

/// A key that may call models, and the region that what it calls must be processed in, if the
/// request's host says that it must be in one (contract §5.10). Together, so that no route that
/// calls models can forget it.
#[derive(Debug)]
pub(crate) struct InferenceKey(pub(crate) Arc<KeyEntry>, pub(crate) Option<String>);

/// A key that may manage, for routes that are about no workspace in particular.
#[derive(Debug)]
pub(crate) struct ManagementKey(pub(crate) Arc<KeyEntry>);

/// A key that may manage what the route is about, and how far. An act that changes something is
/// entered in the log by then.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) key: Arc<KeyEntry>,
    pub(crate) access: Access,
}

impl FromRequestParts<App> for AnyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = key_of(parts);
        if key.is_none()
            && let Some(secret) = session::secret_of(&parts.headers)
        {
            return signed_in(parts, app, &secret).await.map(Self);
        }
        sent(parts, app, key).await.map(Self)
    }
}

/// The key that was sent. What is in a cookie is taken as a cookie only, which says whose page asks.
async fn sent(parts: &Parts, app: &App, key: Option<ApiKey>) -> Result<Arc<KeyEntry>, ApiError> {
    let address = address::of(parts, &app.config.trusted_proxies);
    let key = app.engine.authenticate(key.as_ref(), address).await?;
    if key.record.session {
        return Err(AuthError::Unknown.into());
    }
    Ok(key)
}

/// The key behind a session.
async fn signed_in(parts: &Parts, app: &App, secret: &ApiKey) -> Result<Arc<KeyEntry>, ApiError> {
    session::of_own_page(parts, app)?;
    let address = address::of(parts, &app.config.trusted_proxies);
    match app.engine.authenticate(Some(secret), address).await {
        Ok(key) if key.record.session => Ok(key),
        Err(AuthError::Unavailable) => Err(AuthError::Unavailable.into()),
        Ok(_) | Err(_) => {
            Err(ApiError::new(ErrorType::Authentication, "You are signed out. Sign in again"))
        }
    }
}

impl FromRequestParts<App> for InferenceKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = key_of(parts);
        if key.is_none() && session::secret_of(&parts.headers).is_some() {
            return Err(ApiError::forbidden(
                "Being signed in calls no models. Send a key: POST /api/v1/session/playground-key makes one of yours",
            ));
        }
        let key = sent(parts, app, key).await?;
        if key.record.management {
            return Err(ApiError::forbidden(
                "A management key can't call models. Create an inference key with POST /api/v1/keys",
            ));
        }
        Ok(Self(key, region::of(parts, &app.config.region_hosts)))
    }
}

impl FromRequestParts<App> for ManagementKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Manager { key, .. } = Manager::from_request_parts(parts, app).await?;
        Ok(Self(key))
    }
}

impl FromRequestParts<App> for Manager {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyKey(key) = AnyKey::from_request_parts(parts, app).await?;
        if !key.record.management {
            return Err(ApiError::forbidden(
                "Only management keys can perform this operation. Create one with `tollgate keys create --management`",
            ));
        }
        let access = app.engine.organisation().access(&key.record).ok_or_else(gone)?;
        let path = parts.extensions.get::<MatchedPath>().cloned();
        let route = path.as_ref().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
        let looks = is_look(&parts.method) || is_question(route);
        // What is refused is entered, too: whoever tries what they may not is worth knowing.
        if !looks {
            enter(app, parts, route, (&key, &access)).await?;
        }
        if !access.may(area(route), !looks) {
            return Err(not_permitted(&access));
        }
        Ok(Self { key, access })
    }
}

/// A key that changes what belongs to its workspace rather than to the installation: presets, codes
/// for apps. The act is entered in the log.
#[derive(Debug)]
pub(crate) struct Acting(pub(crate) Arc<KeyEntry>);

impl FromRequestParts<App> for Acting {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyKey(key) = AnyKey::from_request_parts(parts, app).await?;
        // An inference key may bear any name for whose it is.
        let access = app.engine.organisation().access(&key.record);
        let access = match access {
            None if key.record.management => return Err(gone()),
            access => access.unwrap_or_else(Access::of_installation),
        };
        let path = parts.extensions.get::<MatchedPath>().cloned();
        let route = path.as_ref().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
        enter(app, parts, route, (&key, &access)).await?;
        if key.record.management && !access.may(Area::Routing, true) {
            return Err(not_permitted(&access));
        }
        Ok(Self(key))
    }
}

/// Somebody: signed in, or with a management key of theirs. For what is about themselves, which takes
/// no role. An act that changes something is entered in the log.
#[derive(Debug)]
pub(crate) struct Oneself {
    pub(crate) key: Arc<KeyEntry>,
    pub(crate) access: Access,
    pub(crate) person: Arc<Document<User>>,
}

impl FromRequestParts<App> for Oneself {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyKey(key) = AnyKey::from_request_parts(parts, app).await?;
        if !key.record.management {
            return Err(ApiError::forbidden("Sign in to do this: a key that calls models can't"));
        }
        let access = app.engine.organisation().access(&key.record).ok_or_else(gone)?;
        let path = parts.extensions.get::<MatchedPath>().cloned();
        let route = path.as_ref().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
        if !is_look(&parts.method) {
            enter(app, parts, route, (&key, &access)).await?;
        }
        let person = access.user_id.as_deref().and_then(|id| app.engine.organisation().user(id));
        let person = person.ok_or_else(|| {
            ApiError::forbidden("This key belongs to the installation, not to somebody. Sign in")
        })?;
        Ok(Self { key, access, person })
    }
}

/// What is told to the key of somebody who has left.
pub(crate) const GONE: &str = "This key belongs to somebody who is no longer a member here";

fn gone() -> ApiError {
    ApiError::forbidden(GONE)
}

pub(crate) fn not_permitted(access: &Access) -> ApiError {
    let role = access.role.as_str();
    ApiError::forbidden(format!(
        "Your role, {role}, does not permit this. Ask an owner or admin of this installation"
    ))
}

impl Manager {
    /// The workspace that is asked for, if it is open to them.
    ///
    /// # Errors
    ///
    /// When it is not. A workspace of others looks like none.
    pub(crate) fn reach(&self, workspace_id: &str) -> Result<(), ApiError> {
        if self.access.reaches(workspace_id) { Ok(()) } else { Err(no_such_workspace()) }
    }

    /// Refuses who only has workspaces of their own where something is about all of them.
    pub(crate) fn everywhere(&self, how: &str) -> Result<(), ApiError> {
        if self.access.is_everywhere() {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("Your role, member, sees its own workspaces only. {how}")))
    }
}

/// What a caller is told who asks for a workspace that is none, or is none of theirs.
pub(crate) fn no_such_workspace() -> ApiError {
    ApiError::not_found("Workspace not found")
}

/// Whether a route only asks, though what it asks is in a body.
fn is_question(route: &str) -> bool {
    route == "/api/v1/analytics/query"
}

/// What a management route is about. One that nobody has thought of is for those who manage people.
fn area(route: &str) -> Area {
    let path = route.strip_prefix("/api/v1/").unwrap_or(route);
    match path.split('/').next().unwrap_or_default() {
        "keys" => Area::Keys,
        "byok" | "provider-keys" => Area::OwnKeys,
        "credits" => Area::Money,
        "activity" | "alerts" | "analytics" | "events" | "logs" => Area::Usage,
        "workspaces" => Area::Workspaces,
        "routing" => Area::Routing,
        "audit" | "settings" => Area::Audit,
        _ => Area::People,
    }
}

/// `Authorization: Bearer …` (contract §0), or what other dialects' clients send: Anthropic's
/// `x-api-key`, Google's `x-goog-api-key` or the query's `key`.
fn key_of(parts: &Parts) -> Option<ApiKey> {
    let headers = &parts.headers;
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|it| {
        let (scheme, key) = it.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let named = || {
        let names = ["x-api-key", "x-goog-api-key"];
        names.iter().find_map(|name| headers.get(*name).and_then(|value| value.to_str().ok()))
    };
    let in_query = || {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        // There it is a filter.
        if ["/api/v1/logs", "/api/v1/events"].iter().any(|of| route.starts_with(of)) {
            return None;
        }
        let pairs = parts.uri.query()?.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == "key")
    };
    let key = bearer.or_else(named).or_else(|| in_query().map(|(_, key)| key));
    key.filter(|key| !key.is_empty()).map(ApiKey::from_text)
}
