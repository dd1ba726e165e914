//! Why a call went where it went: the plan, as it was decided.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tollgate_types::Usd;

use crate::form;

/// The plan of a call: enough to say why, and to decide again.
///
/// Words are those of the planner; they are for people, and programs may compare them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RoutingRecord {
    /// What the draw depended on.
    pub seed: u64,
    /// What endpoints were sorted by: `balanced`, `price`, `throughput`, `latency` or `exacto`.
    pub sort: Cow<'static, str>,
    /// What the call needed and wanted.
    pub asked: AskedRecord,
    /// Every endpoint of every model asked for: those to be tried, in order, then those left out.
    pub candidates: Vec<CandidateRecord>,
    /// What the operator's rules made of it; absent when none matched.
    pub steered: Option<Box<SteeredRecord>>,
    /// The generation whose answer was told again, where it was: then nobody was asked (contract
    /// §6.4).
    #[serde(default)]
    pub cache_source: Option<Box<str>>,
}

/// What the operator's rules made of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SteeredRecord {
    /// The version of the stored rules; absent when only the configuration file had any.
    pub version: Option<u64>,
    /// The rules that matched, in order.
    pub rules: Vec<RuleRecord>,
    /// What they call the call.
    #[serde(with = "form")]
    pub labels: Vec<Arc<str>>,
    /// The arm of an experiment that it belonged to.
    pub arm: Option<ArmRecord>,
    /// The models that were asked one after the other or beside each other, where rules had
    /// several asked.
    pub stages: Vec<StageRecord>,
    /// Which part of those who were asked agreed, in millionths.
    pub confidence_millionths: Option<u32>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRecord {
    /// Its name.
    #[serde(with = "form")]
    pub rule: Arc<str>,
    /// What came of it, in words.
    pub what: Cow<'static, str>,
}

/// An arm of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// The rule with the split.
    #[serde(with = "form")]
    pub experiment: Arc<str>,
    /// The arm's name.
    #[serde(with = "form")]
    pub arm: Arc<str>,
}

/// A model that rules had asked for one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRecord {
    /// The model's name, as the rule has it.
    pub model: String,
    /// What came of it: `answered` for the one whose answer was told, else a phrase.
    pub outcome: String,
    /// What it cost.
    #[serde(with = "form")]
    pub cost: Usd,
}

/// One endpoint, as it looked when the call was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// The endpoint's id.
    #[serde(with = "form")]
    pub endpoint: Arc<str>,
    /// Why it stood where it did: `sticky`, `ordered`, `drawn`, `sorted` or `price`; `dropped` for
    /// one that was left out.
    pub place: Cow<'static, str>,
    /// Why it stood behind others or was left out, as a phrase that follows "it".
    pub reason: Option<Cow<'static, str>>,
    /// About what the call would have cost there, in pico-dollars.
    pub price_picos: Option<u64>,
    /// The chance that it had in a draw that fell on it, in millionths.
    pub chance_millionths: Option<u32>,
    /// Its median time to the first token, in milliseconds.
    pub first_token_ms: Option<u32>,
    /// Its median throughput, in tokens per second.
    pub tokens_per_second: Option<u32>,
}

/// Words of a vocabulary, of which a call has few.
pub type Words = SmallVec<[Cow<'static, str>; 2]>;

/// What a call needed of endpoints and wanted of routing: what it takes to decide again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AskedRecord {
    /// The names of models in the request, the primary first.
    pub models: Vec<String>,
    /// What the client spoke.
    pub dialect: Cow<'static, str>,
    /// How many messages the conversation had.
    pub messages: u64,
    /// What the prompt contained besides text.
    pub input: Words,
    /// What the answer had to contain.
    pub output: Words,
    /// Parameters sent, in the contract's vocabulary.
    pub parameters: Words,
    /// About how many tokens the prompt had.
    pub prompt_tokens: u64,
    /// Most tokens to generate, when the caller said.
    pub max_tokens: Option<u64>,
    /// The region that the call had to be processed in, if it had to be in one.
    pub region: Option<Box<str>>,
    /// The request's `provider` object, as it came.
    pub provider: Option<Box<str>>,
}
