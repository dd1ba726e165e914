//! What a response repeats of its request (contract §3.5).

use serde_json::value::RawValue;

use crate::json::RawObject;

/// Members that are repeated, with what stands for them when the request has none. `null` stands
/// for what the provider decides: nothing is made up on the caller's behalf.
const REPEATED: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("temperature", "null"),
    ("top_p", "null"),
    ("presence_penalty", "null"),
    ("frequency_penalty", "null"),
    ("top_logprobs", "0"),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("truncation", "\"disabled\""),
    ("user", "null"),
    ("prompt_cache_key", "null"),
    ("safety_identifier", "null"),
];

/// Members that are the same in every response, because nothing is stored.
const STATELESS: &[(&str, &str)] =
    &[("store", "false"), ("background", "false"), ("previous_response_id", "null")];

/// What every response object of one answer repeats.
#[derive(Debug, Default)]
pub(super) struct Echo {
    /// The members in their order.
    pub(super) members: Vec<(&'static str, Box<RawValue>)>,
    /// The tier asked for: shown until it is known which one served.
    pub(super) service_tier: Option<Box<RawValue>>,
}

impl Echo {
    /// Collects what is repeated of a request.
    pub(super) fn of(request: Option<&RawObject>) -> Self {
        let member = |name: &str| request.and_then(|it| it.member(name));
        let repeated = REPEATED.iter().map(|(name, none)| (*name, member(name).unwrap_or(none)));
        let all = repeated.chain(STATELESS.iter().copied());
        Self {
            members: all.filter_map(|(name, json)| Some((name, owned(json)?))).collect(),
            service_tier: member("service_tier").and_then(owned),
        }
    }
}

fn owned(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).ok()
}
