//! What another process has made or changed in the store is taken up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_engine::{Engine, RuleError};
use tollgate_types::Chain;

/// How often keys and presets made or changed by another process are looked for.
const ROUND: Duration = Duration::from_millis(500);

/// Looks for keys and presets that another process made, changed or removed, and for rules that it
/// added, until `stop` is cancelled.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut ticks = interval(ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let refreshed = [
            // Before the keys that they are for, which may have been rotated.
            ("callers' own keys", engine.refresh_own_keys().await.map_err(RuleError::from)),
            ("keys", engine.keys().refresh(engine.now()).await.map(drop).map_err(RuleError::from)),
            ("rules", engine.rules().refresh().await),
            ("presets", engine.presets().refresh().await.map(drop).map_err(RuleError::from)),
            ("workspaces", engine.refresh_organisation().await.map_err(RuleError::from)),
        ];
        for (what, result) in refreshed {
            if let Err(error) = result {
                tracing::warn!(error = %Chain(&error), "{what} can't be refreshed");
            }
        }
    }
}
