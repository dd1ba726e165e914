//! Asking endpoints that fail whether they are well again, so that no caller has to try.
//!
//! What is asked costs nothing: it is what tells whether address and credential are right
//! ([`Adapter::probe`](tollgate_providers::Adapter::probe)). Its answer says whether an endpoint can
//! be reached and takes the key, so only endpoints are asked that failed for one of these reasons.
//! Whether one that breaks or is overloaded works again is for a call to find out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::timeout;
use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_health::{Circuit, FailureKind, Health, Outcome};
use tollgate_providers::{Fault, FaultKind};
use tollgate_types::ProviderSlug;

use crate::{Engine, Inquiry, Installation, vitals};

/// How many are asked at a time.
const AT_ONCE: usize = 8;
/// How long one may take. A probe that a circuit has granted is taken for lost after 30 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// Endpoints that are asked with one request: they have a provider and a protocol in common.
struct Asked {
    endpoint: Arc<Endpoint>,
    told: Vec<(EndpointId, Arc<Health>)>,
}

impl Engine {
    /// Asks the endpoints that may be tried after failures whether they are well again, each
    /// provider once. An endpoint whose circuit stays open for a while yet is not asked: a circuit
    /// that probes open again waits longer each time.
    ///
    /// Cancel safe: what was asked and not answered is lost, and asked again later.
    pub async fn probe(&self) {
        let installation = self.installation();
        stream::iter(self.ailing(&installation))
            .for_each_concurrent(AT_ONCE, |asked| self.ask(&installation, asked))
            .await;
    }

    /// How long to wait until the next round: a quarter more or less than `interval`, so that
    /// several gateways don't ask at one moment.
    pub fn probe_pause(&self, interval: Duration) -> Duration {
        let mut random = [0];
        // Without entropy they may.
        let random = self.entropy().fill(&mut random).map_or(128, |()| random[0]);
        interval * 3 / 4 + interval / 512 * u32::from(random)
    }

    fn ailing(&self, installation: &Installation) -> Vec<Asked> {
        let (vitals, now) = (self.vitals(), self.now());
        let mut asked: HashMap<(&ProviderSlug, &str), Asked> = HashMap::new();
        for endpoint in installation.routable().all_endpoints() {
            let Some(health) = vitals.called(&endpoint.id) else { continue };
            if endpoint.provider.builtin
                || health.standing(now).circuit != Circuit::HalfOpen
                || !health.last_failure().is_some_and(shows)
                || !health.try_probe(now)
            {
                continue;
            }
            let place = (&endpoint.provider.slug, endpoint.protocol.as_str());
            let first = || Asked { endpoint: Arc::clone(endpoint), told: Vec::new() };
            let told = &mut asked.entry(place).or_insert_with(first).told;
            told.push((endpoint.id.clone(), Arc::clone(health)));
        }
        asked.into_values().collect()
    }

    async fn ask(&self, installation: &Installation, asked: Asked) {
        let Asked { endpoint, told } = asked;
        let answer = timeout(PATIENCE, self.answer(installation, &endpoint)).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::new(FaultKind::Timeout)));
        let is_well = verdict(&answer);
        let outcome = match is_well {
            Some(true) => "success",
            Some(false) => "failure",
            None => "none",
        };
        let now = self.now();
        for (id, health) in told {
            health.probed(is_well, now);
            self.metrics().probed(&id, outcome);
        }
    }

    async fn answer(&self, installation: &Installation, endpoint: &Endpoint) -> Result<(), Fault> {
        let no_key = || Fault::new(FaultKind::Unsupported);
        let access = installation.access_of(endpoint).ok_or_else(no_key)?;
        let (provider, protocol) = (endpoint.provider.as_ref(), endpoint.protocol.as_str());
        let inquiry = Inquiry { provider, protocol, access, patience: PATIENCE };
        let response = inquiry.ask(self.upstream(), self.now()).await.map_err(|it| it.fault)?;
        self.drain(response.into_body());
        Ok(())
    }
}

/// Whether an answer to a probe shows that a failure of this kind is over.
const fn shows(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Credential | FailureKind::Timeout | FailureKind::Unreachable => true,
        FailureKind::Payment
        | FailureKind::ModelMissing
        | FailureKind::Broken
        | FailureKind::Truncated
        | FailureKind::Empty
        | FailureKind::Overloaded => false,
    }
}

/// Whether who answered so is well.
fn verdict(answer: &Result<(), Fault>) -> Option<bool> {
    let Err(fault) = answer else { return Some(true) };
    match vitals::outcome(fault) {
        // Some have no such path: that says nothing of the model's own.
        Outcome::Failure(FailureKind::ModelMissing)
        | Outcome::RateLimited { .. }
        | Outcome::Callers => None,
        Outcome::Failure(_) => Some(false),
        Outcome::Success => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_speaks_of_the_endpoint_is_a_verdict() {
        for (answer, expected) in [
            (Ok(()), Some(true)),
            (Err(FaultKind::Unreachable), Some(false)),
            (Err(FaultKind::Timeout), Some(false)),
            (Err(FaultKind::Credential), Some(false)),
            (Err(FaultKind::Broken), Some(false)),
            (Err(FaultKind::Overloaded), Some(false)),
            (Err(FaultKind::ModelMissing), None),
            (Err(FaultKind::RateLimited), None),
            (Err(FaultKind::Unsupported), None),
        ] {
            assert_eq!(verdict(&answer.map_err(Fault::new)), expected, "{answer:?}");
        }
    }
}
