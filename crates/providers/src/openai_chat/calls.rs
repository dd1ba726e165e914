//! Calls of tools in chunks and completions: which fragment belongs to which call.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::ChatEvent;

/// A call, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call<'a> {
    index: Option<i64>,
    #[serde(borrow)]
    id: Option<Id<'a>>,
    #[serde(borrow)]
    function: Function<'a>,
}

/// Some servers number their calls where others name them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(u64),
}

/// What is called.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl<'a> Call<'a> {
    /// The one call of an answer in the form that came before `tool_calls`.
    pub(super) const fn only(function: Function<'a>) -> Self {
        Self { index: Some(0), id: None, function }
    }
}

/// The calls of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<KnownCall>,
    /// No call comes in pieces: the answer is whole.
    whole: bool,
}

/// A call that has been announced.
#[derive(Debug)]
struct KnownCall {
    /// The provider's index, or its position where it gives none.
    index: i64,
    /// The provider's id, which it may have given to several.
    id: String,
}

/// No answer calls so many tools; one that does is not one.
const CALLS_MAX: usize = 1_024;

impl Calls {
    /// The calls of a whole answer: each element is one, whatever its index and its id.
    pub(super) fn of_whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Takes a call that stands at `position` in its list, appends what it says.
    ///
    /// A call is announced once; providers differ in whether they repeat its id, number it, or
    /// give it an id at all.
    pub(super) fn take(&mut self, position: usize, call: Call<'_>, out: &mut Vec<ChatEvent>) {
        let id = call.id.map(Id::into_text).filter(|id| !id.is_empty());
        let name = call.function.name.filter(|name| !name.is_empty());
        let place = match (self.place(call.index, id.as_deref(), name.is_some()), name) {
            (Some(place), _) => place,
            (None, _) if self.known.len() >= CALLS_MAX => return,
            (None, name) => {
                let place = self.known.len();
                let index = call.index.unwrap_or_else(|| self.next_index(position));
                let id = id.map_or_else(|| format!("call_{place}"), Cow::into_owned);
                let is_taken = self.known.iter().any(|it| it.id == id);
                let ours = if is_taken { format!("{id}_{place}") } else { id.clone() };
                self.known.push(KnownCall { index, id });
                let name = name.map(Cow::into_owned).unwrap_or_default();
                out.push(ChatEvent::ToolCallStart { index: count(place), id: ours, name });
                place
            }
        };
        let fragment = call.function.arguments.map(arguments).unwrap_or_default();
        if !fragment.is_empty() {
            out.push(ChatEvent::ToolCallArguments { index: count(place), fragment });
        }
    }

    /// The call that a piece belongs to, if it has been announced.
    ///
    /// Some servers stream every whole call under the index 0, each with its own id: a function
    /// under another id is another call.
    fn place(&self, index: Option<i64>, id: Option<&str>, names: bool) -> Option<usize> {
        if self.whole {
            return None;
        }
        let is_same = |call: &KnownCall| !names || id.is_none_or(|id| call.id == id);
        match (index, id) {
            (Some(index), _) => {
                let at = self.known.iter().rposition(|it| it.index == index);
                at.filter(|at| self.known.get(*at).is_some_and(is_same))
            }
            (None, Some(id)) => self.known.iter().position(|it| it.id == id),
            (None, None) if !names => self.known.len().checked_sub(1),
            (None, None) => None,
        }
    }

    fn next_index(&self, position: usize) -> i64 {
        let number = i64::try_from(position).unwrap_or_default();
        self.known.last().map_or(number, |last| last.index.saturating_add(1))
    }
}

impl<'a> Id<'a> {
    fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

/// Arguments are JSON in a string; some providers give the object itself.
fn arguments(raw: &RawValue) -> String {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => text,
        Err(_) if raw.get() == "null" => String::new(),
        Err(_) => raw.get().to_owned(),
    }
}

fn count(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
