//! The client's request with our members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};
use tollgate_wire::{Dialect, GATEWAY_MEMBERS};

use super::super::{betas, encode, reasoning};
use crate::adapter::{post, versioned};
use crate::splice::{members, raw, unescaped};
use crate::{EncodeError, Inbound, Target};

/// Members that are the gateway's besides [`GATEWAY_MEMBERS`] (contract §3.6): the models to fall
/// back to, and chat's name for the end user.
const OURS: [&str; 2] = ["fallbacks", "user"];

/// Parameters of the contract's vocabulary (§7.1) with another name in this protocol.
const OTHER_NAMES: [(&str, &str); 2] = [("stop", "stop_sequences"), ("reasoning", "thinking")];

/// Forwards the call.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let Inbound { call, target, .. } = *inbound;
    if holds_foreign_thoughts(inbound) {
        // The provider would refuse the whole conversation. The translation leaves them out, and
        // knows what else must go with them.
        return encode::request(&inbound.outbound()?);
    }
    let url = versioned(target.base_url, "v1", "messages");
    let mut request = post(&url, body(inbound))?;
    encode::headers(request.headers_mut(), &target)?;
    betas::add(request.headers_mut(), call.address().anthropic_beta.as_deref())?;
    Ok(request)
}

fn holds_foreign_thoughts(inbound: &Inbound<'_>) -> bool {
    let messages = inbound.call.member("messages").unwrap_or_default();
    Dialect::Messages.holds_seal(messages)
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
            name if is_refused(target, name) => {}
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
