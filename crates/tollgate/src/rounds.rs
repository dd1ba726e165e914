//! What is done every so often beside calls.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_types::Chain;

/// Does `round` every so often until `stop` is cancelled; one that is under way then is done to its
/// end. What fails is done again in the next round, and `what` says what that is.
pub(crate) async fn every<F, R, E>(
    period: Duration,
    what: &'static str,
    stop: CancellationToken,
    mut round: F,
) where
    F: FnMut() -> R,
    R: Future<Output = Result<(), E>>,
    E: std::error::Error + 'static,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, when there is nothing to do yet.
    ticks.tick().await;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = round().await {
            tracing::warn!(error = %Chain(&error), "{what} can't be done right now");
        }
    }
}

/// The same, but a round that is under way when `stop` is cancelled is left: it is done again after
/// the next start.
pub(crate) async fn every_until<F, R, E>(
    period: Duration,
    what: &'static str,
    stop: CancellationToken,
    round: F,
) where
    F: FnMut() -> R,
    R: Future<Output = Result<(), E>>,
    E: std::error::Error + 'static,
{
    stop.clone().run_until_cancelled(every(period, what, stop, round)).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use tokio::time::{sleep, timeout};
    use tollgate_store::StoreError;

    use super::*;

    const ROUND: Duration = Duration::from_millis(20);

    type Outcome = Result<(), StoreError>;

    /// The third round succeeds, and is under way when it is stopped.
    async fn third(begun: &AtomicU32, done: &AtomicU32, stop: &CancellationToken) -> Outcome {
        if begun.fetch_add(1, Relaxed) < 2 {
            return Err(StoreError::Conflict);
        }
        stop.cancel();
        sleep(ROUND).await;
        done.fetch_add(1, Relaxed);
        Ok(())
    }

    /// What fails is done again, and what is under way is done to its end, or left.
    #[tokio::test]
    async fn rounds_go_on_until_they_are_stopped() {
        for is_left in [false, true] {
            let (begun, done) = (AtomicU32::new(0), AtomicU32::new(0));
            let stop = CancellationToken::new();
            let round = || third(&begun, &done, &stop);
            let most = Duration::from_secs(10);
            let ended = if is_left {
                timeout(most, every_until(ROUND, "it", stop.clone(), round)).await
            } else {
                timeout(most, every(ROUND, "it", stop.clone(), round)).await
            };
            ended.unwrap();
            assert_eq!((begun.load(Relaxed), done.load(Relaxed)), (3, u32::from(!is_left)));
        }
    }
}
