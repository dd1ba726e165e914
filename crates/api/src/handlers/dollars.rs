//! Amounts of money in requests, and what is wrong with one that is none.

use serde_json::Value;
use tollgate_types::{MoneyError, Usd};

use crate::error::ApiError;

/// The most that an amount can be.
const MOST: Usd = Usd::from_nanos(i64::MAX);

/// US dollars, exactly, as a number or as text.
pub(crate) fn exact(field: &str, amount: &Value) -> Result<Usd, ApiError> {
    match amount {
        Value::Number(number) => read(field, &plain(number)),
        Value::String(text) => read(field, text),
        _ => Err(expected(field)),
    }
}

/// US dollars as a number; less than a nano-dollar is rounded.
pub(crate) fn rounded(field: &str, dollars: f64) -> Result<Usd, ApiError> {
    if !dollars.is_finite() {
        return Err(expected(field));
    }
    let amount = read(field, &format!("{dollars:.9}"))?;
    // Less than a nano-dollar is not nothing.
    if amount == Usd::ZERO && dollars > 0.0 { Err(too_fine(field)) } else { Ok(amount) }
}

/// US dollars that the contract has as a number.
pub(crate) fn number(field: &str, dollars: &Value) -> Result<Usd, ApiError> {
    match dollars {
        Value::Number(number) => rounded(field, number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Err(ApiError::bad_request(format!(
            "{field}: Expected a number of dollars, received text. Leave the quotes out: {}",
            excerpt(text)
        ))),
        _ => Err(expected(field)),
    }
}

/// A number without an exponent.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    let has_exponent = text.contains(['e', 'E']);
    number.as_f64().filter(|_| has_exponent).map_or(text, |it| it.to_string())
}

fn read(field: &str, text: &str) -> Result<Usd, ApiError> {
    match text.parse::<Usd>() {
        Ok(amount) if amount < Usd::ZERO => {
            Err(ApiError::bad_request(format!("{field}: Expected at least 0 dollars")))
        }
        Ok(amount) => Ok(amount),
        Err(MoneyError::TooFine { .. }) => Err(too_fine(field)),
        Err(MoneyError::OutOfRange(_)) => {
            Err(ApiError::bad_request(format!("{field}: Expected at most {MOST}")))
        }
        Err(MoneyError::NotDecimal(_)) => Err(expected(field)),
    }
}

fn too_fine(field: &str) -> ApiError {
    ApiError::bad_request(format!("{field}: Expected at most 9 digits behind the point"))
}

fn expected(field: &str) -> ApiError {
    ApiError::bad_request(format!("{field}: Expected a number of dollars of at least 0"))
}

/// As much of a text as is shown.
fn excerpt(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(result: Result<Usd, ApiError>) -> String {
        match result {
            Ok(amount) => amount.to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn amounts_are_read_and_what_is_wrong_is_told() {
        for (amount, told) in [
            (json!(10.5), "$10.5"),
            (json!("10.50"), "$10.5"),
            (json!(20), "$20"),
            (json!(1e2), "$100"),
            (json!("0.000000001"), "$0.000000001"),
            (json!(1e-10), "at most 9 digits"),
            (json!("1.0000000001"), "at most 9 digits"),
            (json!(1e300), "at most $9223372036.854775807"),
            (json!("9999999999999999999999"), "at most $9223372036.854775807"),
            (json!(-1), "at least 0 dollars"),
            (json!("-0.01"), "at least 0 dollars"),
            (json!("ten"), "a number of dollars"),
            (json!(true), "a number of dollars"),
            (json!(null), "a number of dollars"),
        ] {
            let said = said(exact("amount", &amount));
            assert!(said.contains(told), "{amount}: {said}");
        }
        for (amount, told) in [
            (json!(5), "$5"),
            (json!(0.1), "$0.1"),
            (json!("5"), "received text. Leave the quotes out: 5"),
            (json!([5]), "a number of dollars"),
            (json!(1e300), "at most $9223372036.854775807"),
            (json!(1e-10), "at most 9 digits"),
            (json!(-1), "at least 0 dollars"),
        ] {
            let said = said(number("limit_usd", &amount));
            assert!(said.contains(told), "{amount}: {said}");
        }
    }
}
