//! What limits have counted is written now and then, so that a restart does not forget it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_engine::Engine;
use tollgate_store::StoreError;
use tollgate_types::{Chain, Timestamp};

/// How often counts are written: what a process that is killed forgets at most, about.
const ROUND: Duration = Duration::from_secs(2);
/// Counters that nobody misses are dropped every so many rounds: once a minute.
const ROUNDS_PER_SWEEP: u32 = 30;

/// Writes counts until `stop` is cancelled.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut ticks = interval(ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, when there is nothing to do yet.
    ticks.tick().await;
    for round in 1_u32.. {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        keep(&engine).await;
        if round.is_multiple_of(ROUNDS_PER_SWEEP) {
            engine.limiting().sweep(engine.now());
        }
    }
}

/// Writes what was counted since the last time.
pub(crate) async fn keep(engine: &Engine) {
    let now = engine.now();
    if let Err(error) = engine.limiting().keep(engine.stores(), now).await {
        tracing::warn!(error = %Chain(&error), "what limits have counted can't be written yet");
    }
    if engine.limiting().is_shared()
        && let Err(error) = hear(engine, now).await
    {
        tracing::warn!(error = %Chain(&error), "what other nodes have spent can't be read yet");
    }
}

/// Takes up what other nodes have recorded of keys and workspaces.
async fn hear(engine: &Engine, now: Timestamp) -> Result<(), StoreError> {
    engine.keys().follow_spend(now).await?;
    engine.limiting().follow_keys(engine.keys(), now);
    engine.plans().follow(engine.organisation(), engine.stores(), now).await?;
    engine.limiting().follow_budgets(engine.organisation(), now).await
}
