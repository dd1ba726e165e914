//! Who calls: an inference key or a management key, as extractors.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tollgate_engine::KeyEntry;
use tollgate_types::ApiKey;

use crate::error::ApiError;
use crate::router::App;

/// Any valid key.
#[derive(Debug)]
pub(crate) struct AnyKey(pub(crate) Arc<KeyEntry>);

/// A key that may call models.
#[derive(Debug)]
pub(crate) struct InferenceKey(pub(crate) Arc<KeyEntry>);

/// A key that may manage.
#[derive(Debug)]
pub(crate) struct ManagementKey;

impl FromRequestParts<App> for AnyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = key_of(&parts.headers);
        Ok(Self(app.engine.authenticate(key.as_ref()).await?))
    }
}

impl FromRequestParts<App> for InferenceKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyKey(key) = AnyKey::from_request_parts(parts, app).await?;
        if key.record.management {
            return Err(ApiError::forbidden(
                "A management key can't call models. Create an inference key with POST /api/v1/keys",
            ));
        }
        Ok(Self(key))
    }
}

impl FromRequestParts<App> for ManagementKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyKey(key) = AnyKey::from_request_parts(parts, app).await?;
        if !key.record.management {
            return Err(ApiError::forbidden(
                "Only management keys can perform this operation. Create one with `tollgate keys create --management`",
            ));
        }
        Ok(Self)
    }
}

/// `Authorization: Bearer …` (contract §0), or `x-api-key`, which Anthropic's clients send.
fn key_of(headers: &HeaderMap) -> Option<ApiKey> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|it| {
        let (scheme, key) = it.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let api_key = || headers.get("x-api-key").and_then(|value| value.to_str().ok());
    bearer.or_else(api_key).filter(|key| !key.is_empty()).map(ApiKey::from_text)
}
