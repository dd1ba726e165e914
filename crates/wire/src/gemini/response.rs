//! What an answer is made of on the wire.
//!
//! <https://ai.google.dev/api/generate-content#generatecontentresponse>. Nothing is added to it:
//! the official Python client forbids members it does not know.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_types::Usage;

use super::grounding::GroundingMetadata;
use crate::chat::FinishReason;

/// A response, partial or whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    pub(super) candidates: [Candidate<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage_metadata: Option<UsageMetadata>,
    pub(super) model_version: &'a str,
    pub(super) response_id: &'a str,
}

/// The one answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_message: Option<&'a str>,
    pub(super) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grounding_metadata: Option<&'a GroundingMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs_result: Option<&'a LogprobsResult>,
}

/// What it says.
#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    parts: Parts<'a>,
    role: &'static str,
}

/// Parts, as values or written already.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Parts<'a> {
    Values(&'a [Part<'a>]),
    Written(&'a [Box<RawValue>]),
}

impl<'a> Content<'a> {
    /// What the model says.
    pub(super) const fn new(parts: Parts<'a>) -> Self {
        Self { parts, role: "model" }
    }
}

impl Default for Content<'_> {
    fn default() -> Self {
        Self::new(Parts::Values(&[]))
    }
}

/// A piece of what it says: exactly one of its kinds, and perhaps a signature.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'a str>,
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) args: &'a RawValue,
}

/// Media, here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    pub(super) mime_type: &'a str,
    pub(super) data: &'a str,
}

/// Media, elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData<'a> {
    pub(super) file_uri: &'a str,
}

impl<'a> Part<'a> {
    /// Text, perhaps none with a signature on it.
    pub(super) fn text(text: &'a str, thought: bool, signature: Option<&'a str>) -> Self {
        Self { text: Some(text), thought, thought_signature: signature, ..Self::default() }
    }

    /// A data URI or an address.
    pub(super) fn media(url: &'a str, signature: Option<&'a str>) -> Self {
        let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
        let part = match inline {
            Some((head, data)) => {
                let mime_type = head.split(';').next().unwrap_or_default();
                Self { inline_data: Some(Blob { mime_type, data }), ..Self::default() }
            }
            None => Self { file_data: Some(FileData { file_uri: url }), ..Self::default() },
        };
        Self { thought_signature: signature, ..part }
    }
}

/// Counts. The provider's answer does not include its thoughts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    prompt_token_count: u64,
    candidates_token_count: u64,
    total_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prompt_tokens_details: Vec<ModalityTokens>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates_tokens_details: Vec<ModalityTokens>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ModalityTokens {
    modality: &'static str,
    token_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl UsageMetadata {
    /// Counts in the provider's totals.
    pub(super) fn new(usage: &Usage) -> Self {
        let answer = usage.completion_tokens.saturating_sub(usage.reasoning_tokens);
        let read = [
            ("IMAGE", usage.image_prompt_tokens),
            ("AUDIO", usage.audio_prompt_tokens),
            ("VIDEO", usage.video_prompt_tokens),
        ];
        let written =
            [("IMAGE", usage.image_completion_tokens), ("AUDIO", usage.audio_completion_tokens)];
        Self {
            prompt_token_count: usage.prompt_tokens,
            candidates_token_count: answer,
            total_token_count: usage.total_tokens(),
            cached_content_token_count: usage.cached_tokens,
            thoughts_token_count: usage.reasoning_tokens,
            prompt_tokens_details: by_modality(usage.prompt_tokens, &read),
            candidates_tokens_details: by_modality(answer, &written),
        }
    }
}

/// What of `total` is of which kind; what is of none of `kinds` is text. Empty when all is text.
fn by_modality(total: u64, kinds: &[(&'static str, u64)]) -> Vec<ModalityTokens> {
    let others: Vec<ModalityTokens> = kinds
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(modality, token_count)| ModalityTokens { modality, token_count: *token_count })
        .collect();
    let sum = others.iter().fold(0_u64, |sum, it| sum.saturating_add(it.token_count));
    let text = total.saturating_sub(sum);
    if others.is_empty() {
        return others;
    }
    let text = (text > 0).then_some(ModalityTokens { modality: "TEXT", token_count: text });
    text.into_iter().chain(others).collect()
}

/// Why an answer ended: the provider's word where it is one of this API's.
pub(super) fn finish_reason(reason: FinishReason, native: &str) -> &str {
    const WORDS: &[&str] = &[
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "NO_IMAGE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    ];
    if WORDS.contains(&native) {
        return native;
    }
    match reason {
        FinishReason::Stop | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
        FinishReason::Error => "OTHER",
    }
}

/// Token probabilities.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    top_candidates: Vec<Alternatives>,
    chosen_candidates: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Alternatives {
    candidates: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    token: String,
    log_probability: f64,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<Chosen>>,
}

#[derive(Deserialize)]
struct Chosen {
    token: String,
    logprob: f64,
    #[serde(default)]
    top_logprobs: Option<Vec<Likely>>,
}

#[derive(Deserialize)]
struct Likely {
    token: String,
    logprob: f64,
}

impl LogprobsResult {
    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.chosen_candidates.is_empty()
    }

    /// Takes probabilities in the contract's form (§3.1).
    pub(super) fn add(&mut self, logprobs: &RawValue) {
        let read = serde_json::from_str::<Logprobs>(logprobs.get());
        for chosen in read.ok().and_then(|it| it.content).unwrap_or_default() {
            let token = |token, log_probability| Token { token, log_probability };
            let top = chosen.top_logprobs.unwrap_or_default();
            let candidates = top.into_iter().map(|it| token(it.token, it.logprob)).collect();
            self.top_candidates.push(Alternatives { candidates });
            self.chosen_candidates.push(token(chosen.token, chosen.logprob));
        }
    }
}
