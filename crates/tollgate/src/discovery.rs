//! Local servers say themselves what they serve: Ollama, llama.cpp, vLLM and the like.
//!
//! A `[[provider]]` row that is local and has no endpoints of its own is asked for its models, so
//! that three lines of configuration are enough. What runs on one's own machine is free.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use tollgate_catalog::{EndpointEntry, ModelEntry, Overlay, PriceEntry, Provider, Rate};
use tollgate_engine::{Access, Installation};
use tollgate_providers::{Target, adapter};
use tollgate_upstream::{Upstream, read_bounded};

/// How long a local server may take; it is near.
const PATIENCE: Duration = Duration::from_secs(2);
const BYTES_MAX: usize = 4 * 1024 * 1024;
const MODELS_MAX: usize = 1_000;

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
    /// vLLM's name for the context length.
    max_model_len: Option<u64>,
}

/// Asks every local provider of the installation that has no models yet. One that does not answer
/// keeps what it had `before`.
pub(crate) async fn discover(
    installation: &Installation,
    upstream: &Upstream,
    before: &Overlay,
) -> Overlay {
    let mut found = Overlay::default();
    for provider in installation.known().providers() {
        let Some(access) = installation.access(&provider.slug) else { continue };
        let has_endpoints =
            installation.known().all_endpoints().any(|it| it.provider.slug == provider.slug);
        if !provider.local || has_endpoints {
            continue;
        }
        match ask(provider, access, upstream).await {
            Ok(models) => {
                tracing::info!(provider = %provider.slug, models = models.len(), "local models found");
                for model in models.into_iter().take(MODELS_MAX) {
                    add(&mut found, provider, model);
                }
            }
            Err(reason) => {
                tracing::warn!(provider = %provider.slug, base_url = access.base_url, "{reason}");
                keep(&mut found, provider, before);
            }
        }
    }
    found
}

/// Why a local provider's models are not known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unlisted {
    #[error("a local provider speaks a protocol that has no list of models")]
    NoList,
    #[error("a local provider does not answer")]
    Silent,
    #[error("a local provider refuses its key: it is wrong or expired")]
    KeyRefused,
    #[error("a local provider wants a key and none is set: add api_key to its row")]
    KeyMissing,
    #[error("a local provider answers {0} instead of a list of its models")]
    Failed(StatusCode),
    #[error("a local provider's list of models can't be understood")]
    Malformed,
}

impl Unlisted {
    /// What an answer's status says, unless it is a good one.
    fn of_status(status: StatusCode, has_key: bool) -> Option<Self> {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if has_key => Some(Self::KeyRefused),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(Self::KeyMissing),
            status if status.is_success() => None,
            status => Some(Self::Failed(status)),
        }
    }
}

async fn ask(
    provider: &Provider,
    access: &Access,
    upstream: &Upstream,
) -> Result<Vec<ListedModel>, Unlisted> {
    let adapter = adapter(provider.protocol.as_str()).ok_or(Unlisted::NoList)?;
    let target = Target {
        base_url: &access.base_url,
        upstream_model: "",
        credential: access.key(),
        max_output: None,
        supported_parameters: &[],
        auth: provider.quirks.auth.unwrap_or_else(|| adapter.auth()),
        quirks: &provider.quirks,
        service: tollgate_catalog::Service::default(),
    };
    let request = adapter.probe(&target).map_err(|_| Unlisted::NoList)?;
    let response = upstream.send(request, PATIENCE).await.map_err(|_| Unlisted::Silent)?;
    if let Some(reason) = Unlisted::of_status(response.status(), access.credential.is_some()) {
        return Err(reason);
    }
    let body = tokio::time::timeout(PATIENCE, read_bounded(response.into_body(), BYTES_MAX));
    let body = body.await.map_err(|_| Unlisted::Silent)?.map_err(|_| Unlisted::Silent)?;
    let list: ModelList = serde_json::from_slice(&body).map_err(|_| Unlisted::Malformed)?;
    Ok(list.data)
}

fn keep(found: &mut Overlay, provider: &Provider, before: &Overlay) {
    let is_its = |row: &&EndpointEntry| row.provider == provider.slug.as_str();
    for row in before.endpoints.iter().filter(is_its) {
        let model = before.models.iter().find(|model| Some(&model.id) == row.model.as_ref());
        found.models.extend(model.cloned());
        found.endpoints.push(row.clone());
    }
}

fn add(found: &mut Overlay, provider: &Provider, listed: ListedModel) {
    let id = format!("{}/{}", provider.slug, listed.id.replace(char::is_whitespace, "-"));
    if tollgate_types::ModelSlug::parse(&id).is_err() {
        return;
    }
    found.models.push(ModelEntry {
        id: id.clone(),
        name: Some(format!("{}: {}", provider.name, listed.id)),
        context_length: listed.max_model_len,
        ..ModelEntry::default()
    });
    let free = || "0".to_owned();
    found.endpoints.push(EndpointEntry {
        model: Some(id),
        provider: provider.slug.to_string(),
        upstream_model: Some(listed.id),
        price: Some(PriceEntry {
            rates: BTreeMap::from([(Rate::Input, free()), (Rate::Output, free())]),
            free: true,
            source: Some("own machine".to_owned()),
            ..PriceEntry::default()
        }),
        ..EndpointEntry::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_is_not_silence() {
        for (status, has_key, expected) in [
            (200, false, None),
            (204, true, None),
            (401, true, Some(Unlisted::KeyRefused)),
            (403, true, Some(Unlisted::KeyRefused)),
            (401, false, Some(Unlisted::KeyMissing)),
            (404, true, Some(Unlisted::Failed(StatusCode::NOT_FOUND))),
            (500, false, Some(Unlisted::Failed(StatusCode::INTERNAL_SERVER_ERROR))),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Unlisted::of_status(status, has_key), expected, "{status} {has_key}");
        }
    }
}
