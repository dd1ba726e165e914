//! The client's request with our members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_catalog::Service;
use tollgate_wire::json::{ObjectWriter, RawObject, ScanError, Scanner};
use tollgate_wire::{Call, Dialect, GATEWAY_MEMBERS};

use super::super::encode;
use crate::adapter::post;
use crate::chat_words::ChatWords;
use crate::splice::{member_names, members, raw, same_name};
use crate::tier::Tier;
use crate::{EncodeError, Inbound, Target};

/// Members that are the gateway's besides [`GATEWAY_MEMBERS`]: the model and whether to stream are
/// part of the address, whom the caller names as end user is never passed on, and whether thoughts
/// are shown is chat's to say.
const OURS: [&str; 4] = ["model", "stream", "user", "include_reasoning"];

/// Clients of this dialect may use chat's words too, which the provider refuses. Its own stand in
/// `generationConfig`, but for one.
const CHAT: ChatWords = ChatWords {
    own: &[],
    synonyms: &[
        ("temperature", &["temperature"]),
        ("top_p", &["topP"]),
        ("top_k", &["topK"]),
        ("max_tokens", &["maxOutputTokens"]),
        ("max_completion_tokens", &["maxOutputTokens"]),
        ("seed", &["seed"]),
        ("stop", &["stopSequences"]),
        ("presence_penalty", &["presencePenalty"]),
        ("frequency_penalty", &["frequencyPenalty"]),
        ("logprobs", &["responseLogprobs"]),
        ("top_logprobs", &["logprobs"]),
        ("response_format", &["responseMimeType", "responseSchema", "responseJsonSchema"]),
        ("tool_choice", &["toolConfig"]),
        ("modalities", &["responseModalities"]),
        ("image_config", &["imageConfig"]),
        ("reasoning", &["thinkingConfig"]),
        ("reasoning_effort", &["thinkingConfig"]),
        ("include_reasoning", &["thinkingConfig"]),
    ],
};

/// Parameters of the contract's vocabulary (§7.1) with another name in `generationConfig`.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("stop", "stopSequences"),
    ("max_tokens", "maxOutputTokens"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
    ("reasoning", "thinkingConfig"),
];

/// Whether the provider would refuse the call as it is, or not do what it asks: for thoughts of
/// another provider, or for a word of chat that only the translation knows in the provider's own.
pub(crate) fn translates(call: &Call) -> bool {
    let thoughts = call.member("contents").unwrap_or_default();
    Dialect::Gemini.holds_seal(thoughts) || is_asked_in_chat(call.object())
}

fn is_asked_in_chat(object: &RawObject) -> bool {
    let is_config = |(name, _): &(&str, &str)| same_name(name, "generationConfig");
    let config = object.members().find(is_config).map_or("", |(_, raw)| raw);
    let settings = member_names(config);
    let chat = |name: &str| object.member(name).is_some();
    let own = |name: &str| {
        let is_set = settings.iter().any(|setting| same_name(setting, name));
        is_set || name == "toolConfig" && object.members().any(|(it, _)| same_name(it, name))
    };
    CHAT.ask(chat, own)
}

/// Whether a member of the client's request is left out of what goes up, though it means something.
pub(crate) fn leaves_out(name: &str) -> bool {
    CHAT.are_foreign(name)
}

/// The member that asks for a tier.
const TIER: &str = "serviceTier";

/// Forwards the call.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let Inbound { call, target, .. } = *inbound;
    if translates(call) {
        return encode::request(&inbound.outbound()?);
    }
    let tier = encode::service_tier(call.params(), &target);
    let of_endpoint = matches!(target.service, Service::Tier(_));
    let body = body(inbound, tier.filter(|_| of_endpoint), |name, _| {
        let withheld = of_endpoint && same_name(name, TIER)
            || Tier::withholds(&target, name, call.params());
        if withheld { Member::LeftOut } else { Member::AsItCame }
    });
    let mut request = post(&encode::url(&target, call.params()), body)?;
    encode::credential(request.headers_mut(), &target)?;
    Ok(request)
}

/// What becomes of a member at a host that is not quite like the provider.
#[derive(Debug)]
pub(crate) enum Member {
    /// It is passed on.
    AsItCame,
    /// It is said in another way.
    Otherwise(Vec<u8>),
    /// It has no place.
    LeftOut,
}

/// The body. What the host takes in its own way `adapted` tells by name and JSON; `tier` is said
/// besides.
pub(crate) fn body(
    inbound: &Inbound<'_>,
    tier: Option<&str>,
    adapted: impl Fn(&str, &str) -> Member,
) -> Vec<u8> {
    let object = inbound.call.object();
    let mut body = Vec::with_capacity(object.text().len().saturating_add(16));
    let mut written = ObjectWriter::new(&mut body);
    for (name, raw) in object.members_received() {
        if OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name) || leaves_out(name) {
            continue;
        }
        if same_name(name, "generationConfig") && must_change(inbound) {
            let config = config(raw, &inbound.target).unwrap_or_else(|_| raw.as_bytes().to_vec());
            // A name of this kind has no characters that need escapes.
            written.raw(name.as_bytes(), &config);
            continue;
        }
        match adapted(name, raw) {
            Member::AsItCame => written.member(name, raw),
            Member::Otherwise(json) => written.raw(name.as_bytes(), &json),
            Member::LeftOut => {}
        }
    }
    if let Some(tier) = tier {
        written.field(TIER, tier);
    }
    written.end();
    body
}

/// Whether the endpoint can't take the configuration as it is written.
fn must_change(inbound: &Inbound<'_>) -> bool {
    let (asked, most) = (inbound.call.params().max_tokens, inbound.target.max_output);
    let is_beyond = asked.zip(most).is_some_and(|(asked, most)| asked > most);
    is_beyond || !inbound.target.quirks.drop_params.is_empty()
}

/// The configuration, as far as the endpoint takes it.
fn config(given: &str, target: &Target<'_>) -> Result<Vec<u8>, ScanError> {
    let given = given.as_bytes();
    let mut out = Vec::with_capacity(given.len());
    let mut object = ObjectWriter::new(&mut out);
    members(&mut Scanner::new(given), |key, scanner| {
        let value = raw(given, scanner)?;
        let name = std::str::from_utf8(key).unwrap_or_default();
        if is_refused(target, name) {
            return Ok(());
        }
        match target.max_output.filter(|_| same_name(name, "maxOutputTokens")) {
            Some(most) if is_beyond(value, most) => {
                object.raw(key, most.to_string().as_bytes());
            }
            _ => object.raw(key, value),
        }
        Ok(())
    })?;
    object.end();
    Ok(out)
}

fn is_beyond(value: &[u8], most: u64) -> bool {
    serde_json::from_slice::<u64>(value).is_ok_and(|asked| asked > most)
}

fn is_refused(target: &Target<'_>, name: &str) -> bool {
    let known = OTHER_NAMES.iter().find(|(_, theirs)| same_name(theirs, name));
    let word = known.map_or(name, |(word, _)| word);
    target.quirks.drop_params.iter().any(|refused| same_name(refused, word))
}
