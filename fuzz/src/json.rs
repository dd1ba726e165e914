//! What JSON is, by somebody else's reading.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Whether it is JSON as a parser reads it that builds nothing.
pub fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The value, unless the text is not one or says what a value can't hold: half a surrogate pair,
/// a number beyond every bound.
pub fn value(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok()
}

/// Holds a body that is sent or answered to being JSON; to being a value when `exact`.
pub fn check(what: impl fmt::Display, body: &[u8], exact: bool) {
    let shown = || String::from_utf8_lossy(body);
    assert!(is_json(body), "{what} is not JSON: {}", shown());
    assert!(!exact || value(body).is_some(), "{what} is not a value: {}", shown());
}

/// Every string of a JSON text that is a value, in order: the key it stands under and its text.
pub fn strings(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut json = serde_json::Deserializer::from_str(text);
    Strings { key: "", found: &mut found }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

/// Collects strings; those of an array stand under the array's key.
struct Strings<'k, 'f> {
    key: &'k str,
    found: &'f mut Vec<(String, String)>,
}

impl<'de> DeserializeSeed<'de> for Strings<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.found.push((self.key.to_owned(), text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements
            .next_element_seed(Strings { key: self.key, found: &mut *self.found })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            members.next_value_seed(Strings { key: &key, found: &mut *self.found })?;
        }
        Ok(())
    }
}
