//! Counts in what providers report, whoever reports them.
//!
//! An odd count is not worth an answer that was paid for: it counts as not said, and the gateway
//! makes an estimate of its own.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_wire::json::mend_surrogates;

/// A count however it is spelt: an integer, a whole number as a float, a number in a string.
/// Anything else counts as not said, so that one odd number does not discard the others.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let digits = match Value::deserialize(from)? {
            Value::Number(number) if number.is_u64() => return Ok(Self(number.as_u64())),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text,
            _ => return Ok(Self(None)),
        };
        Ok(Self(digits.strip_suffix(".0").unwrap_or(&digits).parse().ok()))
    }
}

impl Count {
    /// The number, if one was said.
    pub(crate) const fn get(self) -> Option<u64> {
        self.0
    }

    /// The number, or another.
    pub(crate) fn unwrap_or(self, default: u64) -> u64 {
        self.0.unwrap_or(default)
    }
}

/// Reads a member that is a [`Count`].
pub(crate) fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Count::deserialize(from).map(Count::get)
}

/// Reads a member that is a report of counts, and an object: any other value is none.
pub(crate) fn report<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Option::<Box<RawValue>>::deserialize(from)?;
    Ok(raw.and_then(|raw| object(raw.get().as_bytes())))
}

/// Reads a report of counts from its JSON, as [`report`] does.
pub(crate) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    // A list would be read as the members in their order.
    let json = json.trim_ascii_start();
    json.starts_with(b"{").then(|| serde_json::from_slice(&mend_surrogates(json)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        #[serde(deserialize_with = "report")]
        usage: Option<Report>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Report {
        #[serde(deserialize_with = "said")]
        tokens: Option<u64>,
    }

    #[test]
    fn an_odd_count_is_none_and_harms_nothing_else() {
        for (json, expected) in [
            (r#"{"usage":{"tokens":7}}"#, Some(Some(7))),
            (r#"{"usage":{"tokens":7.0}}"#, Some(Some(7))),
            (r#"{"usage":{"tokens":"7"}}"#, Some(Some(7))),
            (r#"{"usage":{"tokens":-7}}"#, Some(None)),
            (r#"{"usage":{"tokens":5.5}}"#, Some(None)),
            (r#"{"usage":{"tokens":[7]}}"#, Some(None)),
            (r#"{"usage":{"tokens":null}}"#, Some(None)),
            (r#"{"usage":{}}"#, Some(None)),
            (r#"{"usage":[7]}"#, None),
            (r#"{"usage":7}"#, None),
            (r#"{"usage":null}"#, None),
            ("{}", None),
        ] {
            let answer: Answer = serde_json::from_str(json).unwrap();
            assert_eq!(answer.usage.map(|it| it.tokens), expected, "{json}");
        }
    }

    #[test]
    fn half_a_character_makes_no_report_unreadable() {
        let report: Report = object(br#" {"tokens":"\ud800"}"#).unwrap();
        assert_eq!(report.tokens, None);
        let report: Report = object(br#"{"word":"\udc00","tokens":7}"#).unwrap();
        assert_eq!(report.tokens, Some(7));
    }
}
