//! A provider's body, passed on as it comes, and settled at its end.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};
use tollgate_catalog::Endpoint;
use tollgate_providers::{Fault, FaultKind, Progress};
use tollgate_upstream::UpstreamBody;
use tollgate_wire::operation::OperationCall;

use crate::CallError;
use crate::run::{Ending, Run};

/// A body such as a sound. When the provider breaks off, so does this: the client's connection is
/// closed before the body's end, because nothing that is not the sound can be written into it.
pub struct PassingBody {
    run: Box<Run<OperationCall>>,
    endpoint: Arc<Endpoint>,
    progress: Progress,
    first: Option<Bytes>,
    /// `None` once it has ended.
    rest: Option<UpstreamBody>,
    /// When the provider has been silent for too long.
    silence: Pin<Box<Sleep>>,
}

impl PassingBody {
    pub(crate) fn new(
        run: Box<Run<OperationCall>>,
        endpoint: Arc<Endpoint>,
        first: Bytes,
        rest: UpstreamBody,
    ) -> Self {
        // What is charged is in the request: how much is to be said.
        let usage = Some(run.call.measured());
        let progress = Progress { content: true, usage, ..Progress::default() };
        let silence = Box::pin(sleep(run.engine.config().idle_timeout));
        Self { run, endpoint, progress, first: Some(first), rest: Some(rest), silence }
    }

    fn settle(&mut self, ending: Ending<'_>) {
        self.rest = None;
        self.run.settle(Some(&self.endpoint), &self.progress, ending);
    }

    fn break_off(&mut self, fault: Fault) -> io::Error {
        let fault = self.run.installation.without_secret(&self.endpoint, fault);
        if let Some(attempt) = self.run.attempts.last_mut() {
            attempt.fault = Some(fault.kind.as_str().to_owned());
        }
        let provider = self.endpoint.provider.name.clone();
        let error = CallError::PlanExhausted {
            models: self.run.requested_models().cloned().collect(),
            faults: vec![(provider, fault)],
            own_keys: self.endpoint.own_key.iter().map(|key| (0, Arc::clone(key))).collect(),
        };
        self.settle(Ending::Failed(&error));
        io::Error::new(io::ErrorKind::UnexpectedEof, "the provider broke off")
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        loop {
            let Some(rest) = self.rest.as_mut() else { return Poll::Ready(None) };
            match Pin::new(rest).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    let deadline = Instant::now() + self.run.engine.config().idle_timeout;
                    self.silence.as_mut().reset(deadline);
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(_))) => {
                    return Poll::Ready(Some(Err(self.break_off(Fault::truncated()))));
                }
                Poll::Ready(None) => {
                    self.settle(Ending::Complete);
                    return Poll::Ready(None);
                }
                Poll::Pending if self.silence.as_mut().poll(context).is_ready() => {
                    let fault = Fault::new(FaultKind::Timeout);
                    return Poll::Ready(Some(Err(self.break_off(fault))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Body for PassingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.poll_rest(context).map(|next| next.map(|it| it.map(Frame::data)))
    }
}

impl Drop for PassingBody {
    /// The client has gone: what was asked for is charged.
    fn drop(&mut self) {
        if self.run.settled.is_none() {
            self.settle(Ending::Cancelled);
        }
    }
}

impl fmt::Debug for PassingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassingBody")
            .field("run", &self.run.id)
            .field("ended", &self.rest.is_none())
            .finish_non_exhaustive()
    }
}
