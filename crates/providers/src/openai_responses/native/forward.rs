//! The client's request with the gateway's members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::chat::Effort;
use tollgate_wire::json::{ObjectWriter, Scanner};
use tollgate_wire::{Call, GATEWAY_MEMBERS};

use super::super::encode::{self, OUTPUT_TOKENS_MIN, address};
use super::super::reasoning::is_known;
use super::input;
use crate::chat_words::ChatWords;
use crate::encoding::lacks;
use crate::openai_model::Model;
use crate::splice::{members, raw};
use crate::tier::Tier;
use crate::{EncodeError, Inbound, Target};

/// Clients of this dialect may use chat's words too (contract §3.5), which the provider refuses.
/// Three have a counterpart that only the translation knows; those in [`REWORDED`] are written in
/// the provider's words. Penalties and the like are known to some imitations: see [`OPTIONAL`].
const CHAT: ChatWords = ChatWords {
    own: &[
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "top_a",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "top_logprobs",
        "tool_choice",
        "parallel_tool_calls",
        "max_tool_calls",
        "reasoning",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "metadata",
        "stream_options",
    ],
    synonyms: &[
        ("response_format", &["text"]),
        ("web_search_options", &["tools"]),
        ("modalities", &["tools"]),
    ],
};

/// Chat's words for what this protocol says in another way, and what goes before them.
const REWORDED: &[(&str, &str)] = &[
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("reasoning_effort", "reasoning"),
    ("verbosity", "text"),
];

/// Whether thoughts are shown: the gateway sees to it.
const SHOWS_THOUGHTS: &str = "include_reasoning";

/// Parameters of the contract's vocabulary (§7.1) that an endpoint may not know: then they are
/// left out rather than refused by the provider.
const OPTIONAL: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
];

/// Members of `reasoning` that are the contract's own.
const REASONING_EXTENSIONS: &[&[u8]] = &[b"enabled", b"max_tokens", b"exclude"];

/// Forwards the call.
pub(in super::super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    if translates(inbound.call) {
        return encode::request(&inbound.outbound()?);
    }
    Ok(address(&inbound.target, body(inbound))?)
}

/// Whether the provider would refuse a word of chat that only the translation knows in its own.
pub(in super::super) fn translates(call: &Call) -> bool {
    let says = |name: &str| call.member(name).is_some();
    CHAT.ask(says, says)
}

/// Whether a member is left out of what goes up, though it means something.
pub(in super::super) fn leaves_out(target: &Target<'_>, key: &str) -> bool {
    let is_reworded = REWORDED.iter().any(|(chat, _)| *chat == key);
    let is_unknown = key == "reasoning" && lacks(target, key);
    is_unknown || is_refused(target, key) || CHAT.are_foreign(key) && !is_reworded
}

fn body(inbound: &Inbound<'_>) -> Vec<u8> {
    let target = &inbound.target;
    let received = inbound.call.object();
    let mut body = Vec::with_capacity(received.text().len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", target.upstream_model);
    for (key, raw) in received.members_received() {
        match key {
            "model" | "store" | "user" | SHOWS_THOUGHTS => {}
            key if GATEWAY_MEMBERS.contains(&key) || CHAT.are_foreign(key) => {}
            key if is_refused(target, key) => {}
            "input" => match input::adapted(raw) {
                Some(input) => object.raw(b"input", &input),
                None => object.raw(b"input", raw.as_bytes()),
            },
            "reasoning" => write_reasoning(&mut object, inbound, Some(raw)),
            "text" => write_text(&mut object, inbound, raw),
            "max_output_tokens" => write_bound(&mut object, inbound, Some(raw)),
            // The contract takes the words of other families too.
            "service_tier" => match Tier::asked(inbound.call.params(), target) {
                Some(tier) => object.field("service_tier", tier.as_str()),
                None if raw == "null" => object.raw(b"service_tier", raw.as_bytes()),
                None => {}
            },
            key => object.member(key, raw),
        }
    }
    if let Some(tier) = Tier::unasked(inbound.call.params(), target) {
        object.field("service_tier", tier.as_str());
    }
    write_reworded(&mut object, inbound);
    // Nothing is kept upstream either: the gateway could not refer to it (contract §3.5).
    object.field("store", &false);
    if let Some(user) = inbound.end_user.filter(|_| !is_refused(target, "user")) {
        object.field("user", user);
    }
    object.end();
    body
}

/// Whether the endpoint is known not to take a member.
fn is_refused(target: &Target<'_>, key: &str) -> bool {
    target.quirks.drop_params.iter().any(|refused| refused == key)
        || (OPTIONAL.contains(&key) && !target.supports(key))
}

/// Writes what is asked for in chat's words alone.
fn write_reworded(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>) {
    let (call, target) = (inbound.call, &inbound.target);
    let is_said = |name: &str| call.member(name).is_some();
    let mut written = Vec::new();
    for (chat, own) in REWORDED {
        let is_due = is_said(chat) && !is_said(own) && !written.contains(own);
        if !is_due || is_refused(target, chat) || is_refused(target, own) {
            continue;
        }
        written.push(*own);
        match *own {
            "reasoning" => write_reasoning(object, inbound, None),
            "text" => write_text(object, inbound, "{}"),
            _ => write_bound(object, inbound, None),
        }
    }
}

/// Writes `text`, with chat's verbosity where it has none of its own.
fn write_text(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>, raw: &str) {
    let given = object_members(raw);
    let verbosity = inbound.call.member("verbosity");
    let has_own = !raw.starts_with('{') || given.iter().any(|(key, _)| *key == b"verbosity");
    let Some(verbosity) = verbosity.filter(|_| !has_own) else {
        return object.raw(b"text", raw.as_bytes());
    };
    let mut out = Vec::with_capacity(raw.len().saturating_add(24));
    let mut text = ObjectWriter::new(&mut out);
    for (key, value) in given {
        text.raw(key, value);
    }
    text.raw(b"verbosity", verbosity.as_bytes());
    text.end();
    object.raw(b"text", &out);
}

/// A bound beyond what the endpoint can write is lowered to it.
fn write_bound(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>, raw: Option<&str>) {
    let asked = inbound.call.params().max_tokens;
    match (raw, asked, inbound.target.max_output) {
        (_, Some(asked), Some(most)) if asked > most => object.field("max_output_tokens", &most),
        (Some(raw), ..) => object.raw(b"max_output_tokens", raw.as_bytes()),
        (None, Some(asked), _) => {
            object.field("max_output_tokens", &asked.max(OUTPUT_TOKENS_MIN));
        }
        (None, None, _) => {}
    }
}

/// Writes `reasoning` as it came, unless it holds what the provider doesn't know.
fn write_reasoning(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>, raw: Option<&str>) {
    let target = &inbound.target;
    let model = Model::read(target.upstream_model);
    if !is_known(target, model) {
        return;
    }
    let params = inbound.call.params();
    let asked = &params.reasoning;
    let word = model.asked(params, target);
    let members = object_members(raw.unwrap_or_default());
    let is_summary = |key: &[u8]| matches!(key, b"summary" | b"generate_summary");
    let is_changed = members.iter().any(|(key, _)| {
        REASONING_EXTENSIONS.contains(key) || asked.exclude && is_summary(key)
    });
    let said = asked.effort.map(Effort::as_str);
    if let Some(raw) = raw.filter(|_| !is_changed && said == word) {
        object.raw(b"reasoning", raw.as_bytes());
        return;
    }
    let mut out = Vec::new();
    let mut reasoning = ObjectWriter::new(&mut out);
    if let Some(word) = word {
        reasoning.field("effort", word);
    }
    for (key, value) in members {
        let is_ours = REASONING_EXTENSIONS.contains(&key) || key == b"effort";
        // A summary nobody wants to see is not asked for.
        if !(is_ours || asked.exclude && is_summary(key)) {
            reasoning.raw(key, value);
        }
    }
    reasoning.end();
    object.raw(b"reasoning", &out);
}

/// The members of an object; none of another value.
fn object_members(json: &str) -> Vec<(&[u8], &[u8])> {
    let text = json.as_bytes();
    let mut found = Vec::new();
    let walk = members(&mut Scanner::new(text), |key, scanner| {
        found.push((key, raw(text, scanner)?));
        Ok(())
    });
    if walk.is_ok() { found } else { Vec::new() }
}
