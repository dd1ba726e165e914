//! The members of a request, read one by one: each error names the member and what was expected
//! (contract §4.1).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::{RawObject, whole, wrong_type};

/// The members of one object, and where it stands in the request.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// What comes before a member's name in a message, such as `documents.3.`.
    path: String,
    members: BTreeMap<Cow<'a, str>, &'a str>,
    /// The fields of a form are texts, its numbers too.
    of_form: bool,
}

impl<'a> Fields<'a> {
    /// The members of a request.
    pub(super) fn of_call(object: &'a RawObject, of_form: bool) -> Self {
        let members = object.members().map(|(name, raw)| (Cow::Borrowed(name), raw)).collect();
        Self { path: String::new(), members, of_form }
    }

    /// The members of the object that stands at `path`.
    pub(super) fn of_value(path: &str, raw: &'a str) -> Result<Self, BadRequest> {
        let members: BTreeMap<String, &'a RawValue> =
            serde_json::from_str(raw).map_err(|_| wrong_type(path, "object", raw))?;
        let members =
            members.into_iter().map(|(name, raw)| (Cow::Owned(name), raw.get())).collect();
        Ok(Self { path: format!("{path}."), members, of_form: false })
    }

    /// Where a member stands.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// The JSON of a member, unless it is absent or `null`.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.members.get(name).copied().filter(|raw| *raw != "null")
    }

    /// The JSON of a member that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, BadRequest> {
        self.raw(name).ok_or_else(|| BadRequest::new(format!("{}: Required", self.path(name))))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, BadRequest> {
        self.raw(name).map(|raw| text(&self.path(name), raw)).transpose()
    }

    /// A text that is not empty, if it is there.
    pub(super) fn filled(&self, name: &str) -> Result<Option<String>, BadRequest> {
        self.raw(name).map(|raw| filled(&self.path(name), raw)).transpose()
    }

    /// A text that must be there and must not be empty.
    pub(super) fn required_filled(&self, name: &str) -> Result<String, BadRequest> {
        filled(&self.path(name), self.required(name)?)
    }

    /// A text of at most so many characters.
    pub(super) fn at_most(&self, name: &str, most: usize) -> Result<Option<String>, BadRequest> {
        let text = self.text(name)?;
        if text.as_ref().is_some_and(|text| text.chars().nth(most).is_some()) {
            return Err(BadRequest::new(format!(
                "{}: String must contain at most {most} characters",
                self.path(name)
            )));
        }
        Ok(text)
    }

    /// A whole number within bounds.
    pub(super) fn integer(
        &self,
        name: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, BadRequest> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let numeral = self.numeral(raw);
        let number: u64 = whole(&numeral).ok_or_else(|| {
            let expected = format!("integer of at least {}", bounds.start());
            wrong_type(&self.path(name), &expected, raw)
        })?;
        within(&self.path(name), number, &bounds, *bounds.end() == u64::MAX).map(Some)
    }

    /// A whole number that may be negative.
    pub(super) fn signed(&self, name: &str) -> Result<Option<i64>, BadRequest> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let numeral = self.numeral(raw);
        whole(&numeral).map(Some).ok_or_else(|| wrong_type(&self.path(name), "integer", raw))
    }

    /// A number within bounds.
    pub(super) fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<f64>,
    ) -> Result<Option<f64>, BadRequest> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let number: f64 = serde_json::from_str(&self.numeral(raw))
            .map_err(|_| wrong_type(&self.path(name), "number", raw))?;
        within(&self.path(name), number, &bounds, false).map(Some)
    }

    /// A boolean.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, BadRequest> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(&self.numeral(raw))
            .map(Some)
            .map_err(|_| wrong_type(&self.path(name), "boolean", raw))
    }

    /// One of a few words, and what it stands for.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        known: &[(&str, T)],
    ) -> Result<Option<T>, BadRequest> {
        self.raw(name).map(|raw| word(&self.path(name), raw, known)).transpose()
    }

    /// The elements of an array, within bounds of number.
    pub(super) fn list(
        &self,
        name: &str,
        bounds: RangeInclusive<usize>,
    ) -> Result<Option<Vec<&'a str>>, BadRequest> {
        self.raw(name).map(|raw| elements(&self.path(name), raw, &bounds)).transpose()
    }

    /// A number or a boolean as JSON; in a form it comes as a text.
    fn numeral(&self, raw: &'a str) -> Cow<'a, str> {
        if !self.of_form {
            return Cow::Borrowed(raw);
        }
        serde_json::from_str::<String>(raw)
            .map_or(Cow::Borrowed(raw), |text| Cow::Owned(text.trim().to_owned()))
    }
}

/// A text.
pub(super) fn text(path: &str, raw: &str) -> Result<String, BadRequest> {
    serde_json::from_str(raw).map_err(|_| wrong_type(path, "string", raw))
}

/// A text that is not empty.
pub(super) fn filled(path: &str, raw: &str) -> Result<String, BadRequest> {
    let text = text(path, raw)?;
    if text.is_empty() {
        return Err(BadRequest::new(format!("{path}: String must contain at least 1 character")));
    }
    Ok(text)
}

/// One of a few words, and what it stands for.
pub(super) fn word<T: Copy>(path: &str, raw: &str, known: &[(&str, T)]) -> Result<T, BadRequest> {
    let text: Option<String> = serde_json::from_str(raw).ok();
    let found = known.iter().find(|(word, _)| text.as_deref() == Some(*word));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        wrong_type(path, &format!("one of {}", words.join(", ")), raw)
    })
}

/// The elements of an array, within bounds of number.
pub(super) fn elements<'a>(
    path: &str,
    raw: &'a str,
    bounds: &RangeInclusive<usize>,
) -> Result<Vec<&'a str>, BadRequest> {
    let elements: Vec<&RawValue> =
        serde_json::from_str(raw).map_err(|_| wrong_type(path, "array", raw))?;
    let count = elements.len();
    if count < *bounds.start() {
        let least = bounds.start();
        let noun = if *least == 1 { "element" } else { "elements" };
        return Err(BadRequest::new(format!("{path}: Array must contain at least {least} {noun}")));
    }
    if count > *bounds.end() {
        return Err(BadRequest::new(format!(
            "{path}: Array must contain at most {} elements, received {count}",
            bounds.end()
        )));
    }
    Ok(elements.into_iter().map(RawValue::get).collect())
}

fn within<N: PartialOrd + Display>(
    path: &str,
    number: N,
    bounds: &RangeInclusive<N>,
    open: bool,
) -> Result<N, BadRequest> {
    if bounds.contains(&number) {
        return Ok(number);
    }
    let upper = if open { String::new() } else { format!(" and at most {}", bounds.end()) };
    Err(BadRequest::new(format!(
        "{path}: Number must be at least {}{upper}, received {number}",
        bounds.start()
    )))
}
