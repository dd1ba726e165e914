//! Counts, as they were billed.

use serde::Deserialize;
use tollgate_types::{Usage, UsageSource};

use crate::counts::{Count, report};

/// `usage`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageObject {
    /// What the provider bills: without what its own templates add.
    #[serde(deserialize_with = "report")]
    billed_units: Option<Tokens>,
    /// What the model read and wrote.
    #[serde(deserialize_with = "report")]
    tokens: Option<Tokens>,
    cached_tokens: Count,
}

/// The provider's counts are numbers, not integers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tokens {
    input_tokens: Count,
    output_tokens: Count,
}

impl UsageObject {
    /// The counts in our totals; nothing where none was said. What the templates add stands before
    /// the prompt, so it is the first to be cached: only what is cached beyond it was billed.
    pub(super) fn usage(&self) -> Option<Usage> {
        let said = |it: &&Tokens| it.input_tokens.get().or(it.output_tokens.get()).is_some();
        let counts = [self.billed_units.as_ref(), self.tokens.as_ref()];
        let tokens = counts.into_iter().flatten().find(said)?;
        let prompt_tokens = tokens.input_tokens.unwrap_or(0);
        let read = self.tokens.as_ref().map_or(0, |it| it.input_tokens.unwrap_or(0));
        let unbilled = read.saturating_sub(prompt_tokens);
        let cached = self.cached_tokens.unwrap_or(0).saturating_sub(unbilled);
        Some(Usage {
            source: UsageSource::Reported,
            prompt_tokens,
            completion_tokens: tokens.output_tokens.unwrap_or(0),
            cached_tokens: cached.min(prompt_tokens),
            ..Usage::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_billed_counts() {
        for (json, expected) in [
            (
                r#"{"billed_units":{"input_tokens":11,"output_tokens":7,"search_units":0},"tokens":{"input_tokens":500,"output_tokens":9},"cached_tokens":20}"#,
                Some((11, 7, 0)),
            ),
            (
                r#"{"billed_units":{"input_tokens":300,"output_tokens":7},"tokens":{"input_tokens":500},"cached_tokens":480}"#,
                Some((300, 7, 280)),
            ),
            (
                r#"{"billed_units":{},"tokens":{"input_tokens":500.0,"output_tokens":9},"cached_tokens":480}"#,
                Some((500, 9, 480)),
            ),
            (r#"{"billed_units":null,"tokens":{"input_tokens":5}}"#, Some((5, 0, 0))),
            ("{}", None),
        ] {
            let object: UsageObject = serde_json::from_str(json).unwrap();
            let counts =
                object.usage().map(|it| (it.prompt_tokens, it.completion_tokens, it.cached_tokens));
            assert_eq!(counts, expected, "{json}");
        }
    }
}
