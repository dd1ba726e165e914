//! `usage` as callers read it (contract §3.2).

use serde::Serialize;
use tollgate_types::{Usage, Usd};

use crate::json::UsdNumber;

/// Counts and what they cost, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct UsageView {
    /// The counts.
    pub usage: Usage,
    /// What the account is charged.
    pub cost: Usd,
    /// What the provider charges for the prompt.
    pub prompt_cost: Usd,
    /// What the provider charges for the completion.
    pub completion_cost: Usd,
    /// What the provider charges in all.
    pub upstream_cost: Usd,
    /// Whether there was no price: then the cost is unknown, not zero.
    pub unpriced: bool,
    /// Whether the caller's own key was used (contract §6.2): then the provider bills its owner.
    pub is_byok: bool,
}

#[derive(Serialize)]
struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cost: UsdNumber,
    is_byok: bool,
    prompt_tokens_details: PromptDetails,
    cost_details: CostDetails,
    completion_tokens_details: CompletionDetails,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_estimated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unpriced: bool,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
    audio_tokens: u64,
    video_tokens: u64,
}

#[derive(Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_prompt_cost: UsdNumber,
    upstream_inference_completions_cost: UsdNumber,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    image_tokens: u64,
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    accepted_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    rejected_prediction_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Serialize for UsageView {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let usage = &self.usage;
        UsageObject {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens(),
            cost: UsdNumber(self.cost),
            is_byok: self.is_byok,
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cached_tokens,
                cache_write_tokens: usage.cache_write_tokens,
                audio_tokens: usage.audio_prompt_tokens,
                video_tokens: usage.video_prompt_tokens,
            },
            cost_details: CostDetails {
                upstream_inference_cost: UsdNumber(self.upstream_cost),
                upstream_inference_prompt_cost: UsdNumber(self.prompt_cost),
                upstream_inference_completions_cost: UsdNumber(self.completion_cost),
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: usage.reasoning_tokens,
                image_tokens: usage.image_completion_tokens,
                audio_tokens: usage.audio_completion_tokens,
                accepted_prediction_tokens: usage.accepted_prediction_tokens,
                rejected_prediction_tokens: usage.rejected_prediction_tokens,
            },
            is_estimated: usage.is_estimated(),
            is_unpriced: self.unpriced,
        }
        .serialize(to)
    }
}
