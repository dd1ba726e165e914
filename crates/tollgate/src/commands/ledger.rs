//! `tollgate ledger audit|show|trace|nodes|reclaim`

mod nodes;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_store::{GenerationRecord, LedgerRow, MovementQuery, Stores};
use tollgate_types::{GenerationId, Usd};

use super::Session;
use crate::gateway::open_store;
use crate::output;
use nodes::{NodesArgs, ReclaimArgs};

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Count every account again and say whether its books balance; ends with 1 when they don't
    #[command(after_help = "Example: tollgate ledger audit")]
    Audit(AuditArgs),
    /// List movements of money, newest first
    #[command(after_help = "Example: tollgate ledger show --account default --limit 20")]
    Show(ShowArgs),
    /// Follow a call's money: where its credit came from, how it was set aside, what was charged
    #[command(after_help = "Example: tollgate ledger trace gen-1795304970-li23rW4LUWx6LotvcfMz")]
    Trace(TraceArgs),
    /// List the gateways that have set credit aside, and when each was last heard of
    #[command(after_help = "Example: tollgate ledger nodes")]
    Nodes(NodesArgs),
    /// Take back what a gateway has set aside that will not start again
    #[command(after_help = "Example: tollgate ledger reclaim 0f8fad5bd9cb469fa16570867728950e")]
    Reclaim(ReclaimArgs),
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Only this account's movements
    #[arg(long)]
    account: Option<String>,
    /// Calls and slices, too, and not only what people and payments entered
    #[arg(long)]
    all: bool,
    /// The most to show
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// The generation's id, as the call's answer has it
    generation: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command on the configured store.
pub(super) async fn run(command: LedgerCommand, session: &Session) -> anyhow::Result<ExitCode> {
    let stores = open_store(&session.config()?).await?;
    let result = match command {
        LedgerCommand::Audit(args) => audited(&args, &stores).await,
        LedgerCommand::Show(args) => show(&args, &stores).await.map(|()| ExitCode::SUCCESS),
        LedgerCommand::Trace(args) => trace(&args, &stores).await.map(|()| ExitCode::SUCCESS),
        LedgerCommand::Nodes(args) => nodes::list(&args, &stores).await.map(|()| ExitCode::SUCCESS),
        LedgerCommand::Reclaim(args) => {
            nodes::reclaim(&args, &stores).await.map(|()| ExitCode::SUCCESS)
        }
    };
    stores.health.close().await;
    result
}

#[derive(Debug, Serialize)]
struct AccountView {
    account: String,
    credited: String,
    metered: String,
    available: String,
    held: String,
    spent: String,
    balanced: bool,
}

#[derive(Debug, Serialize)]
struct AuditView {
    balanced: bool,
    accounts: Vec<AccountView>,
    discrepancies: Vec<String>,
}

async fn audited(args: &AuditArgs, stores: &Stores) -> anyhow::Result<ExitCode> {
    if args.json {
        let view = audit_view(stores).await?;
        output::json(&view)?;
        return Ok(view.code());
    }
    show_books(stores).await
}

/// Audits the books and prints what they say; ends with 1 when they don't balance.
pub(super) async fn show_books(stores: &Stores) -> anyhow::Result<ExitCode> {
    let view = audit_view(stores).await?;
    let code = view.code();
    let mut table =
        output::table(&["account", "credited", "metered", "available", "held", "spent", "books"]);
    for it in view.accounts {
        let said = if it.balanced { "balanced" } else { "WRONG" };
        table.add_row([
            it.account,
            it.credited,
            it.metered,
            it.available,
            it.held,
            it.spent,
            said.to_owned(),
        ]);
    }
    output::right(&mut table, &[1, 2, 3, 4, 5]);
    output::print(&table, "The ledger is empty.");
    for discrepancy in view.discrepancies {
        anstream::eprintln!("{discrepancy}");
    }
    Ok(code)
}

impl AuditView {
    const fn code(&self) -> ExitCode {
        if self.balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

async fn audit_view(stores: &Stores) -> anyhow::Result<AuditView> {
    let books = stores.ledger.books().await.context("the ledger can't be read")?;
    let found: Vec<String> = audit(&books).iter().map(ToString::to_string).collect();
    let accounts = books.iter().map(|(account, books)| {
        let is_right = audit(&[(account.clone(), *books)].into()).is_empty();
        account_view(account, &books.kept, is_right)
    });
    Ok(AuditView { balanced: found.is_empty(), accounts: accounts.collect(), discrepancies: found })
}

fn account_view(account: &AccountId, balance: &Balance, balanced: bool) -> AccountView {
    AccountView {
        account: account.to_string(),
        credited: balance.credited.to_string(),
        metered: balance.metered.to_string(),
        available: balance.available.to_string(),
        held: balance.held.to_string(),
        spent: balance.spent.to_string(),
        balanced,
    }
}

/// A movement as it is shown.
#[derive(Debug, Serialize)]
struct MovementView {
    id: String,
    at: String,
    account: String,
    kind: &'static str,
    amount: String,
    to: Option<String>,
    reference: Option<String>,
    note: Option<String>,
}

impl MovementView {
    fn of(movement: Movement) -> Self {
        Self {
            at: movement.at.to_rfc3339(),
            account: movement.account.to_string(),
            kind: movement.kind.as_str(),
            amount: movement.amount.to_string(),
            to: movement.counter.map(|it| it.to_string()),
            reference: movement.reference,
            note: movement.note,
            id: movement.id,
        }
    }
}

async fn show(args: &ShowArgs, stores: &Stores) -> anyhow::Result<()> {
    let account = args.account.as_deref().map(AccountId::new).transpose()?;
    let query = MovementQuery {
        account,
        entered_only: !args.all,
        limit: args.limit,
        ..MovementQuery::default()
    };
    let rows = stores.ledger.movements(&query).await.context("the ledger can't be read")?;
    let views: Vec<_> = rows.into_iter().map(|row| MovementView::of(row.movement)).collect();
    if args.json {
        return output::json(&views);
    }
    print_movements(views, "Nothing has moved yet. Add credit with `tollgate credits add 25`.");
    Ok(())
}

fn print_movements(views: Vec<MovementView>, empty: &str) {
    let mut table = output::table(&["at", "account", "kind", "amount", "id", "about"]);
    for it in views {
        let about = [it.to.map(|to| format!("to {to}")), it.reference, it.note];
        let about: Vec<String> = about.into_iter().flatten().collect();
        table.add_row([it.at, it.account, it.kind.to_owned(), it.amount, it.id, about.join("; ")]);
    }
    output::right(&mut table, &[3]);
    output::print(&table, empty);
}

#[derive(Debug, Serialize)]
struct TraceView {
    generation: String,
    account: String,
    cost: String,
    credited_before: Vec<MovementView>,
    set_aside: Option<MovementView>,
    charged: Vec<MovementView>,
    adds_up: bool,
}

async fn trace(args: &TraceArgs, stores: &Stores) -> anyhow::Result<()> {
    let id = GenerationId::from_text(&args.generation);
    let Some(record) = stores.generations.get(&id).await? else {
        bail!(
            "there is no generation {}; records appear a moment after the answer",
            args.generation
        );
    };
    let view = traced(&record, stores).await?;
    if args.json {
        return output::json(&view);
    }
    anstream::println!(
        "{} cost {}, {} by {} at {}.",
        view.generation,
        view.cost,
        if record.paid_by.is_some() { "paid" } else { "metered" },
        view.account,
        record.created_at.to_rfc3339()
    );
    anstream::println!("\nCredit that was there:");
    print_movements(view.credited_before, "none; the call needed none");
    anstream::println!("\nSet aside before it began:");
    print_movements(view.set_aside.into_iter().collect(), "nothing");
    anstream::println!("\nPaid:");
    print_movements(view.charged, "nothing: it was free");
    if view.adds_up {
        anstream::println!("\nWhat was paid is what it cost.");
        Ok(())
    } else {
        bail!("what was paid is not what it cost; run `tollgate ledger audit`")
    }
}

async fn traced(record: &GenerationRecord, stores: &Stores) -> anyhow::Result<TraceView> {
    let account = Some(record.account.clone());
    let about = Some(record.id.as_str().to_owned());
    let charged = listed(stores, MovementQuery { about, ..MovementQuery::default() }).await?;
    let before = charged.last().map(|row| row.sequence);
    let paid = charged.iter().filter(|row| row.movement.kind != Kind::Repayment);
    let paid = paid.fold(Usd::ZERO, |sum, row| sum.saturating_add(row.movement.amount));
    let entered = MovementQuery {
        account: account.clone(),
        entered_only: true,
        before,
        ..MovementQuery::default()
    };
    let credited = listed(stores, entered).await?;
    let set_aside = match &record.paid_by {
        Some(node) => {
            let about = Some(node.as_str().to_owned());
            let slices = MovementQuery { account, about, before, ..MovementQuery::default() };
            let mut slices = listed(stores, slices).await?;
            slices.retain(|row| row.movement.kind == Kind::Hold);
            // The last one before the call, or the first one that was fetched for it.
            let earlier = slices.iter().position(|row| row.movement.at <= record.created_at);
            let place = earlier.or_else(|| slices.len().checked_sub(1));
            place.map(|place| slices.swap_remove(place))
        }
        None => None,
    };
    let views = |rows: Vec<LedgerRow>| {
        rows.into_iter().rev().map(|row| MovementView::of(row.movement)).collect()
    };
    Ok(TraceView {
        generation: record.id.as_str().to_owned(),
        account: record.account.to_string(),
        cost: record.cost.to_string(),
        adds_up: paid == record.cost,
        credited_before: views(credited),
        set_aside: set_aside.map(|row| MovementView::of(row.movement)),
        charged: views(charged),
    })
}

/// The most movements that a trace shows of one sort.
const TRACED: u32 = 100;

async fn listed(stores: &Stores, query: MovementQuery) -> anyhow::Result<Vec<LedgerRow>> {
    let query = MovementQuery { limit: TRACED, ..query };
    stores.ledger.movements(&query).await.context("the ledger can't be read")
}
