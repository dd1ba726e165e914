//! How a plan lies in its column: JSON of this crate's own, so that renaming a field of the domain
//! can't change what is stored. Names are short: there is one of these for each call.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tollgate_store::{CandidateRecord, GenerationRecord, RoutingRecord};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoutingRow<'a> {
    seed: u64,
    #[serde(borrow)]
    sort: Cow<'a, str>,
    #[serde(borrow)]
    candidates: Vec<CandidateRow<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CandidateRow<'a> {
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    #[serde(borrow)]
    place: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chance: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_token: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    throughput: Option<u32>,
}

impl<'a> RoutingRow<'a> {
    pub(crate) fn of(record: &'a RoutingRecord) -> Self {
        let candidate = |it: &'a CandidateRecord| CandidateRow {
            endpoint: (&*it.endpoint).into(),
            place: (&*it.place).into(),
            reason: it.reason.as_deref().map(Into::into),
            price: it.price_picos,
            chance: it.chance_millionths,
            first_token: it.first_token_ms,
            throughput: it.tokens_per_second,
        };
        Self {
            seed: record.seed,
            sort: (&*record.sort).into(),
            candidates: record.candidates.iter().map(candidate).collect(),
        }
    }

    pub(crate) fn into_record(self) -> RoutingRecord {
        let candidate = |it: CandidateRow<'_>| CandidateRecord {
            endpoint: it.endpoint.as_ref().into(),
            place: it.place.into_owned().into(),
            reason: it.reason.map(|reason| reason.into_owned().into()),
            price_picos: it.price,
            chance_millionths: it.chance,
            first_token_ms: it.first_token,
            tokens_per_second: it.throughput,
        };
        RoutingRecord {
            seed: self.seed,
            sort: self.sort.into_owned().into(),
            candidates: self.candidates.into_iter().map(candidate).collect(),
        }
    }
}

/// What is kept of why a call went where it went.
pub(crate) fn routing_text(record: &GenerationRecord) -> Option<String> {
    let row = RoutingRow::of(record.routing.as_deref()?);
    serde_json::to_string(&row).ok()
}
