//! Tool calls collected until they are whole, for dialects that don't stream their arguments.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde_json::value::RawValue;

/// Calls that have begun and were not taken yet, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct WholeCalls {
    open: VecDeque<WholeCall>,
    /// Bytes of arguments held.
    held: usize,
}

/// One call.
#[derive(Debug, Clone, Default)]
pub(crate) struct WholeCall {
    /// The call's number.
    pub(crate) index: u32,
    /// The call's id.
    pub(crate) id: String,
    /// The function.
    pub(crate) name: String,
    /// As much of its arguments as has come.
    pub(crate) arguments: String,
    progress: Progress,
    /// More came than is held: what is here is not all of it.
    overflowed: bool,
}

/// How far the JSON of an object has come, so that no byte is looked at twice.
#[derive(Debug, Clone, Default)]
struct Progress {
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// The brace that opened the object has been closed.
    closed: bool,
}

/// Most bytes of arguments held at a time; no tool takes so much.
const HELD_MAX: usize = 16 * 1024 * 1024;

/// Most calls that have begun and not ended; no model makes so many at once.
const OPEN_MAX: usize = 1_024;

impl WholeCalls {
    /// A call begins.
    pub(crate) fn start(&mut self, index: u32, id: &str, name: &str) {
        if self.open.len() >= OPEN_MAX {
            return;
        }
        let (id, name) = (id.to_owned(), name.to_owned());
        self.open.push_back(WholeCall { index, id, name, ..WholeCall::default() });
    }

    /// A piece of a call's arguments comes.
    pub(crate) fn add(&mut self, index: u32, fragment: &str) {
        let Some(call) = self.open.iter_mut().rev().find(|call| call.index == index) else {
            return;
        };
        let held = self.held.saturating_add(fragment.len());
        if held > HELD_MAX || call.overflowed {
            call.overflowed = true;
            return;
        }
        self.held = held;
        call.arguments.push_str(fragment);
        call.progress.take(fragment);
    }

    /// Takes the oldest call if its arguments are complete. Calls are taken in their order, so a
    /// complete one waits for those before it.
    pub(crate) fn next_complete(&mut self) -> Option<WholeCall> {
        let is_complete = self.open.front().is_some_and(|call| call.progress.closed);
        if is_complete { self.next() } else { None }
    }

    /// Takes the oldest call as it is: no more will come.
    pub(crate) fn next(&mut self) -> Option<WholeCall> {
        let call = self.open.pop_front()?;
        self.held = self.held.saturating_sub(call.arguments.len());
        Some(call)
    }
}

impl WholeCall {
    /// The arguments as an object on one line: nothing is an empty one, another value becomes
    /// `{"value": …}`. None when they are not JSON, as those of an answer that was cut off.
    pub(crate) fn object(&self) -> Option<Cow<'_, RawValue>> {
        let text = self.arguments.trim();
        if self.overflowed {
            return None;
        }
        if text.is_empty() || text == "null" {
            return Some(Cow::Borrowed(empty_object()));
        }
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let line = one_line(raw.get());
        if line.starts_with('{') {
            return match line {
                Cow::Borrowed(_) => Some(Cow::Borrowed(raw)),
                Cow::Owned(line) => RawValue::from_string(line).ok().map(Cow::Owned),
            };
        }
        RawValue::from_string(format!(r#"{{"value":{line}}}"#)).ok().map(Cow::Owned)
    }
}

impl Progress {
    fn take(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            if self.in_string {
                self.in_string = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

fn empty_object() -> &'static RawValue {
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}

/// JSON without line breaks: where an element of a stream is a line, one inside it would end it.
/// Inside a string of valid JSON there is none.
pub(crate) fn one_line(json: &str) -> Cow<'_, str> {
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Cow::Owned(json.replace(['\n', '\r'], " "));
    }
    Cow::Borrowed(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_taken_whole_and_in_order() {
        let mut calls = WholeCalls::default();
        calls.start(0, "a", "f");
        calls.start(1, "b", "g");
        calls.add(1, "{}");
        assert!(calls.next_complete().is_none(), "the first is not complete");
        for fragment in ["{\"x", "\":\"}\\", "\"\",\"y\":[{", "}]"] {
            calls.add(0, fragment);
            assert!(calls.next_complete().is_none(), "{fragment}");
        }
        calls.add(0, "}");
        let first = calls.next_complete().unwrap();
        assert_eq!(first.object().unwrap().get(), r#"{"x":"}\"","y":[{}]}"#);
        assert_eq!(calls.next_complete().unwrap().id, "b");
        assert_eq!(calls.held, 0);
    }

    #[test]
    fn arguments_are_an_object_or_nothing() {
        for (arguments, object) in [
            ("", Some("{}")),
            (" null ", Some("{}")),
            ("{\n \"a\":\r1}", Some("{  \"a\": 1}")),
            ("[1]", Some(r#"{"value":[1]}"#)),
            ("\"x\"", Some(r#"{"value":"x"}"#)),
            ("{\"a\":", None),
            ("{} {}", None),
        ] {
            let call = WholeCall { arguments: arguments.to_owned(), ..WholeCall::default() };
            assert_eq!(call.object().as_deref().map(RawValue::get), object, "{arguments}");
        }
    }

    #[test]
    fn what_is_held_has_a_bound() {
        let mut calls = WholeCalls::default();
        calls.start(0, "a", "f");
        let fragment = "x".repeat(1024 * 1024);
        for _ in 0..40 {
            calls.add(0, &fragment);
        }
        assert!(calls.held <= HELD_MAX);
        assert!(calls.next().unwrap().object().is_none());
    }
}
