//! Cases of [`ContentStore`](crate::ContentStore).

use tollgate_types::GenerationId;

use super::sample::{hash, noon, spend};
use crate::{ContentRecord, Stores};

fn content(id: &str, millis: i64, sealed: &[u8]) -> ContentRecord {
    ContentRecord {
        generation_id: GenerationId::from_text(id),
        created_at: noon().plus_millis(millis),
        sealed: sealed.to_vec(),
    }
}

async fn of(stores: &Stores, id: &str) -> Option<ContentRecord> {
    stores.contents.content(&GenerationId::from_text(id)).await.unwrap()
}

/// Any bytes survive, a whole mebibyte of them; what is kept already stays.
pub async fn contents_read_back_and_the_first_stays(stores: &Stores) {
    let large: Vec<u8> = (0..=255).cycle().take(1024 * 1024).collect();
    let batch = vec![content("gen-1", 0, &large), content("gen-\0É", 1, b"")];
    stores.contents.keep(batch.clone()).await.unwrap();
    let again = vec![content("gen-1", 9, b"other"), content("gen-3", 2, b"\0")];
    stores.contents.keep(again.clone()).await.unwrap();
    stores.contents.keep(Vec::new()).await.unwrap();
    assert_eq!(of(stores, "gen-1").await.as_ref(), batch.first());
    assert_eq!(of(stores, "gen-\0É").await.as_ref(), batch.last());
    assert_eq!(of(stores, "gen-3").await.as_ref(), again.last());
    assert_eq!(of(stores, "gen-4").await, None);
}

/// Every one is come by once, and sealed anew only where nobody else was quicker.
pub async fn contents_are_gone_through_and_sealed_anew(stores: &Stores) {
    let kept: Vec<_> = ["a", "B", "c", "ä"].map(|id| content(id, 0, id.as_bytes())).into();
    stores.contents.keep(kept).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let after = seen.last().map(|it: &ContentRecord| it.generation_id.clone());
        let page = stores.contents.contents_after(after.as_ref(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    let ids: Vec<_> = seen.iter().map(|it| it.generation_id.as_str()).collect();
    assert_eq!(ids, ["B", "a", "c", "ä"]);
    let id = GenerationId::from_text("a");
    assert!(!stores.contents.reseal_content(&id, b"b", b"x".to_vec()).await.unwrap());
    assert!(stores.contents.reseal_content(&id, b"a", b"x".to_vec()).await.unwrap());
    assert!(!stores.contents.reseal_content(&id, b"a", b"y".to_vec()).await.unwrap());
    assert_eq!(of(stores, "a").await, Some(content("a", 0, b"x")));
    let unknown = GenerationId::from_text("z");
    assert!(!stores.contents.reseal_content(&unknown, b"", b"x".to_vec()).await.unwrap());
}

/// What is old goes, the oldest first; what belongs to a record goes with it.
pub async fn old_contents_go_and_so_do_those_of_removed_records(stores: &Stores) {
    let kept = (0..5).map(|at| content(&format!("gen-{at}"), 10 - at, b"x"));
    stores.contents.keep(kept.collect()).await.unwrap();
    let before = noon().plus_millis(9);
    assert_eq!(stores.contents.remove_contents_before(before, 2).await.unwrap(), 2);
    assert!(of(stores, "gen-4").await.is_none() && of(stores, "gen-3").await.is_none());
    assert_eq!(stores.contents.remove_contents_before(before, 2).await.unwrap(), 1);
    assert_eq!(stores.contents.remove_contents_before(before, 2).await.unwrap(), 0);
    assert!(of(stores, "gen-0").await.is_some() && of(stores, "gen-1").await.is_some());

    let month = 31 * 86_400_000;
    for (id, millis) in [("gen-old", -3 * month), ("gen-late", -5), ("gen-new", 5)] {
        stores.contents.keep(vec![content(id, millis, b"x")]).await.unwrap();
        let record = spend(id, hash(1), noon().plus_millis(millis), 1);
        stores.generations.append(vec![record]).await.unwrap();
    }
    while stores.generations.remove_before(noon(), 100).await.unwrap() > 0 {}
    assert!(of(stores, "gen-old").await.is_none() && of(stores, "gen-late").await.is_none());
    assert!(of(stores, "gen-new").await.is_some());
}
