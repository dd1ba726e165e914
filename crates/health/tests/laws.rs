//! Laws that hold whatever is observed, whenever.

use std::time::Duration;

use proptest::prelude::*;
use tollgate_health::{
    BreakerPolicy, COOL_DOWN_MAX, Circuit, FailureKind, Headroom, Health, Outcome, OutcomeCounts,
    Percentiles, RESET_MAX,
};
use tollgate_types::Timestamp;

#[derive(Debug, Clone)]
enum Event {
    Observed(Outcome),
    FirstToken(Duration),
    Generated(u64, Duration),
    Headroom(Headroom),
    Probed,
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..100_000_u64).prop_map(Duration::from_millis),
        Just(Duration::ZERO),
        Just(Duration::MAX),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Success),
        4 => proptest::sample::select(FailureKind::ALL.to_vec()).prop_map(Outcome::Failure),
        1 => proptest::option::of(duration())
            .prop_map(|retry_after| Outcome::RateLimited { retry_after }),
        1 => Just(Outcome::Callers),
    ]
}

/// Mostly within some hours, back and forth; now and then at an end of time.
fn instant() -> impl Strategy<Value = Timestamp> {
    let millis = prop_oneof![
        20 => (0..20_000_000_i64).prop_map(|it| 1_790_000_000_000 + it),
        1 => any::<i64>(),
        1 => proptest::sample::select(vec![i64::MIN, -1, 0, i64::MAX]),
    ];
    millis.prop_map(Timestamp::from_unix_millis)
}

fn event() -> impl Strategy<Value = Event> {
    let headroom = (any::<Option<u64>>(), any::<Option<u64>>(), proptest::option::of(instant()));
    prop_oneof![
        6 => outcome().prop_map(Event::Observed),
        1 => duration().prop_map(Event::FirstToken),
        1 => (any::<u64>(), duration()).prop_map(|(tokens, during)| Event::Generated(tokens, during)),
        1 => headroom.prop_map(|(requests_left, tokens_left, resets_at)| {
            Event::Headroom(Headroom { requests_left, tokens_left, resets_at })
        }),
        2 => Just(Event::Probed),
    ]
}

fn happen(health: &Health, event: &Event, now: Timestamp) {
    match event {
        Event::Observed(outcome) => health.observe(*outcome, now),
        Event::FirstToken(after) => health.first_token(*after, now),
        Event::Generated(tokens, during) => health.generated(*tokens, *during, now),
        Event::Headroom(headroom) => health.headroom(*headroom, now),
        Event::Probed => {
            health.try_probe(now);
        }
    }
}

/// No state that ends is farther ahead than it may be, and no figure is out of its range.
fn is_sound(health: &Health, now: Timestamp) -> Result<(), TestCaseError> {
    let report = health.report(now);
    let standing = report.standing;
    prop_assert!([0, -1, -2, -3, -5, -10].contains(&report.status));
    for uptime in [report.uptime_5m, report.uptime_30m, report.uptime_1d].into_iter().flatten() {
        prop_assert!((0.0..=100.0).contains(&uptime), "{uptime}");
    }
    let speeds = [
        standing.first_token_ms,
        standing.tokens_per_second,
        report.latency_30m,
        report.throughput_30m,
    ];
    for Percentiles { p50, p75, p90, p99 } in speeds.into_iter().flatten() {
        prop_assert!(0.0 <= p50 && p50 <= p75 && p75 <= p90 && p90 <= p99 && p99.is_finite());
    }
    let within = |until: Timestamp, longest: Duration| {
        let ahead = until.millis_since(now);
        ahead > 0 && u128::try_from(ahead).is_ok_and(|it| it <= longest.as_millis())
    };
    if let Some(until) = standing.cooling_until {
        prop_assert!(within(until, COOL_DOWN_MAX));
    }
    if let Some(resets_at) = report.headroom.resets_at {
        prop_assert!(within(resets_at, RESET_MAX));
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_that_is_observed_breaks_it(
        story in proptest::collection::vec((event(), instant()), 0..120),
        asked in instant(),
    ) {
        let health = Health::default();
        for (event, now) in &story {
            happen(&health, event, *now);
            health.standing(*now);
        }
        is_sound(&health, asked)?;
        if let Some((_, last)) = story.last() {
            is_sound(&health, *last)?;
        }
    }

    /// Whatever happened, and wherever the clock stands now: after the longest time that anything
    /// holds, somebody may call.
    #[test]
    fn after_enough_quiet_somebody_may_call(
        story in proptest::collection::vec((event(), instant()), 0..120),
        from in (0..20_000_000_i64).prop_map(|it| Timestamp::from_unix_millis(1_790_000_000_000 + it)),
    ) {
        let health = Health::default();
        for (event, now) in &story {
            happen(&health, event, *now);
        }
        let policy = BreakerPolicy::default();
        let longest = i64::try_from(policy.open_max.max(policy.probe_timeout).as_millis())
            .unwrap_or(i64::MAX);
        prop_assert!(health.try_probe(from) || health.try_probe(from.plus_millis(longest)));
    }

    /// While the circuit is not closed, probes are as far apart as it takes to give one up.
    #[test]
    fn one_probe_at_a_time(mut times in proptest::collection::vec(0..300_000_i64, 2..80)) {
        let health = Health::default();
        let at = |millis: i64| Timestamp::from_unix_millis(1_790_000_000_000 + millis);
        for _ in 0..5 {
            health.observe(Outcome::Failure(FailureKind::Timeout), at(0));
        }
        times.sort_unstable();
        let mut granted = None;
        for millis in times {
            let expected = millis >= granted.map_or(1_000, |last| last + 30_000);
            prop_assert_eq!(health.try_probe(at(millis)), expected, "{} {:?}", millis, granted);
            if expected {
                granted = Some(millis);
            }
        }
        prop_assert_ne!(health.standing(at(300_000)).circuit, Circuit::Closed);
    }

    /// A clock that only goes forward loses no count that is still within its window.
    #[test]
    fn what_is_counted_is_all_there_is(
        steps in proptest::collection::vec((outcome(), 0..60_000_i64), 0..60),
    ) {
        let health = Health::default();
        // At the end of a bucket, so that a window of whole buckets is one of whole seconds.
        let end = 1_790_000_100_000_i64 - 1;
        let mut now = end - steps.iter().map(|(_, step)| step).sum::<i64>();
        let mut expected = [0_u64; 2];
        for (outcome, step) in steps {
            now += step;
            health.observe(outcome, Timestamp::from_unix_millis(now));
            if now > end - 1_800_000 {
                match outcome {
                    Outcome::Success => expected[0] += 1,
                    Outcome::Failure(_) => expected[1] += 1,
                    Outcome::RateLimited { .. } | Outcome::Callers => {}
                }
            }
        }
        let report = health.report(Timestamp::from_unix_millis(end));
        prop_assert_eq!([report.last_30m.successes, report.last_30m.failures], expected);
        let kinds: u64 = report.failures.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(kinds, expected[1]);
    }

    /// What is taken now and then, and told to a later life, is what that one would have counted
    /// itself: the day's counts and its tier. In whatever order, and from however many.
    #[test]
    fn what_is_recalled_is_what_was_counted(
        steps in proptest::collection::vec((outcome(), 0..7_200_000_i64, any::<bool>()), 0..200),
        rest in 0..90_000_000_i64,
    ) {
        let (whole, one, other) = (Health::default(), Health::default(), Health::default());
        let mut now = 1_790_000_100_000_i64;
        let mut taken = Vec::new();
        for (outcome, step, is_elsewhere) in steps {
            now += step;
            let at = Timestamp::from_unix_millis(now);
            whole.observe(outcome, at);
            (if is_elsewhere { &other } else { &one }).observe(outcome, at);
            for health in [&one, &other] {
                taken.extend(health.take_unwritten(at));
            }
        }
        let at = Timestamp::from_unix_millis(now + rest);
        let later = Health::default();
        for (quarter, counts) in taken.iter().rev() {
            later.recall(*quarter, counts, at);
        }
        let (counted, recalled) = (whole.report(at), later.report(at));
        prop_assert_eq!(recalled.last_1d, counted.last_1d);
        prop_assert_eq!(recalled.standing.tier, counted.standing.tier);
        prop_assert!(recalled.standing.stable);
        let [before, current] = later.take_unwritten(at).map(|(_, it)| it);
        prop_assert_eq!([before, current], [OutcomeCounts::default(); 2]);
    }
}
