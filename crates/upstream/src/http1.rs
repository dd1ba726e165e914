//! HTTP/1.1: connections that are driven by the calls that use them.
//!
//! # Why not hyper-util's client?
//!
//! It gives each connection a task of its own. A call then waits for that task, which is woken to
//! write the request, to read each piece of the answer, and to go back to the pool: half a dozen
//! wake-ups and as many trips through the scheduler's queues for a short answer. Here a connection
//! is a value. Whoever uses it polls it, in the task that waits anyway, and puts it back when the
//! answer has been read.
//!
//! A connection that nobody uses is not polled. So it is asked whether it is still open when it is
//! taken out, and those that nobody takes are closed by a [sweep](Stand::sweep).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep};

use crate::connection::Stream;

type Driver = http1::Connection<Stream, Full<Bytes>>;
/// What a request that could not be sent comes back in, if nothing of it was.
pub(crate) type Unsent = TrySendError<Request<Full<Bytes>>>;

/// Where the idle connections of one origin wait.
#[derive(Debug)]
pub(crate) struct Stand {
    idle: Mutex<Idle>,
    idle_timeout: Duration,
    idle_max: usize,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one used last at the end.
    links: VecDeque<(Link, Instant)>,
    /// Whether a task waits to sweep.
    is_swept: bool,
}

/// A connection, which closes when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
    /// The half that reads and writes; none once it has ended.
    driver: Option<Box<Driver>>,
}

impl Stand {
    pub(crate) fn new(idle_timeout: Duration, idle_max: usize) -> Self {
        Self { idle: Mutex::default(), idle_timeout, idle_max }
    }

    /// Takes the connection that was used last, of those that are still open.
    pub(crate) fn take(&self) -> Option<Link> {
        loop {
            let (mut link, since) = self.idle.lock().links.pop_back()?;
            if since.elapsed() < self.idle_timeout && link.is_ready() {
                return Some(link);
            }
        }
    }

    /// Puts a connection back whose answer has been read. One that can't be used again is closed.
    pub(crate) fn put(self: &Arc<Self>, mut link: Link) {
        if !link.is_ready() {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.links.len() >= self.idle_max {
            return;
        }
        idle.links.push_back((link, Instant::now()));
        if idle.is_swept {
            return;
        }
        // Without a runtime the program is ending, and the connection with it.
        if let Ok(runtime) = Handle::try_current() {
            idle.is_swept = true;
            runtime.spawn(sweep_until_empty(Arc::downgrade(self), self.idle_timeout));
        }
    }

    /// Closes what has been idle for too long; says whether anything is left.
    fn sweep(&self) -> bool {
        let mut idle = self.idle.lock();
        let is_over = |since: &Instant| since.elapsed() >= self.idle_timeout;
        let fresh = idle.links.partition_point(|(_, since)| is_over(since));
        let over: Vec<_> = idle.links.drain(..fresh).collect();
        idle.is_swept = !idle.links.is_empty();
        let goes_on = idle.is_swept;
        drop(idle);
        // Closed without the lock.
        drop(over);
        goes_on
    }
}

async fn sweep_until_empty(stand: Weak<Stand>, every: Duration) {
    loop {
        sleep(every).await;
        if !stand.upgrade().is_some_and(|stand| stand.sweep()) {
            return;
        }
    }
}

impl Link {
    /// Begins HTTP/1.1 on a stream that was just opened.
    pub(crate) async fn begin(stream: Stream) -> hyper::Result<Self> {
        let (sender, driver) = http1::handshake(stream).await?;
        Ok(Self { sender, driver: Some(Box::new(driver)) })
    }

    /// Goes on with whatever the connection has to read and write.
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && Pin::new(driver.as_mut()).poll(context).is_ready()
        {
            self.driver = None;
        }
    }

    /// Whether it takes another request.
    fn is_ready(&mut self) -> bool {
        // Nobody is to be woken by a connection that is idle.
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request, and waits for the head of its answer. An error holds the request when
    /// nothing of it was sent.
    ///
    /// Cancel safe: dropped with the connection, it cancels the request.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unsent> {
        // The head comes out of the driver and from nowhere else, and the driver wakes this task:
        // a second waker would wake it once more for the same.
        let mut answer = pin!(unconstrained(self.sender.try_send_request(request)));
        poll_fn(|context| {
            self.drive(context);
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    /// Polls the body of its answer.
    pub(crate) fn poll_body<T>(
        &mut self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // As in [`send`](Self::send). The first look tells the driver that more is wanted.
        let quiet = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(ready) = poll(quiet) {
            return Poll::Ready(ready);
        }
        self.drive(context);
        poll(quiet)
    }
}
