//! What there is to route to: endpoints as they truly are, and the catalogues that tell of them.

use std::sync::Arc;
use std::time::Duration;

use tollgate_catalog::{
    Catalog, Endpoint, EndpointEntry, ModelEntry, Overlay, PriceEntry, Protocol, ProviderEntry,
    Rate,
};

use crate::condition::{Condition, Span, Weather};

/// Models and who serves them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fleet {
    /// Every model.
    pub models: Vec<ServedModel>,
    /// How much later than it happens a change of prices is in the catalogue.
    pub price_delay: Duration,
}

/// A model and its endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedModel {
    /// Its part of the calls, as a weight.
    pub weight: f64,
    /// Whether it thinks before it speaks, and is waited for longer.
    pub thinks: bool,
    /// Its endpoints.
    pub hosts: Vec<Host>,
}

/// An endpoint as it truly is: a model at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Whose it is. A provider has a model once.
    pub provider: u32,
    /// Micro-dollars for a million tokens read.
    pub input: u64,
    /// The same for tokens written.
    pub output: u64,
    /// The same for tokens read from its cache, if it has one.
    pub cache_read: Option<u64>,
    /// There and back, without a model: what a refusal takes.
    pub round_trip: Duration,
    /// Seconds to the first token besides: the median.
    pub first_token: f64,
    /// The standard deviation of the logarithm of that.
    pub spread: f64,
    /// How fast it writes.
    pub tokens_per_second: f64,
    /// How many calls it serves at once.
    pub capacity: u32,
    /// How it refuses what is beyond that.
    pub full: Full,
    /// How many calls it serves in a minute, if it counts them.
    pub per_minute: Option<u32>,
    /// What befalls it.
    pub spans: Vec<Span>,
}

/// How an endpoint refuses a call beyond its capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// With a 429 that does not say for how long.
    TooMany,
    /// With a 503.
    Busy,
}

impl Host {
    /// An endpoint of a usual kind, at so many times the usual price.
    pub fn new(provider: u32, price_percent: u64) -> Self {
        Self {
            provider,
            input: 10_000 * price_percent,
            output: 40_000 * price_percent,
            cache_read: Some(1_000 * price_percent),
            round_trip: Duration::from_millis(80),
            first_token: 0.5,
            spread: 0.4,
            tokens_per_second: 60.0,
            capacity: 100_000,
            full: Full::TooMany,
            per_minute: None,
            spans: Vec::new(),
        }
    }

    /// The same with something befalling it from then to then, in seconds.
    #[must_use]
    pub fn with(mut self, condition: Condition, from: u64, to: u64) -> Self {
        self.spans.push(Span::of(condition, from, to));
        self
    }
}

/// Why a fleet can't be simulated.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The catalogue refuses its rows.
    #[error("the catalogue refuses the fleet: {0}")]
    Rows(String),
    /// A row is not in the catalogue that was made of it.
    #[error("the catalogue has no endpoint of model {model} at provider {provider}")]
    Missing {
        /// The place of the model.
        model: usize,
        /// The number of the provider.
        provider: u32,
    },
}

/// A fleet with its endpoints numbered through, and what catalogues say of it over time.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) hosts: Vec<Host>,
    pub(crate) models: Vec<Numbered>,
    editions: Vec<Edition>,
    price_delay: Duration,
}

/// A model's endpoints by their numbers.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) thinks: bool,
    pub(crate) weight: f64,
    /// The number of its first endpoint; the others follow.
    pub(crate) first: usize,
}

/// Prices from some time on.
#[derive(Debug)]
struct Edition {
    from: Duration,
    /// By model, each in the order of its hosts.
    endpoints: Vec<Vec<Arc<Endpoint>>>,
}

impl Directory {
    pub(crate) fn new(fleet: &Fleet) -> Result<Self, FleetError> {
        let mut hosts = Vec::new();
        let mut models = Vec::new();
        for model in &fleet.models {
            models.push(Numbered {
                thinks: model.thinks,
                weight: model.weight,
                first: hosts.len(),
            });
            hosts.extend(model.hosts.iter().cloned());
        }
        let is_price = |span: &&Span| matches!(span.condition, Condition::Price(_));
        let spans = hosts.iter().flat_map(|host: &Host| &host.spans).filter(is_price);
        let mut changes: Vec<Duration> = spans.flat_map(|span| [span.from, span.to]).collect();
        changes.push(Duration::ZERO);
        changes.sort();
        changes.dedup();
        let editions = changes.into_iter().map(|from| edition(fleet, from));
        let editions = editions.collect::<Result<_, _>>()?;
        Ok(Self { hosts, models, editions, price_delay: fleet.price_delay })
    }

    /// A model's endpoints as the catalogue has them at that time.
    pub(crate) fn known(&self, model: usize, at: Duration) -> &[Arc<Endpoint>] {
        self.charged(model, at.saturating_sub(self.price_delay))
    }

    /// A model's endpoints with what they charge at that time.
    pub(crate) fn charged(&self, model: usize, at: Duration) -> &[Arc<Endpoint>] {
        let edition = self.editions.iter().rfind(|edition| edition.from <= at);
        edition.and_then(|edition| edition.endpoints.get(model)).map_or(&[], Vec::as_slice)
    }

    /// The number of a model's endpoint.
    pub(crate) fn number(&self, model: usize, place: usize) -> usize {
        self.models.get(model).map_or(usize::MAX, |model| model.first.saturating_add(place))
    }
}

fn edition(fleet: &Fleet, from: Duration) -> Result<Edition, FleetError> {
    let models = fleet.models.iter().enumerate();
    let rows = Overlay {
        providers: providers(fleet),
        models: models.clone().map(|(at, model)| model_row(at, model, from)).collect(),
        endpoints: Vec::new(),
    };
    let catalog = Catalog::from_rows(rows).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        FleetError::Rows(errors.join("; "))
    })?;
    let endpoints = models.map(|(at, model)| in_order(&catalog, at, model));
    Ok(Edition { from, endpoints: endpoints.collect::<Result<_, _>>()? })
}

/// The catalogue has an order of its own.
fn in_order(
    catalog: &Catalog,
    at: usize,
    model: &ServedModel,
) -> Result<Vec<Arc<Endpoint>>, FleetError> {
    let endpoints = catalog.endpoints(&model_name(at));
    let of_host = |host: &Host| {
        let slug = provider_name(host.provider);
        let found = endpoints.iter().find(|it| it.provider.slug.as_str() == slug);
        found.cloned().ok_or(FleetError::Missing { model: at, provider: host.provider })
    };
    // A second endpoint of a provider would have replaced the first.
    if let Some(host) = model.hosts.get(endpoints.len()) {
        return Err(FleetError::Missing { model: at, provider: host.provider });
    }
    model.hosts.iter().map(of_host).collect()
}

fn providers(fleet: &Fleet) -> Vec<ProviderEntry> {
    let hosts = fleet.models.iter().flat_map(|model| &model.hosts);
    let mut numbers: Vec<u32> = hosts.map(|host| host.provider).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let row = |number: u32| ProviderEntry {
        slug: provider_name(number),
        name: Some(provider_name(number)),
        protocol: Some(Protocol::named("openai-chat")),
        base_url: Some("http://provider.invalid/v1".to_owned()),
        ..ProviderEntry::default()
    };
    numbers.into_iter().map(row).collect()
}

fn model_row(at: usize, model: &ServedModel, from: Duration) -> ModelEntry {
    let endpoint = |host: &Host| EndpointEntry {
        provider: provider_name(host.provider),
        price: Some(price(host, from)),
        ..EndpointEntry::default()
    };
    ModelEntry {
        id: model_name(at),
        context_length: Some(1_000_000),
        max_output: Some(100_000),
        endpoints: model.hosts.iter().map(endpoint).collect(),
        ..ModelEntry::default()
    }
}

fn price(host: &Host, from: Duration) -> PriceEntry {
    let times = Weather::at(&host.spans, from).price;
    let text = |micros: u64| format!("{:.6}", crate::number::float(micros) * times / 1_000_000.0);
    let mut price = PriceEntry::default();
    price.rates.insert(Rate::Input, text(host.input));
    price.rates.insert(Rate::Output, text(host.output));
    if let Some(cache_read) = host.cache_read {
        price.rates.insert(Rate::CacheRead, text(cache_read));
    }
    price
}

fn provider_name(number: u32) -> String {
    format!("provider-{number:03}")
}

fn model_name(at: usize) -> String {
    format!("lab/model-{at:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_changes_when_it_does_and_is_known_later() {
        let mut fleet = Fleet {
            models: vec![ServedModel {
                weight: 1.0,
                thinks: false,
                hosts: vec![
                    Host::new(7, 100),
                    Host::new(2, 150).with(Condition::Price(2.0), 60, 120),
                ],
            }],
            price_delay: Duration::from_secs(30),
        };
        let directory = Directory::new(&fleet).unwrap();
        let inputs = |endpoints: &[Arc<Endpoint>]| -> Vec<u64> {
            endpoints.iter().map(|it| it.price.as_ref().unwrap().rates.input.picos()).collect()
        };
        for (second, charged, known) in [
            (59, 1_500_000, 1_500_000),
            (60, 3_000_000, 1_500_000),
            (90, 3_000_000, 3_000_000),
            (120, 1_500_000, 3_000_000),
        ] {
            let at = Duration::from_secs(second);
            assert_eq!(inputs(directory.charged(0, at)), [1_000_000, charged], "{second}");
            assert_eq!(inputs(directory.known(0, at)), [1_000_000, known], "{second}");
        }
        fleet.models[0].hosts[1].provider = 7;
        assert!(Directory::new(&fleet).is_err());
    }
}
