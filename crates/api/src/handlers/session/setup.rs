//! `POST /setup`: the first owner of an installation comes.

use std::sync::atomic::Ordering;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use serde::Deserialize;
use tollgate_engine::{Secret, awaits_setup, password_change};
use tollgate_organisation::{Password, Role, SetUp, User};
use tollgate_store::{Document, StoreError};
use tollgate_wire::error::ErrorType;

use super::signed_in;
use crate::audit::done;
use crate::body::UnnotedBody;
use crate::error::ApiError;
use crate::router::App;
use crate::session::Visitor;
use crate::tries::Who;

#[derive(Deserialize)]
pub(crate) struct FirstOwner {
    email: String,
    password: String,
    first_name: Option<String>,
    last_name: Option<String>,
    code: Option<String>,
}

/// Makes the first owner and signs them in. Whoever is not on the machine itself shows by the code
/// that they can see its log: a gateway that has just been started somewhere must not be anybody's.
pub(crate) async fn set_up(
    State(app): State<App>,
    visitor: Visitor,
    UnnotedBody(wanted): UnnotedBody<FirstOwner>,
) -> Result<Response, ApiError> {
    visitor.refuse_other_pages()?;
    if !app.awaits_setup().await? {
        return Err(is_set_up());
    }
    if !visitor.is_local {
        check_code(&app, &visitor, wanted.code.as_deref())?;
    }
    Password::check("password", &wanted.password)?;
    let now = app.engine.now();
    let names = (wanted.first_name.as_deref(), wanted.last_name.as_deref());
    let user = User::new(&wanted.email, names, Role::Owner, now)?;
    let hash = app.engine.passwords().hash(Secret::new(wanted.password)).await?;
    let documents = &app.engine.stores().documents;
    // Somebody may have come by an invitation, to whom this gives no more than to anybody.
    let (person, change) = if let Some(known) = documents.named::<User>(&user.email).await? {
        let body = User { role: Role::Owner, updated_at: Some(now), ..known.body.clone() };
        let person = Document { body, ..known };
        let change = person.replacement(now)?;
        (person, change)
    } else {
        let id = app.engine.new_id().map_err(|error| ApiError::internal(&error))?;
        let email = user.email.clone();
        let person = Document::new(id, user, now).called(email);
        let change = person.insertion()?;
        (person, change)
    };
    let password = password_change(app.engine.stores(), &person.id, hash, now).await?;
    let mark = SetUp { user_id: person.id.clone(), at: now }.document().insertion()?;
    let by = (person.body.email.as_str(), Some(person.id.as_str()));
    let entry = done(&app, by, (Method::POST, "/setup"), 201)?;
    // Of two who come at once, one has written the mark first.
    match documents.write(vec![mark, change, password, entry]).await {
        Err(StoreError::Conflict) => return Err(is_set_up()),
        outcome => outcome?,
    }
    app.is_set_up.store(true, Ordering::Relaxed);
    signed_in(&app, &visitor, &person, StatusCode::CREATED).await
}

fn is_set_up() -> ApiError {
    ApiError::new(ErrorType::Conflict, "This installation is set up already. Sign in")
}

fn check_code(app: &App, visitor: &Visitor, given: Option<&str>) -> Result<(), ApiError> {
    let Some(given) = given.filter(|it| !it.trim().is_empty()) else {
        return Err(ApiError::forbidden(
            "code: Required from another machine. The log of the gateway has it, printed at its start",
        ));
    };
    let tried = [Who::at(visitor.address)];
    app.try_once(&tried)?;
    let plain = |code: &str| {
        code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    };
    let (given, expected) = (plain(given), plain(&app.engine.setup_code()));
    if verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_err() {
        return Err(ApiError::forbidden(
            "code: This is not the code that the gateway has printed at its start",
        ));
    }
    app.tries.succeeded(&tried);
    Ok(())
}

impl App {
    /// Whether the installation waits for its first owner. Once it has one it never does again.
    pub(super) async fn awaits_setup(&self) -> Result<bool, ApiError> {
        if self.is_set_up.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let awaits = awaits_setup(self.engine.stores()).await?;
        if !awaits {
            self.is_set_up.store(true, Ordering::Relaxed);
        }
        Ok(awaits)
    }
}
