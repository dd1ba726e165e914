//! Callers' own keys at providers, in memory with their secrets open (contract §1.4).
//!
//! Loaded at the start and reloaded when the store's revision moves, as keys are. A secret that was
//! sealed with a master key which is not here makes its key unusable, and nothing else.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::time::timeout;
use tollgate_providers::{Failure, Fault, FaultKind, Target, adapter};
use tollgate_store::{CredentialRecord, StoreError, Stores};
use tollgate_types::ProviderSlug;
use tollgate_vault::{OpenError, Vault, VaultError};

use crate::engine::Engine;
use crate::own::access_with;
use crate::reach::error_body;
use crate::{Access, Secret};

/// A key of somebody's own.
#[derive(Debug)]
pub(crate) struct HeldKey {
    pub(crate) record: CredentialRecord,
    /// `None` where it does not open.
    pub(crate) secret: Option<Secret>,
}

/// Every key of callers' own.
#[derive(Debug)]
pub struct Keychain {
    stores: Stores,
    vault: Vault,
    snapshot: ArcSwap<Snapshot>,
    reloading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Snapshot {
    revision: Option<u64>,
    keys: Vec<Arc<HeldKey>>,
}

/// What a provider says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeVerdict {
    /// It takes the key.
    Accepted,
    /// It refuses the key.
    Refused,
    /// Nobody knows, for this reason.
    Unknown(&'static str),
}

impl Keychain {
    /// Loads every key.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn load(stores: Stores, vault: Vault) -> Result<Self, StoreError> {
        let (snapshot, reloading) = (ArcSwap::default(), tokio::sync::Mutex::default());
        let keychain = Self { stores, vault, snapshot, reloading };
        keychain.refresh().await?;
        Ok(keychain)
    }

    /// Seals a secret for the key with this id.
    ///
    /// # Errors
    ///
    /// When the cryptography library fails.
    pub fn seal(
        &self,
        id: &str,
        secret: &str,
        nonce: [u8; tollgate_vault::NONCE_BYTES],
    ) -> Result<Vec<u8>, VaultError> {
        self.vault.seal(id, secret, nonce)
    }

    /// The keys that can't be used, by id, each with the reason.
    pub fn unusable(&self) -> Vec<(String, OpenError)> {
        let keys = self.snapshot.load();
        let failed = keys.keys.iter().filter_map(|key| {
            let error = self.vault.open(&key.record.id, &key.record.sealed).err()?;
            Some((key.record.id.clone(), error))
        });
        failed.collect()
    }

    pub(crate) fn held(&self) -> Vec<Arc<HeldKey>> {
        self.snapshot.load().keys.clone()
    }

    /// Reloads the keys if the store's revision has moved: then the ids of those whose secret is
    /// another than before.
    ///
    /// Cancel safe: the snapshot is swapped whole or not at all.
    pub(crate) async fn refresh(&self) -> Result<Option<Vec<Arc<str>>>, StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let revision = self.stores.credentials.revision().await?;
        let before = self.snapshot.load_full();
        if before.revision == Some(revision) {
            return Ok(None);
        }
        let records = self.stores.credentials.all().await?;
        let keys: Vec<_> = records.into_iter().map(|it| Arc::new(self.open(it))).collect();
        let is_as_before = |key: &HeldKey| {
            let known = before.keys.iter().find(|it| it.record.id == key.record.id);
            known.is_some_and(|it| it.record.sealed == key.record.sealed)
        };
        let renewed = keys.iter().filter(|key| !is_as_before(key));
        let renewed = renewed.map(|key| key.record.id.as_str().into()).collect();
        self.snapshot.store(Arc::new(Snapshot { revision: Some(revision), keys }));
        Ok(Some(renewed))
    }

    fn open(&self, record: CredentialRecord) -> HeldKey {
        match self.vault.open(&record.id, &record.sealed) {
            Ok(secret) => HeldKey { record, secret: Some(Secret::new(secret)) },
            Err(error) => {
                tracing::error!(
                    key.id = record.id,
                    provider = %record.provider,
                    %error,
                    "a key of a caller's own does not open: is TOLLGATE_SECRET_KEY the one it was sealed with?"
                );
                HeldKey { record, secret: None }
            }
        }
    }
}

impl Engine {
    /// Whether a provider could be reached with a caller's own key: it is known here and its
    /// address is complete.
    pub fn takes_own_keys(&self, provider: &ProviderSlug) -> bool {
        self.installation().address(provider).is_some()
    }

    /// Asks a provider whether it takes a key.
    pub async fn try_own_key(&self, provider: &ProviderSlug, secret: &str) -> ProbeVerdict {
        let unknown = ProbeVerdict::Unknown;
        let installation = self.installation();
        let known = installation.known().provider(provider.as_str());
        let address = installation.address(provider).map(str::to_owned);
        let Some((provider, base_url)) = known.zip(address) else {
            return unknown("the provider has no address here");
        };
        let secret = Secret::new(secret.to_owned());
        let Some(access) = access_with(provider.protocol.as_str(), base_url, &secret) else {
            return ProbeVerdict::Refused;
        };
        match Box::pin(self.ask_for_models(provider, &access)).await {
            Ok(()) => ProbeVerdict::Accepted,
            Err(fault) if fault.kind == FaultKind::Credential => ProbeVerdict::Refused,
            Err(fault) => unknown(fault.kind.as_str()),
        }
    }

    async fn ask_for_models(
        &self,
        provider: &tollgate_catalog::Provider,
        access: &Access,
    ) -> Result<(), Fault> {
        let unsupported = || Fault::new(FaultKind::Unsupported);
        let adapter = adapter(provider.protocol.as_str()).ok_or_else(unsupported)?;
        let patience = self.config().first_byte_timeout;
        let secret = timeout(patience, access.secret(self.upstream(), self.now())).await;
        let secret = secret.map_err(|_| Fault::new(FaultKind::Timeout))??;
        let target = Target {
            base_url: &access.base_url,
            upstream_model: "",
            credential: secret.as_ref().map(Secret::expose),
            max_output: None,
            supported_parameters: &[],
            auth: provider.quirks.auth.unwrap_or_else(|| adapter.auth()),
            quirks: &provider.quirks,
            service: tollgate_catalog::Service::default(),
        };
        let request = adapter.probe(&target).map_err(|_| unsupported())?;
        let response = self.upstream().send(request, patience).await;
        let response = response.map_err(|_| Fault::new(FaultKind::Unreachable))?;
        if response.status().is_success() {
            return Ok(());
        }
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, &parts.headers);
        let body = error_body(body).await;
        Err(adapter.classify(&Failure { status, headers, body: &body }))
    }
}
