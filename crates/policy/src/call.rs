//! The facts of a call with what is worked out of its text, each at most once.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::detect::{self, Task};
use crate::facts::Facts;

/// How many bytes of a prompt's text rules look at.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// A call while rules look at it.
pub(crate) struct Call<'f, 'a> {
    pub(crate) facts: &'f Facts<'a>,
    whole: OnceCell<Cow<'a, str>>,
    lower: OnceCell<String>,
    language: OnceCell<Option<&'static str>>,
    code: OnceCell<bool>,
    task: OnceCell<Task>,
}

impl<'f, 'a> Call<'f, 'a> {
    pub(crate) fn new(facts: &'f Facts<'a>) -> Self {
        Self {
            facts,
            whole: OnceCell::new(),
            lower: OnceCell::new(),
            language: OnceCell::new(),
            code: OnceCell::new(),
            task: OnceCell::new(),
        }
    }

    /// What rules look at of the prompt's text.
    pub(crate) fn text(&self) -> &str {
        head(self.whole.get_or_init(|| (self.facts.text)()), TEXT_BYTES_MAX)
    }

    /// The same in lower case.
    pub(crate) fn lower(&self) -> &str {
        self.lower.get_or_init(|| self.text().to_lowercase())
    }

    pub(crate) fn language(&self) -> Option<&'static str> {
        *self.language.get_or_init(|| detect::language(self.text()))
    }

    pub(crate) fn is_code(&self) -> bool {
        *self.code.get_or_init(|| detect::is_code(self.text()))
    }

    pub(crate) fn task(&self) -> Task {
        *self.task.get_or_init(|| detect::task(self.text(), self.facts.parameters))
    }
}

/// The first `bytes_max` bytes, down to a whole character.
pub(crate) fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}
