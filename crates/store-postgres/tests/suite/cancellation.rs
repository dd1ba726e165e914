//! Callers that stop waiting, at every point where they can.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use sqlx::Row as _;
use tollgate_store::conformance::sample::{bought, hash, noon, plain_key, spend};
use tollgate_store::{Change, KeyPatch, Stores};

use crate::fixture::{Fresh, fresh};

/// Polls a future `polls` times at most, letting everyone else run in between, and drops it.
async fn abandon<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let outcome = std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        });
        if let Some(output) = outcome.await {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Nobody holds a transaction. Those under way get the time that they take.
async fn nothing_is_left_open(fresh: &Fresh) {
    let mut connection = fresh.connect().await;
    let sql = "SELECT count(*) AS open FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND backend_type = 'client backend' AND state LIKE 'idle in transaction%'";
    for _ in 0..200 {
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        if row.get::<i64, _>("open") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a transaction was left open");
}

async fn write_everything(stores: &Stores, round: usize) {
    let byte = u8::try_from(round).unwrap();
    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    let batch = vec![spend(&format!("gen-{round}"), hash(byte), noon(), 1)];
    let outcomes = tokio::join!(
        abandon(stores.keys.insert(plain_key(byte)), round),
        abandon(stores.keys.update(hash(byte), patch, noon()), round),
        abandon(stores.generations.append(batch), round),
        abandon(stores.ledger.post(vec![bought(&format!("payment-{round}"))]), round),
        abandon(stores.keys.all(), round),
        abandon(stores.usage.all_key_usage(noon()), round),
    );
    drop(outcomes);
}

/// Whether counters moved for exactly the records that were kept. What was abandoned before it began
/// may still begin, and end between two looks: then a later look finds both.
async fn counters_agree(stores: &Stores) -> bool {
    for _ in 0..50 {
        let kept = stores.generations.recent(u32::MAX, None).await.unwrap().len();
        let account = stores.usage.account_usage().await.unwrap();
        if u64::try_from(kept).unwrap() == account.requests {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn an_abandoned_call_leaves_no_transaction_open() {
    let fresh = fresh().await;
    for round in 0..40 {
        write_everything(&fresh, round).await;
        nothing_is_left_open(&fresh).await;
        assert!(counters_agree(&fresh).await, "round {round}");
        let books = fresh.ledger.books().await.unwrap();
        assert_eq!(tollgate_ledger::audit(&books), []);
    }
}

/// What was abandoned may be sent again, and is there once.
#[tokio::test]
async fn an_abandoned_append_may_be_repeated() {
    let fresh = fresh().await;
    for round in 0..40 {
        let record = spend(&format!("gen-{round}"), hash(1), noon(), 1);
        abandon(fresh.generations.append(vec![record.clone()]), round).await;
        fresh.generations.append(vec![record]).await.unwrap();
    }
    assert_eq!(fresh.usage.key_usage(hash(1), noon()).await.unwrap().total.nanos(), 40);
}

/// Aborted from another thread at any time, as a server does when a client hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn aborted_tasks_leave_no_transaction_open() {
    let fresh = fresh().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..500 {
        let stores = fresh.stores.clone();
        let record = spend(&format!("gen-{n}"), hash(1), noon(), 1);
        let task = tasks.spawn(async move { stores.generations.append(vec![record]).await });
        if n % 3 == 0 {
            task.abort();
        } else if n % 3 == 1 {
            tokio::task::yield_now().await;
            task.abort();
        }
    }
    while tasks.join_next().await.is_some() {}
    nothing_is_left_open(&fresh).await;
    let count = fresh.generations.count().await.unwrap();
    let usage = fresh.usage.key_usage(hash(1), noon()).await.unwrap();
    assert!(count >= 166, "{count}");
    assert_eq!((u64::try_from(usage.total.nanos()).unwrap(), usage.requests), (count, count));
}
