//! How endpoints did is written now and then, and taken up at the start.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tollgate_engine::Engine;
use tollgate_types::Chain;

use crate::rounds;

/// How often it is written: what a process that is killed forgets at most, about.
const ROUND: Duration = Duration::from_secs(10);
/// How long a gateway that stops waits for its store.
const LAST_MAX: Duration = Duration::from_secs(5);

/// Takes up how endpoints did in the last day.
pub(crate) async fn recall(engine: &Engine) -> anyhow::Result<()> {
    Box::pin(engine.recall_history()).await.context("how endpoints did can't be read")
}

/// Writes how endpoints do until `stop` is cancelled.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    rounds::every(ROUND, "writing how endpoints do", stop, move || {
        let engine = Arc::clone(&engine);
        async move { engine.write_history().await }
    })
    .await;
}

/// Writes what was counted since the last time, when everything has ended.
pub(crate) async fn write_last(engine: &Engine) {
    match timeout(LAST_MAX, engine.write_history()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "how endpoints did last can't be written");
        }
        Err(_) => tracing::warn!("the store does not take how endpoints did last"),
    }
}
