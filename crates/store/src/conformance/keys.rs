//! Cases of [`KeyStore`](crate::KeyStore).

use tollgate_limits::KeyLimits;
use tollgate_types::{AddressRange, KeyHash, Timestamp, Usd};

use super::sample::{hash, key, noon, plain_key, rate_limits, spend};
use crate::{
    Change, FormerSecret, KeyPatch, KeyQuery, KeyRecord, KeySuccessor, Rekeyed, ResetInterval,
    StoreError, Stores,
};

/// Every field survives, set or empty.
pub async fn an_inserted_key_reads_back_whole(stores: &Stores) {
    let extremes = KeyRecord {
        limit: Some(Usd::from_nanos(i64::MIN)),
        created_at: Timestamp::from_unix_millis(i64::MIN),
        updated_at: Some(Timestamp::from_unix_millis(i64::MAX)),
        expires_at: Some(Timestamp::from_unix_millis(i64::MAX)),
        name: String::new(),
        ..plain_key(3)
    };
    let session = KeyRecord { session: true, ..plain_key(4) };
    for record in [key(1), plain_key(2), extremes, session] {
        stores.keys.insert(record.clone()).await.unwrap();
        assert_eq!(stores.keys.get(record.hash).await.unwrap(), Some(record));
    }
    assert_eq!(stores.keys.get(hash(9)).await.unwrap(), None);
}

/// The first insert wins.
pub async fn a_taken_hash_is_a_conflict_and_changes_nothing(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    let revision = stores.keys.revision().await.unwrap();
    let second = stores.keys.insert(KeyRecord { name: "other".to_owned(), ..plain_key(1) }).await;
    assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
    assert_eq!(stores.keys.get(hash(1)).await.unwrap(), Some(plain_key(1)));
    assert_eq!(stores.keys.revision().await.unwrap(), revision);
}

/// Newest first, then by hash; pages are cut from that order.
pub async fn keys_list_newest_first_in_pages(stores: &Stores) {
    let aged = |byte, millis| KeyRecord {
        created_at: noon().plus_millis(millis),
        ..KeyRecord::new(hash(byte), "", "", noon())
    };
    for record in [aged(1, 0), aged(5, 7), aged(2, 7), aged(4, -7), aged(3, 9)] {
        stores.keys.insert(record).await.unwrap();
    }
    let expected = [3, 2, 5, 1, 4].map(hash);
    assert_eq!(hashes(&stores.keys.all().await.unwrap()), expected);
    let page = |offset, limit| KeyQuery { offset, limit, ..everything() };
    for (query, range) in [
        (page(0, 2), 0..2),
        (page(2, 2), 2..4),
        (page(4, 2), 4..5),
        (page(5, 2), 5..5),
        (page(1, 0), 1..1),
        (page(u32::MAX, u32::MAX), 5..5),
        (everything(), 0..5),
    ] {
        let listed = stores.keys.list(&query).await.unwrap();
        assert_eq!(hashes(&listed), expected[range], "{query:?}");
    }
}

/// Both filters work together and apply before the page is cut.
pub async fn listing_leaves_out_disabled_keys_and_other_workspaces(stores: &Stores) {
    let elsewhere = || "elsewhere".to_owned();
    for record in [
        KeyRecord { disabled: true, ..plain_key(1) },
        plain_key(2),
        KeyRecord { workspace_id: elsewhere(), ..plain_key(3) },
        KeyRecord { workspace_id: elsewhere(), disabled: true, ..plain_key(4) },
    ] {
        stores.keys.insert(record).await.unwrap();
    }
    let enabled = KeyQuery { include_disabled: false, ..everything() };
    let there = KeyQuery { workspace_id: Some(elsewhere()), ..everything() };
    let enabled_there = KeyQuery { include_disabled: false, ..there.clone() };
    let second = KeyQuery { offset: 1, ..enabled.clone() };
    for (query, expected) in [
        (everything(), &[1, 2, 3, 4][..]),
        (enabled, &[2, 3]),
        (there, &[3, 4]),
        (enabled_there, &[3]),
        (second, &[3]),
    ] {
        let expected: Vec<_> = expected.iter().copied().map(hash).collect();
        let listed = stores.keys.list(&query).await.unwrap();
        assert_eq!(hashes(&listed), expected, "{query:?}");
    }
}

/// Whoever lists keys sees none; whoever needs to know every key sees them, too.
pub async fn sessions_are_never_listed(stores: &Stores) {
    let session = KeyRecord { session: true, management: true, ..plain_key(1) };
    for record in [session.clone(), plain_key(2)] {
        stores.keys.insert(record).await.unwrap();
    }
    assert_eq!(hashes(&stores.keys.list(&everything()).await.unwrap()), [hash(2)]);
    assert_eq!(hashes(&stores.keys.all().await.unwrap()), [hash(1), hash(2)]);
    let later = noon().plus_millis(5);
    let patch = KeyPatch { expires_at: Change::Set(Some(later)), ..KeyPatch::default() };
    let updated = stores.keys.update(hash(1), patch, noon()).await.unwrap().unwrap();
    assert_eq!((updated.session, updated.expires_at), (true, Some(later)));
}

type Edit = fn(&mut KeyRecord);

/// Each field alone, then emptied.
pub async fn a_patch_changes_what_it_names_and_nothing_else(stores: &Stores) {
    let later = noon().plus_millis(5_000);
    stores.keys.insert(key(1)).await.unwrap();
    let mut expected = KeyRecord { updated_at: Some(later), ..key(1) };
    let none = KeyPatch::default;
    let patches: [(KeyPatch, Edit); 16] = [
        (KeyPatch { name: Change::Set("new".to_owned()), ..none() }, |key| {
            "new".clone_into(&mut key.name);
        }),
        (KeyPatch { disabled: Change::Set(false), ..none() }, |key| key.disabled = false),
        (KeyPatch { limit: Change::Set(Some(Usd::ZERO)), ..none() }, |key| {
            key.limit = Some(Usd::ZERO);
        }),
        (KeyPatch { limit: Change::Set(None), ..none() }, |key| key.limit = None),
        (KeyPatch { limit_reset: Change::Set(Some(ResetInterval::Monthly)), ..none() }, |key| {
            key.limit_reset = Some(ResetInterval::Monthly);
        }),
        (KeyPatch { limit_reset: Change::Set(None), ..none() }, |key| key.limit_reset = None),
        (KeyPatch { include_byok_in_limit: Change::Set(false), ..none() }, |key| {
            key.include_byok_in_limit = false;
        }),
        (KeyPatch { expires_at: Change::Set(None), ..none() }, |key| key.expires_at = None),
        (KeyPatch { rate_limits: Change::Set(KeyLimits::default()), ..none() }, |key| {
            key.rate_limits = KeyLimits::default();
        }),
        (KeyPatch { rate_limits: Change::Set(rate_limits()), ..none() }, |key| {
            key.rate_limits = rate_limits();
        }),
        (KeyPatch { allowed_models: Change::Set(None), ..none() }, |key| key.allowed_models = None),
        (KeyPatch { allowed_models: Change::Set(Some(names())), ..none() }, |key| {
            key.allowed_models = Some(names());
        }),
        (KeyPatch { allowed_providers: Change::Set(None), ..none() }, |key| {
            key.allowed_providers = None;
        }),
        (KeyPatch { allowed_providers: Change::Set(Some(names())), ..none() }, |key| {
            key.allowed_providers = Some(names());
        }),
        (KeyPatch { allowed_addresses: Change::Set(None), ..none() }, |key| {
            key.allowed_addresses = None;
        }),
        (KeyPatch { allowed_addresses: Change::Set(Some(ranges())), ..none() }, |key| {
            key.allowed_addresses = Some(ranges());
        }),
    ];
    for (patch, apply) in patches {
        apply(&mut expected);
        let updated = stores.keys.update(hash(1), patch, later).await.unwrap();
        assert_eq!(updated.as_ref(), Some(&expected));
        assert_eq!(stores.keys.get(hash(1)).await.unwrap().as_ref(), Some(&expected));
    }
    let patch = KeyPatch { disabled: Change::Set(true), ..none() };
    assert_eq!(stores.keys.update(hash(2), patch, later).await.unwrap(), None);
}

/// Of two who decide on what they have read one is told that it is another by now.
pub async fn a_patch_is_of_the_key_that_was_seen(stores: &Stores) {
    stores.keys.insert(key(1)).await.unwrap();
    let seen = stores.keys.get(hash(1)).await.unwrap().map(Box::new);
    let named = |name: &str, seen| {
        let name = Change::Set(name.to_owned());
        stores.keys.update(hash(1), KeyPatch { seen, name, ..KeyPatch::default() }, noon())
    };
    let first = named("first", seen.clone()).await.unwrap().unwrap();
    assert!(matches!(named("second", seen.clone()).await, Err(StoreError::Conflict)));
    assert_eq!(stores.keys.get(hash(1)).await.unwrap(), Some(first.clone()));
    let again = named("second", Some(Box::new(first))).await.unwrap().unwrap();
    assert_eq!(again.name, "second");
    // However many at once: each that is made is of what the last one left.
    let both = tokio::join!(named("a", Some(Box::new(again.clone()))), async {
        named("b", Some(Box::new(again.clone()))).await
    });
    let made = [both.0, both.1].into_iter().flatten().count();
    assert_eq!(made, 1);
    // What changes nothing is no conflict, and a key that is gone is none.
    let nothing = KeyPatch { seen: seen.clone(), ..KeyPatch::default() };
    assert!(stores.keys.update(hash(1), nothing, noon()).await.unwrap().is_some());
    stores.keys.delete(hash(1)).await.unwrap();
    assert_eq!(named("c", seen).await.unwrap(), None);
}

/// Not even `updated_at` or the revision.
pub async fn an_empty_patch_changes_nothing(stores: &Stores) {
    stores.keys.insert(key(1)).await.unwrap();
    let revision = stores.keys.revision().await.unwrap();
    let later = noon().plus_millis(5_000);
    let updated = stores.keys.update(hash(1), KeyPatch::default(), later).await.unwrap();
    assert_eq!(updated, Some(key(1)));
    assert_eq!(stores.keys.get(hash(1)).await.unwrap(), Some(key(1)));
    assert_eq!(stores.keys.update(hash(2), KeyPatch::default(), later).await.unwrap(), None);
    assert_eq!(stores.keys.revision().await.unwrap(), revision);
}

/// Deleting twice says so.
pub async fn a_deleted_key_is_gone_and_its_spend_stays(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    let record = spend("gen-1", hash(1), noon(), 7);
    stores.generations.append(vec![record.clone()]).await.unwrap();
    assert!(stores.keys.delete(hash(1)).await.unwrap());
    assert!(!stores.keys.delete(hash(1)).await.unwrap());
    assert_eq!(stores.keys.get(hash(1)).await.unwrap(), None);
    let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!(usage.total, Usd::from_nanos(7));
    assert_eq!(stores.generations.get(&record.id).await.unwrap(), Some(record));
}

/// Limits and spend carry over; the old hash is gone.
pub async fn a_rotated_key_keeps_everything_but_hash_and_label(stores: &Stores) {
    let later = noon().plus_millis(5_000);
    stores.keys.insert(key(1)).await.unwrap();
    stores.generations.append(vec![spend("gen-1", hash(1), noon(), 7)]).await.unwrap();
    let before = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    let expected = KeyRecord {
        hash: hash(2),
        label: "sk-or-v1-new...new".to_owned(),
        updated_at: Some(later),
        former: Vec::new(),
        ..key(1)
    };
    let rotated = stores.keys.replace(hash(1), successor(2), later).await.unwrap();
    assert_eq!(rotated.as_ref(), Some(&expected));
    assert_eq!(stores.keys.all().await.unwrap(), [expected]);
    assert_eq!(stores.usage.key_usage(hash(2), noon()).await.unwrap(), before);
    let old = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!(old, crate::KeyUsage::default());
}

/// Rotation with an overlap keeps the secrets before, each until its own end and none for longer
/// than the last overlap; one without an overlap keeps none.
pub async fn a_secret_outlives_its_rotation_as_long_as_it_is_told_to(stores: &Stores) {
    let at = |millis| noon().plus_millis(millis);
    let rotate = async |old, new, now, end: Option<i64>| {
        let successor = KeySuccessor { overlap_until: end.map(at), ..successor(new) };
        let key = stores.keys.replace(hash(old), successor, at(now)).await.unwrap().unwrap();
        assert_eq!(stores.keys.get(hash(new)).await.unwrap().as_ref(), Some(&key));
        assert_eq!(stores.keys.get(hash(old)).await.unwrap(), None);
        let pair = |it: FormerSecret| (it.hash, it.until);
        key.former.into_iter().map(pair).collect::<Vec<_>>()
    };
    stores.keys.insert(plain_key(1)).await.unwrap();
    assert_eq!(rotate(1, 2, 0, Some(100)).await, [(hash(1), at(100))]);
    assert_eq!(rotate(2, 3, 10, Some(200)).await, [(hash(1), at(100)), (hash(2), at(200))]);
    let shortened = [(hash(1), at(90)), (hash(2), at(90)), (hash(3), at(90))];
    assert_eq!(rotate(3, 4, 20, Some(90)).await, shortened);
    // Back to a secret that still worked: it is the key's own again.
    assert_eq!(
        rotate(4, 2, 30, Some(300)).await,
        [(hash(1), at(90)), (hash(3), at(90)), (hash(4), at(300))]
    );
    // What has ended is forgotten, and an end that has passed is none.
    assert_eq!(rotate(2, 5, 90, Some(400)).await, [(hash(4), at(300)), (hash(2), at(400))]);
    assert_eq!(rotate(5, 6, 100, Some(100)).await, []);
    assert_eq!(rotate(6, 7, 110, Some(500)).await, [(hash(6), at(500))]);
    assert_eq!(rotate(7, 8, 120, None).await, []);
}

/// However often it was rotated; a key that was not has none.
pub async fn a_rotated_hash_leads_to_its_keys(stores: &Stores) {
    for byte in [1, 5] {
        stores.keys.insert(plain_key(byte)).await.unwrap();
    }
    rotate(stores, 1, 2).await;
    rotate(stores, 2, 3).await;
    let of = [1, 2, 3, 4, 5].map(hash);
    let mut found = stores.keys.successors(&of).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, [(hash(1), hash(3)), (hash(2), hash(3))]);
    assert_eq!(stores.keys.successors(&[]).await.unwrap(), []);
}

/// What was hashed without the pepper is hashed anew in the step that keeps it: spend and what names
/// a key follow.
pub async fn keys_are_hashed_anew_with_the_first_pepper(stores: &Stores) {
    without_pepper(stores).await;
    append(stores, "gen-1", 1).await;
    let revision = stores.keys.revision().await.unwrap();
    let both = vec![again(2, 12), again(1, 11)];
    assert!(stores.keys.keep_pepper(b"one".to_vec(), both).await.unwrap());
    assert!(stores.keys.revision().await.unwrap() > revision);
    assert_eq!(stores.keys.pepper().await.unwrap().as_deref(), Some(&b"one"[..]));
    let expected = [
        plain_key(3),
        KeyRecord { former: former(12), ..plain_key(11) },
        KeyRecord { former: former(13), ..plain_key(12) },
    ];
    assert_eq!(stores.keys.all().await.unwrap(), expected);
    append(stores, "gen-2", 1).await;
    append(stores, "gen-3", 11).await;
    let usage = stores.usage.key_usage(hash(11), noon()).await.unwrap();
    assert_eq!((usage.total, usage.requests), (nanos(3), 3));
}

/// All of those without are named, and no others; and none goes onto another's hash.
pub async fn a_pepper_that_leaves_a_key_out_is_not_kept(stores: &Stores) {
    without_pepper(stores).await;
    for wrong in [
        vec![],
        vec![again(1, 11)],
        vec![again(1, 11), again(3, 13)],
        vec![again(1, 11), again(2, 12), again(3, 13)],
        vec![again(1, 11), again(2, 3)],
    ] {
        let kept = stores.keys.keep_pepper(b"one".to_vec(), wrong).await;
        assert!(matches!(kept, Err(StoreError::Conflict)), "{kept:?}");
    }
    assert_eq!(stores.keys.pepper().await.unwrap(), None);
    assert_eq!(hashes(&stores.keys.all().await.unwrap()), [1, 2, 3].map(hash));
}

/// Another comes too late, whatever keys there are by then; the first may be sealed anew.
pub async fn the_first_pepper_is_kept(stores: &Stores) {
    let kept = async |sealed: &[u8], rekeyed| {
        stores.keys.keep_pepper(sealed.to_vec(), rekeyed).await.unwrap()
    };
    assert!(kept(b"one", Vec::new()).await);
    let plain = KeyRecord { keyed: false, ..plain_key(4) };
    stores.keys.insert(plain.clone()).await.unwrap();
    assert!(!kept(b"two", vec![again(4, 14)]).await);
    assert_eq!(stores.keys.get(hash(4)).await.unwrap(), Some(plain));
    for (before, after, is_it) in [(b"two", b"six", false), (b"one", b"two", true)] {
        let resealed = stores.keys.reseal_pepper(before.to_vec(), after.to_vec()).await;
        assert_eq!(resealed.unwrap(), is_it);
    }
    assert_eq!(stores.keys.pepper().await.unwrap().as_deref(), Some(&b"two"[..]));
}

/// Two keys without the pepper, one with a former secret, and one with it.
async fn without_pepper(stores: &Stores) {
    assert_eq!(stores.keys.pepper().await.unwrap(), None);
    let plain = |byte| KeyRecord { keyed: false, ..plain_key(byte) };
    for key in [KeyRecord { former: former(9), ..plain(1) }, plain(2), plain_key(3)] {
        stores.keys.insert(key).await.unwrap();
    }
}

fn former(byte: u8) -> Vec<FormerSecret> {
    vec![FormerSecret { hash: hash(byte), until: noon() }]
}

fn again(old: u8, new: u8) -> Rekeyed {
    Rekeyed { old: hash(old), hash: hash(new), former: former(new + 1) }
}

/// Another key's hash, or its own.
pub async fn rotation_to_a_taken_hash_is_a_conflict(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.keys.insert(plain_key(2)).await.unwrap();
    for taken in [1, 2] {
        let rotated = stores.keys.replace(hash(1), successor(taken), noon()).await;
        assert!(matches!(rotated, Err(StoreError::Conflict)), "{rotated:?}");
    }
    assert_eq!(stores.keys.all().await.unwrap(), [plain_key(1), plain_key(2)]);
}

/// Nothing comes into being.
pub async fn rotation_of_an_unknown_key_is_none(stores: &Stores) {
    assert_eq!(stores.keys.replace(hash(1), successor(2), noon()).await.unwrap(), None);
    assert_eq!(stores.keys.all().await.unwrap(), []);
}

/// Calls that end after one rotation, or two, or back to the first secret, count for the key as it
/// is now.
pub async fn spend_follows_every_rotation(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    append(stores, "gen-1", 1).await;
    rotate(stores, 1, 2).await;
    append(stores, "gen-2", 1).await;
    append(stores, "gen-3", 2).await;
    assert_eq!(totals(stores).await, [0, 3, 0]);
    rotate(stores, 2, 3).await;
    for (id, byte) in [("gen-4", 1), ("gen-5", 2), ("gen-6", 3)] {
        append(stores, id, byte).await;
    }
    assert_eq!(totals(stores).await, [0, 0, 6]);
    rotate(stores, 3, 1).await;
    for (id, byte) in [("gen-7", 1), ("gen-8", 2), ("gen-9", 3)] {
        append(stores, id, byte).await;
    }
    assert_eq!(totals(stores).await, [9, 0, 0]);
    let account = stores.usage.account_usage().await.unwrap();
    assert_eq!((account.total, account.requests), (nanos(9), 9));
}

/// A rotated-away secret that is made a key again no longer pays into its successor.
pub async fn a_secret_that_comes_back_counts_for_itself(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.keys.replace(hash(1), successor(2), noon()).await.unwrap();
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.generations.append(vec![spend("gen-1", hash(1), noon(), 5)]).await.unwrap();
    let total = async |byte| stores.usage.key_usage(hash(byte), noon()).await.unwrap().total;
    assert_eq!((total(1).await, total(2).await), (Usd::from_nanos(5), Usd::ZERO));
    // Leftover spend of a hash and the spend rotated onto it add up.
    stores.keys.delete(hash(1)).await.unwrap();
    stores.generations.append(vec![spend("gen-2", hash(2), noon(), 2)]).await.unwrap();
    stores.keys.replace(hash(2), successor(1), noon()).await.unwrap();
    let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!((usage.total, usage.daily, usage.requests), (nanos(7), nanos(7), 2));
}

/// Insert, update, rotate, delete; generations and failed changes don't count.
pub async fn the_revision_grows_with_every_change(stores: &Stores) {
    let mut last = stores.keys.revision().await.unwrap();
    let mut grew = async || {
        let now = stores.keys.revision().await.unwrap();
        std::mem::replace(&mut last, now) < now
    };
    stores.keys.insert(plain_key(1)).await.unwrap();
    assert!(grew().await, "insert");
    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    stores.keys.update(hash(1), patch.clone(), noon()).await.unwrap();
    assert!(grew().await, "update");
    stores.keys.replace(hash(1), successor(2), noon()).await.unwrap();
    assert!(grew().await, "replace");
    stores.generations.append(vec![spend("gen-1", hash(2), noon(), 1)]).await.unwrap();
    stores.keys.update(hash(1), patch, noon()).await.unwrap();
    stores.keys.delete(hash(1)).await.unwrap();
    assert!(!grew().await, "nothing changed");
    stores.keys.delete(hash(2)).await.unwrap();
    assert!(grew().await, "delete");
}

async fn append(stores: &Stores, id: &str, byte: u8) {
    let record = spend(id, hash(byte), noon(), 1);
    assert_eq!(stores.generations.append(vec![record]).await.unwrap(), 1);
}

async fn rotate(stores: &Stores, old: u8, new: u8) {
    let rotated = stores.keys.replace(hash(old), successor(new), noon()).await.unwrap();
    assert!(rotated.is_some());
}

async fn totals(stores: &Stores) -> [i64; 3] {
    let mut totals = [0; 3];
    for (total, byte) in totals.iter_mut().zip(1..) {
        *total = stores.usage.key_usage(hash(byte), noon()).await.unwrap().total.nanos();
    }
    totals
}

fn nanos(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

fn successor(byte: u8) -> KeySuccessor {
    KeySuccessor { hash: hash(byte), label: "sk-or-v1-new...new".to_owned(), overlap_until: None }
}

fn names() -> Vec<String> {
    vec!["acme/other".to_owned()]
}

fn ranges() -> Vec<AddressRange> {
    vec!["2001:db8::/32".parse().unwrap(), "192.0.2.7".parse().unwrap()]
}

fn everything() -> KeyQuery {
    KeyQuery { offset: 0, limit: u32::MAX, include_disabled: true, workspace_id: None }
}

fn hashes(keys: &[KeyRecord]) -> Vec<KeyHash> {
    keys.iter().map(|key| key.hash).collect()
}
