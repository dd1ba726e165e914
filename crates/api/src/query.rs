//! Query strings, with their errors in the contract's envelope.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::router::App;

/// Which page of a list (contract §1.3, §1.6).
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Page {
    /// How many to pass over.
    #[serde(default)]
    pub(crate) offset: usize,
    /// How many at most.
    #[serde(default = "usual")]
    pub(crate) limit: usize,
}

const PAGE_MAX: usize = 100;

const fn usual() -> usize {
    50
}

impl Page {
    /// A page that is not too long.
    pub(crate) fn checked(self) -> Result<Self, ApiError> {
        if (1..=PAGE_MAX).contains(&self.limit) {
            return Ok(self);
        }
        Err(ApiError::bad_request(format!("limit: Expected 1 to {PAGE_MAX}")))
    }
}

/// Refuses `offset` where pages go by `before`: it would leave out or repeat what is entered
/// meanwhile, and who sends it must not take the first page for another.
pub(crate) fn no_offset(said: Option<&str>) -> Result<(), ApiError> {
    if said.is_none() {
        return Ok(());
    }
    Err(ApiError::bad_request("offset: Not known here. Send `next` of the page before as `before`"))
}

/// The query string as a value.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let text = rejection.body_text();
                let reason = text.rsplit("query string: ").next().unwrap_or_default();
                Err(ApiError::bad_request(format!("Invalid query string: {reason}")))
            }
        }
    }
}
