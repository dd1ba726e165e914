//! Counts, as they were billed.

use serde::Deserialize;
use serde_json::Number;
use tollgate_types::{Usage, UsageSource};

use crate::operation::answers::count;

/// `usage`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageObject {
    /// What the provider bills: without what its own templates add.
    billed_units: Option<Tokens>,
    /// What the model read and wrote.
    tokens: Option<Tokens>,
    cached_tokens: Option<Number>,
}

/// The provider's counts are numbers, not integers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tokens {
    input_tokens: Option<Number>,
    output_tokens: Option<Number>,
}

impl UsageObject {
    /// The counts in our totals; nothing where none was said. What the templates add stands before
    /// the prompt, so it is the first to be cached: only what is cached beyond it was billed.
    pub(super) fn usage(&self) -> Option<Usage> {
        let said = |it: &&Tokens| it.input_tokens.is_some() || it.output_tokens.is_some();
        let counts = [self.billed_units.as_ref(), self.tokens.as_ref()];
        let tokens = counts.into_iter().flatten().find(said)?;
        let prompt_tokens = count(tokens.input_tokens.as_ref());
        let read = count(self.tokens.as_ref().and_then(|it| it.input_tokens.as_ref()));
        let unbilled = read.saturating_sub(prompt_tokens);
        let cached = count(self.cached_tokens.as_ref()).saturating_sub(unbilled);
        Some(Usage {
            source: UsageSource::Reported,
            prompt_tokens,
            completion_tokens: count(tokens.output_tokens.as_ref()),
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
