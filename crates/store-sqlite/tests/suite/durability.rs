//! What an `Ok` is worth.

use std::fs;

use tollgate_store::conformance::sample::{
    bought, full_generation, hash, key, noon, plain_key, spend,
};
use tollgate_store::{KeySuccessor, MovementQuery, StoreError, Stores};

use crate::fixture::{database, fresh, open};

#[tokio::test]
async fn closing_and_opening_again_keeps_everything() {
    let fresh = fresh().await;
    fresh.keys.insert(key(1)).await.unwrap();
    fresh.keys.insert(plain_key(2)).await.unwrap();
    let successor = KeySuccessor { hash: hash(3), label: "new".to_owned(), overlap_until: None };
    fresh.keys.replace(hash(2), successor, noon()).await.unwrap();
    let batch = vec![full_generation("gen-1"), spend("gen-2", hash(2), noon(), 5)];
    fresh.generations.append(batch).await.unwrap();
    fresh.ledger.post(vec![bought("payment-1")]).await.unwrap();
    let before = everything(&fresh).await;
    fresh.health.close().await;
    assert_eq!(before, everything(&open(&fresh.path()).await).await);
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let fresh = fresh().await;
    fresh.generations.append(vec![full_generation("gen-1")]).await.unwrap();
    fresh.health.close().await;
    assert_eq!(fs::read_dir(fresh.path().parent().unwrap()).unwrap().count(), 1);
}

/// As when the process is killed: nothing of the store runs after the last answer, and the file
/// is read as it then was.
#[test]
fn an_acknowledged_write_needs_no_close() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let copies = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stores = open(&path).await;
        for n in 0..50 {
            let record = spend(&format!("gen-{n}"), hash(1), noon(), 1);
            stores.generations.append(vec![record]).await.unwrap();
        }
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copies.path().join(file.file_name())).unwrap();
        }
    });
    drop(runtime);
    for path in [database(copies.path()), path] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let stores = open(&path).await;
            assert_eq!(stores.generations.count().await.unwrap(), 50);
            let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
            assert_eq!((usage.total.nanos(), usage.requests), (50, 50));
        });
    }
}

/// Writes in the queue when the store is closed are done; later ones are told so.
#[tokio::test]
async fn closing_finishes_what_was_accepted() {
    let fresh = fresh().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..300 {
        let generations = fresh.generations.clone();
        let record = spend(&format!("gen-{n}"), hash(1), noon(), 1);
        tasks.spawn(async move { generations.append(vec![record]).await });
    }
    tokio::task::yield_now().await;
    fresh.health.close().await;
    let mut kept = 0;
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(added) => kept += added,
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error:?}"),
        }
    }
    let stores = open(&fresh.path()).await;
    assert_eq!(stores.generations.count().await.unwrap(), kept);
}

async fn everything(stores: &Stores) -> String {
    let keys = stores.keys.all().await.unwrap();
    let revision = stores.keys.revision().await.unwrap();
    let generations = stores.generations.recent(10, None).await.unwrap();
    let usage = stores.usage.all_key_usage(noon()).await.unwrap();
    let account = stores.usage.account_usage().await.unwrap();
    let query = MovementQuery { limit: 10, ..MovementQuery::default() };
    let movements = stores.ledger.movements(&query).await.unwrap();
    let books = stores.ledger.books().await.unwrap();
    format!("{keys:#?} {revision} {generations:#?} {usage:#?} {account:?} {movements:#?} {books:?}")
}
