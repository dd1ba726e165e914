//! Text read aloud (contract §1.1, `POST /audio/speech`).

use bytes::Bytes;

use super::fields::{Fields, filled};
use super::media::FORMAT_CHARACTERS_MAX;
use crate::error::BadRequest;

/// What to say, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechRequest {
    /// The text.
    pub input: String,
    /// The voice, as the provider names it.
    pub voice: Option<String>,
    /// The form of the sound.
    pub format: SpeechFormat,
    /// How fast, 1 is normal.
    pub speed: Option<f64>,
    /// How to say it, in words; OpenAI's own.
    pub instructions: Option<String>,
    /// Examples of the voice to use.
    pub references: Vec<SpeechReference>,
}

/// The form of a sound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SpeechFormat {
    /// MP3.
    Mp3,
    /// Signed 16-bit little-endian samples, mono, 24 kHz; the contract's default.
    #[default]
    Pcm,
    /// WAV; beyond the contract, OpenAI's clients ask for it.
    Wav,
    /// Opus; beyond the contract.
    Opus,
    /// AAC; beyond the contract.
    Aac,
    /// FLAC; beyond the contract.
    Flac,
}

/// An example of a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeechReference {
    /// A recording, in base64.
    Audio {
        /// The bytes in base64, at most 20,971,520 characters.
        data: String,
        /// Their format, such as `wav`.
        format: Option<String>,
    },
    /// What the recording says, or how to speak; at most 10,000 characters.
    Text(String),
}

/// A sound as a provider gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechAnswer {
    /// Its media type, such as `audio/mpeg`.
    pub media_type: String,
    /// What it holds.
    pub audio: Bytes,
}

/// Members of a request that are read here.
pub(super) const MEMBERS: &[&str] = &[
    "input",
    "voice",
    "response_format",
    "speed",
    "instructions",
    "input_references",
    "stream_format",
];

/// Most examples of a voice.
const REFERENCES_MAX: usize = 16;
/// Longest recording of a voice, in characters of base64.
const REFERENCE_DATA_MAX: usize = 20_971_520;
/// Longest text beside a recording, in characters.
const REFERENCE_TEXT_MAX: usize = 10_000;

const FORMATS: [(&str, SpeechFormat); 6] = [
    ("mp3", SpeechFormat::Mp3),
    ("pcm", SpeechFormat::Pcm),
    ("wav", SpeechFormat::Wav),
    ("opus", SpeechFormat::Opus),
    ("aac", SpeechFormat::Aac),
    ("flac", SpeechFormat::Flac),
];

impl SpeechRequest {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, BadRequest> {
        if fields.text("stream_format")?.is_some_and(|format| format != "audio") {
            return Err(BadRequest::new(
                "stream_format: Speech is answered as audio; send \"audio\" or leave it out",
            ));
        }
        let references = fields.list("input_references", 0..=REFERENCES_MAX)?.unwrap_or_default();
        let references = references.into_iter().enumerate();
        let references: Result<Vec<_>, _> = references
            .map(|(index, raw)| reference(&format!("input_references.{index}"), raw))
            .collect();
        Ok(Self {
            input: fields.required_filled("input")?,
            voice: fields.filled("voice")?,
            format: fields.word("response_format", &FORMATS)?.unwrap_or_default(),
            speed: fields.number("speed", 0.25..=4.0)?,
            instructions: fields.text("instructions")?,
            references: references?,
        })
    }
}

fn reference(path: &str, raw: &str) -> Result<SpeechReference, BadRequest> {
    let part = Fields::of_value(path, raw)?;
    part.required("type")?;
    if part.word("type", &[("input_audio", false), ("text", true)])? == Some(true) {
        part.required("text")?;
        let text = part.at_most("text", REFERENCE_TEXT_MAX)?.unwrap_or_default();
        return Ok(SpeechReference::Text(text));
    }
    let audio = Fields::of_value(&part.path("input_audio"), part.required("input_audio")?)?;
    let data = filled(&audio.path("data"), audio.required("data")?)?;
    if data.len() > REFERENCE_DATA_MAX {
        return Err(BadRequest::new(format!(
            "{}: String must contain at most {REFERENCE_DATA_MAX} characters",
            audio.path("data")
        )));
    }
    Ok(SpeechReference::Audio { data, format: audio.at_most("format", FORMAT_CHARACTERS_MAX)? })
}

impl SpeechFormat {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Pcm => "pcm",
            Self::Wav => "wav",
            Self::Opus => "opus",
            Self::Aac => "aac",
            Self::Flac => "flac",
        }
    }

    /// Its media type, such as `audio/mpeg`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Pcm => "audio/pcm",
            Self::Wav => "audio/wav",
            // Opus comes in an Ogg file.
            Self::Opus => "audio/ogg",
            Self::Aac => "audio/aac",
            Self::Flac => "audio/flac",
        }
    }
}
