//! JSON schemas as structured outputs take them.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>
//!
//! Every object must be closed, and constraints the provider can't enforce are refused. A caller's
//! schema is written for another provider, so it is adapted: constraints become part of the
//! description, where the model can still read them.

use serde_json::{Map, Value};

/// Constraints that are refused.
const REFUSED: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "$schema",
];

/// The schema, adapted all the way down. It came from parsed JSON, so its depth is bounded.
pub(crate) fn adapted(schema: &Value) -> Value {
    let mut schema = schema.clone();
    adapt(&mut schema);
    schema
}

fn adapt(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for key in ["properties", "$defs", "definitions"] {
        if let Some(Value::Object(named)) = members.get_mut(key) {
            named.values_mut().for_each(adapt);
        }
    }
    if let Some(one_of) = members.remove("oneOf") {
        members.entry("anyOf").or_insert(one_of);
    }
    for key in ["anyOf", "allOf", "prefixItems"] {
        if let Some(Value::Array(list)) = members.get_mut(key) {
            list.iter_mut().for_each(adapt);
        }
    }
    if let Some(items) = members.get_mut("items") {
        adapt(items);
    }
    describe_refused(members);
    let is_object = match members.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => members.contains_key("properties"),
    };
    if is_object {
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

fn describe_refused(members: &mut Map<String, Value>) {
    let removed: Vec<(&str, Value)> =
        REFUSED.iter().filter_map(|key| Some((*key, members.remove(*key)?))).collect();
    let constraints: Vec<String> = removed
        .into_iter()
        .filter(|(key, _)| *key != "$schema")
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    if constraints.is_empty() {
        return;
    }
    let constraints = constraints.join(", ");
    let text = match members.get("description").and_then(Value::as_str) {
        Some(given) if !given.is_empty() => format!("{given} ({constraints})"),
        _ => constraints,
    };
    members.insert("description".to_owned(), Value::String(text));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_closed_and_refused_constraints_are_described() {
        let given = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "minimum": {"type": "integer", "minimum": 1, "description": "how many"},
                "list": {"type": "array", "items": {"type": ["object", "null"], "properties": {}}},
                "one": {"oneOf": [{"$ref": "#/$defs/x"}, {"type": "null"}]}
            },
            "$defs": {"x": {"properties": {"a": {"type": "string", "maxLength": 3}}}},
            "additionalProperties": {"type": "string"}
        });
        assert_eq!(
            adapted(&given),
            json!({
                "type": "object",
                "properties": {
                    "minimum": {"type": "integer", "description": "how many (minimum: 1)"},
                    "list": {
                        "type": "array",
                        "items": {
                            "type": ["object", "null"],
                            "properties": {},
                            "additionalProperties": false
                        }
                    },
                    "one": {"anyOf": [{"$ref": "#/$defs/x"}, {"type": "null"}]}
                },
                "$defs": {"x": {
                    "properties": {"a": {"type": "string", "description": "maxLength: 3"}},
                    "additionalProperties": false
                }},
                "additionalProperties": false
            })
        );
    }
}
