//! Counts. Every partial response may repeat them, cumulative; the last one counts.

use serde::Deserialize;
use tollgate_types::{Usage, UsageSource};

/// `usageMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    prompt_tokens_details: Option<Vec<ModalityTokens>>,
    candidates_tokens_details: Option<Vec<ModalityTokens>>,
    /// The tier that served.
    pub(super) service_tier: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ModalityTokens {
    modality: Option<String>,
    token_count: Option<u64>,
}

impl UsageMetadata {
    /// The counts in our totals: the provider's prompt includes what was cached but not what its
    /// tools added, and its answer does not include its thoughts.
    pub(super) fn usage(&self) -> Usage {
        let prompt = self.prompt_token_count.unwrap_or(0);
        let tools = self.tool_use_prompt_token_count.unwrap_or(0);
        let answer = self.candidates_token_count.unwrap_or(0);
        let thoughts = self.thoughts_token_count.unwrap_or(0);
        let read = self.prompt_tokens_details.as_deref().unwrap_or_default();
        let written = self.candidates_tokens_details.as_deref().unwrap_or_default();
        Usage {
            source: UsageSource::Reported,
            prompt_tokens: prompt.saturating_add(tools),
            completion_tokens: answer.saturating_add(thoughts),
            cached_tokens: self.cached_content_token_count.unwrap_or(0).min(prompt),
            reasoning_tokens: thoughts,
            audio_prompt_tokens: of(read, "AUDIO"),
            image_prompt_tokens: of(read, "IMAGE"),
            video_prompt_tokens: of(read, "VIDEO"),
            audio_completion_tokens: of(written, "AUDIO"),
            image_completion_tokens: of(written, "IMAGE"),
            ..Usage::default()
        }
    }
}

fn of(details: &[ModalityTokens], modality: &str) -> u64 {
    details
        .iter()
        .filter(|it| it.modality.as_deref() == Some(modality))
        .fold(0, |sum, it| sum.saturating_add(it.token_count.unwrap_or(0)))
}
