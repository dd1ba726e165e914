//! Cases of [`LimitCountStore`](crate::LimitCountStore).

use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};

use super::sample::{at, noon};
use crate::Stores;

/// 21 November 2026, in days since the epoch.
const TODAY: i64 = 20_778;

fn count(id: &str, window: Window, starts_day: Option<i64>, used: u64) -> Entry {
    let (scope, measure) = (Scope::Tag, Measure::Tokens);
    Entry { scope, id: id.to_owned(), measure, window, starts_day, used, held: 0 }
}

fn node(name: &str) -> NodeId {
    NodeId::new(name)
}

/// The last one that a node told of a counter is the one there is.
pub async fn counts_read_back_and_replace_each_other(stores: &Stores) {
    let (store, own) = (&stores.limit_counts, node("a"));
    assert_eq!(store.counts(&own).await.unwrap(), []);
    let today = Entry { held: 5, ..count("x-team=Grün 🌱", Window::Day, Some(TODAY), 7) };
    let ever = Entry {
        scope: Scope::Organisation,
        measure: Measure::Spend,
        ..count("default", Window::Lifetime, None, u64::try_from(i64::MAX).unwrap())
    };
    store.keep(&own, vec![today.clone(), ever.clone()], noon()).await.unwrap();
    assert_eq!(store.counts(&own).await.unwrap(), [ever.clone(), today.clone()]);
    let more = Entry { used: 9, held: 0, ..today };
    for _ in 0..2 {
        store.keep(&own, vec![more.clone()], noon()).await.unwrap();
        assert_eq!(store.counts(&own).await.unwrap(), [ever.clone(), more.clone()]);
    }
    assert_eq!(store.counts(&node("b")).await.unwrap(), []);
}

/// A day's count is gone the next day, a week's on Monday, a month's on the first; all time never.
pub async fn counts_of_windows_that_have_ended_are_forgotten(stores: &Stores) {
    let (store, own) = (&stores.limit_counts, node("a"));
    let counts = [
        count("a", Window::Day, Some(TODAY), 1),
        count("a", Window::Week, Some(TODAY - 5), 1),
        count("a", Window::Month, Some(TODAY - 20), 1),
        count("a", Window::Lifetime, None, 1),
    ];
    store.keep(&own, counts.to_vec(), noon()).await.unwrap();
    for (now, left) in [
        ("2026-11-21T23:59:59.999Z", 4),
        ("2026-11-22T00:00:00Z", 3),
        ("2026-11-23T00:00:00Z", 2),
        ("2026-12-01T00:00:00Z", 1),
        ("2126-12-01T00:00:00Z", 1),
    ] {
        store.keep(&node("b"), Vec::new(), at(now)).await.unwrap();
        let kept = store.counts(&own).await.unwrap();
        assert_eq!(kept.len(), left, "{now}: {kept:?}");
    }
}

/// What others told is added up, of what they told something new of; never one's own.
pub async fn counts_of_other_nodes_are_added_up(stores: &Stores) {
    let store = &stores.limit_counts;
    let (old, new) = (noon(), noon().plus_millis(10_000));
    let day = |used, held| Entry { held, ..count("x", Window::Day, Some(TODAY), used) };
    let minute = |used| count("x", Window::Minute, None, used);
    store.keep(&node("a"), vec![day(1, 1), minute(1)], old).await.unwrap();
    store.keep(&node("b"), vec![day(20, 2), minute(20)], old).await.unwrap();
    store.keep(&node("c"), vec![day(300, 3)], new).await.unwrap();
    let heard = |name: &'static str, since, now| async move {
        stores.limit_counts.elsewhere(&node(name), since, now).await.unwrap()
    };
    assert_eq!(heard("a", old, new).await, [minute(20), day(320, 5)]);
    assert_eq!(heard("a", new, new).await, [day(320, 5)], "of minutes nobody told anything new");
    assert_eq!(heard("c", old, new).await, [minute(21), day(21, 3)]);
    assert_eq!(heard("c", new, new).await, []);
    // Who has told nothing for a minute may be gone: what it used of a day counts on.
    let later = old.plus_millis(60_001);
    assert_eq!(heard("a", old, later).await, [minute(0), day(320, 3)]);
    assert_eq!(heard("a", old, later.plus_millis(10_000)).await, [minute(0), day(320, 0)]);
}
