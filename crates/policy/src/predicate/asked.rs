//! What is asked for, and how.

use serde_json::Value;

use super::{Test, flag};
use crate::facts::Facts;
use crate::reader::Reader;

/// Patterns of the names of models asked for, one of which must fit.
pub(super) fn model(value: &Value, reader: &mut Reader) -> Option<Test> {
    let patterns = reader.patterns(value)?;
    Some(Box::new(move |call| call.facts.models.iter().any(|name| patterns.fit(name))))
}

/// The dialects that clients speak.
pub(crate) const DIALECTS: &[&str] =
    &["chat", "completions", "responses", "messages", "gemini", "ollama"];

pub(super) fn dialect(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "dialect", DIALECTS)?;
    Some(Box::new(move |call| words.contains(&call.facts.dialect)))
}

/// What can be asked for, as records name it (contract §1.3). Every conversation is `completions`.
pub(crate) const OPERATIONS: &[&str] =
    &["completions", "embeddings", "rerank", "tts", "stt", "image", "moderation"];

pub(super) fn operation(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "operation", OPERATIONS)?;
    Some(Box::new(move |call| words.contains(&call.facts.operation)))
}

pub(super) fn stream(value: &Value, reader: &mut Reader) -> Option<Test> {
    flag(value, reader, |call| call.facts.stream)
}

/// About how long the prompt is, both ends included.
pub(super) fn prompt_tokens(value: &Value, reader: &mut Reader) -> Option<Test> {
    within(value, reader, |facts| Some(facts.prompt_tokens))
}

/// How long the answer may be. A request that does not say is within no range.
pub(super) fn max_tokens(value: &Value, reader: &mut Reader) -> Option<Test> {
    within(value, reader, |facts| facts.max_tokens)
}

/// How many messages the conversation has.
pub(super) fn messages(value: &Value, reader: &mut Reader) -> Option<Test> {
    within(value, reader, |facts| Some(facts.messages))
}

fn within(
    value: &Value,
    reader: &mut Reader,
    count: fn(&Facts<'_>) -> Option<u64>,
) -> Option<Test> {
    let (least, most) = reader.counts(value)?;
    Some(Box::new(move |call| {
        count(call.facts).is_some_and(|count| (least..=most).contains(&count))
    }))
}

/// What a prompt may contain besides text.
const INPUTS: &[&str] = &["image", "audio", "file", "video"];

/// Modalities, one of which must be in the prompt.
pub(super) fn input(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "modality", INPUTS)?;
    Some(Box::new(move |call| words.iter().any(|it| call.facts.input.contains(it))))
}

/// What may be asked for as an answer (contract §7.1).
pub(crate) const OUTPUTS: &[&str] = &[
    "text",
    "image",
    "audio",
    "file",
    "video",
    "embeddings",
    "rerank",
    "speech",
    "transcription",
    "moderation",
];

/// Modalities, one of which must be asked for.
pub(super) fn output(value: &Value, reader: &mut Reader) -> Option<Test> {
    let words = reader.words(value, "modality", OUTPUTS)?;
    Some(Box::new(move |call| words.iter().any(|it| call.facts.output.contains(it))))
}

pub(super) fn tools(value: &Value, reader: &mut Reader) -> Option<Test> {
    flag(value, reader, |call| call.facts.parameters.contains(&"tools"))
}

/// Whether the request says which form the answer has.
pub(super) fn response_format(value: &Value, reader: &mut Reader) -> Option<Test> {
    flag(value, reader, |call| {
        let sent = call.facts.parameters;
        sent.contains(&"response_format") || sent.contains(&"structured_outputs")
    })
}

/// Names of parameters, all of which must be sent. The vocabulary grows with the contract, so that
/// a name which is not known here is no mistake.
pub(super) fn parameter(value: &Value, reader: &mut Reader) -> Option<Test> {
    let names: Vec<String> = reader.texts(value)?.into_iter().map(str::to_owned).collect();
    Some(Box::new(move |call| {
        names.iter().all(|name| call.facts.parameters.contains(&name.as_str()))
    }))
}
