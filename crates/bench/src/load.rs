//! The load: closed loops, a fixed rate, streams.
//!
//! Everything runs on the one thread of this process, and its CPU time is measured like that of
//! the servers: when the load's CPU is full, the load was the limit and the report says so.

mod answer;
mod client;
mod connection;
mod rate;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::cell::Load;
use client::Client;

pub(crate) use answer::{Dialect, Expected};
pub(crate) use client::{Job, fetch};
pub(crate) use tally::Tally;

/// Wait after an error, so that a server that refuses everything is not besieged.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Connections that are open and have been used once, so that neither connecting nor the first
/// use of what stands behind them is measured.
#[derive(Debug)]
pub(crate) struct Fleet(Vec<Client>);

impl Fleet {
    /// Opens the connections. Cancel safe: dropped early, it closes them.
    pub(crate) async fn open(job: &Arc<Job>, connections: u32) -> anyhow::Result<Self> {
        let mut opening = JoinSet::new();
        for _ in 0..connections {
            let mut client = Client::new(Arc::clone(job));
            opening.spawn(async move { client.complete().await.map(|()| client) });
        }
        let mut clients = Vec::new();
        while let Some(client) = opening.join_next().await {
            clients.push(client.context("the load broke")??);
        }
        Ok(Self(clients))
    }

    /// Opens that many streams, so many at a time, reads the first word of each and leaves them
    /// open. Cancel safe: dropped early, it closes them.
    ///
    /// All connections are there before the first request: of a thousand that come in one moment,
    /// the kernel would refuse some.
    pub(crate) async fn open_streams(
        job: &Arc<Job>,
        streams: u32,
        at_a_time: usize,
    ) -> anyhow::Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..streams {
            let mut client = Client::new(Arc::clone(job));
            client.connect().await?;
            clients.push(client);
        }
        let turns = Arc::new(Semaphore::new(at_a_time));
        let mut opening = JoinSet::new();
        for mut client in clients {
            let turns = Arc::clone(&turns);
            opening.spawn(async move {
                let _turn = turns.acquire().await?;
                client.begin_stream().await.map(|()| client)
            });
        }
        let mut open = Vec::new();
        while let Some(client) = opening.join_next().await {
            open.push(client.context("the load broke")??);
        }
        Ok(Self(open))
    }

    /// Runs a cell's load. Cancel safe: dropped early, it ends all exchanges.
    pub(crate) async fn run(self, load: Load, length: Duration) -> anyhow::Result<Tally> {
        match load {
            Load::Closed(_) => {
                let end = Instant::now() + length;
                self.join(|client| complete_until(client, end)).await
            }
            Load::Streams(_) => {
                let end = Instant::now() + length;
                self.join(|client| stream_until(client, end)).await
            }
            Load::Rate(per_second) => rate::run(self, per_second, length).await,
        }
    }

    /// Has every client do its part, and adds up what they counted.
    async fn join<W>(self, work: impl Fn(Client) -> W) -> anyhow::Result<Tally>
    where
        W: Future<Output = Tally> + Send + 'static,
    {
        let began = Instant::now();
        let mut working: JoinSet<Tally> = self.0.into_iter().map(work).collect();
        let mut all = Tally::default();
        while let Some(tally) = working.join_next().await {
            all.add(tally.context("the load broke")?);
        }
        all.elapsed = began.elapsed();
        Ok(all)
    }
}

async fn complete_until(mut client: Client, end: Instant) -> Tally {
    let mut tally = Tally::default();
    loop {
        let began = Instant::now();
        if began >= end {
            return tally;
        }
        match client.complete().await {
            Ok(()) => tally.latency.push(began.elapsed()),
            Err(error) => {
                tally.error(&error);
                sleep(ERROR_PAUSE).await;
            }
        }
    }
}

async fn stream_until(mut client: Client, end: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < end {
        let streamed = client.stream().await;
        if !tally.stream(streamed) {
            sleep(ERROR_PAUSE).await;
        }
    }
    tally
}
