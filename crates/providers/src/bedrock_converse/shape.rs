//! What the provider sends, as far as it is read.
//!
//! Unknown fields are ignored and every field may be absent or null. The name of an event is in its
//! frame's header, so its payload is one flat object.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::counts::{report, said};

/// The payload of one event.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event {
    pub(super) content_block_index: u64,
    /// For `contentBlockStart`.
    pub(super) start: Option<Block>,
    /// For `contentBlockDelta`.
    pub(super) delta: Option<Delta>,
    /// For `messageStop`.
    pub(super) stop_reason: Option<String>,
    /// For `messageStop`.
    pub(super) additional_model_response_fields: Option<OwnFields>,
    /// For `metadata`.
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
    /// For `metadata`.
    pub(super) service_tier: Option<ServiceTier>,
}

/// A whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Whole {
    pub(super) output: Option<Output>,
    pub(super) stop_reason: Option<String>,
    pub(super) additional_model_response_fields: Option<OwnFields>,
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
    pub(super) service_tier: Option<ServiceTier>,
}

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Output {
    pub(super) message: Option<Message>,
}

/// The answer's turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: Option<Vec<Block>>,
}

/// A block: whole, or as it begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Block {
    pub(super) text: Option<String>,
    pub(super) reasoning_content: Option<ReasoningContent>,
    pub(super) tool_use: Option<ToolUse>,
    pub(super) citations_content: Option<CitationsContent>,
    pub(super) image: Option<Image>,
}

/// What a block grows by.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Delta {
    pub(super) text: Option<String>,
    pub(super) reasoning_content: Option<ReasoningDelta>,
    pub(super) tool_use: Option<ToolUseDelta>,
    pub(super) citation: Option<Citation>,
    pub(super) image: Option<Image>,
}

/// Thoughts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReasoningContent {
    pub(super) reasoning_text: Option<ReasoningDelta>,
    pub(super) redacted_content: Option<String>,
}

/// More thoughts; in a stream, these stand where a whole block has an object around the words.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReasoningDelta {
    pub(super) text: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) redacted_content: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolUse {
    pub(super) tool_use_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) input: Option<Box<RawValue>>,
    /// `server_tool_use` for the provider's own tools.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// More of a call's arguments.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolUseDelta {
    pub(super) input: Option<String>,
}

/// Text with its sources.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CitationsContent {
    pub(super) content: Option<Vec<CitedText>>,
    pub(super) citations: Option<Vec<Citation>>,
}

/// A piece of text, as written or as it stands in a source.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CitedText {
    pub(super) text: Option<String>,
}

/// A source of what a text says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Citation {
    pub(super) title: Option<String>,
    /// Where a search result given by the caller is from; often an address.
    pub(super) source: Option<String>,
    pub(super) source_content: Option<Vec<CitedText>>,
    pub(super) location: Option<Location>,
}

/// Where in a source; documents have other members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location {
    pub(super) web: Option<Web>,
}

/// A page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Web {
    pub(super) url: Option<String>,
}

/// An image, whole or a piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Image {
    pub(super) format: Option<String>,
    pub(super) source: Option<Source>,
}

/// Where an image is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) bytes: Option<String>,
}

/// What was asked for of the model's own answer; its place differs between streams and whole
/// answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnFields {
    pub(super) stop_sequence: Option<String>,
    pub(super) delta: Option<OwnDelta>,
}

/// As [`OwnFields`], in a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnDelta {
    pub(super) stop_sequence: Option<String>,
}

/// Counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageObject {
    #[serde(deserialize_with = "said")]
    pub(super) input_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) output_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) cache_write_input_tokens: Option<u64>,
    pub(super) cache_details: Option<Vec<CacheDetail>>,
}

/// What was written to the cache, by lifetime.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CacheDetail {
    pub(super) ttl: Option<String>,
    #[serde(deserialize_with = "said")]
    pub(super) input_tokens: Option<u64>,
}

/// The tier that served.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceTier {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// An error's body, or the payload of an exception in a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    #[serde(alias = "Message")]
    pub(super) message: Option<String>,
    #[serde(rename = "originalMessage")]
    pub(super) original_message: Option<String>,
    #[serde(rename = "__type", alias = "code")]
    pub(super) kind: Option<String>,
}
