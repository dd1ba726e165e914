//! Models and endpoints as the public catalogue shows them (contract §7).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tollgate_catalog::{
    Catalog, DefaultParameters, Endpoint, EndpointId, Listing, ListingOverride, Modality, Model,
};
use tollgate_engine::{Percentiles, Report, RouterModel};

/// A model (§7.1).
#[derive(Debug, Serialize)]
pub(crate) struct ModelView {
    id: String,
    canonical_slug: String,
    hugging_face_id: Option<String>,
    name: String,
    created: i64,
    description: String,
    context_length: Option<u64>,
    architecture: ArchitectureView,
    pricing: PricingView,
    top_provider: TopProvider,
    per_request_limits: Option<()>,
    supported_parameters: Vec<String>,
    default_parameters: Option<DefaultParametersView>,
    supported_voices: Option<()>,
    knowledge_cutoff: Option<String>,
    expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_target: Option<AliasTarget>,
    links: Links,
}

#[derive(Debug, Serialize)]
pub(crate) struct ArchitectureView {
    modality: String,
    input_modalities: Vec<&'static str>,
    output_modalities: Vec<&'static str>,
    tokenizer: String,
    instruct_type: Option<String>,
}

#[derive(Debug, Serialize)]
struct TopProvider {
    context_length: Option<u64>,
    max_completion_tokens: Option<u64>,
    is_moderated: bool,
}

#[derive(Debug, Serialize)]
struct DefaultParametersView {
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u64>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    repetition_penalty: Option<f64>,
}

#[derive(Debug, Serialize)]
struct AliasTarget {
    slug: String,
}

#[derive(Debug, Serialize)]
struct Links {
    details: String,
}

/// `pricing`: decimal strings per single unit. Empty for what has no price.
#[derive(Debug)]
pub(crate) struct PricingView(Option<Listing>);

impl Serialize for PricingView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(listing) = &self.0 {
            for (key, price) in &listing.prices {
                map.serialize_entry(key, price)?;
            }
            if !listing.overrides.is_empty() {
                let overrides: Vec<_> = listing.overrides.iter().map(OverrideView).collect();
                map.serialize_entry("overrides", &overrides)?;
            }
        }
        map.end()
    }
}

struct OverrideView<'a>(&'a ListingOverride);

impl Serialize for OverrideView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let it = self.0;
        let mut map = to.serialize_map(None)?;
        if let Some(tokens) = it.min_prompt_tokens {
            map.serialize_entry("min_prompt_tokens", &tokens)?;
        }
        if let Some(start) = &it.utc_start {
            map.serialize_entry("utc_start", start)?;
        }
        if let Some(end) = &it.utc_end {
            map.serialize_entry("utc_end", end)?;
        }
        for (key, price) in &it.prices {
            map.serialize_entry(key, price)?;
        }
        map.end()
    }
}

/// An endpoint (§7.2). What is learned from traffic is `null` until there was enough of it.
#[derive(Debug, Serialize)]
pub(crate) struct EndpointView {
    name: String,
    model_id: String,
    model_name: String,
    provider_name: String,
    tag: String,
    context_length: Option<u64>,
    max_completion_tokens: Option<u64>,
    max_prompt_tokens: Option<u64>,
    quantization: Option<String>,
    pricing: PricingView,
    supported_parameters: Vec<String>,
    status: i8,
    supports_implicit_caching: bool,
    uptime_last_5m: Option<f64>,
    uptime_last_30m: Option<f64>,
    uptime_last_1d: Option<f64>,
    latency_last_30m: Option<PercentilesView>,
    throughput_last_30m: Option<PercentilesView>,
}

/// Percentiles of a measurement.
#[derive(Debug, Serialize)]
pub(crate) struct PercentilesView {
    p50: f64,
    p75: f64,
    p90: f64,
    p99: f64,
}

impl From<Percentiles> for PercentilesView {
    fn from(it: Percentiles) -> Self {
        Self { p50: it.p50, p75: it.p75, p90: it.p90, p99: it.p99 }
    }
}

/// A model with its endpoints.
#[derive(Debug, Serialize)]
pub(crate) struct ModelEndpointsView {
    id: String,
    name: String,
    created: i64,
    description: String,
    architecture: ArchitectureView,
    endpoints: Vec<EndpointView>,
}

impl ModelView {
    pub(crate) fn of(model: &Model, catalog: &Catalog) -> Self {
        let endpoints = catalog.endpoints(model.id.as_str());
        let lead = lead(endpoints);
        let mut parameters: Vec<String> =
            endpoints.iter().flat_map(|it| it.supported_parameters.iter().cloned()).collect();
        parameters.sort_unstable();
        parameters.dedup();
        Self {
            id: model.id.to_string(),
            canonical_slug: model.canonical_slug.clone(),
            hugging_face_id: model.hugging_face_id.clone(),
            name: model.name.clone(),
            created: model.created,
            description: model.description.clone(),
            context_length: model.context_length,
            architecture: ArchitectureView::of(model),
            pricing: PricingView::of(lead),
            top_provider: TopProvider {
                context_length: lead.and_then(|it| it.context_length),
                max_completion_tokens: lead.and_then(|it| it.max_output),
                is_moderated: model.is_moderated,
            },
            per_request_limits: None,
            supported_parameters: parameters,
            default_parameters: model.default_parameters.as_ref().map(DefaultParametersView::of),
            supported_voices: None,
            knowledge_cutoff: model.knowledge_cutoff.clone(),
            expiration_date: model.expiration_date.clone(),
            alias_target: model
                .alias_target
                .as_ref()
                .map(|it| AliasTarget { slug: it.to_string() }),
            links: Links { details: format!("/api/v1/models/{}/endpoints", model.id) },
        }
    }
}

impl ModelView {
    /// A router in the place of a model: nobody serves it.
    pub(crate) fn of_router(router: &RouterModel, catalog: &Catalog) -> Self {
        let token_price = || router.token_price.to_owned();
        let prices = vec![("prompt", token_price()), ("completion", token_price())];
        Self {
            pricing: PricingView(Some(Listing { prices, overrides: Vec::new() })),
            supported_parameters: router.model.supported_parameters.to_vec(),
            ..Self::of(&router.model, catalog)
        }
    }
}

/// The names of modalities on the wire.
pub(crate) fn words(modalities: &[Modality]) -> Vec<&'static str> {
    modalities.iter().map(|it| it.as_str()).collect()
}

impl ArchitectureView {
    fn of(model: &Model) -> Self {
        let it = &model.architecture;
        Self {
            modality: it.modality(),
            input_modalities: words(&it.input_modalities),
            output_modalities: words(&it.output_modalities),
            tokenizer: it.tokenizer.clone(),
            instruct_type: it.instruct_type.clone(),
        }
    }
}

impl DefaultParametersView {
    const fn of(it: &DefaultParameters) -> Self {
        Self {
            temperature: it.temperature,
            top_p: it.top_p,
            top_k: it.top_k,
            frequency_penalty: it.frequency_penalty,
            presence_penalty: it.presence_penalty,
            repetition_penalty: it.repetition_penalty,
        }
    }
}

impl PricingView {
    fn of(endpoint: Option<&Endpoint>) -> Self {
        Self(endpoint.and_then(|it| it.price.as_ref()).map(tollgate_catalog::Price::to_listing))
    }
}

impl EndpointView {
    fn of(endpoint: &Endpoint, report: Option<&Report>) -> Self {
        Self {
            name: format!("{} | {}", endpoint.provider.name, endpoint.model.canonical_slug),
            model_id: endpoint.model.id.to_string(),
            model_name: endpoint.model.name.clone(),
            provider_name: endpoint.provider.name.clone(),
            tag: endpoint.tag(),
            context_length: endpoint.context_length,
            max_completion_tokens: endpoint.max_output,
            max_prompt_tokens: None,
            quantization: endpoint.quantization.clone(),
            pricing: PricingView::of(Some(endpoint)),
            supported_parameters: endpoint.supported_parameters.to_vec(),
            status: report.map_or(0, |it| it.status),
            supports_implicit_caching: endpoint.caches_implicitly(),
            uptime_last_5m: report.and_then(|it| it.uptime_5m),
            uptime_last_30m: report.and_then(|it| it.uptime_30m),
            uptime_last_1d: report.and_then(|it| it.uptime_1d),
            latency_last_30m: report.and_then(|it| it.latency_30m).map(Into::into),
            throughput_last_30m: report.and_then(|it| it.throughput_30m).map(Into::into),
        }
    }
}

impl ModelEndpointsView {
    pub(crate) fn of(
        model: &Model,
        catalog: &Catalog,
        report: impl Fn(&EndpointId) -> Option<Report>,
    ) -> Self {
        let endpoints = catalog.endpoints(model.id.as_str());
        Self {
            id: model.id.to_string(),
            name: model.name.clone(),
            created: model.created,
            description: model.description.clone(),
            architecture: ArchitectureView::of(model),
            endpoints: endpoints
                .iter()
                .map(|it| EndpointView::of(it, report(&it.id).as_ref()))
                .collect(),
        }
    }
}

/// A number of things, in words: "1 provider", "7 providers".
pub fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// A call of this many tokens decides which endpoint is the cheapest.
const PROMPT_TOKENS: u64 = 1_000;
const ANSWER_TOKENS: u64 = 500;

/// The endpoint whose price stands for the model's: the one that is cheapest for a usual call.
pub(crate) fn lead(endpoints: &[std::sync::Arc<Endpoint>]) -> Option<&Endpoint> {
    // Nobody gets another tier than the ordinary one who did not ask for it.
    let priced = endpoints.iter().filter(|it| it.price.is_some() && it.tier().is_none());
    let cheapest = priced.min_by_key(|it| {
        it.price.as_ref().map(|price| price.rates.estimate(PROMPT_TOKENS, ANSWER_TOKENS))
    });
    cheapest.or(endpoints.first()).map(AsRef::as_ref)
}
