//! The client's request with our members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};
use tollgate_wire::{Call, Dialect, GATEWAY_MEMBERS};

use super::super::{betas, encode, reasoning};
use crate::adapter::{post, versioned};
use crate::splice::{elements, members, raw, unescaped};
use crate::tier::Tier;
use crate::{EncodeError, Inbound, Target};

/// Members that are the gateway's besides [`GATEWAY_MEMBERS`] (contract §3.6): the models to fall
/// back to, chat's name for the end user, and whether thoughts are shown.
const OURS: [&str; 3] = ["fallbacks", "user", "include_reasoning"];

/// Parameters of the contract's vocabulary (§7.1) with another name in this protocol.
const OTHER_NAMES: [(&str, &str); 2] = [("stop", "stop_sequences"), ("reasoning", "thinking")];

/// Members that are chat's own, and that the provider refuses. Clients of this dialect may send
/// them all the same (contract §3.6).
const CHAT_ONLY: &[&str] = &[
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "seed",
    "n",
    "stop",
    "response_format",
    "structured_outputs",
    "parallel_tool_calls",
    "max_tool_calls",
    "reasoning",
    "reasoning_effort",
    "verbosity",
    "web_search_options",
    "modalities",
    "stream_options",
];

/// Chat's words that have another one in this protocol, which goes before where both are said.
const SYNONYMS: [(&str, &[&str]); 5] = [
    ("reasoning", &["thinking"]),
    ("reasoning_effort", &["thinking"]),
    ("response_format", &["output_config", "output_format"]),
    ("stop", &["stop_sequences"]),
    ("parallel_tool_calls", &["tool_choice"]),
];

/// Forwards the call.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let Inbound { call, target, .. } = *inbound;
    if translates(call) {
        return encode::request(&inbound.outbound()?);
    }
    let url = versioned(target.base_url, "v1", "messages");
    let mut request = post(&url, body(inbound))?;
    encode::headers(request.headers_mut(), &target)?;
    betas::add(request.headers_mut(), call.address().anthropic_beta.as_deref())?;
    Ok(request)
}

/// Whether the provider would refuse the call as it is: for thoughts of another provider, for
/// instructions between the turns (contract §3.6), or for a word of chat that only the translation
/// knows in the provider's own.
pub(super) fn translates(call: &Call) -> bool {
    let messages = call.member("messages").unwrap_or_default();
    let is_asked_in_chat = SYNONYMS.iter().any(|(chat, own)| {
        call.member(chat).is_some() && own.iter().all(|name| call.member(name).is_none())
    });
    is_asked_in_chat || Dialect::Messages.holds_seal(messages) || holds_instructions(messages)
}

/// Whether a member, given as JSON, is left out of what goes up, though it means something.
pub(super) fn leaves_out(target: &Target<'_>, name: &str, json: &str) -> bool {
    Tier::is_lost(name, json, Tier::reserved)
        || CHAT_ONLY.contains(&name)
        || is_refused(target, name)
}

/// The tier in the provider's words; the contract takes those of other families too (§3.6).
fn tier(json: &str) -> Option<&'static str> {
    Tier::read_json(json)?.reserved()
}

fn holds_instructions(messages: &str) -> bool {
    let text = messages.as_bytes();
    let mut found = false;
    let walk = elements(&mut Scanner::new(text), |scanner| {
        members(scanner, |key, scanner| {
            let value = raw(text, scanner)?;
            found |= key == b"role" && value == br#""system""#;
            Ok(())
        })
    });
    walk.is_ok() && found
}

fn body(inbound: &Inbound<'_>) -> Vec<u8> {
    let (call, target) = (inbound.call, &inbound.target);
    let text = call.object().text();
    let mut body = Vec::with_capacity(text.len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    for (name, raw) in call.object().members() {
        match name {
            "model" => object.field("model", target.upstream_model),
            "max_tokens" if raw != "null" && is_within(inbound) => {
                object.raw(b"max_tokens", raw.as_bytes());
            }
            "max_tokens" => object.field("max_tokens", &bound(inbound)),
            // Chat's synonym, which the provider refuses.
            "max_completion_tokens" => {}
            "metadata" if raw.starts_with('{') => metadata(&mut object, raw, inbound.end_user),
            "metadata" if inbound.end_user.is_some() => {}
            name if OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name) => {}
            name if leaves_out(target, name, raw) => {}
            "service_tier" => match tier(raw) {
                Some(tier) => object.field("service_tier", tier),
                None => object.raw(b"service_tier", raw.as_bytes()),
            },
            name => object.member(name, raw),
        }
    }
    let has = |name: &str| call.object().members().any(|(key, _)| key == name);
    if !has("model") {
        object.field("model", target.upstream_model);
    }
    if !has("max_tokens") {
        object.field("max_tokens", &bound(inbound));
    }
    let has_metadata = call.member("metadata").is_some_and(|raw| raw.starts_with('{'));
    if inbound.end_user.is_some() && !has_metadata {
        metadata(&mut object, "{}", inbound.end_user);
    }
    object.end();
    body
}

/// Whether the bound on the answer can stay as it is written.
fn is_within(inbound: &Inbound<'_>) -> bool {
    let asked = inbound.call.params().max_tokens;
    asked.is_some_and(|asked| inbound.target.max_output.is_none_or(|most| asked <= most))
}

/// The bound on an answer for a client that gives none, or more than the endpoint can write. Where
/// nothing is known of the endpoint there must be room for the thoughts that are asked for.
fn bound(inbound: &Inbound<'_>) -> u64 {
    let (params, target) = (inbound.call.params(), &inbound.target);
    let tokens = reasoning::max_tokens(params, target);
    match (params.max_tokens, target.max_output, params.reasoning.max_tokens) {
        (None, None, Some(budget)) => tokens.saturating_add(budget),
        _ => tokens,
    }
}

fn is_refused(target: &Target<'_>, name: &str) -> bool {
    let word =
        OTHER_NAMES.iter().find(|(_, theirs)| *theirs == name).map_or(name, |(word, _)| word);
    target.quirks.drop_params.iter().any(|refused| refused == name || refused == word)
}

/// Writes `metadata` with the end user made anonymous; whom the caller names is never passed on.
fn metadata(object: &mut ObjectWriter<'_>, given: &str, end_user: Option<&str>) {
    let mut value = Vec::with_capacity(given.len());
    let mut written = ObjectWriter::new(&mut value);
    let is_walked = other_metadata(given.as_bytes(), &mut written).is_ok();
    if let Some(user) = end_user.filter(|_| is_walked) {
        written.field("user_id", user);
    }
    written.end();
    object.raw(b"metadata", &value);
}

/// Copies what says something else than who the end user is.
fn other_metadata(given: &[u8], object: &mut ObjectWriter<'_>) -> Result<(), ScanError> {
    members(&mut Scanner::new(given), |key, scanner| {
        let value = raw(given, scanner)?;
        if unescaped(key) != "user_id" {
            object.raw(key, value);
        }
        Ok(())
    })
}
