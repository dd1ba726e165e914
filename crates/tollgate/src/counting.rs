//! What limits have counted, and how endpoints did, is written now and then, so that a restart does
//! not forget it, and so that other gateways on the database hear of it. Each of these is a task of its own: one that waits
//! for the database holds up no other.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tollgate_engine::Engine;
use tollgate_store::StoreError;
use tollgate_types::Chain;

use crate::{endpoint_history, rounds};

/// How often counts are written: what a process that is killed forgets at most, about.
const ROUND: Duration = Duration::from_secs(2);
/// How often it is said what has become of what this gateway may let be spent.
const SHARE: Duration = Duration::from_millis(250);
/// How often counters are dropped that nobody misses.
const SWEEP: Duration = Duration::from_mins(1);

/// Writes counts, and hears of those of others, until `stop` is cancelled.
pub(crate) fn run(engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) {
    let (teller, token) = (Arc::clone(engine), stop.clone());
    tasks.spawn(rounds::every(ROUND, "writing what limits have counted", token, move || {
        let engine = Arc::clone(&teller);
        async move { engine.limiting().tell(engine.stores(), engine.now()).await }
    }));
    tasks.spawn(endpoint_history::run(Arc::clone(engine), stop.clone()));
    let (sweeper, token) = (Arc::clone(engine), stop.clone());
    tasks.spawn(rounds::every(SWEEP, "forgetting what limits have counted", token, move || {
        let engine = Arc::clone(&sweeper);
        async move { engine.limiting().sweep(engine.stores(), engine.now()).await }
    }));
    if !engine.limiting().is_shared() {
        let (follower, token) = (Arc::clone(engine), stop.clone());
        let what = "reading what the month has come to";
        tasks.spawn(rounds::every(ROUND, what, token, move || {
            let engine = Arc::clone(&follower);
            async move {
                let (organisation, stores) = (engine.organisation(), engine.stores());
                engine.plans().follow_calendar(organisation, stores, engine.now()).await
            }
        }));
        return;
    }
    let (sharer, token) = (Arc::clone(engine), stop.clone());
    tasks.spawn(rounds::every(SHARE, "saying what may be spent here", token, move || {
        let engine = Arc::clone(&sharer);
        async move {
            let Some(allotments) = engine.limiting().allotments() else { return Ok(()) };
            allotments.tell().await
        }
    }));
    let (hearer, token) = (Arc::clone(engine), stop.clone());
    let what = "hearing what limits of others have counted";
    tasks.spawn(rounds::every_until(ROUND, what, token, move || {
        let engine = Arc::clone(&hearer);
        async move { engine.limiting().hear(engine.stores(), engine.now()).await }
    }));
    let (follower, token) = (Arc::clone(engine), stop.clone());
    let what = "reading what other gateways have spent";
    tasks.spawn(rounds::every_until(ROUND, what, token, move || {
        let engine = Arc::clone(&follower);
        async move { follow(&engine).await }
    }));
}

/// Writes what was counted since the last time, when everything has ended.
pub(crate) async fn tell_last(engine: &Engine) {
    if let Err(error) = engine.limiting().tell(engine.stores(), engine.now()).await {
        tracing::warn!(error = %Chain(&error), "what limits have counted can't be written");
    }
    endpoint_history::write_last(engine).await;
    let Some(allotments) = engine.limiting().allotments() else { return };
    if let Err(error) = allotments.forget().await {
        tracing::warn!(error = %Chain(&error), "what may be spent here is given up at the next start");
    }
}

/// Takes up what other nodes have recorded of keys and workspaces.
async fn follow(engine: &Engine) -> Result<(), StoreError> {
    let (limiting, now) = (engine.limiting(), engine.now());
    let keys = limiting.follow_keys(engine.keys(), now).await;
    limiting.follow_budgets(engine.organisation(), engine.stores(), now).await?;
    engine.plans().follow(engine.organisation(), engine.stores(), now).await?;
    keys
}
