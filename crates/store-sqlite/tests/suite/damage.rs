//! Rows that someone edited by hand.

use sqlx::ConnectOptions as _;
use tollgate_store::StoreError;
use tollgate_store::conformance::sample::{full_generation, hash, plain_key};

use crate::fixture::fresh;

#[tokio::test]
async fn an_unreadable_column_is_named() {
    let fresh = fresh().await;
    let record = full_generation("gen-1");
    fresh.generations.append(vec![record.clone()]).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.path());
    let mut other = options.connect().await.unwrap();
    for (edit, column) in [
        ("UPDATE generation SET attempts = '[{]'", "generation.attempts"),
        ("UPDATE generation SET attempts = NULL, prompt_tokens = -1", "generation.prompt_tokens"),
        ("UPDATE generation SET prompt_tokens = 1, model = 'nonsense'", "generation.model"),
    ] {
        sqlx::query(edit).execute(&mut other).await.unwrap();
        let error = fresh.generations.get(&record.id).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { what } if what == column), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_edited_by_hand_shows_in_the_revision() {
    let fresh = fresh().await;
    fresh.keys.insert(plain_key(1)).await.unwrap();
    let before = fresh.keys.revision().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.path());
    let mut other = options.connect().await.unwrap();
    sqlx::query("UPDATE api_key SET disabled = 1").execute(&mut other).await.unwrap();
    assert!(fresh.keys.revision().await.unwrap() > before);
    assert!(fresh.keys.get(hash(1)).await.unwrap().unwrap().disabled);
}
