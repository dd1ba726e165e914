//! What the prompt says. Only these predicates look at its text.

use serde_json::Value;

use super::Test;
use crate::detect::{LANGUAGES, Task};
use crate::reader::Reader;

/// Languages, one of which the prompt is in.
pub(super) fn language(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "language", LANGUAGES)?;
    Some(Box::new(move |call| call.language().is_some_and(|it| words.contains(&it))))
}

pub(super) fn code(value: &Value, reader: &mut Reader) -> Option<Test> {
    let expected = reader.flag(value)?;
    Some(Box::new(move |call| call.is_code() == expected))
}

/// Words, one of which stands in the text, in whichever case, also inside of a longer one.
pub(super) fn contains(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words: Vec<String> = reader.texts(value)?.iter().map(|it| it.to_lowercase()).collect();
    Some(Box::new(move |call| words.iter().any(|it| call.lower().contains(it.as_str()))))
}

/// A regular expression that fits somewhere in the text.
pub(super) fn matches(value: &Value, reader: &mut Reader) -> Option<Test> {
    let regex = reader.regex(value)?;
    Some(Box::new(move |call| regex.is_match(call.text())))
}

/// Tasks, one of which the prompt sets.
pub(super) fn task(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "task", &Task::NAMES)?;
    Some(Box::new(move |call| words.contains(&call.task().as_str())))
}
