//! What records say of endpoints, all together.

use std::collections::HashMap;
use std::time::Duration;

use tollgate_store::GenerationRecord;
use tollgate_types::Usd;

/// How endpoints did in all records.
#[derive(Debug, Default)]
pub struct History {
    endpoints: HashMap<String, Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    answered: u32,
    failed: u32,
    /// Milliseconds, summed, and of how many.
    first_token_ms: u64,
    spoke: u64,
}

impl History {
    /// Adds what one record says.
    pub fn add(&mut self, record: &GenerationRecord) {
        for attempt in &record.attempts {
            let tally = self.endpoints.entry(attempt.endpoint.clone()).or_default();
            match attempt.fault.as_deref() {
                None => tally.answered = tally.answered.saturating_add(1),
                // What another endpoint overtook might have answered.
                Some("overtaken") => {}
                Some(_) => tally.failed = tally.failed.saturating_add(1),
            }
        }
        let first = record.attempts.first().filter(|it| it.fault.is_none());
        if let (Some(attempt), Some(latency)) =
            (first, record.latency_ms.filter(|_| record.streamed))
        {
            let tally = self.endpoints.entry(attempt.endpoint.clone()).or_default();
            tally.first_token_ms = tally.first_token_ms.saturating_add(latency);
            tally.spoke = tally.spoke.saturating_add(1);
        }
    }

    /// The chance that an endpoint answers a recorded call: what became of it, if it was tried,
    /// else how often it answered others. Of one that nobody tried the best is assumed.
    pub(super) fn chance(&self, record: &GenerationRecord, endpoint: &str) -> f64 {
        let fate = record.attempts.iter().rfind(|attempt| attempt.endpoint == endpoint);
        match fate.map(|attempt| attempt.fault.as_deref()) {
            Some(None) => return 1.0,
            Some(Some(fault)) if fault != "overtaken" => return 0.0,
            Some(Some(_)) | None => {}
        }
        let Some(tally) = self.endpoints.get(endpoint) else { return 1.0 };
        let all = tally.answered.saturating_add(tally.failed);
        if all == 0 { 1.0 } else { f64::from(tally.answered) / f64::from(all) }
    }

    /// An endpoint's mean time to the first token in milliseconds, of streams that nobody else was
    /// asked for.
    pub fn first_token_ms(&self, endpoint: &str) -> Option<u64> {
        let tally = self.endpoints.get(endpoint)?;
        tally.first_token_ms.checked_div(tally.spoke)
    }
}

/// An amount for a weighted sum: an estimate that nobody is billed by.
pub(super) fn float(amount: Usd) -> f64 {
    let nanos = u64::try_from(amount.nanos()).unwrap_or(0);
    Duration::from_nanos(nanos).as_secs_f64() * 1e9
}

/// The other way.
pub(super) fn amount(nanos: f64) -> Usd {
    let nanos = Duration::try_from_secs_f64(nanos / 1e9).unwrap_or_default().as_nanos();
    Usd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
