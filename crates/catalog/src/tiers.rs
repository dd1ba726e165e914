//! Endpoints of service tiers, made of the row of the ordinary one (contract §5.7).

use tollgate_types::{MoneyError, UnitPrice};

use crate::assemble::bad_price;
use crate::check::Problem;
use crate::endpoint::{Endpoint, EndpointId, Service, tiered, untiered};
use crate::format::{EndpointEntry, ServiceTierEntry};
use crate::price::{Price, Times};

/// Appends an endpoint for each service tier that a row states beside its `ordinary` one.
pub(crate) fn of_row(
    row: &EndpointEntry,
    ordinary: &Endpoint,
    into: &mut Vec<Endpoint>,
) -> Result<(), Problem> {
    for (tier, entry) in row.service_tiers.iter().flatten() {
        let suffix = tiered(ordinary.suffix.as_deref(), *tier);
        let (provider, model) = (ordinary.provider.slug.as_str(), ordinary.model.id.as_str());
        into.push(Endpoint {
            id: EndpointId::new(provider, model, Some(&suffix)),
            price: price(entry, ordinary.price.as_ref()).map_err(|error| bad_price(&error))?,
            suffix: Some(suffix),
            ..ordinary.clone()
        });
    }
    Ok(())
}

/// Joins the endpoints of tiers with those that rows state, which win, and says of each how it
/// stands to tiers. A row of its own may be of a tier too: its suffix says so.
pub(crate) fn join(endpoints: &mut Vec<Endpoint>, of_tiers: Vec<Endpoint>) {
    for endpoint in of_tiers {
        if endpoints.iter().all(|stated| stated.id != endpoint.id) {
            endpoints.push(endpoint);
        }
    }
    let services: Vec<Service> = endpoints.iter().map(|it| service(it, endpoints)).collect();
    for (endpoint, service) in endpoints.iter_mut().zip(services) {
        endpoint.service = service;
    }
}

fn service(endpoint: &Endpoint, all: &[Endpoint]) -> Service {
    let tier = |endpoint: &Endpoint| untiered(endpoint.suffix.as_deref()).1;
    let is_divided = || all.iter().any(|it| tier(it).is_some() && endpoint.is_beside(it));
    match tier(endpoint) {
        Some(tier) => Service::Tier(tier),
        None if is_divided() => Service::Ordinary,
        None => Service::Undivided,
    }
}

/// The ordinary price so many times, with what is stated beside it in its place.
fn price(entry: &ServiceTierEntry, ordinary: Option<&Price>) -> Result<Option<Price>, MoneyError> {
    let stated = Price::from_entry(&entry.price)?;
    let Some(times) = entry.times.as_deref().map(Times::parse).transpose()? else {
        return Ok(Some(stated));
    };
    let Some(ordinary) = ordinary else { return Ok(None) };
    let mut price = ordinary.times(times).ok_or_else(too_dear)?;
    for rate in entry.price.rates.keys() {
        price.rates.set(*rate, stated.rates.get(*rate).unwrap_or(UnitPrice::ZERO));
    }
    price.overrides.extend(stated.overrides);
    if entry.price.source.is_some() {
        price.source = stated.source;
    }
    price.as_of = stated.as_of.or(price.as_of);
    price.note = stated.note;
    Ok(Some(price))
}

fn too_dear() -> MoneyError {
    MoneyError::OutOfRange("service_tiers".to_owned())
}

#[cfg(test)]
mod tests;
