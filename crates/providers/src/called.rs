//! The tools that an answer calls: what its calls are judged by when it has ended.
//!
//! Kept as it was written and read by nobody before. An answer that calls no tools keeps nothing.

use std::borrow::Cow;

use crate::splice::unescaped;

/// Most bytes of names and arguments kept. The calls of an answer with more are not told.
pub const CALLED_BYTES_MAX: usize = 64 * 1024;

/// The calls of an answer with more are not told.
const CALLS_MAX: usize = 128;

/// The calls of an answer so far.
#[derive(Debug, Clone, Default)]
pub struct Called {
    calls: Vec<ToolCalled>,
    bytes: usize,
    /// There were too many of them, or too long ones.
    is_lost: bool,
}

/// One call.
#[derive(Debug, Clone)]
pub struct ToolCalled {
    /// Which of the answer's calls, where they come in pieces that say so.
    index: u32,
    name: String,
    arguments: String,
    form: Form,
}

/// How arguments are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As JSON, or what ought to be.
    Json,
    /// The same as the inside of a JSON string.
    Escaped,
    /// The tool takes something else, which is not kept.
    Other,
}

impl Called {
    /// The calls in the order in which they began; none when they were too many to be kept.
    pub fn calls(&self) -> &[ToolCalled] {
        if self.is_lost { &[] } else { &self.calls }
    }

    /// A call begins whose arguments follow in pieces.
    pub(crate) fn begin(&mut self, index: u32, name: &str) {
        self.add(index, name, Form::Json);
    }

    /// A piece of a call's arguments.
    pub(crate) fn grow(&mut self, index: u32, fragment: &str) {
        if self.makes_room(fragment.len())
            && let Some(call) = self.calls.iter_mut().rfind(|call| call.index == index)
        {
            call.arguments.push_str(fragment);
        }
    }

    /// A whole call; its name is the inside of a JSON string, its arguments are JSON.
    pub(crate) fn whole(&mut self, name: &[u8], arguments: &[u8]) {
        self.add_last(&unescaped(name), Form::Json);
        self.grow_last(&String::from_utf8_lossy(arguments));
    }

    /// A piece of the arguments of the call that began last, written as the inside of a JSON string.
    /// The first takes the place of what the call began with.
    pub(crate) fn grow_escaped(&mut self, fragment: &[u8]) {
        if let Some(call) = self.calls.last_mut().filter(|call| call.form == Form::Json) {
            call.arguments.clear();
            call.form = Form::Escaped;
        }
        // Pieces are cut between characters: each is a string of its own.
        self.grow_last(&String::from_utf8_lossy(fragment));
    }

    /// A whole call with arguments that ought to be JSON.
    pub(crate) fn with_text(&mut self, name: &str, arguments: &str) {
        self.add_last(name, Form::Json);
        self.grow_last(arguments);
    }

    /// A whole call of a tool that takes no JSON.
    pub(crate) fn of_other(&mut self, name: &str) {
        self.add_last(name, Form::Other);
    }

    fn add_last(&mut self, name: &str, form: Form) {
        let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.add(index, name, form);
    }

    fn grow_last(&mut self, fragment: &str) {
        if let Some(index) = self.calls.last().map(|call| call.index) {
            self.grow(index, fragment);
        }
    }

    fn add(&mut self, index: u32, name: &str, form: Form) {
        if self.calls.len() == CALLS_MAX {
            self.lose();
        }
        if self.makes_room(name.len()) {
            let arguments = String::new();
            self.calls.push(ToolCalled { index, name: name.to_owned(), arguments, form });
        }
    }

    fn makes_room(&mut self, length: usize) -> bool {
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > CALLED_BYTES_MAX {
            self.lose();
        }
        !self.is_lost
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.calls = Vec::new();
    }
}

impl ToolCalled {
    /// The tool's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its arguments, which ought to be JSON; `None` of a tool that takes something else.
    pub fn arguments(&self) -> Option<Cow<'_, str>> {
        match self.form {
            Form::Json => Some(Cow::Borrowed(&self.arguments)),
            Form::Escaped => Some(Cow::Owned(unescaped(self.arguments.as_bytes()))),
            Form::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(called: &Called) -> Vec<(&str, Option<String>)> {
        let told = |call: &ToolCalled| call.arguments().map(Cow::into_owned);
        called.calls().iter().map(|call| (call.name(), told(call))).collect()
    }

    #[test]
    fn pieces_are_put_together_whatever_their_form() {
        let mut called = Called::default();
        called.begin(0, "a");
        called.begin(1, "b");
        called.grow(0, "{\"x\"");
        called.grow(1, "{}");
        called.grow(0, ":1}");
        called.whole(br"c\u0064", b"{}");
        called.grow_escaped(br#"{\"y\""#);
        called.grow_escaped(br#":\"\n\"}"#);
        called.with_text("e", "");
        called.of_other("f");
        let json = |text: &str| Some(text.to_owned());
        assert_eq!(
            told(&called),
            [
                ("a", json("{\"x\":1}")),
                ("b", json("{}")),
                ("cd", json("{\"y\":\"\n\"}")),
                ("e", json("")),
                ("f", None)
            ]
        );
    }

    #[test]
    fn what_is_too_much_is_not_told() {
        let mut called = Called::default();
        called.begin(0, "a");
        called.grow(0, &"x".repeat(CALLED_BYTES_MAX - 1));
        assert_eq!(called.calls().len(), 1);
        called.grow(0, "x");
        called.begin(1, "b");
        assert_eq!((called.calls().len(), called.calls.capacity()), (0, 0));
        let mut called = Called::default();
        for index in 0..CALLS_MAX {
            called.begin(u32::try_from(index).unwrap(), "a");
        }
        assert_eq!(called.calls().len(), CALLS_MAX);
        called.begin(0, "a");
        assert_eq!(called.calls().len(), 0);
    }
}
