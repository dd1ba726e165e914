//! Usage as the provider reports it.

use serde::Deserialize;
use tollgate_types::{Usage, UsageSource};

use crate::counts::{object, report, said};

#[derive(Default, Deserialize)]
#[serde(default)]
struct UsageObject {
    #[serde(deserialize_with = "said")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "report")]
    input_tokens_details: Option<Details>,
    #[serde(deserialize_with = "said")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "report")]
    output_tokens_details: Option<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "said")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    cache_write_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    reasoning_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    audio_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    image_tokens: Option<u64>,
}

/// Reads a `usage` value; `None` when it says nothing. Searches are not in it: they are counted
/// among the output items.
pub(super) fn read(raw: &str, web_searches: u64) -> Option<Usage> {
    let it: UsageObject = object(raw.as_bytes())?;
    if it.input_tokens.is_none() && it.output_tokens.is_none() {
        return None;
    }
    let input = it.input_tokens_details.unwrap_or_default();
    let output = it.output_tokens_details.unwrap_or_default();
    Some(Usage {
        source: UsageSource::Reported,
        prompt_tokens: it.input_tokens.unwrap_or(0),
        completion_tokens: it.output_tokens.unwrap_or(0),
        cached_tokens: input.cached_tokens.unwrap_or(0),
        cache_write_tokens: input.cache_write_tokens.unwrap_or(0),
        audio_prompt_tokens: input.audio_tokens.unwrap_or(0),
        image_prompt_tokens: input.image_tokens.unwrap_or(0),
        reasoning_tokens: output.reasoning_tokens.unwrap_or(0),
        audio_completion_tokens: output.audio_tokens.unwrap_or(0),
        image_completion_tokens: output.image_tokens.unwrap_or(0),
        web_searches,
        ..Usage::default()
    })
}
