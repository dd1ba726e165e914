//! Rows that someone edited by hand.

use tollgate_store::StoreError;
use tollgate_store::conformance::sample::{bought, full_generation, hash, plain_key};

use crate::fixture::fresh;

#[tokio::test]
async fn an_unreadable_column_is_named() {
    let fresh = fresh().await;
    let record = full_generation("gen-1");
    fresh.generations.append(vec![record.clone()]).await.unwrap();
    for (edit, column) in [
        ("UPDATE generation SET attempts = '[{]'", "generation.attempts"),
        ("UPDATE generation SET attempts = NULL, prompt_tokens = -1", "generation.prompt_tokens"),
        ("UPDATE generation SET prompt_tokens = 1, model = 'nonsense'", "generation.model"),
        ("UPDATE generation SET model = 'a/b', api_type = U&'\\FDD0x'", "generation.api_type"),
    ] {
        fresh.execute(edit).await;
        let error = fresh.generations.get(&record.id).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { what } if what == column), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_edited_by_hand_shows_in_the_revision() {
    let fresh = fresh().await;
    fresh.keys.insert(plain_key(1)).await.unwrap();
    let before = fresh.keys.revision().await.unwrap();
    fresh.execute("SET search_path = ''; UPDATE public.api_key SET disabled = true").await;
    assert!(fresh.keys.revision().await.unwrap() > before);
    assert!(fresh.keys.get(hash(1)).await.unwrap().unwrap().disabled);
}

#[tokio::test]
async fn the_ledger_refuses_to_be_edited() {
    let fresh = fresh().await;
    fresh.ledger.post(vec![bought("payment-1")]).await.unwrap();
    let mut connection = fresh.connect().await;
    for edit in [
        "UPDATE ledger_movement SET amount_nanos = 1",
        "DELETE FROM ledger_movement",
        "TRUNCATE ledger_movement",
    ] {
        let refused = sqlx::raw_sql(edit).execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}
