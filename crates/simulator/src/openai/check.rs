//! What OpenAI says of parameters that it refuses, whatever the operation.

use serde_json::Value;

use crate::failure::Failure;

/// Refuses top-level fields that are not among `fields`.
pub(super) fn known(body: &Value, fields: &[&str]) -> Result<(), Failure> {
    let mut names = body.as_object().into_iter().flatten().map(|(field, _)| field.as_str());
    match names.find(|field| !fields.contains(field)) {
        Some(field) => Err(Failure::invalid_param(
            format!("Unknown parameter: '{field}'."),
            field,
            Some("unknown_parameter"),
        )),
        None => Ok(()),
    }
}

/// A parameter is not there.
pub(super) fn missing(key: &str) -> Failure {
    let message = format!("Missing required parameter: '{key}'.");
    Failure::invalid_param(message, key, Some("missing_required_parameter"))
}

/// A text that has to be there, of at most so many characters.
pub(super) fn text<'a>(body: &'a Value, key: &str, max: usize) -> Result<&'a str, Failure> {
    let value = body.get(key).filter(|value| !value.is_null()).ok_or_else(|| missing(key))?;
    let text = value.as_str().ok_or_else(|| mistyped(key, "a string", value))?;
    let count = text.chars().count();
    if count > max {
        let message = format!(
            "Invalid '{key}': string too long. Expected a string with maximum length {max}, but \
             got a string with length {count} instead."
        );
        return Err(Failure::invalid_param(message, key, Some("string_above_max_length")));
    }
    Ok(text)
}

/// One of `allowed`, when the parameter is there.
pub(super) fn choice<'a>(
    body: &'a Value,
    key: &str,
    allowed: &[&str],
) -> Result<Option<&'a str>, Failure> {
    let Some(value) = body.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let word = value.as_str().ok_or_else(|| mistyped(key, "one of the allowed values", value))?;
    if allowed.contains(&word) { Ok(Some(word)) } else { Err(unsupported(key, word, allowed)) }
}

/// A parameter has none of the values that it may have.
pub(super) fn unsupported(key: &str, word: &str, allowed: &[&str]) -> Failure {
    let quoted: Vec<String> = allowed.iter().map(|value| format!("'{value}'")).collect();
    let listed = match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [one, other] => format!("{one} and {other}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    };
    let message = format!("Invalid value: '{word}'. Supported values are: {listed}.");
    Failure::invalid_param(message, key, Some("invalid_value"))
}

/// An integer within its bounds, when the parameter is there.
pub(super) fn integer(body: &Value, key: &str, min: u64, max: u64) -> Result<Option<u64>, Failure> {
    let Some(value) = body.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let (side, sign, bound, code) = match value.as_i64().map(u64::try_from) {
        None => return Err(mistyped(key, "an integer", value)),
        Some(Ok(number)) if number > max => ("above maximum", "<=", max, "integer_above_max_value"),
        Some(Ok(number)) if number >= min => return Ok(Some(number)),
        Some(_) => ("below minimum", ">=", min, "integer_below_min_value"),
    };
    let message = format!(
        "Invalid '{key}': integer {side} value. Expected a value {sign} {bound}, but got {value} \
         instead."
    );
    Err(Failure::invalid_param(message, key, Some(code)))
}

fn mistyped(key: &str, wanted: &str, value: &Value) -> Failure {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let message = format!("Invalid type for '{key}': expected {wanted}, but got {kind} instead.");
    Failure::invalid_param(message, key, Some("invalid_type"))
}
