//! One connection's worth of load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use tokio::time::{Instant, timeout};

use super::answer::{Expected, Transcript, Verdict};
use super::connection::{Connection, Head};
use crate::statistics::Samples;

/// How long one answer may take before it counts as an error.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// How long the first word of one among thousands of streams may take.
const BEGIN_MAX: Duration = Duration::from_mins(1);
/// The largest body that is kept to be looked at.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How much of a refusal is quoted.
const QUOTED_CHARS: usize = 200;

/// What is asked of whom, and what must come back. Requests are complete HTTP messages.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) address: SocketAddr,
    /// What is asked for whole answers, one after the other.
    pub(crate) completions: Vec<Vec<u8>>,
    /// How many of them were asked so far, by all clients.
    pub(crate) asked: AtomicUsize,
    pub(crate) stream: Vec<u8>,
    pub(crate) expected: Arc<Expected>,
}

impl Job {
    fn completion(&self) -> anyhow::Result<&[u8]> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let next = self.completions.get(turn.checked_rem(self.completions.len()).unwrap_or(0));
        next.map(Vec::as_slice).context("there is nothing to ask")
    }
}

/// A stream that was read to its end.
#[derive(Debug)]
pub(super) struct Streamed {
    /// Nothing when no content came at all.
    pub(super) first_token: Option<Duration>,
    /// Between one read with content and the next.
    pub(super) gaps: Samples,
    pub(super) verdict: Verdict,
}

/// Sends requests one after another, on one connection while it lasts.
#[derive(Debug)]
pub(super) struct Client {
    job: Arc<Job>,
    /// Taken during an exchange, so that one that fails or is dropped leaves none behind.
    connection: Option<Connection>,
}

impl Client {
    pub(super) const fn new(job: Arc<Job>) -> Self {
        Self { job, connection: None }
    }

    /// Asks for one completion and checks it.
    pub(super) async fn complete(&mut self) -> anyhow::Result<()> {
        timeout(ANSWER_MAX, self.complete_untimed()).await.context("no answer in time")?
    }

    /// Asks for one stream and reads it to its end.
    pub(super) async fn stream(&mut self) -> anyhow::Result<Streamed> {
        timeout(ANSWER_MAX, self.stream_untimed()).await.context("no whole stream in time")?
    }

    /// Opens the connection that the next request goes over.
    pub(super) async fn connect(&mut self) -> anyhow::Result<()> {
        self.connection = Some(Connection::open(self.job.address).await?);
        Ok(())
    }

    /// Asks for one stream, reads its first word and leaves it open.
    pub(super) async fn begin_stream(&mut self) -> anyhow::Result<()> {
        timeout(BEGIN_MAX, self.begin_stream_untimed()).await.context("no first word in time")?
    }

    async fn begin_stream_untimed(&mut self) -> anyhow::Result<()> {
        let job = Arc::clone(&self.job);
        let (mut connection, mut head) = self.begin(&job.stream).await?;
        let mut transcript = Transcript::of(&job.expected);
        while let Some(bytes) = connection.data(&mut head.body).await? {
            if transcript.read(&bytes)? {
                self.connection = Some(connection);
                return Ok(());
            }
        }
        bail!("a stream without a word")
    }

    async fn complete_untimed(&mut self) -> anyhow::Result<()> {
        let job = Arc::clone(&self.job);
        let (mut connection, head) = self.begin(job.completion()?).await?;
        let closes = head.closes;
        let body = body(&mut connection, head).await?;
        job.expected.check(&body)?;
        self.connection = (!closes).then_some(connection);
        Ok(())
    }

    async fn stream_untimed(&mut self) -> anyhow::Result<Streamed> {
        let job = Arc::clone(&self.job);
        let began = Instant::now();
        let (mut connection, mut head) = self.begin(&job.stream).await?;
        let mut transcript = Transcript::of(&job.expected);
        let (mut first_token, mut last) = (None, None);
        let mut gaps = Samples::default();
        while let Some(bytes) = connection.data(&mut head.body).await? {
            if !transcript.read(&bytes)? {
                continue;
            }
            let now = Instant::now();
            first_token.get_or_insert_with(|| now.duration_since(began));
            if let Some(last) = last.replace(now) {
                gaps.push(now.duration_since(last));
            }
        }
        self.connection = (!head.closes).then_some(connection);
        Ok(Streamed { first_token, gaps, verdict: transcript.verdict(&job.expected) })
    }

    async fn begin(&mut self, request: &[u8]) -> anyhow::Result<(Connection, Head)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.job.address).await?,
        };
        let head = connection.send(request).await?;
        if head.status == 200 {
            return Ok((connection, head));
        }
        let status = head.status;
        let body = body(&mut connection, head).await.unwrap_or_default();
        let quoted: String = String::from_utf8_lossy(&body).chars().take(QUOTED_CHARS).collect();
        bail!("status {status}: {quoted}")
    }
}

/// Sends one request on a connection of its own, and returns the answer's status and body.
pub(crate) async fn fetch(address: SocketAddr, request: &[u8]) -> anyhow::Result<(u16, BytesMut)> {
    let exchange = async {
        let mut connection = Connection::open(address).await?;
        let head = connection.send(request).await?;
        let status = head.status;
        Ok((status, body(&mut connection, head).await?))
    };
    timeout(ANSWER_MAX, exchange).await.context("no answer in time")?
}

async fn body(connection: &mut Connection, mut head: Head) -> anyhow::Result<BytesMut> {
    let mut body = BytesMut::new();
    while let Some(bytes) = connection.data(&mut head.body).await? {
        if body.len() + bytes.len() > BODY_BYTES_MAX {
            bail!("a body of more than {BODY_BYTES_MAX} bytes");
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}
