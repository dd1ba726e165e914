//! Callers' own keys as endpoints: each makes a copy of every endpoint of its provider (contract
//! §5.9).
//!
//! The copies are made when keys or the catalogue change, never by a call. A copy has a name of its
//! own, so what is known of its health says nothing of the endpoint that everybody shares.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use tollgate_catalog::{Catalog, Endpoint, Model, OwnKey};
use tollgate_providers::adapter;
use tollgate_routing::Restriction;
use tollgate_store::KeyRecord;
use tollgate_types::ModelSlug;

use crate::installation::adapter_of;
use crate::keychain::HeldKey;
use crate::{Access, Credential, Installation, Secret, ServiceAccount};

/// The endpoints that callers' own keys make.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnEndpoints {
    models: HashMap<ModelSlug, Vec<Arc<Endpoint>>>,
    keys: HashMap<Arc<str>, Held>,
}

#[derive(Debug, Clone)]
struct Held {
    key: Arc<HeldKey>,
    /// `None` where it can't be used and nothing else may be: calls fail rather than be made with
    /// somebody else's key.
    access: Option<Access>,
}

impl OwnEndpoints {
    /// The copies that these keys make of what an installation knows.
    pub(crate) fn of(installation: &Installation, held: &[Arc<HeldKey>]) -> Self {
        let mut own = Self::default();
        let enabled = held.iter().filter(|it| !it.record.disabled);
        for key in enabled {
            let access = access(installation, key);
            if access.is_none() && !key.record.stands_alone() {
                continue;
            }
            let id: Arc<str> = key.record.id.as_str().into();
            let place = Arc::new(OwnKey {
                id: Arc::clone(&id),
                title: key.record.title(),
                is_fallback: key.record.is_fallback,
                sort_order: key.record.sort_order,
            });
            own.keys.insert(id, Held { key: Arc::clone(key), access });
            let its = installation.known().all_endpoints();
            let its = its.filter(|it| it.provider.slug == key.record.provider);
            for endpoint in its.filter(|it| adapter_of(it).is_some()) {
                let copies = own.models.entry(endpoint.model.id.clone()).or_default();
                copies.push(Arc::new(endpoint.with_own_key(&place)));
            }
        }
        own
    }

    /// Whether nobody has a key of their own.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.models.values().flatten()
    }

    /// How to reach a provider with a key.
    pub(crate) fn access(&self, key: &str) -> Option<&Access> {
        self.keys.get(key)?.access.as_ref()
    }

    /// The endpoints of a model for whoever calls with `caller`: those of keys of their own, and
    /// what is shared but for providers whose own keys are always used. `None` where no key of
    /// their own is for it.
    pub(crate) fn beside(
        &self,
        model: &Model,
        shared: &[Arc<Endpoint>],
        caller: &KeyRecord,
    ) -> Option<Vec<Arc<Endpoint>>> {
        let mut endpoints = Vec::new();
        let mut alone = Vec::new();
        for endpoint in self.models.get(&model.id)? {
            let key = endpoint.own_key.as_ref().and_then(|key| self.keys.get(&key.id));
            let held = key.map(|held| &held.key);
            let Some(held) = held.filter(|it| is_for(it, caller, model)) else { continue };
            if held.record.stands_alone() {
                alone.push(&endpoint.provider.slug);
            }
            endpoints.push(Arc::clone(endpoint));
        }
        if endpoints.is_empty() {
            return None;
        }
        let is_left = |it: &&Arc<Endpoint>| !alone.contains(&&it.provider.slug);
        endpoints.extend(shared.iter().filter(is_left).cloned());
        Some(endpoints)
    }
}

/// What a caller can have called: what is shared, and what keys of their own add to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reachable<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) caller: Option<&'a KeyRecord>,
}

impl<'a> Reachable<'a> {
    /// The models that have an endpoint which the caller's key may call, in no order.
    pub(crate) fn models(self) -> impl Iterator<Item = &'a Arc<Model>> {
        let routable = self.installation.routable();
        let own = self.installation.own().models.values().filter_map(|it| Some(&it.first()?.model));
        let added = own.filter(move |model| {
            routable.endpoints(model.id.as_str()).is_empty() && !self.endpoints(model).is_empty()
        });
        let restriction = self.caller.and_then(restriction_of);
        routable.models().iter().chain(added).filter(move |model| {
            let permits = |restriction: &Restriction| {
                self.endpoints(model).iter().any(|endpoint| restriction.permits(endpoint))
            };
            restriction.as_ref().is_none_or(permits)
        })
    }

    /// The endpoints of a model for the caller.
    pub(crate) fn endpoints(self, model: &Model) -> Cow<'a, [Arc<Endpoint>]> {
        let shared = self.installation.routable().endpoints(model.id.as_str());
        let own = self.installation.own();
        let caller = self.caller.filter(|_| !own.is_empty());
        let beside = caller.and_then(|caller| own.beside(model, shared, caller));
        beside.map_or(Cow::Borrowed(shared), Cow::Owned)
    }
}

impl Installation {
    /// What a caller can have called, as a catalogue to look things up in: with the models that
    /// only keys of their own reach.
    pub fn catalog_for(&self, caller: &KeyRecord) -> Catalog {
        let own = self.own();
        let restriction = restriction_of(caller);
        let permits =
            |endpoint: &Endpoint| restriction.as_ref().is_none_or(|it| it.permits(endpoint));
        if own.is_empty() {
            return match &restriction {
                Some(_) => self.routable().restricted_to(permits),
                None => self.routable().clone(),
            };
        }
        let reaches = |endpoint: &Endpoint| {
            let copies = own.models.get(&endpoint.model.id).into_iter().flatten();
            let mut keys = copies.filter(|it| it.provider.slug == endpoint.provider.slug);
            keys.any(|copy| {
                let key = copy.own_key.as_ref().and_then(|key| own.keys.get(&key.id));
                key.is_some_and(|it| is_for(&it.key, caller, &endpoint.model))
            })
        };
        self.known().restricted_to(|endpoint| {
            let is_spoken = adapter_of(endpoint).is_some();
            is_spoken
                && permits(endpoint)
                && (self.access(&endpoint.provider.slug).is_some() || reaches(endpoint))
        })
    }
}

/// What a key may be used for; `None` where it may be used for everything.
pub(crate) fn restriction_of(key: &KeyRecord) -> Option<Restriction> {
    Restriction::of_key(key.allowed_models.as_deref(), key.allowed_providers.as_deref())
}

/// Whether a key is for calls of `caller` about a model.
fn is_for(held: &HeldKey, caller: &KeyRecord, model: &Model) -> bool {
    let own = &held.record;
    let workspace = own.workspace_id.as_ref();
    workspace.is_none_or(|it| *it == caller.workspace_id)
        && own.allowed_models.as_ref().is_none_or(|models| {
            let is_it =
                |name: &String| name == model.id.as_str() || model.canonical_slug.as_str() == name;
            models.iter().any(is_it)
        })
        && own.allowed_user_ids.as_ref().is_none_or(|users| {
            caller.creator_user_id.as_ref().is_some_and(|user| users.contains(user))
        })
        && own.allowed_api_key_hashes.as_ref().is_none_or(|hashes| {
            hashes.contains(&caller.hash.to_hex()) || held.former.contains(&caller.hash)
        })
}

/// How to reach a provider with a key; `None` where the key can't be read or the provider has no
/// address here.
fn access(installation: &Installation, key: &HeldKey) -> Option<Access> {
    let record = &key.record;
    let secret = key.secret.as_ref()?;
    let base_url = installation.address(&record.provider)?.to_owned();
    let provider = installation.known().provider(record.provider.as_str())?;
    let made = access_with(provider.protocol.as_str(), base_url, secret);
    if made.is_none() {
        tracing::warn!(key.id = record.id, provider = %record.provider, "a key of a caller's own can't be used");
    }
    made
}

/// A way to a provider with a key: its text, or that of a service account's key file where the
/// protocol takes one. Paths of files are not looked at: whoever brings a key is not whoever owns
/// this machine.
pub(crate) fn access_with(protocol: &str, base_url: String, secret: &Secret) -> Option<Access> {
    let origin = "a key of the caller's own".to_owned();
    let takes_files = adapter(protocol)?.takes_key_files();
    if !takes_files || !secret.expose().trim_start().starts_with('{') {
        return Some(Access {
            base_url,
            credential: Some(Credential::Key(secret.clone())),
            origin,
        });
    }
    let account = ServiceAccount::from_json(secret.expose())
        // Of what can't be read the error may repeat some.
        .inspect_err(|error| tracing::debug!(%error, "no service account"))
        .ok()
        .filter(ServiceAccount::is_googles)?;
    let base_url = match account.project().filter(|_| !base_url.contains("/projects/")) {
        Some(project) => format!("{base_url}/projects/{project}/locations/global"),
        None => base_url,
    };
    Some(Access { base_url, credential: Some(Credential::ServiceAccount(account.into())), origin })
}
