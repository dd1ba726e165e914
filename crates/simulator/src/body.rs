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

/// A body that a player writes.
#[derive(Debug)]
pub(crate) struct Played {
    player: Box<Player>,
    /// Bytes of the last write that are not out yet.
    rest: Bytes,
    bytes_per_frame: usize,
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
    /// `bytes_per_frame` of 0 means that a write stays whole.
    pub(crate) fn new(
        player: Box<Player>,
        bytes_per_frame: usize,
        closing: CancellationToken,
        reset: Arc<AtomicBool>,
    ) -> Self {
        Self {
            player,
            rest: Bytes::new(),
            bytes_per_frame,
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
            if !self.rest.is_empty() {
                let whole = self.rest.len();
                let length = if self.bytes_per_frame == 0 { whole } else { self.bytes_per_frame };
                self.flush = true;
                return Poll::Ready(Some(Ok(self.rest.split_to(length.min(whole)))));
            }
            match self.player.step() {
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
        if next.is_none() {
            this.open = None;
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
