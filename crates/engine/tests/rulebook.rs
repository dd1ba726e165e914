//! The operator's rules from two places: the file's and the store's.

#![expect(clippy::unwrap_used, reason = "these are tests, which should panic")]

use serde_json::json;
use tollgate_engine::{Revision, RuleBook, RuleError};
use tollgate_policy::RuleForm;
use tollgate_store::{MemoryStore, StoreError, Stores};
use tollgate_types::Timestamp;

const NOW: Timestamp = Timestamp::from_unix_millis(1_000_000);

fn rules(names: &[&str]) -> Vec<RuleForm> {
    let rule = |name: &&str| json!({ "name": name, "then": { "deny": true } });
    names.iter().map(|name| serde_json::from_value(rule(name)).unwrap()).collect()
}

fn revision(names: &[&str], expected: Option<u64>) -> Revision {
    let rules = serde_json::to_string(&rules(names)).unwrap();
    Revision { rules, expected, note: None, author: None }
}

fn in_force(book: &RuleBook) -> Vec<String> {
    book.policies().policy.rules().iter().map(|rule| rule.name().to_owned()).collect()
}

async fn book(stores: &Stores, file: &[&str]) -> Result<RuleBook, RuleError> {
    RuleBook::load(stores.clone(), rules(file)).await
}

#[tokio::test]
async fn a_name_that_both_have_lets_nobody_in() {
    let stores = MemoryStore::new().into_stores();
    let running = book(&stores, &["file"]).await.unwrap();
    running.add(revision(&["shut"], None), NOW).await.unwrap();
    assert_eq!(in_force(&running), ["file", "shut"]);
    // A file that takes the name is refused, and what was in force stays.
    let refused = running.replace_file(rules(&["shut"])).await;
    assert!(matches!(refused, Err(RuleError::Problems(_))), "{refused:?}");
    assert_eq!(in_force(&running), ["file", "shut"]);
    running.replace_file(rules(&["other"])).await.unwrap();
    assert_eq!(in_force(&running), ["other", "shut"]);
    // So is a stored one, and a program that begins with both does not begin.
    let refused = running.add(revision(&["other"], None), NOW).await;
    assert!(matches!(refused, Err(RuleError::Problems(_))), "{refused:?}");
    assert!(book(&stores, &["shut"]).await.is_err());
}

#[tokio::test]
async fn a_version_of_another_process_is_taken_up_and_one_that_does_not_fit_is_told_once() {
    let stores = MemoryStore::new().into_stores();
    let (one, other) = (book(&stores, &["mine"]).await.unwrap(), book(&stores, &[]).await.unwrap());
    other.add(revision(&["theirs"], None), NOW).await.unwrap();
    one.refresh().await.unwrap();
    assert_eq!(in_force(&one), ["mine", "theirs"]);
    other.add(revision(&["mine"], Some(1)), NOW).await.unwrap();
    assert!(matches!(one.refresh().await, Err(RuleError::Problems(_))));
    one.refresh().await.unwrap();
    assert_eq!(in_force(&one), ["mine", "theirs"]);
    let late = one.add(revision(&["late"], Some(1)), NOW).await;
    assert!(matches!(late, Err(RuleError::Outdated { newest: 2 })), "{late:?}");
    stores.health.close().await;
    let closed = one.add(revision(&["late"], None), NOW).await;
    assert!(matches!(closed, Err(RuleError::Store(StoreError::Closed))), "{closed:?}");
}
