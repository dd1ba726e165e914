//! Taking up what changes while the gateway runs: the configuration file, keys that are given in the
//! dashboard, and which models local servers have.
//!
//! The file is looked at every two seconds, and at once on SIGHUP. It is validated whole; an
//! invalid one is refused and the running configuration stays. Providers, models, endpoints and
//! credentials are swapped atomically; the log names the other settings that changed, which need a
//! restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_api::{SettingInForce, SettingsInForce};
use tollgate_catalog::{Overlay, OverlayError};
use tollgate_engine::Engine;
use tollgate_types::Chain;
use tollgate_upstream::Upstream;

use crate::config::{Config, Flags, Setting};
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
    /// The settings that were in force at the start, and are until the next one.
    pub(crate) started: BTreeMap<String, Setting>,
    /// What people are shown of them.
    pub(crate) shown: Arc<SettingsInForce>,
}

impl Watch {
    /// Watches until `stop` is cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut text = self.text().await;
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for look in 1u32.. {
            let asked = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = hangup(&mut hangups) => true,
                () = self.engine.provider_keys().changed() => false,
                _ = ticks.tick() => false,
            };
            self.take_up_keys().await;
            let fresh = self.text().await;
            if fresh.is_some() && (fresh != text || asked) {
                text = fresh;
                self.reload().await;
            } else if look.is_multiple_of(LOOKS_PER_DISCOVERY) {
                self.rediscover().await;
            }
        }
    }

    /// The configuration file; `None` where there is none, or it can't be read now.
    async fn text(&self) -> Option<String> {
        tokio::fs::read_to_string(self.config.file.as_ref()?).await.ok()
    }

    /// Puts keys in force that were given in the dashboard, of this gateway or another.
    async fn take_up_keys(&mut self) {
        let keys = Arc::clone(self.engine.provider_keys());
        if let Err(error) = keys.refresh().await {
            tracing::warn!(error = %Chain(&error), "providers' keys can't be read; those that are known stay");
        }
        if !keys.waits() {
            return;
        }
        if self.install() {
            let models = self.engine.installation().routable().models().len();
            tracing::info!(models, "the changed keys of providers are in force");
        }
    }

    async fn reload(&mut self) {
        let flags = Flags { config: self.config.file.clone(), ..self.config.flags.clone() };
        match Config::load(&flags, &self.environment) {
            Ok(changed) => {
                self.config = changed;
                self.govern().await;
                self.engine.limiting().govern(self.config.limit_rules.clone());
                warn_of_nobody(&self.engine);
                self.put_plans_in_force().await;
                self.found = Overlay::default();
                if self.install() {
                    self.rediscover().await;
                    let models = self.engine.installation().routable().models().len();
                    tracing::info!(models, "the changed configuration is in force");
                    self.shown.replace(in_force(&self.started, &self.config.origins));
                    let waiting = need_restart(&self.started, &self.config.origins);
                    if !waiting.is_empty() {
                        let settings = waiting.join(", ");
                        tracing::warn!(settings, "these changed settings need a restart");
                    }
                }
            }
            Err(problems) => {
                tracing::error!(%problems, "the changed configuration is refused; the running one stays");
            }
        }
    }

    /// Puts the file's rules in force.
    async fn govern(&self) {
        let rules = self.config.rules.clone();
        if let Err(error) = self.engine.rules().replace_file(rules).await {
            tracing::error!(error = %Chain(&error), "the changed rules are refused; those in force stay");
        }
    }

    /// Puts the file's plans in force, which may depend on what calls have come to this month.
    async fn put_plans_in_force(&self) {
        let (plans, stores) = (self.engine.plans(), self.engine.stores());
        plans.govern(self.config.plans.clone());
        let followed = plans.follow(self.engine.organisation(), stores, self.engine.now()).await;
        if let Err(error) = followed {
            tracing::error!(error = %Chain(&error), "what accounts have spent can't be read: new plans go on from what this gateway knows");
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
        let (given, _) = self.engine.provider_keys().open_keys();
        installation::assemble(&self.config, &self.environment, simulator, &given, found)
    }

    fn install(&self) -> bool {
        let (_, number) = self.engine.provider_keys().open_keys();
        match self.assemble(self.found.clone()) {
            Ok(installation) => {
                self.engine.install(installation);
                self.engine.provider_keys().are_in_force(number);
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

/// Says which limits hold for nobody: a name is misspelt, or somebody has another one by now.
pub(crate) fn warn_of_nobody(engine: &Engine) {
    for nobody in engine.limits_of_nobody() {
        let (scope, of) = (nobody.scope, nobody.of);
        tracing::warn!(scope, of, "a limit is for nobody: there is none of this name");
    }
}

/// The settings that differ from those at the start and are not taken up before the next one: all
/// but the providers' keys.
fn need_restart<'a>(
    started: &BTreeMap<String, Setting>,
    now: &'a BTreeMap<String, Setting>,
) -> Vec<&'a str> {
    let differs = |(name, setting): &(&'a String, &'a Setting)| {
        let before = started.get(*name).map(|it| &it.value);
        !name.starts_with("provider.") && before != Some(&setting.value)
    };
    now.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
}

/// The settings that are in force, where the gateway was started with `started` and the file has said
/// `now` since.
pub(crate) fn in_force(
    started: &BTreeMap<String, Setting>,
    now: &BTreeMap<String, Setting>,
) -> Vec<SettingInForce> {
    let waiting = need_restart(started, now);
    let row = |(name, setting): (&String, &Setting)| {
        let waits = waiting.contains(&name.as_str());
        let in_force = if waits { started.get(name) } else { Some(setting) };
        SettingInForce {
            name: name.clone(),
            value: in_force.map(|it| it.value.clone()).unwrap_or_default(),
            origin: in_force.map(|it| it.origin.clone()).unwrap_or_default(),
            after_restart: waits.then(|| setting.value.clone()),
        }
    };
    now.iter().map(row).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    #[test]
    fn settings_that_need_a_restart_are_named_and_only_those() {
        let read = |text: &str, listen: Option<&str>| {
            let flags = Flags { listen: listen.map(str::to_owned), ..Flags::default() };
            Config::parse(text, &flags, &Environment::default()).unwrap().origins
        };
        let provider = "[[provider]]\nslug = \"openai\"\napi_key = \"sk-1\"\n";
        let started = read("", Some("127.0.0.1:1"));
        let flagged = read("listen = \"127.0.0.1:2\"", Some("127.0.0.1:1"));
        assert_eq!(need_restart(&started, &flagged), Vec::<&str>::new());
        assert_eq!(
            need_restart(&started, &read(provider, Some("127.0.0.1:1"))),
            Vec::<&str>::new()
        );
        let changed = read(
            "listen = \"127.0.0.1:2\"\n[limits]\nidle_timeout_ms = 7\n[simulator]\nenabled = false\n\
             [attribution]\nheaders = [\"x-a\"]\n[upstream]\nfetch_private_addresses = true\n",
            None,
        );
        assert_eq!(
            need_restart(&started, &changed),
            [
                "attribution.headers",
                "limits.idle_timeout_ms",
                "listen",
                "simulator.enabled",
                "upstream.fetch_private_addresses",
            ]
        );
    }
}
