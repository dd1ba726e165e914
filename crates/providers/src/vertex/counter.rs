//! How many tokens a conversation has.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens>

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::ObjectWriter;

use super::{Vertex, VertexAnthropic, address};
use crate::anthropic_messages::COUNTED as COUNTED_OF_CLAUDE;
use crate::counting::{count, kept, moved};
use crate::{Counter, EncodeError, Fault, Inbound};

/// Members that the count takes. Unlike Google AI Studio's, it has no place for a whole request.
/// They are read in either spelling.
const COUNTED: &[&str] = &[
    "contents",
    "generationConfig",
    "generation_config",
    "systemInstruction",
    "system_instruction",
    "tools",
];

/// The place of the count of all Claude models: the one that is meant is named in the body.
const CLAUDE_COUNT: &str = "publishers/anthropic/models/count-tokens:rawPredict";

impl Counter for Vertex {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let request = crate::encode(self, inbound)?;
        let body = kept(request.body(), COUNTED)?;
        Ok(address::call(&inbound.target, "google", "countTokens", body)?)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["totalTokens"])
    }
}

impl Counter for VertexAnthropic {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let target = &inbound.target;
        let request = crate::encode(self, inbound)?;
        let counted = kept(request.body(), COUNTED_OF_CLAUDE)?;
        let name = target.upstream_model.rsplit('/').next().unwrap_or_default();
        let mut body = Vec::with_capacity(counted.len().saturating_add(64));
        let mut object = ObjectWriter::new(&mut body);
        object.field("model", name);
        if let Some(members) = counted.strip_prefix(b"{").filter(|rest| *rest != b"}") {
            object.splice(b",");
            object.splice(members.strip_suffix(b"}").unwrap_or_default());
        }
        object.end();
        Ok(moved(request, &format!("{}/{CLAUDE_COUNT}", target.base_url), body)?)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["input_tokens"])
    }
}
