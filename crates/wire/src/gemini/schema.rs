//! Gemini's subset of the OpenAPI schema becomes JSON Schema.
//!
//! <https://ai.google.dev/api/caching#Schema>. Types are upper case there, whether a value may be
//! null is a member of its own, bounds may be strings, and the order of properties is a list. The
//! order of properties is kept: models write them in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use super::names::camel;

/// A JSON value whose members keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Members of a schema whose value is a schema.
const ONE: &[&str] = &["items", "additionalProperties", "not"];
/// Members whose value is a list of schemas.
const LIST: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
/// Members whose value maps names to schemas.
const MAP: &[&str] = &["properties", "$defs", "defs", "definitions"];
/// Members whose value is a count, which protocol buffers write as a string.
const COUNT: &[&str] =
    &["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

impl Json {
    /// A schema of the subset as JSON Schema. What is JSON Schema already stays as it is.
    pub(super) fn into_json_schema(self) -> Self {
        let Self::Object(members) = self else { return self };
        let mut nullable = false;
        let mut order: Vec<String> = Vec::new();
        let mut schema: Vec<(String, Self)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            let name = camel(&name).into_owned();
            match (name.as_str(), value) {
                ("nullable", value) => nullable = value == Self::Flag(true),
                ("propertyOrdering", value) => order = value.into_texts(),
                ("example", value) => schema.push(("examples".to_owned(), Self::List(vec![value]))),
                ("format", Self::Text(text)) if text == "enum" => {}
                ("type", value) => schema.extend(value.into_type().map(|it| (name, it))),
                ("ref", value) => schema.push(("$ref".to_owned(), value)),
                ("defs", value) => schema.push(("$defs".to_owned(), value.mapped())),
                (one, value) if ONE.contains(&one) => schema.push((name, value.into_json_schema())),
                (list, Self::List(all)) if LIST.contains(&list) => {
                    let all = all.into_iter().map(Self::into_json_schema).collect();
                    schema.push((name, Self::List(all)));
                }
                (map, value) if MAP.contains(&map) => schema.push((name, value.mapped())),
                (count, value) if COUNT.contains(&count) => schema.push((name, value.into_count())),
                (_, value) => schema.push((name, value)),
            }
        }
        if nullable {
            allow_null(&mut schema);
        }
        reorder(&mut schema, &order);
        Self::Object(schema)
    }

    /// A map of schemas; its keys are names of the caller's and stay as they are.
    fn mapped(self) -> Self {
        match self {
            Self::Object(members) => Self::Object(
                members.into_iter().map(|(name, it)| (name, it.into_json_schema())).collect(),
            ),
            other => other,
        }
    }

    /// JSON Schema's word for a type; none for the zero value, which says nothing.
    fn into_type(self) -> Option<Self> {
        match self {
            Self::Text(word) if word == "TYPE_UNSPECIFIED" => None,
            Self::Text(word) => Some(Self::Text(word.to_ascii_lowercase())),
            Self::List(words) => {
                Some(Self::List(words.into_iter().filter_map(Self::into_type).collect()))
            }
            other => Some(other),
        }
    }

    fn into_count(self) -> Self {
        match &self {
            Self::Text(text) => text.parse::<u64>().map_or(self, |it| Self::Number(it.into())),
            _ => self,
        }
    }

    fn into_texts(self) -> Vec<String> {
        let Self::List(list) = self else { return Vec::new() };
        let text = |it| if let Self::Text(text) = it { Some(text) } else { None };
        list.into_iter().filter_map(text).collect()
    }
}

/// `nullable` is a type more, and where the values are listed a value more.
fn allow_null(schema: &mut [(String, Json)]) {
    let null = || Json::Text("null".to_owned());
    let mut said = false;
    for (name, value) in schema.iter_mut() {
        match (name.as_str(), &mut *value) {
            ("type", Json::Text(_)) => {
                let word = std::mem::replace(value, Json::Null);
                *value = Json::List(vec![word, null()]);
                said = true;
            }
            ("type", Json::List(words)) => {
                if !words.contains(&null()) {
                    words.push(null());
                }
                said = true;
            }
            ("enum", Json::List(values)) if !values.contains(&Json::Null) => {
                values.push(Json::Null);
            }
            _ => {}
        }
    }
    let choices = schema.iter_mut().find(|(name, _)| name == "anyOf");
    if let (false, Some((_, Json::List(choices)))) = (said, choices) {
        choices.push(Json::Object(vec![("type".to_owned(), null())]));
    }
}

fn reorder(schema: &mut [(String, Json)], order: &[String]) {
    if order.is_empty() {
        return;
    }
    let places: HashMap<&str, usize> =
        order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let properties = schema.iter_mut().find(|(name, _)| name == "properties");
    if let Some((_, Json::Object(properties))) = properties {
        properties
            .sort_by_key(|(name, _)| places.get(name.as_str()).copied().unwrap_or(usize::MAX));
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Flag(flag) => to.serialize_bool(*flag),
            Self::Number(number) => number.serialize(to),
            Self::Text(text) => to.serialize_str(text),
            Self::List(list) => {
                let mut sequence = to.serialize_seq(Some(list.len()))?;
                for value in list {
                    sequence.serialize_element(value)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = sequence.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, Json>()? {
            members.push((name.into_owned(), value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset_becomes_json_schema() {
        for (given, expected) in [
            (r#"{"type":"STRING"}"#, r#"{"type":"string"}"#),
            (r#"{"type":"TYPE_UNSPECIFIED","title":"x"}"#, r#"{"title":"x"}"#),
            (
                r#"{"type":"OBJECT","properties":{"b":{"type":"INTEGER","nullable":true},"type":{"type":"ARRAY","items":{"type":"NUMBER"},"min_items":"1"}},"required":["b"],"propertyOrdering":["type","b"]}"#,
                r#"{"type":"object","properties":{"type":{"type":"array","items":{"type":"number"},"minItems":1},"b":{"type":["integer","null"]}},"required":["b"]}"#,
            ),
            (
                r#"{"type":"STRING","format":"enum","enum":["A"],"nullable":true,"example":"A"}"#,
                r#"{"type":["string","null"],"enum":["A",null],"examples":["A"]}"#,
            ),
            (
                r##"{"any_of":[{"type":"BOOLEAN"},{"ref":"#/defs/x"}],"nullable":true,"defs":{"x":{"type":"NULL"}}}"##,
                r##"{"anyOf":[{"type":"boolean"},{"$ref":"#/defs/x"},{"type":"null"}],"$defs":{"x":{"type":"null"}}}"##,
            ),
            (
                r#"{"type":["string","null"],"default":1.5,"additionalProperties":false}"#,
                r#"{"type":["string","null"],"default":1.5,"additionalProperties":false}"#,
            ),
        ] {
            let schema: Json = serde_json::from_str(given).unwrap();
            let schema = schema.into_json_schema();
            assert_eq!(serde_json::to_string(&schema).unwrap(), expected);
        }
    }
}
