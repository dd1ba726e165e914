//! What is counted, and how much of it a call takes.

use serde::{Deserialize, Serialize};
use tollgate_types::{Usage, Usd};

/// What a limit counts. All amounts are whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Calls.
    Requests,
    /// Tokens that models read.
    InputTokens,
    /// Tokens that models write.
    OutputTokens,
    /// Tokens read and written together.
    Tokens,
    /// Money, in nano-dollars.
    Spend,
    /// The same, and what providers charge callers' own accounts.
    SpendWithOwn,
}

impl Measure {
    /// Every measure.
    const ALL: [Self; 6] = [
        Self::Requests,
        Self::InputTokens,
        Self::OutputTokens,
        Self::Tokens,
        Self::Spend,
        Self::SpendWithOwn,
    ];

    /// Reads the word for it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// The word for it, as it is stored and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Tokens => "tokens",
            Self::Spend => "spend",
            Self::SpendWithOwn => "spend_with_own",
        }
    }

    /// How much of it one call with this load takes.
    pub(crate) fn of(self, load: &Load) -> u64 {
        match self {
            Self::Requests => 1,
            Self::InputTokens => load.input_tokens,
            Self::OutputTokens => load.output_tokens,
            Self::Tokens => load.input_tokens.saturating_add(load.output_tokens),
            Self::Spend => nanos(load.spend),
            Self::SpendWithOwn => nanos(load.spend_with_own),
        }
    }

    /// Whether it is money.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Spend | Self::SpendWithOwn)
    }

    /// Whether what a call takes at first is its final share. A call is one, however it ends.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Requests)
    }
}

/// What one call takes: at most, before it begins; really, when it has ended.
///
/// A limit of something that a call does not need never refuses it: a call at no cost passes a
/// budget that is used up. So what a call may need is never left at zero because it is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Tokens that the model reads.
    pub input_tokens: u64,
    /// Tokens that the model writes.
    pub output_tokens: u64,
    /// What the call costs. Less than nothing is nothing.
    pub spend: Usd,
    /// The same, and what providers charge the caller's own account.
    pub spend_with_own: Usd,
}

impl Load {
    /// What a call used, what it cost, and what a provider charged the caller's own account.
    pub fn of(usage: &Usage, (spend, own): (Usd, Usd)) -> Self {
        Self {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            spend,
            spend_with_own: spend.saturating_add(own),
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            spend: self.spend.saturating_add(other.spend),
            spend_with_own: self.spend_with_own.saturating_add(other.spend_with_own),
        }
    }
}

/// An amount of money as counters hold it.
pub(crate) fn nanos(amount: Usd) -> u64 {
    u64::try_from(amount.nanos()).unwrap_or(0)
}

/// An amount of a measure as people read it.
pub(crate) fn shown(measure: Measure, amount: u64) -> String {
    match measure {
        Measure::Spend | Measure::SpendWithOwn => {
            Usd::from_nanos(i64::try_from(amount).unwrap_or(i64::MAX)).to_string()
        }
        Measure::Requests | Measure::InputTokens | Measure::OutputTokens | Measure::Tokens => {
            amount.to_string()
        }
    }
}
