//! Administrative records: workspaces, members, invitations, payments and the like.
//!
//! They are few, they are never read on a call's path, and all they need of a store is that
//! several change together or not at all, that names are unique and that nobody overwrites what
//! he has not seen. So they are JSON in one table, and a new kind of record is a type with
//! [`DocumentBody`] rather than a table in each backend. What calls write by the million
//! (generations, movements of money, counters) has tables of its own.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_types::Timestamp;

use crate::StoreError;

/// What a kind of document is, as a type.
pub trait DocumentBody: Serialize + DeserializeOwned {
    /// The kind's name, unique among all kinds and never changed: it is stored.
    const KIND: &'static str;
}

/// One record, as a backend keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDocument {
    /// See [`DocumentBody::KIND`].
    pub kind: String,
    /// Unique among its kind. Documents are listed in the order of their ids.
    pub id: String,
    /// What it belongs to, for listing.
    pub parent: Option<String>,
    /// What it is called; unique among its kind.
    pub name: Option<String>,
    /// 1 when inserted, and one more with every change.
    pub revision: u64,
    /// When it was last written.
    pub written_at: Timestamp,
    /// JSON.
    pub body: String,
}

/// One record, as its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<T> {
    /// Unique among its kind. Documents are listed in the order of their ids.
    pub id: String,
    /// What it belongs to, for listing.
    pub parent: Option<String>,
    /// What it is called; unique among its kind.
    pub name: Option<String>,
    /// 1 when inserted, and one more with every change.
    pub revision: u64,
    /// When it was last written.
    pub written_at: Timestamp,
    /// The record itself.
    pub body: T,
}

/// One step of a [`DocumentStore::write`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentChange {
    /// Adds a document of revision 1. [`StoreError::Conflict`] when its id or name is taken;
    /// nothing happens when the very same document is there.
    Insert(RawDocument),
    /// Takes the place of the revision before its own. [`StoreError::Conflict`] when another has,
    /// or when its name is taken; nothing happens when the very same document is there.
    Replace(RawDocument),
    /// Removes a document. [`StoreError::Conflict`] when it has another revision; nothing happens
    /// when it is not there.
    Delete {
        /// Its kind.
        kind: String,
        /// Its id.
        id: String,
        /// The revision that was seen.
        revision: u64,
    },
}

/// What a change comes to, for a backend to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentStep<'a> {
    /// Nothing: it was done before.
    Nothing,
    /// This takes the place of whatever is there.
    Put(&'a RawDocument),
    /// What is there goes.
    Remove,
}

impl DocumentChange {
    /// The kind and id of the document that changes.
    pub fn place(&self) -> (&str, &str) {
        match self {
            Self::Insert(document) | Self::Replace(document) => (&document.kind, &document.id),
            Self::Delete { kind, id, .. } => (kind, id),
        }
    }

    /// The name that the document is to have.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Insert(document) | Self::Replace(document) => document.name.as_deref(),
            Self::Delete { .. } => None,
        }
    }

    /// What is to be done where `current` is in the document's place, and `holder` has its name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when it may not be done.
    pub fn step(
        &self,
        current: Option<&RawDocument>,
        holder: Option<&RawDocument>,
    ) -> Result<DocumentStep<'_>, StoreError> {
        let current_revision = current.map_or(0, |current| current.revision);
        let (next, replaced) = match self {
            Self::Insert(next) => (next, 0),
            Self::Replace(next) => (next, next.revision.saturating_sub(1)),
            Self::Delete { revision, .. } => {
                return match current {
                    None => Ok(DocumentStep::Nothing),
                    Some(_) if current_revision == *revision => Ok(DocumentStep::Remove),
                    Some(_) => Err(StoreError::Conflict),
                };
            }
        };
        if current.is_some_and(|current| current.says_the_same_as(next)) {
            return Ok(DocumentStep::Nothing);
        }
        if current_revision != replaced || holder.is_some_and(|holder| holder.id != next.id) {
            return Err(StoreError::Conflict);
        }
        Ok(DocumentStep::Put(next))
    }
}

/// Which documents to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Of this kind.
    pub kind: String,
    /// Of this parent only.
    pub parent: Option<String>,
    /// Only those with ids after this one, or before it when the newest come first.
    pub after: Option<String>,
    /// From the highest id down.
    pub descending: bool,
    /// The most documents to return.
    pub limit: u32,
}

/// Keeps administrative records.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Makes all changes, or none. Changes see those before them.
    async fn write(&self, changes: Vec<DocumentChange>) -> Result<(), StoreError>;

    /// The document with this id.
    async fn get(&self, kind: &str, id: &str) -> Result<Option<RawDocument>, StoreError>;

    /// The document with this name.
    async fn find(&self, kind: &str, name: &str) -> Result<Option<RawDocument>, StoreError>;

    /// A page of documents, by id, in the order of its bytes.
    async fn list(&self, query: &DocumentQuery) -> Result<Vec<RawDocument>, StoreError>;

    /// How many documents there are of a kind, of this parent only if one is named.
    async fn count(&self, kind: &str, parent: Option<&str>) -> Result<u64, StoreError>;

    /// Grows with every change of any document.
    async fn revision(&self) -> Result<u64, StoreError>;
}

impl RawDocument {
    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it is not what this version writes.
    pub fn read<T: DocumentBody>(self) -> Result<Document<T>, StoreError> {
        let body = serde_json::from_str(&self.body).map_err(|error| StoreError::Corrupt {
            what: format!("{} {}: {error}", self.kind, self.id),
        })?;
        let Self { id, parent, name, revision, written_at, .. } = self;
        Ok(Document { id, parent, name, revision, written_at, body })
    }

    /// Whether it says the same as another, whenever it was written.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.parent == other.parent
            && self.name == other.name
            && self.body == other.body
    }
}

impl<T: DocumentBody> Document<T> {
    /// A new document that belongs to nothing and has no name.
    pub const fn new(id: String, body: T, now: Timestamp) -> Self {
        Self { id, parent: None, name: None, revision: 1, written_at: now, body }
    }

    /// Of this parent.
    #[must_use]
    pub fn of(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }

    /// Called this.
    #[must_use]
    pub fn called(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// The step that adds it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the body has no form in JSON.
    pub fn insertion(&self) -> Result<DocumentChange, StoreError> {
        Ok(DocumentChange::Insert(self.raw(1, self.written_at)?))
    }

    /// The step that puts it, changed, in the place of the revision that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the body has no form in JSON.
    pub fn replacement(&self, now: Timestamp) -> Result<DocumentChange, StoreError> {
        Ok(DocumentChange::Replace(self.raw(self.revision.saturating_add(1), now)?))
    }

    /// The step that removes it.
    pub fn deletion(&self) -> DocumentChange {
        let (kind, id) = (T::KIND.to_owned(), self.id.clone());
        DocumentChange::Delete { kind, id, revision: self.revision }
    }

    fn raw(&self, revision: u64, written_at: Timestamp) -> Result<RawDocument, StoreError> {
        let body = serde_json::to_string(&self.body).map_err(|error| StoreError::Corrupt {
            what: format!("{} {}: {error}", T::KIND, self.id),
        })?;
        let (id, parent, name) = (self.id.clone(), self.parent.clone(), self.name.clone());
        Ok(RawDocument { kind: T::KIND.to_owned(), id, parent, name, revision, written_at, body })
    }
}

impl DocumentQuery {
    /// The most documents of one page.
    pub const LIMIT_MAX: u32 = 1_000;

    /// The first page of a kind.
    pub fn of<T: DocumentBody>() -> Self {
        Self {
            kind: T::KIND.to_owned(),
            parent: None,
            after: None,
            descending: false,
            limit: Self::LIMIT_MAX,
        }
    }

    /// Of one parent.
    #[must_use]
    pub fn in_parent(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }
}

/// Documents by their types, over any backend.
impl dyn DocumentStore + '_ {
    /// The document with this id.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn load<T: DocumentBody>(&self, id: &str) -> Result<Option<Document<T>>, StoreError> {
        self.get(T::KIND, id).await?.map(RawDocument::read).transpose()
    }

    /// The document with this name.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn named<T: DocumentBody>(
        &self,
        name: &str,
    ) -> Result<Option<Document<T>>, StoreError> {
        self.find(T::KIND, name).await?.map(RawDocument::read).transpose()
    }

    /// A page.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn page<T: DocumentBody>(
        &self,
        query: &DocumentQuery,
    ) -> Result<Vec<Document<T>>, StoreError> {
        self.list(query).await?.into_iter().map(RawDocument::read).collect()
    }

    /// Every document of a kind, page by page: of one parent only if one is named.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn all<T: DocumentBody>(
        &self,
        parent: Option<&str>,
    ) -> Result<Vec<Document<T>>, StoreError> {
        let parent = parent.map(str::to_owned);
        let mut query = DocumentQuery { parent, ..DocumentQuery::of::<T>() };
        let mut documents: Vec<Document<T>> = Vec::new();
        loop {
            let page = self.page(&query).await?;
            let whole = u32::try_from(page.len()).is_ok_and(|length| length >= query.limit);
            query.after = page.last().map(|last| last.id.clone());
            documents.extend(page);
            if !whole {
                return Ok(documents);
            }
        }
    }
}
