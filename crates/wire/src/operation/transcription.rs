//! Speech written down (contract §1.1, `POST /audio/transcriptions`).

mod read;
mod speaker;
mod subtitles;

use serde::{Deserialize, Serialize};

use super::Upload;

pub(super) use read::MEMBERS;
pub(super) use subtitles::{srt, vtt};

/// What to write down, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptionRequest {
    /// The recording, at most 25 MB.
    pub audio: Upload,
    /// Its format, such as `wav`: as the client said, else by its name or media type.
    pub audio_format: Option<String>,
    /// Its language, ISO 639-1.
    pub language: Option<String>,
    /// Words that may occur; OpenAI's own.
    pub prompt: Option<String>,
    /// Sampling temperature, 0 to 1.
    pub temperature: Option<f64>,
    /// The form of the answer.
    pub format: TranscriptFormat,
    /// What is timed in a verbose answer.
    pub granularities: Vec<Granularity>,
}

/// The form of a transcript.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TranscriptFormat {
    /// Text and usage.
    #[default]
    Json,
    /// With language, length, segments and words.
    VerboseJson,
    /// The text alone; beyond the contract, OpenAI's clients ask for it.
    Text,
    /// `SubRip` subtitles; beyond the contract.
    Srt,
    /// Web subtitles; beyond the contract.
    Vtt,
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Each word.
    Word,
    /// Each segment.
    Segment,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The whole text.
    pub text: String,
    /// The language, as the provider names it.
    pub language: Option<String>,
    /// How long the recording is, in seconds.
    pub duration: Option<f64>,
    /// Its parts.
    pub segments: Vec<Segment>,
    /// Its words.
    pub words: Vec<Word>,
}

/// A part of a transcript. Times are in seconds from the beginning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its number.
    #[serde(default)]
    pub id: u64,
    /// When it begins.
    pub start: f64,
    /// When it ends.
    pub end: f64,
    /// What is said.
    pub text: String,
    /// Who speaks: a number is a number in the answer too (contract §1.1).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "speaker")]
    pub speaker: Option<String>,
    /// What else the provider says of it, such as `avg_logprob`.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// A word of a transcript. Times are in seconds from the beginning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// When it begins.
    pub start: f64,
    /// When it ends.
    pub end: f64,
    /// Who speaks: a number is a number in the answer too (contract §1.1).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "speaker")]
    pub speaker: Option<String>,
}

impl TranscriptFormat {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::VerboseJson => "verbose_json",
            Self::Text => "text",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
        }
    }

    /// Whether it has subtitles, which are made of timed segments.
    pub const fn has_subtitles(self) -> bool {
        matches!(self, Self::Srt | Self::Vtt)
    }
}

impl Granularity {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Segment => "segment",
        }
    }
}

impl TranscriptionRequest {
    /// Whether the answer shows when each segment is said: a verbose one that does not ask for
    /// words alone, and subtitles.
    pub fn wants_segments(&self) -> bool {
        let only_words =
            !self.granularities.is_empty() && !self.granularities.contains(&Granularity::Segment);
        self.format.has_subtitles() || (self.format == TranscriptFormat::VerboseJson && !only_words)
    }

    /// Whether the answer shows when each word is said.
    pub fn wants_words(&self) -> bool {
        self.format == TranscriptFormat::VerboseJson
            && self.granularities.contains(&Granularity::Word)
    }

    /// A name for the recording: the client's, or one that says its format.
    pub fn file_name(&self) -> String {
        match (&self.audio.file_name, &self.audio_format) {
            (Some(name), _) => name.clone(),
            (None, Some(format)) => format!("audio.{format}"),
            (None, None) => "audio".to_owned(),
        }
    }

    /// The media type of the recording: the client's, or that of its format.
    pub fn media_type(&self) -> String {
        match (&self.audio.media_type, &self.audio_format) {
            (Some(media_type), _) => media_type.clone(),
            (None, Some(format)) => super::media::media_type("audio", format),
            (None, None) => "application/octet-stream".to_owned(),
        }
    }
}
