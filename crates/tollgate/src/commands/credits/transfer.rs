//! `tollgate credits transfer`: credit from one account to another.

use anyhow::bail;
use clap::Args;
use tollgate_engine::{Clock, SystemClock};
use tollgate_ledger::{AccountId, Kind, Movement, is_own_id};
use tollgate_store::{MovementQuery, Stores};
use tollgate_types::Usd;

use super::super::keys::new_key;
use super::{show, warn_of_strangers};

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
    let about = Some(wanted.id.clone());
    let query = MovementQuery { about, limit: 10, ..MovementQuery::default() };
    let rows = stores.ledger.movements(&query).await?;
    let known = rows.into_iter().map(|row| row.movement).find(|it| it.id == wanted.id);
    match known {
        Some(known) if is_the_same(&known, &wanted) => {
            if !args.json {
                anstream::println!("{} was made before; nothing has changed.", wanted.id);
            }
        }
        Some(known) => bail!(
            "{} is the name of something else: a {} of {}. Nothing has changed; choose another --id",
            known.id,
            known.kind.as_str(),
            known.amount
        ),
        None => {
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
    }
    show(&args.from, args.json, stores).await?;
    show(&args.to, args.json, stores).await
}

fn is_the_same(one: &Movement, other: &Movement) -> bool {
    let what = |it: &Movement| (it.account.clone(), it.counter.clone(), it.kind, it.amount);
    what(one) == what(other)
}

fn movement(args: &TransferArgs) -> anyhow::Result<Movement> {
    if args.amount <= Usd::ZERO {
        bail!("there is nothing to move");
    }
    let (from, to) = (AccountId::new(&args.from)?, AccountId::new(&args.to)?);
    if from == to {
        bail!("--from and --to are one account");
    }
    let id = match &args.id {
        Some(id) if id.trim().is_empty() => bail!("--id: is empty"),
        Some(id) if is_own_id(id) => {
            bail!("--id: `{id}` is a name that the ledger gives itself. Choose another")
        }
        Some(id) => id.clone(),
        // A name nobody else has: the hash of a key nobody will use.
        None => format!("transfer-{}", new_key()?.plain_hash().to_hex()),
    };
    if args.note.as_deref().is_some_and(|it| it.chars().any(char::is_control)) {
        bail!("--note: has control characters");
    }
    let now = SystemClock.now();
    Ok(Movement {
        counter: Some(to),
        note: args.note.clone(),
        ..Movement::new(&id, from, Kind::Transfer, args.amount, now)
    })
}
