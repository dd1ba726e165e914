//! The closed sets that rows are written in: what can be priced, the protocols, kinds of content, and
//! the ways a provider may depart from its protocol.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a price is the price of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// A million prompt tokens.
    Input,
    /// A million completion tokens.
    Output,
    /// A million prompt tokens read from the provider's cache.
    CacheRead,
    /// A million prompt tokens written to the provider's cache.
    CacheWrite,
    /// A million prompt tokens written to the provider's cache for an hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// A million completion tokens of reasoning.
    Reasoning,
    /// One image in the prompt.
    Image,
    /// A million prompt tokens that are images.
    ImageToken,
    /// A million completion tokens that are images.
    ImageOutput,
    /// A million prompt tokens that are audio.
    Audio,
    /// A million completion tokens that are audio.
    AudioOutput,
    /// One request.
    Request,
    /// One web search.
    WebSearch,
    /// A million characters of text that the model reads, as speech is priced.
    Character,
    /// One second of audio that the model hears. Counted, and billed, by the millisecond.
    AudioSecond,
    /// One image that the model makes.
    OutputImage,
    /// One search in the documents of a rerank.
    SearchUnit,
}

/// How many units the number in a price row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lot {
    /// One: images, requests, searches.
    One,
    /// A thousand: the milliseconds of a second.
    Thousand,
    /// A million: tokens and characters.
    Million,
}

impl Lot {
    /// Decimal places of dollars that make whole pico-dollars per unit.
    pub const fn decimal_places(self) -> usize {
        match self {
            Self::One => 12,
            Self::Thousand => 9,
            Self::Million => 6,
        }
    }
}

impl Rate {
    /// Every rate, in the order listings show them.
    pub const ALL: [Self; 17] = [
        Self::Input,
        Self::Output,
        Self::Request,
        Self::Image,
        Self::ImageToken,
        Self::ImageOutput,
        Self::Audio,
        Self::AudioOutput,
        Self::WebSearch,
        Self::Reasoning,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Character,
        Self::AudioSecond,
        Self::OutputImage,
        Self::SearchUnit,
    ];

    /// Its key in a price row.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Reasoning => "reasoning",
            Self::Image => "image",
            Self::ImageToken => "image_token",
            Self::ImageOutput => "image_output",
            Self::Audio => "audio",
            Self::AudioOutput => "audio_output",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::Character => "character",
            Self::AudioSecond => "audio_second",
            Self::OutputImage => "output_image",
            Self::SearchUnit => "search_unit",
        }
    }

    /// How many units rows quote it for.
    pub const fn lot(self) -> Lot {
        match self {
            Self::Image
            | Self::Request
            | Self::WebSearch
            | Self::OutputImage
            | Self::SearchUnit => Lot::One,
            Self::AudioSecond => Lot::Thousand,
            Self::Input
            | Self::Output
            | Self::CacheRead
            | Self::CacheWrite
            | Self::CacheWrite1h
            | Self::Reasoning
            | Self::ImageToken
            | Self::ImageOutput
            | Self::Audio
            | Self::AudioOutput
            | Self::Character => Lot::Million,
        }
    }
}

/// What some providers sell beside their ordinary service: sooner for more, or later for less
/// (contract §5.7).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTier {
    /// Served before others, for more.
    Priority,
    /// Served when there is room, for less.
    Flex,
}

impl ServiceTier {
    /// Reads a request's `service_tier` (contract §2.1); `None` asks for the ordinary service.
    pub fn asked(word: &str) -> Option<Self> {
        match word {
            "priority" | "fast" => Some(Self::Priority),
            "flex" => Some(Self::Flex),
            _ => None,
        }
    }

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Flex => "flex",
        }
    }
}

/// How to talk to a provider, by the name that its adapter has: `openai-chat`, `gemini`.
///
/// Which names there are is up to the adapters, so that a new one is known by being there. Whoever
/// assembles a catalogue holds its rows against them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Protocol(String);

impl Protocol {
    /// A protocol of this name.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name in rows and configuration.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A kind of content a model reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Documents such as PDF.
    File,
    /// Audio.
    Audio,
    /// Video.
    Video,
    /// Embedding vectors.
    Embeddings,
    /// Relevance scores.
    Rerank,
    /// Spoken text.
    Speech,
    /// Written speech.
    Transcription,
    /// Verdicts on what is harmful. Beyond the contract's list (§7.1), which has no word for what
    /// `POST /moderations` needs of a model.
    Moderation,
}

impl Modality {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Embeddings => "embeddings",
            Self::Rerank => "rerank",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
            Self::Moderation => "moderation",
        }
    }

    /// Reads its name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        const ALL: [Modality; 10] = [
            Modality::Text,
            Modality::Image,
            Modality::File,
            Modality::Audio,
            Modality::Video,
            Modality::Embeddings,
            Modality::Rerank,
            Modality::Speech,
            Modality::Transcription,
            Modality::Moderation,
        ];
        ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// The parameter that bounds the length of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_tokens`.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// The message field that carries earlier reasoning back to the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningField {
    /// `reasoning_content`.
    #[default]
    ReasoningContent,
    /// `reasoning`.
    Reasoning,
}

/// How a provider is told to go on with the assistant's last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prefill {
    /// Not at all: where the last message is the assistant's, it does so.
    Plain,
    /// `prefix: true` in that message
    /// (<https://api-docs.deepseek.com/guides/chat_prefix_completion>).
    Prefix,
    /// `partial: true` in that message
    /// (<https://platform.moonshot.ai/docs/guide/use-partial-mode-feature-of-kimi-api>).
    Partial,
    /// `continue_final_message: true` and `add_generation_prompt: false` in the request
    /// (<https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html>).
    ContinueFinalMessage,
}

/// How a caller's wish for reasoning is put to the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasoningStyle {
    /// `reasoning_effort: "low"`.
    #[default]
    Effort,
    /// The `reasoning` object as it is.
    #[serde(rename = "openrouter")]
    OpenRouter,
    /// `thinking: {type: "enabled"}`.
    ThinkingType,
    /// `enable_thinking`, at the top level or in `chat_template_kwargs`.
    EnableThinking,
    /// Not at all.
    None,
}

/// How much a model may think, from the least to the most (contract §2.4). Not to think at all is
/// no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffortLevel {
    /// Hardly.
    Minimal,
    /// Little.
    Low,
    /// As usual.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
    /// As much as it can.
    Max,
}

/// Whose form requests have that are not conversations, such as those for images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationStyle {
    /// OpenAI's.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenRouter's own: requests go as they came.
    #[serde(rename = "openrouter")]
    OpenRouter,
    /// Together's: an image has a width and a height.
    Together,
    /// xAI's: an image has an aspect ratio and a resolution.
    Xai,
}

/// Where the key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key: …`.
    XApiKey,
    /// `x-goog-api-key: …`.
    XGoogApiKey,
    /// `api-key: …`, as Azure has it.
    ApiKey,
    /// Nowhere.
    None,
}
