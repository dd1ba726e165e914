//! Callers' own keys in memory.

use async_trait::async_trait;
use tollgate_types::Timestamp;

use super::{MemoryStore, State};
use crate::{CredentialPatch, CredentialRecord, CredentialStore, StoreError};

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn insert(&self, credential: CredentialRecord) -> Result<CredentialRecord, StoreError> {
        let mut state = self.state()?;
        if state.credentials.contains_key(&credential.id) {
            return Err(StoreError::Conflict);
        }
        let beside = state.credentials.values().flatten();
        let beside = beside.filter(|it| it.provider == credential.provider);
        let sort_order = beside.map(|it| it.sort_order.saturating_add(1)).max().unwrap_or(0);
        let credential = CredentialRecord { sort_order, ..credential };
        state.credentials.insert(credential.id.clone(), Some(credential.clone()));
        state.credential_revision += 1;
        Ok(credential)
    }

    async fn get(&self, id: &str) -> Result<Option<CredentialRecord>, StoreError> {
        Ok(self.state()?.credentials.get(id).cloned().flatten())
    }

    async fn all(&self) -> Result<Vec<CredentialRecord>, StoreError> {
        let mut all: Vec<CredentialRecord> =
            self.state()?.credentials.values().flatten().cloned().collect();
        all.sort_by(|a, b| {
            (&a.provider, a.sort_order, &a.id).cmp(&(&b.provider, b.sort_order, &b.id))
        });
        Ok(all)
    }

    async fn update(
        &self,
        id: &str,
        patch: CredentialPatch,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        let mut state = self.state()?;
        let Some(record) = state.credential(id) else { return Ok(None) };
        let provider = record.provider.clone();
        let place = patch.sort_order.value().copied();
        patch.apply_to(record);
        if let Some(place) = place {
            let mut beside: Vec<_> = state.credentials.values_mut().flatten().collect();
            beside.retain(|it| it.provider == provider && it.id != id);
            beside.sort_by(|a, b| (a.sort_order, &a.id).cmp(&(b.sort_order, &b.id)));
            let mut last = 0;
            for (other, at) in beside.into_iter().zip(0_u32..) {
                other.sort_order = at.saturating_add(u32::from(at >= place));
                last = at.saturating_add(1);
            }
            if let Some(record) = state.credential(id) {
                record.sort_order = place.min(last);
            }
        }
        let changed = state.credential(id).map(|it| it.clone());
        state.credential_revision += 1;
        Ok(changed)
    }

    async fn reseal(&self, id: &str, before: &[u8], after: Vec<u8>) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let Some(record) = state.credential(id).filter(|it| it.sealed == before) else {
            return Ok(false);
        };
        record.sealed = after;
        state.credential_revision += 1;
        Ok(true)
    }

    async fn delete(&self, id: &str, _: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let was_there = state.credentials.get_mut(id).is_some_and(|it| it.take().is_some());
        state.credential_revision += u64::from(was_there);
        Ok(was_there)
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.credential_revision)
    }
}

impl State {
    /// Keys that are for the calls of `old` are for those of `new`.
    pub(super) fn rename_key(&mut self, old: &str, new: &str) {
        for credential in self.credentials.values_mut().flatten() {
            let hashes = credential.allowed_api_key_hashes.iter_mut().flatten();
            for hash in hashes.filter(|hash| *hash == old) {
                new.clone_into(hash);
                self.credential_revision += 1;
            }
        }
    }

    fn credential(&mut self, id: &str) -> Option<&mut CredentialRecord> {
        self.credentials.get_mut(id)?.as_mut()
    }
}
