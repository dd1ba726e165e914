//! When two answers say the same.

mod choice;
mod number;
mod words;

use serde_json::Value;

use crate::call::head;
use crate::cascade::same;

/// How answers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agree {
    /// The same words, or nearly.
    Text,
    /// The same JSON value.
    Json,
    /// The same last number.
    Number,
    /// The same last option.
    Choice,
}

/// How much of an answer is compared.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What is compared of one answer.
enum Gist {
    Words(words::Words),
    Json(Value),
    Number(f64),
    Choice(String),
}

impl Agree {
    pub(super) const NAMES: &'static [&'static str] = &["text", "json", "number", "choice"];

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "json" => Self::Json,
            "number" => Self::Number,
            "choice" => Self::Choice,
            _ => Self::Text,
        }
    }

    /// Whether two answers that agree with a third need not agree with each other.
    pub(super) fn is_loose(self) -> bool {
        self == Self::Text
    }

    /// The answers that say the same, in groups. Each joins the first group whose first answer it
    /// agrees with, so that the same answers always make the same groups. What says nothing that
    /// can be compared is in none.
    pub(super) fn groups(self, answers: &[Option<&str>]) -> Vec<Vec<usize>> {
        let mut groups: Vec<(Gist, Vec<usize>)> = Vec::new();
        for (at, answer) in answers.iter().enumerate() {
            let Some(gist) = answer.and_then(|text| self.gist(text)) else { continue };
            match groups.iter_mut().find(|(first, _)| first.agrees(&gist)) {
                Some((_, group)) => group.push(at),
                None => groups.push((gist, vec![at])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn gist(self, text: &str) -> Option<Gist> {
        match self {
            Self::Text => words::Words::of(head(text, ANSWER_BYTES_MAX)).map(Gist::Words),
            Self::Json => serde_json::from_str(unfenced(text)).ok().map(Gist::Json),
            Self::Number => number::last(tail(text)).map(Gist::Number),
            Self::Choice => choice::last(tail(text)).map(Gist::Choice),
        }
    }
}

impl Gist {
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Words(one), Self::Words(other)) => one.agree(other),
            (Self::Json(one), Self::Json(other)) => same(one, other),
            (Self::Number(one), Self::Number(other)) => number::agree(*one, *other),
            (Self::Choice(one), Self::Choice(other)) => one == other,
            _ => false,
        }
    }
}

/// The last bytes, from a whole character on.
fn tail(text: &str) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(ANSWER_BYTES_MAX));
    text.get(from..).unwrap_or(text)
}

/// What stands in the only fence of an answer, or the answer.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(fenced) = text.strip_prefix("```").and_then(|it| it.strip_suffix("```")) else {
        return text;
    };
    fenced.split_once('\n').map_or(fenced, |(_, inside)| inside).trim()
}
