//! JSON schemas that providers can hold a model to.

use serde_json::Value;

/// Whether every object in a schema lists all of its members and no others. Providers follow no
/// other kind to the letter: they refuse `strict` with it
/// (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>).
pub(crate) fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Array(schemas) => schemas.iter().all(is_closed),
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            if properties.is_some() || is_object(members.get("type")) {
                let required = members.get("required").and_then(Value::as_array);
                let lists =
                    |name: &String| required.is_some_and(|it| it.iter().any(|it| it == name));
                let shut = members.get("additionalProperties") == Some(&Value::Bool(false));
                if !shut || !properties.is_none_or(|it| it.keys().all(lists)) {
                    return false;
                }
            }
            members.values().all(is_closed)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn is_object(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        kind => kind.is_some_and(|kind| kind == "object"),
    }
}
