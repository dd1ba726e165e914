//! Which providers this installation can call, and how.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_catalog::{Catalog, Overlay, OverlayError, Provider};
use tollgate_engine::{
    Access, Credential, Installation, Secret, ServiceAccount, access_with_given_key,
};
use tollgate_providers::adapter;
use tollgate_types::{Chain, ProviderSlug};

use crate::config::Config;
use crate::environment::Environment;

/// Lays the configuration and what was discovered over the built-in catalog, and finds out which
/// providers can be called; `given` are keys of the dashboard.
///
/// # Errors
///
/// When the rows contradict each other, which checking the configuration has ruled out.
pub(crate) fn assemble(
    config: &Config,
    environment: &Environment,
    simulator: Option<&str>,
    given: &HashMap<ProviderSlug, Secret>,
    discovered: Overlay,
) -> Result<Installation, Vec<OverlayError>> {
    let known = Catalog::builtin().overlay(config.overlay.clone())?.overlay(discovered)?;
    let (mut access, mut addresses) = (HashMap::new(), HashMap::new());
    for provider in known.providers() {
        if let Some(address) = address(provider, environment).filter(|_| !provider.builtin) {
            addresses.insert(provider.slug.clone(), address);
        }
        let given = given.get(&provider.slug);
        if let Some(found) = access_to(provider, config, environment, (simulator, given)) {
            access.insert(provider.slug.clone(), found);
        }
    }
    Ok(Installation::new(known, access).with_addresses(addresses))
}

/// How to reach a provider: with the key of the configuration, else of the environment, else with
/// the one that was given in the dashboard, else without one if the configuration names the provider.
fn access_to(
    provider: &Provider,
    config: &Config,
    environment: &Environment,
    (simulator, given): (Option<&str>, Option<&Secret>),
) -> Option<Access> {
    if provider.builtin {
        let base_url = simulator?.to_owned();
        let credential = Some(key("sk-simulator"));
        return Some(Access { base_url, credential, origin: "built in".to_owned() });
    }
    let base_url = address(provider, environment)?;
    if let Some(given) = config.credentials.get(&provider.slug) {
        return with_credential(provider, base_url, given.secret.expose(), &given.origin);
    }
    let variable = provider.env.iter().find_map(|name| Some((name, environment.get(name)?)));
    if let Some((name, value)) = variable {
        return with_credential(provider, base_url, value.trim(), name);
    }
    if let Some(given) = given {
        return access_with_given_key(provider.protocol.as_str(), base_url, given);
    }
    let origin = "configuration file, without a key".to_owned();
    is_configured(config, &provider.slug).then_some(Access { base_url, credential: None, origin })
}

/// The base URL of a provider, where the environment says all that it depends on.
fn address(provider: &Provider, environment: &Environment) -> Option<String> {
    let base_url = provider.address(|name| environment.get(name).map(str::to_owned))?;
    Some(base_url.trim_end_matches('/').to_owned())
}

fn key(text: &str) -> Credential {
    Credential::Key(Secret::new(text.to_owned()))
}

/// A key as it is; for Vertex AI also a service account's key file, by its path or as its text.
fn with_credential(
    provider: &Provider,
    base_url: String,
    given: &str,
    origin: &str,
) -> Option<Access> {
    let origin = origin.to_owned();
    let adapter = adapter(provider.protocol.as_str());
    let json = adapter.filter(|it| it.takes_key_files()).and_then(|_| key_file(given));
    let Some(json) = json else {
        return Some(Access { base_url, credential: Some(key(given)), origin });
    };
    match json.as_deref().map(ServiceAccount::from_json) {
        Ok(Ok(account)) => {
            let base_url = match account.project().filter(|_| !base_url.contains("/projects/")) {
                Some(project) => format!("{base_url}/projects/{project}/locations/global"),
                None => base_url,
            };
            let credential = Some(Credential::ServiceAccount(Arc::new(account)));
            Some(Access { base_url, credential, origin })
        }
        Ok(Err(error)) => {
            tracing::warn!(provider = %provider.slug, origin, error = %Chain(&error), "a service account can't be used");
            None
        }
        Err(error) => {
            tracing::warn!(provider = %provider.slug, origin, error = %Chain(error), "a service account's key file can't be read");
            None
        }
    }
}

/// The text of a key file; `None` for what is a key itself.
fn key_file(given: &str) -> Option<std::io::Result<String>> {
    if given.starts_with('{') {
        return Some(Ok(given.to_owned()));
    }
    let path = std::path::Path::new(given);
    let is_path = given.contains('/') || path.extension().is_some_and(|it| it == "json");
    is_path.then(|| std::fs::read_to_string(given))
}

fn is_configured(config: &Config, slug: &ProviderSlug) -> bool {
    config.configured.contains(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalogue_has_an_adapter() {
        let catalog = Catalog::builtin();
        for provider in catalog.providers() {
            assert!(adapter(provider.protocol.as_str()).is_some(), "{}", provider.slug);
        }
        for endpoint in catalog.all_endpoints() {
            assert!(adapter(endpoint.protocol.as_str()).is_some(), "{}", endpoint.id.as_str());
        }
    }
}
