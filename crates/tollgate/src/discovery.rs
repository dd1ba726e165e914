//! Local servers say themselves what they serve: Ollama, llama.cpp, vLLM and the like.
//!
//! A `[[provider]]` row that is local and has no endpoints of its own is asked for its models, so
//! that three lines of configuration are enough. What runs on one's own machine is free.

use std::collections::BTreeMap;
use std::time::Duration;

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
        if let Some(models) = ask(provider, access, upstream).await {
            tracing::info!(provider = %provider.slug, models = models.len(), "local models found");
            for model in models.into_iter().take(MODELS_MAX) {
                add(&mut found, provider, model);
            }
        } else {
            tracing::warn!(provider = %provider.slug, base_url = access.base_url, "a local provider does not answer");
            keep(&mut found, provider, before);
        }
    }
    found
}

async fn ask(
    provider: &Provider,
    access: &Access,
    upstream: &Upstream,
) -> Option<Vec<ListedModel>> {
    let adapter = adapter(provider.protocol.as_str())?;
    let target = Target {
        base_url: &access.base_url,
        upstream_model: "",
        credential: access.key(),
        max_output: None,
        supported_parameters: &[],
        auth: provider.quirks.auth.unwrap_or_else(|| adapter.auth()),
        quirks: &provider.quirks,
    };
    let request = adapter.probe(&target).ok()?;
    let response = upstream.send(request, PATIENCE).await.ok()?;
    let body = tokio::time::timeout(PATIENCE, read_bounded(response.into_body(), BYTES_MAX));
    let list: ModelList = serde_json::from_slice(&body.await.ok()?.ok()?).ok()?;
    Some(list.data)
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
