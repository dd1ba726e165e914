//! Cases of [`LimitCountStore`](crate::LimitCountStore).

use std::time::Duration;

use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};

use super::sample::at;
use crate::{BELIEVED, Heard, Stores};

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
    store.keep(&own, vec![today.clone(), ever.clone()]).await.unwrap();
    assert_eq!(store.counts(&own).await.unwrap(), [ever.clone(), today.clone()]);
    let more = Entry { used: 9, held: 0, ..today };
    for _ in 0..2 {
        store.keep(&own, vec![more.clone()]).await.unwrap();
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
    store.keep(&own, counts.to_vec()).await.unwrap();
    for (now, left, left_by_others) in [
        ("2026-11-21T23:59:59.999Z", 4, 4),
        ("2026-11-22T00:00:00Z", 3, 4),
        ("2026-11-23T00:00:00Z", 2, 3),
        ("2026-12-01T00:00:00Z", 1, 2),
        ("2126-12-01T00:00:00Z", 1, 1),
    ] {
        // Others may be gone, or have a clock that is behind.
        store.forget_ended(&node("b"), at(now)).await.unwrap();
        let kept = store.counts(&own).await.unwrap();
        assert_eq!(kept.len(), left_by_others, "{now}: {kept:?}");
        store.keep(&own, counts.to_vec()).await.unwrap();
        store.forget_ended(&own, at(now)).await.unwrap();
        let kept = store.counts(&own).await.unwrap();
        assert_eq!(kept.len(), left, "{now}: {kept:?}");
        store.keep(&own, counts.to_vec()).await.unwrap();
    }
}

/// What others told is added up, of what they told something new of; never one's own. Something may
/// be told twice, while others write; not for ever.
pub async fn counts_of_other_nodes_are_added_up(stores: &Stores) {
    let store = &stores.limit_counts;
    let day = |used, held| Entry { held, ..count("x", Window::Day, Some(TODAY), used) };
    let minute = |used| count("x", Window::Minute, None, used);
    let heard = |name: &'static str, since| async move {
        stores.limit_counts.elsewhere(&node(name), since, BELIEVED).await.unwrap()
    };
    let all_heard = |name: &'static str| async move {
        let mut news = heard(name, Heard::default()).await;
        for _ in 0..1_000 {
            if news.counts.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            news = heard(name, news.heard).await;
        }
        assert_eq!(news.counts, [], "the same is told for ever");
        news.heard
    };
    let never = Heard::default();
    assert_eq!(heard("a", never).await.counts, []);
    store.keep(&node("a"), vec![day(1, 1), minute(1)]).await.unwrap();
    store.keep(&node("b"), vec![day(20, 2), minute(20)]).await.unwrap();
    assert_eq!(heard("a", never).await.counts, [minute(20), day(20, 2)]);
    let since = all_heard("a").await;
    store.keep(&node("c"), vec![day(300, 3)]).await.unwrap();
    assert_eq!(
        heard("a", since).await.counts,
        [day(320, 5)],
        "of minutes nobody told anything new"
    );
    assert_eq!(heard("a", never).await.counts, [minute(20), day(320, 5)]);
    assert_eq!(heard("c", never).await.counts, [minute(21), day(21, 3)]);
    let (of_a, of_c) = (all_heard("a").await, all_heard("c").await);
    store.keep(&node("a"), vec![day(2, 0)]).await.unwrap();
    assert_eq!(heard("a", of_a).await.counts, []);
    assert_eq!(heard("c", of_c).await.counts, [day(22, 2)]);
}

/// What it used of a day counts on; what it has in flight and what it used of a minute does not.
pub async fn who_tells_nothing_for_long_is_not_believed(stores: &Stores) {
    let store = &stores.limit_counts;
    let day = |used, held| Entry { held, ..count("x", Window::Day, Some(TODAY), used) };
    let minute = |used| count("x", Window::Minute, None, used);
    store.keep(&node("b"), vec![day(20, 2), minute(20)]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    store.keep(&node("c"), vec![day(300, 3)]).await.unwrap();
    for (believed, expected) in [
        (Duration::from_mins(1), [minute(20), day(320, 5)]),
        (Duration::from_millis(300), [minute(0), day(320, 3)]),
    ] {
        let news = store.elsewhere(&node("a"), Heard::default(), believed).await.unwrap();
        assert_eq!(news.counts, expected, "{believed:?}");
    }
}
