//! What can be measured, and by what it can be told apart.

use tollgate_store::{ActivityRow, ActivitySums};
use tollgate_types::Usd;
use tollgate_wire::json::UsdNumber;

use super::answer::Cell;

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
}

/// By what rows are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dimension {
    Model,
    Provider,
    Endpoint,
    Workspace,
    ApiKey,
    /// The value of a header of `attribution.headers`, by its name.
    Tag(String),
}

/// Metrics are compared in billionths.
const BILLION: i128 = 1_000_000_000;

impl Metric {
    pub(super) const ALL: [Self; 10] = [
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
        }
    }

    /// How it is shown (contract §1.7).
    pub(super) const fn format(self) -> &'static str {
        match self {
            Self::Usage | Self::ByokUsage => "currency",
            Self::ErrorRate => "percent",
            _ => "number",
        }
    }

    /// Whether it is a share rather than a sum.
    pub(super) const fn is_rate(self) -> bool {
        matches!(self, Self::ErrorRate)
    }

    /// Its exact value in billionths, for comparing.
    pub(super) fn billionths(self, sums: &ActivitySums) -> i128 {
        match self {
            Self::Usage => sums.spent.nanos().into(),
            Self::ByokUsage => sums.byok.nanos().into(),
            Self::ErrorRate => {
                let failed = i128::from(sums.failed).saturating_mul(BILLION);
                failed.checked_div(sums.requests.into()).unwrap_or(0)
            }
            _ => i128::from(self.count(sums)).saturating_mul(BILLION),
        }
    }

    /// Its value in an answer.
    pub(super) fn cell(self, sums: &ActivitySums) -> Cell {
        match self {
            Self::Usage => Cell::Decimal(UsdNumber(sums.spent)),
            Self::ByokUsage => Cell::Decimal(UsdNumber(sums.byok)),
            Self::ErrorRate => {
                let share = i64::try_from(self.billionths(sums)).unwrap_or(i64::MAX);
                Cell::Decimal(UsdNumber(Usd::from_nanos(share)))
            }
            _ => Cell::Count(self.count(sums)),
        }
    }

    const fn count(self, sums: &ActivitySums) -> u64 {
        match self {
            Self::Requests => sums.requests,
            Self::Failed => sums.failed,
            Self::PromptTokens => sums.prompt_tokens,
            Self::CompletionTokens => sums.completion_tokens,
            Self::ReasoningTokens => sums.reasoning_tokens,
            Self::CachedTokens => sums.cached_tokens,
            Self::TotalTokens => sums.prompt_tokens.saturating_add(sums.completion_tokens),
            Self::ErrorRate | Self::Usage | Self::ByokUsage => 0,
        }
    }
}

impl Dimension {
    /// Those that every installation has.
    pub(super) const ALL: [Self; 5] =
        [Self::Model, Self::Provider, Self::Endpoint, Self::Workspace, Self::ApiKey];

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
            Self::Tag(name) => name,
        }
    }

    /// Its value in a row; empty where there is none.
    pub(super) fn value(&self, row: &ActivityRow) -> String {
        match self {
            Self::Model => row.model.clone(),
            Self::Provider => row.provider.clone(),
            Self::Endpoint => row.endpoint_id.clone(),
            Self::Workspace => row.workspace_id.clone(),
            Self::ApiKey => row.key.map(|key| key.to_hex()).unwrap_or_default(),
            Self::Tag(_) => row.tag_value.clone(),
        }
    }
}
