//! Cases of [`CredentialStore`](crate::CredentialStore).

use tollgate_types::{KeyHash, ProviderSlug};

use super::sample::{hash, noon};
use crate::{
    Change, CredentialPatch, CredentialRecord, DEFAULT_WORKSPACE_ID, KeyRecord, KeySuccessor,
    NewSecret, StoreError, Stores,
};

fn plain(id: &str, provider: &str) -> CredentialRecord {
    CredentialRecord {
        id: id.to_owned(),
        provider: ProviderSlug::parse(provider).unwrap(),
        workspace_id: None,
        name: None,
        label: "sk-...1".to_owned(),
        sealed: vec![1, 0, 255],
        disabled: false,
        is_fallback: false,
        always_use: false,
        sort_order: 0,
        allowed_models: None,
        allowed_user_ids: None,
        allowed_api_key_hashes: None,
        created_at: noon(),
    }
}

fn full(id: &str, provider: &str) -> CredentialRecord {
    CredentialRecord {
        workspace_id: Some(DEFAULT_WORKSPACE_ID.to_owned()),
        name: Some("ключ".to_owned()),
        disabled: true,
        is_fallback: true,
        always_use: true,
        allowed_models: Some(vec!["acme/m".to_owned(), "acme/n".to_owned()]),
        allowed_user_ids: Some(Vec::new()),
        allowed_api_key_hashes: Some(vec!["ab".repeat(32)]),
        ..plain(id, provider)
    }
}

/// Every member comes back, absent ones absent, and the store gives out places by provider.
pub async fn callers_keys_read_back_whole(stores: &Stores) {
    let store = &stores.credentials;
    assert_eq!(store.all().await.unwrap(), []);
    let one = store.insert(full("b", "openai")).await.unwrap();
    assert_eq!(one, full("b", "openai"));
    let two = CredentialRecord { sort_order: 1, ..plain("a", "openai") };
    let unplaced = CredentialRecord { sort_order: 77, ..plain("a", "openai") };
    assert_eq!(store.insert(unplaced).await.unwrap(), two);
    let other = store.insert(plain("c", "anthropic")).await.unwrap();
    assert_eq!(other.sort_order, 0);
    assert_eq!(store.get("b").await.unwrap(), Some(one.clone()));
    assert_eq!(store.get("x").await.unwrap(), None);
    assert_eq!(store.all().await.unwrap(), [other, one.clone(), two]);
    let taken = store.insert(plain("b", "groq")).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
    assert_eq!(store.get("b").await.unwrap(), Some(one));
}

/// What a patch does not name stays.
pub async fn a_callers_key_changes_where_it_is_told_to(stores: &Stores) {
    let store = &stores.credentials;
    let mut expected = store.insert(full("a", "openai")).await.unwrap();
    for patch in [
        CredentialPatch::default(),
        CredentialPatch { name: Change::Set(None), ..CredentialPatch::default() },
        CredentialPatch {
            disabled: Change::Set(false),
            is_fallback: Change::Set(false),
            always_use: Change::Set(false),
            sort_order: Change::Set(9),
            ..CredentialPatch::default()
        },
        CredentialPatch {
            allowed_models: Change::Set(None),
            allowed_user_ids: Change::Set(Some(vec!["u".to_owned()])),
            allowed_api_key_hashes: Change::Set(None),
            ..CredentialPatch::default()
        },
        CredentialPatch {
            secret: Change::Set(NewSecret { label: "sk-...2".to_owned(), sealed: vec![2] }),
            ..CredentialPatch::default()
        },
    ] {
        patch.clone().apply_to(&mut expected);
        // It is the only one of its provider.
        expected.sort_order = 0;
        assert_eq!(store.update("a", patch).await.unwrap().as_ref(), Some(&expected));
        assert_eq!(store.get("a").await.unwrap().as_ref(), Some(&expected));
    }
    assert_eq!(store.update("x", CredentialPatch::default()).await.unwrap(), None);
    assert!(!store.reseal("a", &[7], vec![3]).await.unwrap());
    assert!(!store.reseal("x", &[2], vec![3]).await.unwrap());
    assert!(store.reseal("a", &[2], vec![3]).await.unwrap());
    assert_eq!(store.get("a").await.unwrap().unwrap().sealed, [3]);
}

/// A key that moves has the place that it was told, and the others keep their order.
pub async fn a_callers_key_moves_among_those_of_its_provider(stores: &Stores) {
    let store = &stores.credentials;
    for (id, provider) in [("c", "openai"), ("a", "openai"), ("z", "groq"), ("b", "openai")] {
        store.insert(plain(id, provider)).await.unwrap();
    }
    for (id, place, order) in [
        ("b", 0, ["b", "c", "a"]),
        ("b", 1, ["c", "b", "a"]),
        ("c", 2, ["b", "a", "c"]),
        ("a", 9, ["b", "c", "a"]),
        ("b", 0, ["b", "c", "a"]),
    ] {
        let move_to = CredentialPatch { sort_order: Change::Set(place), ..Default::default() };
        let moved = store.update(id, move_to).await.unwrap().unwrap();
        assert_eq!(store.get(id).await.unwrap(), Some(moved));
        let mut all = store.all().await.unwrap();
        all.retain(|it| it.provider.as_str() == "openai");
        let places = order.into_iter().zip(0..).collect::<Vec<_>>();
        let found = all.iter().map(|it| (it.id.as_str(), it.sort_order)).collect::<Vec<_>>();
        assert_eq!(found, places, "{id} {place}");
    }
    // What has gone leaves no place, and those of others stay.
    assert!(store.delete("c", noon()).await.unwrap());
    let last = CredentialPatch { sort_order: Change::Set(1), ..Default::default() };
    assert_eq!(store.update("b", last).await.unwrap().unwrap().sort_order, 1);
    assert_eq!(store.get("a").await.unwrap().unwrap().sort_order, 0);
    assert_eq!(store.get("z").await.unwrap().unwrap().sort_order, 0);
}

/// A caller's key that is rotated is the same caller's.
pub async fn a_callers_key_follows_whom_it_is_for(stores: &Stores) {
    let (old, new, other) = (hash(1), hash(2), hash(3));
    stores.keys.insert(KeyRecord::new(old, "a", "a", noon())).await.unwrap();
    let store = &stores.credentials;
    let hashes = |hashes: &[KeyHash]| Some(hashes.iter().map(KeyHash::to_hex).collect::<Vec<_>>());
    for (id, named) in [("a", hashes(&[other, old])), ("b", hashes(&[other])), ("c", None)] {
        let record = CredentialRecord { allowed_api_key_hashes: named, ..plain(id, "openai") };
        store.insert(record).await.unwrap();
    }
    let before = store.revision().await.unwrap();
    let successor = KeySuccessor { hash: new, label: "b".to_owned(), overlap_until: None };
    stores.keys.replace(old, successor, noon()).await.unwrap();
    assert!(store.revision().await.unwrap() > before);
    let all = store.all().await.unwrap();
    let named: Vec<_> = all.into_iter().map(|it| it.allowed_api_key_hashes).collect();
    assert_eq!(named, [hashes(&[other, new]), hashes(&[other]), None]);
}

/// It can't be had again, and its id is taken for ever.
pub async fn a_deleted_callers_key_is_gone(stores: &Stores) {
    let store = &stores.credentials;
    store.insert(plain("a", "openai")).await.unwrap();
    assert!(store.delete("a", noon()).await.unwrap());
    assert!(!store.delete("a", noon()).await.unwrap());
    assert_eq!(store.get("a").await.unwrap(), None);
    assert_eq!(store.all().await.unwrap(), []);
    assert_eq!(store.update("a", CredentialPatch::default()).await.unwrap(), None);
    assert!(!store.reseal("a", &[1, 0, 255], vec![3]).await.unwrap());
    let again = store.insert(plain("a", "openai")).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

/// Whoever polls sees every change.
pub async fn the_callers_keys_revision_grows_with_every_change(stores: &Stores) {
    let store = &stores.credentials;
    let mut before = store.revision().await.unwrap();
    for step in 0..4 {
        match step {
            0 => drop(store.insert(plain("a", "openai")).await.unwrap()),
            1 => {
                let patch =
                    CredentialPatch { disabled: Change::Set(true), ..CredentialPatch::default() };
                store.update("a", patch).await.unwrap();
            }
            2 => assert!(store.reseal("a", &[1, 0, 255], vec![3]).await.unwrap()),
            _ => assert!(store.delete("a", noon()).await.unwrap()),
        }
        let after = store.revision().await.unwrap();
        assert!(after > before, "{step}");
        before = after;
    }
    assert!(!store.delete("a", noon()).await.unwrap());
    assert_eq!(store.revision().await.unwrap(), before);
}
