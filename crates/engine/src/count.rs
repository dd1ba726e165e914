//! Counting the tokens of a conversation without holding it.

use tokio::time::timeout;
use tollgate_catalog::Endpoint;
use tollgate_providers::{Fault, Inbound};
use tollgate_routing::Plan;
use tollgate_wire::Call;

use crate::Installation;
use crate::engine::Engine;
use crate::reach::{Reach, unsupported, whole_body};

/// How many tokens a conversation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The prompt's tokens.
    pub tokens: u64,
    /// Whether they were estimated from the prompt's length, because no provider counted them.
    pub is_estimated: bool,
}

/// The count of the first endpoint whose provider counts, else an estimate.
pub(crate) async fn count(
    engine: &Engine,
    installation: &Installation,
    call: &Call,
    plan: &Plan,
) -> Count {
    for endpoint in plan.steps.iter().map(|step| &step.endpoint) {
        match count_at(engine, installation, call, endpoint).await {
            Ok(Some(tokens)) => return Count { tokens, is_estimated: false },
            Ok(None) => {}
            Err(fault) => {
                let fault = installation.without_secret(endpoint, fault);
                tracing::info!(
                    endpoint.id = endpoint.id.as_str(),
                    fault = fault.kind.as_str(),
                    status = fault.status,
                    "tokens could not be counted"
                );
            }
        }
    }
    Count { tokens: call.survey().tokens_estimated(), is_estimated: true }
}

/// `None` where the endpoint's protocol does not count.
async fn count_at(
    engine: &Engine,
    installation: &Installation,
    call: &Call,
    endpoint: &Endpoint,
) -> Result<Option<u64>, Fault> {
    let patience = engine.config().first_byte_timeout;
    let reach = Reach::to(engine, installation, endpoint, patience).await?;
    let Some(counter) = reach.adapter.counter() else { return Ok(None) };
    let inbound = Inbound { call, target: reach.target(), end_user: None, now: reach.now };
    let response = reach.send(counter.encode(&inbound)).await?;
    let body = timeout(patience, whole_body(engine, response.into_body())).await;
    let body = body.map_err(|_| unsupported("it did not count in time"))??;
    counter.count(&body).map(Some)
}
