//! `usage` in this dialect's words (contract §3.5).

use serde::{Serialize, Serializer};

use crate::chat::UsageView;
use crate::json::UsdNumber;

/// Counts and cost, as this dialect writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct UsageObject<'a>(pub(super) &'a UsageView);

#[derive(Serialize)]
struct Object {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
    cost: UsdNumber,
    is_byok: bool,
    cost_details: CostDetails,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_estimated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unpriced: bool,
}

/// Kinds of tokens that the contract does not name are written only where there are any.
#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    video_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    accepted_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    rejected_prediction_tokens: u64,
}

#[derive(Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_input_cost: UsdNumber,
    upstream_inference_output_cost: UsdNumber,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Serialize for UsageObject<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let UsageView { usage, .. } = self.0;
        Object {
            input_tokens: usage.prompt_tokens,
            input_tokens_details: InputDetails {
                cached_tokens: usage.cached_tokens,
                cache_write_tokens: usage.cache_write_tokens,
                audio_tokens: usage.audio_prompt_tokens,
                video_tokens: usage.video_prompt_tokens,
            },
            output_tokens: usage.completion_tokens,
            output_tokens_details: OutputDetails {
                reasoning_tokens: usage.reasoning_tokens,
                image_tokens: usage.image_completion_tokens,
                audio_tokens: usage.audio_completion_tokens,
                accepted_prediction_tokens: usage.accepted_prediction_tokens,
                rejected_prediction_tokens: usage.rejected_prediction_tokens,
            },
            total_tokens: usage.total_tokens(),
            cost: UsdNumber(self.0.cost),
            is_byok: self.0.is_byok,
            cost_details: CostDetails {
                upstream_inference_cost: UsdNumber(self.0.upstream_cost),
                upstream_inference_input_cost: UsdNumber(self.0.prompt_cost),
                upstream_inference_output_cost: UsdNumber(self.0.completion_cost),
            },
            is_estimated: usage.is_estimated(),
            is_unpriced: self.0.unpriced,
        }
        .serialize(to)
    }
}
