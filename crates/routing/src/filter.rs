//! What rules an endpoint out. An open set: a filter is a function and a line in [`FILTERS`].

use tollgate_catalog::{Endpoint, Modality};
use tollgate_types::UnitPrice;

use crate::preferences::names;
use crate::{CallShape, Preferences};

/// Why an endpoint was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// The caller ignores its provider.
    Ignored,
    /// The caller allows other providers only.
    NotAllowed,
    /// It stands behind the first one and the caller wants no fallbacks.
    NoFallbacks,
    /// It has no price, and unpriced is not free.
    Unpriced,
    /// Its provider trains on prompts or keeps them, or is not known not to.
    DataCollection,
    /// Its provider keeps prompts, or is not known not to.
    Retention,
    /// It costs more than the caller allows, or nobody knows what it costs.
    MaxPrice,
    /// Its weights have another precision than the caller allows.
    Quantization,
    /// It does not read what the prompt contains.
    Input(Modality),
    /// It does not write what the answer must contain.
    Output(Modality),
    /// The prompt is longer than it takes.
    ContextLength,
    /// It can't write as much as asked for.
    MaxOutput,
    /// It does not know a parameter, and the caller requires that it does.
    Parameter(&'static str),
    /// Another endpoint of the model knows a parameter that this one does not.
    Preferred(&'static str),
}

impl Dropped {
    /// The reason as a phrase that follows "it".
    pub fn reason(&self) -> String {
        match self {
            Self::Ignored => "is ignored by the request's provider.ignore".to_owned(),
            Self::NotAllowed => "is not in the request's provider.only".to_owned(),
            Self::NoFallbacks => "would be a fallback, which the request forbids".to_owned(),
            Self::Unpriced => "has no price in the catalog, and unpriced is not free".to_owned(),
            Self::DataCollection => "may train on prompts or keep them".to_owned(),
            Self::Retention => "may keep prompts".to_owned(),
            Self::MaxPrice => "costs more than the request's provider.max_price".to_owned(),
            Self::Quantization => "is not in the request's provider.quantizations".to_owned(),
            Self::Input(modality) => format!("does not read {}", modality.as_str()),
            Self::Output(modality) => format!("does not write {}", modality.as_str()),
            Self::ContextLength => "takes shorter prompts only".to_owned(),
            Self::MaxOutput => "can't write as many tokens as max_tokens asks for".to_owned(),
            Self::Parameter(name) => format!("does not know the parameter {name}"),
            Self::Preferred(name) => format!("does not know {name}, and another endpoint does"),
        }
    }

    /// What the caller reads when this removed the last endpoint of `model` (contract §4.5).
    pub fn message(&self, model: &str) -> String {
        match self {
            Self::Ignored | Self::NotAllowed | Self::NoFallbacks => {
                "No allowed providers are available for the selected model.".to_owned()
            }
            Self::Unpriced => format!(
                "No endpoints found for {model} that have a price. Give its endpoint a price in the configuration."
            ),
            Self::DataCollection => {
                "No endpoints found matching your data policy (provider.data_collection)".to_owned()
            }
            Self::Retention => {
                "No endpoints found matching your data policy (Zero data retention)".to_owned()
            }
            Self::MaxPrice => {
                format!("No endpoints found for {model} within provider.max_price")
            }
            Self::Quantization => {
                format!("No endpoints found for {model} with one of provider.quantizations")
            }
            Self::Input(modality) => {
                format!("No endpoints found that support {} input", modality.as_str())
            }
            Self::Output(modality) => format!(
                "No endpoints found that support the requested output modalities: {}",
                modality.as_str()
            ),
            Self::ContextLength => {
                format!("No endpoints found for {model} with a context long enough for this prompt")
            }
            Self::MaxOutput => {
                format!("No endpoints found for {model} that can handle the requested max_tokens")
            }
            Self::Parameter(name) | Self::Preferred(name) => format!(
                "No endpoints found that can handle the requested parameters: none supports {name}"
            ),
        }
    }

    /// The word for programs (`excluded_by`, contract §4.5).
    pub const fn excluded_by(&self) -> &'static str {
        match self {
            Self::Ignored | Self::NotAllowed | Self::NoFallbacks => "allowed_providers",
            Self::DataCollection => "data_policy:training",
            Self::Retention => "data_policy:zdr",
            Self::Quantization => "quantization",
            Self::Unpriced | Self::MaxPrice => "max_price",
            Self::Input(_) | Self::Output(_) | Self::Parameter(_) | Self::Preferred(_) => {
                "require_parameters"
            }
            Self::ContextLength | Self::MaxOutput => "context_length",
        }
    }
}

type Filter = fn(&Endpoint, &CallShape, &Preferences) -> Option<Dropped>;

/// Every hard filter, in the order in which they are named when several apply.
pub(crate) static FILTERS: &[Filter] = &[
    ignored,
    not_allowed,
    data_collection,
    retention,
    unpriced,
    max_price,
    quantization,
    input,
    output,
    context_length,
    max_output,
    parameters,
];

fn ignored(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    wants.ignore.iter().any(|name| names(name, endpoint)).then_some(Dropped::Ignored)
}

fn not_allowed(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    let allowed = wants.only.is_empty() || wants.only.iter().any(|name| names(name, endpoint));
    (!allowed).then_some(Dropped::NotAllowed)
}

fn unpriced(endpoint: &Endpoint, shape: &CallShape, _: &Preferences) -> Option<Dropped> {
    (shape.must_be_priced && endpoint.price.is_none()).then_some(Dropped::Unpriced)
}

/// An unknown policy is taken to be the worst (contract §6.5); one's own machine has none.
fn data_collection(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    let provider = &endpoint.provider;
    let policy = provider.data_policy;
    let collects = policy.training != Some(false) || policy.retains_prompts != Some(false);
    (wants.deny_data_collection && collects && !is_own(endpoint)).then_some(Dropped::DataCollection)
}

fn retention(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    let retains = endpoint.provider.data_policy.retains_prompts != Some(false);
    (wants.zero_retention && retains && !is_own(endpoint)).then_some(Dropped::Retention)
}

fn is_own(endpoint: &Endpoint) -> bool {
    endpoint.provider.local || endpoint.provider.builtin
}

fn max_price(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    let rates = endpoint.price.as_ref().map(|price| price.rates);
    let above = |most: Option<UnitPrice>, price: Option<UnitPrice>| {
        most.is_some_and(|most| price.is_none_or(|price| price > most))
    };
    let dear = above(wants.max_prompt_price, rates.map(|it| it.input))
        || above(wants.max_completion_price, rates.map(|it| it.output));
    dear.then_some(Dropped::MaxPrice)
}

fn quantization(endpoint: &Endpoint, _: &CallShape, wants: &Preferences) -> Option<Dropped> {
    let precision = endpoint.quantization.as_deref().unwrap_or("unknown");
    let allowed = wants.quantizations.is_empty()
        || wants.quantizations.iter().any(|it| it.eq_ignore_ascii_case(precision));
    (!allowed).then_some(Dropped::Quantization)
}

fn input(endpoint: &Endpoint, shape: &CallShape, _: &Preferences) -> Option<Dropped> {
    let missing = shape.input.iter().find(|needed| !endpoint.input_modalities.contains(needed))?;
    Some(Dropped::Input(*missing))
}

fn output(endpoint: &Endpoint, shape: &CallShape, _: &Preferences) -> Option<Dropped> {
    let missing =
        shape.output.iter().find(|needed| !endpoint.output_modalities.contains(needed))?;
    Some(Dropped::Output(*missing))
}

/// The prompt's length is an estimate from its bytes; only a prompt that is too long even if a
/// token were eight bytes is ruled out here. The provider judges the rest.
fn context_length(endpoint: &Endpoint, shape: &CallShape, _: &Preferences) -> Option<Dropped> {
    let most = endpoint.context_length?;
    (shape.prompt_tokens / 2 > most).then_some(Dropped::ContextLength)
}

fn max_output(endpoint: &Endpoint, shape: &CallShape, _: &Preferences) -> Option<Dropped> {
    let (wanted, most) = (shape.max_tokens?, endpoint.max_output?);
    (wanted > most).then_some(Dropped::MaxOutput)
}

fn parameters(endpoint: &Endpoint, shape: &CallShape, wants: &Preferences) -> Option<Dropped> {
    if !wants.require_parameters {
        return None;
    }
    let unknown = shape.parameters.iter().find(|name| !endpoint.supports(name))?;
    Some(Dropped::Parameter(unknown))
}
