//! Many threads at the same limits.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use tollgate_limits::{Applied, Counters, IDLE, Limit, Load, Measure, Scope, Window, admit};
use tollgate_types::Timestamp;

const THREADS: u64 = 8;
const ROUNDS: u64 = 4_000;

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_790_000_000_000)
}

const fn limit(scope: Scope, measure: Measure, window: Window, amount: u64) -> Limit {
    Limit { scope, measure, window, amount }
}

fn tokens(input_tokens: u64) -> Load {
    Load { input_tokens, ..Load::default() }
}

/// What the threads found themselves to hold and to have used.
#[derive(Default)]
struct Sums {
    in_flight: AtomicU64,
    at_once: AtomicU64,
    spent: AtomicU64,
    called: AtomicU64,
}

const SHARED: [Limit; 4] = [
    limit(Scope::Organisation, Measure::Tokens, Window::InFlight, 500),
    limit(Scope::Workspace, Measure::Requests, Window::InFlight, 5),
    limit(Scope::Organisation, Measure::Tokens, Window::Lifetime, 60_000),
    limit(Scope::Workspace, Measure::Requests, Window::Day, 3_000),
];

/// Every thread has a key of its own, and names its limits in its own order.
fn call_often(counters: &Counters, thread: u64, sums: &Sums) {
    let own = format!("key {thread}");
    let mut limits = SHARED.map(|it| (it, "all")).to_vec();
    limits.push((limit(Scope::Key, Measure::Tokens, Window::Minute, 20_000), own.as_str()));
    limits.rotate_left(usize::try_from(thread).unwrap() % 5);
    for round in 0..ROUNDS {
        let applied: Vec<Applied> =
            limits.iter().map(|(it, id)| counters.applied(it, id, now()).unwrap()).collect();
        let need = 1 + (round * 7 + thread) % 150;
        let Ok(reservation) = admit(&applied, &tokens(need), now()) else { continue };
        sums.called.fetch_add(1, SeqCst);
        assert!(sums.in_flight.fetch_add(need, SeqCst) + need <= 500);
        assert!(sums.at_once.fetch_add(1, SeqCst) < 5);
        thread::yield_now();
        sums.in_flight.fetch_sub(need, SeqCst);
        sums.at_once.fetch_sub(1, SeqCst);
        if round % 5 == 0 {
            drop(reservation);
        } else {
            sums.spent.fetch_add(need / 2, SeqCst);
            reservation.settle(&tokens(need / 2), now());
        }
    }
}

#[test]
fn all_threads_together_take_no_more_than_there_is_and_leak_nothing() {
    let counters = Counters::new(100);
    let sums = Sums::default();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (counters, sums) = (&counters, &sums);
            scope.spawn(move || call_often(counters, thread, sums));
        }
    });
    let left = SHARED.map(|it| counters.applied(&it, "all", now()).unwrap().standing(now()).used);
    assert_eq!(left, [0, 0, sums.spent.load(SeqCst), sums.called.load(SeqCst)]);
    assert!(left[2] <= 60_000 && left[3] <= 3_000, "{left:?}");
    assert!(left[3] > 100, "{left:?}");
}

#[test]
fn nobody_is_refused_because_others_are_being_refused() {
    let counters = Counters::new(100);
    let one = limit(Scope::Workspace, Measure::Requests, Window::InFlight, 1);
    let none = limit(Scope::Key, Measure::Requests, Window::Day, 0);
    let free = [counters.applied(&one, "w", now()).unwrap()];
    let blocked = [free[0].clone(), counters.applied(&none, "k", now()).unwrap()];
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    assert!(admit(&blocked, &tokens(1), now()).is_err());
                }
            });
        }
        for _ in 0..20_000 {
            admit(&free, &tokens(1), now()).unwrap().settle(&tokens(1), now());
        }
    });
}

#[test]
fn what_is_swept_meanwhile_is_not_lost() {
    let counters = Counters::new(100);
    let few = limit(Scope::EndUser, Measure::Requests, Window::InFlight, 3);
    let at_once = AtomicU64::new(0);
    let call = || {
        let applied = [counters.applied(&few, "one", now()).unwrap()];
        let Ok(reservation) = admit(&applied, &tokens(1), now()) else { return };
        drop(applied);
        assert!(at_once.fetch_add(1, SeqCst) < 3);
        at_once.fetch_sub(1, SeqCst);
        reservation.settle(&tokens(1), now());
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| call()));
        }
        for _ in 0..10_000 {
            counters.sweep(now().plus_millis(IDLE));
        }
    });
    counters.sweep(now().plus_millis(2 * IDLE));
    assert!(counters.is_empty());
}
