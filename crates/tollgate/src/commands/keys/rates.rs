//! Limits of a key as flags.

use anyhow::Context;
use clap::Args;
use serde_json::{Map, Value};
use tollgate_limits::{KeyLimits, KeyLimitsChange};

/// A number, or `none` to take the limit away.
#[derive(Debug, Default, Args)]
pub(super) struct RateArgs {
    /// Calls in any minute, or `none`
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<String>,
    /// Calls in a UTC day, or `none`
    #[arg(long, value_name = "N")]
    requests_per_day: Option<String>,
    /// Tokens read and written in any minute, or `none`
    #[arg(long, value_name = "N")]
    tokens_per_minute: Option<String>,
    /// Tokens read and written in a UTC day, or `none`
    #[arg(long, value_name = "N")]
    tokens_per_day: Option<String>,
    /// Tokens read in any minute, or `none`
    #[arg(long, value_name = "N")]
    input_tokens_per_minute: Option<String>,
    /// Tokens read in a UTC day, or `none`
    #[arg(long, value_name = "N")]
    input_tokens_per_day: Option<String>,
    /// Tokens written in any minute, or `none`
    #[arg(long, value_name = "N")]
    output_tokens_per_minute: Option<String>,
    /// Tokens written in a UTC day, or `none`
    #[arg(long, value_name = "N")]
    output_tokens_per_day: Option<String>,
    /// Calls at once, or `none`
    #[arg(long, value_name = "N")]
    max_concurrent: Option<String>,
    /// US dollars in a UTC day, or `none`
    #[arg(long, value_name = "USD")]
    daily_budget: Option<String>,
    /// US dollars in a UTC week, from Monday, or `none`
    #[arg(long, value_name = "USD")]
    weekly_budget: Option<String>,
    /// US dollars in a UTC month, or `none`
    #[arg(long, value_name = "USD")]
    monthly_budget: Option<String>,
    /// US dollars ever, or `none`
    #[arg(long, value_name = "USD")]
    lifetime_budget: Option<String>,
}

/// What takes a limit away.
const NONE: &str = "none";

impl RateArgs {
    /// The limits with what is given changed.
    pub(super) fn changed(&self, limits: &KeyLimits) -> anyhow::Result<KeyLimits> {
        let mut members = Map::new();
        for (name, given) in KeyLimits::names().into_iter().zip(self.in_order()) {
            let Some(given) = given.as_deref() else { continue };
            let value = match given.parse::<u64>() {
                _ if given == NONE => Value::Null,
                Ok(number) => number.into(),
                Err(_) => given.into(),
            };
            members.insert(name.to_owned(), value);
        }
        let change: KeyLimitsChange = serde_json::from_value(Value::Object(members))
            .context("give a number, for budgets of US dollars, or `none`")?;
        let mut changed = limits.clone();
        change.apply_to(&mut changed);
        Ok(changed)
    }

    /// As [`KeyLimits::names`] has them.
    const fn in_order(&self) -> [&Option<String>; 13] {
        [
            &self.requests_per_minute,
            &self.requests_per_day,
            &self.tokens_per_minute,
            &self.tokens_per_day,
            &self.input_tokens_per_minute,
            &self.input_tokens_per_day,
            &self.output_tokens_per_minute,
            &self.output_tokens_per_day,
            &self.max_concurrent,
            &self.daily_budget,
            &self.weekly_budget,
            &self.monthly_budget,
            &self.lifetime_budget,
        ]
    }
}

/// Each limit that is set, as people read it.
pub(super) fn rows(limits: &KeyLimits) -> anyhow::Result<Vec<(String, String)>> {
    let Value::Object(members) = serde_json::to_value(limits)? else { return Ok(Vec::new()) };
    let row = |(name, value): (String, Value)| match value {
        Value::String(dollars) => (name, format!("${dollars}")),
        other => (name, other.to_string()),
    };
    Ok(members.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_sets_its_own_limit() {
        let given = |text: &str| Some(text.to_owned());
        let args = RateArgs {
            requests_per_minute: given("1"),
            requests_per_day: given("2"),
            tokens_per_minute: given("3"),
            tokens_per_day: given("4"),
            input_tokens_per_minute: given("5"),
            input_tokens_per_day: given("6"),
            output_tokens_per_minute: given("7"),
            output_tokens_per_day: given("8"),
            max_concurrent: given("9"),
            daily_budget: given("10"),
            weekly_budget: given("11"),
            monthly_budget: given("12"),
            lifetime_budget: given("13"),
        };
        let rows = rows(&args.changed(&KeyLimits::default()).unwrap()).unwrap();
        let numbers = (1..=9).map(|it| it.to_string());
        let amounts = numbers.chain((10..=13).map(|it| format!("${it}")));
        let names = KeyLimits::names().into_iter().map(str::to_owned);
        assert_eq!(rows, names.zip(amounts).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_given_changes_and_the_rest_stays() {
        let limits = KeyLimits::default().with("requests_per_minute", 5).with("max_concurrent", 2);
        let none = RateArgs { max_concurrent: Some("none".to_owned()), ..RateArgs::default() };
        let left = none.changed(&limits).unwrap();
        assert_eq!(left, KeyLimits::default().with("requests_per_minute", 5));
        for wrong in ["many", "1.5", "-1"] {
            let wrong = RateArgs { tokens_per_day: Some(wrong.to_owned()), ..RateArgs::default() };
            let error = format!("{:#}", wrong.changed(&limits).unwrap_err());
            assert!(error.contains("tokens_per_day"), "{error}");
        }
    }
}
