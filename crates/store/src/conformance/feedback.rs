//! Cases of [`FeedbackStore`](crate::FeedbackStore).

use tollgate_types::GenerationId;

use super::sample::{hash, noon};
use crate::{FeedbackCategory, FeedbackRecord, Stores};

fn feedback(id: &str, generation: &str, millis: i64) -> FeedbackRecord {
    FeedbackRecord {
        id: id.to_owned(),
        generation_id: GenerationId::from_text(generation),
        category: FeedbackCategory::IncorrectResponse,
        comment: Some("É\0 \"so\"".to_owned()),
        key_hash: hash(1),
        created_at: noon().plus_millis(millis),
    }
}

/// Every field survives; of each generation its own, in the order they were said.
pub async fn feedback_reads_back_oldest_first(stores: &Stores) {
    let mut said: Vec<FeedbackRecord> = FeedbackCategory::ALL
        .into_iter()
        .enumerate()
        .map(|(index, category)| FeedbackRecord {
            category,
            comment: None,
            ..feedback(&format!("f{index}"), "gen-1", 7)
        })
        .collect();
    said.insert(0, feedback("x", "gen-1", 0));
    said.push(feedback("a", "gen-1", 9));
    let elsewhere = feedback("elsewhere", "gen-2", 0);
    for record in said.iter().rev().chain([&elsewhere]) {
        assert!(stores.feedback.add(record.clone()).await.unwrap());
    }
    let about = |id: &'static str, limit| async move {
        stores.feedback.about(&GenerationId::from_text(id), limit).await.unwrap()
    };
    assert_eq!(about("gen-1", 100).await, said);
    assert_eq!(about("gen-1", 2).await, said[..2]);
    assert_eq!(about("gen-2", 100).await, [elsewhere]);
    assert_eq!(about("gen-3", 100).await, []);
}

/// The first record wins.
pub async fn known_feedback_changes_nothing(stores: &Stores) {
    let first = feedback("x", "gen-1", 0);
    assert!(stores.feedback.add(first.clone()).await.unwrap());
    assert!(!stores.feedback.add(feedback("x", "gen-2", 5)).await.unwrap());
    let about = stores.feedback.about(&first.generation_id, 9).await.unwrap();
    assert_eq!(about, [first]);
}
