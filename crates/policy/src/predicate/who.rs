//! Who asks.

use std::sync::Arc;

use serde_json::Value;

use super::{Test, flag, named};
use crate::reader::Reader;

/// Patterns of the key's name.
pub(super) fn key(value: &Value, reader: &mut Reader) -> Option<Test> {
    let patterns = reader.patterns(value)?;
    Some(Box::new(move |call| patterns.fit(call.facts.key_name)))
}

/// Patterns of the key's hash.
pub(super) fn key_hash(value: &Value, reader: &mut Reader) -> Option<Test> {
    let patterns = reader.patterns(value)?;
    Some(Box::new(move |call| patterns.fit(call.facts.key_hash)))
}

/// Patterns of the workspace's name.
pub(super) fn workspace(value: &Value, reader: &mut Reader) -> Option<Test> {
    let patterns = reader.patterns(value)?;
    Some(Box::new(move |call| patterns.fit(call.facts.workspace)))
}

/// Recorded attribution headers. One that was not sent fits nothing, not even `*`.
pub(super) fn tag(value: &Value, reader: &mut Reader) -> Option<Test> {
    let table = reader.any_table(value)?;
    let named = named(table, reader)?;
    Some(Box::new(move |call| {
        named.iter().all(|(name, patterns)| {
            call.facts.tags.get(name).is_some_and(|value| patterns.fit(value))
        })
    }))
}

/// Headers that hold credentials: no rule looks at them.
const SECRET_HEADERS: &[&str] =
    &["authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key"];

/// Headers of the request. One that was not sent fits nothing, not even `*`.
pub(super) fn header(value: &Value, reader: &mut Reader) -> Option<Test> {
    let table = reader.any_table(value)?;
    let named = named(table, reader)?;
    for (name, _) in &named {
        if SECRET_HEADERS.contains(&name.as_str()) {
            reader.problem(format!("`{name}` holds credentials: no rule looks at it"));
        } else if !is_header(name) {
            reader.problem(format!("`{name}` is not the name of a header"));
        } else if !reader.headers.iter().any(|known| **known == **name) {
            reader.headers.push(Arc::from(name.as_str()));
        }
    }
    Some(Box::new(move |call| {
        named.iter().all(|(name, patterns)| {
            (call.facts.header)(name).is_some_and(|value| patterns.fit(value))
        })
    }))
}

/// RFC 9110 §5.1: a token.
fn is_header(name: &str) -> bool {
    name.len() <= 64
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it))
}

/// Patterns of the end user that the request names.
pub(super) fn user(value: &Value, reader: &mut Reader) -> Option<Test> {
    let patterns = reader.patterns(value)?;
    Some(Box::new(move |call| call.facts.user.is_some_and(|user| patterns.fit(user))))
}

/// Whether the request names a session.
pub(super) fn session(value: &Value, reader: &mut Reader) -> Option<Test> {
    flag(value, reader, |call| call.facts.session.is_some())
}
