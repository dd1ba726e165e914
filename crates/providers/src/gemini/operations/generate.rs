//! `generateContent`, where what it generates is not text.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_types::Usage;
use tollgate_wire::chat::FinishReason;

use super::super::answer::{is_telling, reason};
use super::super::fault::refined;
use super::super::shape::{self, Candidate, PromptFeedback};
use super::super::usage::UsageMetadata;
use crate::operation::answers::{empty, parse};
use crate::{Fault, FaultKind};

/// A turn.
#[derive(Debug, Serialize)]
pub(crate) struct Content<'a> {
    /// Whose it is, where that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    /// What it is made of.
    pub(crate) parts: Vec<Part<'a>>,
}

/// A part: a text or media.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inline_data: Option<Blob<'a>>,
    /// How the text shall be spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speech_metadata: Option<SpeechMetadata<'a>>,
}

/// Media.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    /// Its type.
    pub(crate) mime_type: &'a str,
    /// Its bytes in base64.
    pub(crate) data: &'a str,
}

/// How a text shall be spoken.
#[derive(Debug, Serialize)]
pub(crate) struct SpeechMetadata<'a> {
    /// In words.
    pub(crate) style: &'a str,
}

impl<'a> Part<'a> {
    /// A text.
    pub(crate) fn text(text: Cow<'a, str>) -> Self {
        Self { text: Some(text), ..Self::default() }
    }

    /// Media.
    pub(crate) fn media(blob: Blob<'a>) -> Self {
        Self { inline_data: Some(blob), ..Self::default() }
    }
}

/// What was made.
#[derive(Debug)]
pub(super) struct Made {
    /// The media, in their order.
    pub(super) media: Vec<Media>,
    /// Whether it was cut at the bound of what the model may write.
    pub(super) is_cut: bool,
    /// Counts.
    pub(super) usage: Usage,
    /// The provider's id of the answer.
    pub(super) id: Option<String>,
}

/// Media of an answer.
#[derive(Debug)]
pub(super) struct Media {
    /// Its type.
    pub(super) mime_type: String,
    /// Its bytes in base64.
    pub(super) data: String,
}

/// Reads an answer that has at least one medium of a kind, such as `image/`.
pub(super) fn read(body: &[u8], kind: &str, measured: Usage) -> Result<Made, Fault> {
    let response: shape::Response = parse(body)?;
    if response.error.is_some() {
        return Err(refined(Fault::in_band(body), body));
    }
    if let Some(fault) = response.prompt_feedback.and_then(refusal) {
        return Err(fault);
    }
    let candidates = response.candidates.unwrap_or_default();
    let candidate = candidates.into_iter().next().unwrap_or_default();
    let native = candidate.finish_reason.clone().filter(|it| is_telling(it)).unwrap_or_default();
    let (media, said) = media(candidate, kind);
    if media.is_empty() {
        return Err(nothing(&native, &said, kind));
    }
    Ok(Made {
        media,
        is_cut: native == "MAX_TOKENS",
        usage: counted(measured, response.usage_metadata.as_ref()),
        id: response.response_id.filter(|id| !id.is_empty()),
    })
}

/// The media of a kind, and what is said beside them. What is thought of is a draft, not an answer.
fn media(candidate: Candidate, kind: &str) -> (Vec<Media>, String) {
    let (mut media, mut said) = (Vec::new(), String::new());
    let parts = candidate.content.and_then(|content| content.parts).unwrap_or_default();
    for part in parts.into_iter().filter(|part| part.thought != Some(true)) {
        said.push_str(part.text.as_deref().unwrap_or_default());
        let Some(blob) = part.inline_data else { continue };
        let (mime_type, data) = (blob.mime_type.unwrap_or_default(), blob.data);
        if let Some(data) = data.filter(|_| mime_type.starts_with(kind)) {
            media.push(Media { mime_type, data });
        }
    }
    (media, said)
}

/// Why the question was refused, if it was.
fn refusal(feedback: PromptFeedback) -> Option<Fault> {
    let code = feedback.block_reason.filter(|it| is_telling(it))?;
    let message = feedback.block_reason_message.filter(|it| !it.is_empty());
    let message = message.unwrap_or_else(|| format!("The prompt was refused: {code}"));
    let fault = Fault::with_message(FaultKind::ContentPolicy, &message);
    Some(Fault { code: Some(code), ..fault })
}

/// Why there is nothing of what was asked for; what the model says instead is told.
fn nothing(native: &str, said: &str, kind: &str) -> Fault {
    let code = (!native.is_empty()).then(|| native.to_owned());
    let fault = match reason(native, 0) {
        FinishReason::ContentFilter => Fault::with_message(
            FaultKind::ContentPolicy,
            if said.is_empty() { "The provider's filters took the answer" } else { said },
        ),
        _ if said.is_empty() => empty(kind.trim_end_matches('/')),
        _ => Fault::with_message(FaultKind::Empty, said),
    };
    Fault { code, ..fault }
}

/// The provider's counts, completed by what only the request tells.
pub(in crate::gemini) fn counted(measured: Usage, report: Option<&UsageMetadata>) -> Usage {
    match report.filter(|report| report.has_counts()) {
        Some(report) => Usage {
            prompt_images: measured.prompt_images,
            prompt_characters: measured.prompt_characters,
            prompt_audio_milliseconds: measured.prompt_audio_milliseconds,
            ..report.usage()
        },
        None => measured,
    }
}
