//! `tollgate credits transfer`: credit from one account to another.

use anyhow::bail;
use clap::Args;
use tollgate_engine::{Clock, SystemClock};
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_store::Stores;
use tollgate_types::Usd;

use super::{check_note, named, show, warn_of_strangers, was_added_before};

#[derive(Debug, Args)]
pub(in crate::commands) struct TransferArgs {
    /// US dollars
    #[arg(value_name = "USD")]
    amount: Usd,
    /// The account that gives
    #[arg(long, value_name = "ACCOUNT")]
    from: String,
    /// The account that gets
    #[arg(long, value_name = "ACCOUNT")]
    to: String,
    /// What it is for
    #[arg(long)]
    note: Option<String>,
    /// A name for this transfer: made again under the same name it changes nothing
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Moves credit. What gateways have set aside of the giving account is not moved.
pub(super) async fn transfer(args: &TransferArgs, stores: &Stores) -> anyhow::Result<()> {
    let wanted = movement(args)?;
    warn_of_strangers(&args.to, stores).await?;
    if was_added_before(&wanted, stores).await? {
        if !args.json {
            anstream::println!("{} was made before; nothing has changed.", wanted.id);
        }
    } else {
        let available = stores.ledger.balance(&wanted.account).await?.available;
        if available < wanted.amount {
            bail!(
                "{} has {available} available, less than {}. Nothing was moved",
                args.from,
                wanted.amount
            );
        }
        stores.ledger.post(vec![wanted]).await?;
    }
    show(&args.from, args.json, stores).await?;
    show(&args.to, args.json, stores).await
}

fn movement(args: &TransferArgs) -> anyhow::Result<Movement> {
    if args.amount <= Usd::ZERO {
        bail!("there is nothing to move");
    }
    let (from, to) = (AccountId::new(&args.from)?, AccountId::new(&args.to)?);
    if from == to {
        bail!("--from and --to are one account");
    }
    check_note(args.note.as_deref())?;
    let id = named(args.id.as_deref(), "transfer")?;
    Ok(Movement {
        counter: Some(to),
        note: args.note.clone(),
        ..Movement::new(&id, from, Kind::Transfer, args.amount, SystemClock.now())
    })
}
