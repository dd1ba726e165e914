//! Every rule by its table: what goes in, what stands afterwards.

use std::sync::Arc;
use std::time::Duration;

use tollgate_health::{
    BreakerPolicy, Counts, FailureKind, Headroom, Health, Outcome, Report, Standing, ToolCounts,
    UptimeTier,
};
use tollgate_types::Timestamp;

const FAILURE: Outcome = Outcome::Failure(FailureKind::Broken);
const RATE_LIMITED: Outcome = Outcome::RateLimited { retry_after: None };

/// An instant so many seconds after one that is a whole number of every bucket.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_790_000_100_000 + seconds * 1_000)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Observes what the letters say: success, failure, rate limited, the caller's.
fn observe(health: &Health, letters: &str, now: Timestamp) {
    for letter in letters.chars() {
        let outcome = match letter {
            's' => Outcome::Success,
            'f' => FAILURE,
            'r' => RATE_LIMITED,
            _ => Outcome::Callers,
        };
        health.observe(outcome, now);
    }
}

/// A breaker that leaves everything else alone.
fn without_breaker() -> Health {
    Health::new(BreakerPolicy {
        failures_in_a_row: u32::MAX,
        outcomes_min: u32::MAX,
        ..BreakerPolicy::default()
    })
}

fn near(found: f64, exact: f64) -> bool {
    (found - exact).abs() <= exact * 0.032
}

#[test]
fn an_endpoint_nothing_is_known_of_may_be_called() {
    let health = Health::default();
    assert_eq!(health.standing(at(0)), Standing::default());
    assert!(health.try_probe(at(0)));
    let expected = Report {
        standing: Standing::default(),
        status: 0,
        uptime_5m: None,
        uptime_30m: None,
        uptime_1d: None,
        latency_30m: None,
        throughput_30m: None,
        last_5m: Counts::default(),
        last_30m: Counts::default(),
        last_1d: Counts::default(),
        failures: Vec::new(),
        tool_calls_2h: ToolCounts::default(),
        headroom: Headroom::default(),
    };
    assert_eq!(health.report(at(0)), expected);
}

#[test]
fn contract_5_3_an_outage_is_significant_or_not() {
    for (story, asked, stable) in [
        (&[][..], 0, true),
        // One failure is none, among successes or alone.
        (&[(0, "f")], 0, true),
        (&[(0, "sf")], 0, true),
        (&[(0, "ssfsf")], 0, true),
        // Two in a row are one, until the next success outweighs them.
        (&[(0, "ff")], 0, false),
        (&[(0, "ssssssff")], 0, false),
        (&[(0, "ssssssff"), (1, "s")], 1, true),
        (&[(0, "ff"), (1, "s")], 1, false),
        (&[(0, "ff"), (1, "ss")], 1, true),
        // Two that lie apart are not in a row.
        (&[(0, "f"), (29, "f")], 29, false),
        (&[(0, "f"), (30, "f")], 30, true),
        // More than half of at least three.
        (&[(0, "fsf")], 0, false),
        (&[(0, "fsfs")], 0, true),
        // It is held against the endpoint for 30 seconds.
        (&[(0, "ff")], 29, false),
        (&[(0, "ff")], 30, true),
        (&[(0, "ff"), (20, "f")], 49, false),
        (&[(0, "ff"), (20, "f")], 50, true),
        // What does not count changes nothing.
        (&[(0, "rrrrr")], 0, true),
        (&[(0, "ccccc")], 0, true),
        (&[(0, "frf")], 0, false),
        (&[(0, "ff"), (1, "ccccc")], 1, false),
    ] {
        let health = without_breaker();
        for (second, letters) in story {
            observe(&health, letters, at(*second));
        }
        assert_eq!(health.standing(at(asked)).stable, stable, "{story:?} at {asked}");
    }
}

#[test]
fn contract_5_3_every_kind_of_failure_counts_and_nothing_else() {
    for kind in FailureKind::ALL {
        let health = without_breaker();
        observe(&health, "ssss", at(0));
        health.observe(Outcome::Failure(kind), at(0));
        let report = health.report(at(0));
        assert_eq!(report.uptime_5m, Some(80.0), "{kind:?}");
        assert_eq!(report.failures, [(kind, 1)]);
    }
    for letters in ["r", "c"] {
        let health = without_breaker();
        observe(&health, "sssss", at(0));
        observe(&health, letters, at(0));
        let report = health.report(at(0));
        assert_eq!(report.uptime_5m, Some(100.0), "{letters}");
        assert_eq!(report.failures, []);
    }
}

#[test]
fn contract_5_3_the_tier_is_that_of_the_day() {
    for (successes, failures, tier) in [
        (0, 99, UptimeTier::Normal),
        (0, 100, UptimeTier::LastResort),
        (95, 5, UptimeTier::Normal),
        (94, 6, UptimeTier::Lowered),
        (949, 51, UptimeTier::Lowered),
        (80, 20, UptimeTier::Lowered),
        (79, 21, UptimeTier::LastResort),
        (799, 201, UptimeTier::LastResort),
    ] {
        let health = without_breaker();
        for _ in 0..successes {
            health.observe(Outcome::Success, at(0));
        }
        for _ in 0..failures {
            health.observe(FAILURE, at(0));
        }
        for _ in 0..50 {
            health.observe(RATE_LIMITED, at(0));
        }
        let case = format!("{successes} {failures}");
        assert_eq!(health.standing(at(0)).tier, tier, "{case}");
        assert_eq!(health.standing(at(86_000)).tier, tier, "{case}");
        // Nothing was observed since: it is over all the same.
        assert_eq!(health.standing(at(87_300)).tier, UptimeTier::Normal, "{case}");
    }
}

#[test]
fn contract_5_4_throughput_is_compared_over_30_minutes_and_100_requests() {
    let health = Health::default();
    let answer = |seconds: i64, tokens: u64| {
        health.generated(tokens, secs(1), at(seconds));
        observe(&health, "s", at(seconds));
    };
    for _ in 0..99 {
        answer(0, 40);
    }
    let compared = |now| health.standing(at(now)).quality.tokens_per_second;
    assert_eq!(health.report(at(0)).standing.quality.tokens_per_second, None);
    answer(0, 40);
    assert_eq!(compared(0), None, "worked out every ten seconds");
    answer(11, 40);
    assert!(compared(11).is_some_and(|it| near(it, 40.0)));
    // The median of half an hour, when that of five minutes is another one already.
    for _ in 0..50 {
        answer(1_000, 80);
    }
    answer(1_011, 80);
    let standing = health.standing(at(1_011));
    assert!(standing.tokens_per_second.is_some_and(|it| near(it.p50, 80.0)));
    assert!(compared(1_011).is_some_and(|it| near(it, 40.0)));
    // Fifty-two are too few.
    answer(1_900, 80);
    assert_eq!(compared(1_900), None);
}

#[test]
fn contract_5_4_answers_that_called_tools_are_counted_beside_the_others() {
    let health = Health::default();
    for request in 0..400 {
        observe(&health, "s", at(0));
        health.tool_calls(request % 4 > 0, at(0));
    }
    observe(&health, "s", at(11));
    assert_eq!(health.standing(at(11)).quality.tool_success, Some(0.75));
    let report = health.report(at(11));
    assert_eq!(report.tool_calls_2h, ToolCounts { successes: 300, failures: 100 });
    assert_eq!(report.uptime_1d, Some(100.0), "a poor call is no outage");
}

#[test]
fn contract_6_7_uptime_is_success_by_success_and_errors() {
    for (letters, uptime) in [
        ("ssss", None),
        ("ffff", None),
        ("ssssrrrrcccc", None),
        ("sssss", Some(100.0)),
        ("fffff", Some(0.0)),
        ("ssssfrrrrcccc", Some(80.0)),
        ("ssf".repeat(3).as_str(), Some(66.6666)),
    ] {
        let health = without_breaker();
        observe(&health, letters, at(0));
        let report = health.report(at(0));
        for found in [report.uptime_5m, report.uptime_30m, report.uptime_1d] {
            assert_eq!(found, uptime, "{letters}");
        }
    }
}

#[test]
fn contract_6_7_the_windows_are_5_minutes_30_minutes_and_a_day() {
    let health = without_breaker();
    for (second, letters) in [(0, "fffffr"), (84_600, "sssssc"), (86_100, "sssff")] {
        observe(&health, letters, at(second));
    }
    let report = health.report(at(86_100));
    let counts = |successes, failures, rate_limited, callers| Counts {
        successes,
        failures,
        rate_limited,
        callers,
    };
    assert_eq!(report.last_5m, counts(3, 2, 0, 0));
    assert_eq!(report.last_30m, counts(8, 2, 0, 1));
    assert_eq!(report.last_1d, counts(8, 7, 1, 1));
    assert_eq!(report.uptime_5m, Some(60.0));
    assert_eq!(report.uptime_30m, Some(80.0));
    assert_eq!(report.uptime_1d, Some(53.3333));
    let report = health.report(at(86_400));
    assert_eq!((report.uptime_5m, report.uptime_30m), (None, Some(60.0)));
    assert_eq!(report.last_30m, counts(3, 2, 0, 0));
    assert_eq!(report.last_1d, counts(8, 2, 0, 1));
}

#[test]
fn contract_6_7_speed_is_measured_in_milliseconds_and_tokens_per_second() {
    let health = Health::default();
    health.first_token(Duration::from_millis(1_500), at(0));
    health.generated(100, secs(2), at(0));
    health.generated(0, secs(2), at(2));
    health.generated(5, Duration::ZERO, at(2));
    for now in [0, 300] {
        let standing = health.standing(at(now));
        assert!(near(standing.first_token_ms.unwrap().p50, 1_500.0), "{standing:?}");
        assert!(near(standing.tokens_per_second.unwrap().p99, 50.0), "{standing:?}");
    }
    let standing = health.standing(at(301));
    assert_eq!((standing.first_token_ms, standing.tokens_per_second), (None, None));
    let report = health.report(at(301));
    assert_eq!(report.standing, standing);
    assert!(near(report.latency_30m.unwrap().p90, 1_500.0), "{report:?}");
    assert!(near(report.throughput_30m.unwrap().p75, 50.0), "{report:?}");
}

#[test]
fn the_end_of_an_attempt_tells_what_was_measured_within_a_second() {
    let health = Health::default();
    for (millis, tokens) in [(5, 10), (9, 20)] {
        health.first_token(Duration::from_millis(millis), at(0));
        health.generated(tokens, secs(1_000), at(0));
    }
    let speeds = |now| {
        let standing = health.standing(at(now));
        (standing.first_token_ms.unwrap().p99, standing.tokens_per_second.unwrap().p99)
    };
    assert_eq!(speeds(1), (5.0, 0.01));
    observe(&health, "s", at(1));
    assert_eq!(speeds(1), (9.0, 0.02));
}

#[test]
fn a_cool_down_is_no_failure() {
    let health = Health::default();
    health.observe(Outcome::RateLimited { retry_after: Some(secs(7)) }, at(0));
    let expected = Standing { cooling_until: Some(at(7)), ..Standing::default() };
    assert_eq!(health.standing(at(0)), expected);
    assert_eq!(expected.status(), -2);
    assert_eq!(health.standing(at(7)), Standing::default());
    observe(&health, "r", at(10));
    assert_eq!(health.standing(at(10)).cooling_until, Some(at(12)));
    observe(&health, "s", at(10));
    assert_eq!(health.standing(at(10)), Standing::default());
}

#[test]
fn what_is_left_of_a_limit_is_told_until_it_resets() {
    let health = Health::default();
    let headers = [("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", "5s")];
    health.headroom(Headroom::read(headers, at(0)), at(0));
    assert_eq!(health.standing(at(4)).requests_left, Some(3));
    assert_eq!(health.report(at(4)).headroom.resets_at, Some(at(5)));
    assert_eq!(health.standing(at(5)).requests_left, None);
}

#[test]
fn an_attempt_is_in_flight_until_its_guard_is_dropped() {
    let health = Arc::new(Health::default());
    let first = health.begin();
    let second = health.begin();
    assert_eq!(health.standing(at(0)).in_flight, 2);
    assert!(Arc::ptr_eq(first.health(), &health));
    drop(first);
    assert_eq!(health.standing(at(0)).in_flight, 1);
    drop(second);
    assert_eq!(health.standing(at(0)).in_flight, 0);
}
