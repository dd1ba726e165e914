//! Who calls: an inference key or a management key, as extractors.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tollgate_engine::KeyEntry;
use tollgate_types::ApiKey;

use crate::error::ApiError;
use crate::router::App;
use crate::{address, region};

/// Any valid key.
#[derive(Debug)]
pub(crate) struct AnyKey(pub(crate) Arc<KeyEntry>);

/// A key that may call models, and the region that what it calls must be processed in, if the
/// request's host says that it must be in one (contract §5.10). Together, so that no route that
/// calls models can forget it.
#[derive(Debug)]
pub(crate) struct InferenceKey(pub(crate) Arc<KeyEntry>, pub(crate) Option<String>);

/// A key that may manage.
#[derive(Debug)]
pub(crate) struct ManagementKey(pub(crate) Arc<KeyEntry>);

impl FromRequestParts<App> for AnyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = key_of(parts);
        let address = address::of(parts, &app.config.trusted_proxies);
        Ok(Self(app.engine.authenticate(key.as_ref(), address).await?))
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
        Ok(Self(key, region::of(parts, &app.config.region_hosts)))
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
        Ok(Self(key))
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
        let pairs = parts.uri.query()?.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == "key")
    };
    let key = bearer.or_else(named).or_else(|| in_query().map(|(_, key)| key));
    key.filter(|key| !key.is_empty()).map(ApiKey::from_text)
}
