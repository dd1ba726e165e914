//! Starting another endpoint when one is slower than it usually is.
//!
//! For callers who ask (`provider.hedge`). Whichever speaks first answers; the others are cancelled.
//! Only the one that answers is billed. When one fails the next is started at once, whoever else is
//! under way.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;
use tollgate_catalog::Endpoint;
use tollgate_health::Percentiles;
use tollgate_providers::Fault;

use crate::asked::Asked;
use crate::attempt::{At, Attempt};
use crate::run::Run;

/// What came of the endpoints that were tried beside each other.
pub(crate) struct Raced<T> {
    ended: Vec<(usize, Attempt, Result<T, Fault>)>,
    overtaken: Vec<(usize, Attempt)>,
}

/// How long an endpoint is waited for of which nothing was measured.
const UNMEASURED: Duration = Duration::from_secs(2);
/// The same where its answer comes whole.
const UNMEASURED_WHOLE: Duration = Duration::from_secs(5);
/// How many may be under way at once.
const UNDER_WAY_MAX: usize = 3;

/// Tries the endpoints of a round until one answers: the next one is started when the last is late,
/// or one fails.
pub(crate) async fn race<C: Asked, T>(run: &Run<C>, round: u32, at: At<C, T>) -> Raced<T> {
    let mut due = VecDeque::from(run.due(round));
    let mut left_alone = due.len();
    let mut under_way = Vec::new();
    let mut raced = Raced { ended: Vec::new(), overtaken: Vec::new() };
    let mut newest = 0;
    loop {
        if under_way.len() < UNDER_WAY_MAX
            && let Some(index) = due.pop_front()
            && let Some(endpoint) = run.endpoint(index)
        {
            // Somebody else is finding out whether it is back: tried when all else has failed.
            if left_alone > 0 && !run.may_try(index) {
                left_alone -= 1;
                due.push_back(index);
                continue;
            }
            if !run.may_ask(endpoint) {
                run.leaves_untried(index, left_alone > 0);
                continue;
            }
            newest = index;
            under_way.push((index, Attempt::begin(run, endpoint), at(run, endpoint)));
        }
        if under_way.is_empty() {
            return raced;
        }
        let may_start = !due.is_empty() && under_way.len() < UNDER_WAY_MAX;
        let next = poll_fn(|context| {
            let mut polled = under_way.iter_mut().enumerate();
            let ended = polled.find_map(|(place, (_, attempt, trying))| {
                match attempt.poll(trying.as_mut(), context) {
                    Poll::Ready(result) => Some((place, result)),
                    Poll::Pending => None,
                }
            });
            ended.map_or(Poll::Pending, Poll::Ready)
        });
        let (place, result) = tokio::select! {
            biased;
            ended = next => ended,
            () = sleep(usual(run, newest)), if may_start => continue,
        };
        let (index, attempt, _) = under_way.swap_remove(place);
        let is_answer = result.is_ok();
        raced.ended.push((index, attempt, result));
        if is_answer {
            let others = under_way.drain(..);
            raced.overtaken = others.map(|(index, attempt, _)| (index, attempt)).collect();
            return raced;
        }
    }
}

/// How long the endpoint may take before another is started: what it has taken to its first word
/// for all but one of twenty calls, by its percentiles; for an answer that comes whole, what it
/// takes to write one besides.
fn usual<C: Asked>(run: &Run<C>, index: usize) -> Duration {
    let is_streamed = run.call.params().stream;
    let unmeasured = if is_streamed { UNMEASURED } else { UNMEASURED_WHOLE };
    let Some(step) = run.plan.steps.get(index) else { return unmeasured };
    let Some(first_token) = step.standing.first_token_ms else { return unmeasured };
    let mut seconds = ninety_fifth(&first_token) / 1_000.0;
    if !is_streamed {
        let Some(throughput) = step.standing.tokens_per_second else { return unmeasured };
        let tokens = u32::try_from(run.shape.answer_tokens()).unwrap_or(u32::MAX);
        seconds += f64::from(tokens) / throughput.p50;
    }
    Duration::try_from_secs_f64(seconds).unwrap_or(unmeasured)
}

/// Half-way between the ninetieth and the ninety-ninth.
fn ninety_fifth(measured: &Percentiles) -> f64 {
    f64::midpoint(measured.p90, measured.p99)
}

impl<T> Raced<T> {
    /// Writes down what came of it, and returns the answer if there is one.
    pub(crate) fn conclude<C: Asked>(self, run: &mut Run<C>) -> Option<(Arc<Endpoint>, T)> {
        let (answers, failures): (Vec<_>, Vec<_>) =
            self.ended.into_iter().partition(|(_, _, result)| result.is_ok());
        for (index, attempt, result) in failures {
            let Some(endpoint) = run.endpoint(index).cloned() else { continue };
            if let Err(fault) = attempt.end(run, &endpoint, result) {
                run.faults.push((index, endpoint.provider.name.clone(), fault));
            }
        }
        for (index, attempt) in self.overtaken {
            if let Some(endpoint) = run.endpoint(index).cloned() {
                attempt.overtaken(run, &endpoint);
            }
        }
        let (index, attempt, result) = answers.into_iter().next()?;
        let endpoint = run.endpoint(index).cloned()?;
        let value = attempt.end(run, &endpoint, result).ok()?;
        Some((endpoint, value))
    }
}
