//! Usage as the many compatible providers report it.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use tollgate_types::{Usage, UsageSource};

use crate::counts::{Count, object, report};
use crate::tier::Tier;

#[derive(Deserialize)]
struct UsageObject {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    total_tokens: Count,
    #[serde(default, deserialize_with = "report")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default, deserialize_with = "report")]
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's spelling.
    #[serde(default)]
    prompt_cache_hit_tokens: Count,
    /// Moonshot's and Together's spelling.
    #[serde(default)]
    cached_tokens: Count,
    /// Perplexity's count of searches.
    #[serde(default)]
    num_search_queries: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    video_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    accepted_prediction_tokens: Count,
    rejected_prediction_tokens: Count,
}

/// Reads a `usage` value; `None` when it says nothing.
pub(super) fn read(raw: &[u8]) -> Option<Usage> {
    let it: UsageObject = object(raw)?;
    if it.prompt_tokens.0.is_none() && it.completion_tokens.0.is_none() {
        return None;
    }
    let prompt = it.prompt_tokens_details.unwrap_or_default();
    let completion = it.completion_tokens_details.unwrap_or_default();
    let prompt_tokens = it.prompt_tokens.unwrap_or(0);
    let reasoning_tokens = completion.reasoning_tokens.unwrap_or(0);
    let mut completion_tokens = it.completion_tokens.unwrap_or(0);
    // xAI leaves reasoning out of the completion count, but not out of the total.
    let beyond = it.total_tokens.unwrap_or(0).saturating_sub(prompt_tokens);
    if reasoning_tokens > 0 && beyond == completion_tokens.saturating_add(reasoning_tokens) {
        completion_tokens = beyond;
    }
    let cached = prompt.cached_tokens.0.or(it.prompt_cache_hit_tokens.0).or(it.cached_tokens.0);
    Some(Usage {
        source: UsageSource::Reported,
        prompt_tokens,
        completion_tokens,
        cached_tokens: cached.unwrap_or(0),
        cache_write_tokens: prompt.cache_write_tokens.unwrap_or(0),
        audio_prompt_tokens: prompt.audio_tokens.unwrap_or(0),
        image_prompt_tokens: prompt.image_tokens.unwrap_or(0),
        video_prompt_tokens: prompt.video_tokens.unwrap_or(0),
        reasoning_tokens,
        audio_completion_tokens: completion.audio_tokens.unwrap_or(0),
        image_completion_tokens: completion.image_tokens.unwrap_or(0),
        accepted_prediction_tokens: completion.accepted_prediction_tokens.unwrap_or(0),
        rejected_prediction_tokens: completion.rejected_prediction_tokens.unwrap_or(0),
        web_searches: it.num_search_queries.unwrap_or(0),
        ..Usage::default()
    })
}

/// The tier that served, in the contract's words, where it is told with the counts as Mistral does
/// (<https://docs.mistral.ai/inference/priority-tier>).
pub(super) fn tier(raw: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Served<'a> {
        #[serde(borrow)]
        service_tier: Option<Cow<'a, str>>,
    }
    // Few tell it here, and every answer would be read once more for it.
    memmem::find(raw, b"service_tier")?;
    let served = serde_json::from_slice::<Served<'_>>(raw).ok()?.service_tier?;
    let word = Tier::read(&served).map(Tier::as_str);
    Some(word.map_or_else(|| served.into_owned(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let counts = |json: &str| {
            let usage = read(json.as_bytes()).unwrap();
            (
                usage.prompt_tokens,
                usage.completion_tokens,
                usage.cached_tokens,
                usage.reasoning_tokens,
            )
        };
        for (json, expected) in [
            (r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}"#, (9, 2, 0, 0)),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}"#,
                (9, 5, 4, 3),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":8}"#,
                (9, 2, 8, 0),
            ),
            (r#"{"prompt_tokens":9,"completion_tokens":2,"cached_tokens":7}"#, (9, 2, 7, 0)),
            (
                r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":14,"completion_tokens_details":{"reasoning_tokens":3}}"#,
                (9, 5, 0, 3),
            ),
            (r#"{"prompt_tokens":9.0,"completion_tokens":"2","total_tokens":-1}"#, (9, 2, 0, 0)),
            (
                r#"{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":null}"#,
                (9, 2, 0, 0),
            ),
        ] {
            assert_eq!(counts(json), expected, "{json}");
        }
        for (json, told) in [
            (r#"{"service_tier":"standard"}"#, Some("default")),
            (r#"{"service_tier":"priority"}"#, Some("priority")),
            (r#"{"service_tier":"moonlit"}"#, Some("moonlit")),
            (r#"{"service_tier":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(tier(json.as_bytes()).as_deref(), told, "{json}");
        }
        assert_eq!(read(b"{}"), None);
        assert_eq!(read(b"null"), None);
    }
}
