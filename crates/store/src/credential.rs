//! Keys of callers' own at providers (contract §1.4): with their secrets sealed.

use std::fmt;

use async_trait::async_trait;
use tollgate_types::{ProviderSlug, Timestamp};

use crate::{Change, StoreError};

/// A key of somebody's own at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Its id.
    pub id: String,
    /// The provider it is for.
    pub provider: ProviderSlug,
    /// The workspace whose calls use it; `None` for every one.
    pub workspace_id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// The masked secret.
    pub label: String,
    /// The secret, sealed. No store can open it.
    pub sealed: Vec<u8>,
    /// Not used until enabled again.
    pub disabled: bool,
    /// Tried behind the installation's own endpoints rather than before them.
    pub is_fallback: bool,
    /// Where it is not for falling back to: the installation's own endpoints of its provider are
    /// not tried at all.
    pub always_use: bool,
    /// Its place among those of its provider, from 0. Given by the store.
    pub sort_order: u32,
    /// The models it is for; `None` for all.
    pub allowed_models: Option<Vec<String>>,
    /// Whose calls use it, by the creator of their key; `None` for everybody's.
    pub allowed_user_ids: Option<Vec<String>>,
    /// The keys whose calls use it, by their hashes; `None` for all.
    pub allowed_api_key_hashes: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl CredentialRecord {
    /// What its secret is sealed for: this key at this provider. Whoever can write to the store
    /// can't have the secret sent to another provider.
    pub fn purpose(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// What people know it by: its name, if it has one, and its masked secret.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.label),
            None => self.label.clone(),
        }
    }

    /// Whether the installation's own endpoints of its provider are not tried beside it.
    pub const fn stands_alone(&self) -> bool {
        self.always_use && !self.is_fallback
    }
}

impl fmt::Debug for CredentialRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRecord")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A secret that takes another's place.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Masked.
    pub label: String,
    /// Sealed.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret").field("label", &self.label).finish_non_exhaustive()
    }
}

/// A partial update of a [`CredentialRecord`]; the default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialPatch {
    /// The secret and its label.
    pub secret: Change<NewSecret>,
    /// See [`CredentialRecord::name`].
    pub name: Change<Option<String>>,
    /// See [`CredentialRecord::disabled`].
    pub disabled: Change<bool>,
    /// See [`CredentialRecord::is_fallback`].
    pub is_fallback: Change<bool>,
    /// See [`CredentialRecord::always_use`].
    pub always_use: Change<bool>,
    /// The place among those of its provider, from 0, that the key moves to; the last one where there
    /// are fewer. The places of the others are those before and behind it then, in the order that
    /// they have.
    pub sort_order: Change<u32>,
    /// See [`CredentialRecord::allowed_models`].
    pub allowed_models: Change<Option<Vec<String>>>,
    /// See [`CredentialRecord::allowed_user_ids`].
    pub allowed_user_ids: Change<Option<Vec<String>>>,
    /// See [`CredentialRecord::allowed_api_key_hashes`].
    pub allowed_api_key_hashes: Change<Option<Vec<String>>>,
}

impl CredentialPatch {
    /// Changes what it names.
    pub fn apply_to(self, record: &mut CredentialRecord) {
        if let Change::Set(NewSecret { label, sealed }) = self.secret {
            record.label = label;
            record.sealed = sealed;
        }
        self.name.apply_to(&mut record.name);
        self.disabled.apply_to(&mut record.disabled);
        self.is_fallback.apply_to(&mut record.is_fallback);
        self.always_use.apply_to(&mut record.always_use);
        self.sort_order.apply_to(&mut record.sort_order);
        self.allowed_models.apply_to(&mut record.allowed_models);
        self.allowed_user_ids.apply_to(&mut record.allowed_user_ids);
        self.allowed_api_key_hashes.apply_to(&mut record.allowed_api_key_hashes);
    }
}

/// Keeps callers' own keys.
///
/// Writes are cancel safe: a caller that stops waiting leaves the key either changed or not.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Adds a key behind those of its provider, and returns it with the place it was given;
    /// [`StoreError::Conflict`] when its id is taken, even by one that was deleted.
    async fn insert(&self, credential: CredentialRecord) -> Result<CredentialRecord, StoreError>;

    /// The key with this id.
    async fn get(&self, id: &str) -> Result<Option<CredentialRecord>, StoreError>;

    /// Every key, by provider, then by place, equal ones by id.
    ///
    /// For a snapshot, read [`revision`](Self::revision) first, as with keys.
    async fn all(&self) -> Result<Vec<CredentialRecord>, StoreError>;

    /// Changes a key and returns it as it is then; `None` when there is none. One that moves moves
    /// others of its provider.
    async fn update(
        &self,
        id: &str,
        patch: CredentialPatch,
    ) -> Result<Option<CredentialRecord>, StoreError>;

    /// Puts the same secret sealed anew into the place of `before`; `false`, and no change, when
    /// that is not there any more.
    async fn reseal(&self, id: &str, before: &[u8], after: Vec<u8>) -> Result<bool, StoreError>;

    /// Deletes a key and says whether it was there. Its secret is wiped.
    async fn delete(&self, id: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// A number that has grown whenever any process has changed any of them. Cheap enough to poll.
    async fn revision(&self) -> Result<u64, StoreError>;
}
