//! The circuit: what opens it, what closes it, who may try.

use std::time::Duration;

use tollgate_health::{BreakerPolicy, Circuit, FailureKind, Health, Outcome};
use tollgate_types::Timestamp;

const FAILURE: Outcome = Outcome::Failure(FailureKind::Unreachable);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_790_000_000_000 + millis)
}

fn observe(health: &Health, outcome: Outcome, times: usize, now: Timestamp) {
    for _ in 0..times {
        health.observe(outcome, now);
    }
}

/// A circuit that has opened at the beginning, for a second.
fn opened() -> Health {
    let health = Health::default();
    observe(&health, FAILURE, 5, at(0));
    assert_eq!(health.standing(at(0)).circuit, Circuit::Open { until: at(1_000) });
    health
}

#[test]
fn it_opens_after_failures_in_a_row_or_too_large_a_share() {
    for (letters, is_open) in [
        ("ffff", false),
        ("fffff", true),
        ("ffffsffff", false),
        ("ffffcfrf", true),
        // Half of ten; nine outcomes are too few to tell.
        ("sfsfsfsfsf", true),
        ("sfsfsfsff", false),
        ("ssfsfsfsfsf", false),
        ("rrrrrrrrrrcccccccccc", false),
    ] {
        let health = Health::default();
        for letter in letters.chars() {
            let outcome = match letter {
                's' => Outcome::Success,
                'f' => FAILURE,
                'r' => Outcome::RateLimited { retry_after: None },
                _ => Outcome::Callers,
            };
            health.observe(outcome, at(0));
        }
        let circuit = health.standing(at(0)).circuit;
        assert_eq!(circuit != Circuit::Closed, is_open, "{letters}");
        assert_eq!(health.try_probe(at(0)), !is_open, "{letters}");
    }
}

#[test]
fn a_policy_is_kept_to() {
    let policy = BreakerPolicy {
        failures_in_a_row: 2,
        open_min: Duration::from_millis(10),
        open_max: Duration::from_millis(35),
        ..BreakerPolicy::default()
    };
    let health = Health::new(policy);
    observe(&health, FAILURE, 2, at(0));
    let mut now = 0;
    for open in [10, 20, 35, 35] {
        assert_eq!(health.standing(at(now)).circuit, Circuit::Open { until: at(now + open) });
        assert!(!health.try_probe(at(now + open - 1)));
        now += open;
        assert_eq!(health.standing(at(now)).circuit, Circuit::HalfOpen);
        assert!(health.try_probe(at(now)));
        health.observe(FAILURE, at(now));
    }
    let nothing = BreakerPolicy {
        failures_in_a_row: 0,
        failures_percent: 0,
        outcomes_min: 0,
        open_min: Duration::ZERO,
        open_max: Duration::ZERO,
        probe_timeout: Duration::ZERO,
    };
    let health = Health::new(nothing);
    health.observe(Outcome::Success, at(0));
    assert_eq!(health.standing(at(0)).circuit, Circuit::Closed);
    health.observe(FAILURE, at(0));
    assert_eq!(health.standing(at(0)).circuit, Circuit::HalfOpen);
    assert!(health.try_probe(at(0)));
}

#[test]
fn one_probe_at_a_time_and_a_success_closes() {
    let health = opened();
    assert!(!health.try_probe(at(999)));
    assert!(health.try_probe(at(1_000)));
    assert!(!health.try_probe(at(1_000)));
    assert_eq!(health.standing(at(1_500)).circuit, Circuit::HalfOpen);
    health.observe(Outcome::Success, at(2_000));
    assert_eq!(health.standing(at(2_000)).circuit, Circuit::Closed);
    assert!(health.try_probe(at(2_000)));
    assert!(health.try_probe(at(2_000)));
    // The next outage begins with a second again.
    observe(&health, FAILURE, 5, at(3_000));
    assert_eq!(health.standing(at(3_000)).circuit, Circuit::Open { until: at(4_000) });
}

#[test]
fn a_probe_that_never_reports_back_is_lost() {
    let health = opened();
    assert!(health.try_probe(at(1_000)));
    assert!(!health.try_probe(at(30_999)));
    assert!(health.try_probe(at(31_000)));
    assert!(!health.try_probe(at(31_000)));
}

#[test]
fn a_probe_without_a_verdict_makes_room_for_another() {
    for outcome in [Outcome::Callers, Outcome::RateLimited { retry_after: None }] {
        let health = opened();
        assert!(health.try_probe(at(1_000)));
        health.observe(outcome, at(1_100));
        assert_eq!(health.standing(at(1_100)).circuit, Circuit::HalfOpen, "{outcome:?}");
        assert!(health.try_probe(at(1_100)), "{outcome:?}");
        // Without a probe there is nothing to release.
        let health = opened();
        health.observe(outcome, at(100));
        assert_eq!(health.standing(at(100)).circuit, Circuit::Open { until: at(1_000) });
    }
}

#[test]
fn what_began_before_it_opened_changes_nothing() {
    let health = opened();
    observe(&health, FAILURE, 20, at(500));
    observe(&health, Outcome::Success, 20, at(500));
    assert_eq!(health.standing(at(500)).circuit, Circuit::Open { until: at(1_000) });
}

#[test]
fn failures_from_before_it_closed_do_not_open_it_again() {
    let health = Health::default();
    observe(&health, FAILURE, 30, at(0));
    assert!(health.try_probe(at(1_000)));
    health.observe(Outcome::Success, at(1_500));
    observe(&health, FAILURE, 4, at(5_000));
    assert_eq!(health.standing(at(5_000)).circuit, Circuit::Closed);
    // Those after it do.
    health.observe(Outcome::Success, at(5_000));
    observe(&health, FAILURE, 4, at(6_000));
    assert_eq!(health.standing(at(6_000)).circuit, Circuit::Closed);
    health.observe(Outcome::Success, at(6_000));
    health.observe(FAILURE, at(6_000));
    assert_ne!(health.standing(at(6_000)).circuit, Circuit::Closed);
}

#[test]
fn a_clock_that_goes_back_does_not_keep_it_open() {
    let health = opened();
    assert_eq!(health.standing(at(-3_600_000)).circuit, Circuit::HalfOpen);
    assert!(health.try_probe(at(-3_600_000)));
    assert!(!health.try_probe(at(-3_600_000)));
    assert!(health.try_probe(at(-7_200_000)), "the probe is lost with the time it was granted in");
}

#[test]
fn what_is_asked_beside_calls_moves_the_circuit_and_no_uptime() {
    let health = opened();
    let counts = health.report(at(0)).last_1d;
    assert_eq!(health.last_failure(), Some(FailureKind::Unreachable));
    assert!(health.try_probe(at(1_000)));
    health.probed(Some(false), at(1_000));
    assert_eq!(health.standing(at(1_000)).circuit, Circuit::Open { until: at(3_000) });
    assert!(health.try_probe(at(3_000)) && !health.try_probe(at(3_000)));
    health.probed(None, at(3_000));
    assert!(health.try_probe(at(3_001)), "the probe was given back");
    health.probed(Some(true), at(3_001));
    assert_eq!(health.standing(at(3_001)).circuit, Circuit::Closed);
    for _ in 0..9 {
        health.probed(Some(false), at(3_002));
    }
    assert_eq!(health.standing(at(3_002)).circuit, Circuit::Closed, "calls know better");
    assert_eq!(health.report(at(3_002)).last_1d, counts);
    for kind in FailureKind::ALL {
        health.observe(Outcome::Failure(kind), at(3_003));
        assert_eq!(health.last_failure(), Some(kind));
    }
    assert_eq!(Health::default().last_failure(), None);
}
