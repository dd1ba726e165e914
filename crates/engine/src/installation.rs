//! What this installation can call: the catalog, cut down to providers it has access to.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tollgate_catalog::{Catalog, Endpoint};
use tollgate_providers::{Adapter, Fault, adapter};
use tollgate_types::{ProviderSlug, Timestamp};
use tollgate_upstream::Upstream;

use crate::ServiceAccount;
use crate::keychain::HeldKey;
use crate::own::OwnEndpoints;

/// A snapshot, swapped whole when configuration or discovery change it.
#[derive(Debug, Clone)]
pub struct Installation {
    /// What can be routed now.
    routable: Catalog,
    /// Everything known, routable or not.
    known: Catalog,
    access: HashMap<ProviderSlug, Access>,
    /// Base URLs, also of providers that there is no key for.
    addresses: HashMap<ProviderSlug, String>,
    own: OwnEndpoints,
}

/// How to reach one provider.
#[derive(Debug, Clone)]
pub struct Access {
    /// Base URL without a slash at the end, every variable filled in.
    pub base_url: String,
    /// The credential; `None` for a provider that needs none.
    pub credential: Option<Credential>,
    /// Where the credential was found, for people: `OPENAI_API_KEY`, `configuration file`.
    pub origin: String,
}

/// What a provider is shown.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A key that is sent as it is.
    Key(Secret),
    /// An account that buys tokens.
    ServiceAccount(Arc<ServiceAccount>),
}

impl Credential {
    /// What to send with a call made now.
    ///
    /// # Errors
    ///
    /// When a token can't be had.
    pub async fn secret(&self, upstream: &Upstream, now: Timestamp) -> Result<Secret, Fault> {
        match self {
            Self::Key(secret) => Ok(secret.clone()),
            // Seldom waited for, and large: kept out of the future of every call.
            Self::ServiceAccount(account) => Box::pin(account.token(upstream, now)).await,
        }
    }
}

impl Access {
    /// The key, where one is sent as it is.
    pub fn key(&self) -> Option<&str> {
        match &self.credential {
            Some(Credential::Key(secret)) => Some(secret.expose()),
            Some(Credential::ServiceAccount(_)) | None => None,
        }
    }

    /// What to send with a call made now; `None` where nothing is needed.
    ///
    /// # Errors
    ///
    /// When a token can't be had.
    pub async fn secret(
        &self,
        upstream: &Upstream,
        now: Timestamp,
    ) -> Result<Option<Secret>, Fault> {
        match &self.credential {
            Some(credential) => credential.secret(upstream, now).await.map(Some),
            None => Ok(None),
        }
    }
}

/// A key or a token. Its `Debug` hides it.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a credential.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The credential itself, to be sent.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Installation {
    /// Cuts `known` down to the endpoints whose provider is in `access` and whose protocol has an
    /// adapter.
    pub fn new(known: Catalog, access: HashMap<ProviderSlug, Access>) -> Self {
        let routable = known.restricted_to(|endpoint| {
            access.contains_key(&endpoint.provider.slug) && adapter_of(endpoint).is_some()
        });
        Self { routable, known, access, addresses: HashMap::new(), own: OwnEndpoints::default() }
    }

    /// The same with the base URLs of all providers that have one, whether or not there is a key
    /// for them: callers may bring their own.
    #[must_use]
    pub fn with_addresses(self, addresses: HashMap<ProviderSlug, String>) -> Self {
        Self { addresses, ..self }
    }

    /// The same with callers' own keys, each its own copy of its provider's endpoints.
    #[must_use]
    pub(crate) fn with_own_keys(self, keys: &[Arc<HeldKey>]) -> Self {
        let own = OwnEndpoints::of(&self, keys);
        Self { own, ..self }
    }

    /// The endpoints that callers' own keys make.
    pub(crate) const fn own(&self) -> &OwnEndpoints {
        &self.own
    }

    /// The base URL of a provider, without a slash at its end.
    pub(crate) fn address(&self, provider: &ProviderSlug) -> Option<&str> {
        self.addresses.get(provider).map(String::as_str)
    }

    /// How to reach an endpoint: with the caller's own key, where it is one's.
    pub(crate) fn access_of(&self, endpoint: &Endpoint) -> Option<&Access> {
        match &endpoint.own_key {
            Some(key) => self.own.access(&key.id),
            None => self.access(&endpoint.provider.slug),
        }
    }

    /// What can be routed now.
    pub const fn routable(&self) -> &Catalog {
        &self.routable
    }

    /// Everything known.
    pub const fn known(&self) -> &Catalog {
        &self.known
    }

    /// A fault without the credential that was sent to its endpoint.
    pub(crate) fn without_secret(&self, endpoint: &Endpoint, fault: Fault) -> Fault {
        let access = self.access_of(endpoint);
        match access.and_then(|it| it.credential.as_ref()) {
            Some(Credential::Key(secret)) => fault.without(Some(secret.expose())),
            // A token is of no use to anybody before long, and nobody but Google was shown it.
            Some(Credential::ServiceAccount(_)) | None => fault,
        }
    }

    /// How to reach a provider, if this installation can.
    pub fn access(&self, provider: &ProviderSlug) -> Option<&Access> {
        self.access.get(provider)
    }
}

/// The adapter that speaks an endpoint's protocol.
pub(crate) fn adapter_of(endpoint: &Endpoint) -> Option<&'static dyn Adapter> {
    adapter(endpoint.protocol.as_str())
}
