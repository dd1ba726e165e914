//! What is done for the ledger now and then: slices that nobody uses go back, and those of gateways
//! that are gone; given credit ends, credit is bought where little is left, the books are audited,
//! and operators are alerted. Each is a task of its own: one that takes long holds up no other.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tollgate_engine::{Alerting, Cashier, Engine, charge_commitments, takes_turn};
use tollgate_ledger::audit;
use tollgate_store::StoreError;
use tollgate_types::Chain;

use crate::rounds;

/// How often idle slices and expired credit are looked for, and what operators want to hear of.
const ROUND: Duration = Duration::from_secs(30);
/// How often it is looked where credit is scarce: a node that has some of it idle gives it back.
const SCARCE: Duration = Duration::from_secs(1);
/// How often a gateway tells others at most that it is there, and looks who else is.
const COMPANY: Duration = Duration::from_secs(10);
/// How often it does so within the time after which it would be taken for gone, at least.
const COMPANY_TIMES: u32 = 5;
/// How often it is looked whether operators are still to be told of something.
const TELL: Duration = Duration::from_secs(10);
/// How often a gateway looks whether an audit is due, and commitments of a month.
const AUDIT_LOOK: Duration = Duration::from_mins(5);
/// One gateway of all audits the books as often, in milliseconds.
const AUDIT_MILLIS: i64 = 3_600_000;

/// Keeps the books until `stop` is cancelled. Gateways that were not heard of for `gone_after` are
/// taken back from.
pub(crate) fn run(
    (engine, gone_after): (&Arc<Engine>, Duration),
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let (keeper, token) = (Arc::clone(engine), stop.clone());
    tasks.spawn(rounds::every(ROUND, "keeping the ledger", token, move || {
        let engine = Arc::clone(&keeper);
        async move { round(&engine).await }
    }));
    let (auditor, token) = (Arc::clone(engine), stop.clone());
    tasks.spawn(rounds::every_until(AUDIT_LOOK, "auditing the books", token, move || {
        let engine = Arc::clone(&auditor);
        async move { audit_in_turn(&engine).await.map(drop) }
    }));
    if engine.is_paid() {
        let (follower, token) = (Arc::clone(engine), stop.clone());
        tasks.spawn(rounds::every(SCARCE, "giving back scarce credit", token, move || {
            let engine = Arc::clone(&follower);
            async move { engine.purses().follow().await }
        }));
        let (member, token) = (Arc::clone(engine), stop.clone());
        let period = COMPANY.min(gone_after / COMPANY_TIMES);
        tasks.spawn(rounds::every(
            period,
            "telling that this gateway is there",
            token,
            move || {
                let engine = Arc::clone(&member);
                async move { engine.purses().keep_company(gone_after).await }
            },
        ));
        let (charger, token) = (Arc::clone(engine), stop.clone());
        tasks.spawn(rounds::every_until(AUDIT_LOOK, "charging commitments", token, move || {
            let engine = Arc::clone(&charger);
            async move { charge_commitments(engine.stores(), engine.now()).await }
        }));
    }
}

/// Buys credit where too little is left, until `stop` is cancelled. What is asked for under way is
/// asked for again, under the same key.
pub(crate) async fn top_up(cashier: Arc<Cashier>, stop: CancellationToken) {
    rounds::every_until(ROUND, "buying credit automatically", stop, move || {
        let cashier = Arc::clone(&cashier);
        Box::pin(async move { cashier.top_up().await.map(drop) })
    })
    .await;
}

/// Looks for what operators want to hear of and tells them, until `stop` is cancelled. What was
/// being told is told again later, under the same id.
pub(crate) fn alert(alerting: &Arc<Alerting>, tasks: &TaskTracker, stop: &CancellationToken) {
    let (looker, token) = (Arc::clone(alerting), stop.clone());
    tasks.spawn(rounds::every_until(ROUND, "looking for what to alert of", token, move || {
        let alerting = Arc::clone(&looker);
        Box::pin(async move { alerting.look_in_turn().await.map(drop) })
    }));
    let (teller, token) = (Arc::clone(alerting), stop.clone());
    tasks.spawn(rounds::every_until(TELL, "alerting operators", token, move || {
        let alerting = Arc::clone(&teller);
        Box::pin(async move { alerting.tell().await })
    }));
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

async fn round(engine: &Engine) -> Result<(), StoreError> {
    if !engine.keychain().is_current().await? {
        tracing::error!(
            "the secret key of this database was replaced: restart this gateway with the new TOLLGATE_SECRET_KEY, or what it seals until then is lost with the old one"
        );
    }
    engine.purses().give_back_idle().await?;
    let ledger = &engine.stores().ledger;
    for ended in ledger.expire(engine.now()).await? {
        tracing::info!(account = %ended.account, amount = %ended.amount, "given credit has expired");
    }
    Ok(())
}

/// Audits the books, unless one of the gateways on the database has within the hour. Returns how
/// much was wrong, if it did.
async fn audit_in_turn(engine: &Engine) -> Result<Option<usize>, StoreError> {
    let id = engine.new_id().map_err(StoreError::unavailable)?;
    let (stores, now) = (engine.stores(), engine.now());
    if !takes_turn(stores, "audit", &id, (now, AUDIT_MILLIS)).await? {
        return Ok(None);
    }
    let found = audit(&stores.ledger.books().await?);
    for discrepancy in &found {
        tracing::error!("the books are wrong: {discrepancy}");
    }
    Ok(Some(found.len()))
}
