//! An answer as a sequence of events: what every provider's stream becomes.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_types::{GenerationId, Timestamp, Usage};

/// What every chunk and every completion of one generation repeats.
#[derive(Debug, Clone)]
pub struct AnswerHead {
    /// The generation.
    pub id: GenerationId,
    /// When the call was admitted.
    pub created: Timestamp,
    /// The concrete model that answers.
    pub model: String,
    /// Display name of the provider that answers.
    pub provider: String,
    /// Whether the caller wants the reasoning computed and not shown (`reasoning.exclude`, §2.4).
    pub hides_reasoning: bool,
}

/// One step of an answer, in no provider's words.
#[derive(Debug, Clone)]
pub enum ChatEvent {
    /// The provider's own id of the answer.
    UpstreamId(String),
    /// More text.
    Text(String),
    /// More of a refusal.
    Refusal(String),
    /// More reasoning.
    Reasoning(ReasoningDetail),
    /// The model begins to call a tool.
    ToolCallStart {
        /// Which of the answer's calls, from zero.
        index: u32,
        /// The call's id.
        id: String,
        /// The function.
        name: String,
    },
    /// More of a call's arguments.
    ToolCallArguments {
        /// Which of the answer's calls, from zero.
        index: u32,
        /// A piece of JSON text.
        fragment: String,
    },
    /// A whole image, as a data URI.
    Image {
        /// The data URI.
        url: String,
    },
    /// Sound in the answer.
    Audio(AudioDelta),
    /// A citation, in the contract's form (§3.1).
    Annotation(Box<RawValue>),
    /// Token probabilities, in the contract's form (§3.1).
    Logprobs(Box<RawValue>),
    /// Which of the caller's stop sequences ended the answer.
    StopSequence(String),
    /// The tier that served.
    ServiceTier(String),
    /// Counts; later ones replace earlier ones.
    Usage(Usage),
    /// The model stopped.
    Finish {
        /// Why, in the contract's words.
        reason: FinishReason,
        /// Why, in the provider's words.
        native: String,
    },
}

/// A piece of sound (contract §3.3, `delta.audio`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AudioDelta {
    /// The provider's id of the sound, by which a later turn refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What is said in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// Unix seconds until which the id can be referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl ChatEvent {
    /// Whether the caller would notice if it were taken back: after the first such event an
    /// answer can't be replaced by another endpoint's.
    pub const fn is_content(&self) -> bool {
        match self {
            Self::Text(_)
            | Self::Refusal(_)
            | Self::Reasoning(_)
            | Self::ToolCallStart { .. }
            | Self::ToolCallArguments { .. }
            | Self::Image { .. }
            | Self::Audio(_)
            | Self::Annotation(_)
            | Self::Logprobs(_)
            | Self::Finish { .. } => true,
            Self::UpstreamId(_) | Self::StopSequence(_) | Self::ServiceTier(_) | Self::Usage(_) => {
                false
            }
        }
    }
}

/// Why an answer ended (§3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// It reached a limit.
    Length,
    /// It calls tools.
    ToolCalls,
    /// It was withheld.
    ContentFilter,
    /// It failed.
    Error,
}

impl FinishReason {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
        }
    }

    /// Normalises a provider's word (§3.1). A word nobody has seen means that it stopped.
    pub fn from_native(native: &str) -> Self {
        match native.to_ascii_lowercase().as_str() {
            "length"
            | "max_tokens"
            | "max_output_tokens"
            | "model_context_window_exceeded"
            | "model_length"
            | "token_limit" => Self::Length,
            "tool_calls" | "tool_use" | "function_call" | "tool_call" => Self::ToolCalls,
            "content_filter"
            | "safety"
            | "recitation"
            | "refusal"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "image_safety"
            | "sensitive"
            | "content_filtered"
            | "guardrail_intervened"
            | "language" => Self::ContentFilter,
            "error"
            | "malformed_function_call"
            | "unexpected_tool_call"
            | "network_error"
            | "insufficient_system_resource"
            | "other" => Self::Error,
            _ => Self::Stop,
        }
    }
}

/// One element of `reasoning_details` (§3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasoningDetail {
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ReasoningKind,
    /// Thoughts, for [`ReasoningKind::Text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A summary, for [`ReasoningKind::Summary`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Sealed thoughts, for [`ReasoningKind::Encrypted`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The provider's proof that the text is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The provider's id of the block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which provider family can read it again.
    #[serde(default)]
    pub format: ReasoningFormat,
    /// Which block of the answer, from zero.
    #[serde(default)]
    pub index: u32,
}

/// What a [`ReasoningDetail`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReasoningKind {
    /// Plain thoughts.
    #[serde(rename = "reasoning.text")]
    Text,
    /// A summary of thoughts.
    #[serde(rename = "reasoning.summary")]
    Summary,
    /// Sealed thoughts.
    #[serde(rename = "reasoning.encrypted")]
    Encrypted,
    /// A call of a server tool, or what a later version adds.
    #[serde(rename = "reasoning.server_tool_call", other)]
    ServerToolCall,
}

/// Which provider family wrote a [`ReasoningDetail`]: only that family can verify it (§2.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReasoningFormat {
    /// Anthropic's thinking blocks.
    #[serde(rename = "anthropic-claude-v1")]
    Anthropic,
    /// Gemini's thoughts and thought signatures.
    #[serde(rename = "google-gemini-v1")]
    Gemini,
    /// OpenAI's reasoning items.
    #[serde(rename = "openai-responses-v1")]
    OpenAi,
    /// OpenAI's reasoning items as Azure gives them.
    #[serde(rename = "azure-openai-responses-v1")]
    AzureOpenAi,
    /// OpenAI's reasoning items as Bedrock gives them.
    #[serde(rename = "bedrock-openai-responses-v1")]
    BedrockOpenAi,
    /// xAI's reasoning items as Bedrock gives them.
    #[serde(rename = "bedrock-xai-responses-v1")]
    BedrockXai,
    /// xAI's reasoning items.
    #[serde(rename = "xai-responses-v1")]
    Xai,
    /// Meta's reasoning items.
    #[serde(rename = "meta-responses-v1")]
    Meta,
    /// Nobody's in particular.
    #[default]
    #[serde(rename = "unknown", other)]
    Unknown,
}

impl ReasoningDetail {
    /// A piece of plain thought.
    pub fn thought(text: String, format: ReasoningFormat, index: u32) -> Self {
        Self { text: Some(text), ..Self::empty(ReasoningKind::Text, format, index) }
    }

    /// The signature that closes a block of thought.
    pub fn signed(signature: String, format: ReasoningFormat, index: u32) -> Self {
        Self { signature: Some(signature), ..Self::empty(ReasoningKind::Text, format, index) }
    }

    /// A sealed block.
    pub fn sealed(data: String, format: ReasoningFormat, index: u32) -> Self {
        Self { data: Some(data), ..Self::empty(ReasoningKind::Encrypted, format, index) }
    }

    const fn empty(kind: ReasoningKind, format: ReasoningFormat, index: u32) -> Self {
        Self {
            kind,
            text: None,
            summary: None,
            data: None,
            signature: None,
            id: None,
            format,
            index,
        }
    }

    /// What a reader can read of it.
    pub fn text(&self) -> &str {
        self.text.as_deref().or(self.summary.as_deref()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_reasons_are_normalised() {
        for (native, reason) in [
            ("end_turn", FinishReason::Stop),
            ("STOP", FinishReason::Stop),
            ("eos", FinishReason::Stop),
            ("MAX_TOKENS", FinishReason::Length),
            ("model_context_window_exceeded", FinishReason::Length),
            ("tool_use", FinishReason::ToolCalls),
            ("SAFETY", FinishReason::ContentFilter),
            ("refusal", FinishReason::ContentFilter),
            ("MALFORMED_FUNCTION_CALL", FinishReason::Error),
        ] {
            assert_eq!(FinishReason::from_native(native), reason, "{native}");
        }
    }

    #[test]
    fn a_detail_survives_the_round_trip() {
        let json = r#"{"type":"reasoning.text","text":"hm","signature":"s","format":"anthropic-claude-v1","index":2}"#;
        let detail: ReasoningDetail = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&detail).unwrap(), json);
    }
}
