//! How many tokens a conversation has.
//!
//! <https://platform.openai.com/docs/api-reference/responses/input-tokens>
//!
//! The question is the request itself, the client's own or the translated one, without what only
//! an answer needs.

use bytes::Bytes;
use http::Request;

use super::OpenAiResponses;
use crate::azure_openai::joined;
use crate::counting::{count, kept, moved};
use crate::{Counter, EncodeError, Fault, Inbound};

/// Members that the count takes.
const COUNTED: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "personality",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

impl Counter for OpenAiResponses {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let request = crate::encode(self, inbound)?;
        let body = kept(request.body(), COUNTED)?;
        let url = joined(inbound.target.base_url, "responses/input_tokens");
        Ok(moved(request, &url, body)?)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["input_tokens"])
    }
}
