//! What the gateway holds: when idle, with many streams open, and with many long prompts at once.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::time::sleep;

use super::{Alone, Stage};
use crate::cell::{Load, Shape};
use crate::gateway::served;
use crate::load::Fleet;
use crate::procfs;
use crate::statistics::float;
use crate::target::{PUBLIC_MODEL, prompt};

/// Streams to open, where as many files may be open.
const STREAMS_MAX: u32 = 10_000;
/// Streams that are opened at a time.
const AT_A_TIME: usize = 256;
/// Files of the gateway besides the two sockets of each stream.
const OTHER_FILES: u64 = 600;
/// Long prompts at once.
const HELD: u32 = 1_000;
/// Until memory has come to rest.
const REST: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(500);
const WARM_UP_CONNECTIONS: u32 = 16;

/// A model that falls silent behind its third word, and one that begins after some seconds: longer
/// than it takes to send it all the prompts.
const SILENT: (&str, &str) = ("bench/silent", "bench+stall-after:3");
const SLOW: (&str, &str) = ("bench/slow", "bench+delay:4000");

pub(super) async fn measure(stage: &Stage<'_>, alone: &mut Alone) -> anyhow::Result<()> {
    streams(stage, alone).await.context("open streams")?;
    long_prompts(stage, alone).await.context("long prompts at once")
}

async fn streams(stage: &Stage<'_>, alone: &mut Alone) -> anyhow::Result<()> {
    let gateway = stage.gateway(&served(SILENT.0, "bench", SILENT.1)).await?;
    let resident = || procfs::resident_kib(gateway.child.id()).context("its memory");
    sleep(REST).await;
    alone.idle_mib = Some(procfs::mib(resident()?));
    let usual = stage.job(&gateway, PUBLIC_MODEL, "")?;
    let warm_up = Fleet::open(&usual, WARM_UP_CONNECTIONS).await?;
    warm_up.run(Load::Streams(WARM_UP_CONNECTIONS), WARM_UP).await?;
    sleep(REST).await;
    let before = resident()?;
    let files = procfs::open_files_max().unwrap_or_default();
    let possible = u32::try_from(files.saturating_sub(OTHER_FILES) / 2).unwrap_or(u32::MAX);
    let count = possible.min(STREAMS_MAX);
    ensure!(count > 0, "only {files} files may be open");
    let silent = stage.job(&gateway, SILENT.0, "")?;
    let open = Fleet::open_streams(&silent, count, AT_A_TIME).await?;
    sleep(REST).await;
    let added = resident()?.saturating_sub(before);
    drop(open);
    alone.streams = Some(count);
    alone.stream_kib = Some(float(added) / f64::from(count));
    Ok(())
}

async fn long_prompts(stage: &Stage<'_>, alone: &mut Alone) -> anyhow::Result<()> {
    let gateway = stage.gateway(&served(SLOW.0, "bench", SLOW.1)).await?;
    let job = stage.job(&gateway, SLOW.0, &prompt(Shape::Prompt150k.prompt_bytes()))?;
    procfs::reset_peak(gateway.child.id());
    let held = Fleet::open_streams(&job, HELD, usize::try_from(HELD)?).await;
    let held = held.with_context(|| gateway.logged())?;
    let peak = procfs::peak_kib(gateway.child.id()).context("its memory")?;
    drop(held);
    alone.held = Some(HELD);
    alone.held_mib = Some(procfs::mib(peak));
    Ok(())
}
