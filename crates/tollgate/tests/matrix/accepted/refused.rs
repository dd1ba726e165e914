//! What is passed on as it is, or tried, and refused by the provider.

use tollgate_testkit::Protocol;

use super::Accepted;
use crate::clients::Client;
use crate::features::Feature;

/// All of them.
pub(super) static ACCEPTED: &[Accepted] = &[
    Accepted {
        clients: &[Client::Responses],
        protocols: &[Protocol::Responses],
        features: &[Feature::Audio, Feature::Video, Feature::Penalties, Feature::Unknown],
        says: "status of: got (400",
        reason: "The client speaks the provider's own API, so its request is passed on as it is, and the provider refuses what it does not know.",
    },
    Accepted {
        clients: &[Client::Gemini],
        protocols: &[Protocol::Gemini, Protocol::Vertex],
        features: &[Feature::Unknown],
        says: "status of: got (400",
        reason: "The client speaks the provider's own API, so its request is passed on as it is, and the provider refuses members it does not know.",
    },
];
