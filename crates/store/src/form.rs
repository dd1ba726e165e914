//! How records lie in the journal, between the end of a call and its row in a database.
//!
//! They are written while a caller waits for the end of an answer, so they are MessagePack without
//! the names of fields: a third of what JSON takes. A newer version reads what an older one left
//! behind as long as a struct's new fields are its last ones, with a default. Entries of the first
//! versions, which were JSON, are read, too.
//!
//! Money and time have forms for fields only: a type that could be written anywhere would sooner or
//! later be written to callers as nano-dollars.

mod write;

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tollgate_ledger::{AccountId, NodeId};
use tollgate_types::{GenerationId, KeyHash, Timestamp, Usage, UsageSource, Usd};

use crate::GenerationRecord;

pub use write::NotOfRecords;

impl GenerationRecord {
    /// Writes the record as an entry of the journal, behind what `entry` has.
    ///
    /// # Errors
    ///
    /// None that can be: every field is a number, a text, a list or a map with text keys.
    pub fn write_entry(&self, entry: &mut Vec<u8>) -> Result<(), EntryError> {
        Ok(self.serialize(&mut write::EntryWriter(entry))?)
    }

    /// Reads an entry of the journal.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read_entry(entry: &[u8]) -> Result<Self, EntryError> {
        // In MessagePack a brace would be a number.
        if entry.starts_with(b"{") {
            return Ok(serde_json::from_slice(entry)?);
        }
        Ok(rmp_serde::from_slice(entry)?)
    }
}

/// Why an entry of the journal can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// It can't be written.
    #[error("the record can't be written as an entry")]
    Write(#[from] NotOfRecords),
    /// It is no record.
    #[error("the entry is no record")]
    Read(#[from] rmp_serde::decode::Error),
    /// It is no record of the first versions.
    #[error("the entry is no record in JSON")]
    Json(#[from] serde_json::Error),
}

/// What a field is written as, for `#[serde(with = "form")]`.
pub trait Form: Sized {
    /// What is written.
    type Written<'a>: Serialize
    where
        Self: 'a;
    /// What is read.
    type Read: DeserializeOwned;

    /// Its written form.
    fn written(&self) -> Self::Written<'_>;
    /// The value of a written form, if it is one.
    fn read(read: Self::Read) -> Option<Self>;
}

/// Writes a field.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<T: Form, S: Serializer>(field: &T, to: S) -> Result<S::Ok, S::Error> {
    field.written().serialize(to)
}

/// Reads a field.
///
/// # Errors
///
/// Those of the deserializer, and when what was written is no such value.
pub fn deserialize<'de, T: Form, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let what = std::any::type_name::<T>();
    T::read(T::Read::deserialize(from)?).ok_or_else(|| D::Error::custom(format!("not a {what}")))
}

/// One line for each: what it is, what is written, how it is written and read.
macro_rules! forms {
    ($($type:ty => $written:ty | $read:ty: $write:expr, $from:expr;)+) => { $(
        impl Form for $type {
            type Written<'a> = $written;
            type Read = $read;

            fn written(&self) -> Self::Written<'_> {
                let write: fn(&Self) -> Self::Written<'_> = $write;
                write(self)
            }

            fn read(read: Self::Read) -> Option<Self> {
                let from: fn(Self::Read) -> Option<Self> = $from;
                from(read)
            }
        }
    )+ };
}

forms! {
    // Whole nano-dollars.
    Usd => i64 | i64: |it| it.nanos(), |nanos| Some(Self::from_nanos(nanos));
    Option<Usd> => Option<i64> | Option<i64>:
        |it| it.map(Usd::nanos), |nanos| Some(nanos.map(Usd::from_nanos));
    // Milliseconds since the epoch.
    Timestamp => i64 | i64: |it| it.unix_millis(), |millis| Some(Self::from_unix_millis(millis));
    Option<Timestamp> => Option<i64> | Option<i64>:
        |it| it.map(Timestamp::unix_millis),
        |millis| Some(millis.map(Timestamp::from_unix_millis));
    GenerationId => &'a str | String: |it| it.as_str(), |text| Some(Self::from_text(&text));
    KeyHash => HashWritten<'a> | HashRead: |it| HashWritten(it), |read| Some(read.0);
    AccountId => &'a str | String: |it| it.as_str(), |text| Self::new(&text).ok();
    Option<NodeId> => Option<&'a str> | Option<String>:
        |it| it.as_ref().map(NodeId::as_str), |name| Some(name.map(|name| NodeId::new(&name)));
    Arc<str> => &'a str | String: |it| it, |text| Some(text.into());
    Vec<Arc<str>> => Vec<&'a str> | Vec<String>:
        |it| it.iter().map(|text| &**text).collect(),
        |texts| Some(texts.into_iter().map(Arc::from).collect());
}

/// A hash as its bytes.
#[derive(Debug)]
pub struct HashWritten<'a>(&'a KeyHash);

impl Serialize for HashWritten<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0.as_bytes())
    }
}

/// A hash as its bytes, or in hexadecimal as older versions wrote it.
#[derive(Debug)]
pub struct HashRead(KeyHash);

impl<'de> Deserialize<'de> for HashRead {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(HashVisitor).map(Self)
    }
}

struct HashVisitor;

impl Visitor<'_> for HashVisitor {
    type Value = KeyHash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes, or 64 hexadecimal digits")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<KeyHash, E> {
        let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
        Ok(KeyHash::from_bytes(bytes))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<KeyHash, E> {
        KeyHash::from_hex(text).ok_or_else(|| E::invalid_length(text.len(), &self))
    }
}

/// [`Usage`] in the journal.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Usage")]
pub(crate) struct UsageForm {
    #[serde(with = "SourceForm")]
    source: UsageSource,
    prompt_tokens: u64,
    completion_tokens: u64,
    cached_tokens: u64,
    cache_write_tokens: u64,
    cache_write_1h_tokens: u64,
    audio_prompt_tokens: u64,
    image_prompt_tokens: u64,
    video_prompt_tokens: u64,
    reasoning_tokens: u64,
    audio_completion_tokens: u64,
    image_completion_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
    prompt_images: u64,
    web_searches: u64,
    prompt_characters: u64,
    prompt_audio_milliseconds: u64,
    completion_images: u64,
    search_units: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UsageSource", rename_all = "snake_case")]
enum SourceForm {
    Reported,
    Estimated,
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use super::*;
    use crate::conformance::sample::{full_generation, generation, hash, noon};

    #[test]
    fn records_read_back_whole() {
        let bare = generation("gen-2", hash(2), noon());
        for record in [full_generation("gen-1"), bare] {
            let mut entry = Vec::new();
            record.write_entry(&mut entry).unwrap();
            assert_eq!(GenerationRecord::read_entry(&entry).unwrap(), record);
        }
    }

    /// What an older version wrote is read: this entry must never be edited, only others added.
    #[test]
    fn entries_of_older_versions_are_read() {
        let entry = include_str!("form/first.json");
        let record = GenerationRecord::read_entry(entry.as_bytes()).unwrap();
        let mut older = full_generation("gen-1");
        older.routing.as_mut().unwrap().cache_source = None;
        assert_eq!(record, older);
        let entry = include_bytes!("form/second.msgpack");
        assert_eq!(GenerationRecord::read_entry(entry).unwrap(), older);
        // Since answers are told again out of a cache.
        let entry = include_bytes!("form/third.msgpack");
        assert_eq!(GenerationRecord::read_entry(entry).unwrap(), full_generation("gen-1"));
        // Since hashes are written as their bytes.
        let entry = include_bytes!("form/fourth.msgpack");
        assert_eq!(GenerationRecord::read_entry(entry).unwrap(), full_generation("gen-1"));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        // The last of them is a list that says it has four thousand million members.
        for entry in [&b""[..], b"{}", b"[]", b"\0", b"\xdd\xff\xff\xff\xff"] {
            assert!(GenerationRecord::read_entry(entry).is_err(), "{entry:?}");
        }
    }
}
