//! What is refused for a reason of the provider's own, and what is not proven yet. A reason that
//! begins with "Open" is a defect of ours or of the proof: the cell is to be mended, not accepted.

use tollgate_testkit::Protocol;

use super::Accepted;
use crate::clients::Client;
use crate::features::Feature;

/// All of them.
pub(super) static ACCEPTED: &[Accepted] = &[
    Accepted {
        clients: &[Client::Chat, Client::Gemini, Client::Responses],
        protocols: &[Protocol::Responses],
        features: &[Feature::Audio],
        says: "status of: got (400",
        reason: "OpenAI's Responses API takes no sound. It refuses, and the client is told so.",
    },
    Accepted {
        clients: &[Client::Responses],
        protocols: &[Protocol::Responses],
        features: &[Feature::Video, Feature::Penalties, Feature::Unknown],
        says: "status of: got (400",
        reason: "The client speaks the provider's own API, so its request is passed on as it is, and the provider refuses what it does not know.",
    },
    Accepted {
        clients: &[Client::Gemini],
        protocols: &[Protocol::Gemini],
        features: &[Feature::Unknown],
        says: "status of: got (400",
        reason: "The client speaks the provider's own API, so its request is passed on as it is, and the provider refuses members it does not know.",
    },
    Accepted {
        clients: &[Client::Messages],
        protocols: &[
            Protocol::OpenAi,
            Protocol::Responses,
            Protocol::Azure,
            Protocol::VertexOpenAi,
            Protocol::Gemini,
            Protocol::Bedrock,
        ],
        features: &[Feature::Tier],
        says: r#"is not "priority""#,
        reason: "The Messages API knows the tiers `auto` and `standard_only`; other providers' tiers can't be asked for.",
    },
    Accepted {
        clients: &[Client::Messages],
        protocols: &[Protocol::Vertex],
        features: &[Feature::Tier],
        says: "x-vertex-ai-llm-shared-request-type: None",
        reason: "The Messages API has no word for Vertex AI's tiers, so none is asked for.",
    },
    Accepted {
        clients: &[Client::Gemini, Client::Ollama],
        protocols: &[Protocol::Gemini, Protocol::Vertex, Protocol::Cohere],
        features: &[Feature::TooLong],
        says: "not named as too long",
        reason: "The client's API has no code for a prompt that is too long; the provider's sentence says it.",
    },
];
