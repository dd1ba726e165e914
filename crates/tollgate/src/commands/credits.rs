//! `tollgate credits add|transfer|plan|show|statement|refund|reconcile`

mod payments;
mod plan;
mod refund;
mod transfer;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use tollgate_engine::{Clock, Plans, SystemClock, statement};
use tollgate_ledger::{
    AccountId, Balance, DEFAULT_ACCOUNT, Kind, Movement, PlatformFee, is_own_id,
};
use tollgate_organisation::{Agreement, Workspace};
use tollgate_payments::PROVIDER_NAMES;
use tollgate_statement::{Line, csv, pdf};
use tollgate_store::{MovementQuery, Stores};
use tollgate_types::{Month, Timestamp, Usd};

use self::plan::PlanArgs;
use self::transfer::TransferArgs;
use super::Session;
use super::keys::new_key;
use crate::config::Config;
use crate::gateway::open_store;
use crate::output;
use payments::{ReconcileArgs, RefundArgs};

#[derive(Debug, Subcommand)]
pub(super) enum CreditsCommand {
    /// Add credit to the account
    #[command(after_help = "Example: tollgate credits add 25 --note \"invoice 7\"")]
    Add(AddArgs),
    /// Move credit from one account to another
    #[command(after_help = "Example: tollgate credits transfer 25 --from default --to research")]
    Transfer(TransferArgs),
    /// Show what was added and what was spent
    #[command(after_help = "Example: tollgate credits show --json")]
    Show(ShowArgs),
    /// Show the plans, or have an account agree to one
    #[command(after_help = "Example: tollgate credits plan team --account acme")]
    Plan(PlanArgs),
    /// Tell a month: what was there, what came and went, what calls cost
    #[command(
        after_help = "Example: tollgate credits statement --month 2026-10 --pdf statement.pdf"
    )]
    Statement(StatementArgs),
    /// Have a payment go back; the ledger has it when the payment provider tells of it, or at once
    /// where the payment was entered by hand
    #[command(after_help = "Example: tollgate credits refund pi_3PxYzABC --amount 5")]
    Refund(RefundArgs),
    /// Book what the payment provider has told and the ledger does not have: after a restore
    #[command(after_help = "Example: tollgate credits reconcile --since 2026-11-20T00:00:00Z")]
    Reconcile(ReconcileArgs),
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
    /// Given rather than bought: no fee is taken
    #[arg(long)]
    promotional: bool,
    /// When what is left of it ends, such as 2027-01-31T00:00:00Z; what expires is promotional
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
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

#[derive(Debug, Args)]
pub(super) struct StatementArgs {
    /// Which month, such as 2026-10 (UTC)
    #[arg(long)]
    month: Month,
    /// Whose account
    #[arg(long, default_value = DEFAULT_ACCOUNT)]
    account: String,
    /// Write it as CSV into this file, every amount in full
    #[arg(long, value_name = "FILE", conflicts_with = "pdf")]
    csv: Option<PathBuf>,
    /// Write it as PDF into this file
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
}

/// In dollars, exact.
#[derive(Debug, Serialize)]
struct BalanceView {
    account: String,
    total_credits: String,
    /// What calls took of it.
    total_usage: String,
    /// What calls cost that needed no credit.
    metered: String,
    /// What nodes have set aside for calls.
    held: String,
    /// What is left besides.
    balance: String,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: CreditsCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let stores = open_store(&config).await?;
    let done = |()| ExitCode::SUCCESS;
    let result = match command {
        CreditsCommand::Add(args) => {
            let fee = fee(&args.account, &config, &stores).await?;
            add(args, fee, &stores).await.map(done)
        }
        CreditsCommand::Transfer(args) => transfer::transfer(&args, &stores).await.map(done),
        CreditsCommand::Plan(args) => plan::plan(args, &config, &stores).await.map(done),
        CreditsCommand::Show(args) => show(&args.account, args.json, &stores).await.map(done),
        CreditsCommand::Statement(args) => tell(&args, &config, &stores).await.map(done),
        CreditsCommand::Refund(args) => match refund::by_hand(&args, &stores).await {
            Ok(false) => payments::refund(&args, &config, &stores).await.map(done),
            is_it => is_it.map(|_| ExitCode::SUCCESS),
        },
        CreditsCommand::Reconcile(args) => payments::reconcile(&args, &config, &stores).await,
    };
    stores.health.close().await;
    result
}

/// What is taken of purchases: as the account's plan says, if it does.
async fn fee(account: &str, config: &Config, stores: &Stores) -> anyhow::Result<PlatformFee> {
    let agreement = stores.documents.load::<Agreement>(account).await?;
    let plans = Plans::new(config.plans.clone());
    let agreed = plans.of(agreement.as_ref().map(|it| &it.body), SystemClock.now());
    Ok(agreed.and_then(|it| it.platform_fee).unwrap_or(config.platform_fee))
}

async fn add(args: AddArgs, fee: PlatformFee, stores: &Stores) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let movements = movements(&args, fee, now)?;
    let first = movements.first().cloned();
    warn_of_strangers(&args.account, stores).await?;
    if !stores.ledger.post(movements).await?
        && let Some(wanted) = first
    {
        was_added_before(&wanted, stores).await?;
        if !args.json {
            anstream::println!("{} was added before; nothing has changed.", wanted.id);
        }
    }
    show(&args.account, args.json, stores).await
}

/// Whether a workspace pays from an account.
async fn pays(account: &str, stores: &Stores) -> anyhow::Result<bool> {
    let workspaces = stores.documents.all::<Workspace>(None).await?;
    let pays = workspaces.iter().any(|it| it.body.account.as_str() == account);
    Ok(pays || account == DEFAULT_ACCOUNT)
}

/// Says so when no workspace pays from an account: a slip of the hand would sell credit to nobody.
async fn warn_of_strangers(account: &str, stores: &Stores) -> anyhow::Result<()> {
    if !pays(account, stores).await? {
        anstream::eprintln!(
            "No workspace pays from `{account}` yet. Have one do so with PATCH /api/v1/workspaces/{{id}} {{\"account\": \"{account}\"}}"
        );
    }
    Ok(())
}

/// Whether what has the same name is the same.
async fn was_added_before(wanted: &Movement, stores: &Stores) -> anyhow::Result<bool> {
    let about = Some(wanted.id.clone());
    let query = MovementQuery { about, limit: 10, ..MovementQuery::default() };
    let rows = stores.ledger.movements(&query).await?;
    let Some(known) = rows.into_iter().map(|row| row.movement).find(|it| it.id == wanted.id) else {
        return Ok(false);
    };
    let what = |it: &Movement| (it.account.clone(), it.counter.clone(), it.kind, it.amount);
    if what(&known) != what(wanted) {
        bail!(
            "{} is the name of another addition: a {} of {} for {}. Nothing has changed; choose another --id",
            known.id,
            known.kind.as_str(),
            known.amount,
            known.account
        );
    }
    Ok(true)
}

/// More at once is a slip of the hand.
const MOST: Usd = Usd::from_nanos(1_000_000_000_000_000_000);

/// What an addition moves: credit in or out, and the fee on what is bought.
fn movements(args: &AddArgs, fee: PlatformFee, now: Timestamp) -> anyhow::Result<Vec<Movement>> {
    if args.amount == Usd::ZERO {
        bail!("there is nothing to add");
    }
    let kind = match args.amount {
        amount if amount < Usd::ZERO => Kind::Deduction,
        _ if args.promotional || args.expires.is_some() => Kind::Promotional,
        _ => Kind::Purchase,
    };
    if args.amount > MOST || args.amount.nanos() < -MOST.nanos() {
        bail!("that is more than {MOST} at once");
    }
    let id = named(args.id.as_deref(), "credit")?;
    check_note(args.note.as_deref())?;
    let account = AccountId::new(&args.account)?;
    let Some(nanos) = args.amount.nanos().checked_abs() else { bail!("that is out of range") };
    let amount = Usd::from_nanos(nanos);
    let expires_at = args.expires.as_deref().map(|text| expiry(text, now)).transpose()?;
    if expires_at.is_some() && kind != Kind::Promotional {
        bail!("only what is added expires");
    }
    let added = Movement {
        note: args.note.clone(),
        expires_at,
        ..Movement::new(&id, account.clone(), kind, amount, now)
    };
    let fee = if kind == Kind::Purchase { fee.on(amount) } else { Usd::ZERO };
    let mut movements = vec![added];
    if fee > Usd::ZERO {
        let fee_id = format!("{id}/fee");
        let reference = Some(id);
        movements
            .push(Movement { reference, ..Movement::new(&fee_id, account, Kind::Fee, fee, now) });
    }
    Ok(movements)
}

/// The id of what is entered: what `--id` says, else one that nobody else has.
fn named(id: Option<&str>, kind: &str) -> anyhow::Result<String> {
    Ok(match id {
        Some(id) if id.trim().is_empty() => bail!("--id: is empty"),
        Some(id) if is_of_a_provider(id) => bail!(
            "--id: `{id}` is a name for what the payment provider tells of, which would not be booked then. Choose another, or book what was not told with `tollgate credits reconcile`"
        ),
        Some(id) if is_own_id(id) => bail!(
            "--id: `{id}` is a name that the ledger gives itself, such as to a month's commitment or a fee, which would not be entered then. Choose another"
        ),
        Some(id) => id.to_owned(),
        // The hash of a key nobody will use.
        None => format!("{kind}-{}", new_key()?.plain_hash().to_hex()),
    })
}

fn check_note(note: Option<&str>) -> anyhow::Result<()> {
    if note.is_some_and(|it| it.chars().any(char::is_control)) {
        bail!("--note: has control characters");
    }
    Ok(())
}

fn is_of_a_provider(id: &str) -> bool {
    let prefix = id.trim_start().split_once('/').map(|(prefix, _)| prefix);
    prefix.is_some_and(|it| PROVIDER_NAMES.contains(&it))
}

fn expiry(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let Some(at) = Timestamp::parse_rfc3339(text) else {
        bail!("--expires: `{text}` is not a time such as 2027-01-31T00:00:00Z");
    };
    if at <= now {
        bail!("--expires: {text} has passed already");
    }
    Ok(at)
}

async fn tell(args: &StatementArgs, config: &Config, stores: &Stores) -> anyhow::Result<()> {
    let account = AccountId::new(&args.account)?;
    let tags: Vec<String> = config.tag_headers.iter().map(ToString::to_string).collect();
    let issuer = (config.installation_name.as_str(), tags.as_slice());
    let made = statement(stores, issuer, &account, args.month, SystemClock.now()).await?;
    let written = match (&args.csv, &args.pdf) {
        (Some(file), _) => Some((file, csv(&made)?)),
        (None, Some(file)) => Some((file, pdf(&made)?)),
        (None, None) => None,
    };
    if let Some((file, bytes)) = written {
        let said = || format!("{} can't be written", file.display());
        return std::fs::write(file, bytes).with_context(said);
    }
    match made.number() {
        Some(number) => anstream::println!("{number}"),
        None => anstream::println!("Preliminary: it has a number two hours after the month's end."),
    }
    let mut table = output::table(&["line", "usd"]);
    table.add_row(["opening balance".to_owned(), made.opening().to_decimal()]);
    for line in Line::OF_BALANCE {
        table.add_row([line.label().to_lowercase(), made.sum(line).to_decimal()]);
    }
    table.add_row(["closing balance".to_owned(), made.closing().to_decimal()]);
    for line in Line::BESIDE {
        let label = format!("beside it: {}", line.label().to_lowercase());
        table.add_row([label, made.sum(line).to_decimal()]);
    }
    output::right(&mut table, &[1]);
    output::print(&table, "");
    Ok(())
}

async fn show(account: &str, json: bool, stores: &Stores) -> anyhow::Result<()> {
    let balance = stores.ledger.balance(&AccountId::new(account)?).await?;
    let Balance { credited, metered, held, available, .. } = balance;
    let charged = balance.charged();
    if json {
        return output::json(&BalanceView {
            account: account.to_owned(),
            total_credits: credited.to_decimal(),
            total_usage: charged.to_decimal(),
            metered: metered.to_decimal(),
            held: held.to_decimal(),
            balance: available.to_decimal(),
        });
    }
    let mut table = output::table(&["account", "added", "spent", "held", "available", "metered"]);
    let amounts = [credited, charged, held, available, metered].map(|it| it.to_string());
    table.add_row([account.to_owned()].into_iter().chain(amounts));
    output::right(&mut table, &[1, 2, 3, 4, 5]);
    output::print(&table, "");
    Ok(())
}
