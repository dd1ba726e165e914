//! What a request costs as keys, endpoints and stored generations become many. It should cost the
//! same.
//!
//! Two gateways run at once, one with few and one with many, and are measured in turn.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tollgate_store::GenerationRecord;
use tollgate_store::conformance::sample::{generation, hash, noon};
use tollgate_store_sqlite::SqliteStore;

use super::{Stage, manner, usual};
use crate::cell::Load;
use crate::gateway::{Gateway, served};
use crate::load::{Fleet, Job, fetch};
use crate::procfs::process_cpu;
use crate::progress::Progress;
use crate::statistics::{float, median, ratio};
use crate::target::{Manner, PUBLIC_MODEL};
use crate::upstream::MODEL as UPSTREAM_MODEL;

const CONNECTIONS: u32 = 64;
/// A gateway's warm-up is that part of a cell's length.
const WARM_UP_SHARE: u32 = 4;
/// Models that are asked, of however many there are.
const ASKED_MAX: u32 = 1_000;
/// Records that are written together.
const BATCH: u32 = 8_192;

/// What a request cost with few and with many.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    /// Of what.
    pub(crate) what: &'static str,
    pub(crate) few: u32,
    pub(crate) many: u32,
    /// CPU time of the gateway for each request.
    pub(crate) few_cpu_us: Option<f64>,
    pub(crate) many_cpu_us: Option<f64>,
    /// The second in multiples of the first.
    pub(crate) times: Option<f64>,
}

/// What there may be many of.
#[derive(Clone, Copy, Debug)]
enum Thing {
    Keys,
    Endpoints,
    Generations,
}

/// One of the two gateways.
struct Side {
    gateway: Gateway,
    job: Arc<Job>,
    cpu_us: Vec<f64>,
}

#[derive(Deserialize)]
struct CreatedKey {
    key: String,
}

const ALL: [(Thing, &str, u32, u32); 3] = [
    (Thing::Keys, "keys", 1, 1_000),
    (Thing::Endpoints, "endpoints", 10, 10_000),
    (Thing::Generations, "stored generations", 1, 1_000_000),
];

pub(super) async fn measure(
    stage: &Stage<'_>,
    growth: &mut Vec<Growth>,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    for (thing, what, few, many) in ALL {
        progress.say(&format!("{what}, {few} and {many}"))?;
        let mut sides = [prepared(stage, thing, few).await?, prepared(stage, thing, many).await?];
        for side in &mut sides {
            side.load(stage.options.seconds / WARM_UP_SHARE).await?;
        }
        for _ in 0..stage.options.rounds {
            for side in &mut sides {
                let cpu_us = side.load(stage.options.seconds).await?;
                side.cpu_us.extend(cpu_us);
            }
        }
        let [few_cpu_us, many_cpu_us] = sides.map(|side| median(&side.cpu_us));
        let times = few_cpu_us.zip(many_cpu_us).and_then(|(few, many)| ratio(many, few));
        growth.push(Growth { what, few, many, few_cpu_us, many_cpu_us, times });
    }
    Ok(())
}

impl Side {
    /// Loads it, and returns the CPU time of a request.
    async fn load(&self, length: std::time::Duration) -> anyhow::Result<Option<f64>> {
        let fleet = Fleet::open(&self.job, CONNECTIONS).await?;
        let before = process_cpu(self.gateway.child.id())?;
        let tally = fleet.run(Load::Closed(CONNECTIONS), length).await?;
        let spent = process_cpu(self.gateway.child.id())?.saturating_sub(before);
        if let Some(error) = tally.first_error {
            anyhow::bail!("a wrong answer: {error}");
        }
        Ok(ratio(spent.as_secs_f64() * 1e6, float(tally.latency.count())))
    }
}

async fn prepared(stage: &Stage<'_>, thing: Thing, count: u32) -> anyhow::Result<Side> {
    let models = if matches!(thing, Thing::Endpoints) { count } else { 0 };
    let configuration = (0..models).fold(stage.configuration.clone(), |mut text, number| {
        // Writing to a String can't fail.
        let _written = write!(text, "{}", served(&model(number), "bench", UPSTREAM_MODEL));
        text
    });
    let installation = stage.install(&configuration)?;
    if matches!(thing, Thing::Generations) {
        write_generations(&installation.database(), count).await?;
    }
    let management = match thing {
        Thing::Keys => Some(installation.create_key(&["--management"])?),
        Thing::Endpoints | Thing::Generations => None,
    };
    let gateway = installation.start(stage.cpu).await?;
    let completions = match (thing, management) {
        (Thing::Keys, Some(management)) => of_each_key(&gateway, &management, count).await?,
        (Thing::Endpoints, _) => (0..count.min(ASKED_MAX))
            .map(|number| usual(manner(&gateway, &model(number))))
            .collect::<anyhow::Result<_>>()?,
        (Thing::Keys | Thing::Generations, _) => vec![usual(manner(&gateway, PUBLIC_MODEL))?],
    };
    let job = Arc::new(Job {
        address: gateway.address,
        completions,
        asked: AtomicUsize::new(0),
        stream: Vec::new(),
        expected: Arc::clone(stage.expected),
    });
    Ok(Side { gateway, job, cpu_us: Vec::new() })
}

fn model(number: u32) -> String {
    format!("bench/number-{number}")
}

/// Makes keys, and returns the usual question with each.
async fn of_each_key(
    gateway: &Gateway,
    management: &str,
    count: u32,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let manager = Manner { path: "/api/v1/keys", key: management, ..manner(gateway, PUBLIC_MODEL) };
    let mut questions = Vec::new();
    for number in 0..count {
        let request = manager.request(&json!({ "name": format!("key {number}") }))?;
        let (status, body) = fetch(gateway.address, &request).await?;
        ensure!(status == 201, "no key was made: {}", String::from_utf8_lossy(&body));
        let created: CreatedKey = serde_json::from_slice(&body).context("a key without a text")?;
        questions.push(usual(Manner { key: &created.key, ..manner(gateway, PUBLIC_MODEL) })?);
    }
    Ok(questions)
}

/// Writes records of the last weeks into a database.
async fn write_generations(file: &Path, count: u32) -> anyhow::Result<()> {
    let stores = SqliteStore::open(&file.display().to_string()).await?.into_stores();
    let key = hash(7);
    let mut next = 0;
    while next < count {
        let until = next.saturating_add(BATCH).min(count);
        let batch: Vec<GenerationRecord> = (next..until)
            .map(|number| {
                let id = format!("gen-1795327570-{number:020}");
                generation(&id, key, noon().plus_millis(-i64::from(number)))
            })
            .collect();
        stores.generations.append(batch).await?;
        next = until;
    }
    stores.health.close().await;
    Ok(())
}
