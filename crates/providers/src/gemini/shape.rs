//! What the provider sends, as far as it is read. Unknown fields are ignored and every field may
//! be absent or null.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::grounding::Grounding;
use super::logprobs::LogprobsResult;
use super::usage::UsageMetadata;
use crate::counts::report;

/// A response, partial or whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response {
    pub(super) candidates: Option<Vec<Candidate>>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    #[serde(deserialize_with = "report")]
    pub(super) usage_metadata: Option<UsageMetadata>,
    pub(super) response_id: Option<String>,
    pub(super) error: Option<IgnoredAny>,
}

/// One of the answers; only the first is ever asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate {
    pub(super) index: Option<u32>,
    pub(super) content: Option<Content>,
    pub(super) finish_reason: Option<String>,
    pub(super) grounding_metadata: Option<Grounding>,
    pub(super) logprobs_result: Option<LogprobsResult>,
}

/// What it says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    pub(super) parts: Option<Vec<Part>>,
}

/// A piece of what it says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) text: Option<String>,
    pub(super) thought: Option<bool>,
    pub(super) thought_signature: Option<String>,
    pub(super) function_call: Option<FunctionCall>,
    pub(super) inline_data: Option<Blob>,
}

/// A call of a tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) args: Option<Box<RawValue>>,
}

/// Media.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Blob {
    pub(super) mime_type: Option<String>,
    pub(super) data: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<String>,
    pub(super) block_reason_message: Option<String>,
}
