//! Values that follow a JSON schema: the arguments of calls and structured answers.
//!
//! Only what callers commonly send is understood: types, enums, constants, defaults, bounds,
//! formats, nesting, combinations and local references. Patterns are not.

use serde_json::{Map, Number, Value};

const DEPTH_MAX: usize = 16;
const ITEMS_MAX: u64 = 100;

/// A value that follows `schema`. Words come from `asked`; the `index`-th call gets another word.
pub(crate) fn from_schema(schema: &Value, asked: &str, index: usize) -> Value {
    let source = Source { root: schema, word: plausible_word(asked, index) };
    source.value(schema, 0)
}

struct Source<'a> {
    root: &'a Value,
    word: String,
}

impl Source<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        let first_enum = schema.get("enum").and_then(Value::as_array).and_then(|all| all.first());
        let given = schema.get("const").or(first_enum).or_else(|| schema.get("default"));
        if let Some(given) = given {
            return given.clone();
        }
        if let Some(target) = self.target(schema) {
            return self.value(target, depth + 1);
        }
        match kind(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => Value::String(self.string(schema)),
            "integer" | "number" => Value::Number(number(schema)),
            "boolean" => Value::Bool(true),
            _ => Value::Null,
        }
    }

    /// The schema that stands for this one: a local reference, or the first usable alternative.
    fn target<'s>(&'s self, schema: &'s Value) -> Option<&'s Value> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.root.pointer(reference.strip_prefix('#')?);
        }
        ["anyOf", "oneOf", "allOf"]
            .iter()
            .filter_map(|word| schema.get(*word).and_then(Value::as_array))
            .find_map(|all| all.iter().find(|one| kind(one) != "null"))
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(Map::new());
        };
        // Without a list of what is required, everything is filled in: an empty object would
        // follow the schema and be of no use to anyone.
        let required = schema.get("required").and_then(Value::as_array);
        let wanted = |name: &str| {
            required.is_none_or(|names| names.iter().any(|one| one.as_str() == Some(name)))
        };
        let filled = properties
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, property)| (name.clone(), self.value(property, depth + 1)));
        Value::Object(filled.collect())
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let items = schema.get("items").cloned().unwrap_or_else(|| "string".into());
        let count = bound(schema, "minItems").unwrap_or(1).clamp(1, ITEMS_MAX);
        Value::Array((0..count).map(|_| self.value(&items, depth + 1)).collect())
    }

    fn string(&self, schema: &Value) -> String {
        let fixed = match schema.get("format").and_then(Value::as_str) {
            Some("date") => Some("2026-01-01"),
            Some("date-time") => Some("2026-01-01T00:00:00Z"),
            Some("time") => Some("00:00:00Z"),
            Some("email") => Some("example@example.com"),
            Some("uri" | "url") => Some("https://example.com/"),
            Some("uuid") => Some("00000000-0000-4000-8000-000000000000"),
            _ => None,
        };
        let mut text = fixed.unwrap_or(&self.word).to_owned();
        let length_min = usize::try_from(bound(schema, "minLength").unwrap_or(0)).unwrap_or(0);
        while text.chars().count() < length_min.min(1_024) {
            text.push('x');
        }
        match bound(schema, "maxLength").and_then(|max| usize::try_from(max).ok()) {
            Some(max) => text.chars().take(max).collect(),
            None => text,
        }
    }
}

/// The type of a schema, in lower case (Gemini writes `STRING`), guessed when it is not said.
fn kind(schema: &Value) -> String {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null")
        }
        _ => None,
    };
    let guessed = || if schema.get("properties").is_some() { "object" } else { "string" };
    named.unwrap_or_else(guessed).to_ascii_lowercase()
}

fn number(schema: &Value) -> Number {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let below = limit("minimum").is_some_and(|minimum| minimum > 1.0);
    let above = limit("maximum").is_some_and(|maximum| maximum < 1.0);
    let bounding = match (below, above) {
        (true, _) => schema.get("minimum"),
        (false, true) => schema.get("maximum"),
        (false, false) => None,
    };
    bounding.and_then(Value::as_number).cloned().unwrap_or_else(|| Number::from(1))
}

/// A bound; Gemini writes these as strings.
fn bound(schema: &Value, name: &str) -> Option<u64> {
    let value = schema.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A word that an argument could be: a capitalised one that does not begin a sentence.
fn plausible_word(asked: &str, index: usize) -> String {
    let mut begins = true;
    let mut names: Vec<&str> = Vec::new();
    for raw in asked.split_whitespace() {
        let word = raw.trim_matches(|letter: char| !letter.is_alphanumeric());
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let plain = word.chars().all(char::is_alphabetic) && word.chars().count() > 1;
        if capital && plain && !begins && !names.contains(&word) {
            names.push(word);
        }
        begins = raw.ends_with(['.', '!', '?', ':']);
    }
    let at = index.checked_rem(names.len()).unwrap_or(0);
    (*names.get(at).unwrap_or(&"example")).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::from_schema;

    #[test]
    fn values_follow_their_schema() {
        let cases: [(Value, Value); 12] = [
            (json!({"type": "string"}), json!("Paris")),
            (json!({"type": "STRING", "maxLength": "3"}), json!("Par")),
            (json!({"type": "string", "enum": ["b", "a"]}), json!("b")),
            (json!({"type": ["null", "integer"]}), json!(1)),
            (json!({"type": "number", "minimum": 5}), json!(5)),
            (json!({"type": "number", "maximum": 0.5}), json!(0.5)),
            (json!({"type": "array", "items": {"type": "boolean"}}), json!([true])),
            (json!({"type": "array", "minItems": 2, "items": {"type": "integer"}}), json!([1, 1])),
            (json!({"anyOf": [{"type": "null"}, {"type": "integer"}]}), json!(1)),
            (
                json!({"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}),
                json!({"a": 1}),
            ),
            (
                json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties":
                    {"next": {"const": 3}}}}}),
                json!({"next": 3}),
            ),
            (json!({"type": "string", "format": "date"}), json!("2026-01-01")),
        ];
        for (schema, value) in cases {
            assert_eq!(from_schema(&schema, "Weather in Paris, please", 0), value, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(from_schema(&schema, "", 0).to_string().ends_with('}'));
    }

    #[test]
    fn each_call_takes_another_word() {
        let words: Vec<_> =
            (0..3).map(|call| from_schema(&json!({}), "In Paris or Rome?", call)).collect();
        assert_eq!(words, [json!("Paris"), json!("Rome"), json!("Paris")]);
    }
}
