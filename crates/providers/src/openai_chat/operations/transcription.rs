//! Speech written down.
//!
//! <https://platform.openai.com/docs/api-reference/audio/createTranscription>
//!
//! Subtitles are made here of the segments of a verbose answer, so that they look the same
//! whoever heard.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tollgate_types::UsageSource;
use tollgate_wire::operation::{
    OperationAnswer, OperationContent, Segment, Transcript, TranscriptFormat, TranscriptionRequest,
    Word,
};

use super::form::{File, Form};
use super::shape::Frame;
use super::{members, usage};
use crate::operation::answers;
use crate::{Fault, Task, Unsupported};

/// The detail of an answer that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// The text alone.
    Plain,
    /// With times.
    Verbose,
    /// Who says what when: of models that tell speakers apart.
    Diarized,
}

#[derive(Deserialize)]
struct Heard<'a> {
    text: String,
    #[serde(default)]
    language: Option<Value>,
    #[serde(default)]
    duration: Option<Value>,
    #[serde(default)]
    segments: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    words: Option<Vec<Map<String, Value>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// The request.
pub(super) fn form(task: &Task<'_>, request: &TranscriptionRequest) -> Result<Form, Unsupported> {
    let target = &task.target;
    let detail = detail(target.upstream_model, request.format)?;
    let mut form = Form::default();
    file(&mut form, request);
    form.field("model", target.upstream_model.to_owned());
    for (key, text) in [("language", &request.language), ("prompt", &request.prompt)] {
        if let Some(text) = text.as_ref().filter(|_| !members::is_refused(target, key)) {
            form.field(key, text.clone());
        }
    }
    let temperature = request.temperature.filter(|_| !members::is_refused(target, "temperature"));
    if let Some(temperature) = temperature {
        form.field("temperature", temperature.to_string());
    }
    form.field("response_format", detail.word());
    if detail == Detail::Verbose && request.format == TranscriptFormat::VerboseJson {
        for granularity in &request.granularities {
            form.field("timestamp_granularities[]", granularity.as_str());
        }
    }
    let mut is_chunked = false;
    for (key, raw) in unknown(task) {
        is_chunked |= key == "chunking_strategy";
        form.json_field(key, raw);
    }
    // Without it such a model hears thirty seconds and no more.
    if is_diarizing(target.upstream_model) && !is_chunked {
        form.field("chunking_strategy", "auto");
    }
    Ok(form)
}

/// Adds the recording.
pub(crate) fn file(form: &mut Form, request: &TranscriptionRequest) {
    let (name, media_type) = (request.file_name(), request.media_type());
    // Providers tell the format by the name's ending.
    let name = match &request.audio_format {
        Some(format) if !name.contains('.') => format!("{name}.{format}"),
        _ => name,
    };
    let bytes = request.audio.bytes.clone();
    form.file("file", File { name: &name, media_type: &media_type, bytes });
}

/// The members of the call that go on as they are.
pub(crate) fn unknown<'a>(task: &Task<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    members::unknown(task).filter(|(key, _)| !matches!(*key, "file" | "timestamp_granularities[]"))
}

/// What must be asked for. OpenAI's models after Whisper know no times, but for those that tell
/// speakers apart.
fn detail(model: &str, wanted: TranscriptFormat) -> Result<Detail, Unsupported> {
    match wanted {
        TranscriptFormat::Json | TranscriptFormat::Text => Ok(Detail::Plain),
        TranscriptFormat::VerboseJson | TranscriptFormat::Srt | TranscriptFormat::Vtt => {
            let name = model.rsplit('/').next().unwrap_or_default();
            if is_diarizing(model) {
                return Ok(Detail::Diarized);
            }
            if name.starts_with("gpt-") {
                let format = wanted.as_str();
                return Err(Unsupported(format!("response_format `{format}` with `{name}`")));
            }
            Ok(Detail::Verbose)
        }
    }
}

fn is_diarizing(model: &str) -> bool {
    model.contains("gpt-") && model.contains("-diarize")
}

impl Detail {
    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "json",
            Self::Verbose => "verbose_json",
            Self::Diarized => "diarized_json",
        }
    }
}

/// Reads the answer. A silent recording has an empty text.
pub(crate) fn answer(
    task: &Task<'_>,
    request: &TranscriptionRequest,
    body: &[u8],
) -> Result<OperationAnswer, Fault> {
    let frame = Frame::read(body)?;
    let heard: Heard<'_> = answers::parse(body)?;
    let mut usage = task.call.measured();
    let milliseconds = heard.duration.as_ref().and_then(usage::milliseconds);
    if usage::set(&mut usage.prompt_audio_milliseconds, milliseconds) {
        usage.source = UsageSource::Reported;
    }
    usage::lay_over(heard.usage, &mut usage);
    let numbered = (0..).zip(heard.segments.unwrap_or_default());
    let segments = numbered.map(|(at, segment)| read_segment(at, segment));
    let transcript = Transcript {
        text: heard.text,
        language: heard.language.and_then(text),
        duration: heard.duration.as_ref().and_then(usage::seconds),
        segments: segments.collect::<Option<_>>().ok_or_else(untimed)?,
        words: heard
            .words
            .unwrap_or_default()
            .into_iter()
            .map(read_word)
            .collect::<Option<_>>()
            .ok_or_else(untimed)?,
    };
    let is_mute = transcript.text.trim().is_empty();
    if request.format.has_subtitles() && transcript.segments.is_empty() && !is_mute {
        return Err(Fault::malformed("it has no segments to make subtitles of"));
    }
    let content = OperationContent::Transcription(transcript);
    Ok(OperationAnswer { content, usage, upstream_id: frame.id() })
}

fn untimed() -> Fault {
    Fault::malformed("a part of the transcript does not say when it begins and ends")
}

/// Reads a segment. Some number theirs in words; then their place is their number.
fn read_segment(at: u64, mut segment: Map<String, Value>) -> Option<Segment> {
    let id = segment.remove("id");
    segment.remove("type");
    Some(Segment {
        id: id.as_ref().and_then(Value::as_u64).unwrap_or(at),
        start: usage::seconds(&segment.remove("start")?)?,
        end: usage::seconds(&segment.remove("end")?)?,
        text: text(segment.remove("text")?)?,
        speaker: take_speaker(&mut segment),
        more: segment,
    })
}

/// Reads a word.
fn read_word(mut word: Map<String, Value>) -> Option<Word> {
    let spelt = word.remove("word").or_else(|| word.remove("text"))?;
    Some(Word {
        word: text(spelt)?,
        start: usage::seconds(&word.remove("start")?)?,
        end: usage::seconds(&word.remove("end")?)?,
        speaker: take_speaker(&mut word),
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A speaker's name, or number.
fn take_speaker(part: &mut Map<String, Value>) -> Option<String> {
    let mut values = ["speaker", "speaker_id"].into_iter().filter_map(|key| part.remove(key));
    values.find_map(|value| match value {
        Value::String(name) => Some(name),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}
