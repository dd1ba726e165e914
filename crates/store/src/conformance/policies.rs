//! Cases of [`PolicyStore`](crate::PolicyStore).

use super::sample::noon;
use crate::{PolicyVersion, StoreError, Stores};

fn version(version: u64) -> PolicyVersion {
    PolicyVersion {
        version,
        rules: format!(r#"[{{"name":"№ {version}"}}]"#),
        note: (!version.is_multiple_of(2)).then(|| "why".to_owned()),
        author: version.is_multiple_of(2).then(|| "sk-or-v1-abc...123".to_owned()),
        created_at: noon().plus_millis(i64::try_from(version).unwrap()),
    }
}

/// Before the first there is none; then each is found by its number, and the newest without.
pub async fn versions_read_back_whole(stores: &Stores) {
    let store = &stores.policies;
    assert_eq!(store.newest().await.unwrap(), None);
    assert_eq!(store.revision().await.unwrap(), 0);
    for number in 1..=3 {
        store.add(version(number)).await.unwrap();
        assert_eq!(store.newest().await.unwrap(), Some(version(number)));
        assert_eq!(store.revision().await.unwrap(), number);
    }
    assert_eq!(store.get(2).await.unwrap(), Some(version(2)));
    assert_eq!(store.get(4).await.unwrap(), None);
    assert_eq!(store.get(0).await.unwrap(), None);
}

/// Of two who add the same number the second is refused, and nothing changes.
pub async fn versions_have_no_gaps_and_are_never_replaced(stores: &Stores) {
    let store = &stores.policies;
    store.add(version(1)).await.unwrap();
    for wrong in [0, 1, 3, u64::MAX] {
        let rules = "[]".to_owned();
        let refused = store.add(PolicyVersion { version: wrong, rules, ..version(1) }).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{wrong}");
    }
    assert_eq!(store.list(10, None).await.unwrap(), [version(1)]);
}

/// Newest first, in pages.
pub async fn rules_list_newest_first(stores: &Stores) {
    let store = &stores.policies;
    for number in 1..=4 {
        store.add(version(number)).await.unwrap();
    }
    let page = store.list(2, None).await.unwrap();
    assert_eq!(page, [version(4), version(3)]);
    assert_eq!(store.list(2, Some(3)).await.unwrap(), [version(2), version(1)]);
    assert_eq!(store.list(2, Some(1)).await.unwrap(), []);
    assert_eq!(store.list(0, None).await.unwrap(), []);
}
