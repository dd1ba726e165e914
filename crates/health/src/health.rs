//! One endpoint's health: where observations go in and standings come out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tollgate_types::Timestamp;

use crate::breaker::{Breaker, BreakerPolicy, Circuit};
use crate::cooling::Cooling;
use crate::headroom::{Headroom, LastHeadroom};
use crate::history::{OutcomeCounts, QuarterHour};
use crate::outcome::{FailureKind, Outcome};
use crate::percentiles::Measurements;
use crate::quality::{Comparison, QUALITY_REQUESTS_MIN};
use crate::report::Report;
use crate::standing::Standing;
use crate::tally::Tally;

/// What is known of one endpoint, shared by all who call it. It takes 10 kB, and 43 kB more once its
/// speed has been measured.
#[derive(Debug)]
pub struct Health {
    breaker: Breaker,
    /// The last failure's kind: its place among all, from 1; 0 when there was none.
    last_failure: AtomicU8,
    tally: Tally,
    cooling: Cooling,
    headroom: LastHeadroom,
    first_token_millis: Measurements,
    /// Tokens per thousand seconds: thousandths of a token per second.
    throughput: Measurements,
    comparison: Comparison,
    in_flight: AtomicU32,
}

/// What is kept, in what is told.
const MILLIS: f64 = 1.0;
const THOUSANDTHS: f64 = 1_000.0;
/// Tokens per millisecond in thousandths of a token per second.
const THOUSANDTHS_PER_TOKEN_AND_MILLISECOND: u128 = 1_000_000;

impl Default for Health {
    fn default() -> Self {
        Self::new(BreakerPolicy::default())
    }
}

impl Health {
    /// The health of an endpoint of which nothing is known.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            breaker: Breaker::new(policy),
            last_failure: AtomicU8::new(0),
            tally: Tally::default(),
            cooling: Cooling::default(),
            headroom: LastHeadroom::default(),
            first_token_millis: Measurements::default(),
            throughput: Measurements::default(),
            comparison: Comparison::default(),
            in_flight: AtomicU32::new(0),
        }
    }

    /// An attempt begins; it is in flight until the guard is dropped.
    #[must_use = "the attempt is in flight for as long as this is kept"]
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight { health: Arc::clone(self) }
    }

    /// An attempt has ended. Once for each, whoever made it.
    pub fn observe(&self, outcome: Outcome, now: Timestamp) {
        self.tally.observe(outcome, now);
        match outcome {
            Outcome::Success => {
                self.breaker.succeeded(now);
                self.cooling.succeeded();
            }
            Outcome::Failure(kind) => {
                self.last_failure.store(kind.place(), Relaxed);
                self.breaker.failed(&self.tally.recent, now);
            }
            Outcome::RateLimited { retry_after } => {
                self.cooling.refused(retry_after, now);
                self.breaker.passed(now);
            }
            Outcome::Callers => self.breaker.passed(now),
        }
        self.first_token_millis.refresh(now);
        self.throughput.refresh(now);
        self.comparison.refresh(now, || self.compared_throughput(now));
    }

    /// What was observed since this was last asked, by the quarter of an hour in which it was: this
    /// one and the one before. For whoever keeps it: asked at least once in a quarter, everything is
    /// told once and under its own.
    pub fn take_unwritten(&self, now: Timestamp) -> [(QuarterHour, OutcomeCounts); 2] {
        self.tally.take_unwritten(now)
    }

    /// Counts what was observed in a quarter of an hour by somebody who is no more into the uptime of
    /// the day, and its tier. What is older than that, or still to come, is passed over; and it says
    /// nothing of how the endpoint is now.
    pub fn recall(&self, quarter: QuarterHour, counts: &OutcomeCounts, now: Timestamp) {
        self.tally.recall(quarter, counts, now);
    }

    /// An answer that called tools has ended: whether every call was one that the tools of its
    /// request permit (contract §5.4).
    pub fn tool_calls(&self, are_permitted: bool, now: Timestamp) {
        self.comparison.tool_calls(are_permitted, now);
    }

    /// The median of 30 minutes in thousandths, when enough requests stand behind it.
    fn compared_throughput(&self, now: Timestamp) -> Option<u32> {
        let counts = self.tally.half_hour(now);
        let is_enough = counts.successes.saturating_add(counts.failures) >= QUALITY_REQUESTS_MIN;
        is_enough.then(|| self.throughput.half_hour_median(now))?
    }

    /// The first token came so long after the request was sent (contract §6.7).
    pub fn first_token(&self, after: Duration, now: Timestamp) {
        self.first_token_millis.add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX), now);
    }

    /// So many tokens were written within so long. Contract §6.7 counts the time from the request
    /// to the end of the stream; it is for the caller to measure. No tokens or no time is no
    /// measurement.
    pub fn generated(&self, tokens: u64, during: Duration, now: Timestamp) {
        let thousandths = u128::from(tokens)
            .saturating_mul(THOUSANDTHS_PER_TOKEN_AND_MILLISECOND)
            .checked_div(during.as_millis());
        if let Some(thousandths) = thousandths.filter(|_| tokens > 0) {
            self.throughput.add(u64::try_from(thousandths).unwrap_or(u64::MAX), now);
        }
    }

    /// The provider says what is left of its rate limits; see [`Headroom::read`].
    pub fn headroom(&self, headroom: Headroom, now: Timestamp) {
        self.headroom.keep(headroom, now);
    }

    /// Whether a call may go to the endpoint: always while the circuit is closed, never while it is
    /// open. While it is half open one caller gets the probe, and nobody else until
    /// that call is observed or has taken too long ([`BreakerPolicy::probe_timeout`]).
    pub fn try_probe(&self, now: Timestamp) -> bool {
        self.breaker.try_probe(now)
    }

    /// How an endpoint that [was granted](Self::try_probe) answered somebody who was no caller:
    /// whether it is well, or `None` where that does not show. It moves the circuit and is in no
    /// uptime, which is about calls (contract §6.7).
    pub fn probed(&self, is_well: Option<bool>, now: Timestamp) {
        match is_well {
            Some(true) => self.breaker.succeeded(now),
            // Somebody who did call has closed it meanwhile, and knows better.
            Some(false) if self.breaker.circuit(now) == Circuit::Closed => {}
            Some(false) => self.breaker.failed(&self.tally.recent, now),
            None => self.breaker.passed(now),
        }
    }

    /// How it failed last; `None` when it never did.
    pub fn last_failure(&self) -> Option<FailureKind> {
        let place = self.last_failure.load(Relaxed);
        FailureKind::ALL.into_iter().find(|it| it.place() == place)
    }

    /// What a plan needs to know: a handful of atomic loads, no allocation.
    ///
    /// Its percentiles were worked out when something was observed last, at most once a second (its
    /// quality once in ten): of
    /// measurements that came within one second the later ones are told with the next observation.
    pub fn standing(&self, now: Timestamp) -> Standing {
        Standing {
            stable: self.tally.is_stable(now),
            circuit: self.breaker.circuit(now),
            cooling_until: self.cooling.until(now),
            tier: self.tally.tier(now),
            first_token_ms: self.first_token_millis.latest(now, MILLIS),
            tokens_per_second: self.throughput.latest(now, THOUSANDTHS),
            quality: self.comparison.latest(now),
            in_flight: self.in_flight.load(Relaxed),
            requests_left: self.headroom.holding(now).requests_left,
        }
    }

    /// All of it, for people and metrics: some microseconds.
    pub fn report(&self, now: Timestamp) -> Report {
        self.first_token_millis.work_out(now);
        self.throughput.work_out(now);
        self.comparison.work_out(now, self.compared_throughput(now));
        let standing = self.standing(now);
        let five_minutes = self.tally.five_minutes(now);
        let half_hour = self.tally.half_hour(now);
        let day = self.tally.day(now);
        Report {
            status: standing.status(),
            standing,
            uptime_5m: five_minutes.uptime(),
            uptime_30m: half_hour.uptime(),
            uptime_1d: day.uptime(),
            latency_30m: self.first_token_millis.half_hour(now, MILLIS),
            throughput_30m: self.throughput.half_hour(now, THOUSANDTHS),
            last_5m: five_minutes,
            last_30m: half_hour,
            last_1d: day,
            failures: self.tally.kinds(now),
            tool_calls_2h: self.comparison.counts(now),
            headroom: self.headroom.holding(now),
        }
    }
}

/// An attempt that has begun and not ended.
#[derive(Debug)]
pub struct InFlight {
    health: Arc<Health>,
}

impl InFlight {
    /// The endpoint it is at.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.health.in_flight.fetch_sub(1, Relaxed);
    }
}
