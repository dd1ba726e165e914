//! The limits of a key as operators write them.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use serde_json::{Value, json};
use tollgate_limits::{KeyLimits, KeyLimitsChange, Limit, Measure, Scope, Window};

fn read(value: &Value) -> Vec<Limit> {
    let limits: KeyLimits = serde_json::from_str(&value.to_string()).unwrap();
    limits.limits().collect()
}

#[test]
fn every_member_is_read() {
    let written = json!({
        "monthly_budget": "20.5", "requests_per_minute": 60, "tokens_per_day": 1_000_000,
        "requests_per_day": 5_000, "tokens_per_minute": 90_000,
        "input_tokens_per_minute": 80_000, "input_tokens_per_day": 900_000,
        "output_tokens_per_minute": 10_000, "output_tokens_per_day": 100_000,
        "max_concurrent": 8,
        "daily_budget": 1, "weekly_budget": 5.25, "lifetime_budget": "0.000000001",
    });
    let expected = [
        (Measure::Requests, Window::Minute, 60),
        (Measure::Requests, Window::Day, 5_000),
        (Measure::Tokens, Window::Minute, 90_000),
        (Measure::Tokens, Window::Day, 1_000_000),
        (Measure::InputTokens, Window::Minute, 80_000),
        (Measure::InputTokens, Window::Day, 900_000),
        (Measure::OutputTokens, Window::Minute, 10_000),
        (Measure::OutputTokens, Window::Day, 100_000),
        (Measure::Requests, Window::InFlight, 8),
        (Measure::Spend, Window::Day, 1_000_000_000),
        (Measure::Spend, Window::Week, 5_250_000_000),
        (Measure::Spend, Window::Month, 20_500_000_000),
        (Measure::Spend, Window::Lifetime, 1),
    ]
    .map(|(measure, window, amount)| Limit { scope: Scope::Key, measure, window, amount });
    assert_eq!(read(&written), expected);
}

#[test]
fn what_is_absent_or_null_limits_nothing_and_zero_everything() {
    for written in [json!({}), json!({"monthly_budget": null, "max_concurrent": null})] {
        let limits: KeyLimits = serde_json::from_value(written).unwrap();
        assert!(limits.is_empty());
        assert_eq!(limits.limits().count(), 0);
    }
    let zero = read(&json!({"monthly_budget": 0, "requests_per_minute": 0}));
    assert_eq!(zero.iter().map(|it| it.amount).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn budgets_are_exact() {
    for (written, nanos) in [
        ("0.1", 100_000_000),
        ("0.3", 300_000_000),
        ("999999.999999999", 999_999_999_999_999),
        ("1e3", 1_000_000_000_000),
        ("12345678", 12_345_678_000_000_000),
        ("\"12345678.123456789\"", 12_345_678_123_456_789),
        ("9223372036", 9_223_372_036_000_000_000),
    ] {
        let text = format!(r#"{{"daily_budget": {written}}}"#);
        let limits: KeyLimits = serde_json::from_str(&text).unwrap();
        assert_eq!(limits.limits().next().unwrap().amount, nanos, "{written}");
    }
}

#[test]
fn a_problem_names_its_member() {
    for (written, problem) in [
        (
            r#"{"requests_per_minute": "60"}"#,
            "requests_per_minute: expected a whole number, not `60`",
        ),
        (
            r#"{"requests_per_minute": 1.5}"#,
            "requests_per_minute: expected a whole number, not 1.5",
        ),
        (r#"{"tokens_per_day": -1}"#, "tokens_per_day: expected a whole number, not -1"),
        (r#"{"max_concurrent": [8]}"#, "max_concurrent: expected a number or a decimal string"),
        (r#"{"max_concurrent": true}"#, "max_concurrent: expected a number or a decimal string"),
        (
            r#"{"monthly_budget": "twenty"}"#,
            "monthly_budget: `twenty` is not a decimal number such as 0.15",
        ),
        (r#"{"monthly_budget": "$5"}"#, "monthly_budget: `$5` is not a decimal number"),
        (r#"{"monthly_budget": -5}"#, "monthly_budget: a budget is not less than 0, as -5 is"),
        (r#"{"daily_budget": "-0.5"}"#, "daily_budget: a budget is not less than 0, as -0.5 is"),
        (
            r#"{"daily_budget": 0.0000000001}"#,
            "daily_budget: `0.0000000001` has more than 9 decimal places",
        ),
        (
            r#"{"weekly_budget": 1234567.5}"#,
            "weekly_budget: write 1234567.5 as a string, such as \"1234567.50\"",
        ),
        (
            r#"{"lifetime_budget": 9223372037}"#,
            "lifetime_budget: 9223372037 dollars are out of range",
        ),
        (r#"{"request_per_minute": 5}"#, "unknown field `request_per_minute`, expected one of"),
        (r#"{"max_concurrent": 5, "max_concurrent": 6}"#, "duplicate field `max_concurrent`"),
        ("[]", "invalid type: sequence, expected an object of limits"),
    ] {
        let error = serde_json::from_str::<KeyLimits>(written).unwrap_err().to_string();
        assert!(error.starts_with(problem), "{written}: {error}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let written = json!({
        "requests_per_minute": 60, "tokens_per_day": 1_000, "max_concurrent": 2,
        "daily_budget": "0.1", "monthly_budget": "20",
    });
    let limits: KeyLimits = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&limits).unwrap(), written);
    assert_eq!(serde_json::to_string(&KeyLimits::default()).unwrap(), "{}");
}

#[test]
fn a_change_sets_what_is_given_and_null_takes_a_limit_away() {
    let mut limits = KeyLimits::default().with("requests_per_minute", 5).with("max_concurrent", 2);
    let change = json!({ "requests_per_minute": null, "daily_budget": "0.5" });
    let change: KeyLimitsChange = serde_json::from_value(change).unwrap();
    assert!(!change.is_empty());
    change.apply_to(&mut limits);
    let expected = KeyLimits::default().with("max_concurrent", 2).with("daily_budget", 500_000_000);
    assert_eq!(limits, expected);
    let nothing: KeyLimitsChange = serde_json::from_value(json!({})).unwrap();
    assert!(nothing.is_empty());
    nothing.apply_to(&mut limits);
    assert_eq!(limits, expected);
    assert_eq!(KeyLimits::default().with("requests_per_minut", 5), KeyLimits::default());
}
