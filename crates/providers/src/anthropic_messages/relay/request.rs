//! The client's request with our members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};
use tollgate_wire::{Call, Dialect, GATEWAY_MEMBERS};

use super::super::encode::Host;
use super::super::{betas, encode, reasoning};
use crate::adapter::{post, versioned};
use crate::chat_words::ChatWords;
use crate::splice::{elements, members, raw, unescaped};
use crate::tier::Tier;
use crate::{EncodeError, Inbound, Target};

/// Members that are the gateway's besides [`GATEWAY_MEMBERS`] (contract §3.6): the models to fall
/// back to, chat's name for the end user, and whether thoughts are shown.
const OURS: [&str; 3] = ["fallbacks", "user", "include_reasoning"];

/// Parameters of the contract's vocabulary (§7.1) with another name in this protocol.
const OTHER_NAMES: [(&str, &str); 2] = [("stop", "stop_sequences"), ("reasoning", "thinking")];

/// Clients of this dialect may use chat's words all the same (contract §3.6).
const CHAT: ChatWords = ChatWords {
    own: &[
        "temperature",
        "top_p",
        "top_k",
        "max_tokens",
        "max_completion_tokens",
        "tool_choice",
        "metadata",
        "cache_control",
    ],
    synonyms: &[
        ("reasoning", &["thinking"]),
        ("reasoning_effort", &["thinking"]),
        ("response_format", &["output_config", "output_format"]),
        ("stop", &["stop_sequences"]),
        ("parallel_tool_calls", &["tool_choice"]),
    ],
};

/// Forwards the call.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let Inbound { call, target, .. } = *inbound;
    if translates(call) {
        return encode::request(&inbound.outbound()?);
    }
    let url = versioned(target.base_url, "v1", "messages");
    let mut request = post(&url, body(inbound, Host::Anthropic))?;
    encode::headers(request.headers_mut(), &target)?;
    betas::add(request.headers_mut(), call.address().anthropic_beta.as_deref())?;
    Ok(request)
}

/// Whether the provider would refuse the call as it is: for thoughts of another provider, for
/// instructions between the turns (contract §3.6), or for a word of chat that only the translation
/// knows in the provider's own.
pub(crate) fn translates(call: &Call) -> bool {
    let messages = call.member("messages").unwrap_or_default();
    let says = |name: &str| call.member(name).is_some();
    CHAT.ask(says, says)
        || Dialect::Messages.holds_seal(messages)
        || holds_instructions(messages)
}

/// Whether a member, given as JSON, is left out of what goes up, though it means something.
pub(crate) fn leaves_out(target: &Target<'_>, host: Host, name: &str, json: &str) -> bool {
    let is_lost = match host {
        Host::Anthropic => Tier::is_lost(name, json, Tier::reserved),
        Host::Vertex => name == "service_tier",
    };
    is_lost || CHAT.are_foreign(name) || is_refused(target, name)
}

/// The tier in the provider's words.
fn tier(call: &Call, target: &Target<'_>) -> Option<&'static str> {
    Tier::asked(call.params(), target)?.reserved()
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

/// The body, as its host takes it.
pub(crate) fn body(inbound: &Inbound<'_>, host: Host) -> Vec<u8> {
    let (call, target) = (inbound.call, &inbound.target);
    let text = call.object().text();
    let mut body = Vec::with_capacity(text.len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    if let Some(version) = host.version() {
        object.field("anthropic_version", version);
    }
    for (name, raw) in call.object().members_received() {
        match name {
            "model" if host.names_models() => object.field("model", target.upstream_model),
            "anthropic_version" if host.version().is_some() => {}
            "max_tokens" if raw != "null" && is_within(inbound) => {
                object.raw(b"max_tokens", raw.as_bytes());
            }
            "max_tokens" => object.field("max_tokens", &bound(inbound)),
            // The one is in the address then, the other chat's synonym, which the provider refuses.
            "model" | "max_completion_tokens" => {}
            "metadata" if raw.starts_with('{') => metadata(&mut object, raw, inbound.end_user),
            "metadata" if inbound.end_user.is_some() => {}
            name if OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name) => {}
            name if leaves_out(target, host, name, raw) => {}
            name if Tier::withholds(target, name, call.params()) => {}
            // The contract takes the words of other families too (§3.6).
            "service_tier" => match tier(call, target) {
                Some(tier) => object.field("service_tier", tier),
                None => object.raw(b"service_tier", raw.as_bytes()),
            },
            name => object.member(name, raw),
        }
    }
    let has = |name: &str| call.object().members().any(|(key, _)| key == name);
    if host.names_models() && !has("model") {
        object.field("model", target.upstream_model);
    }
    if !has("max_tokens") {
        object.field("max_tokens", &bound(inbound));
    }
    let unasked = Tier::unasked(call.params(), target).and_then(Tier::reserved);
    if let Some(tier) = unasked.filter(|_| host == Host::Anthropic) {
        object.field("service_tier", tier);
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
