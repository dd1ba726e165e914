//! Mistral's transcriptions: what is heard is prose, fixed by the bytes of the file.
//!
//! Source: <https://docs.mistral.ai/api/endpoint/audio/transcriptions>. Left out: transcripts as
//! events (`stream`), telling speakers apart.

use serde_json::{Value, json};

use super::check::{problem, unprocessable};
use crate::answer::spoken;
use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::random;
use crate::sound;
use crate::tokens;

const FIELDS: [&str; 6] =
    ["context_bias", "diarize", "language", "model", "temperature", "timestamp_granularities"];
const GRANULARITIES: [&str; 2] = ["segment", "word"];

/// Writes down what is said in a file.
pub(crate) fn transcribe(task: &mut Task<'_>) -> Result<Output, Failure> {
    let form = task.form;
    let mut problems: Vec<Value> = Vec::new();
    if let Some(name) = form.names().find(|name| !FIELDS.contains(name)) {
        let said = "Extra inputs are not permitted";
        problems.push(problem("extra_forbidden", json!(["body", name]), said, &Value::Null));
    }
    let granularity = form.text("timestamp_granularities");
    if granularity.is_some_and(|name| !GRANULARITIES.contains(&name)) {
        let said = "Input should be 'segment' or 'word'";
        let place = json!(["body", "timestamp_granularities"]);
        problems.push(problem("enum", place, said, &json!(granularity)));
    }
    if granularity.is_some() && form.text("language").is_some() {
        let said = "timestamp_granularities is not compatible with language";
        problems.push(problem("value_error", json!(["body", "language"]), said, &Value::Null));
    }
    let file = form.file.as_ref().filter(|_| !form.broken);
    let Some(file) = file.filter(|_| problems.is_empty()) else {
        if problems.is_empty() {
            let place = json!(["body", "file"]);
            problems.push(problem("missing", place, "Field required", &Value::Null));
        }
        return Err(unprocessable(problems));
    };
    let ms = sound::length_ms(&file.bytes);
    let text = if task.empty { String::new() } else { spoken(random::hash_bytes(0, &file.bytes)) };
    let (seconds, said) = (u64::from(ms).div_ceil(1_000), tokens::count(&text));
    let end = f64::from(ms) / 1_000.0;
    let timed = granularity.filter(|_| !text.is_empty());
    let segment = json!({
        "type": "transcription_segment", "text": text, "start": 0.0, "end": end,
    });
    let mut answer = json!({
        "model": task.label.model,
        "text": text,
        "language": form.text("language"),
        "segments": timed.map(|_| segment).into_iter().collect::<Vec<_>>(),
    });
    if task.label.usage_reported {
        set(
            &mut answer,
            "usage",
            json!({
                "prompt_audio_seconds": seconds,
                "prompt_tokens": 4,
                "completion_tokens": said,
                "total_tokens": 4 + said,
            }),
        );
    }
    Ok(Output::json_of(&answer, said))
}
