//! Taking up what changes while the gateway runs: the configuration file, and which models local
//! servers have.
//!
//! The file is looked at every two seconds, and at once on SIGHUP. It is validated whole; an
//! invalid one is refused and the running configuration stays. Providers, models, endpoints and
//! credentials are swapped atomically; other settings need a restart, and the log says so.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_catalog::{Overlay, OverlayError};
use tollgate_engine::Engine;
use tollgate_upstream::Upstream;

use crate::config::{Config, Flags};
use crate::environment::Environment;
use crate::{discovery, installation};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Local servers are asked once in so many looks: every half minute.
const LOOKS_PER_DISCOVERY: u32 = 15;

/// What the installation is made of, and what to do when a part of it changes.
pub(crate) struct Watch {
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    /// The simulator's base URL.
    pub(crate) simulator: Option<String>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) upstream: Upstream,
    /// What local servers had when last asked.
    pub(crate) found: Overlay,
}

impl Watch {
    /// Watches until `stop` is cancelled. Without a configuration file nothing can change.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let Some(path) = self.config.file.clone() else { return };
        let mut text = tokio::fs::read_to_string(&path).await.ok();
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for look in 1u32.. {
            let asked = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = hangup(&mut hangups) => true,
                _ = ticks.tick() => false,
            };
            let fresh = tokio::fs::read_to_string(&path).await.ok();
            if fresh.is_some() && (fresh != text || asked) {
                text = fresh;
                self.reload().await;
            } else if look.is_multiple_of(LOOKS_PER_DISCOVERY) {
                self.rediscover().await;
            }
        }
    }

    async fn reload(&mut self) {
        let flags = Flags { config: self.config.file.clone(), ..Flags::default() };
        match Config::load(&flags, &self.environment) {
            Ok(changed) => {
                self.config = changed;
                self.found = Overlay::default();
                if self.install() {
                    self.rediscover().await;
                    let models = self.engine.installation().routable().models().len();
                    tracing::info!(
                        models,
                        "the changed configuration is in force; listen, data_dir, database and limits need a restart"
                    );
                }
            }
            Err(problems) => {
                tracing::error!(%problems, "the changed configuration is refused; the running one stays");
            }
        }
    }

    /// Asks local servers again; one that does not answer keeps its models.
    async fn rediscover(&mut self) {
        let base = self.assemble(Overlay::default());
        let Ok(base) = base else { return };
        let found = discovery::discover(&base, &self.upstream, &self.found).await;
        if found == self.found {
            return;
        }
        self.found = found;
        self.install();
    }

    fn assemble(&self, found: Overlay) -> Result<tollgate_engine::Installation, Vec<OverlayError>> {
        let simulator = self.simulator.as_deref();
        installation::assemble(&self.config, &self.environment, simulator, found)
    }

    fn install(&self) -> bool {
        match self.assemble(self.found.clone()) {
            Ok(installation) => {
                self.engine.install(installation);
                true
            }
            Err(errors) => {
                let problems = joined(&errors);
                tracing::error!(problems, "what has changed is refused; what runs stays");
                false
            }
        }
    }
}

async fn hangup(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Several problems in one line.
pub(crate) fn joined(errors: &[OverlayError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
