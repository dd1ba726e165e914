//! Trying one endpoint after another until one speaks.
//!
//! An attempt ends at the first word: after it the answer is the client's and can't be replaced.
//! What the endpoint sent before its first word (a role, a comment, an id) is kept back, so an
//! endpoint that opens a stream and then fails is still replaced unnoticed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};
use tollgate_catalog::Endpoint;
use tollgate_health::{FailureKind, Health, InFlight, Outcome};
use tollgate_providers::{Adapter, AnswerStream, Fault, FaultKind, Inbound, WholeAnswer};
use tollgate_store::AttemptRecord;
use tollgate_types::Timestamp;
use tollgate_upstream::UpstreamBody;

use crate::asked::Asked;
use crate::continuity;
use crate::reach::{Reach, error_body, whole_body};
use crate::retry::{may_pass, waits};
use crate::run::Run;
use crate::timing::Stopwatch;
use crate::{CallError, hedge, limiting, strategy};

/// A stream that has said its first word.
#[derive(Debug)]
pub(crate) struct OpenStream {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) answer: Box<dyn AnswerStream>,
    /// `None` once the provider's body has ended.
    pub(crate) body: Option<UpstreamBody>,
    /// What the client has not been given yet.
    pub(crate) out: Vec<u8>,
}

/// An answer that came whole.
#[derive(Debug)]
pub(crate) struct OpenWhole {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) answer: Box<dyn WholeAnswer>,
}

/// A future that opens a stream and brings the run back.
pub(crate) type Opening =
    Pin<Box<dyn Future<Output = (Box<Run>, Result<OpenStream, CallError>)> + Send>>;

/// One attempt at one endpoint, boxed: several may be under way.
pub(crate) type At<C, T> =
    for<'a> fn(
        &'a Run<C>,
        &'a Arc<Endpoint>,
    ) -> Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// Opens a stream at the first endpoint that speaks.
///
/// Cancel safe: dropped, it cancels the request in flight; the run settles itself.
pub(crate) fn open_stream(mut run: Box<Run>) -> Opening {
    Box::pin(async move {
        let result = if run.is_composed() {
            // Seldom, and larger: kept out of the future of every call.
            Box::pin(strategy::open_stream(&mut run)).await
        } else {
            first(&mut run, |run, endpoint| Box::pin(stream_at(run, endpoint))).await
        };
        (run, result.map(|(_, open)| open))
    })
}

/// Gets a whole answer from the first endpoint that gives one.
///
/// Cancel safe: as [`open_stream`].
pub(crate) async fn open_whole(run: &mut Run) -> Result<OpenWhole, CallError> {
    let (endpoint, answer) = if run.is_composed() {
        Box::pin(strategy::open_whole(run)).await?
    } else {
        first(run, |run, endpoint| Box::pin(whole_at(run, endpoint))).await?
    };
    Ok(OpenWhole { endpoint, answer })
}

/// Tries the endpoints of the plan in order until one succeeds, and once more those that may answer
/// by then.
pub(crate) async fn first<C: Asked, T>(
    run: &mut Run<C>,
    at: At<C, T>,
) -> Result<(Arc<Endpoint>, T), CallError> {
    for round in 0.. {
        if round > 0 && !rest(run, round).await {
            break;
        }
        if run.hedges {
            // Seldom, and larger: kept out of the future of every call.
            let raced = Box::pin(hedge::race(run, round, at)).await;
            if let Some(answer) = raced.conclude(run) {
                run.model_answered(&answer.0);
                return Ok(answer);
            }
            continue;
        }
        let mut due = VecDeque::from(run.due(round));
        let mut left_alone = due.len();
        while let Some(index) = due.pop_front() {
            // Somebody else is finding out whether it is back: tried when all else has failed.
            if left_alone > 0 && !run.may_try(index) {
                left_alone -= 1;
                due.push_back(index);
                continue;
            }
            let Some(endpoint) = run.endpoint(index).cloned() else { continue };
            if !run.may_ask(&endpoint) {
                run.leaves_untried(index, left_alone > 0);
                continue;
            }
            let mut attempt = Attempt::begin(run, &endpoint);
            let result = attempt.wait(at(run, &endpoint)).await;
            match attempt.end(run, &endpoint, result) {
                Ok(answer) => {
                    run.model_answered(&endpoint);
                    return Ok((endpoint, answer));
                }
                Err(fault) => {
                    run.faults.push((index, endpoint.provider.name.clone(), fault));
                    run.goes_on_from(&endpoint, &due);
                }
            }
        }
    }
    Err(exhausted(run))
}

/// Waits before another round; `false` when there is to be none.
async fn rest<C: Asked>(run: &mut Run<C>, round: u32) -> bool {
    let policy = run.engine.config().retry;
    let waits = waits(run.faults.iter().map(|(_, _, fault)| fault));
    let random = f64::from(u32::try_from(run.seed >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    let Some(pause) = policy.pause_before(round, waits, random) else { return false };
    if !run.engine.retries().take() {
        return false;
    }
    sleep(pause).await;
    // What can't pass is told with what comes of the others.
    let faults = std::mem::take(&mut run.faults);
    let is_rested = |fault: &Fault| fault.retry_after.is_none_or(|wait| wait <= pause);
    (run.retried, run.faults) =
        faults.into_iter().partition(|(_, _, fault)| may_pass(fault) && is_rested(fault));
    true
}

/// Every endpoint has failed, or was passed over.
pub(crate) fn exhausted<C: Asked>(run: &mut Run<C>) -> CallError {
    if let Some(limited) = limiting::last_word(run) {
        run.leave_out_passed();
        return limited;
    }
    let own_key = |index: usize| run.endpoint(index)?.own_key.clone();
    let faults = run.faults.iter().enumerate();
    let own_keys = faults.filter_map(|(at, (index, _, _))| Some((at, own_key(*index)?))).collect();
    let faults = std::mem::take(&mut run.faults);
    run.leave_out_passed();
    CallError::PlanExhausted {
        own_keys,
        models: run.requested_models().cloned().collect(),
        faults: faults.into_iter().map(|(_, provider, fault)| (provider, fault)).collect(),
    }
}

/// One attempt under way.
#[derive(Debug)]
pub(crate) struct Attempt {
    started: Instant,
    started_at: Timestamp,
    in_flight: Option<InFlight>,
    /// How long it may be silent before that says something of its endpoint; `None` where no first
    /// word is waited for.
    patience: Option<Duration>,
    /// What the endpoint was seen to take at the worst.
    worst: Duration,
    /// Until it has been silent for so long; `None` once that was told.
    silence: Option<Pin<Box<Sleep>>>,
    /// Its silence was counted against the endpoint already.
    is_told: bool,
    is_over: bool,
}

/// A stream that has not begun after so long is late, whether or not it is waited for.
const LATE: Duration = Duration::from_secs(5);
/// The same of a model that may think before it speaks.
const LATE_THINKING: Duration = Duration::from_mins(1);
/// The same where another endpoint, started later, was faster.
const LATE_OVERTAKEN: Duration = Duration::from_millis(1_500);
/// An endpoint that has been measured may take so many times what it takes at the worst.
const WORST: u32 = 3;

/// What the record calls an attempt that was given up because another endpoint was faster.
const OVERTAKEN: &str = "overtaken";

impl Attempt {
    pub(crate) fn begin<C: Asked>(run: &Run<C>, endpoint: &Endpoint) -> Self {
        let in_flight = run.vitals.health(&endpoint.id).map(Health::begin);
        let started_at = run.engine.now();
        let late = if endpoint.supports("reasoning") { LATE_THINKING } else { LATE };
        let worst = worst(run, endpoint, started_at);
        let patience = late.max(worst.saturating_mul(WORST));
        let patience = (run.call.params().stream && !run.listens).then_some(patience);
        let silence = patience.map(|it| Box::pin(sleep(it)));
        Self {
            started: Instant::now(),
            started_at,
            in_flight,
            patience,
            worst,
            silence,
            is_told: false,
            is_over: false,
        }
    }

    /// Waits for what comes of it.
    async fn wait<T>(
        &mut self,
        mut trying: Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + '_>>,
    ) -> Result<T, Fault> {
        poll_fn(|context| self.poll(trying.as_mut(), context)).await
    }

    /// Goes on with it. When it has been silent for too long its endpoint has failed, for whoever
    /// plans from now on, although it is still waited for: callers who leave, or wait to the end,
    /// would tell so only later, and others would run into the same silence until then.
    pub(crate) fn poll<T>(
        &mut self,
        trying: Pin<&mut (impl Future<Output = Result<T, Fault>> + ?Sized)>,
        context: &mut Context<'_>,
    ) -> Poll<Result<T, Fault>> {
        if let Poll::Ready(result) = trying.poll(context) {
            return Poll::Ready(result);
        }
        if let Some(silence) = &mut self.silence
            && silence.as_mut().poll(context).is_ready()
        {
            self.silence = None;
            self.tell(Outcome::Failure(FailureKind::Timeout));
            self.is_told = true;
        }
        Poll::Pending
    }

    /// Tells health what came of it, if anybody is to know.
    fn tell(&self, outcome: Outcome) {
        if let Some(in_flight) = &self.in_flight {
            let millis = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
            in_flight.health().observe(outcome, self.started_at.plus_millis(millis));
        }
    }

    /// Writes down what came of it. The fault comes back without the credential.
    pub(crate) fn end<C: Asked, T>(
        mut self,
        run: &mut Run<C>,
        endpoint: &Endpoint,
        result: Result<T, Fault>,
    ) -> Result<T, Fault> {
        let result = result.map_err(|fault| run.installation.without_secret(endpoint, fault));
        let fault = result.as_ref().err();
        let word = fault.map(|fault| fault.kind.as_str());
        run.engine.metrics().attempted(endpoint.provider.slug.as_str(), word);
        if let Some(fault) = fault {
            tracing::info!(
                call.id = run.id.as_str(),
                endpoint.id = endpoint.id.as_str(),
                fault = fault.kind.as_str(),
                status = fault.status,
                "attempt failed"
            );
            // What was told already is one failure, not two.
            if !self.is_told || fault.kind != FaultKind::Timeout {
                run.failed_at(endpoint, fault);
            }
        } else {
            run.first_word = Some(Instant::now());
            if run.call.params().stream
                && !run.listens
                && let Some(health) = run.vitals.health(&endpoint.id)
            {
                health.first_token(self.started.elapsed(), run.engine.now());
            }
        }
        let status = fault.map_or(Some(200), |fault| fault.status);
        self.note(run, endpoint, status, word);
        self.is_over = true;
        if result.is_ok() {
            run.answering = Some((self.started, self.in_flight.take()));
        }
        result
    }

    /// Writes down that another endpoint was faster. What that says of this one its drop tells.
    pub(crate) fn overtaken<C: Asked>(mut self, run: &mut Run<C>, endpoint: &Endpoint) {
        self.outrun();
        run.engine.metrics().attempted(endpoint.provider.slug.as_str(), Some(OVERTAKEN));
        self.note(run, endpoint, None, Some(OVERTAKEN));
    }

    /// Another endpoint that was started later was there sooner: that says more than a clock does.
    fn outrun(&mut self) {
        self.patience = self.patience.map(|it| it.min(LATE_OVERTAKEN.max(self.worst)));
    }

    fn note<C: Asked>(
        &self,
        run: &mut Run<C>,
        endpoint: &Endpoint,
        status: Option<u16>,
        fault: Option<&str>,
    ) {
        let elapsed = self.started.elapsed();
        run.attempts.push(AttemptRecord {
            endpoint: endpoint.id.as_str().to_owned(),
            provider: endpoint.provider.name.clone(),
            model: endpoint.model.id.to_string(),
            status,
            fault: fault.map(str::to_owned),
            latency_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            started_at: self.started_at,
            dropped: run.dropped_at(endpoint),
            continued: false,
        });
    }
}

impl Drop for Attempt {
    /// Given up before it came to anything: the client has left, or another endpoint was faster.
    /// That speaks against an endpoint which has been silent for long; of any other it says nothing.
    fn drop(&mut self) {
        if self.is_over || self.is_told {
            return;
        }
        let elapsed = self.started.elapsed();
        let is_late = self.patience.is_some_and(|patience| elapsed >= patience);
        let outcome =
            if is_late { Outcome::Failure(FailureKind::Timeout) } else { Outcome::Callers };
        self.tell(outcome);
    }
}

/// What an endpoint was seen to take at the worst; nothing where it was not measured.
fn worst<C: Asked>(run: &Run<C>, endpoint: &Endpoint, now: Timestamp) -> Duration {
    let measured = run.vitals.standing(&endpoint.id, now).first_token_ms;
    let seconds = measured.map_or(0.0, |it| it.p99 / 1_000.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A stream whose provider has accepted the call.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) open: OpenStream,
    pub(crate) adapter: &'static dyn Adapter,
    /// Whether it is a JSON array.
    pub(crate) is_array: bool,
    /// When its first word must have come.
    pub(crate) deadline: Instant,
}

pub(crate) async fn stream_at(run: &Run, endpoint: &Arc<Endpoint>) -> Result<OpenStream, Fault> {
    let Started { mut open, deadline, .. } = start_stream(run, endpoint).await?;
    continuity::listen(run, endpoint, open.answer.as_mut());
    match timeout_at(deadline, first_word(&mut open, &run.stopwatch)).await {
        Ok(result) => result.map(|()| open),
        Err(_) => Err(Fault::new(FaultKind::Timeout)),
    }
}

/// Sends a call whose answer is streamed.
pub(crate) async fn start_stream(run: &Run, endpoint: &Arc<Endpoint>) -> Result<Started, Fault> {
    let config = run.engine.config();
    let patience = config.patience(endpoint.supports("reasoning"), run.shape.prompt_tokens);
    let deadline = Instant::now() + patience;
    let (adapter, response) = send(run, endpoint, patience).await?;
    let (parts, body) = response.into_parts();
    let head = run.head(endpoint);
    let is_array = is_json(&parts.headers);
    let answer = if is_array {
        match tollgate_providers::array_stream(adapter, &run.call, &head) {
            Some(answer) => answer,
            None => return Err(not_a_stream(body).await),
        }
    } else {
        tollgate_providers::stream(adapter, &run.call, &head)
    };
    let endpoint = Arc::clone(endpoint);
    let open = OpenStream { endpoint, answer, body: Some(body), out: Vec::new() };
    Ok(Started { open, adapter, is_array, deadline })
}

/// Reads until the client can be given something. An answer that has failed by then is none:
/// nothing of it has gone to the client.
async fn first_word(open: &mut OpenStream, stopwatch: &Stopwatch) -> Result<(), Fault> {
    read_first_word(open, stopwatch).await?;
    open.answer.progress().failure().map_or(Ok(()), Err)
}

async fn read_first_word(open: &mut OpenStream, stopwatch: &Stopwatch) -> Result<(), Fault> {
    let Some(body) = open.body.as_mut() else { return Ok(()) };
    while !open.answer.progress().content {
        match stopwatch.waiting(body.frame()).await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    // A fault in the same packet as the first word: nothing of it has gone to
                    // the client, so another endpoint can still take over.
                    open.answer.push(&data, &mut open.out)?;
                }
            }
            Some(Err(_)) => return Err(Fault::truncated()),
            None => {
                open.answer.finish(&mut open.out)?;
                open.body = None;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A provider that answers a stream with JSON reports an error, or does not stream.
pub(crate) async fn not_a_stream(body: UpstreamBody) -> Fault {
    let fault = Fault::in_band(&error_body(body).await);
    match fault.message {
        Some(_) => fault,
        None => Fault::malformed("it is not a stream"),
    }
}

pub(crate) async fn whole_at(
    run: &Run,
    endpoint: &Arc<Endpoint>,
) -> Result<Box<dyn WholeAnswer>, Fault> {
    let (adapter, body) = receive_whole(run, endpoint).await?;
    tollgate_providers::whole(adapter, &run.call, &run.head(endpoint), body)
}

/// Sends a call and receives its answer, whole and unread.
pub(crate) async fn receive_whole(
    run: &Run,
    endpoint: &Arc<Endpoint>,
) -> Result<(&'static dyn Adapter, Bytes), Fault> {
    let patience = run.engine.config().whole_timeout;
    let deadline = Instant::now() + patience;
    let (adapter, response) = send(run, endpoint, patience).await?;
    let body = whole_body(&run.engine, response.into_body());
    let body = timeout_at(deadline, run.stopwatch.waiting(body))
        .await
        .map_err(|_| Fault::new(FaultKind::Timeout))??;
    Ok((adapter, body))
}

/// Sends the call and returns a successful response.
async fn send(
    run: &Run,
    endpoint: &Endpoint,
    patience: Duration,
) -> Result<(&'static dyn Adapter, Response<UpstreamBody>), Fault> {
    let reach = Reach::to(&run.engine, &run.installation, endpoint, patience).await?;
    let call = timeout(patience, run.call_for(endpoint)).await;
    let call = call.map_err(|_| Fault::new(FaultKind::Timeout))??;
    let end_user = run.end_user.as_deref();
    let inbound = Inbound { call, target: reach.target(), end_user, now: reach.now };
    let request = tollgate_providers::encode(reach.adapter, &inbound);
    Ok((reach.adapter, run.stopwatch.waiting(reach.send(request)).await?))
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(health: &Arc<Health>, worst: Duration) -> Attempt {
        let patience = LATE.max(worst * WORST);
        Attempt {
            started: Instant::now(),
            started_at: Timestamp::from_unix_millis(1_000_000),
            in_flight: Some(health.begin()),
            patience: Some(patience),
            worst,
            silence: Some(Box::pin(sleep(patience))),
            is_told: false,
            is_over: false,
        }
    }

    /// How many timeouts are told of an endpoint that says its first word after so many seconds.
    async fn timeouts(speaks_after: u64, worst: u64, looked_at_after: u64) -> u64 {
        let health = Arc::<Health>::default();
        let mut attempt = attempt(&health, Duration::from_secs(worst));
        let trying: Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> =
            Box::pin(async move {
                sleep(Duration::from_secs(speaks_after)).await;
                Ok(())
            });
        let waited = timeout(Duration::from_secs(looked_at_after), attempt.wait(trying)).await;
        assert_eq!(waited.is_ok(), speaks_after < looked_at_after);
        drop(attempt);
        let report = health.report(Timestamp::from_unix_millis(1_100_000));
        assert_eq!(report.last_5m.successes, 0);
        report.last_5m.failures
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_told_once_while_it_is_still_waited_for() {
        assert_eq!(timeouts(60, 0, 6).await, 1, "and not again when it is given up");
        assert_eq!(timeouts(60, 0, 50).await, 1);
        assert_eq!(timeouts(7, 0, 50).await, 1, "whatever it says later");
        assert_eq!(timeouts(60, 0, 4).await, 0);
        assert_eq!(timeouts(4, 0, 50).await, 0);
        assert_eq!(timeouts(60, 3, 8).await, 0, "others of it took nearly as long");
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_outrun_is_late_after_its_own_worst() {
        for (worst_millis, waited_millis, failures) in
            [(1_400, 1_500, 1), (1_400, 1_499, 0), (1_700, 1_699, 0), (1_700, 1_700, 1)]
        {
            let health = Arc::<Health>::default();
            let mut attempt = attempt(&health, Duration::from_millis(worst_millis));
            sleep(Duration::from_millis(waited_millis)).await;
            attempt.outrun();
            drop(attempt);
            let report = health.report(Timestamp::from_unix_millis(1_100_000));
            assert_eq!(report.last_5m.failures, failures, "{worst_millis} {waited_millis}");
        }
    }
}
