//! How many tokens a conversation has.
//!
//! <https://docs.anthropic.com/en/api/messages-count-tokens>
//!
//! The question is the request itself, the client's own or the translated one, without what only
//! an answer needs.

use bytes::Bytes;
use http::Request;

use super::AnthropicMessages;
use crate::adapter::versioned;
use crate::counting::{count, kept, moved};
use crate::{Counter, EncodeError, Fault, Inbound};

/// Members that the count takes, of the version and of its features beyond.
pub(crate) const COUNTED: &[&str] = &[
    "anthropic_version",
    "cache_control",
    "context_management",
    "mcp_servers",
    "messages",
    "model",
    "output_config",
    "output_format",
    "speed",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

impl Counter for AnthropicMessages {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let request = crate::encode(self, inbound)?;
        let body = kept(request.body(), COUNTED)?;
        let url = versioned(inbound.target.base_url, "v1", "messages/count_tokens");
        Ok(moved(request, &url, body)?)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["input_tokens"])
    }
}
