//! Which providers this installation can call, and how.

use std::collections::HashMap;

use tollgate_catalog::{Catalog, Overlay, OverlayError, Provider};
use tollgate_engine::{Access, Installation, Secret};
use tollgate_types::ProviderSlug;

use crate::config::Config;
use crate::environment::Environment;

/// Lays the configuration and what was discovered over the built-in catalog, and finds out which
/// providers can be called.
///
/// # Errors
///
/// When the rows contradict each other, which checking the configuration has ruled out.
pub(crate) fn assemble(
    config: &Config,
    environment: &Environment,
    simulator: Option<&str>,
    discovered: Overlay,
) -> Result<Installation, Vec<OverlayError>> {
    let known = Catalog::builtin().overlay(config.overlay.clone())?.overlay(discovered)?;
    let mut access = HashMap::new();
    for provider in known.providers() {
        if let Some(found) = access_to(provider, config, environment, simulator) {
            access.insert(provider.slug.clone(), found);
        }
    }
    Ok(Installation::new(known, access))
}

/// How to reach a provider: with the key of the configuration, else of the environment, else
/// without one if the configuration names the provider.
fn access_to(
    provider: &Provider,
    config: &Config,
    environment: &Environment,
    simulator: Option<&str>,
) -> Option<Access> {
    if provider.builtin {
        let base_url = simulator?.to_owned();
        let credential = Some(Secret::new("sk-simulator".to_owned()));
        return Some(Access { base_url, credential, origin: "built in".to_owned() });
    }
    let base_url = provider.address(|name| environment.get(name).map(str::to_owned))?;
    let base_url = base_url.trim_end_matches('/').to_owned();
    if let Some(given) = config.credentials.get(&provider.slug) {
        let credential = Some(given.secret.clone());
        return Some(Access { base_url, credential, origin: given.origin.clone() });
    }
    let variable = provider.env.iter().find_map(|name| Some((name, environment.get(name)?)));
    if let Some((name, value)) = variable {
        let credential = Some(Secret::new(value.trim().to_owned()));
        return Some(Access { base_url, credential, origin: name.clone() });
    }
    let origin = "configuration file, without a key".to_owned();
    is_configured(config, &provider.slug).then_some(Access { base_url, credential: None, origin })
}

fn is_configured(config: &Config, slug: &ProviderSlug) -> bool {
    config.configured.contains(slug)
}
