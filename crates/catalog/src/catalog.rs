//! The catalogue: everything there is to route to, as one immutable snapshot.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::assemble::{Parts, assemble};
use crate::check::{OverlayError, Provenance, check};
use crate::endpoint::Endpoint;
use crate::format::Overlay;
use crate::model::Model;
use crate::names::{NameIndex, Unknown};
use crate::overlay::merge;
use crate::provider::Provider;
use crate::vocabulary::ServiceTier;

/// An immutable snapshot of providers, models and endpoints. Cloning copies a pointer.
#[derive(Debug, Clone)]
pub struct Catalog(Arc<Snapshot>);

#[derive(Debug)]
struct Snapshot {
    /// The rows this was made from, to lay others over.
    rows: Arc<Overlay>,
    parts: Parts,
    names: NameIndex,
    providers: HashMap<String, usize>,
}

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.json"));

static BUILTIN: LazyLock<Catalog> = LazyLock::new(|| {
    let rows: Overlay = serde_json::from_slice(EMBEDDED).unwrap_or_default();
    // Both can only fail when the build script is wrong, and a test looks at the result.
    let parts = assemble(&rows).unwrap_or_default();
    debug_assert!(!parts.models.is_empty(), "the embedded catalogue can't be read");
    Catalog::new(Arc::new(rows), parts)
});

impl Catalog {
    /// The catalogue this program was built with. Read on first use, in a few milliseconds.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// A catalogue of nothing but these rows.
    pub fn from_rows(rows: Overlay) -> Result<Self, Vec<OverlayError>> {
        Self::new(Arc::default(), Parts::default()).overlay(rows)
    }

    /// Every model, newest first, equally new ones by id.
    pub fn models(&self) -> &[Arc<Model>] {
        &self.0.parts.models
    }

    /// Every provider, in the catalogue's order: the best known ones first.
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.0.parts.providers
    }

    /// The provider of this slug, alias or display name, in any case.
    pub fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        let index = &self.0.providers;
        let at = index.get(name).or_else(|| index.get(&name.to_ascii_lowercase()))?;
        self.0.parts.providers.get(*at)
    }

    /// The model with exactly this id, canonical slug or alias, in lower case.
    pub fn model(&self, id: &str) -> Option<&Arc<Model>> {
        self.0.parts.models.get(self.0.names.exact(id)?)
    }

    /// Who serves the model with exactly this id: its author first, then by provider. Empty for an
    /// unknown model.
    pub fn endpoints(&self, model: &str) -> &[Arc<Endpoint>] {
        let at = self.0.names.exact(model);
        at.and_then(|at| self.0.parts.endpoints.get(at)).map_or(&[], Vec::as_slice)
    }

    /// What serves the same model at the same provider as `endpoint` in another service tier;
    /// `None` for `tier` is the ordinary one.
    pub fn beside(&self, endpoint: &Endpoint, tier: Option<ServiceTier>) -> Option<&Arc<Endpoint>> {
        let others = self.endpoints(endpoint.model.id.as_str()).iter();
        others.filter(|other| other.tier() == tier).find(|other| other.is_beside(endpoint))
    }

    /// Every endpoint, in the order of their models.
    pub fn all_endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.0.parts.endpoints.iter().flatten()
    }

    /// The model that people mean by this name, in any case:
    ///
    /// 1. an id, a canonical slug or an alias;
    /// 2. the same with `-` for `.`, or without the author (`claude-sonnet-4-5`);
    /// 3. a provider's own name for the model (`claude-haiku-4-5-20251001`);
    ///
    /// provided that only one model has the name. A model wins over its variants such as `:free`.
    pub fn resolve(&self, name: &str) -> Result<&Arc<Model>, Unknown> {
        let models = &self.0.parts.models;
        let at = self.0.names.resolve(name, models)?;
        let unknown = || Unknown { name: name.to_owned(), nearest: None, ambiguous: Vec::new() };
        models.get(at).ok_or_else(unknown)
    }

    /// This catalogue with these rows laid over it, or every problem with them.
    ///
    /// A `[[provider]]` with a known slug or alias, and a `[[model]]` with a known id, change only
    /// what they give; others are added. An `[[endpoint]]` is added to its model, or changes what
    /// it gives of the same provider's endpoint there (a price is taken whole). A price needs no
    /// provenance here; its source is then `config`.
    ///
    /// The rows are laid over everything the catalogue was made from: a restriction
    /// ([`Self::restricted_to`]) is not kept.
    pub fn overlay(&self, over: Overlay) -> Result<Self, Vec<OverlayError>> {
        let rows = merge(&self.0.rows, over)?;
        let errors = check(&rows, Provenance::Optional);
        if !errors.is_empty() {
            return Err(errors);
        }
        let parts = assemble(&rows)?;
        Ok(Self::new(Arc::new(rows), parts))
    }

    /// Only the endpoints that `keep` takes, e.g. those this installation has a key for and an
    /// adapter of. Models and providers without any vanish.
    #[must_use]
    pub fn restricted_to(&self, keep: impl Fn(&Endpoint) -> bool) -> Self {
        let mut parts = Parts::default();
        for (model, endpoints) in self.0.parts.models.iter().zip(&self.0.parts.endpoints) {
            let kept: Vec<_> =
                endpoints.iter().filter(|endpoint| keep(endpoint)).cloned().collect();
            if !kept.is_empty() {
                parts.models.push(Arc::clone(model));
                parts.endpoints.push(kept);
            }
        }
        let used: std::collections::HashSet<&str> = parts
            .endpoints
            .iter()
            .flatten()
            .map(|endpoint| endpoint.provider.slug.as_str())
            .collect();
        let providers = self.0.parts.providers.iter();
        parts.providers =
            providers.filter(|provider| used.contains(provider.slug.as_str())).cloned().collect();
        Self::new(Arc::clone(&self.0.rows), parts)
    }

    fn new(rows: Arc<Overlay>, parts: Parts) -> Self {
        let names = NameIndex::new(&parts.models, &parts.endpoints);
        let mut providers = HashMap::new();
        for (at, provider) in parts.providers.iter().enumerate() {
            let slug = provider.slug.as_str();
            for name in std::iter::once(slug).chain(provider.aliases.iter().map(String::as_str)) {
                providers.insert(name.to_ascii_lowercase(), at);
            }
        }
        for (at, provider) in parts.providers.iter().enumerate() {
            // A display name never takes a slug from another provider.
            providers.entry(provider.name.to_ascii_lowercase()).or_insert(at);
        }
        Self(Arc::new(Snapshot { rows, parts, names, providers }))
    }
}

#[cfg(test)]
mod tests;
