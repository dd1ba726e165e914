//! One call on its way through the pipeline, and how it is settled.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tollgate_catalog::Endpoint;
use tollgate_health::{Circuit, FailureKind, InFlight, Outcome};
use tollgate_providers::{Fault, Progress};
use tollgate_routing::{CallShape, Plan};
use tollgate_store::{AttemptRecord, Attribution};
use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};
use tollgate_wire::chat::{AnswerHead, FinishReason, UsageView};
use tollgate_wire::{CacheWish, Call};

use crate::afford::Held;
use crate::asked::Asked;
use crate::batches::BatchTerms;
use crate::bill::{Bill, completed};
use crate::cache::Caching;
use crate::choices::Choice;
use crate::content::LastWord;
use crate::continuity::{self, Share};
use crate::engine::Engine;
use crate::expected;
use crate::installation::adapter_of;
use crate::reach::known_of;
use crate::retry::may_pass;
use crate::steer::Steering;
use crate::sticky::Conversation;
use crate::timing::{Stopwatch, Timing};
use crate::vitals::{Vitals, outcome};
use crate::{CallError, Installation, KeyEntry, PlanRow, Slot, WorkspaceEntry};

/// A call that was admitted. Settled exactly once: by whoever ends it, else by its own drop.
#[derive(Debug)]
pub(crate) struct Run<C: Asked = Call> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) installation: Arc<Installation>,
    pub(crate) id: GenerationId,
    /// What holds for it as a request of a batch, if it is one.
    pub(crate) batch: Option<BatchTerms>,
    pub(crate) created: Timestamp,
    pub(crate) started: Instant,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) key: Arc<KeyEntry>,
    /// The key's workspace.
    pub(crate) workspace: Arc<WorkspaceEntry>,
    /// The plan that it is charged by; by the price list without one.
    pub(crate) agreed: Option<Arc<PlanRow>>,
    pub(crate) call: C,
    /// The call as it came, while models are asked something else beside it.
    pub(crate) as_it_came: Option<Box<C>>,
    /// The same with its images and documents inside, once an endpoint needed it so; `None` inside
    /// when it points to nothing.
    pub(crate) inlined: OnceCell<Result<Option<Box<C>>, Fault>>,
    pub(crate) attribution: Attribution,
    /// The caller's `user`, made anonymous.
    pub(crate) end_user: Option<String>,
    /// Which endpoints are tried, and why not the others.
    pub(crate) plan: Plan,
    /// What it needs of endpoints.
    pub(crate) shape: CallShape,
    /// The model as the caller wrote it, where a preset has changed it, and the preset's id.
    pub(crate) preset: Option<AppliedPreset>,
    /// The router that chose the models.
    pub(crate) router: Option<String>,
    /// What the plan's draw depended on.
    pub(crate) seed: u64,
    /// Whether a second endpoint may be started beside one that is late.
    pub(crate) hedges: bool,
    /// What the operator's rules made of it.
    pub(crate) steering: Steering,
    /// What it is recognised by when it goes on.
    pub(crate) conversation: Option<Conversation>,
    /// What the router that chose the models is to remember, if one did.
    pub(crate) choice: Option<Choice>,
    /// How the endpoints are doing.
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) attempts: Vec<AttemptRecord>,
    /// What failed in this round, by its place in the plan.
    pub(crate) faults: Vec<(usize, String, Fault)>,
    /// What failed in the round before.
    pub(crate) retried: Vec<(usize, String, Fault)>,
    /// When the attempt began that answers, and its place among those under way.
    pub(crate) answering: Option<(Instant, Option<InFlight>)>,
    /// What endpoints wrote of the answer before they broke off and others went on with it.
    pub(crate) shares: Vec<Share>,
    /// Answers that were not told, or not yet.
    pub(crate) put_aside: Vec<PutAside>,
    /// How far answers have come that are listened to and that nobody has judged yet: what is paid
    /// when the client leaves now.
    pub(crate) left_behind: Mutex<Vec<(Arc<Endpoint>, Progress)>>,
    /// What it holds of credit and limits.
    pub(crate) held: Held,
    /// Whether answers are read to their end before the client is told: then the first word says
    /// nothing of an endpoint's speed.
    pub(crate) listens: bool,
    /// How long what was written waited for the client to read it.
    pub(crate) unread: Duration,
    /// When the first word came.
    pub(crate) first_word: Option<Instant>,
    /// What it was settled with.
    pub(crate) settled: Option<UsageView>,
    /// Whether its id is one of its own; a call without is refused.
    pub(crate) id_is_random: bool,
    /// Who is told how it ended, where its words are kept.
    pub(crate) last_word: Option<Arc<LastWord>>,
    /// What the cache of answers has to do with it.
    pub(crate) caching: Caching,
    /// Its right to be recorded, until it is.
    pub(crate) slot: Option<Slot>,
}

/// An answer that was not told, or not yet.
#[derive(Debug)]
pub(crate) struct PutAside {
    pub(crate) stage: usize,
    /// Who gave it.
    pub(crate) endpoint: Arc<Endpoint>,
    /// What it costs.
    pub(crate) bill: Bill,
}

/// A preset that was laid under a call.
#[derive(Debug)]
pub(crate) struct AppliedPreset {
    /// The preset's id.
    pub(crate) id: String,
    /// What it says of the cache of answers, and what one before it said.
    pub(crate) cache: CacheWish,
    /// The model as the caller named it, which may be the preset alone.
    pub(crate) requested: String,
}

/// What ended a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// The answer is complete.
    Complete,
    /// The call failed.
    Failed(&'a CallError),
    /// The client has gone.
    Cancelled,
}

/// About how many bytes of text a token has, for counts nobody reported.
const BYTES_PER_TOKEN: u64 = 4;

impl<C: Asked> Run<C> {
    /// What the answer of `endpoint` is headed with.
    pub(crate) fn head(&self, endpoint: &Endpoint) -> AnswerHead {
        AnswerHead {
            id: self.id.clone(),
            created: self.created,
            model: endpoint.model.id.to_string(),
            provider: endpoint.provider.name.clone(),
            hides_reasoning: self.call.params().reasoning.exclude,
        }
    }

    /// Where the time went, now that the answer is there; counted once.
    pub(crate) fn timing(&self) -> Timing {
        let timing = self.stopwatch.read();
        self.engine.metrics().took(&timing);
        timing
    }

    /// The endpoint at a place of the plan.
    pub(crate) fn endpoint(&self, index: usize) -> Option<&Arc<Endpoint>> {
        self.plan.steps.get(index).map(|step| &step.endpoint)
    }

    /// The places of the plan that are tried in a round, in order: in the first all are, later what
    /// may answer by then.
    pub(crate) fn due(&self, round: u32) -> Vec<usize> {
        let may_pass = |index: usize| {
            self.retried.iter().any(|(at, _, fault)| *at == index && may_pass(fault))
        };
        (0..self.plan.steps.len()).filter(|index| round == 0 || may_pass(*index)).collect()
    }

    /// Whether an endpoint may be tried now: one that is to be tried again after an outage by one
    /// call at a time.
    pub(crate) fn may_try(&self, index: usize) -> bool {
        let Some(step) = self.plan.steps.get(index) else { return false };
        let is_half_open = step.standing.circuit == Circuit::HalfOpen;
        let health = self.vitals.health(&step.endpoint.id).filter(|_| is_half_open);
        health.is_none_or(|health| health.try_probe(self.engine.now()))
    }

    /// Notes that an endpoint is not tried after all, which others left alone meanwhile where this
    /// call was to find out whether it is back.
    pub(crate) fn leaves_untried(&self, index: usize, was_its_turn: bool) {
        let Some(step) = self.plan.steps.get(index).filter(|_| was_its_turn) else { return };
        let is_half_open = step.standing.circuit == Circuit::HalfOpen;
        if let Some(health) = self.vitals.health(&step.endpoint.id).filter(|_| is_half_open) {
            health.probed(None, self.engine.now());
        }
    }

    /// Notes what a fault says of its endpoint.
    pub(crate) fn failed_at(&self, endpoint: &Endpoint, fault: &Fault) {
        if let Some(health) = self.vitals.health(&endpoint.id) {
            health.observe(outcome(fault), self.engine.now());
        }
    }

    /// Notes that an endpoint has answered, and where the conversation is now.
    fn answered(
        &mut self,
        endpoint: &Arc<Endpoint>,
        ending: Ending<'_>,
        (usage, progress): (&Usage, &Progress),
    ) {
        let now = self.engine.now();
        let Some((started, _)) = self.answering.take() else { return };
        let Some(health) = self.vitals.health(&endpoint.id) else { return };
        match ending {
            // An answer that says itself that it failed (contract §5.3).
            Ending::Complete if says_error(progress) => {
                health.observe(Outcome::Failure(FailureKind::Broken), now);
            }
            Ending::Complete => {
                health.observe(Outcome::Success, now);
                expected::learn(self, &endpoint.id, usage);
                let wrote = started.elapsed().saturating_sub(self.unread);
                health.generated(usage.completion_tokens, wrote, now);
                if let Some(are_permitted) = self.judged(progress) {
                    health.tool_calls(are_permitted, now);
                }
                if let Some(conversation) = self.conversation.take() {
                    self.engine.stickiness().answered(conversation, endpoint, usage, now);
                }
            }
            Ending::Cancelled => health.observe(Outcome::Callers, now),
            // What broke off was noted with its fault.
            Ending::Failed(_) => {}
        }
    }

    /// Whether the calls of an answer that finished with some are as its request's tools permit.
    fn judged(&self, progress: &Progress) -> Option<bool> {
        let (reason, _) = progress.finish.as_ref()?;
        let tools = self.call.member("tools").filter(|_| *reason == FinishReason::ToolCalls)?;
        self.engine.judge().permits(tools, progress.called.calls())
    }

    /// The call as an endpoint can take it: with everything inside, if its provider fetches
    /// nothing.
    pub(crate) async fn call_for(&self, endpoint: &Endpoint) -> Result<&C, Fault> {
        if !self.must_fetch_for(endpoint) {
            return Ok(&self.call);
        }
        // Seldom waited for, and large: kept out of the future of every call.
        let fetched = || Box::pin(self.call.inlined(self.engine.media()));
        let inlined = self.inlined.get_or_init(fetched).await;
        match inlined {
            Ok(inlined) => Ok(inlined.as_deref().unwrap_or(&self.call)),
            Err(fault) => Err(fault.clone()),
        }
    }

    fn must_fetch_for(&self, endpoint: &Endpoint) -> bool {
        let survey = self.call.survey();
        let Some(adapter) = adapter_of(endpoint) else { return false };
        let fetches = adapter.fetches().with(&endpoint.provider.quirks);
        (survey.remote_images && !fetches.images) || (survey.files && !fetches.files)
    }

    /// What of the call an endpoint can't be told.
    pub(crate) fn dropped_at(&self, endpoint: &Endpoint) -> Vec<String> {
        let target = known_of(endpoint);
        let inlined = self.inlined.get().filter(|_| self.must_fetch_for(endpoint));
        let sent = inlined.and_then(|it| it.as_ref().ok()?.as_deref()).unwrap_or(&self.call);
        adapter_of(endpoint).map_or_else(Vec::new, |adapter| sent.dropped(adapter, &target))
    }

    /// The same when no endpoint answered.
    pub(crate) fn bare_head(&self) -> AnswerHead {
        AnswerHead {
            id: self.id.clone(),
            created: self.created,
            model: self.requested_model(),
            provider: String::new(),
            hides_reasoning: false,
        }
    }

    /// Prices the call, counts the key's spend and hands the record over. When this returns, that
    /// outlives the process. Later calls change nothing and return what the first would.
    pub(crate) fn settle(
        &mut self,
        endpoint: Option<&Arc<Endpoint>>,
        progress: &Progress,
        ending: Ending<'_>,
    ) -> UsageView {
        let view = self.settle_unwritten(endpoint, progress, ending);
        self.engine.recorder().write();
        view
    }

    /// The same for who has the record [written](crate::Recorder::write) before the caller is told.
    pub(crate) fn settle_unwritten(
        &mut self,
        endpoint: Option<&Arc<Endpoint>>,
        progress: &Progress,
        ending: Ending<'_>,
    ) -> UsageView {
        if let Some(view) = self.settled {
            return view;
        }
        if let Some(call) = self.as_it_came.take() {
            self.call = *call;
        }
        let usage = self.usage(endpoint, progress, ending);
        let failed = matches!(ending, Ending::Failed(_)) || says_error(progress);
        let billed = endpoint.map(|it| self.billed(it, progress));
        let bill = self.bill(billed.as_ref(), (&usage, progress), failed);
        let last = bill.view;
        let bill = continuity::joined(&self.shares, bill, failed);
        let mut bill = self.with_put_aside(bill, failed);
        self.charge_byok_fee(&mut bill, failed);
        if let Some(agreed) = &self.agreed {
            let (plans, account) = (&self.engine.plans, self.workspace.account());
            bill.view.cost = plans.charge(&agreed.plan, account, bill.view.cost, self.created);
        }
        self.settled = Some(bill.view);
        if matches!(ending, Ending::Failed(CallError::Limited(_))) {
            self.give_back_unasked();
        }
        self.settle_models(endpoint.map(|it| (it, &last)), &bill.view, failed);
        // Whoever began the answer, when nobody went on with it.
        let last = self.shares.last().map(|share| Arc::clone(&share.endpoint));
        let endpoint = endpoint.or(last.as_ref());
        let byok = if bill.view.is_byok { bill.view.upstream_cost } else { Usd::ZERO };
        // A call that failed used nothing: it is a request all the same.
        let used = if failed { Usage::default() } else { bill.view.usage };
        let times = (self.created, self.engine.now());
        let unwritten = self.held.settle(&self.key, (bill.view.cost, byok), &used, times);
        if let Some(endpoint) = endpoint {
            self.answered(endpoint, ending, (&usage, progress));
        }
        if let (Some(endpoint), Some(choice), Ending::Complete) =
            (endpoint, self.choice.take(), ending)
        {
            let (model, now) = (&endpoint.model.id, self.engine.now());
            self.engine.choices().answered(choice, model, bill.view.cost, now);
        }
        self.count(endpoint, ending, &bill.view);
        self.tell_transcript(ending);
        self.tell_cache(endpoint, (&usage, progress), (ending, failed));
        let record = self.record(endpoint, progress, ending, &bill);
        if let (Some(record), Some(slot)) = (record, self.slot.take()) {
            self.engine.recorder().record_with(slot, record, unwritten);
        }
        bill.view
    }

    fn count(&self, endpoint: Option<&Arc<Endpoint>>, ending: Ending<'_>, view: &UsageView) {
        let outcome = match ending {
            Ending::Complete => "complete",
            Ending::Failed(_) => "failed",
            Ending::Cancelled => "cancelled",
        };
        let metrics = self.engine.metrics();
        let provider = endpoint.map(|it| it.provider.slug.as_str());
        metrics.settled(provider, outcome, &view.usage, view.cost);
        if let Some(at) = self.first_word {
            metrics.spoke_after(at.saturating_duration_since(self.started).as_secs_f64());
        }
    }

    /// The most tokens that may have been written by what the call asked for.
    fn most_asked(&self) -> u64 {
        let most = self.call.params().max_tokens;
        most.map_or(u64::MAX, |most| most.saturating_mul(self.answers_asked()))
    }

    /// What `endpoint` reported, else our own count of what went through. A report that can't be
    /// true is none. What is missing of one is counted here: the end of a stream that was cut, and
    /// what was read or written for nothing, as it says.
    pub(crate) fn usage(
        &self,
        endpoint: Option<&Arc<Endpoint>>,
        progress: &Progress,
        ending: Ending<'_>,
    ) -> Usage {
        // Nobody has read anything.
        if self.caching.found().is_some() {
            return Usage::default();
        }
        let survey = self.call.survey();
        let least = self.call.least();
        // Nobody pays for more than was asked for on the strength of a guess.
        let written = progress.output_bytes.div_ceil(BYTES_PER_TOKEN).min(self.most_asked());
        let ended = progress.finish.is_some() || matches!(ending, Ending::Complete);
        let usage = match progress.usage.filter(|said| self.believes(endpoint, said)) {
            Some(said) => {
                let is_final = said.source == UsageSource::Reported && ended;
                let whole = completed(said, &least, if is_final { 0 } else { written });
                // What was written is never written for nothing.
                let completion_tokens = match whole.completion_tokens {
                    0 => written.max(said.reasoning_tokens),
                    tokens => tokens,
                };
                let whole = Usage { completion_tokens, ..whole };
                let source =
                    if is_final && whole == said { said.source } else { UsageSource::Estimated };
                Usage { source, ..whole }
            }
            // Nothing came: nothing is known to have been consumed.
            None if !progress.content || matches!(ending, Ending::Failed(_)) => Usage::default(),
            None => Usage {
                source: UsageSource::Estimated,
                prompt_tokens: survey.tokens_estimated(),
                completion_tokens: written,
                ..least
            },
        };
        let prompt_images =
            if usage.prompt_images > 0 { usage.prompt_images } else { survey.images };
        Usage { prompt_images, ..usage }
    }

    /// Writes down that the endpoint that was answering died. The fault comes back without the
    /// credential.
    pub(crate) fn broke_off(&mut self, endpoint: &Endpoint, fault: Fault) -> Fault {
        let fault = self.installation.without_secret(endpoint, fault);
        // Those who were asked to go on have their own.
        let begun = self.attempts.iter_mut().rfind(|attempt| attempt.status == Some(200));
        if let Some(attempt) = begun.filter(|attempt| attempt.fault.is_none()) {
            if let Some(health) = self.vitals.health(&endpoint.id) {
                health.observe(outcome(&fault), self.engine.now());
            }
            tracing::info!(
                call.id = self.id.as_str(),
                endpoint.id = endpoint.id.as_str(),
                fault = fault.kind.as_str(),
                "answer broke off"
            );
            attempt.fault = Some(fault.kind.as_str().to_owned());
        }
        fault
    }

    /// The models that the caller named, in order.
    pub(crate) fn requested_models(&self) -> impl Iterator<Item = &String> {
        let params = self.call.params();
        params.model.iter().chain(&params.models)
    }

    /// The first of them, as the caller wrote it.
    pub(crate) fn requested_model(&self) -> String {
        let named = || self.requested_models().next().cloned().unwrap_or_default();
        self.preset.as_ref().map_or_else(named, |preset| preset.requested.clone())
    }
}

impl<C: Asked> Drop for Run<C> {
    /// A run that nobody settled was dropped with its future: the client hung up before the first
    /// word.
    fn drop(&mut self) {
        if self.settled.is_none() {
            self.settle(None, &Progress::default(), Ending::Cancelled);
        }
    }
}

/// Whether an answer says itself that it failed.
const fn says_error(progress: &Progress) -> bool {
    matches!(progress.finish, Some((FinishReason::Error, _)))
}
