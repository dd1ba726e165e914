//! Where generations lie.

use sqlx::Row as _;
use tollgate_ledger::audit;
use tollgate_store::conformance::sample::{at, hash, spend};

use crate::fixture::{Fresh, fresh};

async fn partitions(fresh: &Fresh) -> Vec<String> {
    let sql = "SELECT inhrelid::regclass::TEXT AS name FROM pg_inherits
               WHERE inhparent = 'generation'::regclass ORDER BY 1";
    let rows = sqlx::query(sql).fetch_all(&mut fresh.connect().await).await.unwrap();
    rows.iter().map(|row| row.get("name")).collect()
}

#[tokio::test]
async fn a_record_makes_its_month_and_the_next() {
    let fresh = fresh().await;
    let record = |id: &str, when: &str| spend(id, hash(1), at(when), 1);
    let december = record("gen-1", "2026-12-31T23:59:59.999Z");
    fresh.generations.append(vec![december.clone()]).await.unwrap();
    let expected =
        ["generation_2026_12", "generation_2027_01", "generation_after", "generation_before"];
    assert_eq!(partitions(&fresh).await, expected);
    let january = record("gen-2", "2027-01-01T00:00:00Z");
    let last = record("gen-3", "2119-12-31T00:00:00Z");
    let ancient = record("gen-4", "1999-12-31T00:00:00Z");
    let batch = vec![january.clone(), last.clone(), ancient.clone()];
    fresh.generations.append(batch).await.unwrap();
    assert_eq!(partitions(&fresh).await.len(), 6, "{:?}", partitions(&fresh).await);
    let expected = [last, january, december, ancient];
    assert_eq!(fresh.generations.recent(9, None).await.unwrap(), expected);
}

/// The id outlives the month: nothing is counted twice. And a month that is needed again is made.
#[tokio::test]
async fn a_month_may_be_dropped() {
    let fresh = fresh().await;
    let record = |id: &str| spend(id, hash(1), at("2026-11-21T12:00:00Z"), 1);
    fresh.generations.append(vec![record("gen-1")]).await.unwrap();
    fresh.execute("DROP TABLE generation_2026_11").await;
    assert_eq!(fresh.generations.get(&record("gen-1").id).await.unwrap(), None);
    let batch = vec![record("gen-1"), record("gen-2")];
    assert_eq!(fresh.generations.append(batch).await.unwrap(), 1);
    assert_eq!(fresh.generations.recent(9, None).await.unwrap(), [record("gen-2")]);
    assert_eq!(fresh.generations.count().await.unwrap(), 2);
}

/// Who reads for long keeps a month from being dropped, and its rows from nothing: they go one by one.
#[tokio::test]
async fn a_month_that_is_read_is_removed_row_by_row() {
    let fresh = fresh().await;
    let record = |n: i64| spend(&format!("gen-{n}"), hash(1), at("2026-09-21T12:00:00Z"), n + 1);
    fresh.generations.append((0..5).map(record).collect()).await.unwrap();
    let mut reader = fresh.connect().await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM generation").execute(&mut reader).await.unwrap();
    let before = at("2026-11-01T00:00:00Z");
    for removed in [2, 2, 1, 0] {
        assert_eq!(fresh.generations.remove_before(before, 2).await.unwrap(), removed);
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut reader).await.unwrap();
    assert_eq!(fresh.generations.recent(9, None).await.unwrap(), []);
    assert_eq!(audit(&fresh.ledger.books().await.unwrap()), []);
}
