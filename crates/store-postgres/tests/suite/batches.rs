//! What batches leave in the database, and what several gateways do to them at once.

use sqlx::{AssertSqlSafe, Row as _};
use tokio::task::JoinSet;
use tollgate_store::conformance::batches::{plain, request};
use tollgate_store::conformance::sample::noon;
use tollgate_store::{BatchOutcome, BatchQuery, StoreError, Stores};
use tollgate_types::{BatchId, GenerationId, Timestamp, Usd};

use crate::fixture::{Fresh, fresh, open};

/// Three gateways.
async fn three() -> (Fresh, [Stores; 3]) {
    let fresh = fresh().await;
    let stores = [fresh.stores.clone(), open(&fresh.url).await, open(&fresh.url).await];
    (fresh, stores)
}

async fn count(fresh: &Fresh, what: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count({what}"));
    let row = sqlx::query(sql).fetch_one(&mut fresh.connect().await).await.unwrap();
    row.try_get(0).unwrap()
}

/// Rows of each table.
async fn rows(fresh: &Fresh) -> [i64; 3] {
    [
        count(fresh, "*) FROM batch").await,
        count(fresh, "*) FROM batch_request").await,
        count(fresh, "*) FROM batch_gone").await,
    ]
}

async fn keep(stores: &Stores, id: &str, requests: u32) {
    stores.batches.open_batch(plain(id, 0)).await.unwrap();
    let requests = (1..=requests).map(|number| request(number, b"{}")).collect();
    stores.batches.add_requests(&BatchId::from_text(id), requests).await.unwrap();
}

fn outcome() -> BatchOutcome {
    BatchOutcome {
        status: 200,
        generation_id: None,
        body: b"[]".to_vec(),
        provider: None,
        prompt_tokens: 2,
        completion_tokens: 1,
        cost: Usd::from_nanos(5),
        is_byok: false,
    }
}

/// More than one write removes at once; what an earlier removal has left goes, too.
#[tokio::test]
async fn nothing_is_left_of_what_is_removed() {
    let fresh = fresh().await;
    for (id, requests) in [("a", 1_000), ("b", 256), ("c", 3), ("d", 2)] {
        keep(&fresh, id, requests).await;
    }
    // As a removal that was cut off leaves it.
    let cut_off = "INSERT INTO batch_gone SELECT sequence FROM batch WHERE id = 'c';
                   DELETE FROM batch WHERE id = 'c'";
    fresh.execute(cut_off).await;
    let c = BatchId::from_text("c");
    assert!(fresh.batches.open_requests(&c, 0, 9).await.unwrap().is_empty());
    keep(&fresh, "c", 0).await;
    assert!(fresh.batches.open_requests(&c, 0, 9).await.unwrap().is_empty());
    assert_eq!(rows(&fresh).await, [4, 1_261, 1]);

    assert!(fresh.batches.remove_batch(&BatchId::from_text("a")).await.unwrap());
    assert_eq!(rows(&fresh).await, [3, 258, 0]);
    let end = Timestamp::from_unix_millis(i64::MAX);
    assert_eq!(fresh.batches.remove_batches_before(end, 9).await.unwrap(), 3);
    assert_eq!(rows(&fresh).await, [0, 0, 0]);
}

/// Each batch is removed by one of them.
#[tokio::test(flavor = "multi_thread")]
async fn many_may_remove_at_once() {
    let (fresh, gateways) = three().await;
    for id in 0..30 {
        keep(&fresh, &id.to_string(), 20).await;
    }
    let mut tasks = JoinSet::new();
    for stores in gateways {
        tasks.spawn(async move {
            let mut removed = 0;
            for _ in 0..20 {
                let end = Timestamp::from_unix_millis(i64::MAX);
                removed += stores.batches.remove_batches_before(end, 3).await.unwrap();
            }
            removed
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 30);
    assert_eq!(rows(&fresh).await, [0, 0, 0]);
}

/// Nobody asks for it then, and it may be long.
#[tokio::test]
async fn what_was_asked_goes_when_it_is_answered() {
    let fresh = fresh().await;
    keep(&fresh, "a", 2).await;
    let a = BatchId::from_text("a");
    assert!(fresh.batches.finish_request((&a, 1), "node", outcome()).await.unwrap());
    assert_eq!(count(&fresh, "body) FROM batch_request").await, 1);
}

#[tokio::test]
async fn an_unreadable_status_is_named() {
    let fresh = fresh().await;
    keep(&fresh, "a", 1).await;
    let edit = "UPDATE batch SET status = 'lost'; UPDATE batch_request SET status = 70000";
    fresh.execute(edit).await;
    let query = BatchQuery { limit: 9, ..BatchQuery::default() };
    let a = BatchId::from_text("a");
    for (error, column) in [
        (fresh.batches.batches(&query).await.unwrap_err(), "batch.status"),
        (fresh.batches.batch_results(&a, 0, 9).await.unwrap_err(), "batch_request.status"),
    ] {
        assert!(matches!(&error, StoreError::Corrupt { what } if what == column), "{error:?}");
    }
}

/// Has a gateway say that a batch is whole, or add a request; says how many were kept.
async fn close_or_add(stores: Stores, id: BatchId, number: u32) -> u32 {
    if number == 6 {
        assert!(stores.batches.close_batch(&id).await.unwrap());
        return 0;
    }
    match stores.batches.add_requests(&id, vec![request(number, b"{}")]).await {
        Ok(()) => 1,
        Err(StoreError::Conflict) => 0,
        Err(other) => panic!("{other:?}"),
    }
}

/// What one gateway adds while another says that the batch is whole is counted or refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_whole_with_all_that_was_kept() {
    let (fresh, gateways) = three().await;
    for round in 0..30_u32 {
        let id = BatchId::from_text(&round.to_string());
        keep(&fresh, id.as_str(), 0).await;
        let mut tasks = JoinSet::new();
        for (number, stores) in (1..=12).zip(gateways.iter().cycle()) {
            tasks.spawn(close_or_add(stores.clone(), id.clone(), number));
        }
        let kept: u32 = tasks.join_all().await.into_iter().sum();
        let batch = fresh.batches.batch(&id).await.unwrap().unwrap();
        let open = fresh.batches.open_requests(&id, 0, 99).await.unwrap();
        assert_eq!((batch.requests, open.len()), (kept, usize::try_from(kept).unwrap()));
    }
}

/// Claims batches and answers their requests; says which it had.
async fn work(stores: Stores, node: &str) -> Vec<BatchId> {
    let lease = (noon(), noon().plus_millis(1_000));
    let mut had = Vec::new();
    while let Some(batch) = stores.batches.claim_batch(node, lease, &had).await.unwrap() {
        for number in 1..=8 {
            let (place, call) = ((&batch.id, number), GenerationId::from_text(node));
            assert!(stores.batches.begin_request(place, node, &call).await.unwrap());
            assert!(stores.batches.finish_request(place, node, outcome()).await.unwrap());
        }
        had.push(batch.id);
    }
    had
}

/// Every batch is had by one gateway, however many claim and work at once.
#[tokio::test(flavor = "multi_thread")]
async fn each_batch_is_worked_on_by_one_gateway() {
    let (fresh, gateways) = three().await;
    for id in 0..12 {
        keep(&fresh, &id.to_string(), 8).await;
        fresh.batches.close_batch(&BatchId::from_text(&id.to_string())).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for (node, stores) in ["one", "two", "three"].into_iter().zip(gateways) {
        tasks.spawn(work(stores, node));
    }
    assert_eq!(tasks.join_all().await.concat().len(), 12);
    let query = BatchQuery { limit: 99, ..BatchQuery::default() };
    for batch in fresh.batches.batches(&query).await.unwrap() {
        assert_eq!((batch.tally.completed, batch.tally.prompt_tokens), (8, 16));
    }
}

/// Claims until there is something: what another is just writing for is passed over.
async fn take_over(stores: &Stores) {
    let lease = (noon().plus_millis(1), noon().plus_millis(9));
    while stores.batches.claim_batch("two", lease, &[]).await.unwrap().is_none() {}
}

/// A batch is lost before a write or behind it, never during it.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_lost_between_two_writes() {
    let (fresh, [one, two, _]) = three().await;
    let a = BatchId::from_text("a");
    keep(&fresh, "a", 200).await;
    fresh.batches.close_batch(&a).await.unwrap();
    one.batches.claim_batch("one", (noon(), noon().plus_millis(1)), &[]).await.unwrap().unwrap();
    let mut tasks = JoinSet::new();
    for number in 1..=200_u32 {
        let (one, a) = (one.clone(), a.clone());
        tasks.spawn(async move {
            one.batches.finish_request((&a, number), "one", outcome()).await.unwrap()
        });
    }
    take_over(&two).await;
    let kept = tasks.join_all().await.into_iter().filter(|kept| *kept).count();
    let batch = fresh.batches.batch(&a).await.unwrap().unwrap();
    let kept = u32::try_from(kept).unwrap();
    assert_eq!((batch.tally.completed, batch.tally.cost.nanos()), (kept, i64::from(kept) * 5));
    assert_eq!(count(&fresh, "status) FROM batch_request").await, i64::from(kept));
    assert!(!one.batches.renew_batch(&a, "one", noon()).await.unwrap());
}
