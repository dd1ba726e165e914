//! `tollgate credits add|show`

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;
use tollgate_engine::{Clock, SystemClock};
use tollgate_store::{CreditEntry, CreditKind, DEFAULT_ACCOUNT, Stores};
use tollgate_types::Usd;

use super::Session;
use super::keys::new_key;
use crate::gateway::open_store;
use crate::output;

#[derive(Debug, Subcommand)]
pub(super) enum CreditsCommand {
    /// Add credit to the account
    #[command(after_help = "Example: tollgate credits add 25 --note \"invoice 7\"")]
    Add(AddArgs),
    /// Show what was added and what was spent
    #[command(after_help = "Example: tollgate credits show --json")]
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// US dollars; negative to correct a mistake
    #[arg(value_name = "USD", allow_negative_numbers = true)]
    amount: Usd,
    /// Whose account
    #[arg(long, default_value = DEFAULT_ACCOUNT)]
    account: String,
    /// What it is for
    #[arg(long)]
    note: Option<String>,
    /// A name for this addition: adding it again under the same name changes nothing
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Whose account
    #[arg(long, default_value = DEFAULT_ACCOUNT)]
    account: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Balance {
    account: String,
    total_credits: String,
    total_usage: String,
    balance: String,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: CreditsCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let stores = open_store(&session.config()?).await?;
    let result = match command {
        CreditsCommand::Add(args) => add(args, &stores).await,
        CreditsCommand::Show(args) => show(&args.account, args.json, &stores).await,
    };
    stores.health.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn add(args: AddArgs, stores: &Stores) -> anyhow::Result<()> {
    if args.amount == Usd::ZERO {
        bail!("there is nothing to add");
    }
    let kind = if args.amount < Usd::ZERO { CreditKind::Adjustment } else { CreditKind::Purchase };
    let id = match args.id {
        Some(id) => id,
        // A name nobody else has: the hash of a key nobody will use.
        None => format!("credit-{}", new_key()?.hash().to_hex()),
    };
    let entry = CreditEntry {
        id: id.clone(),
        account: args.account.clone(),
        kind,
        amount: args.amount,
        note: args.note,
        created_at: SystemClock.now(),
    };
    if !stores.credits.add(entry).await? && !args.json {
        anstream::println!("{id} was added before; nothing has changed.");
    }
    show(&args.account, args.json, stores).await
}

async fn show(account: &str, json: bool, stores: &Stores) -> anyhow::Result<()> {
    let credits = stores.credits.total(account).await?;
    // There is one account that calls are charged to so far.
    let usage = if account == DEFAULT_ACCOUNT {
        stores.usage.account_usage().await?.total
    } else {
        Usd::ZERO
    };
    let Some(balance) = credits.checked_sub(usage) else { bail!("the balance is out of range") };
    let balance = Balance {
        account: account.to_owned(),
        total_credits: credits.to_decimal(),
        total_usage: usage.to_decimal(),
        balance: balance.to_decimal(),
    };
    if json {
        return output::json(&balance);
    }
    let mut table = output::table(&["account", "added", "spent", "balance"]);
    table.add_row([
        balance.account,
        format!("${}", balance.total_credits),
        format!("${}", balance.total_usage),
        format!("${}", balance.balance),
    ]);
    output::right(&mut table, &[1, 2, 3]);
    output::print(&table, "");
    Ok(())
}
