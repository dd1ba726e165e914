//! The pipeline.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::BodyExt;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;
use tollgate_providers::Progress;
use tollgate_routing::{CallShape, Plan, RetryBudget};
use tollgate_store::{Attribution, RoutingRecord, Stores};
use tollgate_types::{ApiKey, GenerationId, Timestamp, Usd};
use tollgate_upstream::{MediaFetcher, Upstream, UpstreamBody};
use tollgate_wire::Call;
use tollgate_wire::operation::OperationCall;

use crate::asked::Asked;
use crate::attempt::{OpenWhole, open_stream, open_whole};
use crate::resolve::{Circumstances, Routed};
use crate::run::{Ending, Run};
use crate::sticky::{Conversation, Stickiness};
use crate::{
    AuthError, CallError, CallFailure, ChatStream, Clock, Count, EngineConfig, Entropy,
    Installation, KeyEntry, KeyRing, Metrics, Operated, Presets, Recorder, Vitals, count, decision,
    operate, resolve, sticky,
};

/// Everything the engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// Times and bounds.
    pub config: EngineConfig,
    /// What can be called.
    pub installation: Installation,
    /// The outbound client.
    pub upstream: Upstream,
    /// Fetches what requests point to.
    pub media: MediaFetcher,
    /// The stores.
    pub stores: Stores,
    /// The keys.
    pub keys: KeyRing,
    /// The presets.
    pub presets: Presets,
    /// Where generation records go.
    pub recorder: Recorder,
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
    presets: Presets,
    recorder: Recorder,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
    metrics: Metrics,
    vitals: ArcSwap<Vitals>,
    stickiness: Stickiness,
    retries: RetryBudget,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(WholeReply),
    /// A stream that has begun, or is about to.
    Stream {
        /// The generation's id.
        id: GenerationId,
        /// Display name of the provider, when one has spoken already.
        provider: Option<String>,
        /// The media type of the body.
        media_type: &'static str,
        /// The body.
        body: Box<ChatStream>,
    },
}

/// A whole answer.
#[derive(Debug)]
pub struct WholeReply {
    /// The generation's id.
    pub id: GenerationId,
    /// Display name of the provider.
    pub provider: String,
    /// The answer, as JSON in the caller's dialect.
    pub body: Vec<u8>,
}

/// How long a body may stay open behind its terminator.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Puts the engine together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let vitals = Vitals::of(parts.installation.routable(), &Vitals::default());
        Arc::new(Self {
            config: parts.config,
            installation: ArcSwap::from_pointee(parts.installation),
            upstream: parts.upstream,
            media: parts.media,
            stores: parts.stores,
            keys: parts.keys,
            presets: parts.presets,
            recorder: parts.recorder,
            clock: parts.clock,
            entropy: parts.entropy,
            tasks: parts.tasks,
            metrics: Metrics::default(),
            vitals: ArcSwap::from_pointee(vitals),
            stickiness: Stickiness::default(),
            retries: RetryBudget::default(),
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
        attribution: Attribution,
    ) -> Result<Answer, CallFailure> {
        let run = self.admit(key, call, attribution);
        let run = self.prepared(run).await?;
        if run.call.params().stream {
            self.stream(run).await
        } else {
            // The larger of the two futures: a stream need not have room for it.
            Box::pin(self.whole(run)).await
        }
    }

    /// Performs an operation, from admission to the answer or, where the answer is passed on as it
    /// comes, to its first bytes.
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
        attribution: Attribution,
    ) -> Result<Operated, CallFailure> {
        let run = self.admit(key, call, attribution);
        let mut run = self.prepared(run).await?;
        match operate::first(&mut run).await {
            Ok(done) => Ok(done.into_answer(run)),
            Err(error) => Err(fail(run, error)),
        }
    }

    /// Counts the tokens of a conversation without holding it: the first endpoint's own count,
    /// where its provider counts, else an estimate.
    ///
    /// # Errors
    ///
    /// When the call is wrong or can't be routed. A provider that fails to count is no error.
    pub async fn count(&self, call: &Call) -> Result<Count, CallError> {
        let installation = self.installation();
        let routed = self.idle_plan(call, &installation)?;
        Ok(count::count(self, &installation, call, &routed.plan).await)
    }

    /// Whether a call could be sent anywhere, and sends it nowhere.
    ///
    /// # Errors
    ///
    /// When the call is wrong or can't be routed.
    pub fn check(&self, call: &Call) -> Result<(), CallError> {
        self.idle_plan(call, &self.installation()).map(drop)
    }

    /// Where a call of this key would go now, and why, and sends it nowhere. `session` is the
    /// conversation that the caller named outside the body, if they did.
    ///
    /// # Errors
    ///
    /// When the call is wrong or can't be routed, or the system has no random bytes.
    pub fn explain(
        &self,
        key: &KeyEntry,
        call: &Call,
        session: Option<&str>,
    ) -> Result<RoutingRecord, CallError> {
        let (installation, vitals, now) = (self.installation(), self.vitals(), self.now());
        let mut seed = [0; 8];
        self.entropy.fill(&mut seed).map_err(|_| CallError::NoEntropy)?;
        let seed = u64::from_le_bytes(seed);
        let session = call.params().session_id.as_deref().or(session);
        let conversation = conversation(key, call, &installation, session);
        let circumstances = Circumstances {
            must_be_priced: self.config().billing || key.record.limit.is_some(),
            standing: &|endpoint| vitals.standing(&endpoint.id, now),
            sticky: &|_| self.stickiness.endpoint(conversation.as_ref()?, now),
            sort: self.config.sort,
            seed,
            now,
        };
        let routed = resolve::plan(call, &installation, &circumstances)?;
        Ok(decision::record(&routed.plan, &routed.shape, call.member("provider"), seed))
    }

    /// Plans a call that costs nothing and says nothing of anybody's health.
    fn idle_plan(&self, call: &Call, installation: &Installation) -> Result<Routed, CallError> {
        let (vitals, now) = (self.vitals(), self.now());
        resolve::plan(
            call,
            installation,
            &Circumstances {
                must_be_priced: false,
                standing: &|endpoint| vitals.standing(&endpoint.id, now),
                sticky: &|_| None,
                sort: self.config.sort,
                seed: 0,
                now,
            },
        )
    }

    /// What this installation can call now.
    pub fn installation(&self) -> Arc<Installation> {
        self.installation.load_full()
    }

    /// Replaces what this installation can call; calls under way keep what they began with.
    pub fn install(&self, installation: Installation) {
        let vitals = Vitals::of(installation.routable(), &self.vitals());
        self.vitals.store(Arc::new(vitals));
        self.installation.store(Arc::new(installation));
    }

    /// Finds the key a caller sent.
    ///
    /// # Errors
    ///
    /// As [`KeyRing::authenticate`].
    pub async fn authenticate(&self, key: Option<&ApiKey>) -> Result<Arc<KeyEntry>, AuthError> {
        self.keys.authenticate(key, self.now()).await
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

    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_key(&self) -> Result<ApiKey, CallError> {
        let mut random = [0; 32];
        self.entropy.fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        Ok(ApiKey::new(random))
    }

    /// Makes an id for something that is kept: a random UUID (RFC 9562, version 4).
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_id(&self) -> Result<String, CallError> {
        let mut random = [0; 16];
        self.entropy.fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        Ok(tollgate_types::uuid(random))
    }

    /// Where generation records go.
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// What operators watch.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How the endpoints are doing.
    pub fn vitals(&self) -> Arc<Vitals> {
        self.vitals.load_full()
    }

    pub(crate) const fn stickiness(&self) -> &Stickiness {
        &self.stickiness
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

    fn admit<C: Asked>(
        self: &Arc<Self>,
        key: Arc<KeyEntry>,
        call: C,
        attribution: Attribution,
    ) -> Run<C> {
        let created = self.now();
        let mut random = [0; 28];
        let id_is_random = self.entropy.fill(&mut random).is_ok();
        let [seed @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = random;
        let [_, _, _, _, _, _, _, _, random @ ..] = random;
        self.metrics.admitted();
        self.retries.earn();
        Run {
            engine: Arc::clone(self),
            installation: self.installation(),
            id: GenerationId::new(created, random),
            created,
            started: Instant::now(),
            end_user: end_user(&key, &call),
            key,
            call,
            attribution,
            plan: Plan::default(),
            preset: None,
            router: None,
            shape: CallShape::default(),
            seed: u64::from_le_bytes(seed),
            hedges: false,
            conversation: None,
            vitals: self.vitals(),
            attempts: Vec::new(),
            faults: Vec::new(),
            retried: Vec::new(),
            answering: None,
            unread: Duration::ZERO,
            shares: Vec::new(),
            inlined: OnceCell::new(),
            first_word: None,
            settled: false,
            slot: None,
            id_is_random,
        }
    }

    /// The call with its place among those recorded, its preset and its plan.
    async fn prepared<C: Asked>(&self, mut run: Run<C>) -> Result<Run<C>, CallFailure> {
        run.slot = self.recorder.slot().await;
        let applied = match run.call.preset() {
            Ok(None) => Ok(()),
            Ok(Some(slug)) => self.apply_preset(&mut run, slug).await,
            Err(error) => Err(error.into()),
        };
        match applied.and_then(|()| self.prepare(&mut run)) {
            Ok(()) => Ok(run),
            Err(error) => Err(fail(run, error)),
        }
    }

    /// Checks the key's limit and plans the call.
    fn prepare<C: Asked>(&self, run: &mut Run<C>) -> Result<(), CallError> {
        if !run.id_is_random {
            return Err(CallError::NoEntropy);
        }
        if run.slot.is_none() {
            return Err(CallError::StoreBehind);
        }
        let limit = run.key.record.limit;
        if let (Some(limit), Some(Usd::ZERO)) = (limit, run.key.limit_remaining(run.created)) {
            return Err(CallError::KeyLimit { limit });
        }
        let must_be_priced = self.config().billing || limit.is_some();
        let session = run.attribution.session_id.as_deref();
        run.conversation = conversation(&run.key, &run.call, &run.installation, session);
        let (vitals, now) = (&run.vitals, run.created);
        let circumstances = Circumstances {
            must_be_priced,
            standing: &|endpoint| vitals.standing(&endpoint.id, now),
            sticky: &|_| self.stickiness.endpoint(run.conversation.as_ref()?, now),
            sort: self.config.sort,
            seed: run.seed,
            now,
        };
        let routed = resolve::plan(&run.call, &run.installation, &circumstances)?;
        Routed { plan: run.plan, router: run.router, shape: run.shape } = routed;
        run.hedges = self.config.hedge || resolve::preferences(&run.call)?.hedge;
        Ok(())
    }

    async fn stream(&self, run: Run) -> Result<Answer, CallFailure> {
        let (id, media_type) = (run.id.clone(), run.call.stream_type());
        let keep_alive = run.call.keep_alive();
        let mut opening = open_stream(run);
        let (provider, body) = match timeout(self.config().keep_alive, &mut opening).await {
            Ok((run, Ok(open))) => {
                (Some(open.endpoint.provider.name.clone()), ChatStream::relaying(run, open))
            }
            Ok((run, Err(error))) => return Err(fail(run, error)),
            Err(_) => (None, ChatStream::opening(opening, self.config().clone(), keep_alive)),
        };
        Ok(Answer::Stream { id, provider, media_type, body: Box::new(body) })
    }

    async fn whole(&self, mut run: Run) -> Result<Answer, CallFailure> {
        let OpenWhole { endpoint, answer } = match open_whole(&mut run).await {
            Ok(open) => open,
            Err(error) => return Err(fail(run, error)),
        };
        let told = decision::told(&run, Some(&endpoint));
        let usage = run.settle(Some(&endpoint), answer.progress(), Ending::Complete);
        let mut body = answer.render(&run.head(&endpoint), &usage);
        if let Some(told) = told {
            told.join_answer(run.call.dialect(), &mut body);
        }
        let provider = endpoint.provider.name.clone();
        Ok(Answer::Whole(WholeReply { id: run.id.clone(), provider, body }))
    }
}

fn fail<C: Asked>(mut run: Run<C>, error: CallError) -> CallFailure {
    let metadata = decision::told(&run, None);
    run.settle(None, &Progress::default(), Ending::Failed(&error));
    CallFailure { id: run.id.clone(), error, metadata }
}

/// What a conversation is recognised by, where that could save anything: its model has several
/// endpoints, and one of them reads from its cache for less.
fn conversation(
    key: &KeyEntry,
    call: &impl Asked,
    installation: &Installation,
    session: Option<&str>,
) -> Option<Conversation> {
    let model = resolve::primary(call, installation)?;
    let endpoints = installation.routable().endpoints(model.id.as_str());
    if endpoints.len() < 2 || !endpoints.iter().any(|endpoint| sticky::saves(endpoint)) {
        return None;
    }
    let session = session.or(call.member("prompt_cache_key"));
    let workspace = &key.record.workspace_id;
    Conversation::of(workspace, model.id.as_str(), session, || call.opening())
}

/// The caller's `user` together with whose key it is, hashed: providers can tell abusers apart
/// without learning who they are (contract §2.1).
fn end_user(key: &KeyEntry, call: &impl Asked) -> Option<String> {
    let user = call.params().user.as_deref()?;
    Some(ApiKey::from_text(&format!("{}:{user}", key.record.workspace_id)).hash().to_hex())
}
