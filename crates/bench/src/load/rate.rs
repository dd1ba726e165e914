//! The open loop: requests come due at a fixed rate, whether or not earlier ones are answered.
//!
//! A closed loop waits for a slow server, and so never sees how long others would have waited
//! behind the same pause ("coordinated omission"). Here a request's time counts from when it was
//! due, so waiting for a free connection is part of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::{Fleet, Tally};
use crate::statistics::Samples;

/// How long requests may be sent after the last was due; a server that is that far behind is
/// saturated, and its percentiles would say only how long the cell was.
const OVERTIME: Duration = Duration::from_secs(2);

/// When requests are due, and which of them are taken.
#[derive(Debug)]
struct Schedule {
    begin: Instant,
    per_second: u32,
    total: u64,
    next: AtomicU64,
    /// One permit for each request that is due and not yet taken.
    due: Semaphore,
}

/// Sends at a fixed rate. Cancel safe: dropped early, it ends all exchanges and the clock.
pub(super) async fn run(fleet: Fleet, per_second: u32, length: Duration) -> anyhow::Result<Tally> {
    let total = length.as_nanos() * u128::from(per_second) / Duration::from_secs(1).as_nanos();
    let schedule = Arc::new(Schedule {
        begin: Instant::now(),
        per_second,
        total: u64::try_from(total).unwrap_or(u64::MAX),
        next: AtomicU64::new(0),
        due: Semaphore::new(0),
    });
    let stop = CancellationToken::new();
    let _stopped_when_dropped = stop.clone().drop_guard();
    let clients = fleet.0.len();
    let clock = tokio::task::spawn_blocking({
        let schedule = Arc::clone(&schedule);
        move || schedule.tick(clients, &stop)
    });
    let mut tally = fleet.join(|client| work(client, Arc::clone(&schedule))).await?;
    tally.late = clock.await.context("the load's clock broke")?;
    tally.due = Some(schedule.total);
    Ok(tally)
}

impl Schedule {
    fn due_at(&self, index: u64) -> Instant {
        let nanoseconds = u128::from(index) * 1_000_000_000 / u128::from(self.per_second.max(1));
        self.begin + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Lets requests go as they come due, and returns how late it was each time.
    ///
    /// A thread of its own: the runtime's timers are whole milliseconds.
    fn tick(&self, clients: usize, stop: &CancellationToken) -> Samples {
        let mut late = Samples::default();
        for index in 0..self.total {
            let due = self.due_at(index);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if stop.is_cancelled() {
                return late;
            }
            self.due.add_permits(1);
            late.push(due.elapsed());
        }
        // Whoever still waits is to see that there is nothing left.
        self.due.add_permits(clients);
        late
    }

    /// The moment that the next request was due, once it is; nothing when all are taken.
    async fn take(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let in_time = Instant::now() < self.due_at(self.total) + OVERTIME;
        (index < self.total && in_time).then(|| self.due_at(index))
    }
}

async fn work(mut client: Client, schedule: Arc<Schedule>) -> Tally {
    let mut tally = Tally::default();
    while let Some(due) = schedule.take().await {
        match client.complete().await {
            Ok(()) => tally.latency.push(due.elapsed()),
            Err(error) => tally.error(&error),
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::Schedule;

    fn schedule(per_second: u32, total: u64, begin: Instant) -> Schedule {
        Schedule { begin, per_second, total, next: AtomicU64::new(0), due: Semaphore::new(0) }
    }

    #[test]
    fn requests_are_due_evenly_and_without_drift() {
        let begin = Instant::now();
        let schedule = schedule(3000, 1, begin);
        assert_eq!(schedule.due_at(0), begin);
        assert_eq!(schedule.due_at(1), begin + Duration::from_nanos(333_333));
        assert_eq!(schedule.due_at(3000), begin + Duration::from_secs(1));
    }

    #[tokio::test]
    async fn every_request_is_taken_once_and_then_all_are_told() {
        let schedule = schedule(1_000_000, 5, Instant::now());
        assert_eq!(schedule.tick(2, &CancellationToken::new()).count(), 5);
        for index in 0..5 {
            assert_eq!(schedule.take().await, Some(schedule.due_at(index)));
        }
        assert_eq!(schedule.take().await, None);
        assert_eq!(schedule.take().await, None);
    }

    #[test]
    fn a_stopped_clock_lets_nothing_go() {
        let stop = CancellationToken::new();
        stop.cancel();
        let schedule = schedule(1_000_000, 5, Instant::now());
        assert_eq!(schedule.tick(1, &stop).count(), 0);
        assert_eq!(schedule.due.available_permits(), 0);
    }
}
