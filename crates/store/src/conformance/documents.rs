//! Cases of [`DocumentStore`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sample::noon;
use crate::{
    Document, DocumentBody, DocumentChange, DocumentQuery, DocumentStore, RawDocument, StoreError,
    Stores,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Boat {
    masts: u8,
    note: String,
}

impl DocumentBody for Boat {
    const KIND: &'static str = "boat";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Harbour {}

impl DocumentBody for Harbour {
    const KIND: &'static str = "harbour";
}

fn boat(id: &str, masts: u8) -> Document<Boat> {
    let note = "Grüße \0 \u{fdd0}🦀".to_owned();
    Document::new(id.to_owned(), Boat { masts, note }, noon())
}

fn store(stores: &Stores) -> &dyn DocumentStore {
    &*stores.documents
}

async fn put(stores: &Stores, document: &Document<Boat>) -> Result<(), StoreError> {
    store(stores).write(vec![document.insertion().unwrap()]).await
}

async fn ids(stores: &Stores, query: &DocumentQuery) -> Vec<String> {
    let page = store(stores).page::<Boat>(query).await.unwrap();
    page.into_iter().map(|it| it.id).collect()
}

/// By id and by name, with all that was written.
pub async fn documents_read_back_whole(stores: &Stores) {
    let plain = boat("plain", 1);
    let named = boat("named", 2).of("north\0").called("Störtebeker\0".to_owned());
    put(stores, &plain).await.unwrap();
    put(stores, &named).await.unwrap();
    let documents = store(stores);
    assert_eq!(documents.load("plain").await.unwrap(), Some(plain));
    assert_eq!(documents.load("named").await.unwrap(), Some(named.clone()));
    assert_eq!(documents.named("Störtebeker\0").await.unwrap(), Some(named));
    assert_eq!(documents.named::<Boat>("plain").await.unwrap(), None);
    assert_eq!(documents.load::<Boat>("other").await.unwrap(), None);
    assert_eq!(documents.load::<Harbour>("plain").await.unwrap(), None);
    assert_eq!(documents.named::<Harbour>("Störtebeker\0").await.unwrap(), None);
}

/// Ids and names are taken by the first, of each kind on its own.
pub async fn taken_ids_and_names_are_conflicts(stores: &Stores) {
    put(stores, &boat("a", 1).called("swift".to_owned())).await.unwrap();
    for taken in [boat("a", 2), boat("b", 1).called("swift".to_owned())] {
        assert!(matches!(put(stores, &taken).await, Err(StoreError::Conflict)), "{taken:?}");
    }
    let harbour = Document::new("a".to_owned(), Harbour {}, noon()).called("swift".to_owned());
    store(stores).write(vec![harbour.insertion().unwrap()]).await.unwrap();
    put(stores, &boat("c", 1)).await.unwrap();
    let mut renamed = store(stores).load::<Boat>("c").await.unwrap().unwrap();
    renamed.name = Some("swift".to_owned());
    let refused = store(stores).write(vec![renamed.replacement(noon()).unwrap()]).await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
    assert_eq!(store(stores).load("c").await.unwrap(), Some(boat("c", 1)));
}

/// A document is replaced, renamed and removed by those who have seen its newest revision.
pub async fn only_what_was_seen_is_changed(stores: &Stores) {
    let first = boat("a", 1).called("swift".to_owned());
    put(stores, &first).await.unwrap();
    let mut second = first.clone();
    second.body.masts = 2;
    second.name = Some("swifter".to_owned());
    let later = noon().plus_millis(5);
    store(stores).write(vec![second.replacement(later).unwrap()]).await.unwrap();
    let kept = store(stores).load::<Boat>("a").await.unwrap().unwrap();
    assert_eq!((kept.revision, kept.written_at), (2, later));
    assert_eq!((&kept.body, kept.name.as_deref()), (&second.body, Some("swifter")));
    assert_eq!(store(stores).named::<Boat>("swift").await.unwrap(), None);

    let mut stale = first.clone();
    stale.body.masts = 3;
    let missing = boat("b", 1);
    for change in
        [stale.replacement(later).unwrap(), first.deletion(), missing.replacement(later).unwrap()]
    {
        let refused = store(stores).write(vec![change.clone()]).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{change:?}");
    }
    assert_eq!(store(stores).load("a").await.unwrap(), Some(kept.clone()));

    store(stores).write(vec![kept.deletion()]).await.unwrap();
    assert_eq!(store(stores).load::<Boat>("a").await.unwrap(), None);
    store(stores).write(vec![first.insertion().unwrap()]).await.unwrap();
    assert_eq!(store(stores).load("a").await.unwrap(), Some(first));
}

/// What was sent again because its answer was lost changes nothing.
pub async fn known_documents_change_nothing(stores: &Stores) {
    let first = boat("a", 1).called("swift".to_owned());
    let mut second = first.clone();
    second.body.masts = 2;
    let changes = [first.insertion().unwrap(), second.replacement(noon()).unwrap()];
    put(stores, &first).await.unwrap();
    put(stores, &first).await.unwrap();
    store(stores).write(changes[1..].to_vec()).await.unwrap();
    let revision = store(stores).revision().await.unwrap();
    store(stores).write(changes[1..].to_vec()).await.unwrap();
    let kept = store(stores).load::<Boat>("a").await.unwrap().unwrap();
    assert_eq!(kept.revision, 2);
    store(stores).write(vec![boat("nobody", 1).deletion()]).await.unwrap();
    assert_eq!(store(stores).revision().await.unwrap(), revision);
}

/// Changes see those before them, and one that fails takes all with it.
pub async fn documents_change_together_or_not_at_all(stores: &Stores) {
    put(stores, &boat("a", 1).called("swift".to_owned())).await.unwrap();
    let revision = store(stores).revision().await.unwrap();
    let a = store(stores).load::<Boat>("a").await.unwrap().unwrap();
    let failing =
        vec![boat("b", 1).insertion().unwrap(), a.deletion(), boat("b", 2).insertion().unwrap()];
    assert!(matches!(store(stores).write(failing).await, Err(StoreError::Conflict)));
    assert_eq!(ids(stores, &DocumentQuery::of::<Boat>()).await, ["a"]);
    assert_eq!(store(stores).revision().await.unwrap(), revision);

    let together = vec![a.deletion(), boat("b", 1).called("swift".to_owned()).insertion().unwrap()];
    store(stores).write(together).await.unwrap();
    assert_eq!(ids(stores, &DocumentQuery::of::<Boat>()).await, ["b"]);
    assert!(store(stores).revision().await.unwrap() > revision);
    store(stores).write(Vec::new()).await.unwrap();
}

/// By the bytes of their ids, up or down, in pages, of a parent or of all.
pub async fn documents_list_by_id_in_pages(stores: &Stores) {
    for (id, parent) in [("b", "x"), ("B", "y"), ("a-1", "x"), ("ä", "x"), ("a", "x"), ("a1", "y")]
    {
        put(stores, &boat(id, 1).of(parent)).await.unwrap();
    }
    put(stores, &boat("z", 1)).await.unwrap();
    let all = DocumentQuery::of::<Boat>();
    assert_eq!(ids(stores, &all).await, ["B", "a", "a-1", "a1", "b", "z", "ä"]);
    let down = DocumentQuery { descending: true, limit: 3, ..all.clone() };
    assert_eq!(ids(stores, &down).await, ["ä", "z", "b"]);
    let next = DocumentQuery { after: Some("b".to_owned()), ..down };
    assert_eq!(ids(stores, &next).await, ["a1", "a-1", "a"]);
    let of_x = DocumentQuery { after: Some("a".to_owned()), limit: 2, ..all.in_parent("x") };
    assert_eq!(ids(stores, &of_x).await, ["a-1", "b"]);
    let counted = |parent| store(stores).count("boat", parent);
    assert_eq!(counted(None).await.unwrap(), 7);
    assert_eq!(counted(Some("x")).await.unwrap(), 4);
    assert_eq!(counted(Some("nowhere")).await.unwrap(), 0);
    assert_eq!(
        ids(stores, &DocumentQuery { limit: 0, ..DocumentQuery::of::<Boat>() }).await,
        [""; 0]
    );
}

/// Of many who insert under one name, one does.
pub async fn one_of_many_inserts_a_name(stores: &Stores) {
    let documents = Arc::clone(&stores.documents);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let documents = Arc::clone(&documents);
        tasks.spawn(async move {
            let document = boat(&number.to_string(), number).called("only".to_owned());
            documents.write(vec![document.insertion().unwrap()]).await
        });
    }
    let outcomes = tasks.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1, "{refused:?}");
    assert!(refused.iter().all(|it| matches!(it, Err(StoreError::Conflict))), "{refused:?}");
}

/// Of many who change the same revision, one does.
pub async fn one_of_many_replaces_a_revision(stores: &Stores) {
    put(stores, &boat("a", 0)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for masts in 1..16 {
        let documents = Arc::clone(&stores.documents);
        tasks.spawn(async move {
            let change = boat("a", masts).replacement(noon()).unwrap();
            documents.write(vec![change]).await.map(|()| masts)
        });
    }
    let outcomes = tasks.join_all().await;
    let done: Vec<u8> = outcomes.into_iter().filter_map(Result::ok).collect();
    let kept = store(stores).load::<Boat>("a").await.unwrap().unwrap();
    assert_eq!(done, [kept.body.masts]);
    assert_eq!(kept.revision, 2);
}

/// A body that another version wrote is said to be unreadable, and not lost.
pub async fn unreadable_documents_are_named(stores: &Stores) {
    let raw = RawDocument {
        kind: "boat".to_owned(),
        id: "a".to_owned(),
        parent: None,
        name: None,
        revision: 1,
        written_at: noon(),
        body: r#"{"sails":3}"#.to_owned(),
    };
    store(stores).write(vec![DocumentChange::Insert(raw.clone())]).await.unwrap();
    let read = store(stores).load::<Boat>("a").await;
    assert!(matches!(read, Err(StoreError::Corrupt { what }) if what.contains("boat a")));
    assert_eq!(store(stores).get("boat", "a").await.unwrap(), Some(raw));
}
