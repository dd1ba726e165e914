//! Usage of operations, as the many compatible providers report it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_types::{Usage, UsageSource};

use crate::counts::Count;
use crate::encoding::is_object;

/// Every spelling. Chat says `prompt` and `completion`, the newer operations `input` and `output`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct UsageObject {
    prompt_tokens: Count,
    input_tokens: Count,
    completion_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    input_token_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    output_token_details: Option<Details>,
    search_units: Count,
    seconds: Option<Value>,
    prompt_audio_seconds: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    image_tokens: Count,
    audio_tokens: Count,
    video_tokens: Count,
}

/// Lays what a `usage` value says over what was counted here.
pub(super) fn lay_over(raw: Option<&RawValue>, usage: &mut Usage) {
    let raw = raw.filter(|raw| is_object(raw));
    let said = raw.and_then(|raw| serde_json::from_str::<UsageObject>(raw.get()).ok());
    let Some(said) = said else { return };
    let completion = said.completion_tokens.get().or(said.output_tokens.get());
    // Who gives only a total has only read.
    let total = said.total_tokens.get().map(|it| it.saturating_sub(completion.unwrap_or(0)));
    let prompt = said.prompt_tokens.get().or(said.input_tokens.get()).or(total);
    let input = said.prompt_tokens_details.or(said.input_tokens_details);
    let input = input.or(said.input_token_details).unwrap_or_default();
    let output = said.completion_tokens_details.or(said.output_tokens_details);
    let output = output.or(said.output_token_details).unwrap_or_default();
    let seconds = said.seconds.or(said.prompt_audio_seconds);
    let milliseconds = seconds.as_ref().and_then(milliseconds);
    let laid = [
        set(&mut usage.prompt_tokens, prompt),
        set(&mut usage.completion_tokens, completion),
        set(&mut usage.image_prompt_tokens, input.image_tokens.get()),
        set(&mut usage.audio_prompt_tokens, input.audio_tokens.get()),
        set(&mut usage.video_prompt_tokens, input.video_tokens.get()),
        set(&mut usage.image_completion_tokens, output.image_tokens.get()),
        set(&mut usage.audio_completion_tokens, output.audio_tokens.get()),
        set(&mut usage.search_units, said.search_units.get()),
        set(&mut usage.prompt_audio_milliseconds, milliseconds),
    ];
    if laid.contains(&true) {
        usage.source = UsageSource::Reported;
    }
}

/// Replaces a count by one that was reported; says whether there was one.
pub(super) fn set(count: &mut u64, said: Option<u64>) -> bool {
    *count = said.unwrap_or(*count);
    said.is_some()
}

/// A length in seconds: a number, or one in a string.
pub(super) fn seconds(value: &Value) -> Option<f64> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    Duration::try_from_secs_f64(seconds).ok().map(|length| length.as_secs_f64())
}

/// A length in seconds as milliseconds.
pub(super) fn milliseconds(value: &Value) -> Option<u64> {
    let length = Duration::try_from_secs_f64(seconds(value)?).ok()?;
    u64::try_from(length.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_laid_over_what_was_counted() {
        let measured = Usage { prompt_tokens: 5, prompt_audio_milliseconds: 1, ..Usage::default() };
        let reported = Usage { source: UsageSource::Reported, ..measured };
        for (json, expected) in [
            ("{}", measured),
            ("null", measured),
            ("[1]", measured),
            (r#"{"prompt_tokens":"x"}"#, measured),
            (r#"{"total_tokens":9}"#, Usage { prompt_tokens: 9, ..reported }),
            (
                r#"{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9}"#,
                Usage { prompt_tokens: 9, ..reported },
            ),
            (
                r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":4,"total_tokens":18}"#,
                Usage {
                    prompt_tokens: 14,
                    audio_prompt_tokens: 14,
                    completion_tokens: 4,
                    ..reported
                },
            ),
            (
                r#"{"type":"duration","seconds":3.25}"#,
                Usage { prompt_audio_milliseconds: 3_250, ..reported },
            ),
            (r#"{"seconds":-1}"#, measured),
            (r#"{"seconds":1e300}"#, measured),
            (
                r#"{"prompt_audio_seconds":4,"prompt_tokens":4,"total_tokens":10,"completion_tokens":6}"#,
                Usage {
                    prompt_audio_milliseconds: 4_000,
                    prompt_tokens: 4,
                    completion_tokens: 6,
                    ..reported
                },
            ),
            // Some say everything twice.
            (
                r#"{"prompt_tokens":9,"input_tokens":9,"completion_tokens":1,"output_tokens":1}"#,
                Usage { prompt_tokens: 9, completion_tokens: 1, ..reported },
            ),
            (r#"{"search_units":2.0}"#, Usage { search_units: 2, ..reported }),
        ] {
            let mut usage = measured;
            lay_over(serde_json::from_str(json).ok(), &mut usage);
            assert_eq!(usage, expected, "{json}");
        }
    }
}
