//! Starting a second endpoint when the first is slower than it usually is.
//!
//! For callers who ask (`provider.hedge`). Whichever speaks first answers; the other is cancelled.
//! Only the one that answers is billed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tollgate_catalog::Endpoint;
use tollgate_health::Percentiles;
use tollgate_providers::Fault;

use crate::asked::Asked;
use crate::attempt::Attempt;
use crate::run::Run;

/// What came of an endpoint, and of another that was started beside it.
pub(crate) struct Raced<T> {
    /// The place in the plan of the other, if one was started.
    pub(crate) hedged: Option<usize>,
    ended: Vec<(usize, Attempt, Result<T, Fault>)>,
    overtaken: Option<(usize, Attempt)>,
}

/// How long an endpoint is waited for of which nothing was measured.
const UNMEASURED: Duration = Duration::from_secs(2);

/// Tries one endpoint, and beside it the next one of the plan if the call is hedged and the first is
/// late.
pub(crate) async fn race<C: Asked, T>(
    run: &Run<C>,
    index: usize,
    at: &impl AsyncFn(&Run<C>, &Arc<Endpoint>) -> Result<T, Fault>,
) -> Raced<T> {
    let Some(endpoint) = run.endpoint(index) else { return Raced::nothing() };
    if let Some(other) = run.endpoint(index + 1).filter(|_| run.hedges) {
        // Seldom, and twice as large: kept out of the future of every call.
        return Box::pin(both(run, index, [endpoint, other], at)).await;
    }
    let attempt = Attempt::begin(run, endpoint);
    Raced::of(index, attempt, at(run, endpoint).await)
}

async fn both<C: Asked, T>(
    run: &Run<C>,
    index: usize,
    [endpoint, other]: [&Arc<Endpoint>; 2],
    at: &impl AsyncFn(&Run<C>, &Arc<Endpoint>) -> Result<T, Fault>,
) -> Raced<T> {
    let first = Attempt::begin(run, endpoint);
    let mut one = std::pin::pin!(at(run, endpoint));
    tokio::select! {
        biased;
        result = &mut one => return Raced::of(index, first, result),
        () = sleep(usual(run, index)) => {}
    }
    let next = index + 1;
    let second = Attempt::begin(run, other);
    let mut two = std::pin::pin!(at(run, other));
    let mut raced = Raced { hedged: Some(next), ..Raced::nothing() };
    tokio::select! {
        biased;
        result = &mut one => {
            let is_answer = result.is_ok();
            raced.ended.push((index, first, result));
            if is_answer {
                raced.overtaken = Some((next, second));
            } else {
                raced.ended.push((next, second, two.await));
            }
        }
        result = &mut two => {
            let is_answer = result.is_ok();
            raced.ended.push((next, second, result));
            if is_answer {
                raced.overtaken = Some((index, first));
            } else {
                raced.ended.push((index, first, one.await));
            }
        }
    }
    raced
}

/// How long the endpoint may take to its first word before another is started: what it has taken
/// for all but one of twenty calls, by its percentiles.
fn usual<C: Asked>(run: &Run<C>, index: usize) -> Duration {
    let measured = run.plan.steps.get(index).and_then(|step| step.standing.first_token_ms);
    let seconds = measured.map(|it| ninety_fifth(&it) / 1_000.0);
    let told = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
    told.unwrap_or(UNMEASURED)
}

/// Half-way between the ninetieth and the ninety-ninth.
fn ninety_fifth(measured: &Percentiles) -> f64 {
    f64::midpoint(measured.p90, measured.p99)
}

impl<T> Raced<T> {
    const fn nothing() -> Self {
        Self { hedged: None, ended: Vec::new(), overtaken: None }
    }

    fn of(index: usize, attempt: Attempt, result: Result<T, Fault>) -> Self {
        Self { ended: vec![(index, attempt, result)], ..Self::nothing() }
    }

    /// Writes down what came of it, and returns the answer if there is one.
    pub(crate) fn conclude<C: Asked>(self, run: &mut Run<C>) -> Option<(Arc<Endpoint>, T)> {
        if let Some((index, attempt)) = self.overtaken
            && let Some(endpoint) = run.endpoint(index).cloned()
        {
            attempt.overtaken(run, &endpoint);
        }
        let mut answer = None;
        for (index, attempt, result) in self.ended {
            let Some(endpoint) = run.endpoint(index).cloned() else { continue };
            match attempt.end(run, &endpoint, result) {
                Ok(value) => answer = Some((endpoint, value)),
                Err(fault) => {
                    run.faults.push((index, endpoint.provider.name.clone(), fault));
                }
            }
        }
        answer
    }
}
