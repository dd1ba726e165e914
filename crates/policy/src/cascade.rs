//! Cascades: a cheap model answers first, a dearer one when the answer is not good enough.

mod refusal;
mod schema;

pub(crate) use schema::same;

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::action::model_names;
use crate::call::head;
use crate::reader::Reader;

/// Models in the order they are asked, and what makes an answer not good enough.
#[derive(Debug)]
pub struct Cascade {
    models: Arc<[String]>,
    escalate: Escalate,
}

/// When the next model is asked. Any of it is enough.
#[derive(Debug, Default)]
struct Escalate {
    /// In lower case.
    keywords: Vec<String>,
    matches: Option<Regex>,
    /// Characters.
    shorter_than: Option<u64>,
    longer_than: Option<u64>,
    refusal: bool,
    schema: bool,
    confidence_below: Option<f64>,
    finish: Vec<&'static str>,
    error: bool,
}

/// An answer to judge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judged<'a> {
    /// What the model said, without what it thought.
    pub text: &'a str,
    /// How many tools it called. An answer that calls tools is not judged by its length or form.
    pub tool_calls: usize,
    /// Why it stopped, in the contract's words (contract §3.1).
    pub finish: Option<&'a str>,
    /// Whether the provider marked it as a refusal.
    pub refusal: bool,
    /// The mean probability of its tokens, 0 to 1, when log probabilities came with them.
    pub mean_probability: Option<f64>,
    /// Whether the request asked for JSON.
    pub wants_json: bool,
    /// The JSON Schema that the request asked the answer to fit.
    pub schema: Option<&'a Value>,
}

/// How much of an answer is looked at for words and patterns.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

impl Cascade {
    /// The models, in the order they are asked. The last one's answer stands, whatever it is.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// Whether the next model is asked when all endpoints of one have failed.
    pub const fn escalates_on_error(&self) -> bool {
        self.escalate.error
    }

    /// Whether an answer is judged by the probability of its tokens, so that it is worth asking
    /// for log probabilities.
    pub const fn judges_by_confidence(&self) -> bool {
        self.escalate.confidence_below.is_some()
    }

    /// Why the answer is not good enough, in words for the record; nothing when it is.
    pub fn escalates(&self, answer: &Judged<'_>) -> Option<String> {
        let it = &self.escalate;
        let finish = answer.finish.filter(|finish| it.finish.contains(finish));
        if let Some(finish) = finish {
            return Some(format!("it stopped because of {finish}"));
        }
        let text = head(answer.text, ANSWER_BYTES_MAX);
        if it.refusal && (answer.refusal || refusal::is_refusal(text)) {
            return Some("it is a refusal".to_owned());
        }
        if let (Some(least), Some(is)) = (it.confidence_below, answer.mean_probability)
            && is < least
        {
            return Some(format!("its confidence of {is:.2} is below {least}"));
        }
        self.by_words(text).or_else(|| {
            let is_text = answer.tool_calls == 0;
            is_text.then(|| self.by_length(answer.text).or_else(|| self.by_form(answer))).flatten()
        })
    }

    fn by_words(&self, text: &str) -> Option<String> {
        if !self.escalate.keywords.is_empty() {
            let lower = text.to_lowercase();
            let found = self.escalate.keywords.iter().find(|word| lower.contains(word.as_str()));
            if let Some(word) = found {
                return Some(format!("it says \"{word}\""));
            }
        }
        let matches = self.escalate.matches.as_ref().filter(|regex| regex.is_match(text))?;
        Some(format!("it matches {}", matches.as_str()))
    }

    fn by_length(&self, text: &str) -> Option<String> {
        let (shorter, longer) = (self.escalate.shorter_than, self.escalate.longer_than);
        if shorter.is_none() && longer.is_none() {
            return None;
        }
        let characters = u64::try_from(text.trim().chars().count()).unwrap_or(u64::MAX);
        if let Some(least) = shorter.filter(|least| characters < *least) {
            return Some(format!("its {characters} characters are fewer than {least}"));
        }
        let most = longer.filter(|most| characters > *most)?;
        Some(format!("its {characters} characters are more than {most}"))
    }

    fn by_form(&self, answer: &Judged<'_>) -> Option<String> {
        if !self.escalate.schema || !(answer.wants_json || answer.schema.is_some()) {
            return None;
        }
        let Ok(value) = serde_json::from_str::<Value>(answer.text.trim()) else {
            return Some("it is not JSON".to_owned());
        };
        let problem = schema::problem(answer.schema?, &value)?;
        Some(format!("it does not fit the schema: {problem}"))
    }
}

impl PartialEq for Cascade {
    /// Whether both are the same cascade of the same policy.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Most models of a cascade.
const MODELS_MAX: usize = 8;
/// Why an answer may have stopped (contract §3.1).
const FINISHES: &[&str] = &["stop", "length", "tool_calls", "content_filter", "error"];
const ESCALATE: &[&str] = &[
    "keywords",
    "matches",
    "shorter_than",
    "longer_than",
    "refusal",
    "schema",
    "confidence_below",
    "finish",
    "error",
];

/// Reads a cascade.
pub(crate) fn read(value: &Value, reader: &mut Reader) -> Option<Cascade> {
    let table = reader.table(value, &["models", "escalate"])?;
    let models =
        reader.member(table, "models", |it, reader| model_names(it, (2, MODELS_MAX), reader));
    let escalate = reader.required(table, "escalate", escalate);
    Some(Cascade { models: models?, escalate: escalate? })
}

fn escalate(value: &Value, reader: &mut Reader) -> Option<Escalate> {
    let table = reader.table(value, ESCALATE)?;
    let flag = |name: &str, reader: &mut Reader| {
        reader.member(table, name, |it, reader| reader.flag(it)).unwrap_or(false)
    };
    let keywords = reader.member(table, "keywords", |it, reader| {
        Some(reader.texts(it)?.into_iter().map(str::to_lowercase).collect())
    });
    let escalate = Escalate {
        keywords: keywords.unwrap_or_default(),
        matches: reader.member(table, "matches", |it, reader| reader.regex(it)),
        shorter_than: reader.member(table, "shorter_than", |it, reader| reader.count(it)),
        longer_than: reader.member(table, "longer_than", |it, reader| reader.count(it)),
        refusal: flag("refusal", reader),
        schema: flag("schema", reader),
        confidence_below: reader.member(table, "confidence_below", probability),
        finish: reader
            .member(table, "finish", |it, reader| reader.words(it, "finish reason", FINISHES))
            .unwrap_or_default(),
        error: flag("error", reader),
    };
    if table.values().all(|it| *it == Value::Bool(false)) {
        reader.problem("expected a condition that can hold");
    }
    Some(escalate)
}

fn probability(value: &Value, reader: &mut Reader) -> Option<f64> {
    let number = reader.number(value)?;
    let is_in = number > 0.0 && number <= 1.0;
    if !is_in {
        reader.problem("expected a probability above 0, at most 1");
    }
    is_in.then_some(number)
}
