//! Query strings whose members are all known: what nobody asked for would be taken for an answer to
//! something else.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::ApiError;

/// The members of a query string that nobody has read yet.
#[derive(Debug)]
pub(in crate::handlers) struct Members(BTreeMap<String, String>);

impl Members {
    /// Each of them once.
    pub(in crate::handlers) fn read(pairs: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut members = BTreeMap::new();
        for (name, value) in pairs {
            let message = format!("{name}: Given twice. Join values with a comma");
            if members.insert(name, value).is_some() {
                return Err(ApiError::bad_request(message));
            }
        }
        Ok(Self(members))
    }

    /// A member, which is read by that.
    pub(in crate::handlers) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The members whose names begin so, without that.
    pub(super) fn take_all(&mut self, prefix: &str) -> Vec<(String, String)> {
        let names: Vec<String> =
            self.0.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        let taken = names.into_iter().filter_map(|name| {
            let value = self.0.remove(&name)?;
            Some((name.strip_prefix(prefix)?.to_owned(), value))
        });
        taken.collect()
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &mut self,
        name: &str,
        bounds: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let expected = || {
            let (least, most) = (bounds.start(), bounds.end());
            ApiError::bad_request(format!("{name}: Expected {least} to {most}"))
        };
        number.map(Some).ok_or_else(expected)
    }

    /// A fact.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ApiError::bad_request(format!("{name}: Expected true or false"))),
        }
    }

    /// Refuses what is left.
    pub(in crate::handlers) fn finish(self) -> Result<(), ApiError> {
        let left: Vec<&str> = self.0.keys().map(String::as_str).collect();
        if left.is_empty() {
            return Ok(());
        }
        let left = left.join(", ");
        Err(ApiError::bad_request(format!("Not known here: {left}")))
    }
}
