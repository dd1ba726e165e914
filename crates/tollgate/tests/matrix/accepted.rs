//! Cells that can't be proven, each with a reason that its user would accept.

mod extras;
mod refused;

use tollgate_testkit::Protocol;

use crate::Cell;
use crate::clients::Client::{self, Completions, Gemini, Messages, Ollama, Responses};
use crate::features::Feature;

/// A reason for some cells.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// Whose; empty for everybody's.
    clients: &'static [Client],
    /// Where; empty for everywhere.
    protocols: &'static [Protocol],
    features: &'static [Feature],
    /// What the cell says when it is not proven: another flaw is not accepted.
    says: &'static str,
    /// Why that is right.
    pub(crate) reason: &'static str,
}

impl Accepted {
    /// Whether it is about this cell.
    pub(crate) fn covers(&self, cell: Cell) -> bool {
        self.features.contains(&cell.feature)
            && (self.clients.is_empty() || self.clients.contains(&cell.client))
            && (self.protocols.is_empty() || self.protocols.contains(&cell.protocol))
    }

    /// Whether the flaw is the accepted one.
    pub(crate) fn excuses(&self, flaw: &str) -> bool {
        flaw.contains(self.says)
    }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Accepted> {
    ACCEPTED.iter().chain(extras::ACCEPTED).chain(refused::ACCEPTED)
}

static ACCEPTED: &[Accepted] = &[
    Accepted {
        clients: &[Completions],
        protocols: &[],
        features: &[
            Feature::Tool,
            Feature::BareTool,
            Feature::ParallelTools,
            Feature::NamedTool,
            Feature::RequiredTool,
            Feature::NoTool,
            Feature::OneTool,
            Feature::Results,
            Feature::ResultsAndText,
            Feature::FailedResult,
            Feature::ImageResult,
        ],
        says: "there are no tools",
        reason: "Legacy completions have no tools.",
    },
    Accepted {
        clients: &[Completions],
        protocols: &[],
        features: &[Feature::System, Feature::CacheMark],
        says: "there are no system prompts",
        reason: "Legacy completions have no system prompt to send or to mark.",
    },
    Accepted {
        clients: &[Completions],
        protocols: &[],
        features: &[
            Feature::Turns,
            Feature::TwoUsers,
            Feature::AssistantFirst,
            Feature::Prefill,
            Feature::ReasoningReplayed,
        ],
        says: "a prompt is one text",
        reason: "Legacy completions have one prompt and no turns.",
    },
    Accepted {
        clients: &[Completions],
        protocols: &[],
        features: &[Feature::Image, Feature::ImageUrl, Feature::Pdf],
        says: "a prompt is a text",
        reason: "Legacy completions take text only.",
    },
    Accepted {
        clients: &[Completions, Gemini],
        protocols: &[
            Protocol::OpenAi,
            Protocol::Responses,
            Protocol::Azure,
            Protocol::VertexOpenAi,
        ],
        features: &[Feature::Refusal],
        says: "not marked",
        reason: "OpenAI refuses in words and ends with `stop`. The client's API has no field for such words, so they come as text.",
    },
    Accepted {
        clients: &[Responses],
        protocols: &[],
        features: &[Feature::Stop],
        says: "there are no stop sequences",
        reason: "The Responses API has no stop sequences.",
    },
    Accepted {
        clients: &[Responses, Messages],
        protocols: &[],
        features: &[Feature::Seed],
        says: "there are no seeds",
        reason: "The Responses and Messages APIs have no seed.",
    },
    Accepted {
        clients: &[Responses, Ollama],
        protocols: &[],
        features: &[Feature::FailedResult],
        says: "can't be marked",
        reason: "The Responses API and Ollama have no flag for a tool that failed; its text says so.",
    },
    Accepted {
        clients: &[Responses, Ollama],
        protocols: &[],
        features: &[Feature::ReasoningHidden],
        says: "can't be hidden",
        reason: "The Responses API and Ollama have no word for reasoning that is done and not shown.",
    },
    Accepted {
        clients: &[Messages],
        protocols: &[],
        features: &[Feature::JsonMode],
        says: "no JSON without a schema",
        reason: "The Messages API has JSON with a schema only.",
    },
    Accepted {
        clients: &[Gemini],
        protocols: &[],
        features: &[Feature::OneTool],
        says: "can't be turned off",
        reason: "Gemini's API has no word against parallel calls.",
    },
    Accepted {
        clients: &[Gemini],
        protocols: &[],
        features: &[Feature::CacheMark],
        says: "made beforehand",
        reason: "Gemini's API refers to caches that were made beforehand; nothing is marked.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::CacheMark],
        says: "nothing can be marked",
        reason: "Ollama's API has no cache markers.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::NamedTool, Feature::RequiredTool, Feature::NoTool, Feature::OneTool],
        says: "there is no tool_choice",
        reason: "Ollama's API has no `tool_choice`.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::ImageUrl],
        says: "images stand in the request",
        reason: "Ollama's API takes images inside the request only.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::Pdf],
        says: "there are no files",
        reason: "Ollama's API has no files.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::CachedTokens],
        says: "no count of cached",
        reason: "Ollama's API does not count cached tokens.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[],
        features: &[Feature::Refusal],
        says: "not marked",
        reason: "Ollama's API knows two ends, `stop` and `length`; a refusal is in the text.",
    },
    Accepted {
        clients: &[Ollama],
        protocols: &[
            Protocol::Responses,
            Protocol::Anthropic,
            Protocol::VertexAnthropic,
            Protocol::Bedrock,
            Protocol::Gemini,
            Protocol::Vertex,
        ],
        features: &[Feature::ReasoningReplayed],
        says: "did not come back",
        reason: "An Ollama message carries thoughts without their provider's signature, and these providers refuse unsigned ones. They are left out.",
    },
    Accepted {
        clients: &[Messages],
        protocols: &[Protocol::Anthropic, Protocol::VertexAnthropic],
        features: &[Feature::AssistantFirst],
        says: "must use the",
        reason: "Anthropic's API wants the user to begin, and the client speaks that very API: its request is passed on as it is.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Cohere, Protocol::Ollama],
        features: &[Feature::Pdf],
        says: "does not take a file",
        reason: "The provider's API takes no PDF. The client is told so.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Ollama],
        features: &[Feature::NamedTool, Feature::RequiredTool],
        says: "calls: got []",
        reason: "The provider's API has no `tool_choice`: its models call what they like.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Gemini, Protocol::Vertex, Protocol::Cohere, Protocol::Ollama],
        features: &[Feature::OneTool],
        says: r#"calls: got ["get_weather", "get_time"]"#,
        reason: "The provider's API has no word against parallel calls.",
    },
    Accepted {
        clients: &[],
        protocols: &[
            Protocol::Responses,
            Protocol::Anthropic,
            Protocol::VertexAnthropic,
            Protocol::Bedrock,
        ],
        features: &[Feature::Seed],
        says: "is not 77",
        reason: "The provider's API has no seed.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Responses],
        features: &[Feature::Stop],
        says: "text: got",
        reason: "The provider's API has no stop sequences.",
    },
    Accepted {
        clients: &[],
        protocols: &[
            Protocol::OpenAi,
            Protocol::Responses,
            Protocol::Azure,
            Protocol::VertexOpenAi,
            Protocol::Gemini,
            Protocol::Vertex,
            Protocol::Cohere,
            Protocol::Mistral,
            Protocol::Ollama,
        ],
        features: &[Feature::CacheMark],
        says: "no cache marker in",
        reason: "The provider caches by itself or not at all; markers mean nothing to it and are left out.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Ollama],
        features: &[Feature::CachedTokens],
        says: "cached: Counts",
        reason: "The provider does not count cached tokens.",
    },
    Accepted {
        clients: &[],
        protocols: &[Protocol::Cohere, Protocol::Mistral, Protocol::Ollama],
        features: &[Feature::Refusal],
        says: "not marked",
        reason: "The provider has no sign for a refusal: its words are all there is.",
    },
];
