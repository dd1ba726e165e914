//! A server that goes away and comes back.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tollgate_ledger::audit;
use tollgate_store::StoreError;
use tollgate_store::conformance::sample::{bought, hash, noon, plain_key, spend};
use tollgate_store_postgres::test_server::TestServer;

use crate::fixture::{fresh, open};

#[tokio::test(flavor = "multi_thread")]
async fn writes_fail_while_the_server_is_away_and_go_on_when_it_is_back() {
    let server = TestServer::private();
    let stores = open(&server.database().await).await;
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.ledger.post(vec![bought("payment-1")]).await.unwrap();
    let record = |n: u32| spend(&format!("gen-{n}"), hash(1), noon(), 1);
    stores.generations.append(vec![record(0)]).await.unwrap();

    server.crash();
    let errors = [
        stores.generations.append(vec![record(1)]).await.err(),
        stores.keys.insert(plain_key(2)).await.err(),
        stores.keys.all().await.err(),
        stores.ledger.books().await.err(),
        stores.health.ping().await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(StoreError::Unavailable(_))), "{error:?}");
    }

    server.restart();
    // Connections that did not outlive the server may be met first.
    let until = Instant::now() + Duration::from_secs(30);
    while let Err(error) = stores.generations.append(vec![record(1)]).await {
        assert!(error.is_transient() && Instant::now() < until, "{error:?}");
        sleep(Duration::from_millis(20)).await;
    }
    while let Err(error) = stores.keys.all().await {
        assert!(error.is_transient() && Instant::now() < until, "{error:?}");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stores.keys.all().await.unwrap(), [plain_key(1)]);
    assert_eq!(stores.generations.count().await.unwrap(), 2);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

/// As after a failover that leaves the old primary behind, read-only.
#[tokio::test]
async fn a_database_that_became_read_only_is_unavailable_and_passes() {
    let fresh = fresh().await;
    fresh.keys.insert(plain_key(1)).await.unwrap();
    // The transactions of the store say READ WRITE: what refuses them is a trigger here.
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                  BEGIN RAISE EXCEPTION 'read-only' USING ERRCODE = '25006'; END $$;
                  CREATE TRIGGER refuse BEFORE INSERT ON api_key
                  FOR EACH STATEMENT EXECUTE FUNCTION refuse()";
    fresh.execute(refuse).await;
    let error = fresh.keys.insert(plain_key(2)).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    fresh.execute("DROP TRIGGER refuse ON api_key").await;
    fresh.keys.insert(plain_key(2)).await.unwrap();
}

/// A lock that somebody keeps for too long fails the writes that waited, with reads going on
/// meanwhile.
#[tokio::test]
async fn a_lock_held_too_long_is_unavailable_and_passes() {
    let fresh = fresh().await;
    let mut other = fresh.connect().await;
    sqlx::raw_sql("BEGIN; SELECT FROM revision FOR UPDATE").execute(&mut other).await.unwrap();
    let write = fresh.keys.insert(plain_key(1));
    let mut write = std::pin::pin!(write);
    let waited = tokio::time::timeout(Duration::from_millis(300), write.as_mut()).await;
    assert!(waited.is_err());
    assert_eq!(fresh.keys.all().await.unwrap(), []);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    write.await.unwrap();
    assert_eq!(fresh.keys.all().await.unwrap(), [plain_key(1)]);
}
