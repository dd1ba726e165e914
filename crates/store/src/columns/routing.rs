//! How a plan lies in its column: JSON of a form of its own, so that renaming a field of the domain
//! can't change what is stored. Names are short: there is one of these for each call.

use std::borrow::Cow;

use super::steered::SteeredRow;
use crate::{AskedRecord, CandidateRecord, GenerationRecord, RoutingRecord};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct RoutingRow<'a> {
    seed: u64,
    #[serde(borrow)]
    sort: Cow<'a, str>,
    #[serde(borrow, default)]
    asked: AskedRow<'a>,
    #[serde(borrow)]
    candidates: Vec<CandidateRow<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    steered: Option<SteeredRow<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    cache_source: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct AskedRow<'a> {
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    models: Vec<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    dialect: Cow<'a, str>,
    messages: u64,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    input: Vec<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    output: Vec<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Cow<'a, str>>,
    prompt_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    provider: Option<Cow<'a, str>>,
}

impl<'a> AskedRow<'a> {
    fn of(record: &'a AskedRecord) -> Self {
        let words =
            |words: &'a [Cow<'static, str>]| words.iter().map(|it| (&**it).into()).collect();
        Self {
            models: record.models.iter().map(Into::into).collect(),
            dialect: (&*record.dialect).into(),
            messages: record.messages,
            input: words(&record.input),
            output: words(&record.output),
            parameters: words(&record.parameters),
            prompt_tokens: record.prompt_tokens,
            max_tokens: record.max_tokens,
            region: record.region.as_deref().map(Into::into),
            provider: record.provider.as_deref().map(Into::into),
        }
    }

    fn into_record(self) -> AskedRecord {
        let words = |words: Vec<Cow<'_, str>>| {
            words.into_iter().map(|it| Cow::Owned(it.into_owned())).collect()
        };
        AskedRecord {
            models: self.models.into_iter().map(Cow::into_owned).collect(),
            dialect: self.dialect.into_owned().into(),
            messages: self.messages,
            input: words(self.input),
            output: words(self.output),
            parameters: words(self.parameters),
            prompt_tokens: self.prompt_tokens,
            max_tokens: self.max_tokens,
            region: self.region.map(|it| it.into_owned().into()),
            provider: self.provider.map(|it| it.into_owned().into()),
        }
    }
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
    fn of(record: &'a RoutingRecord) -> Self {
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
            asked: AskedRow::of(&record.asked),
            candidates: record.candidates.iter().map(candidate).collect(),
            steered: record.steered.as_deref().map(SteeredRow::of),
            cache_source: record.cache_source.as_deref().map(Into::into),
        }
    }

    fn into_record(self) -> RoutingRecord {
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
            asked: self.asked.into_record(),
            candidates: self.candidates.into_iter().map(candidate).collect(),
            steered: self.steered.map(|row| Box::new(row.into_record())),
            cache_source: self.cache_source.map(|it| it.into_owned().into()),
        }
    }
}

/// What is kept of why a call went where it went; nothing where it did not say.
pub fn routing_text(record: &GenerationRecord) -> Option<String> {
    let row = RoutingRow::of(record.routing.as_deref()?);
    serde_json::to_string(&row).ok()
}

/// Why a call went where it went; a text that can't be read is none.
pub fn routing_record(text: &str) -> Option<RoutingRecord> {
    serde_json::from_str::<RoutingRow<'_>>(text).ok().map(RoutingRow::into_record)
}
