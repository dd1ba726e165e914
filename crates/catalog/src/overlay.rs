//! Laying rows over rows.
//!
//! A row for something known changes only the keys it gives; any other row adds something.

use crate::check::{OverlayError, Problem, nearest};
use crate::format::{EndpointEntry, ModelEntry, Overlay, ProviderEntry, QuirksEntry};

/// The rows of `base` changed and extended by `over`, every endpoint inside its model.
pub(crate) fn merge(base: &Overlay, over: Overlay) -> Result<Overlay, Vec<OverlayError>> {
    let mut merged = base.clone();
    for row in over.providers {
        merge_provider(&mut merged, row);
    }
    for row in over.models {
        merge_model(&mut merged, row);
    }
    let mut errors = Vec::new();
    for row in over.endpoints {
        merge_endpoint(&mut merged, row).unwrap_or_else(|error| errors.push(error));
    }
    if errors.is_empty() { Ok(merged) } else { Err(errors) }
}

fn merge_provider(rows: &mut Overlay, new: ProviderEntry) {
    let known = rows.providers.iter_mut().find(|known| answers_to(known, &new.slug));
    let Some(known) = known else {
        let name = new.name.clone().unwrap_or_else(|| new.slug.clone());
        rows.providers.push(ProviderEntry { name: Some(name), ..new });
        return;
    };
    set(&mut known.name, new.name);
    set(&mut known.aliases, new.aliases);
    set(&mut known.protocol, new.protocol);
    set(&mut known.base_url, new.base_url);
    set(&mut known.env, new.env);
    set(&mut known.reseller, new.reseller);
    set(&mut known.local, new.local);
    set(&mut known.builtin, new.builtin);
    set(&mut known.doc, new.doc);
    set(&mut known.region, new.region);
    set(&mut known.headquarters, new.headquarters);
    set(&mut known.datacenters, new.datacenters);
    set(&mut known.privacy_policy_url, new.privacy_policy_url);
    set(&mut known.terms_of_service_url, new.terms_of_service_url);
    set(&mut known.status_page_url, new.status_page_url);
    if let Some(new) = new.data_policy {
        let policy = known.data_policy.get_or_insert_default();
        set(&mut policy.training, new.training);
        set(&mut policy.retains_prompts, new.retains_prompts);
        set(&mut policy.retention_days, new.retention_days);
    }
    if let Some(new) = new.quirks {
        merge_quirks(known.quirks.get_or_insert_default(), new);
    }
}

fn merge_quirks(known: &mut QuirksEntry, new: QuirksEntry) {
    set(&mut known.max_tokens_field, new.max_tokens_field);
    set(&mut known.reasoning_field, new.reasoning_field);
    set(&mut known.reasoning_style, new.reasoning_style);
    set(&mut known.efforts, new.efforts);
    set(&mut known.prefill, new.prefill);
    set(&mut known.operation_style, new.operation_style);
    set(&mut known.drop_params, new.drop_params);
    set(&mut known.stream_options, new.stream_options);
    set(&mut known.developer_role, new.developer_role);
    set(&mut known.structured_outputs, new.structured_outputs);
    set(&mut known.takes_image_urls, new.takes_image_urls);
    set(&mut known.takes_file_urls, new.takes_file_urls);
    set(&mut known.auth, new.auth);
    set(&mut known.extra_headers, new.extra_headers);
}

fn merge_model(rows: &mut Overlay, mut new: ModelEntry) {
    let endpoints = std::mem::take(&mut new.endpoints);
    let known = rows.models.iter_mut().position(|known| known.id.eq_ignore_ascii_case(&new.id));
    if known.is_none() {
        rows.models.push(ModelEntry { id: new.id.clone(), ..ModelEntry::default() });
    }
    let at = known.unwrap_or_else(|| rows.models.len().saturating_sub(1));
    let Overlay { providers, models, .. } = rows;
    let Some(known) = models.get_mut(at) else { return };
    set(&mut known.canonical_slug, new.canonical_slug);
    set(&mut known.alias_target, new.alias_target);
    set(&mut known.aliases, new.aliases);
    set(&mut known.name, new.name);
    set(&mut known.description, new.description);
    set(&mut known.created, new.created);
    set(&mut known.context_length, new.context_length);
    set(&mut known.max_output, new.max_output);
    set(&mut known.input, new.input);
    set(&mut known.output, new.output);
    set(&mut known.tokenizer, new.tokenizer);
    set(&mut known.instruct_type, new.instruct_type);
    set(&mut known.hugging_face_id, new.hugging_face_id);
    set(&mut known.knowledge_cutoff, new.knowledge_cutoff);
    set(&mut known.expiration_date, new.expiration_date);
    set(&mut known.is_moderated, new.is_moderated);
    set(&mut known.distillable, new.distillable);
    set(&mut known.coding_score, new.coding_score);
    set(&mut known.supported_parameters, new.supported_parameters);
    set(&mut known.default_parameters, new.default_parameters);
    for endpoint in endpoints {
        lay_endpoint(providers, known, endpoint);
    }
}

fn merge_endpoint(rows: &mut Overlay, mut new: EndpointEntry) -> Result<(), OverlayError> {
    let Some(id) = new.model.take() else {
        let place = format!("endpoint {}", new.provider);
        return Err(OverlayError { place, problem: Problem::Missing("model") });
    };
    let known = rows.models.iter().position(|known| known.id.eq_ignore_ascii_case(&id));
    let Some(model) = known.and_then(|at| rows.models.get_mut(at)) else {
        let nearest = nearest(&id, rows.models.iter().map(|known| known.id.as_str()));
        let nearest = nearest.map(str::to_owned);
        let place = format!("endpoint {} of {id}", new.provider);
        return Err(OverlayError { place, problem: Problem::UnknownModel { name: id, nearest } });
    };
    lay_endpoint(&rows.providers, model, new);
    Ok(())
}

fn lay_endpoint(providers: &[ProviderEntry], model: &mut ModelEntry, mut new: EndpointEntry) {
    if let Some(provider) = providers.iter().find(|known| answers_to(known, &new.provider)) {
        new.provider.clone_from(&provider.slug);
    }
    let same =
        |known: &&mut EndpointEntry| known.provider == new.provider && known.suffix == new.suffix;
    let Some(known) = model.endpoints.iter_mut().find(same) else {
        model.endpoints.push(new);
        return;
    };
    set(&mut known.upstream_model, new.upstream_model);
    set(&mut known.protocol, new.protocol);
    set(&mut known.region, new.region);
    set(&mut known.quantization, new.quantization);
    set(&mut known.context_length, new.context_length);
    set(&mut known.max_output, new.max_output);
    set(&mut known.input, new.input);
    set(&mut known.output, new.output);
    set(&mut known.supported_parameters, new.supported_parameters);
    set(&mut known.with_parameters, new.with_parameters);
    set(&mut known.without_parameters, new.without_parameters);
    // A price is taken whole: rates of two sources don't mix.
    set(&mut known.price, new.price);
    set(&mut known.service_tiers, new.service_tiers);
}

/// Whether a provider is known by this name.
fn answers_to(provider: &ProviderEntry, name: &str) -> bool {
    let mut names = std::iter::once(&provider.slug).chain(provider.aliases.iter().flatten());
    names.any(|known| known.eq_ignore_ascii_case(name))
}

fn set<T>(known: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *known = new;
    }
}

#[cfg(test)]
mod tests;
