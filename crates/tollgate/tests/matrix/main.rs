//! Every client dialect at every provider protocol with every feature, whole and streamed, through
//! the whole gateway over real sockets. Writes the matrix to `target/matrix.md`.
//!
//! A cell is proven, or refused for a reason in [`accepted::all`]. The test fails when a cell
//! fails without such a reason, and when one that has a reason works.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, which should panic where something is not as expected"
)]

mod accepted;
mod alias;
mod clients;
mod features;
mod media;
mod question;
mod sse;
mod table;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use clients::Client;
use features::Feature;
use question::{Flaw, Proof, same};
use table::{Outcomes, markdown, totals};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tollgate_testkit::Protocol;
use world::{Ask, World};

/// How many cells run at once.
const AT_ONCE: usize = 24;
/// How many failing cells are shown, and how much of each.
const SHOWN_MAX: usize = 40;
const SHOWN_LETTERS: usize = 400;

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    client: Client,
    protocol: Protocol,
    feature: Feature,
}

/// What became of a cell.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It works.
    Proven,
    /// It does not, for this reason.
    Refused(&'static str),
    /// It does not.
    Failing(String),
    /// It works although this reason says that it does not.
    Stale(&'static str),
}

impl Cell {
    /// Proves it whole and streamed, and that both say the same.
    async fn prove(self, world: &World) -> Proof {
        let mut logs = Vec::new();
        for streamed in [false, true] {
            let Self { client, protocol, feature } = self;
            let marker = self.marker();
            let log = Vec::new();
            let last = String::new();
            let mut ask = Ask { world, client, protocol, feature, streamed, marker, log, last };
            let proof = feature.prove(&mut ask).await;
            proof.map_err(|flaw| match flaw {
                Flaw::Wrong(what) if streamed => Flaw::Wrong(format!("streamed: {what}")),
                Flaw::Wrong(what) => Flaw::Wrong(format!("whole: {what}")),
                Flaw::Unsayable(_) => flaw,
            })?;
            logs.push(ask.log);
        }
        same("streamed and whole", &logs[1], &logs[0])
    }

    /// A word that no other cell has in its questions.
    fn marker(self) -> String {
        let client = Client::ALL.iter().position(|it| *it == self.client).unwrap();
        let protocol = Protocol::ALL.iter().position(|it| *it == self.protocol).unwrap();
        let feature = Feature::ALL.iter().position(|(it, _)| *it == self.feature).unwrap();
        format!("c{client}p{protocol}f{feature}z")
    }

    /// What became of it, in the light of what is accepted.
    fn outcome(self, proof: Proof) -> Outcome {
        let mut covering = accepted::all().filter(|it| it.covers(self));
        match proof.map_err(|flaw| flaw.text()) {
            Ok(()) => covering.next().map_or(Outcome::Proven, |it| Outcome::Stale(it.reason)),
            Err(flaw) => match covering.find(|it| it.excuses(&flaw)) {
                Some(accepted) => Outcome::Refused(accepted.reason),
                None => Outcome::Failing(flaw),
            },
        }
    }
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (feature, _) in Feature::ALL {
        for client in Client::ALL {
            let at = |protocol| Cell { client, protocol, feature };
            cells.extend(Protocol::ALL.map(at));
        }
    }
    cells
}

async fn prove_all() -> Outcomes {
    let world = Arc::new(World::start().await);
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut proving = JoinSet::new();
    let mut running = BTreeMap::new();
    for cell in cells() {
        let (world, room) = (Arc::clone(&world), Arc::clone(&room));
        let handle = proving.spawn(async move {
            let _place = room.acquire().await;
            cell.prove(&world).await
        });
        running.insert(handle.id(), cell);
    }
    let mut outcomes = Outcomes::new();
    while let Some(joined) = proving.join_next_with_id().await {
        let (id, proof) = match joined {
            Ok(proven) => proven,
            Err(error) => (error.id(), Err(Flaw::Wrong(format!("panicked: {error}")))),
        };
        let cell = running[&id];
        outcomes.insert((cell.client, cell.protocol, cell.feature), cell.outcome(proof));
    }
    outcomes
}

/// The cells that are not as they should be, one a line, each with at most so many letters.
fn failing(outcomes: &Outcomes, letters: usize) -> Vec<String> {
    let line =
        |((client, protocol, feature), outcome): (&(Client, Protocol, Feature), &Outcome)| {
            let what = match outcome {
                Outcome::Proven | Outcome::Refused(_) => return None,
                Outcome::Failing(flaw) => flaw.chars().take(letters).collect(),
                Outcome::Stale(reason) => format!("works although accepted: {reason}"),
            };
            Some(format!("{client:?} × {} × {}: {what}", protocol.as_str(), feature.name()))
        };
    outcomes.iter().filter_map(line).collect()
}

/// Reasons that no cell needs.
fn unused(outcomes: &Outcomes) -> impl Iterator<Item = String> {
    let needed = |reason: &str| {
        outcomes.values().any(|it| matches!(it, Outcome::Refused(used) if *used == reason))
    };
    let unused = accepted::all().filter(move |it| !needed(it.reason));
    unused.map(|it| format!("no cell needs the reason: {}", it.reason))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_client_at_every_provider() {
    let outcomes = prove_all().await;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(target.join("matrix.md"), markdown(&outcomes)).unwrap();
    let whole = failing(&outcomes, usize::MAX).join("\n");
    std::fs::write(target.join("matrix-failing.txt"), whole).unwrap();
    let mut failing = failing(&outcomes, SHOWN_LETTERS);
    failing.extend(unused(&outcomes));
    let mut report = totals(&outcomes);
    for line in failing.iter().take(SHOWN_MAX) {
        write!(report, "\n{line}").unwrap();
    }
    assert!(failing.is_empty(), "{report}");
}
