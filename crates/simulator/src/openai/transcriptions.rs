//! OpenAI's transcriptions. What is heard is prose, fixed by the bytes of the file.
//!
//! Source: <https://platform.openai.com/docs/api-reference/audio/createTranscription>. Left out:
//! transcripts as events (`stream`), log probabilities, telling speakers apart.

use bytes::Bytes;
use serde_json::{Value, json};

use super::check;
use crate::answer::spoken;
use crate::event::set;
use crate::failure::{Cause, Failure};
use crate::operation::{File, Output, Task};
use crate::random;
use crate::sound;
use crate::tokens;

const PLAIN: &str = "text/plain; charset=utf-8";
const FILE_BYTES_MAX: usize = 25 << 20;
const MS_MIN: u32 = 100;
/// Tokens of a second of sound.
const TOKENS_PER_S: u64 = 10;
const FORMATS: [&str; 5] = ["json", "text", "srt", "verbose_json", "vtt"];
const ENDINGS: [&str; 10] =
    ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"];

/// What was heard.
struct Heard {
    text: String,
    ms: u32,
}

/// Writes down what is said in a file.
pub(crate) fn transcribe(task: &mut Task<'_>) -> Result<Output, Failure> {
    if task.form.broken {
        return Err(Failure::invalid("Could not parse multipart form"));
    }
    let format = format(task)?;
    let file = file(task)?;
    let ms = sound::length_ms(&file.bytes);
    if ms < MS_MIN {
        let message = "Audio file is too short. Minimum audio length is 0.1 seconds.".to_owned();
        return Err(Failure::invalid_param(message, "file", Some("audio_too_short")));
    }
    let text = if task.empty { String::new() } else { spoken(random::hash_bytes(0, &file.bytes)) };
    let heard = Heard { text, ms };
    let tokens = tokens::count(&heard.text);
    let plain =
        |text: String| Output::Whole { content_type: PLAIN, bytes: Bytes::from(text), tokens };
    let mut answer = match format {
        "text" => return Ok(plain(format!("{}\n", heard.text))),
        "srt" => return Ok(plain(heard.subtitles(',', "1\n"))),
        "vtt" => return Ok(plain(heard.subtitles('.', "WEBVTT\n\n"))),
        "verbose_json" => heard.verbose(task),
        _ => json!({ "text": heard.text }),
    };
    if task.label.usage_reported {
        set(&mut answer, "usage", heard.usage(task, tokens));
    }
    Ok(Output::json_of(&answer, tokens))
}

/// The form of the answer. The newer models know fewer.
fn format<'a>(task: &Task<'a>) -> Result<&'a str, Failure> {
    let format = task.form.text("response_format").unwrap_or("json");
    if !FORMATS.contains(&format) {
        return Err(check::unsupported("response_format", format, &FORMATS));
    }
    if by_tokens(task) && !matches!(format, "json" | "text") {
        let message = format!(
            "response_format '{format}' is not compatible with model '{}'. Use 'json' or 'text' \
             instead.",
            task.base_model()
        );
        return Err(Failure::invalid_param(message, "response_format", Some("unsupported_value")));
    }
    let mut granularities = task.form.texts("timestamp_granularities[]").peekable();
    if granularities.peek().is_some() && format != "verbose_json" {
        let message = "timestamp_granularities is only supported with response_format \
                       'verbose_json'.";
        return Err(Failure::invalid_param(message, "timestamp_granularities", None));
    }
    match granularities.find(|name| !matches!(*name, "word" | "segment")) {
        Some(name) => {
            Err(check::unsupported("timestamp_granularities[0]", name, &["word", "segment"]))
        }
        None => Ok(format),
    }
}

fn file<'a>(task: &Task<'a>) -> Result<&'a File, Failure> {
    let file = task.form.file.as_ref().ok_or_else(|| check::missing("file"))?;
    let ending = file.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if !ENDINGS.contains(&ending.as_str()) {
        return Err(Failure::invalid(format!(
            "Invalid file format. Supported formats: {ENDINGS:?}"
        )));
    }
    let length = file.bytes.len();
    if length > FILE_BYTES_MAX {
        let message = format!(
            "{length}: Maximum content size limit ({FILE_BYTES_MAX}) exceeded ({length} bytes read)"
        );
        let cause = Cause::Invalid { message, param: None, code: None };
        return Err(Failure { status: 413, cause, retry_after_s: None });
    }
    Ok(file)
}

/// The models after Whisper are paid by tokens and not by seconds.
fn by_tokens(task: &Task<'_>) -> bool {
    task.base_model().starts_with("gpt-")
}

impl Heard {
    fn seconds(&self) -> f64 {
        f64::from(self.ms) / 1_000.0
    }

    fn usage(&self, task: &Task<'_>, said: u64) -> Value {
        let seconds = u64::from(self.ms).div_ceil(1_000);
        if !by_tokens(task) {
            return json!({ "type": "duration", "seconds": seconds });
        }
        let asked = tokens::count(task.form.text("prompt").unwrap_or_default());
        let heard = seconds * TOKENS_PER_S;
        json!({
            "type": "tokens",
            "input_tokens": asked + heard,
            "input_token_details": { "text_tokens": asked, "audio_tokens": heard },
            "output_tokens": said,
            "total_tokens": asked + heard + said,
        })
    }

    fn verbose(&self, task: &Task<'_>) -> Value {
        let mut answer = json!({
            "task": "transcribe",
            "language": task.form.text("language").unwrap_or("english"),
            "duration": self.seconds(),
            "text": self.text,
        });
        let asked: Vec<&str> = task.form.texts("timestamp_granularities[]").collect();
        if asked.is_empty() || asked.contains(&"segment") {
            set(&mut answer, "segments", self.segments());
        }
        if asked.contains(&"word") {
            set(&mut answer, "words", self.words());
        }
        answer
    }

    /// The text as one segment.
    fn segments(&self) -> Value {
        if self.text.is_empty() {
            return json!([]);
        }
        json!([{
            "id": 0,
            "seek": 0,
            "start": 0.0,
            "end": self.seconds(),
            "text": format!(" {}", self.text),
            "tokens": [50_364, 50_864],
            "temperature": 0.0,
            "avg_logprob": -0.25,
            "compression_ratio": 1.2,
            "no_speech_prob": 0.01,
        }])
    }

    /// The words, each as long as the others.
    fn words(&self) -> Value {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let count = u32::try_from(words.len()).unwrap_or(u32::MAX).max(1);
        let at = |number: u32| f64::from(self.ms / count * number) / 1_000.0;
        let timed = |(number, word): (u32, &str)| {
            let word = word.trim_end_matches(['.', ',']);
            json!({ "word": word, "start": at(number), "end": at(number + 1) })
        };
        json!((0..).zip(words).map(timed).collect::<Vec<_>>())
    }

    fn subtitles(&self, point: char, head: &str) -> String {
        let time = |ms: u32| {
            let (seconds, ms) = (ms / 1_000, ms % 1_000);
            let (minutes, seconds) = (seconds / 60, seconds % 60);
            let (hours, minutes) = (minutes / 60, minutes % 60);
            format!("{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}")
        };
        format!("{head}{} --> {}\n{}\n\n", time(0), time(self.ms), self.text)
    }
}
