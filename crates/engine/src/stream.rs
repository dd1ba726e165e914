//! The body of a streamed answer: the provider's bytes, ours spliced in, an end exactly once.
//!
//! # Why a body and not a task with a channel?
//!
//! A task per stream and a channel per task cost an allocation and a wake-up per chunk, and a
//! chunk that waits in a channel is a chunk held back. Here the server asks this body, this body
//! asks the provider's, and what comes goes out in the same wake-up. When the client hangs up the
//! server drops the body: the provider's request is cancelled and the call settled.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};
use tollgate_providers::{Fault, FaultKind, Progress};

use crate::attempt::{OpenStream, Opening};
use crate::cache::Recording;
use crate::config::EngineConfig;
use crate::content::Transcript;
use crate::continuity::{self, GoingOn};
use crate::run::{Ending, Run};
use crate::{CallError, decision};

/// A streamed answer, in the caller's dialect.
pub struct ChatStream {
    /// Before the transcript: what settles the call is dropped first.
    state: State,
    /// Who keeps what the client is told, if anybody does.
    transcript: Option<Box<Transcript>>,
    /// Who writes down what the client is told, where it is to be told again.
    recording: Option<Box<Recording>>,
    /// Wakes up to look whether the stream has been quiet for too long. Not moved for each chunk:
    /// when it fires it looks at the instants below.
    tick: Pin<Box<Sleep>>,
    config: EngineConfig,
    /// What keeps the client waiting, in its dialect; empty where there is no such thing.
    keep_alive: &'static [u8],
    sent_at: Instant,
    /// When the server was given bytes that it has not asked for more after.
    given_at: Option<Instant>,
    heard_at: Instant,
}

enum State {
    /// No endpoint has spoken yet; the client is kept waiting with comments.
    Opening(Opening),
    Relaying(Box<Relay>),
    /// The provider has died; another is asked to go on.
    GoingOn(Box<Broken>),
    Done,
}

/// An answer between the endpoint that broke off and the one that goes on.
struct Broken {
    going_on: GoingOn,
    /// How far it got, and what the client has not been given yet.
    open: OpenStream,
    fault: Fault,
}

struct Relay {
    run: Box<Run>,
    open: OpenStream,
}

/// How many packets are taken in one go before the server gets a turn, when none of them holds
/// anything for the client.
const PACKETS_PER_POLL: usize = 32;

/// How long a finished answer waits for its usage and its terminator.
const FINISHED_PATIENCE: Duration = Duration::from_secs(5);

/// What is said of an answer that took too long in all.
const OVERDUE: &str = "The answer took longer than a stream may take in all";

impl ChatStream {
    /// A stream whose first word has come.
    pub(crate) fn relaying(run: Box<Run>, open: OpenStream) -> Self {
        let config = run.engine.config().clone();
        let keep_alive = run.call.keep_alive();
        Self::new(State::Relaying(Box::new(Relay { run, open })), config, keep_alive)
    }

    /// A stream whose first word is still awaited.
    pub(crate) fn opening(
        opening: Opening,
        config: EngineConfig,
        keep_alive: &'static [u8],
    ) -> Self {
        let mut stream = Self::new(State::Opening(opening), config, keep_alive);
        // The wait so far has been one interval long: the first comment is due.
        stream.tick = Box::pin(sleep(Duration::ZERO));
        stream.sent_at =
            stream.sent_at.checked_sub(stream.config.keep_alive).unwrap_or(stream.sent_at);
        stream
    }

    /// The same, with what is told kept.
    pub(crate) fn heard_by(
        mut self,
        transcript: Option<Box<Transcript>>,
        recording: Option<Box<Recording>>,
    ) -> Self {
        self.transcript = transcript;
        self.recording = recording;
        self
    }

    fn new(state: State, config: EngineConfig, keep_alive: &'static [u8]) -> Self {
        let now = Instant::now();
        let tick = Box::pin(sleep(config.keep_alive));
        Self {
            state,
            transcript: None,
            recording: None,
            tick,
            config,
            keep_alive,
            sent_at: now,
            given_at: None,
            heard_at: now,
        }
    }

    fn send(&mut self, bytes: Vec<u8>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.sent_at = Instant::now();
        self.given_at = Some(self.sent_at);
        if let Some(transcript) = &mut self.transcript {
            transcript.hear(&bytes);
        }
        if let Some(recording) = &mut self.recording {
            recording.hear(&bytes);
        }
        // Whoever has the end may ask again at once.
        if let Some(recording) = self.recording.take_if(|_| matches!(self.state, State::Done)) {
            recording.finish(true);
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }

    /// Waits for the first word.
    fn poll_opening(&mut self, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let State::Opening(opening) = &mut self.state else { return Poll::Ready(None) };
        let (mut run, result) = ready!(opening.as_mut().poll(context));
        self.heard_at = Instant::now();
        match result {
            Ok(open) => {
                self.state = State::Relaying(Box::new(Relay { run, open }));
                Poll::Ready(None)
            }
            Err(error) => {
                let told = decision::told(&run, None);
                let usage = run.settle(None, &Progress::default(), Ending::Failed(&error));
                let mut out = Vec::new();
                run.call.writer(&run.bare_head()).fail(&mut out, &error.body(), Some(&usage));
                if let Some(told) = told {
                    told.join_end(run.call.dialect(), &mut out, 0);
                }
                self.state = State::Done;
                Poll::Ready(Some(out))
            }
        }
    }

    /// The next bytes for the client, whoever writes them.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Vec<u8>> {
        let out = match self.poll_relay(context) {
            Poll::Ready(out) if matches!(self.state, State::GoingOn(_)) => out,
            Poll::Pending if matches!(self.state, State::GoingOn(_)) => Vec::new(),
            poll => return poll,
        };
        // Whoever goes on is asked before the client is given what came last.
        if let Poll::Ready(end) = self.poll_going_on(context) {
            return Poll::Ready([out, end].concat());
        }
        if !out.is_empty() {
            return Poll::Ready(out);
        }
        self.poll_relay(context)
    }

    /// The next bytes for the client, if there are any now.
    fn poll_relay(&mut self, context: &mut Context<'_>) -> Poll<Vec<u8>> {
        let State::Relaying(relay) = &mut self.state else { return Poll::Pending };
        for _ in 0..PACKETS_PER_POLL {
            if !relay.open.out.is_empty() && relay.open.body.is_some() {
                return Poll::Ready(std::mem::take(&mut relay.open.out));
            }
            if relay.open.answer.is_done() {
                relay.leave_body(context);
            }
            let Some(body) = relay.open.body.as_mut() else {
                let out = relay.complete();
                self.state = State::Done;
                return Poll::Ready(out);
            };
            let step = match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => frame.into_data().map_or(Ok(()), |data| relay.push(&data)),
                Some(Err(_)) => Err(Fault::truncated()),
                None => relay.end(),
            };
            self.heard_at = Instant::now();
            if let Err(fault) = step {
                return Poll::Ready(self.break_off(fault));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// The provider has died: somebody else goes on, or the client is told. Returns what the client
    /// is to have at once.
    fn break_off(&mut self, fault: Fault) -> Vec<u8> {
        let State::Relaying(relay) = std::mem::replace(&mut self.state, State::Done) else {
            return Vec::new();
        };
        let Relay { run, mut open } = *relay;
        let (endpoint, progress) = (&open.endpoint, open.answer.progress());
        if progress.finish.is_some() && fault.kind == FaultKind::Truncated {
            // It had said why it stopped: all that is missing is the connection's own end.
            open.body = None;
            return Relay { run, open }.complete();
        }
        if !continuity::can_go_on(&run, endpoint, progress) {
            return Relay { run, open }.fail(fault);
        }
        let mut run = run;
        let fault = run.broke_off(endpoint, fault);
        let going_on = continuity::go_on(run, endpoint, progress);
        // The connection to the provider is of no use any more.
        open.body = None;
        let out = std::mem::take(&mut open.out);
        self.state = State::GoingOn(Box::new(Broken { going_on, open, fault }));
        out
    }

    /// Waits for somebody to go on.
    fn poll_going_on(&mut self, context: &mut Context<'_>) -> Poll<Vec<u8>> {
        let State::GoingOn(broken) = &mut self.state else { return Poll::Pending };
        let (run, next) = ready!(broken.going_on.as_mut().poll(context));
        self.heard_at = Instant::now();
        let State::GoingOn(broken) = std::mem::replace(&mut self.state, State::Done) else {
            return Poll::Pending;
        };
        let Broken { open, fault, .. } = *broken;
        let Some(next) = next else { return Poll::Ready(Relay { run, open }.fail(fault)) };
        let open = next.take_over(&run, open);
        self.state = State::Relaying(Box::new(Relay { run, open }));
        Poll::Pending
    }

    /// Ends an answer that has taken all the time there is, however steadily it comes. Nobody is
    /// asked to go on: there is no time left for that.
    fn end_overdue(&mut self) -> Option<Vec<u8>> {
        let timeout = self.config.stream_timeout?;
        let State::Relaying(relay) = &mut self.state else { return None };
        if relay.has_finished() || relay.run.started.elapsed() < timeout {
            return None;
        }
        let out = relay.fail(Fault::with_message(FaultKind::Timeout, OVERDUE));
        self.state = State::Done;
        Some(out)
    }

    /// Nothing came: keeps the client's connection open, or gives the provider up.
    fn poll_quiet(&mut self, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        ready!(self.tick.as_mut().poll(context));
        let now = Instant::now();
        let silent = now.duration_since(self.heard_at);
        if let State::Relaying(relay) = &mut self.state
            && silent >= relay.patience(&self.config)
        {
            let silence = "The provider fell silent in the middle of its answer";
            if !relay.has_finished() {
                let out = self.break_off(Fault::with_message(FaultKind::Timeout, silence));
                self.tick.as_mut().reset(now + self.config.keep_alive);
                if out.is_empty() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                return Poll::Ready(Some(out));
            }
            relay.open.body = None;
            let out = relay.complete();
            self.state = State::Done;
            return Poll::Ready(Some(out));
        }
        let due = self.sent_at + self.config.keep_alive;
        if now < due {
            self.tick.as_mut().reset(due);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.tick.as_mut().reset(now + self.config.keep_alive);
        if self.keep_alive.is_empty() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(self.keep_alive.to_vec()))
    }
}

impl Relay {
    /// Whether the provider has said why it stopped: then all that may follow is its usage.
    fn has_finished(&self) -> bool {
        self.open.answer.progress().finish.is_some()
    }

    /// How long the provider may be silent.
    fn patience(&self, config: &EngineConfig) -> Duration {
        if self.has_finished() {
            config.idle_timeout.min(FINISHED_PATIENCE)
        } else {
            config.idle_timeout
        }
    }

    fn push(&mut self, data: &[u8]) -> Result<(), Fault> {
        self.open.answer.push(data, &mut self.open.out)
    }

    /// The terminator has come. Usually the body ends with it and its connection goes back to the
    /// pool; a body that stays open is read to its end elsewhere, for a moment.
    fn leave_body(&mut self, context: &mut Context<'_>) {
        let Some(mut body) = self.open.body.take() else { return };
        let ended = Pin::new(&mut body).poll_frame(context);
        if !matches!(ended, Poll::Ready(None)) {
            self.run.engine.drain(body);
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.open.body = None;
        self.open.answer.finish(&mut self.open.out)
    }

    /// Settles a complete answer and writes its end.
    fn complete(&mut self) -> Vec<u8> {
        let told = decision::told(&self.run, Some(&self.open.endpoint));
        let progress = self.open.answer.progress();
        let usage = self.run.settle(Some(&self.open.endpoint), progress, Ending::Complete);
        let mut out = std::mem::take(&mut self.open.out);
        let end = out.len();
        self.open.answer.end(&mut out, &usage);
        if let Some(told) = told {
            told.join_end(self.run.call.dialect(), &mut out, end);
        }
        out
    }

    /// Settles an answer that broke off and says so to the client.
    fn fail(&mut self, fault: Fault) -> Vec<u8> {
        let fault = self.run.broke_off(&self.open.endpoint, fault);
        let provider = self.open.endpoint.provider.name.clone();
        let error = CallError::PlanExhausted {
            models: self.run.requested_models().cloned().collect(),
            faults: vec![(provider, fault)],
            own_keys: self.open.endpoint.own_key.iter().map(|key| (0, Arc::clone(key))).collect(),
        };
        let told = decision::told(&self.run, None);
        let progress = self.open.answer.progress();
        let usage = self.run.settle(Some(&self.open.endpoint), progress, Ending::Failed(&error));
        // The connection to the provider is of no use any more.
        self.open.body = None;
        let mut out = std::mem::take(&mut self.open.out);
        let end = out.len();
        self.open.answer.fail(&mut out, &error.body(), Some(&usage));
        if let Some(told) = told {
            told.join_end(self.run.call.dialect(), &mut out, end);
        }
        out
    }
}

impl Drop for ChatStream {
    /// The client has gone: what was produced is charged.
    fn drop(&mut self) {
        if let State::Relaying(relay) = &mut self.state
            && relay.run.settled.is_none()
        {
            let progress = relay.open.answer.progress();
            relay.run.settle(Some(&relay.open.endpoint), progress, Ending::Cancelled);
        }
    }
}

impl Body for ChatStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        // A client that reads slowly says nothing of how fast its provider writes.
        if let (Some(given_at), State::Relaying(relay)) = (this.given_at.take(), &mut this.state) {
            relay.run.unread += given_at.elapsed();
        }
        if let Poll::Ready(Some(out)) = this.poll_opening(context) {
            return this.send(out);
        }
        if let Some(out) = this.end_overdue() {
            return this.send(out);
        }
        if let Poll::Ready(out) = this.poll_answer(context) {
            return this.send(out);
        }
        if matches!(this.state, State::Done) {
            return Poll::Ready(None);
        }
        match ready!(this.poll_quiet(context)) {
            Some(out) => this.send(out),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Opening(_) => "opening",
            State::Relaying(_) => "relaying",
            State::GoingOn(_) => "going on",
            State::Done => "done",
        };
        f.debug_struct("ChatStream").field("state", &state).finish_non_exhaustive()
    }
}
