//! Endpoints: a model at a provider.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::model::Model;
use crate::price::Price;
use crate::provider::Provider;
use crate::vocabulary::{Modality, Protocol, ServiceTier};

/// The stable name of an endpoint, `provider/author/model`, with `@suffix` where a provider serves
/// a model in two ways.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(Arc<str>);

/// A model at a provider: what a call is sent to.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Its stable name, for health, statistics and logs.
    pub id: EndpointId,
    /// The model it serves.
    pub model: Arc<Model>,
    /// Who serves it.
    pub provider: Arc<Provider>,
    /// Tells two endpoints of one provider for one model apart.
    pub suffix: Option<String>,
    /// The provider's name for the model.
    pub upstream_model: String,
    /// How to talk to it: the provider's protocol unless this model needs another.
    pub protocol: Protocol,
    /// Most tokens of prompt and answer together.
    pub context_length: Option<u64>,
    /// Most tokens of an answer.
    pub max_output: Option<u64>,
    /// What it costs. `None` is unpriced, which is not free.
    pub price: Option<Price>,
    /// Request parameters it takes.
    pub supported_parameters: Arc<[String]>,
    /// What it reads.
    pub input_modalities: Vec<Modality>,
    /// What it writes.
    pub output_modalities: Vec<Modality>,
    /// Where it processes requests, when that is one region: its own word, else its provider's.
    pub region: Option<String>,
    /// Precision of the weights, e.g. `fp8`.
    pub quantization: Option<String>,
    /// How it stands to the service tiers of its provider.
    pub service: Service,
    /// The caller's own key that it is called with; `None` for the installation's.
    pub own_key: Option<Arc<OwnKey>>,
}

/// A caller's own key at a provider, as far as routing looks at it (contract §5.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// The key's id.
    pub id: Arc<str>,
    /// What people know it by. Nothing of its secret that would help anybody.
    pub title: String,
    /// Tried behind the installation's own endpoints rather than before them.
    pub is_fallback: bool,
    /// Its place among those of its provider.
    pub sort_order: u32,
}

/// How an endpoint stands to the service tiers of its provider (contract §5.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Service {
    /// The catalogue knows no tiers of it: whichever the caller asks for is the provider's affair,
    /// at one price.
    #[default]
    Undivided,
    /// It is the ordinary one beside those of tiers.
    Ordinary,
    /// It is of this tier.
    Tier(ServiceTier),
}

/// Between an endpoint's name and the id of the caller's own key it is called with. No catalogue
/// has it in a name.
const OWN_KEY: char = '#';

impl Endpoint {
    /// The service tier it is of, if of one.
    pub const fn tier(&self) -> Option<ServiceTier> {
        match self.service {
            Service::Tier(tier) => Some(tier),
            Service::Undivided | Service::Ordinary => None,
        }
    }

    /// The same endpoint, called with a caller's own key: another endpoint to health, stickiness and
    /// records.
    #[must_use]
    pub fn with_own_key(&self, key: &Arc<OwnKey>) -> Self {
        let id = EndpointId(format!("{}{OWN_KEY}{}", self.id, key.id).into());
        Self { id, own_key: Some(Arc::clone(key)), ..self.clone() }
    }

    /// Whether another endpoint is the same but for the service tier.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.provider.slug == other.provider.slug
            && self.model.id == other.model.id
            && untiered(self.suffix.as_deref()).0 == untiered(other.suffix.as_deref()).0
    }

    /// The name routing preferences select it by: the provider's slug, and the suffix if any, e.g.
    /// `deepinfra/fp8`.
    pub fn tag(&self) -> String {
        match &self.suffix {
            Some(suffix) => format!("{}/{suffix}", self.provider.slug),
            None => self.provider.slug.to_string(),
        }
    }

    /// Whether it takes this request parameter.
    pub fn supports(&self, parameter: &str) -> bool {
        self.supported_parameters.iter().any(|known| known == parameter)
    }

    /// Whether it reads this kind of content.
    pub fn reads(&self, modality: Modality) -> bool {
        self.input_modalities.contains(&modality)
    }

    /// Whether it caches prompts without being asked, judged by its price: a reduced price for
    /// reads and none for writes.
    pub fn caches_implicitly(&self) -> bool {
        let rates = self.price.as_ref().map(|price| &price.rates);
        rates.is_some_and(|rates| rates.cache_read.is_some() && rates.cache_write.is_none())
    }
}

impl EndpointId {
    pub(crate) fn new(provider: &str, model: &str, suffix: Option<&str>) -> Self {
        Self(match suffix {
            Some(suffix) => format!("{provider}/{model}@{suffix}").into(),
            None => format!("{provider}/{model}").into(),
        })
    }

    /// The id of the caller's own key that the endpoint of this name is called with, if it is.
    pub fn own_key_in(name: &str) -> Option<&str> {
        name.split_once(OWN_KEY).map(|(_, key)| key)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as text that is shared, not copied.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A suffix without the service tier at its end, and that tier.
pub(crate) fn untiered(suffix: Option<&str>) -> (Option<&str>, Option<ServiceTier>) {
    let (before, last) = match suffix.map(|it| it.rsplit_once('/').ok_or(it)) {
        None => return (None, None),
        Some(Ok((before, last))) => (Some(before), last),
        Some(Err(last)) => (None, last),
    };
    match last {
        "priority" => (before, Some(ServiceTier::Priority)),
        "flex" => (before, Some(ServiceTier::Flex)),
        _ => (suffix, None),
    }
}

/// A suffix with a service tier behind it.
pub(crate) fn tiered(suffix: Option<&str>, tier: ServiceTier) -> String {
    let tier = tier.as_str();
    suffix.map_or_else(|| tier.to_owned(), |suffix| format!("{suffix}/{tier}"))
}

impl Borrow<str> for EndpointId {
    fn borrow(&self) -> &str {
        &self.0
    }
}
