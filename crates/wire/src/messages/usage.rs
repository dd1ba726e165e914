//! `usage` as clients of this dialect read it (contract §3.6).

use serde::Serialize;
use tollgate_types::Usage;

use crate::chat::UsageView;
use crate::json::UsdNumber;
use crate::messages::stop::Served;

/// What a finished message consumed and cost.
#[derive(Debug, Serialize)]
pub(super) struct UsageObject<'a> {
    #[serde(flatten)]
    counts: Counts,
    cache_creation: CacheCreation,
    output_tokens_details: OutputDetails,
    server_tool_use: Option<ServerToolUse>,
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<&'static str>,
    cost: UsdNumber,
    is_byok: bool,
    cost_details: CostDetails,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_estimated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unpriced: bool,
}

/// The counts, which is all that is known when a message begins. `input_tokens` are those the
/// prompt cache had nothing to do with.
#[derive(Debug, Serialize)]
pub(super) struct Counts {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct OutputDetails {
    thinking_tokens: u64,
}

#[derive(Debug, Serialize)]
struct ServerToolUse {
    web_search_requests: u64,
    web_fetch_requests: u64,
}

#[derive(Debug, Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_prompt_cost: UsdNumber,
    upstream_inference_completions_cost: UsdNumber,
}

impl Counts {
    /// Counts of a message.
    pub(super) const fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage
                .prompt_tokens
                .saturating_sub(usage.cached_tokens)
                .saturating_sub(usage.cache_write_tokens),
            cache_creation_input_tokens: usage.cache_write_tokens,
            cache_read_input_tokens: usage.cached_tokens,
            output_tokens: usage.completion_tokens,
        }
    }
}

impl<'a> UsageObject<'a> {
    /// Usage of a message, and what served it.
    pub(super) fn of(view: &UsageView, served: Served<'a>) -> Self {
        let usage = &view.usage;
        let written_1h = usage.cache_write_1h_tokens;
        Self {
            counts: Counts::of(usage),
            cache_creation: CacheCreation {
                ephemeral_5m_input_tokens: usage.cache_write_tokens.saturating_sub(written_1h),
                ephemeral_1h_input_tokens: written_1h,
            },
            output_tokens_details: OutputDetails { thinking_tokens: usage.reasoning_tokens },
            server_tool_use: (usage.web_searches > 0).then_some(ServerToolUse {
                web_search_requests: usage.web_searches,
                web_fetch_requests: 0,
            }),
            service_tier: served.tier,
            speed: served.speed,
            cost: UsdNumber(view.cost),
            is_byok: view.is_byok,
            cost_details: CostDetails {
                upstream_inference_cost: UsdNumber(view.upstream_cost),
                upstream_inference_prompt_cost: UsdNumber(view.prompt_cost),
                upstream_inference_completions_cost: UsdNumber(view.completion_cost),
            },
            is_estimated: usage.is_estimated(),
            is_unpriced: view.unpriced,
        }
    }
}
