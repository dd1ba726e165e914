//! A gateway and a command line on one file.

use sqlx::ConnectOptions as _;
use tokio::task::JoinSet;
use tollgate_ledger::AccountId;
use tollgate_store::conformance::sample::{bought, hash, noon, plain_key, spend};
use tollgate_store::{Change, KeyPatch, StoreError};

use crate::fixture::{fresh, open};

#[tokio::test]
async fn each_sees_what_the_other_changed() {
    let gateway = fresh().await;
    let command = open(&gateway.path()).await;
    let before = gateway.keys.revision().await.unwrap();

    command.keys.insert(plain_key(1)).await.unwrap();
    let inserted = gateway.keys.revision().await.unwrap();
    assert!(inserted > before);
    assert_eq!(gateway.keys.get(hash(1)).await.unwrap(), Some(plain_key(1)));
    let again = gateway.keys.insert(plain_key(1)).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");

    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    gateway.keys.update(hash(1), patch, noon()).await.unwrap();
    assert!(command.keys.revision().await.unwrap() > inserted);
    assert!(command.keys.get(hash(1)).await.unwrap().unwrap().disabled);

    assert!(gateway.ledger.post(vec![bought("payment-1")]).await.unwrap());
    assert!(!command.ledger.post(vec![bought("payment-1")]).await.unwrap());
    let account = AccountId::default();
    let balance = command.ledger.balance(&account).await.unwrap();
    assert_eq!(balance, gateway.ledger.balance(&account).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_may_append_the_same_ids_at_once() {
    let one = fresh().await;
    let two = open(&one.path()).await;
    let mut tasks = JoinSet::new();
    for n in 0..200_u32 {
        for stores in [one.stores.clone(), two.clone()] {
            let cost = i64::from(n);
            let record = spend(&format!("gen-{n}"), hash(1), noon(), cost);
            tasks.spawn(async move { stores.generations.append(vec![record]).await.unwrap() });
        }
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 200);
    for stores in [&one.stores, &two] {
        let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
        assert_eq!((usage.daily.nanos(), usage.requests), ((0..200).sum(), 200));
    }
}

#[tokio::test]
async fn one_may_close_while_the_other_goes_on() {
    let gateway = fresh().await;
    let command = open(&gateway.path()).await;
    command.keys.insert(plain_key(1)).await.unwrap();
    command.health.close().await;
    gateway.keys.insert(plain_key(2)).await.unwrap();
    assert_eq!(gateway.keys.all().await.unwrap(), [plain_key(1), plain_key(2)]);
}

/// A lock that another process keeps for too long fails the writes that waited, with reads going
/// on meanwhile, and leaves the store in order.
#[tokio::test]
async fn a_lock_held_too_long_is_unavailable_and_passes() {
    let fresh = fresh().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.path());
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let (write, read) = tokio::join!(fresh.keys.insert(plain_key(1)), fresh.keys.all());
    let error = write.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(read.unwrap(), []);

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    fresh.keys.insert(plain_key(1)).await.unwrap();
    fresh.health.ping().await.unwrap();
}
