//! Keys at providers that were given while the gateway runs: kept sealed, and open in memory.
//!
//! Whoever puts an installation together asks for them ([`ProviderKeys::open_keys`]) and says when they
//! are in force, so that a caller who gives one hears of it when calls can use it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tollgate_organisation::ProviderKey;
use tollgate_providers::adapter;
use tollgate_store::{Document, StoreError, Stores};
use tollgate_types::{ProviderSlug, Timestamp};
use tollgate_vault::{NONCE_BYTES, OpenError, Vault, VaultError};

use crate::own::access_with;
use crate::own_secret::masked;
use crate::{Access, Engine, Entropy, Secret};

/// What keys that were given in the dashboard have for [`Access::origin`].
pub const GIVEN_IN_DASHBOARD: &str = "dashboard";
/// How long whoever gives a key waits for it to be in force.
const PATIENCE: Duration = Duration::from_secs(5);

/// The installation's keys at providers, besides those of the configuration and the environment.
#[derive(Debug)]
pub struct ProviderKeys {
    stores: Stores,
    vault: Arc<Vault>,
    snapshot: ArcSwap<Snapshot>,
    reloading: tokio::sync::Mutex<()>,
    changed: Notify,
    /// Which snapshot calls use.
    in_force: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Snapshot {
    number: u64,
    revision: Option<u64>,
    keys: Vec<Document<ProviderKey>>,
    open: HashMap<ProviderSlug, Secret>,
}

/// Why a key is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyNotKept {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The system has no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] crate::clock::NoEntropy),
}

impl ProviderKeys {
    /// Loads every key.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn load(stores: Stores, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let keys = Self {
            stores,
            vault,
            snapshot: ArcSwap::default(),
            reloading: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            in_force: watch::Sender::new(0),
        };
        keys.refresh().await?;
        Ok(keys)
    }

    /// Loads every key again if anything has changed. Returns whether a key has.
    ///
    /// Cancel safe: the snapshot is swapped whole or not at all.
    ///
    /// # Errors
    ///
    /// When the store can't be read; then what was known stays.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let documents = &self.stores.documents;
        let (before, revision) = (self.snapshot.load_full(), documents.revision().await?);
        if before.revision == Some(revision) {
            return Ok(false);
        }
        let keys = documents.all::<ProviderKey>(None).await?;
        let revisions = |keys: &[Document<ProviderKey>]| -> Vec<(String, u64)> {
            keys.iter().map(|key| (key.id.clone(), key.revision)).collect()
        };
        let is_same = revisions(&keys) == revisions(&before.keys);
        let number = before.number.saturating_add(u64::from(!is_same));
        let open = if is_same {
            before.open.clone()
        } else {
            keys.iter().filter_map(|key| self.opened(key, &before)).collect()
        };
        let snapshot = Snapshot { number, revision: Some(revision), keys, open };
        self.snapshot.store(Arc::new(snapshot));
        Ok(!is_same)
    }

    /// Opens a key. Where only others have sealed it anew, under a master key that is not here, it is
    /// the one that is open already.
    fn opened(
        &self,
        key: &Document<ProviderKey>,
        before: &Snapshot,
    ) -> Option<(ProviderSlug, Secret)> {
        let slug = ProviderSlug::parse(&key.id).ok()?;
        let sealed = STANDARD.decode(&key.body.sealed).map_err(|_| OpenError::Damaged);
        let secret = sealed.and_then(|it| self.vault.open(&ProviderKey::purpose(&slug), &it));
        match secret {
            Ok(secret) => Some((slug, Secret::new(secret))),
            Err(error) => {
                tracing::error!(provider = %slug, %error, "a provider's key does not open: is TOLLGATE_SECRET_KEY the one it was sealed with?");
                let known = before.keys.iter().find(|it| it.id == key.id);
                let known = known.filter(|it| it.body.added_at == key.body.added_at);
                let secret = known.and_then(|_| before.open.get(&slug)).cloned()?;
                Some((slug, secret))
            }
        }
    }

    /// Every key, by its provider's slug.
    pub fn all(&self) -> Vec<Document<ProviderKey>> {
        self.snapshot.load().keys.clone()
    }

    /// The keys that open, and the number that says which they are.
    pub fn open_keys(&self) -> (HashMap<ProviderSlug, Secret>, u64) {
        let snapshot = self.snapshot.load();
        (snapshot.open.clone(), snapshot.number)
    }

    /// Says that calls use the keys of this number.
    pub fn are_in_force(&self, number: u64) {
        self.in_force.send_replace(number);
    }

    /// Whether there are keys that calls don't use yet.
    pub fn waits(&self) -> bool {
        *self.in_force.borrow() < self.snapshot.load().number
    }

    /// Waits until somebody has given or removed a key here.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Keeps a key in the place of the one before, and waits a moment until calls use it.
    ///
    /// # Errors
    ///
    /// When it can't be sealed or stored; [`StoreError::Conflict`] where another was given meanwhile.
    pub(crate) async fn keep(
        &self,
        (provider, secret): (&ProviderSlug, &str),
        by: Option<String>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Document<ProviderKey>, KeyNotKept> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce)?;
        let sealed = self.vault.seal(&ProviderKey::purpose(provider), secret, nonce)?;
        let body = ProviderKey {
            sealed: STANDARD.encode(sealed),
            label: masked(secret),
            added_by: by,
            added_at: now,
        };
        let documents = &self.stores.documents;
        let document = match documents.load::<ProviderKey>(provider.as_str()).await? {
            Some(known) => Document { body, ..known },
            None => Document { revision: 0, ..Document::new(provider.to_string(), body, now) },
        };
        let change = match document.revision {
            0 => document.insertion()?,
            _ => document.replacement(now)?,
        };
        documents.write(vec![change]).await?;
        self.put_in_force().await?;
        Ok(document)
    }

    /// Removes a key, and waits a moment until no call uses it. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn remove(&self, provider: &ProviderSlug) -> Result<bool, StoreError> {
        let documents = &self.stores.documents;
        let Some(known) = documents.load::<ProviderKey>(provider.as_str()).await? else {
            return Ok(false);
        };
        documents.write(vec![known.deletion()]).await?;
        self.put_in_force().await?;
        Ok(true)
    }

    async fn put_in_force(&self) -> Result<(), StoreError> {
        self.refresh().await?;
        let number = self.snapshot.load().number;
        let mut in_force = self.in_force.subscribe();
        self.changed.notify_one();
        // Where it takes longer it comes later: it is kept, and that is what was asked for.
        let _told = timeout(PATIENCE, in_force.wait_for(|it| *it >= number)).await;
        Ok(())
    }
}

impl Engine {
    /// The installation's keys at providers that were given in the dashboard.
    pub const fn provider_keys(&self) -> &Arc<ProviderKeys> {
        &self.provider_keys
    }

    /// Keeps a key at a provider, as `ProviderKeys::keep`.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn keep_provider_key(
        &self,
        given: (&ProviderSlug, &str),
        by: Option<String>,
    ) -> Result<Document<ProviderKey>, KeyNotKept> {
        self.provider_keys().keep(given, by, self.now(), self.entropy()).await
    }
}

/// How to reach a provider with a key that was given in the dashboard: its text, or for Vertex AI the
/// text of a service account's key file. `None` where it can be neither.
pub fn access_with_given_key(protocol: &str, base_url: String, secret: &Secret) -> Option<Access> {
    adapter(protocol)?;
    let access = access_with(protocol, base_url, secret)?;
    Some(Access { origin: GIVEN_IN_DASHBOARD.to_owned(), ..access })
}

/// Seals all keys anew with the newest master key. Returns how many, and the providers of those that
/// do not open.
///
/// # Errors
///
/// When the store fails, or nothing can be sealed.
pub async fn reseal_provider_keys(
    stores: &Stores,
    vault: &Vault,
    entropy: &dyn Entropy,
) -> Result<(usize, Vec<String>), KeyNotKept> {
    let (mut sealed, mut failed) = (0, Vec::new());
    for key in stores.documents.all::<ProviderKey>(None).await? {
        let before = ProviderSlug::parse(&key.id).ok().zip(STANDARD.decode(&key.body.sealed).ok());
        let Some((slug, before)) = before else {
            failed.push(key.id);
            continue;
        };
        let purpose = ProviderKey::purpose(&slug);
        let secret = match vault.open(&purpose, &before) {
            Ok(_) if vault.is_newest(&before) => continue,
            Ok(secret) => secret,
            Err(_) => {
                failed.push(key.id);
                continue;
            }
        };
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce)?;
        let anew = STANDARD.encode(vault.seal(&purpose, &secret, nonce)?);
        let written_at = key.body.added_at;
        let body = ProviderKey { sealed: anew, ..key.body.clone() };
        let change = Document { body, ..key }.replacement(written_at)?;
        match stores.documents.write(vec![change]).await {
            Ok(()) => sealed += 1,
            // One that somebody has changed meanwhile was sealed by them.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((sealed, failed))
}

#[cfg(test)]
mod tests;
