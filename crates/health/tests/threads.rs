//! Many threads at one endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use tollgate_health::{BreakerPolicy, Circuit, FailureKind, Headroom, Health, Outcome};
use tollgate_types::Timestamp;

const THREADS: i64 = 8;
const ROUNDS: i64 = 2_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_790_000_100_000 + millis)
}

/// Attempts over twenty minutes, so that buckets are begun anew under way.
fn write(health: &Arc<Health>, fails: bool) {
    let outcome = if fails { Outcome::Failure(FailureKind::Empty) } else { Outcome::Success };
    for round in 0..ROUNDS {
        let attempt = health.begin();
        let now = at(round * 600);
        health.observe(outcome, now);
        health.first_token(Duration::from_millis(20), now);
        health.generated(40, Duration::from_secs(2), now);
        let standing = health.standing(now);
        assert!(standing.in_flight > 0);
        let percentiles = standing.first_token_ms;
        assert!(percentiles.is_none_or(|it| (it.p99 - 20.0).abs() < 1e-9), "{percentiles:?}");
        drop(attempt);
    }
}

#[test]
fn no_count_is_lost_when_all_write_at_once() {
    let health = Arc::new(Health::new(BreakerPolicy {
        failures_in_a_row: u32::MAX,
        outcomes_min: u32::MAX,
        ..BreakerPolicy::default()
    }));
    thread::scope(|scope| {
        for writer in 0..THREADS {
            let health = &health;
            scope.spawn(move || write(health, writer % 4 == 0));
        }
    });
    let report = health.report(at((ROUNDS - 1) * 600));
    let all = u64::try_from(THREADS * ROUNDS).unwrap_or_default();
    assert_eq!(report.last_30m.failures, all / 4);
    assert_eq!(report.last_30m.successes, all - all / 4);
    assert_eq!(report.last_1d.successes, all - all / 4);
    assert_eq!(report.failures, [(FailureKind::Empty, all / 4)]);
    assert_eq!(report.uptime_30m, Some(75.0));
    assert_eq!(report.standing.in_flight, 0);
    assert!(report.standing.tokens_per_second.is_some());
}

#[test]
fn of_all_who_ask_at_once_one_gets_the_probe() {
    for round in 0..200 {
        let health = Health::default();
        for _ in 0..5 {
            health.observe(Outcome::Failure(FailureKind::Overloaded), at(0));
        }
        let granted = AtomicU32::new(0);
        let ask = || {
            let asked = u32::from(health.try_probe(at(1_000 + round)));
            granted.fetch_add(asked, Ordering::Relaxed);
        };
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(ask);
            }
        });
        assert_eq!(granted.into_inner(), 1);
        assert_eq!(health.standing(at(1_000 + round)).circuit, Circuit::HalfOpen);
    }
}

#[test]
fn a_standing_allocates_nothing() {
    let health = Health::default();
    let now = at(0);
    health.observe(Outcome::Success, now);
    health.observe(Outcome::RateLimited { retry_after: None }, now);
    health.first_token(Duration::from_millis(300), now);
    health.generated(100, Duration::from_secs(1), now);
    health.headroom(Headroom { requests_left: Some(1), ..Headroom::default() }, now);
    let mut standing = None;
    let allocated = measure(|| standing = Some(health.standing(now)));
    assert_eq!(allocated.count_total, 0);
    assert!(standing.is_some_and(|it| it.first_token_ms.is_some() && it.requests_left == Some(1)));
}
