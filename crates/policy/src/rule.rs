//! A rule, ready to be looked at.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::action::{Effects, effects};
use crate::call::Call;
use crate::form::RuleForm;
use crate::predicate::{self, Test};
use crate::reader::Reader;

/// A rule of a policy.
pub struct Rule {
    name: Arc<str>,
    description: Option<String>,
    is_enabled: bool,
    pub(crate) is_last: bool,
    when: Option<Test>,
    pub(crate) effects: Effects,
}

impl Rule {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the operator says of it.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether it is looked at.
    pub const fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Whether no later rule is looked at when it matches.
    pub const fn is_last(&self) -> bool {
        self.is_last
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    pub(crate) fn matches(&self, call: &Call<'_, '_>) -> bool {
        self.is_enabled && self.when.as_ref().is_none_or(|when| when(call))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("is_enabled", &self.is_enabled)
            .field("is_last", &self.is_last)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

const KEYS: &[&str] = &["name", "description", "enabled", "last", "when", "then"];

/// Reads one rule; nothing where a problem was noted.
pub(crate) fn read(form: &RuleForm, reader: &mut Reader) -> Option<Rule> {
    let table = &form.0;
    for name in table.keys().filter(|name| !KEYS.contains(&name.as_str())) {
        reader.problem(crate::problem::unknown("key", &crate::reader::shortened(name), KEYS));
    }
    let name = reader.required(table, "name", |it, reader| reader.text(it).map(Arc::<str>::from));
    reader.rule = name.clone().unwrap_or_default();
    let description = reader.member(table, "description", description);
    let is_enabled = reader.member(table, "enabled", |it, reader| reader.flag(it)).unwrap_or(true);
    let is_last = reader.member(table, "last", |it, reader| reader.flag(it)).unwrap_or(false);
    let when = reader.member(table, "when", predicate::read);
    let effects = reader.member(table, "then", |it, reader| {
        let table = reader.any_table(it)?;
        Some(effects(table, &[], reader))
    });
    if !table.contains_key("then") && !is_last {
        reader.problem("expected then, a table of actions, or last = true");
    }
    let effects = effects.unwrap_or_default();
    Some(Rule { name: name?, description, is_enabled, is_last, when, effects })
}

/// Longest description, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 2_000;

fn description(value: &Value, reader: &mut Reader) -> Option<String> {
    let text = value.as_str().filter(|it| it.chars().nth(DESCRIPTION_CHARACTERS_MAX).is_none());
    if text.is_none() {
        reader
            .problem(format!("expected a text of at most {DESCRIPTION_CHARACTERS_MAX} characters"));
    }
    text.map(str::to_owned)
}
