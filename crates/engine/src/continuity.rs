//! Answers that go on at the next endpoint when a provider dies in the middle of one.
//!
//! The client has read the beginning, so nothing can be taken back. What can be done: ask the next
//! endpoint of the plan for the rest, with the beginning as the last message, and write on where
//! the client's reading stands. From the fault to that request nothing waits.
//!
//! # When it is not done
//!
//! - Something else than text and thoughts was told: half a call can't be said again, and a
//!   citation or a search belongs to who made it.
//! - The answer must have a form (a schema, JSON) or a call is demanded: who is held to a grammar
//!   begins it anew, in the middle of the text.
//! - Token probabilities were asked for, or other output than text.
//! - The caller began the answer, and the provider that died does not go on with such.
//! - No endpoint is left that goes on with text ([`Adapter::continues`]). Before the first text any
//!   will do.
//! - Thoughts are open that a client must send back signed (Messages, Responses).
//!
//! [`Adapter::continues`]: tollgate_providers::Adapter::continues

use std::pin::Pin;
use std::sync::Arc;

use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};
use tollgate_catalog::Endpoint;
use tollgate_ledger::discounted;
use tollgate_providers::{
    AnswerStream, Continuation, Fault, FaultKind, Inbound, Outbound, Progress, Said, continued_call,
};
use tollgate_types::{Usage, UsageSource, Usd};
use tollgate_upstream::UpstreamBody;
use tollgate_wire::chat::{ChatParams, ResponseFormat, UsageView};
use tollgate_wire::{Call, Dialect};

use crate::attempt::{Attempt, OpenStream, is_json, not_a_stream};
use crate::bill::Bill;
use crate::installation::adapter_of;
use crate::reach::{Reach, known_of};
use crate::run::{Ending, Run};

/// What one endpoint wrote of an answer that others went on with.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) endpoint: Arc<Endpoint>,
    /// The provider's own id of what it began.
    pub(crate) upstream_id: Option<String>,
    bill: Bill,
}

/// The rest of an answer, whose first word has come.
#[derive(Debug)]
pub(crate) struct Next {
    endpoint: Arc<Endpoint>,
    rest: Continuation,
    body: Option<UpstreamBody>,
}

impl Share {
    /// What it came to.
    pub(crate) const fn view(&self) -> &UsageView {
        &self.bill.view
    }
}

impl Next {
    /// Takes over from the stream that broke off.
    pub(crate) fn take_over(self, run: &Run, broken: OpenStream) -> OpenStream {
        let Self { endpoint, rest, body } = self;
        let OpenStream { endpoint: begun_by, answer, mut out, .. } = broken;
        let writer = answer.hand_over(&run.call, &run.head(&begun_by));
        let answer = rest.written_by(writer, &mut out);
        OpenStream { endpoint, answer, body, out }
    }
}

/// A future that finds somebody to go on, and brings the run back.
pub(crate) type GoingOn = Pin<Box<dyn Future<Output = (Box<Run>, Option<Next>)> + Send>>;

/// Has an answer remembered that could be continued.
pub(crate) fn listen(run: &Run, endpoint: &Arc<Endpoint>, answer: &mut dyn AnswerStream) {
    let mut successors = successors(run, endpoint).peekable();
    if successors.peek().is_some() && is_free(run.call.params()) {
        // Whoever does not go on with what the caller began says an answer of its own.
        let is_whole = !run.call.survey().prefill || goes_on(endpoint);
        let keeps_text = is_whole && successors.any(|next| goes_on(next));
        answer.remember(keeps_text);
    }
}

/// Whether an answer that broke off can go on.
pub(crate) fn can_go_on(run: &Run, endpoint: &Arc<Endpoint>, progress: &Progress) -> bool {
    let said = &progress.said;
    let Some(text) = said.text().filter(|_| progress.finish.is_none()) else { return false };
    // Rarely reached, so it may cost a translation: all that a call says is known in chat.
    let Ok(chat) = run.call.chat() else { return false };
    let demands = |raw: &str| raw.starts_with('{') || raw == r#""required""#;
    let is_demanded = chat.member("tool_choice").is_some_and(demands);
    let searches = chat.member("web_search_options").is_some();
    let is_open = said.ends_in_thoughts() && must_be_signed(&run.call);
    let may = is_free(chat.params()) && !is_demanded && !searches && !is_open;
    may && successors(run, endpoint).any(|next| suits(next, text))
}

/// Asks the endpoints behind `endpoint` for the rest, one after the other. What was written until
/// now is settled with the rest.
///
/// Cancel safe: dropped, it cancels the request in flight; the run settles itself.
pub(crate) fn go_on(mut run: Box<Run>, endpoint: &Arc<Endpoint>, progress: &Progress) -> GoingOn {
    let said = progress.said.clone();
    let steps: Vec<_> = successors(&run, endpoint)
        .filter(|next| suits(next, said.text().unwrap_or_default()))
        .cloned()
        .collect();
    let share = share(&run, endpoint, progress);
    run.shares.push(share);
    Box::pin(async move {
        for endpoint in steps {
            if !run.may_ask(&endpoint) {
                continue;
            }
            let attempt = Attempt::begin(&run, &endpoint);
            let first_word = run.first_word;
            let result = rest_at(&run, &endpoint, &said).await;
            let result = attempt.end(&mut run, &endpoint, result);
            // The client's first word came long ago.
            run.first_word = first_word;
            if let Some(attempt) = run.attempts.last_mut() {
                attempt.continued = true;
            }
            if let Ok(next) = result {
                run.model_answered(&endpoint);
                return (run, Some(next));
            }
        }
        // Nobody went on: the answer ends where it broke off.
        run.shares.pop();
        (run, None)
    })
}

/// The endpoints of the plan that have not been tried.
fn successors<'r>(
    run: &'r Run,
    endpoint: &Arc<Endpoint>,
) -> impl Iterator<Item = &'r Arc<Endpoint>> {
    let steps = run.plan.steps.iter().map(|step| &step.endpoint);
    let at = steps.clone().position(|step| Arc::ptr_eq(step, endpoint));
    steps.skip(at.map_or(usize::MAX, |at| at.saturating_add(1)))
}

fn goes_on(endpoint: &Endpoint) -> bool {
    adapter_of(endpoint).is_some_and(|adapter| adapter.continues(&known_of(endpoint)))
}

/// Whether an endpoint can give what follows `text`.
fn suits(endpoint: &Endpoint, text: &str) -> bool {
    text.trim_end().is_empty() || goes_on(endpoint)
}

/// Whether the answer may have any form.
fn is_free(params: &ChatParams) -> bool {
    let is_text = params.modalities.iter().all(|modality| modality == "text");
    let has_form = !matches!(params.response_format, None | Some(ResponseFormat::Text));
    let weighs = params.logprobs == Some(true) || params.top_logprobs.is_some_and(|it| it > 0);
    params.stream && is_text && !has_form && !weighs
}

/// Whether the client must send thoughts back with their maker's signature.
fn must_be_signed(call: &Call) -> bool {
    matches!(call.dialect(), Dialect::Messages | Dialect::Responses)
}

/// Asks one endpoint for the rest of an answer, and waits for its first word.
async fn rest_at(run: &Run, endpoint: &Arc<Endpoint>, said: &Said) -> Result<Next, Fault> {
    let may_think = endpoint.supports("reasoning");
    let patience = run.engine.config().patience(may_think, run.shape.prompt_tokens);
    let deadline = Instant::now() + patience;
    let reach = Reach::to(&run.engine, &run.installation, endpoint, patience).await?;
    let call = timeout(patience, run.call_for(endpoint)).await;
    let call = call.map_err(|_| Fault::new(FaultKind::Timeout))??;
    let wrong = |error: tollgate_wire::error::BadRequest| {
        Fault::with_message(FaultKind::BadRequest, error.message())
    };
    let target = reach.target();
    let written = run.shares.iter().map(|it| it.bill.view.usage.completion_tokens).sum();
    let text = said.text().unwrap_or_default();
    let continued =
        continued_call(call.chat().map_err(wrong)?, text, written, &target).map_err(wrong)?;
    let end_user = run.end_user.as_deref();
    let inbound = Inbound { call, target, end_user, now: reach.now };
    let outbound = Outbound { call: &continued, ..inbound.outbound().map_err(wrong)? };
    let response = reach.send(reach.adapter.encode(&outbound)).await?;
    let (parts, body) = response.into_parts();
    let decoder = if is_json(&parts.headers) {
        match reach.adapter.array_decoder() {
            Some(decoder) => decoder,
            None => return Err(not_a_stream(body).await),
        }
    } else {
        reach.adapter.decoder()
    };
    let endpoint = Arc::clone(endpoint);
    let mut next = Next { endpoint, rest: Continuation::new(decoder, said), body: Some(body) };
    match timeout_at(deadline, first_word(&mut next)).await {
        Ok(result) => result.map(|()| next),
        Err(_) => Err(Fault::new(FaultKind::Timeout)),
    }
}

/// Reads until there is something to go on with, or thoughts about it. Saying nothing more is saying
/// something: then the answer was whole.
async fn first_word(next: &mut Next) -> Result<(), Fault> {
    let speaks = |progress: &Progress| progress.content || progress.output_bytes > 0;
    while !speaks(next.rest.progress()) {
        let Some(body) = next.body.as_mut() else { break };
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    next.rest.push(&data)?;
                }
            }
            Some(Err(_)) => return Err(Fault::truncated()),
            None => {
                next.body = None;
                next.rest.finish()?;
            }
        }
    }
    next.rest.progress().failure().map_or(Ok(()), Err)
}

/// What an endpoint is owed for what it wrote until it broke off.
fn share(run: &Run, endpoint: &Arc<Endpoint>, progress: &Progress) -> Share {
    // As for a client that left: what was produced is counted, reported or not.
    let usage = run.usage(Some(endpoint), progress, Ending::Cancelled);
    let billed = run.billed(endpoint, progress);
    let bill = run.bill(Some(&billed), (&usage, progress), false);
    // Of an answer that was continued before, this is a further share.
    let bill = if run.shares.is_empty() { bill } else { bill.of_rest() };
    let upstream_id = progress.upstream_id.clone();
    Share { endpoint: Arc::clone(endpoint), upstream_id, bill }
}

impl Bill {
    /// The bill of an endpoint that went on with what others had begun: the caller pays for what it
    /// wrote. What it read was asked by us, a second time.
    fn of_rest(mut self) -> Self {
        let is_byok = self.view.is_byok;
        self.view.cost =
            if is_byok { Usd::ZERO } else { discounted(self.view.completion_cost, self.discount) };
        self.cache_discount = None;
        self
    }
}

/// The bill of a whole answer of which others wrote `shares` and the last endpoint the rest.
pub(crate) fn joined(shares: &[Share], last: Bill, failed: bool) -> Bill {
    let Some((first, others)) = shares.split_first() else { return last };
    let last = last.of_rest();
    let rests = others.iter().map(|share| &share.bill).chain([&last]);
    let mut whole = first.bill.clone();
    for rest in rests {
        whole.view = sum(&whole.view, &rest.view);
        whole.shares_with(rest);
    }
    if failed {
        whole.view.cost = Usd::ZERO;
    }
    whole
}

/// What was read is what the first endpoint read; what was written is what all wrote.
fn sum(begun: &UsageView, rest: &UsageView) -> UsageView {
    let source = match (begun.usage.source, rest.usage.source) {
        _ if rest.usage.completion_tokens == 0 => begun.usage.source,
        (UsageSource::Reported, UsageSource::Reported) => UsageSource::Reported,
        _ => UsageSource::Estimated,
    };
    let add = u64::saturating_add;
    let usage = Usage {
        source,
        completion_tokens: add(begun.usage.completion_tokens, rest.usage.completion_tokens),
        reasoning_tokens: add(begun.usage.reasoning_tokens, rest.usage.reasoning_tokens),
        web_searches: add(begun.usage.web_searches, rest.usage.web_searches),
        ..begun.usage
    };
    let both = |one: Usd, other: Usd| one.checked_add(other).unwrap_or(one);
    UsageView {
        usage,
        cost: both(begun.cost, rest.cost),
        prompt_cost: both(begun.prompt_cost, rest.prompt_cost),
        completion_cost: both(begun.completion_cost, rest.completion_cost),
        upstream_cost: both(begun.upstream_cost, rest.upstream_cost),
        unpriced: begun.unpriced || rest.unpriced,
        is_byok: begun.is_byok,
    }
}
