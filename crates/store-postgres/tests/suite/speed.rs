//! A guard against work that grows by an order of magnitude, not a benchmark.

use std::time::Duration;

use tokio::time::Instant;
use tollgate_store::GenerationRecord;
use tollgate_store::conformance::sample::{full_generation, hash};

use crate::fixture::fresh;

#[tokio::test]
async fn a_batch_of_256_is_no_matter_of_seconds() {
    let fresh = fresh().await;
    let mut best = Duration::MAX;
    for round in 0..10 {
        let batch = (0..=255_u8).map(|n| GenerationRecord {
            key_hash: hash(n % 16),
            ..full_generation(&format!("gen-{round}-{n}"))
        });
        let batch = batch.collect();
        let started = Instant::now();
        assert_eq!(fresh.generations.append(batch).await.unwrap(), 256);
        best = best.min(started.elapsed());
    }
    assert!(best < Duration::from_millis(500), "{best:?}");
}
