//! Answers for which several models are asked, or one more than once.
//!
//! A cascade asks a cheap model first and a dearer one when its answer is not good enough; a
//! consensus asks several beside each other and tells the answer that most agree on; a fusion has
//! several say what they think before one answers. An answer that
//! is judged is read to its end before the client is given any of it, so an endpoint that dies in
//! the middle of one is replaced unnoticed. Everybody who answered is paid: the call's bill is the
//! sum, and the record says what each cost.

mod beside;
mod bodies;
mod cascade;
mod consensus;
mod fusion;
mod heard;
mod spoken;

use std::sync::Arc;

use tokio::sync::OnceCell;
use tollgate_catalog::Endpoint;
use tollgate_health::Outcome;
use tollgate_policy::Strategy;
use tollgate_providers::{Progress, WholeAnswer};
use tollgate_store::StageRecord;
use tollgate_types::Usd;
use tollgate_wire::Call;

use crate::CallError;
use crate::asked::Asked;
use crate::attempt::{At, OpenStream, first, stream_at, whole_at};
use crate::bill::Bill;
use crate::expand::Composed;
use crate::expected;
use crate::resolve::Routed;
use crate::run::{Ending, PutAside, Run};

use bodies::bodies;
use cascade::cascade;
use consensus::consensus;
use fusion::fusion;
use heard::{stream_heard_at, whole_heard_at};
use spoken::Spoken;

/// What an endpoint answered, and who.
type Answered<T> = (Arc<Endpoint>, T);

/// Something that can be judged by how far it got.
pub(crate) trait Answer {
    fn progress(&self) -> &Progress;
}

impl Answer for OpenStream {
    fn progress(&self) -> &Progress {
        self.answer.progress()
    }
}

impl Answer for Box<dyn WholeAnswer> {
    fn progress(&self) -> &Progress {
        self.as_ref().progress()
    }
}

/// The stage whose answer the client was told.
const ANSWERED: &str = "answered";

/// The stage that was to be told, and did not come to its end.
const BROKE_OFF: &str = "broke off";
/// A stage that the client did not wait for.
const LEFT: &str = "under way when the client left";

/// Opens a stream by the strategy that rules or a router chose.
///
/// Cancel safe: dropped, it cancels the requests in flight; the run settles itself.
pub(crate) async fn open_stream(run: &mut Run) -> Result<Answered<OpenStream>, CallError> {
    let heard: At<Call, _> = |run, at| Box::pin(stream_heard_at(run, at));
    let told: At<Call, _> = |run, at| Box::pin(stream_at(run, at));
    match run.steering.composed.clone() {
        Some(Composed::Fusion(it)) => return fusion(run, &it, heard, told).await,
        Some(Composed::Bodies(it)) => return bodies(run, &it, heard).await,
        None => {}
    }
    match run.steering.decision.strategy.clone() {
        Strategy::Single => first(run, told).await,
        Strategy::Cascade(it) => cascade(run, &it, heard, told).await,
        Strategy::Consensus(it) => consensus(run, &it, heard).await,
    }
}

/// Gets a whole answer by the strategy that rules or a router chose.
///
/// Cancel safe: as [`open_stream`].
pub(crate) async fn open_whole(run: &mut Run) -> Result<Answered<Box<dyn WholeAnswer>>, CallError> {
    let heard: At<Call, _> = |run, at| Box::pin(whole_heard_at(run, at));
    let told: At<Call, _> = |run, at| Box::pin(whole_at(run, at));
    match run.steering.composed.clone() {
        Some(Composed::Fusion(it)) => return fusion(run, &it, heard, told).await,
        Some(Composed::Bodies(it)) => return bodies(run, &it, heard).await,
        None => {}
    }
    match run.steering.decision.strategy.clone() {
        Strategy::Single => first(run, told).await,
        Strategy::Cascade(it) => cascade(run, &it, heard, told).await,
        Strategy::Consensus(it) => consensus(run, &it, heard).await,
    }
}

impl Run {
    /// Whether it takes more than trying endpoints in turn.
    pub(crate) fn is_composed(&self) -> bool {
        self.steering.composed.is_some() || self.steering.decision.strategy != Strategy::Single
    }

    /// Has models asked something else than the client asked, for a while.
    fn ask_aside(&mut self, call: Call) {
        let asked = std::mem::replace(&mut self.call, call);
        self.as_it_came.get_or_insert_with(|| Box::new(asked));
        self.inlined = OnceCell::new();
    }

    /// Has models asked what the client asked again.
    fn ask_as_it_came(&mut self) {
        if let Some(call) = self.as_it_came.take() {
            self.ask_instead(*call);
        }
    }

    /// Has models asked the client's call in other words, from now on.
    fn ask_instead(&mut self, call: Call) {
        self.call = call;
        self.inlined = OnceCell::new();
    }

    /// Plans the call for one of the models that are asked, and those behind it.
    fn turn_to(&mut self, models: &[String]) -> Result<(), CallError> {
        let routed = self.plan_for(models)?;
        Routed { plan: self.plan, shape: self.shape, .. } = routed;
        self.faults.clear();
        self.retried.clear();
        Ok(())
    }

    fn plan_for(&mut self, models: &[String]) -> Result<Routed, CallError> {
        self.steering.decision.models = Some(models.into());
        self.engine.plan(self)
    }

    /// Notes an answer that is not told, or not yet, and what it costs. Returns its stage.
    fn put_aside(
        &mut self,
        model: &str,
        endpoint: &Arc<Endpoint>,
        progress: &Progress,
        outcome: String,
    ) {
        self.answering = None;
        if let Some(health) = self.vitals.health(&endpoint.id) {
            health.observe(Outcome::Success, self.engine.now());
        }
        let usage = self.usage(Some(endpoint), progress, Ending::Complete);
        expected::learn(self, &endpoint.id, &usage);
        let billed = self.billed(endpoint, progress);
        let bill = self.bill(Some(&billed), (&usage, progress), false);
        let cost = bill.view.cost;
        self.lay_aside(endpoint, bill);
        self.note_stage(model, outcome, cost);
    }

    /// An answer that was put aside is told after all.
    fn take_back(&mut self, stage: usize) {
        self.answering = None;
        self.put_aside.retain(|it| it.stage != stage);
        self.name_stage(stage, ANSWERED);
    }

    fn note_stage(&mut self, model: &str, outcome: String, cost: Usd) {
        self.steering.stages.push(StageRecord { model: model.to_owned(), outcome, cost });
    }

    fn name_stage(&mut self, stage: usize, outcome: &str) {
        if let Some(stage) = self.steering.stages.get_mut(stage) {
            outcome.clone_into(&mut stage.outcome);
        }
    }
}

impl<C: Asked> Run<C> {
    /// Takes up where the call goes, and what is done there.
    pub(crate) fn take_up(&mut self, routed: Routed) {
        Routed {
            plan: self.plan,
            router: self.router,
            composed: self.steering.composed,
            shape: self.shape,
        } = routed;
    }

    /// Notes an answer that was hung up on, and what it had come to.
    fn leave(&mut self, model: &str, endpoint: &Arc<Endpoint>, progress: &Progress, outcome: &str) {
        let usage = self.usage(Some(endpoint), progress, Ending::Cancelled);
        let billed = self.billed(endpoint, progress);
        let bill = self.bill(Some(&billed), (&usage, progress), false);
        let (model, outcome, cost) = (model.to_owned(), outcome.to_owned(), bill.view.cost);
        self.lay_aside(endpoint, bill);
        self.steering.stages.push(StageRecord { model, outcome, cost });
    }

    /// Keeps what an answer costs whose stage is noted next.
    fn lay_aside(&mut self, endpoint: &Arc<Endpoint>, bill: Bill) {
        let (stage, endpoint) = (self.steering.stages.len(), Arc::clone(endpoint));
        self.put_aside.push(PutAside { stage, endpoint, bill });
    }

    /// The bill of the answer that is told, with those of all others that were asked for: when the
    /// client has left, with what these had come to. A call that failed costs nothing.
    pub(crate) fn with_put_aside(&mut self, told: Bill, failed: bool) -> Bill {
        let left_behind = std::mem::take(&mut *self.left_behind.lock());
        for (endpoint, progress) in left_behind {
            self.leave(endpoint.model.id.as_str(), &endpoint, &progress, LEFT);
        }
        let answered = self.steering.stages.iter_mut().find(|stage| stage.outcome == ANSWERED);
        if let Some(stage) = answered {
            stage.cost = told.view.cost;
            if failed {
                BROKE_OFF.clone_into(&mut stage.outcome);
            }
        }
        let mut whole = self.put_aside.iter().fold(told, |whole, other| whole.and(&other.bill));
        if failed {
            whole.view.cost = Usd::ZERO;
        }
        whole
    }
}

impl Bill {
    /// Both together: everything that was read and written, and what it all costs.
    fn and(mut self, other: &Self) -> Self {
        self.shares_with(other);
        let (one, two) = (&mut self.view, &other.view);
        for (mine, others) in [
            (&mut one.cost, two.cost),
            (&mut one.prompt_cost, two.prompt_cost),
            (&mut one.completion_cost, two.completion_cost),
            (&mut one.upstream_cost, two.upstream_cost),
        ] {
            *mine = mine.saturating_add(others);
        }
        one.unpriced |= two.unpriced;
        one.usage = one.usage.and(&two.usage);
        self.cache_discount = match (self.cache_discount, other.cache_discount) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        self
    }
}

/// Why no endpoint of a model answered, for the record.
fn failure(error: &CallError) -> String {
    format!("failed: {}", error.body().error.message)
}
