//! What admitting and settling a call costs, by how many limits it has: with counters at hand, and
//! with counters that are looked for by name. Then the same with all cores at one organisation.
//!
//! Run with `cargo run --profile dist -p tollgate-limits --example measure`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people, which measures time"
)]

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use tollgate_limits::{Applied, Counters, Limit, Load, Measure, Scope, Window, admit};
use tollgate_types::{Timestamp, Usd};

const ROUNDS: u32 = 200_000;
const REPEATS: u32 = 9;
const IDS: [(Scope, &str); 4] = [
    (Scope::Key, "0f3a6cd1e5b84d0f9a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"),
    (Scope::Organisation, "7d0f0c6e-1f0f-4a52-9a55-0c1f1a2b3c4d"),
    (Scope::EndUser, "user-4711"),
    (Scope::Model, "acme/large-2"),
];
const KINDS: [(Measure, Window); 3] = [
    (Measure::Requests, Window::Minute),
    (Measure::Tokens, Window::Day),
    (Measure::Spend, Window::Month),
];

/// A limit for each of `count` counters, of every scope before a second of any.
fn limits(count: usize) -> impl Iterator<Item = (Limit, &'static str)> {
    let all = KINDS.into_iter().flat_map(|kind| IDS.map(|whose| (kind, whose)));
    all.take(count).map(|((measure, window), (scope, id))| {
        (Limit { scope, measure, window, amount: u64::MAX / 2 }, id)
    })
}

fn applied(counters: &Counters, count: usize, now: Timestamp) -> Vec<Applied> {
    limits(count).map(|(limit, id)| counters.applied(&limit, id, now).unwrap()).collect()
}

fn call(applied: &[Applied], now: Timestamp) {
    let need = Load {
        input_tokens: 900,
        output_tokens: 500,
        spend: Usd::from_nanos(2_000),
        spend_with_own: Usd::from_nanos(2_000),
    };
    let used = Load { output_tokens: 120, spend: Usd::from_nanos(700), ..need };
    admit(black_box(applied), &need, now).unwrap().settle(black_box(&used), now);
}

/// The best of some repeats, in nanoseconds a round: the others were disturbed.
fn best(mut round: impl FnMut(Timestamp)) -> u128 {
    let mut millis = 1_790_000_000_000;
    let mut shortest = Duration::MAX;
    for _ in 0..REPEATS {
        let started = Instant::now();
        for _ in 0..ROUNDS {
            // A thousand calls a second.
            millis += 1;
            round(Timestamp::from_unix_millis(millis));
        }
        shortest = shortest.min(started.elapsed());
    }
    shortest.as_nanos() / u128::from(ROUNDS)
}

fn main() {
    println!("limits  at hand, ns  looked for, ns");
    for count in [1, 4, 12] {
        let counters = Counters::new(1_000);
        let at_hand = applied(&counters, count, Timestamp::default());
        let known = best(|now| call(&at_hand, now));
        let found = best(|now| call(&applied(&counters, count, now), now));
        println!("{count:>6}  {known:>11}  {found:>14}");
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let counters = Counters::new(1_000);
    let at_hand = applied(&counters, 4, Timestamp::default());
    let slowest = thread::scope(|scope| {
        let run = || best(|now| call(&at_hand, now));
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(|it| it.join().unwrap()).max().unwrap_or(0)
    });
    println!("{threads} threads at the same 4 limits: {slowest} ns a call in each");
}
