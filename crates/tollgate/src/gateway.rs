//! The running gateway: everything wired together, started and stopped.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tollgate_api::{App, AppConfig, Front, SettingsInForce};
use tollgate_catalog::Overlay;
use tollgate_dashboard::Dashboard;
use tollgate_engine::{
    Alerting, Allotments, Cashier, Clock, Contents, Engine, Entropy, Installation, KeyRing,
    Keychain, Limiting, Organisation, Parts, Plans, Presets, ProviderKeys, Purses, RecordJournal,
    Recorder, RuleBook, Secret, SystemClock, SystemEntropy, pepper, replay_journal,
};
use tollgate_journal::{Journal, Replayed, Settings};
use tollgate_ledger::NodeId;
use tollgate_simulator::{Simulator, SimulatorConfig, Timing};
use tollgate_store::{KeyRecord, Stores};
use tollgate_store_postgres::PostgresStore;
use tollgate_store_sqlite::SqliteStore;
use tollgate_types::{ApiKey, Chain, ProviderSlug, Usd};
use tollgate_upstream::{MediaFetcher, Upstream};
use tollgate_vault::Vault;

use crate::config::Config;
use crate::environment::Environment;
use crate::refreshing;
use crate::reload::{self, Watch};
use crate::{
    bookkeeping, counting, discovery, endpoint_history, installation, own_file, retention, secrets,
};

/// What tests replace.
#[derive(Debug, Clone)]
pub struct Seams {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The stores; the configured database when absent.
    pub stores: Option<Stores>,
    /// What browsers are shown.
    pub dashboard: Dashboard,
}

impl Default for Seams {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            stores: None,
            dashboard: Dashboard::built(),
        }
    }
}

/// A gateway that accepts connections.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    first_key: Option<ApiKey>,
    engine: Arc<Engine>,
    cashier: Option<Arc<Cashier>>,
    alerting: Arc<Alerting>,
    simulator: Option<Simulator>,
    stop: CancellationToken,
    /// Ends when every connection has ended.
    server: TaskTracker,
    /// Ends when everything handed over is written.
    tasks: TaskTracker,
}

/// How long a gateway that stops waits for its store: what is in the journal is not lost.
const WRITING_MAX: Duration = Duration::from_secs(10);

/// The built-in models speak at the pace of a quick real one, so that a first stream looks like
/// one.
const DEMONSTRATION: Timing = Timing {
    ttft_median: Duration::from_millis(60),
    ttft_spread_pct: 30,
    tps_median: 120,
    tps_spread_pct: 20,
    jitter_pct: 30,
};

impl Gateway {
    /// Opens the store, starts the simulator and the jobs, and listens.
    ///
    /// # Errors
    ///
    /// Says what could not be opened and what to do about it.
    pub async fn start(
        config: Config,
        environment: Environment,
        seams: Seams,
    ) -> anyhow::Result<Self> {
        let listener = tollgate_api::listen(config.listen).with_context(|| {
            format!(
                "can't listen on {}. Is another gateway running there? Choose another address with --listen",
                config.listen
            )
        })?;
        let address = listener.local_addr().context("the listener has no address")?;
        let stores = match seams.stores.clone() {
            Some(stores) => stores,
            None => open_store(&config).await?,
        };
        let tasks = TaskTracker::new();
        let simulator = if config.simulator { Some(start_simulator().await?) } else { None };
        let base = simulator.as_ref().map(Simulator::openai_base);
        let upstream = upstream(&config)?;
        let entropy = seams.entropy.as_ref();
        let vault = Arc::new(secrets::vault_of(&config, &environment, entropy, &stores).await?);
        let provider_keys = ProviderKeys::load(stores.clone(), Arc::clone(&vault)).await;
        let provider_keys = Arc::new(provider_keys.context("providers' keys can't be read")?);
        let (given, number) = provider_keys.open_keys();
        let reached = (base.as_deref(), &given);
        let (installation, found) = install(&config, &environment, reached, &upstream).await?;
        provider_keys.are_in_force(number);
        let kept = (stores, vault, provider_keys);
        let engine = engine(&config, &seams, kept, &tasks, installation).await?;
        let first_key = first_key(&engine).await?;
        reload::warn_of_nobody(&engine);
        let stop = CancellationToken::new();
        let cashier = cashier(&config, &seams, &engine)?;
        let alerting = alerting(&config, &engine)?;
        let shown =
            Arc::new(SettingsInForce::new(reload::in_force(&config.origins, &config.origins)));
        let of = (&engine, cashier.as_ref(), seams.dashboard, &shown);
        let server = serve(listener, &config, of, &stop);
        if let Some(cashier) = &cashier {
            tasks.spawn(bookkeeping::top_up(Arc::clone(cashier), stop.clone()));
        }
        bookkeeping::alert(&alerting, &tasks, &stop);
        keep_up(&config, &engine, &tasks, &stop);
        let node = engine.purses().node().to_string().into();
        server.spawn(Arc::clone(&engine).answer_batches(node, stop.clone()));
        let watch = Watch {
            started: config.origins.clone(),
            shown,
            config,
            environment,
            simulator: base,
            engine: Arc::clone(&engine),
            upstream,
            found,
        };
        tasks.spawn(watch.run(stop.clone()));
        Ok(Self { address, first_key, engine, cashier, alerting, simulator, stop, server, tasks })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that was made because there was none: to be shown once.
    pub const fn first_key(&self) -> Option<&ApiKey> {
        self.first_key.as_ref()
    }

    /// The pipeline.
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Who sells credit, where that is configured.
    pub const fn cashier(&self) -> Option<&Arc<Cashier>> {
        self.cashier.as_ref()
    }

    /// Who tells operators what they want to hear of.
    pub const fn alerting(&self) -> &Arc<Alerting> {
        &self.alerting
    }

    /// Stops: no new connections, open streams to their end (within the grace period), everything
    /// settled and written.
    pub async fn stop(self) {
        self.stop.cancel();
        self.server.close();
        self.server.wait().await;
        write_down(&self.engine).await;
        counting::tell_last(&self.engine).await;
        if let Err(error) = self.engine.purses().give_back_all().await {
            tracing::warn!(error = %Chain(&error), "credit that was set aside is given back at the next start");
        }
        if let Some(simulator) = self.simulator {
            simulator.kill();
        }
        self.engine.stores().health.close().await;
        drop(self.alerting);
        drop(self.engine);
        self.tasks.close();
        if timeout(Duration::from_secs(5), self.tasks.wait()).await.is_err() {
            tracing::warn!("a background task did not stop in time");
        }
    }
}

/// Waits until the store has what was settled and said.
async fn write_down(engine: &Engine) {
    let written = async {
        engine.recorder().flush().await;
        engine.contents().flush().await;
    };
    if timeout(WRITING_MAX, written).await.is_err() {
        tracing::warn!(
            "the store takes no records: those in the journal are written at the next start"
        );
    }
}

/// Opens the configured database.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Stores> {
    let url = &config.database_url;
    let opened = if url.is_postgres() {
        let store = PostgresStore::open(url.expose()).await;
        store.map(PostgresStore::into_stores).map_err(anyhow::Error::from)
    } else {
        let store = SqliteStore::open(url.expose()).await;
        store.map(SqliteStore::into_stores).map_err(anyhow::Error::from)
    };
    opened.with_context(|| format!("the store {url} can't be opened"))
}

async fn start_simulator() -> anyhow::Result<Simulator> {
    let config = SimulatorConfig {
        // Only this process knows its address; nothing is kept of what is said to it.
        require_key: false,
        requests_max: 0,
        timing: DEMONSTRATION,
        ..SimulatorConfig::default()
    };
    Simulator::start(config).await.context("the simulator can't be started")
}

/// The way out of what is beside calls.
pub(crate) fn upstream(config: &Config) -> anyhow::Result<Upstream> {
    Upstream::new(config.limits.upstream.clone()).context("TLS can't be set up")
}

fn media(config: &Config) -> anyhow::Result<MediaFetcher> {
    MediaFetcher::new(&config.limits.upstream, config.limits.media.clone())
        .context("TLS can't be set up")
}

/// What can be called, and which of it local servers said themselves.
async fn install(
    config: &Config,
    environment: &Environment,
    (simulator, given): (Option<&str>, &HashMap<ProviderSlug, Secret>),
    upstream: &Upstream,
) -> anyhow::Result<(Installation, Overlay)> {
    let assemble = |found: Overlay| {
        installation::assemble(config, environment, simulator, given, found)
            .map_err(|errors| anyhow!("{}", reload::joined(&errors)))
    };
    let base = assemble(Overlay::default())?;
    let found = discovery::discover(&base, upstream, &Overlay::default()).await;
    if found.models.is_empty() {
        return Ok((base, found));
    }
    Ok((assemble(found.clone())?, found))
}

async fn engine(
    config: &Config,
    seams: &Seams,
    (stores, vault, provider_keys): (Stores, Arc<Vault>, Arc<ProviderKeys>),
    tasks: &TaskTracker,
    installation: Installation,
) -> anyhow::Result<Arc<Engine>> {
    let now = seams.clock.now();
    let pepper = pepper(&stores, &vault, seams.entropy.as_ref()).await;
    let pepper = pepper.context("API keys can't be checked")?;
    let configured = config.management_key.as_ref().map(|key| KeyRecord {
        management: true,
        ..KeyRecord::new(pepper.hash(key), "TOLLGATE_MANAGEMENT_KEY", &key.label(), now)
    });
    // Before anything is counted or given back: what an earlier run settled is what keys have spent,
    // and is paid from what that run set aside.
    let journal = record_journal(config, &stores).await?;
    let keys = KeyRing::load(stores.clone(), pepper, configured, now);
    let keys = keys.await.context("keys can't be read")?;
    let keychain = Keychain::load(stores.clone(), Arc::clone(&vault))
        .await
        .context("callers' own keys can't be read")?;
    let organisation =
        Organisation::load(stores.clone()).await.context("workspaces and people can't be read")?;
    let presets = Presets::load(stores.clone()).await.context("presets can't be read")?;
    let node = node(config, seams)?;
    let purses = purses(node.clone(), seams, &stores, tasks).await?;
    let allotments = Allotments::of(&node, &stores, &seams.clock, config.gone_after);
    let limiting = Limiting::new(node.clone(), allotments);
    limiting.recover(&stores, now).await.context("what limits had counted can't be read")?;
    limiting.govern(config.limit_rules.clone());
    let begun = limiting.follow_budgets(&organisation, &stores, now).await;
    begun.context("what workspaces have spent can't be read")?;
    let plans = Plans::new(config.plans.clone()).with_byok_fee(config.byok_fee);
    let followed = plans.follow(&organisation, &stores, now).await;
    followed.context("what accounts have spent can't be read")?;
    let engine = Engine::new(Parts {
        config: config.limits.engine.clone(),
        installation,
        upstream: upstream(config)?,
        media: media(config)?,
        recorder: Recorder::start(
            stores.clone(),
            journal,
            tasks,
            config.limits.engine.unrecorded_max,
        ),
        contents: Contents::start(stores.clone(), vault, Arc::clone(&seams.entropy), tasks),
        rules: RuleBook::load(stores.clone(), config.rules.clone())
            .await
            .context("rules can't be read")?,
        stores,
        keys,
        organisation,
        presets,
        keychain,
        provider_keys,
        purses,
        limiting,
        plans: Arc::new(plans),
        clock: Arc::clone(&seams.clock),
        entropy: Arc::clone(&seams.entropy),
        tasks: tasks.clone(),
    });
    endpoint_history::recall(&engine).await?;
    Ok(engine)
}

/// The folder in the data directory with the journal of records, and the file beside it with
/// entries that could not be read.
pub(crate) const JOURNAL_FOLDER: &str = "journal";
pub(crate) const UNREADABLE_FILE: &str = "journal.unreadable";

/// The journal of records, with what an earlier run left in it written to the store.
async fn record_journal(config: &Config, stores: &Stores) -> anyhow::Result<RecordJournal> {
    let folder = config.data_dir.join(JOURNAL_FOLDER);
    let said = || format!("the journal {} can't be opened", folder.display());
    let (journal, left) = Journal::open(&folder, Settings::default()).with_context(said)?;
    let unreadable = config.data_dir.join(UNREADABLE_FILE);
    let put_aside = |entry: &[u8]| {
        let mut file = OpenOptions::new().create(true).append(true).open(&unreadable)?;
        file.write_all(entry)?;
        file.write_all(b"\n")
    };
    let replayed = replay_journal(left, stores, put_aside).await;
    let (replayed, added) = replayed.context("what an earlier run left can't be written down")?;
    if added > 0 {
        tracing::info!(records = added, "records of an earlier run are written down");
    }
    let Replayed { torn_bytes, damaged_bytes, damaged_places, segments_unread, .. } = replayed;
    if damaged_bytes > 0 || segments_unread > 0 {
        tracing::error!(
            damaged_bytes,
            damaged_places,
            segments_unread,
            "the journal is damaged; records of an earlier run may be lost; the files are kept as *.damaged in its folder"
        );
    } else if torn_bytes > 0 {
        tracing::warn!(
            torn_bytes,
            "the journal ends in what is no record, as when the machine lost power; the file is kept as *.damaged in its folder"
        );
    }
    Ok(RecordJournal::new(journal))
}

/// The file in the data directory with this node's name.
pub(crate) const NODE_FILE: &str = "node.id";
const NODE_BYTES: usize = 16;

/// This node's name, which stays with its data directory.
fn node(config: &Config, seams: &Seams) -> anyhow::Result<NodeId> {
    let path = config.data_dir.join(NODE_FILE);
    let otherwise = "choose another folder with --data-dir";
    let name = own_file::read_or_make::<NODE_BYTES>(&path, seams.entropy.as_ref(), otherwise)?;
    Ok(NodeId::new(name.trim()))
}

/// What calls are paid from, with what an earlier life of this node had set aside given back.
async fn purses(
    node: NodeId,
    seams: &Seams,
    stores: &Stores,
    tasks: &TaskTracker,
) -> anyhow::Result<Arc<Purses>> {
    let seams = (Arc::clone(&seams.clock), Arc::clone(&seams.entropy));
    let purses = Purses::new(node, stores.clone(), seams, tasks.clone());
    let back = purses.recover().await.context("the ledger can't be read")?;
    if back > Usd::ZERO {
        tracing::info!(amount = %back, "credit that an earlier run had set aside is available again");
    }
    Ok(Arc::new(purses))
}

/// Makes a key when there is no inference key at all, so that a newcomer has one.
async fn first_key(engine: &Engine) -> anyhow::Result<Option<ApiKey>> {
    let keys = engine.stores().keys.all().await.context("keys can't be read")?;
    if keys.iter().any(|key| !key.management) {
        return Ok(None);
    }
    let key = engine.new_key().context("a first key can't be made")?;
    let now = engine.now();
    let record = KeyRecord::new(engine.keys().hash(&key), "first key", &key.label(), now);
    engine.stores().keys.insert(record).await.context("the first key can't be stored")?;
    engine.keys().refresh(now).await.context("keys can't be read")?;
    Ok(Some(key))
}

/// Sells credit, where that is configured. It has connections of its own.
fn cashier(
    config: &Config,
    seams: &Seams,
    engine: &Engine,
) -> anyhow::Result<Option<Arc<Cashier>>> {
    let Some(payments) = &config.payments else { return Ok(None) };
    let out = (engine.stores().clone(), upstream(config)?);
    let clock = Arc::clone(&seams.clock);
    let plans = Arc::clone(engine.plans());
    let cashier = Cashier::new(payments.cashier.clone(), payments.provider(), out, plans, clock);
    Ok(Some(Arc::new(cashier)))
}

/// Tells operators what they want to hear of. It has connections of its own.
fn alerting(config: &Config, engine: &Arc<Engine>) -> anyhow::Result<Arc<Alerting>> {
    let out = upstream(config)?;
    Ok(Arc::new(Alerting::new(config.alerts.clone(), Arc::clone(engine), out)))
}

fn serve(
    listener: TcpListener,
    config: &Config,
    (engine, cashier, dashboard, shown): (
        &Arc<Engine>,
        Option<&Arc<Cashier>>,
        Dashboard,
        &Arc<SettingsInForce>,
    ),
    stop: &CancellationToken,
) -> TaskTracker {
    let app = App::new(
        Arc::clone(engine),
        AppConfig {
            body_bytes_max: config.limits.body_bytes_max,
            body_timeout: config.limits.body_timeout,
            tag_headers: config.tag_headers.clone(),
            region_hosts: config.region_hosts.clone(),
            installation_name: config.installation_name.clone(),
            cashier: cashier.map(Arc::clone),
            settings: Arc::clone(shown),
            trusted_proxies: config.trusted_proxies.clone(),
            path_prefix: config.path_prefix.clone(),
            dashboard,
            stopping: stop.clone(),
        },
    );
    let server = TaskTracker::new();
    let front = Front::new(app);
    server.spawn(tollgate_api::serve(listener, front, config.limits.server.clone(), stop.clone()));
    server
}

/// Does in the background what an engine needs to have done, until `stop` is cancelled.
fn keep_up(config: &Config, engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(refreshing::run(Arc::clone(engine), stop.clone()));
    bookkeeping::run((engine, config.gone_after), tasks, stop);
    tasks.spawn(bookkeeping::sync(Arc::clone(engine), config.journal_sync, stop.clone()));
    tasks.spawn(retention::run(Arc::clone(engine), config.retention, stop.clone()));
    counting::run(engine, tasks, stop);
    if let Some(interval) = config.limits.engine.probe_interval {
        tasks.spawn(probe(Arc::clone(engine), interval, stop.clone()));
    }
}

/// Asks endpoints that fail whether they are well again, until `stop` is cancelled.
async fn probe(engine: Arc<Engine>, interval: Duration, stop: CancellationToken) {
    let rounds = async {
        loop {
            sleep(engine.probe_pause(interval)).await;
            engine.probe().await;
        }
    };
    stop.run_until_cancelled(rounds).await;
}
