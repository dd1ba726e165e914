//! Cases of [`StoreHealth`](crate::StoreHealth).

use super::sample::{hash, noon, plain_key, spend};
use tollgate_ledger::AccountId;

use crate::{StoreError, Stores};

/// Before and after writes.
pub async fn an_open_store_answers_a_ping(stores: &Stores) {
    stores.health.ping().await.unwrap();
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.health.ping().await.unwrap();
}

/// Reads and writes alike; closing again is fine.
pub async fn a_closed_store_says_so(stores: &Stores) {
    stores.health.close().await;
    stores.health.close().await;
    let errors = [
        stores.health.ping().await.err(),
        stores.keys.insert(plain_key(1)).await.err(),
        stores.keys.get(hash(1)).await.err(),
        stores.generations.append(vec![spend("gen-1", hash(1), noon(), 1)]).await.err(),
        stores.usage.account_usage().await.err(),
        stores.ledger.balance(&AccountId::default()).await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(StoreError::Closed)), "{error:?}");
    }
}
