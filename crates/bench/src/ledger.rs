//! What it costs to settle: how many generations a second the store keeps and charges, what the
//! journal takes of a call, and how fast a journal is read at the next start. What
//! `make benchledger` measures.
//!
//! Every record is a full one: with a plan, attempts and all kinds of usage. Charges are taken of a
//! slice, as those of prepaid calls are, in batches of as many as the recorder writes.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use tokio::time::Instant;
use tollgate_journal::{Journal, Settings};
use tollgate_ledger::{AccountId, Kind, Movement, NodeId, SlicePolicy, audit};
use tollgate_store::conformance::sample::{full_generation, noon};
use tollgate_store::{GenerationRecord, LeaseRequest, Stores};
use tollgate_store_sqlite::SqliteStore;
use tollgate_types::{GenerationId, Usd};

use crate::cli::LedgerArgs;

/// As many as the recorder writes together.
const BATCH: usize = 2_048;
/// What one call costs.
const COST: Usd = Usd::from_nanos(1_234_567);

/// Measures all three, and prints the table.
pub(crate) async fn run(args: &LedgerArgs) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("no folder for the books")?;
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["what", "records", "seconds", "a second", "µs each"]);
    let mut row = |what: &str, records: u32, took: Duration| {
        let seconds = took.as_secs_f64();
        let each = seconds * 1e6 / f64::from(records);
        let figures = [
            records.to_string(),
            format!("{seconds:.2}"),
            format!("{:.0}", f64::from(records) / seconds),
            format!("{each:.2}"),
        ];
        table.add_row(std::iter::once(what.to_owned()).chain(figures));
    };
    let settled = settle(folder.path(), args.settled).await?;
    row("kept and charged in SQLite", args.settled, settled);
    let (written, read) = journal(&folder.path().join("journal"), args.journaled)?;
    row("written into the journal", args.journaled, written);
    row("read from the journal", args.journaled, read);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut output = std::io::stdout();
    writeln!(output, "Load averages of the machine: {}\n\n{table}", load.trim())?;
    Ok(ExitCode::SUCCESS)
}

/// A call that a node pays from its slice.
fn record(number: u32, node: &NodeId) -> GenerationRecord {
    GenerationRecord {
        id: GenerationId::from_text(&format!("gen-1795327570-{number:020}")),
        account: AccountId::default(),
        paid_by: Some(node.clone()),
        cost: COST,
        ..full_generation("")
    }
}

async fn settle(folder: &Path, records: u32) -> anyhow::Result<Duration> {
    let file = folder.join("tollgate.db");
    let stores = SqliteStore::open(&file.display().to_string()).await?.into_stores();
    let node = NodeId::new("bench");
    fund(&stores, &node, records).await?;
    let mut took = Duration::ZERO;
    let mut next = 0;
    while next < records {
        let until = next.saturating_add(u32::try_from(BATCH)?).min(records);
        let batch: Vec<GenerationRecord> =
            (next..until).map(|number| record(number, &node)).collect();
        let begun = Instant::now();
        stores.generations.append(batch).await?;
        took = took.saturating_add(begun.elapsed());
        next = until;
    }
    let balance = stores.ledger.balance(&AccountId::default()).await?;
    let expected = COST.nanos().saturating_mul(i64::from(records));
    ensure!(balance.spent.nanos() == expected, "{} were spent of {expected}", balance.spent);
    ensure!(audit(&stores.ledger.books().await?).is_empty(), "the books don't balance");
    stores.health.close().await;
    Ok(took)
}

/// Buys and sets aside what all the calls cost.
async fn fund(stores: &Stores, node: &NodeId, records: u32) -> anyhow::Result<()> {
    let all = Usd::from_nanos(COST.nanos().saturating_mul(i64::from(records)));
    let account = AccountId::default();
    let bought = Movement::new("purchase", account.clone(), Kind::Purchase, all, noon());
    stores.ledger.post(vec![bought]).await?;
    let leased = stores.ledger.lease(LeaseRequest {
        id: "lease".to_owned(),
        account,
        node: node.clone(),
        need: all,
        policy: SlicePolicy::default(),
        at: noon(),
    });
    ensure!(leased.await?.slice == Some(all), "the slice is not what was needed");
    Ok(())
}

/// Writes records into a journal as the engine does, and reads them as the next start does.
fn journal(folder: &Path, records: u32) -> anyhow::Result<(Duration, Duration)> {
    let (journal, _) = Journal::open(folder, Settings::default())?;
    let node = NodeId::new("bench");
    let mut entry = Vec::new();
    let mut written = Duration::ZERO;
    for number in 0..records {
        let record = record(number, &node);
        let begun = Instant::now();
        entry.clear();
        record.write_entry(&mut entry)?;
        let receipt = journal.append(&entry)?;
        written = written.saturating_add(begun.elapsed());
        // Not applied: the next start is to find all of them.
        drop(receipt);
    }
    drop(journal);
    let begun = Instant::now();
    let (_journal, mut left) = Journal::open(folder, Settings::default())?;
    let mut read = 0_u32;
    while let Some(entry) = left.next_entry()? {
        GenerationRecord::read_entry(entry)?;
        read = read.saturating_add(1);
    }
    let took = begun.elapsed();
    ensure!(read == records, "{read} of {records} entries were found");
    Ok((written, took))
}
