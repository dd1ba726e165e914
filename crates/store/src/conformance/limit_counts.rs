//! Cases of [`LimitCountStore`](crate::LimitCountStore).

use tollgate_limits::{Entry, Measure, Scope, Window};

use super::sample::{at, noon};
use crate::Stores;

/// 21 November 2026, in days since the epoch.
const TODAY: i64 = 20_778;

fn count(id: &str, window: Window, starts_day: Option<i64>, used: u64) -> Entry {
    let (scope, measure) = (Scope::Tag, Measure::Tokens);
    Entry { scope, id: id.to_owned(), measure, window, starts_day, used, held: 0 }
}

/// The last one kept of a counter is the one there is, and what was held is not kept.
pub async fn counts_read_back_and_replace_each_other(stores: &Stores) {
    assert_eq!(stores.limit_counts.counts().await.unwrap(), []);
    let today = count("x-team=Grün 🌱", Window::Day, Some(TODAY), 7);
    let ever = Entry {
        scope: Scope::Organisation,
        measure: Measure::Spend,
        ..count("default", Window::Lifetime, None, u64::try_from(i64::MAX).unwrap())
    };
    let held = Entry { held: 5, ..today.clone() };
    stores.limit_counts.keep(vec![held, ever.clone()], noon()).await.unwrap();
    assert_eq!(stores.limit_counts.counts().await.unwrap(), [ever.clone(), today.clone()]);
    let more = Entry { used: 9, ..today };
    for _ in 0..2 {
        stores.limit_counts.keep(vec![more.clone()], noon()).await.unwrap();
        assert_eq!(stores.limit_counts.counts().await.unwrap(), [ever.clone(), more.clone()]);
    }
}

/// A day's count is gone the next day, a week's on Monday, a month's on the first; all time never.
pub async fn counts_of_windows_that_have_ended_are_forgotten(stores: &Stores) {
    let counts = [
        count("a", Window::Day, Some(TODAY), 1),
        count("a", Window::Week, Some(TODAY - 5), 1),
        count("a", Window::Month, Some(TODAY - 20), 1),
        count("a", Window::Lifetime, None, 1),
    ];
    stores.limit_counts.keep(counts.to_vec(), noon()).await.unwrap();
    for (now, left) in [
        ("2026-11-21T23:59:59.999Z", 4),
        ("2026-11-22T00:00:00Z", 3),
        ("2026-11-23T00:00:00Z", 2),
        ("2026-12-01T00:00:00Z", 1),
        ("2126-12-01T00:00:00Z", 1),
    ] {
        stores.limit_counts.keep(Vec::new(), at(now)).await.unwrap();
        let kept = stores.limit_counts.counts().await.unwrap();
        assert_eq!(kept.len(), left, "{now}: {kept:?}");
    }
}
