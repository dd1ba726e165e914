//! Differences from the public document that are meant, each with its reason.

use crate::openapi::Difference;

/// A difference that may be.
#[derive(Debug)]
struct Accepted {
    /// The path; empty for any.
    path: &'static str,
    /// How the pointer ends; empty for any.
    pointer: &'static str,
    /// What the reason contains.
    reason: &'static str,
    /// Why it may be.
    why: &'static str,
}

const STATUS: &str = "the contract's list of errors has it for every route (contract §4)";
const NAMES: &str = "providers are those of the installation, under the names it gives them";
const UNPRICED: &str = "a price that is not known or not by the token is left out: 0 would be free";
const RELAYED: &str = "an answer of the provider's own is relayed as it came";
const OPTIONAL: &str = "Anthropic's clients read it as optional, and other providers have none";
const EARLY: &str = "a stream begins before it is known";
const FORMATS: &str = "clients of OpenAI's ask for other formats, and get them";

const ACCEPTED: &[Accepted] = &[
    any("status 400 is not documented", STATUS),
    any("status 402 is not documented", STATUS),
    any("status 403 is not documented", STATUS),
    any("status 413 is not documented", STATUS),
    any("status 415 is not documented", STATUS),
    any("status 502 is not documented", STATUS),
    at("/provider", "is not one of", NAMES),
    at("/provider_name", "is not one of", NAMES),
    at("/pricing", "\"prompt\" is a required", UNPRICED),
    at("/pricing", "\"completion\" is a required", UNPRICED),
    at(
        "/output_modalities/*",
        "\"moderation\" is not one of",
        "moderations are OpenAI's, not the contract's",
    ),
    of("/audio/transcriptions", "", "content type text/", FORMATS),
    of(
        "/models/user",
        "",
        "content type application/rss+xml",
        "it is the list of models, with its feed",
    ),
    of("/messages", "", "\"container\" is a required", OPTIONAL),
    of("/messages", "", "\"caller\" is a required", OPTIONAL),
    of("/messages", "", "\"citations\" is a required", OPTIONAL),
    of("/messages", "/usage", "\"inference_geo\" is a required", OPTIONAL),
    of("/messages", "event/message/usage", "is a required", EARLY),
    of("/messages", "event/message", "\"usage\" is a required", RELAYED),
    of("/messages", "", "\"stop_details\" is a required", RELAYED),
    of("/messages", "/usage", "\"cache_creation\" is a required", RELAYED),
    of("/messages", "/usage", "\"output_tokens_details\" is a required", RELAYED),
    of("/messages", "/usage", "\"server_tool_use\" is a required", RELAYED),
    of("/messages", "/usage", "\"service_tier\" is a required", RELAYED),
    of("/responses", "", "\"completed_at\" is a required", RELAYED),
    of("/responses", "", "\"frequency_penalty\" is a required", RELAYED),
    of("/responses", "", "\"presence_penalty\" is a required", RELAYED),
    of("/responses", "event/response/usage", "null is not of type", EARLY),
    of(
        "/responses",
        "event/part/type",
        "\"reasoning_text\" is not one of",
        "the document has it in one of two places that must both fit",
    ),
    of(
        "/responses",
        "/error/code",
        "is not of type \"integer\"",
        "OpenAI's clients read a word; the status is `http_status` (contract §4.7)",
    ),
];

const fn any(reason: &'static str, why: &'static str) -> Accepted {
    Accepted { path: "", pointer: "", reason, why }
}

const fn at(pointer: &'static str, reason: &'static str, why: &'static str) -> Accepted {
    Accepted { path: "", pointer, reason, why }
}

const fn of(
    path: &'static str,
    pointer: &'static str,
    reason: &'static str,
    why: &'static str,
) -> Accepted {
    Accepted { path, pointer, reason, why }
}

/// Why a difference may be, if it may.
pub(super) fn accepted(path: &str, difference: &Difference) -> Option<&'static str> {
    let fits = |it: &&Accepted| {
        (it.path.is_empty() || it.path == path)
            && difference.pointer.ends_with(it.pointer)
            && difference.reason.contains(it.reason)
    };
    ACCEPTED.iter().find(fits).map(|it| it.why)
}
