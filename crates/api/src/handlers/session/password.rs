//! `PUT /session/password`: somebody changes their own.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use tollgate_engine::{Secret, end_sessions, password_change};
use tollgate_organisation::Password;

use super::untold;
use crate::auth::Oneself;
use crate::body::UnnotedBody;
use crate::error::ApiError;
use crate::router::App;
use crate::session::Visitor;
use crate::tries::Who;

#[derive(Deserialize)]
pub(crate) struct PasswordChange {
    current: String,
    new: String,
}

/// Changes somebody's own password. Wherever else they are signed in they are signed out.
pub(crate) async fn change_password(
    State(app): State<App>,
    visitor: Visitor,
    oneself: Oneself,
    UnnotedBody(change): UnnotedBody<PasswordChange>,
) -> Result<Response, ApiError> {
    let (now, stores, id) = (app.engine.now(), app.engine.stores(), &oneself.person.id);
    let tried = [Who::at(visitor.address), Who::named(&oneself.person.body.email)];
    app.try_once(&tried)?;
    let kept = stores.documents.load::<Password>(id).await?.map(|it| it.body.hash);
    if !app.engine.passwords().is(Secret::new(change.current), kept).await? {
        return Err(ApiError::forbidden("current: This is not your password"));
    }
    app.tries.succeeded(&tried);
    Password::check("new", &change.new)?;
    let hash = app.engine.passwords().hash(Secret::new(change.new)).await?;
    let change = password_change(stores, id, hash, now).await?;
    stores.documents.write(vec![change]).await?;
    end_sessions(stores, id, Some(oneself.key.record.hash)).await?;
    app.engine.keys().refresh(now).await?;
    Ok(untold(StatusCode::NO_CONTENT, ()))
}
