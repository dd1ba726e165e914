//! OpenAI's speech: what is said is a tone, as long as the text would take.
//!
//! Source: <https://platform.openai.com/docs/api-reference/audio/createSpeech>. Left out: sending
//! the sound as events (`stream_format: "sse"`).

use serde_json::Value;

use super::check;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::random;
use crate::sound::{Sound, SoundFormat};
use crate::tokens;

const LETTERS_MAX: usize = 4_096;
const FORMATS: [&str; 6] = ["mp3", "opus", "aac", "flac", "wav", "pcm"];
const VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse",
    "marin", "cedar",
];
const SPEED_MIN: f64 = 0.25;
const SPEED_MAX: f64 = 4.0;
const MS_PER_TOKEN: u64 = 60;
const MS_MIN: u64 = 100;
const MS_MAX: u64 = 2_000;

/// Says the input.
pub(crate) fn speech(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    let input = check::text(body, "input", LETTERS_MAX)?;
    if input.is_empty() {
        let message = "Invalid 'input': empty string. Expected a string with minimum length 1, \
                       but got an empty string instead.";
        return Err(Failure::invalid_param(message, "input", Some("empty_string")));
    }
    let chosen = match body.get("voice") {
        // A voice of one's own.
        Some(Value::Object(own)) => own.get("id").and_then(Value::as_str),
        _ => check::choice(body, "voice", &VOICES)?,
    };
    let voice = chosen.ok_or_else(|| check::missing("voice"))?;
    let asked = check::choice(body, "response_format", &FORMATS)?;
    let format = asked.and_then(SoundFormat::named).unwrap_or(SoundFormat::Mp3);
    check::choice(body, "stream_format", &["audio"])?;
    let hundredths = speed_in_hundredths(body)?;
    let tokens = tokens::count(input);
    let ms = tokens.saturating_mul(MS_PER_TOKEN).clamp(MS_MIN, MS_MAX);
    let ms = u32::try_from(ms * 100 / hundredths).unwrap_or(0);
    let seed = random::hash(random::hash(0, voice), input);
    let bytes = if task.empty { Vec::new() } else { Sound::new(seed, ms).file(format) };
    Ok(Output::Whole { content_type: format.content_type(), bytes: bytes.into(), tokens })
}

/// In hundredths, so that lengths stay whole numbers.
fn speed_in_hundredths(body: &Value) -> Result<u64, Failure> {
    let Some(value) = body.get("speed").filter(|value| !value.is_null()) else { return Ok(100) };
    let speed = value.as_f64().unwrap_or(0.0);
    if !(SPEED_MIN..=SPEED_MAX).contains(&speed) {
        let (side, sign, bound, code) = if speed < SPEED_MIN {
            ("below minimum", ">=", SPEED_MIN, "decimal_below_min_value")
        } else {
            ("above maximum", "<=", SPEED_MAX, "decimal_above_max_value")
        };
        let message = format!(
            "Invalid 'speed': decimal {side} value. Expected a value {sign} {bound}, but got \
             {value} instead."
        );
        return Err(Failure::invalid_param(message, "speed", Some(code)));
    }
    // Counting up needs no conversion from a float.
    Ok((25..=400_u32)
        .find(|hundredths| f64::from(*hundredths) >= speed * 100.0)
        .map_or(400, u64::from))
}
