//! Keys in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tollgate_types::{KeyHash, Timestamp};

use super::{MemoryStore, State, take};
use crate::{KeyPatch, KeyQuery, KeyRecord, KeyStore, KeySuccessor, Rekeyed, StoreError};

#[async_trait]
impl KeyStore for MemoryStore {
    async fn insert(&self, key: KeyRecord) -> Result<(), StoreError> {
        let mut state = self.state()?;
        if state.keys.contains_key(&key.hash) {
            return Err(StoreError::Conflict);
        }
        // A secret that was rotated away and comes back counts for itself again.
        state.successors.remove(&key.hash);
        state.put(key);
        Ok(())
    }

    async fn get(&self, hash: KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        Ok(self.state()?.keys.get(&hash).cloned())
    }

    async fn list(&self, query: &KeyQuery) -> Result<Vec<KeyRecord>, StoreError> {
        let listed = |key: &KeyRecord| {
            !key.session
                && (query.include_disabled || !key.disabled)
                && query.workspace_id.as_ref().is_none_or(|id| *id == key.workspace_id)
        };
        let keys = newest_first(&self.state()?.keys);
        let page = keys.into_iter().filter(listed).skip(take(query.offset)).take(take(query.limit));
        Ok(page.collect())
    }

    async fn all(&self) -> Result<Vec<KeyRecord>, StoreError> {
        Ok(newest_first(&self.state()?.keys))
    }

    async fn update(
        &self,
        hash: KeyHash,
        patch: KeyPatch,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let mut state = self.state()?;
        let Some(mut key) = state.keys.get(&hash).cloned() else { return Ok(None) };
        if patch.is_empty() {
            return Ok(Some(key));
        }
        if patch.seen.is_some_and(|seen| *seen != key) {
            return Err(StoreError::Conflict);
        }
        patch.name.apply_to(&mut key.name);
        patch.disabled.apply_to(&mut key.disabled);
        patch.limit.apply_to(&mut key.limit);
        patch.limit_reset.apply_to(&mut key.limit_reset);
        patch.include_byok_in_limit.apply_to(&mut key.include_byok_in_limit);
        patch.expires_at.apply_to(&mut key.expires_at);
        patch.rate_limits.apply_to(&mut key.rate_limits);
        patch.allowed_models.apply_to(&mut key.allowed_models);
        patch.allowed_providers.apply_to(&mut key.allowed_providers);
        patch.allowed_addresses.apply_to(&mut key.allowed_addresses);
        key.updated_at = Some(now);
        state.put(key.clone());
        Ok(Some(key))
    }

    async fn delete(&self, hash: KeyHash) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let removed = state.keys.remove(&hash).is_some();
        if removed {
            state.key_revision = state.key_revision.saturating_add(1);
        }
        Ok(removed)
    }

    async fn replace(
        &self,
        old: KeyHash,
        successor: KeySuccessor,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let mut state = self.state()?;
        if !state.keys.contains_key(&old) {
            return Ok(None);
        }
        if state.keys.contains_key(&successor.hash) {
            return Err(StoreError::Conflict);
        }
        let Some(mut key) = state.keys.remove(&old) else { return Ok(None) };
        key.former = key.former_after(&successor, now);
        key.hash = successor.hash;
        key.keyed = true;
        key.label = successor.label;
        key.updated_at = Some(now);
        state.move_spend(old, key.hash);
        state.rename_key(&old.to_hex(), &key.hash.to_hex());
        state.put(key.clone());
        Ok(Some(key))
    }

    async fn successors(&self, of: &[KeyHash]) -> Result<Vec<(KeyHash, KeyHash)>, StoreError> {
        let state = self.state()?;
        Ok(of.iter().filter_map(|old| Some((*old, *state.successors.get(old)?))).collect())
    }

    async fn pepper(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state()?.key_pepper.clone())
    }

    async fn keep_pepper(
        &self,
        sealed: Vec<u8>,
        rekeyed: Vec<Rekeyed>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        if state.key_pepper.is_some() {
            return Ok(false);
        }
        let without: BTreeSet<KeyHash> =
            state.keys.values().filter(|key| !key.keyed).map(|key| key.hash).collect();
        let named: BTreeSet<KeyHash> = rekeyed.iter().map(|it| it.old).collect();
        if without != named || rekeyed.iter().any(|it| state.keys.contains_key(&it.hash)) {
            return Err(StoreError::Conflict);
        }
        for Rekeyed { old, hash, former } in rekeyed {
            let Some(mut key) = state.keys.remove(&old) else { continue };
            (key.hash, key.former, key.keyed) = (hash, former, true);
            state.move_spend(old, hash);
            state.rename_key(&old.to_hex(), &hash.to_hex());
            state.put(key);
        }
        state.key_pepper = Some(sealed);
        Ok(true)
    }

    async fn reseal_pepper(&self, before: Vec<u8>, after: Vec<u8>) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let is_it = state.key_pepper.as_ref() == Some(&before);
        if is_it {
            state.key_pepper = Some(after);
        }
        Ok(is_it)
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.key_revision)
    }
}

impl State {
    fn put(&mut self, key: KeyRecord) {
        self.key_revision = self.key_revision.saturating_add(1);
        self.keys.insert(key.hash, key);
    }

    /// Gives the spend of `old`, past and to come, to `new`.
    fn move_spend(&mut self, old: KeyHash, new: KeyHash) {
        self.successors.remove(&new);
        for successor in self.successors.values_mut().filter(|hash| **hash == old) {
            *successor = new;
        }
        self.successors.insert(old, new);
        if let Some(total) = self.key_totals.remove(&old) {
            self.key_totals.entry(new).or_default().add(&total);
        }
        let moved: Vec<_> = self.key_days.extract_if(.., |(hash, _), _| *hash == old).collect();
        for ((_, day), usage) in moved {
            self.key_days.entry((new, day)).or_default().add(&usage);
        }
    }
}

fn newest_first(keys: &BTreeMap<KeyHash, KeyRecord>) -> Vec<KeyRecord> {
    let mut keys: Vec<_> = keys.values().cloned().collect();
    keys.sort_by_key(|key| (Reverse(key.created_at), key.hash));
    keys
}
