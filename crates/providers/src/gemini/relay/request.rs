//! The client's request with our members taken out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};
use tollgate_wire::{Call, Dialect, GATEWAY_MEMBERS};

use super::super::encode;
use crate::adapter::post;
use crate::splice::{members, raw, same_name};
use crate::{EncodeError, Inbound, Target};

/// Members that are the gateway's besides [`GATEWAY_MEMBERS`]: the model is part of the address,
/// and whom the caller names as end user is never passed on.
const OURS: [&str; 2] = ["model", "user"];

/// Parameters of the contract's vocabulary (§7.1) with another name in `generationConfig`.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("stop", "stopSequences"),
    ("max_tokens", "maxOutputTokens"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
    ("reasoning", "thinkingConfig"),
];

/// Whether other providers' thoughts are in the conversation, all of which this one would refuse.
/// The translation leaves them out, and knows what must take their place.
pub(super) fn translates(call: &Call) -> bool {
    Dialect::Gemini.holds_seal(call.member("contents").unwrap_or_default())
}

/// Forwards the call.
pub(super) fn forward(inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
    let Inbound { call, target, .. } = *inbound;
    if translates(call) {
        return encode::request(&inbound.outbound()?);
    }
    let mut request = post(&encode::url(&target, call.params()), body(inbound))?;
    encode::credential(request.headers_mut(), &target)?;
    Ok(request)
}

fn body(inbound: &Inbound<'_>) -> Vec<u8> {
    let object = inbound.call.object();
    let mut body = Vec::with_capacity(object.text().len().saturating_add(16));
    let mut written = ObjectWriter::new(&mut body);
    for (name, raw) in object.members() {
        if OURS.contains(&name) || GATEWAY_MEMBERS.contains(&name) {
            continue;
        }
        if same_name(name, "generationConfig") && must_change(inbound) {
            let config = config(raw, &inbound.target).unwrap_or_else(|_| raw.as_bytes().to_vec());
            // A name of this kind has no characters that need escapes.
            written.raw(name.as_bytes(), &config);
        } else {
            written.member(name, raw);
        }
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
