//! Reading a request for a transcript: JSON with the recording in base64, or a form with a file.

use bytes::Bytes;

use super::{Granularity, TranscriptFormat, TranscriptionRequest};
use crate::error::BadRequest;
use crate::operation::Upload;
use crate::operation::fields::{Fields, filled, word};
use crate::operation::media::FORMAT_CHARACTERS_MAX;
use crate::translation::base64;

/// Members of a request that are read here.
pub(in crate::operation) const MEMBERS: &[&str] = &[
    "file",
    "input_audio",
    "language",
    "prompt",
    "temperature",
    "response_format",
    "timestamp_granularities",
    "stream",
];

/// Largest recording: 25 MB.
const AUDIO_BYTES_MAX: usize = 25 * 1_024 * 1_024;
/// Longest name of a language: names are two letters, some clients send a region with them.
const LANGUAGE_CHARACTERS_MAX: usize = 35;

const FORMATS: [(&str, TranscriptFormat); 5] = [
    ("json", TranscriptFormat::Json),
    ("verbose_json", TranscriptFormat::VerboseJson),
    ("text", TranscriptFormat::Text),
    ("srt", TranscriptFormat::Srt),
    ("vtt", TranscriptFormat::Vtt),
];

const GRANULARITIES: [(&str, Granularity); 2] =
    [("word", Granularity::Word), ("segment", Granularity::Segment)];

impl TranscriptionRequest {
    pub(in crate::operation) fn read(
        fields: &Fields<'_>,
        file: Option<Upload>,
    ) -> Result<Self, BadRequest> {
        let (audio, audio_format) = match file {
            Some(file) => uploaded(file)?,
            None => input_audio(fields)?,
        };
        Ok(Self {
            audio,
            audio_format,
            language: fields.at_most("language", LANGUAGE_CHARACTERS_MAX)?.filter(is_said),
            prompt: fields.text("prompt")?.filter(is_said),
            temperature: fields.number("temperature", 0.0..=1.0)?,
            format: fields.word("response_format", &FORMATS)?.unwrap_or_default(),
            granularities: granularities(fields)?,
        })
    }
}

/// A form's empty field says nothing.
#[expect(clippy::ptr_arg, reason = "filters an option of a string")]
fn is_said(text: &String) -> bool {
    !text.is_empty()
}

fn uploaded(file: Upload) -> Result<(Upload, Option<String>), BadRequest> {
    check_size("file", file.bytes.len())?;
    let format = file.format();
    Ok((file, format))
}

fn input_audio(fields: &Fields<'_>) -> Result<(Upload, Option<String>), BadRequest> {
    let object = Fields::of_value("input_audio", fields.required("input_audio")?)?;
    let path = object.path("data");
    let data = filled(&path, object.required("data")?)?;
    object.required("format")?;
    let format = object.at_most("format", FORMAT_CHARACTERS_MAX)?.unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if format.is_empty() || !format.bytes().all(is_plain) {
        return Err(BadRequest::new(format!(
            "{}: Expected a format such as wav or mp3",
            object.path("format")
        )));
    }
    // Before anything of its size is made of it; its padding may count as two bytes too many.
    check_size(&path, (data.len() / 4 * 3).saturating_sub(2).max(1))?;
    let bytes = base64::decode(data.as_bytes())
        .ok_or_else(|| BadRequest::new(format!("{path}: Expected base64, without a data URI")))?;
    check_size(&path, bytes.len())?;
    let audio = Upload { file_name: None, media_type: None, bytes: Bytes::from(bytes) };
    Ok((audio, Some(format.to_ascii_lowercase())))
}

fn check_size(path: &str, bytes: usize) -> Result<(), BadRequest> {
    match bytes {
        0 => Err(BadRequest::new(format!("{path}: The recording is empty"))),
        _ if bytes > AUDIO_BYTES_MAX => {
            Err(BadRequest::new(format!("{path}: The recording must have at most 25 MB")))
        }
        _ => Ok(()),
    }
}

/// An array; in a form, one field is one text.
fn granularities(fields: &Fields<'_>) -> Result<Vec<Granularity>, BadRequest> {
    const NAME: &str = "timestamp_granularities";
    let Some(raw) = fields.raw(NAME) else { return Ok(Vec::new()) };
    if raw.starts_with('"') {
        return Ok(vec![word(NAME, raw, &GRANULARITIES)?]);
    }
    let all = fields.list(NAME, 0..=GRANULARITIES.len())?.unwrap_or_default();
    all.iter()
        .enumerate()
        .map(|(index, raw)| word(&format!("{NAME}.{index}"), raw, &GRANULARITIES))
        .collect()
}
