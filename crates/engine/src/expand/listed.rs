//! Routers as models of the list (contract §1.2, §5.6).

use std::sync::Arc;

use tollgate_catalog::{Architecture, Catalog, Endpoint, Modality, Model};
use tollgate_types::ModelSlug;

use super::{bodies, fusion, is_free, is_open};

/// A router that would find a model here.
#[derive(Debug, Clone)]
pub struct RouterModel {
    /// What the list says of it. It reads, and takes as parameters, what one of its models does.
    pub model: Arc<Model>,
    /// What a token costs, in dollars: `-1` where that depends on the model that is found
    /// (contract §5.6).
    pub token_price: &'static str,
}

/// What a router is listed as.
struct Listed {
    id: &'static str,
    name: &'static str,
    description: &'static str,
    /// When the contract's router of this name came, Unix seconds; 0 when unknown.
    created: i64,
    token_price: &'static str,
    suits: fn(&Endpoint) -> bool,
}

const LISTED: [Listed; 5] = [
    Listed {
        id: "openrouter/auto",
        name: "Auto Router",
        description: "Chooses a model by what is asked, what it costs, and what was spent on such tasks here.",
        created: 1_699_401_600,
        token_price: "-1",
        suits: is_priced,
    },
    Listed {
        id: "openrouter/free",
        name: "Free Models Router",
        description: "Chooses among the free models that can answer.",
        created: 1_769_917_427,
        token_price: "0",
        suits: is_free,
    },
    Listed {
        id: "openrouter/pareto-code",
        name: "Pareto Code Router",
        description: "Chooses the cheapest of the models that are as good at code as is asked for.",
        created: 0,
        token_price: "-1",
        suits: |endpoint| is_priced(endpoint) && endpoint.model.coding_score.is_some(),
    },
    Listed {
        id: fusion::NAME,
        name: "Fusion",
        description: "Asks several models beside each other, and has one answer with all that they said before it.",
        created: 0,
        token_price: "-1",
        suits: is_priced,
    },
    Listed {
        id: bodies::NAME,
        name: "Body Builder",
        description: "Turns words into the bodies of chat requests, and checks them.",
        created: 0,
        token_price: "-1",
        suits: |endpoint| endpoint.price.is_some() && bodies::writes(endpoint),
    },
];

/// More than any model reads: what a router finds depends on how long the prompt is.
const CONTEXT_LENGTH: u64 = 2_000_000;

impl RouterModel {
    /// The routers that would find a model among those of a catalogue that can be called. A name
    /// that the catalogue has a model of its own for is none.
    pub fn all(routable: &Catalog) -> Vec<Self> {
        LISTED.iter().filter_map(|listed| Self::of(listed, routable)).collect()
    }

    fn of(listed: &Listed, catalog: &Catalog) -> Option<Self> {
        if catalog.resolve(listed.id).is_ok() {
            return None;
        }
        let mut found = Vec::new();
        for model in catalog.models().iter().filter(|model| model.alias_target.is_none()) {
            let endpoints = catalog.endpoints(model.id.as_str()).iter();
            found.extend(endpoints.filter(|it| {
                is_open(it) && it.output_modalities.contains(&Modality::Text) && (listed.suits)(it)
            }));
        }
        if found.is_empty() {
            return None;
        }
        let all =
            [Modality::Text, Modality::Image, Modality::Audio, Modality::File, Modality::Video];
        let is_read = |modality: &Modality| found.iter().any(|it| it.reads(*modality));
        let parameters = found.iter().flat_map(|it| it.supported_parameters.iter().cloned());
        let mut parameters: Vec<String> = parameters.collect();
        parameters.sort_unstable();
        parameters.dedup();
        Some(Self {
            model: Arc::new(Model {
                id: ModelSlug::parse(listed.id).ok()?,
                canonical_slug: listed.id.to_owned(),
                alias_target: None,
                aliases: Vec::new(),
                name: listed.name.to_owned(),
                description: listed.description.to_owned(),
                created: listed.created,
                context_length: Some(CONTEXT_LENGTH),
                max_output: None,
                architecture: Architecture {
                    input_modalities: all.into_iter().filter(is_read).collect(),
                    output_modalities: vec![Modality::Text],
                    tokenizer: "Router".to_owned(),
                    instruct_type: None,
                },
                hugging_face_id: None,
                knowledge_cutoff: None,
                expiration_date: None,
                is_moderated: false,
                distillable: None,
                coding_score: None,
                supported_parameters: parameters.into(),
                default_parameters: None,
            }),
            token_price: listed.token_price,
        })
    }
}

/// Whether a router that goes by price would choose it: variants, the program's own simulator and
/// routers of other hosts it would not.
fn is_priced(endpoint: &Endpoint) -> bool {
    let model = &endpoint.model;
    endpoint.price.is_some()
        && !endpoint.provider.builtin
        && !model.is_variant()
        && model.id.author() != "openrouter"
}
