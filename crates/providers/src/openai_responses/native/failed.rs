//! The event that ends an answer which failed on its way (contract §4.7).

use bytes::Bytes;
use serde::Serialize;
use tollgate_wire::chat::UsageView;
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::{ObjectWriter, RawObject};

use super::splice::{Ours, whole_usage};

/// Members that say how the answer ended, or that are ours: not taken from what the provider
/// began with.
const OUR_MEMBERS: &[&str] = &[
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "model",
    "error",
    "error_type",
    "output",
    "incomplete_details",
    "usage",
];

/// What strict clients insist on, where the provider had not yet repeated the request.
const DEFAULTS: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("metadata", "null"),
    ("parallel_tool_calls", "true"),
    ("temperature", "null"),
    ("top_p", "null"),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("store", "false"),
];

#[derive(Serialize)]
struct Failed<'a> {
    code: &'static str,
    message: &'a str,
}

/// Writes the event. `seen` is the response object that the provider began with: what it repeats
/// of the request is repeated again.
pub(super) fn event(
    ours: &Ours,
    seen: Option<&[u8]>,
    number: u64,
    (error, usage): (&ErrorBody, Option<&UsageView>),
) -> Vec<u8> {
    let mut response = Vec::new();
    let mut object = ObjectWriter::new(&mut response);
    object.raw(b"id", &ours.id);
    object.field("object", "response");
    object.raw(b"created_at", &ours.created_at);
    object.field("status", "failed");
    object.raw(b"model", &ours.model);
    let failed = Failed { code: code(error.error.error_type), message: &error.error.message };
    object.field("error", &failed);
    object.field("error_type", error.error.error_type);
    object.raw(b"output", b"[]");
    object.raw(b"incomplete_details", b"null");
    let seen = seen.and_then(|it| RawObject::read(Bytes::copy_from_slice(it)).ok());
    let repeated: Vec<(&str, &str)> = seen.as_ref().map_or_else(
        || DEFAULTS.to_vec(),
        |it| it.members().filter(|(name, _)| !OUR_MEMBERS.contains(name)).collect(),
    );
    for (name, json) in repeated {
        object.member(name, json);
    }
    let usage = usage.map_or_else(|| b"null".to_vec(), whole_usage);
    object.raw(b"usage", &usage);
    object.end();
    let mut data = Vec::with_capacity(response.len().saturating_add(96));
    let mut object = ObjectWriter::new(&mut data);
    object.field("type", "response.failed");
    object.field("sequence_number", &number);
    object.raw(b"response", &response);
    object.end();
    data
}

/// The contract's word among the codes a response can fail with (contract §4.7).
fn code(error_type: &str) -> &'static str {
    match error_type {
        "rate_limit_exceeded" => "rate_limit_exceeded",
        "context_length_exceeded" | "invalid_request" => "invalid_prompt",
        "content_policy_violation" => "image_content_policy_violation",
        _ => "server_error",
    }
}
