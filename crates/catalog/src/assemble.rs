//! Making providers, models and endpoints of checked rows.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_types::{ModelSlug, MoneyError, ProviderSlug, SlugError};

use crate::check::{OverlayError, Problem};
use crate::endpoint::{Endpoint, EndpointId, Service};
use crate::format::{EndpointEntry, ModelEntry, Overlay, ProviderEntry};
use crate::model::{Architecture, Model};
use crate::price::Price;
use crate::provider::{Provider, Quirks};
use crate::tiers;
use crate::vocabulary::Modality;

/// What a catalogue holds, models newest first and each with its endpoints.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) providers: Vec<Arc<Provider>>,
    pub(crate) models: Vec<Arc<Model>>,
    pub(crate) endpoints: Vec<Vec<Arc<Endpoint>>>,
}

/// What a model that writes text takes when its row doesn't say: whatever an OpenAI-compatible
/// server usually takes. They are parameters of conversations, so that any other model takes none.
const USUAL_PARAMETERS: [&str; 22] = [
    "frequency_penalty",
    "include_reasoning",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "min_p",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "seed",
    "stop",
    "structured_outputs",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
];

pub(crate) fn assemble(rows: &Overlay) -> Result<Parts, Vec<OverlayError>> {
    let mut errors = Vec::new();
    let mut by_slug = HashMap::new();
    let mut parts = Parts::default();
    for row in &rows.providers {
        match provider(row) {
            Ok(provider) => {
                let provider = Arc::new(provider);
                by_slug.insert(row.slug.as_str(), Arc::clone(&provider));
                parts.providers.push(provider);
            }
            Err(problem) => errors.push(at(format!("provider {}", row.slug), problem)),
        }
    }
    let mut sorted: Vec<&ModelEntry> = rows.models.iter().collect();
    sorted.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    for row in sorted {
        match model(row).and_then(|model| with_endpoints(model, row, &by_slug)) {
            Ok((model, endpoints)) => {
                parts.models.push(model);
                parts.endpoints.push(endpoints);
            }
            Err(problem) => errors.push(at(format!("model {}", row.id), problem)),
        }
    }
    serve_aliases(&mut parts);
    if errors.is_empty() { Ok(parts) } else { Err(errors) }
}

/// Gives every moving name the endpoints of its target.
fn serve_aliases(parts: &mut Parts) {
    let position: HashMap<ModelSlug, usize> =
        parts.models.iter().enumerate().map(|(at, model)| (model.id.clone(), at)).collect();
    for (at, model) in parts.models.iter().enumerate() {
        let target = model.alias_target.as_ref().and_then(|target| position.get(target));
        let Some(served) = target.and_then(|target| parts.endpoints.get(*target)) else { continue };
        let renamed = served.iter().map(|endpoint| {
            let (provider, suffix) = (endpoint.provider.slug.as_str(), endpoint.suffix.as_deref());
            let id = EndpointId::new(provider, model.id.as_str(), suffix);
            Arc::new(Endpoint { id, model: Arc::clone(model), ..Endpoint::clone(endpoint) })
        });
        let renamed = renamed.collect();
        if let Some(endpoints) = parts.endpoints.get_mut(at) {
            *endpoints = renamed;
        }
    }
}

fn provider(row: &ProviderEntry) -> Result<Provider, Problem> {
    let base_url = row.base_url.as_deref().unwrap_or_default();
    Ok(Provider {
        slug: ProviderSlug::parse(&row.slug).map_err(|error| bad_name(&row.slug, &error))?,
        name: row.name.clone().unwrap_or_else(|| row.slug.clone()),
        aliases: row.aliases.clone().unwrap_or_default(),
        protocol: row.protocol.clone().ok_or(Problem::Missing("protocol"))?,
        base_url: base_url.trim_end_matches('/').to_owned(),
        env: row.env.clone().unwrap_or_default(),
        quirks: row.quirks.as_ref().map_or_else(Quirks::default, |q| Quirks::default().with(q)),
        local: row.local.unwrap_or(false),
        builtin: row.builtin.unwrap_or(false),
        reseller: row.reseller.unwrap_or(false),
        doc: row.doc.clone(),
        region: row.region.clone(),
        headquarters: row.headquarters.clone(),
        datacenters: row.datacenters.clone().unwrap_or_default(),
        privacy_policy_url: row.privacy_policy_url.clone(),
        terms_of_service_url: row.terms_of_service_url.clone(),
        status_page_url: row.status_page_url.clone(),
        data_policy: row.data_policy.unwrap_or_default(),
    })
}

fn model(row: &ModelEntry) -> Result<Model, Problem> {
    let slug = |text: &str| ModelSlug::parse(text).map_err(|error| bad_name(text, &error));
    let text = || vec![Modality::Text];
    let writes_text = row.output.as_ref().is_none_or(|output| output.contains(&Modality::Text));
    let usual = || {
        let names = USUAL_PARAMETERS.iter().filter(|_| writes_text);
        names.map(|&name| name.to_owned()).collect()
    };
    Ok(Model {
        id: slug(&row.id)?,
        canonical_slug: row.canonical_slug.clone().unwrap_or_else(|| row.id.clone()),
        alias_target: row.alias_target.as_deref().map(slug).transpose()?,
        aliases: row.aliases.clone().unwrap_or_default(),
        name: row.name.clone().unwrap_or_else(|| row.id.clone()),
        description: row.description.clone().unwrap_or_default(),
        created: row.created.unwrap_or(0),
        context_length: row.context_length,
        max_output: row.max_output,
        architecture: Architecture {
            input_modalities: row.input.clone().unwrap_or_else(text),
            output_modalities: row.output.clone().unwrap_or_else(text),
            tokenizer: row.tokenizer.clone().unwrap_or_else(|| "Other".to_owned()),
            instruct_type: row.instruct_type.clone(),
        },
        hugging_face_id: row.hugging_face_id.clone(),
        knowledge_cutoff: row.knowledge_cutoff.clone(),
        expiration_date: row.expiration_date.clone(),
        is_moderated: row.is_moderated.unwrap_or(false),
        distillable: row.distillable,
        coding_score: row.coding_score,
        supported_parameters: row.supported_parameters.clone().unwrap_or_else(usual).into(),
        default_parameters: row.default_parameters,
    })
}

type Served = (Arc<Model>, Vec<Arc<Endpoint>>);

fn with_endpoints(
    model: Model,
    row: &ModelEntry,
    providers: &HashMap<&str, Arc<Provider>>,
) -> Result<Served, Problem> {
    let model = Arc::new(model);
    let mut endpoints = Vec::with_capacity(row.endpoints.len());
    let mut of_tiers = Vec::new();
    for row in &row.endpoints {
        let unknown = || Problem::UnknownProvider { name: row.provider.clone(), nearest: None };
        let provider = providers.get(row.provider.as_str()).ok_or_else(unknown)?;
        let endpoint = endpoint(&model, provider, row)?;
        tiers::of_row(row, &endpoint, &mut of_tiers)?;
        endpoints.push(endpoint);
    }
    tiers::join(&mut endpoints, of_tiers);
    Ok((model, endpoints.into_iter().map(Arc::new).collect()))
}

fn endpoint(
    model: &Arc<Model>,
    provider: &Arc<Provider>,
    row: &EndpointEntry,
) -> Result<Endpoint, Problem> {
    let (slug, suffix) = (provider.slug.as_str(), row.suffix.as_deref());
    let upstream_model = row.upstream_model.as_deref().unwrap_or_else(|| model.id.name());
    let architecture = &model.architecture;
    let or_models = |own: &Option<Vec<Modality>>, models: &Vec<Modality>| {
        own.as_ref().unwrap_or(models).clone()
    };
    let price = row.price.as_ref().map(Price::from_entry).transpose();
    Ok(Endpoint {
        id: EndpointId::new(slug, model.id.as_str(), suffix),
        model: Arc::clone(model),
        provider: Arc::clone(provider),
        suffix: row.suffix.clone(),
        upstream_model: upstream_model.to_owned(),
        protocol: row.protocol.clone().unwrap_or_else(|| provider.protocol.clone()),
        context_length: row.context_length.or(model.context_length),
        max_output: row.max_output.or(model.max_output),
        price: price.map_err(|error| bad_price(&error))?,
        supported_parameters: parameters(model, row),
        input_modalities: or_models(&row.input, &architecture.input_modalities),
        output_modalities: or_models(&row.output, &architecture.output_modalities),
        region: row.region.as_ref().or(provider.region.as_ref()).cloned(),
        quantization: row.quantization.clone(),
        service: Service::default(),
        own_key: None,
    })
}

/// The endpoint's own list, or the model's with the differences applied; shared when equal.
fn parameters(model: &Model, row: &EndpointEntry) -> Arc<[String]> {
    let (with, without) = (row.with_parameters.as_deref(), row.without_parameters.as_deref());
    if row.supported_parameters.is_none() && with.is_none() && without.is_none() {
        return Arc::clone(&model.supported_parameters);
    }
    let base = row.supported_parameters.as_deref().unwrap_or(&model.supported_parameters);
    let dropped = |name: &&String| without.is_some_and(|names| names.contains(*name));
    let mut names: Vec<String> =
        base.iter().chain(with.unwrap_or_default()).filter(|n| !dropped(n)).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names.into()
}

fn at(place: String, problem: Problem) -> OverlayError {
    OverlayError { place, problem }
}

pub(crate) fn bad_price(error: &MoneyError) -> Problem {
    Problem::BadDecimal { text: error.to_string(), places: 6 }
}

fn bad_name(text: &str, error: &SlugError) -> Problem {
    // Checked before; kept so that no row is dropped silently.
    debug_assert!(false, "{error}");
    Problem::BadName { text: text.to_owned(), why: "see the other names" }
}
