//! The catalogue's data format: what the files under `catalog/` and an operator's configuration
//! say, before anything is checked or joined.
//!
//! Everything but a row's name is optional, because one and the same row either states a new thing
//! or changes a known one. An unknown key is an error everywhere.
//!
//! The build script includes this file, `vocabulary.rs` and `check.rs`, so none of them may use the
//! rest of the crate.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::vocabulary::{
    Auth, EffortLevel, MaxTokensField, Modality, OperationStyle, Prefill, Protocol, Rate,
    ReasoningField, ReasoningStyle, ServiceTier,
};

/// Rows to lay over a catalogue. The built-in catalogue is an overlay over nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    /// `[[provider]]` rows.
    #[serde(rename = "provider")]
    pub providers: Vec<ProviderEntry>,
    /// `[[model]]` rows.
    #[serde(rename = "model")]
    pub models: Vec<ModelEntry>,
    /// `[[endpoint]]` rows that stand beside the models rather than inside one.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<EndpointEntry>,
}

/// One `[[provider]]` row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderEntry {
    /// Name in routing preferences, e.g. `openai`.
    pub slug: String,
    /// Name for people, e.g. `OpenAI`.
    pub name: Option<String>,
    /// Other names this provider is known by.
    pub aliases: Option<Vec<String>>,
    /// How to talk to it.
    pub protocol: Option<Protocol>,
    /// Where it listens; `${NAME}` is filled from the environment or the configuration.
    pub base_url: Option<String>,
    /// Environment variables that usually hold its key, most usual first.
    pub env: Option<Vec<String>>,
    /// It sells other hosts' endpoints.
    pub reseller: Option<bool>,
    /// It runs on the operator's own machine and needs no key.
    pub local: Option<bool>,
    /// It is part of this program; its address is known at run time only.
    pub builtin: Option<bool>,
    /// Its documentation.
    pub doc: Option<String>,
    /// Where it processes requests, when that is one region, e.g. `eu`.
    pub region: Option<String>,
    /// Country of its seat, ISO 3166 alpha-2.
    pub headquarters: Option<String>,
    /// Countries of its data centres, ISO 3166 alpha-2.
    pub datacenters: Option<Vec<String>>,
    /// Its privacy policy.
    pub privacy_policy_url: Option<String>,
    /// Its terms of service.
    pub terms_of_service_url: Option<String>,
    /// Its status page.
    pub status_page_url: Option<String>,
    /// What it does with prompts.
    pub data_policy: Option<DataPolicy>,
    /// Where it departs from its protocol.
    pub quirks: Option<QuirksEntry>,
    /// The file this row came from, for messages.
    #[serde(skip)]
    pub origin: String,
}

/// What a provider does with prompts; absent is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataPolicy {
    /// It trains on prompts.
    pub training: Option<bool>,
    /// It keeps prompts after the answer.
    pub retains_prompts: Option<bool>,
    /// For how many days it keeps them.
    pub retention_days: Option<u32>,
}

/// The quirks a row states; what it leaves out keeps its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuirksEntry {
    /// The parameter that bounds the length of an answer.
    pub max_tokens_field: Option<MaxTokensField>,
    /// The message field that carries earlier reasoning back to it.
    pub reasoning_field: Option<ReasoningField>,
    /// How a caller's wish for reasoning is put to it.
    pub reasoning_style: Option<ReasoningStyle>,
    /// The levels of effort that models know there whose names don't tell.
    pub efforts: Option<Vec<EffortLevel>>,
    /// How it is told to go on with the assistant's last message.
    pub prefill: Option<Prefill>,
    /// Whose form requests have that are not conversations.
    pub operation_style: Option<OperationStyle>,
    /// Parameters it refuses.
    pub drop_params: Option<Vec<String>>,
    /// It understands `stream_options.include_usage`.
    pub stream_options: Option<bool>,
    /// It understands the `developer` role.
    pub developer_role: Option<bool>,
    /// It takes `response_format` with a JSON schema.
    pub structured_outputs: Option<bool>,
    /// It fetches images by address.
    pub takes_image_urls: Option<bool>,
    /// It fetches documents by address.
    pub takes_file_urls: Option<bool>,
    /// Where the key goes.
    pub auth: Option<Auth>,
    /// Headers it wants with every request.
    pub extra_headers: Option<BTreeMap<String, String>>,
}

/// One `[[model]]` row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelEntry {
    /// Public name, `author/model`.
    pub id: String,
    /// Permanent, usually dated name; the id when absent.
    pub canonical_slug: Option<String>,
    /// The model this one is a moving name for; it is then served by that model's endpoints.
    pub alias_target: Option<String>,
    /// Other names.
    pub aliases: Option<Vec<String>>,
    /// Name for people; the id when absent.
    pub name: Option<String>,
    /// A sentence or two.
    pub description: Option<String>,
    /// When it was published, Unix seconds.
    pub created: Option<i64>,
    /// Most tokens of prompt and answer together.
    pub context_length: Option<u64>,
    /// Most tokens of an answer.
    pub max_output: Option<u64>,
    /// What it reads; text when absent.
    pub input: Option<Vec<Modality>>,
    /// What it writes; text when absent.
    pub output: Option<Vec<Modality>>,
    /// Family of its tokenizer, e.g. `GPT`; `Other` when absent.
    pub tokenizer: Option<String>,
    /// Prompt template, e.g. `chatml`.
    pub instruct_type: Option<String>,
    /// Its weights on Hugging Face.
    pub hugging_face_id: Option<String>,
    /// Last day of its training data, `YYYY-MM-DD`.
    pub knowledge_cutoff: Option<String>,
    /// Day it goes away, `YYYY-MM-DD`.
    pub expiration_date: Option<String>,
    /// The author screens prompts.
    pub is_moderated: Option<bool>,
    /// The author permits to train other models on the answers.
    pub distillable: Option<bool>,
    /// How good it is at code, from 0 to 1, as far as the operator knows.
    pub coding_score: Option<f64>,
    /// Request parameters it takes; all usual ones when absent.
    pub supported_parameters: Option<Vec<String>>,
    /// Sampling parameters its author recommends.
    pub default_parameters: Option<DefaultParameters>,
    /// Who serves it.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<EndpointEntry>,
    /// The file this row came from, for messages.
    #[serde(skip)]
    pub origin: String,
}

/// Sampling parameters an author recommends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultParameters {
    /// `temperature`.
    pub temperature: Option<f64>,
    /// `top_p`.
    pub top_p: Option<f64>,
    /// `top_k`.
    pub top_k: Option<u64>,
    /// `frequency_penalty`.
    pub frequency_penalty: Option<f64>,
    /// `presence_penalty`.
    pub presence_penalty: Option<f64>,
    /// `repetition_penalty`.
    pub repetition_penalty: Option<f64>,
}

/// One `[[model.endpoint]]` or `[[endpoint]]` row: a model at a provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointEntry {
    /// The model's id; absent inside a `[[model]]` row.
    pub model: Option<String>,
    /// The provider's slug.
    pub provider: String,
    /// Tells two endpoints of one provider apart, e.g. `fp8`.
    pub suffix: Option<String>,
    /// The provider's name for the model; the model's own when absent.
    pub upstream_model: Option<String>,
    /// The protocol for this model, where the provider has several.
    pub protocol: Option<Protocol>,
    /// Where it processes requests, e.g. `eu`; the provider's region when absent.
    pub region: Option<String>,
    /// Precision of the weights, e.g. `fp8`.
    pub quantization: Option<String>,
    /// The model's when absent.
    pub context_length: Option<u64>,
    /// The model's when absent.
    pub max_output: Option<u64>,
    /// The model's when absent.
    pub input: Option<Vec<Modality>>,
    /// The model's when absent.
    pub output: Option<Vec<Modality>>,
    /// The model's when absent.
    pub supported_parameters: Option<Vec<String>>,
    /// Parameters it takes beyond these.
    pub with_parameters: Option<Vec<String>>,
    /// Parameters it does not take of these.
    pub without_parameters: Option<Vec<String>>,
    /// What it costs; absent is unpriced, which is not free.
    pub price: Option<PriceEntry>,
    /// The service tiers that the provider sells this model in beside the ordinary one, each an
    /// endpoint of its own with the tier's name behind the suffix; an empty table is none.
    pub service_tiers: Option<BTreeMap<ServiceTier, ServiceTierEntry>>,
}

/// What a service tier costs: a text, which is how many times the ordinary price, or a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServiceTierEntry {
    /// How many times the ordinary price of tokens, a decimal number. Prices stated beside it
    /// replace what comes of it.
    pub times: Option<String>,
    /// The prices that differ from that; all of them without `times`.
    #[serde(flatten)]
    pub price: PriceEntry,
}

impl<'de> Deserialize<'de> for ServiceTierEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = ServiceTierEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("how many times the ordinary price, such as \"2\", or a table of prices")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(ServiceTierEntry { times: Some(text.to_owned()), ..ServiceTierEntry::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Table {
            times: Option<String>,
            #[serde(flatten)]
            price: PriceEntry,
        }
        let Table { times, price } = Table::deserialize(MapAccessDeserializer::new(table))?;
        Ok(ServiceTierEntry { times, price })
    }
}

/// A price: decimal strings in US dollars, per million tokens or per piece (see [`Rate`]).
///
/// A model that writes text has an `input` and an `output`; any other has at least one price.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PriceEntry {
    /// The prices that hold unless a tier or a window says otherwise.
    #[serde(flatten)]
    pub rates: RateTexts,
    /// Prices for long prompts.
    pub tiers: Vec<TierEntry>,
    /// Prices for hours of the day.
    pub windows: Vec<WindowEntry>,
    /// Says that a price of zero is meant.
    pub free: bool,
    /// Where the price comes from.
    pub source: Option<String>,
    /// The day it was read there, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// What was concluded rather than read.
    pub note: Option<String>,
}

/// Prices that replace the base ones for prompts of more than `above` tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierEntry {
    /// Strictly more prompt tokens than this.
    pub above: u64,
    /// The prices that differ.
    #[serde(flatten)]
    pub rates: RateTexts,
}

/// Prices that replace the others from `utc_start` until just before `utc_end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEntry {
    /// `HHMM` in UTC.
    pub utc_start: String,
    /// `HHMM` in UTC; earlier than the start when the window spans midnight.
    pub utc_end: String,
    /// The prices that differ.
    #[serde(flatten)]
    pub rates: RateTexts,
}

/// Decimal texts by what they are the price of. As the key is an enum, a misspelt one is refused.
pub type RateTexts = BTreeMap<Rate, String>;
