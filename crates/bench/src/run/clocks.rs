//! What is read before and after a cell: CPU time of everyone, and the upstream's own counts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::cli::Kind;
use crate::load::fetch;
use crate::procfs::{machine_cpu, process_cpu};
use crate::statistics::ratio;
use crate::target::{Servers, Target};
use crate::upstream::MODEL;

/// Everything at one moment.
#[derive(Debug)]
pub(super) struct Clocks {
    at: Instant,
    server: Duration,
    load: Duration,
    /// Of the upstream behind the server under test; of a direct target, nothing.
    upstream: Duration,
    /// Of all processes of this run, those that are not measured now too.
    ours: Duration,
    machine: Duration,
    counts: Counts,
}

/// The simulator's counts.
#[derive(Debug, Deserialize)]
struct Counts {
    connections: u64,
    calls: BTreeMap<String, u64>,
}

/// What was spent between two moments. CPU times are in seconds, CPUs are seconds per second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spent {
    pub(crate) server_cpu_s: f64,
    pub(crate) server_cpus: f64,
    pub(crate) load_cpus: f64,
    pub(crate) upstream_cpus: f64,
    /// CPUs that processes outside this run took: the noise.
    pub(crate) other_cpus: f64,
    /// Requests that reached the upstream.
    pub(crate) upstream_requests: u64,
    /// Connections that were opened to the upstream.
    pub(crate) upstream_connections: u64,
}

impl Clocks {
    pub(super) async fn read(servers: &Servers, target: &Target) -> anyhow::Result<Self> {
        let counts = counts(target.upstream).await.context("the upstream's counts")?;
        let load = process_cpu(std::process::id())?;
        let behind = process_cpu(servers.upstream.child.id())?;
        let mut ours = load + behind;
        for target in &servers.targets {
            let used = process_cpu(target.server.id());
            ours += used.with_context(|| format!("{} has ended", target.kind))?;
        }
        Ok(Self {
            at: Instant::now(),
            server: process_cpu(target.server.id())?,
            load,
            upstream: if target.kind == Kind::Direct { Duration::ZERO } else { behind },
            ours,
            machine: machine_cpu()?,
            counts,
        })
    }

    pub(super) fn since(&self, before: &Self) -> Spent {
        let elapsed = self.at.duration_since(before.at).as_secs_f64();
        let cpus = |spent: Duration| ratio(spent.as_secs_f64(), elapsed).unwrap_or_default();
        let spent = |clock: fn(&Self) -> Duration| clock(self).saturating_sub(clock(before));
        let other = spent(|it| it.machine).saturating_sub(spent(|it| it.ours));
        let (now, then) = (&self.counts, &before.counts);
        Spent {
            server_cpu_s: spent(|it| it.server).as_secs_f64(),
            server_cpus: cpus(spent(|it| it.server)),
            load_cpus: cpus(spent(|it| it.load)),
            upstream_cpus: cpus(spent(|it| it.upstream)),
            other_cpus: cpus(other),
            upstream_requests: now.requests().saturating_sub(then.requests()),
            // One of them is the one over which the counts were read.
            upstream_connections: now.connections.saturating_sub(then.connections + 1),
        }
    }
}

impl Counts {
    fn requests(&self) -> u64 {
        self.calls.get(MODEL).copied().unwrap_or_default()
    }
}

async fn counts(upstream: SocketAddr) -> anyhow::Result<Counts> {
    let request = format!("GET /__simulator/stats HTTP/1.1\r\nhost: {upstream}\r\n\r\n");
    let (status, body) = fetch(upstream, request.as_bytes()).await?;
    ensure!(status == 200, "status {status}");
    Ok(serde_json::from_slice(&body)?)
}
