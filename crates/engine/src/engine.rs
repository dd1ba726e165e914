//! The pipeline.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderMap;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;
use tollgate_providers::Progress;
use tollgate_routing::{CallShape, Plan, RetryBudget};
use tollgate_store::{Attribution, StoreError, Stores};
use tollgate_types::{ApiKey, GenerationId, Timestamp};
use tollgate_upstream::{MediaFetcher, Upstream, UpstreamBody};
use tollgate_wire::Call;
use tollgate_wire::chat::UsageView;
use tollgate_wire::operation::OperationCall;

use crate::afford::Held;
use crate::asked::Asked;
use crate::cache::{Caching, ResponseCache};
use crate::choices::Choices;
use crate::endpoint_history::EndpointHistory;
use crate::judge::Judge;
use crate::run::{Ending, Run};
use crate::steer::Steering;
use crate::sticky::Stickiness;
use crate::timing::Stopwatch;
use crate::traffic::{Answer, Origin};
use crate::{
    AuthError, BatchConfig, CallError, CallFailure, Clock, Contents, EngineConfig, Entropy,
    Installation, KeyEntry, KeyRing, Keychain, Limiting, Metrics, Operated, Organisation,
    Passwords, Plans, Presets, ProviderKeys, Purses, Recorder, RuleBook, Vitals, decision, operate,
};

/// Everything the engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// Times and bounds.
    pub config: EngineConfig,
    /// What can be called.
    pub installation: Installation,
    /// The operator's rules.
    pub rules: RuleBook,
    /// The outbound client.
    pub upstream: Upstream,
    /// Fetches what requests point to.
    pub media: MediaFetcher,
    /// The stores.
    pub stores: Stores,
    /// The keys.
    pub keys: KeyRing,
    /// Workspaces and people.
    pub organisation: Organisation,
    /// The presets.
    pub presets: Presets,
    /// Callers' own keys at providers.
    pub keychain: Keychain,
    /// The installation's keys at providers that were given in the dashboard.
    pub provider_keys: Arc<ProviderKeys>,
    /// What calls are paid from.
    pub purses: Arc<Purses>,
    /// Limits on calls.
    pub limiting: Limiting,
    /// What accounts have agreed to.
    pub plans: Arc<Plans>,
    /// Where generation records go.
    pub recorder: Recorder,
    /// Where what is said goes, for workspaces that want it kept.
    pub contents: Contents,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Work that outlives a call, awaited when the program stops.
    pub tasks: TaskTracker,
}

/// The pipeline and what it works with. One per process, shared.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    installation: ArcSwap<Installation>,
    upstream: Upstream,
    media: MediaFetcher,
    stores: Stores,
    keys: KeyRing,
    pub(crate) organisation: Organisation,
    presets: Presets,
    pub(crate) keychain: Keychain,
    pub(crate) provider_keys: Arc<ProviderKeys>,
    /// Held while what can be called changes.
    installing: Mutex<()>,
    purses: Arc<Purses>,
    limiting: Limiting,
    pub(crate) plans: Arc<Plans>,
    recorder: Recorder,
    contents: Contents,
    clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    metrics: Metrics,
    vitals: ArcSwap<Vitals>,
    pub(crate) history: EndpointHistory,
    stickiness: Stickiness,
    judge: Judge,
    /// What routers of models remember.
    choices: Choices,
    cache: ResponseCache,
    retries: RetryBudget,
    rules: RuleBook,
    pub(crate) passwords: Passwords,
    /// Told when a batch was received.
    pub(crate) batch_arrived: Notify,
}

/// How long a body may stay open behind its terminator.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Puts the engine together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let installation = parts.installation.with_own_keys(&parts.keychain.held());
        let vitals = Vitals::of(&installation, &Vitals::default(), &[]);
        Arc::new(Self {
            installation: ArcSwap::from_pointee(installation),
            upstream: parts.upstream,
            media: parts.media,
            stores: parts.stores,
            keys: parts.keys,
            organisation: parts.organisation,
            presets: parts.presets,
            keychain: parts.keychain,
            provider_keys: parts.provider_keys,
            installing: Mutex::new(()),
            purses: parts.purses,
            limiting: parts.limiting,
            plans: parts.plans,
            recorder: parts.recorder,
            metrics: Metrics::watching(&parts.contents),
            contents: parts.contents,
            clock: parts.clock,
            vitals: ArcSwap::from_pointee(vitals),
            history: EndpointHistory::default(),
            stickiness: Stickiness::default(),
            judge: Judge::default(),
            choices: Choices::default(),
            cache: ResponseCache::new(parts.config.cache),
            config: parts.config,
            retries: RetryBudget::default(),
            rules: parts.rules,
            batch_arrived: Notify::new(),
            passwords: Passwords::new(Arc::clone(&parts.entropy), parts.tasks.clone()),
            entropy: parts.entropy,
            tasks: parts.tasks,
        })
    }

    /// Answers a generative call in any dialect, from admission to the first word.
    ///
    /// Cancel safe: dropped, it cancels the provider's request, and the call is settled as
    /// cancelled.
    ///
    /// # Errors
    ///
    /// Why no endpoint answered. A stream that has begun reports its failure in the stream.
    pub async fn generate(
        self: &Arc<Self>,
        key: Arc<KeyEntry>,
        call: Call,
        origin: Origin<'_>,
    ) -> Result<Answer, CallFailure> {
        let Origin { attribution, headers, region, received } = origin;
        let run = self.admit(key, call, (attribution, region, received));
        let run = self.prepared(run, headers).await?;
        if let Some(entry) = run.caching.found().cloned() {
            Ok(run.tell_again(&entry))
        } else if run.call.params().stream {
            self.stream(run).await
        } else {
            // The larger of the two futures: a stream need not have room for it.
            Box::pin(self.whole(run)).await.map(|(reply, _)| Answer::Whole(reply))
        }
    }

    /// Performs an operation, from admission to the answer or, where the answer is passed on as it
    /// comes, to its first bytes. `region` as for [`generate`](Self::generate).
    ///
    /// Cancel safe: as [`generate`](Self::generate).
    ///
    /// # Errors
    ///
    /// Why no endpoint answered.
    pub async fn operate(
        self: &Arc<Self>,
        key: Arc<KeyEntry>,
        call: OperationCall,
        origin: Origin<'_>,
    ) -> Result<Operated, CallFailure> {
        let Origin { attribution, headers, region, received } = origin;
        let run = self.admit(key, call, (attribution, region, received));
        self.operated(run, headers).await.map(|(answer, _)| answer)
    }

    /// Performs an operation that was admitted, and says what was used, where the answer is whole.
    pub(crate) async fn operated(
        &self,
        run: Box<Run<OperationCall>>,
        headers: &HeaderMap,
    ) -> Result<(Operated, Option<UsageView>), CallFailure> {
        let mut run = self.prepared(run, headers).await?;
        if let Some(entry) = run.caching.found().cloned() {
            return Ok((run.tell_again(&entry), None));
        }
        match operate::first(&mut run).await {
            Ok(done) => Ok(done.into_answer(run)),
            Err(error) => Err(fail(run, error)),
        }
    }

    /// What this installation can call now.
    pub fn installation(&self) -> Arc<Installation> {
        self.installation.load_full()
    }

    /// Replaces what this installation can call; calls under way keep what they began with.
    pub fn install(&self, installation: Installation) {
        let _one_at_a_time = self.installing.lock();
        self.put_in_place(installation, &[]);
    }

    /// Takes up what has changed of callers' own keys.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn refresh_own_keys(&self) -> Result<(), StoreError> {
        let install = |renewed: &[Arc<str>]| {
            let _one_at_a_time = self.installing.lock();
            self.put_in_place(Installation::clone(&self.installation()), renewed);
        };
        self.keychain.refresh(install).await
    }

    fn put_in_place(&self, installation: Installation, renewed: &[Arc<str>]) {
        let installation = installation.with_own_keys(&self.keychain.held());
        let before = self.vitals();
        let vitals = Vitals::of(&installation, &before, renewed);
        self.history.left(before.left_by(&vitals));
        self.vitals.store(Arc::new(vitals));
        self.installation.store(Arc::new(installation));
    }

    /// Whether calls need credit.
    pub const fn is_paid(&self) -> bool {
        self.config.billing
    }

    /// How batches are answered, and how large they may be.
    pub const fn batch_bounds(&self) -> &BatchConfig {
        &self.config.batches
    }

    /// What calls are paid from.
    pub const fn purses(&self) -> &Arc<Purses> {
        &self.purses
    }

    /// Limits on calls.
    pub const fn limiting(&self) -> &Limiting {
        &self.limiting
    }

    /// The operator's rules.
    pub const fn rules(&self) -> &RuleBook {
        &self.rules
    }

    /// Finds the key a caller sent from `address`, if that is known.
    ///
    /// # Errors
    ///
    /// As [`KeyRing::authenticate`].
    pub async fn authenticate(
        &self,
        key: Option<&ApiKey>,
        address: Option<IpAddr>,
    ) -> Result<Arc<KeyEntry>, AuthError> {
        self.keys.authenticate(key, address, self.now()).await
    }

    /// The keys.
    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The presets.
    pub const fn presets(&self) -> &Presets {
        &self.presets
    }

    /// The stores.
    pub const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where generation records go.
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Where what is said goes, for workspaces that want it kept.
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// What operators watch.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How the endpoints are doing.
    pub fn vitals(&self) -> Arc<Vitals> {
        self.vitals.load_full()
    }

    /// Work that outlives a call.
    pub(crate) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    pub(crate) const fn judge(&self) -> &Judge {
        &self.judge
    }

    pub(crate) const fn stickiness(&self) -> &Stickiness {
        &self.stickiness
    }

    pub(crate) const fn choices(&self) -> &Choices {
        &self.choices
    }

    pub(crate) const fn cache(&self) -> &ResponseCache {
        &self.cache
    }

    pub(crate) const fn retries(&self) -> &RetryBudget {
        &self.retries
    }

    pub(crate) const fn config(&self) -> &EngineConfig {
        &self.config
    }

    pub(crate) const fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    pub(crate) const fn media(&self) -> &MediaFetcher {
        &self.media
    }

    /// Reads a body that is done with to its end, so that its connection can be used again; one
    /// that does not end soon is dropped.
    pub(crate) fn drain(&self, mut body: UpstreamBody) {
        self.tasks.spawn(timeout(DRAIN_PATIENCE, async move {
            while let Some(Ok(_)) = body.frame().await {}
        }));
    }

    pub(crate) fn admit<C: Asked>(
        self: &Arc<Self>,
        key: Arc<KeyEntry>,
        call: C,
        (attribution, region, received): (Attribution, Option<String>, Instant),
    ) -> Box<Run<C>> {
        let created = self.now();
        let mut random = [0; 28];
        let id_is_random = self.entropy.fill(&mut random).is_ok();
        let [seed @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = random;
        let [_, _, _, _, _, _, _, _, random @ ..] = random;
        self.metrics.admitted();
        self.retries.earn();
        let workspace = self.organisation.workspace_of(&key.record);
        // Boxed: it goes through many hands, and each move of it would copy all of it.
        Box::new(Run {
            engine: Arc::clone(self),
            installation: self.installation(),
            id: GenerationId::new(created, random),
            batch: None,
            created,
            started: Instant::now(),
            stopwatch: Stopwatch::since(received),
            end_user: end_user(&key, &call),
            agreed: self.agreed(workspace.account(), created),
            workspace,
            key,
            call,
            as_it_came: None,
            attribution,
            plan: Plan::default(),
            preset: None,
            router: None,
            shape: CallShape { region, ..CallShape::default() },
            seed: u64::from_le_bytes(seed),
            hedges: false,
            steering: Steering::default(),
            put_aside: Vec::new(),
            left_behind: Mutex::default(),
            held: Held::default(),
            listens: false,
            conversation: None,
            choice: None,
            vitals: self.vitals(),
            attempts: Vec::new(),
            faults: Vec::new(),
            retried: Vec::new(),
            answering: None,
            unread: Duration::ZERO,
            shares: Vec::new(),
            inlined: OnceCell::new(),
            first_word: None,
            settled: None,
            last_word: None,
            caching: Caching::Off,
            slot: None,
            id_is_random,
        })
    }
}

pub(crate) fn fail<C: Asked>(mut run: Box<Run<C>>, error: CallError) -> CallFailure {
    let metadata = decision::told(&run, None);
    run.settle(None, &Progress::default(), Ending::Failed(&error));
    CallFailure { id: run.id.clone(), error, metadata }
}

/// The caller's `user` together with whose key it is, hashed: providers can tell abusers apart
/// without learning who they are (contract §2.1).
fn end_user(key: &KeyEntry, call: &impl Asked) -> Option<String> {
    let user = call.params().user.as_deref()?;
    Some(end_user_id(&key.record.workspace_id, user))
}

/// The hash by which an end user of a workspace is known to providers, and to limits.
pub(crate) fn end_user_id(workspace_id: &str, user: &str) -> String {
    ApiKey::from_text(&format!("{workspace_id}:{user}")).plain_hash().to_hex()
}
