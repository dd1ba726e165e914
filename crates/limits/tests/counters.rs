//! Which counters are kept, and what outlives a restart.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use tollgate_limits::{
    Counters, Entry, Full, IDLE, Limit, Load, Measure, Relief, Scope, Share, Snapshot, Window,
    admit,
};
use tollgate_types::Timestamp;

const WINDOWS: [Window; 6] =
    [Window::InFlight, Window::Minute, Window::Day, Window::Week, Window::Month, Window::Lifetime];

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// A Sunday, the last day of its week but not of its month.
fn sunday() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

fn tokens(input_tokens: u64) -> Load {
    Load { input_tokens, ..Load::default() }
}

fn limit(window: Window) -> Limit {
    Limit { scope: Scope::EndUser, measure: Measure::Tokens, window, amount: 100 }
}

fn used(counters: &Counters, window: Window, now: Timestamp) -> u64 {
    counters.applied(&limit(window), "u", now).unwrap().standing(now).used
}

fn take(counters: &Counters, windows: &[Window], amount: u64, now: Timestamp) {
    let applied: Vec<_> =
        windows.iter().map(|it| counters.applied(&limit(*it), "u", now).unwrap()).collect();
    admit(&applied, &tokens(amount), now).unwrap().settle(&tokens(amount), now);
}

#[test]
fn a_counter_is_dropped_when_nothing_of_it_counts_and_not_before() {
    for (window, last) in [
        (Window::InFlight, Some("2026-03-01T12:04:59.999Z")),
        (Window::Minute, Some("2026-03-01T12:04:59.999Z")),
        (Window::Day, Some("2026-03-01T23:59:59.999Z")),
        (Window::Week, Some("2026-03-01T23:59:59.999Z")),
        (Window::Month, Some("2026-03-31T23:59:59.999Z")),
        (Window::Lifetime, None),
    ] {
        let counters = Counters::new(1);
        take(&counters, &[window], 100, sunday());
        let last = last.map_or(at("2126-01-01T00:00:00Z"), at);
        assert_eq!(counters.sweep(last), 0, "{window:?}");
        assert_eq!(counters.len(), 1);
        let dropped = usize::from(window != Window::Lifetime);
        assert_eq!(counters.sweep(last.plus_millis(1)), dropped, "{window:?}");
        assert_eq!(counters.is_empty(), dropped == 1);
    }
}

#[test]
fn who_is_at_hand_or_running_is_not_dropped() {
    let counters = Counters::new(2);
    let later = sunday().plus_millis(2 * IDLE);
    let at_hand = counters.applied(&limit(Window::Minute), "u", sunday()).unwrap();
    assert_eq!(counters.sweep(later), 0);
    let running = admit(&[at_hand], &tokens(5), sunday()).unwrap();
    assert_eq!(counters.sweep(later), 0);
    drop(running);
    assert_eq!(counters.sweep(later), 1);
    // One that is asked for is not idle, though nothing of it counts.
    drop(counters.applied(&limit(Window::Day), "u", sunday()).unwrap());
    used(&counters, Window::Day, later);
    assert_eq!(counters.sweep(later.plus_millis(IDLE - 1)), 0);
    // Nor is one kept because it is told of now and then.
    let told = counters.entries(later.plus_millis(IDLE - 1));
    assert_eq!(counters.observed(&told[0], 0, later.plus_millis(IDLE - 1)), Ok(true));
    assert_eq!(counters.snapshot(later.plus_millis(IDLE - 1)), Snapshot::default());
    assert_eq!(counters.sweep(later.plus_millis(IDLE)), 1);
}

#[test]
fn a_clock_that_was_far_ahead_keeps_no_counter_for_good() {
    let counters = Counters::new(1);
    drop(counters.applied(&limit(Window::Minute), "u", at("2031-01-01T00:00:00Z")).unwrap());
    assert_eq!(counters.sweep(sunday()), 0);
    assert_eq!(counters.sweep(sunday().plus_millis(IDLE)), 1);
}

#[test]
fn there_are_no_more_counters_than_there_may_be() {
    let counters = Counters::new(2);
    for id in ["a", "b"] {
        drop(counters.applied(&limit(Window::Minute), id, sunday()).unwrap());
    }
    assert_eq!(counters.applied(&limit(Window::Minute), "c", sunday()).unwrap_err(), Full);
    assert!(counters.applied(&limit(Window::Minute), "a", sunday()).is_ok());
    assert_eq!(counters.sweep(sunday().plus_millis(IDLE)), 2);
    assert!(counters.applied(&limit(Window::Minute), "c", sunday()).is_ok());
    assert_eq!(counters.len(), 1);
}

#[test]
fn who_is_gone_is_forgotten() {
    let counters = Counters::new(10);
    take(&counters, &WINDOWS, 10, sunday());
    assert_eq!(counters.len(), 6);
    let running = counters.applied(&limit(Window::Lifetime), "u", sunday()).unwrap();
    let running = admit(&[running], &tokens(5), sunday()).unwrap();
    counters.forget(Scope::Key, "u");
    assert_eq!(counters.len(), 6, "another scope's");
    counters.forget(Scope::EndUser, "u");
    running.settle(&tokens(5), sunday());
    assert_eq!(counters.len(), 0);
    assert_eq!(used(&counters, Window::Lifetime, sunday()), 0);
}

#[test]
fn a_restart_forgets_no_day() {
    let before = Counters::new(10);
    take(&before, &WINDOWS, 40, sunday());
    let kept = before.snapshot(sunday());
    let text = serde_json::to_string(&kept).unwrap();
    let kept: Snapshot = serde_json::from_str(&text).unwrap();
    for (now, expected) in [
        ("2026-03-01T12:00:01Z", [0, 0, 40, 40, 40, 40]),
        ("2026-03-02T00:00:00Z", [0, 0, 0, 0, 40, 40]),
        ("2026-04-01T00:00:00Z", [0, 0, 0, 0, 0, 40]),
        // The clock went back between: what was counted ahead counts now.
        ("2026-02-20T00:00:00Z", [0, 0, 40, 40, 40, 40]),
    ] {
        let after = Counters::new(10);
        after.restore(&kept, at(now)).unwrap();
        assert_eq!(WINDOWS.map(|it| used(&after, it, at(now))), expected, "{now}");
    }
    assert_eq!(Counters::new(3).restore(&kept, sunday()), Err(Full));
}

#[test]
fn a_snapshot_is_plain_values() {
    let counters = Counters::new(10);
    let windows = [Window::Day, Window::Week, Window::Month, Window::Lifetime];
    let applied = windows.map(|it| counters.applied(&limit(it), "u", sunday()).unwrap());
    admit(&applied, &tokens(7), sunday()).unwrap().settle(&tokens(7), sunday());
    let running = admit(&applied, &tokens(3), sunday()).unwrap();
    let snapshot = serde_json::to_value(counters.snapshot(sunday())).unwrap();
    let entry = |window: &str, starts_day: Option<i64>| {
        serde_json::json!({
            "scope": "end_user", "id": "u", "measure": "tokens", "window": window,
            "starts_day": starts_day, "used": 7, "held": 3,
        })
    };
    let expected = [
        entry("day", Some(20_513)),
        entry("week", Some(20_507)),
        entry("month", Some(20_513)),
        entry("lifetime", None),
    ];
    assert_eq!(snapshot, serde_json::json!({ "entries": expected }));
    drop(running);
}

#[test]
fn what_other_nodes_took_counts_here() {
    for window in [Window::Day, Window::Week, Window::Month, Window::Lifetime] {
        let counters = Counters::new(1);
        take(&counters, &[window], 30, sunday());
        let mine: Vec<Entry> = counters.entries(sunday());
        assert_eq!(mine[0].used, 30);
        assert_eq!(counters.observed(&mine[0], 50, sunday()), Ok(true));
        assert_eq!(used(&counters, window, sunday()), 80);
        let applied = [counters.applied(&limit(window), "u", sunday()).unwrap()];
        assert_eq!(admit(&applied, &tokens(21), sunday()).unwrap_err().used, 80);
        assert_eq!(counters.observed(&mine[0], 20, sunday()), Ok(true), "in place of the last");
        assert_eq!(used(&counters, window, sunday()), 50);
        assert_eq!(counters.entries(sunday())[0].used, 30, "what others took is not ours to tell");
        if window != Window::Lifetime {
            let later = at("2026-04-01T00:00:00Z");
            assert_eq!(used(&counters, window, later), 0);
            assert_eq!(counters.observed(&mine[0], 20, later), Ok(false), "that has passed");
            assert_eq!(used(&counters, window, later), 0);
        }
    }
}

#[test]
fn what_other_nodes_took_in_a_minute_holds_for_a_minute() {
    for window in [Window::Minute, Window::InFlight] {
        let counters = Counters::new(1);
        let after = |seconds: i64| sunday().plus_millis(seconds * 1_000);
        drop(counters.applied(&limit(window), "u", sunday()).unwrap());
        let mine = counters.entries(sunday());
        assert_eq!(counters.observed(&mine[0], 90, after(0)), Ok(true));
        take(&counters, &[window], 5, after(10));
        let applied = [counters.applied(&limit(window), "u", after(10)).unwrap()];
        let refusal = admit(&applied, &tokens(20), after(10)).unwrap_err();
        let relief =
            if window == Window::Minute { Relief::At(after(60)) } else { Relief::WhenCallsEnd };
        assert_eq!(refusal.relief, relief);
        drop(applied);
        assert_eq!(counters.sweep(after(59)), 0);
        assert!(used(&counters, window, after(59)) >= 90);
        assert!(used(&counters, window, after(60)) <= 5);
    }
}

#[test]
fn what_other_nodes_took_counts_on_when_the_clock_goes_back() {
    let back = sunday().plus_millis(-86_400_000);
    for (window, ends) in [
        (Window::Minute, back.plus_millis(60_000)),
        (Window::Day, at("2026-03-01T00:00:00Z")),
        (Window::Month, at("2026-03-01T00:00:00Z")),
    ] {
        let counters = Counters::new(1);
        drop(counters.applied(&limit(window), "u", sunday()).unwrap());
        let mine = counters.entries(sunday());
        assert_eq!(counters.observed(&mine[0], 90, sunday()), Ok(true));
        assert_eq!(used(&counters, window, back), 90, "{window:?}");
        assert_eq!(used(&counters, window, ends.plus_millis(-1)), 90, "{window:?}");
        assert_eq!(used(&counters, window, ends), 0, "{window:?}");
    }
}

/// Whoever makes up names uses up his own share: what is counted already is found, and others find
/// room.
#[test]
fn names_of_one_leave_room_for_others() {
    let counters = Counters::new(1_000);
    let (one, other) = (Share::default(), Share::default());
    let made = |share: &Share, prefix: &str| {
        let applied = |id: usize| {
            let id = format!("{prefix}{id}");
            counters.applied_within((share, 100), &limit(Window::Minute), &id, sunday()).is_ok()
        };
        (0..1_000).take_while(|id| applied(*id)).count()
    };
    assert_eq!(made(&one, "a"), 75);
    assert_eq!(made(&other, "b"), 19);
    assert_eq!((one.held(), other.held(), counters.len()), (75, 19, 94));
    let again = counters.applied_within((&one, 100), &limit(Window::Minute), "a3", sunday());
    assert!(again.is_ok(), "known already");
    assert!(counters.applied_within((&one, 0), &limit(Window::Minute), "a3", sunday()).is_ok());
    assert!(counters.applied_within((&one, 100), &limit(Window::Minute), "a99", sunday()).is_err());
    drop(again);
    counters.sweep(sunday().plus_millis(IDLE));
    assert_eq!((one.held(), other.held(), counters.len()), (0, 0, 0));
}
