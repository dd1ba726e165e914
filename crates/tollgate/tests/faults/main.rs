//! Every fault in every phase of an answer, for every client dialect, at a provider that speaks the
//! dialect and at one that does not, streamed and whole, with somebody to take over and alone;
//! through the whole gateway over real sockets. Writes the table to `target/faults.md`.
//!
//! Of each cell is checked what the caller read (the whole answer exactly once, or an error in the
//! dialect's form), what the record says of it, that it was billed once or not at all, and whose
//! health it counted against.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, which should panic where something is not as expected"
)]

/// The clients of the protocol matrix: they read as strictly as the official ones.
#[path = "../matrix"]
#[expect(dead_code, unused_imports, reason = "faults need little of what can be asked")]
mod matrix {
    pub(crate) mod clients;
    pub(crate) mod media;
    pub(crate) mod question;
    pub(crate) mod sse;
}

mod cell;
mod fault;
mod sweep;
mod table;
mod world;

use std::path::Path;

use matrix::{clients, media, question, sse};
use table::Table;
use tokio::task::JoinSet;
use world::{Place, World};

use crate::clients::Client;

/// How many failing cells are shown, and how much of each.
const SHOWN_MAX: usize = 40;
const SHOWN_LETTERS: usize = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_at_every_moment_for_every_client() {
    let mut proving = JoinSet::new();
    for client in Client::ALL {
        for place in Place::ALL {
            proving.spawn(prove(client, place));
        }
    }
    let mut table = Table::default();
    while let Some(proven) = proving.join_next().await {
        table.add(proven.unwrap());
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(target.join("faults.md"), table.markdown()).unwrap();
    let wrong: Vec<String> = table.wrong().collect();
    std::fs::write(target.join("faults-failing.txt"), wrong.join("\n")).unwrap();
    let letters = |line: &String| line.chars().take(SHOWN_LETTERS).collect::<String>();
    let shown: Vec<String> = wrong.iter().take(SHOWN_MAX).map(letters).collect();
    assert!(wrong.is_empty(), "{}\n{}", table.totals(), shown.join("\n"));
}

/// One column of the table: a client at a provider. What falls silent is waited for beside what
/// does not.
async fn prove(client: Client, place: Place) -> Vec<cell::Proven> {
    let (patient, hasty) = tokio::join!(
        World::start(client, place, world::PATIENT),
        World::start(client, place, world::HASTY)
    );
    let loud = async {
        let mut proven = fault::all(&patient, fault::LOUD).await;
        proven.extend(sweep::all(&patient).await);
        patient.must_have_billed_what_is_on_record().await;
        proven
    };
    let silent = async {
        let proven = fault::all(&hasty, fault::SILENT).await;
        hasty.must_have_billed_what_is_on_record().await;
        proven
    };
    let (mut proven, silent) = tokio::join!(loud, silent);
    proven.extend(silent);
    proven
}
