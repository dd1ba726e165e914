//! Counts. Every partial response may repeat them, cumulative; the last one counts.

use serde::Deserialize;
use tollgate_types::{Usage, UsageSource};

use crate::counts::said;

/// `usageMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    #[serde(deserialize_with = "said")]
    prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "said")]
    cached_content_token_count: Option<u64>,
    #[serde(deserialize_with = "said")]
    tool_use_prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "said")]
    candidates_token_count: Option<u64>,
    #[serde(deserialize_with = "said")]
    thoughts_token_count: Option<u64>,
    /// Embeddings have it under another name.
    #[serde(alias = "promptTokenDetails")]
    prompt_tokens_details: Option<Vec<ModalityTokens>>,
    candidates_tokens_details: Option<Vec<ModalityTokens>>,
    /// The tier that served.
    service_tier: Option<String>,
    /// The same on Vertex AI.
    traffic_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ModalityTokens {
    modality: Option<String>,
    #[serde(deserialize_with = "said")]
    token_count: Option<u64>,
}

impl UsageMetadata {
    /// Whether anything was counted: until its last part, a stream of Vertex AI says no more than
    /// the tier.
    pub(super) const fn has_counts(&self) -> bool {
        self.prompt_token_count.is_some() || self.candidates_token_count.is_some()
    }

    /// The tier that served, in the contract's words.
    pub(super) fn tier(&self) -> Option<String> {
        let said = self.service_tier.as_deref().or(self.traffic_type.as_deref())?;
        Some(match said.to_ascii_lowercase().as_str() {
            "standard" | "on_demand" => "default".to_owned(),
            "on_demand_priority" => "priority".to_owned(),
            "on_demand_flex" => "flex".to_owned(),
            other => other.to_owned(),
        })
    }

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
