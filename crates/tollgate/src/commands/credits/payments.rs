//! `tollgate credits refund|reconcile`: what the payment provider is asked by the operator.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tollgate_engine::{Cashier, Clock, Plans, SystemClock};
use tollgate_store::Stores;
use tollgate_types::{Timestamp, Usd};

use crate::commands::keys::new_key;
use crate::config::Config;
use crate::gateway::upstream;
use crate::output;

#[derive(Debug, Args)]
pub(in crate::commands) struct RefundArgs {
    /// The payment's id, such as pi_3PxYzABC or invoice-7; `tollgate ledger show` has them
    pub(super) payment: String,
    /// US dollars of what was paid, the fee included, or of the credit where it was entered by hand;
    /// all that is left when not given
    #[arg(long, value_name = "USD")]
    pub(super) amount: Option<Usd>,
    /// A name for this refund: asked again under the same name within a day, it is made once
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct ReconcileArgs {
    /// From when on, such as 2026-11-20T00:00:00Z; Stripe tells of the last 30 days
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct RefundView {
    id: String,
    amount: String,
    auto_topup_enabled: bool,
}

#[derive(Debug, Serialize)]
struct ReconciledView {
    booked: u64,
    known: u64,
    refused: Vec<RefusedView>,
}

#[derive(Debug, Serialize)]
struct RefusedView {
    notice: String,
    why: String,
}

/// How far back Stripe tells: <https://docs.stripe.com/api/events>.
const TOLD: Duration = Duration::from_hours(30 * 24);

fn cashier(config: &Config, stores: &Stores) -> anyhow::Result<Cashier> {
    let Some(payments) = &config.payments else {
        bail!("no payment provider is set up: [payments.stripe] is missing");
    };
    let out = (stores.clone(), upstream(config)?);
    let plans = Arc::new(Plans::new(config.plans.clone()));
    let clock = Arc::new(SystemClock);
    Ok(Cashier::new(payments.cashier.clone(), payments.provider(), out, plans, clock))
}

/// Has a payment go back.
pub(super) async fn refund(
    args: &RefundArgs,
    config: &Config,
    stores: &Stores,
) -> anyhow::Result<()> {
    let key = match &args.id {
        Some(id) if id.trim().is_empty() => bail!("--id: is empty"),
        Some(id) => id.clone(),
        // A name nobody else has: the hash of a key nobody will use.
        None => new_key()?.plain_hash().to_hex(),
    };
    let refunded = cashier(config, stores)?.refund(&args.payment, args.amount, &key).await?;
    let (refund, auto_topup_enabled) = (refunded.refund, refunded.is_topped_up);
    let amount = refund.amount.to_usd();
    if args.json {
        let amount = amount.to_decimal();
        return output::json(&RefundView { id: refund.id, amount, auto_topup_enabled });
    }
    anstream::println!(
        "{amount} of {} goes back: {}. The ledger has it when the payment provider tells of it.",
        args.payment,
        refund.id
    );
    if auto_topup_enabled {
        anstream::println!(
            "Top-ups of its account are on and go on: what is missing is bought again. End them with DELETE /api/v1/credits/auto-topup"
        );
    }
    Ok(())
}

/// Books what the provider has told and the ledger does not have; ends with 1 when some of it can't
/// be booked.
pub(super) async fn reconcile(
    args: &ReconcileArgs,
    config: &Config,
    stores: &Stores,
) -> anyhow::Result<ExitCode> {
    let Some(since) = Timestamp::parse_rfc3339(&args.since) else {
        bail!("--since: `{}` is not a time such as 2026-11-20T00:00:00Z", args.since);
    };
    let told = i64::try_from(TOLD.as_millis()).unwrap_or(i64::MAX);
    if since < SystemClock.now().plus_millis(told.saturating_neg()) {
        output::warn([
            "Stripe tells of the last 30 days only: what was before is not found".to_owned()
        ]);
    }
    let found = cashier(config, stores)?.reconcile(since).await?;
    let code = if found.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let refused = found.refused.into_iter().map(|(notice, why)| RefusedView { notice, why });
    let view =
        ReconciledView { booked: found.posted, known: found.known, refused: refused.collect() };
    if args.json {
        output::json(&view)?;
        return Ok(code);
    }
    anstream::println!(
        "{} of the payment provider's notices are booked now; {} were before.",
        view.booked,
        view.known
    );
    for RefusedView { notice, why } in view.refused {
        anstream::eprintln!("{notice} can't be booked: {why}");
    }
    Ok(code)
}
