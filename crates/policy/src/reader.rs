//! Reading what an operator wrote, noting every problem with its path.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use tollgate_types::Timestamp;

use crate::pattern::{Pattern, Patterns};
use crate::problem::{Problem, unknown};

/// Longest pattern, word, name or message, in characters.
pub(crate) const CHARACTERS_MAX: usize = 256;
/// Most entries in one list.
pub(crate) const ENTRIES_MAX: usize = 100;
/// What a compiled regex may take.
const REGEX_BYTES_MAX: usize = 256 * 1024;
/// Rules with more problems than this need a look, not a list.
const PROBLEMS_MAX: usize = 100;

/// Where the reading is, and what was found wrong.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
    path: String,
    /// The name of the rule that is read: shares depend on it.
    pub(crate) rule: Arc<str>,
    /// Headers that predicates ask for.
    pub(crate) headers: Vec<Arc<str>>,
}

impl Reader {
    /// Reads something that stands at `.name` or `[index]` from here.
    pub(crate) fn at<T>(&mut self, segment: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if !self.path.is_empty() && !segment.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(segment);
        let read = read(self);
        self.path.truncate(length);
        read
    }

    /// Notes a problem with what stands here.
    pub(crate) fn problem(&mut self, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { path: self.path.clone(), message: message.into() });
        }
    }

    /// What was found wrong.
    pub(crate) fn finish(self) -> Vec<Problem> {
        self.problems
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    fn expected<T>(&mut self, value: &Value, expected: &str) -> Option<T> {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(it) => format!("`{it}`"),
            Value::Number(it) => format!("`{it}`"),
            Value::String(_) => "a text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a table".to_owned(),
        };
        self.problem(format!("expected {expected}, found {found}"));
        None
    }

    /// A table of known keys.
    pub(crate) fn table<'v>(
        &mut self,
        value: &'v Value,
        known: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let table = self.any_table(value)?;
        for name in table.keys().filter(|name| !known.contains(&name.as_str())) {
            self.problem(unknown("key", &shortened(name), known));
        }
        Some(table)
    }

    /// A table whose keys are the operator's.
    pub(crate) fn any_table<'v>(&mut self, value: &'v Value) -> Option<&'v Map<String, Value>> {
        let Some(table) = value.as_object() else { return self.expected(value, "a table") };
        if table.is_empty() {
            self.problem("expected at least one key");
        }
        Some(table)
    }

    /// What stands at a key of a table, if anything does.
    pub(crate) fn member<T>(
        &mut self,
        table: &Map<String, Value>,
        name: &str,
        read: impl FnOnce(&Value, &mut Self) -> Option<T>,
    ) -> Option<T> {
        let value = table.get(name)?;
        self.at(name, |reader| read(value, reader))
    }

    /// What must stand at a key of a table.
    pub(crate) fn required<T>(
        &mut self,
        table: &Map<String, Value>,
        name: &str,
        read: impl FnOnce(&Value, &mut Self) -> Option<T>,
    ) -> Option<T> {
        if !table.contains_key(name) {
            self.problem(format!("expected {name}"));
        }
        self.member(table, name, read)
    }

    pub(crate) fn flag(&mut self, value: &Value) -> Option<bool> {
        value.as_bool().or_else(|| self.expected(value, "true or false"))
    }

    pub(crate) fn number(&mut self, value: &Value) -> Option<f64> {
        value.as_f64().or_else(|| self.expected(value, "a number"))
    }

    pub(crate) fn count(&mut self, value: &Value) -> Option<u64> {
        value.as_u64().or_else(|| self.expected(value, "a whole number of at least 0"))
    }

    /// A text that is neither empty nor too long.
    pub(crate) fn text<'v>(&mut self, value: &'v Value) -> Option<&'v str> {
        let Some(text) = value.as_str() else { return self.expected(value, "a text") };
        if text.trim().is_empty() {
            self.problem("expected a text that is not empty");
            return None;
        }
        if text.chars().nth(CHARACTERS_MAX).is_some() {
            self.problem(format!("expected a text of at most {CHARACTERS_MAX} characters"));
            return None;
        }
        Some(text)
    }

    /// A list with something in it, each entry at its place.
    pub(crate) fn list<'v>(&mut self, value: &'v Value) -> Option<&'v [Value]> {
        let Some(list) = value.as_array() else { return self.expected(value, "a list") };
        if list.is_empty() {
            self.problem("expected at least one entry");
            return None;
        }
        if list.len() > ENTRIES_MAX {
            self.problem(format!("expected at most {ENTRIES_MAX} entries"));
            return None;
        }
        Some(list)
    }

    /// Texts: one, or a list of them.
    pub(crate) fn texts<'v>(&mut self, value: &'v Value) -> Option<Vec<&'v str>> {
        if value.is_string() {
            return self.text(value).map(|text| vec![text]);
        }
        if !value.is_array() {
            return self.expected(value, "a text or a list of texts");
        }
        let list = self.list(value)?;
        let texts: Vec<&str> = (0_usize..)
            .zip(list)
            .filter_map(|(index, it)| self.at(&format!("[{index}]"), |reader| reader.text(it)))
            .collect();
        (texts.len() == list.len()).then_some(texts)
    }

    /// Patterns: one, or a list of them.
    pub(crate) fn patterns(&mut self, value: &Value) -> Option<Patterns> {
        let texts = self.texts(value)?;
        Some(Patterns(texts.into_iter().map(Pattern::new).collect()))
    }

    /// Words of a vocabulary: one, or a list of them.
    pub(crate) fn words(
        &mut self,
        value: &Value,
        what: &str,
        known: &'static [&'static str],
    ) -> Option<Vec<&'static str>> {
        let texts = self.texts(value)?;
        let mut words = Vec::with_capacity(texts.len());
        for text in &texts {
            match known.iter().find(|known| known.eq_ignore_ascii_case(text)) {
                Some(word) => words.push(*word),
                None => self.problem(unknown(what, text, known)),
            }
        }
        (words.len() == texts.len()).then_some(words)
    }

    /// One word of a vocabulary.
    pub(crate) fn word(
        &mut self,
        value: &Value,
        what: &str,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        let text = self.text(value)?;
        let word = known.iter().find(|known| **known == text);
        if word.is_none() {
            self.problem(unknown(what, text, known));
        }
        word.copied()
    }

    /// A regular expression, bounded in what it takes.
    pub(crate) fn regex(&mut self, value: &Value) -> Option<Regex> {
        let text = self.text(value)?;
        let built = RegexBuilder::new(text)
            .size_limit(REGEX_BYTES_MAX)
            .dfa_size_limit(REGEX_BYTES_MAX)
            .nest_limit(50)
            .build();
        built.map_err(|error| self.problem(in_words(&error))).ok()
    }

    /// An instant of RFC 3339.
    pub(crate) fn instant(&mut self, value: &Value) -> Option<Timestamp> {
        let instant = value.as_str().and_then(Timestamp::parse_rfc3339);
        if instant.is_none() {
            self.problem("expected an instant with its zone such as 2026-11-01T00:00:00Z");
        }
        instant
    }

    /// A table of whole `min` and `max`, one of which may be missing.
    pub(crate) fn counts(&mut self, value: &Value) -> Option<(u64, u64)> {
        let table = self.table(value, &["min", "max"])?;
        let least = self.member(table, "min", |it, reader| reader.count(it));
        let most = self.member(table, "max", |it, reader| reader.count(it));
        let range = (least.unwrap_or(0), most.unwrap_or(u64::MAX));
        if range.0 > range.1 {
            self.problem("expected min to be at most max");
        }
        Some(range)
    }
}

/// What is wrong with a regex: the last line of what its parser draws.
fn in_words(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "the regular expression takes too much memory: expected fewer or smaller repetitions"
                .to_owned()
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            format!("not a regular expression: {reason}")
        }
    }
}

/// A name from outside, short enough for a message.
pub(crate) fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}
