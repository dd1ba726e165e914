//! What the provider sends, as far as it is read.
//!
//! Unknown fields are ignored and every field may be absent or null: providers that imitate the
//! protocol leave out whatever they don't have. An event is one flat object because a type per
//! event would make the parser buffer each of them before it knows its type.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::counts::{report, said};

/// One event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// For `message_start`.
    pub(super) message: Option<Message>,
    /// For `content_block_start`.
    pub(super) content_block: Option<ContentBlock>,
    /// For `content_block_delta` and `message_delta`.
    pub(super) delta: Option<Delta>,
    /// For `message_delta`.
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
}

/// A message: whole, or as it begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Option<String>,
    pub(super) content: Option<Vec<ContentBlock>>,
    pub(super) stop_reason: Option<String>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
}

/// Why the model stopped.
#[derive(Debug, Default)]
pub(super) struct Stop {
    /// The provider's word.
    pub(super) reason: Option<String>,
    /// The caller's stop sequence that was met.
    pub(super) sequence: Option<String>,
    /// Why it refused.
    pub(super) details: Option<StopDetails>,
}

/// Why a request was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StopDetails {
    pub(super) explanation: Option<String>,
}

/// A block: whole, or as it begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContentBlock {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) text: Option<String>,
    pub(super) citations: Option<Vec<Citation>>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) input: Option<Box<RawValue>>,
}

/// What a block or the message grows by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) text: Option<String>,
    pub(super) partial_json: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) citation: Option<Citation>,
    pub(super) stop_reason: Option<String>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
}

/// A source of what a text says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Citation {
    pub(super) url: Option<String>,
    /// Where a search result given by the caller is from; often an address.
    pub(super) source: Option<String>,
    pub(super) title: Option<String>,
    pub(super) cited_text: Option<String>,
}

/// Counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageObject {
    #[serde(deserialize_with = "said")]
    pub(super) input_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) output_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) cache_creation_input_tokens: Option<u64>,
    #[serde(deserialize_with = "report")]
    pub(super) cache_creation: Option<CacheCreation>,
    #[serde(deserialize_with = "report")]
    pub(super) output_tokens_details: Option<OutputTokensDetails>,
    #[serde(deserialize_with = "report")]
    pub(super) server_tool_use: Option<ServerToolUse>,
    pub(super) service_tier: Option<String>,
}

/// What was written to the cache, by lifetime.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CacheCreation {
    #[serde(deserialize_with = "said")]
    pub(super) ephemeral_1h_input_tokens: Option<u64>,
}

/// What the output was.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputTokensDetails {
    #[serde(deserialize_with = "said")]
    pub(super) thinking_tokens: Option<u64>,
}

/// What the provider's own tools did.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerToolUse {
    #[serde(deserialize_with = "said")]
    pub(super) web_search_requests: Option<u64>,
}
