//! How often a key may call, how much and for how much money, as requests say it.

use serde::Deserialize;
use serde_json::{Map, Value};
use tollgate_limits::{KeyLimits, KeyLimitsChange};

use super::present;
use crate::error::ApiError;

/// Limits of a key: under `rate_limits`, under `limits`, or beside the other members.
#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(super) struct WantedLimits {
    #[serde(default, deserialize_with = "present")]
    rate_limits: Option<Option<KeyLimitsChange>>,
    #[serde(default, deserialize_with = "present")]
    limits: Option<Option<KeyLimitsChange>>,
    #[serde(flatten)]
    beside: Map<String, Value>,
}

impl WantedLimits {
    /// Changes what is given; `null` takes a limit away, and `rate_limits: null` or `limits: null`
    /// all of them.
    pub(super) fn apply_to(&self, limits: &mut KeyLimits) -> Result<(), ApiError> {
        let beside = self.members(is_limit);
        let beside: KeyLimitsChange = serde_json::from_value(Value::Object(beside))
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let given = [&self.rate_limits, &self.limits];
        if given.into_iter().any(|it| matches!(it, Some(None))) {
            *limits = KeyLimits::default();
        }
        let mut given = given.into_iter().flatten().flatten().chain([&beside]);
        while let Some(change) = given.next() {
            if let Some(member) = given.clone().find_map(|other| change.contradicted_by(other)) {
                return Err(ApiError::bad_request(format!(
                    "{member}: It is given twice, and differs. Give it in one place"
                )));
            }
            change.apply_to(limits);
        }
        Ok(())
    }

    /// The members that nobody knows.
    pub(super) fn unknown(&self) -> Map<String, Value> {
        self.members(|name| !is_limit(name))
    }

    fn members(&self, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
        let members = self.beside.iter().filter(|(name, _)| wanted(name));
        members.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn is_limit(name: &str) -> bool {
    KeyLimits::names().contains(&name)
}
