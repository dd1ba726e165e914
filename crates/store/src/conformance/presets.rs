//! Cases of [`PresetStore`](crate::PresetStore).

use tokio::task::JoinSet;

use super::sample::noon;
use crate::{
    Change, DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus,
    PresetVersion, StoreError, Stores,
};

const HERE: &str = "here";
const EVERYTHING: Page = Page { offset: 0, limit: 1_000 };

fn version(slug: &str, id: &str) -> NewPresetVersion {
    NewPresetVersion {
        workspace_id: HERE.to_owned(),
        slug: slug.to_owned(),
        preset_id: format!("preset-of-{id}"),
        creator_user_id: Some("user".to_owned()),
        id: id.to_owned(),
        system_prompt: Some("É\0 \"so\"".to_owned()),
        config: r#"{"model":"a/b"}"#.to_owned(),
        creator_id: "key".to_owned(),
    }
}

async fn save(stores: &Stores, slug: &str, id: &str, millis: i64) -> DesignatedPreset {
    stores.presets.save(version(slug, id), noon().plus_millis(millis)).await.unwrap()
}

async fn get(stores: &Stores, slug: &str) -> Option<DesignatedPreset> {
    stores.presets.get(HERE, slug).await.unwrap()
}

/// Every field survives, set or empty.
pub async fn a_saved_preset_reads_back_whole(stores: &Stores) {
    let saved = save(stores, "a", "v1", 0).await;
    let expected = DesignatedPreset {
        preset: PresetRecord {
            id: "preset-of-v1".to_owned(),
            workspace_id: HERE.to_owned(),
            slug: "a".to_owned(),
            name: "a".to_owned(),
            description: None,
            status: PresetStatus::Active,
            status_updated_at: None,
            designated_version: 1,
            designated_version_id: "v1".to_owned(),
            latest_version: 1,
            creator_user_id: Some("user".to_owned()),
            created_at: noon(),
            updated_at: noon(),
        },
        version: PresetVersion {
            id: "v1".to_owned(),
            preset_id: "preset-of-v1".to_owned(),
            version: 1,
            system_prompt: Some("É\0 \"so\"".to_owned()),
            config: r#"{"model":"a/b"}"#.to_owned(),
            creator_id: "key".to_owned(),
            created_at: noon(),
        },
    };
    assert_eq!(saved, expected);
    assert_eq!(get(stores, "a").await.as_ref(), Some(&expected));
    assert_eq!(stores.presets.all().await.unwrap(), [expected]);
    let bare =
        NewPresetVersion { system_prompt: None, creator_user_id: None, ..version("b", "v2") };
    let saved = stores.presets.save(bare, noon()).await.unwrap();
    assert_eq!((&saved.version.system_prompt, &saved.preset.creator_user_id), (&None, &None));
    assert_eq!(get(stores, "b").await, Some(saved));
    assert_eq!(get(stores, "c").await, None);
}

/// The newest version is what calls get; what people set stays.
pub async fn a_saved_version_is_designated_and_keeps_what_was_set(stores: &Stores) {
    save(stores, "a", "v1", 0).await;
    let patch = PresetPatch {
        name: Change::Set("Mine".to_owned()),
        description: Change::Set(Some("Words".to_owned())),
        status: Change::Set(PresetStatus::Disabled),
        ..PresetPatch::default()
    };
    let before = stores.presets.update((HERE, "a"), patch, noon()).await.unwrap().unwrap();
    let saved = save(stores, "a", "v2", 5).await;
    let expected = PresetRecord {
        designated_version: 2,
        designated_version_id: "v2".to_owned(),
        latest_version: 2,
        updated_at: noon().plus_millis(5),
        ..before.preset
    };
    assert_eq!(saved.preset, expected);
    assert_eq!((saved.version.version, saved.version.created_at), (2, noon().plus_millis(5)));
    assert_eq!(saved.version.preset_id, "preset-of-v1");
    assert_eq!(get(stores, "a").await, Some(saved));
    let first = stores.presets.version("preset-of-v1", 1).await.unwrap();
    assert_eq!(first, Some(before.version));
}

/// A save whose answer was lost can be sent again.
pub async fn a_known_version_changes_nothing(stores: &Stores) {
    let first = save(stores, "a", "v1", 0).await;
    let second = save(stores, "a", "v2", 1).await;
    let revision = stores.presets.revision().await.unwrap();
    assert_eq!(save(stores, "a", "v2", 9).await, second);
    let again = save(stores, "a", "v1", 9).await;
    assert_eq!((again.version, &again.preset), (first.version, &second.preset));
    assert_eq!(get(stores, "a").await, Some(second));
    assert_eq!(stores.presets.revision().await.unwrap(), revision);
}

/// Ids are unique over all presets.
pub async fn ids_of_other_presets_are_conflicts(stores: &Stores) {
    save(stores, "a", "v1", 0).await;
    let taken = NewPresetVersion { preset_id: "preset-of-v1".to_owned(), ..version("b", "v2") };
    for wrong in [version("b", "v1"), taken] {
        let saved = stores.presets.save(wrong, noon()).await;
        assert!(matches!(saved, Err(StoreError::Conflict)), "{saved:?}");
    }
    assert_eq!(get(stores, "b").await, None);
    assert_eq!(stores.presets.count(HERE).await.unwrap(), 1);
}

/// The same slug elsewhere is another preset.
pub async fn a_slug_is_of_its_workspace(stores: &Stores) {
    let here = save(stores, "a", "v1", 0).await;
    let there = NewPresetVersion { workspace_id: "there".to_owned(), ..version("a", "v2") };
    let there = stores.presets.save(there, noon()).await.unwrap();
    assert_ne!(here.preset.id, there.preset.id);
    assert_eq!(get(stores, "a").await, Some(here.clone()));
    assert!(stores.presets.delete("there", "a").await.unwrap());
    assert_eq!(get(stores, "a").await, Some(here.clone()));
    assert_eq!(stores.presets.list(HERE, EVERYTHING).await.unwrap(), [here.preset]);
    assert_eq!(stores.presets.count("there").await.unwrap(), 0);
}

/// Newest first, then by slug; pages are cut from that order.
pub async fn presets_list_newest_first_in_pages(stores: &Stores) {
    for (slug, millis) in [("a", 0), ("c", 7), ("b", 7), ("d", -7), ("e", 9)] {
        save(stores, slug, slug, millis).await;
    }
    let elsewhere = NewPresetVersion { workspace_id: "there".to_owned(), ..version("f", "f") };
    stores.presets.save(elsewhere, noon()).await.unwrap();
    let expected = ["e", "b", "c", "a", "d"];
    for (offset, limit, range) in
        [(0, 2, 0..2), (2, 2, 2..4), (4, 2, 4..5), (5, 2, 5..5), (1, 0, 1..1), (0, 1_000, 0..5)]
    {
        let listed = stores.presets.list(HERE, Page { offset, limit }).await.unwrap();
        let slugs: Vec<&str> = listed.iter().map(|preset| preset.slug.as_str()).collect();
        assert_eq!(slugs, expected[range], "{offset} {limit}");
    }
    assert_eq!(stores.presets.count(HERE).await.unwrap(), 5);
    assert_eq!(stores.presets.all().await.unwrap().len(), 6);
}

/// Newest first, each preset's own.
pub async fn versions_list_newest_first_in_pages(stores: &Stores) {
    for (slug, id) in [("a", "v1"), ("b", "v2"), ("a", "v3"), ("a", "v4")] {
        save(stores, slug, id, 0).await;
    }
    for (offset, limit, expected) in
        [(0, 9, &[3, 2, 1][..]), (0, 2, &[3, 2]), (2, 2, &[1]), (3, 2, &[])]
    {
        let page = Page { offset, limit };
        let listed = stores.presets.versions("preset-of-v1", page).await.unwrap();
        let numbers: Vec<u32> = listed.iter().map(|version| version.version).collect();
        assert_eq!(numbers, expected, "{offset} {limit}");
    }
    let second = stores.presets.version("preset-of-v1", 2).await.unwrap().unwrap();
    assert_eq!(second.id, "v3");
    for (preset, number) in [("preset-of-v1", 0), ("preset-of-v1", 4), ("nobody", 1)] {
        assert_eq!(stores.presets.version(preset, number).await.unwrap(), None);
    }
    assert_eq!(stores.presets.versions("nobody", EVERYTHING).await.unwrap(), []);
}

/// A patch changes what it names and nothing else.
pub async fn a_preset_changes_where_it_is_told_to(stores: &Stores) {
    let saved = save(stores, "a", "v1", 0).await;
    let update = |patch: PresetPatch, millis| async move {
        let now = noon().plus_millis(millis);
        stores.presets.update((HERE, "a"), patch, now).await.unwrap().unwrap()
    };
    let revision = stores.presets.revision().await.unwrap();
    assert_eq!(update(PresetPatch::default(), 1).await, saved);
    assert_eq!(stores.presets.revision().await.unwrap(), revision);
    let named = PresetPatch { name: Change::Set("Mine".to_owned()), ..PresetPatch::default() };
    let mut expected = saved.clone();
    "Mine".clone_into(&mut expected.preset.name);
    expected.preset.updated_at = noon().plus_millis(2);
    assert_eq!(update(named, 2).await, expected);
    for (description, millis) in [(Some("Words".to_owned()), 3), (None, 4)] {
        let patch =
            PresetPatch { description: Change::Set(description.clone()), ..PresetPatch::default() };
        expected.preset.description = description;
        expected.preset.updated_at = noon().plus_millis(millis);
        assert_eq!(update(patch, millis).await, expected);
    }
    // The same status again is no change of it.
    for (status, millis, changed) in [
        (PresetStatus::Active, 5, None),
        (PresetStatus::Disabled, 6, Some(6)),
        (PresetStatus::Disabled, 7, Some(6)),
        (PresetStatus::Archived, 8, Some(8)),
    ] {
        let patch = PresetPatch { status: Change::Set(status), ..PresetPatch::default() };
        expected.preset.status = status;
        expected.preset.status_updated_at = changed.map(|millis| noon().plus_millis(millis));
        expected.preset.updated_at = noon().plus_millis(millis);
        assert_eq!(update(patch, millis).await, expected, "{status:?} {millis}");
    }
    assert_eq!(get(stores, "a").await, Some(expected));
    let named = PresetPatch { name: Change::Set(String::new()), ..PresetPatch::default() };
    assert_eq!(stores.presets.update((HERE, "b"), named, noon()).await.unwrap(), None);
}

/// An older version can be designated again; one that is not there can't.
pub async fn only_a_version_that_is_there_is_designated(stores: &Stores) {
    let first = save(stores, "a", "v1", 0).await;
    let second = save(stores, "a", "v2", 1).await;
    let designate = |number: u32| async move {
        let patch =
            PresetPatch { designated_version: Change::Set(number), ..PresetPatch::default() };
        stores.presets.update((HERE, "a"), patch, noon().plus_millis(1)).await
    };
    for number in [0, 3] {
        let designated = designate(number).await;
        assert!(matches!(designated, Err(StoreError::Conflict)), "{designated:?}");
        assert_eq!(get(stores, "a").await.as_ref(), Some(&second));
    }
    let back = designate(1).await.unwrap().unwrap();
    assert_eq!(back.version, first.version);
    assert_eq!((back.preset.designated_version, back.preset.latest_version), (1, 2));
    assert_eq!(get(stores, "a").await, Some(back));
    // The next one is the third all the same.
    assert_eq!(save(stores, "a", "v3", 2).await.version.version, 3);
}

/// A slug that was deleted begins anew.
pub async fn a_deleted_preset_is_gone_with_its_versions(stores: &Stores) {
    save(stores, "a", "v1", 0).await;
    save(stores, "a", "v2", 0).await;
    assert!(stores.presets.delete(HERE, "a").await.unwrap());
    assert!(!stores.presets.delete(HERE, "a").await.unwrap());
    assert_eq!(get(stores, "a").await, None);
    assert_eq!(stores.presets.all().await.unwrap(), []);
    assert_eq!(stores.presets.versions("preset-of-v1", EVERYTHING).await.unwrap(), []);
    let anew = save(stores, "a", "v1", 0).await;
    assert_eq!((anew.preset.latest_version, anew.version.version), (1, 1));
}

/// Whoever polls it learns of every change.
pub async fn the_presets_revision_grows_with_every_change(stores: &Stores) {
    let mut last = stores.presets.revision().await.unwrap();
    for step in 0..4 {
        match step {
            0 | 1 => drop(save(stores, "a", &format!("v{step}"), 0).await),
            2 => {
                let patch =
                    PresetPatch { designated_version: Change::Set(1), ..PresetPatch::default() };
                stores.presets.update((HERE, "a"), patch, noon()).await.unwrap();
            }
            _ => assert!(stores.presets.delete(HERE, "a").await.unwrap()),
        }
        let now = stores.presets.revision().await.unwrap();
        assert!(now > last, "step {step}: {now}");
        last = now;
    }
    assert!(!stores.presets.delete(HERE, "a").await.unwrap());
    assert_eq!(stores.presets.revision().await.unwrap(), last);
}

/// Nobody's version is lost, and no number is given twice.
pub async fn concurrent_saves_are_all_versions(stores: &Stores) {
    let mut saves = JoinSet::new();
    for index in 0..16 {
        let presets = stores.presets.clone();
        saves.spawn(async move {
            presets.save(version("a", &format!("v{index}")), noon()).await.unwrap().version.version
        });
    }
    let mut numbers = saves.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<u32>>());
    assert_eq!(get(stores, "a").await.unwrap().preset.latest_version, 16);
}
