//! What is measured of the gateway by itself, each on a gateway of its own: the size of its program,
//! its start, its memory, and what a request costs as keys, endpoints and records become many.
//!
//! Nothing here has a baseline: the targets are absolute, or compare the gateway with itself.

mod growth;
mod memory;
mod start;

use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use crate::child::Placement;
use crate::cli::{Options, Part};
use crate::gateway::{Gateway, Installation, configuration, found};
use crate::load::{Expected, Job};
use crate::progress::Progress;
use crate::target::{GATEWAY_PATH, Manner, Servers, question};

pub(crate) use growth::Growth;

/// What was measured; what was not is nothing.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Alone {
    /// Length of the gateway's program.
    pub(crate) program_mib: Option<f64>,
    /// From starting the process to the whole answer to a first request, the median of some starts.
    pub(crate) start_ms: Option<f64>,
    /// Resident with the built-in catalog, a second after it was ready, before any request.
    pub(crate) idle_mib: Option<f64>,
    /// Streams that were open at once.
    pub(crate) streams: Option<u32>,
    /// Resident memory that each of them added.
    pub(crate) stream_kib: Option<f64>,
    /// Requests with a prompt of 150 KB that were held at once.
    pub(crate) held: Option<u32>,
    /// The most that was resident then, everything included.
    pub(crate) held_mib: Option<f64>,
    pub(crate) growth: Vec<Growth>,
}

/// What all of them start their gateways with.
struct Stage<'a> {
    options: &'a Options,
    cpu: Option<u32>,
    expected: &'a Arc<Expected>,
    configuration: String,
}

impl Alone {
    /// Measures what was asked for. What was measured before an error is kept.
    pub(crate) async fn measure(
        &mut self,
        options: &Options,
        placement: Placement,
        servers: &Servers,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let stage = Stage {
            options,
            cpu: placement.server,
            expected: &servers.expected,
            configuration: configuration(&servers.upstream, &servers.authority()),
        };
        let is_asked = |part: Part| options.parts.contains(&part);
        if is_asked(Part::Size) {
            let program = found(options.gateway.clone())?;
            let bytes = fs::metadata(program).context("the program's size")?.len();
            self.program_mib = Some(crate::procfs::mib(bytes.div_ceil(1024)));
        }
        if is_asked(Part::Start) {
            progress.say("the start")?;
            self.start_ms = start::start(&stage).await.context("the start")?;
        }
        if is_asked(Part::Memory) {
            progress.say("memory")?;
            memory::measure(&stage, self).await.context("memory")?;
        }
        if is_asked(Part::Growth) {
            growth::measure(&stage, &mut self.growth, progress).await.context("growth")?;
        }
        Ok(())
    }
}

impl Stage<'_> {
    fn install(&self, configuration: &str) -> anyhow::Result<Installation> {
        Installation::new(self.options.gateway.clone(), configuration)
    }

    /// Starts a gateway that knows more models than the usual ones.
    async fn gateway(&self, more: &str) -> anyhow::Result<Gateway> {
        let configuration = format!("{}{more}", self.configuration);
        self.install(&configuration)?.start(self.cpu).await
    }

    /// The job of asking a gateway's model with a prompt.
    fn job(&self, gateway: &Gateway, model: &str, prompt: &str) -> anyhow::Result<Arc<Job>> {
        let manner = manner(gateway, model);
        manner.job(self.expected, &|streamed| question(model, prompt, streamed))
    }
}

fn manner<'a>(gateway: &'a Gateway, model: &'a str) -> Manner<'a> {
    Manner { address: gateway.address, path: GATEWAY_PATH, key: &gateway.key, model }
}

/// The usual question.
fn usual(manner: Manner<'_>) -> anyhow::Result<Vec<u8>> {
    manner.request(&question(manner.model, "", false))
}
