//! Errors of calls in groups: which provider, which status, which message.
//!
//! Messages are compared by their shape: what differs between two of a kind (ids, counts, times) is
//! left out. Pure, and the same for every backend.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use tollgate_types::{KeyHash, Timestamp};

use crate::record_filter::RecordFilter;
use crate::{AttemptRecord, ErrorRecord, GenerationRecord};

/// Groups that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultQuery {
    /// Of which records. Those without an error are never among them.
    pub filter: RecordFilter,
    /// At most so many records of errors are looked at, the newest.
    pub looked_at: u32,
    /// At most so many groups, the largest.
    pub limit: u32,
}

/// Errors of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultGroup {
    /// Display name of the provider: the one that answered, else the last that was tried.
    pub provider: Option<String>,
    /// Its name in configuration.
    pub provider_slug: Option<String>,
    /// The HTTP status that callers were told.
    pub status: u16,
    /// The error's public class.
    pub error_type: String,
    /// The newest message of the kind.
    pub message: String,
    /// How many.
    pub count: u64,
    /// When the first was admitted.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// Whose calls they were: of rotated keys their successors.
    pub keys: BTreeSet<KeyHash>,
}

/// Errors in groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The largest first.
    pub groups: Vec<FaultGroup>,
    /// Errors before this instant were not looked at; none where it is absent.
    pub since: Option<Timestamp>,
}

/// An error, as it is grouped.
#[derive(Debug)]
pub struct Fault {
    /// When its call was admitted.
    pub at: Timestamp,
    /// The key, of a rotated one its successor.
    pub key: KeyHash,
    /// Display name of the provider that answered, and its name in configuration.
    pub answered: Option<(String, String)>,
    /// Every endpoint that was tried.
    pub attempts: Vec<AttemptRecord>,
    /// What the caller was told.
    pub error: ErrorRecord,
}

/// By provider's slug, status, class and the message's shape.
type Kind = (Option<String>, u16, String, String);

/// Puts errors into groups.
#[derive(Debug, Default)]
pub struct FaultTally(BTreeMap<Kind, FaultGroup>);

/// Words of so many characters that have a digit are taken for ids.
const ID_CHARACTERS: usize = 16;

impl Fault {
    /// That of a record, if it has one. `key` is its key now.
    pub fn of(record: &GenerationRecord, key: KeyHash) -> Option<Self> {
        let slug = record.provider_slug.as_ref().map(|slug| slug.as_str().to_owned());
        Some(Self {
            at: record.created_at,
            key,
            answered: record.provider.clone().zip(slug),
            attempts: record.attempts.clone(),
            error: record.error.clone()?,
        })
    }
}

impl FaultTally {
    /// Adds an error.
    pub fn add(&mut self, fault: Fault) {
        let Fault { at, key, answered, attempts, error } = fault;
        let tried = || {
            let last = attempts.last()?;
            Some((last.provider.clone(), last.provider_slug().to_owned()))
        };
        let (provider, provider_slug) = answered.or_else(tried).unzip();
        let ErrorRecord { status, error_type, message } = error;
        let kind = (provider_slug.clone(), status, error_type.clone(), shape(&message));
        let group = match self.0.entry(kind) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(FaultGroup {
                provider,
                provider_slug,
                status,
                error_type,
                message: message.clone(),
                count: 0,
                first_at: at,
                last_at: at,
                keys: BTreeSet::new(),
            }),
        };
        group.count = group.count.saturating_add(1);
        group.first_at = group.first_at.min(at);
        if at > group.last_at {
            group.last_at = at;
            group.message = message;
        }
        group.keys.insert(key);
    }

    /// The largest groups, equally large ones the newest first.
    pub fn groups(self, limit: u32) -> Vec<FaultGroup> {
        let mut groups: Vec<FaultGroup> = self.0.into_values().collect();
        groups.sort_by(|a, b| b.count.cmp(&a.count).then(b.last_at.cmp(&a.last_at)));
        groups.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        groups
    }
}

/// A message without what differs between two of a kind: ids are one sign, and so are numbers.
fn shape(message: &str) -> String {
    let is_word = |it: char| it.is_alphanumeric() || it == '-' || it == '_';
    let mut shape = String::with_capacity(message.len());
    let mut word = String::new();
    for character in message.chars() {
        if is_word(character) {
            word.push(character);
        } else {
            push_word(&mut shape, &word);
            word.clear();
            shape.push(character);
        }
    }
    push_word(&mut shape, &word);
    shape
}

fn push_word(shape: &mut String, word: &str) {
    if !word.contains(|it: char| it.is_ascii_digit()) {
        shape.push_str(word);
        return;
    }
    if word.chars().count() >= ID_CHARACTERS {
        shape.push('…');
        return;
    }
    let mut is_in_number = false;
    for character in word.chars() {
        let is_digit = character.is_ascii_digit();
        if !is_digit {
            shape.push(character);
        } else if !is_in_number {
            shape.push('#');
        }
        is_in_number = is_digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_kind_have_one_shape() {
        for (message, expected) in [
            ("", ""),
            ("no endpoint left", "no endpoint left"),
            ("Limit 30000, used 29000", "Limit #, used #"),
            ("gpt-4o in org-0123456789abcdef: 1.5 s", "gpt-#o in …: #.# s"),
            ("Generation gen-1763820000-abcDEF01234567890123", "Generation …"),
            ("Grüße 12", "Grüße #"),
        ] {
            assert_eq!(shape(message), expected);
        }
    }
}
