//! What can be measured, and by what it can be told apart.

use std::collections::HashMap;

use tollgate_store::{ActivityRow, ActivitySums, CallTimes, Timed};
use tollgate_types::{KeyHash, Usd};
use tollgate_wire::json::UsdNumber;

use super::answer::Cell;

/// What there is to measure.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) used: ActivitySums,
    pub(super) times: CallTimes,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.used.add(&other.used);
        self.times.add_all(&other.times);
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Requests,
    Failed,
    ErrorRate,
    Usage,
    ByokUsage,
    PromptTokens,
    CompletionTokens,
    ReasoningTokens,
    CachedTokens,
    TotalTokens,
    CacheHits,
    CacheHitRate,
    Fallbacks,
    FallbackRate,
    Latency,
    LatencyP50,
    LatencyP95,
    GenerationTime,
    GenerationTimeP50,
    GenerationTimeP95,
    Throughput,
}

/// By what rows are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dimension {
    Model,
    Provider,
    Endpoint,
    Workspace,
    ApiKey,
    /// Who has made the key that was called with.
    Creator,
    /// The value of a header of `attribution.headers`, by its name.
    Tag(String),
}

/// Who has made which key, where that is asked for.
pub(super) type Makers = HashMap<KeyHash, String>;

/// Metrics are compared in billionths.
const BILLION: i128 = 1_000_000_000;

impl Metric {
    pub(super) const ALL: [Self; 21] = [
        Self::Requests,
        Self::Failed,
        Self::ErrorRate,
        Self::Usage,
        Self::ByokUsage,
        Self::PromptTokens,
        Self::CompletionTokens,
        Self::ReasoningTokens,
        Self::CachedTokens,
        Self::TotalTokens,
        Self::CacheHits,
        Self::CacheHitRate,
        Self::Fallbacks,
        Self::FallbackRate,
        Self::Latency,
        Self::LatencyP50,
        Self::LatencyP95,
        Self::GenerationTime,
        Self::GenerationTimeP50,
        Self::GenerationTimeP95,
        Self::Throughput,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Failed => "failed",
            Self::ErrorRate => "error_rate",
            Self::Usage => "usage",
            Self::ByokUsage => "byok_usage",
            Self::PromptTokens => "prompt_tokens",
            Self::CompletionTokens => "completion_tokens",
            Self::ReasoningTokens => "reasoning_tokens",
            Self::CachedTokens => "cached_tokens",
            Self::TotalTokens => "total_tokens",
            Self::CacheHits => "cache_hits",
            Self::CacheHitRate => "cache_hit_rate",
            Self::Fallbacks => "fallbacks",
            Self::FallbackRate => "fallback_rate",
            Self::Latency => "latency",
            Self::LatencyP50 => "latency_p50",
            Self::LatencyP95 => "latency_p95",
            Self::GenerationTime => "generation_time",
            Self::GenerationTimeP50 => "generation_time_p50",
            Self::GenerationTimeP95 => "generation_time_p95",
            Self::Throughput => "throughput",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Failed => "Failed requests",
            Self::ErrorRate => "Error rate",
            Self::Usage => "Usage",
            Self::ByokUsage => "Usage at own provider accounts",
            Self::PromptTokens => "Prompt tokens",
            Self::CompletionTokens => "Completion tokens",
            Self::ReasoningTokens => "Reasoning tokens",
            Self::CachedTokens => "Cached tokens",
            Self::TotalTokens => "Tokens",
            Self::CacheHits => "Answers told again",
            Self::CacheHitRate => "Share of answers told again",
            Self::Fallbacks => "Requests with a fallback",
            Self::FallbackRate => "Share of requests with a fallback",
            Self::Latency => "Time to first token",
            Self::LatencyP50 => "Time to first token, median",
            Self::LatencyP95 => "Time to first token, 95th percentile",
            Self::GenerationTime => "Duration",
            Self::GenerationTimeP50 => "Duration, median",
            Self::GenerationTimeP95 => "Duration, 95th percentile",
            Self::Throughput => "Tokens per second",
        }
    }

    /// How it is shown (contract §1.7).
    pub(super) const fn format(self) -> &'static str {
        match self {
            Self::Usage | Self::ByokUsage => "currency",
            it if it.is_share() => "percent",
            Self::Throughput => "throughput",
            it if it.is_time() => "latency",
            _ => "number",
        }
    }

    /// Whether it is a share, a mean or the like, rather than a sum.
    pub(super) const fn is_rate(self) -> bool {
        self.is_share() || self.is_time()
    }

    /// Whether it is a share of all calls.
    const fn is_share(self) -> bool {
        matches!(self, Self::ErrorRate | Self::CacheHitRate | Self::FallbackRate)
    }

    /// Whether it tells how long calls took.
    const fn is_time(self) -> bool {
        self.timed().is_some()
    }

    /// What of how long calls took it tells, if it does.
    pub(super) const fn timed(self) -> Option<Timed> {
        match self {
            Self::Latency | Self::LatencyP50 | Self::LatencyP95 => Some(Timed::FirstWord),
            Self::GenerationTime | Self::GenerationTimeP50 | Self::GenerationTimeP95 => {
                Some(Timed::Whole)
            }
            Self::Throughput => Some(Timed::Writing),
            _ => None,
        }
    }

    /// Its exact value in billionths, for comparing; `None` where nothing was measured.
    pub(super) fn billionths(self, sums: &Sums) -> Option<i128> {
        let (used, times) = (&sums.used, &sums.times);
        let mean = |timed| {
            let total = times.total(timed);
            i128::from(total.millis).saturating_mul(BILLION).checked_div(total.calls.into())
        };
        let percentile = |timed, percent| {
            Some(i128::from(times.percentile(timed, percent)?).saturating_mul(BILLION))
        };
        let share = |of: u64| {
            let of = i128::from(of).saturating_mul(BILLION);
            Some(of.checked_div(used.requests.into()).unwrap_or(0))
        };
        match self {
            Self::Usage => Some(used.spent.nanos().into()),
            Self::ByokUsage => Some(used.byok.nanos().into()),
            Self::ErrorRate => share(used.failed),
            Self::CacheHitRate => share(used.cache_hits),
            Self::FallbackRate => share(used.fallbacks),
            Self::Latency => mean(Timed::FirstWord),
            Self::LatencyP50 => percentile(Timed::FirstWord, 50),
            Self::LatencyP95 => percentile(Timed::FirstWord, 95),
            Self::GenerationTime => mean(Timed::Whole),
            Self::GenerationTimeP50 => percentile(Timed::Whole, 50),
            Self::GenerationTimeP95 => percentile(Timed::Whole, 95),
            Self::Throughput => {
                let total = times.total(Timed::Writing);
                let tokens = i128::from(total.tokens).saturating_mul(1_000 * BILLION);
                tokens.checked_div(total.millis.into())
            }
            _ => Some(i128::from(self.count(used)).saturating_mul(BILLION)),
        }
    }

    /// Its value in an answer.
    pub(super) fn cell(self, sums: &Sums) -> Cell {
        let is_sum = !self.is_rate() && !matches!(self, Self::Usage | Self::ByokUsage);
        if is_sum {
            return Cell::Count(self.count(&sums.used));
        }
        self.billionths(sums).map_or(Cell::Nothing, |value| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            Cell::Decimal(UsdNumber(Usd::from_nanos(value)))
        })
    }

    const fn count(self, used: &ActivitySums) -> u64 {
        match self {
            Self::Requests => used.requests,
            Self::Failed => used.failed,
            Self::PromptTokens => used.prompt_tokens,
            Self::CompletionTokens => used.completion_tokens,
            Self::ReasoningTokens => used.reasoning_tokens,
            Self::CachedTokens => used.cached_tokens,
            Self::CacheHits => used.cache_hits,
            Self::Fallbacks => used.fallbacks,
            Self::TotalTokens => used.prompt_tokens.saturating_add(used.completion_tokens),
            _ => 0,
        }
    }
}

impl Dimension {
    /// Those that every installation has.
    pub(super) const ALL: [Self; 6] =
        [Self::Model, Self::Provider, Self::Endpoint, Self::Workspace, Self::ApiKey, Self::Creator];

    /// The dimension of this name, where `tags` are the headers that are recorded.
    pub(super) fn named(name: &str, tags: &[http::HeaderName]) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let tag = || {
            let tag = tags.iter().find(|it| it.as_str() == lower)?;
            Some(Self::Tag(tag.as_str().to_owned()))
        };
        Self::ALL.into_iter().find(|it| it.name() == name).or_else(tag)
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Endpoint => "endpoint",
            Self::Workspace => "workspace",
            Self::ApiKey => "api_key",
            Self::Creator => "creator",
            Self::Tag(name) => name,
        }
    }

    pub(super) fn label(&self) -> &str {
        match self {
            Self::Model => "Model",
            Self::Provider => "Provider",
            Self::Endpoint => "Endpoint",
            Self::Workspace => "Workspace",
            Self::ApiKey => "API key",
            Self::Creator => "Key creator",
            Self::Tag(name) => name,
        }
    }

    /// Its value in a row; empty where there is none.
    pub(super) fn value(&self, row: &ActivityRow, makers: &Makers) -> String {
        match self {
            Self::Model => row.model.clone(),
            Self::Provider => row.provider.clone(),
            Self::Endpoint => row.endpoint_id.clone(),
            Self::Workspace => row.workspace_id.clone(),
            Self::ApiKey => row.key.map(|key| key.to_hex()).unwrap_or_default(),
            Self::Creator => row.key.and_then(|key| makers.get(&key).cloned()).unwrap_or_default(),
            Self::Tag(_) => row.tag_value.clone(),
        }
    }
}
