//! A rule as an operator writes it, in TOML or JSON.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A rule as written. It is checked when a [`Policy`](crate::Policy) is made of it, not when it is
/// read: then every mistake can be told at once, with its path and the nearest word that is known.
/// An unknown member is a mistake.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RuleForm(pub(crate) Map<String, Value>);

impl RuleForm {
    /// A rule from its members: `name`, `when`, `then` and so on.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members.into_iter().map(|(name, value)| (name, plain(value, DEPTH_MAX))).collect())
    }

    /// Its members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RuleForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::new)
    }
}

/// How TOML's reader hands over a date or time that stands without quotes.
const TOML_INSTANT: &str = "$__toml_private_datetime";
/// Deeper than any rule may be.
const DEPTH_MAX: usize = 64;

/// The value with TOML's dates as texts, so that both forms of a rule are the same.
fn plain(value: Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return value };
    match value {
        Value::Object(mut members) => match members.remove(TOML_INSTANT) {
            Some(instant) => instant,
            None => Value::Object(
                members.into_iter().map(|(name, it)| (name, plain(it, depth))).collect(),
            ),
        },
        Value::Array(items) => items.into_iter().map(|it| plain(it, depth)).collect(),
        other => other,
    }
}
