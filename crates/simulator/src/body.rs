//! The bodies of answers, written by hand so that the benchmark's body costs nothing and so that
//! a dropped body is seen at once.
//!
//! A body that wants its frames written one by one returns `Pending` after each and wakes itself:
//! hyper flushes what it has when a body is not ready.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::player::{Player, Step};
use crate::script::{Break, Script};
use crate::state::OpenStream;

/// What was written gets this long to reach the client before the connection breaks.
const FLUSH_WAIT: Duration = Duration::from_millis(2);

/// The body of any answer.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    kind: Kind,
    open: Option<OpenStream>,
}

#[derive(Debug)]
enum Kind {
    Whole(Option<Bytes>),
    Frames { frames: Arc<[Bytes]>, next: usize, flush: bool },
    Played(Box<Played>),
}

/// How what a player writes goes out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flow {
    /// The most of one write; 0 means that it stays whole.
    bytes_per_frame: usize,
    /// How many bytes go out before the body breaks off, and how.
    break_at: Option<(usize, Break)>,
}

impl Flow {
    /// As a script has it.
    pub(crate) fn of(script: &Script) -> Self {
        let bytes_per_frame = script.drip.map_or(0, usize::from);
        let bytes = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self { bytes_per_frame, break_at: script.break_at.map(|(at, kind)| (bytes(at), kind)) }
    }

    /// Whether nothing is done to it.
    pub(crate) const fn is_plain(&self) -> bool {
        self.bytes_per_frame == 0 && self.break_at.is_none()
    }

    /// How much of `waiting` bytes may go out now.
    fn take(&mut self, waiting: usize) -> usize {
        let most = if self.bytes_per_frame == 0 { waiting } else { self.bytes_per_frame };
        let length = most.min(waiting);
        let Some((left, _)) = &mut self.break_at else { return length };
        let length = length.min(*left);
        *left -= length;
        length
    }
}

/// A body that a player writes.
#[derive(Debug)]
pub(crate) struct Played {
    player: Box<Player>,
    /// Bytes of the last write that are not out yet.
    rest: Bytes,
    flow: Flow,
    flush: bool,
    sleep: Option<Pin<Box<Sleep>>>,
    /// When the last wait was due: waits follow each other without drifting.
    due: Option<Instant>,
    breaking: bool,
    silence: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    closing: CancellationToken,
    /// Set to have the socket reset rather than closed.
    reset: Arc<AtomicBool>,
}

impl AnswerBody {
    /// Sends `bytes` with their length.
    pub(crate) const fn whole(bytes: Bytes, open: OpenStream) -> Self {
        Self { kind: Kind::Whole(Some(bytes)), open: Some(open) }
    }

    /// Sends `frames`, each in a write of its own.
    pub(crate) const fn frames(frames: Arc<[Bytes]>, open: OpenStream) -> Self {
        Self { kind: Kind::Frames { frames, next: 0, flush: false }, open: Some(open) }
    }

    pub(crate) fn played(played: Played, open: OpenStream) -> Self {
        Self { kind: Kind::Played(Box::new(played)), open: Some(open) }
    }
}

impl Played {
    pub(crate) fn new(
        player: Box<Player>,
        flow: Flow,
        closing: CancellationToken,
        reset: Arc<AtomicBool>,
    ) -> Self {
        Self {
            player,
            rest: Bytes::new(),
            flow,
            flush: false,
            sleep: None,
            due: None,
            breaking: false,
            silence: None,
            closing,
            reset,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(context));
                self.sleep = None;
            }
            if let Some(silence) = &mut self.silence {
                ready!(silence.as_mut().poll(context));
                return Poll::Ready(Some(Err(broken())));
            }
            if self.breaking {
                return Poll::Ready(Some(Err(broken())));
            }
            if std::mem::take(&mut self.flush) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let ended = self.flow.break_at.filter(|(left, _)| *left == 0);
            if ended.is_none() && !self.rest.is_empty() {
                self.flush = true;
                let length = self.flow.take(self.rest.len());
                return Poll::Ready(Some(Ok(self.rest.split_to(length))));
            }
            match ended.map_or_else(|| self.player.step(), |(_, kind)| kind.into()) {
                Step::Write(bytes) => self.rest = bytes,
                Step::Wait(wait) => self.wait(wait),
                Step::Stall => {
                    self.silence = Some(Box::pin(self.closing.clone().cancelled_owned()));
                }
                Step::Cut => self.break_off(),
                Step::Reset => {
                    self.reset.store(true, Ordering::Relaxed);
                    self.break_off();
                }
                Step::End => return Poll::Ready(None),
            }
        }
    }

    fn wait(&mut self, wait: Duration) {
        let due = self.due.unwrap_or_else(Instant::now) + wait;
        self.due = Some(due);
        self.sleep = Some(Box::pin(tokio::time::sleep_until(due)));
    }

    fn break_off(&mut self) {
        self.breaking = true;
        self.sleep = Some(Box::pin(tokio::time::sleep(FLUSH_WAIT)));
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let next = match &mut this.kind {
            Kind::Whole(bytes) => bytes.take().map(Ok),
            Kind::Frames { frames, next, flush } => {
                if std::mem::take(flush) {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let frame = frames.get(*next).cloned();
                *next += 1;
                *flush = *next < frames.len();
                frame.map(Ok)
            }
            Kind::Played(played) => ready!(played.poll(context)),
        };
        match (&next, &this.open) {
            (Some(Ok(bytes)), Some(open)) => open.sent(bytes.len()),
            (Some(_), _) => {}
            (None, _) => this.open = None,
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Frames { frames, next, .. } => *next >= frames.len(),
            Kind::Played(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Kind::Frames { .. } | Kind::Played(_) => SizeHint::default(),
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken off by the script")
}
