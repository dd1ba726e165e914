//! A clock that steps back.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use tollgate_limits::{
    Applied, CLOCK_SLACK, Counters, Limit, Load, Measure, Relief, Scope, Window, admit,
};
use tollgate_types::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn applied(window: Window, now: Timestamp) -> [Applied; 1] {
    let limit = Limit { scope: Scope::Key, measure: Measure::Tokens, window, amount: 100 };
    [Counters::new(1).applied(&limit, "k", now).unwrap()]
}

fn tokens(input_tokens: u64) -> Load {
    Load { input_tokens, ..Load::default() }
}

fn take(applied: &[Applied], amount: u64, now: Timestamp) {
    admit(applied, &tokens(amount), now).unwrap().settle(&tokens(amount), now);
}

fn used(applied: &[Applied; 1], now: Timestamp) -> u64 {
    applied[0].standing(now).used
}

#[test]
fn a_day_that_is_come_back_to_has_what_it_had() {
    let (today, tomorrow) = (at("2026-03-01T12:00:00Z"), at("2026-03-02T00:00:01Z"));
    let key = applied(Window::Day, today);
    take(&key, 90, today);
    take(&key, 5, tomorrow);
    assert_eq!(used(&key, tomorrow), 5);
    let back = at("2026-03-01T23:59:00Z");
    let refusal = admit(&key, &tokens(10), back).unwrap_err();
    assert_eq!((refusal.used, refusal.relief), (95, Relief::At(at("2026-03-02T00:00:00Z"))));
    assert_eq!(used(&key, tomorrow), 0);
    // A year ahead by mistake.
    take(&key, 40, tomorrow);
    take(&key, 1, at("2027-03-02T00:00:00Z"));
    assert_eq!(used(&key, tomorrow), 41);
    assert_eq!(used(&key, at("2026-03-03T00:00:00Z")), 0);
}

#[test]
fn a_clock_that_was_far_ahead_blocks_for_no_longer_than_a_window() {
    let (ahead, now) = (at("2031-07-01T12:00:00Z"), at("2026-03-01T12:00:00Z"));
    for (window, ends) in [
        (Window::Minute, "2026-03-01T12:01:00Z"),
        (Window::Day, "2026-03-02T00:00:00Z"),
        (Window::Week, "2026-03-02T00:00:00Z"),
        (Window::Month, "2026-04-01T00:00:00Z"),
    ] {
        let key = applied(window, ahead);
        take(&key, 100, ahead);
        let refusal = admit(&key, &tokens(1), now).unwrap_err();
        assert_eq!(refusal.relief, Relief::At(at(ends)), "{window:?}");
        assert!(admit(&key, &tokens(1), at(ends).plus_millis(-1)).is_err(), "{window:?}");
        take(&key, 100, at(ends));
    }
}

#[test]
fn a_minute_keeps_its_order_where_the_clock_went_back_within_it() {
    let after = |seconds: i64| at("2026-03-01T12:00:00Z").plus_millis(seconds * 1_000);
    let key = applied(Window::Minute, after(0));
    for (second, amount) in [(0, 10), (20, 20), (50, 30)] {
        take(&key, amount, after(second));
    }
    // What was taken at 50 is dated 30 now, what was before stays.
    assert_eq!(used(&key, after(30)), 60);
    for (second, left) in [(59, 60), (60, 50), (79, 50), (80, 30), (89, 30), (90, 0)] {
        assert_eq!(used(&key, after(second)), left, "{second}");
    }
}

#[test]
fn whoever_is_late_by_less_than_the_slack_changes_nothing() {
    let midnight = at("2026-03-02T00:00:00Z");
    for window in [Window::Minute, Window::Day] {
        let key = applied(window, midnight.plus_millis(-70_000));
        for _ in 0..10 {
            take(&key, 4, midnight);
            take(&key, 4, midnight.plus_millis(1 - CLOCK_SLACK));
        }
        assert_eq!(used(&key, midnight), 80, "{window:?}");
        assert_eq!(used(&key, midnight.plus_millis(59_999)), 80, "{window:?}");
    }
}

#[test]
fn what_was_taken_is_given_back_over_a_step() {
    let after = |seconds: i64| at("2026-03-02T00:00:00Z").plus_millis(seconds * 1_000);
    for window in [Window::Minute, Window::Day] {
        // Once: it is known where it went.
        let key = applied(window, after(5));
        let running = admit(&key, &tokens(60), after(5)).unwrap();
        take(&key, 10, after(5));
        assert_eq!(used(&key, after(-20)), 70, "{window:?}");
        running.settle(&tokens(25), after(-19));
        assert_eq!(used(&key, after(-19)), 35, "{window:?}");
        // Twice: a minute does not know it any more, and opens nothing that others took.
        let running = admit(&key, &tokens(60), after(5)).unwrap();
        for (second, of_day) in [(-20, 95), (6, 0), (-40, 95)] {
            let expected = if window == Window::Day { of_day } else { 95 };
            assert_eq!(used(&key, after(second)), expected, "{window:?} {second}");
        }
        running.settle(&tokens(1), after(-40));
        let left = if window == Window::Day { 36 } else { 95 };
        assert_eq!(used(&key, after(-40)), left, "{window:?}");
        assert_eq!(used(&key, after(90_000)), 0, "{window:?}");
    }
}
