//! What is done for the ledger now and then: slices that nobody uses go back, given credit ends,
//! credit is bought where little is left, the books are audited, and operators are alerted.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_engine::{Alerting, Cashier, Engine, charge_commitments};
use tollgate_ledger::audit;
use tollgate_store::StoreError;
use tollgate_types::Chain;

/// How often idle slices and expired credit are looked for.
const ROUND: Duration = Duration::from_secs(30);
/// Books are audited every so many rounds: once an hour.
const ROUNDS_PER_AUDIT: u32 = 120;

/// Keeps the books until `stop` is cancelled.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut ticks = interval(ROUND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, when there is nothing to do yet.
    ticks.tick().await;
    let mut rounds: u32 = 0;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        rounds = rounds.wrapping_add(1);
        if let Err(error) = round(&engine, rounds.is_multiple_of(ROUNDS_PER_AUDIT)).await {
            tracing::warn!(error = %Chain(&error), "the ledger can't be kept right now");
        }
    }
}

/// Buys credit where too little is left, until `stop` is cancelled. Beside the books: a payment
/// provider that is slow to answer holds nothing else up.
pub(crate) async fn top_up(cashier: Arc<Cashier>, stop: CancellationToken) {
    let rounds = async {
        let mut ticks = interval(ROUND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if let Err(error) = Box::pin(cashier.top_up()).await {
                tracing::warn!(error = %Chain(&error), "nothing can be bought automatically now");
            }
        }
    };
    // What is asked for under way is asked for again, under the same key.
    stop.run_until_cancelled(rounds).await;
}

/// Looks for what operators want to hear of and tells them, until `stop` is cancelled. Beside the
/// books: a receiver that is slow to answer holds nothing else up.
pub(crate) async fn alert(alerting: Arc<Alerting>, stop: CancellationToken) {
    let rounds = async {
        let mut ticks = interval(ROUND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if let Err(error) = Box::pin(alerting.round()).await {
                tracing::warn!(error = %Chain(&error), "operators can't be alerted right now");
            }
        }
    };
    // What was being told is told again later, under the same id.
    stop.run_until_cancelled(rounds).await;
}

/// Makes journaled records outlive a loss of power, every so often until `stop` is cancelled, and
/// once more then.
pub(crate) async fn sync(engine: Arc<Engine>, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            biased;
            () = stop.cancelled() => is_last = true,
            _ = ticks.tick() => {}
        }
        let journal = Arc::clone(engine.recorder().journal());
        let (bytes, records) = journal.size();
        engine.metrics().journal_is(bytes, records);
        if let Ok(Err(error)) = spawn_blocking(move || journal.sync()).await {
            tracing::error!(error = %Chain(&error), "the journal can't be synced");
        }
    }
}

async fn round(engine: &Engine, audits: bool) -> Result<(), StoreError> {
    engine.purses().give_back_idle().await?;
    let ledger = &engine.stores().ledger;
    for ended in ledger.expire(engine.now()).await? {
        tracing::info!(account = %ended.account, amount = %ended.amount, "given credit has expired");
    }
    if audits {
        if engine.is_paid()
            && let Err(error) = charge_commitments(engine.stores(), engine.now()).await
        {
            tracing::warn!(error = %Chain(&error), "commitments can't be charged yet");
        }
        for found in audit(&ledger.books().await?) {
            tracing::error!("the books are wrong: {found}");
        }
    }
    Ok(())
}
