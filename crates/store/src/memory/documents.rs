//! Administrative records in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, take};
use crate::{DocumentChange, DocumentQuery, DocumentStep, DocumentStore, RawDocument, StoreError};

/// Documents by kind and id, and how often they changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Documents {
    by_id: BTreeMap<(String, String), RawDocument>,
    revision: u64,
}

#[async_trait]
impl DocumentStore for MemoryStore {
    async fn write(&self, changes: Vec<DocumentChange>) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let mut documents = state.documents.clone();
        for change in &changes {
            documents.apply(change)?;
        }
        state.documents = documents;
        Ok(())
    }

    async fn get(&self, kind: &str, id: &str) -> Result<Option<RawDocument>, StoreError> {
        Ok(self.state()?.documents.by_id.get(&(kind.to_owned(), id.to_owned())).cloned())
    }

    async fn find(&self, kind: &str, name: &str) -> Result<Option<RawDocument>, StoreError> {
        Ok(self.state()?.documents.find(kind, name).cloned())
    }

    async fn list(&self, query: &DocumentQuery) -> Result<Vec<RawDocument>, StoreError> {
        let state = self.state()?;
        let mut found: Vec<&RawDocument> = state.documents.of(&query.kind, query.parent.as_deref());
        if query.descending {
            found.reverse();
        }
        let is_after = |it: &&&RawDocument| match &query.after {
            None => true,
            Some(after) if query.descending => it.id < *after,
            Some(after) => it.id > *after,
        };
        Ok(found.iter().filter(is_after).take(take(query.limit)).map(|it| (*it).clone()).collect())
    }

    async fn count(&self, kind: &str, parent: Option<&str>) -> Result<u64, StoreError> {
        let state = self.state()?;
        Ok(u64::try_from(state.documents.of(kind, parent).len()).unwrap_or(u64::MAX))
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.documents.revision)
    }
}

impl Documents {
    fn find(&self, kind: &str, name: &str) -> Option<&RawDocument> {
        self.by_id.values().find(|it| it.kind == kind && it.name.as_deref() == Some(name))
    }

    fn of(&self, kind: &str, parent: Option<&str>) -> Vec<&RawDocument> {
        let is_its = |it: &&RawDocument| {
            it.kind == kind && (parent.is_none() || it.parent.as_deref() == parent)
        };
        self.by_id.values().filter(is_its).collect()
    }

    fn apply(&mut self, change: &DocumentChange) -> Result<(), StoreError> {
        let (kind, id) = change.place();
        let place = (kind.to_owned(), id.to_owned());
        let holder = change.name().and_then(|name| self.find(kind, name));
        match change.step(self.by_id.get(&place), holder)? {
            DocumentStep::Nothing => return Ok(()),
            DocumentStep::Put(document) => self.by_id.insert(place, document.clone()),
            DocumentStep::Remove => self.by_id.remove(&place),
        };
        self.revision += 1;
        Ok(())
    }
}
