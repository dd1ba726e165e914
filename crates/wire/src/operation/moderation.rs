//! Whether texts and pictures are harmful, in the form of OpenAI's `POST /moderations`
//! (<https://platform.openai.com/docs/api-reference/moderations>); the contract has none.

use serde::Serialize;
use serde_json::value::RawValue;

use super::MediaSource;
use super::fields::{Fields, elements, text};
use super::media;
use crate::error::BadRequest;
use crate::json::wrong_type;

/// What to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct ModerationRequest {
    /// Each is judged for itself, but for parts, which are judged together.
    pub inputs: Vec<ModerationInput>,
}

/// One thing to judge.
#[derive(Debug, Clone, PartialEq)]
pub enum ModerationInput {
    /// A text.
    Text(String),
    /// A text that is judged together with the pictures beside it.
    TextPart(String),
    /// A picture that is judged together with the texts beside it.
    ImagePart(MediaSource),
}

/// A judgement.
#[derive(Debug, Clone, Serialize)]
pub struct ModerationVerdict {
    /// Whether anything is harmful.
    pub flagged: bool,
    /// An object of category to whether it applies.
    pub categories: Box<RawValue>,
    /// An object of category to a score from 0 to 1.
    pub category_scores: Box<RawValue>,
    /// An object of category to the kinds of input it was found in, where the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_applied_input_types: Option<Box<RawValue>>,
}

/// Members of a request that are read here.
pub(super) const MEMBERS: &[&str] = &["input"];

/// What judges when no model is named, as at OpenAI.
pub(super) const DEFAULT_MODEL: &str = "openai/omni-moderation-latest";

/// Most inputs of one request.
const INPUTS_MAX: usize = 2_048;

impl ModerationRequest {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, BadRequest> {
        let raw = fields.required("input")?;
        if raw.starts_with('"') {
            return Ok(Self { inputs: vec![ModerationInput::Text(text("input", raw)?)] });
        }
        if !raw.starts_with('[') {
            return Err(wrong_type("input", "string, array of strings or array of parts", raw));
        }
        let all = elements("input", raw, &(1..=INPUTS_MAX))?;
        // Texts are judged one by one and parts together: an array is one or the other.
        let of_parts = all.first().is_some_and(|first| first.starts_with('{'));
        let read = if of_parts { part } else { single };
        let inputs = all.iter().enumerate();
        let inputs: Result<Vec<_>, _> =
            inputs.map(|(index, raw)| read(&format!("input.{index}"), raw)).collect();
        Ok(Self { inputs: inputs? })
    }

    /// The pictures in it.
    pub(super) fn media(&self) -> impl Iterator<Item = &MediaSource> {
        self.inputs.iter().filter_map(|input| match input {
            ModerationInput::Text(_) | ModerationInput::TextPart(_) => None,
            ModerationInput::ImagePart(source) => Some(source),
        })
    }

    /// Puts what addresses hold in their place.
    pub(super) fn fill(&mut self, media: &[(String, String)]) {
        for input in &mut self.inputs {
            if let ModerationInput::ImagePart(source) = input {
                source.fill(media);
            }
        }
    }
}

fn single(path: &str, raw: &str) -> Result<ModerationInput, BadRequest> {
    text(path, raw).map(ModerationInput::Text)
}

fn part(path: &str, raw: &str) -> Result<ModerationInput, BadRequest> {
    let part = Fields::of_value(path, raw)?;
    part.required("type")?;
    Ok(match part.word("type", &[("text", true), ("image_url", false)])? {
        Some(true) => {
            let raw = part.required("text")?;
            ModerationInput::TextPart(text(&part.path("text"), raw)?)
        }
        _ => ModerationInput::ImagePart(media::image_url(&part)?),
    })
}
