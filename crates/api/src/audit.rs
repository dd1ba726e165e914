//! The log of administrative acts: entered before a handler runs, completed behind it.
//!
//! [`Manager`](crate::auth::Manager) enters the act, once it knows who acts and that they may; the
//! layer [`audited`], which every management route has, completes the entry with the answer's
//! status. What bodies asked for comes from [`JsonBody`](crate::body::JsonBody), without secrets.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{Extensions, Method};
use parking_lot::Mutex;
use tollgate_engine::KeyEntry;
use tollgate_organisation::{Access, AuditEntry, redact};
use tollgate_store::{Document, DocumentChange};
use tollgate_types::Chain;

use crate::error::ApiError;
use crate::router::App;

/// The entry of the act that a request is, once it has begun.
#[derive(Debug, Clone, Default)]
struct Trail(Arc<Mutex<Option<Document<AuditEntry>>>>);

/// Completes the entry of an act. For every route that management keys are for.
pub(crate) async fn audited(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if is_look(request.method()) {
        return next.run(request).await;
    }
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    let response = next.run(request).await;
    let begun = trail.0.lock().take();
    if let Some(mut entry) = begun {
        entry.body.outcome = Some(response.status().as_u16());
        let written = match entry.replacement(app.engine.now()) {
            Ok(change) => app.engine.stores().documents.write(vec![change]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(entry = entry.id, error = %Chain(&error), "an act's outcome can't be entered");
        }
    }
    response
}

/// Whether a request changes nothing.
pub(crate) fn is_look(method: &Method) -> bool {
    method.is_safe()
}

/// Enters an act that somebody may do, before it is done.
///
/// # Errors
///
/// When it can't be entered: then it must not be done.
pub(crate) async fn enter(
    app: &App,
    parts: &Parts,
    route: &str,
    (key, access): (&KeyEntry, &Access),
) -> Result<(), ApiError> {
    let Some(trail) = parts.extensions.get::<Trail>() else { return Ok(()) };
    let now = app.engine.now();
    let random = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
    let entry = AuditEntry {
        at: now,
        user_id: access.user_id.clone(),
        key_hash: Some(key.record.hash.to_hex()),
        actor: key.record.name.clone(),
        action: format!("{} {}", parts.method, route.trim_start_matches("/api/v1")),
        target: parts.uri.path().to_owned(),
        details: None,
        outcome: None,
    };
    let document = Document::new(AuditEntry::id(now, &random), entry, now);
    app.engine.stores().documents.write(vec![document.insertion()?]).await?;
    *trail.0.lock() = Some(document);
    Ok(())
}

/// The step that enters an act, such as `POST /auth/keys`, which nobody with a management key does:
/// it happens, or fails, together with the others of its write.
///
/// # Errors
///
/// When the system has no random bytes.
pub(crate) fn done(
    app: &App,
    (actor, user_id): (&str, Option<&str>),
    (method, route): (Method, &str),
    status: u16,
) -> Result<DocumentChange, ApiError> {
    let now = app.engine.now();
    let random = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
    let entry = AuditEntry {
        at: now,
        user_id: user_id.map(str::to_owned),
        key_hash: None,
        actor: actor.to_owned(),
        action: format!("{method} {route}"),
        target: format!("/api/v1{route}"),
        details: None,
        outcome: Some(status),
    };
    Ok(Document::new(AuditEntry::id(now, &random), entry, now).insertion()?)
}

/// Notes what an act asks for, without secrets.
pub(crate) fn note(extensions: &Extensions, body: &[u8]) {
    let Some(trail) = extensions.get::<Trail>() else { return };
    if let Some(entry) = trail.0.lock().as_mut() {
        entry.body.details = serde_json::from_slice(body).ok().map(redact);
    }
}
