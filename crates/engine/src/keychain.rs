//! Callers' own keys at providers, in memory with their secrets open (contract §1.4).
//!
//! Loaded at the start and reloaded when the store's revision moves, as keys are. A secret that was
//! sealed with a master key which is not here makes its key unusable, and nothing else; one that was
//! open here and is only sealed anew goes on.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tollgate_providers::FaultKind;
use tollgate_store::{CredentialRecord, StoreError, Stores};
use tollgate_types::{KeyHash, ProviderSlug, Timestamp};
use tollgate_upstream::Upstream;
use tollgate_vault::{OpenError, Vault, VaultError};

use crate::engine::Engine;
use crate::own::access_with;
use crate::own_secret::UNTELLING;
use crate::pepper::opens;
use crate::{Inquiry, Installation, NotTaken, Secret};

/// A key of somebody's own.
#[derive(Debug)]
pub(crate) struct HeldKey {
    pub(crate) record: CredentialRecord,
    /// `None` where it does not open.
    pub(crate) secret: Option<Secret>,
    /// Hashes that API keys it is for had before they were rotated: a call may have come with one.
    pub(crate) former: Vec<KeyHash>,
}

impl HeldKey {
    /// Whether what is stored now is this key with the same secret, as far as can be seen from
    /// outside.
    fn is_sealed_anew_as(&self, stored: &CredentialRecord) -> bool {
        let is_telling = stored.label.len() > UNTELLING.len();
        is_telling && stored.label == self.record.label && stored.provider == self.record.provider
    }
}

/// Every key of callers' own.
#[derive(Debug)]
pub struct Keychain {
    stores: Stores,
    vault: Arc<Vault>,
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
    pub async fn load(stores: Stores, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let (snapshot, reloading) = (ArcSwap::default(), tokio::sync::Mutex::default());
        let keychain = Self { stores, vault, snapshot, reloading };
        keychain.refresh(|_| ()).await?;
        Ok(keychain)
    }

    /// Whether what is sealed here opens elsewhere: not once others have another master key.
    ///
    /// # Errors
    ///
    /// When the store can't be asked.
    pub async fn is_current(&self) -> Result<bool, StoreError> {
        let Some(pepper) = self.stores.keys.pepper().await? else { return Ok(true) };
        Ok(opens(&self.vault, &pepper))
    }

    /// Seals a secret for a key.
    ///
    /// # Errors
    ///
    /// When the cryptography library fails.
    pub fn seal(
        &self,
        record: &CredentialRecord,
        secret: &str,
        nonce: [u8; tollgate_vault::NONCE_BYTES],
    ) -> Result<Vec<u8>, VaultError> {
        self.vault.seal(&record.purpose(), secret, nonce)
    }

    /// The keys that can't be used, by id, each with the reason.
    pub fn unusable(&self) -> Vec<(String, OpenError)> {
        let keys = self.snapshot.load();
        let failed = keys.keys.iter().filter_map(|key| {
            let error = self.vault.open(&key.record.purpose(), &key.record.sealed).err()?;
            Some((key.record.id.clone(), error))
        });
        failed.collect()
    }

    /// What people know a key by.
    pub fn title(&self, id: &str) -> Option<String> {
        let keys = self.snapshot.load();
        keys.keys.iter().find(|key| key.record.id == id).map(|key| key.record.title())
    }

    pub(crate) fn held(&self) -> Vec<Arc<HeldKey>> {
        self.snapshot.load().keys.clone()
    }

    /// Reloads the keys if the store's revision has moved, and has `install` put them to use: it
    /// is given the ids of those whose secret is another than before. Whoever finds that nothing
    /// has moved finds them in use.
    ///
    /// Cancel safe: the snapshot is swapped and put to use, or neither.
    pub(crate) async fn refresh(
        &self,
        install: impl FnOnce(&[Arc<str>]),
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let revision = self.stores.credentials.revision().await?;
        let before = self.snapshot.load_full();
        if before.revision == Some(revision) {
            return Ok(());
        }
        let records = self.stores.credentials.all().await?;
        let known = |id: &str| before.keys.iter().find(|key| key.record.id == id);
        let mut keys = Vec::with_capacity(records.len());
        for record in records {
            let known = known(&record.id).map(Arc::as_ref);
            let former = self.former(&record, known).await?;
            let secret = self.open(&record, known);
            keys.push(Arc::new(HeldKey { record, secret, former }));
        }
        let is_as_before = |key: &HeldKey| {
            let known = before.keys.iter().find(|it| it.record.id == key.record.id);
            known.is_some_and(|it| it.record.sealed == key.record.sealed)
        };
        let renewed = keys.iter().filter(|key| !is_as_before(key));
        let renewed: Vec<_> = renewed.map(|key| key.record.id.as_str().into()).collect();
        self.snapshot.store(Arc::new(Snapshot { revision: Some(revision), keys }));
        install(&renewed);
        Ok(())
    }

    /// What API keys that a key is for were called by until they were rotated.
    async fn former(
        &self,
        record: &CredentialRecord,
        before: Option<&HeldKey>,
    ) -> Result<Vec<KeyHash>, StoreError> {
        let hashes = |record: &CredentialRecord| -> Vec<KeyHash> {
            let hashes = record.allowed_api_key_hashes.iter().flatten();
            hashes.filter_map(|hash| KeyHash::from_hex(hash)).collect()
        };
        let (now, Some(before)) = (hashes(record), before) else { return Ok(Vec::new()) };
        let mut gone = hashes(&before.record);
        gone.extend(&before.former);
        gone.retain(|hash| !now.contains(hash));
        if gone.is_empty() || now.is_empty() {
            return Ok(Vec::new());
        }
        let successors = self.stores.keys.successors(&gone).await?;
        let rotated = successors.into_iter().filter(|(_, hash)| now.contains(hash));
        Ok(rotated.map(|(old, _)| old).collect())
    }

    /// Opens a key's secret. Under a master key that this process does not have it may be the very
    /// secret that is open here: others have sealed it anew while this process runs.
    fn open(&self, record: &CredentialRecord, before: Option<&HeldKey>) -> Option<Secret> {
        match self.vault.open(&record.purpose(), &record.sealed) {
            Ok(secret) => Some(Secret::new(secret)),
            Err(OpenError::OtherKey) if before.is_some_and(|it| it.is_sealed_anew_as(record)) => {
                tracing::warn!(
                    key.id = record.id,
                    "a key of a caller's own is sealed with another secret key: restart with that TOLLGATE_SECRET_KEY"
                );
                before.and_then(|it| it.secret.clone())
            }
            Err(error) => {
                tracing::error!(
                    key.id = record.id,
                    provider = %record.provider,
                    %error,
                    "a key of a caller's own does not open: is TOLLGATE_SECRET_KEY the one it was sealed with?"
                );
                None
            }
        }
    }
}

impl Installation {
    /// Whether a provider could be reached with a caller's own key: it is known here and its
    /// address is complete.
    pub fn takes_own_keys(&self, provider: &ProviderSlug) -> bool {
        self.address(provider).is_some()
    }

    /// Asks a provider whether it takes a key.
    pub async fn try_own_key(
        &self,
        provider: &ProviderSlug,
        secret: &str,
        upstream: &Upstream,
        (now, patience): (Timestamp, Duration),
    ) -> ProbeVerdict {
        let known = self.known().provider(provider.as_str());
        let address = self.address(provider).map(str::to_owned);
        let Some((provider, base_url)) = known.zip(address) else {
            return ProbeVerdict::Unknown("the provider has no address here");
        };
        let secret = Secret::new(secret.to_owned());
        let protocol = provider.protocol.as_str();
        let Some(access) = access_with(protocol, base_url, &secret) else {
            return ProbeVerdict::Refused;
        };
        let inquiry = Inquiry { provider, protocol, access: &access, patience };
        match Box::pin(inquiry.ask(upstream, now)).await {
            Ok(_) => ProbeVerdict::Accepted,
            Err(NotTaken { fault, .. }) if fault.kind == FaultKind::Credential => {
                ProbeVerdict::Refused
            }
            Err(NotTaken { fault, .. }) => ProbeVerdict::Unknown(fault.kind.as_str()),
        }
    }
}

impl Engine {
    /// Callers' own keys at providers.
    pub const fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// Asks a provider whether it takes a key.
    pub async fn try_own_key(&self, provider: &ProviderSlug, secret: &str) -> ProbeVerdict {
        let when = (self.now(), self.config().first_byte_timeout);
        self.installation().try_own_key(provider, secret, self.upstream(), when).await
    }
}
