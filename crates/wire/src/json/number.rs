//! Integers, however they are written.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// Reads an integer of a request. Some clients write every number as a float: `64.0` is one.
pub(crate) fn whole<T: FromStr>(json: &str) -> Option<T> {
    json.parse().ok().or_else(|| {
        let number: f64 = json.parse().ok()?;
        // Digits without a point: what is too large for the type is still none of its values.
        let digits = (number.fract() == 0.0).then(|| format!("{number:.0}"))?;
        digits.parse().ok()
    })
}

/// The same for a member of a structure that is read as a whole.
pub(crate) fn whole_member<'de, T: FromStr, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else { return Ok(None) };
    let integer = whole(&number.to_string());
    integer.map(Some).ok_or_else(|| de::Error::custom(format!("{number} is not an integer")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_may_be_written_as_a_float() {
        for (json, number) in [
            ("1", Some(1)),
            ("1.0", Some(1)),
            ("40.00", Some(40)),
            ("1e3", Some(1_000)),
            ("0.0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("1.5", None),
            ("-1.0", None),
            ("1e30", None),
            ("\"1\"", None),
            ("true", None),
        ] {
            assert_eq!(whole::<u64>(json), number, "{json}");
        }
        assert_eq!(whole::<i64>("-7.0"), Some(-7));
    }
}
