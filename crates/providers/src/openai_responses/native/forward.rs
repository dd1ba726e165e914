//! The client's request with the gateway's members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::GATEWAY_MEMBERS;
use tollgate_wire::chat::Effort;
use tollgate_wire::json::{ObjectWriter, Scanner};

use super::super::encode::address;
use super::super::reasoning::is_known;
use super::input;
use crate::openai_model::Model;
use crate::splice::{members, raw};
use crate::tier::Tier;
use crate::{EncodeError, Inbound, Target};

/// Members that the contract adds to the dialect (§3.5) and no provider of it knows.
const EXTENSIONS: &[&str] = &["cache_control", "modalities", "image_config"];

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
    Ok(address(&inbound.target, body(inbound))?)
}

fn body(inbound: &Inbound<'_>) -> Vec<u8> {
    let target = &inbound.target;
    let received = inbound.call.object();
    let mut body = Vec::with_capacity(received.text().len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", target.upstream_model);
    for (key, raw) in received.members() {
        match key {
            "model" | "store" | "user" => {}
            key if GATEWAY_MEMBERS.contains(&key) || EXTENSIONS.contains(&key) => {}
            key if is_refused(target, key) => {}
            "input" => match input::adapted(raw) {
                Some(input) => object.raw(b"input", &input),
                None => object.raw(b"input", raw.as_bytes()),
            },
            "reasoning" => write_reasoning(&mut object, inbound, raw),
            "max_output_tokens" => write_bound(&mut object, inbound, raw),
            // The contract takes the words of other families too.
            "service_tier" => match Tier::read_json(raw) {
                Some(tier) => object.field("service_tier", tier.as_str()),
                None => object.raw(b"service_tier", raw.as_bytes()),
            },
            key => object.member(key, raw),
        }
    }
    // Nothing is kept upstream either: the gateway could not refer to it (contract §3.5).
    object.field("store", &false);
    if let Some(user) = inbound.end_user.filter(|_| !is_refused(target, "user")) {
        object.field("user", user);
    }
    object.end();
    body
}

/// Whether the endpoint is known not to take a member.
pub(in super::super) fn is_refused(target: &Target<'_>, key: &str) -> bool {
    target.quirks.drop_params.iter().any(|refused| refused == key)
        || (OPTIONAL.contains(&key) && !target.supports(key))
}

/// A bound beyond what the endpoint can write is lowered to it.
fn write_bound(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>, raw: &str) {
    let asked = inbound.call.params().max_tokens;
    match (asked, inbound.target.max_output) {
        (Some(asked), Some(most)) if asked > most => object.field("max_output_tokens", &most),
        _ => object.raw(b"max_output_tokens", raw.as_bytes()),
    }
}

/// Writes `reasoning` as it came, unless it holds what the provider doesn't know.
fn write_reasoning(object: &mut ObjectWriter<'_>, inbound: &Inbound<'_>, raw: &str) {
    let target = &inbound.target;
    let model = Model::read(target.upstream_model);
    if !is_known(target, model) {
        return;
    }
    let params = inbound.call.params();
    let asked = &params.reasoning;
    let word = model.asked(params, target);
    let members = reasoning_members(raw);
    let is_extended = members.iter().any(|(key, _)| REASONING_EXTENSIONS.contains(key));
    if !is_extended && asked.effort.map(Effort::as_str) == word {
        object.raw(b"reasoning", raw.as_bytes());
        return;
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut reasoning = ObjectWriter::new(&mut out);
    if let Some(word) = word {
        reasoning.field("effort", word);
    }
    for (key, value) in members {
        let is_summary = matches!(key, b"summary" | b"generate_summary");
        let is_ours = REASONING_EXTENSIONS.contains(&key) || key == b"effort";
        // A summary nobody wants to see is not asked for.
        if !(is_ours || is_summary && asked.exclude) {
            reasoning.raw(key, value);
        }
    }
    reasoning.end();
    object.raw(b"reasoning", &out);
}

/// The members of an object; none of another value.
fn reasoning_members(json: &str) -> Vec<(&[u8], &[u8])> {
    let text = json.as_bytes();
    let mut found = Vec::new();
    let walk = members(&mut Scanner::new(text), |key, scanner| {
        found.push((key, raw(text, scanner)?));
        Ok(())
    });
    if walk.is_ok() { found } else { Vec::new() }
}
