//! What batches leave in the file, and how they are found in it.

use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};
use tollgate_store::conformance::batches::{plain, request};
use tollgate_store::{BatchOutcome, BatchQuery, StoreError};
use tollgate_types::{BatchId, Timestamp, Usd};

use crate::fixture::{Fresh, fresh};

const TABLES: [&str; 3] = [
    "SELECT count(*) AS rows FROM batch",
    "SELECT count(*) AS rows FROM batch_request",
    "SELECT count(*) AS rows FROM batch_gone",
];

async fn connect(fresh: &Fresh) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.path());
    options.connect().await.unwrap()
}

/// Rows of each table.
async fn rows(connection: &mut SqliteConnection) -> Vec<i64> {
    let mut rows = Vec::new();
    for sql in TABLES {
        let row = sqlx::query(sql).fetch_one(&mut *connection).await.unwrap();
        rows.push(row.try_get("rows").unwrap());
    }
    rows
}

async fn keep(fresh: &Fresh, id: &str, requests: u32) {
    fresh.batches.open_batch(plain(id, 0)).await.unwrap();
    let requests = (1..=requests).map(|number| request(number, b"{}")).collect();
    fresh.batches.add_requests(&BatchId::from_text(id), requests).await.unwrap();
}

/// More than one write removes at once; what an earlier removal has left goes, too.
#[tokio::test]
async fn nothing_is_left_of_what_is_removed() {
    let fresh = fresh().await;
    let mut other = connect(&fresh).await;
    for (id, requests) in [("a", 1_000), ("b", 256), ("c", 3), ("d", 2)] {
        keep(&fresh, id, requests).await;
    }
    // As a removal that was cut off leaves it.
    let cut_off = "INSERT INTO batch_gone SELECT sequence FROM batch WHERE id = 'c';
                   DELETE FROM batch WHERE id = 'c'";
    sqlx::raw_sql(cut_off).execute(&mut other).await.unwrap();
    let c = BatchId::from_text("c");
    assert!(fresh.batches.open_requests(&c, 0, 9).await.unwrap().is_empty());
    keep(&fresh, "c", 0).await;
    assert!(fresh.batches.open_requests(&c, 0, 9).await.unwrap().is_empty());
    assert_eq!(rows(&mut other).await, [4, 1_261, 1]);

    assert!(fresh.batches.remove_batch(&BatchId::from_text("a")).await.unwrap());
    assert_eq!(rows(&mut other).await, [3, 258, 0]);
    let end = Timestamp::from_unix_millis(i64::MAX);
    assert_eq!(fresh.batches.remove_batches_before(end, 9).await.unwrap(), 3);
    assert_eq!(rows(&mut other).await, [0, 0, 0]);
}

/// Nobody asks for it then, and it may be long.
#[tokio::test]
async fn what_was_asked_goes_when_it_is_answered() {
    let fresh = fresh().await;
    keep(&fresh, "a", 2).await;
    let outcome = BatchOutcome {
        status: 200,
        generation_id: None,
        body: b"[]".to_vec(),
        provider: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost: Usd::ZERO,
        is_byok: false,
    };
    let a = BatchId::from_text("a");
    assert!(fresh.batches.finish_request((&a, 1), "node", outcome).await.unwrap());
    let sql = "SELECT count(body) AS bodies FROM batch_request";
    let row = sqlx::query(sql).fetch_one(&mut connect(&fresh).await).await.unwrap();
    assert_eq!(row.try_get::<i64, _>("bodies").unwrap(), 1);
}

#[tokio::test]
async fn an_unreadable_status_is_named() {
    let fresh = fresh().await;
    keep(&fresh, "a", 1).await;
    let edit = "UPDATE batch SET status = 'lost'; UPDATE batch_request SET status = 70000";
    sqlx::raw_sql(edit).execute(&mut connect(&fresh).await).await.unwrap();
    let query = BatchQuery { limit: 9, ..BatchQuery::default() };
    let a = BatchId::from_text("a");
    for (error, column) in [
        (fresh.batches.batches(&query).await.unwrap_err(), "batch.status"),
        (fresh.batches.batch_results(&a, 0, 9).await.unwrap_err(), "batch_request.status"),
    ] {
        assert!(matches!(&error, StoreError::Corrupt { what } if what == column), "{error:?}");
    }
}

/// Whoever looks for work looks at what is due only, and a workspace at its own.
#[tokio::test]
async fn batches_are_found_by_an_index() {
    let fresh = fresh().await;
    let mut other = connect(&fresh).await;
    for (sql, index) in [
        (
            "EXPLAIN QUERY PLAN SELECT sequence FROM batch
             WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
               AND (lease_node IS NULL OR lease_node = 'node' OR lease_until <= 1)
             ORDER BY created_at, id LIMIT 1",
            "USING INDEX batch_due",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT * FROM batch
             WHERE status <> 'receiving' AND workspace_id = 'w'
               AND created_at <= 7 AND (created_at < 7 OR id > 'a')
             ORDER BY created_at DESC, id LIMIT 9",
            "USING INDEX batch_newest (workspace_id=? AND created_at<?)",
        ),
        (
            "EXPLAIN QUERY PLAN SELECT number, custom_id, begun, body FROM batch_request
             WHERE batch_sequence = (SELECT sequence FROM batch WHERE id = 'a')
               AND number > 7 AND status IS NULL
             ORDER BY number LIMIT 9",
            "(batch_sequence=? AND number>?)",
        ),
    ] {
        let steps = sqlx::query(sql).fetch_all(&mut other).await.unwrap();
        let plan: Vec<String> = steps.iter().map(|row| row.try_get("detail").unwrap()).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
    }
}
